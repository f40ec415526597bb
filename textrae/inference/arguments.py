"""Checks of arguments, for Python's callers and the command alike: a right value comes back, or one line is raised.

A value of a wrong type raises :class:`TypeError`, one out of range :class:`textrae.errors.ConfigError`, vectors that cannot
be used :class:`textrae.errors.VectorError`. The line names the argument, the item, and what is expected.
"""

from __future__ import annotations

import math
import numbers
import sys
from collections.abc import Iterable, Iterator, Mapping, Set
from os import PathLike, fsencode, fspath
from typing import TYPE_CHECKING, Any, TypedDict, TypeGuard, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from textrae.errors import ConfigError, VectorError
from textrae.inference.cuts import Cuts
from textrae.inference.vectors import Vectors, check_vectors

if TYPE_CHECKING:
    import torch

WIDEST_BEAM = 1_000
"""Most hypotheses that a beam keeps."""
LONGEST_PATH = 100_000
"""Most points from one sentence of a path to the next."""
MOST = 10_000_000
"""Most sentences that are made by one call."""
_LONGEST_NAME, _LONGEST_PATH = 255, 4_095
"""Bytes of a file's name and of a path, at most, on any usual system."""
_SHOWN = 40
"""Characters of a value that a message shows."""
Choice = TypeVar("Choice", bound=str)
Kind = TypeVar("Kind")
_STEEPEST = 10.0
"""Largest power of a length penalty, and the smallest one below 0."""


class Searching(TypedDict):
    """Checked options of a search."""

    beam: int
    length_penalty: float
    to: str | None
    window: int | None


def shown(value: object) -> str:
    """Describe a value in a few words on one line: what it is, or what type it has."""
    if value is None or isinstance(value, bool | numbers.Number | str | bytes):
        try:
            text = repr(value) if isinstance(value, str | bytes) else str(value)
        except ValueError:  # an integer of too many digits
            return f"a number ({type(value).__name__})"
        text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        return text if value is None or isinstance(value, str | bytes) else f"{text} ({type(value).__name__})"
    shape = getattr(value, "shape", None)
    of = f" of shape {tuple(shape)}" if isinstance(shape, tuple) else ""
    return f"{_named(type(value))}{of}"


def _named(kind: type) -> str:
    if kind is str:
        return "a string"
    return f"{'an' if kind.__name__[0].lower() in 'aeiou' else 'a'} {kind.__name__}"


def expect(right: bool, reason: str) -> None:
    """Raise :class:`ConfigError` with `reason` unless arguments are right together."""
    if not right:
        raise ConfigError(reason)


def whole(name: str, value: object, least: int, most: int | None = None) -> int:
    """Return a whole number from `least` to `most`, both allowed.

    Raises:
        TypeError: it is no integer; True and 4.0 are none.
        ConfigError: it is out of range.
    """
    bounds = f"of {least:,} or more" if most is None else f"from {least:,} to {most:,}"
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(f"`{name}`: a whole number {bounds} is expected, not {shown(value)}")
    number = int(value)
    if number < least or (most is not None and number > most):
        raise ConfigError(f"`{name}`: a whole number {bounds} is expected, not {shown(number)}")
    return number


def real(name: str, value: object, least: float = -math.inf, most: float = math.inf) -> float:
    """Return a finite number from `least` to `most`, both allowed.

    Raises:
        TypeError: it is no number; True is none.
        ConfigError: it is not finite, or out of range.
    """
    bounds = " and ".join(
        f"{word} {bound:,g}"
        for word, bound in (("at least", least), ("at most", most))
        if math.isfinite(bound)
    )
    wanted = f"a finite number{f' of {bounds}' if bounds else ''} is expected"
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(f"`{name}`: {wanted}, not {shown(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or not least <= number <= most:
        raise ConfigError(f"`{name}`: {wanted}, not {shown(value)}")
    return number


def choice(name: str, value: object, choices: Iterable[Choice]) -> Choice:
    """Return a value that is one of `choices`.

    Raises:
        TypeError: it is no string.
        ConfigError: it is another one.
    """
    *some, last = choices
    wanted = f"{', '.join(some)} or {last}" if some else last
    if not isinstance(value, str):
        raise TypeError(f"`{name}`: {wanted} is expected, not {shown(value)}")
    if value not in (*some, last):
        raise ConfigError(f"`{name}`: {wanted} is expected, not {shown(value)}")
    return value


def flag(name: str, value: object) -> bool:
    """Return True or False, or raise :class:`TypeError`."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"`{name}`: True or False is expected, not {shown(value)}")
    return bool(value)


def instance(name: str, value: object, kind: type[Kind]) -> Kind:
    """Return an object of a class, or raise :class:`TypeError`."""
    if not isinstance(value, kind):
        raise TypeError(f"`{name}`: {_named(kind)} is expected, not {shown(value)}")
    return value


def config(name: str, value: object, kind: type[Kind]) -> Kind:
    """Return settings of a class, its default ones for None; or raise :class:`TypeError`."""
    return kind() if value is None else instance(name, value, kind)


def text(name: str, value: object) -> str:
    """Return a string, or raise :class:`TypeError`."""
    return instance(name, value, str)


def word(name: str, value: object) -> str | None:
    """Return a string or None, or raise :class:`TypeError`."""
    if value is not None and not isinstance(value, str):
        raise TypeError(f"`{name}`: a string is expected, not {shown(value)}")
    return value


def seed(value: object) -> int:
    """Return the seed of random draws, 0 to 2⁶⁴ - 1; errors as :func:`whole`."""
    return whole("seed", value, 0, 2**64 - 1)


def beam(value: object) -> int:
    """Return the hypotheses of a beam, 1 to 1,000; errors as :func:`whole`."""
    return whole("beam", value, 1, WIDEST_BEAM)


def searching(beam_: object, length_penalty: object, to: object, window: object) -> Searching:
    """Return the checked options of a search: `beam`, `length_penalty`, `to` and `window`."""
    return {
        "beam": beam(beam_),
        "length_penalty": real("length_penalty", length_penalty, -_STEEPEST, _STEEPEST),
        "to": word("to", to),
        "window": None if window is None else whole("window", window, 1, MOST),
    }


def counts(value: object) -> Cuts | None:
    """Return what counts sentences that are read and truncated, or None."""
    return None if value is None else instance("cuts", value, Cuts)


def place(name: str, value: object) -> str:
    """Return the path of a file or folder, or the name of a data set, as a string.

    Raises:
        TypeError: it is no string and no path.
        ConfigError: it is empty, or no system takes it for a path.
    """
    text = fspath(value) if isinstance(value, PathLike) else value
    if not isinstance(text, str):
        raise TypeError(f"`{name}`: a path is expected, not {shown(value)}")
    if not _is_path(text):
        raise ConfigError(f"`{name}`: {shown(text)} is no path; give that of a file or folder")
    return text


def places(name: str, given: object) -> tuple[str, ...]:
    """Return the paths of one or several files as strings; errors as :func:`place`."""
    if isinstance(given, str | PathLike):
        return (place(name, given),)
    _refuse_container(name, given, "a path or several")
    return tuple(place(name, one) for one in cast(Iterable[object], given))


def sentence(name: str, value: object) -> str:
    """Return one sentence.

    Raises:
        TypeError: it is no string.
        ConfigError: it holds half of a character (a lone surrogate), which no text has.
    """
    return _sentence(f"`{name}`", value)


def sentences(name: str, given: object) -> Iterator[str]:
    """Return an iterator over sentences; they are checked as they come, so that a stream stays one.

    Args:
        name: of the argument.
        given: any iterable of strings: a list, a generator, a pandas or polars series, an array of NumPy or pyarrow, a
            column of a data set.

    Raises:
        TypeError: it is a string, a table, a mapping, a set or an array of several dimensions; or an item is no string.
        ConfigError: an item holds a lone surrogate.
    """
    if isinstance(given, str):
        raise TypeError(
            f"`{name}`: several sentences are expected, not one string; give a list: [{shown(given)}]"
        )
    _refuse_container(name, given, "several sentences")
    return _sentences(name, cast(Iterable[object], given))


def vectors(name: str, given: object, width: int, first: int = 0, kept: bool = False) -> tuple[Vectors, bool]:
    """Return vectors as float32 (n, width), and whether only one was given, of shape (width,).

    Args:
        name: of the argument.
        given: an array or tensor of any type of number, on any device; or an iterable of vectors, such as a list, a
            pandas series or an array of pyarrow. What :func:`textrae.inference.vectors.stored` returned is restored.
        width: dimensions that a vector must have.
        first: number of the first row in messages, where the vectors are a part of many.
        kept: whether the last number is a length that an encoding keeps.

    Raises:
        TypeError: it is no array and no iterable of vectors.
        VectorError: a vector has another width, holds what is no number, or is not finite.
    """
    array = _array(name, given, width)
    one = array.ndim == 1
    with np.errstate(over="ignore"):  # what becomes infinite is refused by its row
        checked = check_vectors(array[None] if one else array, width, first, kept)
    return np.require(checked, requirements="W"), one  # torch takes no read-only memory


def sentences_or_vectors(name: str, given: object) -> Any:
    """Return a string, a list of strings, or what was given where it holds no string and so may be vectors.

    Raises:
        TypeError: no items are taken from it, or strings stand beside other things.
        ConfigError: a string holds a lone surrogate.
    """
    if isinstance(given, str):
        return sentence(name, given)
    if _is_tensor(given) or (isinstance(given, np.ndarray) and given.dtype.kind not in "OUST"):
        return given
    _refuse_container(name, given, "sentences or vectors")
    items = [one.as_py() if hasattr(one, "as_py") else one for one in cast(Iterable[object], given)]
    return list(_sentences(name, items)) if any(isinstance(one, str) for one in items) else items


def _array(name: str, given: object, width: int) -> NDArray[Any]:
    """Return an array of what may be vectors, of any shape and type that NumPy gives it."""
    if _is_tensor(given):
        return _from_torch(name, given)
    if isinstance(given, np.ndarray):
        if np.ma.is_masked(given):
            raise VectorError(f"`{name}`: an array with masked numbers; fill them, or leave their rows out")
        if given.dtype != object:
            return np.asarray(given)
        given = given.tolist()
    _refuse_container(name, given, "vectors")
    items = [one.as_py() if hasattr(one, "as_py") else one for one in cast(Iterable[object], given)]
    if items and all(isinstance(one, numbers.Real) for one in items):
        return _row(name, 0, items)
    rows = [_row(name, number, one) for number, one in enumerate(items)]
    for number, row in enumerate(rows):
        if row.shape != rows[0].shape or row.ndim != 1:
            raise VectorError(
                f"`{name}`: item {number} (counted from 0) has shape {row.shape}, and the first {rows[0].shape}: "
                "give vectors of one length"
            )
    return np.stack(rows) if rows else np.empty((0, width), dtype=np.float32)


def _row(name: str, number: int, item: object) -> NDArray[Any]:
    """Return an item of several as an array."""
    if _is_tensor(item):
        return _from_torch(name, item)
    if hasattr(item, "__array__") and len(getattr(item, "shape", ())) == 1:  # a series of a table
        item = np.asarray(item)
    if not isinstance(item, np.ndarray | list | tuple):
        raise TypeError(f"`{name}`: item {number} (counted from 0) is {shown(item)}; a vector is expected")
    if not isinstance(item, np.ndarray):
        wrong = [one for one in item if not isinstance(one, numbers.Real) or isinstance(one, bool)]
        if wrong:
            raise VectorError(
                f"`{name}`: item {number} (counted from 0) holds {shown(wrong[0])}; numbers are expected"
            )
    try:
        return np.asarray(item, dtype=None if isinstance(item, np.ndarray) else np.float64)
    except OverflowError:
        raise VectorError(f"`{name}`: item {number} (counted from 0) holds a number too large") from None


def _is_tensor(value: object) -> TypeGuard[torch.Tensor]:
    """Return whether a value is torch's; the command checks its options before it loads torch."""
    module = sys.modules.get("torch")
    return module is not None and isinstance(value, module.Tensor)


def _from_torch(name: str, tensor: torch.Tensor) -> NDArray[Any]:
    try:
        plain = tensor.detach().to("cpu")
        return (plain.float() if plain.element_size() == 2 else plain).numpy()  # NumPy has no bfloat16
    except (RuntimeError, TypeError, NotImplementedError):  # sparse, quantised, without storage
        raise VectorError(
            f"`{name}`: a tensor of {tensor.dtype}, {tensor.layout} on {tensor.device}; give a dense one of numbers"
        ) from None


def _sentences(name: str, given: Iterable[object]) -> Iterator[str]:
    for number, item in enumerate(given):
        yield _sentence(f"`{name}`: item {number} (counted from 0)", item)


def _sentence(where: str, value: object) -> str:
    text = value.as_py() if hasattr(value, "as_py") else value
    if not isinstance(text, str):
        raise TypeError(f"{where} is {shown(text)}; a string is expected")
    if not text.isascii() and not _encodes(text):
        raise ConfigError(
            f"{where} is {shown(text)}, with half of a character (a lone surrogate); repair it first"
        )
    return str(text)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_path(text: str) -> bool:
    """Return whether a system takes a text for a path, and a message of one line can name it."""
    try:
        parts = fsencode(text).split(b"/")
    except UnicodeEncodeError:
        return False
    short = len(fsencode(text)) <= _LONGEST_PATH and max(map(len, parts)) <= _LONGEST_NAME
    return bool(text) and short and not set("\0\n\r") & set(text)


def _refuse_container(name: str, given: object, wanted: str) -> None:
    """Raise :class:`TypeError` for what no items are taken from: tables, mappings, sets, arrays of several dimensions."""
    if hasattr(given, "columns") or hasattr(given, "column_names"):
        raise TypeError(f"`{name}`: {wanted} are expected, not {shown(given)}; give one of its columns")
    if isinstance(given, str | bytes | bytearray | Mapping | Set) or not isinstance(given, Iterable):
        raise TypeError(f"`{name}`: {wanted} are expected, not {shown(given)}; give a list")
    shape = getattr(given, "shape", None)
    if isinstance(shape, tuple) and len(shape) != 1:
        raise TypeError(f"`{name}`: {wanted} are expected, not {shown(given)}; give one dimension")
