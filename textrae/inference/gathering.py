"""The encodings of a text, kept in memory for what is fitted to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from textrae.errors import ConfigError, CorpusError
from textrae.inference.cuts import Cuts
from textrae.inference.engine import BATCH_TOKENS, Engine
from textrae.latent.draw import refuse_states
from textrae.latent.flow import MOST_NUMBERS, Condition, Known
from textrae.text.blank import is_blank

MOST_LABELS = 1_000
"""Different labels at most."""


def gather(
    engine: Engine,
    sentences: Iterable[str],
    labels: Iterable[str] | None = None,
    *,
    seed: int = 0,
    cuts: Cuts | None = None,
) -> Known:
    """Encode sentences and keep their encodings; of more than fit into memory, sentences drawn at random.

    Args:
        engine: the model.
        sentences: any number; blank ones are left out.
        labels: the class of each sentence, blank ones included; a blank label is that of no class.
        seed: of the draws.
        cuts: counts what was read and truncated.

    Raises:
        ConfigError: the model reads vectors, attends over all states, or there are too many classes.
        CorpusError: there is no sentence, or there are more or fewer labels than sentences.
    """
    config = engine.run.settings.model
    engine.refuse_text()
    refuse_states(config)
    kept = _Reservoir(max(1, MOST_NUMBERS // config.encoding_size), np.random.default_rng(seed))
    names: dict[str, int] = {}
    for block in _encoded(engine, _labelled(sentences, labels, names), cuts):
        kept.add(block)
    if not kept.parts:
        raise CorpusError("no sentence to find the encodings of; give a text that is not blank")
    vectors, lengths, numbers = kept.columns()
    return Known(
        vectors,
        Condition(numbers.long(), lengths.float()),
        tuple(names),
        kept.seen,
    )


def _labelled(
    sentences: Iterable[str], labels: Iterable[str] | None, names: dict[str, int]
) -> Iterator[tuple[str, int]]:
    """Yield sentences that are not blank with the numbers of their classes, from 1; `names` gets the classes."""
    if labels is None:
        yield from ((one, 0) for one in sentences if not is_blank(one))
        return
    given, count = iter(labels), 0
    for count, sentence in enumerate(sentences, 1):
        label = next(given, None)
        if label is None:
            raise CorpusError(f"{count - 1:,} labels for more sentences: line n of both belong together")
        if is_blank(sentence):
            continue
        name = label.strip()
        if name and name not in names and len(names) == MOST_LABELS:
            raise ConfigError(
                f"`labels`: more than {MOST_LABELS:,} different ones; give a file of one class a line"
            )
        yield sentence, names.setdefault(name, len(names) + 1) if name else 0
    if further := sum(1 for _ in given):
        raise CorpusError(
            f"{count + further:,} labels for {count:,} sentences: line n of both belong together"
        )


Block = tuple[Tensor, Tensor, Tensor]
"""Encodings, lengths and numbers of classes."""


def _encoded(engine: Engine, sentences: Iterator[tuple[str, int]], cuts: Cuts | None) -> Iterator[Block]:
    """Yield the encodings of a window of sentences at a time, in their order."""
    numbers: list[int] = []

    def texts() -> Iterator[str]:
        for text, number in sentences:
            numbers.append(number)
            yield text

    for window, ids in engine.tokenised(texts(), cuts):
        order, vectors = [], []
        for rows, batch in engine.batches(ids, BATCH_TOKENS):
            vectors.append(engine.encode(batch).vector[: len(rows)].float().cpu())
            order.append(torch.from_numpy(rows))
        back = torch.cat(order).argsort()
        found = torch.cat(vectors)[back]
        lengths = torch.tensor([len(row) for row in ids])
        own, numbers[: len(window)] = numbers[: len(window)], []
        yield found, lengths, torch.tensor(own)


class _Reservoir:
    """Rows drawn evenly from a stream: once it is full, row n takes a random place with probability `most` / n (Vitter 1985)."""

    def __init__(self, most: int, generator: np.random.Generator) -> None:
        self.most, self.generator = most, generator
        self.parts: list[Block] = []
        self.seen = 0

    def add(self, block: Block) -> None:
        """Take what is drawn of some rows."""
        free = max(0, self.most - self.seen)
        if free:
            self.parts.append(tuple(part[:free] for part in block))  # type: ignore[arg-type]
        late = range(free, len(block[0]))
        if late and len(self.parts) > 1:
            self.parts = [self.columns()]
        for row in late:
            place = int(self.generator.integers(self.seen + row + 1))
            if place < self.most:
                for kept, part in zip(self.parts[0], block, strict=True):
                    kept[place] = part[row]
        self.seen += len(block[0])

    def columns(self) -> Block:
        """Return what was drawn."""
        a, b, c = (torch.cat(parts) for parts in zip(*self.parts, strict=True))
        return a, b, c
