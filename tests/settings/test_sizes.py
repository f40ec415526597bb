"""What a size means, and which one suits a budget and a corpus."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrae.settings.sizes import (
    FEW_TOKENS,
    FEWER_SLOTS,
    LARGE_CORPUS,
    MANY_TOKENS,
    MOST_SLOTS,
    NUMBERS,
    SIZES,
    TOKENS_A_SLOT,
    Size,
    has_slots,
    numbers,
    size_for,
    slots_for,
)


def test_a_larger_size_has_no_less_of_anything() -> None:
    small, base, large = SIZES.values()
    assert all(one <= two <= three for one, two, three in zip(small, base, large, strict=True))
    assert small.hidden < base.hidden < large.hidden


@given(
    st.sampled_from(list(SIZES)),
    st.dictionaries(st.sampled_from(NUMBERS), st.integers(0, 512)),
    st.booleans(),
)
def test_numbers_are_those_that_were_not_given(size: Size, known: dict[str, int], variational: bool) -> None:
    found = numbers(size, {**known, "variational": variational})
    assert found.keys() | known.keys() == set(NUMBERS)
    assert not found.keys() & known.keys()
    if "slots" in found:
        assert found["slots"] == (0 if variational else SIZES[size].slots)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({}, True),
        ({"memory": "slots"}, True),
        ({"memory": "slots", "variational": True}, True),
        ({"memory": "states"}, False),
        ({"vectors": 8}, False),
        ({"vectors": 0, "hierarchical": False, "cell": "lstm"}, True),
        ({"hierarchical": True}, False),
        ({"regulariser": "adversarial"}, False),
        ({"pooling": "max"}, False),
    ],
)
def test_who_has_slots(given_: dict[str, object], expected: bool) -> None:
    assert has_slots(given_) == expected


@given(st.sampled_from(list(SIZES)), st.floats(0, 5_000))
def test_longer_texts_have_twice_as_many_slots_up_to_a_bound(size: Size, length: float) -> None:
    slots, usual = slots_for(size, length), SIZES[size].slots
    times = slots // usual
    assert times & (times - 1) == 0
    assert usual * times == slots <= max(usual, MOST_SLOTS)
    assert length <= slots * TOKENS_A_SLOT or slots >= MOST_SLOTS
    assert slots == usual or length > slots / 2 * TOKENS_A_SLOT


@given(st.sampled_from(list(SIZES)), st.floats(0, 5_000))
def test_a_translator_has_as_many_numbers_in_fewer_slots(size: Size, length: float) -> None:
    one, other = numbers(size, {}), numbers(size, {}, translates=True)
    assert other["slots"] * FEWER_SLOTS == one["slots"]
    assert other["slots"] * other["latent"] == one["slots"] * one["latent"]
    assert slots_for(size, length, translates=True) * FEWER_SLOTS == slots_for(size, length)
    assert numbers(size, {"slots": 0}, translates=True) == numbers(size, {"slots": 0})


@pytest.mark.parametrize(
    ("base", "large", "corpus", "fits", "expected"),
    [
        (FEW_TOKENS - 1, 0, 1e9, True, "small"),
        (FEW_TOKENS, 0, 1e9, True, "base"),
        (MANY_TOKENS, MANY_TOKENS, 1e9, True, "base"),
        (MANY_TOKENS + 1, MANY_TOKENS, 1e9, True, "base"),
        (MANY_TOKENS + 1, MANY_TOKENS + 1, LARGE_CORPUS, True, "large"),
        (1e12, 1e12, LARGE_CORPUS - 1, True, "base"),
        (1e12, 1e12, 1e9, False, "base"),
    ],
)
def test_the_size_that_suits_a_budget(
    base: float, large: float, corpus: float, fits: bool, expected: Size
) -> None:
    asked: list[Size] = []

    def tokens(size: Size) -> float:
        asked.append(size)
        return {"base": base, "large": large}[size]

    assert size_for(tokens, corpus, lambda size: fits) == expected
    much = base > MANY_TOKENS and corpus >= LARGE_CORPUS and fits
    assert asked == ["base", "large"] if much else ["base"]  # no speed is measured that decides nothing


def test_the_guide_has_these_numbers() -> None:
    page = (Path(__file__).parents[2] / "docs" / "model.md").read_text(encoding="utf-8")
    for name, of in SIZES.items():
        row = f"| `{name}` | {of.hidden:,} | {of.embedding} | {of.slots} × {of.latent} | {of.vector} |"
        assert row in page
    assert f"see fewer than {FEW_TOKENS / 1e6:g} M tokens" in page
    assert (
        f"see more than {MANY_TOKENS / 1e6:g} M tokens, of a corpus of at least {LARGE_CORPUS / 1e6:g} M"
        in page
    )
    slots = SIZES["base"].slots
    assert f"over {slots * TOKENS_A_SLOT:g} tokens there are {2 * slots} slots" in page
