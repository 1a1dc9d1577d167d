"""Convolution and pooling."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd_cnn.testing.call import Call
from autograd_cnn.testing.strategies.domains.drawing import SEEDS, SIZES, spread


@st.composite
def _windows(draw: st.DrawFn, largest: int = 2) -> Any:
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
def _convolution(draw: st.DrawFn, part: str = "forward") -> Call:
    rng = np.random.default_rng(draw(SEEDS))
    size, window, attributes, output = draw(_windows())
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


def _all_margin(size: Any, window: Any, attributes: dict[str, Any], output: Any) -> bool:
    """Whether a dilated window can step over the whole image: its maximum is −∞, without a gradient."""
    return any(d > n for d, n in zip(attributes["dilation"], size, strict=True))


@st.composite
def _max_pool(draw: st.DrawFn, part: str = "forward") -> Call:
    rng = np.random.default_rng(draw(SEEDS))
    size, window, attributes, output = draw(_windows().filter(lambda drawn: not _all_margin(*drawn)))
    x = spread(rng, (draw(SIZES), draw(st.integers(1, 2)), *size))
    attributes["window"] = window
    if part == "forward":
        return Call((x,), attributes | {"output_size": output})
    attributes["switches"] = rng.integers(0, window[0] * window[1], (*x.shape[:2], *output)).astype(np.uint8)
    if part == "scatter":
        return Call((rng.uniform(-1, 1, (*x.shape[:2], *output)),), attributes | {"input_size": size})
    return Call((x,), attributes)


@st.composite
def _average_pool(draw: st.DrawFn, part: str = "forward") -> Call:
    rng = np.random.default_rng(draw(SEEDS))
    size, window, attributes, output = draw(_windows())
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
def _adaptive_max_pool(draw: st.DrawFn) -> Call:
    rng = np.random.default_rng(draw(SEEDS))
    size = (draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    x = spread(rng, (draw(SIZES), draw(st.integers(1, 2)), *size))
    return Call((x,), {"output_size": (draw(st.integers(1, 4)), draw(st.integers(1, 4)))})


DOMAINS = {
    "adaptive_max_pool2d": _adaptive_max_pool(),
    "conv2d": _convolution(),
    "conv2d_input_gradient": _convolution("input"),
    "conv2d_weight_gradient": _convolution("weight"),
    "max_pool2d": _max_pool(),
    "scatter_by_switches": _max_pool("scatter"),
    "gather_by_switches": _max_pool("gather"),
    "avg_pool2d": _average_pool(),
    "avg_pool2d_gradient": _average_pool("gradient"),
}
