"""Explanation: the chain rule of one gradient, path by path, with its numbers."""

from autograd_cnn.explanation.explaining import Explanation, explain

__all__ = ["Explanation", "explain"]
