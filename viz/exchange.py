"""Plain data as JSON and back: frozen dataclasses, checked word by word while they are read.

A file says what it is and then holds one dataclass, field by field::

    {"format": "autograd_cnn.viz", "version": 1, "kind": "circuit", "theme": "light", "data": {...}}

Tuples are JSON arrays, arrays are ``{"shape", "dtype", "base64"}`` in little-endian C order, and floats that JSON
cannot write are the words ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``. `json_schema` describes the data of a kind.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import types
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from autograd_cnn.settings import real
from viz.errors import ExchangeError

FORMAT, VERSION = "autograd_cnn.viz", 1
_hints_of = cache(get_type_hints)  # which evaluates annotations, anew at every call

_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_LARGEST = 2**28
"""Most bytes of one array that are read."""

T = TypeVar("T")


def written(kind: str, data: Any, theme: str = "light") -> str:
    """Return the JSON text of a picture or page: `data` is a frozen dataclass of plain data."""
    head = {"format": FORMAT, "version": VERSION, "kind": kind, "theme": theme, "data": encoded(data)}
    return json.dumps(head, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def read(text: str | bytes) -> tuple[str, str, Any]:
    """Return kind, theme and data of a JSON text; `decoded` makes the dataclass.

    Raises
    ------
    ExchangeError
        When it is no JSON, or not of this format and version.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExchangeError(f"no JSON: {error}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ExchangeError(f'not a picture: expected a JSON object with "format": "{FORMAT}"')
    if found.get("version") != VERSION:
        raise ExchangeError(f"version {found.get('version')!r}; this release reads version {VERSION}")
    kind, theme = found.get("kind"), found.get("theme", "light")
    if not isinstance(kind, str) or not isinstance(theme, str):
        raise ExchangeError("kind and theme are words")
    return kind, theme, found.get("data")


def encoded(data: Any) -> Any:
    """Return plain data as what JSON can hold."""
    if is_dataclass(data) and not isinstance(data, type):
        return {field.name: encoded(getattr(data, field.name)) for field in fields(data)}
    if isinstance(data, np.ndarray):
        little = data.astype(data.dtype.newbyteorder("<"), order="C")
        words = base64.b64encode(little.tobytes()).decode()
        return {"shape": list(data.shape), "dtype": data.dtype.name, "base64": words}
    if isinstance(data, Mapping):
        return {str(key): encoded(value) for key, value in data.items()}
    if isinstance(data, Sequence) and not isinstance(data, str):
        return [encoded(x) for x in data]
    if isinstance(data, float) and not math.isfinite(data):
        return "NaN" if math.isnan(data) else "Infinity" if data > 0 else "-Infinity"
    if isinstance(data, np.generic):
        return encoded(data.item())
    return data


def decoded(hint: type[T], found: Any, where: str = "data") -> T:
    """Return the value of type `hint` that `found` holds.

    Raises
    ------
    ExchangeError
        When a field is missing, unknown, or of another type; the message names its place.
    """
    try:
        return _decoded(hint, found, where)  # type: ignore[no-any-return]
    except RecursionError:
        raise ExchangeError(f"{where} is nested too deeply") from None


def _decoded(hint: Any, found: Any, where: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _one_of(arguments, found, where)
    if origin is Literal:
        return _expected(found in arguments, found, where, f"one of {', '.join(map(repr, arguments))}")
    if origin is Sequence:
        arguments = (*arguments, Ellipsis)
    if origin in (tuple, Sequence):
        return _tuple(arguments, found, where)
    if origin is dict:
        _expected(isinstance(found, dict), found, where, "an object")
        return {key: _decoded(arguments[1], value, f"{where}.{key}") for key, value in found.items()}
    if origin is np.ndarray or hint is np.ndarray:
        return _array(found, where)
    if is_dataclass(hint):
        return _dataclass(hint, found, where)
    return _plain(hint, found, where)


def _plain(hint: Any, found: Any, where: str) -> Any:
    if hint is float:
        if isinstance(found, str) and found in _WORDS:
            return _WORDS[found]
        _expected(math.isfinite(real(found)), found, where, "a number")
        return float(found)
    if hint is Any:
        return found
    words = {int: "a whole number", str: "words", bool: "true or false", types.NoneType: "null"}
    return _expected(type(found) is hint, found, where, words.get(hint, str(hint)))


def _expected(right: bool, found: Any, where: str, wanted: str) -> Any:
    if not right:
        shown = json.dumps(found, default=str)
        raise ExchangeError(f"{where} is {shown if len(shown) <= 40 else shown[:39] + '…'}; expected {wanted}")
    return found


def _one_of(hints: tuple[Any, ...], found: Any, where: str) -> Any:
    if found is None and types.NoneType in hints:
        return None
    rest = [hint for hint in hints if hint is not types.NoneType]
    for hint in rest[:-1]:
        try:
            return _decoded(hint, found, where)
        except ExchangeError:
            continue
    return _decoded(rest[-1], found, where)


def _tuple(hints: tuple[Any, ...], found: Any, where: str) -> tuple[Any, ...]:
    _expected(isinstance(found, list), found, where, "an array")
    if len(hints) == 2 and hints[1] is Ellipsis:
        hints = (hints[0],) * len(found)
    _expected(len(found) == len(hints), found, where, f"{len(hints)} entries")
    return tuple(_decoded(hint, x, f"{where}[{i}]") for i, (hint, x) in enumerate(zip(hints, found, strict=True)))


def _array(found: Any, where: str) -> Any:
    wanted = 'an array as {"shape", "dtype", "base64"}'
    _expected(isinstance(found, dict) and found.keys() == {"shape", "dtype", "base64"}, found, where, wanted)
    shape = _tuple((int, ...), found["shape"], f"{where}.shape")
    _expected(all(x >= 0 for x in shape), found["shape"], f"{where}.shape", "no negative side")
    kinds = ("bool", "int8", "uint8", "int16", "int32", "int64", "float16", "float32", "float64")
    dtype = np.dtype(_expected(found["dtype"] in kinds, found["dtype"], f"{where}.dtype", "a dtype of numbers"))
    size = math.prod(shape) * dtype.itemsize
    _expected(size <= _LARGEST, list(shape), f"{where}.shape", f"at most {_LARGEST:,} bytes")
    try:
        content = base64.b64decode(_plain(str, found["base64"], f"{where}.base64"), validate=True)
    except (binascii.Error, ValueError):
        content = None
    _expected(content is not None and len(content) == size, found["base64"], f"{where}.base64", f"{size} bytes")
    array = np.frombuffer(content or b"", dtype.newbyteorder("<")).astype(dtype).reshape(shape)
    array.flags.writeable = False
    return array


def _dataclass(hint: Any, found: Any, where: str) -> Any:
    _expected(isinstance(found, dict), found, where, f"an object, the fields of {hint.__name__}")
    hints = _hints_of(hint)
    known = {field.name: field for field in fields(hint) if field.init}
    for name in found:
        _expected(name in known, name, where, f"one of the fields {', '.join(known)}")
    values = {name: _decoded(hints[name], found[name], f"{where}.{name}") for name in known if name in found}
    try:
        return hint(**values)
    except TypeError:
        missing = ", ".join(name for name in known if name not in found)
        raise ExchangeError(f"{where} lacks {missing}") from None


def schema_of(hint: Any) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of data of type `hint`."""
    definitions: dict[str, Any] = {}
    top = _schema(hint, definitions)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **top, "$defs": definitions}


def _schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(x, definitions) for x in arguments]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is Sequence:
        arguments = (*arguments, Ellipsis)
    if origin in (tuple, Sequence):
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return {"type": "array", "items": _schema(arguments[0], definitions)}
        entries = [_schema(x, definitions) for x in arguments]
        return {"type": "array", "prefixItems": entries, "items": False, "minItems": len(entries)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1], definitions)}
    if origin is np.ndarray or hint is np.ndarray:
        parts = {"shape": {"type": "array", "items": {"type": "integer"}}}
        parts |= {"dtype": {"type": "string"}, "base64": {"type": "string", "contentEncoding": "base64"}}
        return {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False}
    if is_dataclass(hint):
        return _schema_of_dataclass(hint, definitions)
    if hint is float:
        return {"anyOf": [{"type": "number"}, {"enum": list(_WORDS)}]}
    names = {int: "integer", str: "string", bool: "boolean", types.NoneType: "null"}
    return {"type": names[hint]} if hint in names else {}


def _schema_of_dataclass(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    name = hint.__name__
    if name not in definitions:
        definitions[name] = {}  # a type may hold itself
        hints = _hints_of(hint)
        known = [field.name for field in fields(hint) if field.init]
        definitions[name] = {
            "type": "object",
            "description": (hint.__doc__ or "").strip().split("\n\n")[0],
            "properties": {field: _schema(hints[field], definitions) for field in known},
            "required": known,
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{name}"}
