"""The text of the search benchmark: rows that differ, and planted copies."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from conftest import sentences
from support import script


def test_repetitions_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = script("speed/search", monkeypatch)
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text("a\n\nb\n")
    two.write_text("c\n")
    assert list(islice(module.repeated([one, two]), 8)) == ["a", "b", "c", "a 2", "b 2", "c 2", "a 3", "b 3"]


def test_copies_are_planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = script("speed/search", monkeypatch)
    monkeypatch.setattr(module, "PLANTED", 20)
    text = tmp_path / "text.txt"
    text.write_text("\n".join(line.replace("!", ".") + "x" * (line[-1] == "!") for line in sentences()))
    lines, pairs = module.planted([text], 500)
    assert len(lines) == 500
    assert len(set(lines)) == 480
    assert len(pairs) == 20
    assert all(one in lines and other in lines and one != other for one, other in pairs)
    with pytest.raises(SystemExit, match="have 1,200 different lines"):
        module.planted([text], 5_000)
