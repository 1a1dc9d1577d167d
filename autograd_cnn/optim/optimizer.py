"""What all optimizers share: the parameters, their state, and the step over them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import ArgumentError, ShapeError, UnknownNameError, suggestion
from autograd_cnn.graph import Node, Parameter, Scalar


class Optimizer:
    """Base of the optimizers: a subclass names its `settings` and defines `update`.

    Parameters
    ----------
    params : iterable of Parameter or Scalar
        What to train, usually ``model.parameters()``.

    Attributes
    ----------
    parameters : list of Parameter or Scalar
    state : list of dict
        What the optimizer remembers of each parameter (a momentum, a count of steps).

    Raises
    ------
    ArgumentError
        When there are no parameters, one comes twice, or something is no trainable leaf.
    """

    settings: tuple[str, ...] = ("lr",)
    lr: float

    def __init__(self, params: Iterable[Parameter | Scalar]) -> None:
        self.parameters = _trainable(type(self).__name__, params)
        self.state: list[dict[str, Any]] = [{} for _ in self.parameters]
        self._scratch: dict[tuple[Any, ...], NDArray[Any]] = {}
        self._factors: dict[tuple[Any, ...], tuple[NDArray[Any], ...]] = {}

    def update(self, value: NDArray[Any], gradient: NDArray[Any], state: dict[str, Any]) -> None:
        """Write the new value of one parameter into its array `value`; leave `gradient` as it is.

        Arrays have the parameter's shape and dtype; `state` is empty at the first step.
        """
        raise NotImplementedError(f"{type(self).__name__} has no update; define update(self, value, gradient, state)")

    def scratch(self, value: NDArray[Any], which: int = 0) -> NDArray[Any]:
        """Return an array like `value` to write intermediate results into: the same at every step."""
        key = value.shape, value.dtype, which
        found = self._scratch.get(key)
        if found is None:
            found = self._scratch[key] = np.empty_like(value)
        return found

    def factors(self, dtype: np.dtype[Any], *numbers: float) -> tuple[NDArray[Any], ...]:
        """Return numbers as arrays of a dtype, by which NumPy multiplies faster than by the numbers."""
        key = dtype, numbers
        found = self._factors.get(key)
        if found is None:
            if len(self._factors) > 100:  # a schedule changes the learning rate at every step
                self._factors.clear()
            found = self._factors[key] = tuple([np.array(number, dtype) for number in numbers])
        return found

    def decayed(self, value: NDArray[Any], gradient: NDArray[Any]) -> NDArray[Any]:
        """Return the gradient with that of the penalty ½λ‖w‖² added, in scratch of its own."""
        penalty = self.scratch(value, 1)
        np.multiply(value, getattr(self, "weight_decay", 0.0), out=penalty)
        np.add(gradient, penalty, out=penalty)
        return penalty

    def step(self) -> None:
        """Change every parameter that has a gradient.

        Raises
        ------
        ShapeError
            When a gradient that was set by hand has another shape than its parameter.
        """
        ready = []
        for parameter, state in zip(self.parameters, self.state, strict=True):
            gradient = parameter.grad
            if gradient is None:
                continue
            if _shape(gradient) != _shape(parameter._value):
                raise ShapeError(
                    f"{type(self).__name__}: {parameter!r} has a gradient of shape {np.shape(gradient)}, "
                    f"expected {parameter.shape}"
                )
            ready.append((parameter, gradient, state))
        for parameter, gradient, state in ready:
            if isinstance(parameter, Parameter):
                self.update(parameter.writable(), gradient, state)
            else:
                value = np.array(parameter.value)
                self.update(value, np.array(gradient), state)
                parameter.assign(value.item())

    def zero_grad(self) -> None:
        """Forget all gradients: each is None again."""
        for parameter in self.parameters:
            parameter.zero_grad()

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of the settings and of what is remembered of each parameter, in order."""
        return {
            "settings": {name: getattr(self, name) for name in self.settings},
            "state": [_copied(state) for state in self.state],
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned, for the same parameters in the same order.

        Raises
        ------
        UnknownNameError
            When the settings belong to another optimizer.
        ArgumentError, ShapeError
            When it is no such state, or the number of parameters or the shape of one differs. Nothing
            is changed then.
        """
        kind = type(self).__name__
        if not isinstance(saved, Mapping) or {*saved} != {"settings", "state"}:
            raise ArgumentError(f"{kind}: got no saved optimizer, expected what state_dict() returned")
        settings, states = saved["settings"], [_copied(state) for state in saved["state"]]
        for name in settings:
            if name not in self.settings:
                raise UnknownNameError(f"{kind}: saved setting {name!r} is unknown{suggestion(name, self.settings)}")
        if len(states) != len(self.parameters):
            raise ArgumentError(f"{kind}: saved for {len(states)} parameters, expected {len(self.parameters)}")
        for parameter, state in zip(self.parameters, states, strict=True):
            for name, value in state.items():
                if isinstance(value, np.ndarray) and value.shape != parameter.shape:
                    raise ShapeError(f"{kind}: saved {name} has shape {value.shape}, expected that of {parameter!r}")
        for name, value in settings.items():
            setattr(self, name, value)
        self.state = states

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.settings)
        return f"{type(self).__name__}({len(self.parameters)} parameters, {settings})"


def _shape(x: Any) -> tuple[int, ...]:
    shape: tuple[int, ...] = x.shape if type(x) is np.ndarray else np.shape(x)
    return shape


def number(optimizer: str, name: str, value: Any, below: float = math.inf) -> float:
    """Return a setting as a float; raise ArgumentError unless 0 ≤ value < `below`."""
    if not isinstance(value, int | float | np.number) or isinstance(value, bool) or not 0 <= value < below:
        upper = "finite" if below == math.inf else f"below {below:g}"
        raise ArgumentError(f"{optimizer}: {name}={value!r}, expected a number of at least 0, {upper}")
    return float(value)


def _trainable(optimizer: str, params: Any) -> list[Parameter | Scalar]:
    if isinstance(params, Node):
        raise ArgumentError(f"{optimizer}: got one {type(params).__name__}, expected a list; use [parameter]")
    if hasattr(params, "parameters") or not isinstance(params, Iterable):
        raise ArgumentError(f"{optimizer}: got {type(params).__name__}, expected parameters; use model.parameters()")
    found = list(params)
    if not found:
        raise ArgumentError(f"{optimizer}: got no parameters; is the model empty, or an iterator used twice?")
    for x in found:
        if not isinstance(x, Parameter | Scalar) or x.gate is not None:
            what = repr(x) if isinstance(x, Node) else type(x).__name__
            raise ArgumentError(
                f"{optimizer}: got {what}, expected Parameters or Scalar leaves; "
                "use model.parameters(), or make it ag.Parameter(...)"
            )
    if len(set(found)) != len(found):
        twice = next(x for i, x in enumerate(found) if x in found[:i])
        raise ArgumentError(f"{optimizer}: {twice!r} comes twice; give each parameter once")
    return found


def _copied(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in state.items()}
