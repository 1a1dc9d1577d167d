"""detect_anomaly names the first node and layer that produced NaN or inf, and the ranges of what it was made from."""

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import nn
from autograd_cnn.anomaly import value_range

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def message(function):
    with ag.detect_anomaly(), pytest.raises(ag.GradientError, match=r"^detect_anomaly") as caught:
        function()
    return str(caught.value).splitlines()


def test_forward_names_gate_layer_and_ranges():
    x = ag.Tensor([[1.0, -4.0, 0.0]], requires_grad=True, name="x")

    def forward():
        with ag.scope("features"), ag.scope("norm"):
            return ag.log(x)

    assert message(forward) == [
        "detect_anomaly: Tensor (1, 3) float64 from log in features/norm is not finite: 1 of 3 NaN, 1 of 3 −inf",
        "from Tensor 'x' (1, 3) float64: −4 to 1",
    ]


def test_forward_lists_every_input_also_constants():
    x, y = ag.Tensor([1.0, 2.0], name="x"), ag.Tensor([0.0, 5.0], name="y")
    assert message(lambda: x / y)[1] == "from Tensor 'x' (2,) float64: 1 to 2; Tensor 'y' (2,) float64: 0 to 5"
    assert message(lambda: 1.0 / ag.Scalar(0.0, name="s")) == [
        "detect_anomaly: Scalar inf from divide is not finite: 1 of 1 +inf",
        "from constant: 1; Scalar 's' 0: 0",
    ]


def test_what_came_in_from_outside_is_seen_in_the_ranges():
    """A leaf that held NaN before is no gate's fault: the range of the input says so."""
    x = ag.Tensor([np.nan, 3.0, np.inf, -np.inf], name="x")
    assert message(lambda: x + 1)[1] == (
        "from Tensor 'x' (4,) float64: 3, 1 of 4 NaN, 1 of 4 +inf, 1 of 4 −inf; constant: 1"
    )


def test_the_first_node_is_named_not_what_follows():
    x = ag.Scalar(-1.0, name="x")
    lines = message(lambda: ag.exp(ag.sqrt(x) * 2))
    assert "from sqrt" in lines[0]
    big = ag.Tensor(np.full(2, 3e38, np.float32), name="big")
    assert "float32 from add" in message(lambda: ag.exp((big + big) * 0))[0]


def test_backward_names_the_edge_the_layer_and_the_upstream_gradient():
    x = ag.Tensor([4.0, 0.0], requires_grad=True, name="x")
    with ag.scope("fc"):
        y = ag.sqrt(x)
    loss = (3 * y).sum()
    assert np.isfinite(y.value).all()
    assert message(loss.backward) == [
        "detect_anomaly: the gradient to input 0 of Tensor (2,) float64 from sqrt in fc is not finite: 1 of 2 +inf",
        "from the upstream gradient: 3; Tensor 'x' (2,) float64: 0 to 4",
    ]
    assert x.grad is None


def test_backward_with_create_graph_is_watched_too():
    x = ag.Tensor([4.0, 0.0], requires_grad=True)
    y = ag.sqrt(x)
    assert "is not finite" in message(lambda: ag.grad(y.sum(), x, create_graph=True))[0]


def test_a_layer_that_overflows_in_training_is_named():
    model = nn.Sequential(fc1=nn.Linear(2, 2, rng=0), fc2=nn.Linear(2, 2, rng=0))
    model.fc2.weight.assign(np.full((2, 2), 3e38, np.float32))
    with ag.detect_anomaly(), pytest.raises(ag.GradientError, match=r"in fc2 is not finite"):
        model(np.full((1, 2), 1e3, np.float32))


def test_nothing_is_said_where_everything_is_finite_nor_outside_the_block():
    x = ag.Tensor([1.0, 2.0], requires_grad=True)
    with ag.detect_anomaly():
        (x * x).sum().backward()
        ag.Tensor(np.zeros((0, 3))).sum()
        (x > 1.5).astype(np.float64)
    assert np.isnan(ag.log(ag.Tensor([-1.0])).value).all()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([1.0, -2.5], "−2.5 to 1"),
        ([[3.0]], "3"),
        (np.nan, "1 of 1 NaN"),
        ([], "empty"),
        ([np.inf, 1.0], "1, 1 of 2 +inf"),
        (np.array([True, False]), "0 to 1"),
        (np.array([3, 7]), "3 to 7"),
        (ag.Scalar(2.0), "2"),
    ],
)
def test_ranges(value, words):
    assert value_range(value) == words
