"""The types of single settings, which several of the dataclasses share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

Cell = Literal["rnn", "lstm", "gru"]

Device = Literal["auto", "cpu", "cuda", "mps"]

Precision = Literal["auto", "fp32", "bf16"]

Positive = Annotated[int, Field(gt=0)]

Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]

Seed = Annotated[int, Field(ge=0, lt=2**64)]

_STRICT = ConfigDict(extra="forbid")

_BUDGETS = ("minutes", "epochs", "steps")
"""Settings of which a training has one."""


def _refuse_two_budgets(config: object) -> None:
    given = [name for name in _BUDGETS if getattr(config, name) is not None]
    if len(given) > 1:
        raise ValueError(f"{' and '.join(given)} are each a budget: give one of them")
