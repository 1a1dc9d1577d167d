"""Optimizers, under their torch.optim names."""

from autograd_cnn.optim import lr_scheduler
from autograd_cnn.optim.adagrad import Adagrad
from autograd_cnn.optim.adam import Adam, AdamW
from autograd_cnn.optim.optimizer import Optimizer
from autograd_cnn.optim.rmsprop import RMSprop
from autograd_cnn.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "lr_scheduler"]
