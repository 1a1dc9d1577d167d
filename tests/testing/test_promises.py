"""What every gate promises: each promise can be broken, is broken by one kind of mistake, and says so."""

import itertools

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import testing
from autograd_cnn.graph import Node
from autograd_cnn.testing import PROMISES, Call, WrongGradientError, mutants, strategies

X = np.array([0.5, -1.25, 2.0])
COUNT = itertools.count()


@pytest.fixture
def define():
    """Make gates that are forgotten after the test."""
    made = []

    def one(forward, rule, expansion=None, **options):
        gate = ag.gate("test", **options)(forward)
        made.append(gate.name)
        gate.vjp(rule)
        if expansion is not None:
            gate.expansion(expansion)
        return gate

    yield one
    for name in made:
        ag.GATES.pop(name, None)


def square_(x):
    return x * x


def product_(a, b):
    return a * b


def product_rule(upstream, output, a, b):
    return upstream * b, upstream * a


def constant(x):
    return x.detach() if isinstance(x, Node) else x


def narrow(x):
    return x.dtype == np.float32


def widened(x):
    return x * x * np.ones(np.shape(x))


def counting(x):
    return x * x + 0.0 * next(COUNT) + next(COUNT)


def half_of_a_repeated_input(upstream, output, a, b):
    return upstream * b * (1.0 if np.shape(a) == np.shape(upstream) else 0.5), upstream * a


def lost_when_shared(upstream, output, a, b):
    return upstream * b, upstream * a * (0.0 if a is b else 1.0)


def lost_when_alone(upstream, output, a, b, needs):
    return upstream * b * float(all(needs)), upstream * a * float(all(needs))


#: By promise: forward, rule, options of the gate, and a call, at which all other promises about numbers are kept.
BROKEN = {
    "second order": (square_, lambda u, y, x: u * 2.0 * constant(x), {}, (X,)),
    "jvp": (square_, lambda u, y, x: constant(u) * 2.0 * x, {}, (X,)),
    "float32": (square_, lambda u, y, x: u * 2.0 * x * (1.01 if narrow(x) else 1.0), {}, (X,)),
    "shapes and dtypes": (widened, lambda u, y, x: u * 2.0 * x, {}, (X,)),
    "broadcasting": (product_, half_of_a_repeated_input, {"broadcasts": True}, (X, X + 1)),
    "fan-out": (product_, lost_when_shared, {}, (X, X + 1)),
    "alone": (product_, lost_when_alone, {}, (X, X + 1)),
    "linear": (square_, lambda u, y, x: ag.maximum(u, -1.0) * 2.0 * x, {}, (X,)),
    "on nodes": (square_, lambda u, y, x: u * x * (2.0 + 1e-3 * isinstance(x, Node)), {}, (X,)),
    "unchanged": (counting, lambda u, y, x: u * 2.0 * x, {}, (X,)),
    "levels": (square_, lambda u, y, x: u * 2.0 * x, {"scalar": lambda x: x * x * 1.001}, (X,)),
    "empty arrays": (square_, lambda u, y, x: u * 2.0 * x if np.size(x) else ag.reshape(u, shape=(-1,)), {}, (X,)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_promise_is_broken_by_its_mistake(name, define):
    forward, rule, options, inputs = BROKEN[name]
    gate = define(forward, rule, **options)
    with pytest.raises(ag.AutogradError) as caught:
        PROMISES[name].prove(gate, Call(inputs, differentiable=tuple(range(len(inputs)))))
    assert gate.name in "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    with pytest.raises(ag.AutogradError):
        testing.assert_gate(gate, *inputs)


@pytest.mark.parametrize("name", ["second order", "jvp", "float32", "broadcasting", "fan-out", "alone", "on nodes"])
def test_without_that_promise_the_mistake_would_pass_as_a_right_gradient(name, define):
    forward, rule, options, inputs = BROKEN[name]
    gate = define(forward, rule, **options)
    assert PROMISES["gradient"].prove(gate, Call(inputs, differentiable=tuple(range(len(inputs)))))


def test_an_expansion_that_is_another_function_or_uses_the_gate(define):
    rule = lambda u, y, x: u * 2.0 * x  # noqa: E731
    for expansion, words in ((lambda x: x * x * 1.001, "another value"), (square_, None)):
        gate = define(square_, rule, expansion)
        if words:
            with pytest.raises(testing.BrokenPromiseError, match=words) as caught:
                testing.assert_gate(gate, X)
            assert caught.value.promise == "expansion"
        else:
            assert "expansion" in testing.assert_gate(gate, X)
        del ag.GATES["square_"]
    gate = define(square_, rule, lambda x: gate(x))
    with pytest.raises(testing.BrokenPromiseError, match="uses the gate itself"):
        testing.assert_gate(gate, X)


@pytest.mark.parametrize("gate", ["multiply", "tanh", "conv2d", "max_pool2d", "log_softmax", "matmul"])
def test_a_wrong_rule_breaks_the_first_promise_and_is_named(gate):
    call = next(call for call in strategies.drawn(strategies.calls(gate), 20) if min(x.size for x in call.inputs) > 1)
    for factor in (1 + 1e-6, -1.0):
        with (
            mutants.scaled(gate, factor).applied(),
            pytest.raises(WrongGradientError, match=f"{gate} is to blame") as caught,
        ):
            testing.assert_gate(gate, *call.inputs, **call.attributes)
        assert caught.value.__notes__ == [f"{gate} breaks its promise: its rule gives the derivative of its forward"]
    assert "gradient" in testing.assert_gate(gate, *call.inputs, **call.attributes)


def test_what_is_proved_is_returned():
    assert testing.assert_gate("exp", 0.5)[:3] == ("gradient", "second order", "jvp")
    assert testing.assert_gate("greater", X, 1.0) == ("unchanged", "levels")
    assert testing.assert_gate("keep_mask", shape=(2,), p=0.5, scale=2.0, dtype=np.float64, seed=1) == ("unchanged",)


def test_nodes_that_require_no_gradient_and_integers_are_constants():
    proved = testing.assert_gate("multiply", ag.Tensor(X), X)
    assert "alone" not in proved
    assert "gradient" in testing.assert_gate(ag.GATES["cross_entropy"], np.array([[1.0, 2.0]]), [0])
    assert "alone" in testing.assert_gate("multiply", ag.Tensor(X, requires_grad=True), X)


def test_on_a_kink_the_gradient_is_judged_beside_it_and_no_line_is_smooth():
    assert "jvp" not in testing.assert_gate("relu", np.array([0.0, 1.0]))


def test_wrong_use_says_so():
    with pytest.raises(ag.UnknownNameError, match="did you mean 'multiply'"):
        testing.assert_gate("multipy", 1.0)
    with pytest.raises(ag.ArgumentError, match="exp was given no inputs"):
        testing.assert_gate("exp")


def test_what_stays_open_is_not_proved():
    """`assert_gradients` lets pass what one element proves; `assert_proved` wants all of them, and closely."""

    def f(x):
        return (ag.relu(x) * np.array([1.0, 1.0])).sum()

    at = np.array([0.0, 1.0])
    assert testing.assert_gradients(f, at, kinks="skip").inconclusive
    with pytest.raises(WrongGradientError, match=r"not proved to 1e-08 .*TIE"):
        testing.assert_proved(f, at, kinks="skip")
    assert testing.assert_proved(f, at).ok
    with pytest.raises(WrongGradientError, match="not proved to 1e-14"):
        testing.assert_proved(ag.sin, 1.0, within=1e-14)


def test_a_gradient_that_does_not_change_is_proved_to_the_digits_that_it_has():
    """Rounding a hundred gradients of size 1 leaves more than 1e-11 open, where second order is 0 throughout."""
    x = np.random.default_rng(0).uniform(-2, 2, (3, 5, 3, 3))
    report = testing.assert_proved(lambda x: ag.functional.local_response_norm(x, 1, 0.0, 0.25, 0.5), x, order=2)
    second = [c for c in report.coordinates if c.order == 2]
    assert all(c.analytic == 0 for c in second)
    assert 1e-11 < max(c.bar for c in second) < 1e-10
