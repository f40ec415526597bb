"""Simple encodings beside NumPy, and the vectors of the model and of others."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import sentences
from evaluation.suite.folders import write_suite

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError, VectorError
from textrae.evaluation.suite import encodings as module
from textrae.evaluation.suite.encodings import (
    check_names,
    encodings,
    means,
    model_vectors,
    open_beside,
    projected,
    sif,
    tfidf,
    token_counts,
    token_vectors,
    untrained,
)
from textrae.evaluation.suite.reading import read_suite

LINES = ["A dog, a cat.", "The dog sees the ball!", "Cats see.", "?!", "dog dog dog ball"]


def test_tfidf_is_its_definition() -> None:
    split = [re.findall(r"\w+", line.lower()) or [line] for line in LINES]
    words = sorted({word for line in split for word in line})
    counts = np.array([[line.count(word) for word in words] for line in split], dtype=float)
    idf = np.log((1 + len(LINES)) / (1 + (counts > 0).sum(0))) + 1
    expected = counts * idf
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = tfidf(LINES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-6)


@pytest.mark.parametrize("block", [2, 4_096])
def test_a_projection_keeps_cosines_about(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", block)
    rows = tfidf(LINES)
    found = projected(rows, 4_000, 3)
    generator = np.random.default_rng(3)
    parts = [generator.standard_normal((min(block, rows.shape[1] - at), 4_000), dtype=np.float32) for at in range(0, rows.shape[1], block)]  # fmt: skip
    np.testing.assert_allclose(found, rows.toarray() @ np.concatenate(parts) / 4_000**0.5, atol=1e-5)
    np.testing.assert_allclose(found @ found.T, (rows @ rows.T).toarray(), atol=0.1)


def test_means_and_sif_are_their_definitions(model: SentenceAutoencoder) -> None:
    lines = sentences()[:50:3]
    table = token_vectors(model.engine)
    tokenizer = model.run.tokenizer
    assert table.shape == (tokenizer.vocab_size, model.run.settings.model.embedding)
    ids = [row[:5] for row in tokenizer.encode(lines)]
    counts = token_counts(tokenizer, lines, 5)
    np.testing.assert_allclose(means(counts, table), [table[row].mean(0) for row in ids], atol=1e-6)

    share = np.bincount(np.concatenate(ids), minlength=len(table)) / sum(map(len, ids))
    weighted = np.array([((1e-3 / (1e-3 + share[row]))[:, None] * table[row]).mean(0) for row in ids])
    first = np.linalg.svd(weighted)[2][0]
    expected = weighted - np.outer(weighted @ first, first)
    found = sif(counts, table)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(found @ first, 0, atol=1e-6)


def test_an_untrained_encoder_has_the_shape_and_its_seed(model: SentenceAutoencoder) -> None:
    lines = sentences()[:5]
    before = torch.get_rng_state()
    found = [model_vectors(untrained(model.engine, seed), lines, "all") for seed in (0, 0, 2**64 - 1)]
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(found[0], found[1])
    assert found[0].shape == (5, 24)
    own = model.encode(lines)
    np.testing.assert_array_equal(model_vectors(model.engine, lines, "all"), own)
    for other in (found[2], own):
        assert np.abs(found[0] - other).max() > 0.1


def test_given_vectors_are_those_of_the_tasks_sentences(model: SentenceAutoencoder, tmp_path: Path) -> None:
    suite = read_suite(write_suite(tmp_path / "suite"))
    own = model.encode(suite.sentences).astype(np.float64)
    np.save(tmp_path / "own.npy", np.asfortranarray(own))
    given = open_beside({"own": tmp_path / "own.npy"}, len(own))
    every = {encoding.name: encoding for encoding in encodings(model.engine, suite, given, 0)}
    assert list(every) == ["model", *module.BASELINES, "own"]
    sizes = {"model": 24, "tfidf": None, "tfidf-projected": 24, "token-means": 32, "sif": 32, "untrained": 24}
    assert {name: one.dimensions for name, one in every.items()} == {**sizes, "own": 24}
    for task in suite.tasks:
        rows = {name: one.make(task) for name, one in every.items()}
        assert {len(found) if name != "tfidf" else found.shape[0] for name, found in rows.items()} == {
            len(task.sentences)
        }
        np.testing.assert_allclose(rows["own"], rows["model"], atol=1e-5)


def test_what_cannot_stand_beside_is_refused(tmp_path: Path) -> None:
    for name, array in {
        "rows": np.ones((3, 2)),
        "flat": np.ones(4),
        "truth": np.ones((4, 2), bool),
        "none": np.ones((4, 0)),
        "wide": np.ones((4, 16_385), np.int8),
        "right": np.ones((4, 2), np.float16),
    }.items():
        np.save(tmp_path / f"{name}.npy", array)
    (tmp_path / "torn.npy").write_bytes((tmp_path / "rows.npy").read_bytes()[:-1])
    assert open_beside({"x": tmp_path / "right.npy"}, 4)["x"].shape == (4, 2)
    for name, said in {
        "rows": r"rows\.npy: 3 vectors for the suite's 4 different sentences",
        "flat": r"flat\.npy: shape \(4,\) of float64; give numbers in rows",
        "truth": "of bool",
        "none": r"shape \(4, 0\)",
        "wide": "1 to 16,384 dimensions",
        "torn": r"torn\.npy: not a readable file of vectors",
        "missing": r"read from \.npy files; give one that is there",
    }.items():
        with pytest.raises(VectorError, match=said):
            open_beside({"x": tmp_path / f"{name}.npy"}, 4)
    check_names(["minilm", "my vectors"])
    for taken in ("tfidf", "model", "chance"):
        with pytest.raises(ConfigError, match=f"`beside`: {taken} is measured anyway"):
            check_names([taken])
    for none in (" ", "x" * 41, "a\nb"):
        with pytest.raises(ConfigError, match="is no name for a table"):
            check_names([none])
