"""Layers, under their torch.nn names; and neurons made of single numbers."""

from autograd_cnn.nn import copying  # noqa: F401 - binds how modules are copied
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
from autograd_cnn.nn.adaptive_pooling import AdaptiveAvgPool2d, AdaptiveMaxPool2d, GlobalAvgPool2d, GlobalMaxPool2d
from autograd_cnn.nn.batch_normalization import BatchNorm1d, BatchNorm2d, InstanceNorm2d
from autograd_cnn.nn.blocks import ConvolutionBlock, Fire, Inception, SqueezeExcitation
from autograd_cnn.nn.classification_loss import BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, KLDivLoss, NLLLoss
from autograd_cnn.nn.conversion import to_convolutional
from autograd_cnn.nn.convolution import Conv1d, Conv2d
from autograd_cnn.nn.distance_loss import ContrastiveLoss, CosineEmbeddingLoss, TripletMarginLoss
from autograd_cnn.nn.dropout import DropConnect, Dropout, Dropout1d, Dropout2d, GaussianNoise
from autograd_cnn.nn.flatten import Flatten
from autograd_cnn.nn.hierarchical import HierarchicalSoftmax
from autograd_cnn.nn.linear import Linear
from autograd_cnn.nn.margin_loss import (
    AttributeHingeLoss,
    BinaryHingeLoss,
    HingeEmbeddingLoss,
    MarginRankingLoss,
    MulticlassSVMLoss,
    MultiMarginLoss,
)
from autograd_cnn.nn.maxout import Maxout
from autograd_cnn.nn.module import Module, UnknownLayerError
from autograd_cnn.nn.neuron import Neuron, NeuronLayer, NeuronMLP
from autograd_cnn.nn.normalization import GroupNorm, LayerNorm, LocalResponseNorm
from autograd_cnn.nn.pooling import AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d, MaxUnpool2d
from autograd_cnn.nn.regression_loss import HuberLoss, L1Loss, MSELoss, SmoothL1Loss
from autograd_cnn.nn.residual import BasicBlock, Bottleneck, Residual
from autograd_cnn.nn.sequential import Sequential
from autograd_cnn.nn.sizes import LayerSize, layer_sizes, size_table
from autograd_cnn.nn.softmax import LogSoftmax, Softmax, Softmin
from autograd_cnn.nn.transposed_convolution import ConvTranspose2d
from autograd_cnn.nn.unallocated import skeleton
from autograd_cnn.nn.weighted_pooling import BlurPool2d, DistanceWeightedPool2d, LPPool2d
from autograd_cnn.suggestions import suggest_names as _suggest_names

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool2d",
    "AttributeHingeLoss",
    "AvgPool1d",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BasicBlock",
    "BatchNorm1d",
    "BatchNorm2d",
    "BinaryHingeLoss",
    "BlurPool2d",
    "Bottleneck",
    "ContrastiveLoss",
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "ConvolutionBlock",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "DistanceWeightedPool2d",
    "DropConnect",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Fire",
    "Flatten",
    "GaussianNoise",
    "GlobalAvgPool2d",
    "GlobalMaxPool2d",
    "GroupNorm",
    "Hardtanh",
    "HierarchicalSoftmax",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "Identity",
    "Inception",
    "InstanceNorm2d",
    "KLDivLoss",
    "L1Loss",
    "LPPool2d",
    "LayerNorm",
    "LayerSize",
    "LeakyReLU",
    "Linear",
    "LocalResponseNorm",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "MarginRankingLoss",
    "MaxPool1d",
    "MaxPool2d",
    "MaxUnpool2d",
    "Maxout",
    "Module",
    "MultiMarginLoss",
    "MulticlassSVMLoss",
    "NLLLoss",
    "Neuron",
    "NeuronLayer",
    "NeuronMLP",
    "PReLU",
    "ReLU",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Softmin",
    "Softplus",
    "Softsign",
    "SqueezeExcitation",
    "Step",
    "Tanh",
    "Threshold",
    "TripletMarginLoss",
    "UnknownLayerError",
    "layer_sizes",
    "size_table",
    "skeleton",
    "to_convolutional",
]

_suggest_names(__name__)
