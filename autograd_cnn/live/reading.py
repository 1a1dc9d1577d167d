"""Reading, deciding, drawing and writing beside gates: as ever while nothing is recorded, and else remembered."""

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


def array(x: Any) -> Any:
    """Return the plain array of a node, or of what NumPy takes for one; while recording, one that stays live.

    An array from outside that may be written into, such as a running mean, is read anew at every replay.
    """
    log = recording().log
    if log is None or not is_recording():
        return np.asarray(x.value if isinstance(x, Node) else x)
    if isinstance(x, Data):
        return x
    if isinstance(x, Node):
        return data_from("value", _same, (x,), x._value)
    if not isinstance(x, np.ndarray):
        return np.asarray(x)
    for made, source in log.sources:
        if source is x:
            return made
    made = data(x.copy(), None, (), {})
    made.serial = -1  # from outside, and therefore no constant
    log.sources.append((made, x))
    return made


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


def effect(function: Callable[..., None], *operands: Any) -> None:
    """Do something now, and at every replay once its gates were computed: ``function(*operands)`` on plain values."""
    log = recording().log
    if log is None:
        function(*operands)
        return
    if not log.muted:
        log.effects.append((function, operands))
        function(*[x._value if isinstance(x, Node) else x for x in operands])


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


def _same(value: Any) -> Any:
    return value
