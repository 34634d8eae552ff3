"""Frozen dataclasses to plain values and back.

In: what a TOML or JSON file held. Out: the dataclass, or a MammoError that names the key at fault.
Unknown keys are errors that name the nearest known one: a misspelt setting must never be ignored.
"""

import dataclasses
import json
import math
import tomllib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tflite_mammo.errors import MammoError

T = TypeVar("T")


def from_dict(cls: type[T], data: Any, where: str) -> T:
    """Build dataclass `cls` from plain `data`; `where` opens every message (a file's name, then the key's path)."""
    if not isinstance(data, Mapping):
        raise MammoError(f"{where}: found {_kind(data)}, expected a table of settings")
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in data:
        if key not in fields:
            raise MammoError(f"{where}: unknown key '{key}'; {_nearest(str(key), list(fields))}")
    hints = get_type_hints(cls)
    values = {key: _value(hints[key], value, f"{where}: {key}") for key, value in data.items()}
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in values:
            raise MammoError(f"{where}: the key '{name}' is missing; add it")
    try:
        return cls(**values)
    except ValueError as error:  # raised by a type's own __post_init__
        raise MammoError(f"{where}: {error}") from error


def to_dict(value: Any) -> Any:
    """The plain values behind a dataclass; keys that hold None are left out, since TOML has no null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        items = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: to_dict(item) for name, item in items if item is not None}
    if isinstance(value, Mapping):
        return {str(key): to_dict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_dict(item) for item in value]
    return value


def to_json(value: Any) -> str:
    return json.dumps(to_dict(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def differences(one: Any, other: Any) -> list[str]:
    """Every setting in which two dataclasses differ, here and there."""
    mine, theirs = _settings(to_dict(one)), _settings(to_dict(other))
    names = [*mine, *(name for name in theirs if name not in mine)]
    return [
        f"{name} {mine.get(name, 'not set')} against {theirs.get(name, 'not set')}"
        for name in names
        if mine.get(name) != theirs.get(name)
    ]


def _settings(value: Any, name: str = "") -> dict[str, Any]:
    """Tables within tables as one, by the path of each setting."""
    if isinstance(value, Mapping):
        inner = [(f"{name}.{key}" if name else str(key), item) for key, item in value.items()]
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        inner = [(f"{name}[{i}]", item) for i, item in enumerate(value, 1)]
    else:
        return {name: value}
    return {path: found for start, item in inner for path, found in _settings(item, start).items()}


def read_json(cls: type[T], path: Path) -> T:
    return from_dict(cls, _load(path, json.loads), str(path))


def read_toml(cls: type[T], path: Path, **given: str) -> T:
    """`given` are fields that the file must not hold, such as its own name."""
    data = toml_of(path)
    for key in given:
        if key in data:
            raise MammoError(f"{path}: the key '{key}' is given by the file's name; take it out")
    return from_dict(cls, {**data, **given}, str(path))


def toml_of(path: Path) -> dict[str, Any]:
    """As it stands there."""
    data: dict[str, Any] = _load(path, tomllib.loads)
    return data


def _load(path: Path, parse: Any) -> Any:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MammoError(f"{path}: no such file") from None
    except (ValueError, OSError) as error:  # JSON's, TOML's and Unicode's errors are ValueErrors
        raise MammoError(f"{path}: cannot be read as {path.suffix.lstrip('.') or 'text'}: {error}") from error


def _value(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        return None if value is None else _value(next(a for a in arguments if a is not type(None)), value, where)
    if origin is Literal:
        if value not in arguments:
            raise MammoError(f"{where}: found {value!r}; {_nearest(str(value), [str(a) for a in arguments])}")
        return value
    if dataclasses.is_dataclass(hint):
        return from_dict(hint, value, where)  # type: ignore[arg-type]
    if origin is tuple:
        return _tuple(arguments, value, where)
    if origin is dict:
        if not isinstance(value, Mapping):
            raise MammoError(f"{where}: found {_kind(value)}, expected a table")
        return {str(key): _value(arguments[1], item, f"{where}: {key}") for key, item in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise MammoError(f"{where}: found {_kind(value)}, expected {_NAMES.get(hint, hint.__name__)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise MammoError(f"{where}: found {value}, expected a finite number")
    return value


def _tuple(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise MammoError(f"{where}: found {_kind(value)}, expected a list")
    if arguments[-1] is Ellipsis:
        return tuple(_value(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if len(value) != len(arguments):
        raise MammoError(f"{where}: found {len(value)} values, expected {len(arguments)}")
    return tuple(
        _value(hint, item, f"{where}[{i}]") for i, (hint, item) in enumerate(zip(arguments, value, strict=True))
    )


_NAMES = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    return repr(value)


def _nearest(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean '{close[0]}'?"
    # A short form such as lr for learning_rate shares too few letters in a row, but all of them in order.
    initials = [k for k in known if "".join(part[0] for part in k.split("_")) == name]
    return f"did you mean '{initials[0]}'?" if initials else f"expected one of: {', '.join(known)}"
