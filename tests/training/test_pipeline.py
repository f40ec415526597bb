"""From a corpus to a run folder: what is told, what is left where it stops or fails, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import SMALL, TEXT

from textrae import SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError, CorpusError, RunError
from textrae.runs.run import load_run
from textrae.settings.run import Settings
from textrae.training.job import Watch
from textrae.training.pipeline import train_run
from textrae.training.state import TrainingReport


@pytest.fixture
def settings(corpus: Path) -> Settings:
    training = TrainingConfig(steps=6, precision="fp32", device="cpu", validations=1)
    return Settings(SMALL, TEXT, training, (str(corpus),))


def test_a_training_is_told_and_published(settings: Settings, tmp_path: Path) -> None:
    notes: list[str] = []
    run, finished = train_run(settings, tmp_path / "run", watch=Watch(note=notes.append))
    assert finished
    assert any(note.startswith("read 1,200 lines") for note in notes)
    assert any("parameters on cpu, fp32" in note for note in notes)
    assert run.training["step"] == 6
    assert load_run(tmp_path / "run").training["valid_loss"] == run.training["valid_loss"]
    assert not (tmp_path / "run" / "checkpoint").exists()


def test_a_training_that_cannot_begin_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(CorpusError):
        train_run(replace(settings, sources=(str(tmp_path / "none.txt"),)), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_stopping_keeps_a_usable_run_and_resuming_wants_the_same_settings(
    settings: Settings, tmp_path: Path
) -> None:
    out, asked = tmp_path / "run", iter(range(100))
    _, finished = train_run(settings, out, watch=Watch(should_stop=lambda: next(asked) >= 3))
    assert not finished
    assert load_run(out).training["step"] == 3
    other = replace(settings, training=replace(settings.training, lr=1e-4))
    with pytest.raises(RunError, match="other settings; give the same ones, or `overwrite=True`"):
        train_run(other, out, resume=True)
    assert train_run(settings, out, resume=True)[1]
    with pytest.raises(RunError, match="is finished"):
        train_run(settings, out, resume=True)


def test_a_run_keeps_the_length_that_its_corpus_has_decided(settings: Settings, tmp_path: Path) -> None:
    """Resumed with or without its number, also where its token cache is gone."""
    settings = replace(settings, corpus=replace(settings.corpus, max_length="auto"))
    for name, kept, given in (("a", True, "auto"), ("b", False, "auto"), ("c", True, 128), ("d", False, 128)):
        out, asked, said = tmp_path / name, iter(range(100)), list[str]()
        watch = Watch(should_stop=lambda asked=asked: next(asked) >= 3, note=said.append)  # type: ignore[misc]
        run, finished = train_run(settings, out, watch=watch)
        assert not finished
        assert "128 tokens (`max_length=auto`: 99.5% of the lines need no more)" in said[0]
        assert run.settings.corpus.max_length == load_run(out).settings.corpus.max_length == 128
        if not kept:
            (out / "checkpoint" / "corpus.json").unlink()
        other = replace(settings, corpus=replace(settings.corpus, max_length=127))
        with pytest.raises(RunError, match="other settings"):
            train_run(other, out, resume=True)
        again = replace(settings, corpus=replace(settings.corpus, max_length=given))
        assert train_run(again, out, resume=True)[1]
        assert load_run(out).settings.corpus.max_length == 128


def test_resuming_what_is_overwritten_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="leave one of them out"):
        train_run(settings, tmp_path / "run", resume=True, overwrite=True)


def test_the_metrics_of_a_run_stay_until_it_is_replaced(settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "run"
    notes: list[str] = []
    train_run(settings, out)
    before = (out / "metrics.jsonl").read_bytes()
    longer = replace(settings, training=replace(settings.training, steps=8))
    seen: list[bytes] = []
    watch = Watch(note=notes.append, report=lambda report: seen.append((out / "metrics.jsonl").read_bytes()))
    train_run(longer, out, overwrite=True, watch=watch)
    assert any("metrics, until the run" in note for note in notes)
    assert seen == [before] * len(seen) != []
    steps = [json.loads(line)["step"] for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert steps == [8]


def test_nothing_is_resumed_without_a_stopped_training_or_a_corpus(
    settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match="name the corpus to train on"):
        train_run(replace(settings, sources=()), tmp_path / "run", resume=True)
    assert list(tmp_path.iterdir()) == []


def test_every_language_of_several_is_validated(tmp_path: Path) -> None:
    lines = [f"{word} {n}" for n in range(20) for word in ("a dog", "a cat", "a red house")]
    held = ["a dog again", "a cat again", "a house again"]
    for name, some in (("t", lines), ("v", held)):
        (tmp_path / f"{name}.en").write_text("\n".join(some) + "\n")
        (tmp_path / f"{name}.up").write_text("\n".join(some).upper() + "\n")
        (tmp_path / f"{name}.back").write_text("\n".join(line[::-1] for line in some) + "\n")
    target = {name: tmp_path / f"t.{name}" for name in ("up", "back")}
    given = {"valid": tmp_path / "v.en", "valid_target": {name: tmp_path / f"v.{name}" for name in target}}
    training = TrainingConfig(steps=4, precision="fp32")
    for validation, rows in (({}, 12), (given, 6)):
        reports: list[TrainingReport] = []
        made = SentenceAutoencoder.train(
            tmp_path / "t.en", SMALL, training, text=TEXT, target=target, watch=Watch(report=reports.append), **validation
        )  # fmt: skip
        assert made.run.training["corpus"]["valid_rows"] == rows
        assert [set(report.losses or ()) for report in reports if report.kind == "valid"][-1] == set(target)
    with pytest.raises(ConfigError, match="`valid_target`: every language is validated, and back has none"):
        SentenceAutoencoder.train(
            tmp_path / "t.en", SMALL, training, text=TEXT, target=target, valid=given["valid"],
            valid_target={"up": tmp_path / "v.up"},
        )  # fmt: skip
