"""How many tokens of a line are kept where the corpus decides: the rule, and every way in which a corpus is read."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text.reading import config, files

from textrae.text import lengths as module
from textrae.text.corpus import prepare
from textrae.text.from_vectors import VectorTable, prepare_given
from textrae.text.lengths import FEWEST, MOST, Lengths, most_kept
from textrae.text.parallel import prepare_pairs
from textrae.text.prepared import open_cache
from textrae.text.rows import TokenRows
from textrae.text.tokenizer import Tokenizer

TOKENIZER = Tokenizer.train([f"line {n} of the text" for n in range(100)], 300)


def rule(needed: list[int], fewest: int, most: int) -> int:
    """What 99.5 % of some rows need, by sorting them."""
    enough = sorted(needed)[math.ceil(0.995 * len(needed)) - 1]
    return min(max(math.ceil(enough / 8) * 8, fewest), most)


def line(tokens: int, number: int) -> str:
    """Return a line of at least one token and about as many as are asked for, another for each number."""
    return f"{number} " + "a" * max(0, tokens - len(TOKENIZER.encode([f"{number} "])[0]))


def needs(lines: list[str]) -> list[int]:
    return [len(row) for row in TOKENIZER.encode(lines)]


def rows_of(rows: TokenRows) -> list[list[int]]:
    ids, offsets = rows.gather(np.arange(len(rows)))
    return [ids[a:b].tolist() for a, b in pairwise(offsets)]


@given(st.lists(st.lists(st.integers(0, 700), max_size=200), min_size=1, max_size=4), st.integers(0, 600))
@settings(max_examples=200, deadline=None)
def test_lengths_are_counted(blocks: list[list[int]], limit: int) -> None:
    lengths, every = Lengths(), [length for block in blocks for length in block]
    for block in blocks:
        lengths.add(np.array(block, dtype=np.int64))
    assert lengths.rows() == len(every)
    assert lengths.over(limit) == sum(length > limit for length in every)
    assert lengths.tokens(limit) == sum(min(length, limit) for length in every)
    assert lengths.resolved(7) == 7
    if every:
        assert lengths.resolved("auto") == rule(every, FEWEST, MOST)


def test_half_a_percent_of_the_rows_may_need_more() -> None:
    for long, found in ((0, 128), (5, 128), (6, 304)):
        lengths = Lengths()
        lengths.add(np.array([20] * (1_000 - long) + [300] * long))
        assert lengths.resolved("auto") == found
        assert lengths.over(found) == (long if found == 128 else 0)


def test_the_bounds() -> None:
    assert (most_kept("auto"), most_kept(9), most_kept(4_000)) == (512, 9, 4_000)
    for needed, found in ((1, 128), (128, 128), (129, 136), (500, 504), (512, 512), (513, 512), (9_000, 512)):
        lengths = Lengths()
        lengths.add(np.full(10, needed))
        assert lengths.resolved("auto") == found


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule with other bounds, so that short lines reach them."""
    monkeypatch.setattr(module, "FEWEST", 6)
    monkeypatch.setattr(module, "MOST", 20)


def auto(tmp_path: Path, **options: Any) -> Any:
    TOKENIZER.save(tmp_path / "given.model")
    return config(tokenizer=str(tmp_path / "given.model"), max_length="auto", **options)


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_rows_are_cut_at_what_the_lines_need(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    tmp_path, draw = tmp_path_factory.mktemp("corpus"), data.draw
    common = draw(st.integers(1, 24), label="tokens of most lines")
    numbers = draw(st.lists(st.integers(common, 40), max_size=12), label="tokens of some others")
    lines = [line(length, row) for row, length in enumerate([common] * draw(st.integers(2, 900)) + numbers)]
    held = [line(draw(st.integers(1, 40)), row) for row in range(draw(st.integers(0, 3)))]
    needed = needs(lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FEWEST", 6)
        patch.setattr(module, "MOST", 20)
        names = files(tmp_path, a=lines, v=held)
        corpus = prepare(names[:1], auto(tmp_path), tmp_path / "cache", names[1] if held else None)
        longest, stats = rule(needed, 6, 20), corpus.stats
    assert stats.max_length == longest
    assert stats.cut == sum(length > longest for length in needed)
    assert stats.valid_cut == sum(length > longest for length in needs(held))
    train, valid = rows_of(corpus.train), rows_of(corpus.valid)
    whole = [row[:longest] for row in TOKENIZER.encode(lines)]
    if held:
        assert train == whole
        assert valid == [row[:longest] for row in TOKENIZER.encode(held)]
    else:
        assert sorted(train + valid) == sorted(whole)
    assert corpus.train.lengths.tolist() == [len(row) for row in train]
    assert (stats.train_tokens, stats.valid_tokens) == (sum(map(len, train)), sum(map(len, valid)))
    number = replace(auto(tmp_path), max_length=longest)
    given = prepare(names[:1], number, tmp_path / "other", names[1] if held else None)
    assert given.stats == stats
    assert (rows_of(given.train), rows_of(given.valid)) == (train, valid)
    again = open_cache(tmp_path / "cache")
    assert again is not None
    assert rows_of(again.train) == train


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("tags", [(), (1,)])
def test_the_longer_side_of_a_pair_decides(tmp_path: Path, tags: tuple[int, ...]) -> None:
    """A row of a named language has its tag in front, which is none of its tokens."""
    sources = [line(4, n) for n in range(400)] + [line(9, 400), line(18, 401), line(4, 402)]
    targets = [line(12, n) for n in range(400)] + [line(5, 400), line(5, 401), line(19, 402)]
    a, b, c, d = files(
        tmp_path, a=sources, b=targets, c=[line(17, 1), line(3, 2)], d=[line(3, 1), line(3, 2)]
    )
    corpus = prepare_pairs([a], [b], auto(tmp_path), tmp_path / "cache", [(c, d)], tags=tags)
    stats = corpus.stats
    assert (stats.max_length, stats.cut, stats.valid_cut) == (16, 2, 1)
    assert corpus.targets is not None
    front = [[TOKENIZER.vocab_size + 1]] if tags else [[]]
    assert rows_of(corpus.train) == [row[:16] for row in TOKENIZER.encode(sources)]
    assert rows_of(corpus.targets.train) == [front[0] + row[:16] for row in TOKENIZER.encode(targets)]
    assert stats.train_tokens == int(corpus.train.lengths.sum())
    assert stats.target_tokens == int(corpus.targets.train.lengths.sum())


@pytest.mark.usefixtures("small")
def test_of_vectors_their_lines_decide(tmp_path: Path) -> None:
    lines = [line(12, n) for n in range(400)] + [line(18, 400)]
    np.save(tmp_path / "v.npy", np.ones((401, 3), dtype=np.float32))
    corpus = prepare_given(
        files(tmp_path, a=lines), VectorTable(tmp_path / "v.npy"), auto(tmp_path), tmp_path / "cache"
    )
    assert (corpus.stats.max_length, corpus.stats.cut) == (16, 1)
    assert set(corpus.train.lengths) | set(corpus.valid.lengths) == {2}
    assert corpus.targets is not None
    assert max([*corpus.targets.train.lengths, *corpus.targets.valid.lengths]) <= 16
    assert corpus.stats.target_tokens == int(corpus.targets.train.lengths.sum())
