"""Why something goes wrong and what helps: the advice of CS231n's notes on training networks."""

from __future__ import annotations

from typing import NamedTuple


class Advice(NamedTuple):
    """The likely cause of a finding, and one remedy."""

    cause: str
    remedy: str


ADVICE = {
    "dead": Advice(
        "a step too large pushed the units below zero for every input, where no gradient brings them back",
        "lower the learning rate; units of leaky ReLU or maxout cannot die",
    ),
    "starved": Advice(
        "what follows ignores these units: their outgoing weights are 0, or nothing picks their values",
        "start the next layer with small random weights instead of zeros",
    ),
    "saturated": Advice(
        "weights too large drive the units into their flat sides, where almost no gradient passes",
        "start with smaller weights (Xavier), or use ReLU",
    ),
    "vanishing": Advice(
        "every layer passes on less gradient than it receives: squashing activations, or weights too small",
        "use ReLU with He initialisation, or put batch norm before the activations",
    ),
    "exploding": Advice(
        "every layer passes on more gradient than it receives: weights too large",
        "start with He initialisation, or put batch norm before the activations",
    ),
    "update too large": Advice(
        "the learning rate is too high for these weights", "lower the learning rate: updates of about 1e-3 are healthy"
    ),
    "update too small": Advice(
        "the learning rate is too low for these weights", "raise the learning rate: updates of about 1e-3 are healthy"
    ),
    "unchanged": Advice(
        "the optimizer does not know these weights, its learning rate is 0, or its step() is missing",
        "give the optimizer all parameters of the model, and call step() after backward()",
    ),
    "zero": Advice(
        "the gradient is multiplied by 0 on its way: weights that are all 0, or a loss that is flat here",
        "start with small random weights instead of zeros; look at the path with ag.tree(loss)",
    ),
    "accumulated": Advice(
        "backward() adds to the gradients that are there, and nothing clears them between the steps",
        "call optimizer.zero_grad() once per step, before backward()",
    ),
    "disconnected": Advice(
        "the forward pass does not use it, or cuts it off with detach() or no_grad()",
        "use it in forward, or take it out of the model",
    ),
    "same-sign": Advice(
        "all inputs are positive, so the weights of a unit can only grow or shrink together: learning zig-zags",
        "subtract the mean from the data; between layers use tanh or ReLU instead of sigmoid, or batch norm",
    ),
    "weights too small": Advice(
        "weights too small: signals, and gradients with them, shrink from layer to layer",
        "start with He initialisation before ReLU, Xavier before tanh; or use batch norm",
    ),
    "weights too large": Advice(
        "weights too large: signals, and gradients with them, grow from layer to layer",
        "start with He initialisation before ReLU, Xavier before tanh; or use batch norm",
    ),
    "initial loss": Advice(
        "the scores are too large before anything is learned: weights of the last layer, or inputs, out of scale",
        "start the last layer with smaller weights, and normalise the data",
    ),
    "loss": Advice(
        "labels that do not belong to their inputs, a learning rate far off, or a gradient that is wrong",
        "first make it overfit twenty samples without regularisation; then search the learning rate on a log scale",
    ),
    "overfitting": Advice(
        "the network learns the training samples by heart",
        "stop at the best validation loss; stronger weight decay, dropout or more data",
    ),
}
