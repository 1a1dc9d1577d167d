"""Schedules of the learning rate, under their torch.optim.lr_scheduler names.

CS231n, neural networks part 3, "Annealing the learning rate". A schedule sets ``optimizer.param_groups[i]["lr"]``;
call its ``step()`` once an epoch, after the optimizer's steps.
"""

from autograd_cnn.optim.lr_scheduler.annealing import CosineAnnealingLR, LinearLR
from autograd_cnn.optim.lr_scheduler.decays import ExponentialLR, InverseTimeLR, MultiStepLR, StepLR
from autograd_cnn.optim.lr_scheduler.plateau import ReduceLROnPlateau
from autograd_cnn.optim.lr_scheduler.scheduler import LambdaLR, LRScheduler, ScheduleOrderWarning
from autograd_cnn.optim.lr_scheduler.sequential import SequentialLR
from autograd_cnn.suggestions import suggest_names as _suggest_names

__all__ = [
    "CosineAnnealingLR",
    "ExponentialLR",
    "InverseTimeLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "ReduceLROnPlateau",
    "ScheduleOrderWarning",
    "SequentialLR",
    "StepLR",
]

_suggest_names(__name__)
