"""One update of a training: batch, forward, loss, backward, clip, step."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from textrae.nn.autoencoder import WRITING, Autoencoder
from textrae.text.batch import Batch, crossover
from textrae.training.losses import length_loss, reconstruction_loss
from textrae.training.noise import Noise, blank_out
from textrae.training.optimizer import ClippedAdamW, make_optimizer, set_rate
from textrae.training.regularisers import regularisation
from textrae.training.schedules import beta, rehearsal
from textrae.training.state import Progress, Trainer

_BURST, _STRIDE = 100, 10
"""Encoder updates before one decoder update, at most; and after how many it is seen whether the loss still falls."""


@dataclass(frozen=True)
class Part:
    """What one process computes of an update at once: a share of the batch."""

    batch: Batch
    natural: bool
    """Whether its texts are those of the corpus, and not an exercise made of them."""
    real: bool
    """Whether it is a share at all: a batch of few sentences has less than there are processes, some of which then
    compute something that has no weight."""
    tokens: Tensor | float = 1.0
    """Share of the batch's target tokens that the part has."""
    texts: Tensor | float = 1.0
    """Share of the batch's texts that the part has."""


class PartLoss(nn.Module):
    """The loss of a part of a batch: those of all parts add up to the mean loss of a token of the batch.

    It is a module of its own, so that DistributedDataParallel sees a single forward pass.

    Args:
        trainer: the training.
    """

    def __init__(self, trainer: Trainer) -> None:
        super().__init__()
        self.network, self.trainer = trainer.network, trainer

    def forward(self, part: Part, done: float, tokens: int) -> tuple[Tensor, Tensor]:
        """Return the loss, (), and the encodings without a gradient, (texts, dimensions), when a share of the budget is spent.

        Args:
            part: what is computed.
            done: share of the budget that is spent.
            tokens: target tokens of the whole batch, nats a sentence being weighed against nats a sentence.
        """
        trainer, network, batch, config = self.trainer, self.network, part.batch, self.trainer.config
        pad = trainer.specials.pad
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
            latent if part.real else latent.take(slice(0)),
            beta=beta(config, done),
            free_bits=config.free_bits,
            free_bits_per=config.free_bits_per,
            regulariser=trainer.regulariser,
            weight=config.regulariser_weight,
            processes=trainer.processes,
        )
        loss = loss * part.tokens + extra * (part.real * len(latent.vector) / tokens)
        if latent.expected is not None:
            loss = loss + length_loss(latent.expected, batch, pad) * part.texts
        if latent.meaning is not None and trainer.objectives and part.natural:
            loss = loss + config.meaning_weight * cost_of_meaning(trainer, latent.meaning, batch) * part.texts
        return loss, latent.vector.detach().float()


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
    trainer: Trainer,
    model: nn.Module,
    optimizer: ClippedAdamW,
    batches: Sequence[tuple[Batch, bool]],
    done: float,
    rate: float,
) -> tuple[Tensor, int, Tensor]:
    """Make one update when a share `done` of the budget is spent, and count what was seen.

    Args:
        trainer: the training.
        model: its :class:`PartLoss`, as :meth:`textrae.training.processes.Processes.wrapped` has wrapped it.
        optimizer: its optimizer.
        batches: parts of the batch that this process computes, as :meth:`textrae.text.batch.LengthBuckets.parts` has them.
        done: share of the budget that is spent.
        rate: learning rate.

    Returns:
        The part of this process in the loss, in nats a token, the tokens that all processes saw, and whether the gradient
        was finite.
    """
    config, progress, network, processes = (
        trainer.config,
        trainer.progress,
        trainer.network,
        trainer.processes,
    )
    network.train()
    set_rate(optimizer, rate)
    if network.bottleneck is not None:
        network.bottleneck.draws = done >= config.pretrain
    if config.reset_decoder and done >= config.pretrain and not progress.decoder_reset:
        reseed(trainer, -1, 3)
        reset_decoder(trainer, optimizer)
    parts, tokens, texts = parts_of(trainer, batches)
    optimizer.zero_grad(set_to_none=True)
    loss, encodings = torch.zeros((), device=trainer.device), list[Tensor]()
    for number, part in enumerate(parts):
        reseed(trainer, number, 1)
        with processes.apart(model) if number < len(parts) - 1 else nullcontext():
            found, vectors = model(part, done, tokens)
            torch.autograd.backward(found * processes.size)  # gradients become the mean over processes
        loss = loss + found.detach()
        encodings.append(vectors[: len(vectors) * part.real])
    if done < config.aggressive and not progress.settled:
        drop_gradients(network, progress, float(processes.summed(loss.clone())))
    finite = optimizer.clip(config.clip)
    optimizer.step()
    if trainer.regulariser is not None:
        seen = processes.rows(torch.cat(encodings))
        reseed(trainer, -1, 2)
        trainer.regulariser.learn(seen, rate)
    progress.tokens += tokens
    progress.sentences += texts
    return loss, tokens, finite


def parts_of(trainer: Trainer, batches: Sequence[tuple[Batch, bool]]) -> tuple[list[Part], int, int]:
    """Return the parts of a batch that this process computes, and the target tokens and texts of the whole batch.

    Args:
        trainer: the training.
        batches: sentences of each part, and whether they are its own.
    """
    pad, processes, parts = trainer.specials.pad, trainer.processes, list[Part]()
    tokens = sum(int((batch.target != pad).sum()) for batch, real in batches if real)
    for number, (batch, real) in enumerate(batches):
        reseed(trainer, number, 0)
        parts.append(Part(*changed(batch.to(trainer.device), trainer), real))
    texts = [_texts(part.batch) * part.real for part in parts]
    if trainer.progress.shards == 1:
        return parts, tokens, sum(texts)
    tokens, all_texts = processes.summed(torch.tensor([tokens, sum(texts)])).tolist()
    written = torch.stack([(part.batch.target != pad).sum() * part.real for part in parts])
    share = written / processes.summed(written.sum())
    parts = [
        replace(part, tokens=share[number], texts=texts[number] / all_texts)
        for number, part in enumerate(parts)
    ]
    return parts, tokens, all_texts


def _texts(batch: Batch) -> int:
    """Return the number of texts of a batch, whose columns may be their segments."""
    return len(batch.tree[-1] if batch.tree else batch.lengths)


def reseed(trainer: Trainer, number: int, use: int) -> None:
    """Have random numbers depend on the part of a batch that they are for, and not on how many processes there are.

    A batch that one process computes at once draws on as it did.

    Args:
        trainer: the training.
        number: which of this process's parts; -1 for what all processes draw alike.
        use: what they are for.
    """
    progress, processes = trainer.progress, trainer.processes
    if progress.shards > 1:
        shard = 0 if number < 0 else 1 + processes.rank + number * processes.size
        seeds = np.random.SeedSequence([trainer.config.seed, progress.step, shard, use])
        torch.manual_seed(int(seeds.generate_state(1, np.uint64)[0]))


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
