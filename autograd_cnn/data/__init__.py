"""Datasets and batches."""

from autograd_cnn.data.batching import Batches, batches
from autograd_cnn.data.datasets import Dataset, Splits, digits

__all__ = ["Batches", "Dataset", "Splits", "batches", "digits"]
