"""Results do not depend on the order of memory: any gate, any input channels-last, batch-last, transposed or sliced.

Kernels choose the order of their results and read any; users see the axes alone. Gates that move, choose or scale
numbers give the same bits as with contiguous copies. The others agree to 10⁻¹² of the largest number in sight, in
float64: NumPy adds in the order of memory, has other exponentials for numbers side by side than for numbers apart,
and convolutions have orders of their own.
"""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
import autograd_cnn.functional as F  # noqa: N812 - as everybody calls it
from autograd_cnn.kernels import forced
from autograd_cnn.kernels.planning import ALGORITHMS
from autograd_cnn.testing import strategies

GATES = sorted(name for name in ag.GATES if ag.GATES[name].has_gradient)
EXACT = {
    *("abs", "astype", "concatenate", "getitem", "hardtanh", "identity", "leaky_relu", "max_pool2d", "negative", "pad"),
    *("relu", "reshape", "scatter_by_switches", "stack", "transpose"),
}
CHANNELS_LAST, BATCH_LAST = (0, 2, 3, 1), (1, 2, 3, 0)


def orders(rank):
    """How an array lies in memory: the order of its axes, and the step between its numbers, back or forth."""
    axes = st.permutations(range(rank)).map(tuple)
    if rank == 4:
        axes = st.one_of(st.sampled_from([CHANNELS_LAST, BATCH_LAST]), axes)
    return st.tuples(axes, st.sampled_from([1, -1, 2]))


def lay(array, order):
    """Return memory of an order, the same for nodes and arrays."""
    axes, step = order
    memory = array.transpose(axes).copy()
    if step == 2 and array.ndim:
        memory = np.repeat(memory, 2, axis=0)
    return memory[::-1].copy() if step == -1 and array.ndim else memory


def view(memory, order):
    """Return what `lay` laid down as a view, of a node or an array."""
    axes, step = order
    if step != 1 and memory.ndim:
        memory = memory[::step]
    return memory.transpose(tuple(np.argsort(axes)))


def results(name, call, seed, orders_of_inputs, order_of_upstream):
    """Return the value of a gate and its gradients, with inputs and upstream gradient in an order of memory."""
    leaves, inputs = {}, []
    for number, (given_, order) in enumerate(zip(call.inputs, orders_of_inputs, strict=True)):
        memory = lay(np.asarray(given_), order)
        if number in call.differentiable:
            leaves[number] = ag.Tensor(memory, requires_grad=True)
            memory = leaves[number]
        inputs.append(view(memory, order) if number in leaves or np.ndim(given_) else given_)
    output = ag.GATES[name](*inputs, **call.attributes)
    upstream = np.random.default_rng(seed).standard_normal(output.shape)
    (output * view(lay(upstream, order_of_upstream), order_of_upstream)).sum().backward()
    gradients = [view(leaf.grad, orders_of_inputs[number]) for number, leaf in leaves.items() if leaf.grad is not None]
    return [output.value, *gradients]


def contiguous(rank):
    return tuple(range(rank)), 1


@pytest.mark.parametrize("name", GATES)
@given(data=st.data(), seed=strategies.SEEDS)
@settings(max_examples=8)
def test_values_and_gradients_do_not_depend_on_the_order_of_memory(name, data, seed):
    call = data.draw(strategies.calls(name))
    ranks = [np.ndim(given_) for given_ in call.inputs]
    rank = np.ndim(ag.GATES[name](*call.inputs, **call.attributes))
    expected = results(name, call, seed, list(map(contiguous, ranks)), contiguous(rank))
    ways = [data.draw(orders(rank)) for rank in ranks]
    found = results(name, call, seed, ways, data.draw(orders(rank)))
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        largest = np.abs(other).max(initial=1, where=np.isfinite(other))
        bound = 0 if name in EXACT else 1e-12 * largest
        np.testing.assert_allclose(one, other, rtol=0, atol=bound, strict=True)


def network(images, weights, gamma, order):
    """Return the loss of a small network and its gradients; images and weights lie in an order of memory."""
    leaves = [ag.Tensor(lay(array, order), requires_grad=True) for array in (images, *weights)]
    x, first, second, third = (view(leaf, order) for leaf in leaves)
    x = F.max_pool2d(F.relu(F.conv2d(x, first, padding=1)), 2)
    x = F.batch_norm(x, None, None, gamma, training=True)
    x = F.conv2d(x, second, padding=1) + F.conv2d(x, third)
    loss = (F.avg_pool2d(F.relu(x), 2) ** 2).mean()
    loss.backward()
    return [loss.value, *(view(leaf.grad, order) for leaf in leaves)]


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="the plain loops are the only algorithm then, and slow")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("order", [((0, 1, 2, 3), 1), (CHANNELS_LAST, 1), (BATCH_LAST, 1), ((3, 2, 1, 0), 2)])
def test_a_network_does_not_depend_on_the_order_of_memory_or_the_algorithm(algorithm, order):
    """With channels and images enough for every algorithm."""
    rng = np.random.default_rng(0)
    images, gamma = rng.standard_normal((17, 3, 8, 8)), rng.standard_normal(32)
    shapes = (32, 3, 3, 3), (33, 32, 3, 3), (33, 32, 1, 1)
    weights = [rng.standard_normal(shape) / 10 for shape in shapes]
    with forced("plain"):
        expected = network(images, weights, gamma, contiguous(4))
    with forced(algorithm):
        found = network(images, weights, gamma, order)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12 * max(1, np.abs(other).max()), strict=True)
