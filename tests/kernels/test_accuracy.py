import pytest

from autograd_cnn.errors import ArgumentError
from autograd_cnn.kernels import precision
from autograd_cnn.kernels.accuracy import winograd_tile


def test_precision_holds_inside_the_with_and_ends_with_an_error():
    assert winograd_tile() == 2
    with precision("fast"):
        assert winograd_tile() == 4
        with precision("default"):
            assert winograd_tile() == 2
        assert winograd_tile() == 4
    with pytest.raises(ZeroDivisionError), precision("fast"):
        _ = 1 / 0
    assert winograd_tile() == 2


def test_a_mistyped_precision_names_the_nearest():
    with pytest.raises(
        ArgumentError, match=r"precision got 'fats'; there are 'default', 'fast'; did you mean 'fast'\?"
    ):
        precision("fats").__enter__()
