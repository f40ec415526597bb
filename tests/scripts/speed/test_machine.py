"""What scripts write of the machine beside their figures."""

from __future__ import annotations

import pytest
import torch
from support import script


def test_facts_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    found = script("speed/machine", monkeypatch).facts(64)
    assert found["machine"].endswith(f"torch {torch.__version__}")
    assert found["precision"] in ("bf16", "fp32")
    assert found["peak"] > 1e6


def test_outside_a_checkout_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = script("speed/machine", monkeypatch)
    monkeypatch.setenv("PATH", "")  # no git
    assert machine.commit() == "unknown"
