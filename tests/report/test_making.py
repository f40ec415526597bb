"""A report has a section for each thing that is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.report.blocks import Code, Said
from textrae.report.making import made
from textrae.report.studying import Text, study

TEXT = Text("text.txt", sentences()[::40], labels=["a", "b"] * 15, notes=("Only some.",))


def test_the_report_of_a_run(run: Path, model: SentenceAutoencoder) -> None:
    report = made([study(run, model, TEXT)], TEXT)
    assert [one.title for one in report.sections] == [
        "What it is", "Learning", "Quality by length", "Rebuilt sentences", "Samples", "A walk between two sentences",
        "Where sentences lie", "Notes",
    ]  # fmt: skip
    assert report.lead == "A sentence autoencoder, measured on 30 sentences of `text.txt`."
    assert [one.what for one in report.pictures()] == [
        "curves",
        "accuracy",
        "rate",
        "quality",
        "exact",
        "map",
    ]
    (code,) = [block for block in report.sections[0].blocks if isinstance(block, Code)]
    assert code.text.startswith("textrae train ")
    notes = [block.text for block in report.sections[-1].blocks if isinstance(block, Said)]
    assert notes[0] == "Only some."
    assert "attention" in notes[1]
    assert report.figures["file"] == {"name": "text.txt", "sentences": 30}
    assert report.figures["runs"][0]["quality"]["overall"]["sentences"] == 30


def test_runs_are_compared(
    run: Path, model: SentenceAutoencoder, vae_run: Path, vae: SentenceAutoencoder
) -> None:
    studies = [study(run, model, TEXT), study(vae_run, vae, TEXT)]
    report = made(studies, TEXT)
    assert report.title == "run, vae: compared"
    titles = [one.title for one in report.sections]
    assert titles[0] == "What they are"
    assert "What the latent holds" in titles
    assert [one.what for one in report.pictures()].count("map") == 2


@pytest.mark.parametrize("active", [0.0, 5.0])
def test_a_collapsed_posterior_is_told_of(active: float, vae_run: Path, vae: SentenceAutoencoder) -> None:
    found = study(vae_run, vae, None, ["curves", "posterior"])
    last = [one for one in found.reports if one.kind == "valid"][-1]
    found.reports = [replace(last, numbers={**last.numbers, "active_units": active})]
    (latent,) = [one for one in made([found], None).sections if one.title == "What the latent holds"]
    (said,) = [block.text for block in latent.blocks if isinstance(block, Said)]
    assert said.startswith(
        "The posterior has collapsed" if active == 0 else "The posterior has not collapsed: 5 of 24"
    )
