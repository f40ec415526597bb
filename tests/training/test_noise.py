"""Noise does what it says, and leaves ends and padding untouched."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from support import SPECIALS
from torch import Tensor

from textrae.text.batch import collate_lists
from textrae.training.noise import Noise, blank_out

TEXT = range(4, 1_000)


def spoil(noise: Noise, rows: list[list[int]]) -> list[list[int]]:
    batch = collate_lists(rows, SPECIALS)
    ids, lengths = noise(batch.source, batch.lengths, TEXT, SPECIALS)
    out = []
    for column, length in zip(ids.t().tolist(), lengths.tolist(), strict=True):
        assert column[length - 1] == SPECIALS.eos
        assert all(i == SPECIALS.pad for i in column[length:])
        out.append(column[: length - 1])
    return out


def long_rows() -> list[list[int]]:
    return [list(range(4 + 100 * row, 104 + 100 * row)) for row in range(8)] + [[5], []]


def test_blanking_hits_its_share_of_the_text_only() -> None:
    torch.manual_seed(0)
    ids = torch.cat([torch.full((1, 100), 1), torch.full((200, 100), 9), torch.full((1, 100), 2)])
    blanked = blank_out(ids, 0.3, TEXT, 3)
    assert abs((blanked == 3).float().mean().item() - 0.3) < 0.02
    assert (blanked[0] == 1).all()
    assert (blanked[-1] == 2).all()
    assert blank_out(ids, 0.0, TEXT, 3) is ids


def test_dropping_leaves_the_others_in_order() -> None:
    torch.manual_seed(0)
    rows = long_rows()
    dropped = spoil(Noise(drop=0.3), rows)
    assert 0.6 < sum(map(len, dropped)) / sum(map(len, rows)) < 0.8
    for before, after in zip(rows, dropped, strict=True):
        assert after == sorted(after)
        assert set(after) <= set(before)


def test_substitution_hits_its_share() -> None:
    torch.manual_seed(0)
    rows = long_rows()
    other = spoil(Noise(substitute=0.25), rows)
    assert [len(row) for row in other] == [len(row) for row in rows]
    changed = sum(
        a != b for before, after in zip(rows, other, strict=True) for a, b in zip(before, after, strict=True)
    )
    assert 0.2 < changed / 801 < 0.3
    assert all(token in TEXT for row in other for token in row)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.integers(1, 5), st.integers(0, 100))
def test_no_token_moves_further_than_allowed(lengths: list[int], reach: int, seed: int) -> None:
    torch.manual_seed(seed)
    rows = [list(range(4, 4 + length)) for length in lengths]
    for before, after in zip(rows, spoil(Noise(shuffle=reach), rows), strict=True):
        assert sorted(after) == before
        assert all(abs(place - (token - 4)) <= reach for place, token in enumerate(after))


def test_shuffling_shuffles() -> None:
    torch.manual_seed(0)
    after = spoil(Noise(shuffle=3), long_rows())
    assert sum(row != sorted(row) for row in after) == 8


def test_nothing_is_done_for_nothing() -> None:
    batch = collate_lists(long_rows(), SPECIALS)
    found: tuple[Tensor, Tensor] = Noise()(batch.source, batch.lengths, TEXT, SPECIALS)
    assert found[0] is batch.source
    assert found[1] is batch.lengths
