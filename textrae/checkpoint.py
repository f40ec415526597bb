"""The run folder as typed values: a finished run, and the state of a training that goes on.

Every file is written beside its place and renamed, so a crash leaves the old one or the new one. Within a training,
`config.json` and `tokenizer.model` never change once written, and `model.safetensors` carries their digests and its
own: whatever instant a crash falls on, the three fit together or the folder says that they do not. Nothing is a
pickle, and nothing read here is executed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor, nn

from textrae.card import model_card
from textrae.config import CorpusConfig, ModelConfig, TrainingConfig, build, to_dict
from textrae.density import Latents
from textrae.errors import ConfigError, CorpusError, RunError
from textrae.nn.autoencoder import Autoencoder
from textrae.text.tokenizer import Tokenizer
from textrae.version import __version__

FORMAT = 1
"""Number of the run folder's layout; a folder with a larger one was written by a newer textrae."""
CONFIG, MODEL, LATENTS, TOKENIZER, TARGET_TOKENIZER, METRICS, CARD = (
    "config.json",
    "model.safetensors",
    "latents.safetensors",
    "tokenizer.model",
    "target-tokenizer.model",
    "metrics.jsonl",
    "README.md",
)
CHECKPOINT, STATE, SETTINGS = "checkpoint", "training.safetensors", "settings.json"
_FILES = (CONFIG, LATENTS, TOKENIZER, TARGET_TOKENIZER, METRICS, CARD, MODEL)
"""What a run folder holds, beside a training's checkpoint; the weights last."""
Network = TypeVar("Network", bound=nn.Module)
_KINDS = {"text": "sentences", "series": "real-valued series (`textrae reconstruct` and `score` use it)"}
_LARGEST_JSON = 1 << 20
_RENAMED = {"denoise": "noise_blank"}
"""Settings that older runs call otherwise."""
_BEFORE = {"encoding_scale": 1.0}
"""What older runs had before there was such a setting."""
_SLOTS_BEFORE = {"slot_addressing": "content"}
"""And those with slots."""


@dataclass(frozen=True)
class Settings:
    """Everything that decides what a training does; kept to resume it and to tell how a model was made."""

    model: ModelConfig
    corpus: CorpusConfig
    training: TrainingConfig
    sources: tuple[str, ...] = ()
    """The corpus as it was named."""
    valid: str | None = None
    """The validation file as it was named."""
    target: tuple[str, ...] = ()
    """Of parallel text: the other side of each source."""
    target_languages: tuple[str, ...] = ()
    """The language of each target, where there are several."""
    valid_target: str | None = None
    """And of the validation file."""
    encoder: str | None = None
    """The run whose encoder this one began with."""
    decoder: str | None = None
    """The run whose decoder it began with."""
    vectors: str | None = None
    """The file of vectors that are read instead of a text; `sources` are what is written for them."""
    valid_vectors: str | None = None
    """The same of the validation file."""

    def to_json(self) -> dict[str, Any]:
        """Plain values; :meth:`from_json` reads them back."""
        parts = {name: to_dict(getattr(self, name)) for name in ("model", "corpus", "training")}
        files = {"sources": list(self.sources), "valid": self.valid}
        pairs = {"target": list(self.target), "valid_target": self.valid_target}
        begun = {"encoder": self.encoder, "decoder": self.decoder}
        pairs["target_languages"] = list(self.target_languages)
        given = {"vectors": self.vectors, "valid_vectors": self.valid_vectors}
        return {**parts, **files, **pairs, **begun, **given}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Settings:
        """Raises :class:`ConfigError` where a value does not fit, :class:`KeyError` where one is missing."""
        training = {_RENAMED.get(name, name): value for name, value in values["training"].items()}
        slots = _SLOTS_BEFORE if values["model"].get("slots") else {}
        model = {**_BEFORE, **slots, **values["model"]}
        return cls(
            build(ModelConfig, model),
            build(CorpusConfig, values["corpus"]),
            build(TrainingConfig, training),
            tuple(str(source) for source in values["sources"]),
            values["valid"],
            tuple(str(target) for target in values.get("target", ())),
            tuple(str(language) for language in values.get("target_languages", ())),
            values.get("valid_target"),
            values.get("encoder"),
            values.get("decoder"),
            values.get("vectors"),
            values.get("valid_vectors"),
        )


@dataclass
class Run:
    """A model that can be used: what a run folder holds."""

    network: Autoencoder
    tokenizer: Tokenizer
    settings: Settings
    training: dict[str, Any] = field(default_factory=dict)
    """Facts of the training: steps, tokens, seconds, validation loss, corpus statistics."""
    latents: Latents | None = None
    """Encodings of training sentences; None where they are not kept."""
    target_tokenizer: Tokenizer | None = None
    """Of a model that translates into a vocabulary of its own; None where what is written has the same one."""

    @property
    def translates(self) -> bool:
        """Whether what is written is not what was read."""
        return bool(self.settings.target)

    @property
    def writer(self) -> Tokenizer:
        """The tokenizer of what is written."""
        return self.target_tokenizer or self.tokenizer


def save_run(path: Path, run: Run, *, overwrite: bool = False) -> None:
    """Write a run folder whole: elsewhere first, then renamed.

    Raises:
        RunError: something is there already and `overwrite` is not set, or it is no run, or the disk refuses.
    """
    write_folder(path, lambda fresh: publish(fresh, run), overwrite=overwrite)


def write_folder(path: Path, fill: Callable[[Path], None], *, overwrite: bool = False) -> None:
    """Have `fill` write a run into a folder beside `path`, then rename it; into a run that is there, its files.

    Raises:
        RunError: something is there already and `overwrite` is not set, or it is no run, or the disk refuses.
    """
    if path.exists() and not overwrite:
        raise RunError(f"{path}: exists already; choose another folder or allow overwriting it")
    refuse_foreign(path)
    with _said(path):
        inside = (
            path.is_dir()
        )  # which may be where a disk is mounted, or the working folder: it cannot be renamed
        if not inside:
            path.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path if inside else path.parent))
        try:
            fresh.chmod(0o755)
            fill(fresh)
            if inside:
                _move(fresh, path)
            else:
                fresh.rename(path)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def _move(fresh: Path, path: Path) -> None:
    """The run in `fresh` to the place of that in `path`, which comes back if that fails; at no instant do files mix unnoticed."""
    aside, placed = fresh / "before", list[str]()
    aside.mkdir()
    try:
        for name in reversed(_FILES):  # the weights first
            if (path / name).is_file():
                (path / name).replace(aside / name)
        for name in _FILES:
            if (fresh / name).exists():
                (fresh / name).replace(path / name)
                placed.append(name)
    except BaseException:
        for name in placed:
            (path / name).unlink()
        for name in _FILES:
            if (aside / name).exists():
                (aside / name).replace(path / name)
        raise
    shutil.rmtree(path / CHECKPOINT, ignore_errors=True)


def refuse_foreign(path: Path) -> None:
    """Raise :class:`RunError` where `path` is a file, or a folder that holds something and is no run of any kind."""
    if path.exists() and not path.is_dir():
        raise RunError(f"{path}: is a file; give another folder")
    if not path.is_dir() or not any(path.iterdir()):
        return
    try:
        known = isinstance(read_json(path / CONFIG).get("format"), int)
    except RunError:  # missing, or damaged: half-made, or at least nothing but what a run has
        files = {entry.name for entry in path.iterdir()}
        known = (path / CHECKPOINT / SETTINGS).is_file()
        known |= bool(files & {CHECKPOINT, CONFIG}) and files <= {*_FILES, CHECKPOINT}
    if not known:
        raise RunError(f"{path}: holds files that are not a textrae run; give an empty or a new folder")


def publish(path: Path, run: Run) -> None:
    """Write a run's files into an existing folder that holds no other run, the weights last."""
    config = json.dumps(
        {"format": FORMAT, "textrae": __version__, **run.settings.to_json(), "result": run.training}, indent=1
    ).encode()
    tokenizer = run.tokenizer.to_bytes()
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in run.network.state_dict().items()}
    digests = {
        "weights": tensor_digest(weights),
        "tokenizer": _digest(tokenizer),
        "shape": _shape_digest(to_dict(run.settings.model)),
    }
    target = None if run.target_tokenizer is None else run.target_tokenizer.to_bytes()
    if target is not None:
        digests["target tokenizer"] = _digest(target)
    latents = run.latents.to_tensors() if run.latents is not None else None
    if latents is not None:
        digests["latents"] = tensor_digest(latents)
    with _said(path):
        if not _belongs(path / MODEL, digests):
            (path / MODEL).unlink(missing_ok=True)  # another run's weights must not stand beside this config
        write_atomically(path / TOKENIZER, tokenizer)
        if target is not None:
            write_atomically(path / TARGET_TOKENIZER, target)
        else:
            (path / TARGET_TOKENIZER).unlink(missing_ok=True)
        write_atomically(path / CONFIG, config)
        write_atomically(path / CARD, _card(run).encode())
        if latents is not None:
            write_atomically(path / LATENTS, tensors_to_bytes(latents))
        else:
            (path / LATENTS).unlink(missing_ok=True)
        write_atomically(path / MODEL, tensors_to_bytes(weights, metadata=to_metadata(digests)))


def to_metadata(digests: Mapping[str, str]) -> dict[str, str]:
    """One entry: safetensors writes several in an order that differs from process to process."""
    return {"textrae": json.dumps(digests, sort_keys=True)}


def from_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """What :func:`to_metadata` made; nothing where there is something else."""
    try:
        digests = json.loads(metadata.get("textrae", ""))
    except (ValueError, RecursionError):
        return {}
    return digests if isinstance(digests, dict) else {}


def _belongs(file: Path, digests: Mapping[str, str]) -> bool:
    """Whether the weights in `file` go with the same config and tokenizer."""
    try:
        with safe_open(file, framework="pt") as opened:
            found = from_metadata(opened.metadata() or {})
    except (SafetensorError, OSError):
        return False
    return all(found.get(part) == digests.get(part) for part in ("tokenizer", "target tokenizer", "shape"))


def load_run(path: Path, device: torch.device | None = None) -> Run:
    """Read a run folder, trusting nothing in it.

    Raises:
        RunError: the folder is missing, foreign, truncated, tampered with, unfinished, or of a newer format.
    """
    if not path.is_dir():
        raise RunError(f"{path}: no such run folder; train one with `textrae train CORPUS -o {path}`")
    if not (path / MODEL).is_file() and (path / CHECKPOINT).is_dir():
        raise RunError(
            f"{path}: its training has not finished; go on with `textrae train --resume -o {path}`"
        )
    settings, result, shape = _read_settings(path)
    try:
        tokenizer = Tokenizer.load(path / TOKENIZER)
    except CorpusError as error:
        raise RunError(str(error)) from None
    weights, metadata = read_tensors(path / MODEL)
    digests = from_metadata(metadata)
    target = None
    if "target tokenizer" in digests:
        try:
            target = Tokenizer.load(path / TARGET_TOKENIZER)
        except CorpusError as error:
            raise RunError(str(error)) from None
    shape_of = (settings.model, tokenizer.vocab_size, None if target is None else target.vocab_size)
    network = fitting(path / MODEL, lambda: Autoencoder(*shape_of), weights)
    expected = {
        "weights": tensor_digest(weights),
        "tokenizer": tokenizer.digest,
        "shape": shape,
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
    return Run(network.to(device or torch.device("cpu")).eval(), tokenizer, settings, result, latents, target)


def _read_latents(file: Path, digest: str | None, numbers: int) -> Latents | None:
    """What :func:`publish` wrote beside the weights; None if that was nothing."""
    if digest is None:
        return None
    tensors, _ = read_tensors(file)
    if tensor_digest(tensors) != digest:
        raise RunError(f"{file}: is not what was saved (damaged or mixed files); copy the run again")
    try:
        return Latents.from_tensors(tensors, numbers)
    except ValueError as error:
        raise RunError(f"{file}: damaged ({error}); copy the run again") from None


def load_settings(path: Path) -> Settings:
    """The settings of a run folder, without its weights; raises as :func:`load_run`."""
    if not path.is_dir():
        raise RunError(f"{path}: no such run folder; train one with `textrae train CORPUS -o {path}`")
    return _read_settings(path)[0]


def read_config(path: Path, kind: str) -> dict[str, Any]:
    """The config of a run folder of a kind, ``text`` or ``series``, as plain values.

    Raises:
        RunError: the folder is foreign, damaged, of a newer format, or of the other kind.
    """
    file = path / CONFIG
    if not file.is_file():
        raise RunError(
            f"{path}: not a textrae run (it has no {CONFIG}); give the folder that `textrae train -o` wrote"
        )
    values = read_json(file)
    number = values.get("format")
    if isinstance(number, int) and number > FORMAT:
        raise RunError(
            f"{file}: format {number} is newer than this textrae reads ({FORMAT}); upgrade textrae"
        )
    if number != FORMAT:
        raise RunError(
            f"{file}: not a textrae run (no format number); give the folder that `textrae train -o` wrote"
        )
    found = values.get("kind", "text")
    if found != kind:
        raise RunError(
            f"{path}: a run of {_KINDS.get(str(found), 'another kind')}; give one of {_KINDS[kind]} here"
        )
    return values


def is_series(path: Path) -> bool:
    """Whether a folder is a run of real-valued sequences.

    Raises:
        RunError: its config is damaged.
    """
    return (path / CONFIG).is_file() and read_json(path / CONFIG).get("kind") == "series"


def _read_settings(path: Path) -> tuple[Settings, dict[str, Any], str]:
    """Settings, result, and the digest of the shape as it is written: an older textrae had fewer switches."""
    values = read_config(path, "text")
    try:
        settings = Settings.from_json(values)
    except (ConfigError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{path / CONFIG}: damaged or edited: {error}; copy the run again") from None
    result = values.get("result")
    return settings, result if isinstance(result, dict) else {}, _shape_digest(values["model"])


def fitting(file: Path, make: Callable[[], Network], weights: Mapping[str, Tensor]) -> Network:
    """The network that is to hold the weights, allocated only if they are exactly its own.

    Raises:
        RunError: they are not.
    """
    try:
        with torch.device("meta"):
            own = make().state_dict()
    except (RuntimeError, TypeError, OverflowError):  # sizes that no memory has
        own = {}
    for name in own.keys() | weights.keys():
        if name not in weights or name not in own or own[name].shape != weights[name].shape:
            raise RunError(
                f"{file}: {name} does not fit the model that {CONFIG} describes; copy the run again"
            )
    return make()


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object from a file of bounded size; anything else is a :class:`RunError`."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(_LARGEST_JSON + 1)
        values = json.loads(raw) if len(raw) <= _LARGEST_JSON else None
    except OSError as error:
        raise RunError(f"{file}: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise RunError(f"{file}: damaged (not a JSON object of sensible size); copy the run again")
    return values


def read_tensors(file: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and the metadata of a safetensors file; a damaged one is a :class:`RunError`."""
    try:
        with safe_open(file, framework="pt") as opened:
            return {name: opened.get_tensor(name) for name in opened.keys()}, opened.metadata() or {}  # noqa: SIM118
    except FileNotFoundError:
        raise RunError(f"{file}: missing; copy the run again") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(f"{file}: truncated or damaged ({error}); copy the run again") from None


def write_atomically(file: Path, content: bytes) -> None:
    """Write beside and rename, so that `file` is the old or the new and never half of one."""
    beside = file.with_name(f".{file.name}.partial")  # one name: what a kill leaves, the next write replaces
    try:
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into one line."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"{error.filename or path}: cannot write ({error.strerror or error}); free or choose another place"
        ) from None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _shape_digest(model: Mapping[str, Any]) -> str:
    """Of what the weights mean: the model's shape alone, so that a result may be noted in the config."""
    return _digest(json.dumps(model, sort_keys=True).encode())


def tensor_digest(tensors: Mapping[str, Tensor]) -> str:
    """Of names and values, whatever their order."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        total.update(name.encode())
        total.update(tensors[name].contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()


def _card(run: Run) -> str:
    settings = run.settings
    return model_card(
        settings.model, settings.sources, settings.target, run.tokenizer.vocab_size, run.training
    )
