"""New sentences from a small model: sampled, between, around, moved; and from the command line."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import SMALL, TEXT, sentences
from support import textrae

from textrae import SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError, RunError


@pytest.fixture(scope="module")
def vae_run(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "vae"
    training = TrainingConfig(steps=350, lr=1e-2, seed=0, precision="fp32", beta=0.05)
    SentenceAutoencoder.train(corpus, replace(SMALL, variational=True), training, text=TEXT, out=out)
    return out


@pytest.fixture(scope="module")
def vae(vae_run: Path) -> SentenceAutoencoder:
    return SentenceAutoencoder.load(vae_run)


@pytest.mark.parametrize("source", ["prior", "posterior", "mixture", None])
def test_every_source_gives_sentences_again_with_the_same_seed(
    vae: SentenceAutoencoder, source: str | None
) -> None:
    made = vae.sample(40, source=source, seed=3)  # type: ignore[arg-type]
    assert made == vae.sample(40, source=source, seed=3)  # type: ignore[arg-type]
    assert made != vae.sample(40, source=source, seed=4)  # type: ignore[arg-type]
    assert len(made) == 40
    assert sum(bool(one) for one in made) >= 39


def test_what_is_sampled_is_like_the_corpus(vae: SentenceAutoencoder, model: SentenceAutoencoder) -> None:
    known = {word for one in sentences() for word in one.split()}
    for trained in (vae, model):  # a deterministic model samples too
        made = trained.sample(100, temperature=0.0)
        words = [word for one in made for word in one.split()]
        assert sum(word in known for word in words) > 0.9 * len(words)
        assert len(set(made)) > 60


def test_ends_of_an_interpolation_are_reconstructions(model: SentenceAutoencoder) -> None:
    a, b, c = sentences()[3], sentences()[700], sentences()[1100]
    way = model.interpolate(a, b, steps=6)
    assert [way[0], way[-1]] == model.reconstruct([a, b])
    assert len(way) == 6
    assert len(set(way)) > 2
    longer = model.interpolate(a, b, c, steps=4)
    assert [longer[0], longer[3], longer[6]] == model.reconstruct([a, b, c])


def test_neighbours_differ_and_come_nearer_with_the_distance(model: SentenceAutoencoder) -> None:
    one = sentences()[500]
    found = model.paraphrase(one, 5, distance=0.6)
    assert len(set(found)) == len(found) == 5
    assert one not in found
    assert found == model.paraphrase(one, 5, distance=0.6)
    assert model.paraphrase(one, 5, distance=0.0) == []


def test_moving_along_a_difference_changes_what_differs(model: SentenceAutoencoder) -> None:
    today = [one for one in sentences() if one.endswith("today.")]
    again = [one for one in sentences() if one.endswith("again!")]
    step = model.direction(today, again)
    np.testing.assert_allclose(step, model.encode(again).mean(0) - model.encode(today).mean(0), atol=1e-5)
    moved = model.move(today[::10], step, strength=1.5)
    assert sum(one.endswith("again!") for one in moved) > 0.8 * len(moved)
    assert model.move(today[:5], step, strength=0.0) == model.reconstruct(today[:5])
    with pytest.raises(ValueError, match="no example"):
        model.direction([], again)


def test_likelihood_and_diagnosis(vae: SentenceAutoencoder, model: SentenceAutoencoder) -> None:
    some = sentences()[::40]
    one, many = (vae.likelihood(some, samples=samples) for samples in (1, 30))
    assert many.nll < one.nll
    assert -many.elbo > many.nll
    assert many == vae.likelihood(some, samples=30)
    long = "x " * 50
    (ids,), _ = vae.run.tokenizer.encode_cut([long], vae.max_length)
    cut, read = (vae.likelihood([one], samples=3) for one in (long, *vae.run.tokenizer.decode([ids])))
    assert cut == read  # whose words are fewer
    found = vae.diagnose(some)
    assert found.dimensions == 24
    assert found.active_units > 12
    for refused in (model.likelihood, model.diagnose):
        with pytest.raises(ConfigError, match="variational"):
            refused(some)


def test_a_run_keeps_its_encodings(vae_run: Path, vae: SentenceAutoencoder, tmp_path: Path) -> None:
    vae.save(tmp_path / "copy")
    assert SentenceAutoencoder.load(tmp_path / "copy").sample(5, source="mixture") == vae.sample(
        5, source="mixture"
    )
    assert vae.run.latents is not None
    assert len(vae.run.latents.vectors) == 1_080
    np.testing.assert_allclose(vae.run.latents.vectors.mean(), 0.0, atol=0.5)
    spoilt = tmp_path / "spoilt"
    shutil.copytree(vae_run, spoilt)
    content = bytearray((spoilt / "latents.safetensors").read_bytes())
    content[-5] ^= 1
    (spoilt / "latents.safetensors").write_bytes(content)
    with pytest.raises(RunError, match="not what was saved"):
        SentenceAutoencoder.load(spoilt)
    (spoilt / "latents.safetensors").unlink()
    with pytest.raises(RunError, match="missing"):
        SentenceAutoencoder.load(spoilt)


def test_without_encodings_the_prior_is_left(vae: SentenceAutoencoder) -> None:
    bare = SentenceAutoencoder(replace(vae.run, latents=None))
    assert bare.sample(3) == vae.sample(3)
    with pytest.raises(ConfigError, match="`source=prior`"):
        bare.sample(3, source="mixture")


def test_commands(vae_run: Path, corpus: Path) -> None:
    made = textrae("sample", vae_run, "-n", 20, "--seed", 1, "--against", corpus)
    assert made.returncode == 0, made.stderr
    assert len(made.stdout.decode().splitlines()) == 20
    assert b"distinct-2" in made.stderr
    assert made.stdout == textrae("sample", vae_run, "-n", 20, "--seed", 1).stdout
    quality = json.loads(textrae("sample", vae_run, "--json").stdout)["quality"]
    assert quality["novel"] is None
    way = textrae(
        "interpolate", vae_run, sentences()[0], sentences()[900], "--steps", 5, "--unique", "--json"
    )
    assert 2 <= len(json.loads(way.stdout)["sentences"]) <= 5
    near = textrae("paraphrase", vae_run, sentences()[0], "-n", 3, "--distance", 1.0)
    assert near.returncode == 0, near.stderr
    assert 1 <= len(near.stdout.decode().splitlines()) <= 3
    said = textrae("evaluate", vae_run, corpus, "--samples", 2)
    assert b"active units" in said.stdout
    assert b"importance-weighted with 2 samples" in said.stdout
    for wrong in (
        ("sample", vae_run, "--from", "x"),
        ("interpolate", vae_run, "a"),
        ("interpolate", vae_run, "a", "b", "--method", "x"),
    ):
        assert textrae(*wrong).returncode == 2
