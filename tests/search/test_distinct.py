"""Different sentences and their rows, beside a dictionary."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrae.search import distinct as module
from textrae.search.distinct import Distinct


def by_definition(lines: list[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, line in enumerate(lines):
        if line.strip():
            found.setdefault(line, []).append(row)
    return found


def checked(lines: list[str]) -> None:
    distinct, wanted = Distinct(lines), by_definition(lines)
    assert list(distinct) == list(wanted)
    rows, starts = distinct.rows()
    assert [rows[a:b].tolist() for a, b in pairwise(starts)] == list(wanted.values())
    blank = sum(not line.strip() for line in lines)
    assert (distinct.seen, distinct.count, distinct.blank) == (len(lines), len(wanted), blank)


@settings(max_examples=60)
@given(st.lists(st.text(alphabet="ab \t", max_size=3), max_size=60))
def test_each_comes_once_with_all_its_rows(lines: list[str]) -> None:
    checked(lines)


def test_blocks_and_tables_have_no_borders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 4)
    monkeypatch.setattr(module, "_RECENT", 6)
    lines = [str(number) for number in np.random.default_rng(0).integers(0, 40, 300)]
    checked([*lines, "", "x"])
