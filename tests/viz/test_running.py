"""Circuits straight from a function or a model."""

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import Scalar, nn
from tests.viz.references import Network
from viz.circuits import circuit, circuit_diagram
from viz.diagram import Diagram
from viz.errors import UndrawableError
from viz.style import number


def test_a_function_is_run_and_its_inputs_are_named() -> None:
    def f(x: ag.Node, y: ag.Node, z: ag.Node) -> ag.Node:
        return (x + y) * z

    diagram = circuit_diagram(f, -2, 5, -4)
    gradients = {box.words: wire.gradient for box in diagram.boxes for wire in diagram.wires if wire.tail == box.name}
    assert diagram.title == "f"
    assert (gradients["x"], gradients["y"], gradients["z"]) == ("−4", "−4", "3")


def test_a_model_is_run_and_stays_as_it_was() -> None:
    model = Network()
    image = np.random.default_rng(0).normal(size=(2, 1, 6, 6)).astype(np.float32)
    before = {name: value.copy() for name, value in model.state_dict().items()}
    diagram = circuit_diagram(model, image, loss=lambda scores: (scores * scores).mean())
    assert all(np.array_equal(before[name], value) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(wire.gradient != "—" for wire in diagram.wires if wire.tail in parameters(diagram))
    assert {box.words for box in diagram.boxes if box.role == "input"} == {"image"}
    assert "no gradients" not in diagram.subtitle


def parameters(diagram: Diagram) -> set[str]:
    return {box.name for box in diagram.boxes if box.role == "parameter"}


def test_a_model_without_a_loss_shows_values_alone() -> None:
    diagram = circuit_diagram(nn.Linear(3, 2, rng=0), [[1.0, 2.0, 3.0]])
    assert {wire.gradient for wire in diagram.wires} == {"—"}
    assert diagram.title == "Linear"
    assert diagram.subtitle.endswith("values alone: gradients need a loss=")


def test_lists_of_whole_numbers_are_floating() -> None:
    diagram = circuit_diagram(lambda x: x.sum() * 2, [[1, 2], [3, 4]])
    assert [(wire.value, wire.gradient) for wire in diagram.wires] == [("2.739", "2"), ("10", "2"), ("20", "1")]


def test_inputs_that_do_not_fit_are_told() -> None:
    with pytest.raises(UndrawableError, match="missing a required argument: 'y'; give one input"):
        circuit(lambda x, y: x * y, 1.0)
    with pytest.raises(UndrawableError, match="too many positional arguments"):
        circuit(nn.Linear(3, 2), [[1.0, 2.0, 3.0]], 4.0)


def test_the_gradients_on_the_side_are_those_of_backward() -> None:
    model = nn.NeuronMLP(2, [3, 1], rng=0)
    diagram = circuit_diagram(model, [1.0, -2.0], title="t")
    model([1.0, -2.0]).backward()
    found = {wire.gradient for wire in diagram.wires if wire.tail in parameters(diagram)}
    assert found == {number(parameter.grad) for parameter in model.parameters()}


def test_inputs_that_are_nodes_or_no_numbers_stay_as_they_are() -> None:
    x = Scalar(2.0, name="mine")
    diagram = circuit_diagram(lambda a, power: a**power, x, 3)
    assert {"mine", "power"} <= {box.words for box in diagram.boxes}
    assert circuit_diagram(lambda *rest: rest[0] * rest[1], 2, 3).boxes[0].words == "rest0"
    assert circuit_diagram(max, 2.0, 3.0).boxes[0].words in ("x0", "x1")  # a built-in function tells no names


def test_what_a_function_returns_must_be_one_node() -> None:
    with pytest.raises(UndrawableError, match=r"returned a tuple of 2.*loss="):
        circuit(lambda x: (x, x), 1.0)
    with pytest.raises(UndrawableError, match="returned a NoneType"):
        circuit(lambda x: None, 1.0)
    with pytest.raises(UndrawableError, match="draw it alone"):
        circuit(Scalar(1.0) * 2, 3.0)
