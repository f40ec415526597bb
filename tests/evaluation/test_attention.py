"""Attention maps: their sums, what they find, and their pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SMALL, TEXT
from support import textrae_here

from textrae import ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError
from textrae.evaluation.attention import AttentionMap, attention_picture
from textrae.nn.autoencoder import Autoencoder
from textrae.pictures.canvas import Box, Words
from textrae.runs.run import Run
from textrae.settings.run import Settings


def test_attention_maps_add_up_and_find_their_token(tmp_path: Path, corpus: Path) -> None:
    training = TrainingConfig(steps=350, lr=1e-2, seed=0, precision="fp32")
    shape = replace(SMALL, memory="states")
    model = SentenceAutoencoder.train(corpus, shape, training, text=TEXT, out=tmp_path / "run")
    found = model.attention("A dog sees a red ball today.")
    assert found.decoder.shape == (len(found.target), len(found.source))
    np.testing.assert_allclose(found.over_source.sum(1), 1.0, atol=1e-5)
    steps = np.arange(len(found.target))  # this one is rebuilt, so step t writes what stands at t
    assert found.target == found.source
    assert np.mean(np.abs(found.over_source.argmax(1) - steps) <= 1) > 0.7
    shown = textrae_here(
        "attention", tmp_path / "run", "A dog sees a red ball today.", "-o", tmp_path / "map.png"
    )
    assert shown.returncode == 0, shown.stderr
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    blank = textrae_here("attention", tmp_path / "run", " ")
    assert (blank.returncode, blank.stdout) == (1, b"")
    assert b"is blank" in blank.stderr
    said = textrae_here("attention", tmp_path / "run", "A dog.", "--json")
    assert set(json.loads(said.stdout)) == {"source", "target", "decoder", "slots", "over_source"}


def test_slots_carry_the_decoders_weights_to_the_source(model: SentenceAutoencoder) -> None:
    torch.manual_seed(0)
    config, tokenizer = ModelConfig(hidden=10, embedding=8, latent=8, slots=3), model.run.tokenizer
    network = Autoencoder(config, tokenizer.vocab_size).eval()
    made = SentenceAutoencoder(Run(network, tokenizer, Settings(config, TEXT, TrainingConfig())))
    found = made.attention("A dog sees a red ball.")
    assert found.slots is not None
    assert found.decoder.shape == (len(found.target), 3)
    assert found.slots.shape == (3, len(found.source))
    np.testing.assert_allclose(found.over_source.sum(1), 1.0, atol=1e-5)
    with pytest.raises(ConfigError, match="no attention"):
        model.attention("A dog.")


def test_weights_are_carried_on_through_the_slots() -> None:
    decoder, slots = np.array([[0.25, 0.75]], np.float32), np.array([[1, 0, 0], [0, 0.5, 0.5]], np.float32)
    found = AttentionMap(["a", "b", "end"], ["x"], decoder, slots)
    np.testing.assert_allclose(found.over_source, [[0.25, 0.375, 0.375]])
    assert replace(found, slots=None).over_source is decoder


def test_a_picture_has_a_square_for_each_weight_and_a_name_for_each_piece() -> None:
    decoder = np.array([[0.25, 0.75], [1.0, 0.0]], np.float32)
    found = AttentionMap(["▁a", "end"], ["▁b", "end"], decoder, np.eye(2, dtype=np.float32))
    drawn = attention_picture(found).shapes
    weights = [shape.opacity for shape in drawn if isinstance(shape, Box) and shape.title is not None]
    assert weights == pytest.approx([0.25, 0.75, 1.0, 1.0, 1.0])
    said = [shape.text for shape in drawn if isinstance(shape, Words)]
    assert said == ["written", "·b", "end", "slots", "1", "2", "·a", "end"]
    several = attention_picture(replace(found, slots=None)).shapes
    assert "slots" not in [shape.text for shape in several if isinstance(shape, Words)]
