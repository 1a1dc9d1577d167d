"""Convolutions, poolings and losses with all their arguments: `conv_problems`, `pool_problems`, `loss_problems`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd_cnn import functional
from autograd_cnn.testing.strategies.printing import Pasteable, literal
from autograd_cnn.testing.strategies.small_arrays import Array, arrays, eighths, separated_arrays


@dataclass(frozen=True, repr=False)
class Problem(Pasteable):
    """A function of `autograd_cnn.functional` with its arguments; calling it on the inputs computes it.

    Attributes
    ----------
    name : str
        The function's name.
    inputs : tuple of ndarray
        What gradients flow to.
    constants : tuple
        Positional arguments behind them, such as labels.
    options : dict
        Arguments by name.
    fits : bool
        Whether the windows fit exactly; where they do not, the function raises unless ``fit="floor"``.
    """

    name: str
    inputs: tuple[Array, ...]
    constants: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    fits: bool = True

    def __call__(self, *inputs: Any) -> Any:
        """Return the function's value at other inputs, nodes or arrays."""
        return getattr(functional, self.name)(*inputs, *self.constants, **self.options)

    def source(self) -> str:
        """Return Python code that rebuilds the problem: inputs ``x0``, ``x1``, ... and their ``output``."""
        names = [f"x{i}" for i in range(len(self.inputs))]
        lines = ["import numpy as np", "import autograd_cnn as ag"]
        lines += [
            f"{name} = ag.Tensor({literal(x)}, requires_grad=True)" for name, x in zip(names, self.inputs, strict=True)
        ]
        arguments = [*names, *map(literal, self.constants), *(f"{k}={literal(v)}" for k, v in self.options.items())]
        return "\n".join([*lines, f"output = ag.functional.{self.name}({', '.join(arguments)})"])


@dataclass(frozen=True)
class _Axis:
    """Windows along one axis: its size, and what is drawn for it."""

    size: int
    window: int
    stride: int
    padding: tuple[int, int]
    dilation: int

    @property
    def fits(self) -> bool:
        room = self.size + sum(self.padding) - (self.dilation * (self.window - 1) + 1)
        return room >= 0 and room % self.stride == 0


@st.composite
def _axes(draw: st.DrawFn, most_padding: int | None, dilated: bool, fits: bool | None) -> tuple[_Axis, _Axis]:
    """Two axes; for ``fits=False`` one of them holds windows that leave a rest, or are too large."""
    good = draw(st.booleans()) if fits is None else fits
    bad = None if good else draw(st.integers(0, 1))
    both = []
    for i in (0, 1):
        window, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 2)) if dilated else 1
        stride = draw(st.integers(1 if i != bad else 2, 3))
        extent = dilation * (window - 1) + 1
        margin = st.integers(0, window // 2 if most_padding is None else min(most_padding, extent - 1))
        padding = (draw(margin), draw(margin))
        size = (draw(st.integers(1, 3)) - 1) * stride + extent - sum(padding)
        while size < 1:
            size += stride
        if i == bad:
            size += draw(st.integers(1, stride - 1))
        both.append(_Axis(size, window, stride, padding, dilation))
    return both[0], both[1]


@st.composite
def conv_problems(draw: st.DrawFn, fits: bool | None = True) -> Problem:
    """Convolutions: strides, asymmetric padding, dilation, groups, with and without bias.

    Parameters
    ----------
    fits : bool or None
        Only those whose windows fit exactly, only those whose windows do not, or both.

    Examples
    --------
    >>> from hypothesis import given
    >>> from autograd_cnn.testing import strategies
    >>> @given(strategies.conv_problems())
    ... def test(problem):
    ...     x, weight = problem.inputs[:2]
    ...     assert problem(*problem.inputs).shape[:2] == (len(x), len(weight))
    >>> test()
    """
    axes = draw(_axes(2, True, fits))
    groups = draw(st.integers(1, 2))
    inner, outer = draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    x = draw(arrays((draw(st.integers(1, 2)), groups * inner, axes[0].size, axes[1].size)))
    weight = draw(arrays((outer, inner, axes[0].window, axes[1].window), -1.0, 1.0))
    bias = (draw(arrays((outer,), -1.0, 1.0)),) if draw(st.booleans()) else ()
    options = {**_windows(axes), "dilation": (axes[0].dilation, axes[1].dilation), "groups": groups}
    return Problem("conv2d", (x, weight, *bias), (), options, axes[0].fits and axes[1].fits)


@st.composite
def pool_problems(draw: st.DrawFn, fits: bool | None = True, ties: bool = False) -> Problem:
    """Maximum and average poolings: overlapping windows, asymmetric padding, dilation.

    Parameters
    ----------
    fits : bool or None
        As in `conv_problems`.
    ties : bool
        Whether elements may tie; otherwise all are at least 1/8 apart.

    Examples
    --------
    >>> from hypothesis import given
    >>> from autograd_cnn.testing import check, strategies
    >>> @given(strategies.pool_problems())
    ... def test(problem):
    ...     assert not check(problem, *problem.inputs, mode="directions").wrong
    >>> test()
    """
    name = draw(st.sampled_from(["max_pool2d", "avg_pool2d"]))
    axes = draw(_axes(None, name == "max_pool2d", fits).filter(_every_window_sees_the_image))
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 2)), axes[0].size, axes[1].size)
    x = draw(arrays(shape) if ties else separated_arrays(shape=shape))
    options = {"kernel_size": (axes[0].window, axes[1].window), **_windows(axes)}
    if name == "max_pool2d":
        options["dilation"] = (axes[0].dilation, axes[1].dilation)
    else:
        options["count_include_pad"] = draw(st.booleans())
    return Problem(name, (x,), (), options, axes[0].fits and axes[1].fits)


def _every_window_sees_the_image(axes: tuple[_Axis, _Axis]) -> bool:
    """Whether no window holds margin alone: its maximum is −∞, and no average of it exists."""
    for a in axes:
        count = (a.size + sum(a.padding) - a.dilation * (a.window - 1) - 1) // a.stride + 1
        for start in (a.stride * i - a.padding[0] for i in range(count)):
            if not any(0 <= start + a.dilation * j < a.size for j in range(a.window)):
                return False
    return True


def _windows(axes: tuple[_Axis, _Axis]) -> dict[str, Any]:
    return {"stride": (axes[0].stride, axes[1].stride), "padding": (axes[0].padding, axes[1].padding)}


@st.composite
def _signs(draw: st.DrawFn, shape: tuple[int, ...]) -> Array:
    return np.where(draw(arrays(shape, 0, 1)) > 0.5, 1, -1)


@st.composite
def _shifted(draw: st.DrawFn, shape: tuple[int, ...]) -> Array:
    """Eighths, shifted in every column by sixty-fourths of its own: columns differ by no eighth, none is whole."""
    return draw(arrays(shape)) + (np.arange(shape[-1]) + 1) / 64


@st.composite
def _loss_arguments(draw: st.DrawFn, name: str) -> tuple[tuple[Array, ...], tuple[Any, ...]]:
    n, k = draw(st.integers(1, 3)), draw(st.integers(2, 4))
    labels = arrays((n,), 0, (k - 1) / 8).map(lambda x: (8 * x).astype(np.int64))
    probabilities = arrays((n, k), 0.125, 0.875)
    x, row = draw(_shifted((n, k))), draw(_shifted((n,)))
    if name in ("cross_entropy", "multiclass_svm_loss", "multi_margin_loss"):
        return (x,), (draw(labels),)
    if name == "nll_loss":
        return (x,), (draw(labels),)
    if name in ("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"):
        return (x,), (draw(arrays((n, k))),)
    if name == "binary_cross_entropy":
        return (draw(probabilities),), (draw(probabilities),)
    if name == "binary_cross_entropy_with_logits":
        return (x,), (draw(arrays((n, k), 0, 1)),)
    if name == "kl_div":
        return (x,), (draw(probabilities),)
    if name in ("binary_hinge_loss", "hinge_embedding_loss"):
        return (row,), (draw(_signs((n,))),)
    if name == "attribute_hinge_loss":
        return (x,), (draw(_signs((n, k))),)
    return (row, draw(arrays((n,)))), (draw(_signs((n,))),)


LOSSES = (
    *("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss", "cross_entropy", "nll_loss", "binary_cross_entropy"),
    *("binary_cross_entropy_with_logits", "kl_div", "multiclass_svm_loss", "multi_margin_loss", "binary_hinge_loss"),
    *("attribute_hinge_loss", "hinge_embedding_loss", "margin_ranking_loss"),
)
"""The losses that `loss_problems` draws from."""


@st.composite
def loss_problems(draw: st.DrawFn, names: tuple[str, ...] = LOSSES) -> Problem:
    """Losses with predictions, targets and reduction, away from their kinks: no margin or error is whole.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given
    >>> from autograd_cnn.testing import strategies
    >>> @given(strategies.loss_problems(names=("cross_entropy",)))
    ... def test(problem):
    ...     assert np.all(problem(*problem.inputs) >= 0)
    >>> test()
    """
    name = draw(st.sampled_from(names))
    inputs, constants = draw(_loss_arguments(name))
    options: dict[str, Any] = {"reduction": draw(st.sampled_from(["mean", "sum", "none"]))}
    if name in ("huber_loss", "smooth_l1_loss"):
        bend = "delta" if name == "huber_loss" else "beta"
        options[bend] = draw(eighths(0.5, 2)) + 1 / 128
    return Problem(name, inputs, constants, options)
