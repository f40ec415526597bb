"""Token rows → batches: the only file of `textrae.text` that imports torch.

The order of an epoch is a function of (seed, epoch), so training resumes at (epoch, batch) exactly. It is computed one
window of rows at a time, so that memory does not grow with the corpus.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textrae.text.rows import line_numbers
from textrae.text.segments import Segmenter
from textrae.text.tokenizer import BLANK_ID, BOS_ID, EOS_ID, PAD_ID

WINDOW = 1 << 17
"""Number of rows whose batches are planned, and whose tokens are read, at once."""


class Rows(Protocol):
    """Tokenized sentences by row number."""

    def __len__(self) -> int: ...

    def lengths_of(self, rows: NDArray[np.int64]) -> NDArray[np.uint16]:
        """Return the number of tokens of each of some rows."""

    def gather(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
        """Return the tokens of some rows one after another, and the len(rows) + 1 offsets between them."""


class Gathered(Protocol):
    """Vectors by the ids that stand for them in the rows of a token cache."""

    def gather(self, ids: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return the vectors of some rows, (rows, dimensions)."""


class ListedRows:
    """Tokenized sentences held in memory, as :class:`Rows`.

    Args:
        rows: token ids below 65,536 of each sentence.
    """

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        self.lengths = np.fromiter((len(row) for row in rows), dtype=np.uint16, count=len(rows))
        total = int(self.lengths.sum(dtype=np.int64))
        self._ids = np.fromiter((i for row in rows for i in row), dtype=np.uint16, count=total)
        self._ends = np.cumsum(self.lengths, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.lengths)

    def lengths_of(self, rows: NDArray[np.int64]) -> NDArray[np.uint16]:
        """Return the number of tokens of each of some rows."""
        return self.lengths[rows]

    def gather(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
        """Return the tokens of some rows one after another, and the len(rows) + 1 offsets between them."""
        lengths = self.lengths[rows].astype(np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        starts = self._ends[rows] - lengths
        places = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - starts, lengths)
        return self._ids[places], offsets


@dataclass(frozen=True)
class Batch:
    """Some sentences, or the segments of some texts, time first. Autoencoding is `target is source`."""

    source: Tensor
    """(time, batch) ids; the end token follows each sentence, then padding."""
    lengths: Tensor
    """(batch,) number of tokens of each source, its end included."""
    previous: Tensor
    """(steps, batch) ids that the decoder reads: the begin token, then the target without its last step."""
    target: Tensor
    """(steps, batch) ids to decode, ended and padded like the source."""
    tree: tuple[Tensor, ...] = ()
    """Counts of a hierarchical batch, whose columns are segments: of segments in each unit of the next level, up to each
    text."""
    vectors: Tensor | None = None
    """(batch, dimensions) vectors that the model reads in place of the source, or that teach what it means."""
    numbers: NDArray[np.int64] | None = None
    """(batch,) numbers of the lines of the corpus, where they are kept."""

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device; to a GPU it is copied asynchronously, from pinned memory."""
        given = () if self.vectors is None else (self.vectors,)
        parts = (self.source, self.lengths, self.previous, self.target, *self.tree, *given)
        pin = device.type == "cuda"
        moved = {id(t): (t.pin_memory() if pin else t).to(device, non_blocking=True) for t in parts}
        source, lengths, previous, target, *tree = (moved[id(t)] for t in parts[: 4 + len(self.tree)])
        vectors = None if self.vectors is None else moved[id(self.vectors)]
        return Batch(source, lengths, previous, target, tuple(tree), vectors, self.numbers)


@dataclass(frozen=True)
class Specials:
    """Token ids that are not text."""

    pad: int
    """Id of padding."""
    bos: int
    """Id that the decoder begins with."""
    eos: int
    """Id that ends a sentence."""
    blank: int
    """Id that stands for a hidden token."""
    begin: int | None = None
    """Id that the decoder begins with in place of `bos`: that of a language."""

    @property
    def first(self) -> int:
        """Id that the decoder begins with: `begin`, or else `bos`."""
        return self.bos if self.begin is None else self.begin


def collate(
    ids: NDArray[np.integer],
    lengths: NDArray[np.integer],
    specials: Specials,
    segmenter: Segmenter | None = None,
) -> Batch:
    """Make a batch whose target is its source.

    Args:
        ids: (tokens,) ids of the sentences, one after another.
        lengths: (sentences,) number of tokens of each.
        specials: the ids that are not text.
        segmenter: cuts the sentences of a hierarchical model. The columns are then their segments, each ended by an id
            that says which levels end there.
    """
    ends: NDArray[np.int64] | int = specials.eos
    tree: list[NDArray[np.int64]] = []
    if segmenter is not None:
        counts = segmenter.cut(ids, lengths)
        ends = segmenter.ends(counts, specials.eos)
        lengths, *tree = counts
    ended = lengths.astype(np.int64) + 1
    steps = np.arange(ended.max())
    grid = np.full((len(ended), len(steps)), specials.pad, dtype=np.int64)
    grid[steps < lengths[:, None]] = ids
    grid[np.arange(len(ended)), lengths] = ends
    source = torch.from_numpy(np.ascontiguousarray(grid.T))
    previous = torch.cat([torch.full((1, len(ended)), specials.first), source[:-1]])
    return Batch(source, torch.from_numpy(ended), previous, source, tuple(map(torch.from_numpy, tree)))


def with_targets(
    batch: Batch,
    ids: NDArray[np.integer],
    lengths: NDArray[np.integer],
    specials: Specials,
    tagged: bool = False,
) -> Batch:
    """Return the batch with other targets than its sources.

    Args:
        batch: the sources.
        ids: (tokens,) ids of the targets, one after another.
        lengths: (batch,) number of tokens of each target.
        specials: the ids that are not text.
        tagged: whether the first id of each target is what the decoder begins with, and not part of the target.
    """
    if not tagged:
        other = collate(ids, lengths, specials)
        return replace(batch, previous=other.previous, target=other.target)
    starts = np.cumsum(lengths) - lengths
    other = collate(np.delete(ids, starts), lengths - 1, specials)
    first = torch.from_numpy(ids[starts].astype(np.int64)).unsqueeze(0)
    return replace(batch, previous=torch.cat([first, other.previous[1:]]), target=other.target)


def crossover(batch: Batch, share: float) -> Batch:
    """Replace the end of a random `share` of the sentences, from a random token on, by that of another of the batch.

    The target stays the source: the model learns to copy, and not to continue a sentence as the training text does.
    """
    if share == 0.0:
        return batch
    count = len(batch.lengths)
    partner = torch.randperm(count, device=batch.lengths.device)
    shorter = torch.minimum(batch.lengths, batch.lengths[partner])
    cut = 1 + (torch.rand(count, device=shorter.device) * (shorter - 1)).long()
    chosen = (torch.rand(count, device=shorter.device) < share) & (cut < shorter)
    after = torch.arange(len(batch.source), device=shorter.device).unsqueeze(1) >= cut
    source = torch.where(after & chosen, batch.source[:, partner], batch.source)
    lengths = torch.where(chosen, batch.lengths[partner], batch.lengths)
    return Batch(source, lengths, torch.cat([batch.previous[:1], source[:-1]]), source)


def collate_lists(
    sentences: Sequence[Sequence[int]], specials: Specials, segmenter: Segmenter | None = None
) -> Batch:
    """Make a batch whose target is its source from a list of token ids for each sentence.

    Args:
        sentences: token ids of each.
        specials: the ids that are not text.
        segmenter: cuts the sentences of a hierarchical model.
    """
    lengths = np.fromiter((len(ids) for ids in sentences), dtype=np.int64, count=len(sentences))
    flat = np.fromiter((i for ids in sentences for i in ids), dtype=np.int64, count=int(lengths.sum()))
    return collate(flat, lengths, specials, segmenter)


class LengthBuckets:
    """Batches of sentences of similar length, by a budget of tokens, in an order that can be resumed.

    Args:
        rows: the corpus.
        batch_tokens: tokens of a batch at most, padding and ends included (a single longer sentence is a batch).
        specials: the ids that are not text.
        seed: seed of the order.
        segmenter: cuts the sentences of a hierarchical model.
        targets: target of each row; by default the row itself.
        vectors: vectors that the model reads, or that teach; `rows` then hold the numbers of lines, and `targets` the lines.
        numbered: whether `rows` hold numbers of lines without vectors too.
        tagged: whether each target begins with the id of its language.
    """

    def __init__(
        self,
        rows: Rows,
        batch_tokens: int,
        specials: Specials,
        seed: int,
        segmenter: Segmenter | None = None,
        targets: Rows | None = None,
        vectors: Gathered | None = None,
        tagged: bool = False,
        numbered: bool = False,
    ) -> None:
        self.vectors, self.tagged, self.numbered = vectors, tagged, numbered or vectors is not None
        self.rows, self.batch_tokens, self.specials, self.seed = rows, batch_tokens, specials, seed
        self.segmenter, self.targets = segmenter, targets

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, from number `start` on."""
        done = 0
        for window, cuts, order in self._windows(epoch):
            if done + len(order) <= start:
                done += len(order)
                continue
            make = self._batch_maker(window)
            for number in order[max(0, start - done) :]:
                yield make(cuts[number], cuts[number + 1])
            done += len(order)

    def parts(
        self, epoch: int, start: int, shards: int, mine: Sequence[int]
    ) -> Iterator[list[tuple[Batch, bool]]]:
        """Yield for each batch of an epoch, from number `start` on, some of the shards that it is cut into.

        A shard has every `shards`-th sentence of the batch by length, so that all shards are about equally large.

        Args:
            epoch: number of the epoch.
            start: number of the first batch.
            shards: shards that a batch is cut into; 1 for the batch itself.
            mine: numbers of the shards to make.

        Yields:
            For each of these the sentences, and True; a shard of which there is none has another sentence, and False.
        """
        if shards == 1:
            yield from ([(batch, True)] for batch in self.epoch(epoch, start))
            return
        done = 0
        for window, cuts, order in self._windows(epoch):
            for number in order[max(0, start - done) :]:
                rows = window[cuts[number] : cuts[number + 1]]
                own = [rows[shard::shards] if shard < shards else rows[:0] for shard in mine]
                yield [(self._batch(some if len(some) else rows[:1]), len(some) > 0) for some in own]
            done += len(order)

    def _batch(self, rows: NDArray[np.int64]) -> Batch:
        """Make a batch of some rows."""
        return self._batch_maker(rows)(0, len(rows))

    def _batch_maker(self, rows: NDArray[np.int64]) -> Callable[[int, int], Batch]:
        """Read some rows; return a function that makes a batch of those from one place among them to another."""
        ids, offsets = self.rows.gather(rows)
        others = None if self.targets is None else self.targets.gather(rows)

        def part(first: int, last: int) -> Batch:
            some, lengths = ids[offsets[first] : offsets[last]], np.diff(offsets[first : last + 1])
            if self.numbered and others is not None:
                found = None if self.vectors is None else torch.from_numpy(self.vectors.gather(some))
                numbers, (theirs, ends) = line_numbers(some), others
                some, lengths = theirs[ends[first] : ends[last]], np.diff(ends[first : last + 1])
                return replace(collate(some, lengths, self.specials), vectors=found, numbers=numbers)
            batch = collate(some, lengths, self.specials, self.segmenter)
            if others is None:
                return batch
            theirs, ends = others
            some, lengths = theirs[ends[first] : ends[last]], np.diff(ends[first : last + 1])
            return with_targets(batch, some, lengths, self.specials, self.tagged)

        return part

    def batches_in(self, epoch: int) -> int:
        """Return the number of batches of an epoch."""
        return sum(len(order) for _, _, order in self._windows(epoch))

    def tokens(self, limit: int | None = None) -> int:
        """Return the tokens of the first rows, ends counted; of a pair, those of its longer side."""
        count = len(self.rows) if limit is None else min(limit, len(self.rows))
        blocks = (np.arange(start, min(start + WINDOW, count)) for start in range(0, count, WINDOW))
        return sum(int(self._lengths_of(block).sum(dtype=np.int64)) for block in blocks) + count

    def _lengths_of(self, rows: NDArray[np.int64]) -> NDArray[np.uint16]:
        """Return the tokens of rows; of pairs, those of their longer sides."""
        lengths = self.rows.lengths_of(rows)
        return lengths if self.targets is None else np.maximum(lengths, self.targets.lengths_of(rows))

    def in_order(self, limit: int, spread: bool = False) -> Iterator[Batch]:
        """Yield batches of at most `limit` rows by length: the first rows, or with `spread` evenly spaced ones."""
        count = min(limit, len(self.rows))
        spaced = np.linspace(0, len(self.rows) - 1, count).astype(np.int64)
        yield from self.by_length(spaced if spread else np.arange(count))

    def by_length(self, rows: NDArray[np.int64]) -> Iterator[Batch]:
        """Yield batches of the rows of these numbers, the shortest first."""
        lengths = self._lengths_of(rows)
        order = np.argsort(lengths, kind="stable")
        rows, lengths = rows[order], lengths[order]
        cuts = token_cuts(lengths.astype(np.int64) + 1, self.batch_tokens)
        make = self._batch_maker(rows)
        for first, last in itertools.pairwise(cuts):
            yield make(first, last)

    def _windows(self, epoch: int) -> Iterator[tuple[NDArray[np.int64], list[int], NDArray[np.int64]]]:
        """Yield for each window its rows by length, where its batches begin and end, and the batches' order."""
        generator = np.random.default_rng([self.seed, epoch])
        keys = generator.integers(0, 1 << 63, size=4, dtype=np.uint64)
        for start in range(0, len(self.rows), WINDOW):
            rows = permuted(np.arange(start, min(start + WINDOW, len(self.rows))), len(self.rows), keys)
            lengths = self._lengths_of(rows)
            rows = rows[np.argsort(lengths, kind="stable")]
            cuts = token_cuts(np.sort(lengths).astype(np.int64) + 1, self.batch_tokens)
            yield rows, cuts, generator.permutation(len(cuts) - 1)


def token_cuts(lengths: NDArray[np.int64], budget: int, multiple: int = 1) -> list[int]:
    """Cut ascending lengths so that each part, padded to its longest row, has at most `budget` tokens.

    Args:
        lengths: (rows,) number of tokens of each, ascending.
        budget: tokens of a part at most; a single longer row is a part.
        multiple: all parts but the last have a multiple of this many rows, unless fewer fit.

    Returns:
        Where the parts begin, and the number of rows.
    """
    cuts, first, total = [0], 0, len(lengths)
    while first < total:
        # rows while (count × longest ≤ budget); ascending lengths make the product monotonic
        reach = min(total, first + max(1, budget // int(lengths[first])))
        fits = np.arange(1, reach - first + 1) * lengths[first:reach] <= budget
        rows = max(1, int(np.count_nonzero(fits)))
        if multiple < rows < total - first:
            rows -= rows % multiple
        first += rows
        cuts.append(first)
    return cuts


def permuted(numbers: NDArray[np.int64], size: int, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return where a keyed pseudo-random permutation of range(size) takes `numbers`.

    Memory grows with the count of `numbers`, not with `size`. It is a Feistel network over the next even number of bits;
    a value outside the range is permuted again (cycle walking, Black & Rogaway 2002).
    """
    half = max(1, (max(size - 1, 1).bit_length() + 1) // 2)
    mask = np.uint64((1 << half) - 1)
    out = numbers.astype(np.uint64)
    todo = np.arange(len(out))
    while len(todo):
        values = out[todo]
        left, right = values >> np.uint64(half), values & mask
        for key in keys:
            mixed = (right + key) * np.uint64(0x9E3779B97F4A7C15)
            mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
            left, right = right, left ^ ((mixed >> np.uint64(32)) & mask)
        out[todo] = (left << np.uint64(half)) | right
        todo = todo[out[todo] >= size]
    return out.astype(np.int64)


SPECIALS = Specials(PAD_ID, BOS_ID, EOS_ID, BLANK_ID)
"""Special ids of every :class:`~textrae.text.tokenizer.Tokenizer`."""
