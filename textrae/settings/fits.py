"""What goes with what in the shape of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textrae.settings.fields import refuse

if TYPE_CHECKING:
    from textrae.settings.model import ModelConfig


def refuse_unfit(model: ModelConfig) -> None:
    """Reject settings of a model that contradict one another, would be ignored, or could not work.

    Raises:
        ConfigError: naming the first such setting, and what to do.
    """
    _memory_fits(model)
    _encoder_fits(model)
    _decoder_fits(model)
    _vectors_fit(model)
    _meaning_fits(model)


def _memory_fits(model: ModelConfig) -> None:
    """Reject what all states as memory leave without use."""
    if model.memory != "states":
        return
    refuse(model.slots, "`slots`: with `memory=states` the decoder attends over all states; leave it out")
    refuse(
        model.variational,
        "`variational`: with `memory=states` the decoder does not need the encoding; give `memory=slots`",
    )
    refuse(
        model.regulariser != "none",
        "`regulariser`: with `memory=states` the decoder does not need the encoding; give `memory=slots`",
    )
    refuse(
        model.blur, "`blur`: with `memory=states` the decoder does not need the encoding; give `memory=slots`"
    )
    refuse(
        model.hierarchical,
        "`hierarchical`: with `memory=states` the decoder sees every token's state; give `memory=slots`",
    )


def _encoder_fits(model: ModelConfig) -> None:
    """Reject settings of the encoder that would be ignored or could not work."""
    positions = model.slot_addressing == "position"
    refuse(positions and model.slots < 2, "`slot_addressing`: a position needs several slots; give `slots`")
    refuse(
        model.clock and not model.can_have_clock,
        "`clock`: it needs slots with positions from the beginning on, or a hierarchical model's places; give `slots`, and "
        "leave `reverse` out",
    )
    refuse(
        model.posterior_norm and not model.variational,
        "`posterior_norm`: only a variational model has a posterior; give `variational=True`",
    )
    refuse(
        model.reverse and model.bidirectional,
        "`reverse`: a bidirectional encoder reads both ways already; give `bidirectional=False`",
    )
    refuse(
        model.reverse and model.hierarchical,
        "`reverse`: a hierarchical model's segments keep their order; leave it out",
    )
    refuse(
        model.segments is not None and not model.hierarchical,
        "`segments`: only a hierarchical model cuts its texts; give `hierarchical=True`",
    )
    refuse(
        not model.closings and not model.hierarchical,
        "`closings`: only a hierarchical model cuts its texts; leave it out",
    )
    refuse(
        model.slots and not model.hierarchical and model.pooling != "auto",
        "`pooling`: slots take the place of pooling; leave it out",
    )
    if model.places:
        refuse(
            not model.hierarchical or model.slots,
            "`places`: only a hierarchical model without slots has them; leave it out",
        )
        refuse(
            model.latent % model.places,
            f"`places`: {model.latent} dimensions cannot be divided into {model.places} of one size",
        )


def _decoder_fits(model: ModelConfig) -> None:
    """Reject settings of the decoder that would be ignored."""
    refuse(
        model.scoring != "dot" and not model.attends,
        "`scoring`: there is no attention; give `slots`, or `memory=states`",
    )
    refuse(
        model.blur and (model.hierarchical or model.vectors),
        "`blur`: is for encodings of sentences, whose decoder is told of the noise; leave it out, or `hierarchical` and "
        "`vectors`",
    )
    refuse(
        model.encoding_scale not in (None, 1.0) and not model.conditions_every_step,
        "`encoding_scale`: the encoding is only the decoder's initial state; leave it out",
    )
    refuse(
        model.mse_weight and model.reconstruction == "mse",
        "`mse_weight`: it mixes MSE into cross-entropy; with `reconstruction=mse` there is nothing to mix",
    )


def _vectors_fit(model: ModelConfig) -> None:
    """Reject settings of an encoder where given vectors are read instead of a text."""
    if not model.vectors:
        return
    wanted = {
        "variational": model.variational,
        "hierarchical": model.hierarchical,
        "reverse": model.reverse,
        "posterior_norm": model.posterior_norm,
        "memory": model.memory == "states",
        "regulariser": model.regulariser != "none",
        "meaning": model.meaning > 0,
        "sif": model.sif,
    }
    for name, found in wanted.items():
        refuse(found, f"`{name}`: with vectors there is no encoder to do it; leave it out")


def _meaning_fits(model: ModelConfig) -> None:
    """Reject a part for meaning where the encoding has another form."""
    if not model.meaning:
        return
    refuse(
        model.meaning < 3,
        "`meaning`: of so few numbers with mean 0 and variance 1 only signs are free; give 3 or more",
    )
    wanted = {
        "variational": (
            model.variational,
            "samples are drawn from a prior, which a part for meaning does not have",
        ),
        "regulariser": (
            model.regulariser != "none",
            "it is for whole encodings that resemble draws from N(0, 1)",
        ),
        "hierarchical": (
            model.hierarchical,
            "a part for meaning is made of the states of a whole sentence",
        ),
        "memory": (model.memory == "states", "with all states as memory the encoding does not spell"),
    }
    for name, (found, reason) in wanted.items():
        refuse(found, f"`meaning`: does not go with `{name}`: {reason}; leave one of them out")
