"""What the caller keeps hold of, and writes into, changes no graph: operands, attributes, values, gradients, seeds."""

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn.gates.shape import scatter_add


def test_constants_are_copied():
    x, constant, listed = ag.Tensor([2.0, 3.0], requires_grad=True), np.array([5.0, 7.0]), [5.0, 7.0]
    outputs = [x * constant, ag.einsum("i,i->i", x, constant), ag.where([True, True], x * listed, constant)]
    constant[:] = listed[:] = [0.0, 0.0]
    for output in outputs:
        np.testing.assert_array_equal(output.value, [10, 21])
        np.testing.assert_array_equal(ag.grad(output.sum(), x)[0], [5, 7])


def test_attributes_are_copied():
    x = ag.Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    axes, width = [1, 0], [[1, 1], [0, 0]]
    outputs = [ag.transpose(x, axes), ag.pad(x, width), scatter_add(x, index=(i := np.array([0, 1])), shape=(2, 3))]
    axes[:], width[:], i[:] = [0, 1], [[0, 0], [0, 0]], 0
    for output in outputs:
        assert ag.grad(output, x, np.ones(output.shape))[0].tolist() == [[1, 1, 1], [1, 1, 1]]
    assert outputs[1].attributes["pad_width"] == [[1, 1], [0, 0]]


def test_values_cannot_be_written():
    x = ag.Tensor(np.ones((2, 2)), requires_grad=True)
    for node in (x, x + 1, x[0], x.T, ag.swapaxes(x, 0, 1), ag.einsum("ii->i", x), ag.broadcast_to(x, (3, 2, 2))):
        with pytest.raises(ValueError, match="read-only"):
            node.value[0] = 5
    with pytest.raises(TypeError, match="item assignment"):
        x[0] = 5


def test_gradients_of_leaves_belong_to_the_caller():
    """Writing into one (clipping, say) changes no other gradient, and no later pass."""
    x, y = ag.Parameter([1.0, 2.0]), ag.Parameter([3.0, 4.0])
    seed = np.ones(2)
    output = x + y
    output.backward(seed)
    x.grad[:] = 100
    np.testing.assert_array_equal(y.grad, [1, 1])
    np.testing.assert_array_equal(output.grad, [1, 1])
    np.testing.assert_array_equal(seed, [1, 1])
    output.backward(seed)
    np.testing.assert_array_equal(x.grad, [101, 101])
    np.testing.assert_array_equal(y.grad, [2, 2])


def test_gradients_inside_the_graph_cannot_be_written():
    """Add gates hand one gradient to both inputs: a write into it would reach all who share it, and the seed."""
    x = ag.Parameter([1.0, 2.0])
    inner, seed = x * 2, np.ones(2)
    output = inner + 1
    output.backward(seed)
    for node in (inner, output):
        with pytest.raises(ValueError, match="read-only"):
            node.grad[:] = 5
    seed[:] = 7
    np.testing.assert_array_equal(x.grad, [2, 2])


def test_results_of_plain_calls_leave_their_inputs_alone():
    values = np.array([3.0, 1.0, 2.0])
    for f in (ag.topk, ag.argmax, ag.cumsum, ag.prod, ag.logsumexp, ag.std, ag.ravel, ag.squeeze):
        f(values, 2) if f is ag.topk else f(values)
        np.testing.assert_array_equal(values, [3, 1, 2])
