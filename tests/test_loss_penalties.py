"""Regularisation: gradients αw and α·sign(w), strengths by layer, biases, weight decay, max norm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import nn, optim

WEIGHTS = arrays(np.float64, (3, 4), elements=st.floats(-5, 5))
STRENGTHS = st.floats(0, 2)


class Network(nn.Module):
    """Two layers inside `features`, one outside."""

    def __init__(self, dtype=np.float64):
        self.features = nn.Sequential(
            conv=nn.Conv2d(1, 2, 3, rng=0, dtype=dtype), second=nn.Conv2d(2, 2, 1, rng=1, dtype=dtype)
        )
        self.fc = nn.Linear(2, 3, rng=2, dtype=dtype)


def squares(*parameters):
    return sum((p.value**2).sum() for p in parameters)


@given(WEIGHTS, STRENGTHS)
def test_gradients_are_alpha_w_and_alpha_sign_w(values, alpha):
    """The lecture's: ½αΣw² -> αw, αΣ|w| -> α·sign(w), which is 0 at 0; without the ½, 2αw."""
    w = ag.Parameter(values)
    for penalty, expected in (
        (F.l2_penalty(w, alpha, half=True), alpha * values),
        (F.l2_penalty(w, alpha), 2 * alpha * values),
        (F.l1_penalty(w, alpha), alpha * np.sign(values)),
        (F.elastic_net(w, alpha, 0.5), alpha * np.sign(values) + values),
    ):
        np.testing.assert_allclose(ag.grad(penalty, w)[0], expected, rtol=1e-14, atol=1e-300)


@given(WEIGHTS, STRENGTHS, STRENGTHS)
def test_values(values, first, second):
    w = ag.Parameter(values)
    l1, l2 = first * np.abs(values).sum(), second * (values**2).sum()
    np.testing.assert_allclose(F.l1_penalty(w, first).value, l1, rtol=1e-12)
    np.testing.assert_allclose(F.l2_penalty(w, second).value, l2, rtol=1e-12)
    np.testing.assert_allclose(F.elastic_net(w, first, second).value, l1 + l2, rtol=1e-12, atol=1e-300)


def test_l2_prefers_diffuse_weights_as_in_the_notes():
    """CS231n: both score 1 on x = [1, 1, 1, 1], but the L2 penalty is 1 for the peaky and 0.25 for the diffuse."""
    x, peaky, diffuse = np.ones(4), ag.Parameter([1.0, 0, 0, 0]), ag.Parameter([0.25] * 4)
    assert x @ peaky.value == x @ diffuse.value == 1
    assert (F.l2_penalty(peaky).item(), F.l2_penalty(diffuse).item()) == (1, 0.25)
    assert F.l1_penalty(peaky).item() == F.l1_penalty(diffuse).item() == 1


def test_biases_do_not_count_unless_asked():
    model = Network()
    weights = (model.features.conv.weight, model.features.second.weight, model.fc.weight)
    biases = (model.features.conv.bias, model.features.second.bias, model.fc.bias)
    np.testing.assert_allclose(F.l2_penalty(model).value, squares(*weights))
    np.testing.assert_allclose(F.l2_penalty(model, biases=True).value, squares(*weights, *biases))
    np.testing.assert_allclose(F.l2_penalty(model.parameters()).value, squares(*weights))
    np.testing.assert_allclose(F.l2_penalty(model.parameters(), biases=True).value, squares(*weights, *biases))
    np.testing.assert_allclose(F.l2_penalty(model.fc.bias).value, squares(model.fc.bias))  # given by itself
    np.testing.assert_allclose(F.l2_penalty(model.named_parameters()).value, squares(*weights))
    np.testing.assert_allclose(F.elastic_net(model.parameters(), 0, 1).value, squares(*weights))


def test_strengths_by_layer():
    """The longest start of a name counts; whole parts only; what no name fits is left out."""
    model = Network()
    conv, second, fc = model.features.conv.weight, model.features.second.weight, model.fc.weight
    penalty = F.l2_penalty(model, {"features": 2.0, "features.conv": 3.0})
    np.testing.assert_allclose(penalty.value, 3 * squares(conv) + 2 * squares(second))
    penalty = F.l2_penalty(model, {"": 1.0, "features": 0.0})
    np.testing.assert_allclose(penalty.value, squares(fc))
    penalty = F.l2_penalty(model, {"fc.bias": 2.0, "fc": 1.0}, biases=True)
    np.testing.assert_allclose(penalty.value, squares(fc) + 2 * squares(model.fc.bias))
    with pytest.raises(ag.UnknownNameError, match="'feature' is the start of no parameter's name"):
        F.l2_penalty(model, {"feature": 1.0})


def test_neurons_of_scalars():
    """The bias of a Neuron is called b."""
    neuron = nn.Neuron(2, rng=0)
    neuron.b.assign(5.0)
    expected = neuron.w0.value**2 + neuron.w1.value**2
    penalty = F.l2_penalty(neuron)
    assert type(penalty) is ag.Scalar
    assert penalty.value == pytest.approx(expected)
    assert F.l2_penalty(neuron, biases=True).value == pytest.approx(expected + 25)
    penalty.backward()
    assert neuron.w0.grad == 2 * neuron.w0.value
    assert neuron.b.grad is None


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_half_l2_penalty_is_the_weight_decay_of_sgd(momentum):
    """With the ½ and every parameter counted, both walk the same path."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 4)), rng.integers(0, 3, 8)
    paths = []
    for decay, penalty in ((0.1, None), (0.0, 0.1)):
        model = nn.Linear(4, 3, rng=0, dtype=np.float64)
        optimizer = optim.SGD(model.parameters(), lr=0.5, momentum=momentum, weight_decay=decay)
        for _ in range(5):
            loss = F.cross_entropy(model(ag.Tensor(x)), y)
            if penalty is not None:
                loss = loss + F.l2_penalty(model, penalty, half=True, biases=True)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        paths.append(np.concatenate([p.value.ravel() for p in model.parameters()]))
    np.testing.assert_allclose(*paths, rtol=1e-12)


def test_float32_stays_float32():
    model = Network(np.float32)
    for penalty in (F.l1_penalty(model, 1e-4), F.l2_penalty(model, np.float64(1e-4)), F.elastic_net(model)):
        assert penalty.dtype == np.float32
    penalty.backward()
    assert model.fc.weight.grad.dtype == np.float32


@given(WEIGHTS, st.floats(0.1, 6))
def test_max_norm_bounds_every_neuron_and_keeps_its_direction(values, bound):
    w = ag.Parameter(values)
    F.max_norm_(w, bound)
    before, after = np.linalg.norm(values, axis=1), np.linalg.norm(w.value, axis=1)
    np.testing.assert_allclose(after, np.minimum(before, bound), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(w.value * before[:, None], values * after[:, None], rtol=1e-9, atol=1e-9)


def test_max_norm_in_numbers():
    """[3, 4] has norm 5: a bound of 1 leaves [0.6, 0.8]. Whoever keeps the bound is not even written to."""
    w, inside = ag.Parameter([[3.0, 4.0], [0.1, 0.1]]), ag.Parameter([[0.3, 0.4]])
    version = inside.version
    F.max_norm_([w, inside], 1)
    np.testing.assert_allclose(w.value, [[0.6, 0.8], [0.1, 0.1]], rtol=1e-15)
    assert inside.version == version
    columns = ag.Parameter([[3.0], [4.0]])
    F.max_norm_(columns, 1, axis=1)
    np.testing.assert_allclose(columns.value, [[0.6], [0.8]], rtol=1e-15)
    one = ag.Parameter([3.0, 4.0])
    F.max_norm_(one, 1)
    np.testing.assert_allclose(one.value, [0.6, 0.8], rtol=1e-15)


def test_max_norm_of_a_model_leaves_biases_alone_and_the_graph_knows_of_it():
    model = Network()
    model.features.conv.bias.assign([30.0, 40.0])
    loss = F.l2_penalty(model)
    F.max_norm_(model, 0.1)
    F.max_norm_(model.parameters(), 0.1)
    np.testing.assert_array_equal(model.features.conv.bias.value, [30, 40])
    filters = model.features.conv.weight.value.reshape(2, -1)
    np.testing.assert_allclose(np.linalg.norm(filters, axis=1), 0.1)
    with pytest.raises(ag.GradientError, match="was assigned a new value"):
        loss.backward()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: F.l2_penalty(nn.ReLU()), ag.ArgumentError, "no parameter to penalise"),
        (lambda: F.l2_penalty(nn.Linear(2, 2), {"bias": 1.0}), ag.ArgumentError, "only biases"),
        (lambda: F.l1_penalty(ag.Parameter([1.0]), -1), ag.ArgumentError, "strength -1"),
        (lambda: F.l1_penalty(ag.Parameter([1.0]), "big"), ag.ArgumentError, "strength 'big'"),
        (lambda: F.l1_penalty(3.0), ag.ArgumentError, "got float, expected a module"),
        (lambda: F.l1_penalty([1.0]), ag.ArgumentError, "got float among the parameters"),
        (lambda: F.elastic_net([]), ag.ArgumentError, "no parameter"),
        (lambda: F.max_norm_(ag.Parameter([1.0]), 0), ag.ArgumentError, "max_norm=0"),
        (lambda: F.max_norm_(ag.Tensor([1.0]), 1), ag.ArgumentError, "expected a Parameter"),
        (lambda: F.max_norm_(nn.Neuron(2, rng=0), 1), ag.ArgumentError, "Scalar"),
    ],
)
def test_wrong_use_raises_a_typed_error(call, error, message):
    with pytest.raises(error, match=message):
        call()
