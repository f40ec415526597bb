"""Trees of segments: the rules, and what holds for every text."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textrae.text.batch import Specials, collate_lists
from textrae.text.segments import Segmenter

PIECES = ["<pad>", "<s>", "</s>", "<unk>", "▁a", "▁dog", "s", ".", ",", "14", '."', "▁He", "猫", "。", "，"]
ID = {piece: number for number, piece in enumerate(PIECES)}
SPECIALS = Specials(0, 1, 2, 3)


def cut(names: str, *texts: str) -> list[list[int]]:
    rows = [[ID[piece] for piece in text.split()] for text in texts]
    ids = np.array([number for row in rows for number in row], dtype=np.uint16)
    lengths = np.array([len(row) for row in rows])
    return [counts.tolist() for counts in Segmenter.of(names, PIECES).cut(ids, lengths)]


def test_sentences_and_clauses() -> None:
    text = '▁a ▁dog . ▁He s , ▁dog ."'
    assert cut("sentence", text) == [[3, 5], [2]]
    assert cut("clause", text) == [[3, 3, 2], [3]]
    assert cut("clause,sentence", text) == [[3, 3, 2], [1, 2], [2]]
    assert cut("sentence", "▁a s . 14 ▁dog") == [[5], [1]]  # no sentence ends within a number
    assert cut("sentence", "猫 。 猫 ， 猫") == [[2, 3], [2]]
    assert cut("clause", "猫 。 猫 ， 猫") == [[2, 2, 1], [3]]


def test_stretches_are_of_like_length_and_end_with_what_is_coarser() -> None:
    assert cut("4", "s s s s s s s s s") == [[3, 3, 3], [3]]
    assert cut("4", "s s s s") == [[4], [1]]
    assert cut("2,sentence", "s s s . ▁a s") == [[2, 2, 2], [2, 1], [2]]


def test_a_text_without_tokens_is_one_empty_segment() -> None:
    assert cut("sentence", "", "▁a . ▁He", "", "") == [[0, 2, 1, 0, 0], [1, 2, 1, 1]]
    assert cut("2,sentence", "", "s s s . ▁a", "") == [[0, 2, 2, 1, 0], [1, 2, 1, 1], [1, 2, 1]]


@given(
    st.lists(st.lists(st.integers(4, len(PIECES) - 1), max_size=30), min_size=1, max_size=6),
    st.sampled_from(["3", "sentence", "clause", "2,clause", "3,clause,sentence"]),
)
def test_counts_add_up_and_columns_hold_the_texts(rows: list[list[int]], names: str) -> None:
    segmenter = Segmenter.of(names, PIECES)
    ids = np.array([number for row in rows for number in row], dtype=np.int64)
    lengths = np.array([len(row) for row in rows])
    counts = segmenter.cut(ids, lengths)
    assert len(counts) == len(names.split(",")) + 1
    assert len(counts[-1]) == len(rows)
    assert counts[0].sum() == len(ids)
    for finer, coarser in itertools.pairwise(counts):
        assert coarser.sum() == len(finer)
        assert coarser.min() >= 1
    batch = collate_lists(rows, SPECIALS, segmenter)
    columns = batch.source.T.tolist()
    written, row = [[]], 0
    for column, length in zip(columns, batch.lengths.tolist(), strict=True):
        written[row] += column[: length - 1]
        end = column[length - 1]
        assert end == SPECIALS.eos or end >= len(PIECES)
        assert set(column[length:]) <= {SPECIALS.pad}
        if end == SPECIALS.eos:
            row += 1
            written.append([])
    assert written[:-1] == rows
