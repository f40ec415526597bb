"""Where two sentences differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrae.report.differences import changed_share, differences

TEXT = st.text(" ab,漢", max_size=12)


@given(TEXT, TEXT)
def test_both_sentences_can_be_read_from_the_pieces(first: str, second: str) -> None:
    pieces = list(differences(first, second))
    assert "".join(text for kind, text in pieces if kind != "new") == first
    assert "".join(text for kind, text in pieces if kind != "lost") == second
    assert all(text for _, text in pieces)
    assert (changed_share(first, second) == 0) == (first == second)


def test_words_are_compared_and_characters_where_no_space_parts_words() -> None:
    assert list(differences("a red ball.", "a blue ball.")) == [
        ("same", "a "), ("lost", "red"), ("new", "blue"), ("same", " ball."),
    ]  # fmt: skip
    assert list(differences("我喜欢猫", "我喜欢狗")) == [("same", "我喜欢"), ("lost", "猫"), ("new", "狗")]
    assert changed_share("a b", "c d") == pytest.approx(4 / 6)
    assert changed_share("", "") == 0
