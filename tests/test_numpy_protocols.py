"""NumPy's functions on nodes: each records a gate, answers a question in plain values, or says what to do instead."""

import numpy as np
import pytest

import autograd_cnn as ag

DISPATCHED = type(np.sum)  # functions that look for __array_function__
PLAIN = (bool, int, float, str, np.dtype, np.generic, np.ndarray)

FUNCTIONS = [
    pytest.param(function, id=f"{module.__name__}.{name}")
    for module in (np, np.linalg, np.fft)
    for name in sorted(dir(module))
    if isinstance(function := getattr(module, name), np.ufunc | DISPATCHED) and "save" not in name
]


def no_objects(result):
    """Whether a result holds nodes or plain values, nowhere an array of objects."""
    if isinstance(result, list | tuple):
        return all(map(no_objects, result))
    dtype = result if isinstance(result, np.dtype) else np.asarray(result).dtype
    return isinstance(result, (ag.Node, *PLAIN)) and dtype.kind != "O"


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
def test_no_function_of_numpy_makes_an_array_of_objects(function):
    """Called with a node it gives nodes or plain values, or says what to do; called strangely it may say anything."""
    x = ag.Tensor([[0.5, 0.25], [0.125, 0.75]], requires_grad=True)
    calls = [(x,), (x, x), ([x, x],), (x, 1), (1, x), (x.value, x), (x, (1, 1)), (ag.Scalar(0.5),), (x, 0, 1)]
    for arguments in calls:
        try:
            result = function(*arguments)
        except Exception as error:
            if arguments is calls[0] and not isinstance(error, ag.AutogradError | TypeError):
                raise
        else:
            assert no_objects(result), (arguments, result)


@pytest.mark.parametrize(
    ("numpys", "ours"),
    [
        (lambda x: np.add(x, 1), lambda x: x + 1),
        (lambda x: np.exp(x), ag.exp),
        (lambda x: np.absolute(x), ag.abs),
        (lambda x: np.log1p(np.expm1(np.sin(np.cos(x)))), lambda x: ag.log1p(ag.expm1(ag.sin(ag.cos(x))))),
        (lambda x: np.square(np.reciprocal(x)), lambda x: ag.square(ag.reciprocal(x))),
        (lambda x: np.sum(x, axis=0), lambda x: x.sum(0)),
        (lambda x: np.sum(x, 1, None, None, True), lambda x: x.sum(1, True)),
        (lambda x: np.sum(x, keepdims=True), lambda x: x.sum(keepdims=True)),
        (lambda x: np.mean(x, (0, 1)), ag.mean),
        (lambda x: np.amax(x, 1) + np.max(x, axis=1), lambda x: 2 * x.max(1)),
        (lambda x: np.amin(x, 0) + np.min(x, axis=0), lambda x: 2 * x.min(0)),
        (lambda x: np.prod(x, 0) + np.cumsum(x, axis=1), lambda x: x.prod(0) + x.cumsum(1)),
        (
            lambda x: np.var(x, 0, ddof=1) + np.std(x, axis=0, correction=1),
            lambda x: x.var(0, ddof=1) + x.std(0, ddof=1),
        ),
        (lambda x: np.concatenate([x, x], axis=1), lambda x: ag.concatenate([x, x], 1)),
        (lambda x: np.concatenate((x.value, x)), lambda x: ag.concatenate([x.value, x])),
        (lambda x: np.stack([x, x], -1), lambda x: ag.stack([x, x], axis=-1)),
        (lambda x: np.where(x > 1, x, 0), lambda x: ag.where(x > 1, x, 0)),
        (lambda x: np.clip(x, 1, None), lambda x: x.clip(1)),
        (lambda x: np.clip(x, a_min=1, a_max=2), lambda x: x.clip(1, 2)),
        pytest.param(
            lambda x: np.clip(x, max=2),
            lambda x: x.clip(max=2),
            marks=pytest.mark.skipif(np.__version__.startswith("2.0."), reason="NumPy 2.0 has a_max alone"),
        ),
        (lambda x: np.reshape(x, (1, -1)), lambda x: x.reshape(1, -1)),
        (lambda x: np.transpose(x, (1, 0)), lambda x: x.T),
        (lambda x: np.squeeze(np.expand_dims(x, 1)), lambda x: x),
        (lambda x: np.swapaxes(np.moveaxis(x, 0, 1), 0, 1), lambda x: x),
        (lambda x: np.broadcast_to(x, (2, 2, 3)), lambda x: ag.broadcast_to(x, (2, 2, 3))),
        (lambda x: np.pad(x, 1, constant_values=2), lambda x: ag.pad(x, 1, 2)),
        (lambda x: np.flip(np.roll(x, 1, axis=0)), lambda x: ag.flip(ag.roll(x, 1, 0))),
        (lambda x: np.repeat(np.tile(x, (1, 2)), 2, 0), lambda x: ag.tile(x, (1, 2)).repeat(2, 0)),
        (lambda x: np.split(x, [1], axis=1)[1], lambda x: x[:, 1:]),
        (lambda x: np.take(x, [1, 1], axis=1), lambda x: x[:, [1, 1]]),
        (lambda x: np.take_along_axis(x, np.array([[0], [1]]), 1), lambda x: ag.gather(x, 1, [[0], [1]])),
        (lambda x: np.take_along_axis(x, np.argmax(x, 1, keepdims=True), axis=1), lambda x: x.max(1, True)),
        (lambda x: np.ravel(x), lambda x: x.ravel()),
        (lambda x: np.ravel(x), lambda x: x.flatten()),
        (lambda x: np.einsum("ij,kj->ik", x, x, optimize=True), lambda x: x @ x.T),
        (lambda x: np.tensordot(x, x.value, axes=2), lambda x: (x * x.value).sum()),
        (lambda x: np.dot(x.value, x.T), lambda x: x.value @ x.T),
        (lambda x: np.outer(x, [1.0, 2.0]), lambda x: ag.outer(x, [1.0, 2.0])),
        (lambda x: np.matmul(x, np.ones(3)), lambda x: x.sum(1)),
        (lambda x: np.linalg.norm(x, axis=1), lambda x: ag.norm(x, axis=1)),
        (lambda x: np.linalg.norm(x[0], np.inf), lambda x: ag.norm(x[0], np.inf)),
        (lambda x: np.linalg.vector_norm(x, ord=1), lambda x: ag.norm(x, 1)),
        (lambda x: np.astype(x, np.float32), lambda x: x.astype(np.float32)),
    ],
)
def test_numpys_name_records_the_same_as_ours(numpys, ours):
    values = np.array([[0.5, 2.0, 1.25], [3.0, 0.75, 1.5]])
    found, expected = (ag.Tensor(values, requires_grad=True) for _ in range(2))
    a, b = numpys(found), ours(expected)
    assert isinstance(a, ag.Tensor)
    np.testing.assert_allclose(a.value, b.value, rtol=1e-14)
    seed = np.ones(a.shape, a.dtype)
    np.testing.assert_allclose(ag.grad(a, found, seed)[0], ag.grad(b, expected, seed)[0], rtol=1e-14)


def test_questions_are_answered_plainly():
    x = ag.Tensor([[1.0, 2.0]], requires_grad=True)
    assert (np.shape(x), np.ndim(x), np.size(x), np.argmax(x)) == ((1, 2), 2, 2, 1)
    assert np.allclose(x, [[1, 2]])
    assert np.array_equal(x, x)
    assert np.isfinite(x).all()
    assert not np.isnan(x).any()
    assert np.any(x > 1)
    assert not np.all(x > 1)
    assert type(np.isfinite(x)) is np.ndarray
    assert np.isnan(ag.Scalar(float("nan")))
    assert type(np.zeros_like(x)) is np.ndarray
    assert type(np.argsort(x)) is np.ndarray
    assert np.array([x, x]).dtype == np.float64
    assert np.array([ag.Scalar(1.0), ag.Scalar(2.0)]).dtype == np.float64


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: np.arctan2(x, 1.0), r"np\.arctan2 has no gate of that name; use \.value for the plain array"),
        (lambda x: np.add.reduce(x), r"np\.add\.reduce has no gate"),
        (lambda x: np.add(x, 1, where=[True]), r"np\.add with where has no gate"),
        (lambda x: np.median(x), r"np\.median has no gate of that name"),
        (lambda x: np.linalg.inv(x), r"np\.linalg\.inv has no gate of that name"),
        (lambda x: np.sum(x, dtype=np.float32), r"np\.sum of a node takes no dtype"),
        (lambda x: np.sum(x, 0, np.float32), r"np\.sum of a node takes no dtype"),
        (lambda x: np.sum(x, initial=1.0, where=[True]), "takes no initial, where"),
        (lambda x: np.sum(x, out=np.zeros(())), "takes no out"),
        (lambda x: np.isfinite(x, x), "a node cannot be written into"),
        (lambda x: np.signbit(x.value, out=x), "a node cannot be written into"),
        (lambda x: np.pad(x, 1, mode="edge"), r"np\.pad of a node takes no mode"),
        (lambda x: np.reshape(x, -1, order="F"), "takes no order"),
        (lambda x: np.einsum("ij", x, out=np.zeros((2, 2))), "takes no out"),
        (lambda x: np.linalg.norm(x, 2), r"norm of a matrix with ord has no gate; ag\.norm"),
    ],
)
def test_what_has_no_gate_says_so(call, message):
    with pytest.raises(TypeError, match=message):
        call(ag.Tensor(np.ones((2, 2))))


def test_an_array_cannot_take_in_a_node():
    total = np.zeros(2)
    with pytest.raises(TypeError, match=r"write a = a \+ x, not a \+= x"):
        total += ag.Tensor([1.0, 2.0])
    np.testing.assert_array_equal(total, [0, 0])
