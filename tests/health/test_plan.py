"""Where a monitor looks in a graph, place by place, and which graphs it takes for the same."""

import numpy as np

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn.health.plan import GRAPHS, Plans, plan_of, signature


def data(*shape, requires_grad=False):
    return ag.Tensor(np.random.default_rng(0).normal(size=shape or (4, 3)), requires_grad=requires_grad)


def weight(*shape):
    return ag.Parameter(np.random.default_rng(1).normal(size=shape or (3, 3)))


def looked_at(loss):
    """Return the plan, and per layer its places as nodes."""
    plan, order = plan_of(loss, None), ag.topological_order(loss)
    fields = ("outputs", "activations", "feeders", "weights", "sources", "leaving", "leaves")
    return plan, {
        layer.name: {field: [order[i] for i in getattr(layer, field)] for field in fields} for layer in plan.layers
    }


def test_places_of_two_layers():
    x, w, b = data(), weight(), weight(3)
    with ag.scope("fc"):
        z = F.linear(x, w, b)
    with ag.scope("relu"):
        y = ag.relu(z)
    loss = y.sum()
    plan, nodes = looked_at(loss)
    assert nodes == {
        "fc": {
            **{"outputs": [z], "activations": [], "feeders": [], "weights": [w]},
            **{"sources": [x], "leaving": [z], "leaves": [x]},
        },
        "relu": {
            **{"outputs": [y], "activations": [y], "feeders": [z], "weights": []},
            **{"sources": [z], "leaving": [y], "leaves": []},
        },
    }
    fc, relu = plan.layers
    order = ag.topological_order(loss)
    assert (fc.reads_input, relu.reads_input, plan.batch) == (True, False, 4)
    assert [(order[i], order[j], axis) for i, j, axis in fc.products] == [(w, x, 0)]
    assert (relu.products, relu.numbers, plan.signature) == ([], None, signature(order))
    census = plan.census
    assert [{order[i] for i in places} for places in (census.of_values, census.of_gradients, census.of_units)] == [
        {x, z, y},
        {x, y, w},
        {z},
    ]
    assert {order[i] for i in census.weights} == {w}
    assert plan_of(loss, None, 7).census.part == 7


def test_a_layer_that_reads_the_input_and_another_does_not_read_the_input_alone():
    x, other, w = data(), data(4, 3, requires_grad=True), weight()
    with ag.scope("first"):
        a = x @ w
    with ag.scope("second"):
        b = a * other
    plan, nodes = looked_at(b.sum())
    assert [layer.reads_input for layer in plan.layers] == [True, False]
    assert set(nodes["second"]["sources"]) == {a, other}
    assert nodes["second"]["leaves"] == [other]


def test_where_an_output_fans_out_no_layer_knows_the_gradient_of_its_wires():
    x, w = data(), weight()
    with ag.scope("first"):
        a = x @ w
    with ag.scope("second"):
        b = ag.tanh(a)
    with ag.scope("third"):
        c = a * b
    plan, nodes = looked_at(c.sum())
    assert [nodes[name]["sources"] for name in nodes] == [[x], [], []]
    assert [nodes[name]["leaving"] for name in nodes] == [[a], [b], [c]]
    assert [layer.reads_input for layer in plan.layers] == [True, False, False]
    assert nodes["second"]["feeders"] == []  # a is used by another, too


def test_a_layer_that_is_the_loss_leaves_by_its_last_node():
    w = weight(3, 1)
    with ag.scope("fc"):
        loss = (data() @ w).sum()
    _, nodes = looked_at(loss)
    assert nodes["fc"]["leaving"] == nodes["fc"]["outputs"] == [loss]


def test_what_feeds_activations():
    def feeders(make):
        x, leaf = data(4, 3) @ weight(), data(4, 3, requires_grad=True)
        with ag.scope("activation"):
            y = make(x, leaf)
        loss = y.sum()
        order = ag.topological_order(loss)
        (layer,) = (layer for layer in plan_of(loss, None).layers if layer.activations)
        assert len(layer.feeders) in (0, len(layer.activations))
        return [order[i] for i in layer.feeders], x, leaf

    found, x, _ = feeders(lambda x, leaf: ag.relu(x))
    assert found == [x]
    assert feeders(lambda x, leaf: ag.relu(leaf))[0] == []  # it may hold older gradients
    assert feeders(lambda x, leaf: ag.relu(x) + x)[0] == []
    assert feeders(lambda x, leaf: ag.relu(x) + ag.relu(leaf))[0] == []
    assert feeders(lambda x, leaf: ag.relu(leaf) + ag.relu(x))[0] == []
    found, x, _ = feeders(lambda x, leaf: ag.relu(x) + ag.relu(leaf * 2.0))
    assert (found[0], len(found)) == (x, 2)
    assert feeders(lambda x, leaf: ag.relu(ag.exp(data())) + 0.0 * x)[0] == []  # no gradient goes there
    scalars = [ag.Scalar(float(i + 1)) for i in range(3)]
    with ag.scope("layer/neuron"):
        products = [scalars[0] * 2.0, scalars[1] * 3.0]
        outputs = [ag.tanh(product) for product in products]
    loss = outputs[0] * outputs[1] * scalars[2]
    plan, nodes = looked_at(loss)
    assert nodes["layer"]["feeders"] == products
    assert plan.layers[0].numbers.tolist() == [0, 1]


def test_graphs_that_differ_look_different():
    """Gates, scopes, shapes, gradients, and how they are wired: also whether a number stands where a node did."""

    def chain(use=lambda x, w, y: w, scope="a", gate=ag.tanh, requires_grad=False, shape=(4, 3)):
        x, w = ag.Scalar(2.0, requires_grad=requires_grad), ag.Scalar(3.0)
        with ag.scope(scope):
            y = gate(x * w)
        with ag.scope("b"):
            return y * use(x, w, y) + data(*shape).sum()

    made = [
        chain(),
        *(chain(use) for use in (lambda x, w, y: x, lambda x, w, y: y, lambda x, w, y: 3.0)),
        *(chain(scope="c"), chain(gate=ag.exp), chain(requires_grad=True), chain(shape=(4, 4))),
    ]
    looks = [signature(ag.topological_order(loss)) for loss in made]
    assert all(a != b for i, a in enumerate(looks) for b in looks[:i])
    assert signature(ag.topological_order(chain())) == looks[0]
    x, y = ag.Scalar(2.0), ag.Scalar(3.0)
    alike = [((x * y) * other) + x for other in (x, y, 3.0)]
    looks = [signature(ag.topological_order(loss)) for loss in alike]
    assert [len(look[0]) for look in looks] == [5, 5, 5]
    assert looks[0] != looks[1] != looks[2] != looks[0]


def test_graphs_that_turn_their_axes_differently_look_different():
    """Of equal shapes only the letters of a product, or the axes of a transpose, tell which axis counts units."""

    def turned(axes):
        return ag.tanh(ag.transpose(ag.matmul(data(4, 3, 3), weight(3, 3)), axes=axes)).sum()

    def contracted(letters):
        return ag.tanh(ag.einsum(letters, data(4, 3, 3), weight(3, 3))).sum()

    losses = [
        *(turned((0, 1, 2)), turned(np.array([0, 2, 1]))),
        *(contracted("nij,jk->nik"), contracted("nij,jk->nki")),
    ]
    looks = [signature(ag.topological_order(loss)) for loss in losses]
    assert all(a != b for i, a in enumerate(looks) for b in looks[:i])
    plans = Plans(None, None)
    found = [plans.plan_for(loss, ag.topological_order(loss)) for loss in losses]
    assert [plan.layers[-1].axes for plan in found] == [(2,), (1,), (2,), (1,)]
    assert signature(ag.topological_order(turned(np.array([0, 2, 1])))) == looks[1]


def test_the_plans_of_the_last_few_graphs_are_kept():
    def graph(size):
        with ag.scope("fc"):
            return (data(size, 3) @ weight()).sum()

    losses = [graph(size) for size in range(1, 6)]
    assert GRAPHS == 4
    plans = Plans(None, 5)
    found = [plans.plan_for(loss, ag.topological_order(loss)) for loss in losses[:4]]
    assert [plan.batch for plan in found] == [1, 2, 3, 4]
    assert {plan.census.part for plan in found} == {5}
    again = [graph(size) for size in range(1, 5)]
    assert all(
        plans.plan_for(loss, ag.topological_order(loss)) is plan for loss, plan in zip(again, found, strict=True)
    )
    fifth = plans.plan_for(losses[4], ag.topological_order(losses[4]))
    assert plans.plan_for(losses[1], ag.topological_order(losses[1])) is found[1]
    assert plans.plan_for(losses[0], ag.topological_order(losses[0])) is not found[0]  # the oldest went
    assert plans.plan_for(losses[4], ag.topological_order(losses[4])) is fifth
