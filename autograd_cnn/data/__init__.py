"""Datasets, how they are split, and batches."""

from autograd_cnn.data import augmentation, preprocessing
from autograd_cnn.data.archive_members import Limits as ArchiveLimits
from autograd_cnn.data.archives import extract
from autograd_cnn.data.array_datasets import arrays, load_npz
from autograd_cnn.data.batching import Batches, batches
from autograd_cnn.data.bundled import digits
from autograd_cnn.data.cifar import cifar10, cifar100
from autograd_cnn.data.datasets import Dataset, Splits
from autograd_cnn.data.idx import read_idx, write_idx
from autograd_cnn.data.idx_collections import fashion_mnist, mnist
from autograd_cnn.data.image_files import image_folder
from autograd_cnn.data.preprocessing import with_bias_column
from autograd_cnn.data.splitting import Fold, Folds, stratified_folds, stratified_split
from autograd_cnn.data.toy import spirals, two_moons
from autograd_cnn.suggestions import suggest_names as _suggest_names

__all__ = [
    "ArchiveLimits",
    "Batches",
    "Dataset",
    "Fold",
    "Folds",
    "Splits",
    "arrays",
    "augmentation",
    "batches",
    "cifar10",
    "cifar100",
    "digits",
    "extract",
    "fashion_mnist",
    "image_folder",
    "load_npz",
    "mnist",
    "preprocessing",
    "read_idx",
    "spirals",
    "stratified_folds",
    "stratified_split",
    "two_moons",
    "with_bias_column",
    "write_idx",
]

_suggest_names(__name__)
