"""Convolution (cross-correlation) of images, and its two gradients: the page that everybody calls.

:mod:`.planning` chooses an algorithm by the shapes. They all take the same arguments, the shapes as one
`geometry.Convolution` and the arrays, and give the same numbers, up to the rounding of sums; their results differ in
the order of memory alone. float32 or float64; sums are accumulated in the dtype of the result, each in an order of
its own that does not depend on the number of threads.
"""

from __future__ import annotations

from autograd_cnn.kernels.geometry import Padding, Pair
from autograd_cnn.kernels.layout import Floats, floating_dtype
from autograd_cnn.kernels.planning import algorithm
from autograd_cnn.kernels.workspace import Workspace


def conv2d(
    x: Floats,
    weight: Floats,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
    output_size: Pair,
    *,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Cross-correlate images with weights, as torch.nn.functional.conv2d does.

    Parameters
    ----------
    x : ndarray
        Images, (N, C, H, W), float32 or float64, any strides.
    weight : ndarray
        Windows, (O, C/groups, KH, KW).
    stride, dilation : (int, int)
        Along height and width.
    padding : ((int, int), (int, int))
        Zeros above and below, left and right.
    groups : int
        Groups of channels that do not see each other; divides C and O.
    output_size : (int, int)
        How many windows stand below and beside each other. They may stick out of the padded image
        at the bottom and at the right, where it continues with zeros, or leave some of it unused.
    out : ndarray, optional
        Where to write the result; best in the order of memory that `kernels.plan` tells.
    workspace : Workspace, optional
        Scratch memory to use again; by default there is new one for each call.

    Returns
    -------
    ndarray
        (N, O, OH, OW).

    Raises
    ------
    DtypeError
        If an input is neither float32 nor float64.
    """
    dtype = floating_dtype("conv2d", x, weight)
    shapes = x.shape, weight.shape, output_size
    run = algorithm("forward", *shapes, dtype, stride, padding, dilation, groups)
    return run(x, weight, out=out, workspace=workspace)


def conv2d_input_gradient(
    upstream: Floats,
    weight: Floats,
    input_size: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
    *,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the gradient of :func:`conv2d` with respect to its images, (N, C, H, W).

    Parameters
    ----------
    upstream : ndarray
        Gradient of the output, (N, O, OH, OW).
    weight : ndarray
        Windows, (O, C/groups, KH, KW).
    input_size : (int, int)
        Height and width of the images.
    stride, padding, dilation, groups
        As given to :func:`conv2d`.
    out, workspace
        As for :func:`conv2d`.

    Raises
    ------
    DtypeError
        If an input is neither float32 nor float64.
    """
    dtype = floating_dtype("conv2d_input_gradient", upstream, weight)
    shapes = (len(upstream), groups * weight.shape[1], *input_size), weight.shape, upstream.shape[2:]
    run = algorithm("input gradient", *shapes, dtype, stride, padding, dilation, groups)
    return run(upstream, weight, out=out, workspace=workspace)


def conv2d_weight_gradient(
    upstream: Floats,
    x: Floats,
    window: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
    *,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the gradient of :func:`conv2d` with respect to its weight, (O, C/groups, KH, KW).

    Parameters
    ----------
    upstream : ndarray
        Gradient of the output, (N, O, OH, OW).
    x : ndarray
        Images, (N, C, H, W).
    window : (int, int)
        KH and KW.
    stride, padding, dilation, groups
        As given to :func:`conv2d`.
    out, workspace
        As for :func:`conv2d`.

    Raises
    ------
    DtypeError
        If an input is neither float32 nor float64.
    """
    dtype = floating_dtype("conv2d_weight_gradient", upstream, x)
    shapes = x.shape, (upstream.shape[1], x.shape[1] // groups, *window), upstream.shape[2:]
    run = algorithm("weight gradient", *shapes, dtype, stride, padding, dilation, groups)
    return run(upstream, x, out=out, workspace=workspace)
