"""Trainings that begin with parts of trained models: the encoder of one, the decoder of another."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from textrae.errors import ConfigError
from textrae.nn.autoencoder import READING, WRITING, Autoencoder
from textrae.runs.folder import TARGET_TOKENIZER, TOKENIZER
from textrae.runs.hub import pinned, run_folder
from textrae.runs.run import Run, load_run, load_settings
from textrae.settings.files import build, to_dict
from textrae.settings.model import ModelConfig
from textrae.settings.rules import changed, refuse_ineffective, refuse_part, refuse_with_parts
from textrae.settings.run import DECODER_SETTINGS, ENCODER_SETTINGS, Settings

_PIECES = ("vocab_size", "whole_words")
"""Settings of a tokenizer, which may be given again as the run has them."""


def adopted(settings: Settings, given: Mapping[str, Any], named: Collection[str] = ()) -> Settings:
    """Return the settings with the shapes and tokenizers of the runs that they begin with.

    Args:
        settings: settings asked for; `encoder` and `decoder` name the runs.
        given: settings that were given expressly and must not be changed.
        named: names of settings that were given expressly, with their default's value perhaps. These and all that
            differ from their defaults must have an effect.

    Raises:
        ConfigError: a setting given, or the other run, differs from what a run has; or a setting would have no effect.
        RunError: a run cannot be read.
    """
    settings = replace(settings, encoder=pinned(settings.encoder), decoder=pinned(settings.decoder))
    both = settings.encoder is not None and settings.decoder is not None
    translates = both and bool(load_settings(run_folder(str(settings.encoder))).target)
    refuse_with_parts(settings, given, translates)
    model, corpus, wanted = to_dict(settings.model), settings.corpus, dict(given)
    asked = changed(settings) | set(named)
    for run, names, what in (
        (settings.encoder, ENCODER_SETTINGS, "encoder"),
        (settings.decoder, DECODER_SETTINGS, "decoder"),
    ):
        if run is None:
            continue
        folder = run_folder(run)
        trained = load_settings(folder)
        resolved = _shape(trained.model)
        shape = {name: resolved[name] for name in names}
        refuse_part(what, run, reads_vectors=bool(trained.model.vectors), shape=shape, wanted=wanted)
        model.update(shape)
        wanted.update(shape)
        asked -= {name for name in _PIECES if getattr(trained.corpus, name) == getattr(corpus, name)}
        # an encoder's tokenizer is of the source, a decoder's of the target
        own = what == "decoder" and trained.target and trained.corpus.tokenizers == "separate"
        tokenizer = str(folder / (TARGET_TOKENIZER if own else TOKENIZER))
        if what == "decoder" and settings.target:
            corpus = replace(corpus, tokenizers="separate", target_tokenizer=tokenizer)
        else:
            corpus = replace(corpus, tokenizer=tokenizer)
    if settings.encoder is not None and settings.target:
        corpus = replace(corpus, tokenizers="separate")  # an autoencoder's tokenizer knows one language
    found = replace(settings, model=build(ModelConfig, model), corpus=corpus)
    refuse_ineffective(asked, found)
    return found


def _shape(model: ModelConfig) -> dict[str, Any]:
    """Return a model's settings, with the defaults resolved that depend on other settings."""
    return {
        **to_dict(model),
        "slot_addressing": "position" if model.slots_placed else "content",
        "clock": model.clock_used,
        "encoding_scale": model.encoding_scale_used,
        "segments": model.segment_rules if model.hierarchical else None,
        "closings": model.closings_used or not model.hierarchical,
        "places": model.places_used if model.hierarchical else None,
    }


def transplant(network: Autoencoder, settings: Settings) -> None:
    """Copy the parts that the settings name into a fresh network.

    Raises:
        RunError: a run cannot be read.
        ConfigError: a part does not fit.
    """
    if settings.encoder is not None:
        _copy(network, load_run(run_folder(settings.encoder)), READING, "encoder")
    if settings.decoder is not None:
        run = load_run(run_folder(settings.decoder))
        _copy(network, run, WRITING, "decoder")
        network.output.load_state_dict(run.network.output.state_dict())


def freeze_encoder(network: Autoencoder) -> None:
    """Exclude everything up to the latent from training."""
    for name, parameter in network.named_parameters():
        if name.startswith(READING):
            parameter.requires_grad_(False)


def _copy(network: Autoencoder, run: Run, prefixes: tuple[str, ...], what: str) -> None:
    own = network.state_dict()
    theirs = {name: value for name, value in run.network.state_dict().items() if name.startswith(prefixes)}
    for name in [name for name in theirs if name.startswith("clock.") and name not in own]:
        del theirs[name]  # a decoder that now rebuilds what is read need not foretell its length
    for name, value in theirs.items():
        if name not in own or own[name].shape != value.shape:
            raise ConfigError(
                f"`{what}`: {name} of that run does not fit this model; train with its settings"
            )
    network.load_state_dict(theirs, strict=False)
