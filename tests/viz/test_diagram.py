import pytest

from viz.diagram import Box, Diagram, Wire, signs_used
from viz.errors import UndrawableError


def wire(strength: float | None, **settings: object) -> Wire:
    return Wire("a", "b", "", "", strength, **settings)


@pytest.mark.parametrize(
    ("wires", "signs"),
    [
        ([wire(1.0)], set()),
        ([wire(1.0), wire(0.0)], {"zero"}),
        ([wire(None)], {"none"}),
        ([wire(float("nan"))], {"not finite"}),
        ([wire(float("inf")), wire(None)], {"not finite", "none"}),
        ([wire(1.0, value_finite=False)], {"not finite"}),
        ([wire(1.0, many=True)], {"more"}),
    ],
)
def test_signs_that_wires_use(wires: list[Wire], signs: set[str]) -> None:
    assert set(signs_used((), tuple(wires))) == signs
    assert set(signs_used((Box("x", "input"),), tuple(wires))) == signs | {"input"}


@pytest.mark.parametrize(
    ("boxes", "wires", "message"),
    [
        ([Box("a", "gate"), Box("a", "gate")], [], "same name"),
        ([Box("a]; b [", "gate")], [], "expected a name"),
        ([Box("a", "gate")], [wire(1.0)], "from 'a' to 'b'"),
    ],
)
def test_a_diagram_that_no_circuit_made(boxes: list[Box], wires: list[Wire], message: str) -> None:
    with pytest.raises(UndrawableError, match=message):
        Diagram("", "", tuple(boxes), tuple(wires))
