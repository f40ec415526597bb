"""Corpora elsewhere, read through fsspec: its memory stands for every other file system."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.registry import known_implementations
from text.reading import config, read_path, texts

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.text.corpus import prepare
from textrae.text.remote import connect, is_address
from textrae.text.sources import locate


@pytest.fixture
def memory() -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


def refused(path: str) -> str:
    with pytest.raises(CorpusError) as caught:
        read_path(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def table(texts: list[str]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"text": texts}), out)
    return out.getvalue()


def test_addresses() -> None:
    assert all(map(is_address, ("s3://b/x", "memory://x", "simplecache::s3://x", "abfss://c@h/x")))
    assert not any(
        map(is_address, ("C:\\texts\\a.txt", "c:/x.txt", "a.txt", "owner/name:train", "-", "x:/y"))
    )


def test_files_patterns_and_folders(memory: Any) -> None:
    memory.pipe("/c/a.txt", b"a\n")
    memory.pipe("/c/b.txt.gz", gzip.compress(b"b\n"))
    memory.pipe("/c/_SUCCESS", b"")
    memory.pipe("/d/e[1].txt", b"bracket\n")
    assert read_path("memory://c/a.txt") == ["a"]
    assert read_path("memory://c") == read_path("memory://c/*") == ["a", "b"]
    assert read_path("memory://d/e[1].txt") == ["bracket"]
    source = locate("memory://c/*", CorpusConfig())
    assert source.label == "* (2 files)"
    assert [part.name for part in source.files] == ["memory:///c/a.txt", "memory:///c/b.txt.gz"]


def test_parquet(memory: Any) -> None:
    memory.pipe("/p/0.parquet", table(["a", "b"]))
    memory.pipe("/p/1.parquet", table(["c"]))
    assert read_path("memory://p/*.parquet") == ["a", "b", "c"]
    memory.pipe("/p/2.parquet", table(["d"] * 50)[:-20])
    assert refused("memory://p/*.parquet").startswith("memory:///p/2.parquet: cannot be read as parquet")


def test_a_training_reads_it_and_knows_when_it_has_changed(memory: Any, tmp_path: Path) -> None:
    lines = [f"sentence {number} of the text" for number in range(60)]
    memory.pipe("/c/0.txt", "\n".join(lines[:30]).encode())
    memory.pipe("/c/1.txt", "\n".join(lines[30:]).encode())
    corpus = prepare(["memory://c/*.txt"], config(), tmp_path / "cache")
    assert set(texts(corpus.train, corpus.tokenizer)) < set(lines)
    assert corpus.stats.sources == ("*.txt (2 files)",)
    index = (tmp_path / "cache" / "corpus.json").stat().st_mtime_ns
    prepare(["memory://c/*.txt"], config(), tmp_path / "cache")
    assert (tmp_path / "cache" / "corpus.json").stat().st_mtime_ns == index
    memory.pipe("/c/1.txt", "\n".join([*lines[30:], "more"]).encode())
    assert prepare(["memory://c/*.txt"], config(), tmp_path / "cache").stats.lines == 61


def test_file_addresses_are_files_here(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a\n")
    assert read_path(f"file://{tmp_path}/*.txt") == read_path(f"file://{tmp_path}/a.txt") == ["a"]
    assert connect(f"file://{tmp_path}/a.txt") == (None, f"{tmp_path}/a.txt")


def test_chains(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("in/a.txt", "a\n")
        archive.writestr("in/b.txt", "b\n")
    assert read_path(f"zip://in/*.txt::file://{tmp_path}/a.zip") == ["a", "b"]
    assert "no file matches" in refused(f"zip://out/*.txt::file://{tmp_path}/a.zip")
    assert "no such file" in refused(f"zip://*.txt::file://{tmp_path}/none.zip")


def test_nothing_there(memory: Any) -> None:
    assert refused("memory://none.txt") == "memory://none.txt: no such file; check the address"
    assert refused("memory://none/*.txt") == "memory://none/*.txt: no file matches it; check the pattern"
    assert (
        refused("nosuch://x/a.txt")
        == "nosuch://x/a.txt: fsspec knows no protocol nosuch://; check the address"
    )


def test_a_driver_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = {"class": "no_such_driver.fs.System", "err": "Install no_such_driver to access it"}
    monkeypatch.setitem(known_implementations, "nodriver", driver)
    assert refused("nodriver://b/part-*.parquet") == (
        "nodriver://b/part-*.parquet: nodriver:// needs a driver that is not installed; `pip install no_such_driver`"
    )


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.parquet"])
def test_what_a_driver_raises_is_one_line(memory: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    class Lost(Exception):
        pass

    def lost(*_: Any, **__: Any) -> None:
        raise Lost("connection reset\nby peer")

    memory.pipe(f"/{name}", b"a\n")
    monkeypatch.setattr(type(memory), "_open", lost)
    assert refused(f"memory://{name}") == (
        f"memory://{name}: cannot be read: connection reset; check the address, the network and your access"
    )
    monkeypatch.setattr(type(memory), "info", lost)
    assert "connection reset; check" in refused(f"memory://{name}")
