"""Trees of segments: the rules, and what holds for every text."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
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


def pieces_of(text: str, whole: bool = True) -> list[str]:
    """Spell a text in words and single signs, or `whole` not set, all but words in bytes."""
    found = []
    for piece in re.findall("▁?[A-Za-z]+|▁?.", text.replace(" ", "▁")):
        plain = piece.lstrip("▁")
        if whole or plain.isalpha() or piece == "▁":
            found.append(piece)
            continue
        # SentencePiece gives the space a piece of its own then
        found += ["▁"] * piece.startswith("▁") + [f"<0x{byte:02X}>" for byte in plain.encode()]
    return found


def segments(names: str, *texts: str, whole: bool = True, closings: bool = True) -> list[list[str]]:
    """Cut texts whose signs are pieces of their own, or spelled in bytes, at the finest level."""
    rows = [pieces_of(text, whole) for text in texts]
    vocabulary = [*PIECES[:4], *(f"<0x{byte:02X}>" for byte in range(256)), "▁"]
    vocabulary += sorted({piece for row in rows for piece in row} - set(vocabulary))
    ids = [[vocabulary.index(piece) for piece in row] for row in rows]
    flat = np.array([number for row in ids for number in row], dtype=np.uint16)
    lengths = np.array([len(row) for row in ids])
    counts = Segmenter.of(names, vocabulary, closings).cut(flat, lengths)
    every, out = [vocabulary[number] for number in flat], []
    ends = np.cumsum(counts[0])
    for start, end in zip(ends - counts[0], ends, strict=True):
        data = b"".join(
            bytes([int(piece[3:-1], 16)]) if piece.startswith("<0x") else piece.encode()
            for piece in every[start:end]
        )
        out.append(data.decode(errors="replace").replace("▁", " "))
    each = np.cumsum(
        counts[-1] if len(counts) == 2 else np.add.reduceat(counts[1], np.cumsum(counts[2]) - counts[2])
    )
    return [out[a:b] for a, b in zip([0, *each[:-1]], each, strict=True)]


ENDINGS = [
    'He said "Stop."| Then he left.',
    "He said (really?)| Then he left.",
    "“It is...”| She left.",
    "„Halt!“| Dann ging er.",
    "»Halt!«| Dann ging er.",
    "« Arrête ! »| Puis il part.",
    "Stop !| »Puis",
    "Stop . ”| Then .| “ Yes . ” )| No",
    "Er rief.| »Halt!«| Dann ging er.",
    "He left.| (It was late.)| We stayed.",
    "It cost 3.14 (or so), he said.| Well.",
    "'Stop!'| he said.",
    'What?!"| Yes.',
    "好的。|他说：“好！”|然后他走了。",
    "他走了。|“我来了。”|她说。",
    "「行く。」|と言った。|『何？』|（はい。）|雨",
    "什么？！|好。",
]


@pytest.mark.parametrize("whole", [True, False], ids=["pieces", "bytes"])
@pytest.mark.parametrize("marked", ENDINGS)
def test_what_closes_ends_its_sentence(marked: str, whole: bool) -> None:
    text = marked.replace("|", "")
    wanted = marked.split("|")
    assert segments("sentence", text, whole=whole) == [wanted]
    for rules in ("3,sentence", "clause") if whole else ("clause",):  # finer ones end where sentences do
        (found,) = segments(rules, text, whole=whole)
        ends = set(itertools.accumulate(len(one.encode()) for one in found))
        assert set(itertools.accumulate(len(one.encode()) for one in wanted)) <= ends


def test_what_closes_does_not_reach_into_the_next_text() -> None:
    assert segments("sentence", "He left.", '" Then', whole=True) == [["He left."], ['" Then']]
    assert segments("sentence", "He left.", "”", "", "Yes", whole=False)[0] == ["He left."]
    assert segments("2,sentence", 'a b. " c', "” d") != []


def test_older_runs_are_cut_as_they_were_trained() -> None:
    for whole in (True, False):
        (found,) = segments("sentence", 'He said "Stop." Then he left.', whole=whole, closings=False)
        assert found == ['He said "Stop." Then he left.']
    assert segments("sentence", "「行く。」と", closings=False) == [["「行く。", "」と"]]


@given(
    st.lists(st.text(st.sampled_from('aB .!?…"”“)»«。！」“，,')), min_size=1, max_size=4),
    st.sampled_from(["sentence", "clause", "3,sentence"]),
)
def test_bytes_are_cut_as_pieces_are(texts: list[str], names: str) -> None:
    """Both spell the same characters, so sentences end at the same ones; and no character is parted."""
    texts = [" ".join(text.split()) or "a" for text in texts]
    if names != "3,sentence":
        assert segments(names, *texts) == segments(names, *texts, whole=False)
    for whole in (True, False):
        found = segments(names, *texts, whole=whole)
        assert ["".join(one) for one in found] == texts or "\ufffd" in str(found)


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
