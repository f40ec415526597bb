"""Vectors that sentences and queries are compared by: the one place that makes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np

from textrae.errors import VectorError
from textrae.inference import arguments
from textrae.inference.cuts import Cuts
from textrae.inference.vectors import Vectors
from textrae.model import SentenceAutoencoder
from textrae.settings.model import Part


class Encoder(Protocol):
    """What encodes sentences: a model, or several processes that hold it."""

    def encode_stream(
        self, sentences: Iterable[str], *, cuts: Cuts | None = None, part: Part = "all"
    ) -> Iterator[Vectors]:
        """Yield blocks of a part of encodings, (sentences, numbers) float32, in order."""
        ...


def compared(model: SentenceAutoencoder, dimensions: int | None = None) -> int:
    """Return how many numbers of an encoding are compared: those for meaning, or all but a kept length; or the first `dimensions`.

    Raises:
        TypeError: `dimensions` is no whole number.
        ConfigError: it is less than 1 or more than there are, or the model reads vectors and no sentences.
    """
    model.engine.refuse_text()
    shape = model.run.settings.model
    most = shape.meaning or shape.encoding_size - shape.keeps_length
    return most if dimensions is None else arguments.whole("dimensions", dimensions, 1, most)


def unit_vectors(
    encoder: Encoder,
    sentences: Iterable[str],
    width: int,
    cuts: Cuts | None = None,
    part: Part = "all",
) -> Iterator[Vectors]:
    """Encode any number of sentences in bounded memory, and scale their vectors to length 1.

    The product of two such vectors is the cosine of the encodings. The number of the length that encodings end with is
    left out: how long sentences are says little of what they are about.

    Args:
        encoder: a loaded model, or a :class:`textrae.workers.WorkerPool`.
        sentences: one row each.
        width: numbers of an encoding that are compared, as :func:`compared` returned.
        cuts: counts what was read and truncated.
        part: what of the encodings is compared, :attr:`textrae.ModelConfig.compared` of the model.

    Yields:
        (sentences, width) float32, in order.

    Raises:
        VectorError: an encoding is not finite.
    """
    for block in encoder.encode_stream(sentences, cuts=cuts, part=part):
        yield scaled(block[:, :width])


def scaled(vectors: Vectors) -> Vectors:
    """Scale vectors (n, width) to length 1; one of zeros stays as it is.

    Raises:
        VectorError: a vector is not finite.
    """
    if not np.isfinite(vectors).all():
        raise VectorError("an encoding holds NaN or infinity: the run's weights are broken; train it again")
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
    return unit
