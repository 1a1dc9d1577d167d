"""What gates and functions declare: defaults, methods, NumPy's names, broadcasting, kinks, slopes that die away."""

import math

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn.gates.axes import kept_shape
from autograd_cnn.gates.facts import fact
from autograd_cnn.registry import COMPOSITIONS

X = np.random.default_rng(0).permutation(np.linspace(-3, 3, 24)).reshape(2, 3, 4)
CHANNELS = np.arange(1.0, 4.0)
SCORES, LABELS = X[:, :, 0], np.array([2, 0])


@pytest.mark.parametrize(
    ("name", "inputs", "defaults"),
    [
        ("hardtanh", (X,), {"min_val": -1.0, "max_val": 1.0}),
        ("leaky_relu", (X,), {"negative_slope": 0.01}),
        ("elu", (X,), {"alpha": 1.0}),
        ("softplus", (X,), {"beta": 1.0}),
        ("concatenate", (X, X), {"axis": 0}),
        ("stack", (X, X), {"axis": 0}),
        ("pad", (X, {"pad_width": ((1, 0), (0, 0), (0, 2))}), {"constant_values": 0.0}),
        ("softmax", (X,), {"axis": -1}),
        ("log_softmax", (X,), {"axis": -1}),
        *[(name, (X,), {"axis": None, "keepdims": False}) for name in ("sum", "mean", "max", "min", "prod")],
        *[(name, (X,), {"axis": None, "keepdims": False}) for name in ("euclidean_norm", "logsumexp")],
        ("cumsum", (X,), {"axis": None}),
        *[(name, (X,), {"axis": None, "ddof": 0, "keepdims": False}) for name in ("var", "std")],
        *[(name, (X,), {"axis": None, "keepdims": False}) for name in ("argmax", "argmin")],
        ("norm", (X,), {"ord": 2, "axis": None, "keepdims": False}),
        ("take_along_axis", (X, {"indices": np.array([[[1, 0], [0, 0], [1, 1]]])}), {"axis": -1}),
        ("topk", (X, {"k": 2}), {"axis": -1, "largest": True}),
        ("split", (X, {"indices_or_sections": 2}), {"axis": 0}),
        ("multiclass_svm_loss", (SCORES, LABELS), {"delta": 1.0, "squared": False}),
        ("standardize", (X, {"axis": (2,)}), {"eps": 1e-5}),
        ("standardize_gradient", (X, X, {"axis": (2,)}), {"eps": 1e-5}),
        ("batch_norm", (X, CHANNELS, CHANNELS), {"eps": 1e-5}),
        ("batch_norm_weight_gradient", (X, X), {"eps": 1e-5}),
        ("local_response_norm", (X, {"size": 2}), {"alpha": 1e-4, "beta": 0.75, "k": 1.0}),
    ],
)
def test_what_is_not_given_is_as_in_numpy_or_torch(name, inputs, defaults):
    *values, more = inputs if isinstance(inputs[-1], dict) else (*inputs, {})
    function = ag.GATES.get(name) or getattr(ag, name)
    found, expected = function(*values, **more), function(*values, **more, **defaults)
    np.testing.assert_array_equal(found, expected, strict=True)


def test_reduced_axes_are_kept_by_default():
    assert kept_shape((2, 3, 4), (0, 2)) == (1, 3, 1)


def test_selu_has_the_constants_of_its_paper():
    """Klambauer et al. 2017."""
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    np.testing.assert_allclose(F.selu(np.array([1.0, -1000])), [scale, -scale * alpha], rtol=1e-15)


METHODS = {
    **{"abs": (), "argmax": (), "argmin": (), "astype": (np.float32,), "clip": (0.0, 1.0), "cumsum": ()},
    **{"dot": (X[0].T,), "exp": (), "flatten": (), "log": (), "max": (), "mean": (), "min": (), "prod": ()},
    **{"ravel": (), "relu": (), "repeat": (2,), "reshape": (-1,), "sigmoid": (), "sqrt": (), "squeeze": (), "std": ()},
    **{"sum": (), "swapaxes": (0, 1), "take": (1,), "tanh": (), "transpose": (), "var": ()},
}


@pytest.mark.filterwarnings("ignore:invalid value encountered")
@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_the_function_of_its_name(name):
    function, more = ag.GATES.get(name) or COMPOSITIONS[name], METHODS[name]
    found = getattr(ag.Tensor(X), name)(*more)
    if hasattr(X, name):
        np.testing.assert_allclose(found, getattr(X, name)(*more), rtol=1e-6, atol=1e-14)
    elif not more:
        np.testing.assert_array_equal(found, function(X))


def test_functions_that_numpy_has_are_called_by_numpys_names():
    """np.repeat(node, 2) is ag.repeat(node, 2); arrays have no method that nodes lack where there is a function."""
    functions = {
        name for name, value in vars(ag).items() if "autograd_cnn.gates" in (getattr(value, "__module__", "") or "")
    }
    theirs = {name for name in functions if hasattr(np, name)}
    assert len(theirs) > 50
    assert theirs - {*ag.GATES, *COMPOSITIONS} == {"einsum"}  # for which np.einsum has a way of its own
    assert {"amax", "amin", "norm"} <= {*COMPOSITIONS}  # the last for np.linalg.norm
    assert {name for name in functions if hasattr(np.ndarray, name)} <= {*METHODS}


BROADCAST = [
    *("add", "subtract", "multiply", "divide", "power", "matmul", "contraction", "broadcast_to", "where", "prelu"),
    *("greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "maximum", "minimum"),
    *("binary_cross_entropy", "binary_cross_entropy_with_logits"),
]


def own_gates():
    return {name: gate for name, gate in ag.GATES.items() if gate.forward.__module__.startswith("autograd_cnn.gates")}


def test_which_gates_broadcast():
    assert {name for name, gate in own_gates().items() if gate.broadcasts} == {*BROADCAST}


ONE_IMAGE = np.array([[[[0.0, 1.0]]]])
KINKS = {
    **{name: ((-0.5,), (0.5,), {}) for name in ("abs", "step", "relu", "selu")},
    "leaky_relu": ((-0.5,), (0.5,), {"negative_slope": 0.1}),
    "elu": ((-0.5,), (0.5,), {"alpha": 1.0}),
    "hardtanh": ((-2.0,), (2.0,), {"min_val": -1.0, "max_val": 1.0}),
    "prelu": ((-0.5, 0.1), (0.5, 0.1), {}),
    **{name: ((0.0, 1.0), (1.0, 0.0), {}) for name in ("maximum", "minimum")},
    "where": ((True, 0.0, 1.0), (False, 0.0, 1.0), {}),
    **{name: (([0.0, 1.0],), ([1.0, 0.0],), {"axis": None, "keepdims": False}) for name in ("max", "min")},
    "max_pool2d": (
        *((ONE_IMAGE,), (-ONE_IMAGE,)),
        {
            **{"window": (1, 2), "stride": (1, 2), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)},
            **{"output_size": (1, 1)},
        },
    ),
    "adaptive_max_pool2d": ((ONE_IMAGE,), (-ONE_IMAGE,), {"output_size": (1, 1)}),
    "multiclass_svm_loss": (([[0.0, 3.0]], [0]), ([[3.0, 0.0]], [0]), {"delta": 1.0, "squared": False}),
}
"""For each gate with a kink inputs on one side of it, on the other, and attributes."""


@pytest.mark.parametrize("name", KINKS)
def test_branches_tell_the_sides_of_a_kink(name):
    *sides, attributes = KINKS[name]
    one, other = (ag.GATES[name].branches(*map(np.array, side), **attributes) for side in sides)
    assert np.any(one != other)


def test_every_gate_with_two_sides_tells_them():
    at_an_edge = {"sqrt", "power", "binary_cross_entropy", "euclidean_norm"}  # where what is defined ends
    own = own_gates()
    assert {name for name, gate in own.items() if fact(gate, "Kink")} == {*KINKS} | at_an_edge
    assert {name for name, gate in own.items() if gate.branches is not None} == {*KINKS}


SATURATE = {
    **{"tanh": 1.0, "sigmoid": 0.25, "logsigmoid": 1.0, "hardtanh": 1.0, "softsign": 1.0, "elu": 1.0, "softplus": 1.0},
    **{"selu": 1.7580993408473766, "silu": 1.0998393194, "gelu": 1.1289042, "normal_cdf": 1 / math.sqrt(2 * math.pi)},
}


@pytest.mark.parametrize("name", [*SATURATE, "relu", "leaky_relu", "identity", "step"])
def test_slopes_that_die_away_are_told_with_the_largest_and_a_side_without_slope_as_dead(name):
    gate = ag.GATES[name]
    x = ag.Tensor(np.concatenate([[-500.0], np.linspace(-4, 4, 8001) - 1e-9, [500.0]]), requires_grad=True)
    (slopes,) = ag.grad(gate(x).sum(), [x])
    assert gate.saturates == SATURATE.get(name)
    if gate.saturates is not None:
        assert slopes.max() == pytest.approx(gate.saturates, rel=2e-5)
        assert min(slopes[0], slopes[-1]) < 1e-3
    assert gate.dead_side == (not slopes[(x.value > -0.9) & (x.value < 0)].any())
