"""What OpenAI's clients ask: embeddings and the list of models."""

from __future__ import annotations

import base64
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrae.errors import ConfigError
from textrae.search.encoding import scaled
from textrae.server import schemas
from textrae.server.endpoints import Answer, Endpoint, truncated
from textrae.server.failures import Refusal
from textrae.server.service import Service


async def embeddings(service: Service, asked: schemas.Embeddings) -> Answer:
    """Encode sentences, as OpenAI's clients ask for it."""
    run = service.run(asked.model)
    if "" in asked.input:
        number = asked.input.index("")
        raise Refusal(400, f"input[{number}]: is an empty string; give one with text", "input")
    shape = run.model.run.settings.model
    part = asked.part or run.compared
    if asked.dimensions is not None:
        if part != "meaning":
            raise Refusal(
                400,
                f"dimensions: the encodings of {run.name} are whole only"
                + ("; ask for the part of meaning" if shape.meaning else ", as it has no part for meaning"),
                "dimensions",
            )
        if asked.dimensions > shape.meaning:
            raise Refusal(400, f"dimensions: {run.name} has {shape.meaning} for meaning", "dimensions")
    try:
        read = await run.encode(asked.input, part)
    except ConfigError as error:
        raise Refusal(400, str(error)) from None
    rows = read.results
    if asked.dimensions is not None:
        rows = list(scaled(np.stack(rows)[:, : asked.dimensions]))
    data = [
        {"object": "embedding", "index": number, "embedding": _written(row, asked.encoding_format)}
        for number, row in enumerate(rows)
    ]
    usage = {"prompt_tokens": read.tokens, "total_tokens": read.tokens}
    return {
        "object": "list",
        "data": data,
        "model": run.name,
        "usage": usage,
        "truncated": truncated(service, read),
    }


def _written(row: NDArray[np.float32], form: str) -> Any:
    if form == "float":
        return np.ascontiguousarray(row)
    return base64.b64encode(row.astype("<f4" if sys.byteorder == "big" else np.float32).tobytes()).decode()


EMBEDDINGS = Endpoint(
    "/v1/embeddings", schemas.Embeddings, schemas.Embedded, embeddings, lambda asked: len(asked.input)
)
