"""Switches that would do nothing are refused, so that nobody believes they did."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from textrae.config import ModelConfig, TrainingConfig
from textrae.errors import ConfigError

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
        files: what is trained on, by the names that :class:`textrae.checkpoint.Settings` has.
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
