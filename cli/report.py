"""`textrae report` and `plot`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import late_command
from .failures import note
from .kinds import done_by_kind, options_for
from .options import LARGEST_SEED, Column, CorpusFormat, Delimiter, Device, Errors, Json, Precision, To
from .output import Output, print_json, put_picture, refuse_inputs
from .places import refuse_copy, run_place
from .session import load_model, refuse_options

if TYPE_CHECKING:
    from textrae.report.blocks import Report
    from textrae.report.studying import Part, Study, Text

_PARTS: dict[str, tuple[str, ...]] = {
    "curves": ("curves",),
    "accuracy": ("curves",),
    "divergence": ("curves",),
    "rate": ("curves",),
    "quality": ("quality",),
    "exact": ("quality",),
    "map": ("map",),
    "kl": ("posterior",),
    "attention": ("attention",),
    "suite": (),
}
"""Pictures, and what must be studied for each."""

Places = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN... [FILE]",
        parser=run_place,
        help="The run (a folder, or user/name of the hub), or several to compare; then a file of sentences to measure them on (- for standard input).",
        show_default=False,
    ),
]
Page = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", help="The page, as .html, which appears when it is whole (default: standard output)."
    ),
]
PictureFile = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="The picture: .svg, .png or .pdf (default: .svg on standard output)."),
]
What = Annotated[
    str, typer.Option(help=f"The picture: {', '.join(_PARTS)}; of series curves, rate, errors or rebuilt.")
]
Most = Annotated[
    int,
    typer.Option(
        "--sentences", min=3, max=20_000, help="Sentences of FILE that are measured, at most: the first ones."
    ),
]
References = Annotated[
    Path | None,
    typer.Option(help="Translations of FILE's sentences, one a line, for a translator.", show_default=False),
]
Labels = Annotated[
    Path | None,
    typer.Option(
        help="Class of each of FILE's sentences, one a line: colours of the map.", show_default=False
    ),
]
SuiteFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Measure what the encodings are good for on this folder of files, as `evaluate --suite` does.",
        show_default=False,
    ),
]
Probes = Annotated[
    bool,
    typer.Option(
        "--probes",
        help="Measure what encodings of FILE tell, beside simple ones: length, words, their order, and --labels.",
    ),
]
Card = Annotated[
    bool,
    typer.Option("--card", help="Write the best of it, as text, into the README.md of the run too."),
]
Seed = Annotated[
    int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of the samples, and of all that a suite draws.")
]


@late_command(options_for("report"), epilog="Example: textrae report run test.txt -o report.html")
def report(
    ctx: typer.Context,
    places: Places,
    sentences: Most = 1_000,
    target: References = None,
    labels: Labels = None,
    suite: SuiteFolder = None,
    probes: Probes = False,
    to: To = None,
    seed: Seed = 0,
    corpus_format: CorpusFormat = "auto",
    column: Column = None,
    delimiter: Delimiter = None,
    errors: Errors = "strict",
    card: Card = False,
    out: Page = None,
    as_json: Json = False,
    device: Device = "auto",
    precision: Precision = "fp32",
    **others: Any,
) -> None:
    """Write one page about a run, or several compared: training, quality, samples, maps; it opens without a network."""
    runs, file = _split(places)
    if len(runs) > 1:
        refuse_options(ctx, "a run of sentences", *others)
    elif done_by_kind(ctx, "report", runs[0], file or "", others):
        return
    from textrae.report.card import add_to_card
    from textrae.report.page import FOOTER, page

    if card and len(runs) > 1:
        raise typer.BadParameter("is for the report of one run", param_hint="--card")
    if card:
        refuse_copy(runs[0], "card", "leave it out, or copy the run")
    with nullcontext() if out is None and as_json else Output(out, False, file, target, labels) as output:
        found = _made(ctx, runs, file)
        if output is not None:
            output.text(page(found, FOOTER).rstrip("\n"))
    if card:
        add_to_card(runs[0], found)
        note(f"{runs[0]}: its README.md tells of it")
    if as_json:
        print_json(found.figures)


@late_command(options_for("plot"), epilog="Example: textrae plot run --what curves -o curves.png")
def plot(
    ctx: typer.Context,
    places: Places,
    what: What = "curves",
    sentences: Most = 1_000,
    target: References = None,
    labels: Labels = None,
    suite: SuiteFolder = None,
    probes: Probes = False,
    to: To = None,
    seed: Seed = 0,
    corpus_format: CorpusFormat = "auto",
    column: Column = None,
    delimiter: Delimiter = None,
    errors: Errors = "strict",
    out: PictureFile = None,
    as_json: Json = False,
    device: Device = "auto",
    precision: Precision = "fp32",
    **others: Any,
) -> None:
    """Draw one picture of a report; where it has several of a kind, the first."""
    runs, file = _split(places)
    if len(runs) > 1:
        refuse_options(ctx, "a run of sentences", *others)
    elif done_by_kind(ctx, "plot", runs[0], file or "", others):
        return
    from textrae.inference import arguments
    from textrae.pictures.files import check_picture

    arguments.choice("what", what, tuple(_PARTS))
    if out is not None:
        check_picture(out)
        refuse_inputs(out, file, target, labels)
    measured = suite is not None or probes
    if (what == "suite") != measured:
        wrong = "is for --what suite" if measured else "give it, or --probes, for this picture"
        raise typer.BadParameter(wrong, param_hint="--probes" if probes else "--suite")
    found = _made(ctx, runs, file, _PARTS[what])
    reasons = [reason for run in found.figures["runs"] for reason in run["missing"].values()]
    put_picture(found, what, out, as_json, reasons[0] if reasons else "this run has nothing to draw of it")


def _split(places: Sequence[Path]) -> tuple[list[Path], str | None]:
    """Return the runs among the arguments, and the file of sentences that may follow them."""
    *runs, last = places
    if not runs or last.is_dir():
        return [*runs, last], None
    return runs, str(last)


def _made(
    ctx: typer.Context, runs: list[Path], file: str | None, parts: Sequence[str] | None = None
) -> Report:
    """Study runs and return their report.

    Args:
        ctx: context of the command, which has the options.
        runs: run folders.
        file: sentences to measure them on.
        parts: what is studied; None for all.
    """
    from textrae.errors import CorpusError
    from textrae.evaluation.suite.measuring import refuse_missing
    from textrae.report.making import made
    from textrae.report.probing import write_suite
    from textrae.report.studying import PARTS, study

    given = ctx.params
    for name in ("target", "labels", "probes"):
        if file is None and given[name] not in (None, False):
            raise typer.BadParameter("is for the sentences of a FILE: give that too", param_hint=f"--{name}")
    if given["suite"] is not None and given["probes"]:
        raise typer.BadParameter("leave it out with --suite, or that", param_hint="--probes")
    if given["suite"] is not None or given["probes"]:
        refuse_missing()
    models = [load_model(run, given["device"], given["precision"]) for run in runs]
    text = None if file is None else _text(ctx, file, max(model.max_length for model in models))
    chosen: Sequence[Part] = PARTS if parts is None else [one for one in PARTS if one in parts]
    shown = sys.stderr.isatty()
    studies = [
        study(
            run,
            model,
            text,
            chosen,
            to=given["to"],
            seed=given["seed"],
            watch=partial(_tell, run) if shown else lambda part: None,
        )
        for run, model in zip(runs, models, strict=True)
    ]
    if given["suite"] is not None:
        _measure_suite(ctx, studies, given["suite"])
    elif given["probes"] and text is not None:
        with TemporaryDirectory() as folder:
            studies[0].notes += write_suite(Path(folder), text)
            try:
                _measure_suite(ctx, studies, Path(folder))
            except CorpusError as error:  # which names a file that the user has not made
                raise CorpusError(str(error).replace(f"{folder}{os.sep}", f"{text.name}: ")) from None
        for one in studies:
            assert one.suite is not None
            named = [note.replace(f"{folder}{os.sep}", "") for note in one.suite.notes]
            one.suite = replace(one.suite, notes=named)
    return made(studies, text)


def _tell(run: Path, part: str) -> None:
    note(f"{run}: {part} …")


def _text(ctx: typer.Context, file: str, longest: int) -> Text:
    """Read the sentences to measure on, and what stands beside them."""
    from textrae.errors import CorpusError
    from textrae.report.studying import Text
    from textrae.text.blank import is_blank

    from .reading import Input

    given = ctx.params
    how = given["corpus_format"], given["column"], given["errors"], longest, given["delimiter"]
    most: int = given["sentences"]
    source = Input.of(file, *how)
    lines = list(islice(source, most + 1))
    notes = [f"Only the first {most:,} lines of {Path(file).name} were read."] if len(lines) > most else []
    lines = lines[:most]
    beside = {}
    for name in ("target", "labels"):
        if given[name] is not None:
            rows = list(islice(Input.of(str(given[name]), "text", None, given["errors"], longest), most + 1))
            beside[name] = rows[:most]
            if len(beside[name]) != len(lines):
                raise CorpusError(
                    f"{given[name]}: {len(beside[name]):,} lines for {len(lines):,} sentences: give one for each"
                )
    kept = [
        row
        for row, line in enumerate(lines)
        if not is_blank(line) and not ("target" in beside and is_blank(beside["target"][row]))
    ]
    if len(kept) < len(lines):
        notes.append(f"{len(lines) - len(kept):,} of {len(lines):,} lines were blank, left out")
    if not kept:
        raise CorpusError(f"{file}: no sentence in it; give a file of one sentence a line")
    for line in notes:
        note(line)
    columns = {name: [rows[row] for row in kept] for name, rows in beside.items()}
    return Text(
        "standard input" if file == "-" else Path(file).name,
        [lines[row] for row in kept],
        columns.get("target"),
        columns.get("labels"),
        notes,
    )


def _measure_suite(ctx: typer.Context, studies: Sequence[Study], folder: Path) -> None:
    from textrae.evaluation.suite.measuring import measure_suite
    from textrae.evaluation.suite.reading import read_suite

    seed = ctx.params["seed"]
    suite = read_suite(folder, seed=seed)
    for one in studies:
        one.suite = measure_suite(one.model.engine, suite, {}, seed, watch=note)
