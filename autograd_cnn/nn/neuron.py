"""Neurons made of single numbers, in which every gate can be seen (after micrograd's nn.py)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_cnn.errors import DtypeError, ShapeError, UnknownNameError, suggestion
from autograd_cnn.gates import activation as gates
from autograd_cnn.graph import Scalar
from autograd_cnn.memory import check_room
from autograd_cnn.nn.module import Module
from autograd_cnn.random import generator
from autograd_cnn.settings import count

_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {"relu": gates.relu, "tanh": gates.tanh, "sigmoid": gates.sigmoid}


_LEAST_BYTES = 200
"""What a weight that is a Scalar takes at least: itself, its number, its name, and where they are kept."""
_WAY_OUT = "make fewer or smaller layers, or nn.Linear, which keeps all weights in one array"


class Neuron(Module):
    """One neuron: activation(w0·x0 + w1·x1 + … + b), added up gate by gate.

    Parameters
    ----------
    n_inputs : int
        Number of inputs. The weights ``w0``, ``w1``, … start evenly distributed between ±1, the
        bias ``b`` at 0.
    activation : {"relu", "tanh", "sigmoid"} or None
        What the sum goes through; None leaves it as it is.
    rng : numpy.random.Generator or int, optional
        Where the weights come from; the default generator.

    Raises
    ------
    ArgumentError, UnknownNameError, OutOfMemoryError
        When a setting is not allowed, or there are more weights than fit in memory.

    Examples
    --------
    >>> from autograd_cnn import nn
    >>> neuron = nn.Neuron(2, "tanh", rng=0)
    >>> [parameter.name for parameter in neuron.parameters()]
    ['w0', 'w1', 'b']
    >>> output = neuron([1.0, -2.0])
    >>> output.backward()
    >>> neuron.w1.grad == -2 * neuron.w0.grad
    True
    """

    def __init__(
        self, n_inputs: int, activation: str | None = "relu", *, rng: np.random.Generator | int | None = None
    ) -> None:
        if activation is not None and activation not in _ACTIVATIONS:
            raise UnknownNameError(
                f"Neuron: activation={activation!r}, expected one of {', '.join(map(repr, _ACTIVATIONS))} or None"
                + suggestion(str(activation), _ACTIVATIONS)
            )
        self.n_inputs = count("Neuron", "n_inputs", n_inputs)
        self.activation = activation
        check_room("Neuron: weights", (self.n_inputs,), _LEAST_BYTES, _WAY_OUT)
        for i, weight in enumerate(generator(rng).uniform(-1, 1, n_inputs).tolist()):
            setattr(self, f"w{i}", Scalar(weight))
        self.b = Scalar(0.0)

    def forward(self, x: Sequence[float | Scalar]) -> Scalar:
        """Return the output for `n_inputs` numbers or Scalars."""
        total = self.b
        for i, number in enumerate(_numbers(x, self.n_inputs)):
            total = total + vars(self)[f"w{i}"] * number
        return total if self.activation is None else _ACTIVATIONS[self.activation](total)

    def extra_repr(self) -> str:
        """Return the number of inputs and the activation."""
        return f"{self.n_inputs}, activation={self.activation!r}"


class NeuronLayer(Module):
    """Neurons ``neuron0``, ``neuron1``, … side by side, which see the same inputs.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Inputs of each neuron, and number of neurons.
    activation, rng
        As in `Neuron`.
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        activation: str | None = "relu",
        *,
        rng: np.random.Generator | int | None = None,
    ) -> None:
        rng = generator(rng)
        shape = count("NeuronLayer", "n_outputs", n_outputs), count("NeuronLayer", "n_inputs", n_inputs)
        check_room("NeuronLayer: weights", shape, _LEAST_BYTES, _WAY_OUT)
        for i in range(n_outputs):
            setattr(self, f"neuron{i}", Neuron(n_inputs, activation, rng=rng))

    def forward(self, x: Sequence[float | Scalar]) -> Scalar | list[Scalar]:
        """Return the outputs; a layer of one neuron returns the one, as micrograd does."""
        outputs = [neuron(x) for neuron in self.children()]
        return outputs[0] if len(outputs) == 1 else outputs


class NeuronMLP(Module):
    """Layers ``layer0``, ``layer1``, … of neurons; the last one has no activation.

    Parameters
    ----------
    n_inputs : int
        Number of inputs.
    n_outputs : sequence of int
        Number of neurons of each layer.
    activation, rng
        As in `Neuron`.

    Examples
    --------
    >>> from autograd_cnn import nn
    >>> model = nn.NeuronMLP(2, [16, 16, 1], rng=0)
    >>> len(list(model.parameters()))
    337
    >>> model([1.0, -2.0]).scope
    'layer2/neuron0'
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: Sequence[int],
        activation: str | None = "relu",
        *,
        rng: np.random.Generator | int | None = None,
    ) -> None:
        rng = generator(rng)
        sizes = [n_inputs, *n_outputs]
        count("NeuronMLP", "number of layers", len(n_outputs))
        for i, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
            last = i == len(n_outputs) - 1
            setattr(self, f"layer{i}", NeuronLayer(n_in, n_out, None if last else activation, rng=rng))

    def forward(self, x: Sequence[float | Scalar]) -> Scalar | list[Scalar]:
        """Return the outputs for `n_inputs` numbers or Scalars; one output is returned as itself."""
        result: Any = x
        for layer in self.children():
            result = layer(result)
        return result  # type: ignore[no-any-return]


def _numbers(x: Any, expected: int) -> list[float | Scalar]:
    """Return the inputs of a neuron as Scalars and floats, checked."""
    inputs = [x] if isinstance(x, Scalar | float | int) else list(x)
    if len(inputs) != expected:
        raise ShapeError(f"Neuron: got {len(inputs)} inputs, expected {expected}")
    for number in inputs:
        if not isinstance(number, Scalar | float | int | np.integer | np.floating):
            raise DtypeError(f"Neuron: got an input of {type(number).__name__}, expected numbers or Scalars")
    return [number if isinstance(number, Scalar) else float(number) for number in inputs]
