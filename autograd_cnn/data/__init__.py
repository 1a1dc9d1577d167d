"""Datasets, how they are split, and batches."""

from autograd_cnn.data.batching import Batches, batches
from autograd_cnn.data.bundled import digits
from autograd_cnn.data.datasets import Dataset, Splits
from autograd_cnn.data.splitting import Fold, Folds, stratified_folds, stratified_split
from autograd_cnn.data.toy import spirals, two_moons

__all__ = [
    "Batches",
    "Dataset",
    "Fold",
    "Folds",
    "Splits",
    "batches",
    "digits",
    "spirals",
    "stratified_folds",
    "stratified_split",
    "two_moons",
]
