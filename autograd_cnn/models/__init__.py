"""Published networks under torchvision's names, their sizes, their weights, and networks from a pattern."""

from autograd_cnn.models.alexnets import alexnet, alexnet_2012
from autograd_cnn.models.convnet import cifar_convnet
from autograd_cnn.models.from_patterns import from_pattern
from autograd_cnn.models.hand_derived import softmax_loss_and_gradients, svm_loss_and_gradients
from autograd_cnn.models.hints import Hint
from autograd_cnn.models.inception_network import GoogLeNet, GoogLeNetOutputs, googlenet
from autograd_cnn.models.lenet import lenet5
from autograd_cnn.models.linear_classifiers import LinearClassifier, LinearSVM, SoftmaxClassifier
from autograd_cnn.models.multilayer_perceptron import mlp
from autograd_cnn.models.neighbors import CrossValidation, NearestNeighbors, cross_validate
from autograd_cnn.models.patterns import Part, Pattern, parse_pattern
from autograd_cnn.models.resnet import resnet18, resnet34, resnet50, se_resnet18, se_resnet50
from autograd_cnn.models.sizing import Summary, summary
from autograd_cnn.models.sizing_rows import LayerSummary
from autograd_cnn.models.squeezenet import squeezenet1_0, squeezenet1_1
from autograd_cnn.models.transfer import freeze, replace_head, unfreeze
from autograd_cnn.models.vgg import vgg11, vgg11_bn, vgg13, vgg13_bn, vgg16, vgg16_bn, vgg19, vgg19_bn
from autograd_cnn.models.weights import LoadedWeights, load_safetensors, save_safetensors
from autograd_cnn.models.zeiler_fergus import zfnet
from autograd_cnn.suggestions import suggest_names as _suggest_names

__all__ = [
    "CrossValidation",
    "GoogLeNet",
    "GoogLeNetOutputs",
    "Hint",
    "LayerSummary",
    "LinearClassifier",
    "LinearSVM",
    "LoadedWeights",
    "NearestNeighbors",
    "Part",
    "Pattern",
    "SoftmaxClassifier",
    "Summary",
    "alexnet",
    "alexnet_2012",
    "cifar_convnet",
    "cross_validate",
    "freeze",
    "from_pattern",
    "googlenet",
    "lenet5",
    "load_safetensors",
    "mlp",
    "parse_pattern",
    "replace_head",
    "resnet18",
    "resnet34",
    "resnet50",
    "save_safetensors",
    "se_resnet18",
    "se_resnet50",
    "softmax_loss_and_gradients",
    "squeezenet1_0",
    "squeezenet1_1",
    "summary",
    "svm_loss_and_gradients",
    "unfreeze",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
    "zfnet",
]

_suggest_names(__name__)
