"""Reading, deciding and drawing beside gates: as ever while nothing is recorded, and else remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.graph import Array, Node
from autograd_cnn.live.data import Data, called_plainly, data, data_from
from autograd_cnn.live.log import Drawn, is_recording
from autograd_cnn.recording import recording


def argument(value: Array) -> Data:
    """Return what stands for an array among the arguments of a function that is being recorded."""
    return data(value, None, (), {})


def number(x: Any, dtype: Any) -> Any:
    """Return one number of an array as a float, which widens no array; while recording, a live one of `dtype`."""
    return x.astype(dtype) if isinstance(x, Data) else float(x)


def for_message(x: Any) -> Array:
    """Return the numbers of an array as they are now, live or not: to be told in an error, not to be used."""
    return np.asarray(x._value if isinstance(x, Node) else x)


def saved(node: Node, name: str) -> Any:
    """Return what a gate's forward saved for its rule."""
    value = node.attributes[name]
    if recording().log is None or not is_recording():
        return value
    return data_from(f"saved {name}", Saved(name), (node,), value)


@dataclass(frozen=True)
class Saved:
    """Asks a node, rather than its value, for what its gate's forward saved."""

    name: str


def decided(function: Callable[..., int], *operands: Any) -> int:
    """Return what a function says of plain values; while recording, a replay must find that it says the same."""
    found = function(*[x._value if isinstance(x, Node) else x for x in operands])
    log = recording().log
    if log is not None and is_recording():
        log.guards.append((called_plainly(function.__name__, function, operands, {}), found))
    return found


def drawn(draw: Callable[[], int]) -> int:
    """Draw a seed now, and another one at every replay."""
    log = recording().log
    if log is None:
        return draw()
    seed = Drawn(log.drawn.popleft() if log.drawn else draw())
    log.draws.append((draw, seed))
    return seed


def as_attribute(x: Node) -> Array:
    """Return a copy of a node's array to be kept as an attribute of a gate; while recording, remember whose it is."""
    copy: Array = np.array(x._value)
    log = recording().log
    if log is not None and is_recording():
        log.attributes[id(copy)] = copy, x
    return copy
