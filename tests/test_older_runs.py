"""Run folders and a stopped training that version 0.1.0 wrote, before its modules moved: they load, decode and resume.

`older/` holds five small runs on 240 sentences and what that version made of them (`expected.json`).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import textrae_here

from textrae import SentenceAutoencoder, SeriesAutoencoder

OLDER = Path(__file__).parent / "older"
EXPECTED: dict[str, Any] = json.loads((OLDER / "expected.json").read_text(encoding="utf-8"))
SENTENCES: list[str] = EXPECTED["sentences"]


@pytest.mark.parametrize("name", ["slots", "hierarchical", "stopped"])
def test_an_older_autoencoder_encodes_and_decodes_the_same(name: str) -> None:
    model, expected = SentenceAutoencoder.load(OLDER / name, device="cpu"), EXPECTED[name]
    vectors = model.encode(SENTENCES)
    np.testing.assert_allclose(vectors, expected["encoded"], atol=2e-4)
    assert model.decode(vectors) == expected["decoded"]


def test_an_older_latent_space_is_searched_sampled_and_crossed_the_same() -> None:
    model, expected = SentenceAutoencoder.load(OLDER / "slots", device="cpu"), EXPECTED["slots"]
    searched_as_before(model, model.decode(model.encode(SENTENCES), beam=3), expected["beam"])
    assert model.sample(4, seed=3) == expected["sampled"]
    assert model.interpolate(SENTENCES[0], SENTENCES[3], steps=4) == expected["way"]


def test_an_older_translator_with_two_tokenizers_translates_the_same() -> None:
    model, expected = SentenceAutoencoder.load(OLDER / "translator", device="cpu"), EXPECTED["translator"]
    np.testing.assert_allclose(model.encode(SENTENCES), expected["encoded"], atol=2e-4)
    searched_as_before(model, model.translate(SENTENCES, beam=3), expected["translated"])


def searched_as_before(model: SentenceAutoencoder, found: list[str], before: list[str]) -> None:
    """Expect what an older search found, but for sentences of the longest length, which it could not end."""
    longest = [len(ids) == model.max_length for ids in model.run.writer.encode(found)]
    for now, older, long in zip(found, before, longest, strict=True):
        assert now == older or long
    assert sum(map(str.__eq__, found, before)) > len(found) // 2


def test_an_older_model_of_series_scores_the_same() -> None:
    model, expected = SeriesAutoencoder.load(OLDER / "series", device="cpu"), EXPECTED["series"]
    given = [np.array(expected["given"])]
    np.testing.assert_allclose(model.encode(given), expected["encoded"], atol=1e-4)
    np.testing.assert_allclose(model.score(given), expected["score"], atol=1e-4)


def test_an_older_stopped_training_is_resumed_to_the_same_model(tmp_path: Path) -> None:
    """It is variational with an adversary: network, critic, both optimizers, noise and order go on where they were."""
    run = tmp_path / "run"
    shutil.copytree(OLDER / "stopped", run)
    done = textrae_here("train", "--resume", "-o", run)
    assert done.returncode == 0, done.stderr
    assert not (run / "checkpoint").exists()
    model, expected = SentenceAutoencoder.load(run, device="cpu"), EXPECTED["stopped"]["finished"]
    for name in ("step", "tokens", "passes"):
        assert model.run.training[name] == expected["result"][name]
    assert model.run.training["valid_loss"] == pytest.approx(expected["result"]["valid_loss"], abs=1e-3)
    np.testing.assert_allclose(model.encode(SENTENCES), expected["encoded"], atol=5e-3)
    steps = [json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert steps[-1] == 60
    assert steps == sorted(set(steps))
