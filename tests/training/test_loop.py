"""The loop: budgets, schedule, guards, early best, exact resumption."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from support import SPECIALS, Memory, make_trainer
from torch import Tensor

from textrae.devices import choose_bf16, choose_device
from textrae.errors import DeviceError, TrainingError
from textrae.nn.bottleneck import Latent
from textrae.settings.training import TrainingConfig
from textrae.text.batch import LengthBuckets, Specials
from textrae.training.loop import drop_gradients, fit, step_budget
from textrae.training.optimizer import make_optimizer, set_rate
from textrae.training.state import TrainingReport, resume, save_state
from textrae.training.validation import validate


def test_epochs_are_counted_in_batches() -> None:
    buckets = LengthBuckets(Memory([[5, 6]] * 100), 30, Specials(0, 1, 2, 3), 0)
    assert buckets.batches_in(0) == 10
    assert step_budget(TrainingConfig(epochs=2.5), buckets) == 25
    assert step_budget(TrainingConfig(steps=7), buckets) == 7
    assert step_budget(TrainingConfig(minutes=7), buckets) == 0


def test_training_lowers_the_loss_and_reports() -> None:
    trainer = make_trainer(TrainingConfig(steps=120, lr=1e-2, batch_tokens=120, validations=4))
    reports: list[TrainingReport] = []
    trainer.on_report = reports.append
    before = validate(trainer).loss
    assert fit(trainer)
    after = validate(trainer)
    assert after.loss < 0.7 * before
    assert [r.step for r in reports if r.kind == "valid"] == [30, 60, 90, 120]
    assert [r.step for r in reports if r.kind == "train"] == [50, 100]
    assert reports[-1].done == 1.0
    assert 0 < after.accuracy <= 1
    assert after.diagnosis is None


def test_passes_count_sentences() -> None:
    trainer = make_trainer(TrainingConfig(epochs=2, batch_tokens=120, validations=4))
    reports: list[TrainingReport] = []
    trainer.on_report = reports.append
    assert fit(trainer)
    assert trainer.progress.sentences == 2 * len(trainer.train)
    passes = [report.passes for report in reports if report.kind == "valid"]
    assert passes == sorted(passes)
    assert passes[1::2] == [1.0, 2.0]


def test_the_best_weights_are_kept() -> None:
    trainer = make_trainer(TrainingConfig(steps=40, lr=1e-3, batch_tokens=120, validations=4))
    losses: list[float] = []

    def spoil(report: TrainingReport) -> None:
        if report.kind == "valid":
            losses.append(report.loss)
            if len(losses) == 2:  # what follows is worse
                with torch.no_grad():
                    trainer.network.bias += 10 * torch.randn(20)

    trainer.on_report = spoil
    fit(trainer)
    assert min(losses) == losses[1] < losses[-1]
    assert validate(trainer).loss == pytest.approx(losses[1])


def test_embeddings_learn_at_a_rate_of_their_own() -> None:
    network = torch.nn.Sequential(torch.nn.Embedding(3, 2), torch.nn.Linear(2, 2))
    torch.nn.init.ones_(network[0].weight)
    torch.nn.init.ones_(network[1].weight)
    optimizer = make_optimizer(network, lr=2e-3, weight_decay=0.5, embedding_rate=4.0)
    set_rate(optimizer, 0.1)
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    assert bool(optimizer.clip(1e9))
    optimizer.step()
    assert torch.allclose(network[0].weight, torch.tensor(1 - 0.4 * 0.5 - 0.4))
    assert torch.allclose(network[1].weight, torch.tensor(1 - 0.1 * 0.5 - 0.1))


def test_the_second_moment_decays_as_it_is_told() -> None:
    """Kingma & Ba 2015: where a gradient comes once, the next steps are m / √v, of 0.9ⁿ and β₂ⁿ."""
    moved = []
    for beta2 in (0.5, 0.98):
        network = torch.nn.Linear(1, 1, bias=False)
        optimizer = make_optimizer(network, lr=0.1, weight_decay=0.0, beta2=beta2)
        before = float(network.weight.detach())
        for gradient in (3.0, 0.0):
            network.weight.grad = torch.full((1, 1), gradient)
            assert bool(optimizer.clip(1e9))
            optimizer.step()
        moved.append(before - float(network.weight.detach()))
        first, then = 1.0, (0.9 * 0.1 / (1 - 0.9**2)) / math.sqrt(beta2 * (1 - beta2) / (1 - beta2**2))
        assert moved[-1] == pytest.approx(0.1 * (first + then), rel=1e-4)
    assert moved[0] > moved[1]


def test_minutes_end_the_training_in_time() -> None:
    trainer = make_trainer(TrainingConfig(minutes=0.02, batch_tokens=60))
    assert fit(trainer)
    assert trainer.progress.seconds >= 1.2  # how far beyond is the machine's affair
    assert trainer.progress.step > 0


def test_a_step_that_is_not_finite_is_left_out_and_counted() -> None:
    trainer = make_trainer(TrainingConfig(steps=20, batch_tokens=120))
    calls = 0

    def spoil(gradient: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return gradient * math.nan if calls in (3, 4) else gradient

    trainer.network.bias.register_hook(spoil)
    assert fit(trainer)
    assert trainer.progress.skipped == 2
    assert all(torch.isfinite(p).all() for p in trainer.network.parameters())


def test_gradients_that_stay_not_finite_stop_the_training() -> None:
    trainer = make_trainer(TrainingConfig(steps=100, batch_tokens=120))
    trainer.network.bias.register_hook(lambda gradient: gradient * math.nan)
    with pytest.raises(TrainingError, match="lower --lr"):
        fit(trainer)


NOISE = {"noise_drop": 0.1, "noise_blank": 0.1, "noise_substitute": 0.1, "noise_shuffle": 2}


@pytest.mark.parametrize(
    ("settings", "switches"),
    [
        ({}, {}),
        ({"word_dropout": 0.3, "embedding_rate": 2.0, "adam_beta2": 0.999, **NOISE}, {}),
        ({"pretrain": 0.5, "reset_decoder": True, "free_bits": 0.1}, {"variational": True}),
        ({"aggressive": 0.8}, {"variational": True, "posterior_norm": 0.6}),
        ({}, {"regulariser": "adversarial"}),
    ],
    ids=["plain", "noise", "pretrained", "aggressive", "adversarial"],
)
def test_a_stopped_training_resumes_to_the_same_bits(
    tmp_path: Path, settings: dict[str, Any], switches: dict[str, Any]
) -> None:
    config = TrainingConfig(steps=60, batch_tokens=120, lr=1e-2, validations=5, **settings)
    whole = make_trainer(config, dropout=0.1, **switches)
    fit(whole)
    for stop in (1, 17, 59):
        files = {"checkpoint": tmp_path / f"{stop}.safetensors", "metrics": tmp_path / f"{stop}.jsonl"}
        metrics = files["metrics"]
        first = make_trainer(config, dropout=0.1, **files, **switches)
        first.should_stop = lambda trainer=first, stop=stop: trainer.progress.step >= stop
        assert not fit(first)
        torch.manual_seed(999)
        second = make_trainer(config, dropout=0.1, **files, seed=5, **switches)
        assert fit(second)
        for name, value in whole.network.state_dict().items():
            assert torch.equal(value, second.network.state_dict()[name]), (stop, name)
        assert second.progress.valid_loss == whole.progress.valid_loss
        steps = [json.loads(line)["step"] for line in metrics.read_text().splitlines()]
        assert steps == [12, 24, 36, 48, 50, 60]


def test_the_random_state_of_any_accelerator_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Accelerator:
        state = torch.tensor([3, 1, 4], dtype=torch.uint8)

        def get_rng_state(self) -> Tensor:
            return self.state

        def set_rng_state(self, state: Tensor) -> None:
            self.state = state

    there = Accelerator()
    monkeypatch.setattr(torch, "get_device_module", lambda device: there)
    trainer = make_trainer(TrainingConfig(steps=10), checkpoint=tmp_path / "state.safetensors")
    trainer.device = torch.device("mps")
    optimizer = torch.optim.Adam(trainer.network.parameters())
    save_state(trainer, optimizer)
    there.state = torch.zeros(3, dtype=torch.uint8)
    resume(trainer, optimizer)
    assert there.state.tolist() == [3, 1, 4]


def test_pre_training_is_a_plain_autoencoders_and_the_decoder_begins_anew() -> None:
    """Li et al. 2019."""
    config = TrainingConfig(steps=40, batch_tokens=120, lr=1e-3, pretrain=0.5, reset_decoder=True, beta=1.0)
    trainer = make_trainer(config, variational=True)
    seen: list[tuple[bool, Tensor, Tensor]] = []
    network, original = trainer.network, trainer.network.bottleneck.forward

    def spy(features: Tensor, added: Tensor | None = None) -> Latent:
        latent = original(features, added)
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


def test_a_collapsed_posterior_is_told_with_what_would_help(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.jsonl"
    config = TrainingConfig(steps=150, batch_tokens=120, lr=1e-2, beta=20.0, free_bits=0.0)
    reports: list[TrainingReport] = []
    trainer = make_trainer(config, variational=True, metrics=metrics)
    trainer.on_report = reports.append
    fit(trainer)
    last = reports[-1]
    assert last.active_units == 0
    assert last.advice is not None
    assert "--beta" in last.advice
    written = json.loads(metrics.read_text().splitlines()[-1])
    assert len(written["kl_by_dimension"]) == 12
    assert written["kl"] == pytest.approx(sum(written["kl_by_dimension"]), abs=1e-3)
    assert all(report.advice is None for report in reports if report.done < 0.2)


@pytest.mark.parametrize("regulariser", ["mmd", "adversarial"])
def test_a_regulariser_brings_encodings_to_the_prior(regulariser: Any) -> None:
    """Of encodings without one, the standard deviation goes its own way."""
    spreads = []
    for weight in (0.0, 10.0):
        config = TrainingConfig(
            steps=200, batch_tokens=400, lr=1e-2, regulariser_weight=weight, weight_decay=0.0
        )
        trainer = make_trainer(config, regulariser=regulariser)
        with torch.no_grad():
            trainer.network.bottleneck.project.weight *= 8
        fit(trainer)
        batch = next(LengthBuckets(trainer.valid, 4_096, SPECIALS, 0).in_order(50))
        with torch.no_grad():
            vectors = trainer.network.eval().encode(batch.source, batch.lengths).vector
        spreads.append(float((vectors.square().mean() - 1).abs()))
    assert spreads[1] < 0.5 * spreads[0]


def test_a_foreign_checkpoint_is_refused(tmp_path: Path) -> None:
    checkpoint = tmp_path / "state.safetensors"
    config = TrainingConfig(steps=4, batch_tokens=120)
    first = make_trainer(config, checkpoint=checkpoint, hidden=24)
    first.should_stop = lambda: first.progress.step >= 1
    fit(first)
    with pytest.raises(TrainingError, match="--overwrite"):
        fit(make_trainer(config, checkpoint=checkpoint, hidden=16))


@pytest.mark.parametrize("size", [0.01, 100.0])
def test_clipping_inside_the_step_is_clipping_before_it(size: float) -> None:
    results = []
    for inside in (True, False):
        network = make_trainer(TrainingConfig(steps=1)).network
        optimizer = make_optimizer(network, lr=2e-3, weight_decay=0.1)
        generator = torch.Generator().manual_seed(0)
        for _ in range(3):
            for parameter in network.parameters():
                parameter.grad = size * torch.randn(parameter.shape, generator=generator)
            if inside:
                assert optimizer.clip(1.0)
            else:
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
        results.append(network.state_dict())
    for ours, theirs in zip(*(result.values() for result in results), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_devices_and_precision() -> None:
    assert choose_device("cpu").type == "cpu"
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="`device=cuda`"):
            choose_device("cuda")
    assert choose_bf16("bf16", torch.device("cpu"))
    assert not choose_bf16("fp32", torch.device("cpu"))
