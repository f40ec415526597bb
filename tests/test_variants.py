"""Every combination of switches: it works whole, or it is refused with the reason."""

from __future__ import annotations

import itertools
import random
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import TEXT, sentences
from support import SPECIALS

from textrae import ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError
from textrae.inference.generation import write
from textrae.nn.autoencoder import Autoencoder
from textrae.nn.bottleneck import Latent
from textrae.runs.run import Run
from textrae.settings.files import build
from textrae.settings.run import Settings
from textrae.text.batch import collate_lists
from textrae.text.segments import Segmenter, Stretches
from textrae.training.losses import reconstruction_loss
from textrae.training.regularisers import kl_divergence

SWITCHES: dict[str, tuple[Any, ...]] = {
    "cell": ("rnn", "lstm", "gru"),
    "bidirectional": (False, True),
    "slots": (0, 1, 3),
    "memory": ("slots", "states"),
    "scoring": ("dot", "additive"),
    "variational": (False, True),
    "regulariser": ("none", "mmd"),
    "conditioning": ("every-step", "initial"),
    "reverse": (False, True),
    "hierarchical": (False, True),
    "reconstruction": ("cross-entropy", "mse"),
    "mse_weight": (0.0, 0.5),
    "meaning": (0, 8),
}
GRID = [dict(zip(SWITCHES, values, strict=True)) for values in itertools.product(*SWITCHES.values())]


def reason(switches: dict[str, Any]) -> str | None:
    """Why a combination makes no sense; None where it does."""
    attends = switches["slots"] > 0 or switches["memory"] == "states"
    if switches["memory"] == "states" and switches["slots"]:
        return "`slots`: with `memory=states` the decoder attends over all states"
    if switches["memory"] == "states" and switches["variational"]:
        return "`variational`: with `memory=states` the decoder does not need the encoding"
    if switches["memory"] == "states" and switches["regulariser"] != "none":
        return "`regulariser`: with `memory=states` the decoder does not need the encoding"
    if switches["memory"] == "states" and switches["hierarchical"]:
        return "the decoder sees every token's state"
    if switches["reverse"] and switches["bidirectional"]:
        return "reads both ways already"
    if switches["reverse"] and switches["hierarchical"]:
        return "keep their order"
    if switches["scoring"] == "additive" and not attends:
        return "there is no attention"
    if switches["mse_weight"] and switches["reconstruction"] == "mse":
        return "nothing to mix"
    if switches["meaning"]:
        for name, without in (
            ("variational", False), ("regulariser", "none"), ("hierarchical", False), ("memory", "slots")
        ):  # fmt: skip
            if switches[name] != without:
                return f"does not go with `{name}`"
    return None


def shape(switches: dict[str, Any]) -> ModelConfig:
    return build(ModelConfig, {"hidden": 10, "embedding": 8, "latent": 8, **switches})


POSSIBLE = [switches for switches in GRID if reason(switches) is None]


def covering(combinations: list[dict[str, Any]], strength: int) -> list[dict[str, Any]]:
    """Choose combinations that together have every possible choice of values for any `strength` switches."""
    chosen, seen = [], set[tuple[tuple[str, Any], ...]]()
    for combination in random.Random(0).sample(combinations, len(combinations)):
        parts = set(itertools.combinations(combination.items(), strength))
        if not parts <= seen:
            chosen.append(combination)
            seen |= parts
    return chosen


THREES = covering(POSSIBLE, 3)
"""A part of the possible combinations, in which any three switches have all their values together."""
SENTENCES = [[4, 5, 6], [7], [], [8, 9, 10, 11, 19]]
PAIRS = Segmenter((Stretches(2),), 20)


def test_the_grid_has_every_switch_that_changes_the_model() -> None:
    sizes = {
        "layers",
        "hidden",
        "embedding",
        "latent",
        "pooling",
        "slot_addressing",
        "clock",
        "encoding_scale",
        "dropout",
        "weight_dropout",
        "segments",
        "closings",
        "blur",
        "places",
        "posterior_norm",
        "vectors",
        "languages",
        "sif",
    }
    assert {field.name for field in fields(ModelConfig)} == sizes | SWITCHES.keys()


def test_what_makes_no_sense_is_refused_with_its_reason() -> None:
    for switches in GRID:
        if why := reason(switches):
            with pytest.raises(ConfigError, match=why):
                shape(switches)
    with pytest.raises(ConfigError, match="slots take the place of pooling"):
        shape({"slots": 2, "pooling": "mean"})
    with pytest.raises(ConfigError, match="only a hierarchical model cuts"):
        shape({"segments": "clause"})
    with pytest.raises(ConfigError, match="segments"):
        shape({"hierarchical": True, "segments": "word"})
    for switches in ({"places": 2}, {"places": 2, "hierarchical": True, "slots": 2}):
        with pytest.raises(ConfigError, match="only a hierarchical model without slots"):
            shape(switches)
    with pytest.raises(ConfigError, match="8 dimensions cannot be divided into 3"):
        shape({"hierarchical": True, "places": 3})


def test_a_wide_encoding_is_scaled_where_every_step_is_given_it() -> None:
    assert shape({"slots": 0, "latent": 128}).encoding_scale_used == 1.0
    assert shape({"slots": 0, "latent": 512}).encoding_scale_used == 0.25
    assert shape({"latent": 64, "slots": 16}).encoding_scale_used == 0.125
    assert shape({"latent": 512, "hierarchical": True}).encoding_scale_used == 1.0
    assert shape({"slots": 0, "latent": 512, "encoding_scale": 0.5}).encoding_scale_used == 0.5
    for switches in ({"conditioning": "initial"}, {"memory": "states"}):
        assert shape({"latent": 512, **switches}).encoding_scale_used == 1.0
        with pytest.raises(ConfigError, match="only the decoder's initial state"):
            shape({"latent": 512, "encoding_scale": 0.5, **switches})


def test_places_leave_each_four_numbers() -> None:
    assert shape({"hierarchical": True}).places_used == 2
    assert shape({"hierarchical": True, "latent": 512}).places_used == 16
    assert shape({"hierarchical": True, "latent": 7}).places_used == 0
    assert shape({"hierarchical": True, "slots": 3}).places_used == shape({}).places_used == 0
    assert shape({"hierarchical": True, "places": 0}).places_used == 0


@pytest.mark.parametrize(
    "switches",
    [*THREES, *({**s, "slot_addressing": "position"} for s in THREES[::3] if s["slots"] == 3)],
    ids=lambda s: "-".join(map(str, s.values())),
)
def test_builds_learns_and_rebuilds(switches: dict[str, Any]) -> None:
    torch.manual_seed(0)
    config, segmenter = shape(switches), PAIRS if switches["hierarchical"] else None
    model = Autoencoder(config, 20)
    batch = collate_lists(SENTENCES, SPECIALS, segmenter)
    for rehearse in (0.0, 1.0) if config.hierarchical else (0.0,):
        features, latent = model(batch.source, batch.lengths, batch.previous, batch.tree, rehearse)
        loss = reconstruction_loss(model, features, batch.target, SPECIALS.pad, mse_weight=config.mse_weight)
        if config.variational:
            loss = loss + 0.1 * kl_divergence(latent).mean()
        if latent.meaning is not None:  # which reconstruction does not teach
            loss = loss + 0.1 * latent.meaning[:, 0].sum()
        loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name

    model.eval()
    whole = model.encode(batch.source, batch.lengths, None, batch.tree)
    assert whole.vector.shape == (4, config.encoding_size)
    taught = model.teach(batch.previous, whole)
    state, condition = model.begin(whole)
    for step, previous in enumerate(batch.previous):  # generation's step is training's
        one, state = model.decode(previous.unsqueeze(0), state, condition, first=step)
        torch.testing.assert_close(one[0], taught[step])
    rebuilt = write(model, whole, SPECIALS, 4)
    for row in (0, 2):  # batch-mates and padding change nothing
        alone = collate_lists([SENTENCES[row]], SPECIALS, segmenter)
        latent = model.encode(alone.source, alone.lengths, None, alone.tree)
        torch.testing.assert_close(latent.vector[0], whole.vector[row], atol=1e-5, rtol=0)
        assert write(model, latent, SPECIALS, 4) == [rebuilt[row]]
    if config.memory == "slots":  # the vector is all that the decoder has
        order = torch.tensor([2, 0, 3, 1])
        assert write(model, Latent(whole.vector[order]), SPECIALS, 4) == [rebuilt[i] for i in order]


@pytest.mark.parametrize("switches", THREES, ids=str)
def test_saves_loads_and_is_the_same(
    switches: dict[str, Any], model: SentenceAutoencoder, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    config, tokenizer = shape(switches), model.run.tokenizer
    network = Autoencoder(config, tokenizer.vocab_size).eval()
    made = SentenceAutoencoder(Run(network, tokenizer, Settings(config, TEXT, TrainingConfig())))
    made.save(tmp_path / "run")
    loaded = SentenceAutoencoder.load(tmp_path / "run", device="cpu")
    lines = sentences()[:6]
    np.testing.assert_array_equal(loaded.encode(lines), made.encode(lines))
    assert loaded.reconstruct(lines) == made.reconstruct(lines)
    if config.memory == "states":
        for refused in (
            lambda: loaded.decode(made.encode(lines)),
            lambda: loaded.sample(2),
            lambda: loaded.interpolate(*lines[:2]),
            lambda: loaded.paraphrase(lines[0]),
            lambda: loaded.move(lines, made.encode(lines)[0]),
        ):
            with pytest.raises(ConfigError, match="train with `slots`"):
                refused()
    else:
        assert loaded.decode(made.encode(lines)) == made.reconstruct(lines)


def copies(config: ModelConfig, tmp_path: Path, corpus: Path, steps: int = 350) -> SentenceAutoencoder:
    training = TrainingConfig(steps=steps, lr=1e-2, seed=0, precision="fp32")
    if config.variational:
        training = replace(training, beta=0.01)
    return SentenceAutoencoder.train(corpus, config, training, text=TEXT, out=tmp_path / "run")


SMALL = ModelConfig(hidden=48, embedding=32, slots=0, latent=24)


@pytest.mark.parametrize(
    "config",
    [
        replace(SMALL, slots=3, latent=8),
        replace(SMALL, slots=3, latent=8, slot_addressing="content"),
        replace(SMALL, variational=True),
        replace(SMALL, reconstruction="mse"),
        replace(SMALL, mse_weight=0.5),
        replace(SMALL, hierarchical=True, segments="3"),
        replace(SMALL, hierarchical=True, segments="2,4", slots=2, latent=16),
    ],
    ids=["slots", "slots by content", "variational", "mse", "mixed", "hierarchical", "three levels"],
)
def test_learns_to_copy_through_its_vector(config: ModelConfig, tmp_path: Path, corpus: Path) -> None:
    model, lines = copies(config, tmp_path, corpus), sentences()[:200]
    rebuilt = model.decode(model.encode(lines))
    assert sum(a == b for a, b in zip(lines, rebuilt, strict=True)) > 120
    if config.reconstruction == "mse":
        table = model.run.network.embedding.weight
        directions = torch.nn.functional.normalize(table.detach(), dim=-1)
        near = (directions @ directions.T).fill_diagonal_(0).abs().mean()
        assert near < 0.3  # embeddings have not come together
        assert model.evaluate(lines).overall.perplexity_token is None
        with pytest.raises(ConfigError, match="no likelihoods"):
            model.decode(model.encode(lines[:2]), beam=3)


def test_with_all_states_the_vector_says_nothing(tmp_path: Path, corpus: Path) -> None:
    model = copies(replace(SMALL, memory="states"), tmp_path, corpus)
    lines = sentences()[:200]
    assert sum(a == b for a, b in zip(lines, model.reconstruct(lines), strict=True)) > 120
    batch = collate_lists(model.run.tokenizer.encode(lines[:32]), SPECIALS)
    latent = model.run.network.encode(batch.source, batch.lengths)
    swapped = latent._replace(vector=latent.vector.roll(1, 0))
    rows = [write(model.run.network, one, SPECIALS, 20) for one in (latent, swapped)]
    assert sum(a == b for a, b in zip(*rows, strict=True)) > 25
