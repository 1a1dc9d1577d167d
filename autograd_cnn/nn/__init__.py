"""Layers, under their torch.nn names; and neurons made of single numbers."""

from autograd_cnn.nn.activation import (
    ELU,
    GELU,
    SELU,
    Hardtanh,
    Identity,
    LeakyReLU,
    LogSigmoid,
    PReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Softsign,
    Step,
    Tanh,
    Threshold,
)
from autograd_cnn.nn.convolution import Conv2d
from autograd_cnn.nn.flatten import Flatten
from autograd_cnn.nn.linear import Linear
from autograd_cnn.nn.loss import CrossEntropyLoss
from autograd_cnn.nn.maxout import Maxout
from autograd_cnn.nn.module import Module, UnknownLayerError
from autograd_cnn.nn.neuron import Neuron, NeuronLayer, NeuronMLP
from autograd_cnn.nn.pooling import AvgPool2d, MaxPool2d
from autograd_cnn.nn.sequential import Sequential
from autograd_cnn.nn.softmax import LogSoftmax, Softmax, Softmin

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "AvgPool2d",
    "Conv2d",
    "CrossEntropyLoss",
    "Flatten",
    "Hardtanh",
    "Identity",
    "LeakyReLU",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "MaxPool2d",
    "Maxout",
    "Module",
    "Neuron",
    "NeuronLayer",
    "NeuronMLP",
    "PReLU",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmin",
    "Softplus",
    "Softsign",
    "Step",
    "Tanh",
    "Threshold",
    "UnknownLayerError",
]
