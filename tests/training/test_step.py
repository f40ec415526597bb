"""One update: pre-training, and the aggressive schedule of He et al. 2019."""

from __future__ import annotations

from itertools import pairwise

import torch
from support import make_trainer
from torch import Tensor

from textrae.nn.bottleneck import Latent
from textrae.settings.training import TrainingConfig
from textrae.training.loop import fit
from textrae.training.step import drop_gradients


def test_pre_training_is_a_plain_autoencoders_and_the_decoder_is_reinitialised() -> None:
    """Li et al. 2019."""
    config = TrainingConfig(steps=40, batch_tokens=120, lr=1e-3, pretrain=0.5, reset_decoder=True, beta=1.0)
    trainer = make_trainer(config, variational=True)
    seen: list[tuple[bool, Tensor, Tensor]] = []
    network, original = trainer.network, trainer.network.bottleneck.forward

    def spy(features: Tensor, *others: Tensor | None) -> Latent:
        latent = original(features, *others)
        assert latent.mean is not None
        if network.training:
            weights = network.decoder.output.weight, network.encoder.layers[0][0].rnn.weight_hh_l0
            drawn = not torch.equal(latent.vector, latent.mean)
            seen.append((drawn, *(weight.detach().clone() for weight in weights)))
        return latent

    network.bottleneck.forward = spy  # type: ignore[method-assign]
    assert fit(trainer)
    assert [drawn for drawn, _, _ in seen] == [False] * 20 + [True] * 20
    decoder, encoder = (
        [float((after[part] - before[part]).norm()) for before, after in pairwise(seen)] for part in (1, 2)
    )
    assert decoder[19] > 10 * max(decoder[:19] + decoder[20:])
    assert encoder[19] < 10 * max(encoder[:19] + encoder[20:])
    assert trainer.progress.decoder_reset


def test_aggressive_updates_are_the_encoders_until_it_gets_no_better() -> None:
    """He et al. 2019."""
    trainer = make_trainer(TrainingConfig(steps=1), variational=True)
    network, progress = trainer.network, trainer.progress
    updated = []
    for loss in [5.0] * 10 + [4.0] * 10 + [4.0] * 10 + [5.0] * 10:
        for parameter in network.parameters():
            parameter.grad = torch.ones_like(parameter)
        drop_gradients(network, progress, loss)
        sides = network.decoder.output.weight.grad, network.encoder.layers[0][0].rnn.weight_hh_l0.grad
        updated.append("".join(name for name, grad in zip("de", sides, strict=True) if grad is not None))
        tied = network.embedding.weight.grad is not None, network.bias.grad is not None
        assert tied == ("d" in updated[-1],) * 2
    assert updated == ["e"] * 29 + ["d"] + ["e"] * 10


def test_aggressive_training_ends_when_the_information_stops_growing() -> None:
    trainer = make_trainer(
        TrainingConfig(steps=60, batch_tokens=120, aggressive=0.9, validations=20, beta=50.0),
        variational=True,
    )
    assert fit(trainer)
    assert trainer.progress.settled
