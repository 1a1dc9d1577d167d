"""Random computation graphs: fan-out, reuse, broadcasting, and inputs that keep to every gate's domain."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograd_cnn.errors import ArgumentError, UnknownNameError, suggestion
from autograd_cnn.registry import GATES, Gate
from autograd_cnn.testing.strategies.gate_calls import calls, tied
from autograd_cnn.testing.strategies.graph import Constant, Graph
from autograd_cnn.testing.strategies.sketch import Sketch
from autograd_cnn.testing.strategies.small_arrays import arrays, eighths

ELEMENTWISE: dict[str, tuple[str | None, ...]] = {
    **dict.fromkeys(("add", "subtract", "multiply", "maximum", "minimum", "prelu"), (None, None)),
    **dict.fromkeys(("negative", "square", "sin", "cos", "tanh", "sigmoid", "logsigmoid"), (None,)),
    **dict.fromkeys(("relu", "abs", "leaky_relu", "hardtanh", "elu", "selu"), (None,)),
    **dict.fromkeys(("softplus", "silu", "gelu", "normal_cdf"), (None,)),
    **dict.fromkeys(("exp", "expm1"), ("small",)),
    **dict.fromkeys(("log", "sqrt", "reciprocal", "log1p", "softsign"), ("positive",)),
    "divide": (None, "positive"),
    "power": ("positive", "small"),
}
"""Gates that work element by element, on both levels, with the domain of each input."""

Offer = Callable[[st.DrawFn, Sketch, str], int | None]


@st.composite
def graphs(
    draw: st.DrawFn,
    gates: Iterable[str | Gate] | None = None,
    max_nodes: int = 12,
    min_nodes: int = 1,
    level: str = "tensor",
    kinks: bool = False,
) -> Graph:
    """Random computation graphs with one number as output.

    Parameters
    ----------
    gates : iterable of str or Gate, optional
        Gates to draw from, each of which may stand in the graph or not; one gate alone stands in it.
        By default all of `ELEMENTWISE`, and at the tensor level those of `SHAPED`. Any other gate that
        has `calls` comes with leaves of its own.
    max_nodes, min_nodes : int
        How many gates are drawn, and how many the graph has at least. What brings an input into a domain and what
        joins the loose ends (add, multiply, sum, square, tanh) comes on top of `max_nodes`.
    level : {"tensor", "scalar"}
        Leaves are arrays, or floats.
    kinks : bool
        Whether inputs may stand at ties and kinks, which eighths often do; otherwise they keep off by 0.01.

    Raises
    ------
    ArgumentError, UnknownNameError
        For an unknown level or gate, or a gate that works on arrays only at the scalar level.

    Examples
    --------
    >>> from hypothesis import given
    >>> import autograd_cnn as ag
    >>> from autograd_cnn.testing import strategies
    >>> @given(strategies.graphs(gates=["multiply", "tanh"], max_nodes=4))
    ... def test(graph):
    ...     leaves = graph.leaves()
    ...     assert all(g.shape == x.shape for g, x in zip(ag.grad(graph(*leaves), leaves), leaves))
    >>> test()
    """
    names = _names(gates, level)
    sketch = Sketch(kinks)
    for value in draw(_leaf_values(level)):
        sketch.leaf(value)
    if len(names) == 1:
        _add(draw, sketch, names[0])
    for _ in range(draw(st.integers(min(min_nodes, max_nodes), max_nodes))):
        _add(draw, sketch, draw(st.sampled_from(names)))
    while len(sketch.applications) < min_nodes:
        _add(draw, sketch, draw(st.sampled_from(["tanh", "multiply", "add"])))
    return sketch.closed()


def _names(gates: Iterable[str | Gate] | None, level: str) -> list[str]:
    if level not in ("tensor", "scalar"):
        raise ArgumentError(f"graphs: level={level!r}, expected 'tensor' or 'scalar'")
    if gates is None:
        return [*ELEMENTWISE, *SHAPED] if level == "tensor" else list(ELEMENTWISE)
    names = [g.name if isinstance(g, Gate) else g for g in gates]
    for name in names:
        if name not in GATES:
            raise UnknownNameError(f"graphs: no gate is called {name!r}{suggestion(name, GATES)}")
        if level == "scalar" and name not in ELEMENTWISE:
            raise ArgumentError(f"graphs: {name} needs level='tensor'; on scalars there are {sorted(ELEMENTWISE)}")
    if not names:
        raise ArgumentError("graphs: gates is empty, expected at least one gate")
    return names


@st.composite
def _leaf_values(draw: st.DrawFn, level: str) -> list[Any]:
    """Return one to three values; arrays broadcast with each other."""
    count = draw(st.integers(1, 3))
    if level == "scalar":
        return draw(st.lists(eighths(), min_size=count, max_size=count))
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=count, min_side=1, max_side=3, max_dims=2))
    return [draw(arrays(shape)) for shape in shapes.input_shapes]


def _add(draw: st.DrawFn, sketch: Sketch, name: str) -> int:
    """Add one gate: to what is there where it fits, otherwise with leaves of its own."""
    offer = _elementwise if name in ELEMENTWISE else SHAPED.get(name, _with_own_leaves)
    made = offer(draw, sketch, name)
    if made is None and not isinstance(sketch.leaves[0], float):
        made = _with_own_leaves(draw, sketch, name)
    return sketch.apply("tanh", sketch.references()[0]) if made is None else made


def _elementwise(draw: st.DrawFn, sketch: Sketch, name: str) -> int | None:
    first, *others = ELEMENTWISE[name]
    x = draw(st.sampled_from(sketch.references()))
    inputs: list[int | Constant] = [sketch.guarded(x, first)]
    for domain in others:
        partners = [y for y in sketch.references() if _broadcast(sketch.value(x), sketch.value(y))]
        other: int | Constant = draw(st.sampled_from(partners))
        if draw(st.integers(0, 4)) == 4:
            other = Constant(draw(eighths()))
        inputs.append(sketch.guarded(other, domain))
    return sketch.fitting(name, *inputs)


def _broadcast(a: Any, b: Any) -> bool:
    try:
        np.broadcast_shapes(np.shape(a), np.shape(b))
    except ValueError:
        return False
    return True


def _reduction(draw: st.DrawFn, sketch: Sketch, name: str) -> int | None:
    x = draw(st.sampled_from(sketch.references()))
    ndim = np.ndim(sketch.value(x))
    axis = draw(st.none() | st.integers(0, ndim - 1)) if ndim else None
    return sketch.fitting(name, x, axis=axis, keepdims=draw(st.booleans()))


def _along_axis(draw: st.DrawFn, sketch: Sketch, name: str) -> int | None:
    x = draw(st.sampled_from(sketch.references()))
    ndim = np.ndim(sketch.value(x))
    return sketch.fitting(name, x, axis=draw(st.integers(0, ndim - 1))) if ndim else None


def _moved(draw: st.DrawFn, sketch: Sketch, name: str) -> int | None:
    """Gates that move numbers, with attributes that fit the shape."""
    x = draw(st.sampled_from(sketch.references()))
    shape = np.shape(sketch.value(x))
    indices: list[Any] = [Ellipsis, None]
    if shape:
        indices += [0, slice(None, None, -1), [0, 0, shape[0] - 1]]
    attributes: dict[str, list[dict[str, Any]]] = {
        "reshape": [{"shape": (-1,)}, {"shape": (1, *shape)}],
        "transpose": [{"axes": None}, {"axes": tuple(np.roll(range(len(shape)), 1).tolist())}],
        "getitem": [{"index": index} for index in indices],
        "pad": [{"pad_width": ((1, 0),) * len(shape) or 0}, {"pad_width": ((0, 2),) * len(shape) or 0}],
        "broadcast_to": [{"shape": (2, *shape)}, {"shape": tuple(3 if n == 1 else n for n in shape)}],
    }
    return sketch.fitting(name, x, **draw(st.sampled_from(attributes[name])))


def _joined(draw: st.DrawFn, sketch: Sketch, name: str) -> int | None:
    x = draw(st.sampled_from(sketch.references()))
    shape = np.shape(sketch.value(x))
    partners = [y for y in sketch.references() if np.shape(sketch.value(y)) == shape]
    if name == "concatenate" and not shape:
        return None
    axis = draw(st.integers(0, len(shape) - (name == "concatenate")))
    return sketch.fitting(name, x, draw(st.sampled_from(partners)), axis=axis)


def _matrix_product(draw: st.DrawFn, sketch: Sketch, name: str) -> int | None:
    """Return x·w with a new leaf w, or x·xᵀ."""
    x = draw(st.sampled_from(sketch.references()))
    if np.ndim(sketch.value(x)) != 2:
        x = sketch.apply("reshape", x, shape=(1, -1))
    if draw(st.booleans()):
        return sketch.fitting(name, x, sketch.leaf(draw(arrays((np.shape(sketch.value(x))[1], 2)))))
    return sketch.fitting(name, x, sketch.apply("transpose", x))


def _pooled(draw: st.DrawFn, sketch: Sketch, name: str) -> int | None:
    """Pool the last two axes of what is there, as one image of one channel; or, by None, an input of its own."""
    x = draw(st.sampled_from(sketch.references()))
    shape = np.shape(sketch.value(x))
    if len(shape) > 4 or draw(st.integers(0, 3)) == 3:
        return None
    image = (*(1,) * (4 - len(shape)), *shape)
    size = image[2:]
    window = tuple(draw(st.integers(1, min(n, 3))) for n in size)
    if name == "adaptive_max_pool2d":
        attributes: dict[str, Any] = {"output_size": window}
    else:
        stride = tuple(draw(st.integers(1, 2)) for _ in size)
        padding = tuple((draw(st.integers(0, f // 2)), draw(st.integers(0, f // 2))) for f in window)
        output = tuple((n + sum(p) - f) // s + 1 for n, p, f, s in zip(size, padding, window, stride, strict=True))
        attributes = {"window": window, "stride": stride, "padding": padding, "output_size": output}
        attributes |= {"dilation": (1, 1)} if name == "max_pool2d" else {"count_include_pad": True}
    return sketch.fitting(name, x if shape == image else sketch.apply("reshape", x, shape=image), **attributes)


def _with_own_leaves(draw: st.DrawFn, sketch: Sketch, name: str) -> int | None:
    """Call any gate as its domain says; each of its inputs is a new leaf that was halved and added to itself."""
    call = draw(calls(name))
    if sketch.kinks and GATES[name].branches is not None:
        call = tied(call)
    inputs: list[int | Constant] = []
    for slot, x in enumerate(call.inputs):
        if slot in call.differentiable:
            half = sketch.apply("multiply", sketch.leaf(np.array(x)), Constant(0.5))
            inputs.append(sketch.apply("add", half, half))
        else:
            inputs.append(Constant(x))
    return sketch.scaled(sketch.apply(name, *inputs, **call.attributes))


SHAPED: dict[str, Offer] = {
    **dict.fromkeys(("sum", "mean", "max", "min", "prod", "logsumexp"), _reduction),
    **dict.fromkeys(("softmax", "log_softmax", "cumsum"), _along_axis),
    **dict.fromkeys(("reshape", "transpose", "getitem", "pad", "broadcast_to"), _moved),
    **dict.fromkeys(("concatenate", "stack"), _joined),
    **dict.fromkeys(("max_pool2d", "adaptive_max_pool2d", "avg_pool2d"), _pooled),
    "matmul": _matrix_product,
}
"""Gates that look at shapes, at the tensor level, with what offers them inputs and attributes."""
