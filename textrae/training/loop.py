"""The training loop: one visible loop, fitted to a budget and resumable at any step."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import torch
from torch import Tensor

from textrae.errors import TrainingError
from textrae.nn.autoencoder import WRITING, Autoencoder
from textrae.text.batch import Batch, LengthBuckets, crossover
from textrae.training.budget import Budget
from textrae.training.losses import length_loss, reconstruction_loss
from textrae.training.noise import Noise, blank_out
from textrae.training.optimizer import ClippedAdamW, make_optimizer, set_rate
from textrae.training.regularisers import regularisation
from textrae.training.schedules import beta, rehearsal, schedule
from textrae.training.state import Progress, Trainer, TrainingReport, resume, save_state
from textrae.training.validation import validate

LOG_EVERY = 50
"""Steps between two lines of the metrics."""
_PATIENCE = 20
"""Steps since the last report, all with a gradient that is not finite, after which training gives up."""
_BURST, _STRIDE = 100, 10
"""Encoder updates before one decoder update, at most; and after how many it is seen whether the loss still falls."""


def fit(trainer: Trainer) -> bool:
    """Train until the budget is spent.

    The network holds the best weights by validation loss afterwards. When :attr:`Trainer.should_stop` says so, the
    state is written and the network holds the latest weights.

    Returns:
        Whether the budget was spent (False: stopped early, to be resumed).

    Raises:
        TrainingError: gradients or all validation losses stay non-finite, or the checkpoint does not belong to this training.
    """
    config, progress, network = trainer.config, trainer.progress, trainer.network
    optimizer = optimizer_of(trainer)
    resume(trainer, optimizer)
    buckets = trainer.buckets(config.batch_tokens, config.seed)
    budget = Budget(trainer, buckets)
    saved, window = time.perf_counter(), _Window(progress)

    for batch in endless(buckets, progress):
        done = budget.done()
        if budget.due(done):
            _validate(trainer, budget, min(done, 1.0))
        if done >= 1 or trainer.should_stop():
            break
        if time.perf_counter() - saved > 60 * config.checkpoint_minutes:
            window.close()
            save_state(trainer, optimizer)
            saved, window = time.perf_counter(), _Window(progress)

        rate = config.lr * schedule(done, config.warmup)
        loss, tokens, finite = update(trainer, optimizer, batch, done, rate)
        progress.step += 1
        progress.batch += 1
        window.add(loss, tokens, finite)
        if progress.step % LOG_EVERY == 0:
            _tell(trainer, _report(trainer, "train", done, window.close()))
            window = _Window(progress)

    window.close()
    if done < 1:
        save_state(trainer, optimizer)
        return False
    if progress.valid_loss == math.inf:
        raise TrainingError(f"step {progress.step}: no validation loss was finite; lower `lr`")
    network.load_state_dict(trainer.best)
    return True


def optimizer_of(trainer: Trainer) -> ClippedAdamW:
    """Make the optimizer of a training, as its config has it."""
    config = trainer.config
    return make_optimizer(
        trainer.network,
        lr=config.lr,
        weight_decay=config.weight_decay,
        beta2=config.adam_beta2,
        embedding_rate=config.embedding_rate,
    )


def update(
    trainer: Trainer, optimizer: ClippedAdamW, batch: Batch, done: float, rate: float
) -> tuple[Tensor, int, Tensor]:
    """Make one update on a batch, when a share `done` of the budget is spent, and count what was seen.

    Returns:
        The loss, in nats a token, the tokens seen, and whether the gradient was finite.
    """
    config, progress, network = trainer.config, trainer.progress, trainer.network
    network.train()
    set_rate(optimizer, rate)
    if network.bottleneck is not None:
        network.bottleneck.draws = done >= config.pretrain
    if config.reset_decoder and done >= config.pretrain and not progress.decoder_reset:
        reset_decoder(trainer, optimizer)
    pad = trainer.specials.pad
    tokens = int((batch.target != pad).sum())
    batch, natural = changed(batch.to(trainer.device), trainer)
    source, lengths, previous = noisy(batch, trainer)
    with trainer.autocast():
        share = rehearsal(config, done) if batch.tree else 0.0
        features, latent = network(
            source, lengths, previous, batch.tree, share, read_vectors(trainer, batch), told=batch.lengths
        )
        loss = reconstruction_loss(
            network,
            features,
            batch.target,
            pad,
            mse_weight=trainer.mse_weight,
            label_smoothing=config.label_smoothing,
        )
    extra = regularisation(
        latent,
        beta=beta(config, done),
        free_bits=config.free_bits,
        free_bits_per=config.free_bits_per,
        regulariser=trainer.regulariser,
        weight=config.regulariser_weight,
    )
    loss = loss + extra * (len(latent.vector) / tokens)
    if latent.expected is not None:
        loss = loss + length_loss(latent.expected, batch, pad)
    if latent.meaning is not None and trainer.objectives and natural:
        loss = loss + config.meaning_weight * cost_of_meaning(trainer, latent.meaning, batch)
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    if done < config.aggressive and not progress.settled:
        drop_gradients(network, progress, float(loss.detach()))
    finite = optimizer.clip(config.clip)
    optimizer.step()
    if trainer.regulariser is not None:
        trainer.regulariser.learn(latent.vector.detach().float(), rate)
    progress.tokens += tokens
    progress.sentences += len(latent.vector)
    return loss.detach(), tokens, finite


def changed(batch: Batch, trainer: Trainer) -> tuple[Batch, bool]:
    """Return what is trained on in place of a batch, and whether its texts are still those of the corpus."""
    batch = crossover(batch, trainer.config.crossover)
    if trainer.copying is None or float(torch.rand(())) >= trainer.copying.share:
        return batch, True
    return trainer.copying.make(batch, trainer.specials), False


def read_vectors(trainer: Trainer, batch: Batch) -> Tensor | None:
    """Return the vectors that the model reads in place of a text, if it does."""
    return None if trainer.network.adapter is None else batch.vectors


def cost_of_meaning(trainer: Trainer, meaning: Tensor, batch: Batch) -> Tensor:
    """Return the sum of the costs that the objectives of meaning find in a batch, mean over its sentences: ()."""

    def read(ids: Tensor, lengths: Tensor) -> Tensor:
        with trainer.autocast():
            return trainer.network.mean(ids, lengths)

    return torch.stack([one.cost(meaning, batch, read) for one in trainer.objectives]).sum()


def noisy(batch: Batch, trainer: Trainer) -> tuple[Tensor, Tensor, Tensor]:
    """Return the source, its lengths and the decoder's input, with the noise that the config asks for."""
    config, specials = trainer.config, trainer.specials
    text, written = (
        range(specials.blank + 1, size) for size in (trainer.network.vocab_size, trainer.network.first_end)
    )
    noise = Noise(config.noise_drop, config.noise_blank, config.noise_substitute, config.noise_shuffle)
    source, lengths = noise(batch.source, batch.lengths, text, specials)
    return source, lengths, blank_out(batch.previous, config.word_dropout, written, specials.blank)


def reset_decoder(trainer: Trainer, optimizer: ClippedAdamW) -> None:
    """Reinitialise the decoder after an autoencoder's pre-training (Li et al. 2019)."""
    trainer.network.decoder.initialise()
    if trainer.network.hierarchy is not None:
        trainer.network.hierarchy.initialise_planners()
    for name, parameter in trainer.network.named_parameters():
        if name.startswith(WRITING) and name != "bias":
            optimizer.state.pop(parameter, None)
    trainer.progress.decoder_reset = 1


def drop_gradients(network: Autoencoder, progress: Progress, loss: float) -> None:
    """Drop the gradients of the decoder, or after enough encoder updates those of the encoder (He et al. 2019).

    The encoder is updated until its loss over ten batches is no lower than over the ten before them.
    """
    progress.burst += 1
    progress.burst_loss += loss
    enough = progress.burst >= _BURST
    if progress.burst % _STRIDE == 0:
        enough |= progress.burst > _STRIDE and progress.burst_loss >= progress.burst_before
        progress.burst_before, progress.burst_loss = progress.burst_loss, 0.0
    for name, parameter in network.named_parameters():
        if (parameter is network.output.weight or name.startswith(WRITING)) != enough:
            parameter.grad = None
    if enough:
        progress.burst, progress.burst_loss = 0, 0.0


def _validate(trainer: Trainer, budget: Budget, done: float) -> None:
    """Validate, report, and keep the weights if they are the best so far, or the first ones."""
    progress, config = trainer.progress, trainer.config
    with budget.validating():
        found = validate(trainer)
    progress.validations = max(progress.validations + 1, int(done * budget.validations))
    loss = found.loss if math.isfinite(found.loss) else math.inf
    if loss < progress.valid_loss or not trainer.best:
        progress.valid_loss = loss
        trainer.best = {name: value.detach().clone() for name, value in trainer.network.state_dict().items()}
    report = replace(
        _report(trainer, "valid", done, found.loss), accuracy=found.accuracy, losses=found.losses or None
    )
    if (posterior := found.diagnosis) is not None:
        if posterior.mutual_information <= progress.information:
            progress.settled = 1
        progress.information = posterior.mutual_information
        report = replace(
            report,
            kl=posterior.kl,
            kl_by_dimension=[round(nats, 4) for nats in posterior.kl_by_dimension],
            active_units=posterior.active_units,
            mutual_information=posterior.mutual_information,
            # while the weight still rises there is no telling
            advice=posterior.advice() if beta(config, done) >= config.beta else None,
        )
    _tell(trainer, report)


def _report(trainer: Trainer, kind: str, done: float, loss: float) -> TrainingReport:
    config, progress = trainer.config, trainer.progress
    return TrainingReport(
        kind=kind,
        step=progress.step,
        done=done,
        loss=loss,
        tokens=progress.tokens,
        seconds=progress.seconds,
        valid_seconds=progress.valid_seconds,
        rate=config.lr * schedule(done, config.warmup),
        passes=round(trainer.passes, 3),
    )


def endless(buckets: LengthBuckets, progress: Progress) -> Iterator[Batch]:
    """Yield the batches of one epoch after another, from where a training stands."""
    while True:
        yield from buckets.epoch(progress.epoch, progress.batch)
        progress.epoch, progress.batch = progress.epoch + 1, 0


class _Window:
    """Sums since the last report, kept on the device so that nothing waits for them."""

    def __init__(self, progress: Progress) -> None:
        self.progress, self.steps = progress, 0
        self.loss, self.tokens, self.finite = torch.zeros(3, dtype=torch.float64).unbind()

    def add(self, loss: Tensor, tokens: int, finite: Tensor) -> None:
        """Add a step's loss, or count that its gradient was not finite."""
        self.steps += 1
        wide = torch.float32 if loss.device.type == "mps" else torch.float64  # Apple's GPUs have no float64
        self.loss = self.loss.to(loss.device, wide) + torch.where(finite, loss.to(wide) * tokens, 0.0)
        self.tokens = self.tokens.to(loss.device, wide) + finite * tokens
        self.finite = self.finite.to(loss.device, wide) + finite

    def close(self) -> float:
        """Count the skipped steps, and return the mean loss of the others.

        Raises:
            TrainingError: all of many steps were skipped.
        """
        left_out = self.steps - int(self.finite)
        self.progress.skipped += left_out
        if left_out == self.steps >= _PATIENCE:
            raise TrainingError(
                f"step {self.progress.step}: the loss has not been finite for {left_out} steps; "
                "lower `lr` or use `precision=fp32`"
            )
        return float(self.loss / self.tokens)


def _tell(trainer: Trainer, report: TrainingReport) -> None:
    trainer.on_report(report)
    if trainer.metrics is not None:
        values = {name: _finite(value) for name, value in asdict(report).items() if value is not None}
        with trainer.metrics.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(values) + "\n")


def _finite(value: Any) -> Any:
    """Return a value with None for each number that is not finite, for which JSON has no word."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
