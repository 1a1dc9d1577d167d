"""Modules: names of parameters and scopes, state, modes, errors."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import nn

NAMES = st.lists(st.from_regex(r"[a-z]{1,6}[0-9]?", fullmatch=True), min_size=1, max_size=4, unique=True).filter(
    lambda names: not any(hasattr(nn.Sequential, name) for name in names)
)


def network(rng=0):
    features = nn.Sequential(conv1=nn.Conv2d(1, 2, 3, padding=1, rng=rng), relu1=nn.ReLU(), pool1=nn.MaxPool2d(4))
    return nn.Sequential(features=features, flatten=nn.Flatten(), output=nn.Linear(8, 3, rng=rng))


class Residual(nn.Module):
    def __init__(self):
        self.inner = nn.Linear(3, 3, rng=0)
        self.scale = ag.Parameter(np.ones(3, np.float32))

    def forward(self, x):
        return x + self.scale * self.inner(x)


def test_parameters_are_named_by_their_attributes_as_in_torch():
    names = ["features.conv1.weight", "features.conv1.bias", "output.weight", "output.bias"]
    model = network()
    assert [name for name, _ in model.named_parameters()] == names
    assert [p.name for p in model.parameters()] == ["weight", "bias", "weight", "bias"]
    assert [name for name, _ in Residual().named_parameters("block")] == [
        "block.scale",
        "block.inner.weight",
        "block.inner.bias",
    ]


@given(NAMES, NAMES)
def test_every_name_is_found_again_in_parameters_modules_and_scopes(outer, inner):
    model = nn.Sequential({o: nn.Sequential({i: nn.Linear(2, 2) for i in inner}) for o in outer})
    paths = [f"{o}.{i}" for o in outer for i in inner]
    assert [name for name, _ in model.named_parameters()] == [f"{p}.{w}" for p in paths for w in ("weight", "bias")]
    assert {name for name, _ in model.named_modules()} == {"", *outer, *paths}
    output = model(np.ones((1, 2), np.float32))
    scopes = [node.scope for node in ag.nodes(output, gate="matmul")]
    assert scopes == [p.replace(".", "/") for p in paths]


def test_nodes_and_parameters_carry_the_scope_of_their_layer():
    model = network()
    loss = nn.CrossEntropyLoss()(model(np.ones((2, 1, 8, 8), np.float32)), [0, 2])
    inside = ag.nodes(loss, scope="features/conv1")
    assert {"conv2d", "add"} <= {node.gate.name for node in inside if node.gate}
    assert model.features.conv1.weight in inside
    assert model.features.conv1.bias in inside
    assert {node.gate.name for node in ag.nodes(loss, scope="features/pool1")} == {"max_pool2d"}
    assert {node.gate.name for node in ag.nodes(loss, scope="loss") if node.gate} == {"cross_entropy", "mean"}
    assert loss.scope == "loss"
    with pytest.raises(ag.UnknownNameError, match="did you mean 'features/conv1'"):
        ag.nodes(loss, scope="features/conv2")


def test_scope_is_left_again_after_an_error():
    model = network()
    with pytest.raises(ag.ShapeError):
        model(np.ones((2, 3, 8, 8), np.float32))
    assert (ag.Scalar(1.0) + 1).scope == ""


def test_the_loss_keeps_its_scope_inside_a_module_and_a_layer_its_first_name():
    class Trained(nn.Module):
        def __init__(self, model):
            self.model = model
            self.criterion = nn.CrossEntropyLoss()

        def forward(self, x, labels):
            return self.criterion(self.model(x), labels)

    layer = nn.Linear(2, 2, rng=0)
    chain = nn.Sequential(first=layer)
    other = nn.Sequential(second=layer)
    assert Trained(chain)(np.ones((1, 2), np.float32), [0]).scope == "loss"
    assert other(np.ones((1, 2), np.float32)).scope == "first"
    assert [name for name, _ in other.named_parameters()] == ["second.weight", "second.bias"]


def test_an_error_names_the_layer_in_a_note():
    with pytest.raises(ag.DtypeError, match=r"astype\(np.float32\)") as caught:
        network()(np.ones((2, 1, 8, 8)))
    assert caught.value.__notes__ == [
        "in layer features/conv1: Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))"
    ]


def test_a_shared_layer_is_one():
    shared = nn.Linear(2, 2, rng=0)
    model = nn.Sequential(a=shared, relu=nn.ReLU(), b=shared)
    assert [name for name, _ in model.named_parameters()] == ["a.weight", "a.bias"]
    assert len(list(model.modules())) == 3
    assert len(model) == 3


def test_a_parameter_tied_to_two_layers_is_one():
    first, second = nn.Linear(2, 2, rng=0), nn.Linear(2, 2, rng=1)
    second.weight = first.weight
    model = nn.Sequential(first=first, second=second)
    assert [name for name, _ in model.named_parameters()] == ["first.weight", "first.bias", "second.bias"]
    model(np.ones((1, 2), np.float32)).sum().backward()
    model.load_state_dict(model.state_dict())
    assert second.weight is first.weight


def test_train_and_eval_reach_every_module():
    model = network()
    assert model.training
    assert model.eval() is model
    assert not any(module.training for module in model.modules())
    model.features.train()
    assert model.features.conv1.training
    assert not model.training


def test_zero_grad_forgets_all_gradients():
    model = network()
    model(np.ones((2, 1, 8, 8), np.float32)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_state_survives_the_round_trip_and_is_a_copy(one, other):
    source, target = network(one), network(other)
    state = source.state_dict()
    target.load_state_dict(state)
    x = np.ones((2, 1, 8, 8), np.float32)
    np.testing.assert_array_equal(source(x).value, target(x).value)
    state["output.bias"][...] = 7
    assert not (source.output.bias.value == 7).any()
    assert not (target.output.bias.value == 7).any()


def test_wrong_states_raise_and_change_nothing():
    model = network()
    before = model.state_dict()
    mistyped = {name.replace("conv1", "conv2"): value + 1 for name, value in before.items()}
    with pytest.raises(ag.UnknownNameError) as caught:
        model.load_state_dict(mistyped)
    message = str(caught.value)
    assert "missing: features.conv1.weight; did you mean 'features.conv2.weight'?" in message
    assert "unexpected: features.conv2.weight; did you mean 'features.conv1.weight'?" in message
    wrong_shape = {name: value + 1 for name, value in before.items()} | {"output.weight": np.zeros((3, 9))}
    with pytest.raises(ag.ShapeError, match=r"output.weight has shape \(3, 9\), expected \(3, 8\)"):
        model.load_state_dict(wrong_shape)
    for strange in (before["output.bias"] * 1j, np.array(["a", "b", "c"])):
        with pytest.raises(ag.DtypeError, match=r"output\.bias has dtype"):
            model.load_state_dict({name: value + 1 for name, value in before.items()} | {"output.bias": strange})
    for name, parameter in model.named_parameters():
        np.testing.assert_array_equal(parameter.value, before[name])


@pytest.mark.parametrize("state", [None, [1.0], "weights.npz"])
def test_what_is_no_state_is_refused(state):
    with pytest.raises(ag.ArgumentError, match=f"Linear: got {type(state).__name__}, expected names and arrays"):
        nn.Linear(2, 1).load_state_dict(state)


def test_foreign_byte_order_is_to_be_converted():
    with pytest.raises(ag.DtypeError, match=r"input of >f4 but weight of float32; use x\.astype\(np\.float32\)(\n|$)"):
        nn.Linear(2, 1)(np.ones((1, 2), ">f4"))


def test_loading_casts_to_the_parameters_dtype_and_counts_as_a_write():
    model = network()
    loss = model(np.ones((1, 1, 8, 8), np.float32)).sum()
    model.load_state_dict({name: value.astype(np.float64) for name, value in model.state_dict().items()})
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}
    with pytest.raises(ag.GradientError, match="assigned a new value"):
        loss.backward()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_are_independent(duplicate):
    model = network()
    twin = duplicate(model)
    x = np.ones((1, 1, 8, 8), np.float32)
    np.testing.assert_array_equal(model(x).value, twin(x).value)
    twin.output.weight.assign(np.zeros_like(twin.output.weight.value))
    assert model.output.weight.value.any()


def test_repr_reads_as_in_torch():
    assert repr(network()) == (
        "Sequential(\n"
        "  (features): Sequential(\n"
        "    (conv1): Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))\n"
        "    (relu1): ReLU()\n"
        "    (pool1): MaxPool2d(kernel_size=4, stride=4, padding=0, dilation=1)\n"
        "  )\n"
        "  (flatten): Flatten(start_dim=1, end_dim=-1)\n"
        "  (output): Linear(in_features=8, out_features=3, bias=True)\n"
        ")"
    )


def test_mistyped_names_suggest_the_nearest():
    model = network()
    with pytest.raises(nn.UnknownLayerError, match="no attribute 'conv'; did you mean 'conv1'"):
        model.features.conv  # noqa: B018
    with pytest.raises(AttributeError, match="did you mean 'parameters'"):
        model.parameter()
    assert not hasattr(model, "anything")


@pytest.mark.parametrize("name", ["parameters", "training", "a.b", "a/b", ""])
def test_names_that_cannot_be_used_raise(name):
    with pytest.raises(ag.ArgumentError, match=f"{name!r} cannot name a ReLU"):
        nn.Sequential({name: nn.ReLU()})
    with pytest.raises(ag.ArgumentError, match="cannot name a Parameter"):
        setattr(nn.Module(), name, ag.Parameter([1.0]))


@pytest.mark.parametrize("holder", [list, tuple, lambda layers: dict(enumerate(layers))])
def test_layers_hidden_in_a_container_raise_rather_than_stay_untrained(holder):
    module = nn.Module()
    module.layers = holder([nn.ReLU(), nn.Linear(2, 2)])
    with pytest.raises(ag.ArgumentError, match=r"Module.layers is a .* use nn.Sequential"):
        list(module.parameters())


def test_a_module_without_forward_or_output_shape_says_what_to_define():
    with pytest.raises(nn.UnknownLayerError, match="Module has no forward; define forward"):
        nn.Module()(1)
    with pytest.raises(ag.ArgumentError, match="define output_shape"):
        Residual().output_shape((3,))


def test_scalars_are_parameters_but_results_are_not():
    class Line(nn.Module):
        def __init__(self):
            self.slope = ag.Scalar(2.0)

        def forward(self, x):
            self.last = self.slope * x
            return self.last

    line = Line()
    assert line(3.0).value == 6.0
    assert [(name, p.name) for name, p in line.named_parameters()] == [("slope", "slope")]
    line.load_state_dict({"slope": 5})
    assert line.slope.value == 5.0
    assert line.last.name is None
