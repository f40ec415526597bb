"""The encodings that a suite measures: a model's vectors, simple ones of the same sentences, and given vectors.

Each is made for one task at a time from its distinct sentences only, so that memory is bounded by a file of the suite.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from textrae.errors import ConfigError, VectorError
from textrae.evaluation.suite.scoring import Rows
from textrae.evaluation.suite.tasks import Suite, Task
from textrae.evaluation.suite.words import terms
from textrae.inference.engine import Engine
from textrae.inference.vectors import Vectors
from textrae.nn.autoencoder import Autoencoder
from textrae.settings.model import Part
from textrae.text.npy import open_npy
from textrae.text.scripts import words_parted
from textrae.text.tokenizer import Tokenizer

MODEL: Final = "model"
"""Name of the model's vectors."""
SPELLING: Final = "spelling"
"""Name of the rest of the model's encodings, where a part is for meaning."""
CHANCE: Final = "chance"
"""Name of what guessing gives."""
BASELINES: Final = ("tfidf", "tfidf-projected", "token-means", "sif", "untrained")
"""Names of the simple encodings that the same run is measured beside."""
WIDEST: Final = 16_384
"""Dimensions of given vectors at most."""
_SIF: Final = 1e-3
"""a of the weights a / (a + p) of SIF."""
_MOST_TERMS: Final = 100_000
"""Terms of TF-IDF, the most frequent ones, at most."""
_BLOCK: Final = 4_096
"""Terms that are projected at once."""


@dataclass(frozen=True)
class Encoding:
    """Something that gives each sentence of a task a vector."""

    name: str
    """Name in tables."""
    make: Callable[[Task], Rows]
    """Return one row for each of the task's sentences."""
    dimensions: int | None = None
    """Numbers of a vector; None where the task decides."""


def encodings(engine: Engine, suite: Suite, beside: Mapping[str, NDArray[Any]], seed: int) -> list[Encoding]:
    """Return all that is measured: the model, the simple encodings, and given vectors.

    Args:
        engine: of the model.
        suite: whose sentences are encoded.
        beside: vectors by their names, one row for each of :attr:`Suite.sentences`.
        seed: of the random projection and of the untrained encoder's weights.
    """
    shape = engine.run.settings.model
    part, size = shape.compared, shape.part_size(shape.compared)
    tokenizer, longest, table = engine.run.tokenizer, engine.max_length, token_vectors(engine)
    fresh = untrained(engine, seed)
    return [
        Encoding(MODEL, lambda task: model_vectors(engine, task.sentences, part), size),
        *([] if part == "all" else [_spelling(engine)]),
        Encoding("tfidf", lambda task: tfidf(task.sentences)),
        Encoding("tfidf-projected", lambda task: projected(tfidf(task.sentences), size, seed), size),
        Encoding(
            "token-means",
            lambda task: means(token_counts(tokenizer, task.sentences, longest), table),
            table.shape[1],
        ),
        Encoding(
            "sif", lambda task: sif(token_counts(tokenizer, task.sentences, longest), table), table.shape[1]
        ),
        Encoding("untrained", lambda task: model_vectors(fresh, task.sentences, part), size),
        *(_given(name, array, suite) for name, array in beside.items()),
    ]


def _spelling(engine: Engine) -> Encoding:
    return Encoding(
        SPELLING,
        lambda task: model_vectors(engine, task.sentences, "spelling"),
        engine.run.settings.model.part_size("spelling"),
    )


def model_vectors(engine: Engine, sentences: Sequence[str], part: Part) -> Vectors:
    """Return the vectors of a model that a suite measures; whole encodings have the number of the length if they keep it.

    This is the only place where a suite asks a model.

    Args:
        engine: of the model.
        sentences: at least one.
        part: what of the encodings is measured.

    Returns:
        (sentences, dimensions) float32.

    Raises:
        ConfigError: the model reads vectors.
    """
    return np.concatenate(list(engine.encode_stream(sentences, part=part)))


def untrained(engine: Engine, seed: int) -> Engine:
    """Return a model of the same shape and tokenizer with fresh weights; the state of torch's random numbers stays."""
    run = engine.run
    own = None if run.target_tokenizer is None else run.target_tokenizer.vocab_size
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Autoencoder(run.settings.model, run.tokenizer.vocab_size, own, run.translates)
    fresh = Engine(replace(run, network=network.to(engine.device).eval(), latents=None), "fp32")
    fresh.bf16 = engine.bf16
    return fresh


def token_vectors(engine: Engine) -> Vectors:
    """Return the vectors that a model has of its tokens: (vocabulary, embedding).

    Raises:
        ConfigError: the model reads vectors.
    """
    engine.refuse_text()
    table = engine.network.embedding.weight.detach()[: engine.run.tokenizer.vocab_size]
    vectors: Vectors = table.float().cpu().numpy()
    return vectors


def tfidf(sentences: Sequence[str]) -> Any:
    """Return the TF-IDF of sentences, rows of length 1: (sentences, terms) sparse, float32.

    Terms are lower-cased words, or characters and pairs of them where spaces part no words; idf = log((1 + n) / (1 + df)) + 1
    is that of the same sentences.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    parted = words_parted(sentences)
    maker = TfidfVectorizer(
        analyzer=lambda sentence: terms(sentence, parted), max_features=_MOST_TERMS, dtype=np.float32
    )
    return maker.fit_transform(sentences)


def projected(rows: Any, size: int, seed: int) -> Vectors:
    """Project sparse rows (n, terms) by a matrix of draws from N(0, 1 / size): (n, size) float32."""
    generator = np.random.default_rng(seed)
    out = np.zeros((rows.shape[0], size), dtype=np.float32)
    columns = rows.tocsc()
    for start in range(0, rows.shape[1], _BLOCK):
        block = columns[:, start : start + _BLOCK]
        matrix = generator.standard_normal((block.shape[1], size), dtype=np.float32)
        out += block @ (matrix / np.float32(math.sqrt(size)))
    return out


def token_counts(tokenizer: Tokenizer, sentences: Sequence[str], longest: int) -> Any:
    """Return how often each token is in each sentence, of which `longest` are read: (sentences, vocabulary) sparse."""
    from scipy.sparse import csr_array

    ids, _ = tokenizer.encode_cut(sentences, longest)
    ends = np.cumsum([0, *map(len, ids)])
    flat = np.fromiter((token for row in ids for token in row), dtype=np.int64, count=ends[-1])
    counts = csr_array((np.ones(len(flat), np.float32), flat, ends), shape=(len(ids), tokenizer.vocab_size))
    counts.sum_duplicates()
    return counts


def means(counts: Any, table: Vectors) -> Vectors:
    """Return the mean of each sentence's token vectors.

    Args:
        counts: (sentences, vocabulary) sparse.
        table: (vocabulary, dimensions).
    """
    return np.asarray(counts @ table, np.float32) / _lengths(counts)


def sif(counts: Any, table: Vectors) -> Vectors:
    """Return weighted means of token vectors, without their first common component (SIF, Arora et al. 2017).

    A token's weight is a / (a + p), a = 0.001, p its share of all tokens of the same sentences. The component is the first
    right singular vector of the means.

    Args:
        counts: (sentences, vocabulary) sparse.
        table: (vocabulary, dimensions).
    """
    total = np.asarray(counts.sum(axis=0)).ravel()
    weights = (_SIF / (_SIF + total / max(1.0, total.sum()))).astype(np.float32)
    rows = np.asarray(counts @ (weights[:, None] * table), np.float32) / _lengths(counts)
    products = rows.astype(np.float64).T @ rows
    first = np.linalg.eigh(products)[1][:, -1].astype(np.float32)
    return rows - np.outer(rows @ first, first)


def _lengths(counts: Any) -> NDArray[np.float32]:
    """Return the number of each sentence's tokens, at least 1: (sentences, 1)."""
    return np.maximum(np.asarray(counts.sum(axis=1), np.float32).reshape(-1, 1), 1)


def _given(name: str, array: NDArray[Any], suite: Suite) -> Encoding:
    def rows(task: Task) -> Vectors:
        places = [suite.places[sentence] for sentence in task.sentences]
        return np.asarray(array[places], np.float32)

    return Encoding(name, rows, array.shape[1])


def open_beside(files: Mapping[str, Path], sentences: int) -> dict[str, NDArray[Any]]:
    """Map ``.npy`` files of vectors; nothing of them is read before it is used.

    Args:
        files: paths by the names that tables give them.
        sentences: rows that each must have.

    Raises:
        VectorError: a file is missing, damaged, or of another shape or kind.
    """
    found = {}
    for name, file in files.items():
        if file.suffix != ".npy" or not file.is_file():
            raise VectorError(
                f"{file}: vectors beside a suite are read from .npy files; give one that is there"
            )
        try:
            found[name] = open_npy(file)
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or error
            raise VectorError(f"{file}: not a readable file of vectors ({said})") from None
        check_beside(str(file), found[name], sentences)
    return found


def check_beside(where: str, array: NDArray[Any], sentences: int) -> None:
    """Raise :class:`VectorError` unless an array has numbers in `sentences` rows of 1 to 16,384 dimensions."""
    if array.ndim != 2 or array.dtype.kind not in "fiu" or not 1 <= array.shape[1] <= WIDEST:
        raise VectorError(
            f"{where}: shape {array.shape} of {array.dtype}; give numbers in rows of 1 to {WIDEST:,} dimensions"
        )
    if len(array) != sentences:
        raise VectorError(
            f"{where}: {len(array):,} vectors for the suite's {sentences:,} different sentences; give one for each, in "
            "the order that `sentences_to` writes"
        )


def check_names(names: Iterable[str]) -> None:
    """Raise :class:`ConfigError` if given vectors have no name, a long one, or that of something measured anyway."""
    for name in names:
        if not name.strip() or len(name) > 40 or not name.isprintable():
            raise ConfigError(
                f"`beside`: {name[:40]!r} is no name for a table; give one of 1 to 40 characters"
            )
        if name in (MODEL, SPELLING, CHANCE, *BASELINES):
            raise ConfigError(f"`beside`: {name} is measured anyway; give another name")
