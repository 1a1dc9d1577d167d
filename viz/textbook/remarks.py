"""What the notes (CS231n, neural networks part 1) and the papers say of each activation, in short."""

from __future__ import annotations

REMARKS = {
    "sigmoid": "The notes: do not use it inside a network. Where it saturates it kills gradients, and because its "
    "outputs are all positive, the weights they meet all move the same way, which makes a zig-zag.",
    "tanh": "The notes: always preferred to the sigmoid. It saturates too, but its output is centred on zero.",
    "relu": "The notes: use it first. It is cheap and does not saturate to the right; AlexNet learned about six "
    "times faster with it than with tanh. A too large step can push a unit onto its dead side for good.",
    "leaky_relu": "An attempt to mend the dying ReLU: a small slope where ReLU has none. Results vary.",
    "prelu": "Leaky ReLU whose slope is a parameter; drawn with 0.25, where He et al. start it.",
    "elu": "Outputs are closer to mean zero than ReLU's, and no side has slope 0; it saturates far to the left.",
    "selu": "With weights of variance 1/fan-in it keeps mean 0 and variance 1 from layer to layer.",
    "softplus": "ReLU with a rounded corner: its slope is the sigmoid, which dies to the left but is never exactly 0.",
    "silu": "The input times its own sigmoid: it dips below zero, where its slope changes sign.",
    "gelu": "As SiLU, with the normal distribution's step in place of the sigmoid.",
    "hardtanh": "Tanh in three straight lines: cheap, and quite without gradient outside of its bounds.",
    "softsign": "Tanh's shape, but its slope dies like 1/x², not exponentially.",
    "logsigmoid": "The logarithm of the sigmoid; its slope stays 1 on the left and dies to the right.",
    "step": "The perceptron's threshold: its slope is 0 everywhere, so nothing before it can learn.",
    "identity": "Without an activation between them, two linear layers are no more than one.",
}
