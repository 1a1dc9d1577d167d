"""What the typed errors say."""

import pytest

from autograd_cnn.errors import AutogradError, MissingExtraError, extra


def test_a_library_of_an_extra_is_imported():
    assert extra("json.decoder", "images", "decoding").JSONDecoder


def test_a_missing_library_names_its_extra():
    with pytest.raises(
        MissingExtraError, match=r"tasting needs nowhere, .* pip install 'autograd-cnn\[images\]'"
    ) as it:
        extra("nowhere.taste", "images", "tasting")
    assert isinstance(it.value, AutogradError)
    assert isinstance(it.value, ImportError)
