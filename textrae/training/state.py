"""What a training works on and where it stands, and how a checkpoint keeps and restores that."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import torch
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor

from textrae.devices import autocast
from textrae.errors import RunError, TrainingError
from textrae.nn.autoencoder import Autoencoder
from textrae.runs.files import opened, read_tensors, write_atomically
from textrae.runs.metrics import LARGEST
from textrae.settings.training import TrainingConfig
from textrae.text.batch import Gathered, LengthBuckets, Rows, Specials
from textrae.text.segments import Segmenter
from textrae.training.copying import Exercises
from textrae.training.meaning import Objective
from textrae.training.optimizer import load_optimizer, optimizer_tensors, part
from textrae.training.processes import ALONE, Processes
from textrae.training.regularisers import Regulariser

_LARGEST = 2**53
"""Number below which the counts of a progress lie."""


@dataclass
class Progress:
    """Where a training stands, as its checkpoint keeps it."""

    step: int = 0
    epoch: int = 0
    batch: int = 0
    """Batches of this epoch that are done."""
    shards: int = 1
    """Parts that a batch is cut into: as many as processes began the training, times the batches that are added up."""
    tokens: int = 0
    """Target tokens seen, ends counted."""
    sentences: int = 0
    """Training sentences seen."""
    seconds: float = 0.0
    """Seconds of training, over all sittings."""
    valid_seconds: float = 0.0
    """Seconds of these that went to validations."""
    validations: int = 0
    valid_loss: float = math.inf
    """Validation loss of the best model so far, nats a token; infinite before the first finite one."""
    planned_validations: int = 0
    """Validations that the budget has room for; 0 before that is known."""
    planned_rows: int = 0
    """Sentences that a validation measures on; 0 before that is known."""
    planned_kept: int = 0
    """Encodings of training sentences that the run keeps, at most; 0 before that is known."""
    skipped: int = 0
    """Updates skipped because their gradient was not finite."""
    decoder_reset: int = 0
    """1 once the decoder has been reinitialised."""
    burst: int = 0
    """Encoder updates since the last decoder update, in aggressive training."""
    burst_loss: float = 0.0
    """Sum of the loss over the last of these encoder updates."""
    burst_before: float = 0.0
    """Sum of the loss over the encoder updates before those."""
    settled: int = 0
    """1 once the mutual information has stopped growing."""
    information: float = -1.0
    """Mutual information at the last validation, nats."""


@dataclass(frozen=True, kw_only=True)
class TrainingReport:
    """What a training reports while it runs; also a line of `metrics.jsonl`."""

    kind: str
    """``train`` or ``valid``."""
    step: int
    done: float
    """Share of the budget that is spent, 0 to 1."""
    loss: float
    """Nats a token (squared distance a token with ``mse``), a variational model's weighted KL included."""
    tokens: int
    seconds: float
    """Seconds of training so far, with validations."""
    rate: float
    """Learning rate."""
    passes: float
    """Passes over the corpus so far."""
    valid_seconds: float = 0.0
    """Seconds that went to validations."""
    accuracy: float | None = None
    """Share of teacher-forced tokens that are right, for ``valid``."""
    losses: dict[str, float] | None = None
    """Reconstruction loss of each language of several, nats a token, for ``valid``; `loss` is their mean over tokens."""
    kl: float | None = None
    """KL divergence of a variational model, nats a sentence, for ``valid`` (as are the next three)."""
    kl_by_dimension: list[float] | None = None
    """KL divergence of each latent dimension, nats."""
    active_units: int | None = None
    """Latent dimensions in use (:mod:`textrae.latent.posterior`)."""
    mutual_information: float | None = None
    """Mutual information of sentence and encoding, nats."""
    advice: str | None = None
    """Advice if the posterior has collapsed."""


@dataclass(kw_only=True)
class Trainer:
    """What the loop works on: the network, its data, and where its state is kept."""

    network: Autoencoder
    train: Rows
    valid: Rows
    specials: Specials
    config: TrainingConfig
    valid_size: int
    device: torch.device
    bf16: bool
    mse_weight: float = 0.0
    """λ of the mixed loss."""
    copying: Exercises | None = None
    """Exercises in copying; None for none."""
    objectives: Sequence[Objective] = ()
    """What teaches the part of encodings for meaning."""
    regulariser: Regulariser | None = None
    """What makes encodings resemble draws from the prior."""
    segmenter: Segmenter | None = None
    """Cuts the sentences of a hierarchical model."""
    targets: Rows | None = None
    """Targets, row by row beside `train`; without them each sentence is its own target."""
    valid_targets: Rows | None = None
    """Targets of the validation rows."""
    vectors: Gathered | None = None
    """Vectors that are read instead of a text, or that teach; `train` holds their row numbers."""
    numbered: bool = False
    """Whether `train` holds numbers of lines, and `targets` the lines."""
    valid_vectors: Gathered | None = None
    """Vectors of the validation rows."""
    processes: Processes = ALONE
    """Processes that train together."""
    languages: tuple[str, ...] = ()
    """Names of the languages that the targets are of, where they are named."""
    checkpoint: Path | None = None
    """File of the checkpoint; None keeps none."""
    metrics: Path | None = None
    """File that gets a JSON line for each report."""
    on_report: Callable[[TrainingReport], None] = lambda report: None
    on_note: Callable[[str], None] = lambda line: None
    should_stop: Callable[[], bool] = lambda: False
    progress: Progress = field(default_factory=Progress)
    best: dict[str, Tensor] = field(default_factory=dict)

    @property
    def passes(self) -> float:
        """Passes over the corpus so far."""
        return self.progress.sentences / len(self.train)

    def buckets(self, batch_tokens: int, seed: int, valid: bool = False) -> LengthBuckets:
        """Return batches of the training rows, or of the validation rows."""
        rows, targets, vectors = (
            (self.valid, self.valid_targets, self.valid_vectors)
            if valid
            else (self.train, self.targets, self.vectors)
        )
        tagged = self.network.first_tag < self.network.output.num_embeddings
        return LengthBuckets(
            rows,
            batch_tokens,
            self.specials,
            seed,
            self.segmenter,
            targets,
            vectors,
            tagged,
            numbered=self.numbered and not valid,
        )

    def autocast(self) -> AbstractContextManager[object]:
        """Return a context in which products are bfloat16 where that was chosen."""
        return autocast(self.device, self.bf16)


def save_state(trainer: Trainer, optimizer: torch.optim.Optimizer) -> None:
    """Write everything that the next step depends on, in one file renamed into place."""
    if trainer.checkpoint is None or not trainer.processes.leads:
        return
    tensors = {f"model.{name}": value for name, value in trainer.network.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in trainer.best.items()}
    tensors |= optimizer_tensors("optimizer.", optimizer)
    if trainer.regulariser is not None:
        tensors |= trainer.regulariser.state_dict()
    tensors["random.cpu"] = torch.get_rng_state()
    if trainer.device.type != "cpu":
        tensors[f"random.{trainer.device.type}"] = torch.get_device_module(trainer.device).get_rng_state()
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    progress = json.dumps(
        {name: value for name, value in asdict(trainer.progress).items() if value != math.inf}
    )
    try:
        write_atomically(trainer.checkpoint, tensors_to_bytes(tensors, metadata={"progress": progress}))
    except OSError as error:
        raise RunError(
            f"{trainer.checkpoint}: cannot write the checkpoint ({error.strerror or error}); free some space, then continue with `resume=True`"
        ) from None


def resume(trainer: Trainer, optimizer: torch.optim.Optimizer) -> None:
    """Restore the state of a checkpoint, if there is one.

    Raises:
        TrainingError: it does not belong to this training.
    """
    if trainer.checkpoint is None or not trainer.checkpoint.exists():
        _trim_metrics(trainer.metrics, 0)
        trainer.progress.shards = trainer.processes.size * trainer.config.accumulate
        return
    tensors, metadata = read_tensors(trainer.checkpoint)
    try:
        for name, value in dict(json.loads(metadata["progress"])).items():
            _refuse_odd(name, value)
            setattr(trainer.progress, name, value)
        best = part(tensors, "best.")
        for weights in (best, part(tensors, "model.")) if best else (part(tensors, "model."),):
            trainer.network.load_state_dict(weights)
        trainer.best = {name: value.to(trainer.device) for name, value in best.items()}
        load_optimizer(optimizer, part(tensors, "optimizer."))
        if trainer.regulariser is not None:
            trainer.regulariser.load_state_dict(tensors)
        torch.set_rng_state(tensors["random.cpu"])
        drawn = tensors.get(f"random.{trainer.device.type}")
        if drawn is not None and trainer.device.type != "cpu":
            torch.get_device_module(trainer.device).set_rng_state(drawn)
    except (KeyError, ValueError, RuntimeError, TypeError, RecursionError) as error:
        said = (str(error).splitlines() or [""])[0][:200]
        raise TrainingError(
            f"{trainer.checkpoint}: not a state of this training ({said}); start again with `overwrite=True`"
        ) from None
    if trainer.progress.shards < trainer.processes.size:
        raise TrainingError(
            f"{trainer.checkpoint}: this training cuts its batches into {trainer.progress.shards}, too few for "
            f"{trainer.processes.size} processes; start as many as that, or fewer"
        )
    _trim_metrics(trainer.metrics, trainer.progress.step)


def _refuse_odd(name: str, value: object) -> None:
    """Raise `ValueError` for a value that no training has written as the progress of that name."""
    known = {one.name: one.default for one in fields(Progress)}
    if name not in known or not isinstance(value, int | float):
        raise ValueError(f"odd entry {name[:40]!r}")
    if isinstance(known[name], int) and not (isinstance(value, int) and 0 <= value < _LARGEST):
        raise ValueError(f"odd value of {name!r}")


def _trim_metrics(metrics: Path | None, step: int) -> None:
    """Drop the lines of the metrics that will be written again."""
    if metrics is None or not metrics.exists():
        return
    kept = []
    with opened(metrics) as stream:
        lines = stream.read(LARGEST).split(b"\n")
    for line in lines:
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line + b"\n")
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # the last line of a killed process may be half of one
    write_atomically(metrics, b"".join(kept))
