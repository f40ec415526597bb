"""Words, and characters where spaces part none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrae.evaluation.suite.words import joined, terms, tokens


@pytest.mark.parametrize(
    ("sentence", "parted", "found"),
    [
        ("A dog, a Dog!", True, ["a", "dog", "a", "dog"]),
        ("Straße 5 b.", True, ["straße", "5", "b"]),
        ("?! …", True, ["?!", "…"]),
        ("我爱 你。", False, ["我", "爱", "你", "我爱"]),
    ],
)
def test_terms(sentence: str, parted: bool, found: list[str]) -> None:
    assert terms(sentence, parted) == found


@given(st.text(min_size=1).filter(lambda text: not text.isspace()), st.booleans())
@settings(max_examples=30, deadline=None)
def test_a_sentence_has_terms_and_is_its_tokens(sentence: str, parted: bool) -> None:
    assert all(terms(sentence, parted))
    assert terms(sentence, parted)
    whole = joined(tokens(sentence, parted), parted)
    assert "".join(whole.split()) == "".join(sentence.split())
    assert tokens(whole, parted) == tokens(sentence, parted)
