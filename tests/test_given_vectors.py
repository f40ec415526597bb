"""Models of the vectors of any encoder, from a file of them to sentences: here those of another run, inverted again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SMALL, TEXT, sentences
from support import textrae_here

from textrae import ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError, CorpusError, VectorError
from textrae.settings.files import build


@pytest.fixture(scope="module")
def given(corpus: Path, model: SentenceAutoencoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus's encodings, rotated and stretched so that nothing but training can read them."""
    generator = np.random.default_rng(0)
    mixed = model.encode(sentences()) @ generator.normal(size=(24, 40)).astype(np.float32)
    path = tmp_path_factory.mktemp("given") / "vectors.npy"
    np.save(path, mixed * 3 + 1)
    return path


def trained(corpus: Path, given: Path, shape: ModelConfig, **options: Any) -> SentenceAutoencoder:
    training = TrainingConfig(steps=500, lr=1e-2, seed=0, precision="fp32")
    return SentenceAutoencoder.train(corpus, shape, training, text=TEXT, vectors=given, **options)


@pytest.mark.parametrize("shape", [SMALL, replace(SMALL, slots=3, latent=16)], ids=["vector", "slots"])
def test_sentences_come_back_from_vectors(
    corpus: Path, given: Path, shape: ModelConfig, tmp_path: Path
) -> None:
    trained(corpus, given, shape, out=tmp_path / "run")
    loaded = SentenceAutoencoder.load(tmp_path / "run")
    vectors = np.load(given)
    written = loaded.decode(vectors)
    assert sum(a == b for a, b in zip(written, sentences(), strict=True)) > 900
    report = loaded.evaluate(sentences(), vectors=vectors)
    assert report.overall.exact == pytest.approx(
        sum(a == b for a, b in zip(written, sentences(), strict=True)) / 1_200
    )
    assert len(loaded.sample(5)) == 5
    for refused in (loaded.encode, loaded.reconstruct, loaded.evaluate):
        with pytest.raises(ConfigError, match="reads vectors"):
            refused(sentences()[:3])
    with pytest.raises(ConfigError, match="reads vectors"):
        loaded.attention("A dog.")
    with pytest.raises(ConfigError, match="reads vectors"):
        next(loaded.translations(sentences()[:3]))
    with pytest.raises(VectorError, match="1,199 vectors"):
        loaded.evaluate(sentences(), vectors=vectors[:-1])
    with pytest.raises(VectorError, match="1,200 vectors for 3"):
        loaded.evaluate(sentences()[:3], vectors=vectors)
    with pytest.raises(VectorError, match=r"decodes \(n, 40\)"):
        loaded.decode(vectors[:, :24])


def test_what_does_not_fit_is_refused(corpus: Path, given: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "short.npy", np.zeros((7, 3), np.float32))
    with pytest.raises(CorpusError, match=r"1,200 lines, and short\.npy has 7 vectors"):
        trained(corpus, tmp_path / "short.npy", SMALL)
    with pytest.raises(ConfigError, match=r"40 .*, not 7"):
        trained(corpus, given, replace(SMALL, vectors=7))
    with pytest.raises(ConfigError, match="leave it out"):
        trained(corpus, given, SMALL, target=corpus)
    with pytest.raises(ConfigError, match=r"give (--|`)valid.vectors"):
        trained(corpus, given, SMALL, valid=corpus)
    with pytest.raises(ConfigError, match=r"give (--|`)valid\b"):
        trained(corpus, given, SMALL, valid_vectors=given)
    noisy = TrainingConfig(steps=1, noise_drop=0.1)
    with pytest.raises(ConfigError, match=r"noise.*: it spoils the text"):
        SentenceAutoencoder.train(corpus, SMALL, noisy, text=TEXT, vectors=given)
    with pytest.raises(ConfigError, match=r"give (--|`)vectors"):
        SentenceAutoencoder.train(corpus, replace(SMALL, vectors=7), TrainingConfig(steps=1), text=TEXT)
    for name, value in (
        ("variational", True),
        ("hierarchical", True),
        ("memory", "states"),
        ("regulariser", "mmd"),
    ):
        with pytest.raises(ConfigError, match="there is no encoder"):
            build(ModelConfig, {"vectors": 3, name: value})


def test_commands(corpus: Path, given: Path, tmp_path: Path) -> None:
    made = textrae_here(
        "train",
        corpus,
        "--vectors",
        given,
        "--steps",
        5,
        "--vocab-size",
        400,
        "--whole-words",
        "--valid",
        corpus,
        "--valid-vectors",
        given,
        "-o",
        tmp_path / "run",
    )
    assert made.returncode == 0, made.stderr
    assert b"try: textrae decode " in made.stderr
    assert b"whole words: " in made.stderr
    written = textrae_here("decode", tmp_path / "run", given)
    assert len(written.stdout.decode().split("\n")) == 1_201
    said = textrae_here("evaluate", tmp_path / "run", corpus, "--vectors", given, "--json")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["overall"]["sentences"] == 1_200
    without = textrae_here("evaluate", tmp_path / "run", corpus)
    assert without.returncode == 2
    assert b"reads vectors: give those of the sentences with --vectors" in without.stderr
    idle = textrae_here("train", corpus, "--vectors", given, "--pooling", "mean", "-o", tmp_path / "x")
    assert idle.returncode == 2
    assert b"--pooling: is of an encoder" in idle.stderr
    refused = textrae_here("encode", tmp_path / "run", corpus, "-o", tmp_path / "x.npy")
    assert refused.returncode == 2
    assert b"reads vectors" in refused.stderr
