"""Convolution with the images of a batch side by side in the lanes of vectors, and its two gradients.

For images of few channels, as in the first layers of a network, where channels would leave most lanes empty.
Memory is (C, H, W, N), and the images are a view of it with the usual axes (N, C, H, W): "batch last". So are the
results; elementwise operations and poolings keep this order by themselves. Images in another order are copied first.

Nothing is padded: :mod:`.tap_walks` tells which taps meet a pixel, and the others are left out. But a zero of the
padding times an infinite weight or upstream gradient is NaN: where one of them is infinite, the plain loops decide.

Every number is summed by one job in a fixed order: results do not depend on the number of threads.

:mod:`.batch_last_sums` does the work; a compiled program prepares it once for each of its instructions.
"""

from __future__ import annotations

from autograd_cnn.kernels.batch_last_sums import Additions, Multiplications
from autograd_cnn.kernels.geometry import Convolution
from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.layout import Floats
from autograd_cnn.kernels.tap_walks import sums_of_outputs, windows_of
from autograd_cnn.kernels.workspace import Workspace


def covers(convolution: Convolution) -> bool:
    """Whether the algorithm runs for these shapes: the images fill a vector.

    All windows are welcome, but no weight gradient of some that stand in the padding altogether: an infinite upstream
    gradient there would leave no trace, where the plain loops multiply it by zero.
    """
    sizes = (*convolution.x_shape, *convolution.weight_shape, *convolution.output_size)
    if 0 in sizes or convolution.x_shape[0] < instruction_set(convolution.dtype).lanes:
        return False
    windows = windows_of(convolution)
    return convolution.part != "weight gradient" or 0 not in sums_of_outputs(windows).fewest_taps


def conv2d(
    convolution: Convolution,
    x: Floats,
    weight: Floats,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Cross-correlate images with weights; see :func:`.convolution.conv2d`."""
    return Additions(convolution, workspace)(x, weight, out)


def conv2d_input_gradient(
    convolution: Convolution,
    upstream: Floats,
    weight: Floats,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the gradient with respect to the images; see :func:`.convolution.conv2d_input_gradient`."""
    return Additions(convolution, workspace)(upstream, weight, out)


def conv2d_weight_gradient(
    convolution: Convolution,
    upstream: Floats,
    x: Floats,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the gradient with respect to the weight; see :func:`.convolution.conv2d_weight_gradient`."""
    return Multiplications(convolution, workspace)(upstream, x, out)


def prepared(convolution: Convolution, workspace: Workspace) -> Additions | Multiplications:
    """Return one part of a convolution as a function of its two arrays, and of where the result goes."""
    kind = Multiplications if convolution.part == "weight gradient" else Additions
    return kind(convolution, workspace)
