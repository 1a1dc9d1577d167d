"""What a layer does, in words read from its gates and their attributes: ``conv2d 3×3, padding 1``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_cnn.graph import Node, Scalar
from autograd_cnn.health.grouping import is_activation

MOST = 3


def kind_of(nodes: list[Node], data: set[Node]) -> str:
    """Return the layer's kind; gates that only carry numbers along or add a bias are left out."""
    carrying = [node for node in nodes if node in data]
    if all(isinstance(node, Scalar) for node in carrying):
        activations = list(dict.fromkeys(_words(node, data) for node in carrying if is_activation(node)))
        multiplies = any(node.gate is not None and node.gate.name in ("multiply", "matmul") for node in carrying)
        return ", ".join((["linear"] if multiplies else []) + activations) or _listed(carrying, data)
    return _listed(carrying, data)


def _listed(nodes: list[Node], data: set[Node]) -> str:
    words = list(dict.fromkeys(_words(node, data) for node in nodes if not _is_bias(node, data)))
    words = words or [_words(node, data) for node in nodes]
    words = [word for word in words if word not in ("reshape", "transpose")] or words
    return ", ".join(words[:MOST]) + (" …" if len(words) > MOST else "")


def _is_bias(node: Node, data: set[Node]) -> bool:
    inputs = [x for x in node.inputs or () if isinstance(x, Node)]
    return node.gate is not None and node.gate.name == "add" and any(x not in data for x in inputs)


def _words(node: Node, data: set[Node]) -> str:
    assert node.gate is not None
    special = _SPECIAL.get(node.gate.name)
    return special(node, data) if special else node.gate.name.replace("_", " ")


def _convolution(node: Node, data: set[Node]) -> str:
    weight = (node.inputs or ())[1]
    words = f"conv2d {_pair(weight.shape[2:], square=True)}"
    options = _options(node.attributes, {"stride": (1, 1), "dilation": (1, 1)})
    groups = node.attributes["groups"]
    return words + options + (f", {groups} groups" if groups != 1 else "")


def _pooling(name: str) -> Callable[[Node, set[Node]], str]:
    def words(node: Node, data: set[Node]) -> str:
        window = node.attributes["window"]
        return f"{name} {_pair(window, square=True)}" + _options(
            node.attributes, {"stride": tuple(window), "dilation": (1, 1)}
        )

    return words


def _product(node: Node, data: set[Node]) -> str:
    return "linear" if any(isinstance(x, Node) and x not in data for x in node.inputs or ()) else "matmul"


def _reshape(node: Node, data: set[Node]) -> str:
    (source,) = node.inputs or ()
    return "flatten" if node.ndim == 2 and source.ndim > 2 and node.shape[0] == source.shape[0] else "reshape"


_SPECIAL: dict[str, Callable[[Node, set[Node]], str]] = {
    "conv2d": _convolution,
    "max_pool2d": _pooling("max pool"),
    "avg_pool2d": _pooling("average pool"),
    "matmul": _product,
    "reshape": _reshape,
}


def _options(attributes: dict[str, Any], plain: dict[str, tuple[int, ...]]) -> str:
    """Return ``, stride 2, padding 1``: what differs from the plain form."""
    words = [
        f"{name} {_pair(attributes[name])}"
        for name, usual in plain.items()
        if name in attributes and tuple(attributes[name]) != usual
    ]
    sides = {side for pair in attributes.get("padding", ()) for side in pair}
    if sides - {0}:
        words.append(f"padding {sides.pop()}" if len(sides) == 1 else f"padding {attributes['padding']}")
    return "".join(f", {word}" for word in words)


def _pair(sizes: Any, *, square: bool = False) -> str:
    height, width = sizes
    return str(height) if height == width and not square else f"{height}×{width}"
