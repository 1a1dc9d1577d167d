"""Reverse-mode backprop: one generator that walks the graph, the pass that fills gradients, and `grad`."""

from autograd_cnn.backward.filling import add_gradients, backward
from autograd_cnn.backward.gradients import grad
from autograd_cnn.backward.rules import downstream_gradients
from autograd_cnn.backward.seed import check_usable
from autograd_cnn.backward.steps import PASS, Step, backward_steps
from autograd_cnn.graph import Node

Node.backward = backward

__all__ = [
    "PASS",
    "Step",
    "add_gradients",
    "backward",
    "backward_steps",
    "check_usable",
    "downstream_gradients",
    "grad",
]
