import pytest

from viz.diagram import Box, Cluster, Diagram, Wire, all_clusters, signs_used
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


def test_clusters_are_checked_like_boxes() -> None:
    box = Box("x", "gate", "+")
    with pytest.raises(UndrawableError, match="expected a name of letters"):
        Diagram("t", "", (box,), (), (Cluster('s0 {} "];', "words"),))
    with pytest.raises(UndrawableError, match="holds a box that the diagram does not have"):
        Diagram("t", "", (box,), (), (Cluster("s0", "outer", (), (Cluster("s1", "inner", ("y",)),)),))


def test_clusters_within_clusters_are_met_outer_ones_first() -> None:
    leaf, other = Cluster("s1", "b"), Cluster("s3", "d")
    found = all_clusters((Cluster("s0", "a", (), (leaf, Cluster("s2", "c", (), (other,)))), Cluster("s4", "e")))
    assert [cluster.name for cluster in found] == ["s0", "s1", "s2", "s3", "s4"]
