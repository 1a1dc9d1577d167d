"""Copies and pickles of graphs: they use the same gates, and a model goes on in another process."""

import copy
import gc
import io
import pickle
import subprocess
import sys

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import nn


def pickled(x):
    return pickle.loads(pickle.dumps(x))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickled])
def test_a_copied_graph_has_the_same_gates_and_goes_backward_by_itself(duplicate):
    x = ag.Tensor([1.0, -2.0], requires_grad=True, name="x")
    y = ag.relu(x * 3).sum()
    twin = duplicate(y)
    twin.backward()
    assert [node.gate for node in ag.topological_order(twin)] == [node.gate for node in ag.topological_order(y)]
    np.testing.assert_array_equal(ag.topological_order(twin)[0].grad, [3.0, 0.0])
    assert x.grad is None


@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickled])
def test_a_graph_of_any_depth_is_copied_once_whoever_else_has_its_nodes(duplicate):
    x = ag.Scalar(1.0)
    y = middle = x
    for i in range(20_000):
        y = y * 1.0
        middle = y if i == 9000 else middle
    twin, twin_of_x, again, twin_of_middle = duplicate([y, x, y, middle])
    assert twin is again
    assert any(node is twin_of_middle for node in ag.topological_order(twin))
    twin.backward()
    assert (twin_of_x.grad, twin_of_middle.grad, x.grad) == (1.0, 1.0, None)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_takes_as_many_bytes_for_every_further_node(protocol):
    sizes = []
    for number in (100, 200, 300):
        y = ag.Scalar(1.0)
        for _ in range(number):
            y = y * 1.0
        sizes.append(len(pickle.dumps([y.inputs[0], y], protocol)))
    assert sizes[2] - sizes[1] < 1.2 * (sizes[1] - sizes[0])


def test_nothing_of_a_pickled_graph_is_kept_and_one_that_failed_does_not_disturb_the_next():
    def freed(call):
        before, y = sum(issubclass(type(x), ag.Node) for x in gc.get_objects()), ag.Scalar(1.0)
        for _ in range(500):
            y = y * 1.0
        call(y)
        del y
        gc.collect()
        return sum(issubclass(type(x), ag.Node) for x in gc.get_objects()) - before

    class Full(io.BytesIO):
        def write(self, text):
            raise OSError

    def failing(y):
        with pytest.raises(OSError):  # noqa: PT011 - of any words
            pickle.Pickler(Full()).dump([y.inputs[0], bytes(10**6), y])

    assert freed(lambda y: pickle.dumps([y.inputs[0], y])) == 0
    assert freed(lambda y: copy.copy(y) and copy.deepcopy(y)) == 0
    freed(failing)
    y = ag.Scalar(2.0)
    for _ in range(3000):
        y = y * 1.0
    assert pickled(y).value == 2.0


def test_a_shallow_copy_has_the_same_inputs():
    x = ag.Scalar(2.0)
    y = x * 3
    twin = copy.copy(y)
    assert twin is not y
    assert twin.inputs[0] is x
    twin.backward()
    assert x.grad == 3.0


def test_a_pickled_gate_that_is_not_defined_here_is_named():
    data = pickle.dumps(ag.relu).replace(b"relu", b"rely")
    with pytest.raises(ag.UnknownNameError, match="no gate is called 'rely'; import the file that defines it"):
        pickle.loads(data)


def test_a_pickled_model_is_trained_on_in_another_process(tmp_path):
    for _ in range(1000):  # nodes of this process, which another one has not seen
        ag.Scalar(0.0)
    model = nn.Linear(2, 1)
    model.weight.assign([[1.0, 2.0]])
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(model))
    program = (
        "import pickle, numpy as np\n"
        f"model = pickle.load(open({str(tmp_path / 'model.pickle')!r}, 'rb'))\n"
        "model(np.ones((1, 2), np.float32)).sum().backward()\n"
        "print(model.weight.grad.tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "[[1.0, 1.0]]\n", done.stderr
