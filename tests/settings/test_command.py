"""The command line of a training asks for the same settings."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support import textrae_here

from textrae import CorpusConfig, ModelConfig, TrainingConfig
from textrae.runs.run import load_settings
from textrae.settings.command import training_command
from textrae.settings.run import Settings

TEXT = "\n".join(
    f"A dog sees {what} {where}." for what in "abcdefgh" for where in ["here", "there", "now", "then"]
)
SMALL = {"hidden": 8, "embedding": 8, "latent": 4, "slots": 0}
BRIEF = TrainingConfig(steps=1, device="cpu", precision="fp32")


def told(model: dict[str, Any] | None = None, **others: Any) -> str:
    return training_command(
        Settings(ModelConfig(**(model or {})), CorpusConfig(), TrainingConfig(), **others)
    )


def test_what_differs_from_the_defaults_is_told_and_what_a_size_would_decide() -> None:
    found = told(
        {"hidden": 64, "reverse": True, "slots": 0, "bidirectional": False}, sources=("my text.txt",)
    )
    assert found == (
        "textrae train 'my text.txt' -o run --hidden 64 --embedding 256 --latent 128 --no-bidirectional --reverse --slots 0"
    )


def test_files_are_told_and_what_was_in_memory_is_named() -> None:
    assert told().startswith("textrae train CORPUS -o run ")
    assert told(sources=("-x.txt",)).startswith("textrae train ./-x.txt ")
    pair = told(
        sources=("a.en",),
        target=("a.de",),
        target_languages=("de",),
        valid="-v",
        valid_target=("v.de",),
        teacher="t.npy",
    )
    assert "--target de=a.de --valid-target v.de --valid=-v --teacher t.npy " in pair


def test_trained_parts_come_with_their_tokenizers() -> None:
    corpus = CorpusConfig(tokenizer="r/tokenizer.model")
    settings = Settings(ModelConfig(), corpus, TrainingConfig(), ("a",), encoder="r")
    assert "--encoder r" in training_command(settings)
    assert "--tokenizer" not in training_command(settings)
    separate = replace(corpus, tokenizers="separate", target_tokenizer="s/tokenizer.model")
    settings = replace(settings, corpus=separate, encoder=None, decoder="s", target=("b",))
    assert "--target-tokenizer" not in training_command(settings)


@pytest.mark.parametrize(
    ("model", "training"),
    [
        (SMALL, {}),
        (
            {**SMALL, "slots": 2, "cell": "lstm", "bidirectional": False, "dropout": 0.25},
            {"lr": 0.01, "seed": 7},
        ),
        ({**SMALL, "variational": True}, {"beta": 0.25, "free_bits": 0.0}),
        ({**SMALL, "hierarchical": True, "segments": "clause,sentence"}, {"rehearsal": 0.0}),
        ({**SMALL, "memory": "states", "conditioning": "initial"}, {}),
    ],
    ids=str,
)
def test_training_again_by_the_command_has_the_same_settings(
    model: dict[str, Any], training: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "text.txt").write_text(TEXT)
    again = training_command(
        Settings(
            ModelConfig(**model),
            CorpusConfig(vocab_size=300, max_length=16, seed=training.get("seed", 0)),
            TrainingConfig(**{"steps": 1, "device": "cpu", "precision": "fp32", **training}),
            (str(tmp_path / "text.txt"),),
        ),
        str(tmp_path / "run"),
    )
    done = textrae_here(*shlex.split(again)[1:])
    assert done.returncode == 0, done.stderr
    found = load_settings(tmp_path / "run")
    assert found.model == ModelConfig(**model)
    assert training_command(found, str(tmp_path / "run")) == again
