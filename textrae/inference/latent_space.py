"""What can be done in a model's latent space, as the methods of :class:`textrae.SentenceAutoencoder`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch

from textrae.errors import ConfigError
from textrae.inference import arguments
from textrae.inference.converter import AnyVectors, Converter
from textrae.inference.moving import least_moved, levels, tried
from textrae.inference.sampling import Sampling, sampling_of
from textrae.inference.vectors import Vectors
from textrae.latent.boundary import LEAST, Boundary, Least, boundary
from textrae.latent.draw import (
    SOURCES,
    Noise,
    Source,
    Wish,
    around,
    default_path_method,
    draw,
    level_of,
    noise_of,
    on_the_sphere,
    through,
)
from textrae.latent.path import METHODS, Method, difference, path
from textrae.text.blank import Filled, is_blank, refuse_blank

SAMPLED = 0.3
"""Level of the noise in samples, by default."""
BETWEEN = 0.15
"""Level of the noise that is assumed half-way between two sentences, by default."""
MOVED = 0.5
"""Level of the noise that is assumed in moved sentences, by default."""
TOP_P = 0.9
"""Probability of the tokens that samples of a model trained with `blur` are drawn from, by default."""
_OTHER = 0x9E3779B9
"""Bits of a seed that are turned for noise, so that it is not that which encodings are drawn with."""


class LatentSpace(Converter):
    """A model from whose latent space new encodings are drawn, and through which sentences are moved."""

    def sample(
        self,
        count: int,
        *,
        source: Source | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        beam: int = 1,
        seed: int = 0,
        to: str | None = None,
        label: str | None = None,
        length: float | None = None,
        guidance: float = 1.0,
        blur: float | None = None,
    ) -> list[str]:
        """Draw new encodings and decode them to new sentences.

        Args:
            count: number of sentences; 0 gives none.
            source: distribution that encodings are drawn from, as for :func:`textrae.latent.draw.draw`.
            label: class of the sentences, of those that the run's flow was taught (:meth:`fit_prior`).
            length: their tokens, which the flow goes by too.
            guidance: how strongly label and length count; 1 as they were learnt.
            blur: level of the noise that the encodings are blurred by, 0 to 1: at 0 the decoder follows them to the letter,
                at 1 it writes without them. For a model trained with `blur`, which has :data:`SAMPLED` by default.
            temperature: of the tokens' draws; 0 takes the most likely token, as a model trained with mse always does.
            top_k: draw among this many tokens.
            top_p: draw among the fewest tokens of this probability together; if none of the three is given 0.5, or 0.9 of
                a model trained with `blur`.
            beam: more than 1 searches for the most likely sentence instead of drawing tokens.
            seed: the same seed and count give the same sentences.
            to: language to write, if the model writes several.

        Raises:
            TypeError: an argument has a wrong type.
            ConfigError: as :func:`textrae.latent.draw.draw` and :func:`textrae.inference.sampling.sampling_of`; or the
                model has no likelihoods to draw tokens from (``reconstruction="mse"``).
        """
        count = arguments.whole("count", count, 0, arguments.MOST)
        seed, beam = arguments.seed(seed), arguments.beam(beam)
        if source is not None:
            source = arguments.choice("source", source, SOURCES)
        if self.engine.network.mse and temperature is top_k is top_p is None:
            temperature = 0.0
        if self.engine.run.settings.model.blur and beam == 1 and temperature is top_k is top_p is None:
            top_p = TOP_P
        sampling = sampling_of(temperature, top_k, top_p, beam, seed)
        wish = Wish(
            None if label is None else arguments.text("label", label),
            None if length is None else arguments.real("length", length),
            arguments.real("guidance", guidance, 0.0, 100.0),
        )
        shape, flow = self.engine.run.settings.model, self.engine.run.flow
        level = level_of(shape, _level(blur), SAMPLED)
        vectors = draw(shape, self.engine.run.latents, max(1, count), source, seed, flow=flow, wish=wish)[
            :count
        ]
        noise = noise_of(vectors, level, seed ^ _OTHER)
        return self._written(vectors, noise, beam, to, sampling)

    def interpolate(
        self,
        *sentences: str | AnyVectors,
        steps: int = 7,
        method: Method | None = None,
        beam: int = 1,
        to: str | None = None,
        blur: float | None = None,
    ) -> list[str]:
        """Decode the path from one sentence to the next; at their own places stand the sentences' reconstructions.

        Args:
            sentences: two, or more for a longer path; or one list of them. Encodings stand for sentences.
            steps: points from each sentence to the next, both counted.
            method: ``linear``, ``spherical``, or ``flow``: along what the run's flow leads back to noise; by default
                spherical where encodings are normalised or the model was trained with `blur`, and linear elsewhere.
            beam: width of the beam, as for :meth:`decode`.
            to: language to write, as for :meth:`decode`.
            blur: level of the noise that the decoder assumes half-way, 0 to 1; none at the sentences' own places. For a
                model trained with `blur`, which has :data:`BETWEEN` by default.

        Raises:
            TypeError: something is neither a sentence nor an encoding.
            CorpusError: a sentence is blank.
            ConfigError: there are fewer than two, or a setting is out of range.
        """
        steps = arguments.whole("steps", steps, 2, arguments.LONGEST_PATH)
        if method is None:
            method = default_path_method(self.engine.run.settings.model)
        method = arguments.choice("method", method, METHODS)
        one_list = len(sentences) == 1 and not isinstance(sentences[0], str)
        found = arguments.sentences_or_vectors("sentences", sentences[0] if one_list else sentences)
        refuse_blank(_texts(found))
        stations, _ = self._stations(found)
        arguments.expect(len(stations) > 1, f"`sentences`: a path needs two or more, not {len(stations)}")
        config, flow = self.engine.run.settings.model, self.engine.run.flow
        if method == "flow":
            points = through(config, flow, stations, steps)
        else:
            points = path(stations, steps, method, apart=int(config.keeps_length))
        level = level_of(config, _level(blur), BETWEEN)
        shares = np.linspace(0, len(stations) - 1, len(points), dtype=np.float32)
        levels = level * np.abs(np.sin(np.pi * shares))
        levels[:: steps - 1] = 0.0
        return self._written(points, noise_of(points, levels), arguments.beam(beam), to)

    def paraphrase(
        self, sentence: str, count: int = 5, *, distance: float = 0.4, seed: int = 0, to: str | None = None
    ) -> list[str]:
        """Decode encodings near a sentence's own: up to `count` different other sentences, in the order found.

        Args:
            distance: of the encodings tried, in standard deviations (:func:`textrae.latent.draw.around`). The decoder of
                a model trained with `blur` is told of it.
            seed: of the encodings; 20 are tried for each sentence wanted.
            to: language to write, if the model writes several.

        Raises:
            TypeError, ConfigError: an argument cannot be used, or the model keeps no encodings of its training.
            CorpusError: the sentence is blank.
        """
        count = arguments.whole("count", count, 1, arguments.MOST)
        distance, seed = arguments.real("distance", distance, 0.0, 1_000.0), arguments.seed(seed)
        refuse_blank([arguments.sentence("sentence", sentence)])
        centre, config = self.encode(sentence), self.engine.run.settings.model
        if config.blur:
            tried = np.repeat(centre[None], 20 * count, axis=0)
            noise = noise_of(tried, distance / math.sqrt(1 + distance**2), seed)
            decoded = self._written(tried, noise, 1, to)
        else:
            places = islice(around(config, self.engine.run.latents, centre, distance, seed), 20 * count)
            decoded = self.decode(np.stack(list(places)), to=to)
        return [other for other in dict.fromkeys(decoded) if other != sentence][:count]

    def direction(self, source: Iterable[str], target: Iterable[str]) -> Vectors:
        """Return the mean encoding of `target` minus that of `source`: (dimensions,), in bounded memory.

        Blank sentences are left out.

        Raises:
            TypeError: one of them is a single string, or an item is none.
            ValueError: one of them has no sentence but blank ones.
        """
        return difference(*self._kinds(source, target), self.encoding_size)

    def boundary(self, source: Iterable[str], target: Iterable[str]) -> Boundary:
        """Find the boundary between two kinds of sentences, for :meth:`move`; arguments and errors as :meth:`direction`."""
        return boundary(*self._kinds(source, target), self.encoding_size)

    def _kinds(
        self, source: Iterable[str], target: Iterable[str]
    ) -> tuple[Iterator[Vectors], Iterator[Vectors]]:
        """Return blocks of the encodings of two kinds of sentences, without the blank ones."""
        first, second = arguments.sentences("source", source), arguments.sentences("target", target)
        return self.encode_stream(Filled(first)), self.encode_stream(Filled(second))

    def move(
        self,
        sentences: Iterable[str] | AnyVectors,
        step: AnyVectors | Boundary,
        strength: float | Least = 1.0,
        beam: int = 1,
        to: str | None = None,
        blur: float | None = None,
    ) -> Any:
        """Decode sentences after a step through the latent space: encode(x) + strength · step.

        A blank sentence comes back as an empty one.

        Args:
            sentences: sentences to move, or their encodings.
            step: (dimensions,), from :meth:`direction`; or what :meth:`boundary` found.
            strength: factor of the step. With a boundary also ``least``: of some 80 moves of a sentence, of some of its slots
                or of all, the one is taken that keeps most of it among those that are across when they are read again.
            beam: width of the beam, as for :meth:`decode`.
            to: language to write, as for :meth:`decode`.
            blur: level of the noise that the decoder assumes, 0 to 1. For a model trained with `blur`, which has
                :data:`MOVED` by default.

        Returns:
            A list of sentences; a string where one string or one encoding is given.
        """
        config = self.engine.run.settings.model
        if isinstance(strength, str) and strength == LEAST:
            *_, least = self.least_moves(sentences, step, beam, to, blur)
            return least
        strength = arguments.real("strength", strength)
        given = step.step if isinstance(step, Boundary) else step
        away, single = arguments.vectors("step", given, config.read_size, kept=config.keeps_length)
        arguments.expect(
            single, f"`step`: one vector of {config.read_size} dimensions is expected, not several"
        )
        found = arguments.sentences_or_vectors("sentences", sentences)
        encoded, one = self._stations(found)
        with np.errstate(over="ignore"):  # a vector that is not finite is told by name
            moved = torch.from_numpy(encoded + np.float32(strength) * away)
        level = level_of(config, _level(blur), MOVED) if strength else 0.0
        written: list[str] = self.decode(on_the_sphere(config, moved), beam=beam, to=to, blur=level)
        return _placed(_texts(found), written, one)

    def least_moves(
        self,
        sentences: Iterable[str] | AnyVectors,
        step: AnyVectors | Boundary,
        beam: int = 1,
        to: str | None = None,
        blur: float | None = None,
    ) -> Iterator[Any]:
        """Move sentences as :meth:`move` with the strength ``least``; arguments and errors are the same.

        Yields:
            After each of the ways that are tried, what :meth:`move` would return if it were the last. So a caller may
            pause, or stop when it has waited long enough.
        """
        if not isinstance(step, Boundary):
            raise ConfigError(
                f"`strength={LEAST!r}` needs what `boundary()` returns as `step`, not a direction"
            )
        self.engine.refuse_least()
        config, tokenizer = self.engine.run.settings.model, self.engine.run.tokenizer
        arguments.vectors("step", step.step, config.read_size, kept=config.keeps_length)
        given = levels(config, _level(blur))
        found = arguments.sentences_or_vectors("sentences", sentences)
        encoded, one = self._stations(found)
        originals = tokenizer.encode(_texts(found) or self.decode(encoded, to=to))
        candidates = (
            self.decode(on_the_sphere(config, torch.from_numpy(moved)), beam=beam, to=to, blur=level)
            for moved in tried(config, encoded, step)
            for level in given
        )
        best = least_moved(originals, candidates, self.encode, tokenizer.encode, step)
        return (_placed(_texts(found), written, one) for written in best)

    def _written(
        self,
        vectors: Vectors,
        noise: Noise | None,
        beam: int,
        to: str | None,
        sampling: Sampling | None = None,
    ) -> list[str]:
        """Decode encodings, of which some are blurred."""
        if noise is None:
            written: list[str] = self.decode(vectors, beam=beam, sampling=sampling, to=to)
            return written
        to = arguments.word("to", to)
        return self.engine.decode(vectors, beam=beam, sampling=sampling, to=to, batch_size=1_024, noise=noise)

    def _stations(self, given: object) -> tuple[Vectors, bool]:
        """Return the encodings of checked sentences, or those that are given, and whether it is a single one."""
        if texts := _texts(given):
            return self.encode(texts), isinstance(given, str)
        config = self.engine.run.settings.model
        return arguments.vectors("sentences", given, config.read_size, kept=config.keeps_length)


def _level(blur: float | None) -> float | None:
    """Return a level of noise that is asked for, checked."""
    return None if blur is None else arguments.real("blur", blur, 0.0, 1.0)


def _placed(sentences: list[str], written: list[str], one: bool) -> Any:
    """Return what was written, empty for a blank sentence; a string where a single one was given."""
    for row, sentence in enumerate(sentences):
        if is_blank(sentence):
            written[row] = ""
    return written[0] if one else written


def _texts(given: object) -> list[str]:
    """Return the sentences among what may be encodings instead, of which there are none then."""
    if isinstance(given, str):
        return [given]
    return given if isinstance(given, list) and given and isinstance(given[0], str) else []
