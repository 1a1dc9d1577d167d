"""The table of gates: complete, as the registry has it, and true at every kink it names."""

import runpy
import sys

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn.gates.__main__ import row, table
from autograd_cnn.gates.facts import fact, lesson, title
from tests.test_documents import ROOT

OWN = {n: g for n, g in ag.GATES.items() if g.forward.__module__.startswith("autograd_cnn.")}


@pytest.mark.parametrize("name", sorted(OWN))
def test_every_gate_says_what_it_is(name):
    gate = OWN[name]
    assert fact(gate, "Formula")
    assert bool(fact(gate, "Local gradient")) == (gate.rule is not None)
    assert bool(row(gate)[-1]) == (gate.expand is not None), "say in a docstring what the expansion does"
    if gate.branches is not None:
        assert fact(gate, "Kink"), f"{name} has branches, so it has a kink: say which rule holds there"


def test_a_gates_lesson_and_title():
    multiply, conv2d = ag.GATES["multiply"], ag.GATES["conv2d"]
    assert lesson(multiply) == "Switcher: each input receives the upstream gradient times the other input."
    assert (title(multiply), title(conv2d)) == ("× multiply", "conv2d")


def test_a_row_has_the_first_line_of_an_expansion_alone(registry):
    @ag.gate("!")
    def louder(x):
        """Formula: 2x"""
        return 2 * x

    @louder.expansion
    def _(x):
        """Add what is there.

        Once more.
        """
        return x + x

    assert row(louder) == ("`louder`", "!", "2x", "none", "", "Add what is there")


def test_contributing_holds_the_table_of_this_version():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert table() in text, "run `python -m autograd_cnn.gates` and paste its table into CONTRIBUTING.md"


def test_the_command_prints_the_table(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gates"])  # not the arguments of whatever runs the tests
    with pytest.warns(RuntimeWarning, match="found in sys.modules"):  # this test imported it already
        runpy.run_module("autograd_cnn.gates.__main__", run_name="__main__")
    assert capsys.readouterr().out == table()


POOL = {"window": (2, 2), "stride": (2, 2), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "output_size": (1, 1)}


def slopes(name, *values, **attributes):
    """Gradients of the sum of one gate's output with respect to all its inputs."""
    inputs = [ag.Tensor(np.array(v, float), requires_grad=True) for v in values]
    output = ag.GATES[name](*inputs, **attributes)
    return [g.tolist() for g in ag.grad(output, inputs, np.ones(output.shape))]


@pytest.mark.parametrize(
    ("name", "values", "attributes", "expected"),
    [
        ("abs", [0.0], {}, [0.0]),
        ("relu", [0.0], {}, [0.0]),
        ("leaky_relu", [0.0], {"negative_slope": 0.1}, [0.1]),
        ("prelu", [0.0, 0.25], {}, [0.25, 0.0]),
        ("elu", [0.0], {"alpha": 2.0}, [2.0]),
        ("hardtanh", [[-1.0, 1.0]], {}, [[0.0, 0.0]]),
        ("step", [0.0], {}, [0.0]),
        ("maximum", [1.0, 1.0], {}, [1.0, 0.0]),
        ("minimum", [1.0, 1.0], {}, [1.0, 0.0]),
        ("max", [[2.0, 2.0, 1.0]], {}, [[1.0, 0.0, 0.0]]),
        ("min", [[2.0, 1.0, 1.0]], {}, [[0.0, 1.0, 0.0]]),
        ("euclidean_norm", [[0.0, 0.0]], {"axis": 0}, [[0.0, 0.0]]),
        ("power", [0.0, 2.0], {}, [0.0, 0.0]),
        ("power", [3.0, 0.0], {}, [0.0, np.log(3.0)]),
        ("max_pool2d", [[[[[1.0, 2.0], [2.0, 2.0]]]]], POOL, [[[[[0.0, 1.0], [0.0, 0.0]]]]]),
    ],
)
def test_the_rules_at_kinks_are_those_of_the_table(name, values, attributes, expected):
    assert fact(ag.GATES[name], "Kink")
    for slope, wanted in zip(slopes(name, *values, **attributes), expected, strict=True):
        np.testing.assert_allclose(slope, wanted, rtol=1e-12)
