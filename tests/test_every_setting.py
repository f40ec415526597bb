"""Every setting changes what is trained, or is refused, whatever else is chosen."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import sentences

from textrae import CorpusConfig, ModelConfig, TrainingConfig
from textrae.errors import ConfigError, CorpusError
from textrae.settings.run import Settings
from textrae.training.pipeline import train_run
from textrae.training.transplant import adopted

Values = dict[str, Any]
PARTS = {"model": ModelConfig, "corpus": CorpusConfig, "training": TrainingConfig}
SMALL: dict[str, Values] = {
    "model": {"hidden": 8, "embedding": 8, "slots": 0, "latent": 8},
    "corpus": {"vocab_size": 360, "valid_size": 2},
    "training": {"steps": 4, "batch_tokens": 200, "lr": 1e-2, "precision": "fp32", "validations": 1},
}
OTHER: Values = {
    "cell": "lstm", "layers": 2, "hidden": 12, "embedding": 12, "latent": 12, "bidirectional": False,
    "reverse": True, "pooling": "last", "dropout": 0.5, "weight_dropout": 0.5, "slots": 2, "blur": 0.5,
    "slot_addressing": "content", "clock": False, "memory": "states", "scoring": "additive", "conditioning": "initial",
    "encoding_scale": 0.5, "variational": True, "posterior_norm": 0.5, "regulariser": "mmd",
    "hierarchical": True, "segments": "4", "places": 4, "reconstruction": "mse", "mse_weight": 1.0,
    "vocab_size": 310, "whole_words": True, "tokenizer": "TOKENIZER", "tokenizers": "separate",
    "target_tokenizer": "TOKENIZER", "target_column": "b", "column": "b", "max_length": 4, "seed": 1, "epochs": 2.0,
    "steps": 3, "batch_tokens": 100, "accumulate": 2, "lr": 2e-2, "warmup": 0.5, "beta": 3.0, "beta_schedule": "constant",
    "beta_warmup": 0.6, "beta_cycles": 2, "free_bits": 1.0, "free_bits_per": "sentence", "pretrain": 0.6,
    "reset_decoder": True, "aggressive": 0.9, "regulariser_weight": 1.0, "weight_decay": 5.0, "embedding_rate": 3.0,
    "adam_beta2": 0.5, "clip": 0.01, "label_smoothing": 0.3, "word_dropout": 0.5, "noise_drop": 0.5, "noise_blank": 0.5,
    "noise_substitute": 0.5, "noise_shuffle": 3, "views": True, "context": True, "aligned": True, "prior": 0.3, "sif": True, "meaning": 16, "meaning_weight": 0.1, "crossover": 0.5, "copying": 0.9, "freeze_encoder": True, "rehearsal": 0.9,
    "precision": "bf16", "valid_size": 4,
}  # fmt: skip
"""Another value of each setting than its default or that of SMALL."""
ALWAYS = {
    "steps", "epochs", "batch_tokens", "accumulate", "lr", "warmup", "weight_decay", "adam_beta2", "clip", "seed", "precision",
    "max_length", "valid_size", "dropout", "weight_dropout", "word_dropout", "layers", "hidden", "embedding", "latent",
}  # fmt: skip
"""Settings that a plain model is tried with, as no other setting could take their use from them."""
WITHOUT_WEIGHTS = {"minutes", "device", "checkpoint_minutes", "validations", "format", "errors", "delimiter"}
"""Settings that do not concern the weights; how long and where a model is trained, and which files are read."""
OUTSIDE = {"vectors", "languages", "closings"}
"""Settings that files or the age of a run decide."""
MODES: dict[str, tuple[Values, Values]] = {
    "plain": ({}, {}),
    "slots": ({"slots": 3}, {}),
    "hierarchical": ({"hierarchical": True, "segments": "6"}, {}),
    "mse": ({"reconstruction": "mse"}, {}),
    "meaning": ({"meaning": 12}, {}),
    "taught": ({}, {"teacher": "VECTORS"}),
    "states": ({"memory": "states", "conditioning": "initial"}, {}),
    "variational": ({"variational": True, "beta": 1.0, "free_bits": 0.01}, {}),
    "without divergence": ({"variational": True, "beta": 0.0}, {}),
    "tokenizer": ({"tokenizer": "TOKENIZER"}, {}),
    "vectors": ({}, {"vectors": "VECTORS"}),
    "target": ({}, {"target": ("TARGET",)}),
    "given": ({"tokenizers": "separate", "tokenizer": "TOKENIZER", "target_tokenizer": "TOKENIZER"},
              {"target": ("TARGET",)}),
    "encoder": ({}, {"encoder": "RUN"}),
    "decoder": ({}, {"decoder": "RUN"}),
    "both": ({}, {"encoder": "RUN", "decoder": "RUN"}),
    "frozen": ({"freeze_encoder": True}, {"encoder": "RUN"}),
    "variational frozen": ({"freeze_encoder": True}, {"encoder": "VAE"}),
    "frozen and target": ({"freeze_encoder": True}, {"encoder": "RUN", "target": ("TARGET",)}),
    "both and target": ({}, {"encoder": "RUN", "decoder": "RUN", "target": ("TARGET",)}),
}  # fmt: skip
"""Settings and files of each kind of training that is tried with every other setting."""
RESOLVED = {
    "meaning": {"sif"},
    "variational frozen": {"variational"},
    "frozen and target": {"tokenizers"},
    "both and target": {"tokenizers"},
}
"""Settings whose value in OTHER is what holds in that kind of training anyway."""


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files and runs that MODES name."""
    folder = tmp_path_factory.mktemp("every")
    lines = sentences()[::24]
    (folder / "source.txt").write_text("\n".join(lines) + "\n")
    (folder / "target.txt").write_text("\n".join(line.upper() for line in lines) + "\n")
    np.save(folder / "vectors.npy", np.random.default_rng(0).normal(size=(len(lines), 6)).astype(np.float32))
    found = {name: str(folder / file) for name, file in
             {"SOURCE": "source.txt", "TARGET": "target.txt", "VECTORS": "vectors.npy", "RUN": "run", "VAE": "vae",
              "TOKENIZER": "run/tokenizer.model", "OUT": "out"}.items()}  # fmt: skip
    for name, values in (("RUN", {"vocab_size": 380}), ("VAE", {"variational": True})):
        train_run(asked(values, {}, found), Path(found[name]))
    return found


def asked(values: Values, files: Values, places: dict[str, str]) -> Settings:
    """Return the settings of a training, some of which are given expressly."""
    values = {name: places.get(str(value), value) for name, value in values.items()}
    parts, given = [], dict[str, Any]()
    for name, cls in PARTS.items():
        names = {field.name for field in fields(cls)}
        small = {} if name == "model" and {"encoder", "decoder"} & files.keys() else SMALL[name]
        own = {one: value for one, value in values.items() if one in names}
        if "epochs" in own:
            small = {one: value for one, value in small.items() if one != "steps"}
        if name == "corpus" and {"tokenizer", "encoder", "decoder"} & (files.keys() | own.keys()):
            small = {one: value for one, value in small.items() if one != "vocab_size"}
        given |= own
        parts.append(cls(**{**small, **own}))
    named = {name: tuple(places[one] for one in value) if isinstance(value, tuple) else places[value]
             for name, value in files.items()}  # fmt: skip
    settings = Settings(*parts, sources=(places["SOURCE"],), **named)
    return adopted(settings, given, given.keys())


def trained(values: Values, files: Values, places: dict[str, str]) -> str:
    """Train, and return a digest of the weights and of what was measured, or what was said to refuse it."""
    try:
        settings = asked(values, files, places)
        run, _ = train_run(settings, Path(places["OUT"]), overwrite=True)
    except (ConfigError, CorpusError) as error:
        return f"refused: {error}"
    digest = hashlib.sha256(str(run.training["valid_loss"]).encode())
    flow = {} if run.flow is None else run.flow.state_dict()
    for name, value in {**run.network.state_dict(), **flow}.items():
        digest.update(name.encode() + value.numpy().tobytes())
    return digest.hexdigest()


def test_every_setting_is_tried() -> None:
    every = {field.name for cls in PARTS.values() for field in fields(cls)}
    assert OTHER.keys() | WITHOUT_WEIGHTS | OUTSIDE == every
    assert not OTHER.keys() & (WITHOUT_WEIGHTS | OUTSIDE)


@pytest.mark.parametrize("mode", MODES)
def test_every_setting_changes_something_or_is_refused(mode: str, places: dict[str, str]) -> None:
    own, files = MODES[mode]
    base = trained(own, files, places)
    assert not base.startswith("refused"), base
    ignored = []
    resolved = RESOLVED.get(mode, set()) | own.keys() | (ALWAYS if mode != "plain" else set())
    for name, value in OTHER.items():
        if name not in resolved and trained({**own, name: value}, files, places) == base:
            ignored.append(name)
    assert not ignored
