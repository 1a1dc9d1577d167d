"""Datasets and batches."""

from autograd_cnn.data.batching import Batches, batches
from autograd_cnn.data.datasets import Dataset, Splits, digits
from autograd_cnn.data.toy import spirals, two_moons

__all__ = ["Batches", "Dataset", "Splits", "batches", "digits", "spirals", "two_moons"]
