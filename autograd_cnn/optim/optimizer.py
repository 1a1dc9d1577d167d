"""What all optimizers share: groups of parameters, what is remembered of each, and the step over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.graph import Parameter
from autograd_cnn.optim.groups import Leaf, Params, check_once, completed, listed, number
from autograd_cnn.optim.saved_states import are_lists, check_group, copied, loaded_state
from autograd_cnn.suggestions import suggest_options


class Optimizer:
    """Base of the optimizers: a subclass hands over its settings and defines `update`.

    Parameters
    ----------
    params : iterable of Parameter or Scalar, or list of groups
        What to train, usually ``model.parameters()``; or groups with settings of their own:
        ``[{"params": model.features.parameters(), "lr": 1e-3}, {"params": model.head.parameters()}]``.
    settings : mapping of str to number, tuple or str
        Settings of every group that does not give its own; ``lr`` must be among them.

    Attributes
    ----------
    param_groups : list of dict
        Each with its parameters under ``"params"`` and its settings, which may be changed between steps:
        ``optimizer.param_groups[0]["lr"] = 0.01``.
    state : dict of (Parameter or Scalar) to dict
        What is remembered of each parameter (a momentum, a count of steps).
    has_stepped : bool
        Whether `step` was called, here or before what was loaded was saved.

    Raises
    ------
    ArgumentError
        When there are no parameters, one comes twice, or something is no trainable leaf.
    UnknownNameError
        When a group has a setting that the optimizer does not know.

    Examples
    --------
    Weights decay, biases do not:

    >>> from autograd_cnn import nn, optim
    >>> model = nn.Sequential(fc1=nn.Linear(4, 3), fc2=nn.Linear(3, 2))
    >>> weights = [p for name, p in model.named_parameters() if name.endswith("weight")]
    >>> biases = [p for name, p in model.named_parameters() if name.endswith("bias")]
    >>> optimizer = optim.SGD([{"params": weights, "weight_decay": 5e-4}, {"params": biases}], lr=0.1)
    >>> [(len(group["params"]), group["weight_decay"]) for group in optimizer.param_groups]
    [(2, 0.0005), (2, 0.0)]
    """

    def __init_subclass__(cls) -> None:
        """Suggest the nearest option where one is mistyped."""
        super().__init_subclass__()
        suggest_options(cls)

    def __init__(self, params: Params, settings: Mapping[str, Any]) -> None:
        self.defaults = self.checked(dict(settings))
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[Leaf, dict[str, Any]] = {}
        self.has_stepped = False
        self._scratch: dict[tuple[Any, ...], NDArray[Any]] = {}
        self._factors: dict[tuple[Any, ...], tuple[NDArray[Any], ...]] = {}
        for group in listed(type(self).__name__, params):
            self.add_param_group(group)

    def checked(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return the settings of a group; raise ArgumentError when one of them cannot be.

        An optimizer with settings beside the learning rate checks them here.
        """
        return settings | {"lr": number(type(self).__name__, "lr", settings["lr"])}

    def update(
        self, value: NDArray[Any], gradient: NDArray[Any], state: dict[str, Any], group: Mapping[str, Any]
    ) -> None:
        """Write the new value of one parameter into its array `value`; leave `gradient` as it is.

        Arrays have the parameter's shape and dtype; `state` is empty at the first step, and may keep arrays like the
        parameter (see `remembered`) and a count ``"steps"``; `group` holds the settings.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no update; define update(self, value, gradient, state, group)"
        )

    @property
    def parameters(self) -> list[Leaf]:
        """All parameters, group by group."""
        return [parameter for group in self.param_groups for parameter in group["params"]]

    @property
    def lr(self) -> float:
        """The learning rate of all groups; setting it sets that of each. Raises ArgumentError where groups differ."""
        rates = {group["lr"] for group in self.param_groups}
        if len(rates) > 1:
            raise ArgumentError(
                f"{type(self).__name__}: its groups have learning rates {sorted(rates)}; "
                'read optimizer.param_groups[i]["lr"]'
            )
        rate: float = rates.pop()
        return rate

    @lr.setter
    def lr(self, rate: float) -> None:
        for group in self.param_groups:
            group["lr"] = number(type(self).__name__, "lr", rate)

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Train more parameters, such as layers that were frozen so far: ``{"params": ..., "lr": ...}``.

        Raises
        ------
        ArgumentError, UnknownNameError
            As when an optimizer is made.
        """
        kind = type(self).__name__
        whole = completed(kind, group, self.defaults)
        check_once(kind, self.parameters + whole["params"])
        self.param_groups.append(whole | self._checked_settings(whole))
        self.state.update({parameter: {} for parameter in whole["params"]})

    def _checked_settings(self, group: Mapping[str, Any]) -> dict[str, Any]:
        return self.checked({name: group[name] for name in self.defaults})

    def scratch(self, value: NDArray[Any], which: int = 0) -> NDArray[Any]:
        """Return an array like `value` to write intermediate results into: the same at every step."""
        key = value.shape, value.dtype, which
        found = self._scratch.get(key)
        if found is None:
            found = self._scratch[key] = np.empty_like(value)
        return found

    @staticmethod
    def remembered(state: dict[str, Any], name: str, value: NDArray[Any], start: float = 0.0) -> NDArray[Any]:
        """Return the array of that name in a parameter's state; one like `value` is made when there is none yet."""
        found: NDArray[Any] | None = state.get(name)
        if found is None:
            found = state[name] = np.full_like(value, start)
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

    def decayed(self, value: NDArray[Any], gradient: NDArray[Any], strength: float) -> NDArray[Any]:
        """Return the gradient with that of the penalty ½λ‖w‖² added, in scratch of its own."""
        if not strength:
            return gradient
        penalty = self.scratch(value, 1)
        np.multiply(value, strength, out=penalty)
        np.add(gradient, penalty, out=penalty)
        return penalty

    def step(self) -> None:
        """Change every parameter that has a gradient.

        Raises
        ------
        ShapeError
            When a gradient that was set by hand has another shape than its parameter.
        """
        for parameter, gradient, group in list(self._ready()):  # all are checked before the first is changed
            state = self.state[parameter]
            if isinstance(parameter, Parameter):
                self.update(parameter.writable(), gradient, state, group)
            else:
                value = np.array(parameter.value)
                self.update(value, np.array(gradient), state, group)
                parameter.assign(value.item())
        self.has_stepped = True

    def _ready(self) -> Iterator[tuple[Leaf, Any, dict[str, Any]]]:
        """Yield every parameter that has a gradient, with it and the parameter's group."""
        for group in self.param_groups:
            for parameter in group["params"]:
                gradient = parameter.grad
                if gradient is None:
                    continue
                if _shape(gradient) != _shape(parameter._value):
                    raise ShapeError(
                        f"{type(self).__name__}: {parameter!r} has a gradient of shape {np.shape(gradient)}, "
                        f"expected {parameter.shape}"
                    )
                yield parameter, gradient, group

    def zero_grad(self) -> None:
        """Forget all gradients: each is None again."""
        for parameter in self.parameters:
            parameter.zero_grad()

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of the groups' settings, with their parameters by number, and of what is remembered of each.

        Returns
        -------
        dict
            ``"param_groups"``, a list of dicts, and ``"state"``, a list of one dict for each parameter: nothing but
            dicts, lists, tuples, arrays, numbers and strings.
        """
        groups, begin = [], 0
        for group in self.param_groups:
            end = begin + len(group["params"])
            groups.append({**group, "params": list(range(begin, end))})
            begin = end
        return {"param_groups": groups, "state": [copied(self.state[parameter]) for parameter in self.parameters]}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned, for the same parameters in the same groups and order.

        Raises
        ------
        UnknownNameError
            When the settings belong to another optimizer.
        ArgumentError, ShapeError, DtypeError
            When it is no such state, or the number of parameters or the shape of one differs. Nothing
            is changed then.
        """
        kind = type(self).__name__
        if not isinstance(saved, Mapping) or {*saved} != {"param_groups", "state"} or not are_lists(saved.values()):
            raise ArgumentError(f"{kind}: got no saved optimizer, expected what state_dict() returned")
        groups, states = [self._loaded_group(group) for group in saved["param_groups"]], saved["state"]
        sizes = [len(group["params"]) for group in groups]
        expected = [len(group["params"]) for group in self.param_groups]
        if sizes != expected or len(states) != sum(sizes):
            raise ArgumentError(f"{kind}: saved for groups of {sizes} parameters, expected {expected}")
        loaded = [loaded_state(kind, *pair) for pair in zip(self.parameters, states, strict=True)]
        for group, settings in zip(self.param_groups, groups, strict=True):
            params = group["params"]
            group.clear()  # in place: who holds the group sees what was loaded
            group.update({**settings, "params": params})
        self.state = dict(zip(self.parameters, loaded, strict=True))
        self.has_stepped = True

    def _loaded_group(self, group: Mapping[str, Any]) -> dict[str, Any]:
        """Return a saved group, whose settings must be those of this optimizer."""
        check_group(type(self).__name__, group, self.defaults)
        return {**group, **self._checked_settings(group)}

    def __repr__(self) -> str:
        kind = type(self).__name__
        lines = [
            ", ".join(
                [f"{len(group['params'])} parameters", *(f"{k}={v!r}" for k, v in group.items() if k != "params")]
            )
            for group in self.param_groups
        ]
        return f"{kind}({lines[0]})" if len(lines) == 1 else f"{kind}(\n  " + "\n  ".join(lines) + "\n)"


def _shape(x: Any) -> tuple[int, ...]:
    shape: tuple[int, ...] = x.shape if type(x) is np.ndarray else np.shape(x)
    return shape
