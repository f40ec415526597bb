"""`textrae export` as a user runs it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from conftest import sentences
from support import answer_here, textrae_here

from textrae import SentenceAutoencoder


def test_the_files_are_written_and_told(run: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from textrae.integrations.onnx.generate import Exported

    out = tmp_path / "graphs"
    done = textrae_here("export", run, "-o", out)
    assert done.returncode == 0, done.stderr
    said = done.stderr.decode()
    assert said.startswith(f"{out}: 6 files, 0.")
    assert said.endswith(f"python {out}/generate.py < FILE\n")
    lines = sentences()[:20]
    assert Exported(out, 1).rebuild(lines) == SentenceAutoencoder.load(run).reconstruct(lines)
    found = answer_here("export", run, "--int8", "-o", tmp_path / "small")
    assert found["int8"] is True
    assert found["bytes"] == {path.name: path.stat().st_size for path in (tmp_path / "small").iterdir()}


def test_what_cannot_be_done_is_one_line(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx")
    (tmp_path / "there").mkdir()
    (tmp_path / "series").mkdir()
    (tmp_path / "series" / "config.json").write_text(json.dumps({"format": 1, "kind": "series"}))
    missing = importlib.util.find_spec
    for words, code, said in (
        ((run, "-o", tmp_path / "there"), 1, "exists already; choose another folder"),
        ((tmp_path / "none", "-o", tmp_path / "new"), 1, "no such run folder"),
        ((tmp_path / "series", "-o", tmp_path / "new"), 2, "a run of series cannot be exported"),
    ):
        done = textrae_here("export", *words)
        assert (done.returncode, done.stderr.count(b"\n")) == (code, 1)
        assert said in done.stderr.decode()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnx" else missing(name))
    done = textrae_here("export", run, "-o", tmp_path / "new")
    assert done.stderr.decode() == 'error: exporting needs onnx: pip install "textrae[onnx]"\n'
    assert not (tmp_path / "new").exists()
