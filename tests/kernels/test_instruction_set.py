"""What LLVM says of processors, and what tests may rely on."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from numba.core.registry import cpu_target

from autograd_cnn.kernels.instruction_set import InstructionSet, instruction_set, registers

TRIPLE = cpu_target.target_context.codegen().magic_tuple()[0]
on_x86 = pytest.mark.skipif(not TRIPLE.startswith("x86_64"), reason="names processors of x86")


@on_x86
@pytest.mark.parametrize(
    ("processor", "width", "fused"),
    [
        ("cascadelake", 64, True),
        ("znver4", 64, True),
        ("haswell", 32, True),
        ("sandybridge", 32, False),
        ("x86-64", 16, False),
    ],
)
def test_registers_of_processors(processor, width, fused):
    assert registers(TRIPLE, processor, "") == (width, fused)


@on_x86
def test_features_count_beside_the_name():
    assert registers(TRIPLE, "haswell", "+avx512f") == (64, True)
    assert registers(TRIPLE, "haswell", "-fma") == (32, False)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((64, True), InstructionSet(lanes=16, rows=8, vectors=2, fused=True)),
        ((32, False), InstructionSet(lanes=8, rows=4, vectors=3, fused=False)),
        ((16, True), InstructionSet(lanes=4, rows=4, vectors=2, fused=True)),
    ],
)
def test_registers_of_each_width_have_their_tile(found, expected, monkeypatch):
    monkeypatch.setattr("autograd_cnn.kernels.instruction_set.registers", lambda *_: found)
    assert instruction_set.__wrapped__(np.float32) == expected


def test_a_vector_holds_half_as_many_float64_as_float32():
    single, double = instruction_set(np.float32), instruction_set(np.dtype("float64"))
    assert single.lanes == 2 * double.lanes
    assert (single.rows, single.vectors, single.fused) == (double.rows, double.vectors, double.fused)


@on_x86
@pytest.mark.parametrize(
    ("processor", "expected"),
    [
        ("cascadelake", "InstructionSet(lanes=16, rows=8, vectors=2, fused=True)"),
        ("haswell", "InstructionSet(lanes=8, rows=4, vectors=3, fused=True)"),
        ("x86-64", "InstructionSet(lanes=4, rows=4, vectors=2, fused=False)"),
    ],
)
def test_the_processor_that_numba_is_told_to_compile_for_counts(processor, expected):
    """Not the one that this test runs on."""
    program = "from autograd_cnn.kernels.instruction_set import *; print(instruction_set('float32'))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_CPU")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment | {"NUMBA_CPU_NAME": processor},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == expected


@pytest.mark.parametrize(
    ("name", "listed", "count"), [(None, None, True), ("haswell", "+avx512f", True), ("haswell", None, False)]
)
def test_features_count_unless_only_a_processor_is_named(name, listed, count, monkeypatch):
    asked = []
    monkeypatch.setattr(numba.config, "CPU_NAME", name)
    monkeypatch.setattr(numba.config, "CPU_FEATURES", listed)
    monkeypatch.setattr("autograd_cnn.kernels.instruction_set.registers", lambda *of: asked.append(of[2]) or (64, True))
    instruction_set.__wrapped__(np.float32)
    assert asked == [cpu_target.target_context.codegen().magic_tuple()[2] if count else ""]


@on_x86
def test_a_named_processor_does_not_inherit_this_machines_features(monkeypatch):
    monkeypatch.setattr(numba.config, "CPU_NAME", "haswell")
    monkeypatch.setattr(numba.config, "CPU_FEATURES", None)
    assert instruction_set.__wrapped__(np.float32) == InstructionSet(lanes=8, rows=4, vectors=3, fused=True)
