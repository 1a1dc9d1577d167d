"""Arithmetic, comparison, exponential, reduction, shape and linear gates."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from autograd_cnn.testing.call import Call
from autograd_cnn.testing.strategies.domains.drawing import SEEDS, SHAPES, SIZES, binary, spread, unary


@st.composite
def _where(draw: st.DrawFn) -> Call:
    call = draw(binary())
    shape = np.broadcast_shapes(*(x.shape for x in call.inputs))
    condition = np.random.default_rng(draw(SEEDS)).random(shape) < 0.5
    return Call((condition, *call.inputs), differentiable=(1, 2))


@st.composite
def _reduction(draw: st.DrawFn) -> Call:
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
def _along_axis(draw: st.DrawFn) -> Call:
    call = draw(unary())
    ndim = call.inputs[0].ndim
    return Call(call.inputs, {"axis": draw(st.none() | st.integers(-ndim, ndim - 1) if ndim else st.none())})


@st.composite
def _rows(draw: st.DrawFn) -> Call:
    rng = np.random.default_rng(draw(SEEDS))
    return Call((spread(rng, (*draw(SHAPES.filter(lambda s: len(s) < 3)), draw(st.integers(1, 4)))),))


@st.composite
def _contraction(draw: st.DrawFn) -> Call:
    """Sum over none, one and several letters, diagonals, traces, letters that only one input has, broadcasting."""
    subscripts = draw(
        st.sampled_from(
            [
                *("ij,jk->ik", "i,i->", "i,j->ij", "ij->ji", "ij->", "ij->j", "ii->i", "ii->", "iij->j", "i,ij,j->"),
                *("ab,cd->ac", "ij,ij->ij", "bij,bjk->bik", "ii,i->i", ",ij->ij", "ij,kj,lk->il", "iii->i", "i->i"),
            ]
        )
    )
    rng = np.random.default_rng(draw(SEEDS))
    terms = subscripts.split("->")[0].split(",")
    sizes = {letter: draw(SIZES) for letter in "abcdijkl"}
    shapes = [
        tuple(1 if len(set(t)) == len(t) and draw(st.integers(0, 4)) == 0 else sizes[c] for c in t) for t in terms
    ]
    inputs = tuple(rng.uniform(-2, 2, shape) for shape in shapes)
    return Call(inputs, {"subscripts": subscripts}, tuple(range(len(inputs))))


@st.composite
def _reshape(draw: st.DrawFn) -> Call:
    call = draw(unary())
    size = call.inputs[0].size
    return Call(call.inputs, {"shape": draw(st.sampled_from([-1, (size,), (1, size), (size, 1, 1)]))})


@st.composite
def _transpose(draw: st.DrawFn) -> Call:
    call = draw(unary())
    axes = draw(st.none() | st.permutations(range(call.inputs[0].ndim)).map(tuple))
    return Call(call.inputs, {"axes": axes})


@st.composite
def _index(draw: st.DrawFn) -> Call:
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
def _scatter_add(draw: st.DrawFn) -> Call:
    call = draw(_index())
    (x,), at = call.inputs, call.attributes["index"]
    values = spread(np.random.default_rng(draw(SEEDS)), x[at].shape)
    return Call((values,), {"index": at, "shape": x.shape})


@st.composite
def _joined(draw: st.DrawFn, new_axis: bool = False) -> Call:
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
def _pad(draw: st.DrawFn) -> Call:
    call = draw(unary())
    ndim = call.inputs[0].ndim
    width = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(ndim))
    return Call(call.inputs, {"pad_width": width or 0, "constant_values": draw(st.sampled_from([0.0, 1.5]))})


@st.composite
def _broadcast_to(draw: st.DrawFn) -> Call:
    call = draw(unary())
    shape = call.inputs[0].shape
    grown = tuple(draw(SIZES) if n == 1 else n for n in shape)
    return Call(call.inputs, {"shape": (*draw(SHAPES.filter(lambda s: len(s) < 3)), *grown)})


@st.composite
def _matmul(draw: st.DrawFn) -> Call:
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
def _astype(draw: st.DrawFn) -> Call:
    call = draw(unary())
    return Call(call.inputs, {"dtype": np.float64})


NO_GRADIENT = binary(differentiable=())

DOMAINS = {
    "add": binary(),
    "subtract": binary(),
    "multiply": binary(),
    "divide": binary(low_second=0.3),
    "negative": unary(),
    "square": unary(),
    "reciprocal": unary(low=0.3, high=3.0),
    "power": binary(low=0.3, high=2.0),
    "greater": NO_GRADIENT,
    "greater_equal": NO_GRADIENT,
    "less": NO_GRADIENT,
    "less_equal": NO_GRADIENT,
    "equal": NO_GRADIENT,
    "not_equal": NO_GRADIENT,
    "sign": unary().map(lambda call: Call(call.inputs, differentiable=())),
    "where": _where(),
    "maximum": binary(),
    "minimum": binary(),
    "abs": unary(),
    "exp": unary(),
    "log": unary(low=0.3, high=3.0),
    "expm1": unary(),
    "log1p": unary(low=-0.7, high=3.0),
    "sqrt": unary(low=0.3, high=3.0),
    "sin": unary(),
    "cos": unary(),
    "sum": _reduction(),
    "mean": _reduction(),
    "max": _reduction(),
    "min": _reduction(),
    "prod": _reduction(),
    "product_of_others": _rows(),
    "cumsum": _along_axis(),
    "euclidean_norm": _reduction(),
    "logsumexp": _reduction(),
    "reshape": _reshape(),
    "transpose": _transpose(),
    "getitem": _index(),
    "scatter_add": _scatter_add(),
    "concatenate": _joined(),
    "stack": _joined(new_axis=True),
    "pad": _pad(),
    "broadcast_to": _broadcast_to(),
    "astype": _astype(),
    "matmul": _matmul(),
    "contraction": _contraction(),
}

#: Gates that Scalars use: each is tested on floats against arrays.
ON_FLOATS = (
    *("add", "subtract", "multiply", "divide", "negative", "power", "greater", "greater_equal", "less"),
    *("less_equal", "equal", "not_equal", "sign", "where", "maximum", "minimum", "abs", "exp", "log", "sqrt"),
    *("square", "reciprocal", "expm1", "log1p", "sin", "cos"),
    *("sum", "mean", "max", "min", "prod", "euclidean_norm", "logsumexp"),
)
