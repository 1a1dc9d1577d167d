"""Where one layer ends and the next begins, in graphs that are written by hand."""

import numpy as np

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn.graph import topological_order
from autograd_cnn.health.grouping import data_nodes, groups_of, is_parameter, weights_by_hand
from autograd_cnn.health.network import read_network

RNG = np.random.default_rng(0)
X = ag.Tensor(RNG.normal(size=(6, 4)))
IMAGES = ag.Tensor(RNG.normal(size=(6, 2, 3, 3)))


def weight(*shape):
    return ag.Parameter(RNG.normal(size=shape or (4, 4)))


def layers(output):
    """Return the gates of each layer, where the loss is the sum of the output, or that output itself."""
    network = read_network(output.sum() if output.ndim else output)
    return {group.name: [node.gate.name for node in group.nodes] for group in network.layers}


def test_a_layer_without_scope_begins_at_a_weight_an_activation_and_a_change_of_shape():
    hidden = ag.relu(X @ weight() + weight(4)) * 2.0
    assert layers((hidden @ weight() - weight(4)) ** 2) == {
        "linear_1": ["matmul", "add"],
        "relu_1": ["relu", "multiply"],
        "linear_2": ["matmul", "subtract", "power"],
    }
    assert layers(ag.exp(X * weight(4)) * weight(4)) == {"multiply_1": ["multiply", "exp"], "multiply_2": ["multiply"]}
    assert layers(weight(4) + ag.exp(X)) == {"exp_1": ["exp", "add"]}
    assert layers(ag.exp(X.reshape(4, 6)).reshape(2, 12) @ weight(12, 2)) == {
        "flatten_1": ["reshape", "exp"],
        "flatten_2": ["reshape"],
        "linear_1": ["matmul"],
    }


def test_two_layers_meet_in_a_third():
    a, b = X @ weight(), X @ weight()
    product = a * b
    assert layers(product @ weight()) == {
        "linear_1": ["matmul"],
        "linear_2": ["matmul"],
        "multiply_1": ["multiply"],
        "linear_3": ["matmul"],
    }
    assert layers((a + a) @ weight()) == {"linear_1": ["matmul", "add"], "linear_2": ["matmul"]}


def test_short_names():
    pooled = F.max_pool2d(F.conv2d(IMAGES, weight(4, 2, 2, 2), padding=1), 2, stride=1)
    assert list(layers(F.avg_pool2d(pooled, 3) * weight(4, 1, 1))) == ["conv_1", "pool_1", "pool_2", "multiply_1"]


def test_what_keeps_samples_and_units_is_no_loss():
    filters = weight(5, 2, 3, 3)
    flat = F.conv2d(IMAGES, filters).reshape(6, 5)
    for scores in (flat, ag.exp(flat)):
        assert list(layers(F.cross_entropy(scores, np.zeros(6, int)))) == ["conv_1", "flatten_1"]
    assert list(layers(F.avg_pool2d(F.conv2d(IMAGES, weight(5, 2, 2, 2)), 2).sum())) == ["conv_1", "pool_1"]
    assert list(layers(ag.exp((X @ weight()).reshape(-1)))) == ["linear_1"]  # no sample is told apart


def test_what_follows_is_the_loss_whichever_way_it_is_written():
    with ag.scope("fc"):
        scores = X @ weight()
    penalty = (weight() ** 2).sum() * 0.1
    assert list(layers(((scores - 1.0) ** 2).mean() + penalty)) == ["fc"]
    assert list(layers(ag.relu(1.0 - scores).mean())) == list(layers(ag.sigmoid(1.0 - scores).mean())) == ["fc"]
    assert list(layers(ag.sigmoid(scores).mean())) == ["fc", "sigmoid_1"]  # an output
    with ag.scope("loss"):
        loss = ((scores - 1.0) ** 2).mean()
    assert list(layers(loss)) == ["fc"]
    assert list(layers(loss * 2.0)) == ["fc", "loss"]  # a scope that does not hold the loss itself
    fixed = ag.Scalar(2.0, requires_grad=False)
    with ag.scope("loss"):
        loss = (ag.relu(fixed * 2.0) * scores).sum()  # begins with a Scalar: no output, though it has an activation
    assert list(layers(loss)) == ["fc"]
    plain = X @ weight()
    assert layers(ag.relu(1.0 - plain)) == {"linear_1": ["matmul", "subtract"], "relu_1": ["relu"]}


def test_scopes():
    def inside(make, *names):
        with ag.scope(names[0]):
            return make() if len(names) == 1 else inside(make, *names[1:])

    hidden = inside(lambda: ag.tanh(X @ weight() + weight(4)) * 2.0, "fc")
    assert layers(hidden * 1.0) == {"fc": ["matmul", "add", "tanh", "multiply"]}
    row = inside(lambda: ag.tanh(ag.exp(ag.relu(X @ weight()))), "net")
    assert layers(row) == {"net/linear_1": ["matmul"], "net/relu_1": ["relu", "exp"], "net/tanh_1": ["tanh"]}
    within = inside(lambda: inside(lambda: X @ weight(), "fc") + 1.0, "block")
    assert layers(within @ weight()) == {"block/fc": ["matmul"], "block/add_1": ["add"], "linear_1": ["matmul"]}
    left = ag.relu(inside(lambda: ag.relu(X @ weight()), "a"))  # outside of it: no row
    assert list(layers(left @ weight())) == ["a", "relu_1", "linear_1"]
    twice = inside(lambda: ag.exp(inside(lambda: X @ weight(), "b")), "a")
    again = inside(lambda: twice @ weight(), "a", "b")
    third = inside(lambda: again @ weight(), "c")
    fourth = inside(lambda: third @ weight(), "a", "b")
    assert list(layers(fourth)) == ["a/b", "a/exp_1", "a/b (2)", "c", "a/b (3)"]


def test_a_scope_that_is_entered_again_closes_no_circle():
    """The second time a follows c, so that b, which follows a, follows c, and c is not entered again after b."""
    with ag.scope("c"):
        first = X @ weight()
    with ag.scope("a"):
        second = ag.exp(X)
    with ag.scope("b"):
        third = ag.exp(second)
    with ag.scope("a"):
        fourth = first * 2.0
    with ag.scope("c"):
        fifth = third @ weight()
    assert layers(fifth * fourth * weight(4)) == {
        "c": ["matmul"],
        "a": ["exp", "multiply"],
        "b": ["exp"],
        "c (2)": ["matmul"],
        "multiply_1": ["multiply"],
        "multiply_2": ["multiply"],
    }


def test_scalars_are_cut_into_rows():
    x, w = ag.Scalar(2.0, requires_grad=False), [ag.Scalar(0.5) for _ in range(4)]
    row = [ag.tanh(w[0] * x), ag.tanh(w[1] * x)]
    second = ag.relu(row[0] * w[2] + row[1] * w[3])
    rows = {"layer_1": ["multiply", "tanh"] * 2, "layer_2": ["multiply"] * 2 + ["add", "relu"]}
    assert layers(second) == rows
    assert list(layers(ag.tanh(ag.tanh(w[0] * x)) * w[1])) == ["layer_1", "layer_2", "layer_3"]
    assert layers(second * w[0]) == rows | {"layer_3": ["multiply"]}
    assert layers((second * w[0]) * 2.0 + 1.0) == rows | {"layer_3": ["multiply"] * 2 + ["add"]}


def test_what_is_computed_from_parameters_alone_goes_with_its_first_user():
    shared = weight()
    turned = ag.exp(shared).T
    loss = ag.tanh(X @ turned) @ turned
    assert layers(loss) == {
        "linear_1": ["exp", "transpose", "matmul"],
        "tanh_1": ["tanh"],
        "linear_2": ["matmul"],
    }
    assert layers(weight() * 2.0) == {"multiply_1": ["multiply"]}
    assert layers((X @ weight()) * ag.exp(weight(4))) == {"linear_1": ["matmul"], "multiply_1": ["exp", "multiply"]}
    with ag.scope("fc"):
        made = ag.exp(shared)
    assert made not in data_nodes(topological_order((X @ made).sum()))


def test_what_scalars_carry_data():
    x, w, v = ag.Scalar(2.0, requires_grad=False), ag.Scalar(0.5), ag.Scalar(0.25)
    with ag.scope("layer/neuron"):
        y = w * 2.0
    penalty = v * v
    loss = y + penalty
    assert data_nodes(topological_order(loss)) == {y, loss}  # in a layer the input may be a plain number
    product = w * x
    assert data_nodes(topological_order(product)) == {x, product}
    assert data_nodes(topological_order(product), {x}) == {w, product}


def test_what_is_a_parameter():
    w, t, s = weight(), ag.Tensor([1.0], requires_grad=True), ag.Scalar(1.0)
    fixed, computed = ag.Scalar(1.0, requires_grad=False), s * 2.0
    for known, told in ((None, [w, s]), ({w, t}, [w, t]), ({s}, [w, s]), (set(), [w])):
        assert [x for x in (w, t, s, fixed, computed) if is_parameter(x, known)] == told


def parameters(loss):
    network = read_network(loss)
    return {p for own in network.parameters.values() for p in own}


def test_weights_by_hand():
    w, v = (ag.Tensor(RNG.normal(size=(4, 4)), requires_grad=True) for _ in range(2))
    s, fixed = ag.Scalar(2.0), ag.Scalar(3.0, requires_grad=False)
    given = ag.Tensor(RNG.normal(size=(6, 4)), requires_grad=True)
    assert parameters((ag.tanh(X @ w) @ v * s * fixed).sum()) == {w, v, s}
    assert parameters((ag.tanh(X @ w + given @ w) @ v).sum()) == {w, v}
    assert weights_by_hand(topological_order((given @ w).sum())) is None  # nothing says which is the weight
    assert weights_by_hand(topological_order((s * fixed) * s)) is None
    assert weights_by_hand(topological_order((X @ w @ weight()).sum())) is None


def test_a_graph_of_parameters_alone_is_all_data():
    w = weight()
    loss = (w * w).sum()
    order = topological_order(loss)
    data = data_nodes(order)
    assert data == {node for node in order if node.gate is not None}
    groups, of = groups_of(order, data)
    assert [group.name for group in groups] == ["multiply_1"]
    assert set(of) == {loss.inputs[0]}


def test_scalars_outside_of_scopes_are_the_loss_and_those_inside_are_not():
    x, w = ag.Scalar(2.0, requires_grad=False), ag.Scalar(0.25)
    with ag.scope("layer/neuron"):
        score = w * x
    with ag.scope("activation/neuron"):
        y = ag.relu(score)
    assert layers(ag.relu(1.0 - score) * 2.0 + 1.0) == {"layer": ["multiply"]}
    assert layers(ag.relu(1.0 - y) * 2.0 + 1.0) == {"layer": ["multiply"], "activation": ["relu"]}


def test_a_recorded_pass_is_no_layer_unless_nothing_else_is_there():
    x = ag.Tensor(X.value, requires_grad=True)
    with ag.scope("fc"):
        y = ag.tanh(x @ weight())
    (gradient,) = ag.grad(y.sum(), x, create_graph=True)
    assert layers(y.sum() + (gradient * gradient).sum()) == {"fc": ["matmul", "tanh"]}
    (alone,) = ag.grad((x * x).sum(), x, create_graph=True)
    assert layers(alone)
