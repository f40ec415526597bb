"""TensorBoard: its event files are read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import sentences
from tracking import expected, train

from textrae import SentenceAutoencoder

pytest.importorskip("tensorboard")
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def read(folder: Path) -> Any:
    """Return what TensorBoard finds in the one folder of events."""
    (events,) = folder.iterdir()
    found = EventAccumulator(str(events), size_guidance={"scalars": 0})
    found.Reload()
    return found


def scalars(found: Any) -> dict[str, dict[int, float]]:
    """Return the scalars by name and step."""
    return {name: {one.step: one.value for one in found.Scalars(name)} for name in found.Tags()["scalars"]}


@pytest.fixture(scope="module")
def place(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Return the folder of a run and of its events, and what the training said."""
    folder = tmp_path_factory.mktemp("tracked")
    return folder, train(corpus, folder / "run", "tensorboard")


def test_what_metrics_hold_is_there(place: tuple[Path, list[str]]) -> None:
    folder, said = place
    found = read(folder / "tensorboard")
    shown, wanted = scalars(found), expected(folder / "run")
    assert shown.keys() == wanted.keys() >= {"train/loss", "valid/loss", "valid/accuracy", "valid/kl"}
    for name, values in wanted.items():
        assert shown[name].keys() == values.keys()
        np.testing.assert_allclose(list(shown[name].values()), list(values.values()), rtol=1e-6)
    assert found.Tags()["histograms"] == ["valid/kl_by_dimension"]
    text = found.Tensors("settings/text_summary")[0].tensor_proto.string_val[0].decode()
    assert '"hidden": 16' in text
    assert said[-1] == "tensorboard: shows the encodings of 120 validation sentences"


def test_the_projector_has_encodings_and_their_texts(place: tuple[Path, list[str]]) -> None:
    folder, _ = place
    (events,) = (folder / "tensorboard").iterdir()
    (vectors,), (texts,) = events.rglob("tensors.tsv"), events.rglob("metadata.tsv")
    lines = texts.read_text().splitlines()
    assert len(lines) == 120
    assert set(lines) <= set(sentences())
    shown = np.loadtxt(vectors, delimiter="\t")
    model = SentenceAutoencoder.load(folder / "run")
    np.testing.assert_allclose(shown, model.encode(lines), rtol=1e-4, atol=1e-5)
    assert "tensors.tsv" in (events / "projector_config.pbtxt").read_text()


def test_a_resumed_training_goes_on_in_the_same_folder(corpus: Path, tmp_path: Path) -> None:
    train(corpus, tmp_path / "run", "tensorboard", stop_at=60)
    train(corpus, tmp_path / "run", None, resume=True)
    shown, wanted = scalars(read(tmp_path / "tensorboard")), expected(tmp_path / "run")
    assert list(shown["train/loss"]) == list(wanted["train/loss"]) == [50, 100]
    assert list(shown["valid/loss"]) == list(wanted["valid/loss"])
