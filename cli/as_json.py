"""Values as JSON, one a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def to_json(value: Any) -> str:
    """Write a value as one line of JSON in UTF-8: numbers that are not finite become null.

    Args:
        value: plain values, dataclasses, arrays of NumPy, paths.
    """
    import orjson

    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    try:
        return orjson.dumps(value, default=_plain, option=options).decode()
    except orjson.JSONEncodeError:  # a lone surrogate, as a name of a file that is not UTF-8 holds
        return orjson.dumps(_encodable(value), default=_plain, option=options).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return _encodable(str(value))
    if hasattr(value, "tolist"):  # an array that is not in C order, or a scalar
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _encodable(value: Any) -> Any:
    """Replace lone surrogates, in containers too, by their escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_encodable(name): _encodable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(inner) for inner in value]
    return value
