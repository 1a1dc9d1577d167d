"""Strategies draw what they promise, and what they draw prints as code that rebuilds it."""

import functools
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn.testing import assert_proved, strategies
from autograd_cnn.testing.proving import WIDEST_BAR

ROOT = Path(__file__).parents[2]


def rebuilt(example):
    """What the printed code makes."""
    space = {}
    exec(repr(example), space)
    return space


@functools.cache
def few_hundred(strategy):
    return strategies.drawn(strategy, 300)


def exists(strategy, condition):
    """Whether something like that is among a few hundred examples, which are drawn once."""
    return any(map(condition, few_hundred(strategy)))


@pytest.mark.parametrize("level", ["scalar", "tensor"])
@given(data=st.data())
def test_gradient_of_a_graph_equals_numeric_and_its_printed_code(level, data):
    graph = data.draw(strategies.graphs(level=level))
    leaves = graph.leaves()
    output = graph(*leaves)
    assert output.size == 1
    pasted = rebuilt(graph)
    assert pasted["output"].value == output.value
    for i, gradient in enumerate(ag.grad(output, leaves, allow_unused=True)):
        np.testing.assert_array_equal(pasted[f"x{i}"].grad, gradient)
    report = assert_proved(graph, *graph.values)
    strategies.steer(report.relative_error)


@given(graph=strategies.graphs(min_nodes=20, kinks=True))
@settings(max_examples=10)
def test_graph_has_as_many_nodes_as_asked_and_every_leaf_and_gate_reaches_the_output(graph):
    assert len(graph.applications) >= 20
    leaves = graph.leaves()
    output = graph(*leaves)
    assert len(ag.nodes(output)) >= 20
    assert set(leaves) <= set(ag.topological_order(output))
    assert len([n for n in ag.nodes(output) if n.gate is not None]) == len(graph.applications)


@pytest.mark.parametrize("name", sorted(name for name, gate in ag.GATES.items() if gate.rule is not None))
@given(data=st.data())
@settings(max_examples=2)
def test_one_gate_alone_stands_in_its_graph(name, data):
    graph = data.draw(strategies.graphs(gates=[name], max_nodes=2))
    assert name in graph.gates()
    assert np.isfinite(graph(*graph.values)).all()


GRAPHS, NETWORKS, PAIRS = strategies.graphs(max_nodes=6), strategies.networks(), strategies.broadcastable_pairs()


@pytest.mark.parametrize(
    "shape",
    [
        lambda g: any(a.gate == "multiply" and a.inputs == (0, 0) for a in g.applications),
        lambda g: len({np.shape(v) for v in g.values}) > 1,
        lambda g: len(g.values) == 3,
        lambda g: "matmul" in g.gates(),
    ],
    ids=["one node in both slots", "broadcasting", "three leaves", "matmul"],
)
def test_graphs_reach(shape):
    assert exists(GRAPHS, shape)


def test_graphs_with_kinks_stand_on_them_and_others_do_not():
    def tied(graph):
        nodes = ag.nodes(graph(*graph.leaves()), gate="relu")
        return any((node.inputs[0].value == 0).any() for node in nodes)

    assert exists(strategies.graphs(gates=["relu"], kinks=True), tied)
    assert not exists(strategies.graphs(gates=["relu"], max_nodes=4), tied)


def test_a_failing_graph_shrinks_to_one_small_gate_at_the_left_margin():
    graph = find(
        strategies.graphs(),
        lambda g: "exp" in g.gates(),
        settings=settings(max_examples=2000, deadline=None, database=None),
    )
    assert len(graph.applications) <= 3
    assert repr(graph).splitlines()[:3] == ["import numpy as np", "import autograd_cnn as ag", "def f(x0):"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"level": "matrix"}, ag.ArgumentError, "expected 'tensor' or 'scalar'"),
        ({"gates": ["multipy"]}, ag.UnknownNameError, "did you mean 'multiply'"),
        ({"gates": ["sum"], "level": "scalar"}, ag.ArgumentError, "needs level='tensor'"),
        ({"gates": []}, ag.ArgumentError, "at least one gate"),
    ],
)
def test_graphs_refuse(arguments, error, message):
    with pytest.raises(error, match=message):
        strategies.drawn(strategies.graphs(**arguments), 1)


@given(network=strategies.networks())
@settings(max_examples=10)
def test_network_trains_and_prints_as_code(network):
    (images,) = network.leaves()
    model = network.build()
    loss = network.loss(model, images)
    loss.backward()
    assert all(p.grad is not None and p.dtype == np.float64 for p in model.parameters())
    pasted = rebuilt(network)
    assert pasted["output"].item() == loss.item() == network(images).item()
    np.testing.assert_array_equal(pasted["images"].grad, images.grad)


@pytest.mark.parametrize("layer", ["BatchNorm2d", "MaxPool2d", "AvgPool2d"])
def test_networks_reach(layer):
    assert exists(NETWORKS, lambda n: layer in [x.name for x in n.layers])


@given(x=strategies.arrays(shape=(2, 3), low=-1, high=1, dtype=np.float32))
def test_arrays_are_eighths(x):
    assert x.dtype == np.float32
    np.testing.assert_array_equal(8 * x, np.round(8 * x))
    assert (np.abs(x) <= 1).all()


@given(data=st.data(), gap=st.sampled_from([0.125, 0.5]))
def test_separated_arrays_keep_apart_from_each_other_and_from_zero(data, gap):
    x = data.draw(strategies.separated_arrays(gap))
    steps = np.diff(np.sort(np.append(x.ravel(), 0.0)))
    assert (steps >= gap).all()


@given(x=strategies.tied_arrays())
def test_the_largest_element_of_tied_arrays_stands_at_two_places(x):
    assert x.size < 2 or (x == x.max()).sum() >= 2


@pytest.mark.parametrize("side", [0, 1, 3])
def test_broadcastable_pairs_have_sides(side):
    assert exists(PAIRS, lambda pair: side in pair[0].shape != pair[1].shape)


@given(pair=strategies.broadcastable_pairs())
def test_pairs_broadcast_forward_and_backward(pair):
    a, b = (ag.Tensor(x, requires_grad=True) for x in pair)
    product = a * b
    assert [g.shape for g in ag.grad(product, [a, b], np.ones(product.shape))] == [a.shape, b.shape]


@given(x=strategies.extreme_logits(shape=(2, 3), dtype=np.float32))
def test_cross_entropy_of_extreme_logits_is_finite(x):
    logits = ag.Tensor(x, requires_grad=True)
    loss = ag.functional.cross_entropy(logits, np.array([0, 2]))
    loss.backward()
    assert np.isfinite(loss.item())
    assert np.isfinite(logits.grad).all()


@pytest.mark.parametrize(
    ("kind", "is_so"),
    [
        ("C", lambda x: x.flags.c_contiguous and x.flags.writeable),
        ("F", lambda x: x.flags.f_contiguous),
        ("negative stride", lambda x: min(x.strides) < 0),
        ("every second", lambda x: not x.flags.c_contiguous),
        ("zero stride", lambda x: 0 in x.strides),
        ("read-only", lambda x: not x.flags.writeable),
    ],
)
@given(data=st.data())
@settings(max_examples=10)
def test_layouts(kind, is_so, data):
    original = np.arange(6.0).reshape(2, 3)
    x = data.draw(strategies.layouts(original, kinds=(kind,)))
    assert is_so(x)
    assert x.shape == (2, 3)
    if kind != "zero stride":
        np.testing.assert_array_equal(x, original)


@given(x=strategies.layouts(strategies.arrays(strategies.shapes(min_dims=1))))
def test_every_layout_gives_the_same_gradient(x):
    laid, plain = (ag.Tensor(v, requires_grad=True) for v in (x, np.array(x)))
    ag.tanh(laid).sum().backward()
    ag.tanh(plain).sum().backward()
    np.testing.assert_array_equal(laid.grad, plain.grad)


def test_unknown_kinds_are_refused():
    with pytest.raises(ag.ArgumentError, match="expected 'floating' or 'all'"):
        strategies.dtypes("wide")
    with pytest.raises(ag.ArgumentError, match="unknown kinds"):
        strategies.drawn(strategies.layouts(kinds=("D",)), 1)
    with pytest.raises(ag.ArgumentError, match="expected a number above 0"):
        strategies.drawn(strategies.separated_arrays(0), 1)


@given(dtype=strategies.dtypes())
def test_floating_dtypes_can_require_gradients(dtype):
    assert ag.Tensor(np.zeros(2, dtype), requires_grad=True).dtype == dtype


def test_all_dtypes_contain_integers():
    assert exists(strategies.dtypes("all"), lambda d: d.kind == "i")


PROBLEMS = {
    "conv": strategies.conv_problems(),
    "pool": strategies.pool_problems(),
    "loss": strategies.loss_problems(),
}


@pytest.mark.parametrize("kind", PROBLEMS)
@given(data=st.data())
def test_gradient_of_a_problem_equals_numeric_and_its_printed_code(kind, data):
    problem = data.draw(PROBLEMS[kind])
    assert problem.fits
    leaves = [ag.Tensor(x, requires_grad=True) for x in problem.inputs]
    output = problem(*leaves)
    np.testing.assert_array_equal(rebuilt(problem)["output"].value, output.value)
    size = max(1.0, float(np.abs(output.value).sum()))  # differences are rounded as what they are taken of
    assert_proved(problem, *problem.inputs, within=WIDEST_BAR * size)


@pytest.mark.parametrize("kind", [strategies.conv_problems, strategies.pool_problems])
@given(data=st.data())
def test_windows_that_do_not_fit_raise_and_floor_takes_them(kind, data):
    problem = data.draw(kind(fits=False))
    assert not problem.fits
    with pytest.raises(ag.ShapeError):
        problem(*problem.inputs)
    problem.options["fit"] = "floor"
    assert np.isfinite(problem(*problem.inputs)).all()


@pytest.mark.parametrize(
    "condition",
    [
        lambda p: p.options["padding"][0][0] != p.options["padding"][0][1],
        lambda p: p.options["stride"][0] != p.options["stride"][1],
        lambda p: p.options["dilation"][0] > 1,
        lambda p: p.options["groups"] > 1,
        lambda p: len(p.inputs) == 3,
    ],
    ids=["asymmetric padding", "unequal strides", "dilation", "groups", "bias"],
)
def test_conv_problems_reach(condition):
    assert exists(PROBLEMS["conv"], condition)


@pytest.mark.parametrize("name", strategies.LOSSES)
def test_problems_of_one_loss(name):
    (problem,) = strategies.drawn(strategies.loss_problems(names=(name,)), 1)
    assert problem.name == name
    assert f"ag.functional.{name}(" in repr(problem)


@given(scalar=st.from_type(ag.Scalar), tensor=st.from_type(ag.Tensor), parameter=st.from_type(ag.Parameter))
@settings(max_examples=10)
def test_from_type_makes_leaves_that_require_gradients(scalar, tensor, parameter):
    assert scalar.requires_grad
    assert tensor.requires_grad
    assert type(parameter) is ag.Parameter
    assert 8 * scalar.value == round(8 * scalar.value)


def test_from_type_of_any_node_makes_scalars_and_tensors():
    assert {type(x) for x in strategies.drawn(st.from_type(ag.Node), 50)} == {ag.Scalar, ag.Tensor}


FROM_TYPE = "print(type(hypothesis.find(hypothesis.strategies.from_type(ag.Scalar), lambda x: True)).__name__)"


@pytest.mark.parametrize(
    "code",
    [
        f"import hypothesis; import autograd_cnn as ag; {FROM_TYPE}",
        f"import autograd_cnn as ag; import viz.hypothesis_plugin as p; p.register(); import hypothesis; {FROM_TYPE}",
    ],
    ids=["hypothesis first", "engine first"],
)
def test_types_are_known_in_either_order_of_imports(code):
    """The second line is what the entry point does: hypothesis calls it when it is imported."""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.stdout.strip() == "Scalar", result.stderr


def test_the_entry_point_costs_other_users_of_hypothesis_nothing():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["hypothesis"] == {"autograd_cnn": "viz.hypothesis_plugin:register"}
    code = (
        "import sys; before = {*sys.modules}; from viz.hypothesis_plugin import register; register()\n"
        "print({m.partition('.')[0] for m in {*sys.modules} - before} - {*sys.stdlib_module_names})"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.stdout.strip() == "{'viz'}", result.stderr


def test_a_gate_without_an_entry_is_called_with_different_positive_numbers(monkeypatch):
    monkeypatch.delitem(strategies.CALLS, "divide")
    for call in strategies.drawn(strategies.calls("divide"), 20):
        a, b = call.inputs
        assert a.shape == b.shape
        assert (a > 0).all()
        assert len(np.unique([a, b])) == 2 * a.size


@pytest.mark.parametrize(("gate", "missing"), [("reshape", "no default of shape"), ("concatenate", "no inputs")])
def test_a_gate_without_an_entry_that_needs_one_says_so(monkeypatch, gate, missing):
    monkeypatch.delitem(strategies.CALLS, gate)
    with pytest.raises(ag.ArgumentError, match=missing):
        strategies.calls(ag.GATES[gate])


def test_every_gate_has_calls():
    assert set(strategies.CALLS) == set(ag.GATES)


def test_calls_refuse_unknown_gates():
    with pytest.raises(ag.UnknownNameError, match="did you mean 'multiply'"):
        strategies.calls("multipy")


def test_drawn_examples_are_the_same_for_the_same_seed():
    first, second, other = (strategies.drawn(strategies.graphs(), 5, seed) for seed in (1, 1, 2))
    assert list(map(repr, first)) == list(map(repr, second)) != list(map(repr, other))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import autograd_cnn, autograd_cnn.testing, sys; print('hypothesis' in sys.modules)", "False"),
        (
            "import sys; sys.modules['hypothesis'] = None\n"
            "try: from autograd_cnn.testing import strategies\n"
            "except ImportError as error: print(type(error).__name__, error)",
            "HypothesisNotFoundError autograd_cnn.testing.strategies needs hypothesis, which is not installed; "
            "install it with: pip install 'autograd-cnn[test]'",
        ),
    ],
)
def test_hypothesis_is_needed_by_strategies_alone(code, said):
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.stdout.strip() == said, result.stderr


NAMED = (
    *("graphs", "networks", "arrays", "separated_arrays", "tied_arrays", "broadcastable_pairs", "conv_problems"),
    *("pool_problems", "loss_problems", "extreme_logits", "layouts", "dtypes"),
)


@pytest.mark.parametrize("name", NAMED)
def test_every_strategy_is_documented_by_an_example(name):
    """The examples themselves run as doctests."""
    assert name in strategies.__all__
    assert f"strategies.{name}(" in getattr(strategies, name).__doc__


def test_arrays_shrink_to_readable_numbers():
    """Eighths: the smallest array beyond a bound is the bound's next eighth among zeros."""
    x = find(
        strategies.arrays((2, 2)),
        lambda x: x.max() > 0.8,
        settings=settings(max_examples=2000, deadline=None, database=None),
    )
    assert sorted(x.ravel()) == [0.0, 0.0, 0.0, 0.875]


@pytest.mark.parametrize("kind", PROBLEMS)
def test_a_failing_problem_prints_code_to_paste(kind):
    problem = find(PROBLEMS[kind], lambda p: True, settings=settings(deadline=None, database=None))
    assert repr(problem).splitlines()[:2] == ["import numpy as np", "import autograd_cnn as ag"]
    assert len(repr(problem).splitlines()) <= 6
