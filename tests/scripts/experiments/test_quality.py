"""Quality by corpus and length: from trainings to Markdown, and from the file again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support import answer_here, script

SMALL = ["--hidden", "16", "--embedding", "16", "--slots", "2", "--latent", "8", "--vocab-size", "400"]


def test_trains_measures_and_goes_on(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quality = script("experiments/quality", monkeypatch)
    measured = sys.modules["measured"]
    where = {"machine": "here", "precision": "bf16", "peak": 1e9, "commit": "c"}
    monkeypatch.setattr(measured, "answer", answer_here)
    monkeypatch.setattr(measured, "machine", lambda: where)
    lines = corpus.read_text().splitlines(keepends=True)
    for name, part in (("train", lines[::20]), ("valid", lines[1::200]), ("far", ["a b c\n"] * 3)):
        (tmp_path / name).write_text("".join(part))
    out = str(tmp_path / "figures.jsonl")
    words = ["quality.py", "--corpus", f"small={tmp_path / 'train'},{tmp_path / 'valid'}", "--steps", "2"]
    words += ["--unseen", f"far={tmp_path / 'far'}", "--out", out, "--", *SMALL]
    monkeypatch.setattr(sys, "argv", words)
    assert quality.main() == 0
    first = capsys.readouterr().out
    own, far = first.splitlines()[2:4]
    assert own.startswith("| small | 2 steps | small | 2 | ")
    assert far.startswith("| small | 2 steps | far | 2 | ")
    assert "| 2 × 8 = 16 |" in own
    assert "small, by length in tokens: token accuracy, exact, BLEU" in first
    assert "| tokens | sentences | 2 steps |" in first
    assert "Measured on here; bf16 matrix peak 1 GFLOP/s before each training; commit c." in first
    assert "small: 60 texts to train on, 6 to measure on." in first

    monkeypatch.setattr(measured, "answer", None)  # nothing is trained again
    assert quality.main() == 0
    assert capsys.readouterr().out == first
    monkeypatch.setattr(sys, "argv", ["quality.py", "--table", out])
    assert quality.main() == 0
    assert capsys.readouterr().out == first


def test_an_unseen_text_needs_a_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quality = script("experiments/quality", monkeypatch)
    monkeypatch.setattr(sys, "argv", ["quality.py", "--unseen", "far.txt"])
    with pytest.raises(SystemExit):
        quality.main()
    assert "'far.txt': give NAME=FILE" in capsys.readouterr().err
