"""Sentences given in memory, on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from textrae.errors import CorpusError
from textrae.text.spill import spill


def test_lines_hold_the_sentences(tmp_path: Path) -> None:
    some = ["A dog.", "", "a\nb", "猫 🐱", '"quoted"\\']
    path = spill(iter(some), tmp_path)
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == [
        {"text": one} for one in some
    ]


def test_nothing_to_train_on_and_no_room(tmp_path: Path) -> None:
    for none in ([], ["", "  \n"]):
        with pytest.raises(CorpusError, match="none to train on"):
            spill(none, tmp_path)
    with pytest.raises(CorpusError, match="cannot write"):
        spill(["A dog."], tmp_path / "missing")
