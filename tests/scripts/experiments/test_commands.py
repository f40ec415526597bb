"""What commands and the machine answer to the scripts that ask them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import script


def test_a_command_fails_with_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = script("experiments/commands", monkeypatch)
    with pytest.raises(commands.Failed, match="nowhere"):
        commands.answer("info", tmp_path / "nowhere")


def test_the_machine_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    found = script("experiments/commands", monkeypatch).machine()
    assert set(found) == {"machine", "precision", "peak", "commit"}
    assert found["precision"] in ("bf16", "fp32")
    assert found["peak"] > 1e8
