"""What goes with what across the settings of a training."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from textrae.errors import ConfigError
from textrae.settings.model import ModelConfig
from textrae.settings.run import Settings
from textrae.settings.training import TrainingConfig


def _refuse_idle(settings: Settings) -> None:
    """ConfigError, if a training would not use something that it is given; one that is resumed may go on as it began."""
    model, training, corpus = settings.model, settings.training, settings.corpus
    trains_tokenizer = corpus.tokenizer is None or (
        bool(settings.target) and corpus.tokenizers == "separate" and corpus.target_tokenizer is None
    )
    normalised = not (model.variational or model.memory == "states") and model.regulariser == "none"
    refused = {
        "latent: of 2 numbers with mean 0 and variance 1 nothing is free but a sign; give 3, or variational": normalised
        and model.encoding_size < 3,
        "valid_target: is for translation; give --target too, or leave it out": settings.valid_target
        is not None
        and not settings.target,
        "valid_target: of which sentences? give --valid FILE too, or leave it out": settings.valid_target
        is not None
        and settings.valid is None,
        "valid_vectors: are for a model that reads vectors; give --vectors too": settings.valid_vectors
        is not None
        and settings.vectors is None,
        "whole_words: a tokenizer that is given has its pieces; leave one of them out": corpus.whole_words
        and not trains_tokenizer,
        "noise: it spoils the text that an encoder reads, and with vectors there is none; leave it out": settings.vectors
        is not None
        and any(getattr(training, f"noise_{kind}") for kind in ("drop", "blank", "substitute", "shuffle")),
    }
    for reason, found in refused.items():
        if found:
            raise ConfigError(reason)


def _refuse_for_pairs(settings: Settings) -> None:
    """What cannot go with a target."""
    refused = {
        "hierarchical: the segments of a text are not those of its translation; leave it out": settings.model.hierarchical,
        "crossover: a sentence that goes on as another has no translation; leave it out": settings.training.crossover,
        "valid: parallel text needs the other side of the validation file; give --valid-target": settings.valid
        is not None
        and settings.valid_target is None
        and settings.corpus.target_column is None,
    }
    for reason, found in refused.items():
        if found:
            raise ConfigError(reason)


VARIATIONAL = (
    "beta",
    "beta_schedule",
    "beta_warmup",
    "beta_cycles",
    "free_bits",
    "free_bits_per",
    "pretrain",
    "reset_decoder",
    "aggressive",
)


def refuse_idle(
    given: Collection[str], model: ModelConfig, training: TrainingConfig, files: Mapping[str, object]
) -> None:
    """ConfigError, if one of the settings that were given belongs to a part that the model or its training lacks.

    Args:
        given: names of settings.
        model: as they make it.
        training: the same.
        files: what is trained on, by the names that :class:`textrae.settings.run.Settings` has.
    """
    cyclical, constant = (training.beta_schedule == kind for kind in ("cyclical", "constant"))
    needs = {
        **dict.fromkeys(VARIATIONAL, (model.variational, "is for a variational model: give --variational")),
        "regulariser_weight": (model.regulariser != "none", "weighs a regulariser: give --regulariser"),
        "conditioning": (
            model.memory == "slots" or model.conditioning == "initial",
            "beside --memory states an encoding is the initial state alone: give --conditioning initial",
        ),
        "rehearsal": (model.hierarchical, "is for a hierarchical model: give --hierarchical"),
    }
    for name in ("tokenizers", "target_tokenizer", "target_column"):
        needs[name] = (bool(files["target"]), "is for translation: give --target")
    for name in ("bidirectional", "reverse", "pooling"):
        needs[name] = (not files["vectors"], "is of an encoder, which a model that reads --vectors lacks")
    if model.variational:
        needs["beta_cycles"] = (cyclical, "counts cycles: give --beta-schedule cyclical")
        needs["beta_warmup"] = (
            not constant,
            "is how fast the weight rises: --beta-schedule constant does not",
        )
        needs["free_bits_per"] = (
            training.free_bits > 0,
            "says what free bits are counted in: give --free-bits",
        )
    for name in sorted(given):
        used, why = needs.get(name, (True, ""))
        if not used:
            raise ConfigError(f"--{name.replace('_', '-')}: {why}, or leave it out")
