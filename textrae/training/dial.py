"""The size of a model, chosen by the speed of this machine, the budget of the training and its corpus."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from textrae.settings.files import build
from textrae.settings.model import ModelConfig
from textrae.settings.rules import refuse_size
from textrae.settings.sizes import Dialled, Size, numbers, size_for, slots_for
from textrae.settings.training import TrainingConfig
from textrae.text.prepared import PreparedCorpus
from textrae.text.stats import short
from textrae.training.budget import MINUTES
from textrae.training.loop import endless
from textrae.training.state import Trainer
from textrae.training.step import PartLoss, optimizer_of, update

_MOMENT, _SHARE = 2.0, 0.03
"""Seconds for which a speed is measured, and share of a budget in minutes: the shorter of both."""
BATCH, _LARGEST, _GAIN = 1_024, 1 << 17, 1.15
"""Tokens of the smallest batch that is tried on a GPU, of the largest, and the gain for which twice as many are taken."""
_AT_ONCE = 8
"""Updates that a GPU gets before their time is taken."""
_TEXTS = 100_000
"""Texts whose lengths decide on slots, at most."""
_LONG = 0.9
"""Share of the texts that are no longer than what slots are made for."""


@dataclass(frozen=True)
class Dial:
    """What may be chosen of a model when its corpus is known."""

    size: Dialled = "auto"
    """The size asked for."""
    free: frozenset[str] = frozenset()
    """Numbers of the model that its size decides, as they were not given (of :data:`textrae.settings.sizes.NUMBERS`)."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a size is chosen for."""

    config: TrainingConfig
    """Budget of the training."""
    corpus: PreparedCorpus
    """Text that is trained on."""
    pace: Callable[[ModelConfig, float], float]
    """Measures the target tokens a second that training a model sees, for about a number of seconds."""
    fits: Callable[[ModelConfig], bool]
    """Tells whether the device has the memory to train a model."""
    processes: int = 1
    """Processes that train together, whose speeds add up."""


def shaped(
    given: Mapping[str, Any], size: Dialled = "auto", *, vectors: bool = False, begun: bool = False
) -> tuple[ModelConfig, Dial]:
    """Return a model of a size, and what may still be chosen of it.

    Args:
        given: settings of the model that were given, by name.
        size: size of the model; with ``auto`` it has the base size until one is chosen.
        vectors: whether it reads a file of vectors.
        begun: whether it begins with a trained part, which decides on its numbers.

    Raises:
        ConfigError: a setting is wrong, or the size would have no effect.
    """
    refuse_size(size, given, begun)
    # how many dimensions they have is not known yet
    known = {"vectors": 1, **given} if vectors else given
    found = numbers("base" if size == "auto" else size, known)
    model = build(ModelConfig, {**found, **given})
    if begun:
        return model, Dial(size)
    return model, Dial(size, frozenset(name for name in found if name != "slots" or model.slots))


def turned(model: ModelConfig, dial: Dial, ground: Ground) -> tuple[ModelConfig, str]:
    """Return a model with the numbers that were left open, and a line that tells how they were chosen.

    Args:
        model: the model, with any numbers in their place.
        dial: what may be chosen of it.
        ground: what it is chosen for.

    Returns:
        The model, and the line, which is empty where nothing was chosen.
    """
    if not dial.free:
        return model, ""
    lengths, translates = ground.corpus.text.lengths, ground.corpus.stats.translates
    length = float(np.quantile(lengths[:: 1 + len(lengths) // _TEXTS], _LONG, method="lower"))

    def of(size: Size, length: float = length) -> ModelConfig:
        """Return the model of a size, for texts of a length."""
        found: dict[str, Any] = {"slots": slots_for(size, length, translates=translates)}
        slots = found["slots"] if "slots" in dial.free else model.slots
        found |= numbers(size, {"slots": slots}, translates=translates)
        return replace(model, **{name: found[name] for name in dial.free})

    if dial.size != "auto":
        size, why = dial.size, ""
    elif dial.free == {"slots"}:
        size, why = "base", ""
    else:
        size, why = _chosen(of, ground)
    named = "" if dial.free == {"slots"} else f"size {size}: "
    found, usual = of(size), of(size, 0.0).slots
    if found.slots > usual:
        why += f"{'; ' if why else ''}more slots than {usual}, as a tenth of the texts have over {length:,.0f} tokens"
    return found, f"{_told(found, named)}{f' ({why})' if why else ''}"


def _chosen(of: Callable[[Size], ModelConfig], ground: Ground) -> tuple[Size, str]:
    """Return the size that suits a budget, and why.

    Args:
        of: returns the model of a size.
        ground: what it is chosen for.
    """
    config, stats = ground.config, ground.corpus.stats
    text = stats.train_rows + (stats.train_tokens if stats.target_tokens is None else stats.target_tokens)
    paces: dict[Size, float] = {}
    minutes = config.minutes or MINUTES

    def tokens(size: Size) -> float:
        """Return the target tokens that the budget trains a size on."""
        if config.steps is not None:
            return config.steps * min(config.batch * config.accumulate * ground.processes, text)
        if config.epochs is not None:
            return config.epochs * text
        paces[size] = ground.processes * ground.pace(of(size), min(_MOMENT, _SHARE * 60 * minutes))
        return paces[size] * 60 * minutes

    size = size_for(tokens, text, lambda size: ground.fits(of(size)))
    if not paces:
        budget = f"{config.steps:,} steps" if config.steps is not None else f"{config.epochs:g} epochs"
        return size, f"{budget} see {short(tokens('base'))} tokens"
    measured = size if size in paces else "base"
    return size, (
        f"this machine trains {'' if measured == size else 'base at '}about {_rounded(paces[measured]):,} tokens/s, so "
        f"{minutes:g} minutes see {short(paces[measured] * 60 * minutes)} tokens"
    )


def batch_for(pace: Callable[[int], float]) -> tuple[int, list[float]]:
    """Return the fewest tokens of a batch with which a GPU trains nearly as fast as with more, and the speeds measured.

    Args:
        pace: measures the tokens a second with batches of a number of tokens; 0.0 where memory does not suffice.
    """
    chosen, paces = BATCH, [pace(BATCH)]
    while 2 * chosen <= _LARGEST and (found := pace(2 * chosen)) >= _GAIN * paces[-1]:
        chosen, paces = 2 * chosen, [*paces, found]
    return chosen, paces


def pace(trainer: Trainer, seconds: float) -> float:
    """Measure how many target tokens a training sees in a second, by updates that are thrown away with the trainer.

    The first update is not counted: it takes longer, as memory is laid out and kernels are loaded. The rate is 0, so that
    weights stay what they were.

    Args:
        trainer: a training that is about to begin, with a network of its own.
        seconds: how long updates are timed; one is, however long it takes.
    """
    optimizer, buckets = (
        optimizer_of(trainer),
        trainer.buckets(trainer.config.batch, trainer.config.seed),
    )
    alone = trainer.device.type == "cpu"
    began, seen = 0.0, 0
    model = PartLoss(trainer)
    for step, parts in enumerate(endless(buckets, trainer)):
        _, tokens, _ = update(trainer, model, optimizer, parts, done=0.0, rate=0.0)
        seen += tokens
        if not alone and step % _AT_ONCE:
            continue
        if not alone:
            torch.get_device_module(trainer.device).synchronize()
        now = time.perf_counter()
        if step == 0:
            began, seen = now, 0
        elif now - began >= seconds:
            break
    return seen / (now - began)


def _told(model: ModelConfig, size: str) -> str:
    """Return the numbers of a model in a few words."""
    held = f"{model.slots} slots × {model.latent} numbers"
    if model.memory == "states":
        held = "all states as memory"
    elif model.slots < 2:
        held = f"one vector of {model.latent} numbers"
    meaning = f", and {model.meaning} numbers for meaning" if model.meaning else ""
    return f"{size}{model.hidden:,} units, {held}{meaning}"


def _rounded(count: float) -> int:
    """Return a count with its two first digits only."""
    return int(float(f"{count:.2g}"))
