"""Trainings that begin with parts of trained models."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SMALL, TEXT, sentences
from support import textrae_here

from textrae import ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError, RunError
from textrae.nn.autoencoder import READING, WRITING, Autoencoder

FEW = TrainingConfig(steps=20, seed=0, precision="fp32", lr=1e-3)


@pytest.fixture(scope="module")
def upper(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same sentences in capitals."""
    path = tmp_path_factory.mktemp("upper") / "upper.txt"
    path.write_text(corpus.read_text().upper())
    return path


@pytest.mark.parametrize(
    "further",
    [{}, {"slots": 2}, {"variational": True, "posterior_norm": 0.5}],
    ids=["vector", "slots", "normed posterior"],
)
def test_a_frozen_encoder_encodes_as_before(
    corpus: Path, upper: Path, run: Path, tmp_path: Path, further: dict[str, Any]
) -> None:
    begin = run
    if further:
        begin = tmp_path / "begun"
        SentenceAutoencoder.train(corpus, replace(SMALL, **further), FEW, text=TEXT, out=begin)
    before = SentenceAutoencoder.load(begin)
    for frozen in (True, False):
        training = replace(FEW, freeze_encoder=frozen)
        model = SentenceAutoencoder.train(corpus, None, training, text=TEXT, target=upper, encoder=begin)
        some = sentences()[:50]
        same = np.allclose(model.encode(some), before.encode(some), atol=1e-6)
        assert same == frozen
        assert (model.run.fingerprint == before.run.fingerprint) == frozen
        assert model.run.settings.model.hidden == SMALL.hidden
        assert model.run.tokenizer.digest == before.run.tokenizer.digest
        assert model.run.target_tokenizer is not None


def test_a_decoder_of_the_target_language_helps(corpus: Path, upper: Path, tmp_path: Path) -> None:
    training = replace(FEW, steps=300, lr=1e-2)
    SentenceAutoencoder.train(upper, SMALL, training, text=TEXT, out=tmp_path / "upper")
    SentenceAutoencoder.train(corpus, SMALL, training, text=TEXT, out=tmp_path / "lower")
    text = replace(TEXT, tokenizers="separate")
    losses = []
    for parts in ({}, {"encoder": tmp_path / "lower", "decoder": tmp_path / "upper"}):
        shape = None if parts else SMALL
        model = SentenceAutoencoder.train(
            corpus, shape, replace(FEW, steps=60), text=text, target=upper, **parts
        )
        losses.append(model.run.training["valid_loss"])
    assert losses[1] < 0.8 * losses[0]


def test_a_run_goes_on_with_other_text(corpus: Path, upper: Path, run: Path) -> None:
    """As encoder and decoder of one run: it begins as good as it ended, and learns what is new."""
    ended = SentenceAutoencoder.load(run).run
    losses = [
        SentenceAutoencoder.train(
            text, None, replace(FEW, steps=steps, lr=lr), text=TEXT, encoder=run, decoder=run
        ).run.training["valid_loss"]
        for text, steps, lr in ((corpus, 1, 1e-9), (upper, 1, 1e-9), (upper, 100, 1e-2))
    ]
    assert losses[0] == pytest.approx(ended.training["valid_loss"], rel=0.05, abs=0.02)
    assert losses[2] < 0.5 * losses[1]


def test_a_decoder_keeps_the_slots_it_knows(corpus: Path, upper: Path, tmp_path: Path) -> None:
    shape = replace(
        SMALL, slots=2, variational=True
    )  # whose slots have no positions, as a translation's would
    SentenceAutoencoder.train(upper, shape, FEW, text=TEXT, out=tmp_path / "upper")
    training = replace(FEW, steps=1)
    model = SentenceAutoencoder.train(
        corpus, None, training, text=TEXT, target=upper, decoder=tmp_path / "upper"
    )
    assert model.run.settings.model.slot_addressing == "content"
    assert model.run.network.decoder.place_keys is None
    again = SentenceAutoencoder.train(
        corpus,
        replace(shape, variational=False),  # which leaves open what tells its slots apart
        training,
        text=TEXT,
        target=upper,
        decoder=tmp_path / "upper",
    )
    assert again.run.settings.model.slot_addressing == "content"


def test_a_decoder_keeps_the_scale_of_its_encodings(corpus: Path, upper: Path, tmp_path: Path) -> None:
    shape = replace(SMALL, encoding_scale=0.5)
    SentenceAutoencoder.train(upper, shape, FEW, text=TEXT, out=tmp_path / "upper")
    training = replace(FEW, steps=1)
    for given in (None, SMALL):
        model = SentenceAutoencoder.train(
            corpus, given, training, text=TEXT, target=upper, decoder=tmp_path / "upper"
        )
        assert model.run.network.decoder.scale == 0.5
    with pytest.raises(ConfigError, match=r"its `encoding_scale` is 0\.5, not 2"):
        SentenceAutoencoder.train(
            corpus,
            replace(SMALL, encoding_scale=2.0),
            training,
            text=TEXT,
            target=upper,
            decoder=tmp_path / "upper",
        )


def test_what_does_not_fit_is_refused(corpus: Path, upper: Path, run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="its `hidden` is 48, not 50"):
        SentenceAutoencoder.train(corpus, ModelConfig(hidden=50), FEW, text=TEXT, target=upper, encoder=run)
    with pytest.raises(ConfigError, match="one of them, or `target`"):
        SentenceAutoencoder.train(corpus, None, FEW, text=TEXT, encoder=run, decoder=tmp_path / "other")
    SentenceAutoencoder.train(corpus, SMALL, FEW, text=TEXT, target=upper, out=tmp_path / "translates")
    both = dict.fromkeys(("encoder", "decoder"), tmp_path / "translates")
    with pytest.raises(ConfigError, match="to continue with it, give `target`"):
        SentenceAutoencoder.train(corpus, None, FEW, text=TEXT, **both)
    with pytest.raises(ConfigError, match="give `encoder` too"):
        SentenceAutoencoder.train(corpus, SMALL, replace(FEW, freeze_encoder=True), text=TEXT)
    with pytest.raises(RunError, match="no such run"):
        SentenceAutoencoder.train(corpus, None, FEW, text=TEXT, encoder=tmp_path / "nowhere")
    refused = textrae_here("train", corpus, "--encoder", run, "--hidden", 50, "-o", tmp_path / "x")
    assert refused.returncode == 2
    assert b"not 50" in refused.stderr


def test_a_hierarchical_encoder_comes_whole(corpus: Path, upper: Path, tmp_path: Path) -> None:
    """Its readers and places above segments come too, and it cuts where it did."""
    shape = replace(SMALL, hierarchical=True, segments="sentence", places=4)
    SentenceAutoencoder.train(corpus, shape, FEW, text=TEXT, out=tmp_path / "begun")
    before = SentenceAutoencoder.load(tmp_path / "begun")
    for frozen in (True, False):
        model = SentenceAutoencoder.train(
            upper, None, replace(FEW, freeze_encoder=frozen), text=TEXT, encoder=tmp_path / "begun"
        )
        assert model.run.settings.model.segments == "sentence"
        same = np.allclose(model.encode(sentences()[:50]), before.encode(sentences()[:50]), atol=1e-6)
        assert same == frozen


@pytest.mark.parametrize(
    "shape",
    [
        SMALL,
        replace(SMALL, slots=3, variational=True, posterior_norm=0.5),
        replace(SMALL, hierarchical=True, segments="3,6"),
        replace(SMALL, memory="states", scoring="additive"),
        replace(SMALL, reconstruction="mse"),
    ],
    ids=["vector", "slots", "hierarchical", "states", "mse"],
)
def test_every_parameter_reads_or_writes(shape: ModelConfig) -> None:
    for name, _ in Autoencoder(shape, 30).named_parameters():
        assert name.startswith(READING) != name.startswith(WRITING), name


def test_a_tokenizer_beside_a_trained_parts_own_is_refused(corpus: Path, run: Path, tmp_path: Path) -> None:
    text = replace(TEXT, tokenizer=str(run / "tokenizer.model"))
    with pytest.raises(ConfigError, match="comes with its own"):
        SentenceAutoencoder.train(corpus, None, FEW, text=text, encoder=run)


def test_a_part_that_is_not_there_is_refused_before_anything_is_made(
    corpus: Path, upper: Path, run: Path, tmp_path: Path
) -> None:
    out, vectors = tmp_path / "out", tmp_path / "vectors.npy"
    np.save(vectors, np.ones((len(sentences()), 4), dtype=np.float32))
    SentenceAutoencoder.train(corpus, SMALL, FEW, text=TEXT, vectors=vectors, out=tmp_path / "given")
    with pytest.raises(ConfigError, match="was trained on vectors and has no encoder"):
        SentenceAutoencoder.train(corpus, None, FEW, text=TEXT, encoder=tmp_path / "given", out=out)
    shape = replace(SMALL, hierarchical=True)
    SentenceAutoencoder.train(corpus, shape, FEW, text=TEXT, out=tmp_path / "parts")
    with pytest.raises(ConfigError, match="its `hierarchical` is True, not False"):
        SentenceAutoencoder.train(corpus, SMALL, FEW, text=TEXT, decoder=tmp_path / "parts", out=out)
    refused = textrae_here(
        "train", corpus, "--target", upper, "--tokenizers", "joint", "--decoder", run, "-o", out
    )
    assert refused.returncode == 2
    assert b"leave joint out" in refused.stderr
    torn = tmp_path / "torn"
    shutil.copytree(run, torn)
    (torn / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(RunError, match="damaged"):
        SentenceAutoencoder.train(corpus, None, FEW, text=TEXT, encoder=torn, out=out)
    assert not out.exists()


def test_a_translations_decoder_has_the_targets_tokenizer(corpus: Path, upper: Path, tmp_path: Path) -> None:
    text = replace(TEXT, tokenizers="separate")
    first = SentenceAutoencoder.train(corpus, SMALL, FEW, text=text, target=upper, out=tmp_path / "first")
    again = SentenceAutoencoder.train(corpus, None, FEW, text=TEXT, target=upper, decoder=tmp_path / "first")
    assert first.run.target_tokenizer is not None
    assert again.run.target_tokenizer is not None
    assert again.run.target_tokenizer.digest == first.run.target_tokenizer.digest
    assert again.run.tokenizer.digest == first.run.tokenizer.digest  # of the same source
    decodes = SentenceAutoencoder.train(upper, None, FEW, text=TEXT, decoder=tmp_path / "first")
    assert decodes.run.tokenizer.digest == first.run.target_tokenizer.digest


def test_from_the_command_line(corpus: Path, upper: Path, run: Path, tmp_path: Path) -> None:
    made = textrae_here(
        "train",
        corpus,
        "--target",
        upper,
        "--encoder",
        run,
        "--decoder",
        run,
        "--freeze-encoder",
        "--steps",
        5,
        "-o",
        tmp_path / "r",
    )
    assert made.returncode == 0, made.stderr
    ours, theirs = SentenceAutoencoder.load(tmp_path / "r"), SentenceAutoencoder.load(run)
    np.testing.assert_array_equal(ours.encode(["A dog."]), theirs.encode(["A dog."]))
    assert ours.run.settings.encoder == str(run)
