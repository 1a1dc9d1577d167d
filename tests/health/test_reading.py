"""What is read off single layers: their ranges, shapes, weights, wires to the loss, and what is handed over."""

import math
from functools import partial

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import health
from autograd_cnn.health.grouping import Group
from autograd_cnn.health.network import Gradients, read_network
from autograd_cnn.health.past import Past
from autograd_cnn.health.reading import activations_of, outputs_of, report_of, weight_gradient, weights_of

X = ag.Tensor(np.linspace(-3, 3, 24).reshape(6, 4), requires_grad=True)


def layer_of(make):
    with ag.scope("layer"):
        y = make()
    return health.inspect((y * 1.0).sum()).layers[0]


@pytest.mark.parametrize(
    ("gate", "options", "ends"),
    [
        *((F.sigmoid, {}, (0, 1)), (F.tanh, {}, (-1, 1)), (F.softsign, {}, (-1, 1)), (F.hardtanh, {}, (-1, 1))),
        (F.hardtanh, {"min_val": -5.0, "max_val": 4.0}, (-5, 4)),
        *((gate, {}, None) for gate in (F.relu, F.elu, F.selu, F.silu, F.gelu, F.softplus, F.logsigmoid)),
        *((F.elu, {"alpha": 3.0}, None), (F.softplus, {"beta": 3.0}, None), (ag.exp, {}, None)),
    ],
)
def test_histograms_go_over_the_range_of_what_saturates_on_both_sides_and_else_over_the_values(gate, options, ends):
    shown = layer_of(lambda: gate(X, **options)).activation
    values = gate(X, **options).value
    assert (shown.low, shown.high) == (ends or (values.min(), values.max()))
    assert sum(count > 0 for count in shown.counts) > 3


def test_several_outputs_have_the_range_of_one_activation_if_all_are_of_it():
    def ends(*gates):
        inputs = [ag.Scalar(0.5 + i) for i in range(len(gates))]
        with ag.scope("layer/neuron"):
            outputs = [gate(x * 0.5) for gate, x in zip(gates, inputs, strict=True)]
        shown = health.inspect(sum(outputs[1:], outputs[0] * 1.0)).layers[0].activation
        return shown.low, shown.high

    bounded = F.hardtanh
    assert ends(ag.tanh, ag.tanh) == ends(bounded, bounded) == (-1, 1)
    assert ends(ag.tanh, ag.exp) == pytest.approx((math.tanh(0.25), math.exp(0.75)))
    assert ends(ag.exp, ag.tanh) == pytest.approx((math.tanh(0.75), math.exp(0.25)))
    wide = partial(bounded, min_val=-9.0)
    assert ends(wide, wide) == (-9, 1)
    assert ends(bounded, wide) == ends(wide, bounded) == (0.25, 0.75)


def test_shapes_are_those_of_one_sample():
    def shapes(make):
        layer = layer_of(make)
        return layer.input_shape, layer.output_shape

    assert shapes(lambda: ag.exp(X)) == ((4,), (4,))
    assert shapes(lambda: X.reshape(6, 2, 2)) == ((4,), (2, 2))
    assert shapes(lambda: ag.exp(X[0])) == ((4,), (4,))
    assert shapes(lambda: ag.exp(ag.Tensor(np.ones(3), requires_grad=True))) == ((3,), (3,))
    w = ag.Parameter(np.ones(3))
    assert shapes(lambda: w * 2.0)[0] == ()  # nothing goes in
    x, other = ag.Tensor(X.value), ag.Tensor(np.ones((6, 7)))
    assert shapes(lambda: ag.concatenate(x, other, axis=1)) == ((4,), (11,))
    assert shapes(lambda: ag.concatenate(other, x, axis=1)) == ((7,), (11,))
    with ag.scope("scale/neuron"):
        scale = ag.exp(ag.Scalar(2.0))
    with ag.scope("fc"):
        y = x @ ag.Parameter(np.ones((4, 2)))
    with ag.scope("scaled"):
        z = scale * y
    layers = {layer.name: layer for layer in health.inspect(z.sum()).layers}
    assert (layers["scaled"].input_shape, layers["scale"].output_shape) == ((2,), (1,))
    assert health.inspect((X @ ag.Parameter(np.ones((4, 2)))).sum()).input_shape == (4,)


def test_shapes_of_scalars_are_how_many_there_are_for_each_sample():
    def shape(uses, others):
        """A weight is used so often, and so many other nodes leave the layer."""
        w, *more = (ag.Scalar(i + 1.0) for i in range(1 + others))
        with ag.scope("layer/neuron"):
            outputs = [w * i for i in range(uses)] + [v * 2.0 for v in more]
        loss = sum(outputs[1:], outputs[0] * 1.0)
        (layer,) = health.inspect(loss, model=[w, *more]).layers
        return layer.output_shape

    assert shape(2, 0) == (1,)
    assert shape(2, 2) == (2,)
    assert shape(3, 3) == (2,)
    assert shape(2, 1) == (3,)  # two samples cannot have three
    assert shape(3, 2) == (5,)


def test_a_layer_that_is_the_loss_is_wired_to_it():
    w = ag.Parameter(np.full((4, 1), 2.0))
    with ag.scope("fc"):
        loss = (X[:1] @ w).sum()
    report = health.inspect(loss)
    assert [(c.source, c.target) for c in report.connections] == [("", "fc"), ("fc", "")]
    assert report.connections[-1].value == pytest.approx(abs(loss.item()))
    assert report.connections[-1].gradient == 1.0
    # 2 for each of the four inputs, at the one output 1
    assert report.layers[0].attenuation == pytest.approx(math.log10(4.0))
    x = ag.Tensor(X.value)
    with ag.scope("fc"):
        loss = ag.exp(x).sum()
    report = health.inspect(loss)
    assert [c.gradient for c in report.connections] == [None, None]
    assert report.layers[0].attenuation is None


def test_the_input_is_what_enters_the_first_layer_not_what_goes_past_all_to_the_loss():
    wanted = ag.Tensor(np.ones((6, 7)))
    with ag.scope("fc"):
        y = ag.Tensor(X.value) @ ag.Parameter(np.ones((4, 7)))
    loss = ((wanted - y) * (wanted - y)).sum()
    report = health.inspect(loss)
    assert report.input_shape == (4,)
    assert [(c.source, c.target) for c in report.connections] == [("", "fc"), ("fc", "")]
    with ag.scope("a"):
        a = ag.Parameter(np.ones((2, 3))) * 2.0
    with ag.scope("b"):
        b = ag.exp(a)
    report = health.inspect(b.sum())
    assert report.input_shape == ()  # nothing enters
    assert [(c.source, c.target) for c in report.connections] == [("a", "b"), ("b", "")]


def test_the_outputs_of_a_layer():
    a, b = ag.Scalar(2.0), ag.Scalar(3.0)
    with ag.scope("layer/neuron"):
        outputs = [a * 2.0, b * 2.0]
        inner = a * 3.0
        outputs.append(ag.tanh(inner))
    network = read_network(outputs[0] * outputs[1] * outputs[2] * outputs[0])
    (layer,) = network.layers
    assert outputs_of(network, layer) == outputs
    with ag.scope("layer/neuron"):
        last = a * 2.0
    network = read_network(last)
    assert outputs_of(network, network.layers[0]) == [last]


def test_activations_are_tensors_or_scalars_as_the_last_one_is():
    scalars = [ag.tanh(ag.Scalar(1.0)) for _ in range(2)]
    tensors = [ag.tanh(X), ag.relu(X)]
    found = activations_of(Group("layer", "layer", [*scalars, ag.exp(X), *tensors]))
    assert found == tensors
    assert activations_of(Group("layer", "layer", [tensors[0], *scalars])) == scalars
    assert activations_of(Group("layer", "layer", [ag.exp(X)])) == []


def test_matrices_speak_for_a_layer_where_it_has_some():
    matrix, row, filters = (ag.Parameter(np.ones(shape)) for shape in ((2, 3), (3,), (2, 3, 1, 1)))
    frozen = ag.Parameter(np.ones((4, 4)), requires_grad=False)
    assert weights_of([row, matrix, frozen, filters]) == [matrix, filters]
    assert weights_of([row, frozen]) == [row]
    assert weights_of([frozen]) == []
    known = Gradients({matrix: np.full((2, 3), 3.0), filters: np.full((2, 3, 1, 1), -4.0)}, {})
    assert weight_gradient([matrix, filters, row], known) == pytest.approx(math.sqrt(12.5))
    assert weight_gradient([matrix], known) == 3.0
    assert weight_gradient([row], known) is None


def two_layers():
    with ag.scope("fc"):
        z = ag.Tensor(np.abs(X.value) + 9.0) @ ag.Parameter(np.eye(4))
    with ag.scope("relu"):
        y = ag.relu(z - np.array([100.0, 0.0, 0.0, 0.0]))
    return read_network(y.sum())


def test_what_is_known_of_the_past_is_told_instead_of_what_is_read():
    network = two_layers()
    empty = Gradients({}, {})
    units = health.Units(4, dead=(0,), silent=(2,))
    finding = health.Finding("critical", "non-finite", "fc", "NaN", "", "", "", since=3)
    past = Past(
        *(9, 77, 55, 12),
        units={"fc": None, "relu": units},
        updates={"fc": [1e-3, 2e-3, 3e-3], "relu": []},
        weight_gradients={"fc": 0.25},
        onset=lambda kind, layer: 4,
        non_finite=finding,
        same_sign={"fc": 0.75},
    )
    report = report_of(network, empty, {}, health.Thresholds(), past)
    fc, relu = report.layers
    assert (fc.update_ratio, fc.weight_gradient, fc.same_sign, fc.units) == (3e-3, 0.25, 0.75, None)
    assert (relu.update_ratio, relu.weight_gradient, relu.same_sign, relu.units) == (None, None, None, units)
    assert (fc.proven, fc.highest) == ((), None)
    assert (report.step, report.samples, report.batch) == (9, 77, 6)
    assert report.findings == (finding,)
    (told,) = report_of(network, empty, {"spare": ag.Parameter([1.0])}, health.Thresholds(), Past(5)).findings
    assert (told.kind, told.since) == ("disconnected", 5)


def test_without_a_past_the_batch_is_read():
    network = two_layers()
    layers = health.inspect(network.loss).layers
    assert layers[0].same_sign == 1.0
    assert layers[1].same_sign is None
    assert layers[1].units.dead == ()  # six samples prove nothing yet
    assert layers[1].units.silent == (0,)
    report = health.inspect(network.loss, step=3)
    assert (report.step, report.samples, report.batch) == (3, 6, 6)
    assert health.inspect(network.loss).step == 0


def test_of_two_products_neither_tells_signs():
    data = ag.Tensor(np.abs(X.value) + 9.0)
    with ag.scope("fc"):
        y = data @ ag.Parameter(np.eye(4)) + data @ ag.Parameter(np.ones((4, 4)))
    assert health.inspect(y.sum()).layers[0].same_sign is None


@pytest.mark.parametrize("initial", [False, True])
def test_the_start_is_judged_where_it_is_asked_for(initial):
    with ag.scope("fc"):
        y = X @ ag.Parameter(np.full((4, 4), 50.0))
    kinds = {finding.kind for finding in health.inspect(y.sum(), initial=initial).findings}
    assert ("weight scale" in kinds) == initial
    assert "weight scale" not in {finding.kind for finding in health.inspect(y.sum()).findings}
