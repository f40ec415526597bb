"""Training: one visible loop, fitted to a budget and resumable at any step."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor, nn

from textrae.checkpoint import read_tensors, write_atomically
from textrae.config import SeriesTraining, TrainingConfig
from textrae.errors import DeviceError, RunError, TrainingError
from textrae.losses import blank_out, kl_divergence, reconstruction_loss, token_losses
from textrae.nn.autoencoder import Autoencoder
from textrae.text.batch import Batch, LengthBuckets, Rows, Specials, crossover
from textrae.text.segments import Segmenter

LOG_EVERY = 50
"""Steps between two lines of the metrics."""
_PATIENCE = 20
"""Steps since the last report, all with a gradient that is not finite, after which training gives up."""


@dataclass
class Progress:
    """Where a training stands; kept in its checkpoint."""

    step: int = 0
    epoch: int = 0
    batch: int = 0
    """Batches done of this epoch."""
    tokens: int = 0
    """Target tokens seen, ends counted."""
    seconds: float = 0.0
    """Spent training, over all sittings."""
    validations: int = 0
    valid_loss: float = math.inf
    """Of the best model so far, nats a token."""
    skipped: int = 0
    """Updates left out because their gradient was not finite."""


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
    accuracy: float | None = None
    """Of teacher-forced tokens, for ``valid``."""
    kl: float | None = None
    """Nats a sentence, of a variational model, for ``valid``."""


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
    segmenter: Segmenter | None = None
    """Cuts the sentences of a hierarchical model."""
    checkpoint: Path | None = None
    """File that the state is written to; None keeps none."""
    metrics: Path | None = None
    """File that a JSON line is added to for each report."""
    on_report: Callable[[Report], None] = lambda report: None
    should_stop: Callable[[], bool] = lambda: False
    progress: Progress = field(default_factory=Progress)
    best: dict[str, Tensor] = field(default_factory=dict)

    def autocast(self) -> AbstractContextManager[object]:
        """Products in bfloat16 where that was chosen."""
        return autocast(self.device, self.bf16)


def fit(trainer: Trainer) -> bool:
    """Train until the budget is spent.

    The network holds the best weights by validation loss afterwards. When :attr:`Trainer.should_stop` says so, the
    state is written and the network holds the latest weights.

    Returns:
        Whether the budget was spent (False: stopped early, to be resumed).

    Raises:
        TrainingError: gradients stay non-finite, or the checkpoint does not belong to this training.
    """
    config, progress, network = trainer.config, trainer.progress, trainer.network
    optimizer = make_optimizer(network, config)
    resume(trainer, optimizer)
    buckets = LengthBuckets(
        trainer.train, config.batch_tokens, trainer.specials, config.seed, trainer.segmenter
    )
    total_steps = step_budget(config, buckets)
    clock, saved = time.perf_counter() - progress.seconds, time.perf_counter()
    window = _Window(progress)

    for batch in _endless(buckets, progress):
        progress.seconds = time.perf_counter() - clock
        done = (
            progress.step / total_steps if total_steps else progress.seconds / (60 * (config.minutes or 10.0))
        )
        if done >= (progress.validations + 1) / config.validations or done >= 1:
            _validate(trainer, min(done, 1.0))
            progress.seconds = time.perf_counter() - clock
        if done >= 1 or trainer.should_stop():
            break
        if time.perf_counter() - saved > 60 * config.checkpoint_minutes:
            window.close()
            save_state(trainer, optimizer)
            saved, window = time.perf_counter(), _Window(progress)

        network.train()
        rate = config.lr * schedule(done, config.warmup)
        for group in optimizer.param_groups:
            group["lr"] = rate
        tokens = int(batch.lengths.sum())
        batch = crossover(batch.to(trainer.device), config.crossover)
        source, previous = noisy(batch, trainer)
        with trainer.autocast():
            features, latent = network(
                source, batch.lengths, previous, batch.tree, rehearsal(config, done) if batch.tree else 0.0
            )
            pad, weight = trainer.specials.pad, trainer.mse_weight
            loss = reconstruction_loss(network, features, batch.target, pad, weight)
            if latent.mean is not None:
                loss = loss + beta(config, done) * kl_divergence(latent).sum() / tokens
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        finite = optimizer.clip(config.clip)
        optimizer.step()

        progress.step += 1
        progress.batch += 1
        progress.tokens += tokens
        window.add(loss.detach(), tokens, finite)
        if progress.step % LOG_EVERY == 0:
            loss_since = window.close()
            _tell(
                trainer,
                Report("train", progress.step, done, loss_since, progress.tokens, progress.seconds, rate),
            )
            window = _Window(progress)

    window.close()
    if done < 1:
        save_state(trainer, optimizer)
        return False
    network.load_state_dict(trainer.best)
    return True


class ClippedAdamW(torch.optim.AdamW):
    """AdamW whose fused step scales the gradients and leaves out what is not finite, so that nothing waits for it."""

    grad_scale: Tensor
    found_inf: Tensor

    def clip(self, limit: float) -> Tensor:
        """Have the next step divide the gradients so that their joint norm is at most `limit`; is that finite?"""
        parameters = [p for group in self.param_groups for p in group["params"]]
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        finite = norm.isfinite()
        self.grad_scale, self.found_inf = (norm / limit).clamp_min(1.0), (~finite).float()
        return finite


def make_optimizer(network: nn.Module, config: TrainingConfig | SeriesTraining) -> ClippedAdamW:
    """AdamW (Loshchilov & Hutter 2019) with decay on matrices alone."""
    matrices = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return ClippedAdamW(groups, lr=config.lr, betas=(0.9, 0.98), fused=True)


def schedule(done: float, warmup: float) -> float:
    """Share of the peak rate: a linear rise over `warmup` of the budget, then half a cosine to zero."""
    if done < warmup:
        return max(done / warmup, 1e-3)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (done - warmup) / (1 - warmup))))


def beta(config: TrainingConfig, done: float) -> float:
    """Weight of the KL divergence: a linear rise over `beta_warmup` of the budget (Bowman et al. 2016)."""
    return config.beta * min(1.0, done / config.beta_warmup if config.beta_warmup else 1.0)


def rehearsal(config: TrainingConfig, done: float) -> float:
    """Share of a hierarchical model's texts that are decoded from their segments' own features."""
    return max(0.0, 1.0 - done / config.rehearsal) if config.rehearsal else 0.0


def step_budget(config: TrainingConfig, buckets: LengthBuckets) -> int:
    """Steps of a budget in steps or epochs; 0 for one in minutes."""
    if config.steps is not None:
        return config.steps
    if config.epochs is None:
        return 0
    whole = int(config.epochs)
    steps = sum(buckets.batches_in(epoch) for epoch in range(whole))
    rest = config.epochs - whole
    return max(1, steps + (round(rest * buckets.batches_in(whole)) if rest else 0))


def noisy(batch: Batch, trainer: Trainer) -> tuple[Tensor, Tensor]:
    """Source and decoder input with their tokens blanked as the config asks."""
    config, specials = trainer.config, trainer.specials
    text = range(specials.blank + 1, trainer.network.first_end)
    return (
        blank_out(batch.source, config.denoise, text, specials.blank),
        blank_out(batch.previous, config.word_dropout, text, specials.blank),
    )


@torch.no_grad()
def validation_loss(trainer: Trainer) -> tuple[float, float, float | None]:
    """Loss a token, share of teacher-forced tokens that are right, and KL a sentence, on the first `valid_size` rows."""
    trainer.network.eval()
    buckets = LengthBuckets(trainer.valid, 4_096, trainer.specials, 0, trainer.segmenter)
    total, right, count, divergence, sentences = 0.0, 0, 0, 0.0, 0
    for batch in buckets.in_order(trainer.valid_size):
        batch = batch.to(trainer.device)
        with trainer.autocast():
            features, latent = trainer.network(batch.source, batch.lengths, batch.previous, batch.tree)
            losses, predicted = token_losses(trainer.network, features, batch.target, trainer.specials.pad)
        flat = batch.target.flatten()
        total += float(losses.double().sum())
        right += int((predicted == flat[flat != trainer.specials.pad]).sum())
        count += len(losses)
        sentences += len(latent.vector)
        if latent.mean is not None:
            divergence += float(kl_divergence(latent).double().sum())
    kl = divergence / sentences if trainer.network.bottleneck.spread is not None else None
    return (total + trainer.config.beta * divergence) / count, right / count, kl


def _validate(trainer: Trainer, done: float) -> None:
    """Measure, tell, and keep the weights if they are the best so far."""
    progress = trainer.progress
    loss, accuracy, kl = validation_loss(trainer)
    progress.validations = max(progress.validations + 1, int(done * trainer.config.validations))
    if loss < progress.valid_loss or not trainer.best:
        progress.valid_loss = loss
        trainer.best = {name: value.detach().clone() for name, value in trainer.network.state_dict().items()}
    rate = trainer.config.lr * schedule(done, trainer.config.warmup)
    _tell(
        trainer,
        Report("valid", progress.step, done, loss, progress.tokens, progress.seconds, rate, accuracy, kl),
    )


def _endless(buckets: LengthBuckets, progress: Progress) -> Iterator[Batch]:
    while True:
        yield from buckets.epoch(progress.epoch, progress.batch)
        progress.epoch, progress.batch = progress.epoch + 1, 0


class _Window:
    """What happened since the last report, summed where it is computed so that nothing waits for it."""

    def __init__(self, progress: Progress) -> None:
        self.progress, self.steps = progress, 0
        self.loss, self.tokens, self.finite = torch.zeros(3, dtype=torch.float64).unbind()

    def add(self, loss: Tensor, tokens: int, finite: Tensor) -> None:
        """A step's loss, or that its gradient was not finite."""
        self.steps += 1
        self.loss = self.loss.to(loss.device) + torch.where(finite, loss.double() * tokens, 0.0)
        self.tokens = self.tokens.to(loss.device) + finite * tokens
        self.finite = self.finite.to(loss.device) + finite

    def close(self) -> float:
        """Count the steps left out; the mean loss of the others.

        Raises:
            TrainingError: there is no other.
        """
        left_out = self.steps - int(self.finite)
        self.progress.skipped += left_out
        if left_out == self.steps >= _PATIENCE:
            raise TrainingError(
                f"step {self.progress.step}: the loss has not been finite for {left_out} steps; "
                "lower --lr or use --precision fp32"
            )
        return float(self.loss / self.tokens)


def _tell(trainer: Trainer, report: Report) -> None:
    trainer.on_report(report)
    if trainer.metrics is not None:
        values = {name: value for name, value in asdict(report).items() if value is not None}
        if not math.isfinite(report.loss):
            values["loss"] = None  # JSON has no word for it
        with trainer.metrics.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(values) + "\n")


def save_state(trainer: Trainer, optimizer: torch.optim.Optimizer) -> None:
    """Write everything that the next step depends on, in one file renamed into place."""
    if trainer.checkpoint is None:
        return
    tensors = {f"model.{name}": value for name, value in trainer.network.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in trainer.best.items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": value for name, value in state.items()}
    tensors["random.cpu"] = torch.get_rng_state()
    if trainer.device.type == "cuda":
        tensors["random.cuda"] = torch.cuda.get_rng_state()
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
        state: dict[int, dict[str, Any]] = {}
        for name, value in _part(tensors, "optimizer.").items():
            number, _, slot = name.partition(".")
            state.setdefault(int(number), {})[slot] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
        torch.set_rng_state(tensors["random.cpu"])
        if trainer.device.type == "cuda" and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"])
    except (KeyError, ValueError, RuntimeError, TypeError) as error:
        said = str(error).splitlines()[0]
        raise TrainingError(
            f"{trainer.checkpoint}: not a state of this training ({said}); start anew with --overwrite"
        ) from None
    _trim_metrics(trainer.metrics, trainer.progress.step)


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


def autocast(device: torch.device, bf16: bool) -> AbstractContextManager[object]:
    """Products in bfloat16, or nothing."""
    return torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext()


def choose_device(name: str) -> torch.device:
    """The device that a name stands for; ``auto`` takes a GPU where there is one, ``cuda:1`` the second of several.

    Raises:
        DeviceError: it is not to be had here.
    """
    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    kind, _, number = name.partition(":")
    if name == "auto":
        return torch.device("cuda" if has["cuda"] else "cpu")
    if not has.get(kind, False) or (number and int(number) >= torch.cuda.device_count()):
        raise DeviceError(
            f"--device {name}: there is none that torch can use here; give --device auto or cpu"
        )
    return torch.device(name)


def choose_bf16(precision: str, device: torch.device) -> bool:
    """Whether to compute in bf16; ``auto`` does where the hardware multiplies in it."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capable: bool = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return device.type == "cpu" and capable
