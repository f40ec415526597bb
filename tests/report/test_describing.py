"""What runs are, and how they were trained."""

from __future__ import annotations

from pathlib import Path

from textrae import SentenceAutoencoder
from textrae.pictures.canvas import Dots, Polyline
from textrae.report.blocks import Drawn, Said, Table
from textrae.report.describing import described_runs, facts, learning
from textrae.report.studying import study
from textrae.runs.metrics import Report


def test_the_facts_of_a_run(run: Path, model: SentenceAutoencoder) -> None:
    found = facts(study(run, model, None, ["curves"]))
    assert found["trained on"] == "corpus.txt"
    assert found["steps"] == "350"
    assert found["model"].endswith("pieces")
    assert found["validation, tokens right"].endswith("%")
    model.run.training["corpus"], before = ["odd"], model.run.training["corpus"]
    try:
        assert "sentences" not in facts(study(run, model, None, ["curves"]))
    finally:
        model.run.training["corpus"] = before


def test_settings_in_which_runs_differ(
    run: Path, model: SentenceAutoencoder, vae_run: Path, vae: SentenceAutoencoder
) -> None:
    section = described_runs([study(run, model, None, []), study(vae_run, vae, None, [])])
    tables = [block for block in section.blocks if isinstance(block, Table)]
    assert ["variational", "False", "True"] in tables[1].rows
    assert ["beta", "0.15", "0.05"] in tables[1].rows
    assert "hidden" not in [row[0] for row in tables[1].rows]


def test_curves_have_a_point_for_each_report_and_no_metrics_are_said() -> None:
    reports = [
        Report(kind, {"step": float(step), "loss": 1.0 / step, "rate": 0.1})
        for step in (1, 2, 3)
        for kind in ("train", "valid")
    ]
    section = learning([("run", reports)], "nats a token")
    drawn = [block for block in section.blocks if isinstance(block, Drawn)]
    assert [one.what for one in drawn] == ["curves", "rate"]
    (dots,) = [shape for shape in drawn[0].canvas.shapes if isinstance(shape, Dots)]
    assert len(dots.points) == 3
    assert any(isinstance(shape, Polyline) and shape.dashed for shape in drawn[0].canvas.shapes)
    (said,) = learning([("run", [])], "nats").blocks
    assert said == Said("The run keeps no metrics of its training.")
    below = learning([("run", [Report("valid", {"step": 1.0, "loss": -1.0})])], "nats")
    assert isinstance(below.blocks[0], Drawn)
    assert "logarithmic" not in below.blocks[0].caption
