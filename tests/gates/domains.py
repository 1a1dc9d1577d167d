"""For every gate: a hypothesis strategy of calls away from its kinks, at which it is tested.

A new gate needs an entry here; `test_every_gate.py` fails without one.
"""

from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st


@dataclass
class Call:
    """Inputs and attributes of one gate call; `differentiable` are the slots that receive gradients."""

    inputs: tuple
    attributes: dict = field(default_factory=dict)
    differentiable: tuple = (0,)


SIZES = st.integers(1, 3)
SHAPES = st.lists(SIZES, min_size=0, max_size=3).map(tuple)
SEEDS = st.integers(0, 2**32 - 1)


def spread(rng, shape, low=-2.0, high=2.0):
    """Values at least 0.05 apart from each other and from 0: no tie and no kink within a step."""
    count = int(np.prod(shape))
    gap = max((high - low) / (count + 2), 0.05)
    grid = low + gap * (np.arange(count + 2) + rng.uniform(0.3, 0.4))
    grid = grid[np.abs(grid) > 0.04]
    return rng.permutation(grid)[:count].reshape(shape)


@st.composite
def unary(draw, low=-2.0, high=2.0):
    rng = np.random.default_rng(draw(SEEDS))
    return Call((spread(rng, draw(SHAPES), low, high),))


@st.composite
def binary(draw, low=-2.0, high=2.0, low_second=None, differentiable=(0, 1)):
    """Two inputs that broadcast, none of whose elements tie."""
    rng = np.random.default_rng(draw(SEEDS))
    shape = draw(SHAPES)
    shapes = []
    for _ in range(2):
        mask = draw(st.lists(st.booleans(), min_size=len(shape), max_size=len(shape)))
        own = tuple(1 if m else n for m, n in zip(mask, shape, strict=True))
        shapes.append(own[draw(st.integers(0, len(own))) :] if draw(st.booleans()) else own)
    count = [int(np.prod(s)) for s in shapes]
    values = spread(rng, (sum(count),), low, high)
    a, b = values[: count[0]].reshape(shapes[0]), values[count[0] :].reshape(shapes[1])
    if low_second is not None:
        b = np.abs(b) + low_second
    return Call((a, b), differentiable=differentiable)


@st.composite
def where(draw):
    call = draw(binary())
    shape = np.broadcast_shapes(*(x.shape for x in call.inputs))
    condition = np.random.default_rng(draw(SEEDS)).random(shape) < 0.5
    return Call((condition, *call.inputs), differentiable=(1, 2))


@st.composite
def reduction(draw):
    call = draw(unary())
    ndim = call.inputs[0].ndim
    axis = draw(
        st.none()
        | (st.integers(-ndim, ndim - 1) if ndim else st.none())
        | st.sets(st.integers(0, ndim - 1), max_size=ndim).map(tuple)
        if ndim
        else st.none()
    )
    return Call(call.inputs, {"axis": axis, "keepdims": draw(st.booleans())})


@st.composite
def reshape(draw):
    call = draw(unary())
    size = call.inputs[0].size
    return Call(call.inputs, {"shape": draw(st.sampled_from([-1, (size,), (1, size), (size, 1, 1)]))})


@st.composite
def transpose(draw):
    call = draw(unary())
    axes = draw(st.none() | st.permutations(range(call.inputs[0].ndim)).map(tuple))
    return Call(call.inputs, {"axes": axes})


@st.composite
def index(draw):
    rng = np.random.default_rng(draw(SEEDS))
    x = spread(rng, (draw(st.integers(1, 4)), draw(SIZES), 2))
    n, m = x.shape[:2]
    choices = [
        0,
        -1,
        slice(None, None, 2),
        slice(None, None, -1),
        Ellipsis,
        None,
        (slice(None), m - 1),
        (..., 1),
        (0, None, slice(0, 1)),
        rng.integers(-n, n, 5),
        (rng.integers(0, n, (2, 2)), slice(None), rng.integers(0, 2, (2, 2))),
        rng.random(x.shape) < 0.5,
        [0, 0, n - 1],
    ]
    return Call((x,), {"index": draw(st.sampled_from(choices))})


@st.composite
def scatter_add(draw):
    call = draw(index())
    (x,), at = call.inputs, call.attributes["index"]
    values = spread(np.random.default_rng(draw(SEEDS)), x[at].shape)
    return Call((values,), {"index": at, "shape": x.shape})


@st.composite
def joined(draw, new_axis=False):
    rng = np.random.default_rng(draw(SEEDS))
    shape = draw(st.lists(SIZES, min_size=1, max_size=3))
    axis = draw(st.integers(-len(shape) - new_axis, len(shape) - 1 + new_axis))
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        own = list(shape)
        if not new_axis:
            own[axis] = draw(SIZES)
        parts.append(spread(rng, tuple(own)))
    return Call(tuple(parts), {"axis": axis}, tuple(range(len(parts))))


@st.composite
def pad(draw):
    call = draw(unary())
    ndim = call.inputs[0].ndim
    width = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(ndim))
    return Call(call.inputs, {"pad_width": width or 0, "constant_values": draw(st.sampled_from([0.0, 1.5]))})


@st.composite
def broadcast_to(draw):
    call = draw(unary())
    shape = call.inputs[0].shape
    grown = tuple(draw(SIZES) if n == 1 else n for n in shape)
    return Call(call.inputs, {"shape": (*draw(SHAPES.filter(lambda s: len(s) < 3)), *grown)})


@st.composite
def matmul(draw):
    rng = np.random.default_rng(draw(SEEDS))
    n, k, m = draw(SIZES), draw(SIZES), draw(SIZES)
    stacks = draw(st.sampled_from([((), ()), ((2,), ()), ((), (3,)), ((2, 1), (3,)), ((1,), (2,))]))
    a, b = (*stacks[0], n, k), (*stacks[1], k, m)
    if draw(st.booleans()):
        a = (k,)
    if draw(st.booleans()):
        b = (k,)
    return Call((spread(rng, a), spread(rng, b)), differentiable=(0, 1))


@st.composite
def windows(draw, largest=2):
    """Geometry of a convolution or pooling whose windows may leave rows unread or stick out."""
    window = (draw(st.integers(1, largest)), draw(st.integers(1, largest)))
    stride = (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    dilation = (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    padding = tuple(tuple(draw(st.integers(0, window[a] // 2)) for _ in range(2)) for a in (0, 1))
    extent = [d * (f - 1) + 1 for f, d in zip(window, dilation, strict=True)]
    size = tuple(draw(st.integers(max(1, e - sum(p)), e + 2)) for e, p in zip(extent, padding, strict=True))
    output = tuple((n + sum(p) - e) // s + 1 for n, p, e, s in zip(size, padding, extent, stride, strict=True))
    return size, window, {"stride": stride, "padding": padding, "dilation": dilation}, output


@st.composite
def convolution(draw, part="forward"):
    rng = np.random.default_rng(draw(SEEDS))
    size, window, attributes, output = draw(windows())
    groups = draw(st.integers(1, 2))
    n, c, o = draw(SIZES), draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    x = rng.uniform(-1, 1, (n, groups * c, *size))
    weight = rng.uniform(-1, 1, (o, c, *window))
    upstream = rng.uniform(-1, 1, (n, o, *output))
    attributes["groups"] = groups
    if part == "forward":
        return Call((x, weight), attributes | {"output_size": output}, (0, 1))
    if part == "input":
        return Call((upstream, weight), attributes | {"input_size": size}, (0, 1))
    return Call((upstream, x), attributes | {"window": window}, (0, 1))


def _all_margin(size, window, attributes, output):
    """Whether a dilated window can step over the whole image: its maximum is −∞, without a gradient."""
    return any(d > n for d, n in zip(attributes["dilation"], size, strict=True))


@st.composite
def max_pool(draw, part="forward"):
    rng = np.random.default_rng(draw(SEEDS))
    size, window, attributes, output = draw(windows().filter(lambda drawn: not _all_margin(*drawn)))
    x = spread(rng, (draw(SIZES), draw(st.integers(1, 2)), *size))
    switches = rng.integers(0, size[0] * size[1], (*x.shape[:2], *output)).astype(np.int32)
    if part == "forward":
        return Call((x,), attributes | {"window": window, "output_size": output})
    if part == "scatter":
        return Call((rng.uniform(-1, 1, switches.shape),), {"switches": switches, "input_size": size})
    return Call((x,), {"switches": switches})


@st.composite
def average_pool(draw, part="forward"):
    rng = np.random.default_rng(draw(SEEDS))
    size, window, attributes, output = draw(windows())
    del attributes["dilation"]
    size = tuple(max(n, f) for n, f in zip(size, window, strict=True))
    output = tuple(
        (n + sum(p) - f) // s + 1
        for n, p, f, s in zip(size, attributes["padding"], window, attributes["stride"], strict=True)
    )
    attributes |= {"window": window, "count_include_pad": draw(st.booleans())}
    planes = (draw(SIZES), draw(st.integers(1, 2)))
    if part == "forward":
        return Call((rng.uniform(-1, 1, (*planes, *size)),), attributes | {"output_size": output})
    return Call((rng.uniform(-1, 1, (*planes, *output)),), attributes | {"input_size": size})


@st.composite
def log_softmax(draw):
    rng = np.random.default_rng(draw(SEEDS))
    shape = draw(st.lists(SIZES, min_size=1, max_size=3).map(tuple))
    return Call((spread(rng, shape, -3, 3),), {"axis": draw(st.integers(-len(shape), len(shape) - 1))})


@st.composite
def cross_entropy(draw, gradient=False):
    rng = np.random.default_rng(draw(SEEDS))
    n, k = draw(SIZES), draw(st.integers(1, 4))
    logits, labels = rng.uniform(-3, 3, (n, k)), rng.integers(0, k, n)
    if gradient:
        return Call((rng.uniform(-1, 1, n), logits, labels), differentiable=(0, 1))
    return Call((logits, labels))


@st.composite
def astype(draw):
    call = draw(unary())
    return Call(call.inputs, {"dtype": np.float64})


NO_GRADIENT = binary(differentiable=())

DOMAINS = {
    "add": binary(),
    "subtract": binary(),
    "multiply": binary(),
    "divide": binary(low_second=0.3),
    "negative": unary(),
    "power": binary(low=0.3, high=2.0),
    "greater": NO_GRADIENT,
    "greater_equal": NO_GRADIENT,
    "less": NO_GRADIENT,
    "less_equal": NO_GRADIENT,
    "equal": NO_GRADIENT,
    "not_equal": NO_GRADIENT,
    "sign": unary().map(lambda call: Call(call.inputs, differentiable=())),
    "where": where(),
    "maximum": binary(),
    "minimum": binary(),
    "abs": unary(),
    "exp": unary(),
    "log": unary(low=0.3, high=3.0),
    "sqrt": unary(low=0.3, high=3.0),
    "tanh": unary(),
    "sigmoid": unary(-4.0, 4.0),
    "relu": unary(),
    "sum": reduction(),
    "mean": reduction(),
    "max": reduction(),
    "reshape": reshape(),
    "transpose": transpose(),
    "getitem": index(),
    "scatter_add": scatter_add(),
    "concatenate": joined(),
    "stack": joined(new_axis=True),
    "pad": pad(),
    "broadcast_to": broadcast_to(),
    "astype": astype(),
    "matmul": matmul(),
    "conv2d": convolution(),
    "conv2d_input_gradient": convolution("input"),
    "conv2d_weight_gradient": convolution("weight"),
    "max_pool2d": max_pool(),
    "scatter_by_switches": max_pool("scatter"),
    "gather_by_switches": max_pool("gather"),
    "avg_pool2d": average_pool(),
    "avg_pool2d_gradient": average_pool("gradient"),
    "log_softmax": log_softmax(),
    "cross_entropy": cross_entropy(),
    "cross_entropy_gradient": cross_entropy(gradient=True),
}

#: Gates that Scalars use: each is tested on floats against arrays.
ON_FLOATS = (
    *("add", "subtract", "multiply", "divide", "negative", "power", "greater", "greater_equal", "less"),
    *("less_equal", "equal", "not_equal", "sign", "where", "maximum", "minimum", "abs", "exp", "log", "sqrt"),
    *("tanh", "sigmoid", "relu", "sum", "mean", "max"),
)
