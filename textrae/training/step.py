"""One update of a training: batch, forward, loss, backward, clip, step."""

from __future__ import annotations

import torch
from torch import Tensor

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
