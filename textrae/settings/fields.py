"""The types of single settings that several dataclasses share, and the one verb by which settings are refused."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import ConfigDict, Field

from textrae.errors import ConfigError

Cell = Literal["rnn", "lstm", "gru"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
Positive = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
Seed = Annotated[int, Field(ge=0, lt=2**64)]

STRICT = ConfigDict(extra="forbid", use_attribute_docstrings=True)
"""Configuration of every dataclass of settings: unknown names are refused, a field's docstring is its description."""
BUDGETS = ("minutes", "epochs", "steps")
"""Settings of which a training has one."""


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
