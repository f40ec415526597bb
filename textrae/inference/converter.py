"""Sentences to vectors and vectors to sentences, as the methods of :class:`textrae.SentenceAutoencoder`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, overload

import numpy as np
import torch

from textrae.inference import arguments
from textrae.inference.cuts import Cuts
from textrae.inference.engine import BATCH_TOKENS, Engine, Hypotheses
from textrae.inference.sampling import Sampling
from textrae.inference.vectors import Vectors
from textrae.latent.draw import level_of, noise_of, refuse_states
from textrae.settings.model import PARTS, Part

AnyVectors = Any
"""Vectors in any usual form: an array, a tensor, a series or a list of them (:func:`textrae.inference.arguments.vectors`)."""


class Converter:
    """A loaded model that encodes sentences, decodes vectors, and writes sentences for sentences."""

    engine: Engine
    """The model at work."""

    @property
    def encoding_size(self) -> int:
        """Dimensions of an encoding."""
        return self.engine.run.settings.model.encoding_size

    @property
    def max_length(self) -> int:
        """Tokens of the longest sentence that is read whole; longer ones are truncated."""
        return self.engine.max_length

    @property
    def cuts(self) -> Cuts:
        """Counts of the sentences that this object has read, and of those truncated at :attr:`max_length`."""
        return self.engine.cuts

    @property
    def device(self) -> torch.device:
        """Device that the model computes on."""
        return self.engine.device

    def encode(
        self, sentences: Iterable[str], *, batch_tokens: int = BATCH_TOKENS, part: Part = "all"
    ) -> Vectors:
        """Encode sentences, blank ones too, to float32 (sentences, dimensions); one string to (dimensions,).

        Sentences longer than :attr:`max_length` tokens are truncated; :attr:`cuts` counts them.

        Args:
            sentences: a string, or any iterable of strings (:func:`textrae.inference.arguments.sentences`).
            batch_tokens: tokens of a batch.
            part: ``all``; or only ``meaning``, the numbers that tell what a sentence means, for search and as features;
                or only ``spelling``, the others. Only the whole can be decoded.

        Raises:
            TypeError: something is no string; the line names it.
            ConfigError: the model reads vectors, not sentences, or its encodings have no such part.
        """
        if isinstance(sentences, str):
            one: Vectors = self.encode([sentences], batch_tokens=batch_tokens, part=part)[0]
            return one
        blocks = list(self.encode_stream(sentences, batch_tokens=batch_tokens, part=part))
        size = self.engine.run.settings.model.part_size(part)
        return np.concatenate(blocks) if blocks else np.empty((0, size), dtype=np.float32)

    def encode_stream(
        self,
        sentences: Iterable[str],
        *,
        batch_tokens: int = BATCH_TOKENS,
        cuts: Cuts | None = None,
        part: Part = "all",
    ) -> Iterator[Vectors]:
        """Encode any number of sentences in bounded memory: yield blocks of rows, in order; `cuts` counts what was read."""
        size = arguments.whole("batch_tokens", batch_tokens, 1, arguments.MOST)
        given = arguments.sentences("sentences", sentences)
        chosen = arguments.choice("part", part, PARTS)
        return self.engine.encode_stream(given, batch_tokens=size, cuts=arguments.counts(cuts), part=chosen)

    def decode(
        self,
        vectors: AnyVectors,
        *,
        beam: int = 1,
        sampling: Sampling | None = None,
        to: str | None = None,
        batch_size: int = 1_024,
        first: int = 0,
        blur: float = 0.0,
    ) -> Any:
        """Decode vectors (n, dimensions) to a list of n sentences; a vector (dimensions,) to one string.

        Args:
            vectors: an array, a tensor, a series or a list of vectors (:func:`textrae.inference.arguments.vectors`), or what
                :func:`textrae.inference.vectors.stored` returned for them.
            beam: hypotheses kept at every step; 1 takes the most likely token each time.
            sampling: draws the tokens instead.
            to: language to write, if the model writes several.
            batch_size: hypotheses decoded at once.
            first: number of the first row in messages, where the vectors are a part of many.
            blur: level of the noise that the decoder is to assume in the vectors, 0 to 1; for a model trained with `blur`.

        Raises:
            TypeError: they are no vectors.
            VectorError: the array has another shape, or a number that is not finite.
            ConfigError: the model's decoder needs more than the vectors (``memory="states"``), or a beam has no
                likelihoods to go by (``reconstruction="mse"``), or is given beside `sampling`.
        """
        refuse_states(self.engine.run.settings.model)
        beam = arguments.beam(beam)
        arguments.expect(
            beam == 1 or sampling is None, "`beam` searches and `sampling` draws: give one of them"
        )
        config = self.engine.run.settings.model
        rows, one = arguments.vectors("vectors", vectors, config.read_size, first, config.keeps_length)
        level = level_of(config, arguments.real("blur", blur, 0.0, 1.0), 0.0)
        written = self.engine.decode(
            rows,
            noise=noise_of(rows, level),
            beam=beam,
            sampling=None if sampling is None else arguments.instance("sampling", sampling, Sampling),
            to=arguments.word("to", to),
            batch_size=arguments.whole("batch_size", batch_size, 1, arguments.MOST),
        )
        return written[0] if one else written

    @overload
    def reconstruct(self, sentences: str, *, beam: int = 1) -> str: ...  # type: ignore[overload-overlap]
    @overload
    def reconstruct(self, sentences: Iterable[str], *, beam: int = 1) -> list[str]: ...

    def reconstruct(self, sentences: Iterable[str], *, beam: int = 1) -> list[str] | str:
        """Encode sentences and decode them again, as :meth:`decode` does; a model that translates has :meth:`translate`.

        A blank sentence comes back as an empty one, without the model.

        Args:
            sentences: a string, which gives a string; or any iterable of strings.
            beam: as for :meth:`decode`.
        """
        if isinstance(sentences, str):
            return self.reconstruct([sentences], beam=beam)[0]
        return [rebuilt for block in self.reconstruct_stream(sentences, beam=beam) for rebuilt in block]

    def reconstruct_stream(
        self, sentences: Iterable[str], *, beam: int = 1, cuts: Cuts | None = None
    ) -> Iterator[list[str]]:
        """Reconstruct any number of sentences in bounded memory: yield blocks of them, in order."""
        return self.translate_stream(sentences, beam=beam, length_penalty=0.0, cuts=cuts)

    @overload
    def translate(  # type: ignore[overload-overlap]
        self, sentences: str, *, beam: int = 5, length_penalty: float = 1.0, to: str | None = None
    ) -> str: ...
    @overload
    def translate(
        self, sentences: Iterable[str], *, beam: int = 5, length_penalty: float = 1.0, to: str | None = None
    ) -> list[str]: ...

    def translate(
        self, sentences: Iterable[str], *, beam: int = 5, length_penalty: float = 1.0, to: str | None = None
    ) -> list[str] | str:
        """Return what the model was trained to write for sentences: their translations, or themselves.

        A blank sentence comes back as an empty one, without the model.

        Args:
            sentences: a string, which gives a string; or any iterable of strings.
            beam: hypotheses kept at every step; 1 takes the most likely token each time.
            length_penalty: as for :func:`textrae.inference.beam.beam_search`.
            to: language to write, if the model writes several.
        """
        some = [sentences] if isinstance(sentences, str) else sentences
        blocks = self.translate_stream(some, beam=beam, length_penalty=length_penalty, to=to)
        written = [sentence for block in blocks for sentence in block]
        return written[0] if isinstance(sentences, str) else written

    def translate_stream(
        self,
        sentences: Iterable[str],
        *,
        beam: int = 5,
        length_penalty: float = 1.0,
        to: str | None = None,
        window: int | None = None,
        cuts: Cuts | None = None,
    ) -> Iterator[list[str]]:
        """Translate any number of sentences in bounded memory: yield blocks of sentences, in order.

        Args:
            beam: width of the beam, as for :meth:`translate`.
            length_penalty: as for :meth:`translate`.
            to: language to write, as for :meth:`translate`.
            window: sentences read before any is written; few for a pipe whose reader waits.
            cuts: counts what was read and truncated.
        """
        options = arguments.searching(beam, length_penalty, to, window)
        given = arguments.sentences("sentences", sentences)
        return self.engine.translate_stream(given, **options, cuts=arguments.counts(cuts))

    def translations(
        self,
        sentences: Iterable[str],
        *,
        beam: int = 5,
        length_penalty: float = 1.0,
        to: str | None = None,
        window: int | None = None,
        cuts: Cuts | None = None,
    ) -> Iterator[list[Hypotheses]]:
        """Translate as :meth:`translate_stream`, but yield all that the beam ends with, the best first, with scores.

        Raises:
            ConfigError: the model has no likelihoods, or is hierarchical.
        """
        options = arguments.searching(beam, length_penalty, to, window)
        given = arguments.sentences("sentences", sentences)
        return self.engine.translations(given, **options, cuts=arguments.counts(cuts))
