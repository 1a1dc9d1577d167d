"""``python -m tests.optim.golden_torch`` writes golden_torch.json: what PyTorch's optimizers and schedules do.

Our steps and learning rates are compared with them where PyTorch is missing.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_suffix(".json")
START = (1.0, -2.0, 0.5)
STEPS = 5
RATES = (0.02, 0.05, 0.05, 0.01, 0.3)
"""The learning rate changes from step to step in the second half of the trajectories."""
TRAJECTORIES = [
    ("SGD", {"lr": 0.05}),
    ("SGD", {"lr": 0.05, "weight_decay": 0.5}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.25, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.25, "weight_decay": 0.1, "initial_accumulator_value": 0.5, "eps": 0.01}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.9, "eps": 0.01, "weight_decay": 0.1, "momentum": 0.5}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.75, "centered": True}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.75, "eps": 0.1, "momentum": 0.9, "centered": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.75), "eps": 0.01, "weight_decay": 0.5}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.75), "amsgrad": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "betas": (0.5, 0.75), "eps": 0.01, "weight_decay": 0.5}),
    ("AdamW", {"lr": 0.1, "betas": (0.5, 0.75), "weight_decay": 0.5, "amsgrad": True}),
]
"""Optimizers and their settings; each goes five steps at its own learning rate, and five at changing ones."""
EPOCHS = 50
BASE_RATES = (0.5, 0.01)
"""Of two groups, whose learning rates are read before every epoch."""
SCHEDULES = [
    ("StepLR", {"step_size": 7}),
    ("StepLR", {"step_size": 3, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [5, 12, 12, 40], "gamma": 0.5}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("CosineAnnealingLR", {"T_max": 50}),
    ("CosineAnnealingLR", {"T_max": 8, "eta_min": 0.001}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.01, "end_factor": 0.5, "total_iters": 20}),
]
SEQUENCES = [
    ([("LinearLR", {"start_factor": 0.1, "total_iters": 5}), ("CosineAnnealingLR", {"T_max": 45})], [5]),
    (
        [
            ("LinearLR", {"start_factor": 0.1, "total_iters": 4}),
            ("StepLR", {"step_size": 5, "gamma": 0.5}),
            ("ExponentialLR", {"gamma": 0.8}),
        ],
        [4, 30],
    ),
]
"""Schedules one after the other, and when the next begins."""
PLATEAUS = [
    {},
    {"factor": 0.5, "patience": 3, "cooldown": 2, "min_lr": [0.05, 0.001]},
    {"mode": "max", "patience": 2, "threshold": 0.05, "threshold_mode": "abs"},
    {"factor": 0.3, "patience": 1, "threshold": 0.1, "eps": 0.002},
]
CLIPPINGS = [(1.0, 2.0), (1e6, 2.0), (0.5, 1.0), (0.5, float("inf")), (0.5, 3.0)]
"""Largest norms of the gradients, and which norm."""


def gradient(w: np.ndarray) -> np.ndarray:
    """Return that of Σw⁴/4 + w₀w₁ + w₁w₂, in the same operations for both sides."""
    return w * w * w + np.array([w[1], w[0] + w[2], w[1]])


def measured() -> list[float]:
    """Return the losses that `ReduceLROnPlateau` sees: they fall, and stay, and rise."""
    return [float(x) for x in np.maximum(1.0 - 0.08 * np.arange(EPOCHS), 0.3) + 0.05 * np.sin(np.arange(EPOCHS))]


def gradients() -> list[np.ndarray]:
    """Return two gradients to clip."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=(3, 4)), rng.normal(size=5)]


def _trajectory(kind: str, settings: dict[str, object]) -> list[list[float]]:
    import torch

    w = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))
    optimizer = getattr(torch.optim, kind)([w], **settings)
    path = []
    for step in range(2 * STEPS):
        if step >= STEPS:
            optimizer.param_groups[0]["lr"] = RATES[step - STEPS]
        w.grad = torch.from_numpy(gradient(w.detach().numpy()))
        optimizer.step()
        path.append(w.tolist())
    return path


def _optimizer() -> object:
    import torch

    groups = [{"params": [torch.nn.Parameter(torch.ones(1))], "lr": rate} for rate in BASE_RATES]
    return torch.optim.SGD(groups)


def _rates(scheduler: object, losses: list[float] | None = None) -> list[list[float]]:
    found = []
    for epoch in range(EPOCHS):
        found.append([group["lr"] for group in scheduler.optimizer.param_groups])
        scheduler.optimizer.step()
        scheduler.step(*([] if losses is None else [losses[epoch]]))
    return found


def _schedule(kind: str, settings: dict[str, object]) -> list[list[float]]:
    import torch

    return _rates(getattr(torch.optim.lr_scheduler, kind)(_optimizer(), **settings))


def _sequence(parts: list[tuple[str, dict[str, object]]], milestones: list[int]) -> list[list[float]]:
    from torch.optim import lr_scheduler

    optimizer = _optimizer()
    schedulers = [getattr(lr_scheduler, kind)(optimizer, **settings) for kind, settings in parts]
    return _rates(lr_scheduler.SequentialLR(optimizer, schedulers, milestones))


def _plateau(settings: dict[str, object]) -> list[list[float]]:
    import torch

    return _rates(torch.optim.lr_scheduler.ReduceLROnPlateau(_optimizer(), **settings), measured())


def _clipped(largest: float, order: float) -> dict[str, object]:
    import torch

    parameters = []
    for array in gradients():
        parameters.append(torch.nn.Parameter(torch.zeros(array.shape, dtype=torch.float64)))
        parameters[-1].grad = torch.from_numpy(array)
    total = torch.nn.utils.clip_grad_norm_(parameters, largest, order)
    return {"total": total.item(), "gradients": [p.grad.tolist() for p in parameters]}


def _gains() -> dict[str, float]:
    import torch

    names = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
    names += ("sigmoid", "tanh", "relu", "leaky_relu", "selu")
    return {name: float(torch.nn.init.calculate_gain(name)) for name in names}


def _one_case_a_line(cases: object) -> str:
    if not isinstance(cases, list):
        return json.dumps(cases)
    return "[\n" + ",\n".join(map(json.dumps, cases)) + "\n]"


def main() -> None:
    """Run PyTorch, and write."""
    import torch

    found = {
        "made by": f"python -m tests.optim.golden_torch, PyTorch {torch.__version__}",
        "trajectories": [_trajectory(*case) for case in TRAJECTORIES],
        "schedules": [_schedule(*case) for case in SCHEDULES],
        "sequences": [_sequence(*case) for case in SEQUENCES],
        "plateaus": [_plateau(case) for case in PLATEAUS],
        "clippings": [_clipped(*case) for case in CLIPPINGS],
        "gains": _gains(),
    }
    lines = ",\n".join(f"{json.dumps(name)}: {_one_case_a_line(cases)}" for name, cases in found.items())
    FILE.write_text(f"{{\n{lines}\n}}\n")
    print(f"{FILE.name} written")


if __name__ == "__main__":
    main()
