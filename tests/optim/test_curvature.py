"""Newton, Gauss-Newton, Levenberg-Marquardt and conjugate gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import nn, optim
from autograd_cnn.optim.conjugate_gradients import conjugate_gradients

SOLVERS = ["exact", "conjugate gradients"]
SEEDS = st.integers(0, 1000)


def definite(rng, n):
    a = rng.normal(size=(n, n))
    return a @ a.T + np.eye(n)


@given(SEEDS, st.integers(1, 8))
def test_conjugate_gradients_solve(seed, n):
    rng = np.random.default_rng(seed)
    matrix, right = definite(rng, n), rng.normal(size=n)
    products = []
    found = conjugate_gradients(lambda v: products.append(v) or matrix @ v, right, 10 * n, 1e-12)
    np.testing.assert_allclose(matrix @ found, right, rtol=1e-8, atol=1e-9)
    one = conjugate_gradients(lambda v: matrix @ v, right, 1, 0.0)
    np.testing.assert_allclose(one, right * (right @ right) / (right @ matrix @ right), rtol=1e-12)


def test_conjugate_gradients_stop_where_the_curvature_is_negative():
    right = np.array([1.0, 1.0])
    np.testing.assert_array_equal(conjugate_gradients(lambda v: -v, right, 10, 0.0), right)
    found = conjugate_gradients(lambda v: np.array([4.0, -1.0]) * v, right, 10, 0.0)
    np.testing.assert_allclose(found, right * 2 / 3, rtol=1e-12)  # the first step; the second direction curves down


@pytest.mark.parametrize("solver", SOLVERS)
@given(SEEDS)
def test_newton_solves_a_parabola_in_one_step(solver, seed):
    rng = np.random.default_rng(seed)
    matrix, b = definite(rng, 5), rng.normal(size=5)
    w, x = ag.Parameter(rng.normal(size=(2, 2))), ag.Scalar(rng.normal())
    optimizer = optim.Newton([w, x], solver=solver, tolerance=1e-13)

    def loss():
        v = ag.concatenate([w.ravel(), ag.stack([x])])
        return (v @ matrix @ v) / 2 - v @ b

    before = loss().item()
    assert optimizer.step(loss) == before
    np.testing.assert_allclose([*w.value.ravel(), x.value], np.linalg.solve(matrix, b), rtol=1e-8, atol=1e-9)
    assert w.grad is x.grad is None


def valley(w):
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


@pytest.mark.parametrize("solver", SOLVERS)
def test_newton_doubles_the_right_digits_of_rosenbrocks_valley(solver):
    w = ag.Parameter([1.2, 1.2])
    optimizer = optim.Newton([w], solver=solver, tolerance=1e-14)
    errors = []
    for _ in range(8):
        optimizer.step(lambda: valley(w))
        errors.append(np.abs(w.value - 1).max())
    assert errors[-1] < 1e-14
    close = [e for e in errors if 1e-7 < e < 0.1]
    followed = errors[errors.index(close[0]) + 1 :]
    assert len(close) >= 2
    assert all(after < 5 * before**2 for before, after in zip(close, followed, strict=False))


def test_the_step_is_that_of_ag_hessian_with_its_damping_and_rate():
    model = nn.Sequential(
        fc1=nn.Linear(2, 3, rng=0, dtype=np.float64), act=nn.Tanh(), fc2=nn.Linear(3, 1, rng=1, dtype=np.float64)
    )
    x, y = np.random.default_rng(0).normal(size=(2, 4, 2))
    values = [p.value.copy() for p in model.parameters()]

    def loss_of(w1, b1, w2, b2):
        return ((ag.tanh(x @ w1.transpose() + b1) @ w2.transpose() + b2 - y[:, :1]) ** 2).sum()

    blocks, slope = ag.hessian(loss_of, values), ag.jacobian(loss_of, values)
    sizes = [v.size for v in values]
    hessian = np.block(
        [[np.reshape(b, (n, m)) for b, m in zip(row, sizes, strict=True)] for row, n in zip(blocks, sizes, strict=True)]
    )
    expected = -0.5 * np.linalg.solve(hessian + 3 * np.eye(13), np.concatenate([s.ravel() for s in slope]))
    optim.Newton(model.parameters(), 0.5, 3.0).step(lambda: ((model(x) - y[:, :1]) ** 2).sum())
    moved = np.concatenate([(p.value - v).ravel() for p, v in zip(model.parameters(), values, strict=True)])
    np.testing.assert_allclose(moved, expected, rtol=1e-9, atol=1e-12)


def test_large_damping_makes_it_gradient_descent():
    w, v = ag.Parameter([1.2, 1.2]), ag.Parameter([1.2, 1.2])
    optim.Newton([w], damping=1e9).step(lambda: valley(w))
    valley(v).backward()
    optim.SGD([v], lr=1e-9).step()
    np.testing.assert_allclose(w.value - 1.2, v.value - 1.2, rtol=1e-5)


def residual_problem(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(7, 3)), rng.normal(size=7)


@pytest.mark.parametrize("solver", SOLVERS)
@given(SEEDS, st.sampled_from([0.0, 0.1, 10.0]))
def test_gauss_newton_solves_the_normal_equations(solver, seed, damping):
    a, b = residual_problem(seed)
    w = ag.Parameter(np.ones(3))
    loss = optim.GaussNewton([w], damping=damping, solver=solver, tolerance=1e-13).step(lambda: a @ w - b)
    errors = a @ np.ones(3) - b
    assert loss == pytest.approx(errors @ errors / 2, rel=1e-12)
    step = np.linalg.solve(a.T @ a + damping * np.eye(3), a.T @ errors)
    np.testing.assert_allclose(w.value, 1 - step, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
def test_gauss_newton_is_newton_without_second_derivatives_of_the_residuals(solver):
    """Rosenbrock's valley is a sum of squares; its residuals reach 0, so that both converge fast."""
    w = ag.Parameter([-1.2, 1.0])
    optimizer = optim.GaussNewton([w], solver=solver, tolerance=1e-14)
    for _ in range(3):
        optimizer.step(lambda: ag.stack([1 - w[0], 10 * (w[1] - w[0] ** 2)]))
    np.testing.assert_allclose(w.value, [1, 1], rtol=1e-12)


def test_residuals_may_be_one_scalar_or_any_shape_and_parameters_may_be_unused():
    w = ag.Parameter(np.zeros((2, 2)))
    for solver in SOLVERS:
        x, unused = ag.Scalar(3.0), ag.Parameter(np.ones(2, np.float32))
        optimizer = optim.GaussNewton([x, unused], solver=solver)
        assert optimizer.parameters == [x, unused]
        assert optimizer.step(lambda x=x: 2 * x - 10) == 8.0
        assert x.value == pytest.approx(5.0)
        assert unused.value.tolist() == [1.0, 1.0]
        assert unused.dtype == np.float32
    for solver in SOLVERS:
        optim.GaussNewton([x], solver=solver).step(lambda: w * 2)
        assert x.value == pytest.approx(5.0)
    v = ag.Parameter([1.0])
    optim.GaussNewton([v, ag.Parameter([5.0])], damping=0.5, solver="conjugate gradients").step(lambda: v * 1 - 4)
    assert v.value == pytest.approx(1 + 3 / 1.5)
    optim.GaussNewton([w]).step(lambda: w * np.array([[1.0, 2.0], [4.0, 8.0]]) - 8)
    np.testing.assert_allclose(w.value, [[8, 4], [2, 1]], rtol=1e-12)
    y = ag.Scalar(2.0)
    optim.Newton([y, ag.Parameter([1.0])], damping=1.0).step(lambda: y * y)
    assert y.value == pytest.approx(2 - 4 / 3)
    optim.Newton([y], damping=0.5).step(lambda: 2 * y)  # no curvature at all
    assert y.value == pytest.approx(2 - 4 / 3 - 4)


def test_levenberg_marquardt_fits_a_curve_where_gauss_newton_runs_away():
    x = np.linspace(0, 3, 12)
    y = 2.0 * np.exp(-1.5 * x)
    start = [1.0, 8.0]

    def residuals(w):
        return lambda: w[0] * ag.exp(-w[1] * x) - y

    w, v = ag.Parameter(start), ag.Parameter(start)
    optimizer = optim.LevenbergMarquardt([w])
    losses = [optimizer.step(residuals(w)) for _ in range(40)]
    assert losses == sorted(losses, reverse=True)
    np.testing.assert_allclose(w.value, [2.0, 1.5], rtol=1e-6)
    assert 1e-12 <= optimizer.damping < 1e-3
    runaway = optim.GaussNewton([v])
    first = runaway.step(residuals(v))
    assert runaway.step(residuals(v)) > first


def test_levenberg_marquardt_stays_where_no_step_leads_down():
    w = ag.Parameter([0.0])
    optimizer = optim.LevenbergMarquardt([w], attempts=3)
    assert optimizer.parameters == [w]
    for _ in range(2):
        assert optimizer.step(lambda: w * w + 1) == 0.5
    assert w.value == 0.0
    assert optimizer.damping == 1e-3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda w: optim.Newton([w], solver="cg"), ag.ArgumentError, "solver='cg', expected 'exact' or 'conjugate"),
        (lambda w: optim.Newton([w], damping=-1), ag.ArgumentError, "damping=-1"),
        (lambda w: optim.GaussNewton([w], iterations=0), ag.ArgumentError, "GaussNewton: iterations=0"),
        (lambda w: optim.Newton(w), ag.ArgumentError, r"got one Parameter, expected a list; use \[parameter\]"),
        (lambda w: optim.Newton([w]).step(lambda: 3.0), ag.ArgumentError, "returned float, expected a node"),
        (lambda w: optim.Newton([w]).step(lambda: ag.Tensor([1.0])), ag.ArgumentError, "depends on the parameters"),
        (lambda w: optim.Newton([w]).step(lambda: w * 1), ag.ArgumentError, r"returned shape \(2,\), expected one"),
        (lambda w: optim.Newton([w]).step(lambda: (w * w)[0]), optim.CurvatureError, "Hessian is singular; give"),
        (
            lambda w: optim.Newton([w]).step(lambda: (w * np.inf).sum()),
            optim.CurvatureError,
            "the gradient is not finite",
        ),
        (
            lambda w: optim.Newton([w]).step(lambda: (ag.maximum(w - 1, 0) ** 1.5).sum()),
            optim.CurvatureError,
            "Hessian",
        ),
        (lambda w: optim.GaussNewton([w]).step(lambda: w * np.inf), optim.CurvatureError, "a residual is not finite"),
        (lambda w: optim.GaussNewton([w]).step(lambda: ag.sqrt(w - 1)), optim.CurvatureError, "residual's derivative"),
        (lambda w: optim.LevenbergMarquardt([w], 0.0), ag.ArgumentError, "expected a damping above 0"),
        (lambda w: optim.LevenbergMarquardt([w], factor=1.0), ag.ArgumentError, "a factor above 1"),
    ],
)
def test_wrong_use_raises(call, error, message):
    w = ag.Parameter([1.0, 2.0])
    with pytest.raises(error, match=message):
        call(w)
    assert w.value.tolist() == [1.0, 2.0]
