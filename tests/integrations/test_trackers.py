"""Trainings that are followed by a tracker, whichever it is."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support import textrae, textrae_here
from tracking import train

from textrae.errors import ConfigError, RunError
from textrae.integrations import trackers
from textrae.integrations.trackers import TRACKERS, Place, tracked
from textrae.runs.metrics import Report
from textrae.series.training import SeriesReport, SeriesWatch
from textrae.training.job import Watch

ROOT = Path(__file__).parents[2]


class Recorder:
    """A tracker that keeps what it is told."""

    made: list[Recorder] = []  # noqa: RUF012
    fails_at = -1

    def __init__(self, place: Place) -> None:
        self.place, self.values, self.reports = place, dict[str, Any](), list[Report]()
        self.texts, self.failed = list[str](), None
        Recorder.made.append(self)

    def settings(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)

    def log(self, report: Report) -> None:
        if report.numbers["step"] == Recorder.fails_at:
            raise OSError("the disk is full")
        self.reports.append(report)

    def show(self, vectors: Any, texts: Sequence[str]) -> bool:
        self.texts = list(texts)
        return True

    def close(self, failed: bool) -> None:
        self.failed = failed  # type: ignore[assignment]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Recorder]:
    """Have every tracker be installed, and keep what it is told."""
    monkeypatch.setattr(trackers, "find_spec", lambda name: name)
    monkeypatch.setattr(trackers, "import_module", lambda name: SimpleNamespace(Tracker=Recorder))
    monkeypatch.setattr(Recorder, "made", [])
    monkeypatch.setattr(Recorder, "fails_at", -1)
    return Recorder.made


def steps(recorder: Recorder, kind: str) -> list[int]:
    """Return the steps of the reports of a kind."""
    return [int(one.numbers["step"]) for one in recorder.reports if one.kind == kind]


def test_a_run_is_the_same_with_a_tracker(corpus: Path, tmp_path: Path, made: list[Recorder]) -> None:
    train(corpus, tmp_path / "plain", None)
    train(corpus, tmp_path / "tracked", "wandb")
    names = sorted(one.name for one in (tmp_path / "plain").iterdir())
    assert names == sorted(one.name for one in (tmp_path / "tracked").iterdir())
    for name in ("model.safetensors", "latents.safetensors", "tokenizer.model"):
        assert (tmp_path / "plain" / name).read_bytes() == (tmp_path / "tracked" / name).read_bytes()
    assert "track" not in (tmp_path / "tracked" / "config.json").read_text()
    (one,) = made
    assert steps(one, "train") == [50, 100]
    assert one.values["training"]["steps"] == 100
    assert "cache" not in one.values
    assert (len(one.texts), one.failed) == (120, False)
    assert re.fullmatch(r"tracked-\d{8}-\d{6}-[0-9a-f]{4}", one.place.name)


def test_resuming_goes_on_in_the_same_run(corpus: Path, tmp_path: Path, made: list[Recorder]) -> None:
    train(corpus, tmp_path / "run", "wandb", stop_at=60)
    train(corpus, tmp_path / "run", None, resume=True)
    first, second = made
    assert (first.place.goes_on, second.place.goes_on) == (False, True)
    assert first.place.name == second.place.name
    assert (steps(first, "train"), steps(second, "train")) == ([50], [100])
    assert first.texts == []


def test_another_tracker_gets_what_it_has_missed(corpus: Path, tmp_path: Path, made: list[Recorder]) -> None:
    train(corpus, tmp_path / "run", None, stop_at=60)
    train(corpus, tmp_path / "run", "trackio", resume=True)
    (one,) = made
    assert not one.place.goes_on
    assert steps(one, "train") == [50, 100]


def test_without_its_library_a_resumed_training_goes_on(
    tmp_path: Path, made: list[Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "tracker.json").write_text('{"tracker": "wandb", "name": "a-1"}')
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    said: list[str] = []
    with tracked(None, tmp_path, Watch(said.append), resume=True) as watch:
        watch.note("begins")
    assert said == [
        "wandb: is not installed; the training goes on without it, until it is resumed with it",
        "begins",
    ]
    assert made == []


@pytest.mark.parametrize("name", ["../a", "", 5])
def test_a_damaged_file_is_refused(tmp_path: Path, name: object) -> None:
    (tmp_path / "checkpoint").mkdir()
    file = tmp_path / "checkpoint" / "tracker.json"
    file.write_text(json.dumps({"tracker": "wandb", "name": name}))
    with (
        pytest.raises(RunError, match=r"tracker\.json: damaged"),
        tracked(None, tmp_path, Watch(), resume=True),
    ):
        pass


def test_a_tracker_that_fails_stops_no_training(corpus: Path, tmp_path: Path, made: list[Recorder]) -> None:
    Recorder.fails_at = 100
    said = train(corpus, tmp_path / "run", "wandb")
    assert "wandb: failed (OSError: the disk is full); the training goes on without it" in said
    assert steps(made[0], "train") == [50]
    assert (tmp_path / "run" / "model.safetensors").is_file()


def test_one_that_does_not_open_is_told_before_training(
    corpus: Path, tmp_path: Path, made: list[Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(place: Place) -> None:
        raise ValueError("no key\nand more")

    monkeypatch.setattr(trackers, "import_module", lambda name: SimpleNamespace(Tracker=refuse))
    with pytest.raises(
        RunError, match=r"^wandb: does not open \(ValueError: no key\); train without `track`$"
    ):
        train(corpus, tmp_path / "run", "wandb")
    assert not (tmp_path / "run").exists()


def test_an_error_of_the_training_is_told_the_tracker(tmp_path: Path, made: list[Recorder]) -> None:
    def fails() -> None:
        with tracked("wandb", tmp_path, Watch()) as watch:
            watch.note("begins")
            raise RunError("no space")

    with pytest.raises(RunError, match="no space"):
        fails()
    assert made[0].failed is True


def test_a_refused_training_opens_no_run(corpus: Path, run: Path, made: list[Recorder]) -> None:
    with pytest.raises(RunError, match="holds a run already"):
        train(corpus, run, "wandb")
    assert made == []


def test_what_cannot_be_used_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="tensorboard, wandb or trackio is expected, not 'mlflow'"):
        tracked("mlflow", tmp_path, Watch()).__enter__()
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    done = textrae_here("train", "no-such-file", "-o", tmp_path / "run", "--track", "wandb")
    assert done.returncode == 1
    assert done.stderr.decode() == (
        'error: --track wandb: is not installed; install it with: pip install "textrae[wandb]"\n'
    )


def test_series_are_followed_too(tmp_path: Path, made: list[Recorder]) -> None:
    with tracked("wandb", tmp_path, SeriesWatch()) as watch:
        watch.report(SeriesReport(5, 0.5, 2.0, 3.0, 1.0, 0.1))
    assert [(one.kind, one.numbers["loss"]) for one in made[0].reports] == [("train", 2.0), ("valid", 3.0)]
    np.save(tmp_path / "waves.npy", np.sin(np.arange(200).reshape(20, 10, 1)))
    arguments = ["--steps", "5", "--validations", "1", "--hidden", "4", "--track", "wandb", "--json"]
    done = textrae_here("train", "--series", tmp_path / "waves.npy", "-o", tmp_path / "run", *arguments)
    assert done.returncode == 0, done.stderr
    assert (steps(made[1], "valid"), made[1].failed) == ([5], False)


def test_the_guide(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines of the guide are run with the libraries themselves; those of one that is missing are left out."""
    page = (ROOT / "docs" / "trackers.md").read_text(encoding="utf-8")
    small = "--steps 3 --hidden 24 --embedding 16 --vocab-size 400"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    Path("corpus.txt").write_text(corpus.read_text())
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    trainings = [line for line in lines if line.startswith("textrae train corpus")]
    names = [line.split("--track ")[1] for line in trainings]
    assert names == list(TRACKERS)
    for name, line in zip(names, trainings, strict=True):
        # a process each: what Weights & Biases reads of the environment, it keeps
        done = textrae(*shlex.split(line.replace("--minutes 10", small))[1:])
        if find_spec(name):
            assert (done.returncode, b"failed" in done.stderr) == (0, False), done.stderr
        else:
            assert f'pip install "textrae[{name}]"' in done.stderr.decode()
    made = {
        "tensorboard": "tensorboard/*/events*",
        "wandb": "wandb/offline-run-*/*.wandb",
        "trackio": "trackio/*.db",
    }
    for name, files in made.items():
        assert bool(find_spec(name)) == bool([*tmp_path.glob(files)]), name
    for line in lines:
        if (name := line.split()[0]) != "textrae" and find_spec(name):  # what shows it
            assert shutil.which(name, path=str(Path(sys.executable).parent)), line
    if find_spec("tensorboard"):
        (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
        exec(compile(code.replace("minutes=2", "steps=3"), "trackers.md", "exec"), {})
        assert len([*tmp_path.glob(made["tensorboard"])]) > 1
