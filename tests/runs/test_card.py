"""The model card says what the run is, and its Python is what the run can do."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard

from textrae import CorpusConfig, ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.runs.card import model_card
from textrae.settings.run import Settings

RESULT = {"step": 1_200, "tokens": 34_567, "seconds": 61.2, "passes": 1.5, "valid_loss": 0.25}


def settings(
    switches: dict[str, Any], sources: tuple[str, ...] = (), targets: tuple[str, ...] = ()
) -> Settings:
    return Settings(ModelConfig(**switches), CorpusConfig(), TrainingConfig(), sources, target=targets)


@pytest.mark.parametrize(
    ("switches", "targets", "said"),
    [
        ({}, (), ["# A textrae sentence autoencoder", "GRU encoder (1 × ", " dimensions a sentence in ", "slots, ", "encode("]),
        ({"hidden": 512, "slots": 0, "latent": 128}, (), ["GRU encoder (1 × 512), 128 dimensions a sentence,"]),
        ({"slots": 4, "latent": 32}, (), ["128 dimensions a sentence in 4 slots", "# (1, 128)"]),
        ({"variational": True, "bidirectional": False}, (), ["variational", "Unidirectional"]),
        ({"memory": "states"}, (), ["attention over all its states", "reconstruct("]),
        ({"hierarchical": True}, (), ["encoder of segments"]),
        ({"reconstruction": "mse"}, (), ["0.2500, a squared distance a token"]),
        ({}, ("train.de",), ["translator", "Trained on a.txt to write train.de:", "translate(", "[translation,"]),
        ({"languages": ("de", "fr")}, ("x.de", "x.fr"), ['to="de"']),
        ({"vectors": 384, "hidden": 512}, (), ["decoder of vectors", "GRU decoder (1 × 512), vectors of 384 dimensions", "(sentences, 384)"]),
    ],
    ids=str,
)  # fmt: skip
def test_it_says_what_the_run_is(switches: dict[str, Any], targets: tuple[str, ...], said: list[str]) -> None:
    card = model_card(settings(switches, ("a.txt",), targets), 5_000, RESULT)
    for part in [*said, "5,000 pieces", "1,200 steps, 34,567 tokens, 1.50 passes, 61 s"]:
        assert part in card, part
    if "mse" not in switches.values():
        assert "Validation loss 0.2500, nats a token." in card


def test_a_run_that_was_not_trained_says_so() -> None:
    card = model_card(settings({}), 300, {})
    assert "text given in memory: 0 steps, 0 tokens, 0 s." in card
    assert "Not validated yet." in card


def test_it_says_what_the_best_validation_measured_and_how_to_train_again() -> None:
    shape = {"variational": True, "slots": 0, "latent": 16}
    figures = {"accuracy": 0.875, "kl": 12.5, "active_units": 3.0, "mutual_information": 4.0}
    card = model_card(settings(shape, ("my text.txt",)), 300, {**RESULT, "validation": figures})
    assert "87.50% of its tokens right" in card
    assert "KL 12.50 nats a sentence, 3 of 16 dimensions active: it has not collapsed." in card
    assert "```sh\ntextrae train 'my text.txt' -o run --hidden 512 " in card
    assert "--variational" in card
    fallen = model_card(settings(shape), 300, {"validation": {**figures, "active_units": 0}})
    assert "0 of 16 dimensions active: it has collapsed" in fallen
    assert "Posterior" not in model_card(settings(shape), 300, {"validation": ["odd"]})


def test_the_python_of_a_runs_card_runs(run: Path) -> None:
    code = re.search(r"```python\n(.*?)```", (run / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert code
    names: dict[str, Any] = {}
    exec(compile(code[1].replace("path/to/this/folder", str(run)), "README.md", "exec"), names)
    size = SentenceAutoencoder.load(run).encoding_size
    assert names["vectors"].shape == (1, size)
    assert len(names["sentences"]) == 1


def test_a_name_of_a_file_does_not_end_the_block_of_the_command() -> None:
    card = model_card(settings({}, ("a\n```\n# mine\n````.txt",)), 300, {})
    after = card[card.index("Trained again by:") :].splitlines()
    assert after[2] == "`````sh"
    assert after.count("`````") == 1
    assert after.index("`````") > after.index("# mine")


@pytest.mark.parametrize(
    ("switches", "targets", "task"),
    [
        ({}, (), "feature-extraction"),
        ({}, ("x.de",), "translation"),
        ({"vectors": 384}, (), "text-generation"),
    ],
)
def test_the_header_is_the_hubs(switches: dict[str, Any], targets: tuple[str, ...], task: str) -> None:
    found = {**RESULT, "validation": {"accuracy": 0.875, "kl": float("nan")}}
    made = settings(switches, ("owner/texts:train", "a.txt"), targets)
    data = ModelCard(model_card(replace(made, target_languages=("de",) * len(targets)), 300, found)).data
    assert (data.library_name, data.pipeline_tag, data.datasets) == ("textrae", task, ["owner/texts"])
    assert data.language == (["de"] if targets else None)
    assert {one.metric_type: one.metric_value for one in data.eval_results} == {
        "loss": 0.25,
        "accuracy": 0.875,
    }
    assert {one.dataset_name for one in data.eval_results} == {"validation: held out of the training text"}
    valid = model_card(replace(made, valid="/x/valid.txt"), 300, found)
    assert "name: 'validation: valid.txt'" in valid
    assert "/x/" not in valid.split("# A textrae")[0]
