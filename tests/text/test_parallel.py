"""Parallel text: rows stay beside one another, nothing leaks, and what does not match is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from text.reading import config, files, texts

from textrae.errors import ConfigError, CorpusError
from textrae.text.parallel import prepare_pairs
from textrae.text.prepared import PreparedCorpus, open_cache


def sides(corpus: PreparedCorpus) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The pairs to train on, and those held out."""
    assert corpus.targets is not None
    train, valid = (
        list(zip(texts(a, corpus.tokenizer), texts(b, corpus.targets.tokenizer), strict=True))
        for a, b in ((corpus.train, corpus.targets.train), (corpus.valid, corpus.targets.valid))
    )
    return train, valid


SOURCE = [f"source {i % 300} here" for i in range(500)]
TARGET = [f"ziel {i} da" for i in range(500)]


def test_tags_have_ids_that_a_row_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = files(tmp_path, a=SOURCE, b=TARGET)
    vocabulary = prepare_pairs([a], [b], config(), tmp_path / "cache").tokenizer.vocab_size
    monkeypatch.setattr("textrae.text.parallel.LARGEST_VOCABULARY", vocabulary + 1)
    prepare_pairs([a], [b], config(), tmp_path / "one", tags=[0])
    with pytest.raises(CorpusError, match="give a smaller `vocab_size`"):
        prepare_pairs([a, a], [b, b], config(), tmp_path / "two", tags=[0, 1])


@pytest.mark.parametrize("tokenizers", ["joint", "separate"])
def test_pairs_stay_together_and_nothing_leaks(tmp_path: Path, tokenizers: str) -> None:
    a, b = files(tmp_path, a=[*SOURCE, "", "x", "y"], b=[*TARGET, "u", " ", "v"])
    corpus = prepare_pairs([a], [b], config(tokenizers=tokenizers), tmp_path / "cache")
    train, valid = sides(corpus)
    every = set(zip([*SOURCE, "y"], [*TARGET, "v"], strict=True))
    assert set(train) | set(valid) <= every
    assert not {source for source, _ in train} & {source for source, _ in valid}
    assert len(valid) == corpus.stats.valid_rows == 30
    assert len(train) + len(valid) + corpus.stats.repeats == 501
    assert (corpus.stats.lines, corpus.stats.blank) == (503, 2)
    assert corpus.stats.describe()[0].startswith("read 503 pairs from ")
    assert "(301 distinct, " in corpus.stats.describe()[0]
    assert "2 with a blank side dropped" in corpus.stats.describe()[0]
    assert corpus.targets is not None
    assert (corpus.targets.tokenizer.digest == corpus.tokenizer.digest) == (tokenizers == "joint")
    again = open_cache(tmp_path / "cache")
    assert again is not None
    assert sides(again) == (train, valid)
    corpus.remove()
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.parametrize("tokenizers", ["joint", "separate"])
def test_whole_words_of_both_sides(tmp_path: Path, tokenizers: str) -> None:
    a, b = files(tmp_path, a=SOURCE, b=TARGET)
    options = config(tokenizers=tokenizers, whole_words=True, vocab_size=1_200)
    corpus = prepare_pairs([a], [b], options, tmp_path / "cache")
    assert corpus.targets is not None
    assert "▁source" in corpus.tokenizer.pieces()
    assert "▁ziel" in corpus.targets.tokenizer.pieces()
    assert set(corpus.train.lengths) == set(corpus.targets.train.lengths) == {3}, "a token a word"


def by_language(corpus: PreparedCorpus, valid: bool) -> dict[int, list[str]]:
    """The source sentences of each language to train on, or those held out."""
    assert corpus.targets is not None
    source, target = (corpus.valid, corpus.targets.valid) if valid else (corpus.train, corpus.targets.train)
    ids, offsets = target.gather(np.arange(len(target)))
    found: dict[int, list[str]] = {}
    for tag, line in zip(ids[offsets[:-1]].tolist(), texts(source, corpus.tokenizer), strict=True):
        found.setdefault(tag - corpus.targets.tokenizer.vocab_size, []).append(line)
    return found


def test_a_line_is_held_out_in_every_language(tmp_path: Path) -> None:
    a, b, c = files(tmp_path, a=SOURCE, b=TARGET, c=[line.upper() for line in TARGET])
    corpus = prepare_pairs([a, a], [b, c], config(), tmp_path / "cache", tags=[0, 1])
    held, kept = by_language(corpus, True), by_language(corpus, False)
    assert held[0] == held[1]
    assert len(set(held[0])) == len(held[0]) == 30
    assert kept[0] == kept[1]
    assert not set(held[0]) & set(kept[0])
    # repeats of a line in its own language are left out, its translation into the other is not
    assert corpus.stats.repeats == 2 * (500 - len(kept[0]) - 30) > 0
    assert corpus.stats.valid_source is None


def test_a_small_language_has_something_held_out(tmp_path: Path) -> None:
    few = [f"few {i} words" for i in range(6)]
    a, b, c = files(tmp_path, a=SOURCE, b=TARGET, c=few)
    for seed in range(8):
        corpus = prepare_pairs([a, c], [b, c], config(seed=seed), tmp_path / str(seed), tags=[0, 1])
        held, kept = by_language(corpus, True), by_language(corpus, False)
        assert 1 <= len(held[1]) < 6
        assert sorted(held[1] + kept[1]) == few
    (one,) = files(tmp_path, one=["one", "one"])
    with pytest.raises(CorpusError, match="1 distinct sentence of one language: nothing to hold out"):
        prepare_pairs([a, one], [b, one], config(), tmp_path / "one", tags=[0, 1])


def test_each_language_may_have_a_validation_file(tmp_path: Path) -> None:
    a, b, c, v, w, x = files(
        tmp_path, a=SOURCE, b=TARGET, c=TARGET, v=["new", "old"], w=["neu", "alt"], x=["nouveau", ""]
    )
    corpus = prepare_pairs(
        [a, a], [b, c], config(), tmp_path / "cache", [(v, w), (v, x)], tags=[0, 1], valid_tags=[0, 1]
    )
    assert by_language(corpus, True) == {0: ["new", "old"], 1: ["new"]}
    assert corpus.stats.valid_source == "v.txt, w.txt, x.txt"
    assert corpus.stats.train_rows == 1_000
    assert corpus.stats.valid_blank == 1
    plain = prepare_pairs([a], [b], config(), tmp_path / "one", [(v, w)], tags=[0])
    assert by_language(plain, True) == {0: ["new", "old"]}


def test_a_validation_file_is_kept_whole(tmp_path: Path) -> None:
    a, b, c, d = files(tmp_path, a=SOURCE, b=TARGET, c=["new", SOURCE[0], "old"], d=["neu", "alt", ""])
    corpus = prepare_pairs([a], [b], config(), tmp_path / "cache", [(c, d)])
    train, valid = sides(corpus)
    assert train == list(zip(SOURCE, TARGET, strict=True))
    assert valid == [("new", "neu"), (SOURCE[0], "alt")]
    assert corpus.stats.overlap == corpus.stats.valid_blank == 1
    assert corpus.stats.valid_cut == 0


def test_several_files_and_columns_of_a_table(tmp_path: Path) -> None:
    a, b, c, d = files(tmp_path, a=SOURCE[:250], b=TARGET[:250], c=SOURCE[250:], d=TARGET[250:])
    both = prepare_pairs([a, c], [b, d], config(), tmp_path / "cache")
    table = tmp_path / "pairs.tsv"
    rows = [f"{x}\t{y}" for x, y in zip(SOURCE, TARGET, strict=True)]
    table.write_text("\n".join(["en\tde", *rows]) + "\n", encoding="utf-8")
    columns = config(column="en", target_column="de")
    one = prepare_pairs([str(table)], [str(table)], columns, tmp_path / "other")
    assert sides(one) == sides(both)


def test_what_does_not_match_is_refused_with_both_counts(tmp_path: Path) -> None:
    a, b, empty = files(tmp_path, a=SOURCE, b=TARGET[:499], c=["", ""])
    with pytest.raises(CorpusError, match=r"a\.txt has 500 lines and .*b\.txt 499: line n"):
        prepare_pairs([a], [b], config(), tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
    with pytest.raises(CorpusError, match="2 source files and 1 target files"):
        prepare_pairs([a, a], [b], config(), tmp_path / "cache")
    with pytest.raises(CorpusError, match="2 blank lines"):
        prepare_pairs([empty], [empty], config(), tmp_path / "cache")
    for columns, side in (({"column": "en"}, a), ({"target_column": "de"}, b)):
        (name,) = columns
        with pytest.raises(CorpusError, match=rf"{Path(side).name}: has no column .* leave `{name}` out"):
            prepare_pairs([a], [b], config(**columns), tmp_path / "cache")
    table, both = tmp_path / "t.csv", config(column="en", target_column="de")
    table.write_text("en,de\na,b\nc,d\n")
    with pytest.raises(CorpusError, match=r"c\.txt: has no column 'de'"):
        prepare_pairs([str(table)], [str(table)], both, tmp_path / "cache", valid=[(empty, empty)])
    with pytest.raises(ConfigError, match="give `tokenizers=separate`"):
        config(target_tokenizer="x.model")


def test_sides_in_shards_may_be_cut_otherwise(tmp_path: Path) -> None:
    """Line n of all shards of one side belongs to line n of all of the other."""
    a, b = files(tmp_path, a=SOURCE, b=TARGET)
    cut, other = (tmp_path / name for name in ("s", "t"))
    for folder in (cut, other):
        folder.mkdir()
    files(cut, p1=SOURCE[:120], p2=[], p3=SOURCE[120:])
    files(other, q1=TARGET[:300], q2=TARGET[300:])
    whole = prepare_pairs([a], [b], config(), tmp_path / "one")
    parts = prepare_pairs([f"{cut}/p*.txt"], [str(other)], config(), tmp_path / "two")
    assert sides(parts) == sides(whole)
    assert parts.stats.sources == ("p*.txt (3 files)", "t (2 files)")
    assert len(prepare_pairs([a], [b], config(), tmp_path / "three", [(str(cut), str(other))]).valid) == 500
    files(other, q3=["one more"])
    with pytest.raises(CorpusError, match=r"p\*\.txt has 500 lines and .*/t 501: line n of one"):
        prepare_pairs([f"{cut}/p*.txt"], [str(other)], config(), tmp_path / "four")


def test_the_cache_is_used_again_only_for_the_same(tmp_path: Path) -> None:
    a, b = files(tmp_path, a=SOURCE, b=TARGET)

    def made(**options: object) -> int:
        prepare_pairs([a], [b], config(**options), tmp_path / "cache").close()
        return (tmp_path / "cache" / "corpus.json").stat().st_mtime_ns

    first = made()
    assert made() == first
    second = made(seed=1)
    assert second != first
    files(tmp_path, b=[*TARGET[:-1], "another"])
    assert made(seed=1) != second
