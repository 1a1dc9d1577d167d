"""What a layer declares of its output, held against its call."""

import pytest

import autograd_cnn as ag


def declared_shape(layer, x, refused=ag.ShapeError):
    """Return the shape of one output sample that a layer declares for x; None where it refuses x, called as well."""
    try:
        return layer.output_shape(x.shape[1:])
    except ag.ShapeError:
        with pytest.raises(refused):
            layer(x)
        return None
