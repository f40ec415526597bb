"""What a training reads: the token cache of a text, of parallel text, or of a text and vectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from textrae.settings.rules import refuse_conflicts, refuse_teacher, refuse_widths
from textrae.settings.run import Settings
from textrae.text.corpus import prepare
from textrae.text.from_vectors import VectorTable, prepare_given
from textrae.text.parallel import prepare_pairs
from textrae.text.prepared import PreparedCorpus
from textrae.text.spelling import MUCH, Spelling
from textrae.text.two_pass import Note

MEANING = 256
"""Numbers for meaning, where something teaches it and their number is not given."""
Tables = tuple[VectorTable | None, VectorTable | None]
"""Vectors that are read instead of a text, or that teach: those to train on, and those of the validation file."""


def settled(settings: Settings) -> tuple[Settings, Tables]:
    """Return the settings with what the files decide, and the vectors that are read.

    Raises:
        ConfigError: they do not go together.
        VectorError: a file of vectors cannot be read.
    """
    refuse_conflicts(settings)
    languages = tuple(dict.fromkeys(settings.target_languages))
    settings = replace(settings, model=replace(settings.model, languages=languages))
    if settings.vectors is None:
        return _taught(settings)
    table = VectorTable(settings.vectors)
    valid = None if settings.valid_vectors is None else VectorTable(settings.valid_vectors)
    refuse_widths(settings, table.width, None if valid is None else valid.width)
    return replace(settings, model=replace(settings.model, vectors=table.width)), (table, valid)


def _taught(settings: Settings) -> tuple[Settings, Tables]:
    """Return the settings with the numbers for meaning, where something teaches it, and the teacher's vectors."""
    model, training = settings.model, settings.training
    teacher = None if settings.teacher is None else VectorTable(settings.teacher)
    if teacher is not None:
        refuse_teacher(model.meaning, teacher.width)
    taught = settings.taught or training.views
    if model.meaning and not (taught or settings.joint or settings.encoder):
        model = replace(model, sif=True)
    if (taught or model.sif) and not model.meaning:
        model = replace(model, meaning=MEANING if teacher is None else min(MEANING, teacher.width))
    return replace(settings, model=model), (teacher, None)


def prepared(settings: Settings, tables: Tables, cache: Path, note: Note) -> PreparedCorpus:
    """Make the token cache of a text, of parallel text, or of a text and vectors."""
    table, valid_table = tables
    if table is not None or settings.taught:
        held = None
        if settings.valid is not None and (valid_table is not None or settings.taught):
            held = settings.valid, valid_table
        aligned = settings.training.aligned
        return prepare_given(settings.sources, table, settings.corpus, cache, held, note, aligned=aligned)
    if not settings.target:
        return prepare(settings.sources, settings.corpus, cache, settings.valid, note)
    sources, valid = settings.sources, list[tuple[str, str]]()
    if settings.valid is not None:  # a table may hold both sides
        valid = [(settings.valid, target) for target in settings.valid_target or (settings.valid,)]
    if len(sources) == 1:
        sources = sources * len(settings.target)  # one text in several languages
    number = {language: tag for tag, language in enumerate(settings.model.languages)}
    tags, valid_tags = (
        [number[language] for language in names]
        for names in (settings.target_languages, settings.valid_languages)
    )
    return prepare_pairs(
        sources, settings.target, settings.corpus, cache, valid, note, tags=tags, valid_tags=valid_tags
    )


def unknown(settings: Settings, corpus: PreparedCorpus) -> Iterator[str]:
    """Yield a line for each side of the text that a tokenizer, which was not trained on it, does not know."""
    text, targets, tagged = settings.corpus, corpus.targets, bool(settings.target_languages)
    own = text.target_tokenizer if text.tokenizers == "separate" else text.tokenizer
    sides = [] if settings.vectors else [("this text", text.tokenizer, corpus.tokenizer, corpus.text, False)]
    if targets is not None and not settings.taught:
        what = "this text" if settings.vectors else "the target"
        sides.append((what, own, targets.tokenizer, targets.train, tagged))
    for what, given, tokenizer, rows, begins in sides:
        share = 0.0 if given is None else Spelling(tokenizer).share(rows, begins)
        if share >= MUCH:
            yield (
                f"{share:.0%} of {what} is single bytes to the tokenizer {given}, which was trained on other text: "
                "sentences get long and are learnt slowly; train a new one, without `tokenizer` and trained parts"
            )
