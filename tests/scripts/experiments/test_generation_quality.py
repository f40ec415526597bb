"""The judge of generated sentences: a row for real text, for a language model, and for each file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from conftest import sentences
from support import script


def test_every_text_gets_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quality = script("experiments/generation_quality", monkeypatch)
    texts = {"train": sentences()[:300], "valid": sentences()[300:360], "made": [*sentences()[::30], ""]}
    for name, lines in texts.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    words = ["generation_quality.py", *(tmp_path / name for name in texts), "--minutes", 0.01, "--hidden", 16]
    words += ["--vocabulary", 400, "--language-model", 0.01]
    monkeypatch.setattr(sys, "argv", list(map(str, words)))
    quality.main()
    said = capsys.readouterr()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in said.out.splitlines()]
    assert [row[0] for row in rows] == ["text", "---", "real", "language model", "made"]
    assert all(len(row) == len(quality.columns()) for row in rows)
    assert rows[4][1] == "40"
    assert rows[4][5] == "75.0%"  # a quarter of them is in the training text
    assert "1 of 41 lines are blank" in said.err
    monkeypatch.setattr(sys, "argv", list(map(str, [*words, "--paths"])))
    quality.main()
    assert {line.split("|")[4].strip() for line in capsys.readouterr().out.splitlines()[2:]} == {"-"}
