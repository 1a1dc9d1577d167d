"""Which layers a graph falls into, what they are called, and how they are wired."""

import itertools

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import health, nn
from tests.health.networks import convolutional, loss_of, residual


def names(report):
    return [layer.name for layer in report.layers]


def wires(report):
    return [(connection.source, connection.target) for connection in report.connections]


def test_layers_of_modules():
    report = health.inspect(loss_of(convolutional()))
    facts = [(x.name, x.kind, x.input_shape, x.output_shape, x.parameters) for x in report.layers]
    assert facts == [
        ("conv1", "conv2d 3×3, padding 1", (1, 8, 8), (8, 8, 8), 80),
        ("relu1", "relu", (8, 8, 8), (8, 8, 8), 0),
        ("pool1", "max pool 2×2", (8, 8, 8), (8, 4, 4), 0),
        ("conv2", "conv2d 3×3, padding 1", (8, 4, 4), (16, 4, 4), 1168),
        ("relu2", "relu", (16, 4, 4), (16, 4, 4), 0),
        ("pool2", "max pool 2×2", (16, 4, 4), (16, 2, 2), 0),
        ("flatten", "flatten", (16, 2, 2), (64,), 0),
        ("fc", "linear", (64,), (10,), 650),
    ]
    chain = ["", *names(report), ""]
    assert wires(report) == list(itertools.pairwise(chain))
    assert (report.input_shape, report.batch, report.samples) == ((1, 8, 8), 64, 64)


def test_functions_without_modules_are_cut_at_their_gates():
    rng = np.random.default_rng(0)
    w, b = ag.Parameter(rng.normal(size=(4, 1, 3, 3))), ag.Parameter(np.zeros(4))
    v, c = ag.Parameter(rng.normal(size=(5, 64))), ag.Parameter(np.zeros(5))
    x = F.max_pool2d(F.relu(F.conv2d(rng.normal(size=(6, 1, 8, 8)), w, b, padding=1)), 2)
    scores = F.linear(x.reshape(6, -1), v, c)
    penalty = (w * w).sum() * 1e-3
    report = health.inspect(F.cross_entropy(scores, np.zeros(6, int)) + penalty)
    assert names(report) == ["conv_1", "relu_1", "pool_1", "flatten_1", "linear_1"]
    assert [layer.parameters for layer in report.layers] == [40, 0, 0, 0, 325]
    assert wires(report)[0] == ("", "conv_1")
    assert wires(report)[-1] == ("linear_1", "")


@pytest.mark.parametrize("scoped", [True, False])
def test_loss_is_no_layer(scoped):
    scores = convolutional()(np.zeros((2, 1, 8, 8), np.float32))
    loss = nn.CrossEntropyLoss()(scores, [1, 2]) if scoped else ((scores - 1.0) * (scores - 1.0)).mean()
    assert names(health.inspect(loss))[-1] == "fc"


def test_hinge_is_no_layer_but_an_output_activation_is():
    w = ag.Parameter(np.ones((3, 2)))
    with ag.scope("fc"):
        scores = F.linear(np.ones((4, 2)), w)
    assert names(health.inspect(ag.relu(1.0 - scores).sum())) == ["fc"]
    assert names(health.inspect((ag.sigmoid(scores) - 1.0).sum())) == ["fc", "sigmoid_1"]


def test_activations_of_a_container_are_layers_of_their_own():
    loss, _, _ = residual()
    report = health.inspect(loss)
    assert names(report) == ["stem", "block/relu", "block/branch", "block/add_1"]
    assert wires(report) == [
        ("", "stem"),
        ("stem", "block/relu"),
        ("stem", "block/add_1"),
        ("block/relu", "block/branch"),
        ("block/branch", "block/add_1"),
        ("block/add_1", ""),
    ]


def test_layer_used_twice_is_two_layers_so_that_wires_form_no_circle():
    relu, fc = nn.ReLU(), nn.Linear(3, 3)
    model = nn.Sequential(relu=relu, fc=fc)
    x = ag.Tensor(np.ones((2, 3), np.float32))
    report = health.inspect(model(model(x)).sum())
    assert names(report) == ["relu", "fc", "relu (2)", "fc (2)"]
    place = {name: i for i, name in enumerate(names(report))}
    assert all(place[a] < place[b] for a, b in wires(report) if a and b)


def test_layer_used_on_two_inputs_counts_its_units_over_both():
    relu = nn.ReLU()
    nn.Sequential(relu=relu)
    x = ag.Tensor(np.tile([1.0, -1.0, -1.0], (40, 1)), requires_grad=True)
    y = ag.Tensor(np.tile([-1.0, -1.0, 1.0], (40, 1)), requires_grad=True)
    (layer,) = health.inspect(relu(x).sum() * relu(y).sum()).layers
    assert layer.units.dead == (1,)


def test_activations_that_follow_each_other_in_one_scope_are_cut():
    x = ag.Tensor(np.ones((2, 3)), requires_grad=True)
    with ag.scope("net"):
        y = ag.tanh(ag.sigmoid(x) * 2.0)
    assert names(health.inspect(y.sum())) == ["net/sigmoid_1", "net/tanh_1"]


def test_neurons_side_by_side_are_the_units_of_one_layer():
    model = nn.NeuronMLP(2, [5, 3, 1], rng=0)
    scores = [model(x) for x in np.random.default_rng(0).normal(size=(40, 2)).tolist()]
    penalty = 1e-3 * sum(p * p for p in model.parameters())
    loss = sum((1 - score).relu() for score in scores) * (1 / 40) + penalty
    report = health.inspect(loss, model=model)
    facts = [(x.name, x.kind, x.output_shape, x.parameters, x.units and x.units.count) for x in report.layers]
    assert facts == [
        ("layer0", "linear, relu", (5,), 15, 5),
        ("layer1", "linear, relu", (3,), 18, 3),
        ("layer2", "linear", (1,), 4, None),
    ]
    assert (report.batch, report.samples) == (40, 40)


def test_scalars_without_scopes():
    x, w, v = ag.Scalar(2.0, requires_grad=False), ag.Scalar(-1.0), ag.Scalar(3.0)
    report = health.inspect(v * ag.tanh(w * x))
    assert names(report) == ["layer_1", "layer_2"]
    assert [layer.kind for layer in report.layers] == ["linear, tanh", "linear"]


def test_model_tells_scalars_that_are_trained_from_inputs():
    x, w = ag.Scalar(2.0), ag.Scalar(3.0)
    with ag.scope("neuron"):
        y = ag.tanh(w * x)
    assert health.inspect(y).layers[0].parameters == 2
    assert health.inspect(y, model=[w]).layers[0].parameters == 1


def test_frozen_layer_has_no_trainable_numbers_and_no_gradient():
    frozen, trained = ag.Parameter(np.ones((2, 2)), requires_grad=False), ag.Parameter(np.ones((2, 2)))
    with ag.scope("frozen"):
        hidden = F.linear(np.ones((3, 2)), frozen)
    with ag.scope("trained"):
        loss = F.linear(hidden, trained).sum()
    first, second = health.inspect(loss).layers
    assert (first.parameters, first.gradient, first.weight_gradient) == (0, None, None)
    assert second.parameters == 4
    assert second.weight_gradient > 0


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"stride": 2}, "conv2d 3×3, stride 2"),
        ({"padding": (1, 0), "fit": "floor"}, "conv2d 3×3, padding ((1, 1), (0, 0))"),
        ({"dilation": 2}, "conv2d 3×3, dilation 2"),
        ({"groups": 2}, "conv2d 3×3, 2 groups"),
    ],
)
def test_kind_tells_what_differs_from_the_plain_form(options, kind):
    w = ag.Parameter(np.ones((2, 2 // options.get("groups", 1), 3, 3)))
    with ag.scope("conv"):
        y = F.conv2d(np.ones((1, 2, 7, 7)), w, **options)
    assert health.inspect(y.sum()).layers[0].kind == kind


def test_graph_without_parameters_still_has_layers():
    x = ag.Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    report = health.inspect((x * 2.0).sum())
    assert report.layers
    assert report.connections[0].source == ""


def test_tensors_that_require_a_gradient_are_the_weights_of_a_network_without_parameters():
    rng = np.random.default_rng(0)
    w = ag.Tensor(rng.normal(size=(4, 1, 3, 3)), requires_grad=True)
    v, b = (ag.Tensor(rng.normal(size=size), requires_grad=True) for size in ((256, 3), (3,)))
    hidden = F.relu(F.conv2d(rng.normal(size=(5, 1, 8, 8)), w, padding=1)).reshape(5, -1)
    report = health.inspect(F.cross_entropy(hidden @ v + b, np.zeros(5, int)))
    assert [(layer.name, layer.parameters) for layer in report.layers] == [
        ("conv_1", 36),
        ("relu_1", 0),
        ("flatten_1", 0),
        ("linear_1", 771),
    ]
    assert [(c.source, c.target) for c in report.connections if not c.source] == [("", "conv_1")]


def test_an_input_that_requires_a_gradient_is_no_weight():
    x = ag.Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    report = health.inspect(F.mse_loss(ag.tanh(x), np.zeros((2, 3))))
    assert report.input_shape == (3,)
    assert [layer.parameters for layer in report.layers] == [0]


def test_a_layer_whose_output_is_the_loss_is_wired_to_it():
    output = nn.NeuronMLP(2, [3, 1], rng=0)([1.0, -2.0])
    report = health.inspect(output * 1.0)
    assert wires(health.inspect(output)) == wires(report) == [("layer0", "layer1"), ("layer1", "")]
    assert report.connections[-1].value == pytest.approx(abs(output.value))
    assert report.connections[-1].gradient == 1.0


def test_a_thousand_layers_in_a_row():
    layers = {}
    for i in range(500):
        layers |= {f"fc{i}": nn.Linear(2, 2, rng=i), f"tanh{i}": nn.Tanh()}
    report = health.inspect(nn.Sequential(layers)(np.ones((3, 2), np.float32)).sum())
    assert names(report) == list(layers)
    assert wires(report) == list(itertools.pairwise(["", *layers, ""]))
    assert report.batch == 3


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Sigmoid])
@pytest.mark.parametrize("make", [convolutional, lambda: nn.NeuronMLP(3, [4, 1], rng=0)])
def test_a_recorded_backward_pass_is_no_layer(make, activation):
    model = make()
    if isinstance(model, nn.Sequential):
        model.relu1 = activation()
        inputs = ag.Tensor(np.random.default_rng(0).random((4, 1, 8, 8), np.float32), requires_grad=True)
        loss = F.cross_entropy(model(inputs), np.arange(4))
        (gradient,) = ag.grad(loss, inputs, create_graph=True)
        penalty = (gradient * gradient).sum()
    else:
        inputs = [ag.Scalar(x) for x in (0.5, -1.0, 2.0)]
        loss = model(inputs) * 2.0
        penalty = sum(g * g for g in ag.grad(loss, inputs, create_graph=True))
    plain, penalised = health.inspect(loss, model=model), health.inspect(loss + penalty, model=model)
    assert names(penalised) == names(plain)
    assert wires(penalised) == wires(plain)
    assert [layer.output_shape for layer in penalised.layers] == [layer.output_shape for layer in plain.layers]
    assert [layer.parameters for layer in penalised.layers] == [layer.parameters for layer in plain.layers]
    assert penalised.batch == plain.batch


def test_a_pass_differentiated_again_is_no_layer_either():
    x = ag.Tensor(np.linspace(-1, 1, 6).reshape(3, 2), requires_grad=True)
    w = ag.Parameter(np.arange(4.0).reshape(2, 2) / 4)
    with ag.scope("fc"):
        y = ag.tanh(F.linear(x, w))
    (first,) = ag.grad(y.sum(), x, create_graph=True)
    (second,) = ag.grad((first * first).sum(), x, create_graph=True)
    report = health.inspect(y.sum() + (second * second).sum())
    assert names(report) == ["fc"]
    assert wires(report) == [("", "fc"), ("fc", "")]


def test_a_layer_that_only_a_recorded_pass_uses_is_wired_to_the_loss():
    x = ag.Tensor(np.linspace(-1, 1, 6).reshape(3, 2), requires_grad=True)
    w = ag.Parameter(np.arange(4.0).reshape(2, 2) / 4)
    with ag.scope("fc"):
        y = ag.tanh(F.linear(x, w))
    (force,) = ag.grad(y.sum(), x, create_graph=True)
    assert wires(health.inspect((force * force).sum())) == [("", "fc"), ("fc", "")]


def test_a_network_that_is_nothing_but_a_recorded_pass_is_shown():
    x = ag.Tensor([[1.0, 2.0]], requires_grad=True)
    (gradient,) = ag.grad((x * x).sum(), x, create_graph=True)
    assert health.inspect(gradient.sum()).layers
