"""Buffers of modules in compiled functions: read as they are at every call, and written as the function itself does."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import health, nn, optim
from autograd_cnn.testing.strategies import SEEDS
from autograd_cnn.train import Trainer


class Scaled(nn.Module):
    """Scales by a buffer what a layer gives."""

    def __init__(self, scale, rng=0):
        self.fc = nn.Linear(3, 3, rng=rng, dtype=np.float64)
        self.register_buffer("scale", scale)

    def forward(self, x):
        return ag.tanh(self.fc(x)) * self.scale


def in_place(model, new):
    model.scale[...] = new


def part(model, new):
    model.scale[1] = new[0]


def assigned(model, new):
    model.scale = new


def wider(model, new):
    model.scale = np.stack([new, -new, new])


def narrower(model, new):
    model.scale = new.astype(np.float32)


def whole(model, new):
    model.scale = np.array([1, 2, 3])


def multiplied(model, new):
    model.scale *= 2


def loaded(model, new):
    model.load_state_dict(model.state_dict() | {"scale": np.broadcast_to(new, model.scale.shape)})


CHANGES = st.lists(
    st.sampled_from([in_place, part, assigned, wider, narrower, multiplied, loaded]), min_size=1, max_size=5
)


def outcome(f, model, x):
    model.zero_grad()
    y = f(x)
    (y * y).sum().backward()
    return [y.value, *[p.grad for p in model.parameters() if p.grad is not None]]


def assert_same(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-15)
        assert np.asarray(ours).dtype == np.asarray(theirs).dtype


@given(SEEDS, CHANGES, st.booleans())
def test_a_buffer_is_read_as_it_is(seed, changes, check):
    rng = np.random.default_rng(seed)
    model = Scaled(rng.standard_normal(3))
    f, x = ag.compile(model, check=check), rng.standard_normal((3, 3))
    for change in changes:
        assert_same(outcome(f, model, x), outcome(model, model, ag.Tensor(x)))
        change(model, rng.standard_normal(3))
    assert_same(outcome(f, model, x), outcome(model, model, ag.Tensor(x)))
    with ag.no_grad():
        model.eval()
        for _ in range(2):
            np.testing.assert_array_equal(f(x).value, model(x))
            model.scale[0] += 1


def test_changes_that_keep_shape_and_dtype_need_no_new_recording():
    model, x = Scaled(np.ones(3)), np.ones((3, 3))
    f = ag.compile(model)
    for change in (in_place, assigned, loaded, part, multiplied):
        f(x)
        change(model, np.array([1.0, 2.0, 3.0]))
        np.testing.assert_array_equal(f(x).value, model(x))
    assert "1 recordings" in repr(f)


def trained(model, compiled, data):
    """Return losses and weights of steps between which the buffer changes."""

    def step(x, y):
        return F.cross_entropy(model(x), y)

    step = ag.compile(step) if compiled else step
    optimizer, losses = optim.SGD(model.parameters(), lr=0.1), []
    for change in (in_place, assigned, loaded, narrower):
        for x, y in data:
            optimizer.zero_grad()
            loss = step(x, y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        change(model, np.array([0.5, -1.0, 2.0]))
    return [losses, *model.state_dict().values()]


@given(SEEDS)
def test_training_steps(seed):
    rng = np.random.default_rng(seed)
    data = [(rng.standard_normal((4, 3)), rng.integers(0, 3, 4)) for _ in range(2)]
    found, expected = (trained(Scaled(np.ones(3), rng=seed), compiled, data) for compiled in (True, False))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)


def test_a_trainer_that_compiles():
    x, y = np.random.default_rng(0).standard_normal((8, 3)), np.arange(8) % 3
    found = []
    for compiled in (True, False):
        model, options = Scaled(np.ones(3)), {"compile": compiled, "progress": False}
        trainer = Trainer(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), **options)
        for change in (in_place, loaded):
            trainer.fit((x, y), epochs=2, batch_size=4, rng=0)
            change(model, np.array([3.0, 0.5, -1.0]))
        trainer.fit((x, y), epochs=2, batch_size=4, rng=0)
        found.append(model.fc.weight.value)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-10)


# Ways to read


READERS = {
    "functions of NumPy": lambda self, x: x * np.sqrt(np.abs(self.array)).sum() + np.exp(self.array),
    "methods": lambda self, x: x * self.array.mean() + self.array.T.astype(np.float64),
    "left of a node": lambda self, x: self.array * x - self.array / 3,
    "matrix product": lambda self, x: x @ self.array,
    "product of arrays": lambda self, x: x * (self.array @ np.eye(3)[::-1]) + self.array @ self.array,
    "order of memory": lambda self, x: x * self.array.ravel().reshape(3, 3, order="F"),
    "weights of a layer": lambda self, x: F.linear(x, self.array, self.array[0]),
    "filters": lambda self, x: F.conv2d(x.reshape(1, 1, 3, 3), self.array[None, None], padding=1),
    "choice": lambda self, x: ag.where(self.array > 0.5, x, 2 * x),
    "indices": lambda self, x: x[np.argsort(self.array[0])] * 2,
    "truth": lambda self, x: x * 2 if self.array[0, 0] > 0.5 else x * 3,
    "number": lambda self, x: x * float(self.array[0, 0]) + self.array[1, 1].item(),
    "whole number": lambda self, x: x[: int(self.array[2, 2])] * 2,
    "shape": lambda self, x: x * len(self.array) * self.array.shape[0],
    "a layer's own": lambda self, x: self.norm(x),
    "running": lambda self, x: F.batch_norm(x, self.array[0], self.array[1] ** 2),
    "a new node": lambda self, x: x * ag.Tensor(self.array, dtype=np.float32) + ag.Tensor(x),
    "all": lambda self, x: x * sum(b.sum() for b in self.buffers()),
    "another module": lambda self, x: x * self.other.array,
}


class Reader(nn.Module):
    def __init__(self, read, rng):
        self.read = read
        self.norm = nn.BatchNorm1d(3, dtype=np.float64).eval()
        self.other = nn.Module()
        self.other.register_buffer("array", np.ones(3))
        self.register_buffer("array", rng.uniform(0, 3, (3, 3)))
        self.weight = ag.Parameter(rng.standard_normal((3, 3)))

    def forward(self, x):
        return self.read(self, x * self.weight)


@pytest.mark.parametrize("name", READERS)
def test_every_way_to_read_is_live(name):
    rng = np.random.default_rng(1)
    model, x = Reader(READERS[name], rng), rng.standard_normal((3, 3))
    f = ag.compile(model)
    for k in range(4):
        for _ in range(2):
            assert_same(outcome(f, model, x), outcome(model, model, ag.Tensor(x)))
        for buffer in model.buffers():
            buffer[...] = rng.uniform(0, 3, buffer.shape)
        if k == 2:
            model.array = rng.uniform(0, 3, (3, 3))


def test_plain_numbers_and_arrays_stay_what_they_were():
    array, w = np.ones(3), ag.Parameter(np.ones(3))
    f = ag.compile(lambda: (w * array).sum())
    f()
    array[0] = 5.0
    assert f().item() == 3.0


def test_arrays_that_functions_take_plain_are_read_anew_from_anywhere():
    scores, labels = ag.Tensor(np.eye(3)), np.array([0, 1, 2])
    weights, mean, variance = np.ones(3), np.zeros(3), np.ones(3)

    def function():
        standard = F.batch_norm(scores, mean, variance)
        return F.cross_entropy(standard, labels, weights)

    f = ag.compile(function)
    for array, value in ((labels, 0), (weights, 3), (mean, 4), (variance, 5)):
        before = f().item()
        array[-1 if array is labels else 0] = value
        assert f().item() == function().item() != before


def test_scalars_beside_a_buffer():
    model = nn.Module()
    model.register_buffer("factor", 2.0)
    w = ag.Scalar(3.0)
    f = ag.compile(lambda x: w * x * model.factor)
    for factor in (2.0, 5.0):
        model.factor = factor
        w.zero_grad()
        result = f(4.0)
        result.backward()
        assert (result.item(), w.grad) == (12.0 * factor, 4.0 * factor)


def test_a_tensor_made_inside_follows_what_it_is_made_of():
    w = ag.Parameter([1.0, 2.0])
    f = ag.compile(lambda x: (ag.Tensor(x) * w + ag.Tensor(w * x, requires_grad=True)).sum())
    for x in (np.ones(2), np.array([3.0, -1.0]), np.zeros(2)):
        result = f(x)
        assert result.item() == 2 * (w.value * x).sum()
        np.testing.assert_array_equal(ag.grad(result, w)[0], x)


def test_a_truth_of_an_argument_is_looked_at_again():
    w = ag.Parameter([1.0, 2.0])
    f = ag.compile(lambda which: (w if which else w * 2).sum())
    assert [f(np.array(which)).item() for which in (True, False, True)] == [3.0, 6.0, 3.0]


# Ways to write


def item(self, x):
    self.state[...] = 0.9 * self.state + self.calls
    return x * self.state


def before(self, x):
    y = x * self.state
    self.state += 1
    return y


def of_a_node(self, x):
    self.state = 0.5 * self.state + 0.5 * x.mean(axis=0)
    return x - self.state


def into_a_part(self, x):
    self.state[1:] = x[0, 1:]
    self.state[0] -= 1
    return x * self.state


def two_names(self, x):
    old = self.state
    self.state = old * 2
    return x * old + self.state


def twice(self, x):
    y = self.norm(x) + self.norm(2 * x)
    return y + self.norm.running_mean * self.norm.num_batches_tracked


def anew_and_in_place(self, x):
    self.state = np.zeros(3)
    self.state[1] = 3.0
    self.state *= self.calls
    return x * self.state


def by_the_new_name(self, x):
    state = self.state
    y = x * state
    state *= 2.0
    state += self.calls
    return y + state


def detached(self, x):
    self.state = 0.9 * self.state + 0.1 * x.detach().mean(axis=0)
    self.state[0] = x.detach()[0, 0]
    return x * self.state + self.weight.detach()


def another_buffer(self, x):
    self.norm.running_mean = self.state
    self.norm.running_mean += 1
    self.state *= 2
    return x * self.state + self.norm.running_mean


WRITERS = [item, before, of_a_node, into_a_part, two_names, twice, anew_and_in_place, by_the_new_name]
WRITERS += [detached, another_buffer]


class Writer(nn.Module):
    def __init__(self, write):
        self.write = write
        self.norm = nn.BatchNorm1d(3, momentum=None, dtype=np.float64)
        self.weight = ag.Parameter(np.arange(1.0, 4.0))
        self.register_buffer("state", np.array([1.0, 2.0, 3.0]))
        self.register_buffer("calls", np.array(0))

    def forward(self, x):
        self.calls += 1
        return self.write(self, x * self.weight)


@pytest.mark.parametrize("write", WRITERS)
def test_what_a_layer_writes_is_written_at_every_call(write):
    rng = np.random.default_rng(2)
    eager, model = Writer(write), Writer(write)
    f = ag.compile(model)
    for k in range(4):
        x = rng.standard_normal((4, 3))
        assert_same(outcome(f, model, x), outcome(eager, eager, ag.Tensor(x)))
        assert_same(model.buffers(), eager.buffers())
        assert model.calls == k + 1
        if k == 2:
            model.state[...] = eager.state[...] = 7.0
    assert len(f._recordings) == 1
    assert "1 recordings" in repr(f)


@pytest.mark.parametrize("write", WRITERS)
def test_derivatives_of_derivatives_are_of_the_call(write):
    x = np.random.default_rng(3).standard_normal((4, 3))
    eager, model = Writer(write), Writer(write)
    f = ag.compile(model)
    for _ in range(2):
        results = []
        for network, call in ((eager, eager), (model, f)):
            y = (call(ag.Tensor(x)) ** 2).sum()
            network.state[...] = network.state + 1  # of no influence on what was called before
            (first,) = ag.grad(y, network.weight, create_graph=True)
            results.append([first.value, *ag.grad(first.sum(), network.weight), *network.buffers()])
        for theirs, ours in zip(*results, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("write", WRITERS)
def test_a_monitor_that_has_calls_made_again_writes_nothing_twice(write):
    x, found = np.random.default_rng(4).standard_normal((4, 3)), []
    for watched in (True, False):
        model = Writer(write)
        monitor = health.Monitor(model, every=2) if watched else None
        f = ag.compile(lambda x, model=model: (model(x) ** 2).mean(), monitor=monitor)
        losses = []
        for _ in range(4):
            calls = [f(x) for _ in range(3)]  # when they were called it was not known which of them is to be looked at
            losses += [loss.value for loss in calls]
            for loss in calls:
                loss.backward()
        found.append([*losses, model.weight.grad, *model.buffers()])
    assert_same(*found)


def test_check_compares_without_writing():
    model = Writer(before)
    f = ag.compile(model, check=True)
    for k in range(3):
        f(np.ones((4, 3)))
        assert model.calls == k + 1
        assert model.state.tolist() == [2.0 + k, 3.0 + k, 4.0 + k]


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (lambda a: np.copyto(a, 1.0), "np.copyto"),
        (lambda a: np.add(a, 1.0, out=a), "np.add"),
        (lambda a: np.clip(a, 0, 1, out=a), "np.clip"),
        (lambda a: np.add.at(a, 0, 1.0), "np.add"),
        (lambda a: (a * 1).__setitem__(0, 2.0), "item assignment to an array that is no registered buffer"),
        (lambda a: a.reshape(3).__iadd__(1.0), "add in place, of an array that is no registered buffer"),
    ],
)
def test_writes_that_a_replay_could_not_repeat_are_refused(write, name):
    model = Writer(lambda self, x: (write(self.state), x)[1])
    with pytest.raises(
        TypeError, match=rf"^compile: {name} .*replay would know nothing.* self\.mean\[\.\.\.\] = values"
    ):
        ag.compile(model)(np.ones((4, 3)))
    assert model.state.tolist() == [1.0, 2.0, 3.0]


def by_an_older_name(self, x):
    state = self.state
    y = x * state
    state[...] = 2.0
    return y + state


def by_a_view(self, x):
    first = self.state[:1].reshape(1)
    self.state += 1
    return x * first


def by_a_second_name(self, x):
    state = again = self.state
    state += 1
    return x * np.sqrt(again)


@pytest.mark.parametrize("read", [by_an_older_name, by_a_view, by_a_second_name])
def test_reading_by_an_older_name_what_was_written_in_place_is_refused(read):
    with pytest.raises(
        ag.ArgumentError, match=r"compile: Data \([13],\) float64.* was read by a name that it had before"
    ):
        ag.compile(Writer(read))(np.ones((4, 3)))


def test_a_node_is_added_to_an_array_by_assignment():
    def forward(self, x):
        self.state += x.mean(axis=0)
        return x

    for call in (Writer(forward), ag.compile(Writer(forward))):
        with pytest.raises(TypeError, match="add: a node cannot be written into an array; write a = a \\+ x"):
            call(ag.Tensor(np.ones((4, 3))))


def test_results_may_be_changed_in_place():
    def forward(self, x):
        scaled, total = self.state * 2, self.state.sum()
        scaled += 1
        total += x.sum()
        return x * scaled + 0 * total

    model = Writer(forward)
    f = ag.compile(model)
    for _ in range(2):
        np.testing.assert_array_equal(f(np.ones((1, 3))).value, [[3.0, 10.0, 21.0]])


def test_a_number_that_is_drawn_beside_a_buffer_is_no_constant():
    f = ag.compile(Writer(lambda self, x: x * float(self.state[0] * F.dropout(self.state, 0.5).value.sum())))
    with pytest.raises(ag.DataDependentBranch, match="was read as plain numbers while recording"):
        f(np.ones((1, 3)))


# Outside of compiled functions


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "a NoneType"),
        (ag.Parameter([1.0]), "a Parameter"),
        (nn.ReLU(), "a ReLU"),
        ([1, "x", None], "a list"),
        ([[1], [2, 3]], "a list"),
        ("1", "a str"),
        (1j, "a complex"),
        (np.datetime64("2020-01-01"), "a datetime64"),
    ],
)
def test_a_buffer_stays_an_array_of_numbers(value, kind):
    model = Scaled(np.ones(3))
    with pytest.raises(ag.ArgumentError, match=f"'scale' is a registered buffer: got {kind}, expected an array of"):
        model.scale = value
    with pytest.raises(ag.ArgumentError, match=f"'offset' is a registered buffer: got {kind}, expected an array of"):
        model.register_buffer("offset", value)
    assert model.scale.tolist() == [1, 1, 1]


def test_a_buffer_is_an_array_of_its_own():
    first, second, array = nn.BatchNorm1d(3), nn.BatchNorm1d(3), np.ones(3)
    first.running_mean = second.running_mean
    second.running_var = array
    for layer in (first, second):
        layer(ag.Tensor(np.eye(3, dtype=np.float32)))
    second.load_state_dict(second.state_dict() | {"running_var": np.zeros(3)})
    np.testing.assert_array_equal(first.running_mean, second.running_mean)
    assert array.tolist() == [1, 1, 1]


def test_a_node_leaves_its_value():
    model = Writer(of_a_node)
    model(ag.Tensor(np.ones((2, 3))))
    assert type(model.state) is np.ndarray
    assert model.state.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_are_assigned_for_themselves(duplicate):
    model = Scaled(np.ones(3))
    twin = duplicate(model)
    twin.scale = np.zeros(3)
    assert model.scale.tolist() == [1, 1, 1]
    assert "scale" in dir(twin)
    assert list(twin.state_dict()) == ["fc.weight", "fc.bias", "scale"]
