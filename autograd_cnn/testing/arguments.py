"""The arguments of a check: which of them become leaves, which of them are checked, and what cannot be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, DtypeError, GradientError
from autograd_cnn.graph import Node, Scalar, Tensor, describe
from autograd_cnn.settings import is_whole
from autograd_cnn.testing.subject import Subject
from autograd_cnn.testing.surroundings import Surroundings


def subject_of(f: Callable[..., Any], inputs: Sequence[Any], wrt: Any) -> Subject:
    """Turn the arguments of a check into a subject.

    Raises
    ------
    ArgumentError, DtypeError, GradientError
        When there is nothing to check, or `wrt` names what has no gradient.
    """
    if not callable(f):
        raise ArgumentError(f"check: got {type(f).__name__}, expected a function of nodes")
    wanted = None if wrt is None else list(wrt) if isinstance(wrt, list | tuple) else [wrt]
    places = set() if wanted is None else {_place(w, inputs) for w in wanted if not isinstance(w, Node)}
    arguments = tuple(_argument(i, x, wanted is None or i in places) for i, x in enumerate(inputs))
    names = {x: x.name or f"input {i}" for i, x in reversed(list(enumerate(arguments))) if isinstance(x, Node)}
    if wanted is None:
        leaves = [x for x in arguments if isinstance(x, Node) and x.requires_grad]
        if not leaves:
            kinds = ", ".join(describe(x) if isinstance(x, Node) else _kind(x) for x in arguments) or "no input"
            integer = any(_is_integer(x) for x in inputs)
            error = DtypeError if integer else GradientError
            raise error(f"check: no input needs a gradient ({kinds}); give floats, or nodes with requires_grad=True")
    else:
        leaves = [_leaf(w, arguments, inputs) for w in wanted]
        names |= {x: x.name or f"wrt {i}" for i, x in enumerate(leaves) if x not in names}
    leaves = list(dict.fromkeys(leaves))
    return Subject(f, arguments, tuple(leaves), tuple(names[x] for x in leaves), Surroundings(f))


def _argument(i: int, x: Any, checked: bool) -> Any:
    """Return what the function is called with: a leaf for anything floating, other things as they are."""
    if isinstance(x, Node):
        if x.is_leaf:
            return x
        kind = Scalar if isinstance(x, Scalar) else Tensor
        return kind(x.value, requires_grad=x.requires_grad, name=x.name)
    if isinstance(x, float):
        return Scalar(x, requires_grad=checked)
    if isinstance(x, np.ndarray | np.floating | list) and np.asarray(x).dtype.kind == "f":
        return Tensor(x, requires_grad=checked)
    return x


def _place(wrt: Any, inputs: Sequence[Any]) -> int:
    if not is_whole(wrt, -len(inputs), len(inputs) - 1):
        raise ArgumentError(f"check: wrt={wrt!r}, expected a node or the place of one of {len(inputs)} inputs")
    return int(wrt) % len(inputs)


def _leaf(wrt: Any, arguments: tuple[Any, ...], inputs: Sequence[Any]) -> Node:
    """Return the leaf that `wrt` means."""
    place = next((i for i, x in enumerate(inputs) if x is wrt), None) if isinstance(wrt, Node) else None
    if not isinstance(wrt, Node):
        place = _place(wrt, inputs)
    leaf = wrt if place is None else arguments[place]
    if not isinstance(leaf, Node) or leaf.dtype.kind != "f":
        raise DtypeError(f"check: wrt means {_kind(leaf)}, which has no gradient; make it floating")
    if not leaf.requires_grad:
        raise GradientError(f"check: {describe(leaf)} needs no gradient; make it with requires_grad=True")
    if not leaf.is_leaf:
        raise GradientError(f"check: {describe(leaf)} in wrt was made by a gate; give it as an input of the function")
    return leaf


def _is_integer(x: Any) -> bool:
    return not isinstance(x, str | bytes) and np.asarray(x.value if isinstance(x, Node) else x).dtype.kind in "biu"


def _kind(x: Any) -> str:
    if isinstance(x, Node):
        return describe(x)
    return f"{x.dtype} of shape {x.shape}" if isinstance(x, np.ndarray) else type(x).__name__
