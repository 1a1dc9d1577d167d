"""What compiled functions of Tensors return is used as eager results are: grad, seeds, lifetimes, errors, memory."""

import copy
import gc
import threading
import weakref

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import nn


def parameter(*shape, name=None):
    return ag.Parameter(np.sin(np.arange(1.0, 1 + np.prod(shape))).reshape(shape), name=name)


def test_leaves_among_the_arguments_get_gradients():
    f = ag.compile(lambda a, b: (a * b).sum())
    a, b = ag.Tensor([1.0, 2.0], requires_grad=True), ag.Tensor([3.0, 4.0])
    for _ in range(2):
        f(a, b).backward()
    assert (a.grad.tolist(), b.grad) == ([6.0, 8.0], None)
    f(b, a).backward()
    assert a.grad.tolist() == [9.0, 12.0]
    assert not f(b, b).requires_grad
    with pytest.raises(ag.GradientError, match="does not require a gradient"):
        f(b, b).backward()


def test_seeds_for_results_of_many_elements():
    w = parameter(2, 3)
    f = ag.compile(lambda x: ag.matmul(x, w))
    x = np.arange(8.0).reshape(4, 2)
    with pytest.raises(ag.GradientError, match="needs a seed"):
        f(x).backward()
    with pytest.raises(ag.ShapeError, match="seed of shape"):
        f(x).backward(np.ones(3))
    f(x).backward(np.ones((4, 3)))
    np.testing.assert_array_equal(w.grad, x.T @ np.ones((4, 3)))
    (again,) = ag.grad(f(x), w, np.full((4, 3), 2.0))
    np.testing.assert_array_equal(again, 2 * w.grad)


def test_results_go_on_in_other_graphs():
    w = parameter(3)
    f = ag.compile(lambda x: ag.tanh(w * x))
    x = parameter(3) * 2.0
    eager, found = (ag.exp(g(g(x) + 1.0)).sum() for g in (lambda x: ag.tanh(w * x), f))
    expected = ag.grad(eager, [w])
    assert found.value == eager.value
    np.testing.assert_allclose(ag.grad(found, [w]), expected, rtol=1e-12)


def test_gradients_of_gradients_go_through_the_function_itself():
    w = parameter(4)
    ag.manual_seed(3)
    f = ag.compile(lambda x: (F.dropout(w**3, 0.5) * x).sum())
    for _ in range(2):
        result = f(np.ones(4))
        mask = ag.grad(result, w)[0] / (3 * w.value**2)
        (first,) = ag.grad(result, w, create_graph=True)
        np.testing.assert_allclose(first.value, 3 * w.value**2 * mask, rtol=1e-14)
        np.testing.assert_allclose(ag.grad(first.sum(), w)[0], 6 * w.value * mask, rtol=1e-14)


def test_what_was_fused_away_is_computed_again_when_read():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.ReLU(), nn.BatchNorm1d(4), nn.Linear(4, 2, rng=1))
    f = ag.compile(lambda x: model(x).sum())
    x = np.sin(np.arange(15.0)).reshape(5, 3).astype(np.float32)
    f(x)
    result = f(x)
    found = ag.expand(result).output
    assert {node.gate.name for node in ag.topological_order(found) if node.gate} >= {"matmul", "add"}
    np.testing.assert_allclose(found.value, result.value, rtol=1e-5)
    assert model[2].num_batches_tracked == 2  # reading has no effect


def test_several_results():
    w = parameter(3)

    @ag.compile
    def f(x):
        y = w * x
        return {"sum": y.sum(), "pair": (y, y.max())}

    f(np.ones(3))
    x = np.array([1.0, 5.0, 2.0])
    found = f(x)
    np.testing.assert_array_equal(found["pair"][0].value, w.value * x)
    (found["sum"] + found["pair"][1]).backward()
    np.testing.assert_array_equal(w.grad, x + x * (w.value * x == (w.value * x).max()))
    found["pair"][0].backward(np.ones(3))


def test_results_belong_to_the_caller():
    w = parameter(3)
    f = ag.compile(lambda x: w * x)
    first = f(np.ones(3))
    kept, view = first.value.copy(), first.value
    first.backward(np.ones(3))
    gradient = w.grad
    w.zero_grad()
    second = f(np.full(3, 2.0))
    second.backward(np.ones(3))
    np.testing.assert_array_equal(view, kept)
    np.testing.assert_array_equal(gradient, np.ones(3))
    gradient[:] = 100.0
    np.testing.assert_array_equal(w.grad, np.full(3, 2.0))


def test_a_result_remembers_its_own_call():
    w = parameter(3)
    f = ag.compile(lambda x: (ag.exp(w) * x).sum())
    x = np.ones(3)
    losses = [f(x), f(2 * x), f(3 * x)]
    x[:] = 7.0  # the caller's array is no longer read
    for k, loss in reversed([*enumerate(losses)]):
        w.zero_grad()
        loss.backward()
        np.testing.assert_array_equal(w.grad, np.exp(w.value) * (k + 1))


def test_a_second_backward_and_its_limits():
    w = parameter(3)
    f = ag.compile(lambda x: (w * x).sum())
    loss = f(np.ones(3))
    loss.backward()
    loss.backward()
    assert (w.grad.tolist(), loss.grad) == ([2.0, 2.0, 2.0], 1.0)
    with pytest.raises(ValueError, match="read-only"):
        loss.grad[...] = 2.0
    f(np.ones(3))
    with pytest.raises(ag.GradientError, match="was called again after this result went backward"):
        loss.backward()
    loss = f(np.ones(3))
    loss.backward(retain="leaves")
    with pytest.raises(ag.GradientError, match="was freed"):
        loss.backward()
    with pytest.raises(ag.ArgumentError, match="retain='none'"):
        f(np.ones(3)).backward(retain="none")


def test_a_parameter_assigned_after_its_use_raises():
    w = parameter(3, name="w")
    f = ag.compile(lambda x: (w * x).sum())
    loss = f(np.ones(3))
    w.assign(w.value * 2)
    with pytest.raises(ag.GradientError, match=r"Parameter 'w' .* was assigned a new value after"):
        loss.backward()
    assert f(np.ones(3)).value == w.value.sum()


def test_under_no_grad_results_are_leaves():
    w = parameter(3)
    f = ag.compile(lambda x: (w * x).sum())
    for _ in range(2):
        with ag.no_grad():
            result = f(np.ones(3))
        assert (result.is_leaf, result.requires_grad) == (True, False)
    f(np.ones(3)).backward()
    assert w.grad.tolist() == [1.0, 1.0, 1.0]


def test_anomalies_are_named_gate_by_gate():
    f = ag.compile(lambda x: ag.log(x).sum())
    x = ag.Tensor([1.0, -1.0], requires_grad=True)
    with np.errstate(all="ignore"):
        assert np.isnan(f(x).value)
        assert np.isnan(f(x).value)
        with ag.detect_anomaly(), pytest.raises(ag.GradientError, match="from log is not finite"):
            f(x)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, w: w.sum() if w.sum() > 0 else w,
        lambda x, w: w * float(w.sum()),
        lambda x, w: w * w.sum().item(),
        lambda x, w: w * w.value,
        lambda x, w: w * np.asarray(x),
        lambda x, w: w * np.eye(3)[x.astype(int)].sum(),
        lambda x, w: w * float(x.sum()),
        lambda x, w: w * x.numpy(),
        lambda x, w: w[: int(x[0])],
        lambda x, w: w * F.dropout(w).value,
    ],
)
def test_reading_numbers_raises(function):
    w, x = parameter(3), np.ones(3)
    with pytest.raises(ag.DataDependentBranch, match=r"was read as plain numbers while recording.*ag\.where"):
        ag.compile(function)(x, w)
    assert w.value.shape == (3,)


def test_writing_inside_is_refused():
    w = parameter(3)

    def assigns(x):
        w.assign(w.value * 0)

    def writes(x):
        w.writable()[:] = 0

    for function in (assigns, writes):
        with pytest.raises((ag.GradientError, ag.DataDependentBranch), match=r"inside a compiled|while recording"):
            ag.compile(function)(np.ones(3))


def test_arguments_are_not_written():
    def writes(x):
        x[0] = 1.0

    with pytest.raises(TypeError, match="item assignment"):
        ag.compile(writes)(np.ones(3))


def test_other_shapes_dtypes_and_layouts():
    calls = []
    w = parameter(3)

    def function(x):
        calls.append(x.shape)
        return ag.matmul(x, w.astype(x.dtype)) if x.dtype != np.float64 else ag.matmul(x, w)

    f = ag.compile(function)
    whole = np.arange(24.0).reshape(4, 6)
    frozen = whole[:, :3].copy()
    frozen.flags.writeable = False
    for x in (whole[:, :3], whole[:, ::2], np.asfortranarray(whole[:, :3]), frozen, whole[:, :3].astype(">f8")):
        np.testing.assert_array_equal(f(x).value, function(ag.Tensor(x)).value)
        calls.clear()
    for x in (whole[:2, :3], whole[:, :3].astype(np.float32), whole[:0, :3]):
        np.testing.assert_array_equal(f(x).value, function(ag.Tensor(x)).value)
    for wrong, error in ((whole, ag.ShapeError), (whole[:, :3].astype(complex), ag.DtypeError)):
        for _ in range(2):
            with pytest.raises(error):
                f(wrong)
    assert f(whole[:, :3]).shape == (4,)


def test_an_exception_in_the_middle_leaves_the_function_usable():
    w = parameter(3)
    f = ag.compile(lambda x, places: (w * x)[places].sum())
    for _ in range(2):
        assert f(np.ones(3), np.array([0, 2])).item() == w.value[[0, 2]].sum()
        with pytest.raises(ag.OutOfRangeError, match="getitem"):
            f(np.ones(3), np.array([0, 7]))
    f(np.ones(3), np.array([1, 1])).backward()
    assert w.grad.tolist() == [0.0, 2.0, 0.0]


def test_structures_of_arguments():
    f = ag.compile(lambda x, *, scale, both=False: x["a"] * scale + (x["b"][0] if both else 0))
    x = {"a": np.ones(2), "b": [np.full(2, 5.0)]}
    for scale in (2, 3.0):
        assert f(x, scale=scale).value.tolist() == [scale, scale]
        assert f(x, scale=scale, both=True).value.tolist() == [scale + 5, scale + 5]
    assert "2 recordings" in repr(f)
    assert f({"a": ag.Scalar(2.0), "b": []}, scale=3.0).value == 6.0


def test_check_compares_with_the_function():
    outside, w = [1.0], parameter(30)
    f = ag.compile(lambda x: (F.dropout(w * x) * outside[0]).sum(), check=True)
    for _ in range(3):
        f(np.ones(30))
    outside[0] = 5.0
    for _ in range(3):
        with pytest.raises(ag.ReplayMismatch, match="replays to a value of"):
            f(np.ones(30))
    fixed = w.numpy()
    f = ag.compile(lambda x: (w * x).sum() + (w - fixed).sum() * outside[0], check=True)
    f(np.ones(30))
    outside[0] = 6.0
    with pytest.raises(ag.ReplayMismatch, match="gradient of Parameter"):
        f(np.ones(30))


def test_a_compiled_function_inside_another():
    w = parameter(3)
    inner = ag.compile(lambda x: w * x)
    outer = ag.compile(lambda x: (inner(x) * inner(x)).sum())
    for k in (1.0, 2.0):
        w.zero_grad()
        outer(np.full(3, k)).backward()
        np.testing.assert_array_equal(w.grad, 2 * w.value * k * k)


def test_copies():
    w = parameter(3)
    f = ag.compile(lambda x: w * x)
    result = f(np.ones(3))
    assert copy.copy(f)(np.ones(3)).shape == (3,)
    with pytest.raises(ag.ArgumentError, match="cannot be copied or pickled"):
        copy.deepcopy(result)
    np.testing.assert_array_equal(result.detach().value, w.value)


def test_threads_do_not_mix_their_calls():
    w = parameter(50)
    f = ag.compile(lambda x: (ag.sin(w * x)).sum())
    wrong = []

    def work(start):
        for k in range(60):
            x = ag.Tensor(np.full(50, float(start + k)), requires_grad=True)
            result = f(x)
            (found,) = ag.grad(result, x)
            if not np.array_equal(found, np.cos(w.value * x.value) * w.value):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(100 * i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_buffers_are_freed_with_the_function():
    w = parameter(3)
    gc.disable()
    try:
        f = ag.compile(lambda x: (w * x).sum())
        for _ in range(3):
            f(np.ones(3)).backward()
        (program,) = f._recordings[next(iter(f._recordings))]
        assert len(program._free[False]) == 1
        alive = [weakref.ref(program), weakref.ref(program._free[False][0])]
        del program, f
        assert [x() for x in alive] == [None, None]
    finally:
        gc.enable()


def test_labels_may_be_a_tensor_but_no_list():
    scores = ag.Parameter(np.sin(np.arange(6.0)).reshape(2, 3))
    f = ag.compile(lambda y: F.cross_entropy(scores, y))
    for labels in ([0, 1], [2, 2]):
        assert f(ag.Tensor(np.array(labels))).value == F.cross_entropy(scores, labels).value
    with pytest.raises(ag.DataDependentBranch, match="lists of numbers as an array"):
        f([0, 1])


def test_what_is_handed_through():
    w = parameter(3)
    assert ag.compile(lambda x: x)(np.ones(3)).value.tolist() == [1.0, 1.0, 1.0]
    f = ag.compile(lambda: w)
    f().backward(np.ones(3))
    g = ag.compile(lambda p: (p * w).sum())
    for _ in range(2):
        g(w).backward()
    np.testing.assert_allclose(w.grad, 1.0 + 4.0 * w.value)


def test_checkpoints_inside():
    w = parameter(3)
    f = ag.compile(lambda x: ag.checkpoint(lambda x: F.dropout(ag.tanh(x * w), 0.5), x).sum())
    for wrap in (f, f.function):
        ag.manual_seed(5)
        found = []
        for k in (1.0, 2.0, 3.0):
            x = ag.Tensor(np.full(3, k), requires_grad=True)
            found.append((wrap(x).value, *ag.grad(wrap(x), x)))
        if wrap is f:
            expected = found
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])


def test_second_derivatives_of_compiled_functions():
    f = ag.compile(lambda x: (x**3).sum())
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(ag.hessian(f, x), [[6.0, 0.0], [0.0, 12.0]])
    np.testing.assert_array_equal(ag.hvp(f, x, np.array([1.0, 0.0]))[1], [6.0, 0.0])
