"""The folder of an exported run: what is in it, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from conftest import TEXT

pytest.importorskip("onnx")

from textrae import ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError, RunError
from textrae.integrations.onnx.exporting import check_shape, described, export
from textrae.nn.autoencoder import Autoencoder
from textrae.runs.run import Run
from textrae.settings.run import Settings


def run_of(model: SentenceAutoencoder, config: ModelConfig) -> Run:
    torch.manual_seed(0)
    tokenizer = model.run.tokenizer
    network = Autoencoder(config, tokenizer.vocab_size).eval()
    return Run(network, tokenizer, Settings(config, TEXT, TrainingConfig()))


def test_the_folder_holds_all_that_is_needed(model: SentenceAutoencoder, tmp_path: Path) -> None:
    sizes = export(model.run, tmp_path / "graphs")
    names = ("encoder.onnx", "start.onnx", "step.onnx", "config.json", "generate.py", "tokenizer.model")
    assert sizes == {name: (tmp_path / "graphs" / name).stat().st_size for name in names}
    found = json.loads((tmp_path / "graphs" / "config.json").read_text())
    assert (found["encoding_size"], found["max_length"], found["run"]) == (24, 20, model.run.fingerprint)
    assert (found["begin"], found["end"], found["reads"]) == ({"": 1}, 2, "tokenizer.model")
    assert sum(export(model.run, tmp_path / "small", int8=True).values()) < 0.6 * sum(sizes.values())


def test_nothing_is_replaced(model: SentenceAutoencoder, tmp_path: Path) -> None:
    (tmp_path / "graphs").mkdir()
    with pytest.raises(RunError, match="exists already; choose another folder"):
        export(model.run, tmp_path / "graphs")
    assert list((tmp_path / "graphs").iterdir()) == []


def test_what_is_hierarchical_is_refused(model: SentenceAutoencoder, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="plans each segment from the one before"):
        export(run_of(model, ModelConfig(hierarchical=True, hidden=8)), tmp_path / "graphs")
    assert not (tmp_path / "graphs").exists()


def test_a_cell_that_onnx_lacks_is_refused() -> None:
    config = ModelConfig()
    object.__setattr__(config, "cell", "other")
    with pytest.raises(ConfigError, match="ONNX has no operator for that cell, only for rnn, gru, lstm"):
        check_shape(config)


@pytest.mark.parametrize(
    ("languages", "begin"),
    [((), {"": 1}), (("de",), {"de": 0, "": 0}), (("de", "fr"), {"de": 0, "fr": 1})],
)
def test_each_language_begins_with_its_token(
    model: SentenceAutoencoder, languages: tuple[str, ...], begin: dict[str, int]
) -> None:
    run = run_of(model, ModelConfig(hidden=8, slots=2, languages=languages))
    first = run.network.first_tag if languages else 0
    assert described(run, False)["begin"] == {name: first + place for name, place in begin.items()}


def test_it_tells_how_encodings_are_walked_and_decoded(model: SentenceAutoencoder) -> None:
    plain = ModelConfig(hidden=8, slots=2)
    found = described(run_of(model, plain), False)
    assert (found["path"], found["normalised"], found["keeps_length"], found["decodes"]) == (
        "spherical", True, True, True,
    )  # fmt: skip
    free = described(run_of(model, replace(plain, variational=True)), False)
    assert (free["path"], free["normalised"], free["keeps_length"]) == ("linear", False, False)
    states = described(run_of(model, ModelConfig(hidden=8, memory="states")), False)
    assert states["decodes"] is False
