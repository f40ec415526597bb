"""A whole suite measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from evaluation.suite.folders import QUICK, write_suite

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError, RunError, VectorError
from textrae.evaluation.suite import measuring, scoring
from textrae.evaluation.suite.reading import read_suite
from textrae.evaluation.suite.scoring import score


def test_every_task_is_measured_with_every_encoding(
    model: SentenceAutoencoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "_STRENGTHS", (10.0, 100.0))  # a third of the time
    monkeypatch.setattr(scoring, "_STEPS", 30)
    suite = read_suite(write_suite(tmp_path / "suite"))
    noise = np.random.default_rng(0).normal(size=(len(suite.sentences), 8))
    found = model.evaluate_suite(
        tmp_path / "suite", beside={"noise": noise, "own": model.encode(suite.sentences)}
    )
    assert list(found.encodings) == [
        "model", "tfidf", "tfidf-projected", "token-means", "sif", "untrained", "noise", "own", "chance",
    ]  # fmt: skip
    assert [(one.kind, one.name) for one in found.tasks] == [(task.kind, task.name) for task in suite.tasks]
    for task, told in zip(suite.tasks, found.tasks, strict=True):
        assert told.scores["model"] == pytest.approx(score(task, model.encode(task.sentences), 0))
        assert told.scores["own"] == pytest.approx(told.scores["model"])
        assert list(told.scores) == list(found.encodings)
        assert (told.lines, told.sentences) == (len(task.columns[0]), len(task.sentences))
    scores = {one.name: one.scores for one in found.tasks if one.kind in ("labels", "probing")}
    assert scores["animal"]["tfidf"]["accuracy"] == 1.0  # a word is the label
    assert scores["animal"]["noise"]["accuracy"] < 0.9
    assert scores["some:word"]["tfidf"]["accuracy"] > 0.8 > scores["some:word"]["noise"]["accuracy"]
    assert scores["some:order"]["tfidf"]["accuracy"] < 0.6  # a bag of words has no order


def test_a_seed_gives_the_same_figures(model: SentenceAutoencoder, tmp_path: Path) -> None:
    folder = write_suite(tmp_path / "suite", QUICK)
    found = [model.evaluate_suite(str(folder), seed=seed) for seed in (0, 0, 1)]
    assert found[0] == found[1]
    first, _, other = (one.tasks[0].scores for one in found)
    for name, scores in first.items():
        assert (scores == other[name]) == (name not in ("tfidf-projected", "untrained"))


def test_what_cannot_be_measured_is_refused(
    model: SentenceAutoencoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_suite(tmp_path / "suite", QUICK)
    size = len(read_suite(folder).sentences)
    with pytest.raises(VectorError, match="bad: vectors of pairs hold NaN or infinity"):
        model.evaluate_suite(folder, beside={"bad": np.full((size, 2), np.nan)})
    with pytest.raises(
        VectorError, match=f"`beside`: few: 3 vectors for the suite's {size} different sentences"
    ):
        model.evaluate_suite(folder, beside={"few": np.ones((3, 2))})
    with pytest.raises(ConfigError, match="sif is measured anyway"):
        model.evaluate_suite(folder, beside={"sif": np.ones((size, 2))})
    with pytest.raises(TypeError, match="`beside`: a dict is expected, not a list"):
        model.evaluate_suite(folder, beside=[])  # type: ignore[arg-type]
    monkeypatch.setattr(measuring, "find_spec", lambda name: None)
    with pytest.raises(RunError, match=r'pip install "textrae\[sklearn\]"'):
        model.evaluate_suite(folder)
