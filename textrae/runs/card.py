"""The model card of a run folder."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textrae.latent.posterior import collapsed
from textrae.runs.header import Header, data_sets, languages, measured, model_index, with_header
from textrae.settings.command import training_command
from textrae.settings.model import ModelConfig
from textrae.settings.run import Settings


def model_card(settings: Settings, pieces: int, result: Mapping[str, Any]) -> str:
    """Return a Markdown page with a run's shape, its training, how to use it and how to train it again.

    Args:
        settings: of the training.
        pieces: size of the vocabulary.
        result: facts of the training.
    """
    model, sources, targets = settings.model, settings.sources, settings.target
    loss, passes = result.get("valid_loss"), result.get("passes")
    read = ", ".join(sources) or "text given in memory"
    written = f" to write {', '.join(targets)}" if targets else ""
    seen = "" if passes is None else f", {passes:.2f} passes"
    measured = "a squared distance a token" if model.reconstruction == "mse" else "nats a token"
    body = "\n".join(
        [
            f"# A textrae {_kind(model, bool(targets))}",
            "",
            f"{described(model, pieces)}.",
            "",
            f"Trained on {read}{written}: {result.get('step', 0):,} steps, {result.get('tokens', 0):,} tokens{seen}, "
            f"{result.get('seconds', 0):.0f} s.",
            f"Validation loss {loss:.4f}, {measured}." if isinstance(loss, float) else "Not validated yet.",
            *_validated(model, result.get("validation")),
            "",
            "```python",
            "from textrae import SentenceAutoencoder",
            'model = SentenceAutoencoder.load("path/to/this/folder")',
            *_use(model, bool(targets)),
            "```",
            "",
            "Trained again by:",
            "",
            *_fenced(training_command(settings)),
            "",
        ]
    )
    return with_header(_header(settings, result), body)


def _header(settings: Settings, result: Mapping[str, Any]) -> Header:
    """Return the fields by which the hub lists a run, with what its best validation measured."""
    model, translates = settings.model, bool(settings.target)
    task = "translation" if translates else "text-generation" if model.vectors else "feature-extraction"
    known = _numbers({"loss": result.get("valid_loss")}) | _numbers(result.get("validation"))
    named = {
        "loss": "squared distance a token" if model.reconstruction == "mse" else "nats a token",
        "accuracy": "tokens right, given those before",
        "kl": "KL, nats a sentence",
    }
    figures = {named[name]: (name, known[name]) for name in named if math.isfinite(known.get(name, math.inf))}
    text = (
        f"validation: {Path(settings.valid).name}"
        if settings.valid
        else "validation: held out of the training text"
    )
    return {
        "library_name": "textrae",
        "pipeline_tag": task,
        "tags": ["translation" if translates else "sentence-autoencoder", "recurrent-autoencoder"],
        "datasets": data_sets([*settings.sources, *settings.target]),
        "language": languages(settings.target_languages),
        "model-index": model_index(f"textrae {_kind(model, translates)}", [measured(task, text, figures)]),
    }


def _numbers(found: object) -> dict[str, float]:
    values = found if isinstance(found, Mapping) else {}
    return {name: value for name, value in values.items() if isinstance(value, int | float)}


def _fenced(command: str) -> list[str]:
    """Return the lines of a code block that no name of a file within it can end."""
    longest = max(map(len, re.findall("`+", command)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}sh", command, fence]


def _validated(model: ModelConfig, found: object) -> list[str]:
    """Tell what the best validation measured beside its loss."""
    known, told = _numbers(found), []
    if "accuracy" in known:
        told.append(f"{known['accuracy']:.2%} of its tokens right when those before are given.")
    if {"kl", "active_units"} <= known.keys():
        active, total = int(known["active_units"]), max(1, model.slots) * model.latent
        fallen = "it has collapsed" if collapsed(active, total) else "it has not collapsed"
        told.append(
            f"Posterior: KL {known['kl']:.2f} nats a sentence, {active:,} of {total:,} dimensions active: {fallen}."
        )
    return told


def described(model: ModelConfig, pieces: int) -> str:
    """Describe the shape of a model in a few words.

    Args:
        model: shape of the model.
        pieces: size of the vocabulary.
    """
    return f"{_encoder(model)} {_held(model)}, {pieces:,} pieces"


def _kind(model: ModelConfig, translates: bool) -> str:
    if model.vectors:
        return "decoder of vectors"
    if translates:
        return "translator"
    return "variational sentence autoencoder" if model.variational else "sentence autoencoder"


def _encoder(model: ModelConfig) -> str:
    if model.vectors:
        return f"{model.cell.upper()} decoder ({model.layers} × {model.hidden}),"
    way = "Bidirectional" if model.bidirectional else "Unidirectional"
    segments = " of segments" if model.hierarchical else ""
    return f"{way} {model.cell.upper()} encoder{segments} ({model.layers} × {model.hidden}),"


def _held(model: ModelConfig) -> str:
    """Describe what the decoder is given."""
    if model.vectors:
        return f"vectors of {model.vectors} dimensions"
    if model.memory == "states":
        return "attention over all its states"
    slots = f" in {model.slots} slots" if model.slots > 1 else ""
    meaning = f", the first {model.meaning} for its meaning" if model.meaning else ""
    return f"{model.encoding_size} dimensions a sentence{slots}{meaning}"


def _use(model: ModelConfig, translates: bool) -> list[str]:
    if model.vectors:
        return [f"sentences = model.decode(vectors)  # (sentences, {model.vectors})"]
    if translates:
        to = f', to="{model.languages[0]}"' if model.languages else ""
        return [f'sentences = model.translate(["A sentence."]{to})']
    if model.memory == "states":
        return ['sentences = model.reconstruct(["A sentence."])']
    return [
        f'vectors = model.encode(["A sentence."])  # (1, {model.encoding_size})',
        "sentences = model.decode(vectors)",
    ]
