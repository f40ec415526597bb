"""What `encode` and `translate` do with `--engine ray`: parts of the input on a cluster, and a folder of them."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .failures import note
from .output import print_json
from .session import load_model, refuse_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from textrae.integrations.ray_data import Job
    from textrae.model import SentenceAutoencoder
    from textrae.settings.corpus import CorpusConfig

VECTORS = "vectors"
"""What rows are that `encode` writes."""


def refuse_parts(ctx: typer.Context, engine: str) -> None:
    """Raise a usage error if options of parts are given without the engine that makes them."""
    if engine == "local":
        refuse_options(ctx, "one file: give --engine ray too", "part_rows")


def made_in_parts(
    ctx: typer.Context,
    run: Path,
    file: str,
    job_of: Callable[[SentenceAutoencoder, CorpusConfig], Job],
    what: str,
    *,
    as_json: bool = False,
) -> None:
    """Encode or translate a file part by part on a cluster, and tell what was done.

    Args:
        ctx: context of the command, with its options.
        run: the run folder.
        file: path or address of the input.
        job_of: returns what is to be done, given the model and how the input is read.
        what: what the rows of the parts are, in words, such as :data:`VECTORS`.
        as_json: whether a summary is printed as JSON.
    """
    from textrae.inference import arguments
    from textrae.integrations.ray_data.running import refuse_without_ray, run_job
    from textrae.settings.fields import PRECISIONS

    from .options import check_device

    refuse_without_ray()
    given: dict[str, Any] = ctx.params
    out = str(given["out"])
    if out in ("None", "-"):
        raise typer.BadParameter("give a folder for the parts", param_hint="--out")
    if file == "-":
        raise typer.BadParameter(
            "reads files, which its processes share; give one", param_hint="--engine ray"
        )
    check_device(given["device"])
    arguments.choice("precision", given["precision"], PRECISIONS)
    from .reading import Input

    model = load_model(run, "cpu", "fp32")
    source = Input.of(
        file,
        given["corpus_format"],
        given["column"],
        given["errors"],
        model.max_length,
        given["delimiter"],
    )
    job = job_of(model, source.config)
    began = time.monotonic()
    if read := {one.read for one in job.files if one.read}:
        note(f"reads {job.rows:,} rows of {len(job.files):,} files ({', '.join(sorted(read))})")
    with _bar(job.rows) as bar:
        told = run_job(job, run, out, workers=given["workers"], device=given["device"], progress=bar.update)
    source.counts, source.cuts = told.counts, told.cuts
    source.say()
    there = f", {told.kept:,} of them there before" if told.kept else ""
    if what == VECTORS and told.counts.blank:
        blank, lines = told.counts.blank, told.counts.lines
        note(f"{blank:,} of {lines:,} lines are blank: their vectors are written too, and mean nothing")
    count = told.kept + told.made
    note(f"{out}: {told.rows:,} {what} in {count:,} part{'s' * (count > 1)}{there}")
    if as_json:
        parts = {"parts": count, "made": told.made}
        facts = {"out": out, "rows": told.rows, **parts, **source.told()}
        print_json({**facts, "seconds": round(time.monotonic() - began, 3)})


def _bar(rows: int) -> Any:
    from tqdm import tqdm

    return tqdm(total=rows, unit=" rows", file=sys.stderr, disable=None, leave=False)
