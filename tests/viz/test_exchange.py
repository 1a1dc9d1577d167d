import json
import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from viz.errors import ExchangeError
from viz.exchange import decoded, encoded, read, schema_of, written


@dataclass(frozen=True)
class Leaf:
    """A leaf.

    Not in the schema.
    """

    words: str
    number: float = 1.5
    side: Literal["left", "right"] = "left"


@dataclass(frozen=True)
class Tree:
    leaves: tuple[Leaf, ...]
    pair: tuple[int, bool]
    strength: float | None
    named: dict[str, int | None] = field(default_factory=dict)
    trees: tuple["Tree", ...] = ()


@dataclass(frozen=True)
class Grid:
    cells: NDArray[Any]


leaves = st.builds(Leaf, st.text(), st.floats(), st.sampled_from(["left", "right"]))
trees = st.recursive(
    st.builds(
        Tree,
        st.lists(leaves, max_size=3).map(tuple),
        st.tuples(st.integers(), st.booleans()),
        st.none() | st.floats(),
        st.dictionaries(st.text(), st.none() | st.integers(), max_size=3),
    ),
    lambda inner: st.builds(
        Tree, st.just(()), st.just((1, True)), st.none(), st.just({}), st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=5,
)


@given(trees)
def test_what_is_written_is_read_again(tree: Tree) -> None:
    text = written("tree", tree, "dark")
    kind, theme, data = read(text)
    assert (kind, theme) == ("tree", "dark")
    assert repr(decoded(Tree, data)) == repr(tree)  # by repr: NaN is not equal to itself


@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int64, np.uint8, np.bool_, np.dtype(">f8")]),
        hnp.array_shapes(min_dims=0, min_side=0),
    )
)
def test_arrays_keep_shape_values_and_dtype(cells: NDArray[Any]) -> None:
    found = decoded(Grid, json.loads(json.dumps(encoded(Grid(cells))))).cells
    assert found.dtype == cells.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found, cells)
    with pytest.raises(ValueError, match="read-only"):
        found.fill(0)


@given(trees | st.builds(Grid, hnp.arrays(np.float32, (2, 3))))
def test_the_schema_describes_what_is_written(data: Tree | Grid) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema, of the dev extra, checks the schemas")
    jsonschema.validate(json.loads(json.dumps(encoded(data))), schema_of(type(data)))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(encoded(data) | {"more": 1}, schema_of(type(data)))


def test_transposed_arrays_keep_their_order() -> None:
    cells = np.arange(6.0).reshape(2, 3).T
    np.testing.assert_array_equal(decoded(Grid, encoded(Grid(cells))).cells, cells)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(anything)
def test_anything_else_is_refused_with_its_place(found: Any) -> None:
    """No tree is drawn here, for a tree has a field called pair; nothing else is raised."""
    with pytest.raises(ExchangeError, match=r"^data") as caught:
        decoded(Tree, found)
    assert len(str(caught.value)) < 200


@given(trees, st.data())
def test_a_field_of_another_type_is_refused_with_its_place(tree: Tree, data: st.DataObject) -> None:
    found = json.loads(json.dumps(encoded(tree)))
    place = data.draw(st.sampled_from(["leaves", "pair", "named", "trees"]))
    found[place] = 3.5
    with pytest.raises(ExchangeError, match=rf"^data\.{place} is 3\.5; expected"):
        decoded(Tree, found)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"words": "x", "size": 1}, r'data is "size"; expected one of the fields words, number, side'),
        ({}, "data lacks words"),
        ({"words": 1}, r"data\.words is 1; expected words"),
        ({"words": "x", "number": "1"}, r'data\.number is "1"; expected a number'),
        ({"words": "x", "number": True}, r"data\.number is true; expected a number"),
        ({"words": "x", "side": "up"}, r"data\.side is \"up\"; expected one of 'left', 'right'"),
        ([], r"data is \[\]; expected an object, the fields of Leaf"),
    ],
)
def test_messages(found: Any, message: str) -> None:
    with pytest.raises(ExchangeError, match=message):
        decoded(Leaf, found)


@pytest.mark.parametrize(
    "change",
    [
        {"dtype": "object"},
        {"dtype": "float64,int8"},
        {"shape": [2, -1]},
        {"shape": [3]},
        {"shape": [2**40, 2**40]},
        {"base64": "!!"},
        {"base64": "AAAA"},
        {"more": 1},
    ],
)
def test_arrays_that_are_none(change: dict[str, Any]) -> None:
    found = encoded(Grid(np.zeros(2)))
    found["cells"] |= change
    with pytest.raises(ExchangeError, match=r"^data\.cells"):
        decoded(Grid, found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        ("[]", "not a picture"),
        ('{"format": "png"}', "not a picture"),
        ('{"format": "autograd_cnn.viz", "version": 2}', "version 2; this release reads version 1"),
        ('{"format": "autograd_cnn.viz", "version": 1, "kind": 3}', "kind and theme are words"),
    ],
)
def test_what_is_no_picture(text: str | bytes, message: str) -> None:
    with pytest.raises(ExchangeError, match=message):
        read(text)


def test_deep_nesting_is_refused() -> None:
    found: dict[str, Any] = {"leaves": [], "pair": [1, True], "strength": None}
    for _ in range(5000):
        found = {"leaves": [], "pair": [1, True], "strength": None, "trees": [found]}
    with pytest.raises(ExchangeError, match="nested too deeply"):
        decoded(Tree, found)


def test_numbers_that_json_cannot_write_are_words() -> None:
    assert encoded(Leaf("x", math.inf))["number"] == "Infinity"
    assert decoded(Leaf, {"words": "", "number": "-Infinity"}).number == -math.inf
    assert math.isnan(decoded(Leaf, {"words": "", "number": "NaN"}).number)
    for beyond_floats in (10**400, 2**1024 - 1):
        with pytest.raises(ExchangeError):
            decoded(Leaf, {"words": "", "number": beyond_floats})


def test_the_schema_says_what_a_class_is() -> None:
    schema = schema_of(Tree)
    assert schema["$ref"] == "#/$defs/Tree"
    assert schema["$defs"]["Leaf"]["description"] == "A leaf."
    assert schema["$defs"]["Tree"]["properties"]["trees"] == {"type": "array", "items": {"$ref": "#/$defs/Tree"}}
