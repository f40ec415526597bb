"""A loaded run at work: sentences in windows and batches, through the network and back, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import chain, pairwise
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textrae.devices import autocast, choose_bf16
from textrae.errors import ConfigError
from textrae.inference.beam import beam_search, n_best
from textrae.inference.cuts import SAMPLE, Cuts
from textrae.inference.generation import ROW_MULTIPLE, write
from textrae.inference.sampling import Sampling, likeliest
from textrae.inference.vectors import Vectors
from textrae.latent.draw import Noise
from textrae.nn.blur import blurred
from textrae.nn.bottleneck import Latent
from textrae.runs.run import Run
from textrae.settings.fields import Precision
from textrae.settings.model import Part
from textrae.text.batch import SPECIALS, Batch, Specials, collate_lists, token_cuts
from textrae.text.blank import is_blank
from textrae.text.lines import windows
from textrae.text.segments import segmenter
from textrae.text.spelling import Spelling

WINDOW = 8_192
"""Sentences read, sorted by length and computed at once; memory is bounded by it, not by the input."""
BATCH_TOKENS = 4_096
"""Tokens of a batch; greedy decoding takes twice as many, for larger products."""
_TOKENS = 10
"""Expected number of tokens of a sentence to be decoded from a vector."""
_KEPT = 2**27
"""Bytes of tables that are kept for all calls, at most."""
Hypotheses = list[tuple[str, float]]
"""Sentences that a beam ends with, the best first, each with its score."""
T = TypeVar("T")


class Engine:
    """Encoding and decoding with a loaded run.

    Args:
        run: network, tokenizer and settings.
        precision: ``fp32``, ``bf16``, or ``auto`` for bf16 where the hardware has it.
    """

    def __init__(self, run: Run, precision: Precision) -> None:
        self.run, self.network = run, run.network
        self.device = next(run.network.parameters()).device
        self.bf16 = choose_bf16(precision, self.device)
        self.max_length = run.settings.corpus.longest
        self.cuts, self._spelling = Cuts(), Spelling(run.tokenizer)
        self._segmenter = segmenter(run.settings.model, run.tokenizer)
        self._tables: list[Tensor] | None = None
        self._writing_table: Tensor | None = None

    def encode_stream(
        self,
        sentences: Iterable[str],
        *,
        batch_tokens: int = BATCH_TOKENS,
        cuts: Cuts | None = None,
        part: Part = "all",
        shared: bool = False,
    ) -> Iterator[Vectors]:
        """Encode any number of sentences in bounded memory: yield blocks of rows, in order.

        What is computed for a window of :data:`WINDOW` sentences depends on nothing else, so that processes which share
        out the windows of a text come to the same bits as one process.

        Args:
            sentences: one row each.
            batch_tokens: tokens of a batch.
            cuts: counts what was read and truncated.
            part: what of the encodings is returned.
            shared: whether they are one of several shares of more than :data:`WINDOW` sentences.

        Yields:
            (sentences, dimensions) float32.

        Raises:
            ConfigError: the model reads vectors, or its encodings have no such part.
        """
        self.refuse_text()
        tables, size = None, self.run.settings.model.part_size(part)
        for window, ids in self.tokenised(sentences, cuts):
            if tables is None:  # a full window decides without its tokens: the first one does for all
                tables = self.tables(None if shared or len(window) == WINDOW else sum(map(len, ids)))
            out = np.empty((len(window), size), dtype=np.float32)
            for rows, batch in self.batches(ids, batch_tokens):
                vectors = self.part(batch, tables, part)
                out[rows] = vectors[: len(rows)].float().cpu().numpy()
            yield out

    def decode(
        self,
        vectors: Vectors,
        *,
        beam: int,
        sampling: Sampling | None,
        to: str | None,
        batch_size: int,
        noise: Noise | None = None,
    ) -> list[str]:
        """Decode checked vectors (n, dimensions), `batch_size` hypotheses at once; the rest as :meth:`generate`.

        `noise` blurs them, for a decoder that is told of it.
        """
        out: list[str] = []
        size = max(1, batch_size // beam)
        table = self.writing_table(_TOKENS * beam * len(vectors))
        for start in range(0, len(vectors), size):
            rows = slice(start, start + size)
            latent = self.read(vectors[rows])
            if noise is not None:
                levels, draws = (part[rows].to(self.device) for part in noise)
                latent = blurred(latent, levels, draws)
            out += self.generate(latent, beam=beam, sampling=sampling, to=to, table=table)
        return out

    def translate_stream(
        self,
        sentences: Iterable[str],
        *,
        beam: int,
        length_penalty: float,
        to: str | None = None,
        window: int | None = None,
        cuts: Cuts | None = None,
    ) -> Iterator[list[str]]:
        """Encode sentences and decode them, in bounded memory: yield blocks of sentences, in order.

        A blank sentence comes back as an empty one, without the model.

        Args:
            sentences: any number.
            beam: hypotheses kept at every step; 1 takes the most likely token each time.
            length_penalty: as for :func:`textrae.inference.beam.beam_search`.
            to: language to write, if the model writes several.
            window: sentences read before any is written; the default is :data:`WINDOW`, which reads ahead.
            cuts: counts what was read and truncated.

        Raises:
            ConfigError: the model reads vectors, or as :meth:`generate`.
        """

        def decoded(latent: Latent, table: Tensor | None) -> list[str]:
            return self.generate(latent, beam=beam, length_penalty=length_penalty, to=to, table=table)

        return self._decoded_stream(decoded, str, sentences, beam, window, cuts)

    def translations(
        self,
        sentences: Iterable[str],
        *,
        beam: int,
        length_penalty: float,
        to: str | None = None,
        window: int | None = None,
        cuts: Cuts | None = None,
    ) -> Iterator[list[Hypotheses]]:
        """Encode sentences and decode each to all that its beam ends with; arguments as :meth:`translate_stream`.

        A blank sentence has one hypothesis, the empty one, of score 0.

        Raises:
            ConfigError: the model reads vectors, has no likelihoods, or is hierarchical.
        """

        def decoded(latent: Latent, table: Tensor | None) -> list[Hypotheses]:
            return self.hypotheses(latent, beam=beam, length_penalty=length_penalty, to=to, table=table)

        return self._decoded_stream(decoded, lambda: [("", 0.0)], sentences, beam, window, cuts)

    def _decoded_stream(
        self,
        decoded: Callable[[Latent, Tensor | None], list[T]],
        blank: Callable[[], T],
        sentences: Iterable[str],
        beam: int,
        window: int | None,
        cuts: Cuts | None,
    ) -> Iterator[list[T]]:
        """Yield for each window, in order, what `decoded` returns for its sentences' latents; for a blank one what `blank` does."""
        self.refuse_text()
        # a blank sentence, of which the model has seen none, has no ids so
        asked = ("" if is_blank(sentence) else sentence for sentence in sentences)
        for lines, ids in self.tokenised(asked, cuts, window):
            filled = [row for row, line in enumerate(lines) if line]
            out = [blank() for _ in lines]
            read = [ids[row] for row in filled]
            table = self.writing_table(beam * sum(map(len, read)))
            for rows, latent in self.latents(read, beam):
                for row, written in zip(rows.tolist(), decoded(latent, table), strict=True):
                    out[filled[row]] = written
            yield out

    def tokenised(
        self, sentences: Iterable[str], cuts: Cuts | None = None, size: int | None = None
    ) -> Iterator[tuple[list[str], list[list[int]]]]:
        """Yield windows of sentences and their ids, each tokenised while the one before it is computed with.

        Args:
            sentences: any number.
            cuts: counts what was read and truncated, as :attr:`cuts` does over all calls.
            size: sentences of a window. If given, nothing is read ahead, so that a pipe is answered at once.
        """

        def counted(
            window: list[str], done: tuple[list[list[int]], list[bool]]
        ) -> tuple[list[str], list[list[int]]]:
            for counts in (self.cuts, cuts):
                if counts is not None:
                    seen = self._spelling.of(done[0]) if counts.bytes < SAMPLE else (0, 0)
                    counts.add(Cuts(len(window), sum(done[1]), *seen))
            return window, done[0]

        encode = self.run.tokenizer.encode_cut
        coming = windows(sentences, size or WINDOW)
        first = next(coming, [])
        if size is not None or len(first) < WINDOW:  # a thread is not worth it for the only window
            for window in chain([first] if first else [], coming):
                yield counted(window, encode(window, self.max_length))
            return
        with ThreadPoolExecutor(1) as pool:
            waiting: tuple[list[str], Future[tuple[list[list[int]], list[bool]]]] | None = None
            for window in chain([first], coming):
                following = window, pool.submit(encode, window, self.max_length)
                if waiting is not None:
                    yield counted(waiting[0], waiting[1].result())
                waiting = following
            assert waiting is not None
            yield counted(waiting[0], waiting[1].result())

    def kept(self, lines: list[str], ids: list[list[int]]) -> list[str]:
        """Return the part of each line that its ids hold: all of it, unless it was truncated."""
        return [
            self.run.tokenizer.decode([row])[0] if len(row) == self.max_length else line
            for line, row in zip(lines, ids, strict=True)
        ]

    def batches(
        self, ids: list[list[int]], batch_tokens: int = BATCH_TOKENS
    ) -> Iterator[tuple[NDArray[np.int64], Batch]]:
        """Yield batches of similar length, each with the rows it holds; empty sentences may follow them."""
        lengths = np.fromiter((len(row) + 1 for row in ids), dtype=np.int64, count=len(ids))
        order = np.argsort(lengths, kind="stable")
        cuts = token_cuts(lengths[order], batch_tokens, ROW_MULTIPLE)
        for first, last in pairwise(cuts):
            # the longest first, as the encoder leaves out the others as they end; torch takes no negative strides
            rows = order[first:last][::-1].copy()
            filling: list[list[int]] = [[]] * (-len(rows) % ROW_MULTIPLE if len(ids) > ROW_MULTIPLE else 0)
            some = [ids[row] for row in rows] + filling
            yield rows, collate_lists(some, SPECIALS, self._segmenter).to(self.device)

    @torch.no_grad()
    def encode(self, batch: Batch, tables: list[Tensor] | None = None) -> Latent:
        """Return a batch's latent; `tables` from :meth:`tables` make it faster for many tokens."""
        if batch.vectors is not None:
            return self.network.read(batch.vectors)
        with autocast(self.device, self.bf16):
            return self.network.encode(batch.source, batch.lengths, tables, batch.tree)

    @torch.no_grad()
    def part(self, batch: Batch, tables: list[Tensor] | None, part: Part) -> Tensor:
        """Return a part of a batch's encodings, (batch, numbers of the part)."""
        if part == "meaning":
            with autocast(self.device, self.bf16):
                meaning = self.network.mean(batch.source, batch.lengths, tables)
            return meaning if self.network.meaning is None else self.network.meaning.shown(meaning)
        vectors = self.encode(batch, tables).vector
        return vectors[:, self.network.meant :] if part == "spelling" else vectors

    @torch.no_grad()
    def tables(self, tokens: int | None) -> list[Tensor] | None:
        """Compute once what the encoder would compute for each occurrence of a token.

        Args:
            tokens: how many there are; None for many.

        Returns:
            Tables for :meth:`encode`; None where so few `tokens` are not worth them.
        """
        few = tokens is not None and tokens <= 2 * self.run.tokenizer.vocab_size
        if self._tables is not None or few:
            return self._tables
        with autocast(self.device, self.bf16):
            return self.network.tables()

    @torch.no_grad()
    def writing_table(self, tokens: int) -> Tensor | None:
        """Compute once what the decoder would compute for each occurrence of a token.

        Returns:
            A table for :meth:`generate`; None where so few `tokens` are not worth it.
        """
        if self._writing_table is not None or tokens <= 2 * self.run.writer.vocab_size:
            return self._writing_table
        with autocast(self.device, self.bf16):
            return self.network.writing_table()

    def keep_tables(self) -> None:
        """Compute the tables once for all calls to come, for a model that is often asked for little.

        The weights must not change afterwards. Tables of more than 128 MiB are not kept.
        """
        for vocabulary in (self.run.tokenizer, self.run.writer):
            gates = 8 * self.run.settings.model.hidden  # of both ways, of the widest cell
            if 4 * gates * vocabulary.vocab_size > _KEPT:
                return
        enough = 2 * max(self.run.tokenizer.vocab_size, self.run.writer.vocab_size) + 1
        if self.network.adapter is None:
            self._tables = self.tables(enough)
        self._writing_table = self.writing_table(enough)

    @torch.no_grad()
    def read(self, vectors: Vectors) -> Latent:
        """Return the latent to decode from (n, dimensions) encodings, or from vectors that the model reads."""
        given = torch.from_numpy(vectors).to(self.device)
        return Latent(given) if self.network.adapter is None else self.network.read(given)

    def refuse_text(self) -> None:
        """Raise :class:`ConfigError` if the model reads vectors."""
        if self.network.adapter is not None:
            raise ConfigError(
                "this model reads vectors of another encoder, not sentences; give them to `textrae decode`"
            )

    def latents(self, ids: list[list[int]], beam: int = 1) -> Iterator[tuple[NDArray[np.int64], Latent]]:
        """Yield latents to decode, in batches of similar length, each with the rows it holds."""
        tables = self.tables(sum(map(len, ids)))
        for rows, batch in self.batches(ids, BATCH_TOKENS if beam > 1 else 2 * BATCH_TOKENS):
            yield rows, self.encode(batch, tables).take(slice(len(rows)))

    def generate(
        self,
        latent: Latent,
        *,
        beam: int = 1,
        sampling: Sampling | None = None,
        length_penalty: float = 0.0,
        to: str | None = None,
        table: Tensor | None = None,
    ) -> list[str]:
        """Decode a batch of latents to sentences.

        Args:
            latent: what to decode.
            beam: hypotheses kept at every step; 1 takes the most likely token each time.
            sampling: draws the tokens instead.
            length_penalty: as for :func:`textrae.inference.beam.beam_search`.
            to: language to write, if the model writes several.
            table: from :meth:`writing_table`; faster for many tokens.

        Raises:
            ConfigError: the model has no likelihoods to draw from or to search by, or is hierarchical and a beam is
                asked for.
        """
        if sampling is not None and self.network.mse:
            raise ConfigError(
                "this model was trained with mse and has no likelihoods to draw tokens from; give `temperature=0`"
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
        *,
        beam: int,
        length_penalty: float,
        to: str | None = None,
        table: Tensor | None = None,
    ) -> list[Hypotheses]:
        """Decode a batch of latents to all that a beam ends with; arguments and errors as :meth:`generate`."""
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
        """Return the special ids, with the one that a sentence of the language `to` begins with.

        Raises:
            ConfigError: the model does not write that language, or writes several and none is named.
        """
        languages = self.run.settings.model.languages
        if to is None and not languages:
            return SPECIALS
        if to is None and len(languages) == 1:
            to = languages[0]
        if to not in languages:
            said = ", ".join(languages) or "only one language"
            named = "no language is named" if to is None else f"not {' '.join(to.split())[:40]}"
            raise ConfigError(
                f"this model writes {said}: {named}; give one of its languages as `to` (of `textrae analogy` as `language`)"
            )
        return replace(SPECIALS, begin=self.network.first_tag + languages.index(to))

    def refuse_least(self) -> None:
        """Raise :class:`ConfigError` if the model does not read what it writes, so that no move can be the least."""
        if self.run.translates or self.network.adapter is not None:
            raise ConfigError("`strength='least'` needs a model that reads what it writes")

    def refuse_beam(self) -> None:
        """Raise :class:`ConfigError` if a beam cannot search the model's sentences."""
        if self.network.hierarchy is not None:
            raise ConfigError(
                "this model is hierarchical: its segments are decoded without a beam; give `beam=1`"
            )
        if self.network.mse:
            raise ConfigError(
                "this model was trained with mse and has no likelihoods for a beam; give `beam=1`"
            )
