"""A run of sentences as typed values, and its folder.

Every file appears at its place when it is whole, so a crash leaves the old one or the new one. Within a training,
`config.json` and `tokenizer.model` never change once written, and `model.safetensors` carries their digests and its
own. Whenever a crash happens, the three fit together or the folder says that they do not. Nothing is a pickle, and
nothing read here is executed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as tensors_to_bytes

from textrae.errors import ConfigError, CorpusError, RunError
from textrae.latent.flow import Flow
from textrae.latent.mixture import Latents
from textrae.nn.autoencoder import READING, Autoencoder
from textrae.runs.card import model_card
from textrae.runs.files import (
    LARGEST_BESIDE,
    digest_of,
    from_metadata,
    is_there,
    look_into,
    opened,
    read_tensors,
    tensor_digest,
    to_metadata,
    write_atomically,
)
from textrae.runs.flow import flow_to_bytes, read_flow
from textrae.runs.folder import (
    CARD,
    CHECKPOINT,
    CHOICES,
    CONFIG,
    FLOW,
    FORMAT,
    LATENTS,
    MODEL,
    MODULES,
    OPENED_BY,
    TARGET_TOKENIZER,
    TOKENIZER,
    fitting,
    one_line_errors,
    read_config,
    telling_version,
    unfit,
    write_folder,
)
from textrae.runs.hub import origin_of
from textrae.settings.files import to_dict
from textrae.settings.run import Settings
from textrae.text.tokenizer import Tokenizer
from textrae.version import __version__


@dataclass
class Run:
    """A trained model with its tokenizers and settings: the content of a run folder."""

    network: Autoencoder
    tokenizer: Tokenizer
    settings: Settings
    training: dict[str, Any] = field(default_factory=dict)
    """Facts of the training: steps, tokens, seconds, validation loss, corpus statistics."""
    latents: Latents | None = None
    """Encodings of training sentences; None where they are not kept."""
    target_tokenizer: Tokenizer | None = None
    """Tokenizer of the target, if a translator has a separate one; otherwise None."""
    flow: Flow | None = None
    """Learnt distribution of the encodings; None where none was fitted."""
    origin: str | None = None
    """Repository and commit of the Hugging Face hub (``user/name@commit``); None for a run that is not from there."""

    @property
    def translates(self) -> bool:
        """Whether the model was trained to translate."""
        return bool(self.settings.target)

    @property
    def writer(self) -> Tokenizer:
        """Tokenizer of what the decoder writes."""
        return self.target_tokenizer or self.tokenizer

    def weights_digest(self) -> str:
        """Return the digest of all weights, by which other files of the run folder know them."""
        return tensor_digest(
            {name: tensor.detach().cpu() for name, tensor in self.network.state_dict().items()}
        )

    @property
    def fingerprint(self) -> str:
        """Digest of what decides an encoding: the weights from a text to its vector, and the tokenizer; 16 hex digits.

        A run that is saved, loaded or copied keeps it. Runs whose encoder is a frozen one share it with that encoder's.
        """
        weights = {
            name: tensor.detach().cpu()
            for name, tensor in self.network.state_dict().items()
            if name.startswith(READING)
        }
        return digest_of(f"{tensor_digest(weights)} {self.tokenizer.digest}".encode())[:16]


def save_run(path: Path, run: Run, *, overwrite: bool = False) -> None:
    """Write a run folder whole or not at all.

    Raises:
        RunError: something is there already and `overwrite` is not set, or it is no run, or the disk refuses.
    """
    write_folder(path, lambda fresh: publish(fresh, run), overwrite=overwrite)


def publish(path: Path, run: Run) -> None:
    """Write a run's files into an existing folder that holds no other run, the weights last.

    Raises:
        RunError: the disk refuses.
    """
    config = json.dumps(
        {"format": FORMAT, "textrae": __version__, **run.settings.to_json(), "result": run.training}, indent=1
    ).encode()
    tokenizer = run.tokenizer.to_bytes()
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in run.network.state_dict().items()}
    digests = {
        "weights": tensor_digest(weights),
        "tokenizer": digest_of(tokenizer),
        "shape": _shape_digest(to_dict(run.settings.model)),
    }
    target = None if run.target_tokenizer is None else run.target_tokenizer.to_bytes()
    if target is not None:
        digests["target tokenizer"] = digest_of(target)
    latents = run.latents.to_tensors() if run.latents is not None else None
    if latents is not None:
        digests["latents"] = tensor_digest(latents)
    with one_line_errors(path):
        if not _belongs(path / MODEL, digests):
            (path / MODEL).unlink(missing_ok=True)  # another run's weights must not stand beside this config
        write_atomically(path / TOKENIZER, tokenizer)
        if target is not None:
            write_atomically(path / TARGET_TOKENIZER, target)
        else:
            (path / TARGET_TOKENIZER).unlink(missing_ok=True)
        write_atomically(path / CONFIG, config)
        write_atomically(path / CARD, _card(run).encode())
        write_atomically(path / MODULES, OPENED_BY)
        (path / CHOICES).unlink(missing_ok=True)
        if latents is not None:
            write_atomically(path / LATENTS, tensors_to_bytes(latents))
        else:
            (path / LATENTS).unlink(missing_ok=True)
        if run.flow is not None:
            write_atomically(path / FLOW, flow_to_bytes(run.flow, digests["weights"]))
        else:
            (path / FLOW).unlink(missing_ok=True)
        write_atomically(path / MODEL, tensors_to_bytes(weights, metadata=to_metadata(digests)))


def _belongs(file: Path, digests: Mapping[str, str]) -> bool:
    """Return whether the weights in `file` belong to the same config and tokenizer."""
    try:
        with safe_open(file, framework="pt") as opened:
            found = from_metadata(opened.metadata() or {})
    except (SafetensorError, OSError):
        return False
    return all(found.get(part) == digests.get(part) for part in ("tokenizer", "target tokenizer", "shape"))


def load_run(path: Path, device: torch.device | None = None) -> Run:
    """Read a run folder, trusting nothing in it.

    Args:
        path: run folder.
        device: where the network goes (default: the CPU).

    Raises:
        RunError: the folder is missing, foreign, truncated, tampered with, unfinished, or of a newer format.
    """
    look_into(path, "CORPUS")
    if not is_there(path / MODEL) and is_there(path / CHECKPOINT):
        raise RunError(
            f"{path}: its training has not finished; continue with `textrae train --resume -o {path}`"
        )
    values = read_config(path, "text")
    with telling_version(values):
        return _read_run(path, values, device or torch.device("cpu"))


def _read_run(path: Path, values: Mapping[str, Any], device: torch.device) -> Run:
    """Read a run folder whose config holds `values`."""
    settings, result = _settings(path / CONFIG, values), values.get("result")
    tokenizer = _read_tokenizer(path / TOKENIZER)
    weights, metadata = read_tensors(path / MODEL)
    digests = from_metadata(metadata)
    target = None
    if "target tokenizer" in digests:
        target = _read_tokenizer(path / TARGET_TOKENIZER)
    sizes = (tokenizer.vocab_size, None if target is None else target.vocab_size)
    shape_of = (settings.model, *sizes, bool(settings.target))
    network = fitting(path / MODEL, lambda: Autoencoder(*shape_of), weights)
    expected = {
        "weights": tensor_digest(weights),
        "tokenizer": tokenizer.digest,
        "shape": _shape_digest(values["model"]),  # as it is written: an older textrae had fewer settings
    }
    if target is not None:
        expected["target tokenizer"] = target.digest
    for part, digest in expected.items():
        if digests.get(part) != digest:
            raise RunError(
                f"{path / MODEL}: its {part} are not what was saved (damaged or mixed files); copy the run again"
            )
    network.load_state_dict(weights)
    latents = _read_latents(path / LATENTS, digests.get("latents"), settings.model.read_size)
    flow = read_flow(path / FLOW, expected["weights"], settings.model.read_size)
    flow = None if flow is None else flow.to(device).eval()
    facts = result if isinstance(result, dict) else {}
    origin = origin_of(path)
    return Run(network.to(device).eval(), tokenizer, settings, facts, latents, target, flow, origin)


def _read_tokenizer(file: Path) -> Tokenizer:
    opened(file).close()  # what is wrong with a file of a run, a tokenizer's own message does not tell
    try:
        return Tokenizer.load(file)
    except CorpusError as error:
        raise RunError(f"{error}; copy the run again") from None


def _read_latents(file: Path, digest: str | None, dimensions: int) -> Latents | None:
    """Read the encodings that :func:`publish` wrote beside the weights; return None if it wrote none."""
    if digest is None:
        return None
    tensors, _ = read_tensors(file, LARGEST_BESIDE)
    if tensor_digest(tensors) != digest:
        raise RunError(f"{file}: is not what was saved (damaged or mixed files); copy the run again")
    try:
        return Latents.from_tensors(tensors, dimensions)
    except ValueError as error:
        raise RunError(f"{file}: damaged ({error}); copy the run again") from None


def load_settings(path: Path) -> Settings:
    """Read the settings of a run folder, without its weights.

    Raises:
        RunError: the folder is missing, foreign, damaged, or of a newer format.
    """
    look_into(path, "CORPUS")
    values = read_config(path, "text")
    return _settings(path / CONFIG, values)


def _settings(file: Path, values: Mapping[str, Any]) -> Settings:
    try:
        settings = Settings.from_json(values)
        _ = settings.corpus.longest  # which a training has decided
        return settings
    except (ConfigError, KeyError, TypeError, AttributeError) as error:
        raise unfit(file, values, error) from None


def _shape_digest(model: Mapping[str, Any]) -> str:
    """Return the digest of the model's shape only, so that a result may be noted in the config."""
    return digest_of(json.dumps(model, sort_keys=True).encode())


def _card(run: Run) -> str:
    return model_card(run.settings, run.tokenizer.vocab_size, run.training)
