"""A prepared corpus on disk: whole or not at all."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path

import pytest
from text.reading import config, files, texts

from textrae.errors import CorpusError
from textrae.text import rows as rows_module
from textrae.text.corpus import prepare
from textrae.text.prepared import PreparedCorpus, open_cache

LINES = [f"sentence {i % 300} of the text" for i in range(500)]


def make(tmp_path: Path, lines: list[str]) -> PreparedCorpus:
    return prepare(files(tmp_path, a=lines), config(), tmp_path / "cache")


def test_open_cache_needs_no_sources(tmp_path: Path) -> None:
    corpus = make(tmp_path, LINES)
    rows = texts(corpus.train, corpus.tokenizer)
    (tmp_path / "a.txt").unlink()
    found = open_cache(tmp_path / "cache")
    assert found is not None
    assert texts(found.train, found.tokenizer) == rows
    assert found.tokenizer.digest == corpus.tokenizer.digest
    found.remove()
    assert list((tmp_path / "cache").iterdir()) == []
    assert open_cache(tmp_path / "cache") is None
    assert open_cache(tmp_path / "nowhere") is None


@pytest.mark.parametrize("name", ["train.arrow", "valid.arrow", "tokenizer.model", "corpus.json"])
@pytest.mark.parametrize("damage", ["missing", "half", "zeros"])
def test_a_damaged_cache_is_not_opened_but_made_again(tmp_path: Path, name: str, damage: str) -> None:
    make(tmp_path, LINES)
    file = tmp_path / "cache" / name
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(content[: len(content) // 2] if damage == "half" else b"\x00" * len(content))
    assert open_cache(tmp_path / "cache") is None
    assert len(make(tmp_path, LINES).train)
    assert open_cache(tmp_path / "cache") is not None


@pytest.mark.parametrize("limits", [{"train.arrow": 0}, {"train.arrow": True}, {"valid.arrow": 2.5}, 7, "x"])
def test_a_cache_whose_limits_are_damaged_is_not_opened(tmp_path: Path, limits: object) -> None:
    make(tmp_path, LINES)
    index = tmp_path / "cache" / "corpus.json"
    values = json.loads(index.read_text())
    assert values["limits"] == {"train.arrow": 128, "valid.arrow": 128}
    index.write_text(json.dumps({**values, "limits": limits}))
    assert open_cache(tmp_path / "cache") is None
    del values["limits"]  # as an older textrae has it
    index.write_text(json.dumps(values))
    assert open_cache(tmp_path / "cache") is not None


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    make(tmp_path, LINES)
    monkeypatch.setattr(rows_module.os, "fsync", full)
    with pytest.raises(
        CorpusError, match=r"cache: the token cache cannot be written .No space left on device.; free"
    ):
        make(tmp_path, [*LINES, "more"])
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "a.txt").write_text("a\nb\n")
    with pytest.raises(CorpusError, match="cannot be written"):
        prepare([str(tmp_path / "a.txt")], config(), tmp_path / "file" / "cache")


def test_stats_survive_json(tmp_path: Path) -> None:
    stats = make(tmp_path, LINES).stats
    stored = json.loads((tmp_path / "cache" / "corpus.json").read_text())["stats"]
    assert Counter(stored.keys()) == Counter(field.name for field in dataclasses.fields(stats))
