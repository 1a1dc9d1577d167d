"""What every gate promises, as a table of properties that are proved at one call after the other.

>>> import numpy as np
>>> import autograd_cnn as ag
>>> from autograd_cnn import testing
>>> proved = testing.assert_gate(ag.GATES["softplus"], np.array([-1.0, 0.5, 2.0]), beta=2.0)
>>> proved[:3]
('gradient', 'second order', 'jvp')
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, AutogradError
from autograd_cnn.graph import Node
from autograd_cnn.registry import Gate
from autograd_cnn.testing.call import Call
from autograd_cnn.testing.checking import WrongGradientError
from autograd_cnn.testing.named import gate_named
from autograd_cnn.testing.promises import backward, derivatives, values
from autograd_cnn.testing.trial import Trial


class BrokenPromiseError(AutogradError, AssertionError):
    """A gate does not keep what every gate promises; `promise` names what."""

    def __init__(self, gate: str, promise: Promise, words: str) -> None:
        super().__init__(f"{gate}: {promise.statement}? No: {words}")
        self.promise = promise.name


@dataclass(frozen=True)
class Promise:
    """Something that holds for every gate, at every call that it applies to.

    Attributes
    ----------
    name, statement : str
        In short, and in a sentence.
    applies : callable
        Whether it means anything for a gate at a call.
    broken_by : callable
        Returns in words what is wrong, empty where it holds; a wrong gradient raises with its report.
    """

    name: str
    statement: str
    applies: Callable[[Trial], bool]
    broken_by: Callable[[Trial], str]

    def prove(self, gate: str | Gate, call: Call, seed: int = 0) -> bool:
        """Prove it for a gate at one call; return whether it applies there.

        Parameters
        ----------
        gate : str or Gate
            A gate of the package, or your own.
        call : Call
            Such as `autograd_cnn.testing.strategies.calls` draws.
        seed : int
            Of upstream gradients and directions.

        Raises
        ------
        BrokenPromiseError, WrongGradientError
            Where it does not hold.
        """
        trial = Trial(gate_named(gate, "prove"), call, seed)
        if not self.applies(trial):
            return False
        try:
            words = self.broken_by(trial)
        except WrongGradientError as error:
            error.add_note(f"{trial.gate.name} breaks its promise: {self.statement}")
            raise
        if words:
            raise BrokenPromiseError(trial.gate.name, self, words)
        return True


_SMOOTH = derivatives.is_differentiable

PROMISES: dict[str, Promise] = {
    name: Promise(name, statement, applies, broken_by)
    for name, statement, applies, broken_by in (
        (
            "gradient",
            "its rule gives the derivative of its forward",
            _SMOOTH,
            derivatives.gradient_is_the_derivative,
        ),
        (
            "second order",
            "the gradient of its gradient is the derivative of that",
            _SMOOTH,
            derivatives.second_order_is_the_derivative,
        ),
        (
            "jvp",
            "its jvp is the derivative along a line",
            derivatives.is_smooth_along_a_line,
            derivatives.jvp_is_the_directional_derivative,
        ),
        (
            "float32",
            "its backward pass in float32 is right, judged in float64",
            _SMOOTH,
            derivatives.narrow_gradient_is_the_derivative,
        ),
        (
            "shapes and dtypes",
            "each gradient has the shape and dtype of its input",
            _SMOOTH,
            backward.gradients_have_the_shape_and_dtype_of_their_input,
        ),
        (
            "broadcasting",
            "a repeated input receives the sum over its copies",
            backward.works_element_by_element,
            backward.a_repeated_input_receives_the_sum_over_its_copies,
        ),
        (
            "fan-out",
            "one node in several slots receives the sum",
            backward.fits_in_several_slots,
            backward.one_node_in_several_slots_receives_the_sum,
        ),
        (
            "alone",
            "an input receives the same whether others want a gradient or not",
            backward.has_several_inputs,
            backward.an_input_alone_receives_what_it_does_among_others,
        ),
        (
            "linear",
            "its gradients are linear in the upstream gradient",
            _SMOOTH,
            backward.gradients_are_linear_in_the_upstream_gradient,
        ),
        (
            "on nodes",
            "its rule gives on nodes what it gives on arrays",
            _SMOOTH,
            backward.the_rule_gives_on_nodes_what_it_gives_on_arrays,
        ),
        (
            "unchanged",
            "neither a call nor a walk back changes what it was given",
            values.always,
            values.neither_call_nor_backward_changes_what_it_was_given,
        ),
        (
            "expansion",
            "the gate equals its expansion",
            values.is_compound,
            values.a_compound_gate_equals_its_expansion,
        ),
        (
            "levels",
            "floats, arrays and Scalars agree",
            values.works_on_numbers,
            values.floats_arrays_and_scalars_agree,
        ),
        (
            "empty arrays",
            "arrays without elements have gradients of their shape",
            values.works_on_nothing,
            values.empty_arrays_have_empty_gradients,
        ),
    )
}
"""What every gate promises, by name."""


def assert_gate(gate: str | Gate, *inputs: Any, **attributes: Any) -> tuple[str, ...]:
    """Raise unless a gate keeps all `PROMISES` at one call.

    Parameters
    ----------
    gate : str or Gate
        A gate of the package, or your own.
    *inputs : Node, float, array_like
        What it is called with. Floating ones receive gradients, nodes where they require them.
    **attributes
        Attributes of the gate.

    Returns
    -------
    tuple of str
        Which promises apply to the gate at this call, and were proved.

    Raises
    ------
    WrongGradientError
        When its rule is not proved right by differences; `report` says more.
    BrokenPromiseError
        When it breaks another promise, `promise`.
    ArgumentError
        When it has no inputs where it needs some.

    Examples
    --------
    >>> import numpy as np
    >>> import autograd_cnn as ag
    >>> from autograd_cnn.testing import assert_gate
    >>> "broadcasting" in assert_gate("multiply", np.array([1.0, 2.0]), 3.0)
    True

    With hypothesis, at many calls:

    >>> from hypothesis import given
    >>> from autograd_cnn.testing import strategies
    >>> @given(call=strategies.calls("multiply"))
    ... def test(call):
    ...     assert_gate("multiply", *call.inputs, **call.attributes)
    """
    made = gate_named(gate, "assert_gate")
    if not inputs and not made.is_source:
        raise ArgumentError(f"assert_gate: {made.name} was given no inputs; give it some to be tried at")
    arrays = tuple(np.asarray(x.value if isinstance(x, Node) else x) for x in inputs)
    wanted = [x.requires_grad if isinstance(x, Node) else True for x in inputs]
    moving = tuple(i for i, x in enumerate(arrays) if x.dtype.kind == "f" and wanted[i])
    call = Call(arrays, attributes, moving)
    return tuple(name for name, promise in PROMISES.items() if promise.prove(made, call))
