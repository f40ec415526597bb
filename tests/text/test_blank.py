"""Blank lines are told from others, and left out of a stream."""

from __future__ import annotations

import pytest

from textrae.errors import CorpusError
from textrae.text.blank import Filled, filled_pairs, is_blank, refuse_blank


def test_only_white_space_is_blank() -> None:
    assert all(map(is_blank, ["", " ", "\t \r", "\u00a0\u3000", "\u2028", "\x0c"]))
    assert not any(map(is_blank, ["a", " . ", "\u200b", "\ufffd", "\x00"]))


def test_a_stream_without_blanks_knows_where_its_sentences_stood() -> None:
    filled = Filled(iter(["", "a", " ", "b", "\u3000"]))
    assert list(filled) == ["a", "b"]
    assert (filled.rows, filled.seen, filled.blank) == ([1, 3], 5, 3)
    filled.refuse_none()


@pytest.mark.parametrize(
    ("lines", "said"), [([], "$"), ([""], ": it is blank$"), (["", " "], ": all 2 are blank$")]
)
def test_nothing_to_measure_is_refused(lines: list[str], said: str) -> None:
    filled = Filled(lines)
    assert list(filled) == []
    with pytest.raises(ValueError, match=f"^no sentence to measure{said}"):
        filled.refuse_none()


def test_a_pair_with_a_blank_side_is_left_out() -> None:
    assert filled_pairs(["a", "", "c", " "], ["x", "y", "\t", ""]) == (["a"], ["x"], 3)


def test_a_blank_sentence_is_refused_by_its_number() -> None:
    refuse_blank(["a", "b"])
    with pytest.raises(CorpusError, match="sentence 2: is blank"):
        refuse_blank(["a", " "])
