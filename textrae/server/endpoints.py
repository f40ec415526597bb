"""The endpoints beside those of OpenAI: each is a function from a request to its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel

from textrae.inference.moving import MOST_WAYS
from textrae.inference.vectors import Vectors
from textrae.latent.boundary import LEAST, Boundary
from textrae.search.index import Hit
from textrae.server import schemas
from textrae.server.failures import Refusal
from textrae.server.hosted import Hosted, Read
from textrae.server.service import Service

Answer = dict[str, Any]
_ROWS = 100
"""Rows of a sentence that are told of a hit."""


@dataclass(frozen=True)
class Endpoint:
    """A path that is asked with POST."""

    path: str
    """Path of the address."""
    asked: type[BaseModel]
    """Schema of the body."""
    answer: type[BaseModel]
    """Schema of the answer."""
    do: Callable[[Service, Any], Awaitable[Answer]]
    """Function that answers; its docstring describes the endpoint."""
    items: Callable[[Any], int]
    """Return how many sentences or vectors a request is about."""
    slow: Callable[[Any], bool] = lambda asked: False
    """Return whether a request may take ten times as long as others."""


async def decode(service: Service, asked: schemas.Decode) -> Answer:
    """Decode vectors to sentences."""
    run = service.run(asked.model)
    texts = await run.decode(run.vectors(asked.vectors), asked.beam, asked.to)
    return {"model": run.name, "texts": texts, "truncated": []}


async def reconstruct(service: Service, asked: schemas.Reconstruct) -> Answer:
    """Encode sentences and decode them again."""
    run = service.run(asked.model)
    return _written(service, run, await run.reconstruct(asked.texts, asked.beam))


async def interpolate(service: Service, asked: schemas.Interpolate) -> Answer:
    """Decode the path from each sentence to the next."""
    run = service.run(asked.model)
    options = asked.model_dump(include={"steps", "method", "beam", "to", "blur"})
    return _written(service, run, await run.interpolate(asked.texts, **options))


async def sample(service: Service, asked: schemas.Sample) -> Answer:
    """Draw new sentences; the same request gives the same ones."""
    run = service.run(asked.model)
    texts = await run.sample(**asked.model_dump(exclude={"model"}))
    return {"model": run.name, "texts": texts, "truncated": []}


async def paraphrase(service: Service, asked: schemas.Paraphrase) -> Answer:
    """Decode encodings near a sentence's own."""
    run = service.run(asked.model)
    return _written(service, run, await run.paraphrase(**asked.model_dump(exclude={"model"})))


async def analogy(service: Service, asked: schemas.Analogy) -> Answer:
    """Move sentences along the difference between two kinds of sentences, with one strength or several."""
    run = service.run(asked.model)
    step: Vectors | Boundary
    if LEAST in asked.strength:
        if len(asked.texts) > schemas.LEAST_MOVED:
            most = (
                f"texts: at most {schemas.LEAST_MOVED} are moved by least, as each is tried in some 80 ways"
            )
            raise Refusal(422, f"{most}; send fewer at a time", "texts")
        step = await run.boundary(asked.source, asked.target)
    else:
        step = await run.direction(asked.source, asked.target)
    moved = await run.move(asked.texts, step, asked.strength, asked.beam, asked.to, asked.blur)
    each = [
        {"strength": strength, "texts": texts}
        for strength, texts in zip(asked.strength, moved.results, strict=True)
    ]
    return {"model": run.name, "moved": each, "truncated": truncated(service, moved)}


async def translate(service: Service, asked: schemas.Translate) -> Answer:
    """Translate sentences, with a run that was trained to."""
    run = service.run(asked.model)
    found = await run.translate(asked.texts, asked.beam, asked.length_penalty, asked.to)
    several = None
    if asked.hypotheses is not None:
        several = [
            [{"text": text, "score": score} for text, score in one[: asked.hypotheses]]
            for one in found.results
        ]
    texts = [one[0][0] for one in found.results]
    return {"model": run.name, "texts": texts, "hypotheses": several, "truncated": truncated(service, found)}


async def score(service: Service, asked: schemas.Score) -> Answer:
    """Tell what sentences cost a run: nats of their reconstruction, or of their likelihood by a variational run."""
    run = service.run(asked.model)
    costs = await run.score(asked.texts, asked.by, asked.samples, asked.seed)
    told = [{"nats": nats, "tokens": tokens} for nats, tokens in costs.results]
    return {"model": run.name, "by": asked.by, "scores": told, "truncated": truncated(service, costs)}


async def search(service: Service, asked: schemas.Search) -> Answer:
    """Find the sentences of an index that are most similar to each query."""
    run, name, index = service.index(asked.index, asked.model)
    found = await run.search(index, name, asked.queries, asked.k, asked.approximate)
    hits = [[_hit(hit) for hit in each] for each in found.results]
    return {"model": run.name, "index": name, "hits": hits, "truncated": truncated(service, found)}


async def place(service: Service, asked: schemas.Map) -> Answer:
    """Place sentences on a plane: by the two directions in which encodings differ most (PCA), or by neighbours (UMAP)."""
    if (asked.texts is None) == (asked.index is None):
        raise Refusal(422, "texts: give either texts or the name of an index", "texts")
    if asked.texts is not None:
        run = service.run(asked.model)
        read = await run.encode(asked.texts, run.compared)
        texts, left_out, cut = None, 0, truncated(service, read)
        vectors = np.stack(read.results)
    else:
        run, _, index = service.index(asked.index, asked.model)
        count = min(len(index), schemas.POINTS)
        texts, vectors = await run.first_of(index, count)
        left_out, cut = len(index) - count, []
    explained = None
    if asked.layout == "umap":
        points = await service.unfolding.places(vectors)
    else:
        points, explained = await run.flattened(vectors)
    return {
        "model": run.name,
        "texts": texts,
        "points": points.round(4),
        "explained": explained,
        "left_out": left_out,
        "truncated": cut,
    }


def _hit(hit: Hit) -> Answer:
    rows = [row + 1 for row in hit.rows[:_ROWS]]
    return {"text": hit.text, "score": hit.score, "rows": rows, "copies": len(hit.rows)}


def _written(service: Service, run: Hosted, read: Read[str]) -> Answer:
    return {"model": run.name, "texts": read.results, "truncated": truncated(service, read)}


def truncated(service: Service, read: Read[Any]) -> list[int]:
    """Return the numbers of the sentences that were truncated, and count them."""
    service.metrics.truncated(len(read.truncated))
    return read.truncated


ENDPOINTS = (
    Endpoint("/decode", schemas.Decode, schemas.Written, decode, lambda asked: len(asked.vectors)),
    Endpoint(
        "/reconstruct", schemas.Reconstruct, schemas.Written, reconstruct, lambda asked: len(asked.texts)
    ),
    Endpoint(
        "/interpolate",
        schemas.Interpolate,
        schemas.Written,
        interpolate,
        lambda asked: (len(asked.texts) - 1) * asked.steps,
    ),
    Endpoint("/sample", schemas.Sample, schemas.Written, sample, lambda asked: asked.count),
    Endpoint("/paraphrase", schemas.Paraphrase, schemas.Written, paraphrase, lambda asked: 20 * asked.count),
    Endpoint(
        "/analogy",
        schemas.Analogy,
        schemas.Moves,
        analogy,
        lambda asked: (
            len(asked.texts) * sum(MOST_WAYS if one == LEAST else 1 for one in asked.strength)
            + len(asked.source)
            + len(asked.target)
        ),
    ),
    Endpoint(
        "/translate", schemas.Translate, schemas.Translations, translate, lambda asked: len(asked.texts)
    ),
    Endpoint("/score", schemas.Score, schemas.Scores, score, lambda asked: len(asked.texts)),
    Endpoint(
        "/map",
        schemas.Map,
        schemas.Places,
        place,
        lambda asked: len(asked.texts or ()) or schemas.POINTS,
        slow=lambda asked: asked.layout == "umap",
    ),
    Endpoint("/search", schemas.Search, schemas.Hits, search, lambda asked: len(asked.queries)),
)
