"""`textrae encode`, `decode`, `reconstruct`, `translate`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import app
from .failures import note
from .options import (
    Beam,
    Column,
    CorpusFormat,
    Device,
    Errors,
    File,
    Frame,
    Labels,
    Layout,
    Precision,
    RunFolder,
    To,
    Workers,
)
from .session import _at_work, _load, _print, _refuse

if TYPE_CHECKING:
    pass


@app.command(epilog="Example: textrae encode run sentences.txt -o vectors.npy")
def encode(
    run: RunFolder,
    file: File = "-",
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="File of vectors: .npy, .parquet or .jsonl.", show_default=False),
    ] = ...,  # type: ignore[assignment]
    storage: Annotated[
        str, typer.Option(help="How the numbers are kept: float32, float16, int8 or binary (their signs).")
    ] = "float32",
    dimensions: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Keep the first so many numbers alone, for search: not to be decoded.",
            show_default=False,
        ),
    ] = None,
    workers: Workers = 1,
    corpus_format: CorpusFormat = "auto",
    column: Column = None,
    errors: Errors = "strict",
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Turn sentences into vectors, one row a line."""
    from textrae.inference.vectors import STORAGE, VectorWriter

    if storage not in STORAGE:
        raise typer.BadParameter(f"{storage!r} is not {', '.join(STORAGE)}", param_hint="--storage")

    from .reading import Input

    model = _load(run, device, precision)
    if dimensions is not None and dimensions > model.encoding_size:
        raise typer.BadParameter(
            f"{dimensions} of {model.encoding_size} numbers cannot be kept", param_hint="--dimensions"
        )
    source = Input.of(file, corpus_format, column, errors, model.max_length)
    held: deque[str] = deque()  # a sentence is written beside its vector: lines wait until theirs are there
    with (
        VectorWriter(out, dimensions or model.encoding_size, storage) as writer,
        _at_work(model, run, workers, device, precision) as worker,
    ):
        for vectors in worker.encode_stream(_recorded(source, held), cuts=source.cuts):
            writer.add([held.popleft() for _ in vectors], vectors[:, :dimensions])
    source.say()
    note(f"{out}: {source.cuts.sentences:,} vectors of {dimensions or model.encoding_size} numbers")


@app.command(epilog="Example: textrae decode run vectors.npy > sentences.txt")
def decode(
    run: RunFolder,
    vectors: Annotated[Path, typer.Argument(help="Vectors as .npy, .parquet or .jsonl.", show_default=False)],
    beam: Beam = 1,
    to: To = None,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Turn vectors into sentences, one a line."""
    from textrae.inference.vectors import read_vectors

    model, done = _load(run, device, precision), 0
    for block in read_vectors(vectors, model.run.settings.model.read_size):
        _print(model.decode(block, beam=beam, to=to, first=done))
        done += len(block)


@app.command(epilog="Example: textrae reconstruct run sentences.txt")
def reconstruct(
    ctx: typer.Context,
    run: RunFolder,
    file: File = "-",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Of series: .csv, .npy or .parquet instead of standard output."),
    ] = None,
    beam: Beam = 1,
    corpus_format: CorpusFormat = "auto",
    column: Column = None,
    errors: Errors = "strict",
    layout: Layout = None,
    labels: Labels = None,
    frame: Frame = None,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Turn sentences into vectors and back, one a line; or series into states and back."""
    from textrae.runs.folder import is_series

    if is_series(run):
        from .series import reconstruct_series

        _refuse(ctx, "a run of series", "beam", "corpus_format", "column", "errors", "precision")
        reconstruct_series(run, file, out, layout, labels, frame, device)
        return
    _refuse(ctx, "a run of sentences", "out", "layout", "labels", "frame")
    from textrae.errors import ConfigError

    from .reading import Input

    model = _load(run, device, precision)
    if model.run.translates:
        raise ConfigError(f"{run}: was trained to translate; use `textrae translate`")
    source = Input.of(file, corpus_format, column, errors, model.max_length)
    for block in model.reconstruct_stream(source, beam=beam, cuts=source.cuts):
        _print(block)
    source.say()


@app.command(epilog="Example: textrae translate en-de sentences.en --beam 5")
def translate(
    ctx: typer.Context,
    run: RunFolder,
    file: File = "-",
    beam: Beam = 5,
    length_penalty: Annotated[
        float,
        typer.Option(
            help="Hypotheses are compared by nats / tokens to this power; more favours longer ones."
        ),
    ] = 1.0,
    to: To = None,
    n_best: Annotated[
        bool,
        typer.Option(
            "--n-best",
            help="All that the beam ends with, the best first: row (from 1), score and sentence, joined by tabs.",
        ),
    ] = False,
    window: Annotated[
        int | None,
        typer.Option(min=1, help="Sentences read before any is written.", show_default=False),
    ] = None,
    workers: Workers = 1,
    corpus_format: CorpusFormat = "auto",
    column: Column = None,
    errors: Errors = "strict",
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Translate sentences, one a line."""
    from textrae.errors import ConfigError

    from .reading import Input

    if beam == 1 and not n_best:
        _refuse(ctx, "a beam of 1, which compares nothing", "length_penalty")
    model = _load(run, device, precision)
    if not model.run.translates:
        raise ConfigError(
            f"{run}: was not trained to translate; train with --target, or use `textrae reconstruct`"
        )
    if window is not None and workers > 1:  # several processes hold several windows before they write one
        raise typer.BadParameter("is for one process: leave --workers out", param_hint="--window")
    model.engine.specials(to)  # a language that it does not write is refused here
    source = Input.of(file, corpus_format, column, errors, model.max_length)
    options: dict[str, Any] = {"beam": beam, "length_penalty": length_penalty, "to": to, "cuts": source.cuts}
    if window is not None:
        options["window"] = window
    with _at_work(model, run, workers, device, precision) as worker:
        if n_best:
            row = 0
            for found in worker.translations(source, **options):
                for hypotheses in found:
                    row += 1
                    _print([f"{row}\t{score:.4f}\t{text}" for text, score in hypotheses])
        else:
            for block in worker.translate_stream(source, **options):
                _print(block)
    source.say()


def _recorded(lines: Iterable[str], held: deque[str]) -> Iterator[str]:
    for line in lines:
        held.append(line)
        yield line
