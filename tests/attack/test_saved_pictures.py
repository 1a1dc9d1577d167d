"""Saved pictures from anywhere: a picture or one error that names the file; no script, no wait, no end of memory."""

import json
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import viz
from tests.viz.test_loading import MADE
from viz import loading
from viz.errors import ExchangeError

KINDS = ("chart", "circuit", "explanation", "flow", "images", "player")
SCRIPT = "\"'></text></script><script>alert(1)</script><img src=x onerror=alert(2)>"
JUNK = st.sampled_from(
    [None, True, -1, 0, 10**9, 2**63, 10**30, 1.5, 1e308, -1e308, "NaN", "Infinity", "", "x", "\0", "\ud800", SCRIPT]
) | st.sampled_from([[], {}, [[]], [1, 2], {"a": 1}])


@cache
def saved(kind: str) -> str:
    text: str = MADE[kind]().json()
    return text


def places(part: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the keys that lead to every part of a JSON value but itself."""
    inside = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in inside:
        yield (*above, key)
        yield from places(value, (*above, key))


def put(whole: Any, place: tuple[Any, ...], change: Callable[[Any, Any], None]) -> None:
    for key in place[:-1]:
        whole = whole[key]
    change(whole, place[-1])


def loaded(document: Any, folder: Path) -> Any:
    path = folder / "x.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return viz.load(path)


@settings(max_examples=20)
@example(kind="chart", at=("data", "panels", 0, "x", "high"), junk=1e308)  # ended in an OverflowError
@example(kind="flow", at=("data", "report", "layers", 0, "output_shape", 0), junk=-1)  # in "math domain error"
@given(kind=st.sampled_from(KINDS), at=st.integers(0, 10**6), junk=st.just("remove") | st.just("double") | JUNK)
def test_parts_that_do_not_fit_each_other(kind: str, at: Any, junk: Any, tmp_path_factory: Any) -> None:
    document = json.loads(saved(kind))
    if isinstance(at, int):
        known = list(places(document))
        at = known[at % len(known)]

    def change(whole: Any, key: Any) -> None:
        if junk == "remove":
            del whole[key]
        elif junk == "double" and isinstance(whole, list):
            whole.append(whole[key])
        else:
            whole[key] = junk

    put(document, at, change)
    try:
        loaded(document, tmp_path_factory.mktemp("fuzzed"))
    except ExchangeError as error:
        assert str(error).startswith("load: 'x.json'")  # noqa: PT017 - some damage still makes a picture


def words(document: Any) -> Iterator[tuple[Any, ...]]:
    """Yield one place of every kind at which a word stands."""
    seen = set()
    for place in places(document["data"]):
        found = document["data"]
        for key in place:
            found = found[key]
        alike = re.sub(r"\d+", "#", repr(place))
        if isinstance(found, str) and alike not in seen:
            seen.add(alike)
            yield ("data", *place)


@pytest.mark.parametrize("kind", ["chart", "circuit", "images", "player"])
def test_words_never_become_script(kind: str, tmp_path: Path) -> None:
    document, tried = json.loads(saved(kind)), 0
    for place in words(document):
        changed = json.loads(json.dumps(document))
        put(changed, place, lambda whole, key: whole.__setitem__(key, SCRIPT))
        try:
            loaded(changed, tmp_path)
        except ExchangeError:
            continue
        document, tried = changed, tried + 1
    assert tried
    picture = loaded(document, tmp_path)
    page = picture.html if isinstance(picture, viz.page.Page) else picture.page().html
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_what_never_ends_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe kept its reader waiting, and a device without end filled the memory."""
    os.mkfifo(tmp_path / "x.json")
    for path in (tmp_path / "x.json", "/dev/zero"):
        with pytest.raises(ExchangeError, match="no regular file"):
            viz.load(path)
    (tmp_path / "long.json").write_bytes(b" " * 101)
    monkeypatch.setattr(loading, "LARGEST", 100)
    with pytest.raises(ExchangeError, match=r"'long\.json' has more than 100 bytes"):
        viz.load(tmp_path / "long.json")


def test_nothing_is_imported_that_a_file_names(tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text("raise SystemExit")
    document = {"format": "autograd_cnn.viz", "version": 1, "kind": "evil:drawn", "data": {}}
    with pytest.raises(ExchangeError, match="kind 'evil:drawn' is unknown"):
        loaded(document, tmp_path)
