import pytest

from autograd_cnn.errors import ArgumentError
from autograd_cnn.kernels import precision
from autograd_cnn.kernels.accuracy import is_fast


def test_precision_holds_inside_the_with_and_ends_with_an_error():
    assert not is_fast()
    with precision("fast"):
        assert is_fast()
        with precision("default"):
            assert not is_fast()
        assert is_fast()
    with pytest.raises(ZeroDivisionError), precision("fast"):
        _ = 1 / 0
    assert not is_fast()


def test_a_mistyped_precision_names_the_nearest():
    with pytest.raises(
        ArgumentError, match=r"precision got 'fats'; there are 'default', 'fast'; did you mean 'fast'\?"
    ):
        precision("fats").__enter__()
