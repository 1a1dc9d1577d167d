"""One name, one thing: no module is hidden by what its package holds, random things are asked for in one way."""

import inspect
import pkgutil
from importlib import import_module

import numpy as np
import pytest

import autograd_cnn
import viz
from viz.reference.names import entries

PLUGINS = {"viz.pytest_plugin", "viz.hypothesis_plugin"}  # pytest and hypothesis import them
GRADIENTS = {"autograd_cnn.backward_steps", "autograd_cnn.grad", "autograd_cnn.Expansion", "viz.player"}
"""Whose `seed` is the gradient put on an output."""


def modules():
    for package in (autograd_cnn, viz):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(".__main__") and module.name not in PLUGINS:
                yield module.name


@pytest.mark.parametrize("name", sorted({name.rpartition(".")[0] for name in modules()}))
def test_no_module_is_hidden_by_what_its_package_holds(name):
    """`ag.compile` lives in compilation.py: otherwise `autograd_cnn.compile` would be one thing or the other."""
    if name.endswith("tuning"):
        pytest.importorskip("optuna", reason="optuna is missing: pip install 'autograd-cnn[tune]'")
    package = import_module(name)
    own = [module.name for module in pkgutil.iter_modules(package.__path__) if f"{name}.{module.name}" not in PLUGINS]
    for module in own:
        if module != "__main__":
            assert getattr(package, module, None) in (None, import_module(f"{name}.{module}"))


def parameters(wanted):
    """Return the public functions, classes and gates with a parameter of a name, and this parameter."""
    found = {}
    for entry in entries():
        try:
            own = inspect.signature(entry.what).parameters
        except (TypeError, ValueError):
            continue
        if wanted in own:
            found[entry.name] = own[wanted]
    return found


def test_what_draws_from_a_generator_says_rng_and_takes_the_default_one():
    found = parameters("rng")
    assert len(found) > 40
    for name, parameter in found.items():
        assert parameter.default in (None, inspect.Parameter.empty), name  # a class may be given one


def test_a_seed_is_an_integer_that_names_a_result():
    found = {name: p for name, p in parameters("seed").items() if name not in GRADIENTS}
    assert {"autograd_cnn.data.digits", "autograd_cnn.train.tune", "autograd_cnn.testing.check"} <= set(found)
    for name, parameter in found.items():
        assert parameter.default in (0, None, inspect.Parameter.empty), name
        assert str(parameter.annotation) in ("int", "int | None"), name


def test_a_seed_names_the_same_result_every_time_and_a_generator_goes_on():
    first, second = autograd_cnn.data.digits(seed=3), autograd_cnn.data.digits(seed=3)
    np.testing.assert_array_equal(first.test.images, second.test.images)
    rng = np.random.default_rng(3)
    one, other = (autograd_cnn.data.spirals(rng=rng) for _ in range(2))
    assert not np.array_equal(one[0], other[0])
