"""Wrong rules: each is wrong somewhere, is put in place and taken away again, and is found and blamed."""

import threading

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn.testing import Verdict, check, strategies
from autograd_cnn.testing.grade import blamed, differs, grade, main, smallest_detectable_error, table
from autograd_cnn.testing.mutants import Mutant, mutants, scaled
from tests.testing.planted import part_changed

DIFFERENTIABLE = sorted(name for name, gate in ag.GATES.items() if gate.has_gradient)
#: Gates whose gradient is 0 everywhere: no wrong factor shows.
FLAT = {"step"}


def rules():
    return {name: (gate.rule, gate.takes_needs, gate.differentiable) for name, gate in ag.GATES.items()}


@pytest.fixture(autouse=True)
def _all_rules_come_back():
    before = rules()
    yield
    assert rules() == before


def named(gate, name):
    (mutant,) = [m for m in mutants(gate) if m.name == name]
    return mutant


@pytest.mark.parametrize("gate", DIFFERENTIABLE)
def test_every_mutant_of_every_gate_is_killed_or_equivalent_and_its_gate_is_blamed(gate):
    result = grade(gate)
    assert [str(o.mutant) for o in result.outcomes if o.fate == "survived"] == []
    if gate not in FLAT:
        moving = {slot for call in strategies.drawn(strategies.calls(gate), 20) for slot in call.differentiable}
        always = {f"{name} {slot}" for name in ("sign", "scale 1.001", "lost") for slot in moving & {0, 1, 2}}
        assert not always & {o.mutant.name for o in result.outcomes if o.fate == "equivalent"}
        assert result.count("killed") >= 5
        assert result.smallest_error <= 1e-7
        assert result.blamed


@pytest.mark.parametrize("gate", DIFFERENTIABLE)
def test_mutants_have_names_of_their_own(gate):
    found = mutants(gate)
    assert len({m.name for m in found}) == len(found)
    assert all(m.gate == gate and m.description for m in found)


def test_a_gate_without_a_gradient_has_no_mutants():
    assert mutants("greater") == []
    with pytest.raises(ag.ArgumentError, match="greater has no gradient"):
        scaled("greater", 2.0)
    with pytest.raises(ag.UnknownNameError, match="did you mean 'multiply'"):
        mutants("multipy")


def test_the_right_rule_comes_back_after_an_exception():
    right = ag.GATES["tanh"].rule
    with pytest.raises(ZeroDivisionError), mutants("tanh")[0].applied() as gate:
        1 / (gate.rule is right)
    assert ag.GATES["tanh"].rule is right


def test_blocks_nest():
    x = ag.Scalar(3.0)
    with scaled("square", 2.0).applied(), scaled("square", 5.0).applied():
        assert ag.grad(ag.square(x), x) == (60.0,)
    assert ag.grad(ag.square(x), x) == (6.0,)


def test_every_thread_meets_the_wrong_rule():
    found = []
    x = ag.Scalar(3.0)
    with named("square", "sign 0").applied():
        thread = threading.Thread(target=lambda: found.extend(ag.grad(ag.square(x), x)))
        thread.start()
        thread.join()
    assert found == [-6.0]


def test_values_stay_right():
    x = np.array([1.0, 2.0])
    with named("exp", "sign 0").applied():
        np.testing.assert_array_equal(ag.exp(ag.Tensor(x)).value, np.exp(x))


@pytest.mark.parametrize(
    ("gate", "name", "inputs", "wrong"),
    [
        ("multiply", "sign 1", (2.0, 5.0), (5.0, -2.0)),
        ("multiply", "scale 1.001 0", (2.0, 5.0), (5.0 * 1.001, 2.0)),
        ("multiply", "lost 0", (2.0, 5.0), (0.0, 2.0)),
        ("multiply", "swapped gradients", (2.0, 5.0), (2.0, 5.0)),
        ("multiply", "missing factor 1", (2.0, 5.0), (1.0, 2.0)),
        ("subtract", "swapped gradients", (2.0, 5.0), (-1.0, 1.0)),
        ("divide", "swapped inputs", (2.0, 4.0), (1 / 2, -0.25)),
        ("maximum", "wrong tie", (2.0, 2.0), (0.0, 1.0)),
        ("relu", "wrong tie", (0.0,), (1.0,)),
        ("relu", "wrong tie", (2.0,), (1.0,)),
        ("abs", "wrong tie", (0.0,), (1.0,)),
        ("exp", "missing output", (1.0,), (1.0,)),
        ("tanh", "unsquared", (0.0,), (1.0,)),
        ("sigmoid", "lost 1 − σ", (0.0,), (0.5,)),
    ],
)
def test_wrong_gradients_of_scalars(gate, name, inputs, wrong):
    leaves = [ag.Scalar(x) for x in inputs]
    with named(gate, name).applied():
        assert ag.grad(ag.GATES[gate](*leaves), leaves) == pytest.approx(wrong, rel=1e-8)


def gradients(gate, name, arrays, **attributes):
    leaves = [ag.Tensor(x, requires_grad=True) for x in arrays]
    output = ag.GATES[gate](*leaves, **attributes)
    with named(gate, name).applied():
        return ag.grad(output, leaves, np.arange(1.0, output.size + 1).reshape(output.shape))


def test_unsummed_broadcast_keeps_the_first_copy():
    _, wrong = gradients("add", "unsummed broadcast", [np.zeros((3, 2)), np.zeros(2)])
    np.testing.assert_array_equal(wrong, [1.0, 2.0])


def test_off_by_one_index_shifts_the_gradient():
    (wrong,) = gradients("negative", "off-by-one index 0", [np.zeros(3)])
    np.testing.assert_array_equal(wrong, [-3.0, -1.0, -2.0])


def test_swapped_transpose_multiplies_by_the_matrix_itself():
    b = np.array([[0.0, 1.0], [0.0, 0.0]])
    wrong, _ = gradients("matmul", "swapped transpose 1", [np.zeros((2, 2)), b])
    np.testing.assert_array_equal(wrong, np.array([[1.0, 2.0], [3.0, 4.0]]) @ b)


def test_stale_switch_sends_the_gradient_where_the_maximum_was():
    (wrong,) = gradients("max", "stale switch", [np.array([1.0, 2.0, 5.0])], axis=0)
    assert wrong.sum() == 1.0
    assert wrong[2] == 0.0


def test_an_element_picked_twice_is_written_over():
    (wrong,) = gradients("getitem", "written over", [np.zeros(2)], index=[0, 0, 1])
    np.testing.assert_array_equal(wrong, [2.0, 3.0])


def test_off_by_one_padding_moves_the_window():
    (wrong,) = gradients("pad", "off-by-one padding", [np.zeros(2)], pad_width=((1, 1),))
    np.testing.assert_array_equal(wrong, [3.0, 4.0])


def test_gradients_of_wrong_gradients_are_those_of_the_wrong_rule():
    x = ag.Scalar(3.0)
    with scaled("square", 10.0).applied():
        (first,) = ag.grad(ag.square(x), x, create_graph=True)
        assert ag.grad(first, x) == (20.0,)


@pytest.mark.parametrize("gate", ["multiply", "tanh", "maximum", "matmul", "max", "conv2d", "softmax", "cross_entropy"])
def test_a_mutant_in_a_random_graph_of_twenty_nodes_is_blamed_by_name(gate):
    """All that differ at the graph's own values, whatever is wrong with them."""
    found = set()
    for graph in strategies.drawn(strategies.graphs(gates=[gate], max_nodes=3, min_nodes=20), 2):
        assert len(ag.nodes(graph(*graph.leaves()))) >= 20
        for mutant in mutants(gate)[:6]:
            if mutant.name in found or part_changed(graph, mutant) < 1e-6:
                continue
            with mutant.applied():
                report = check(graph, *graph.values)
            assert report.verdict is Verdict.WRONG, f"{mutant}\n{graph!r}"
            assert report.blame().gate == gate, f"{mutant}\n{report.blame()}\n{graph!r}"
            found.add(mutant.name)
    assert len(found) >= 3


def test_a_check_that_sees_nothing_is_graded_so(monkeypatch):
    """The grade is not won by a check that never says WRONG, nor by mutants that do nothing."""
    monkeypatch.setattr("autograd_cnn.testing.grade.is_wrong", lambda *call, **options: False)
    result = grade("tanh")
    assert result.count("killed") == 0
    assert result.count("survived") >= 5
    assert result.smallest_error is None
    assert "Survived:\n- sign 0: tanh" in table([result])


def test_a_mutant_that_changes_nothing_is_equivalent():
    call = strategies.drawn(strategies.calls("tanh"), 1)[0]
    same = Mutant("same", "tanh", "nothing is wrong", lambda situation: situation.gradients())
    assert not differs(same, call)
    assert differs(scaled("tanh", 1 + 1e-9), call) or not np.size(call.inputs[0])


def test_a_gate_of_ones_own_is_graded():
    @ag.gate("bell")
    def bell(x):
        return np.exp(-x * x)

    @bell.vjp
    def _(upstream, output, x):
        return upstream * output * x * -2

    try:
        result = grade(bell)
        assert result.count("survived") == 0
        assert result.blamed
    finally:
        del ag.GATES["bell"]


def test_a_gate_that_has_an_expansion_alone_has_mutants():
    @ag.gate("cube")
    def cube(x):
        return x * x * x

    @cube.expansion
    def _(x):
        return x * x * x

    try:
        x = ag.Tensor([2.0], requires_grad=True)
        with named("cube", "sign 0").applied():
            np.testing.assert_array_equal(ag.grad(cube(x), x)[0], [-12.0])
        np.testing.assert_array_equal(ag.grad(cube(x), x)[0], [12.0])
        assert cube.rule is None
        assert grade(cube).count("survived") == 0
    finally:
        del ag.GATES["cube"]


def test_flat_gates_have_no_detectable_error_and_nothing_to_blame():
    calls = strategies.drawn(strategies.calls("step"), 3)
    assert smallest_detectable_error("step", calls) is None
    assert blamed("step") is None


def test_the_command_prints_the_table(capsys):
    assert main(["tanh", "add"]) == 0
    text = capsys.readouterr().out
    assert "| `tanh` |" in text
    assert "(100.0%)" in text
    assert "Survived: none" in text
