"""The prepared corpus: an exact split without leaks, whole caches only, rows as they were written."""

from __future__ import annotations

import dataclasses
import io
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.text import corpus as module
from textrae.text import rows as rows_module
from textrae.text import split as split_module
from textrae.text.corpus import CorpusStats, PreparedCorpus, TokenRows, open_cache, prepare
from textrae.text.rows import RowWriter
from textrae.text.split import LineHashes, line_hashes
from textrae.text.tokenizer import Tokenizer


def config(**options: Any) -> CorpusConfig:
    return CorpusConfig(**{"vocab_size": 400, **options})


def make(tmp_path: Path, lines: list[str], valid: list[str] | None = None, **options: Any) -> PreparedCorpus:
    (tmp_path / "a.txt").write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")
    if valid is not None:
        (tmp_path / "v.txt").write_text(
            "".join(line + "\n" for line in valid), encoding="utf-8", newline="\n"
        )
    path = None if valid is None else str(tmp_path / "v.txt")
    return prepare([str(tmp_path / "a.txt")], config(**options), tmp_path / "cache", path)


def texts(corpus: PreparedCorpus, rows: TokenRows) -> list[str]:
    ids, offsets = rows.gather(np.arange(len(rows)))
    return corpus.tokenizer.decode([ids[a:b].tolist() for a, b in pairwise(offsets)])


LINES = [f"sentence {i % 300} of the text" for i in range(500)]


def test_whole_words(tmp_path: Path) -> None:
    corpus = make(tmp_path, LINES, vocab_size=800, whole_words=True)
    assert {"▁sentence", "▁299", "▁text"} <= set(corpus.tokenizer.pieces())
    assert set(corpus.train.lengths) == {5}, "a token a word"
    assert set(texts(corpus, corpus.train)) < set(LINES)


def test_split_is_exact_and_leaks_nothing(tmp_path: Path) -> None:
    corpus = make(tmp_path, [*LINES, "", "  "])
    train, valid = texts(corpus, corpus.train), texts(corpus, corpus.valid)
    stats = corpus.stats
    assert not set(train) & set(valid)
    assert set(train) | set(valid) == set(LINES)
    assert len(valid) == len(set(valid)) == 30
    assert train == [line for line in LINES if line not in set(valid)], "the order is kept"
    assert (stats.lines, stats.blank, stats.distinct) == (502, 2, 300)
    assert stats.train_rows + stats.valid_rows + stats.repeats == 500
    assert stats.words == 2500
    assert stats.bytes == sum(map(len, LINES))
    assert stats.train_tokens == int(corpus.train.lengths.sum())
    read, split = stats.describe()
    assert read.startswith("read 502 lines (300 distinct, ")
    assert read.endswith(" tokens) from a.txt; 2 blank dropped, 0 cut at 128 tokens, 0 undecodable")
    assert split.startswith(f"{len(train)} sentences to train on, 30 to validate on")


def test_split_depends_on_the_seed_alone(tmp_path: Path) -> None:
    first = make(tmp_path, LINES, seed=1)
    one = set(texts(first, first.valid))
    second = make(tmp_path, LINES[::-1], seed=1)
    assert set(texts(second, second.valid)) == one
    third = make(tmp_path, LINES, seed=2)
    assert set(texts(third, third.valid)) != one


@given(st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), min_size=1, max_size=60), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_threshold_is_the_rank(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], largest: int
) -> None:
    hashes = line_hashes(lines, 7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(split_module, "_RANGE", 4)
        patch.setattr(split_module, "_READ", 7)
        with LineHashes(tmp_path_factory.mktemp("h") / "h") as file:
            file.add(hashes)
            distinct, threshold = file.split(largest)
    assert distinct == len(set(lines))
    if distinct > 1:
        assert len(set(hashes[hashes <= threshold])) == max(1, min(largest, distinct // 10))


def test_two_distinct_lines_are_enough_and_one_is_not(tmp_path: Path) -> None:
    corpus = make(tmp_path, ["a", "b", "a", "b"])
    assert (len(corpus.train), len(corpus.valid), corpus.stats.repeats) == (2, 1, 1)
    with pytest.raises(
        CorpusError, match=r"a\.txt: 1 distinct sentence: nothing to hold out; .*--valid FILE"
    ):
        make(tmp_path, ["a", "a"])
    assert make(tmp_path, ["a", "a"], valid=["b"]).stats.train_rows == 2


def test_a_validation_file_is_kept_whole_and_its_overlap_counted(tmp_path: Path) -> None:
    corpus = make(tmp_path, LINES, valid=["new", LINES[0], "new", LINES[1]], valid_size=1)
    assert texts(corpus, corpus.valid) == ["new", LINES[0], "new", LINES[1]]
    assert corpus.stats.overlap == 2
    assert "from v.txt; 2 of these are in the training text too" in corpus.stats.describe()[1]
    assert len(corpus.train) == len(LINES)
    with pytest.raises(CorpusError, match=r"v\.txt: no sentence"):
        make(tmp_path, LINES, valid=["", " "])


def test_what_is_left_out_of_a_validation_file_is_told(tmp_path: Path) -> None:
    corpus = make(tmp_path, LINES, valid=["one", "", "x " * 200, " ", "two"])
    assert len(corpus.valid) == 3
    said = corpus.stats.describe(2)[1]
    assert said.endswith(
        "3 to validate on from v.txt; 2 blank dropped; 1 cut at 128 tokens; "
        "a validation measures on the first 2 (--valid-size)"
    )
    assert "measures" not in corpus.stats.describe(3)[1]


@pytest.mark.parametrize(
    ("lines", "said"), [([], "0 blank lines"), ([""], "1 blank line"), (["", " "], "2 blank")]
)
def test_nothing_to_read(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(CorpusError, match=rf"a\.txt: no sentence \({said}"):
        make(tmp_path, lines)
    assert list((tmp_path / "cache").iterdir()) == []


def test_long_sentences_are_cut_and_counted(tmp_path: Path) -> None:
    corpus = make(tmp_path, ["x y " * 500, "b", "c"], max_length=5)
    assert corpus.stats.cut == 1
    assert max([*corpus.train.lengths, *corpus.valid.lengths]) == 5


def test_the_cache_is_used_again_only_for_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make(tmp_path, LINES)
    builds: list[object] = []
    build = module._build
    monkeypatch.setattr(module, "_build", lambda *given: (builds.append(given), build(*given)))
    path = [str(tmp_path / "a.txt")]
    again = prepare(path, config(), tmp_path / "cache")
    assert not builds
    assert again.stats == first.stats
    assert isinstance(again.stats, CorpusStats)
    prepare(path, config(seed=5), tmp_path / "cache")
    assert len(builds) == 1
    make(tmp_path, [*LINES, "one more"], seed=5)
    assert len(builds) == 2


def test_open_cache_needs_no_sources(tmp_path: Path) -> None:
    corpus = make(tmp_path, LINES)
    rows = texts(corpus, corpus.train)
    (tmp_path / "a.txt").unlink()
    found = open_cache(tmp_path / "cache")
    assert found is not None
    assert texts(found, found.train) == rows
    assert found.tokenizer.digest == corpus.tokenizer.digest
    found.remove()
    assert list((tmp_path / "cache").iterdir()) == []
    assert open_cache(tmp_path / "cache") is None
    assert open_cache(tmp_path / "nowhere") is None


@pytest.mark.parametrize("name", ["train.arrow", "valid.arrow", "tokenizer.model", "corpus.json"])
@pytest.mark.parametrize("damage", ["missing", "half", "zeros"])
def test_a_damaged_cache_is_not_opened_but_made_anew(tmp_path: Path, name: str, damage: str) -> None:
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


def test_standard_input_is_kept_for_the_second_reading(tmp_path: Path) -> None:
    stdin = io.BytesIO("\n".join(LINES).encode())
    corpus = prepare(["-"], config(), tmp_path, stdin=stdin)
    assert corpus.stats.lines == 500
    assert corpus.stats.describe()[0].count("from standard input")
    assert {path.name for path in tmp_path.iterdir()} == {
        "tokenizer.model",
        "train.arrow",
        "valid.arrow",
        "corpus.json",
    }
    with pytest.raises(CorpusError, match="only once"):
        prepare(["-"], config(), tmp_path, "-")


def test_a_given_tokenizer_is_used(tmp_path: Path) -> None:
    Tokenizer.train(LINES, 300).save(tmp_path / "t.model")
    corpus = make(tmp_path, LINES, tokenizer=str(tmp_path / "t.model"))
    assert corpus.tokenizer.digest == Tokenizer.load(tmp_path / "t.model").digest
    with pytest.raises(CorpusError, match=r"none\.model"):
        make(tmp_path, LINES, tokenizer=str(tmp_path / "none.model"))


def test_stats_survive_json(tmp_path: Path) -> None:
    stats = make(tmp_path, LINES).stats
    stored = json.loads((tmp_path / "cache" / "corpus.json").read_text())["stats"]
    assert Counter(stored.keys()) == Counter(field.name for field in dataclasses.fields(stats))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_rows_are_gathered_as_written(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    rows = data.draw(
        st.lists(st.lists(st.integers(0, 65_535), min_size=1, max_size=9), min_size=1, max_size=40)
    )
    path = tmp_path_factory.mktemp("rows") / "rows.arrow"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "_CHUNK_ROWS", data.draw(st.integers(1, 9)))
        patch.setattr(rows_module, "_SLAB_TOKENS", data.draw(st.integers(1, 20)))
        with RowWriter(path) as writer:
            for row in rows:
                writer.add([row])
        read = TokenRows(path)
        assert len(read) == len(rows)
        assert read.lengths.dtype == np.uint16
        assert read.lengths.tolist() == [len(row) for row in rows]
        wanted = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=30))
        ids, offsets = read.gather(np.array(wanted, dtype=np.int64))
    assert ids.dtype == np.uint16
    assert [ids[a:b].tolist() for a, b in pairwise(offsets)] == [rows[i] for i in wanted]
    assert datasets.Dataset.from_file(str(path))["ids"][:] == rows
    for outside in (-1, len(rows)):
        with pytest.raises(IndexError):
            read.gather(np.array([outside]))
