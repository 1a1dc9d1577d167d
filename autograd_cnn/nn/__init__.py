"""Layers, under their torch.nn names; and neurons made of single numbers."""

from autograd_cnn.nn.activation import ReLU, Sigmoid, Tanh
from autograd_cnn.nn.convolution import Conv2d
from autograd_cnn.nn.flatten import Flatten
from autograd_cnn.nn.linear import Linear
from autograd_cnn.nn.loss import CrossEntropyLoss
from autograd_cnn.nn.module import Module, UnknownLayerError
from autograd_cnn.nn.neuron import Neuron, NeuronLayer, NeuronMLP
from autograd_cnn.nn.pooling import AvgPool2d, MaxPool2d
from autograd_cnn.nn.sequential import Sequential

__all__ = [
    "AvgPool2d",
    "Conv2d",
    "CrossEntropyLoss",
    "Flatten",
    "Linear",
    "MaxPool2d",
    "Module",
    "Neuron",
    "NeuronLayer",
    "NeuronMLP",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "UnknownLayerError",
]
