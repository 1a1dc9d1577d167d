"""Module: a part of a network that knows its parameters, its layers and their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from autograd_cnn import live
from autograd_cnn.errors import ArgumentError, AutogradError, UnknownNameError, suggestion
from autograd_cnn.graph import Node, Parameter, Scalar
from autograd_cnn.nn.nesting import too_deep, written_out
from autograd_cnn.nn.saved_values import check_values
from autograd_cnn.nn.shapes import Shape, watchable
from autograd_cnn.recording import recording, scope
from autograd_cnn.suggestions import suggest_options


class UnknownLayerError(UnknownNameError, AttributeError):
    """A layer, parameter or attribute that a module does not have."""


class Module:
    """Base of all layers and networks: assign parameters and layers as attributes, define `forward`.

    What is assigned is found again by its attribute name: in `named_parameters` as
    ``features.conv1.weight``, in the graph as scope ``features/conv1`` of every node that the layer
    makes. A layer keeps the name it was given first. Parameters may be `Parameter` or, at the scalar
    level, `Scalar` leaves.

    Attributes
    ----------
    training : bool
        Whether the module is being trained; see `train` and `eval`.
    frozen : bool
        Whether `train` leaves the module in evaluation; see `autograd_cnn.models.freeze`.

    Examples
    --------
    >>> import numpy as np
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import nn
    >>> class Network(nn.Module):
    ...     def __init__(self):
    ...         self.hidden = nn.Linear(4, 3, rng=0)
    ...         self.output = nn.Linear(3, 2, rng=1)
    ...
    ...     def forward(self, x):
    ...         return self.output(ag.relu(self.hidden(x)))
    >>> model = Network()
    >>> [name for name, _ in model.named_parameters()]
    ['hidden.weight', 'hidden.bias', 'output.weight', 'output.bias']
    >>> scores = model(np.ones((5, 4), np.float32))
    >>> scores.shape, scores.scope
    ((5, 2), 'output')
    """

    training: bool = True
    frozen: bool = False
    forward: Callable[..., Any]
    _name: str | None = None
    _buffers: Mapping[str, NDArray[Any]] = MappingProxyType({})
    _shown: tuple[str, ...] = ()
    """The settings that a layer's repr shows, unless it has an `extra_repr` of its own."""

    def __init_subclass__(cls) -> None:
        """Let options suggest their names, `output_shape` be watched: its calls tell how a network is put together."""
        super().__init_subclass__()
        suggest_options(cls)
        if "output_shape" in vars(cls):
            cls.output_shape = watchable(vars(cls)["output_shape"])  # type: ignore[assignment,method-assign]

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Run `forward` in the scope of the layer's name; an error carries a note that names the layer."""
        with nullcontext() if self._name is None else scope(self._name):
            where = recording().scope
            live.called(self)
            for _, parameter in self._own_parameters():
                parameter.scope = where
            try:
                return self.forward(*inputs, **options)
            except RecursionError as error:
                raise too_deep(error, self, where.count("/") + bool(where)) from None
            except AutogradError as error:
                if not hasattr(error, "__notes__"):
                    kind = type(self).__name__
                    error.add_note(f"in layer {where or kind}: {kind}({self.extra_repr()})")
                raise

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output for one sample, both without the batch axis.

        A module with layers inside asks these for theirs, in the order in which `forward` calls them: so it
        declares how they are put together, which `autograd_cnn.models.summary` reads.

        Raises
        ------
        ShapeError
            When the module cannot take such an input.
        ArgumentError
            When the class does not declare it.
        """
        raise ArgumentError(
            f"{type(self).__name__} declares no output_shape; define output_shape(self, input_shape) in the class"
        )

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the modules that were assigned as attributes, with their names."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def children(self) -> Iterator[Module]:
        """Yield the modules that were assigned as attributes."""
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Yield the module itself and all inside it, each once, with dotted names from here."""
        seen: set[Module] = set()
        stack: list[tuple[str, Module]] = [(prefix, self)]
        while stack:
            path, module = stack.pop()
            if module not in seen:
                seen.add(module)
                yield path, module
                stack.extend(reversed([(_join(path, name), child) for name, child in module.named_children()]))

    def modules(self) -> Iterator[Module]:
        """Yield the module itself and all inside it, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter | Scalar]]:
        """Yield all parameters, each once, with dotted names such as ``features.conv1.weight``.

        Raises
        ------
        ArgumentError
            When a module keeps layers or parameters in a list, tuple or dict, where they have no name.
        """
        seen: set[Node] = set()
        for path, module in self.named_modules(prefix):
            module._check_no_hidden_layers()
            for name, parameter in module._own_parameters():
                if parameter not in seen:
                    seen.add(parameter)
                    yield _join(path, name), parameter

    def parameters(self) -> Iterator[Parameter | Scalar]:
        """Yield all parameters, each once; see `named_parameters`."""
        return (parameter for _, parameter in self.named_parameters())

    def register_buffer(self, name: str, value: Any) -> None:
        """Make an array an attribute that belongs to the state but is not trained, such as a running mean.

        Write into it (``self.running_mean[...] = ...``) or assign it anew, also a node, whose value is taken: the
        module keeps a copy. It is part of `state_dict`, copied with the module, and read and written anew at every
        call of a compiled function.

        Raises
        ------
        ArgumentError
            When the name cannot be used, or is taken, or the value is no array of real numbers.
        """
        if not name or "." in name or "/" in name or hasattr(self, name):
            raise ArgumentError(f"{type(self).__name__}: {name!r} cannot name a buffer: it is taken, or no plain name")
        self._buffers = {**self._buffers, name: np.array(live.of_numbers(name, value))}

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, NDArray[Any]]]:
        """Yield the arrays given to `register_buffer`, here and in all modules inside, with dotted names."""
        for path, module in self.named_modules(prefix):
            for name in module._buffers:
                yield _join(path, name), getattr(module, name)

    def buffers(self) -> Iterator[NDArray[Any]]:
        """Yield the arrays given to `register_buffer`; see `named_buffers`."""
        return (buffer for _, buffer in self.named_buffers())

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and in all modules inside, but frozen ones; return the module."""
        for module in self.modules():
            module.training = bool(mode) and not module.frozen
        return self

    def eval(self) -> Self:
        """Leave training: ``train(False)``."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters: each is None again."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Return a copy of the value of every parameter and buffer, by name; the parameters come first."""
        values = {name: parameter.numpy() for name, parameter in self.named_parameters()}
        return values | {name: buffer.copy() for name, buffer in self.named_buffers()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Write saved values into the parameters and buffers, all or nothing; they are cast to each one's dtype.

        Raises
        ------
        UnknownNameError
            When names are missing or unexpected; the message lists them, each with the nearest name.
        ShapeError, DtypeError
            When a value has the wrong shape, or is not made of real numbers.
        ArgumentError
            When `state` maps no names to values.
        """
        kind = type(self).__name__
        if not isinstance(state, Mapping):
            raise ArgumentError(f"load_state_dict: {kind}: got {type(state).__name__}, expected names and arrays")
        parameters, buffers = dict(self.named_parameters()), dict(self.named_buffers())
        targets: dict[str, Any] = parameters | buffers
        values = {name: np.asarray(value) for name, value in state.items()}
        check_values(kind, values, targets)
        for name, parameter in parameters.items():
            parameter.assign(values[name])  # type: ignore[arg-type]  # a Scalar takes a 0-d array
        for name, buffer in buffers.items():
            buffer[...] = values[name]

    def extra_repr(self) -> str:
        """Return what stands between the brackets of the layer's repr."""
        return ", ".join([f"{name}={_as_written(getattr(self, name))}" for name in self._shown])

    def __repr__(self) -> str:
        return written_out(self, Module.__repr__)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._buffers:
            live.assign(self._buffers, name, value)  # type: ignore[arg-type]
            return
        if isinstance(value, Module | Parameter | Scalar):
            if not name or "." in name or "/" in name or hasattr(type(self), name):
                raise ArgumentError(
                    f"{type(self).__name__}: {name!r} cannot name a {type(value).__name__}: the name is "
                    + ("taken by the class" if hasattr(type(self), name) else "empty or contains '.' or '/'")
                )
            if isinstance(value, Module):
                if value._name is None:
                    value._name = name
            elif value.name is None and value.is_leaf:
                value.name = name
        live.changes[0] += 1
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        """Return a buffer; only called for what is no attribute otherwise."""
        buffers = self._buffers
        if name in buffers:
            if recording().log is None:
                return buffers[name]
            live.called(self)
            return live.buffer(buffers, name)
        kind = type(self).__name__
        if name == "forward":
            raise UnknownLayerError(f"{kind} has no forward; define forward(self, x) in the class")
        known = [known for known in dir(self) if not known.startswith("_")]
        raise UnknownLayerError(f"{kind} has no attribute {name!r}{suggestion(name, known)}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._buffers]

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes; a copy has buffers of its own names, which may be assigned anew there."""
        return vars(self) | ({"_buffers": dict(self._buffers)} if self._buffers else {})

    def _own_parameters(self) -> Iterator[tuple[str, Parameter | Scalar]]:
        """Yield the leaves assigned as attributes; a Scalar that a gate made is a result, no parameter."""
        for name, value in vars(self).items():
            if isinstance(value, Node) and (
                isinstance(value, Parameter) or (isinstance(value, Scalar) and value.is_leaf)
            ):
                yield name, value

    def _check_no_hidden_layers(self) -> None:
        for name, value in vars(self).items():
            members = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
            for member in members:
                if isinstance(member, Module | Parameter):
                    raise ArgumentError(
                        f"{type(self).__name__}.{name} is a {type(value).__name__} that holds a "
                        f"{type(member).__name__}, which has no name there and would not be trained; "
                        "use nn.Sequential, or setattr with a name for each"
                    )


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _as_written(setting: Any) -> str:
    return repr(setting) if isinstance(setting, str) else str(setting)
