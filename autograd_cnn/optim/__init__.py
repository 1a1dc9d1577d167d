"""Optimizers, under their torch.optim names."""

from autograd_cnn.optim.adam import Adam, AdamW
from autograd_cnn.optim.optimizer import Optimizer
from autograd_cnn.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]
