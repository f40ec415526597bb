"""Hard-wrapped text is noticed, and ordinary corpora are not taken for it."""

from __future__ import annotations

import random
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrae.text.wrapped import SAMPLE, Wrapped, broken

DATA = Path(__file__).parents[2] / "data"
SHIPPED = (DATA / "sentences.en.txt").read_text(encoding="utf-8").splitlines()[:2_000]


def book(lines: list[str], width: int) -> list[str]:
    """Paragraphs of eight sentences, hard-wrapped, with blank lines between them."""
    paragraphs = (" ".join(lines[start : start + 8]) for start in range(0, len(lines), 8))
    return [line for paragraph in paragraphs for line in [*textwrap.wrap(paragraph, width), ""]]


@pytest.mark.parametrize("width", [45, 60, 72, 100])
@pytest.mark.parametrize("change", [str, str.lower])
def test_a_book_is_noticed(width: int, change: type[str]) -> None:
    assert 0.4 < broken([change(line) for line in book(SHIPPED, width)]) < 1.0


@pytest.mark.parametrize("name", ["sentences.en.txt", "sentences.de.txt", "sentences.zh.txt", "labels.tsv"])
def test_shipped_corpora_are_not(name: str) -> None:
    assert broken((DATA / name).read_text(encoding="utf-8").splitlines()) == 0.0


@pytest.mark.parametrize(
    "change",
    [
        str.lower,  # as reviews are often kept
        lambda line: line.lower().rstrip(".!?"),  # as the Penn Treebank is
        lambda line: line.lower().rstrip(".!?")[:50],  # cut like short messages
        str.upper,
        lambda line: line.replace(" ", "\t"),
    ],
)
def test_sentences_in_other_dress_are_not(change: type[str]) -> None:
    assert broken([change(line) for line in SHIPPED]) == 0.0


def test_lists_of_words_and_few_lines_are_not() -> None:
    draw = random.Random(0)
    assert broken(["".join(draw.choices("abcdefgh", k=draw.randint(3, 12))) for _ in range(2_000)]) == 0.0
    assert broken(["positive", "negative"] * 500) == 0.0
    assert broken(book(SHIPPED, 60)[:15]) == 0.0
    assert broken([]) == broken(["", " "] * 100) == 0.0


@given(st.lists(st.text(max_size=90), max_size=60))
def test_any_text_has_a_share(lines: list[str]) -> None:
    assert 0.0 <= broken(lines) <= 1.0


def test_the_first_lines_are_kept_while_all_pass_by() -> None:
    look, lines = Wrapped(), [line for line in book(SHIPPED, 60) if line]
    many = lines * (1 + 2 * SAMPLE // len(lines))
    assert list(look.watched(iter(many))) == many
    assert look.broken() == broken(many[:SAMPLE]) > 0.4
    assert Wrapped().broken() == 0.0
