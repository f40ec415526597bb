"""Random tables: equal rows or one line that refuses them, never other rows in silence."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SCRIPT = Path(__file__).parents[3] / "scripts" / "checks" / "random_tables.py"


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("random_tables", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["random_tables"] = module  # where its dataclasses look for their names
    spec.loader.exec_module(module)
    return module


@given(seed=st.integers(min_value=0, max_value=2**32))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_table_is_read_wrongly_in_silence(script: Any, tmp_path: Path, seed: int) -> None:
    table = script.draw_table(random.Random(seed))
    what, more = script.outcome(table, tmp_path)
    assert what != "wrong", more
    assert what == "right" or not table.ordinary, more


def test_a_wrong_reading_would_be_told(script: Any, tmp_path: Path) -> None:
    """The check fails where it should."""
    wrong = script.Table("table.csv", b"id,text\n1,a\n", ["1"])
    assert script.outcome(wrong, tmp_path) == ("wrong", "['a'] instead of ['1']")
    assert script.outcome(script.Table("table.csv", b"a,b\n1,a\n", ["1"]), tmp_path)[0] == "refused"
    assert script.outcome(script.Table("t.csv", b"id;text\n1;a\n", ["a"]), tmp_path) == (
        "right",
        'column "text" (delimiter ;)',
    )
