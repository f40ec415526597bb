"""The one verb that refuses settings."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from textrae.errors import ConfigError
from textrae.settings.fields import BUDGETS, refuse, refuse_two_budgets


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
