"""A run studied: what it kept of its training, and what it does with sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from textrae.errors import ConfigError, TextraeError
from textrae.evaluation.attention import AttentionMap
from textrae.evaluation.measures import report_of, scored_sentences
from textrae.evaluation.reconstruction import ReconstructionReport
from textrae.evaluation.suite.report import SuiteReport
from textrae.evaluation.translation import TranslationReport, translation_report
from textrae.latent.posterior import Diagnosis
from textrae.model import SentenceAutoencoder
from textrae.report.choosing import Layout, Neighbours, apart, chosen, nearest, plane, short_ones
from textrae.runs.folder import METRICS
from textrae.runs.metrics import Report, read_metrics

Part = Literal["curves", "quality", "samples", "walk", "map", "posterior", "attention"]
PARTS: tuple[Part, ...] = get_args(Part)
"""Parts of a study; each takes time of its own."""
_MAPPED = 400
"""Kept encodings that are decoded to be shown, at most."""
_DIAGNOSED = 2_000
"""Sentences whose posteriors are measured, at most."""
_POINTS = 2_000
"""Sentences of a map, at most, evenly chosen."""
_SAMPLES, _STEPS, _MAPS, _NEIGHBOURS = 12, 7, 3, 6


@dataclass(frozen=True)
class Text:
    """Sentences that a run is measured on, none of them blank."""

    name: str
    """Name of the file."""
    sentences: Sequence[str]
    references: Sequence[str] | None = None
    """Translation of each, for a translator."""
    labels: Sequence[str] | None = None
    """Class of each."""
    notes: Sequence[str] = ()
    """What was left out, a line each."""


@dataclass
class Study:
    """Settings, metrics and measurements of one run; a part that could not be had is in `missing`, with the reason."""

    name: str
    model: SentenceAutoencoder
    reports: list[Report] = field(default_factory=list)
    """Reports of the training."""
    notes: list[str] = field(default_factory=list)
    """Caveats for a reader."""
    missing: dict[str, str] = field(default_factory=dict)
    """Parts that this run does not have, each with the reason."""
    quality: ReconstructionReport | TranslationReport | None = None
    pairs: list[tuple[str, str]] = field(default_factory=list)
    """Sentences and what the run made of them."""
    samples: list[str] = field(default_factory=list)
    walk: list[str] = field(default_factory=list)
    ends: tuple[str, str] | None = None
    """Sentences between which the walk goes."""
    layout: Layout | None = None
    """Encodings in the plane."""
    neighbours: list[Neighbours] = field(default_factory=list)
    posterior: Diagnosis | None = None
    attention: list[AttentionMap] = field(default_factory=list)
    suite: SuiteReport | None = None


def study(
    folder: Path,
    model: SentenceAutoencoder,
    text: Text | None,
    parts: Sequence[Part] = PARTS,
    *,
    to: str | None = None,
    seed: int = 0,
    watch: Callable[[str], None] = lambda line: None,
) -> Study:
    """Study a run.

    Args:
        folder: run folder.
        model: what was loaded from it.
        text: sentences to measure it on; without them it is shown by what it keeps.
        parts: what is studied.
        to: language to write, if the model writes several.
        seed: of the samples.
        watch: called with the name of each part before it is worked on.

    Raises:
        ConfigError: a text is given to a model that reads vectors, or there is no such language.
        RunError: the metrics may not be read.
    """
    name = folder.resolve().name or str(folder)
    found = Study(name, model)
    if text is not None and model.run.settings.model.vectors:
        raise ConfigError(
            f"{folder}: reads vectors of another encoder, not sentences; leave the file out, or measure it with "
            "`textrae evaluate --vectors`"
        )
    if text is not None and text.references is not None and not model.run.translates:
        raise ConfigError(f"{folder}: was not trained to translate; leave `target` out")
    model.engine.specials(to)  # which refuses a language that it does not write
    found.reports, left = read_metrics(folder / METRICS)
    if left:
        found.notes.append(f"{left:,} malformed lines of {METRICS} were left out")
    own, vectors = _kept(found, text, to) if {"walk", "map", "attention"} & set(parts) else ([], None)
    work = {
        "quality": lambda: _quality(found, text, to),
        "samples": lambda: _samples(found, seed, to),
        "walk": lambda: _walk(found, own, vectors, to),
        "map": lambda: _map(found, text, own, vectors),
        "posterior": lambda: _posterior(found, text),
        "attention": lambda: _attention(found, own, to),
    }
    for part in parts:
        if part not in work:
            continue
        watch(part)
        try:
            work[part]()
        except (TextraeError, ValueError) as error:
            found.missing[part] = str(error)
    return found


def _kept(found: Study, text: Text | None, to: str | None) -> tuple[list[str], NDArray[np.float32] | None]:
    """Return the sentences that the run is shown by, and their encodings: those of a text, or kept ones decoded."""
    model = found.model
    if text is not None:
        part = model.run.settings.model.compared
        return list(text.sentences), model.encode(list(text.sentences), part=part)
    latents = model.run.latents
    if latents is None:
        return [], None
    rows = np.linspace(0, len(latents.vectors) - 1, min(_MAPPED, len(latents.vectors))).astype(int)
    vectors = latents.vectors[rows].float().numpy()
    return model.decode(vectors, to=to), vectors


def _quality(found: Study, text: Text | None, to: str | None) -> None:
    model = found.model
    if text is None:
        raise ConfigError("needs sentences: give a FILE of them")
    if not model.run.translates:
        scored, filled, cuts = scored_sentences(model.engine, text.sentences)
        found.quality = report_of(scored, filled, cuts, tokenize="auto", longest=model.max_length)
        found.pairs = [(one.text, one.rebuilt) for one in scored]
        return
    some = text.sentences if text.references is not None else text.sentences[:100]
    written = model.translate(list(some), beam=1, to=to)
    if text.references is None:
        found.pairs = list(zip(some, written, strict=True))
        raise ConfigError("this model translates: give the references as `target`")
    found.quality = translation_report(text.sentences, written, text.references)
    found.pairs = list(zip(text.references, written, strict=True))


def _samples(found: Study, seed: int, to: str | None) -> None:
    found.samples = found.model.sample(_SAMPLES, seed=seed, to=to)


def _walk(found: Study, own: Sequence[str], vectors: NDArray[np.float32] | None, to: str | None) -> None:
    _refuse_none(found, own)
    model, places = found.model, apart(own)
    if model.run.settings.model.vectors:
        assert vectors is not None
        found.walk = model.interpolate(*vectors[list(places)], steps=_STEPS, to=to)
        return
    found.ends = own[places[0]], own[places[1]]
    found.walk = model.interpolate(*(own[place] for place in places), steps=_STEPS, to=to)


def _map(found: Study, text: Text | None, own: Sequence[str], vectors: NDArray[np.float32] | None) -> None:
    _refuse_none(found, own)
    assert vectors is not None
    if len(vectors) < 3:
        raise ConfigError("needs three sentences or more")
    rows = chosen(len(own), _POINTS)
    some, sentences = vectors[rows], [own[row] for row in rows]
    labels = None if text is None or text.labels is None else [text.labels[row] for row in rows]
    found.layout = plane(some, sentences, labels)
    if text is not None:
        found.neighbours = nearest(some, sentences, _NEIGHBOURS)


def _posterior(found: Study, text: Text | None) -> None:
    model = found.model
    if not model.run.settings.model.variational:
        raise ConfigError("only a variational model has posteriors")
    if text is not None:
        found.posterior = model.diagnose(text.sentences[:_DIAGNOSED])


def _attention(found: Study, own: Sequence[str], to: str | None) -> None:
    found.attention = [found.model.attention(one, to) for one in short_ones(own, _MAPS)]
    if not found.attention:
        _refuse_none(found, own)


def _refuse_none(found: Study, own: Sequence[str]) -> None:
    """Raise :class:`ConfigError` if there are no sentences to show the run by."""
    if not own:
        raise ConfigError("this run keeps no encodings of its training: give a FILE of sentences")
