"""Processes that share a folder: one prepares it, the others wait for it and map it, and a killed one holds up nobody."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from text.reading import config, files, texts

from textrae.errors import CorpusError
from textrae.text import corpus as module
from textrae.text.corpus import prepare
from textrae.text.prepared import PreparedCorpus, open_cache
from textrae.text.sharing import LOCK, one_at_a_time

LINES = [f"sentence {i % 300} of the text" for i in range(500)]
DYING = """
import sys
from pathlib import Path
from textrae.text import corpus
from textrae.settings.corpus import CorpusConfig

def stay(rows, valid, learn, config, folder, *rest):
    (folder / "train.arrow").write_bytes(b"half")
    print("inside", flush=True)
    sys.stdin.read()

corpus.write_cache = stay
corpus.prepare([sys.argv[1]], CorpusConfig(vocab_size=400), Path(sys.argv[2]))
"""


@pytest.fixture
def text(tmp_path: Path) -> list[str]:
    return files(tmp_path, a=LINES)


def test_one_prepares_and_the_others_map_it(
    text: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one goes on only when the others have told that they wait."""
    inside, waiting = threading.Event(), threading.Semaphore(0)
    written: list[Path] = []
    write = module.write_cache

    def slowly(*given: object) -> None:
        written.append(given[4])  # type: ignore[arg-type]
        inside.set()
        assert all(waiting.acquire(timeout=30) for _ in range(2))
        write(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "write_cache", slowly)
    notes: list[str] = []

    def note(line: str) -> None:
        if "waiting" in line:
            notes.append(line)
            waiting.release()

    found: list[PreparedCorpus] = []
    threads = [
        threading.Thread(target=lambda: found.append(prepare(text, config(), tmp_path / "cache", note=note)))
        for _ in range(3)
    ]
    threads[0].start()
    assert inside.wait(30)
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert written == [tmp_path / "cache" / "preparing.tmp"]
    assert len(found) == 3
    assert len({corpus.stats for corpus in found}) == 1
    assert texts(found[0].train, found[0].tokenizer) == texts(found[2].train, found[2].tokenizer)
    assert len(notes) == 2
    assert all("prepares the corpus there; waiting for it" in line for line in notes)
    assert not (tmp_path / "cache" / LOCK).exists()
    assert not (tmp_path / "cache" / "preparing.tmp").exists()


def test_one_that_is_killed_holds_up_nobody(text: list[str], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    command = [sys.executable, "-c", DYING, text[0], str(cache)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"inside\n"
        said: list[str] = []

        def note(line: str) -> None:
            said.append(line)
            process.send_signal(signal.SIGKILL)

        corpus = prepare(text, config(), cache, note=note)
    assert f"{cache}: process {process.pid} prepares the corpus there" in said[0]
    assert corpus.stats.lines == 500
    assert sorted(file.name for file in cache.iterdir()) == [
        "corpus.json",
        "tokenizer.model",
        "train.arrow",
        "valid.arrow",
    ]


def test_after_one_that_fails_the_next_one_tries(text: list[str], tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no sentence"):
        prepare(files(tmp_path, b=["", ""]), config(), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
    assert prepare(text, config(), tmp_path / "cache").stats.lines == 500


def test_nobody_else_is_inside(tmp_path: Path) -> None:
    said: list[str] = []
    with one_at_a_time(tmp_path / LOCK, said.append):
        inner = threading.Event()

        def enter() -> None:
            with one_at_a_time(tmp_path / LOCK, lambda line: (said.append(line), inner.set())[0]):
                said.append("inside")

        other = threading.Thread(target=enter)
        other.start()
        assert inner.wait(30)
        assert "inside" not in said
    other.join(30)
    assert said[-1] == "inside"
    assert list(tmp_path.iterdir()) == []


def test_what_others_map_stays_readable_when_another_corpus_takes_its_place(
    text: list[str], tmp_path: Path
) -> None:
    first = prepare(text, config(), tmp_path / "cache")
    rows = texts(first.train, first.tokenizer)
    prepare(files(tmp_path, b=LINES[:200]), config(), tmp_path / "cache")
    assert texts(first.train, first.tokenizer) == rows
    again = open_cache(tmp_path / "cache")
    assert again is not None
    assert again.stats.lines == 200


def test_runs_with_one_folder_of_caches_share_what_one_prepares(
    text: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has links of its own, so that none takes the cache away from the others."""
    one, other, third = (tmp_path / "caches" / f"textrae-{name}" for name in "abc")
    first = prepare(text, config(), one)
    rows = texts(first.train, first.tokenizer)
    monkeypatch.setattr(module, "write_cache", lambda *_: pytest.fail("it is there"))
    said: list[str] = []
    second = prepare(text, config(), other, note=said.append)
    assert said == [f"{one}: a token cache of the same corpus, which is used here too"]
    assert (one / "train.arrow").samefile(other / "train.arrow")
    first.remove()
    assert texts(second.train, second.tokenizer) == rows
    assert prepare(text, config(), third).stats == second.stats
    assert {path.name for path in (tmp_path / "caches").iterdir()} == {"textrae-a", "textrae-b", "textrae-c"}
    with pytest.raises(pytest.fail.Exception):
        prepare(text, config(seed=1), one)  # another corpus, as it is split otherwise


def test_where_a_disk_has_no_links_each_prepares(
    text: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    prepare(text, config(), tmp_path / "textrae-a")
    monkeypatch.setattr(Path, "hardlink_to", none)
    said: list[str] = []
    assert prepare(text, config(), tmp_path / "textrae-b", note=said.append).stats.lines == 500
    assert said == []
    assert not (tmp_path / "textrae-a" / "train.arrow").samefile(tmp_path / "textrae-b" / "train.arrow")
