"""LLVM's vector instructions under names that read well, for kernels that numba cannot write by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils as numba_cgutils

cgutils: Any = numba_cgutils  # untyped
INDEX = ir.IntType(64)


def index(number: int) -> Any:
    """Return a constant of the type that counts, strides and addresses have."""
    return ir.Constant(INDEX, number)


@dataclass(frozen=True)
class Vectors:
    """Instructions on vectors of ``lanes`` floating-point numbers, written into one function.

    Attributes
    ----------
    builder
        llvmlite's writer of the function.
    lanes, bits : int
        Numbers in a vector, and 32 or 64 bits of each.
    fused : bool
        Whether the processor multiplies and adds in one instruction; it must then be used, or it must not.
    """

    builder: Any
    lanes: int
    bits: int
    fused: bool

    @cached_property
    def number(self) -> Any:
        """The type of one number."""
        return ir.FloatType() if self.bits == 32 else ir.DoubleType()

    @cached_property
    def vector(self) -> Any:
        """The type of a vector."""
        return ir.VectorType(self.number, self.lanes)

    @cached_property
    def zero(self) -> Any:
        """A vector of zeros."""
        return self.constant(0.0)

    def constant(self, value: float) -> Any:
        """Return a vector of one number, known now."""
        return ir.Constant(self.vector, [value] * self.lanes)

    def pointer(self, address: Any) -> Any:
        """Return the pointer to numbers at an address that is an integer."""
        return self.builder.inttoptr(address, self.number.as_pointer())

    def step(self, pointer: Any, *offsets: Any) -> Any:
        """Return the pointer that stands ``offsets`` numbers further on."""
        for offset in offsets:
            pointer = self.builder.gep(pointer, [offset])
        return pointer

    def at(self, pointer: Any, stride: Any, position: int) -> Any:
        """Return the pointer to a position known now, along an axis whose stride is known later."""
        return self.step(pointer, self.builder.mul(stride, index(position)))

    def load(self, pointer: Any) -> Any:
        """Read a vector from numbers side by side."""
        place = self.builder.bitcast(pointer, self.vector.as_pointer())
        return self.builder.load(place, align=self.bits // 8)

    def store(self, vector: Any, pointer: Any) -> None:
        """Write a vector to numbers side by side."""
        place = self.builder.bitcast(pointer, self.vector.as_pointer())
        self.builder.store(vector, place, align=self.bits // 8)

    def broadcast(self, pointer: Any) -> Any:
        """Read one number into all lanes."""
        nothing = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(nothing, self.builder.load(pointer, align=self.bits // 8), _lane(0))
        return self.shuffle(first, nothing, [0] * self.lanes)

    def shuffle(self, one: Any, other: Any, lanes: Sequence[int]) -> Any:
        """Return a vector of chosen lanes, counted through ``one`` and then ``other``."""
        chosen = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes))
        return self.builder.shuffle_vector(one, other, chosen)

    def multiply_add(self, a: Any, b: Any, total: Any) -> Any:
        """Return a · b + total, rounded once where the processor can, else twice."""
        if not self.fused:
            return self.builder.fadd(self.builder.fmul(a, b), total)
        return self.builder.call(self._intrinsic("llvm.fma", self.vector, [self.vector] * 3), [a, b, total])

    def sum(self, vector: Any) -> Any:
        """Add the lanes up, in pairs: the order that "reassoc" allows is then the machine's, and always the same."""
        reduction = self._intrinsic("llvm.vector.reduce.fadd", self.number, [self.number, self.vector])
        return self.builder.call(reduction, [ir.Constant(self.number, -0.0), vector], fastmath=("reassoc",))

    def _intrinsic(self, name: str, result: Any, arguments: list[Any]) -> Any:
        function = ir.FunctionType(result, arguments)
        return cgutils.get_or_insert_function(self.builder.module, function, f"{name}.v{self.lanes}f{self.bits}")

    def registers(self, rows: int, columns: int) -> list[list[Any]]:
        """Return rows × columns places for vectors, which LLVM keeps in registers as far as they go."""
        return [[cgutils.alloca_once(self.builder, self.vector) for _ in range(columns)] for _ in range(rows)]

    @contextmanager
    def loop(self, length: Any, *walks: tuple[Any, Any]) -> Iterator[list[Any]]:
        """Repeat what is written inside; each walk is a pointer and its stride, and gives where it stands."""
        with cgutils.for_range(self.builder, length) as turn:
            yield [self.step(pointer, self.builder.mul(turn.index, stride)) for pointer, stride in walks]


def call_by_address(target: Any, builder: Any, signature: Any, values: Any) -> Any:
    """Write the call of a C function whose address is the first of the values: the code of an intrinsic."""
    at, *arguments = values
    silent = signature.return_type == types.void
    result = ir.VoidType() if silent else target.get_value_type(signature.return_type)
    function = ir.FunctionType(result, [argument.type for argument in arguments])
    returned = builder.call(builder.inttoptr(at, function.as_pointer()), arguments)
    return target.get_dummy_value() if silent else returned


def _lane(number: int) -> Any:
    return ir.Constant(ir.IntType(32), number)
