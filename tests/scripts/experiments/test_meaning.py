"""What teaches meaning, compared: a line for each objective, then the suite's simple encodings."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import sentences
from support import answer_here, script

SMALL = ["--hidden", "16", "--embedding", "16", "--slots", "2", "--latent", "8", "--vocab-size", "400"]


def test_compares_objectives_and_keeps_their_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    meaning = script("experiments/meaning", monkeypatch)
    where = {"machine": "here", "precision": "bf16", "peak": 1e9, "commit": "c"}
    monkeypatch.setattr(meaning, "answer", answer_here)
    monkeypatch.setattr(meaning, "machine", lambda: where)
    lines = sentences()[::20]
    (tmp_path / "train").write_text("\n".join(lines) + "\n")
    (tmp_path / "valid").write_text("\n".join(sentences()[1::200]) + "\n")
    (tmp_path / "suite" / "similarity").mkdir(parents=True)
    pairs = [f"{n % 5}\t{a}\t{b}" for n, (a, b) in enumerate(zip(lines[:20], lines[20:40], strict=True))]
    (tmp_path / "suite" / "similarity" / "pairs.tsv").write_text("\n".join(pairs) + "\n")
    np.save(tmp_path / "teacher.npy", np.random.default_rng(0).normal(size=(len(lines), 12)))
    words = [
        "meaning.py",
        tmp_path / "train",
        tmp_path / "valid",
        "--suite",
        tmp_path / "suite",
        "--steps",
        2,
    ]
    words += ["--teacher", tmp_path / "teacher.npy", "--only", "none", "views", "teacher"]
    monkeypatch.setattr(meaning, "find_spec", lambda name: name)
    monkeypatch.setattr(meaning, "others_speed", lambda model, text: 1_234)
    words += ["--encoder", "large-model", "--truncate", "8,32", "--picture", tmp_path / "meaning.svg"]
    words += ["--keep", tmp_path / "kept", "--", *SMALL]
    monkeypatch.setattr(sys, "argv", [str(word) for word in words])
    assert meaning.main() == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "| objective | pairs, spearman | BLEU | sentences/s |"
    names = ["none", "views", "views, first-8", "views, first-32", "teacher", "teacher, first-8"]
    assert [line.split(" | ")[0][2:] for line in said[2:8]] == names
    assert all(len(line.split("|")) == 6 for line in said[2:13])
    assert said[8].startswith("| tfidf | ")
    assert "| large-model | | | 1,234 |" in said
    rows = np.random.default_rng(0).normal(size=(200, 6)) * [9, 5, 3, 2, 1, 1] + 4
    treated = meaning.processed(rows, rows)
    np.testing.assert_allclose(np.cov(treated["whitened"].T, bias=True) * len(rows), np.eye(6), atol=1e-6)
    half = np.cov(treated["half-whitened"].T, bias=True)
    np.testing.assert_allclose(half, np.diag(np.diag(half)), atol=1e-6)
    assert np.linalg.matrix_rank(treated["without-first"], tol=1e-6) == 5
    np.testing.assert_allclose(treated["centred"].mean(0), 0, atol=1e-9)
    drawn = (tmp_path / "meaning.svg").read_text()
    assert all(f">{name}</text>" in drawn for name in ("none", "views", "teacher", "sif", "tfidf"))
    assert said[-1] == "here, bf16, peak 1 GFLOP/s, commit c"
    sizes = [
        answer_here("info", tmp_path / "kept" / name)["encoding_size"]
        for name in ("none", "views", "teacher")
    ]
    assert sizes == [16, 256 + 16, 12 + 16]
    without = [str(word) for word in words if word not in ("--teacher", tmp_path / "teacher.npy")]
    without[without.index("none")] = "teacher"  # left out, and first
    monkeypatch.setattr(sys, "argv", without)
    assert meaning.main() == 0
    assert capsys.readouterr().out.startswith("| objective | ")
    monkeypatch.setattr(sys, "argv", [str(word) for word in words])
    assert meaning.main() == 0  # the runs that are kept are not trained again
    again = capsys.readouterr().out.splitlines()
    assert [line.rsplit("|", 2)[0] for line in again[:8]] == [line.rsplit("|", 2)[0] for line in said[:8]]
