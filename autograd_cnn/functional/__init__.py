"""Gates and losses under their torch.nn.functional names, with arguments checked and filled in."""

from autograd_cnn.functional.activation import (
    elu,
    gelu,
    hardtanh,
    leaky_relu,
    maxout,
    prelu,
    softplus,
    threshold,
)
from autograd_cnn.functional.adaptive_pooling import (
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
    global_avg_pool2d,
    global_max_pool2d,
)
from autograd_cnn.functional.affine import linear
from autograd_cnn.functional.classification_loss import cross_entropy, nll_loss
from autograd_cnn.functional.convolution import conv1d, conv2d
from autograd_cnn.functional.distance_loss import (
    contrastive_loss,
    cosine_embedding_loss,
    cosine_similarity,
    pairwise_distance,
    triplet_margin_loss,
)
from autograd_cnn.functional.margin_loss import (
    attribute_hinge_loss,
    binary_hinge_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    multi_margin_loss,
    multiclass_svm_loss,
)
from autograd_cnn.functional.noise import drop_connect, dropout, dropout1d, dropout2d, gaussian_noise
from autograd_cnn.functional.normalization import batch_norm, group_norm, instance_norm, layer_norm, local_response_norm
from autograd_cnn.functional.normalized_exponential import log_softmax, softmax, softmin
from autograd_cnn.functional.pooling import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d, max_unpool2d
from autograd_cnn.functional.probability_loss import binary_cross_entropy, binary_cross_entropy_with_logits, kl_div
from autograd_cnn.functional.regression_loss import huber_loss, l1_loss, mse_loss, smooth_l1_loss
from autograd_cnn.functional.regularization import elastic_net, l1_penalty, l2_penalty, max_norm_
from autograd_cnn.functional.transposed_convolution import conv_transpose2d
from autograd_cnn.functional.true_convolution import convolve2d
from autograd_cnn.functional.weighted_pooling import blur_pool2d, distance_weighted_pool2d, distance_weights, lp_pool2d
from autograd_cnn.gates.activation import identity, logsigmoid, relu, sigmoid, softsign, step, tanh
from autograd_cnn.gates.rectifier import selu, silu
from autograd_cnn.suggestions import suggest_names as _suggest_names

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_max_pool2d",
    "attribute_hinge_loss",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "binary_hinge_loss",
    "blur_pool2d",
    "contrastive_loss",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "convolve2d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "distance_weighted_pool2d",
    "distance_weights",
    "drop_connect",
    "dropout",
    "dropout1d",
    "dropout2d",
    "elastic_net",
    "elu",
    "gaussian_noise",
    "gelu",
    "global_avg_pool2d",
    "global_max_pool2d",
    "group_norm",
    "hardtanh",
    "hinge_embedding_loss",
    "huber_loss",
    "identity",
    "instance_norm",
    "kl_div",
    "l1_loss",
    "l1_penalty",
    "l2_penalty",
    "layer_norm",
    "leaky_relu",
    "linear",
    "local_response_norm",
    "log_softmax",
    "logsigmoid",
    "lp_pool2d",
    "margin_ranking_loss",
    "max_norm_",
    "max_pool1d",
    "max_pool2d",
    "max_unpool2d",
    "maxout",
    "mse_loss",
    "multi_margin_loss",
    "multiclass_svm_loss",
    "nll_loss",
    "pairwise_distance",
    "prelu",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softmin",
    "softplus",
    "softsign",
    "step",
    "tanh",
    "threshold",
    "triplet_margin_loss",
]

_suggest_names(__name__)
