"""`textrae prior`."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from .app import app
from .failures import note
from .options import (
    LARGEST_SEED,
    Column,
    CorpusFormat,
    Delimiter,
    Device,
    Errors,
    Precision,
    RunFolder,
    Summary,
)
from .output import print_json
from .places import refuse_copy
from .session import load_model, refuse_options

Corpus = Annotated[
    str,
    typer.Argument(
        help="The training text, or another of its kind, one sentence a line (.txt[.gz], .jsonl, .json, .csv, .tsv, .parquet).",
        show_default=False,
    ),
]
Labels = Annotated[
    Path | None,
    typer.Option(
        help="File of classes, line n that of sentence n, for `sample --label`; a blank one is of no class.",
        show_default=False,
    ),
]
Minutes = Annotated[
    float, typer.Option(min=0.001, help="Minutes of fitting, after the text has been encoded.")
]
Steps = Annotated[
    int | None, typer.Option(min=1, help="Updates of fitting instead of minutes.", show_default=False)
]
Copy = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help="Folder for a copy of the run that has the prior; by default it is added to the run itself.",
    ),
]
Seed = Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of the weights and all draws.")]


@app.command(epilog="Example: textrae prior run corpus.txt --minutes 5")
def prior(
    ctx: typer.Context,
    run: RunFolder,
    corpus: Corpus,
    labels: Labels = None,
    minutes: Minutes = 5.0,
    steps: Steps = None,
    seed: Seed = 0,
    corpus_format: CorpusFormat = "auto",
    column: Column = None,
    delimiter: Delimiter = None,
    errors: Errors = "strict",
    out: Copy = None,
    as_json: Summary = False,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Learn where the encodings of a text lie, so that `sample` draws from there; the run keeps it."""
    from textrae.runs.flow import write_flow
    from textrae.runs.lock import locked

    from .reading import Input

    if steps is not None:
        refuse_options(ctx, "a budget in steps", "minutes")
    if out is not None and out.exists():
        raise typer.BadParameter(f"{out} exists already; choose another folder", param_hint="--out")
    if out is None:
        refuse_copy(run, "out", "give a folder for a copy with the prior")
    model = load_model(run, device, precision)
    how = corpus_format, column, errors, model.max_length, delimiter
    source = Input.of(corpus, *how)
    classes = None if labels is None else Input.of(str(labels), "text", None, errors, model.max_length)
    with locked(run) if out is None else nullcontext(), _Bar() as bar:
        found = model.fit_prior(
            source, classes, minutes=minutes, steps=steps, seed=seed, report=bar.report, cuts=source.cuts
        )
        if out is None:
            write_flow(run, found.flow, model.run.weights_digest())
    if out is not None:
        model.save(out)
    source.say()
    known = found.flow.shape.labels
    some = "" if found.sentences == found.read else f", drawn from {found.read:,}"
    told = f"; labels: {', '.join(known)}" if known else ""
    note(
        f"{out or run}: fitted to the encodings of {found.sentences:,} sentences{some} in {found.steps:,} steps{told}; "
        f"`textrae sample {out or run}` draws from it"
    )
    if as_json:
        facts = {"sentences": found.sentences, "read": found.read, "steps": found.steps, "loss": found.loss}
        print_json({"run": out or run, **facts, "labels": list(known), "seconds": round(found.seconds, 3)})


class _Bar:
    """A progress bar of the fitting, on a terminal."""

    def __enter__(self) -> _Bar:
        import sys

        from tqdm import tqdm

        form = "{percentage:3.0f}%|{bar}| {elapsed}{postfix}"
        self._bar = tqdm(total=1.0, file=sys.stderr, disable=None, leave=False, bar_format=form)
        return self

    def report(self, done: float, step: int, loss: float) -> None:
        """Show the share of the budget, the steps so far and their loss."""
        self._bar.set_postfix_str(f"step {step:,}, loss {loss:.3f}", refresh=False)
        self._bar.update(done - self._bar.n)

    def __exit__(self, *_: object) -> None:
        self._bar.close()
