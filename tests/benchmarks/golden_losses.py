"""``python -m tests.benchmarks.golden_losses`` writes golden_losses.json: PyTorch's losses of 50 training steps.

Our losses are compared with them where PyTorch is missing. The networks start from the weights, and see the images,
of networks.py; float32's losses are those of one thread, because PyTorch's sums depend on their number.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from tests.benchmarks.networks import NETWORKS
from tests.benchmarks.training_steps import torch_training

FILE = Path(__file__).with_suffix(".json")
STEPS = 50
BATCHES = {"CIFAR ConvNet": 16}
"""Samples per step where they are fewer than the benchmark's, so that the comparison takes seconds."""


def main() -> None:
    """Train, and write."""
    import torch

    torch.set_num_threads(1)
    losses: dict[str, dict[str, list[float]]] = {}
    for name in NETWORKS:
        losses[name] = {}
        for dtype in (np.float32, np.float64):
            step = torch_training(name, dtype, BATCHES.get(name))
            losses[name][np.dtype(dtype).name] = [step() for _ in range(STEPS)]
    command = "python -m tests.benchmarks.golden_losses"
    FILE.write_text(
        json.dumps({"made by": f"{command}, PyTorch {torch.__version__}", "losses": losses}, indent=1) + "\n"
    )
    print(f"{FILE.name} written")


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m tests.benchmarks.golden_losses", description=__doc__).parse_args()
    main()
