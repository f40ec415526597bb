"""Plain text: an exact split without leaks, a validation file, and a cache that is used again only for the same."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from text.reading import config, files, texts

from textrae.errors import CorpusError
from textrae.text import corpus as module
from textrae.text.corpus import prepare
from textrae.text.prepared import PreparedCorpus
from textrae.text.tokenizer import Tokenizer

LINES = [f"sentence {i % 300} of the text" for i in range(500)]


def make(tmp_path: Path, lines: list[str], valid: list[str] | None = None, **options: Any) -> PreparedCorpus:
    (path,) = files(tmp_path, a=lines)
    (held,) = [None] if valid is None else files(tmp_path, v=valid)
    return prepare([path], config(**options), tmp_path / "cache", held)


def test_whole_words(tmp_path: Path) -> None:
    corpus = make(tmp_path, LINES, vocab_size=800, whole_words=True)
    assert {"▁sentence", "▁299", "▁text"} <= set(corpus.tokenizer.pieces())
    assert set(corpus.train.lengths) == {5}, "a token a word"
    assert set(texts(corpus.train, corpus.tokenizer)) < set(LINES)


def test_split_is_exact_and_leaks_nothing(tmp_path: Path) -> None:
    corpus = make(tmp_path, [*LINES, "", "  "])
    train, valid = texts(corpus.train, corpus.tokenizer), texts(corpus.valid, corpus.tokenizer)
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
    assert stats.sources == ("a.txt",)
    assert stats.valid_source is None


def test_the_split_depends_only_on_the_seed(tmp_path: Path) -> None:
    first = make(tmp_path, LINES, seed=1)
    one = set(texts(first.valid, first.tokenizer))
    second = make(tmp_path, LINES[::-1], seed=1)
    assert set(texts(second.valid, second.tokenizer)) == one
    third = make(tmp_path, LINES, seed=2)
    assert set(texts(third.valid, third.tokenizer)) != one


def test_two_distinct_lines_are_enough_and_one_is_not(tmp_path: Path) -> None:
    corpus = make(tmp_path, ["a", "b", "a", "b"])
    assert (len(corpus.train), len(corpus.valid), corpus.stats.repeats) == (2, 1, 1)
    with pytest.raises(CorpusError, match=r"a\.txt: 1 distinct sentence: nothing to hold out; .*`valid`"):
        make(tmp_path, ["a", "a"])
    assert make(tmp_path, ["a", "a"], valid=["b"]).stats.train_rows == 2


def test_a_validation_file_is_kept_whole_and_its_overlap_counted(tmp_path: Path) -> None:
    corpus = make(tmp_path, LINES, valid=["new", LINES[0], "new", LINES[1]], valid_size=1)
    assert texts(corpus.valid, corpus.tokenizer) == ["new", LINES[0], "new", LINES[1]]
    assert corpus.stats.overlap == 2
    assert corpus.stats.valid_source == "v.txt"
    assert len(corpus.train) == len(LINES)
    with pytest.raises(CorpusError, match=r"v\.txt: no sentence"):
        make(tmp_path, LINES, valid=["", " "])


def test_what_is_left_out_of_a_validation_file_is_counted(tmp_path: Path) -> None:
    corpus = make(tmp_path, LINES, valid=["one", "", "x " * 200, " ", "two"])
    assert len(corpus.valid) == corpus.stats.valid_rows == 3
    assert (corpus.stats.valid_blank, corpus.stats.valid_cut, corpus.stats.valid_undecodable) == (2, 1, 0)


@pytest.mark.parametrize(
    ("lines", "said"), [([], "0 blank lines"), ([""], "1 blank line"), (["", " "], "2 blank")]
)
def test_nothing_to_read(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(CorpusError, match=rf"a\.txt: no sentence \({said}"):
        make(tmp_path, lines)
    assert list((tmp_path / "cache").iterdir()) == []


def test_long_sentences_are_truncated_and_counted(tmp_path: Path) -> None:
    corpus = make(tmp_path, ["x y " * 500, "b", "c"], max_length=5)
    assert corpus.stats.cut == 1
    assert max([*corpus.train.lengths, *corpus.valid.lengths]) == 5


def test_the_cache_is_used_again_only_for_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make(tmp_path, LINES)
    builds: list[object] = []
    write = module.write_cache
    monkeypatch.setattr(module, "write_cache", lambda *given: (builds.append(given), write(*given)))
    path = [str(tmp_path / "a.txt")]
    again = prepare(path, config(), tmp_path / "cache")
    assert not builds
    assert again.stats == first.stats
    prepare(path, config(seed=5), tmp_path / "cache")
    assert len(builds) == 1
    make(tmp_path, [*LINES, "one more"], seed=5)
    assert len(builds) == 2


def test_standard_input_is_kept_for_the_second_reading(tmp_path: Path) -> None:
    stdin = io.BytesIO("\n".join(LINES).encode())
    corpus = prepare(["-"], config(), tmp_path, stdin=stdin)
    assert corpus.stats.lines == 500
    assert corpus.stats.sources == ("standard input",)
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
