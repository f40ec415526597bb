"""`textrae search`, `index`, `duplicates`, `outliers`, `cluster`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    Json,
    Out,
    Precision,
    RunFolder,
    Summary,
    Workers,
)
from .output import Output, print_json
from .session import at_work, load_model, refuse_options

if TYPE_CHECKING:
    from textrae.model import SentenceAutoencoder
    from textrae.search import Hit, Index

    from .reading import Input

_READING = ("corpus_format", "column", "delimiter", "errors", "workers")
"""Options that tell how a text is read and encoded, which an index was already."""
_ASKED = 1_024
"""Queries of a file that are answered at once."""

Text = Annotated[
    str,
    typer.Argument(
        help="Sentences, one a line (.txt[.gz], .jsonl, .json, .csv, .tsv, .parquet), - for standard input, or an index folder.",
        show_default=False,
    ),
]
Queries = Annotated[
    list[str] | None,
    typer.Argument(help="Sentences to search for.", show_default=False, metavar="QUERY"),
]
QueryFile = Annotated[
    str | None,
    typer.Option("--queries", help="File of queries, one a line; - for standard input.", show_default=False),
]
Approximate = Annotated[
    bool,
    typer.Option(
        "--approximate", help="Go by the graph that `textrae index --approximate` made; it may miss some."
    ),
]
Seed = Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of what is drawn.")]


@app.command(epilog='Example: textrae search run sentences.txt "the soup was cold" -k 5')
def search(
    ctx: typer.Context,
    run: RunFolder,
    file: Text,
    query: Queries = None,
    queries: QueryFile = None,
    count: Annotated[
        int, typer.Option("--count", "-k", min=1, help="Sentences to find for each query.")
    ] = 10,
    approximate: Approximate = False,
    workers: Workers = 1,
    corpus_format: CorpusFormat = "auto",
    column: Column = None,
    delimiter: Delimiter = None,
    errors: Errors = "strict",
    out: Out = None,
    as_json: Json = False,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Find the sentences whose encodings are most similar to a query's.

    Each is a line: number of the query, cosine, row, copies, sentence, joined by tabs; the most similar first.
    """
    if not query and queries is None:
        raise typer.BadParameter("give one, or a file of them with --queries", param_hint="QUERY")
    if query and queries is not None:
        raise typer.BadParameter("leave the QUERY out, or this", param_hint="--queries")
    if queries == "-" == file:
        raise typer.BadParameter("FILE is standard input already", param_hint="--queries")
    if approximate and not _is_index(file):
        raise typer.BadParameter(
            f"{file} is no index; make one with textrae index --approximate", param_hint="--approximate"
        )
    from textrae.text.blank import refuse_blank

    from .reading import Input

    refuse_blank(query or ())
    with Output(out, as_json, file, queries) as output:
        model = load_model(run, device, precision)
        asked: Iterable[str] = query or Input.of(queries or "-", "auto", None, errors, model.max_length)
        index = _index(ctx, model)
        number, blank, cut = 0, 0, model.cuts.cut
        source = iter(asked)
        while some := list(islice(source, _ASKED)):
            filled = [one for one in some if one.strip()]
            found = iter(index.search(filled, count, approximate=approximate))
            for one in some:
                number += 1
                if not one.strip():
                    blank += 1
                    continue
                _tell_hits(output, number, one, next(found))
    if blank:
        note(f"{blank:,} of {number:,} queries are blank, left out")
    if isinstance(asked, Input):
        asked.say()
    if cut := model.cuts.cut - cut:
        note(f"{cut:,} of {number:,} queries were truncated at {model.max_length} tokens")


def _tell_hits(output: Output, number: int, query: str, hits: list[Hit]) -> None:
    if output.as_json:
        output.json({"row": number, "query": query, "hits": [_as_json(hit) for hit in hits]})
        return
    output.lines(f"{number}\t{hit.score:.4f}\t{hit.row + 1}\t{len(hit.rows)}\t{hit.text}" for hit in hits)


def _as_json(hit: Hit) -> dict[str, Any]:
    return {"row": hit.row + 1, "rows": _from_one(hit.rows), "score": hit.score, "text": hit.text}


def _from_one(rows: Iterable[int]) -> list[int]:
    return [row + 1 for row in rows]


@app.command(epilog="Example: textrae index run sentences.txt -o sentences.index")
def index(
    ctx: typer.Context,
    run: RunFolder,
    file: Annotated[
        str,
        typer.Argument(
            help="Sentences, one a line (.txt[.gz], .jsonl, .json, .csv, .tsv, .parquet); - for standard input."
        ),
    ] = "-",
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the index.", show_default=False)] = ...,  # type: ignore[assignment]
    dimensions: Annotated[
        int | None, typer.Option(min=1, help="Compare only the first N dimensions.", show_default=False)
    ] = None,
    storage: Annotated[
        str, typer.Option(help="Storage of the vectors: float16 (cosines right to 0.0005) or float32.")
    ] = "float16",
    approximate: Annotated[
        bool,
        typer.Option(
            "--approximate", help="Make a graph too, for approximate search of millions (extra: ann)."
        ),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the index in OUT.")] = False,
    workers: Workers = 1,
    corpus_format: CorpusFormat = "auto",
    column: Column = None,
    delimiter: Delimiter = None,
    errors: Errors = "strict",
    as_json: Summary = False,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Encode sentences once, to search them many times."""
    from textrae.inference import arguments
    from textrae.search.files import claim_index
    from textrae.search.store import KEPT

    stored = arguments.choice("storage", storage, KEPT)
    claim_index(Path(arguments.place("out", out)), overwrite)
    began = time.monotonic()
    made = _index(ctx, load_model(run, device, precision), dimensions=dimensions, storage=stored)
    encoded = time.monotonic()
    made.save(out, overwrite=overwrite, approximate=approximate)
    note(f"{out}: {len(made):,} sentences, {made.width} dimensions")
    if as_json:
        seconds = {"encoding": round(encoded - began, 3), "seconds": round(time.monotonic() - began, 3)}
        facts = {"out": out, "sentences": len(made), "dimensions": made.width, "storage": storage}
        print_json({**facts, "rows": made.lines, "blank": made.blank, **seconds})


@app.command(epilog="Example: textrae duplicates run sentences.txt --threshold 0.9")
def duplicates(
    ctx: typer.Context,
    run: RunFolder,
    file: Text,
    threshold: Annotated[
        float, typer.Option(help="Least cosine of two near-identical sentences, above 0 and at most 1.")
    ] = 0.95,
    workers: Workers = 1,
    corpus_format: CorpusFormat = "auto",
    column: Column = None,
    delimiter: Delimiter = None,
    errors: Errors = "strict",
    out: Out = None,
    as_json: Json = False,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Find sentences that are the same or near-identical, in groups, the largest first.

    Each row is a line: number of the group, cosine with the group's first sentence, row, sentence, joined by tabs.
    """
    from textrae.search.duplicates import check_threshold
    from textrae.search.duplicates import duplicates as groups_of

    check_threshold(threshold)
    with Output(out, as_json, file) as output:
        found = _index(ctx, load_model(run, device, precision))
        number, rows = 0, 0
        for number, group in enumerate(groups_of(found, threshold), start=1):
            rows += group.size
            each = zip(group.texts, group.rows, group.similarities, strict=True)
            if as_json:
                members = [
                    {"rows": _from_one(places), "similarity": near, "text": text}
                    for text, places, near in each
                ]
                output.json({"group": number, "size": group.size, "sentences": members})
                continue
            output.lines(
                f"{number}\t{near:.4f}\t{place + 1}\t{text}"
                for text, places, near in each
                for place in places
            )
    note(f"{number:,} groups of {rows:,} rows: {rows - number:,} of {found.lines:,} rows repeat another one")


@app.command(epilog="Example: textrae outliers run sentences.txt -n 20")
def outliers(
    ctx: typer.Context,
    run: RunFolder,
    file: Text,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Number of sentences.")] = 20,
    by: Annotated[
        str | None,
        typer.Option(
            help="reconstruction (nats a token), likelihood (nats a token, of a variational run) or distance (from the 5 nearest sentences); by default likelihood of a variational run, distance of a translator, else reconstruction.",
            show_default=False,
        ),
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="Draws of the likelihood of each sentence.")] = 10,
    seed: Seed = 0,
    workers: Workers = 1,
    corpus_format: CorpusFormat = "auto",
    column: Column = None,
    delimiter: Delimiter = None,
    errors: Errors = "strict",
    out: Out = None,
    as_json: Json = False,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Find the most unusual sentences: badly rebuilt, unlikely, or far from all others.

    Each is a line: score, row, copies, sentence, and its reconstruction or nearest neighbour, joined by tabs.
    """
    from textrae.inference import arguments
    from textrae.search.outliers import BY, SAMPLE, default_by
    from textrae.search.outliers import outliers as unusual

    chosen = None if by is None else arguments.choice("by", by, BY)
    with Output(out, as_json, file) as output:
        model = load_model(run, device, precision)
        chosen = default_by(model) if chosen is None else chosen
        if chosen != "likelihood":
            refuse_options(ctx, f"outliers by {chosen}", "samples")
        found = _index(ctx, model)
        other = "nearest" if chosen == "distance" else "rebuilt"
        for one in unusual(found, count, by=chosen, samples=samples, seed=seed):
            if as_json:
                facts = {"row": one.rows[0] + 1, "rows": _from_one(one.rows), "score": one.score}
                output.json({**facts, "by": chosen, "text": one.text, other: one.other})
            else:
                place = f"{one.rows[0] + 1}\t{len(one.rows)}"
                output.lines([f"{one.score:.4f}\t{place}\t{one.text}\t{one.other}"])
    if chosen == "distance" and len(found) > SAMPLE:
        note(f"distances are those from {SAMPLE:,} of the {len(found):,} different sentences")


@app.command(epilog="Example: textrae cluster run sentences.txt -k 8")
def cluster(
    ctx: typer.Context,
    run: RunFolder,
    file: Text,
    count: Annotated[int, typer.Option("--count", "-k", min=1, help="Number of clusters.")] = 8,
    central: Annotated[int, typer.Option(min=0, help="Central sentences told of each cluster.")] = 5,
    words: Annotated[int, typer.Option(min=0, help="Typical words told of each cluster.")] = 8,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="File for the cluster of every row, from 1, one a line; 0 for blank ones.",
            show_default=False,
        ),
    ] = None,
    seed: Seed = 0,
    workers: Workers = 1,
    corpus_format: CorpusFormat = "auto",
    column: Column = None,
    delimiter: Delimiter = None,
    errors: Errors = "strict",
    out: Out = None,
    as_json: Json = False,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Divide sentences into clusters of similar ones, and tell what is typical of each, the largest first."""
    from textrae.search import cluster as clusters_of

    with Output(out, as_json, file) as output, Output(labels, False, file) as each:
        found = _index(ctx, load_model(run, device, precision))
        result = clusters_of(found, count, central=central, words=words, seed=seed)
        for number, one in enumerate(result.clusters, start=1):
            if as_json:
                facts = {"cluster": number, "size": one.size, "sentences": one.sentences}
                told = {"similarity": one.similarity, "words": one.words}
                output.json({**facts, **told, "central": [_as_json(hit) for hit in one.central]})
                continue
            share = f"{one.size:,} rows ({one.size / max(1, found.lines - found.blank):.1%})"
            output.text(f"cluster {number}: {share}, similarity {one.similarity:.2f}")
            output.lines([f"  words: {', '.join(one.words)}"] if one.words else [])
            output.lines(f"  {hit.score:.4f}\t{hit.row + 1}\t{hit.text}" for hit in one.central)
        if labels is not None:
            each.lines(str(label) for label in (result.labels + 1).tolist())


def _is_index(file: str) -> bool:
    return file != "-" and Path(file).is_dir()


def _index(ctx: typer.Context, model: SentenceAutoencoder, **options: Any) -> Index:
    """Open the index that a command is given as its FILE, or make one of the text, and tell what was left out.

    Args:
        ctx: of the command, whose other arguments tell how a text is read.
        model: of its run.
        options: of :meth:`textrae.search.Index.build`.
    """
    from textrae.search import Index

    from .reading import Input

    given = ctx.params
    if _is_index(given["file"]):
        refuse_options(ctx, "an index, which was read already", *_READING)
        return Index.open(given["file"], model)
    how = given["corpus_format"], given["column"], given["errors"], model.max_length, given["delimiter"]
    source = Input.of(given["file"], *how)
    with at_work(model, given["run"], given["workers"], given["device"], given["precision"]) as encoder:
        made = Index.build(model, _shown(source), encoder=encoder, cuts=source.cuts, **options)
    source.say()
    blank = f", {made.blank:,} are blank and left out" if made.blank else ""
    note(f"{made.lines:,} rows: {len(made):,} different sentences{blank}")
    return made


def _shown(source: Input) -> Iterator[str]:
    """Yield sentences, with a count on a terminal."""
    import sys

    from tqdm import tqdm

    yield from tqdm(source, unit=" rows", file=sys.stderr, disable=None, leave=False)
