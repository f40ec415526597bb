"""`textrae prior`, and what `sample` and `interpolate` then do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import sentences
from support import answer_here, textrae_here

from textrae import SentenceAutoencoder


@pytest.fixture(scope="module")
def flowing(vae_run: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A variational run with a flow that knows two classes: sentences of an even and of an odd number of words."""
    folder = tmp_path_factory.mktemp("flowing")
    run = folder / "run"
    shutil.copytree(vae_run, run)
    labels = ["odd" if len(line.split()) % 2 else "even" for line in sentences()]
    (folder / "labels.txt").write_text("\n".join(labels) + "\n")
    done = textrae_here("prior", run, corpus, "--labels", folder / "labels.txt", "--steps", 30)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith(f"{run}: fitted to the encodings of 1,200 sentences in 30 steps; labels: ")
    return run


def test_samples_come_from_the_flow_where_there_is_one(flowing: Path, vae_run: Path) -> None:
    drawn = [
        textrae_here("sample", flowing, "-n", 20, *options).stdout for options in ((), ("--from", "flow"))
    ]
    assert drawn[0] == drawn[1] != textrae_here("sample", flowing, "-n", 20, "--from", "prior").stdout
    assert len(set(drawn[0].decode().splitlines())) > 10
    asked = textrae_here("sample", flowing, "-n", 20, "--label", "odd", "--length", 7, "--guidance", 3)
    assert len(asked.stdout.decode().splitlines()) == 20
    refused = textrae_here("sample", vae_run, "--from", "flow")
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert (
        b"--from flow: this run has no flow; make one from its training text with `textrae prior`"
        in refused.stderr
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--label", "x"], "--label: the run's prior does not know 'x'; its labels are "),
        (["--length", "-1"], "--length: a number of tokens above 0 is expected"),
        (["--label", "odd", "--from", "prior"], "--label and --length: only a flow can follow them"),
        (["--guidance", "2"], "--guidance: strengthens a --label or a --length; give one"),
    ],
)
def test_what_a_flow_cannot_follow_is_refused(flowing: Path, options: list[str], said: str) -> None:
    refused = textrae_here("sample", flowing, *options)
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert said in refused.stderr.decode()


def test_a_way_leads_through_the_flow(flowing: Path) -> None:
    a, b = sentences()[0], sentences()[900]
    way = answer_here("interpolate", flowing, a, b, "--steps", 5, "--method", "flow")["sentences"]
    ends = answer_here("interpolate", flowing, a, b, "--steps", 5)["sentences"]
    assert (way[0], way[-1]) == (ends[0], ends[-1])
    assert len(way) == 5


def test_a_flow_is_saved_with_its_run_and_goes_with_its_weights(
    flowing: Path, corpus: Path, tmp_path: Path
) -> None:
    model = SentenceAutoencoder.load(flowing)
    model.save(tmp_path / "copy")
    assert SentenceAutoencoder.load(tmp_path / "copy").sample(5) == model.sample(5)
    other = tmp_path / "other"
    shutil.copytree(flowing, other)
    weights = bytearray((other / "flow.safetensors").read_bytes())
    weights[-3] ^= 1
    (other / "flow.safetensors").write_bytes(weights)
    refused = textrae_here("sample", other)
    assert refused.returncode == 1
    assert b"flow.safetensors: damaged; delete it, and make it anew with `textrae prior`" in refused.stderr


def test_what_prior_cannot_use_is_refused(flowing: Path, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "few.txt").write_text("a\nb\n")
    for options, said in (
        (("--labels", tmp_path / "few.txt", "--steps", 1), "2 labels for more sentences"),
        (("--labels", tmp_path / "none.txt"), "none.txt"),
        (("--steps", 3, "--minutes", 1), "is not for a budget in steps"),
    ):
        refused = textrae_here("prior", flowing, corpus, *options)
        assert refused.returncode in (1, 2)
        assert said in refused.stderr.decode()


def test_a_copy_has_the_prior_and_the_run_stays_as_it_was(
    vae_run: Path, corpus: Path, tmp_path: Path
) -> None:
    before = {file.name: file.read_bytes() for file in vae_run.iterdir()}
    done = textrae_here("prior", vae_run, corpus, "--steps", 2, "-o", tmp_path / "copy")
    assert done.returncode == 0, done.stderr
    assert f"`textrae sample {tmp_path / 'copy'}` draws from it" in done.stderr.decode()
    assert {file.name: file.read_bytes() for file in vae_run.iterdir()} == before
    assert textrae_here("sample", tmp_path / "copy", "-n", 2, "--from", "flow").returncode == 0
    again = textrae_here("prior", vae_run, corpus, "--steps", 2, "-o", tmp_path / "copy")
    assert again.returncode == 2
    assert b"--out: " in again.stderr
    assert b"exists already; choose another folder" in again.stderr


def test_facts_are_told_as_json(flowing: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(flowing, run)
    (tmp_path / "text.txt").write_text("\n".join(sentences()[:30]) + "\n\n")
    done = textrae_here("prior", run, tmp_path / "text.txt", "--minutes", 0.002, "--json")
    facts = json.loads(done.stdout)
    assert (facts["sentences"], facts["read"], facts["labels"]) == (30, 30, [])
    assert facts["steps"] > 0
    assert textrae_here("sample", run, "--label", "odd").returncode == 2  # the other flow knew it


def test_a_training_makes_its_own_prior(corpus: Path, tmp_path: Path) -> None:
    small = ("--hidden", 16, "--embedding", 16, "--latent", 8, "--vocab-size", 400, "--model", "vrae")
    done = textrae_here("train", corpus, "-o", tmp_path / "run", "--steps", 20, "--prior", 0.2, *small)
    assert done.returncode == 0, done.stderr
    assert b"prior: 4 steps on the encodings of " in done.stderr
    drawn = [
        textrae_here("sample", tmp_path / "run", "-n", 3, *given).stdout for given in ((), ("--from", "flow"))
    ]
    assert drawn[0] == drawn[1]
    refused = textrae_here(
        "train", corpus, "-o", tmp_path / "no", "--memory", "states", "--prior", 0.2, "--steps", 1
    )
    assert refused.returncode == 2
    assert b"--prior: is of encodings that the model itself makes and decodes" in refused.stderr
