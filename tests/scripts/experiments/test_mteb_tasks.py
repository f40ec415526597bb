"""MTEB's tasks, made of a suite's files: what both measure by the same protocol is equal."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import sentences
from support import script, textrae_here

pytest.importorskip("sklearn")
pytest.importorskip("sentence_transformers")
pytest.importorskip("mteb")


def test_similarity_and_labels_are_those_of_the_suite(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []  # of a network
    monkeypatch.setattr(socket, "getaddrinfo", lambda *where, **options: asked.append(where) or [])
    monkeypatch.setattr(socket.socket, "connect", lambda _, where: asked.append(where))
    tasks = script("experiments/mteb_tasks", monkeypatch)
    suite, some = tmp_path / "suite", sentences()[::5]
    for kind in ("similarity", "labels", "probing"):
        (suite / kind).mkdir(parents=True)
    pairs = [f"{n * 7 % 5}\t{a}\t{b}" for n, (a, b) in enumerate(zip(some[:60], some[60:120], strict=True))]
    (suite / "similarity" / "pairs.tsv").write_text("\n".join(pairs) + "\n")
    labelled = [f"{one.split()[2]}\t{one}" for one in [*some, *some[:20]]]
    (suite / "labels" / "verbs.tsv").write_text("\n".join(labelled) + "\n")
    (suite / "probing" / "some.txt").write_text("\n".join(some) + "\n")
    monkeypatch.setattr(
        sys, "argv", ["mteb_tasks.py", str(run), str(suite), "--json", str(tmp_path / "f.json")]
    )
    assert tasks.main() == 0
    figures = json.loads((tmp_path / "f.json").read_text())
    assert asked == []
    assert list(figures) == ["pairs", "verbs"]
    for found in figures.values():
        assert found["mteb"] == pytest.approx(found["suite"], abs=1e-3)
    assert figures["verbs"]["suite"] > 0.7
    assert 0.3 < figures["verbs"]["mteb, few labels"] < 1
    printed = capsys.readouterr().out
    assert "| task | suite | mteb | mteb, few labels |" in printed
    told = textrae_here("evaluate", run, "--suite", suite, "--json")
    by_name = {one["name"]: one["scores"]["model"] for one in json.loads(told.stdout)["tasks"]}
    assert by_name["pairs"]["spearman"] == pytest.approx(figures["pairs"]["suite"], abs=1e-4)
    assert by_name["verbs"]["accuracy"] == pytest.approx(figures["verbs"]["suite"], abs=1e-4)


def test_what_is_wrong_is_said_in_a_line(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = script("experiments/mteb_tasks", monkeypatch)
    (tmp_path / "probing").mkdir()
    (tmp_path / "probing" / "some.txt").write_text("\n".join(sentences()) + "\n")
    for words, said in (
        ([run, tmp_path], "nothing in similarity/ and labels/"),
        ([run, tmp_path, "--part", "meaning"], "this run's encodings only spell"),
    ):
        monkeypatch.setattr(sys, "argv", ["mteb_tasks.py", *map(str, words)])
        assert tasks.main() == 1
        assert said in capsys.readouterr().err
