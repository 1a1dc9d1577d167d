"""Numba kernels on plain ndarrays; nothing here knows of nodes or gates.

A kernel's file, and with it numba, is imported when the kernel is first asked for, so that
``import autograd_cnn`` costs no more than numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd_cnn.kernels.accuracy import precision
    from autograd_cnn.kernels.average_pooling import avg_pool2d, avg_pool2d_gradient
    from autograd_cnn.kernels.convolution import conv2d, conv2d_input_gradient, conv2d_weight_gradient
    from autograd_cnn.kernels.planning import forced, plan
    from autograd_cnn.kernels.pooling import gather_by_switches, max_pool2d, scatter_by_switches
    from autograd_cnn.kernels.softmax import cross_entropy, cross_entropy_gradient, log_softmax
    from autograd_cnn.kernels.threads import get_num_threads, set_num_threads

__all__ = [
    "avg_pool2d",
    "avg_pool2d_gradient",
    "conv2d",
    "conv2d_input_gradient",
    "conv2d_weight_gradient",
    "cross_entropy",
    "cross_entropy_gradient",
    "forced",
    "gather_by_switches",
    "get_num_threads",
    "log_softmax",
    "max_pool2d",
    "plan",
    "precision",
    "scatter_by_switches",
    "set_num_threads",
]

_FILE_OF = {
    "conv2d": "convolution",
    "conv2d_input_gradient": "convolution",
    "conv2d_weight_gradient": "convolution",
    "forced": "planning",
    "plan": "planning",
    "precision": "accuracy",
    "max_pool2d": "pooling",
    "scatter_by_switches": "pooling",
    "gather_by_switches": "pooling",
    "avg_pool2d": "average_pooling",
    "avg_pool2d_gradient": "average_pooling",
    "log_softmax": "softmax",
    "cross_entropy": "softmax",
    "cross_entropy_gradient": "softmax",
    "get_num_threads": "threads",
    "set_num_threads": "threads",
}


def __getattr__(name: str) -> Any:
    """Import the file a kernel stands in, once, when the kernel is first asked for."""
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    kernel = getattr(import_module(f"{__name__}.{_FILE_OF[name]}"), name)
    globals()[name] = kernel
    return kernel


def __dir__() -> list[str]:
    return sorted(__all__)
