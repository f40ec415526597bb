"""`textrae encode`, `decode`, `reconstruct`, `translate`."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .app import app, late_command
from .failures import note
from .kinds import done_by_kind, options_for
from .options import (
    Beam,
    Column,
    CorpusFormat,
    Delimiter,
    Device,
    EngineWorkers,
    Errors,
    File,
    Json,
    Out,
    PartRows,
    Precision,
    RunFolder,
    Summary,
    To,
    WorkEngine,
)
from .output import Output, print_json, refuse_inputs
from .parted import VECTORS, made_in_parts, refuse_parts
from .session import at_work, load_model, refuse_options

if TYPE_CHECKING:
    from textrae.inference.vectors import Storage as Stored
    from textrae.inference.vectors import VectorWriter
    from textrae.integrations.ray_data import Job
    from textrae.model import SentenceAutoencoder
    from textrae.settings.corpus import CorpusConfig
    from textrae.settings.model import Part
    from textrae.workers import WorkerPool

    from .reading import Input


VectorsOut = Annotated[
    str,
    typer.Option(
        "--out",
        "-o",
        help="File of vectors: .npy, .safetensors, .parquet, .jsonl or .csv; - prints JSON lines. With --engine ray a folder.",
        show_default=False,
    ),
]
PartsOut = Annotated[
    str | None,
    typer.Option(
        "--out",
        "-o",
        help="File for the results, which appears when it is whole (default: standard output). With --engine ray a folder.",
        show_default=False,
    ),
]
Storage = Annotated[
    str, typer.Option(help="Storage of the vectors: float32, float16, int8 or binary (signs only).")
]
Dimensions = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Keep only the first N dimensions (for search; truncated vectors cannot be decoded).",
        show_default=False,
    ),
]
PartOf = Annotated[
    Literal["all", "meaning", "spelling"],
    typer.Option(help="Part of the encodings to write; only the whole can be decoded."),
]
Keep = Annotated[
    str | None,
    typer.Option(
        help="Columns of the table to write beside the vectors, such as id,date (.parquet, .jsonl or .csv).",
        show_default=False,
    ),
]


@late_command(options_for("encode"), epilog="Example: textrae encode run sentences.txt -o vectors.parquet")
def encode(
    ctx: typer.Context,
    run: RunFolder,
    file: File = "-",
    out: VectorsOut = ...,  # type: ignore[assignment]
    storage: Storage = "float32",
    dimensions: Dimensions = None,
    part: PartOf = "all",
    keep: Keep = None,
    engine: WorkEngine = "local",
    workers: EngineWorkers = None,
    part_rows: PartRows = None,
    corpus_format: CorpusFormat = "auto",
    column: Column = None,
    delimiter: Delimiter = None,
    errors: Errors = "strict",
    as_json: Summary = False,
    device: Device = "auto",
    precision: Precision = "fp32",
    **others: Any,
) -> None:
    """Turn sentences into vectors, one row for each line (or series into states, one row for each)."""
    if done_by_kind(ctx, "encode", run, file, others):
        return
    refuse_parts(ctx, engine)
    if engine == "ray":
        _encode_parts(ctx, run, file)
        return
    from textrae.inference.vectors import VectorWriter

    if as_json and out == "-":
        raise typer.BadParameter(
            "-o - prints the vectors as JSON; leave one of them out", param_hint="--json"
        )
    place = Path(out)
    refuse_inputs(place, file)

    from .reading import Input

    names, stream = _names(keep), sys.stdout.buffer if out == "-" else None
    kind = _checked(place, storage, names)

    model = load_model(run, device, precision)
    config = model.run.settings.model
    size = config.part_size(part)
    if dimensions is not None and dimensions > size:
        raise typer.BadParameter(
            f"{dimensions} of {size} dimensions cannot be kept", param_hint="--dimensions"
        )
    source = Input.of(file, corpus_format, column, errors, model.max_length, delimiter, names)
    width, mark = dimensions or size, model.run.fingerprint
    length = width == config.encoding_size and config.keeps_length
    began = time.monotonic()
    with (
        VectorWriter(place, width, kind, run=mark, keep=names, length=length, stream=stream) as writer,
        at_work(model, run, workers or 1, device, precision) as worker,
    ):
        _write_vectors(writer, worker, source, dimensions, part)
    source.say()
    if source.counts.blank:
        blank, lines = source.counts.blank, source.counts.lines
        note(f"{blank:,} of {lines:,} lines are blank: their vectors are written too, and mean nothing")
    note(f"{'standard output' if stream else out}: {source.cuts.sentences:,} vectors of {width} dimensions")
    if as_json:
        facts = {"out": out, "vectors": source.cuts.sentences, "dimensions": width, "storage": storage}
        print_json({**facts, **source.told(), "seconds": round(time.monotonic() - began, 3)})


def _encode_parts(ctx: typer.Context, run: Path, file: str) -> None:
    """Encode a file on a cluster, into a folder of parts."""
    given = ctx.params

    def job(model: SentenceAutoencoder, corpus: CorpusConfig) -> Job:
        from textrae.integrations.ray_data import encoding

        chosen = {name: given[name] for name in ("part", "dimensions", "storage", "precision")}
        keep = tuple(_names(given["keep"]))
        return encoding(model, file, corpus, **chosen, keep=keep, size=given["part_rows"])

    made_in_parts(ctx, run, file, job, VECTORS, as_json=given["as_json"])


def _names(keep: str | None) -> list[str]:
    """Return the names of columns that an option joins by commas."""
    names = [] if keep is None else [name.strip() for name in keep.split(",")]
    if not all(names):
        raise typer.BadParameter("names are parted by commas, as in id,date", param_hint="--keep")
    return names


def _checked(out: Path, storage: str, names: list[str]) -> Stored:
    """Refuse, before the work, what vectors could not be written to; return how they are stored."""
    from textrae.inference import arguments
    from textrae.inference.vectors import STORAGE, check_place

    stored = arguments.choice("storage", storage, STORAGE)
    check_place(Path("output.jsonl") if str(out) == "-" else out, stored, names)
    return stored


def _write_vectors(
    writer: VectorWriter,
    worker: SentenceAutoencoder | WorkerPool,
    source: Input,
    dimensions: int | None,
    part: Part,
) -> None:
    """Encode lines and write their vectors, beside which the lines and the columns that are kept wait."""
    lines: deque[str] = deque()
    for vectors in worker.encode_stream(_recorded(source, lines), cuts=source.cuts, part=part):
        kept = {} if source.counts.kept is None else source.counts.kept.take(len(vectors))
        writer.add([lines.popleft() for _ in vectors], vectors[:, :dimensions], kept)


@app.command(epilog="Example: textrae decode run vectors.parquet > sentences.txt")
def decode(
    run: RunFolder,
    vectors: Annotated[
        Path,
        typer.Argument(help="Vectors as .npy, .safetensors, .parquet, .jsonl or .csv.", show_default=False),
    ],
    beam: Beam = 1,
    to: To = None,
    any_run: Annotated[
        bool, typer.Option("--any-run", help="Decode vectors that another run encoded, too.")
    ] = False,
    out: Out = None,
    as_json: Json = False,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Turn vectors into sentences, one on each line."""
    from textrae.inference.vectors import check_vectors, count_strange, fingerprint_of, read_vectors

    with Output(out, as_json, vectors) as output:
        model, done, strange = load_model(run, device, precision), 0, 0
        config = model.run.settings.model
        known = fingerprint_of(vectors) is not None
        own = None if any_run or config.vectors else model.run.fingerprint
        for block in read_vectors(vectors, config.read_size, own, config.keeps_length):
            checked = check_vectors(block, config.read_size, done, config.keeps_length)
            strange += 0 if known else count_strange(checked, config)
            output.rows(text=model.decode(checked, beam=beam, to=to, first=done))
            done += len(block)
    if strange:
        note(
            f"{vectors}: {strange:,} of {done:,} vectors have not the mean 0 and variance 1 of this run's encodings; "
            "were they encoded by it?"
        )


@late_command(options_for("reconstruct"), epilog="Example: textrae reconstruct run sentences.txt")
def reconstruct(
    ctx: typer.Context,
    run: RunFolder,
    file: File = "-",
    beam: Beam = 1,
    corpus_format: CorpusFormat = "auto",
    column: Column = None,
    delimiter: Delimiter = None,
    errors: Errors = "strict",
    out: Out = None,
    as_json: Json = False,
    device: Device = "auto",
    precision: Precision = "fp32",
    **others: Any,
) -> None:
    """Rebuild sentences from their vectors, one on each line (or series from their states)."""
    from textrae.errors import ConfigError

    if done_by_kind(ctx, "reconstruct", run, file, others):
        return
    from .reading import Input

    with Output(out, as_json, file) as output:
        model = load_model(run, device, precision)
        if model.run.translates:
            raise ConfigError(f"{run}: was trained to translate; use `textrae translate`")
        source, held = (
            Input.of(file, corpus_format, column, errors, model.max_length, delimiter),
            deque[str](),
        )
        for block in model.reconstruct_stream(_recorded(source, held), beam=beam, cuts=source.cuts):
            output.rows(text=[held.popleft() for _ in block], reconstruction=block)
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
            help="Hypotheses are compared by nats / tokens to this power; a higher one favours longer ones."
        ),
    ] = 1.0,
    to: To = None,
    n_best: Annotated[
        int,
        typer.Option(
            min=1,
            help="Translations of each sentence, at most as many as the beam is wide. Of several each is a line: row (from 1), score, sentence, joined by tabs; the best first.",
        ),
    ] = 1,
    window: Annotated[
        int | None,
        typer.Option(min=1, help="Sentences read before any is written.", show_default=False),
    ] = None,
    engine: WorkEngine = "local",
    workers: EngineWorkers = None,
    part_rows: PartRows = None,
    corpus_format: CorpusFormat = "auto",
    column: Column = None,
    delimiter: Delimiter = None,
    errors: Errors = "strict",
    out: PartsOut = None,
    as_json: Json = False,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Translate sentences, one on each line."""
    from textrae.errors import ConfigError

    from .reading import Input

    if beam == 1:
        refuse_options(ctx, "a beam of 1, which compares nothing", "length_penalty")
    if n_best > beam:
        raise typer.BadParameter(f"{n_best} of a beam of {beam}: give --beam {n_best}", param_hint="--n-best")
    refuse_parts(ctx, engine)
    if engine == "ray":
        _translate_parts(ctx, run, file)
        return
    workers = workers or 1
    if window is not None and workers > 1:  # several processes hold several windows before they write one
        raise typer.BadParameter("is for one process: leave --workers out", param_hint="--window")
    with Output(None if out is None else Path(out), as_json, file) as output:
        model = load_model(run, device, precision)
        if not model.run.translates:
            raise ConfigError(
                f"{run}: was not trained to translate; train with --target, or use `textrae reconstruct`"
            )
        model.engine.specials(to)  # a language that it does not write is refused here
        source = Input.of(file, corpus_format, column, errors, model.max_length, delimiter)
        options: dict[str, Any] = {"length_penalty": length_penalty, "to": to, "cuts": source.cuts}
        if window is not None:
            options["window"] = window
        with at_work(model, run, workers, device, precision) as worker:
            _translate(output, worker, source, n_best, beam=beam, **options)
    source.say()


def _translate_parts(ctx: typer.Context, run: Path, file: str) -> None:
    """Translate a file on a cluster, into a folder of parts."""
    given = ctx.params
    refuse_options(ctx, "a folder of parts: leave it out with --engine ray", "window", "as_json")

    def job(model: SentenceAutoencoder, corpus: CorpusConfig) -> Job:
        from textrae.integrations.ray_data import translating

        chosen = {name: given[name] for name in ("beam", "length_penalty", "to", "n_best", "precision")}
        return translating(model, file, corpus, **chosen, size=given["part_rows"])

    made_in_parts(ctx, run, file, job, "translations")


def _translate(
    output: Output, worker: SentenceAutoencoder | WorkerPool, source: Input, n_best: int, **options: Any
) -> None:
    """Write the translations of sentences, or the `n_best` of each."""
    held: deque[str] = deque()
    lines = _recorded(source, held)
    if n_best == 1:
        for block in worker.translate_stream(lines, **options):
            output.rows(text=[held.popleft() for _ in block], translation=block)
        return
    row = 0
    for found in worker.translations(lines, **options):
        best = [hypotheses[:n_best] for hypotheses in found]
        texts = [held.popleft() for _ in best]
        if output.as_json:
            told = [[{"text": text, "score": score} for text, score in each] for each in best]
            output.rows(text=texts, translations=told)
            continue
        for hypotheses in best:
            row += 1
            output.lines(f"{row}\t{score:.4f}\t{text}" for text, score in hypotheses)


def _recorded(lines: Iterable[str], held: deque[str]) -> Iterator[str]:
    for line in lines:
        held.append(line)
        yield line
