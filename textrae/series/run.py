"""A run of real-valued sequences as a typed value, and its folder.

`config.json` (kind ``series``), `model.safetensors` with the weights and the scaling, `metrics.jsonl` and a model card;
written whole beside its place and renamed. Nothing is a pickle, and nothing read here is executed.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as tensors_to_bytes

from textrae.errors import ConfigError, RunError
from textrae.runs import files, folder
from textrae.runs.header import with_header
from textrae.series.data import Scaling
from textrae.series.network import SeriesNetwork
from textrae.series.settings import SeriesConfig, SeriesFormat, SeriesTraining
from textrae.series.training import SeriesReport
from textrae.settings.command import with_settings
from textrae.settings.files import build, to_dict
from textrae.version import __version__

_OFFSET, _SIZE = "scaling.offset", "scaling.size"
_WIDEST = 1 << 20
"""Largest number of dimensions of a time step."""


@dataclass(frozen=True)
class SeriesSettings:
    """Everything that decides what a training on sequences does."""

    model: SeriesConfig
    """Shape of the model."""
    format: SeriesFormat
    """Layout of the files."""
    training: SeriesTraining
    """Budget, rate and device of the training."""
    sources: tuple[str, ...] = ()
    """Files as they were named; none for sequences in memory."""


@dataclass
class SeriesRun:
    """A trained model with its scaling and settings: the content of a run folder."""

    network: SeriesNetwork
    """Network, with its weights."""
    scaling: Scaling
    """Map from values of the data to those that the network sees."""
    settings: SeriesSettings
    """Settings of the training."""
    training: dict[str, Any] = field(default_factory=dict)
    """Facts of the training: steps, seconds, validation loss, sequences."""
    reports: list[SeriesReport] = field(default_factory=list)
    """Reports of the training, one for each validation; none in a run that was loaded."""
    names: tuple[str, ...] = ()
    """Name of the column of each dimension; empty where the files had none."""


def build_network(config: SeriesConfig, dim: int) -> SeriesNetwork:
    """Build the network of a config, for time steps of `dim` dimensions."""
    return SeriesNetwork(config.cell, dim, config.hidden, config.activation, config.bottleneck == "last")


def save_series_run(path: Path, run: SeriesRun, *, overwrite: bool = False) -> None:
    """Write a run folder whole.

    Raises:
        RunError: something is there already and `overwrite` is not set, or the disk refuses.
    """
    folder.write_folder(path, lambda fresh: _publish(fresh, run), overwrite=overwrite)


def _publish(path: Path, run: SeriesRun) -> None:
    settings = run.settings
    config = {
        "format": folder.FORMAT,
        "kind": "series",
        "textrae": __version__,
        "dim": run.network.dim,
        "columns": list(run.names),
        "model": to_dict(settings.model),
        "series": to_dict(settings.format),
        "training": to_dict(settings.training),
        "sources": list(settings.sources),
        "result": run.training,
    }
    tensors = {name: value.detach().cpu().contiguous() for name, value in run.network.state_dict().items()}
    tensors |= {_OFFSET: torch.from_numpy(run.scaling.offset), _SIZE: torch.from_numpy(run.scaling.size)}
    digests = {"weights": files.tensor_digest(tensors), "shape": _shape_digest(config)}
    write = files.write_atomically
    write(path / folder.CONFIG, json.dumps(config, indent=1).encode())
    write(path / folder.METRICS, "".join(_line(report) for report in run.reports).encode())
    write(path / folder.CARD, _card(run).encode())
    write(path / folder.MODULES, folder.OPENED_BY)
    write(path / folder.MODEL, tensors_to_bytes(tensors, metadata=files.to_metadata(digests)))


def load_series_run(path: Path, device: torch.device) -> SeriesRun:
    """Read a run folder, trusting nothing in it.

    Raises:
        RunError: the folder is missing, foreign, of sentences, damaged, tampered with, or of a newer format.
    """
    files.look_into(path, "--series FILE")
    values = folder.read_config(path, "series")
    with folder.telling_version(values):
        return _read_run(path, values, device)


def _read_run(path: Path, values: dict[str, Any], device: torch.device) -> SeriesRun:
    """Read a run folder whose config holds `values`."""
    try:
        settings = SeriesSettings(
            build(SeriesConfig, values["model"]),
            build(SeriesFormat, values["series"]),
            build(SeriesTraining, values["training"]),
            tuple(str(source) for source in values["sources"]),
        )
        dim, result = values["dim"], values["result"]
        names = tuple(str(name) for name in values.get("columns", ()))  # runs of older versions have none
        if not isinstance(dim, int) or not 0 < dim <= _WIDEST or not _is_result(result):
            raise ConfigError("dim or result is out of range")
        if len(names) not in (0, dim):
            raise ConfigError(f"{len(names)} names for {dim} columns")
    except (ConfigError, KeyError, TypeError, AttributeError) as error:
        raise folder.unfit(path / folder.CONFIG, values, error) from None
    network, scaling = _read_weights(path / folder.MODEL, settings, dim, _shape_digest(values))
    return SeriesRun(network.to(device).eval(), scaling, settings, result, names=names)


def _is_result(result: Any) -> bool:
    """Return whether this is what a training tells of itself, as far as it is used."""
    if not isinstance(result, dict):
        return False
    lengths = result.get("lengths", [1, 1])
    counts = [result.get(name, 0) for name in ("step", "steps", "sequences")]
    return (
        isinstance(lengths, list)
        and len(lengths) == 2
        and all(isinstance(one, int) for one in counts + lengths)
    )


def _read_weights(
    file: Path, settings: SeriesSettings, dim: int, shape: str
) -> tuple[SeriesNetwork, Scaling]:
    tensors, metadata = files.read_tensors(file)
    digests = files.from_metadata(metadata)
    if digests.get("weights") != files.tensor_digest(tensors) or digests.get("shape") != shape:
        raise RunError(f"{file}: not what was saved (damaged or mixed files); copy the run again")
    offset, size = (tensors.pop(name, torch.empty(0)).double() for name in (_OFFSET, _SIZE))
    if offset.shape != (dim,) or size.shape != (dim,) or not bool((size > 0).all()):
        raise RunError(f"{file}: its scaling does not fit {folder.CONFIG}; copy the run again")
    network = folder.fitting(file, lambda: build_network(settings.model, dim), tensors)
    kinds = {tensor.dtype for tensor in tensors.values()}
    if kinds == {torch.float64}:
        network = network.double()
    network.load_state_dict(tensors)
    return network, Scaling(offset.numpy(), size.numpy())


def _shape_digest(config: dict[str, Any]) -> str:
    """Return the digest of what the weights mean: the model's shape and the format of the files."""
    shape = {name: config[name] for name in ("dim", "columns", "model", "series") if name in config}
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()


def _line(report: SeriesReport) -> str:
    values = {
        name: value if math.isfinite(value) else None  # JSON has no word for it
        for name, value in asdict(report).items()
    }
    return json.dumps(values) + "\n"


def series_command(settings: SeriesSettings, out: str = "run") -> str:
    """Return the `textrae train` that has these settings, quoted for a shell."""
    files = [word for source in settings.sources or ("SERIES",) for word in ("--series", source)]
    parts = settings.model, settings.format, settings.training
    return with_settings(["textrae", "train", *files, "-o", out], parts)


def _card(run: SeriesRun) -> str:
    model, result = run.settings.model, run.training
    decoder = "the last state" if model.bottleneck == "last" else "the aligned states"
    lines = [
        "# A textrae autoencoder of real-valued series",
        "",
        f"{model.cell.upper()} encoder of {model.hidden} units, {run.network.dim} dimensions a step; the decoder sees {decoder}.",
        "",
        *([f"Columns: {', '.join(run.names)}.", ""] if run.names else []),
        f"Trained on {', '.join(run.settings.sources) or 'sequences given in memory'}: {result.get('step', 0):,} steps.",
        "",
        "```python",
        "from textrae import SeriesAutoencoder",
        'model = SeriesAutoencoder.load("path/to/this/folder")',
        'errors = model.score(model.read("series.csv").values)',
        "```",
        "",
        "Trained again by:",
        "",
        "```sh",
        series_command(run.settings),
        "```",
        "",
    ]
    tags = ["recurrent-autoencoder", "time-series", "anomaly-detection"]
    return with_header({"library_name": "textrae", "tags": tags}, "\n".join(lines))
