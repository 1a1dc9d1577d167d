"""Augmentation: training images changed at random, in ways that do not change what they show.

CS231n, neural networks part 3 and "ConvNets in practice": flips, crops, shifts, rotations, scales, contrast,
brightness, noise and warps make many images of one.
"""

from autograd_cnn.data.augmentation.chaining import Augmentation
from autograd_cnn.data.augmentation.cutting import Crop, Flip
from autograd_cnn.data.augmentation.moving import Rotation, Scale, Shift
from autograd_cnn.data.augmentation.shading import Brightness, Contrast, Noise
from autograd_cnn.data.augmentation.transforming import Transformation
from autograd_cnn.data.augmentation.warping import Warp
from autograd_cnn.suggestions import suggest_names as _suggest_names

__all__ = [
    "Augmentation",
    "Brightness",
    "Contrast",
    "Crop",
    "Flip",
    "Noise",
    "Rotation",
    "Scale",
    "Shift",
    "Transformation",
    "Warp",
]

_suggest_names(__name__)
