"""Gates: the `gate` decorator, what it makes, and the table of all of them.

A gate is written as one short page, in the package or outside it::

    @gate("×", broadcasts=True, operator="__mul__")
    def multiply(a, b):
        return a * b


    @multiply.vjp
    def _(upstream, output, a, b):
        return upstream * b, upstream * a

Called on plain values a gate computes; called on a node it records. Its positional parameters are
the inputs, its keyword-only parameters the attributes. Rules are written with gates and operators
only, so the same rule works on floats, on arrays and, for second order, on nodes.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numpy as np

from autograd_cnn.calling import called
from autograd_cnn.errors import ArgumentError, GradientError, UnknownNameError
from autograd_cnn.graph.origin import Origin, of_leaves
from autograd_cnn.operands import bind_operator, bind_to_nodes
from autograd_cnn.recording import Recording
from autograd_cnn.suggestions import suggesting

Value: TypeAlias = Any
"""What gates and rules work on: a float, an ndarray or a Node alike."""

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Gate:
    """An operation with its gradient rule; made by the `gate` decorator.

    Attributes
    ----------
    name, symbol : str
        The function's name, and what pictures write into the gate.
    forward, rule, branches, expand : callable or None
        What it computes; its vjp; the side of a kink each element took; the same computation in
        smaller gates. Only a compound gate has an expansion, only a gate with kinks has branches.
    has_gradient, differentiable : bool
        Whether it has a rule or an expansion to be differentiated by; whether its rule is made of
        gates, so that it can be differentiated in turn.
    broadcasts : bool
        Inputs broadcast as in NumPy; the engine undoes it for the gradients.
    is_source : bool
        Whether it has no inputs: a call always makes a node, as when a mask is drawn.
    saves : tuple of str
        Names of what `forward` returns beside its output, handed to the rule.
    saturates : float or None
        Largest local gradient of an activation whose slope dies away on its outer sides.
    dead_side : bool
        Whether one side of the kink has local gradient exactly 0, as in ReLU.
    """

    # what is asked at every call has slots, which Python finds faster than entries of __dict__
    __slots__ = (
        *("__dict__", "__weakref__", "_origin", "_origin_of_scalars", "_rule", "arity", "attributes", "differentiable"),
        *("forward", "has_gradient", "is_plain", "saves", "scalar", "short_rule", "takes_more", "takes_needs"),
    )

    def __init__(
        self,
        forward: Callable[..., Any],
        symbol: str,
        *,
        broadcasts: bool,
        scalar: Callable[..., float] | None,
        saves: tuple[str, ...],
        saturates: float | None,
        dead_side: bool,
    ) -> None:
        functools.update_wrapper(self, forward)
        self.name = forward.__name__
        self.symbol = symbol
        self.forward = forward
        self.scalar = scalar or forward
        self.broadcasts = broadcasts
        self.saves = saves
        self.saturates = saturates
        self.dead_side = dead_side
        self.differentiable = True
        self.has_gradient = False
        self.branches: Callable[..., Any] | None = None
        self.expand: Callable[..., Any] | None = None
        parameters = inspect.signature(forward).parameters.values()
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.arity = sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)
        self.attributes = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        self.takes_more = self.variadic or bool(self.attributes)
        self.is_source = self.arity == 0 and not self.variadic
        self.is_plain = not (self.takes_more or self.is_source or saves)
        self.rule = None
        self._origin = self._origin_of_scalars = of_leaves("")

    @property
    def rule(self) -> Callable[..., Any] | None:
        """The vjp of the gate; None where there is none."""
        return self._rule

    @rule.setter
    def rule(self, rule: Callable[..., Any] | None) -> None:
        self._rule = rule
        self.takes_needs = rule is not None and "needs" in inspect.signature(rule).parameters
        # what backpropagation may call as rule(upstream, output, a) or rule(upstream, output, a, b)
        self.short_rule = rule if self.is_plain and self.arity <= 2 and not self.takes_needs else None

    def origin_here(self, here: Recording, of_scalars: bool = False) -> Origin:
        """Return the origin of nodes without attributes that the gate makes while `here` holds."""
        origin = self._origin_of_scalars if of_scalars else self._origin
        if origin.recording is here:
            return origin
        origin = Origin(self, here.scope, of_scalars=of_scalars, recording=here)
        if of_scalars:
            self._origin_of_scalars = origin
        else:
            self._origin = origin
        return origin

    def vjp(self, rule: Callable[..., Any] | None = None, *, differentiable: bool = True) -> Any:
        """Declare the rule that turns the upstream gradient into one downstream gradient per input.

        It is called as ``rule(upstream, output, *inputs, **attributes, **saved)``, and with
        ``needs=(True, False, ...)`` if it has a parameter of that name. It returns one gradient, or
        a tuple with one entry per input; None stands for no gradient.

        A compound gate may declare a fast rule that is not made of gates,
        ``@gate.vjp(differentiable=False)``, or none at all: its gradients of gradients, or all of
        them, then go through its expansion.
        """
        if rule is None:
            return functools.partial(self.vjp, differentiable=differentiable)
        self.rule = rule
        self.differentiable = differentiable
        self.has_gradient = True
        return rule

    def branch(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Declare which side of its kink each element took: ``rule(*inputs, **attributes)`` -> integers."""
        self.branches = rule
        return rule

    def expansion(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Declare the same computation written in smaller gates; it makes this a compound gate."""
        self.expand = rule
        self.has_gradient = True
        return rule

    __call__ = called

    def __repr__(self) -> str:
        return f"<gate {self.name} {self.symbol}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Let copies and pickles of a graph name their gates and find them in `GATES`: there is one of each."""
        return _registered, (self.name,)


GATES: dict[str, Gate] = {}
"""Every gate by its name."""


def _registered(name: str) -> Gate:
    if name not in GATES:
        raise UnknownNameError(f"unpickle: no gate is called {name!r}; import the file that defines it first")
    return GATES[name]


COMPOSITIONS: dict[str, Callable[..., Any]] = {}
"""Functions made of gates, by name: what ``np.<name>`` of a node calls where no gate has that name."""


def gate(
    symbol: str,
    *,
    broadcasts: bool = False,
    operator: str | None = None,
    method: bool = False,
    scalar: Callable[..., float] | None = None,
    saves: tuple[str, ...] = (),
    saturates: float | None = None,
    dead_side: bool = False,
) -> Callable[[Callable[..., Any]], Gate]:
    """Turn a function on plain values into a gate, and enter it in `GATES`.

    Parameters
    ----------
    symbol : str
        What pictures write into the gate.
    broadcasts : bool
        Inputs broadcast as in NumPy.
    operator : str, optional
        Operator of `Node` that the gate serves, such as ``__mul__``; its reflected form comes along.
    method : bool
        Whether nodes get the gate as a method of the same name.
    scalar : callable, optional
        A faster form for Python floats; where it raises, the function itself is used.
    saves : tuple of str
        Names of what the function returns beside its output.
    saturates : float, optional
        Largest local gradient, for activations that flatten out.
    dead_side : bool
        For activations with a side whose local gradient is exactly 0.

    Raises
    ------
    ArgumentError
        When the name is taken.
    """

    def register(forward: Callable[..., Any]) -> Gate:
        made = Gate(
            forward,
            symbol,
            broadcasts=broadcasts,
            scalar=scalar,
            saves=saves,
            saturates=saturates,
            dead_side=dead_side,
        )
        if made.name in GATES:
            raise ArgumentError(f"gate: the name {made.name!r} is taken; choose another")
        GATES[made.name] = made
        if method:
            bind_to_nodes(made.name, lambda self, *args, **attributes: made(self, *args, **attributes), forward)
        if operator is not None:
            bind_operator(made, operator)
        return made

    return register


def composition(*, method: bool = False) -> Callable[[_Function], _Function]:
    """Enter a function made of gates in `COMPOSITIONS`, under its name.

    Parameters
    ----------
    method : bool
        Whether nodes get the function as a method of the same name.
    """

    def register(function: _Function) -> _Function:
        called = COMPOSITIONS[function.__name__] = suggesting()(function)
        if method:
            name = function.__name__
            bind_to_nodes(name, lambda self, *args, **options: called(self, *args, **options), function)
        return function

    return register


def distribute(upstream: Value, output: Value, a: Value, b: Value) -> Value:
    """Hand the upstream gradient on to both inputs: the rule of addition."""
    return upstream, upstream


def switch(upstream: Value, output: Value, a: Value, b: Value) -> Value:
    """Hand each input the upstream gradient times the other input: the rule of multiplication."""
    return upstream * b, upstream * a


def gradient_of(made: Gate, upstream: Any, output: Any, inputs: Any, attributes: dict[str, Any], needs: Any) -> Any:
    """Call the rule of a gate; return a tuple with one downstream gradient per input.

    Raises
    ------
    GradientError
        When the rule returns another number of gradients.
    """
    if made.rule is None:
        return (None,) * len(inputs)
    if made.takes_needs:
        attributes = attributes | {"needs": needs}
    try:
        result = made.rule(upstream, output, *inputs, **attributes)
    except ArithmeticError:  # floats: Python raises where IEEE has inf or NaN
        upstream, output, *inputs = (np.float64(v) if type(v) is float else v for v in (upstream, output, *inputs))
        result = made.rule(upstream, output, *inputs, **attributes)
    result = result if isinstance(result, tuple) else (result,)
    if len(result) != len(inputs):
        raise GradientError(f"{made.name}: its rule returned {len(result)} gradients for {len(inputs)} inputs")
    return result
