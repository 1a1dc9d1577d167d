"""All work that is timed, row by row: what it is, who does it, and the target. Each file beside has one kind of it."""

from __future__ import annotations

from functools import partial

from tests.benchmarks.array_steps import (
    LAYERS_3X3,
    OTHER_LAYERS,
    batch_norm,
    chain,
    convolution,
    cross_entropy,
    max_pool,
)
from tests.benchmarks.scalar_steps import build_and_backward, compiled_call, training_in_lanes
from tests.benchmarks.scalar_steps import training as scalar_training
from tests.benchmarks.startup_steps import first_training, importing
from tests.benchmarks.training_steps import training, watched_training
from tests.benchmarks.work import OURS, Work

_SCALAR_PEERS = ("micrograd", "MyGrad", "HIPS autograd")
_TENSOR_PEERS = ("PyTorch", "MyGrad")
_WITHOUT = ", no garbage collection"
_IN_PLACE = ", kernels into memory that is there"

_MOST_OF_A_STEP = {
    "digits CNN": (0.5, 0.2),
    "LeNet-5": (0.6, 0.3),
    "CIFAR ConvNet": (1.0, 0.65),
    "three-layer MLP": (0.3, 0.3),
}
"""The targets of training steps beside PyTorch's, eager and compiled."""

WORK: dict[str, Work] = {
    **{
        f"{name} step{', compiled' * compiled}": Work(
            partial(training, name, compiled=compiled),
            {"PyTorch": most},
            ("PyTorch",) if compiled else (*_TENSOR_PEERS, *(["HIPS autograd"] if name == "three-layer MLP" else [])),
        )
        for name, eager_and_compiled in _MOST_OF_A_STEP.items()
        for compiled, most in enumerate(eager_and_compiled)
    },
    **{
        f"{name}, {count} compiled steps, watched": Work(
            partial(watched_training, name, count), {"not watched": 1.1}, ("not watched",), rounds
        )
        for name, count, rounds in (("LeNet-5", 800, 1000), ("CIFAR ConvNet", 96, 3))
    },
    **{
        f"{name}, {count} compiled steps, each of them watched": Work(
            partial(watched_training, name, count, every=1), peers=("not watched",), rounds=rounds
        )
        for name, count, rounds in (("LeNet-5", 100, 1000), ("CIFAR ConvNet", 100, 3))
    },
    **{
        f"convolution {name}": Work(partial(convolution, layer), {"PyTorch": most})
        for layers, most in ((LAYERS_3X3, 0.8), (OTHER_LAYERS, 1.3))
        for name, layer in layers.items()
    },
    "max pool 2×2 with switches": Work(max_pool),
    f"max pool 2×2 with switches{_IN_PLACE}": Work(partial(max_pool, in_place=True), {"PyTorch": 0.1}),
    "batch norm, forward": Work(batch_norm, {"PyTorch": 0.5}),
    "cross entropy": Work(cross_entropy),
    f"cross entropy{_IN_PLACE}": Work(partial(cross_entropy, kernel=True), {"PyTorch": 0.2}),
    "chain of 200 gates on 16 numbers": Work(chain, peers=(*_TENSOR_PEERS, "HIPS autograd")),
    "scalar network": Work(build_and_backward, {"micrograd": 1 / 8}, _SCALAR_PEERS),
    f"scalar network{_WITHOUT}": Work(
        partial(build_and_backward, collect=False), {"micrograd": 1 / 2.2}, _SCALAR_PEERS
    ),
    "scalar network, compiled call": Work(compiled_call, peers=("micrograd",)),
    "scalar network, compiled, 30 training steps": Work(
        partial(scalar_training, 10, 30), {"micrograd": 1 / 600}, ("micrograd",)
    ),
    f"scalar network, compiled, 30 training steps{_WITHOUT}": Work(
        partial(scalar_training, 10, 30, collect=False), {"micrograd": 1 / 150}, ("micrograd",)
    ),
    "scalar network, compiled, step on 160 samples in lanes": Work(
        partial(training_in_lanes, 160, 1), {"micrograd": 1 / 500, "CasADi": 1 / 2.5}, ("micrograd", "CasADi")
    ),
    "import autograd_cnn": Work(importing, {"NumPy": 1.3}, ("NumPy",)),
    **{
        f"first step of {name}, {words}": Work(
            partial(first_training, name, cold=cold), {OURS: most}, (), rounds=3 if cold else 15
        )
        for name, most in (("demo", 5.0), ("LeNet-5", 10.0), ("LeNet-5, compiled", 10.0))
        for words, cold, most in (("kernels to be compiled", True, most), ("kernels cached", False, 1.0))
    },
}
"""Every row, by its name."""
