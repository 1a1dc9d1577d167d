"""Copies and pickles of graphs: they use the same gates, and a model goes on in another process."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import nn


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda node: pickle.loads(pickle.dumps(node))])
def test_a_copied_graph_has_the_same_gates_and_goes_backward_by_itself(duplicate):
    x = ag.Tensor([1.0, -2.0], requires_grad=True, name="x")
    y = ag.relu(x * 3).sum()
    twin = duplicate(y)
    twin.backward()
    assert [node.gate for node in ag.topological_order(twin)] == [node.gate for node in ag.topological_order(y)]
    np.testing.assert_array_equal(ag.topological_order(twin)[0].grad, [3.0, 0.0])
    assert x.grad is None


def test_a_graph_of_any_depth_is_copied_once_whoever_else_has_its_nodes():
    x = ag.Scalar(1.0)
    y = x
    for _ in range(5000):
        y = y * 1.0
    twin, twin_of_x, again = copy.deepcopy([y, x, y])
    assert twin is again
    twin.backward()
    assert (twin_of_x.grad, x.grad) == (1.0, None)


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
