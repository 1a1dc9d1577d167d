"""Preprocessing: what is learned from training images alone, and then applied to all images alike.

CS231n, neural networks part 2, "Data preprocessing": "any preprocessing statistics (e.g. the data mean) must only be
computed on the training data, and then applied to the validation / test data".
"""

from autograd_cnn.data.preprocessing.bias import with_bias_column
from autograd_cnn.data.preprocessing.chaining import Chain
from autograd_cnn.data.preprocessing.components import PCA, Whitening
from autograd_cnn.data.preprocessing.fitting import Preprocessing
from autograd_cnn.data.preprocessing.scaling import MeanSubtraction, Normalization, PixelRange
from autograd_cnn.data.preprocessing.states import from_state
from autograd_cnn.suggestions import suggest_names as _suggest_names

__all__ = [
    "PCA",
    "Chain",
    "MeanSubtraction",
    "Normalization",
    "PixelRange",
    "Preprocessing",
    "Whitening",
    "from_state",
    "with_bias_column",
]

_suggest_names(__name__)
