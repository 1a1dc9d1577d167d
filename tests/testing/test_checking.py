"""Verdicts of `check`: what is right, what is wrong, what cannot be known, and what cannot be asked."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.vendor.pretty import pretty

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import nn, testing
from autograd_cnn.testing import Verdict, assert_gradients, check
from autograd_cnn.testing.oracles import falling_rate
from autograd_cnn.testing.subject import weights_off_zero
from tests.testing.planted import planted, scaled

RNG = np.random.default_rng(0)
NUMBERS = st.floats(-2, 2)


@given(NUMBERS, NUMBERS, st.sampled_from(["ridders", "central", "one-sided"]))
def test_right_gradients_are_ok_with_every_oracle(x, y, oracle):
    report = check(lambda x, y: ag.sin(x) * ag.exp(y) + x, x, y, oracle=oracle)
    assert report.verdict in (Verdict.OK, Verdict.ILL_CONDITIONED)
    assert not report.wrong
    assert report.oracle == oracle


@given(NUMBERS, st.sampled_from([5e-4, -5e-4, 1e-6, -1e-6, 1e-7]))
def test_a_small_relative_error_is_wrong(x, error):
    with planted("tanh", scaled(1 + error)):
        report = check(lambda x: ag.tanh(x) * 3, x)
        assert report.verdict is Verdict.WRONG
        assert report.blame().gate == "tanh"
    assert check(lambda x: ag.tanh(x) * 3, x).ok


@given(NUMBERS)
def test_a_tiny_gradient_of_the_wrong_sign_is_wrong(x):
    with planted("sin", scaled(-1.0)):
        report = check(lambda x: ag.sin(x) * 1e-6, x)
    assert report.verdict is Verdict.WRONG


def test_a_tiny_wrong_gradient_beside_large_ones():
    def f(x, y):
        return ag.exp(x) + ag.sin(y) * 1e-6

    assert check(f, 2.0, 0.5).ok
    with planted("sin", scaled(-1.0)):
        report = check(f, 2.0, 0.5)
    assert [c.verdict for c in report.coordinates] == [Verdict.OK, Verdict.WRONG]
    assert report.worst.label == "input 1"


@pytest.mark.parametrize("f", [ag.tanh, lambda x: ag.tanh(x).sum(), lambda x: ag.tanh(ag.sin(x)).sum()])
@pytest.mark.parametrize("x", [0.5, np.array([0.5, 1.0]), np.array([0.5, 1.0], np.float32)])
@pytest.mark.parametrize("mode", ["full", "directions"])
def test_a_rule_that_forgets_its_upstream_gradient_is_wrong_where_that_is_one(f, x, mode):
    if isinstance(x, np.ndarray) and f is ag.tanh:
        x = x[:1]
    assert check(f, x, mode=mode).ok
    with planted("tanh", lambda gradient, upstream, inputs: gradient / upstream):
        report = check(f, x, mode=mode)
    assert report.verdict is Verdict.WRONG
    assert report.blame().gate == "tanh"
    assert "not linear" in str(report)


@given(NUMBERS.filter(lambda x: x > 0.01))
def test_guided_backprop_is_no_gradient(x):
    """It passes positive gradients alone, so the seed 1 does not tell it."""
    with planted("relu", lambda gradient, upstream, inputs: ag.where(upstream > 0, gradient, 0.0)):
        report = check(lambda x: ag.relu(x) * 3, x)
        assert report.verdict is Verdict.WRONG
        assert report.blame().gate == "relu"


@given(st.integers(0, 2**32 - 1))
def test_outputs_are_weighed_off_zero_and_off_one(seed):
    sizes = np.abs(weights_off_zero(np.random.default_rng(seed), (40,)))
    assert sizes.min() >= 0.5
    assert sizes.max() < 1


@given(st.integers(-8, 8), st.sampled_from(["skip", "fail", "tie", "nudge"]))
def test_ties_by_mode(eighth, kinks):
    """relu stands on its kink at 0 alone."""
    report = check(lambda x: ag.relu(x) * 3, eighth / 8, kinks=kinks)
    inconclusive = eighth == 0 and kinks in ("skip", "fail")
    assert report.verdict is (Verdict.TIE if inconclusive else Verdict.OK)
    assert report.ok is not inconclusive


@pytest.mark.parametrize("gate", ["relu", "abs", "leaky_relu", "elu", "selu", "hardtanh"])
@pytest.mark.parametrize("kinks", ["nudge", "tie"])
def test_another_rule_at_a_tie_is_wrong(gate, kinks):
    """All is well beside the tie; on it, the rule must be the declared one."""
    at = {"hardtanh": 1.0}.get(gate, 0.0)

    def on_the_tie(gradient, upstream, inputs):
        return ag.where(ag.equal(inputs[0], at), upstream * 0.5 + gradient * 0.25, gradient)

    f = ag.GATES[gate]
    assert check(f, at, kinks=kinks).ok
    with planted(gate, on_the_tie):
        report = check(f, at, kinks=kinks)
        assert report.verdict is Verdict.WRONG
        assert "tie" in str(report)
        assert report.blame().gate == gate
        assert check(f, at + 0.5, kinks=kinks).ok


def test_a_kink_nearby_shrinks_the_step():
    report = check(ag.relu, 1e-3)
    (found,) = report.coordinates
    assert found.verdict is Verdict.OK
    assert found.step < 1e-3
    assert "step shrunk" in found.note
    assert "relu" in found.note


def test_what_was_moved_is_said_and_is_the_same_for_the_same_seed():
    reports = [check(lambda x: ag.relu(x).sum(), np.zeros(3), seed=seed) for seed in (1, 1, 2)]
    assert "moved by" in reports[0].coordinates[0].note
    assert reports[0] == reports[1]
    assert reports[0].coordinates != reports[2].coordinates


@pytest.mark.parametrize("kinks", ["nudge", "tie"])
def test_ties_of_a_large_input_are_judged_element_by_element(kinks):
    """Far more elements than are checked one by one beside ties, and one of them on a tie."""
    x = np.linspace(-1.0, 1.0, 60).reshape(6, 10)
    x[3, 4] = 0.0

    def on_the_tie(gradient, upstream, inputs):
        return ag.where(ag.equal(inputs[0], 0.0), upstream, gradient)

    assert check(lambda x: (ag.relu(x) * x).sum() + ag.relu(x).sum(), x, kinks=kinks).ok
    with planted("relu", on_the_tie):
        report = check(lambda x: ag.relu(x).sum(), x, kinks=kinks)
        assert report.verdict is Verdict.WRONG
        assert (report.blame().gate, report.blame().index) == ("relu", (3, 4))


@pytest.mark.parametrize("kinks", ["nudge", "tie"])
def test_a_wrong_gate_whose_part_cancels_everywhere_but_on_the_tie(kinks):
    """Moved off the tie, |h| − max(h, −h) is 0 with every rule for h."""

    def f(x):
        h = ag.tanh(x)
        return abs(h) - ag.maximum(h, -h) + x

    assert check(f, 0.0, kinks=kinks).ok
    with planted("tanh", scaled(1.001)):
        report = check(f, 0.0, kinks=kinks)
        assert report.verdict is Verdict.WRONG
        assert report.blame().gate == "tanh"


@pytest.mark.parametrize("kinks", ["nudge", "tie"])
def test_a_wrong_rule_that_jumps_is_not_taken_for_rounding(kinks):
    """At 1 a hair more changes its gradient as much as rounding changes that of a very rough function."""
    with planted("maximum", lambda gradient, upstream, inputs: ag.where(inputs[0] >= 1, upstream, 0.0)):
        report = check(lambda x: ag.maximum(x, x * x * 9), 1.0, kinks=kinks)
        assert report.verdict is Verdict.WRONG
        assert report.blame().gate == "maximum"


TINY = st.floats(1e-15, 1e-9) | st.floats(-1e-9, -1e-15)
BESIDE = {
    "abs": abs,
    "relu": ag.relu,
    "leaky_relu": ag.GATES["leaky_relu"],
    "max": lambda x: x.max(),
    "max of sums": lambda x: ag.maximum(x[0] + 1, 1.0),
    "softsign": ag.softsign,
    "huber": lambda x: F.huber_loss(x, np.zeros(2)),
    "norm": lambda x: ag.GATES["euclidean_norm"](x),
}


@pytest.mark.parametrize("name", BESIDE)
@given(x=TINY, kinks=st.sampled_from(["skip", "tie", "nudge"]), order=st.sampled_from([1, 2]), other=st.booleans())
def test_right_gradients_beside_a_kink_are_not_called_wrong(name, x, kinks, order, other):
    """Nearer than any step, but not on it: what holds on the tie does not hold there."""
    report = check(BESIDE[name], np.array([x, 0.5 if other else x / 4]), kinks=kinks, order=order)
    assert not report.wrong, str(report)


@pytest.mark.parametrize("kinks", ["tie", "nudge"])
@given(x=TINY)
def test_wrong_gradients_beside_a_kink_are_called_wrong(kinks, x):
    with planted("abs", scaled(1.001)):
        report = check(lambda x: abs(x) * 3, x, kinks=kinks)
        assert report.verdict is Verdict.WRONG
        assert report.blame().gate == "abs"


@given(st.integers(-2, 2), st.sampled_from(["tie", "nudge"]))
def test_the_second_order_kink_of_softsign(eighth, kinks):
    """Its slope 1/(1 + |x|)² is continuous at 0, and has a kink there."""
    assert check(ag.softsign, eighth / 8, order=2, kinks=kinks).ok
    with planted("softsign", scaled(1.001)):
        assert check(ag.softsign, eighth / 8, order=2, kinks=kinks).verdict is Verdict.WRONG


def test_python_branches_and_winners_are_branches():
    """The graph itself changes at 0 here; take by argmax changes an index."""

    def f(x):
        return ag.sin(x) if x.value > 0 else x * 5

    assert check(f, 0.0, kinks="skip").verdict is Verdict.TIE
    assert check(f, 1e-3).ok
    assert check(lambda x: x * (x > 0), 1e-3).ok
    tied = check(lambda x: ag.take(x, ag.argmax(x)), np.array([1.0, 1.0]), kinks="skip")
    assert Verdict.TIE in tied.counts


def test_second_order():
    def f(x, y):
        return ag.sin(x * y) * x

    report = check(f, 0.5, 2.0, order=2)
    assert report.ok
    assert [c.order for c in report.coordinates] == [1, 1, 2, 2]
    assert check(lambda x: x * 2.0, 1.0, order=2).ok  # its second derivative is 0
    assert testing.gradgradcheck(f, (0.5, 2.0))


def test_a_rule_that_cannot_be_differentiated_right_is_wrong_in_second_order_alone():
    """The rule takes a gradient through as a number: right, but its own gradient is lost."""

    @ag.gate("detached cube")
    def detached_cube(x):
        return x * x * x

    @detached_cube.vjp
    def _(upstream, output, x):
        return upstream * (3 * float(x) ** 2)

    try:
        assert check(detached_cube, 1.5).ok
        report = check(detached_cube, 1.5, order=2)
        assert report.verdict is Verdict.WRONG
        assert [c.order for c in report.wrong] == [2]
        assert "∂²" in str(report)
        assert not testing.gradgradcheck(detached_cube, 1.5, raise_exception=False)
    finally:
        del ag.GATES["detached_cube"]


def test_directions():
    report = check(lambda x: (ag.tanh(x) @ x).sum(), RNG.uniform(-1, 1, (9, 9)), mode="directions")
    assert report.ok
    assert {c.index for c in report.coordinates} == {None}
    assert len(report.coordinates) < 81
    with planted("matmul", scaled(1 + 1e-6)):
        assert check(lambda x: (x @ x).sum(), RNG.uniform(-1, 1, (9, 9)), mode="directions").verdict is Verdict.WRONG


@given(st.integers(0, 2**32 - 1))
def test_narrow_backward_passes_are_judged_against_float64(seed):
    x = np.random.default_rng(seed).uniform(-3, 3, (2, 3)).astype(np.float32)
    f = lambda x: ag.log_softmax(ag.tanh(x) * x, axis=1)  # noqa: E731
    report = check(f, x)
    assert report.ok, str(report)
    assert max(c.bar for c in report.coordinates) < 1e-4
    with planted("tanh", scaled(1 + 5e-4)):
        assert check(f, x).verdict is Verdict.WRONG


def test_a_bug_in_narrow_precision_alone():
    def change(gradient, upstream, inputs):
        return gradient * (1.001 if gradient.dtype == np.float32 else 1.0)

    with planted("sin", change):
        assert check(ag.sin, np.ones(2)).ok
        report = check(ag.sin, np.ones(2, np.float32))
    assert report.verdict is Verdict.WRONG
    assert "narrow precision alone" in str(report)


def test_layers_with_narrow_parameters_and_what_they_keep():
    """Parameters in the closure are widened for the oracle; masks repeat, running statistics and grads stay."""
    model = nn.Sequential(
        conv=nn.Conv2d(1, 2, 3, rng=1),
        norm=nn.BatchNorm2d(2),
        relu=nn.ReLU(),
        pool=nn.MaxPool2d(2),
        flatten=nn.Flatten(),
        drop=nn.Dropout(0.4),
        fc=nn.Linear(8, 3, rng=1),
    )
    criterion, labels = nn.CrossEntropyLoss(), np.array([0, 2])
    x = RNG.standard_normal((2, 1, 6, 6)).astype(np.float32)
    model.conv.weight.grad = "untouched"
    before = {name: value.copy() for name, value in model.state_dict().items()}
    ag.manual_seed(3)
    state = ag.random.generator().bit_generator.state
    report = check(
        lambda x: criterion(model(x), labels), x, wrt=[0, model.conv.weight, model.fc.bias], mode="directions"
    )
    assert report.ok, str(report)
    assert model.conv.weight.grad == "untouched"
    assert ag.random.generator().bit_generator.state == state
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)
        assert value.dtype == before[name].dtype
    with planted("conv2d", scaled(1.001)):
        assert check(lambda x: criterion(model(x), labels), x, mode="directions").verdict is Verdict.WRONG


def test_generators_of_the_function_itself_are_frozen():
    rng = np.random.default_rng(5)
    drop = nn.Dropout(0.5, rng=np.random.default_rng(6))
    assert check(lambda x: (F.dropout(drop(x), 0.5, rng=rng) * x).sum(), RNG.uniform(1, 2, 6)).ok
    assert rng.random() == np.random.default_rng(5).random()


def test_a_function_that_calls_manual_seed_gives_the_generator_back():
    before = ag.random.generator()

    def f(x):
        ag.manual_seed(0)
        return F.dropout(x, 0.5).sum()

    assert check(f, np.ones(4)).ok
    assert ag.random.generator() is before


def test_parameters_in_wrt():
    layer = nn.Linear(3, 2, dtype=np.float64, rng=0)
    x = ag.Tensor(RNG.standard_normal((4, 3)))
    value = layer.weight.value.copy()
    report = check(lambda: ag.tanh(layer(x)).sum(), wrt=[layer.weight, layer.bias])
    assert report.ok
    assert len(report.coordinates) == 6 + 2
    np.testing.assert_array_equal(layer.weight.value, value)
    assert layer.weight.grad is None


def test_several_outputs_of_several_shapes():
    report = check(lambda x: (ag.sin(x), x.sum(), x @ x), RNG.uniform(-1, 1, (2, 2)))
    assert report.ok
    assert any("weighed" in note for note in report.notes)


def test_inputs_that_are_nodes_keep_names_and_grads():
    x = ag.Tensor([1.0, 2.0], requires_grad=True, name="x")
    x.grad = "untouched"
    report = check(lambda x: (x * x).sum(), x)
    assert [c.label for c in report.coordinates] == ["x[0]", "x[1]"]
    assert x.grad == "untouched"
    assert check(lambda y: y.sum(), x * 2).ok  # made by a gate: taken as a leaf


def test_an_error_in_the_function_leaves_everything_as_it_was():
    layer = nn.Linear(2, 2, rng=0)
    calls = []

    def f(x):
        calls.append(None)
        if len(calls) > 4:
            raise ZeroDivisionError("on purpose")
        return layer(x).sum()

    with pytest.raises(ZeroDivisionError):
        check(f, np.ones((1, 2), np.float32))
    assert layer.weight.dtype == np.float32


def test_gradients_in_no_grad_and_of_nothing():
    with ag.no_grad():
        assert check(lambda x: x * x, 2.0).ok
    report = check(lambda x: x.sum(), np.zeros((0, 3)))
    assert report.ok
    assert "nothing to check" in str(report)


def test_not_finite():
    report = check(lambda x: ag.log(x), -1.0)
    assert report.verdict is Verdict.NONFINITE
    assert not report.ok
    assert check(lambda x: ag.sqrt(x).sum(), np.array([0.0, 1.0])).verdict is Verdict.NONFINITE
    assert check(lambda x: x * 1.0, math.nan).verdict is Verdict.NONFINITE


def test_not_deterministic():
    calls = []

    def f(x):
        calls.append(None)
        return x * len(calls)

    report = check(f, 1.0)
    assert report.verdict is Verdict.NONDETERMINISTIC
    assert "seed" in str(report)


def test_ill_conditioned():
    """1e16 + x is 1e16 for every x in reach: nothing can be said of the gradient, which is 1."""
    assert check(lambda x: (x + 1e16) * 1.0, 1.0).verdict is Verdict.ILL_CONDITIONED


def test_narrow_inside():
    """A cast in the function cannot be undone: differences of float32 values are no proof that it is wrong."""
    report = check(lambda x: ag.sin(x.astype(np.float32)), RNG.uniform(-1, 1, 3))
    assert not report.wrong
    assert "narrow" in str(report)


def test_a_detached_part_is_wrong_and_no_gate_is_to_blame():
    report = check(lambda x: x * x.detach(), 2.0)
    assert report.verdict is Verdict.WRONG
    blame = report.blame()
    assert blame.gate is None
    assert "detach" in str(blame)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: check(3.0, 1.0), ag.ArgumentError, "expected a function"),
        (lambda: check(lambda x: x.value, 1.0), ag.ArgumentError, "returned float, expected a node"),
        (lambda: check(lambda x: (), 1.0), ag.ArgumentError, "empty tuple"),
        (lambda: check(lambda x: x.detach(), 1.0), ag.GradientError, "no gradient flows"),
        (lambda: check(lambda x: x > 0, 1.0), ag.GradientError, "no gradient flows"),
        (lambda: check(lambda x: x, 3), ag.DtypeError, "no input needs a gradient"),
        (lambda: check(lambda x: x, np.arange(3)), ag.DtypeError, "int64"),
        (lambda: check(lambda x: x, np.arange(3), wrt=0), ag.DtypeError, "make it floating"),
        (lambda: check(lambda x: x, ag.Tensor([1.0])), ag.GradientError, "requires_grad=True"),
        (lambda: check(lambda x: x, ag.Tensor([1.0]), wrt=0), ag.GradientError, "requires_grad=True"),
        (lambda: check(lambda x: x), ag.GradientError, "no input"),
        (lambda: check(lambda x: x, 1.0, wrt=1), ag.ArgumentError, "wrt=1"),
        (lambda: check(lambda x: x, 1.0, wrt=ag.Scalar(1.0) * 2), ag.GradientError, "made by a gate"),
        (lambda: check(lambda x: x, 1.0, oracle="jvp"), ag.ArgumentError, "oracle='jvp'"),
        (lambda: check(lambda x: x, 1.0, order=3), ag.ArgumentError, "order=3"),
        (lambda: check(lambda x: x, 1.0, mode="some"), ag.ArgumentError, "mode='some'"),
        (lambda: check(lambda x: x, 1.0, kinks="ignore"), ag.ArgumentError, "kinks='ignore'"),
    ],
)
def test_what_cannot_be_checked_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_assert_gradients_raises_with_the_report_as_text():
    assert assert_gradients(ag.sin, 1.0).ok
    with planted("sin", scaled(1.01)):
        with pytest.raises(AssertionError, match="sin is to blame") as caught:
            assert_gradients(lambda x: ag.sin(x) * 2, ag.Scalar(1.0, name="angle"))
        assert isinstance(caught.value, testing.WrongGradientError)
        assert isinstance(caught.value, ag.AutogradError)
        assert caught.value.report.verdict is Verdict.WRONG
        assert "angle" in str(caught.value)
        assert "uncomfortable" in str(caught.value)
        with pytest.raises(testing.WrongGradientError):
            testing.gradcheck(ag.sin, (ag.Scalar(1.0),))
        assert testing.gradcheck(ag.sin, (ag.Scalar(1.0),), raise_exception=False) is False
    assert testing.gradcheck(ag.sin, 1.0) is True


def test_the_engine_needs_neither_hypothesis_nor_pytest():
    code = (
        "import sys; sys.modules['hypothesis'] = sys.modules['pytest'] = None; import autograd_cnn as ag\n"
        "assert 'autograd_cnn.testing' not in sys.modules\n"
        "from autograd_cnn import testing; assert testing.check(ag.sin, 1.0).ok"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_error_beside_the_point_is_no_step_to_take():
    """A function may refuse what lies outside its domain; smaller steps stay inside."""

    def f(p):
        if p.value > 1:
            raise ag.ArgumentError("p above 1")
        return ag.log(p)

    report = check(f, 1 - 1e-3)
    assert report.ok
    assert "p above 1" in report.coordinates[0].note
    assert check(f, 1.0, kinks="skip").verdict is Verdict.ILL_CONDITIONED


def test_a_wrong_element_of_a_large_input_is_seen_beside_others_that_stand_on_ties():
    """Every direction through the whole input crosses a tie: then its elements are asked one by one."""
    x = np.zeros(40)
    x[7] = 2.0

    def f(x):
        return ag.max(ag.GATES["leaky_relu"](x)) + 0 * x.sum()

    assert check(f, x, kinks="tie").ok
    with planted("leaky_relu", lambda gradient, upstream, inputs: gradient * 0):
        report = check(f, x, kinks="tie")
        assert report.verdict is Verdict.WRONG
        assert report.blame().gate == "leaky_relu"


def test_a_notebook_prints_the_report_as_text():
    report = check(lambda x: ag.sin(x), 0.5)
    assert pretty(report) == str(report)


@pytest.mark.parametrize("oracle", ["ridders", "central", "one-sided"])
def test_what_cancels_inside_a_gate_is_rounding_and_no_wrong_gradient(oracle):
    """Of two numbers, standardised, all but ε of the gradient cancels: values of 1e-7 are rounded like those of 1."""
    for seed in (7, 95, 163, 175):
        rng = np.random.default_rng(seed)
        u, x = rng.uniform(-1, 1, 2), rng.uniform(0.5, 1) * np.array([1.0, -1.0]) + rng.uniform(-1, 1)
        report = check(
            lambda u, x: ag.GATES["standardize_gradient"](u, x, axis=(0,), eps=1e-5), u, x, seed=seed, oracle=oracle
        )
        assert not report.wrong, report


def test_where_a_remainder_is_rounding_alone_no_rate_is_told():
    assert falling_rate(0.0, 2e-16, noise=1e-16) == math.inf
