"""Optimizers, under their torch.optim names; schedules, clipping, second-order steps and random search."""

from autograd_cnn.functional.regularization import max_norm_
from autograd_cnn.optim import lr_scheduler
from autograd_cnn.optim.adagrad import Adagrad
from autograd_cnn.optim.adam import Adam, AdamW
from autograd_cnn.optim.clipping import clip_grad_norm_, clip_grad_value_
from autograd_cnn.optim.gauss_newton import GaussNewton, LevenbergMarquardt
from autograd_cnn.optim.optimizer import Optimizer
from autograd_cnn.optim.random_search import RandomLocalSearch, RandomSearch
from autograd_cnn.optim.rmsprop import RMSprop
from autograd_cnn.optim.second_order import CurvatureError, Newton
from autograd_cnn.optim.sgd import SGD
from autograd_cnn.suggestions import suggest_names as _suggest_names

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "CurvatureError",
    "GaussNewton",
    "LevenbergMarquardt",
    "Newton",
    "Optimizer",
    "RMSprop",
    "RandomLocalSearch",
    "RandomSearch",
    "clip_grad_norm_",
    "clip_grad_value_",
    "lr_scheduler",
    "max_norm_",
]

_suggest_names(__name__)
