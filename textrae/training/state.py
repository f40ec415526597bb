"""What a training works on and where it stands, and how that is kept and taken up again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor

from textrae.devices import autocast
from textrae.errors import RunError, TrainingError
from textrae.nn.autoencoder import Autoencoder
from textrae.runs.files import read_tensors, write_atomically
from textrae.settings.model import Regulariser
from textrae.settings.training import TrainingConfig
from textrae.text.batch import Gathered, LengthBuckets, Rows, Specials
from textrae.text.segments import Segmenter
from textrae.training.regularisers import Critic


@dataclass
class Progress:
    """Where a training stands; kept in its checkpoint."""

    step: int = 0
    epoch: int = 0
    batch: int = 0
    """Batches done of this epoch."""
    tokens: int = 0
    """Target tokens seen, ends counted."""
    sentences: int = 0
    """Seen."""
    seconds: float = 0.0
    """Spent training, over all sittings."""
    validations: int = 0
    valid_loss: float = math.inf
    """Of the best model so far, nats a token."""
    skipped: int = 0
    """Updates left out because their gradient was not finite."""
    decoder_reset: int = 0
    """1 once the decoder has begun anew."""
    burst: int = 0
    """Updates of the encoder since the last one of the decoder, in aggressive training."""
    burst_loss: float = 0.0
    """Sum of the loss over the last of them."""
    burst_before: float = 0.0
    """The same over those before."""
    settled: int = 0
    """1 once the mutual information has stopped growing."""
    information: float = -1.0
    """Mutual information at the last validation, nats."""


@dataclass(frozen=True)
class Report:
    """What training tells while it runs; also a line of `metrics.jsonl`."""

    kind: str
    """``train`` or ``valid``."""
    step: int
    done: float
    """Share of the budget used, 0 to 1."""
    loss: float
    """Nats a token (squared distance a token with ``mse``); the weighted KL of a variational model included."""
    tokens: int
    seconds: float
    rate: float
    """Learning rate."""
    passes: float
    """Over the corpus, so far."""
    accuracy: float | None = None
    """Of teacher-forced tokens, for ``valid``."""
    kl: float | None = None
    """Nats a sentence, of a variational model, for ``valid``; so are the next ones."""
    kl_by_dimension: list[float] | None = None
    """Of each latent number."""
    active_units: int | None = None
    """Latent numbers in use, as :mod:`textrae.latent.posterior` has it."""
    mutual_information: float | None = None
    """Nats."""
    advice: str | None = None
    """What to do, if the posterior has collapsed."""


@dataclass
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
    regulariser: Regulariser = "none"
    """What makes encodings alike to draws from the prior."""
    segmenter: Segmenter | None = None
    """Cuts the sentences of a hierarchical model."""
    targets: Rows | None = None
    """Row by row beside `train`, what is to be written; the same, without them."""
    valid_targets: Rows | None = None
    """Beside `valid`."""
    vectors: Gathered | None = None
    """What is read instead of a text; `train` holds their numbers."""
    valid_vectors: Gathered | None = None
    """The same of `valid`."""
    checkpoint: Path | None = None
    """File that the state is written to; None keeps none."""
    metrics: Path | None = None
    """File that a JSON line is added to for each report."""
    on_report: Callable[[Report], None] = lambda report: None
    should_stop: Callable[[], bool] = lambda: False
    progress: Progress = field(default_factory=Progress)
    best: dict[str, Tensor] = field(default_factory=dict)
    critic: Critic | None = None
    """Of an adversarial regulariser; made with the trainer, as is its optimizer."""
    critic_optimizer: torch.optim.Optimizer | None = None

    def __post_init__(self) -> None:
        if self.regulariser == "adversarial":
            assert self.network.bottleneck is not None
            numbers = self.network.bottleneck.latent * max(1, self.network.slot_count)
            self.critic = Critic(numbers).to(self.device)
            self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), betas=(0.5, 0.999))

    @property
    def passes(self) -> float:
        """How often the corpus has been seen."""
        return self.progress.sentences / len(self.train)

    def buckets(self, batch_tokens: int, seed: int, valid: bool = False) -> LengthBuckets:
        """Batches of what is trained on, or of what is held out."""
        rows, targets, vectors = (
            (self.valid, self.valid_targets, self.valid_vectors)
            if valid
            else (self.train, self.targets, self.vectors)
        )
        tagged = self.network.first_tag < self.network.output.num_embeddings
        return LengthBuckets(
            rows, batch_tokens, self.specials, seed, self.segmenter, targets, vectors, tagged
        )

    def autocast(self) -> AbstractContextManager[object]:
        """Products in bfloat16 where that was chosen."""
        return autocast(self.device, self.bf16)


def save_state(trainer: Trainer, optimizer: torch.optim.Optimizer) -> None:
    """Write everything that the next step depends on, in one file renamed into place."""
    if trainer.checkpoint is None:
        return
    tensors = {f"model.{name}": value for name, value in trainer.network.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in trainer.best.items()}
    tensors |= _optimizer_tensors("optimizer.", optimizer)
    if trainer.critic is not None and trainer.critic_optimizer is not None:
        tensors |= {f"critic.{name}": value for name, value in trainer.critic.state_dict().items()}
        tensors |= _optimizer_tensors("critic_optimizer.", trainer.critic_optimizer)
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
            f"{trainer.checkpoint}: cannot write the checkpoint ({error.strerror or error}); free some space, then go on with --resume"
        ) from None


def resume(trainer: Trainer, optimizer: torch.optim.Optimizer) -> None:
    """Take up the state of a checkpoint, if there is one."""
    if trainer.checkpoint is None or not trainer.checkpoint.exists():
        _trim_metrics(trainer.metrics, 0)
        return
    tensors, metadata = read_tensors(trainer.checkpoint)
    try:
        for name, value in json.loads(metadata["progress"]).items():
            if not isinstance(value, int | float) or not hasattr(trainer.progress, name):
                raise ValueError(f"odd entry {name!r}")
            setattr(trainer.progress, name, value)
        trainer.network.load_state_dict(_part(tensors, "model."))
        trainer.best = {name: value.to(trainer.device) for name, value in _part(tensors, "best.").items()}
        _load_optimizer(optimizer, _part(tensors, "optimizer."))
        if trainer.critic is not None and trainer.critic_optimizer is not None:
            trainer.critic.load_state_dict(_part(tensors, "critic."))
            _load_optimizer(trainer.critic_optimizer, _part(tensors, "critic_optimizer."))
        torch.set_rng_state(tensors["random.cpu"])
        drawn = tensors.get(f"random.{trainer.device.type}")
        if drawn is not None and trainer.device.type != "cpu":
            torch.get_device_module(trainer.device).set_rng_state(drawn)
    except (KeyError, ValueError, RuntimeError, TypeError) as error:
        said = str(error).splitlines()[0]
        raise TrainingError(
            f"{trainer.checkpoint}: not a state of this training ({said}); start anew with --overwrite"
        ) from None
    _trim_metrics(trainer.metrics, trainer.progress.step)


def _optimizer_tensors(prefix: str, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    states = optimizer.state_dict()["state"].items()
    return {f"{prefix}{number}.{name}": value for number, state in states for name, value in state.items()}


def _load_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        number, _, slot = name.partition(".")
        state.setdefault(int(number), {})[slot] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _trim_metrics(metrics: Path | None, step: int) -> None:
    """Drop the lines that will be written again."""
    if metrics is None or not metrics.exists():
        return
    kept = []
    for line in metrics.read_bytes().split(b"\n"):
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line + b"\n")
        except (ValueError, KeyError, TypeError):
            continue  # the last line of a killed process may be half of one
    write_atomically(metrics, b"".join(kept))
