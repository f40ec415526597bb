"""A run is studied by what it keeps, and on sentences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import SMALL, sentences

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError
from textrae.evaluation.reconstruction import ReconstructionReport
from textrae.report.studying import Text, study

OLDER = Path(__file__).parents[1] / "older"
LINES = sentences()[::40]


def test_without_sentences_it_shows_what_the_run_keeps(run: Path, model: SentenceAutoencoder) -> None:
    found = study(run, model, None)
    assert found.name == run.name
    assert found.reports
    assert found.layout is not None
    assert len(found.layout.points) == 400
    assert len(found.samples) == 12
    assert len(found.walk) == 7
    assert found.missing.keys() == {"quality", "posterior", "attention"}
    assert "give a FILE" in found.missing["quality"]


def test_on_sentences_it_measures_and_shows_them(run: Path, model: SentenceAutoencoder) -> None:
    found = study(run, model, Text("text.txt", LINES))
    assert isinstance(found.quality, ReconstructionReport)
    assert found.quality.overall == model.evaluate(LINES).overall
    assert [given for given, _ in found.pairs] == LINES
    assert [became for _, became in found.pairs] == model.reconstruct(LINES)
    assert found.layout is not None
    assert found.layout.titles == LINES
    assert found.neighbours
    assert found.ends is not None
    assert set(found.ends) <= set(LINES)


def test_posteriors_of_a_variational_run(vae_run: Path, vae: SentenceAutoencoder) -> None:
    found = study(vae_run, vae, Text("text.txt", LINES), ["posterior"])
    assert found.posterior == vae.diagnose(LINES)
    assert (found.layout, found.samples, found.missing) == (None, [], {})
    assert study(vae_run, vae, None, ["posterior"]).posterior is None  # the metrics tell of it


@pytest.mark.parametrize("name", ["slots", "hierarchical", "translator"])
def test_runs_of_other_kinds_are_shown_as_far_as_they_can(name: str) -> None:
    model = SentenceAutoencoder.load(OLDER / name)
    found = study(
        OLDER / name, model, Text("text.txt", LINES[:8], LINES[:8] if name == "translator" else None)
    )
    assert found.quality is not None
    assert len(found.pairs) == 8
    assert len(found.samples) == 12
    assert bool(found.attention) == (name == "slots")
    assert ("attention" in found.missing) == (name != "slots")


def test_what_a_text_cannot_be_used_for_is_said(run: Path, model: SentenceAutoencoder) -> None:
    with pytest.raises(ConfigError, match="was not trained to translate"):
        study(run, model, Text("text.txt", LINES, LINES))
    with pytest.raises(ConfigError, match="language"):
        study(run, model, None, to="de")
    translator = SentenceAutoencoder.load(OLDER / "translator")
    found = study(OLDER / "translator", translator, Text("text.txt", LINES[:4]), ["quality"])
    assert "give the references" in found.missing["quality"]
    assert len(found.pairs) == 4
    settings = replace(model.run.settings, model=replace(SMALL, vectors=7))
    reading = SentenceAutoencoder(replace(model.run, settings=settings))
    with pytest.raises(ConfigError, match="reads vectors of another encoder"):
        study(run, reading, Text("text.txt", LINES))
