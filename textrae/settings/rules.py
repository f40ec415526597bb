"""What goes with what across the settings of a training: every rule that judges several of them together.

A rule of one dataclass only stands in its own validator. Reasons name settings in backticks; the command shows its options.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from textrae.settings.fields import refuse
from textrae.settings.model import ModelConfig
from textrae.settings.run import Settings
from textrae.settings.sizes import NUMBERS, Dialled, numbers

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
"""Settings of a training that only a variational model uses."""

_DIVERGENCE = ("beta_schedule", "beta_warmup", "beta_cycles", "free_bits", "free_bits_per")
"""Settings of the KL divergence that its weight multiplies."""

_NOISE = ("noise_drop", "noise_blank", "noise_substitute", "noise_shuffle")


def changed(settings: Settings) -> set[str]:
    """Return the names of the settings that have another value than their default."""
    parts = settings.model, settings.corpus, settings.training
    return {one.name for part in parts for one in fields(part) if getattr(part, one.name) != one.default}


def refuse_ineffective(given: Collection[str], settings: Settings) -> None:
    """Reject settings that were given expressly and would have no effect on this model or its training.

    Args:
        given: names of settings.
        settings: what they make, with what a run brings that training begins with.

    Raises:
        ConfigError: naming the first such setting, and what would use it.
    """
    needs = {**_model_needs(settings), **_training_needs(settings), **_corpus_needs(settings)}
    for name in sorted(given):
        used, why = needs.get(name, (True, ""))
        refuse(not used, f"`{name}`: {why}, or leave it out")


def _model_needs(settings: Settings) -> dict[str, tuple[object, str]]:
    """Return for settings of a model whether they are used, and what would use them."""
    model = settings.model
    reads = (not settings.vectors, "is of an encoder, which a model that reads `vectors` lacks")
    return {
        "conditioning": (
            model.memory == "slots" or model.conditioning == "initial",
            "with `memory=states` an encoding is the initial state only: give `conditioning=initial`",
        ),
        "scoring": (model.attends, "is of attention: give `slots`, or `memory=states`"),
        "slot_addressing": (model.slots > 1, "tells several slots apart: give `slots`"),
        "clock": (
            model.can_have_clock,
            "is for slots with positions (not with `reverse`), or the places of a hierarchical model: give `slots`",
        ),
        "encoding_scale": (
            model.conditions_every_step,
            "is for an encoding that every step is given: give `conditioning=every-step`",
        ),
        **dict.fromkeys(("bidirectional", "reverse", "pooling"), reads),
    }


def _training_needs(settings: Settings) -> dict[str, tuple[object, str]]:
    """Return for settings of a training whether they are used, and what would use them."""
    model, training = settings.model, settings.training
    needs: dict[str, tuple[object, str]] = {
        **dict.fromkeys(
            VARIATIONAL, (model.variational, "is for a variational model: give `variational=True`")
        ),
        "regulariser_weight": (model.regulariser != "none", "weighs a regulariser: give `regulariser`"),
        "meaning_weight": (
            training.views or settings.taught or (model.meaning and settings.joint and not model.sif),
            "weighs what teaches meaning: give `views`, `context`, `aligned` or `teacher`",
        ),
        "rehearsal": (model.hierarchical, "is for a hierarchical model: give `hierarchical=True`"),
        "prior": (
            not settings.vectors and model.memory != "states",
            "is of encodings that the model itself makes and decodes: leave it out",
        ),
    }
    if model.variational:
        constant, cyclical = (training.beta_schedule == kind for kind in ("constant", "cyclical"))
        needs["beta_cycles"] = (cyclical, "counts cycles: give `beta_schedule=cyclical`")
        needs["beta_warmup"] = (
            not constant,
            "is how fast the weight rises: with `beta_schedule=constant` it does not",
        )
        needs["free_bits_per"] = (
            training.free_bits > 0,
            "says what free bits are counted for: give `free_bits`",
        )
    if model.variational and not training.beta:
        weighed = (False, "is of the KL divergence, which `beta=0` leaves out: give `beta`")
        needs |= dict.fromkeys(_DIVERGENCE, weighed)
    if training.freeze_encoder:
        frozen = (False, "trains the encoder, which stays as it is: leave `freeze_encoder` out")
        taught = ("beta", "aggressive", "regulariser_weight", "views", "meaning_weight", *_DIVERGENCE)
        needs |= dict.fromkeys(taught, frozen)
        if not settings.target:
            needs["embedding_rate"] = (
                False,
                "is of embeddings, which stay with the encoder: leave `freeze_encoder` out",
            )
    return needs


def _corpus_needs(settings: Settings) -> dict[str, tuple[object, str]]:
    """Return for settings of a text whether they are used, and what would use them."""
    corpus = settings.corpus
    trains_tokenizer = corpus.tokenizer is None or (
        bool(settings.target) and corpus.tokenizers == "separate" and corpus.target_tokenizer is None
    )
    begun = settings.encoder or settings.decoder
    what = "trained part comes" if begun else "given tokenizer comes"
    pieces = (trains_tokenizer, f"a {what} with its own pieces: train without one")
    translates = (settings.target, "is for translation: give `target`")
    return {
        **dict.fromkeys(("vocab_size", "whole_words"), pieces),
        **dict.fromkeys(("tokenizers", "target_tokenizer", "target_column"), translates),
    }


def refuse_sources(settings: Settings, *, in_memory: bool) -> None:
    """Reject a training from Python that has no text, or files beside sentences in memory.

    Raises:
        ConfigError: naming the setting, and what to do.
    """
    if not in_memory:
        refuse(not settings.sources, "`corpus`: nothing to train on; give a file, or `sentences`")
        return
    refuse(settings.sources, "`corpus` and `sentences`: give one of them")
    refuse(settings.target, "`sentences`: parallel text is read from files; give `corpus` and `target`")
    read = settings.corpus.format != "auto" or settings.corpus.column is not None
    refuse(read, "`format` and `column` are for files; leave them out beside `sentences`")


def refuse_incomplete(settings: Settings) -> None:
    """Reject what a training that begins would not use, or could not use without something else.

    A training that is resumed may continue as it began.

    Raises:
        ConfigError: naming the first such setting, and what to do.
    """
    model, training = settings.model, settings.training
    normalised = not (model.variational or model.memory == "states") and model.regulariser == "none"
    refuse(
        normalised and model.encoding_size < 3,
        "`latent`: of 2 dimensions with mean 0 and variance 1 only a sign is free; give 3, or `variational=True`",
    )
    refuse(
        settings.valid_target and not settings.target,
        "`valid_target`: is for translation; give `target` too, or leave it out",
    )
    refuse(
        settings.valid_target and settings.valid is None,
        "`valid_target`: the validation file that it translates is missing; give `valid` too, or leave it out",
    )
    _refuse_unvalidated(settings)
    refuse(
        settings.valid_vectors is not None and settings.vectors is None,
        "`valid_vectors`: are for a model that reads vectors; give `vectors` too",
    )
    for name in _NOISE:
        refuse(
            settings.vectors is not None and getattr(training, name),
            f"`{name}`: it spoils the text that an encoder reads, and with `vectors` there is none; leave it out",
        )


def _refuse_unvalidated(settings: Settings) -> None:
    """Reject targets of a validation file that are not one for each language."""
    languages, named = dict.fromkeys(settings.target_languages), dict.fromkeys(settings.valid_languages)
    unknown = [name for name in named if name not in languages]
    refuse(
        unknown,
        f"`valid_target`: no target is named {', '.join(unknown)}; name them as in `target`: "
        f"{', '.join(languages) or 'not at all'}",
    )
    refuse(
        len(settings.valid_target) > max(1, len(named)),
        "`valid_target`: one for each language; give one file for each, with the language's name",
    )
    missing = [name for name in languages if name not in named]
    refuse(
        settings.valid is not None and len(languages) > 1 and missing,
        f"`valid_target`: every language is validated, and {', '.join(missing)} has none; give one for each, with the "
        "language's name",
    )


def refuse_conflicts(settings: Settings) -> None:
    """Reject settings of a training that contradict one another.

    Raises:
        ConfigError: naming one of them, and what to do.
    """
    model, training = settings.model, settings.training
    refuse(
        model.hierarchical and training.crossover,
        "`crossover`: a hierarchical model's segments cannot continue as another's; leave it out",
    )
    refuse(
        model.reconstruction == "mse" and training.label_smoothing,
        "`label_smoothing`: mse has no softmax whose targets could be smoothed; leave it out",
    )
    refuse(
        training.copying and not settings.copies,
        "`copying`: only an autoencoder without segments, posterior or regulariser writes any text as it reads it; "
        "leave it out",
    )
    if settings.target:
        _refuse_with_target(settings)
    if settings.taught:
        _refuse_taught(settings)
    refuse(
        model.sif and (settings.taught or training.views),
        "`sif`: is not taught; leave it out, or `teacher`, `context`, `aligned` and `views`",
    )
    languages = tuple(dict.fromkeys(settings.target_languages))
    refuse(
        model.languages not in ((), languages),
        f"`languages`: the targets are {', '.join(languages) or 'of no named language'}; leave it out",
    )
    _refuse_with_vectors(settings)
    refuse(
        training.freeze_encoder and settings.encoder is None,
        "`freeze_encoder`: an encoder that is not trained yet would stay so; give `encoder` too",
    )


def _refuse_with_target(settings: Settings) -> None:
    """Reject what cannot go with a target."""
    refuse(
        settings.model.hierarchical,
        "`hierarchical`: the segments of a text are not those of its translation; leave it out",
    )
    refuse(
        settings.training.crossover,
        "`crossover`: a sentence that continues as another has no translation; leave it out",
    )
    refuse(
        settings.valid is not None and not settings.valid_target and settings.corpus.target_column is None,
        "`valid`: parallel text needs the other side of the validation file; give `valid_target`",
    )


def _refuse_with_vectors(settings: Settings) -> None:
    """Reject what cannot go with given vectors, or misses them."""
    if settings.vectors is None:
        refuse(
            settings.model.vectors,
            "`vectors`: a model that reads vectors is trained on a file of them; give `vectors=FILE.npy`",
        )
        return
    refuse(settings.target, "`target`: with `vectors` the corpus itself is what is written; leave it out")
    refuse(
        settings.training.crossover,
        "`crossover`: a sentence that continues as another has no vector; leave it out",
    )
    refuse(settings.encoder, "`encoder`: with `vectors` there is none; leave it out")
    refuse(settings.training.views, "`views`: with `vectors` there is no encoder to teach; leave it out")
    refuse(
        settings.valid is not None and settings.valid_vectors is None,
        "`valid`: its vectors are missing; give `valid_vectors`",
    )
    refuse(
        settings.valid is None and settings.valid_vectors is not None,
        "`valid_vectors`: their sentences are missing; give `valid`, or leave them out",
    )


def refuse_widths(settings: Settings, width: int, valid_width: int | None) -> None:
    """Reject files of vectors whose dimensions differ from the model's, or from each other's.

    Args:
        settings: settings that name the files.
        width: dimensions of the vectors to train on.
        valid_width: dimensions of the validation file's vectors; None without one.

    Raises:
        ConfigError: naming the file.
    """
    model = settings.model.vectors
    refuse(model not in (0, width), f"{settings.vectors}: vectors of {width} dimensions, not {model}")
    refuse(
        valid_width not in (None, width),
        f"{settings.valid_vectors}: vectors of {valid_width} dimensions, not {width}",
    )


def _refuse_taught(settings: Settings) -> None:
    """Reject what cannot go with a teacher's vectors, or with neighbouring lines."""
    name = "context" if settings.training.context else "aligned"
    name = name if settings.teacher is None else "teacher"
    refuse(
        settings.training.aligned and len(settings.sources) < 2,
        "`aligned`: one text has no translations; give a file for each language as the corpus",
    )
    refuse(settings.vectors, f"`{name}`: with `vectors` there is no encoder to teach; leave it out")
    refuse(
        settings.target,
        f"`{name}`: is for autoencoders; with `target` the translations teach what sentences mean; leave it out",
    )
    refuse(
        settings.training.crossover,
        f"`crossover`: a sentence that continues as another is not what `{name}` knows; leave it out",
    )
    refuse(
        settings.training.freeze_encoder,
        f"`{name}`: teaches the encoder, which `freeze_encoder` leaves as it is; leave one of them out",
    )


def refuse_teacher(meaning: int, width: int) -> None:
    """Reject a part for meaning that has more numbers than a teacher's vectors have dimensions.

    Raises:
        ConfigError: it has.
    """
    refuse(
        meaning > width, f"`meaning`: the teacher's vectors have {width} dimensions; give {width} or fewer"
    )


def refuse_with_parts(settings: Settings, given: Mapping[str, object], translates: bool) -> None:
    """Reject what does not go with trained parts that a training begins with.

    Args:
        settings: settings that name the runs of the parts.
        given: settings that were given expressly.
        translates: whether the run named as `encoder` was trained to translate.

    Raises:
        ConfigError: naming the part or the setting, and what to do.
    """
    corpus, encoder, decoder = settings.corpus, settings.encoder, settings.decoder
    if encoder is not None and decoder is not None and not settings.target:
        refuse(
            Path(encoder).resolve() != Path(decoder).resolve(),
            "`encoder` and `decoder`: without a target both are of one text; give one run as both, one of them, or `target`",
        )
        refuse(
            translates, f"`encoder` and `decoder`: {encoder} translates; to continue with it, give `target`"
        )
    refuse(
        corpus.tokenizer is not None and (encoder or (decoder and not settings.target)),
        "`tokenizer`: a trained part comes with its own; leave it out",
    )
    refuse(
        corpus.target_tokenizer is not None and decoder,
        "`target_tokenizer`: a trained decoder comes with its own; leave it out",
    )
    refuse(
        given.get("tokenizers") == "joint" and settings.target and (encoder or decoder),
        "`tokenizers`: a trained part comes with its own, of one side; leave joint out",
    )


def refuse_part(
    what: str, run: str, *, reads_vectors: bool, shape: Mapping[str, object], wanted: Mapping[str, object]
) -> None:
    """Reject a trained part whose settings are not those that are wanted.

    Args:
        what: ``encoder`` or ``decoder``.
        run: run folder of the part.
        reads_vectors: whether that run was trained on vectors.
        shape: settings that the part depends on, as its run has them.
        wanted: settings given expressly, and those of the other part; None and ``auto`` agree with anything.

    Raises:
        ConfigError: naming the part and the first setting that differs.
    """
    refuse(
        what == "encoder" and reads_vectors,
        f"`encoder={run}`: was trained on vectors and has no encoder; give a run that reads text",
    )
    for name, value in shape.items():
        asked = wanted.get(name)
        refuse(
            asked not in (None, "auto", value),
            f"`{what}={run}`: its `{name}` is {value}, not {asked}; the parts must agree",
        )


def refuse_size(size: Dialled, given: Mapping[str, Any], begun: bool) -> None:
    """Reject a size that does not exist, or would have no effect.

    Args:
        size: size that is asked for; ``auto`` may have no effect.
        given: settings of the model that were given expressly, by name.
        begun: whether the training begins with a trained part.

    Raises:
        ConfigError: telling what to do.
    """
    known = get_args(Dialled)
    refuse(size not in known, f"`size`: {size!r} is no size; there are {', '.join(known)}")
    if size == "auto":
        return
    refuse(begun, "`size`: a trained part comes with its own; leave it out")
    names = ", ".join(f"`{name}`" for name in NUMBERS)
    refuse(given.keys() >= set(NUMBERS), f"`size`: it decides {names}, which are given; leave it out")


def refuse_another_size(
    size: Dialled, given: Mapping[str, Any], stored: ModelConfig, *, translates: bool
) -> None:
    """Reject a size that is not that of the training to be resumed.

    Args:
        size: size that is given again; ``auto`` agrees with any.
        given: settings of the model that are given again, by name.
        stored: the model of that training, on whose slots its corpus may have decided.
        translates: whether that training has a target of its own.

    Raises:
        ConfigError: naming a number that differs.
    """
    refuse_size(size, {}, begun=False)
    if size == "auto":
        return
    for name, value in numbers(size, {"slots": stored.slots, **given}, translates=translates).items():
        found = getattr(stored, name)
        refuse(
            found != value,
            f"`size`: the training to be resumed has `{name}={found}`, not {value}; leave it out",
        )
