"""A run in the service: what can be asked of it, and its work in a form that requests share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from textrae.errors import ConfigError
from textrae.evaluation.costs import likelihood_costs, reconstruction_costs
from textrae.inference import arguments
from textrae.inference.moving import ways
from textrae.inference.vectors import Vectors
from textrae.latent.boundary import LEAST, Boundary, Least, boundary
from textrae.latent.draw import refuse_states
from textrae.model import SentenceAutoencoder
from textrae.search.encoding import scaled
from textrae.search.index import Hit, Index
from textrae.server.batcher import Batcher, Work
from textrae.server.flat import flattened
from textrae.server.unfolding import available
from textrae.settings.model import Part

T = TypeVar("T")
R = TypeVar("R")
_OVERHEAD = 8
"""Characters that a sentence counts as, beside its own."""
_VECTOR = 64
"""Characters that a vector to be decoded counts as."""
_AT_ONCE = 64
"""Sentences drawn at once; the draws of a larger sample go on with the next seeds."""
_FEW = 16
"""Sentences whose likelihood is measured at once, or that are moved in one of many ways."""
_WIDEST = 4_096
"""Dimensions of the widest encodings whose boundary is found: it takes the square of it in memory, the cube in time."""


@dataclass(frozen=True)
class Read(Generic[R]):
    """What came of sentences that were read."""

    results: list[R]
    """What was computed; of most work one for each sentence."""
    tokens: int
    """Tokens that were read."""
    truncated: list[int]
    """Numbers, from 0, of the sentences of which not all was read."""


class Hosted:
    """A run that the service offers.

    Args:
        name: by which requests ask for it.
        model: the loaded run.
        batcher: the thread that computes.
        created: seconds since 1970 when the run was written.
        indexes: what may be searched, by name.
    """

    def __init__(
        self,
        name: str,
        model: SentenceAutoencoder,
        batcher: Batcher,
        created: int = 0,
        indexes: Mapping[str, Index] | None = None,
    ) -> None:
        self.name, self.model, self.batcher, self.created = name, model, batcher, created
        self.indexes = dict(indexes or {})
        model.engine.keep_tables()

    @property
    def can(self) -> list[str]:
        """What may be asked of the run, by the names of the endpoints."""
        run, network = self.model.run, self.model.engine.network
        reads, decodes = network.adapter is None, run.settings.model.memory != "states"
        kept, rebuilds = run.latents is not None, not run.translates
        able = {
            "embeddings": reads,
            "decode": decodes,
            "reconstruct": reads and rebuilds,
            "interpolate": reads and decodes,
            "sample": decodes and (kept or bool(self.sources)),
            "paraphrase": reads and decodes and kept,
            "analogy": reads and decodes,
            "translate": reads and run.translates,
            "score": reads and rebuilds,
            "search": bool(self.indexes),
            "map": reads,
        }
        return [name for name, possible in able.items() if possible]

    @property
    def sources(self) -> list[str]:
        """What samples may be drawn from."""
        run = self.model.run
        kept = ["posterior", "mixture"] if run.latents is not None else []
        return ["prior", *kept, *(["flow"] if run.flow is not None else [])]

    def facts(self) -> dict[str, Any]:
        """Return what the list of models tells of the run."""
        run, shape = self.model.run, self.model.run.settings.model
        return {
            "id": self.name,
            "object": "model",
            "created": self.created,
            "owned_by": "textrae",
            "dimensions": self.model.encoding_size,
            "meaning": shape.meaning,
            "max_tokens": self.model.max_length,
            "can": self.can,
            "languages": list(shape.languages),
            "labels": [] if run.flow is None else list(run.flow.shape.labels),
            "methods": ["linear", "spherical", *(["flow"] if run.flow is not None else [])],
            "sources": self.sources,
            "layouts": ["pca", *(["umap"] if available() else [])],
            "blur": bool(shape.blur),
            "least": "analogy" in self.can and not run.translates and self.model.encoding_size <= _WIDEST,
            "indexes": list(self.indexes),
            "about": repr(self.model)[1:-1].removeprefix("SentenceAutoencoder: "),
        }

    async def encode(self, texts: list[str], part: Part = "all") -> Read[NDArray[np.float32]]:
        """Return a row of numbers for each sentence; those for meaning have length 1."""
        self.model.engine.refuse_text()
        self.model.run.settings.model.part_size(part)

        def call(some: list[str]) -> list[NDArray[np.float32]]:
            vectors = self.model.encode(some, part=part)
            return list(scaled(vectors) if part == "meaning" else vectors)

        return await self._texts("encode", (part,), call, texts)

    def vectors(self, given: list[list[float]]) -> Vectors:
        """Return vectors that a request gives as an array of the width that is decoded."""
        shape = self.model.run.settings.model
        return arguments.vectors("vectors", given, shape.read_size, kept=shape.keeps_length)[0]

    async def decode(self, vectors: Vectors, beam: int, to: str | None) -> list[str]:
        """Decode vectors to sentences."""
        self._check(beam, to)
        refuse_states(self.model.run.settings.model)

        def call(rows: list[NDArray[np.float32]]) -> list[str]:
            written: list[str] = self.model.decode(np.stack(rows), beam=beam, to=to)
            return written

        work = Work("decode", (self.name, beam, to), call)
        return await self.batcher.many(work, list(vectors), [_VECTOR * beam] * len(vectors))

    async def reconstruct(self, texts: list[str], beam: int) -> Read[str]:
        """Encode sentences and decode them again."""
        if self.model.run.translates:
            raise ConfigError(f"{self.name}: was trained to translate; ask /translate")
        self._check(beam, None)
        return await self._texts(
            "reconstruct", (beam,), partial(self.model.reconstruct, beam=beam), texts, beam
        )

    async def translate(
        self, texts: list[str], beam: int, length_penalty: float, to: str | None
    ) -> Read[list[tuple[str, float]]]:
        """Translate sentences; return all that each beam ends with, the best first, or one with a score of 0 for beam 1."""
        if not self.model.run.translates:
            raise ConfigError(f"{self.name}: was not trained to translate; ask /reconstruct")
        self._check(beam, to)

        def call(some: list[str]) -> list[list[tuple[str, float]]]:
            if beam == 1:
                return [[(text, 0.0)] for text in self.model.translate(some, beam=1, to=to)]
            found = self.model.translations(
                some, beam=beam, length_penalty=length_penalty, to=to, window=len(some)
            )
            return [one for block in found for one in block]

        return await self._texts("translate", (beam, length_penalty, to), call, texts, beam)

    async def interpolate(self, texts: list[str], **options: Any) -> Read[str]:
        """Decode a path; options as for :meth:`textrae.SentenceAutoencoder.interpolate`."""
        return await self._at_once(texts, partial(self.model.interpolate, *texts, **options))

    async def paraphrase(self, text: str, **options: Any) -> Read[str]:
        """Find sentences near one; options as for :meth:`textrae.SentenceAutoencoder.paraphrase`."""
        return await self._at_once([text], partial(self.model.paraphrase, text, **options))

    async def sample(self, count: int, seed: int, **options: Any) -> list[str]:
        """Draw sentences, some at once; options as for :meth:`textrae.SentenceAutoencoder.sample`."""
        starts = range(0, count, _AT_ONCE)
        calls = [
            partial(self.model.sample, min(_AT_ONCE, count - start), seed=seed + place, **options)
            for place, start in enumerate(starts)
        ]
        return [text for some in await self.batcher.steps(calls) for text in some]

    async def direction(self, source: list[str], target: list[str]) -> Vectors:
        """Return the mean encoding of one kind of sentences minus that of another."""
        first, second = [side.mean(axis=0, dtype=np.float64) for side in await self._kinds(source, target)]
        step: Vectors = (second - first).astype(np.float32)
        return step

    async def boundary(self, source: list[str], target: list[str]) -> Boundary:
        """Find the boundary between two kinds of sentences.

        Raises:
            ConfigError: the run does not read what it writes, its encodings are too wide, or a kind has no sentence.
        """
        self.model.engine.refuse_least()
        size = self.model.encoding_size
        arguments.expect(
            size <= _WIDEST, f"`strength=least`: takes encodings of at most {_WIDEST} numbers, not {size}"
        )
        first, second = await self._kinds(source, target)
        (found,) = await self.batcher.steps([lambda: boundary([first], [second], size)])
        return found

    async def _kinds(self, source: list[str], target: list[str]) -> list[Vectors]:
        """Return the encodings of two kinds of sentences, (n, dimensions) each, without the blank ones."""
        refuse_states(self.model.run.settings.model)
        sides = [[text for text in side if text.strip()] for side in (source, target)]
        for name, side in zip(("source", "target"), sides, strict=True):
            arguments.expect(bool(side), f"`{name}`: all of its sentences are blank; give some with text")
        return [np.stack((await self.encode(side)).results) for side in sides]

    async def move(
        self,
        texts: list[str],
        step: Vectors | Boundary,
        strengths: Sequence[float | Least],
        beam: int,
        to: str | None,
        blur: float | None = None,
    ) -> Read[list[str]]:
        """Move sentences by a step of several lengths, some at once; return those of each length."""
        self._check(beam, to)
        moved = []
        for strength in strengths:
            some = _FEW if strength == LEAST else _AT_ONCE
            parts = [texts[start : start + some] for start in range(0, len(texts), some)]
            if strength == LEAST:
                done = [await self._moved_least(part, step, beam, to, blur) for part in parts]
            else:
                calls = [
                    partial(self.model.move, part, step, strength, beam, to, blur=blur) for part in parts
                ]
                done = await self.batcher.steps(calls)
            moved.append([text for part in done for text in part])
        read: Read[str] = await self._at_once(texts, list)
        return Read(moved, read.tokens, read.truncated)

    async def _moved_least(
        self, texts: list[str], step: Vectors | Boundary, beam: int, to: str | None, blur: float | None
    ) -> list[str]:
        """Move some sentences no farther than each needs, one of the ways at a time."""
        count = ways(self.model.run.settings.model, blur)
        (best,) = await self.batcher.steps([partial(self.model.least_moves, texts, step, beam, to, blur)])
        *_, last = await self.batcher.steps([partial(next, best)] * count)
        return list(last)

    async def score(
        self, texts: list[str], by: Literal["reconstruction", "likelihood"], samples: int, seed: int
    ) -> Read[tuple[float, int]]:
        """Return what each sentence costs, nats and tokens."""
        engine = self.model.engine
        if by == "reconstruction":

            def call(some: list[str]) -> list[tuple[float, int]]:
                return _pairs(reconstruction_costs(engine, some))

            return await self._texts("score", (), call, texts)
        parts = [texts[start : start + _FEW] for start in range(0, len(texts), _FEW)]
        done = await self.batcher.steps(
            [lambda part=part: _pairs(likelihood_costs(engine, part, samples, seed)) for part in parts]  # type: ignore[misc]
        )
        read: Read[str] = await self._at_once(texts, list)
        return Read([one for part in done for one in part], read.tokens, read.truncated)

    async def search(
        self, index: Index, name: str, queries: list[str], k: int, approximate: bool
    ) -> Read[list[Hit]]:
        """Find the nearest sentences of each query."""

        def call(some: list[str]) -> list[list[Hit]]:
            return index.search(some, k, approximate=approximate)

        return await self._texts("search", (name, k, approximate), call, queries)

    @property
    def compared(self) -> Part:
        """Part of the encodings that sentences are compared by."""
        return self.model.run.settings.model.compared

    async def flattened(self, vectors: Vectors) -> tuple[NDArray[np.float64], list[float]]:
        """Place vectors on a plane (:func:`textrae.server.flat.flattened`)."""
        (found,) = await self.batcher.steps([lambda: flattened(vectors)])
        return found

    async def first_of(self, index: Index, count: int) -> tuple[list[str], Vectors]:
        """Return the first sentences of an index, and their vectors."""

        def call() -> tuple[list[str], Vectors]:
            vectors = np.asarray(index.store.vectors[:count], dtype=np.float32)
            return [index.text(number) for number in range(count)], vectors

        (found,) = await self.batcher.steps([call])
        return found

    def _check(self, beam: int, to: str | None) -> None:
        """Raise ConfigError if the run cannot search with such a beam, or writes no such language."""
        self.model.engine.specials(to)
        if beam > 1:
            self.model.engine.refuse_beam()

    async def _texts(
        self,
        name: str,
        options: tuple[Any, ...],
        call: Callable[[list[str]], Sequence[R]],
        texts: list[str],
        weight: int = 1,
    ) -> Read[R]:
        """Compute a result of each sentence, joined with equal work of the same run.

        Args:
            name: what is computed.
            options: that make it another work.
            call: what computes it.
            texts: the sentences; what a run does not read of a long one takes no time.
            weight: how many times as long a sentence takes as its characters tell.
        """

        def counted(some: list[str]) -> list[tuple[R, int, bool]]:
            return list(zip(call(some), *self._tokens(some), strict=True))

        longest = 8 * self.model.max_length
        sizes = [weight * (min(len(text), longest) + _OVERHEAD) for text in texts]
        found = await self.batcher.many(Work(name, (self.name, *options), counted), texts, sizes)
        truncated = [number for number, one in enumerate(found) if one[2]]
        return Read([one[0] for one in found], sum(one[1] for one in found), truncated)

    async def _at_once(self, texts: list[str], call: Callable[[], list[R]]) -> Read[R]:
        """Compute what comes of several sentences together."""

        def counted() -> Read[R]:
            tokens, cut = self._tokens(texts)
            return Read(call(), sum(tokens), [number for number, over in enumerate(cut) if over])

        (found,) = await self.batcher.steps([counted])
        return found

    def _tokens(self, texts: list[str]) -> tuple[list[int], list[bool]]:
        """Return how many tokens of each sentence are read, and whether these are not all."""
        ids, cut = self.model.run.tokenizer.encode_cut(texts, self.model.max_length)
        return [len(row) for row in ids], cut


def _pairs(costs: Any) -> list[tuple[float, int]]:
    return [pair for nats, tokens in costs for pair in zip(nats.tolist(), tokens.tolist(), strict=True)]
