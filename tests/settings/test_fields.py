"""Settings that refuse wrong values in one line, and the one verb that refuses settings."""

from __future__ import annotations

import inspect
import math
import pickle
from contextlib import suppress
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from textrae import CorpusConfig, ModelConfig, TrainingConfig
from textrae.errors import ConfigError
from textrae.series.settings import SeriesConfig, SeriesFormat, SeriesTraining
from textrae.settings.fields import (
    BUDGETS,
    Fraction,
    Positive,
    Weight,
    refuse,
    refuse_two_budgets,
    settings,
)


@pytest.mark.parametrize("condition", [True, 1, "x", [0]])
def test_what_holds_is_refused(condition: object) -> None:
    with pytest.raises(ConfigError, match=r"^the reason$"):
        refuse(condition, "the reason")


@pytest.mark.parametrize("condition", [False, 0, None, "", (), 0.0])
def test_what_does_not_hold_is_let_through(condition: object) -> None:
    refuse(condition, "the reason")


def test_one_budget_is_enough() -> None:
    none = dict.fromkeys(BUDGETS)
    refuse_two_budgets(SimpleNamespace(**none))
    refuse_two_budgets(SimpleNamespace(**{**none, "steps": 3}))
    with pytest.raises(ConfigError, match="`minutes` and `epochs` and `steps` are each a budget"):
        refuse_two_budgets(SimpleNamespace(minutes=1, epochs=1, steps=1))


@settings
class Sizes:
    """Settings of a test."""

    width: Positive = 3
    share: Fraction = 0.5
    weight: Weight = 1.0
    flag: bool = False
    name: str | None = None
    names: tuple[str, ...] = ()


EVERY = [ModelConfig, CorpusConfig, TrainingConfig, SeriesConfig, SeriesFormat, SeriesTraining]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"width": "x"}, "`width`: Input should be a valid integer (given: 'x')"),
        ({"width": "3"}, "`width`: Input should be a valid integer (given: '3')"),
        ({"width": True}, "`width`: Input should be a valid integer (given: True)"),
        ({"width": None}, "`width`: Input should be a valid integer (given: None)"),
        ({"width": 2.5}, "`width`: Input should be a valid integer (given: 2.5)"),
        ({"width": 10**20}, "`width`: Input should be less than or equal to 1099511627776 (given: 1"),
        ({"width": -5}, "`width`: Input should be greater than 0 (given: -5)"),
        ({"share": math.nan}, "`share`: Input should be a number (given: nan)"),
        ({"share": "0.1"}, "`share`: Input should be a valid number (given: '0.1')"),
        ({"weight": math.inf}, "`weight`: Input should be less than or equal to 1000000 (given: inf)"),
        ({"weight": math.nan}, "(given: nan)"),
        ({"weight": np.float64("nan")}, "(given: nan)"),
        ({"flag": 1}, "`flag`: Input should be a valid boolean (given: 1)"),
        ({"flag": "no"}, "`flag`: Input should be a valid boolean (given: 'no')"),
        ({"name": b"x"}, "`name`: Input should be a valid string (given: b'x')"),
        ({"name": "x\ny", "names": "ab"}, "`names`: Input should be a valid tuple (given: 'ab')"),
        ({"names": ["a", 2]}, "`names.1`: Input should be a valid string (given: ('a', 2))"),
        ({"widht": 3}, "`widht`: no such setting; did you mean `width`?"),
        ({"zz": 3}, "`zz`: no such setting; there are width, share, weight, flag, name, names"),
        ({"width": list(range(100))}, "…)"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Sizes(**values)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "http" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_values_by_place_are_named() -> None:
    assert Sizes(4, 0.25).share == 0.25
    wrong: tuple[Any, ...] = (4, "x")
    with pytest.raises(ConfigError, match=r"`share`: Input should be a valid number .given: 'x'"):
        Sizes(*wrong)
    with pytest.raises(ConfigError, match="`Sizes`: 7 values for 6 settings; name them"):
        Sizes(*[4, 0.5, 1.0, False, "x", (), 3])  # type: ignore[call-arg, arg-type, list-item]


def test_what_means_the_same_is_taken() -> None:
    given: dict[str, Any] = {
        "width": np.int64(7), "share": np.float32(0.25), "weight": 2, "name": Path("a"), "names": ["b", "c"],
    }  # fmt: skip
    made = Sizes(**given)
    assert made == Sizes(7, 0.25, 2.0, False, "a", ("b", "c"))
    assert [type(value) for value in vars(made).values()] == [int, float, float, bool, str, tuple]
    assert Sizes(**{"width": 1e4}).width == 10_000


def test_they_are_dataclasses() -> None:
    made = Sizes(width=4)
    assert replace(made, share=0.1) == Sizes(4, 0.1)
    assert pickle.loads(pickle.dumps(made)) == made
    assert list(inspect.signature(Sizes).parameters) == [field.name for field in fields(Sizes)]
    with pytest.raises(ConfigError, match="`share`"):
        replace(made, share=1.0)
    with pytest.raises(FrozenInstanceError):
        made.width = 3  # type: ignore[misc]


def made(cls: Any, name: str, value: object) -> object:
    """Return a setting that is given a value, or None where it refuses that."""
    with suppress(ConfigError):
        return getattr(cls(**{name: value}), name)
    return None


@pytest.mark.parametrize("cls", EVERY)
def test_every_setting_refuses_every_value_that_it_cannot_have(cls: Any) -> None:
    """Nothing but ConfigError is raised, in one line that begins with the name; every number has bounds."""
    odd = [
        math.nan,
        math.inf,
        -math.inf,
        -1,
        1e300,
        10**30,
        "x",
        b"x",
        object(),
        {},
        {1},
        [None],
        1j,
        (),
        True,
    ]
    for field in fields(cls):
        with pytest.raises(ConfigError, match=f"^`{field.name}`: Input should be .*given: <object"):
            cls(**{field.name: object()})
        for value in odd:
            found = made(cls, field.name, value)
            assert found is None or type(value) is type(found) or isinstance(found, float | int | tuple)
            assert not isinstance(found, float | int) or abs(found) < 2**64
    with pytest.raises(ConfigError, match=r"^`nonsense`: no such setting; there are "):
        cls(nonsense=1)
