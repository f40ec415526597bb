"""Columns of sentences: JSON lines, CSV, TSV, parquet files and named data sets."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal

from textrae.errors import CorpusError
from textrae.text.blocks import ReadCounts

_BATCH_ROWS: Final = 1024
_BATCH_CHARACTERS: Final = 2**22
_FIELD: Final = 2**20
"""Characters of a CSV field at most."""
_USUAL: Final = ("text", "sentence")
"""Names of columns that are read unless another is asked for."""
_HALF_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SENTENCE: Final = re.compile(r"\s|[.!?。！？]$|^.{31}")
"""Signs of a sentence that the name of a column is unlikely to have."""
_REACH_SECONDS: Final = 15.0
"""Seconds to wait for the hub."""


def choose_column(columns: Mapping[str, bool], wanted: str | None, name: str) -> str:
    """Return the column to read: `wanted`, or else ``text``, ``sentence``, or the only one with text.

    Args:
        columns: whether each column holds text, by its name.
        wanted: name of the column that the user asks for.
        name: the table in messages.

    Raises:
        CorpusError: there is no such column, or no obvious one; it lists what there is.
    """
    if wanted is not None:
        if wanted not in columns:
            raise CorpusError(f"{name}: no column {wanted!r}; it has {_listing(columns)}")
        if not columns[wanted]:
            raise CorpusError(f"{name}: column {wanted!r} holds no text; the columns are {_listing(columns)}")
        return wanted
    text = [column for column, is_text in columns.items() if is_text]
    for usual in _USUAL:
        if usual in text:
            return usual
    if len(text) != 1:
        raise CorpusError(
            f"{name}: name the column of the sentences, as `column`; it has {_listing(columns)}"
        )
    return text[0]


def _listing(columns: Iterable[str]) -> str:
    names = [column if len(column) <= 30 else column[:29] + "…" for column in columns]
    shown = ", ".join(repr(column) for column in names[:12])
    return (shown or "none") + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def jsonl_rows(
    lines: Iterator[list[str]],
    name: str,
    column: str | None,
    errors: Literal["strict", "replace"],
    counts: ReadCounts,
) -> Iterator[list[str]]:
    """Yield the sentence of each line: an object's `column`, or the value of the line if that is a string.

    A blank line and a null are empty sentences, so that rows and lines agree.

    Args:
        lines: of JSON, in lists.
        name: the file in messages.
        column: name of the column; None to choose one by the first object.
        errors: whether half a character, escaped, raises, or is read as U+FFFD and counted.
        counts: updated for such lines.

    Raises:
        CorpusError: a line is not JSON, or has no text in the column; it names the line.
    """
    # Not read through `datasets`: its reader cannot say which line is broken.
    number, named = 0, column
    for batch in lines:
        sentences: list[str] = []
        for line in batch:
            number += 1
            where = f"{name}: line {number}"
            value = _parse(line, where)
            if isinstance(value, dict):
                if column is None:
                    column = choose_column({key: isinstance(v, str) for key, v in value.items()}, None, where)
                if column not in value:
                    raise CorpusError(f"{where}: no {column!r}; it has {_listing(value)}")
                value = value[column]
            elif named is not None and value is not None:
                raise CorpusError(f"{where}: no column {named!r}, as it is no object; leave `column` out")
            text = _as_text(value, where)
            # An escaped lone surrogate is valid JSON, but no text.
            if _HALF_ESCAPE.search(line) and _SURROGATE.search(text):
                if errors == "strict":
                    raise CorpusError(
                        f"{where}: an escape is half a character; mend it, or give `errors=replace`"
                    )
                text = _SURROGATE.sub("\ufffd", text)
                counts.undecodable += 1
            sentences.append(text)
        yield sentences


def _parse(line: str, where: str) -> Any:
    if not line or line.isspace():
        return None
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise CorpusError(f"{where}: not JSON ({error.msg} at character {error.pos + 1})") from None
    except (ValueError, RecursionError):
        raise CorpusError(f"{where}: not JSON that can be read (a huge number, or nested too deep)") from None


def _as_text(value: Any, where: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise CorpusError(
            f"{where}: a {type(value).__name__} where text was expected; choose another `column`"
        )
    return value


def csv_rows(lines: Iterator[list[str]], name: str, column: str | None, *, tabs: bool) -> Iterator[list[str]]:
    """Yield the sentences of a column of a table with a header; fields are quoted in CSV, and never in TSV.

    Args:
        lines: of the table, in lists.
        name: the file in messages.
        column: name of the column; None to choose one by the header.
        tabs: whether it is TSV.

    Raises:
        CorpusError: there is no such column, or a row does not fit the header; it names the line.
    """
    # Not read through `datasets`: pandas does not read "None", "NA" and "007" as text, and guesses types for each chunk.
    # In TSV a quote is a character: read as CSV, one stray quote swallows the rest.
    csv.field_size_limit(max(_FIELD, csv.field_size_limit()))
    ended = (line + "\n" for batch in lines for line in batch)
    reader = (
        csv.reader(ended, delimiter="\t", quoting=csv.QUOTE_NONE) if tabs else csv.reader(ended, strict=True)
    )
    sentences: list[str] = []
    characters = 0
    try:
        header = next(reader, None)
        if header is None:
            return
        at = header.index(choose_column(dict.fromkeys(header, True), column, name))
        if column is None and len(header) == 1 and _SENTENCE.search(header[0].strip()):
            raise CorpusError(
                f"{name}: its first line, {_listing(header)}, would be the column's name, and looks like a sentence; put "
                "a line 'text' above it, or name that column as `column`"
            )
        for row in reader:
            if row and len(row) != len(header):
                fields = f"{len(row)} fields where the header has {len(header)}"
                raise CorpusError(f"{name}: line {reader.line_num}: {fields}")
            sentences.append(row[at] if row else "")
            characters += len(sentences[-1])
            if len(sentences) >= _BATCH_ROWS or characters >= _BATCH_CHARACTERS:
                yield sentences
                sentences, characters = [], 0
    except csv.Error as error:
        raise CorpusError(f"{name}: line {reader.line_num}: {error}; check its quotes") from None
    if sentences:
        yield sentences


def parquet_rows(path: str, column: str | None) -> Iterator[list[str]]:
    """Yield the sentences of a column of a parquet file; a null is an empty sentence.

    Args:
        path: the file.
        column: name of the column; None to choose one by the schema.

    Raises:
        CorpusError: it is not a parquet file, is damaged, or has no such text column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Read directly: `datasets` streams with this reader too, after it has guessed features.
        with pq.ParquetFile(path) as file:
            columns = {field.name: _holds_text(field.type) for field in file.schema_arrow}
            chosen = choose_column(columns, column, path)
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=[chosen]):
                yield [value or "" for value in batch.column(0).to_pylist()]
    except UnicodeDecodeError:
        raise CorpusError(f"{path}: column {chosen!r} holds bytes that are not UTF-8") from None
    except (pa.ArrowException, OSError) as error:
        raise CorpusError(f"{path}: cannot be read as parquet: {_first_line(error)}") from None


def _holds_text(kind: Any) -> bool:
    import pyarrow.types as types

    inner = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(inner) or types.is_large_string(inner) or types.is_string_view(inner))


def hub_rows(name: str, column: str | None) -> Iterator[list[str]]:
    """Yield the sentences of a column of a data set of the Hugging Face hub, streamed: no copy is kept.

    Args:
        name: ``name``, ``owner/name`` or ``owner/name:split``; the split is ``train`` unless one is named.
        column: name of the column; None to choose one by the first rows.

    Raises:
        CorpusError: it cannot be reached or loaded, or has no such text column.
    """
    repository, _, split = name.partition(":")
    try:
        import datasets
        from huggingface_hub import HfApi

        # `datasets` retries for half a minute before it says that a name or the network is not there.
        HfApi().dataset_info(repository, timeout=_REACH_SECONDS)
        rows = datasets.load_dataset(repository, split=split or "train", streaming=True)
        batches = iter(rows.iter(batch_size=_BATCH_ROWS))
        batch = next(batches, None)
    except Exception as error:  # the network, the hub and the data set's files may raise anything
        raise CorpusError(
            f"{name}: no such file, and no data set of that name could be loaded ({_first_line(error)}); "
            "check the path, or the name and the network"
        ) from None
    if batch is None:
        return
    chosen = choose_column({key: _texts(values) for key, values in batch.items()}, column, name)
    while batch is not None:
        yield [_as_text(value, name) for value in batch[chosen]]
        try:
            batch = next(batches, None)
        except Exception as error:
            raise CorpusError(f"{name}: reading stopped: {_first_line(error)}; try again") from None


def _texts(values: list[Any]) -> bool:
    return any(isinstance(v, str) for v in values) and all(v is None or isinstance(v, str) for v in values)


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    line = text.splitlines()[0]
    return line if len(line) <= 200 else line[:199] + "…"
