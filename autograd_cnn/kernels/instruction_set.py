"""How many numbers this machine multiplies at once, and how large a tile its registers hold.

LLVM is asked by example: it compiles one multiply-add of a long vector, and the machine code tells whether
that took 512-bit, 256-bit or 128-bit registers, and whether multiply and add are one instruction.
``NUMBA_CPU_NAME`` names another processor to compile for; then its own features count, unless
``NUMBA_CPU_FEATURES`` lists others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from numba.core.registry import cpu_target

config: Any = numba.config  # its names are set at run time


@dataclass(frozen=True)
class InstructionSet:
    """What a register-blocked kernel needs to know of a processor.

    Attributes
    ----------
    lanes : int
        Numbers in one vector register.
    rows, vectors : int
        The tile of accumulators that fits into the registers beside its operands: rows × vectors × lanes numbers.
    fused : bool
        Whether multiply and add are one instruction that rounds once.
    """

    lanes: int
    rows: int
    vectors: int
    fused: bool


@cache
def instruction_set(dtype: np.dtype[Any] | type) -> InstructionSet:
    """Return lanes and tile for float32 or float64 numbers on the processor that numba compiles for."""
    codegen: Any = cpu_target.target_context.codegen()
    triple, processor, features = codegen.magic_tuple()
    if config.CPU_NAME is not None and config.CPU_FEATURES is None:
        features = ""  # numba would add the features of this machine to those of the named processor
    register, fused = registers(triple, processor, features)
    rows, vectors = {64: (8, 2), 32: (4, 3), 16: (4, 2)}[register]
    return InstructionSet(register // np.dtype(dtype).itemsize, rows, vectors, fused)


@lru_cache(maxsize=8)
def registers(triple: str, processor: str, features: str) -> tuple[int, bool]:
    """Return the bytes in a vector register of a processor, and whether it multiplies and adds in one instruction."""
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu=processor, features=features, opt=2)
    code = machine.emit_assembly(llvm.parse_assembly(_PRODUCT.format(triple=triple)))
    width = 64 if "zmm" in code else 32 if "ymm" in code else 16
    code = machine.emit_assembly(llvm.parse_assembly(_FUSED.format(triple=triple)))
    return width, "fmaf" not in code  # without the instruction LLVM calls the C library's fmaf, lane by lane


_PRODUCT = """
target triple = "{triple}"
define void @product(ptr %place) {{
    %x = load <16 x float>, ptr %place, align 4
    %y = fmul <16 x float> %x, %x
    store <16 x float> %y, ptr %place, align 4
    ret void
}}
"""

_FUSED = """
target triple = "{triple}"
declare float @llvm.fma.f32(float, float, float)
define float @fused(float %x, float %y, float %z) {{
    %sum = call float @llvm.fma.f32(float %x, float %y, float %z)
    ret float %sum
}}
"""
