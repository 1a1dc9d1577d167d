"""Every optimizer's steps: as PyTorch takes them, and as the published formulas say."""

import json

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import optim
from tests.optim.golden_torch import FILE, RATES, START, STEPS, TRAJECTORIES, gradient

GOLDEN = json.loads(FILE.read_text())["trajectories"]
NAMES = [f"{kind} {settings}" for kind, settings in TRAJECTORIES]


def path(optimizer, backward=None):
    """Return where five steps at the optimizer's learning rate, and five at changing ones, lead."""
    (w,) = optimizer.parameters
    found = []
    for step in range(2 * STEPS):
        if step >= STEPS:
            optimizer.param_groups[0]["lr"] = RATES[step - STEPS]
        if backward is None:
            w.grad = gradient(w.value)
        else:
            optimizer.zero_grad()
            backward()
        optimizer.step()
        found.append(w.value.copy())
    return found


@pytest.mark.parametrize(("case", "golden"), [*zip(TRAJECTORIES, GOLDEN, strict=True)], ids=NAMES)
def test_ten_steps_are_torchs(case, golden):
    kind, settings = case
    optimizer = getattr(optim, kind)([ag.Parameter(START)], **settings)
    np.testing.assert_allclose(path(optimizer), golden, rtol=2e-15, atol=5e-16)  # START has the size of 1


@pytest.mark.parametrize(("kind", "settings"), TRAJECTORIES, ids=NAMES)
def test_the_paths_of_eager_and_compiled_losses_are_the_same(kind, settings):
    def loss(w):
        return (w**4).sum() / 4 + w[0] * w[1] + w[1] * w[2]

    eager, compiled = ag.Parameter(START), ag.Parameter(START)
    replayed = ag.compile(lambda: loss(compiled))
    make = getattr(optim, kind)
    one = path(make([eager], **settings), lambda: loss(eager).backward())
    other = path(make([compiled], **settings), lambda: replayed().backward())
    np.testing.assert_array_equal(one, other)
    by_hand = path(make([ag.Parameter(START)], **settings))
    np.testing.assert_allclose(one, by_hand, rtol=1e-11)


# the published formulas, in numpy: each takes w, a dict to remember things in, and the learning rate


def notes_momentum(w, memory, rate, mu=0.9):
    memory["v"] = mu * memory.get("v", 0) - rate * gradient(w)
    return w + memory["v"]


def notes_nesterov(w, memory, rate, mu=0.9):
    before = memory.get("v", 0)
    memory["v"] = mu * before - rate * gradient(w)
    return w - mu * before + (1 + mu) * memory["v"]


def notes_adagrad(w, memory, rate, eps=1e-10):
    memory["cache"] = memory.get("cache", 0) + gradient(w) ** 2
    return w - rate * gradient(w) / (np.sqrt(memory["cache"]) + eps)


def notes_rmsprop(w, memory, rate, decay=0.9, eps=1e-8):
    memory["cache"] = decay * memory.get("cache", 0) + (1 - decay) * gradient(w) ** 2
    return w - rate * gradient(w) / (np.sqrt(memory["cache"]) + eps)


def graves_rmsprop(w, memory, rate, decay=0.9, eps=1e-8):
    g = gradient(w)
    memory["n"] = decay * memory.get("n", 0) + (1 - decay) * g**2
    memory["g"] = decay * memory.get("g", 0) + (1 - decay) * g
    return w - rate * g / (np.sqrt(memory["n"] - memory["g"] ** 2) + eps)


def notes_adam(w, memory, rate, first=0.9, second=0.999, eps=1e-8):
    memory["m"] = first * memory.get("m", 0) + (1 - first) * gradient(w)
    memory["v"] = second * memory.get("v", 0) + (1 - second) * gradient(w) ** 2
    return w - rate * memory["m"] / (np.sqrt(memory["v"]) + eps)


def paper_adam(w, memory, rate, first=0.9, second=0.999, eps=1e-8):
    memory["t"] = t = memory.get("t", 0) + 1
    memory["m"] = first * memory.get("m", 0) + (1 - first) * gradient(w)
    memory["v"] = second * memory.get("v", 0) + (1 - second) * gradient(w) ** 2
    return w - rate * (memory["m"] / (1 - first**t)) / (np.sqrt(memory["v"] / (1 - second**t)) + eps)


def reddi_adam(w, memory, rate, first=0.9, second=0.999, eps=1e-8):
    """AMSGrad, with the bias correction that torch adds."""
    memory["t"] = t = memory.get("t", 0) + 1
    memory["m"] = first * memory.get("m", 0) + (1 - first) * gradient(w)
    memory["v"] = second * memory.get("v", 0) + (1 - second) * gradient(w) ** 2
    memory["top"] = np.maximum(memory.get("top", 0), memory["v"])
    return w - rate * (memory["m"] / (1 - first**t)) / (np.sqrt(memory["top"] / (1 - second**t)) + eps)


def paper_adamw(w, memory, rate, decay=0.1):
    return paper_adam(w, memory, rate) - rate * decay * w


FORMULAS = [
    (lambda p: optim.SGD(p, 0.05), lambda w, memory, rate: w - rate * gradient(w)),
    (lambda p: optim.SGD(p, 0.05, momentum=0.9, form="notes"), notes_momentum),
    (lambda p: optim.SGD(p, 0.05, momentum=0.9, nesterov=True, form="notes"), notes_nesterov),
    (lambda p: optim.SGD(p, 0.05, form="notes"), lambda w, memory, rate: w - rate * gradient(w)),
    (lambda p: optim.Adagrad(p, 0.05), notes_adagrad),
    (lambda p: optim.RMSprop(p, 0.05, alpha=0.9), notes_rmsprop),
    (lambda p: optim.RMSprop(p, 0.05, alpha=0.9, centered=True), graves_rmsprop),
    (lambda p: optim.Adam(p, 0.05, bias_correction=False), notes_adam),
    (lambda p: optim.Adam(p, 0.05), paper_adam),
    (lambda p: optim.Adam(p, 0.05, amsgrad=True), reddi_adam),
    (lambda p: optim.AdamW(p, 0.05, weight_decay=0.1), paper_adamw),
]


@pytest.mark.parametrize(("make", "formula"), FORMULAS)
def test_ten_steps_are_those_of_the_published_formula(make, formula):
    w, memory, expected = np.array(START), {}, []
    for step in range(2 * STEPS):
        w = formula(w, memory, 0.05 if step < STEPS else RATES[step - STEPS])
        expected.append(w)
    np.testing.assert_allclose(path(make([ag.Parameter(START)])), expected, rtol=1e-12)


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_two_forms_of_momentum_agree_until_the_learning_rate_changes(nesterov):
    torchs, notes = (
        path(optim.SGD([ag.Parameter(START)], 0.05, 0.9, nesterov=nesterov, form=form)) for form in ("torch", "notes")
    )
    np.testing.assert_allclose(torchs[:STEPS], notes[:STEPS], rtol=1e-12)
    assert np.abs(torchs[STEPS] - notes[STEPS]).max() > 0.01


def test_the_first_step_after_a_change_of_rate_is_the_gathered_velocity_in_the_notes_form():
    """With a rate of 0 torch's form stands still, and the notes' goes on by momentum."""
    ends = {}
    for form in ("torch", "notes"):
        x = ag.Scalar(0.0)
        optimizer = optim.SGD([x], lr=1.0, momentum=0.5, form=form)
        for rate in (1.0, 0.0):
            x.grad, optimizer.param_groups[0]["lr"] = 8.0, rate
            optimizer.step()
        ends[form] = x.value
    assert ends == {"torch": -8.0, "notes": -12.0}


def test_an_l2_penalty_is_weight_decay_is_shrinking_the_weights_for_sgd():
    """w(1 − εα) − ε∇J, three ways."""
    rate, strength = 0.05, 0.3
    penalised, decayed = ag.Parameter(START), ag.Parameter(START)
    w = np.array(START)
    first, second = optim.SGD([penalised], rate), optim.SGD([decayed], rate, weight_decay=strength)
    for _ in range(STEPS):
        first.zero_grad()
        p = penalised
        ((p**4).sum() / 4 + p[0] * p[1] + p[1] * p[2] + ag.functional.l2_penalty([p], strength / 2)).backward()
        first.step()
        decayed.grad = gradient(decayed.value)
        second.step()
        w = w * (1 - rate * strength) - rate * gradient(w)
        np.testing.assert_allclose(penalised.value, w, rtol=1e-13)
        np.testing.assert_allclose(decayed.value, w, rtol=1e-13)


def test_an_l2_penalty_is_not_decoupled_decay_for_adam():
    """AdamW shrinks all weights by the same factor, Adam with L2 moves all by about lr, whatever their size."""
    adam, adamw = ag.Parameter([100.0, 1.0]), ag.Parameter([100.0, 1.0])
    for kind, w in ((optim.Adam, adam), (optim.AdamW, adamw)):
        w.grad = np.zeros(2)
        kind([w], lr=0.1, weight_decay=0.5).step()
    np.testing.assert_allclose(adam.value, [99.9, 0.9], rtol=1e-6)
    np.testing.assert_allclose(adamw.value, [95.0, 0.95], rtol=1e-15)
    adam_of_penalty = ag.Parameter([100.0, 1.0])
    adam_of_penalty.grad = 0.5 * adam_of_penalty.value
    optim.Adam([adam_of_penalty], lr=0.1).step()
    np.testing.assert_array_equal(adam_of_penalty.value, adam.value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_variance_of_gradients_that_rounding_leaves_below_zero_is_zero(dtype):
    """Of a constant gradient; the root of what is left over would be NaN."""
    rng = np.random.default_rng(0)
    w = ag.Parameter(np.zeros(50, dtype))
    w.grad = rng.uniform(0.5, 2, 50).astype(dtype)
    optimizer = optim.RMSprop([w], alpha=0.25, eps=1.0, centered=True)
    for _ in range(60):
        optimizer.step()
    before = w.value.copy()
    optimizer.step()
    np.testing.assert_allclose(before - w.value, 0.01 * w.grad, rtol=1e-3)
    w.grad[0] = np.nan
    optimizer.step()
    assert np.flatnonzero(np.isnan(w.value)).tolist() == [0]


def test_adagrad_slows_down_and_rmsprop_does_not():
    lengths = {}
    for kind in (optim.Adagrad, optim.RMSprop):
        x = ag.Scalar(0.0)
        optimizer = kind([x], lr=0.1)
        before = []
        for _ in range(1000):
            before.append(x.value)
            x.grad = 1.0
            optimizer.step()
        lengths[kind.__name__] = before[-2] - before[-1]
    assert lengths["Adagrad"] == pytest.approx(0.1 / np.sqrt(999), rel=1e-6)
    assert lengths["RMSprop"] == pytest.approx(0.1, rel=1e-3)
