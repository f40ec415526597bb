"""The types of single settings that several dataclasses share, what makes such dataclasses, and the verb that refuses settings."""

from __future__ import annotations

import functools
import math
import numbers
import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar, dataclass_transform, get_args

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass

from textrae.errors import ConfigError


def _whole(value: object) -> object:
    """Return 1e4 as 10000: a file of settings may write a whole number so."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = BeforeValidator(_whole)
"""Part of the type of each setting that is a whole number."""
LARGEST_WEIGHT = 1e6
"""Largest weight, factor or norm; beyond it float32 has nothing left to train with."""

Cell = Literal["rnn", "lstm", "gru"]
Device = Literal["auto", "cpu", "cuda", "mps"]
DEVICES: tuple[Device, ...] = get_args(Device)
Precision = Literal["auto", "fp32", "bf16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
Positive = Annotated[int, Whole, Field(gt=0, le=2**40)]
Units = Annotated[int, Whole, Field(gt=0, le=65_536)]
"""Width of a layer or of an embedding."""
Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
Weight = Annotated[float, Field(ge=0.0, le=LARGEST_WEIGHT)]
Factor = Annotated[float, Field(gt=0.0, le=LARGEST_WEIGHT)]
Minutes = Annotated[float, Field(gt=0.0, le=1e7)]
"""Minutes, up to 19 years."""
Epochs = Annotated[float, Field(gt=0.0, le=1e7)]
Seed = Annotated[int, Whole, Field(ge=0, lt=2**64)]

STRICT = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)
"""Configuration of every dataclass of settings.

Unknown names and values of another type are refused; a field's docstring is its description.
"""
BUDGETS = ("minutes", "epochs", "steps")
"""Settings of which a training has one."""

_Class = TypeVar("_Class")


@dataclass_transform(frozen_default=True, field_specifiers=(Field,))
def settings(cls: type[_Class]) -> type[_Class]:
    """Make a frozen dataclass that checks its values and refuses a wrong one by :class:`ConfigError`, in one line.

    NumPy's numbers count as numbers, a list as a tuple, and a path as its name.
    """
    made: Any = dataclass(frozen=True, config=STRICT)(cls)
    checked = made.__init__

    @functools.wraps(checked)
    def init(self: object, *args: object, **values: object) -> None:
        try:
            checked(self, *map(_plain, args), **{name: _plain(value) for name, value in values.items()})
        except ValidationError as error:
            raise ConfigError(_told(made, error, args, values)) from None

    made.__init__ = init
    found: type[_Class] = made
    return found


def _plain(value: object) -> object:
    """Return the plain value of what means the same."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if type(value) in (bool, int, float):
        return value
    if isinstance(value, numbers.Integral):  # as NumPy has them
        return int(value)
    return float(value) if isinstance(value, numbers.Real) else value


def _told(cls: Any, error: ValidationError, args: Sequence[object], values: Mapping[str, object]) -> str:
    """Return in one line what is wrong with the first setting that is, naming it."""
    names = list(cls.__dataclass_fields__)
    first, *more = error.errors()
    place, *within = first["loc"] or (cls.__name__,)
    if first["type"] == "unexpected_positional_argument":
        return f"`{cls.__name__}`: {len(args)} values for {len(names)} settings; name them"
    if isinstance(place, int):
        place, given = names[place], args[place]
    else:
        given = values.get(place)
    if first["type"] == "unexpected_keyword_argument":
        near = get_close_matches(str(place), names, 1)
        other = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(names)}"
        return f"`{place}`: no such setting; {other}"
    if within and isinstance(within[0], int):
        place = f"{place}.{within[0]}"
    said = first["msg"].removeprefix("Value error, ")
    # of a setting of two types, such as a number or auto, pydantic tells what is wrong with each
    others = [other["msg"] for other in more if within and other["loc"][:-1] == first["loc"][:-1]]
    said = " or ".join([said, *(other.removeprefix("Input should be ") for other in others)])
    if isinstance(given, float) and math.isnan(given):
        said = "Input should be a number"
    return f"`{place}`: {said} (given: {_short(_plain(given))})"


def _short(value: object) -> str:
    """Return a value as it is written, on one line, and its beginning only if it is long."""
    said = " ".join(repr(value).split())
    return said if len(said) <= 80 else f"{said[:80]}…"


def refuse(condition: object, reason: str) -> None:
    """Raise :class:`ConfigError` with `reason` if `condition` holds.

    A reason is one line: the setting, what is wrong, what to do. Settings stand in backticks (`slots`, `beta=0.1`); the
    command line shows them as its options.
    """
    if condition:
        raise ConfigError(reason)


def refuse_two_budgets(config: object) -> None:
    """Raise :class:`ConfigError` if more than one of :data:`BUDGETS` is set."""
    given = [f"`{name}`" for name in BUDGETS if getattr(config, name) is not None]
    refuse(len(given) > 1, f"{' and '.join(given)} are each a budget: give one of them")
