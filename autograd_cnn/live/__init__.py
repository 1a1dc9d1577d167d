"""What a compiled function must look at, draw or do again at every replay, and not only while it is recorded.

A replay repeats gates. Beside them a function reads plain arrays (labels, buffers of modules), decides by them (is a
label out of range?), draws random numbers and writes into buffers (running statistics). Code that does so says it
with the functions of this package; of a module's buffers, `nn.Module` does. While nothing is recorded by `ag.compile`
they do what they wrap and nothing else.
"""

from autograd_cnn.live.arrays import array, assign, buffer, check_current, effect, of_numbers
from autograd_cnn.live.data import Data, Plainly
from autograd_cnn.live.log import Drawn, Held, Log, Source, is_recording
from autograd_cnn.live.modules import called, changes, is_same
from autograd_cnn.live.reading import (
    Saved,
    argument,
    as_attribute,
    decided,
    drawn,
    for_message,
    number,
    saved,
)

__all__ = [
    "Data",
    "Drawn",
    "Held",
    "Log",
    "Plainly",
    "Saved",
    "Source",
    "argument",
    "array",
    "as_attribute",
    "assign",
    "buffer",
    "called",
    "changes",
    "check_current",
    "decided",
    "drawn",
    "effect",
    "for_message",
    "is_recording",
    "is_same",
    "number",
    "of_numbers",
    "saved",
]
