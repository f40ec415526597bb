"""The run folder of series: saved, loaded, and refused where it is another kind's or damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from series.sequences import waves

from textrae import SentenceAutoencoder, SeriesAutoencoder
from textrae.errors import RunError
from textrae.version import __version__


def test_a_run_is_the_same_when_loaded(trained: SeriesAutoencoder, tmp_path: Path) -> None:
    trained.save(tmp_path / "run")
    again = SeriesAutoencoder.load(tmp_path / "run")
    unseen = waves(5, seed=6)
    np.testing.assert_array_equal(again.score(unseen), trained.score(unseen))
    np.testing.assert_array_equal(again.encode(unseen), trained.encode(unseen))
    assert again.run.settings == trained.run.settings
    assert again.info()["result"] == trained.run.training
    lines = (tmp_path / "run/metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == list(range(15, 151, 15))
    with pytest.raises(RunError, match="exists already"):
        trained.save(tmp_path / "run")


def test_a_run_of_the_other_kind_is_refused(trained: SeriesAutoencoder, run: Path, tmp_path: Path) -> None:
    trained.save(tmp_path / "run")
    with pytest.raises(RunError, match="a run of real-valued series"):
        SentenceAutoencoder.load(tmp_path / "run")
    with pytest.raises(RunError, match="a run of sentences"):
        SeriesAutoencoder.load(run)


@pytest.mark.parametrize("part", ["model", "series", "training"])
def test_a_run_of_a_newer_textrae_says_upgrade(trained: SeriesAutoencoder, tmp_path: Path, part: str) -> None:
    trained.save(tmp_path / "run")
    file = tmp_path / "run" / "config.json"
    values = json.loads(file.read_text())
    values[part]["telepathy"] = True
    file.write_text(json.dumps(values))
    with pytest.raises(RunError, match=r"has telepathy, which is no setting of textrae .*upgrade"):
        SeriesAutoencoder.load(tmp_path / "run")
    file.write_text(json.dumps({**values, "textrae": "12.0.1"}))
    with pytest.raises(RunError) as caught:
        SeriesAutoencoder.load(tmp_path / "run")
    assert str(caught.value) == f"{file}: written by textrae 12.0.1; this is {__version__}: upgrade textrae"


@pytest.mark.parametrize("what", ["config", "weights", "dim", "missing", "newer"])
def test_a_damaged_run_is_refused(trained: SeriesAutoencoder, tmp_path: Path, what: str) -> None:
    path = tmp_path / "run"
    trained.save(path)
    config = json.loads((path / "config.json").read_text())
    weights = bytearray((path / "model.safetensors").read_bytes())
    if what == "weights":
        weights[-1] ^= 1
        (path / "model.safetensors").write_bytes(weights)
    elif what == "missing":
        (path / "model.safetensors").unlink()
    else:
        changes = {"config": {"model": 3}, "dim": {"dim": 3}, "newer": {"format": 99}}
        (path / "config.json").write_text(json.dumps({**config, **changes[what]}))
    with pytest.raises(RunError) as caught:
        SeriesAutoencoder.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "told", [{"lengths": 0.5}, {"lengths": [1]}, {"lengths": ["a", "b"]}, {"step": "x"}, {"sequences": []}]
)
def test_what_a_training_tells_of_itself_is_checked(
    trained: SeriesAutoencoder, tmp_path: Path, told: dict[str, object]
) -> None:
    trained.save(tmp_path / "run")
    file = tmp_path / "run" / "config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps({**config, "result": {**config["result"], **told}}))
    with pytest.raises(RunError, match=r"config\.json"):
        SeriesAutoencoder.load(tmp_path / "run")
