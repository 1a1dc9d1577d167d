"""A compiled function is called as the function itself is, and what it returns is used as a Scalar is."""

import copy
import gc
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import nn
from tests.compilation.gates import to_the_bit

SMALL = st.floats(-3, 3)


def network(seed, activation="tanh"):
    model = nn.NeuronMLP(2, [4, 3, 1], activation=activation, rng=seed)
    return model, list(model.parameters())


def gradients_of(parameters):
    found = [p.grad for p in parameters]
    for p in parameters:
        p.zero_grad()
    return found


@to_the_bit
@given(st.integers(0, 5), st.sampled_from(["relu", "tanh", "sigmoid", None]), st.lists(SMALL, min_size=3, max_size=3))
def test_networks_replay_to_the_bit(seed, activation, numbers):
    model, parameters = network(seed, activation)
    *x, y = numbers

    def loss(x, y):
        return (model(x) - y) ** 2 + sum(p * p for p in parameters) * 0.01

    compiled = ag.compile(loss)
    compiled([0.5, -0.5], 1.0).backward()
    gradients_of(parameters)
    eager, replayed = loss(x, y), compiled(x, y)
    eager.backward()
    expected = gradients_of(parameters)
    replayed.backward()
    assert replayed.value == eager.value == replayed.item() == float(replayed)
    assert gradients_of(parameters) == expected


@to_the_bit
def test_a_training_loop_does_not_change():
    losses = []
    for wrap in (lambda f: f, ag.compile):
        model, parameters = network(0)
        f = wrap(lambda x, y, model=model: (model(x) - y) ** 2)
        for step in range(5):
            loss = f([0.1 * step, 1.0], 0.5)
            loss.backward(retain="leaves")
            for p in parameters:
                p.assign(p.value - 0.1 * p.grad)
                p.zero_grad()
            losses.append(loss.value)
    assert losses[:5] == losses[5:]


def test_gradients_add_up_in_leaves_and_the_output_has_its_own():
    w = ag.Scalar(3.0)
    f = ag.compile(lambda x: w * x)
    f(2.0).backward()
    result = f(5.0)
    result.backward()
    result.backward()
    assert (w.grad, result.grad) == (12.0, 1.0)


def test_a_result_remembers_its_own_call():
    w = ag.Scalar(3.0)
    f = ag.compile(lambda x: w * w * x)
    first, second = f(1.0), f(10.0)
    first.backward()
    assert (w.grad, first.value, second.value) == (6.0, 9.0, 90.0)


def test_arguments_that_are_scalars_get_gradients():
    f = ag.compile(lambda a, b: a * b)
    a, b, frozen = ag.Scalar(2.0), ag.Scalar(5.0), ag.Scalar(7.0, requires_grad=False)
    f(a, b).backward()
    assert (a.grad, b.grad) == (5.0, 2.0)
    f(a, frozen).backward()
    assert (a.grad, frozen.grad) == (12.0, None)
    assert not f(frozen, 1).requires_grad
    with pytest.raises(ag.GradientError, match="does not require a gradient"):
        f(frozen, 1).backward()


def test_the_same_scalar_twice():
    f = ag.compile(lambda a, b: a * b)
    a = ag.Scalar(3.0)
    f(a, a).backward()
    assert a.grad == 6.0


def test_results_go_on_in_other_graphs():
    w = ag.Scalar(2.0)
    f = ag.compile(lambda x: w * x)
    loss = ag.exp(f(f(w * 3.0)) * 0.1) + w
    loss.backward()
    assert w.grad == pytest.approx(3.0 * 3 * 4 * 0.1 * np.exp(2.4) + 1.0, rel=1e-12)
    assert f(3.0).detach().is_leaf


def test_gradients_of_gradients_go_through_the_function_itself():
    w = ag.Scalar(2.0)
    f = ag.compile(lambda x: w**3 * x)
    (first,) = ag.grad(f(5.0), w, create_graph=True)
    assert (first.value, *ag.grad(first, w)) == (60.0, 60.0)
    assert {node.gate.name for node in ag.topological_order(ag.expand(f(5.0)).output) if node.gate} == {
        "power",
        "multiply",
    }


def test_seeds_and_freed_graphs():
    w = ag.Scalar(2.0)
    f = ag.compile(lambda x: w * x)
    result = f(3.0)
    result.backward(10.0, retain="leaves")
    assert w.grad == 30.0
    result = f(3.0)
    result.backward(retain="leaves")
    assert (w.grad, result.grad) == (33.0, None)
    with pytest.raises(ag.GradientError, match="was freed"):
        result.backward()
    with pytest.raises(ag.ArgumentError, match="retain='none'"):
        f(3.0).backward(retain="none")


def test_a_value_assigned_after_its_use_raises():
    w = ag.Scalar(2.0)
    f = ag.compile(lambda x: w * x)
    result = f(3.0)
    w.assign(5.0)
    with pytest.raises(ag.GradientError, match="assigned a new value after"):
        result.backward()
    assert f(3.0).value == 15.0


def test_other_structures_are_recorded_anew():
    calls = []
    w = ag.Scalar(2.0)

    @ag.compile
    def f(x, *, squared=False, shift=None):
        calls.append(squared)
        total = sum(w * part for part in (x["a"] if isinstance(x, dict) else x))
        total = total if shift is None else total + shift
        return total * total if squared else total

    assert f([1.0, 2.0]).value == 6.0
    assert f([3, np.float32(4.0)]).value == 14.0
    assert f([1.0, 2.0, 3.0]).value == 12.0
    assert f([1.0, 2.0], squared=True).value == 36.0
    assert f({"a": (1.0, 2.0)}, shift=-1).value == 5.0
    assert f([5.0, 2.0], squared=True).value == 196.0
    assert calls == [False, False, True, False]
    assert "4 recordings" in repr(f)


def test_a_parameter_that_is_frozen_later_is_recorded_anew():
    a, b = ag.Scalar(2.0), ag.Scalar(3.0)
    f = ag.compile(lambda: a * b)
    f().backward()
    b.requires_grad = False
    f().backward()
    assert (a.grad, b.grad) == (6.0, 2.0)


def test_nothing_is_recorded_for_the_result_under_no_grad():
    w = ag.Scalar(2.0)
    f = ag.compile(lambda x: w * x)
    with ag.no_grad():
        result = f(3.0)
    assert (result.value, result.is_leaf, result.requires_grad) == (6.0, True, False)
    f(3.0).backward()
    assert w.grad == 3.0


def test_what_the_function_does_under_no_grad_is_computed_anew():
    w = ag.Scalar(2.0)

    @ag.compile
    def f(x):
        with ag.no_grad():
            scale = w * w
        return w * x * scale

    f(1.0)
    w.assign(3.0)
    result = f(5.0)
    result.backward()
    assert (result.value, w.grad) == (135.0, 45.0)


def test_a_node_made_before_is_read_as_it_is():
    a = ag.Scalar(2.0)
    outside = a * 3.0
    f = ag.compile(lambda x: outside * x)
    f(1.0)
    f(5.0).backward()
    assert (a.grad, outside.grad) == (15.0, 5.0)


def test_functions_that_hand_through_or_make_constants():
    w = ag.Scalar(2.0)
    result = ag.compile(lambda: w)()
    result.backward()
    assert (result.value, w.grad) == (2.0, 1.0)
    assert ag.compile(lambda x: x)(3.0).value == 3.0
    assert ag.compile(lambda: ag.Scalar(2.0) * 4.0)().value == 8.0


def test_a_compiled_function_inside_another():
    w = ag.Scalar(2.0)
    inner = ag.compile(lambda x: w * x)
    outer = ag.compile(lambda x: inner(x) * inner(x))
    outer(1.0)
    outer(3.0).backward()
    assert w.grad == 36.0


def test_an_exception_inside_leaves_the_function_usable():
    w = ag.Scalar(2.0)

    @ag.compile
    def f(x, *, broken):
        if broken:
            raise ZeroDivisionError("inside")
        return w * x

    with pytest.raises(ZeroDivisionError, match="inside"):
        f(1.0, broken=True)
    assert w.value == 2.0  # reading is allowed again
    result = f(3.0, broken=False)
    result.backward()
    with pytest.raises(ZeroDivisionError, match="inside"):
        f(1.0, broken=True)
    assert (f(4.0, broken=False).value, w.grad) == (8.0, 3.0)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nan_and_infinity_pass_as_in_the_function():
    w = ag.Scalar(2.0)
    f = ag.compile(lambda x: ag.relu(w * x) + ag.log(x))
    for x in (float("nan"), float("inf"), 0.0, -1.0):
        np.testing.assert_equal(f(x).value, (ag.relu(w * x) + ag.log(ag.Scalar(x))).value)


def test_anomalies_are_named_gate_by_gate():
    f = ag.compile(lambda x: ag.log(x) * 2.0)
    f(1.0)
    message = "from log is not finite"
    with np.errstate(all="ignore"), ag.detect_anomaly(), pytest.raises(ag.GradientError, match=message):
        f(ag.Scalar(-1.0))


def test_check_compares_with_the_function():
    w, outside = ag.Scalar(2.0), [1.0]
    f = ag.compile(lambda x: w * x * outside[0], check=True)
    f(3.0).backward()
    outside[0] = 5.0
    with pytest.raises(ag.ReplayMismatch, match=r"replays to a value of 6\.0, called itself it has 30\.0"):
        f(3.0)
    f = ag.compile(lambda x: w * x + (1.0 - outside[0]) * (w - 2.0), check=True)
    f(3.0)
    outside[0] = 7.0
    with pytest.raises(ag.ReplayMismatch, match="gradient of Scalar 2"):
        f(3.0)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (lambda x: {x}, (2.0,), "returned set, expected a Scalar or Tensor, or a tuple"),
        (lambda x: [], (2.0,), "returned list, expected a Scalar or Tensor"),
        (lambda x: 3.0, (2.0,), "returned float, expected a Scalar or Tensor"),
        (lambda x: x, (object(),), "got object, expected numbers, arrays, nodes"),
    ],
)
def test_what_cannot_be_compiled_says_so(function, arguments, message):
    with pytest.raises(ag.ArgumentError, match=message):
        ag.compile(function)(*arguments)


@pytest.mark.parametrize("wrong", [{"function": 3}, {"function": abs, "update": 0.1}])
def test_compile_wants_functions(wrong):
    with pytest.raises(ag.ArgumentError, match="expected a function"):
        ag.compile(**wrong)


def test_copies_record_for_themselves():
    w = ag.Scalar(2.0)
    f = ag.compile(lambda x: w * x, update=lambda p, g: p - g, check=True)
    f(3.0)
    twin = copy.copy(f)
    assert (twin(3.0).value, twin.check, twin.train(1.0)[0]) == (6.0, True, 2.0)
    assert copy.deepcopy(f)(3.0).value == 3.0
    with pytest.raises(ag.ArgumentError, match="cannot be copied or pickled"):
        copy.deepcopy(f(3.0))


def test_threads_do_not_mix_their_calls():
    w = ag.Scalar(2.0, requires_grad=False)
    f = ag.compile(lambda a, b: ag.sin(a * w) + b)
    f(ag.Scalar(0.0), 0.0)
    wrong = []

    def work(start):
        for k in range(200):
            a = ag.Scalar(float(start + k))
            result = f(a, 1.0)
            result.backward()
            if (result.value, a.grad) != ((ag.sin(a * w) + 1.0).value, 2.0 * ag.cos(a.value * 2.0)):
                wrong.append(a)

    threads = [threading.Thread(target=work, args=(1000 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_result_is_freed_at_once():
    w = ag.Scalar(2.0)
    f = ag.compile(lambda x: w * x)
    f(1.0)
    gc.disable()
    try:
        argument = ag.Scalar(1.0)
        f(argument).backward()
        seen = f(argument).attributes["replay"]
        alive = weakref.ref(seen)
        del seen
        assert alive() is None
    finally:
        gc.enable()


def test_a_long_chain():
    w = ag.Scalar(1.0)

    def chain(x):
        for _ in range(20_000):
            x = x + w
        return x

    f = ag.compile(chain)
    f(0.0)
    result = f(5.0)
    result.backward()
    assert (result.value, w.grad) == (20_005.0, 20_000.0)
