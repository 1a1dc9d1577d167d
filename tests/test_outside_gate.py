"""A gate from a file outside the package is a full citizen: operator, second order, expansion, drawing, health."""

import importlib.util
import textwrap

import numpy as np
import pytest

import autograd_cnn as ag
import viz
from autograd_cnn import health, testing
from autograd_cnn.graph import Node

SOURCE = '''
import numpy as np
import autograd_cnn as ag


@ag.gate("smooth", broadcasts=True, operator="__mod__", dead_side=True)
def smooth_hinge(a, b):
    """max(0, a − b)²: a router with a soft start."""
    return np.square(np.maximum(np.subtract(a, b), 0))


@smooth_hinge.vjp
def _(upstream, output, a, b):
    slope = 2 * ag.relu(a - b)
    return upstream * slope, -upstream * slope


@smooth_hinge.branch
def _(a, b):
    return np.sign(np.subtract(a, b))


@smooth_hinge.expansion
def _(a, b):
    """Subtract, cut off below 0, multiply with itself."""
    cut = ag.maximum(a - b, 0.0)
    return cut * cut
'''


@pytest.fixture
def smooth_hinge(tmp_path):
    """Load the gate from its own file; forget it and its operator afterwards."""
    path = tmp_path / "my_gates.py"
    path.write_text(textwrap.dedent(SOURCE), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("my_gates", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module.smooth_hinge
    del ag.GATES["smooth_hinge"]
    for operator in ("__mod__", "__rmod__"):
        if operator in vars(Node):
            delattr(Node, operator)


def test_scalars_tensors_and_the_operator(smooth_hinge):
    a, b = ag.Scalar(3.0, name="a"), ag.Scalar(1.0, name="b")
    y = a % b
    y.backward()
    assert (y.value, a.grad, b.grad) == (4.0, 4.0, -4.0)
    assert (5.0 % b).value == 16.0


def test_it_keeps_every_promise(smooth_hinge):
    rng = np.random.default_rng(0)
    proved = testing.assert_gate(smooth_hinge, rng.uniform(-2, 2, (3, 1)), rng.uniform(-2, 2, 4))
    assert set(testing.PROMISES) - set(proved) == {"fan-out"}  # for which two inputs would be of one shape
    assert "fan-out" in testing.assert_gate(smooth_hinge, 3.0, 1.0)


def test_second_order(smooth_hinge):
    a = ag.Scalar(3.0)
    (slope,) = ag.grad(smooth_hinge(a, 1.0), a, create_graph=True)
    assert ag.grad(slope, a) == (2.0,)
    np.testing.assert_allclose(ag.hessian(lambda x: smooth_hinge(x, 1.0).sum(), np.array([3.0, 0.0])), [[2, 0], [0, 0]])


def test_expansion_explanation_and_drawing(smooth_hinge):
    x = ag.Tensor([[3.0, 0.5]], requires_grad=True, name="x")
    y = smooth_hinge(x, 1.0).sum()
    y.backward()
    expanded = ag.expand(y, level="scalar")
    expanded.backward()
    np.testing.assert_allclose(expanded.gradient(x), x.grad)
    assert "maximum" in {n.gate.name for n in ag.nodes(expanded.output) if n.gate}
    assert ag.explain(y, x, index=(0, 0)).gradient == 4.0
    picture = viz.circuit(y)
    assert "smooth" in picture.source
    assert "smooth" in picture.svg()
    assert "smooth_hinge" in ag.tree(y)


def test_health_reads_its_dead_side(smooth_hinge):
    with ag.scope("layer"):
        hidden = smooth_hinge(ag.Tensor(np.ones((4, 3))) @ ag.Parameter(np.eye(3)), [5.0, 0.0, 0.0])
    report = health.inspect(hidden.sum())
    assert report.layers[0].units.count == 3
    assert {*report.layers[0].units.dead, *report.layers[0].units.silent} == {0}
