"""`textrae evaluate --suite`: vectors measured on a folder of plain files."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from .failures import note
from .output import Output, refuse_inputs
from .session import load_model, refuse_options

Suite = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Instead of FILE, measure the vectors on a folder of files: similarity/*.tsv, labels/*.tsv, retrieval/*.tsv, "
        "clusters/*.tsv and probing/*.txt, beside TF-IDF, SIF and others.",
        show_default=False,
    ),
]
Beside = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=FILE",
        help="With --suite: .npy file of other vectors to measure beside the run's, a row for each line of --sentences-to; "
        "may be given several times.",
        show_default=False,
    ),
]
SentencesTo = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="With --suite: write its different sentences, one a line, for another encoder, and measure nothing.",
        show_default=False,
    ),
]
Picture = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="With --suite: draw the figures too (.png, .svg or .pdf).", show_default=False
    ),
]
_OTHERS = (
    "file", "corpus_format", "column", "delimiter", "tokenize", "target", "target_column", "vectors", "compare", "to",
    "beam", "length_penalty", "samples",
)  # fmt: skip
"""Arguments of `evaluate` that are not for a suite."""


def evaluate_suite(
    ctx: typer.Context,
    run: Path,
    folder: Path,
    sentences_to: Path | None,
    picture: Path | None,
    out: Path | None,
) -> None:
    """Measure a run on a suite, or write the suite's sentences.

    Args:
        ctx: context of the command, which has the options that are no paths.
        run: the run folder.
        folder: the suite.
        sentences_to: file for the sentences.
        picture: file for the picture.
        out: file for the results.
    """
    from textrae.evaluation.suite.encodings import open_beside
    from textrae.evaluation.suite.measuring import measure_suite, refuse_missing
    from textrae.evaluation.suite.reading import ERRORS, read_suite
    from textrae.inference import arguments
    from textrae.pictures.files import check_picture

    from .reading import say_cuts

    refuse_options(ctx, "a suite", *_OTHERS)
    if sentences_to is not None:
        refuse_options(ctx, "writing sentences", "beside", "picture", "out", "as_json")
    given, seed = ctx.params, ctx.params["seed"]
    suite = read_suite(folder, seed=seed, errors=arguments.choice("errors", given["errors"], ERRORS))
    if sentences_to is not None:
        with Output(sentences_to, False, *suite.files) as written:
            written.lines(suite.sentences)
        _say(suite.notes)
        return
    refuse_missing()
    files = _named(given["beside"] or [])
    if picture is not None:
        check_picture(picture)
        refuse_inputs(picture, *suite.files, *files.values())
    with Output(out, given["as_json"], *suite.files, *files.values()) as results:
        vectors = open_beside(files, len(suite.sentences))
        model = load_model(run, given["device"], given["precision"])
        _say(suite.notes)
        report = measure_suite(model.engine, suite, vectors, seed, watch=note)
        say_cuts(model)
        if picture is not None:
            report.save_picture(picture)
            note(f"{picture}: {len(report.tasks)} tasks")
        if results.as_json:
            results.json(dataclasses.asdict(report))
        else:
            results.text(report.table())


def _say(lines: list[str]) -> None:
    for line in lines:
        note(line)


def _named(beside: list[str]) -> dict[str, Path]:
    """Return the files of further vectors by their names."""
    from textrae.errors import ConfigError
    from textrae.evaluation.suite.encodings import check_names
    from textrae.inference import arguments

    files: dict[str, Path] = {}
    for one in beside:
        name, given, file = one.partition("=")
        if not given or not file:
            raise ConfigError(
                f"`beside`: {arguments.shown(one)} is no NAME=FILE; give as in minilm=vectors.npy"
            )
        if name in files:
            raise ConfigError(f"`beside`: {arguments.shown(name)} names two files; give another name")
        files[name] = Path(arguments.place("beside", file))
    check_names(files)
    return files
