import subprocess
import sys

import pytest

from autograd_cnn import kernels


def test_numba_is_imported_with_the_first_kernel_and_not_before():
    program = (
        "import sys; from autograd_cnn import kernels; assert 'numba' not in sys.modules; "
        "kernels.conv2d; assert 'numba' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.parametrize("name", kernels.__all__)
def test_every_name_is_found(name):
    assert getattr(kernels, name).__name__ == name
    assert name in dir(kernels)


def test_other_names_raise():
    with pytest.raises(AttributeError, match=r"module 'autograd_cnn\.kernels' has no attribute 'conv3d'"):
        kernels.conv3d  # noqa: B018
