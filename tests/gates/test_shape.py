"""Forms that move numbers: each is NumPy's on values, and its gradient goes back to where the numbers came from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag


def same_as_numpy(name, x, *arguments, **options):
    """Compare values with np.<name>; the gradient counts, weighted, how often each number was used."""
    node = ag.Tensor(x, requires_grad=True)
    output, expected = getattr(ag, name)(node, *arguments, **options), getattr(np, name)(x, *arguments, **options)
    outputs, expected = ([output], [expected]) if isinstance(expected, np.ndarray) else (output, expected)
    places = getattr(np, name)(np.arange(x.size).reshape(x.shape), *arguments, **options)
    counts = np.zeros(x.size)
    total = 0
    for i, (found, right) in enumerate(zip(outputs, expected, strict=True)):
        np.testing.assert_array_equal(found.value, right)
        assert found.shape == right.shape
        weights = np.arange(1.0, right.size + 1).reshape(right.shape) + i
        np.add.at(counts, (places if isinstance(places, np.ndarray) else places[i]).ravel(), weights.ravel())
        total = total + (found * weights).sum()
    np.testing.assert_array_equal(ag.grad(total, node)[0], counts.reshape(x.shape))
    if hasattr(np.ndarray, name):
        np.testing.assert_array_equal(getattr(node, name)(*arguments, **options).value, expected[0])


@st.composite
def arrays(draw, least=1):
    shape = tuple(draw(st.lists(st.integers(0, 3), min_size=least, max_size=3)))
    return np.random.default_rng(draw(st.integers(0, 99))).integers(-9, 9, shape).astype(float)


@given(arrays(), st.data())
def test_axes_move(x, data):
    axis = st.integers(-x.ndim, x.ndim - 1)
    a, b = data.draw(axis), data.draw(axis)
    same_as_numpy("swapaxes", x, a, b)
    same_as_numpy("moveaxis", x, a, b)
    some = data.draw(st.lists(st.integers(0, x.ndim - 1), unique=True))
    same_as_numpy("moveaxis", x, some, data.draw(st.permutations(some)))
    same_as_numpy("transpose", x)
    same_as_numpy("ravel", x)
    np.testing.assert_array_equal(ag.Tensor(x).flatten().value, x.flatten())


@given(arrays(least=0), st.data())
def test_axes_of_length_one_come_and_go(x, data):
    same_as_numpy("squeeze", x)
    same_as_numpy("expand_dims", x, data.draw(st.integers(-x.ndim - 1, x.ndim)))
    same_as_numpy("expand_dims", x, (0, -1))
    ones = tuple(a for a, n in enumerate(x.shape) if n == 1)
    same_as_numpy("squeeze", x, ones)
    np.testing.assert_array_equal(ag.squeeze(ag.expand_dims(ag.Tensor(x), (0, 1)), (0, 1)).value, x)


@given(arrays(), st.data())
def test_roll_and_flip(x, data):
    axis, shift = st.integers(-x.ndim, x.ndim - 1), st.integers(-7, 7)
    same_as_numpy("roll", x, data.draw(shift))
    same_as_numpy("roll", x, data.draw(shift), data.draw(axis))
    same_as_numpy("roll", x, (data.draw(shift), data.draw(shift)), (data.draw(axis), data.draw(axis)))
    same_as_numpy("flip", x)
    same_as_numpy("flip", x, data.draw(axis))
    same_as_numpy("flip", x, tuple(data.draw(st.sets(st.integers(0, x.ndim - 1)))))


@given(arrays(), st.data())
def test_repeat_and_tile(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    times = st.integers(0, 3)
    same_as_numpy("repeat", x, data.draw(times), axis)
    same_as_numpy("repeat", x, data.draw(times))
    same_as_numpy("repeat", x, data.draw(st.lists(times, min_size=x.shape[axis], max_size=x.shape[axis])), axis)
    same_as_numpy("tile", x, data.draw(times))
    same_as_numpy("tile", x, tuple(data.draw(st.lists(times, max_size=4))))


@given(arrays(), st.data())
def test_split_into_parts_and_at_places(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    parts = data.draw(st.sampled_from([k for k in (1, 2, 3) if x.shape[axis] % k == 0]))
    same_as_numpy("split", x, parts, axis=axis)
    same_as_numpy("split", x, sorted(data.draw(st.lists(st.integers(0, 4), max_size=3))), axis=axis)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: ag.split(x, 2, axis=1), ag.ShapeError, "3 along axis 1 do not make 2 equal parts"),
        (lambda x: ag.split(x, 0), ag.ShapeError, "0 equal parts"),
        (lambda x: ag.repeat(x, [1, [2]], axis=0), ag.ArgumentError, r"repeats=\[2\], expected an integer"),
        (lambda x: ag.split(x, [1, [2]]), ag.ArgumentError, r"indices_or_sections=\[2\], expected an integer"),
        (lambda x: ag.squeeze(x, 0), ag.ShapeError, "length other than 1"),
        (lambda x: ag.swapaxes(x, 0, 2), ag.OutOfRangeError, "swapaxes: axis 2 is out of bounds for 2 axes"),
        (lambda x: ag.swapaxes(x, 0, True), ag.ArgumentError, "axis=True, expected an integer"),
        (lambda x: ag.moveaxis(x, 0, (0, 1)), ag.ArgumentError, "1 axes in source=0 but 2"),
        (lambda x: ag.expand_dims(x, 4), ag.OutOfRangeError, "out of bounds"),
        (lambda x: ag.roll(x, (1, 2), 0), ag.ArgumentError, "2 shifts for 1 axes"),
        (lambda x: ag.flip(x, (0, -2)), ag.ArgumentError, "twice"),
        (lambda x: ag.repeat(x, [1, 2], 1), ag.ShapeError, "2 repeats for 3 along axis 1"),
        (lambda x: ag.repeat(x, -1, 0), ag.ArgumentError, "repeats=.*-1.*, expected an integer of at least 0"),
        (lambda x: ag.repeat(x, [1, -1], 0), ag.ArgumentError, "repeats=-1, expected an integer of at least 0"),
        (lambda x: ag.tile(x, -1), ag.ShapeError, "negative"),
        (lambda x: ag.concatenate([x, x], axis=None), ag.ArgumentError, "flatten the arrays with ag.ravel first"),
        (
            lambda x: ag.pad(x, -1),
            ag.ArgumentError,
            "pad_width=-1, expected integers of at least 0; use indexing",
        ),
        (lambda x: ag.pad(x, 1, "3"), ag.ArgumentError, "pad: constant_values='3', expected a number"),
        (lambda x: ag.stack([]), ag.ShapeError, "need at least one array to stack"),
        (lambda x: ag.stack(x, x, axis=True), ag.ArgumentError, "stack: axis=True, expected an integer"),
        (lambda x: x.reshape(4, 2), ag.ShapeError, "reshape"),
        (lambda x: ag.broadcast_to(x, (2, 2)), ag.ShapeError, "broadcast_to"),
    ],
)
def test_what_does_not_fit_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call(ag.Tensor(np.ones((2, 3))))


@pytest.mark.parametrize("shape", [(3, 1), (1, 4), (2, 0)])
def test_strange_strides_change_nothing(shape):
    """Transposed, reversed, stepped and read-only arrays, as operands and as values inside the graph."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=(2 * shape[1], 3 * shape[0]))
    strange = base[::-2, ::3].T
    frozen = np.broadcast_to(rng.normal(size=shape[1]), shape)
    assert not strange.flags.c_contiguous or strange.size < 2
    assert not frozen.flags.writeable
    x = ag.Tensor(strange, requires_grad=True)
    y = ag.flip(ag.swapaxes(x * frozen, 0, 1), 0)
    output = (y.cumsum(0) * strange.T[::-1]).sum() + ag.einsum("ij,ji->", y, frozen) + y.prod() + ag.logsumexp(y)
    z = ag.Tensor(np.ascontiguousarray(strange), requires_grad=True)
    plain = (z * frozen.copy()).T[::-1]
    again = (plain.cumsum(0) * np.ascontiguousarray(strange.T[::-1])).sum() + (plain * frozen.T).sum()
    again = (
        again + plain.prod() + ag.log(ag.exp(plain).sum()) if plain.size else again + plain.prod() + ag.logsumexp(plain)
    )
    np.testing.assert_allclose(output.value, again.value, rtol=1e-12)
    np.testing.assert_allclose(ag.grad(output, x)[0], ag.grad(again, z)[0], rtol=1e-10, atol=1e-12)


def test_a_single_number_has_no_margin():
    x = ag.Scalar(2.0)
    ag.pad(x, 0).backward()
    assert x.grad == 1.0
    assert ag.grad(ag.pad(ag.Tensor(2.0) * x, 0), x) == (2.0,)


@pytest.mark.parametrize("wrong", ["3", None, 1j, 2.5, np.nan, True, np.True_, {1}, ag.Scalar(1.0)])
@pytest.mark.parametrize("setting", ["indices_or_sections", "shift", "repeats", "reps"])
def test_places_and_numbers_of_copies_are_whole(setting, wrong):
    gate = {"indices_or_sections": ag.split, "shift": ag.roll, "repeats": ag.repeat, "reps": ag.tile}[setting]
    for amount in (wrong, [wrong], [1, wrong]):
        listed = gate is ag.roll and isinstance(amount, list)
        with pytest.raises(ag.ArgumentError, match=f"{gate.__name__}: {setting}=.*, expected an integer"):
            gate(np.ones(2), amount, **({"axis": (0,) * len(amount)} if listed else {}))


def test_what_is_split_is_split_along_the_first_axis_unless_another_is_named():
    same_as_numpy("split", np.arange(8.0).reshape(2, 4), 2)


def test_shapes_and_axes_may_be_given_one_by_one():
    x = ag.Tensor([[1.0, 2.0]], requires_grad=True)
    assert x.reshape(2).shape == x.reshape((2,)).shape == x.reshape([2]).shape == (2,)
    assert x.reshape(2, 1).shape == x.transpose(1, 0).shape == x.transpose((1, 0)).shape == (2, 1)
    assert x.sum().reshape().shape == ()
    np.testing.assert_array_equal(ag.grad(x.reshape(2).transpose(0).sum(), x)[0], [[1, 1]])


def test_integers_beyond_64_bits_are_stacked_as_floats():
    for joined in (ag.stack([10**30, 1.5]), ag.stack([10**30, -(10**30)]), ag.stack([1, 2.0])):
        assert joined.dtype == np.float64
    assert ag.stack([10**30, 1.5]).tolist() == [1e30, 1.5]
