"""A run at work: sentences in windows and batches, through the network and back, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, islice, pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textrae.devices import autocast, choose_bf16
from textrae.errors import ConfigError
from textrae.inference.beam import beam_search, n_best
from textrae.inference.generation import write
from textrae.inference.sampling import Sampling, likeliest
from textrae.nn.bottleneck import Latent
from textrae.runs.run import Run
from textrae.settings.fields import Precision
from textrae.text.batch import SPECIALS, Batch, Specials, collate_lists, token_cuts
from textrae.text.segments import segmenter

WINDOW = 8_192
"""Sentences read, sorted by length and computed at once; memory is bounded by it, not by the input."""
BATCH_TOKENS = 4_096
"""Of a batch; greedy decoding takes twice as many, for larger products."""
_ROWS = 32
"""Batches have a multiple of so many rows: kernels are made and kept for each shape, of which there are few then."""


@dataclass
class Cuts:
    """Counts what was read and what was cut to the model's longest sentence."""

    sentences: int = 0
    cut: int = 0


class Engine:
    """Runs a run.

    Args:
        run: network, tokenizer and settings.
        precision: ``fp32``, ``bf16``, or ``auto`` for bf16 where the hardware has it.
    """

    def __init__(self, run: Run, precision: Precision) -> None:
        self.run, self.network = run, run.network
        self.device = next(run.network.parameters()).device
        self.bf16 = choose_bf16(precision, self.device)
        self.max_length = run.settings.corpus.max_length
        self.cuts = Cuts()
        self._segmenter = segmenter(run.settings.model, run.tokenizer)

    def tokenised(
        self, sentences: Iterable[str], cuts: Cuts | None = None, size: int | None = None
    ) -> Iterator[tuple[list[str], list[list[int]]]]:
        """Windows of sentences and their ids, each tokenised while the one before it is computed with.

        Args:
            cuts: counts what was read and cut, as :attr:`cuts` does over all calls.
            size: sentences of a window; one that is given is not read ahead of, so that a pipe is answered at once.
        """

        def counted(
            window: list[str], done: tuple[list[list[int]], list[bool]]
        ) -> tuple[list[str], list[list[int]]]:
            for counts in (self.cuts, cuts):
                if counts is not None:
                    counts.sentences += len(window)
                    counts.cut += sum(done[1])
            return window, done[0]

        encode = self.run.tokenizer.encode_cut
        if size is not None:
            for window in windows(sentences, size):
                yield counted(window, encode(window, self.max_length))
            return
        with ThreadPoolExecutor(1) as pool:
            waiting: tuple[list[str], Future[tuple[list[list[int]], list[bool]]]] | None = None
            for coming in chain(windows(sentences, WINDOW), [None]):
                following = None if coming is None else (coming, pool.submit(encode, coming, self.max_length))
                if waiting is not None:
                    yield counted(waiting[0], waiting[1].result())
                waiting = following

    def kept(self, lines: list[str], ids: list[list[int]]) -> list[str]:
        """The part of each line that its ids hold: all of it, unless it was cut."""
        return [
            self.run.tokenizer.decode([row])[0] if len(row) == self.max_length else line
            for line, row in zip(lines, ids, strict=True)
        ]

    def batches(
        self, ids: list[list[int]], batch_tokens: int = BATCH_TOKENS
    ) -> Iterator[tuple[NDArray[np.int64], Batch]]:
        """Batches of like length, each with the rows it holds; empty sentences may follow them."""
        lengths = np.fromiter((len(row) + 1 for row in ids), dtype=np.int64, count=len(ids))
        order = np.argsort(lengths, kind="stable")
        cuts = token_cuts(lengths[order], batch_tokens, _ROWS)
        for first, last in pairwise(cuts):
            rows = order[first:last]
            filling: list[list[int]] = [[]] * (-len(rows) % _ROWS if len(ids) > _ROWS else 0)
            some = [ids[row] for row in rows] + filling
            yield rows, collate_lists(some, SPECIALS, self._segmenter).to(self.device)

    @torch.no_grad()
    def encode(self, batch: Batch, tables: list[Tensor] | None = None) -> Latent:
        """A batch's latent; with :meth:`tables` faster for many tokens."""
        if batch.vectors is not None:
            return self.network.read(batch.vectors)
        with autocast(self.device, self.bf16):
            return self.network.encode(batch.source, batch.lengths, tables, batch.tree)

    @torch.no_grad()
    def tables(self, tokens: int) -> list[Tensor] | None:
        """What the encoder would compute anew for each occurrence of a token, where so many tokens are worth it."""
        if tokens <= 2 * self.run.tokenizer.vocab_size:
            return None
        with autocast(self.device, self.bf16):
            return self.network.tables()

    @torch.no_grad()
    def writing_table(self, tokens: int) -> Tensor | None:
        """The same of the decoder."""
        if tokens <= 2 * self.run.writer.vocab_size:
            return None
        with autocast(self.device, self.bf16):
            return self.network.writing_table()

    @torch.no_grad()
    def read(self, vectors: NDArray[np.float32]) -> Latent:
        """(n, numbers) encodings, or vectors that the model reads, → a latent to be written."""
        given = torch.from_numpy(vectors).to(self.device)
        return Latent(given) if self.network.adapter is None else self.network.read(given)

    def refuse_text(self) -> None:
        """ConfigError, if the model reads vectors."""
        if self.network.adapter is not None:
            raise ConfigError(
                "this model reads vectors of another encoder, not sentences; give them to `textrae decode`"
            )

    def latents(self, ids: list[list[int]], beam: int = 1) -> Iterator[tuple[NDArray[np.int64], Latent]]:
        """Latents to be written, by batches of like length, each with the rows it holds."""
        tables = self.tables(sum(map(len, ids)))
        for rows, batch in self.batches(ids, BATCH_TOKENS if beam > 1 else 2 * BATCH_TOKENS):
            yield rows, self.encode(batch, tables).take(slice(len(rows)))

    def generate(
        self,
        latent: Latent,
        beam: int = 1,
        sampling: Sampling | None = None,
        length_penalty: float = 0.0,
        to: str | None = None,
        table: Tensor | None = None,
    ) -> list[str]:
        """Latents → sentences, in the language `to` of a model that writes several.

        With :meth:`writing_table` it is faster for many tokens.

        Raises:
            ConfigError: the model has no likelihoods to draw from or to search by, or is hierarchical and a beam is
                asked for.
        """
        if sampling is not None and self.network.mse:
            raise ConfigError(
                "this model was trained with mse and has no likelihoods to draw tokens from; give --temperature 0"
            )
        if beam > 1:
            self.refuse_beam()
        specials = self.specials(to)
        with autocast(self.device, self.bf16):
            if beam == 1:
                choose = sampling or likeliest
                ids = write(self.network, latent, specials, self.max_length, choose, table)
            else:
                ids = beam_search(
                    self.network, latent, specials, self.max_length, beam, length_penalty, table
                )
        return self.run.writer.decode(ids)

    def hypotheses(
        self,
        latent: Latent,
        beam: int,
        length_penalty: float,
        to: str | None = None,
        table: Tensor | None = None,
    ) -> list[list[tuple[str, float]]]:
        """Latents → all that a beam ends with, the best first, each with its score; raises as :meth:`generate`."""
        self.refuse_beam()
        with autocast(self.device, self.bf16):
            specials = self.specials(to)
            found = n_best(self.network, latent, specials, self.max_length, beam, length_penalty, table)
        written = [self.run.writer.decode([ids for ids, _ in one]) for one in found]
        return [
            [(text, score) for text, (_, score) in zip(texts, one, strict=True)]
            for texts, one in zip(written, found, strict=True)
        ]

    def specials(self, to: str | None) -> Specials:
        """The specials with what a language begins with.

        Raises:
            ConfigError: the model does not write that language, or writes several and none is named.
        """
        languages = self.run.settings.model.languages
        if to is None and not languages:
            return SPECIALS
        if to is None and len(languages) == 1:
            to = languages[0]
        if to not in languages:
            said = ", ".join(languages) or "one language alone"
            named = "no language is named" if to is None else f"not {to}"
            raise ConfigError(
                f"this model writes {said}: {named}; give one of its languages (--to; of `textrae analogy` --language)"
            )
        return replace(SPECIALS, begin=self.network.first_tag + languages.index(to))

    def refuse_beam(self) -> None:
        """ConfigError, if the model cannot be searched by a beam."""
        if self.network.hierarchy is not None:
            raise ConfigError(
                "this model is hierarchical: its segments are decoded without a beam; give --beam 1"
            )
        if self.network.mse:
            raise ConfigError(
                "this model was trained with mse and has no likelihoods for a beam; give --beam 1"
            )


def windows(sentences: Iterable[str], size: int) -> Iterator[list[str]]:
    """Lists of `size` sentences, the last of fewer."""
    source = iter(sentences)
    while window := list(islice(source, size)):
        yield window
