"""How gates called here and now are recorded: at all, in which layer, and whether NaN is let through."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ContextDecorator
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from autograd_cnn.errors import ArgumentError
from autograd_cnn.settings import written


@dataclass(frozen=True, slots=True)
class Recording:
    """How gates called here and now are recorded (per thread and asyncio task)."""

    active: bool = True
    scope: str = ""
    finite_only: bool = False
    compiling_from: int | None = None
    """While `ag.compile` records a function: the serial number from which nodes are the function's own."""
    log: Any = None
    """What `ag.compile` keeps of a function beside its gates: see `autograd_cnn.live`."""
    plain: bool = field(init=False)
    """Whether gates are simply recorded: the usual case, asked once per gate."""
    _inner: dict[str, Recording] = field(init=False, default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "plain", self.active and not self.finite_only)

    def within(self, name: str) -> Recording:
        """Return the same in layer `name`: one object whenever the layer is entered, so that nodes can share it."""
        found = self._inner.get(name)
        if found is None:
            found = replace(self, scope=f"{self.scope}/{name}" if self.scope else name)
            if len(self._inner) >= _MOST_INNER:
                self._inner.pop(next(iter(tuple(self._inner))), None)  # another thread may have been quicker
            self._inner[name] = found
        return found


_MOST_INNER = 1000
"""So many layers, the latest, are remembered by the one around them; names without end shall not fill the memory."""

_EVERYTHING = Recording()
_recording: ContextVar[Recording] = ContextVar("recording", default=_EVERYTHING)
_around: ContextVar[Any] = ContextVar("around", default=None)
"""The innermost ``with`` block, how it was around that, and the blocks further out; not kept in the object whose block
it is, since many threads may enter one object at once."""


recording = _recording.get
"""How gates are recorded here and now."""


class Recorded(ContextDecorator):
    """Changes inside the ``with`` block, or inside a function that it decorates, how gates are recorded."""

    __slots__ = ("_change",)

    def __init__(self, change: Callable[[Recording], Recording]) -> None:
        self._change = change

    def __enter__(self) -> None:
        here = _recording.get()
        inside = self._change(here)
        _around.set((self, here, _around.get()))
        _recording.set(inside)

    def __exit__(self, *error: object) -> None:
        around = _around.get()
        while around is not None and around[0] is not self:  # Ctrl-C kept a block inside from its end
            around = around[2]
        if around is not None:
            _recording.set(around[1])
            _around.set(around[2])


def recorded(**changes: Any) -> Recorded:
    """Change inside the ``with`` block how gates are recorded: see the attributes of `Recording`."""
    return Recorded(lambda outer: replace(outer, **changes))


def no_grad() -> Any:
    """Record nothing inside the ``with`` block: results are leaves without a gradient.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x = ag.Scalar(3.0)
    >>> with ag.no_grad():
    ...     y = x * x
    >>> y.gate is None, y.requires_grad
    (True, False)
    """
    return recorded(active=False)


def detect_anomaly() -> Any:
    """Raise inside the ``with`` block at the first node or gradient that is NaN or infinite.

    The error names the node, its gate and layer, and the range of each of its inputs.

    Examples
    --------
    >>> import numpy as np
    >>> import autograd_cnn as ag
    >>> x = ag.Tensor([4.0, -1.0], requires_grad=True, name="x")
    >>> with np.errstate(all="ignore"), ag.detect_anomaly(), ag.scope("fc"):
    ...     y = ag.sqrt(x)
    Traceback (most recent call last):
        ...
    autograd_cnn.errors.GradientError: detect_anomaly: Tensor (2,) float64 from sqrt in fc is not finite: 1 of 2 NaN
    from Tensor 'x' (2,) float64: −1 to 4
    """
    return recorded(finite_only=True)


def scope(name: str) -> Any:
    """Mark nodes made inside the ``with`` block as belonging to layer `name`; scopes nest.

    Parameters
    ----------
    name : str
        Of the layer, such as ``"conv1"``; ``"features/conv1"`` is a layer inside another.

    Raises
    ------
    ArgumentError
        For what is no str, and for an empty name, also before, behind or between slashes.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> with ag.scope("features"), ag.scope("conv1"):
    ...     y = ag.Scalar(1.0) + 1
    >>> y.scope
    'features/conv1'
    """
    if not isinstance(name, str) or "" in name.split("/"):
        wanted = "the name of a layer, such as 'conv1' or 'features/conv1'"
        raise ArgumentError(f"scope: name={written(name)}, expected {wanted}")
    return Recorded(lambda outer: outer.within(name))
