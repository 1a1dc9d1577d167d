"""The layers of a network in the order in which they ask each other for shapes, with what each makes of its input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autograd_cnn import nn
from autograd_cnn.errors import AutogradError
from autograd_cnn.models.reach import Reach
from autograd_cnn.nn.shapes import Shape, watching


@dataclass(frozen=True)
class Visit:
    """One call of a layer that has no layers inside, or does not ask them.

    Attributes
    ----------
    name : str
        Path of the layer in the network, such as ``features/0``; empty for the network itself.
    layer : Module
    input_shape, output_shape : tuple of int
        Of one sample, without the batch axis.
    reach : Reach
        What its output sees of the network's input.
    """

    name: str
    layer: nn.Module
    input_shape: Shape
    output_shape: Shape
    reach: Reach


@dataclass(frozen=True)
class Way:
    """How one sample goes through a network.

    Attributes
    ----------
    layers : tuple of Visit
        In order; branches one after the other.
    blocks : dict of str to Visit
        Modules that are made of these layers, by name.
    """

    layers: tuple[Visit, ...]
    blocks: dict[str, Visit]


def walk(model: nn.Module, input_shape: Shape) -> Way:
    """Return how a sample of this shape goes through a network.

    Raises
    ------
    ShapeError, ArgumentError
        When a layer cannot take what the one before gives, or declares no output_shape.
    """
    walker = _Walker(model)
    with watching(walker):
        model.output_shape(input_shape)
    return Way(tuple(walker.layers), walker.blocks)


class _Reaching(tuple[int, ...]):
    """A shape that remembers how far its numbers reach."""

    reach: Reach


class _Walker:
    """Watches the calls of ``output_shape``: what a module asks the layers inside tells how it is put together."""

    def __init__(self, model: nn.Module) -> None:
        self.names = {module: name.replace(".", "/") for name, module in model.named_modules()}
        self.layers: list[Visit] = []
        self.blocks: dict[str, Visit] = {}
        self.open: list[list[_Reaching]] = []
        """For each module that is being asked, innermost last: its input, and the outputs of those it asked."""

    def __call__(self, module: Any, input_shape: Shape, declared: Any) -> Shape:
        given = self._known(input_shape)
        self.open.append([given])
        try:
            output = _Reaching(declared(module, given))
        except AutogradError as error:
            if not hasattr(error, "__notes__"):
                name = self.names.get(module) or type(module).__name__
                error.add_note(f"in layer {name}: {type(module).__name__}({module.extra_repr()})")
            raise
        finally:
            seen = self.open.pop()
        is_block = len(seen) > 1
        output.reach = _joined(seen, output) if is_block else given.reach.after(module, given, output)
        visit = Visit(self.names.get(module, ""), module, tuple(given), tuple(output), output.reach)
        if is_block:
            self.blocks[visit.name] = visit
        else:
            self.layers.append(visit)
        if self.open:
            self.open[-1].append(output)
        return output

    def _known(self, shape: Shape) -> _Reaching:
        """Return a shape with its reach: the latest of the same shape that the asking module has seen."""
        if isinstance(shape, _Reaching):
            return shape
        seen = self.open[-1] if self.open else []
        same = [x for x in seen if tuple(x) == tuple(shape)] or seen[-1:]
        known = _Reaching(shape)
        known.reach = same[-1].reach if same else Reach()
        return known


def _joined(seen: list[_Reaching], output: _Reaching) -> Reach:
    """Return how far the output of branches reaches: as far as any of them, with the jump of those of its size."""
    fits = [x.reach for x in seen if x[1:] == output[1:]] or [seen[-1].reach]
    heights, widths = zip(*(x.reach.field for x in seen), strict=True)
    return Reach((max(heights), max(widths)), fits[-1].jump, fits[-1].places, max(x.reach.depth for x in seen))
