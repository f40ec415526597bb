"""Order, budget and content of batches."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support import Memory

from textrae.text import batch as module
from textrae.text.batch import (
    LengthBuckets,
    ListedRows,
    Specials,
    collate_lists,
    crossover,
    permuted,
    token_cuts,
)

SPECIALS = Specials(0, 1, 2, 3)


def some_rows(count: int, seed: int = 0) -> Memory:
    generator = np.random.default_rng(seed)
    # the first token is the row's own number, so that rows can be told apart
    return Memory([[4 + n, *generator.integers(4, 99, generator.integers(0, 12))] for n in range(count)])


def seen(batches: list[module.Batch]) -> list[int]:
    return [int(token) - 4 for batch in batches for token in batch.source[0]]


@given(size=st.integers(1, 3_000), seed=st.integers(0, 2**63 - 1))
@settings(max_examples=60, deadline=None)
def test_permuted_is_a_permutation(size: int, seed: int) -> None:
    keys = np.random.default_rng(seed).integers(0, 1 << 63, 4, dtype=np.uint64)
    assert sorted(permuted(np.arange(size), size, keys)) == list(range(size))


def test_permuted_mixes_and_depends_on_its_keys() -> None:
    keys = np.arange(8, dtype=np.uint64).reshape(2, 4)
    first, second = (permuted(np.arange(10_000), 10_000, key) for key in keys)
    assert (first == second).mean() < 0.01
    assert abs(np.corrcoef(np.arange(10_000), first)[0, 1]) < 0.05


@given(st.lists(st.integers(1, 50), min_size=1, max_size=200), st.integers(1, 300))
@settings(deadline=None)
def test_cuts_keep_the_budget_and_are_as_few_as_they_can(lengths: list[int], budget: int) -> None:
    ordered = np.sort(np.array(lengths))
    cuts = token_cuts(ordered, budget)
    assert (cuts[0], cuts[-1]) == (0, len(ordered))
    for first, last in itertools.pairwise(cuts):
        assert last > first
        assert last - first == 1 or (last - first) * ordered[last - 1] <= budget
        if last < len(ordered):
            assert (last - first + 1) * ordered[last] > budget


def test_collate_ends_pads_and_shifts() -> None:
    batch = collate_lists([[7, 8], [], [9]], SPECIALS)
    assert batch.source.t().tolist() == [[7, 8, 2], [2, 0, 0], [9, 2, 0]]
    assert batch.previous.t().tolist() == [[1, 7, 8], [1, 2, 0], [1, 9, 2]]
    assert batch.lengths.tolist() == [3, 1, 2]
    assert batch.target is batch.source


def test_an_epoch_has_every_row_once_within_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WINDOW", 200)  # several windows
    buckets = LengthBuckets(some_rows(1_000), 64, SPECIALS, 0)
    batches = list(buckets.epoch(0))
    assert sorted(seen(batches)) == list(range(1_000))
    assert len(batches) == buckets.batches_in(0)
    assert max(batch.source.numel() for batch in batches) <= 64
    real = sum(int(batch.lengths.sum()) for batch in batches)
    assert real / sum(batch.source.numel() for batch in batches) > 0.95  # hardly any padding


def test_order_depends_on_seed_and_epoch_alone() -> None:
    rows = some_rows(500)
    orders = {
        (seed, epoch): seen(list(LengthBuckets(rows, 64, SPECIALS, seed).epoch(epoch)))
        for seed in (0, 1)
        for epoch in (0, 1)
    }
    assert len({tuple(order) for order in orders.values()}) == 4
    assert orders[0, 1] == seen(list(LengthBuckets(rows, 64, SPECIALS, 0).epoch(1)))


@pytest.mark.parametrize("start", [0, 1, 17, 60, 10_000])
def test_an_epoch_resumes_where_it_stood(start: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WINDOW", 128)
    buckets = LengthBuckets(some_rows(500), 64, SPECIALS, 3)
    assert seen(list(buckets.epoch(2, start))) == seen(list(buckets.epoch(2))[start:])


@pytest.mark.parametrize(("shards", "processes"), [(1, 1), (2, 2), (3, 2), (5, 3)])
@pytest.mark.parametrize("start", [0, 7, 40])
def test_processes_share_every_batch(
    shards: int, processes: int, start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WINDOW", 128)
    buckets = LengthBuckets(some_rows(500), 24, SPECIALS, 3)
    rounds = -(-shards // processes)
    shares = [
        list(buckets.parts(2, start, shards, [rank + processes * number for number in range(rounds)]))
        for rank in range(processes)
    ]
    together = [[part for share in parts for part in share] for parts in zip(*shares, strict=True)]
    own = [[batch for batch, real in parts if real] for parts in together]
    whole = list(buckets.epoch(2, start))
    assert [sorted(seen(batches)) for batches in own] == [sorted(seen([batch])) for batch in whole]
    for batches in own:  # and evenly
        counts = [len(batch.lengths) for batch in batches]
        assert max(counts) - min(counts) <= 1
    spare = [batch for parts in together for batch, real in parts if not real]
    assert all(len(batch.lengths) == 1 for batch in spare)  # of a process that has no share


def test_in_order_is_bounded_and_sorted() -> None:
    batches = list(LengthBuckets(some_rows(300), 64, SPECIALS, 0).in_order(100))
    assert sorted(seen(batches)) == list(range(100))
    longest = [int(batch.lengths.max()) for batch in batches]
    assert longest == sorted(longest)


def test_crossover_joins_the_head_of_one_sentence_to_the_tail_of_another() -> None:
    torch.manual_seed(0)
    sentences = [[100 * n + k for k in range(1, 3 + n)] for n in range(1, 9)]
    batch = collate_lists(sentences, SPECIALS)
    mixed = crossover(batch, 0.99)
    assert mixed.target is mixed.source
    assert torch.equal(mixed.previous[1:], mixed.source[:-1])
    assert (mixed.previous[0] == SPECIALS.bos).all()
    crossed = 0
    for column, length in enumerate(mixed.lengths.tolist()):
        ids = mixed.source[:, column].tolist()
        assert ids[length - 1] == SPECIALS.eos
        assert ids[length:] == [SPECIALS.pad] * (len(ids) - length)
        assert ids[0] == sentences[column][0]
        owners = [i // 100 for i in ids[: length - 1]]
        assert owners == sorted(owners, key=lambda owner: owner != owners[0])  # one head, one tail
        assert [i % 100 for i in ids[: length - 1]] == list(range(1, length))  # each token keeps its place
        crossed += len(set(owners)) == 2
    assert crossed > 3
    assert crossover(batch, 0.0) is batch


def test_cuts_have_whole_multiples_of_rows() -> None:
    lengths = np.sort(np.random.default_rng(0).integers(1, 40, 1000))
    cuts = token_cuts(lengths, 2_000, 32)
    sizes = np.diff(cuts)
    assert cuts[-1] == 1000
    assert all(size % 32 == 0 for size in sizes[:-1])
    assert all(size * lengths[last - 1] <= 2_000 for size, last in zip(sizes, cuts[1:], strict=True))
    assert np.diff(token_cuts(lengths, 100, 32)).max() <= 32  # where so many do not fit, as many as do


def test_listed_rows_are_those_of_a_list() -> None:
    rows = [[4, 5, 6], [], [7], [8, 9], [10]]
    ours, theirs = ListedRows(rows), Memory(rows)
    for one, other in zip(
        LengthBuckets(ours, 6, SPECIALS, 3).epoch(0),
        LengthBuckets(theirs, 6, SPECIALS, 3).epoch(0),
        strict=True,
    ):
        assert torch.equal(one.source, other.source)
        assert torch.equal(one.lengths, other.lengths)
