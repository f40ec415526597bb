"""Columns of sentences: CSV, TSV, parquet files and named data sets."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from typing import Any, Final

import numpy as np

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig, character
from textrae.text.blocks import ReadCounts
from textrae.text.columns import Choice, Column, choose_column, is_near, listing, shown
from textrae.text.dialect import DELIMITERS, Dialect, LateQuotes, delimiter_line, fits, tell_dialect
from textrae.text.json_values import Item, is_object
from textrae.text.kept import Kept
from textrae.text.objects import object_rows
from textrae.text.sources import Source

_BATCH_ROWS: Final = 1024
_BATCH_CHARACTERS: Final = 2**22
_BATCH_BYTES: Final = 2**26
"""Bytes of a batch of Parquet, by what the file says of itself."""
_SMALL: Final = 2**16
"""Bytes of a column of which no row is too large."""
_FEW_BYTES, _MANY_BYTES = 8, 4_096
"""Bytes of a row of Parquet that may stand for a large text that many rows share: fewer, and more."""
_LOOKED_AT: Final = 100
_FITTING: Final = 3
"""Lines below a header that may fit it by chance."""
_ENOUGH: Final = 3
"""Lines that are waited for: the header, a row, and perhaps a line that names the delimiter."""
_SENTENCE: Final = re.compile(r"\s|[.!?。！？]$|^.{31}")
"""Signs of a sentence that the name of a column is unlikely to have."""
_REACH_SECONDS: Final = 15.0
"""Seconds to wait for the hub."""


def csv_rows(
    lines: Iterator[list[str]], name: str, config: CorpusConfig, counts: ReadCounts, *, tabs: bool
) -> Iterator[list[str]]:
    """Yield the sentences of a column of a table with a header.

    The delimiter is told from the header and the first rows, or given. Fields may be quoted in CSV; in TSV a quote is a
    character, unless the first rows are visibly quoted.

    Args:
        lines: of the table, in lists.
        name: the file in messages.
        config: the column, the delimiter, and whether the format is given.
        counts: told which column is read, and by which delimiter; given the columns that it keeps.
        tabs: whether it is TSV.

    Raises:
        CorpusError: there is no such column, several could be meant, or a row does not fit the header; it names the line.
    """
    # Not read through `datasets`: pandas does not read "None", "NA" and "007" as text, and guesses types for each chunk.
    given, column = None if config.delimiter is None else character(config.delimiter), config.column
    head: list[str] = []
    while len(head) < _ENOUGH and (batch := next(lines, None)) is not None:
        head += batch
    excel = delimiter_line(head[0]) if head else None
    if excel is not None:
        given, head = given or excel, head[1:]
    if not head or not any(head):
        return
    if not head[0]:
        raise CorpusError(f"{name}: its first line is blank; the names of the columns are to stand there")
    plain = config.format == "tsv"
    dialect = tell_dialect(head, name, column, given, tabs=tabs, plain=plain)
    watch = None if dialect.sure else LateQuotes(head, name)
    before, number = int(excel is not None), 0
    every = (line for batch in chain([head], lines) for line in batch)
    rows = dialect.rows(every if watch is None else watch.over(every))
    sentences: list[str] = []
    characters = 0
    try:
        number, header = next(rows)
        choice = _header_choice(header, column, name)
        counts.tell(choice.said(dialect.said if len(header) > 1 else ""))
        at, kept = choice.column.place, counts.kept
        others = [] if kept is None else _kept_places(kept, header, name)
        for number, row in rows:
            if row and len(row) != len(header):
                raise CorpusError(f"{name}: line {number + before}: {_misfit(row, header, dialect, given)}")
            sentences.append(row[at] if row else "")
            characters += len(sentences[-1])
            if kept is not None:
                kept.add([row[other] if row else None for other in others])
            if len(sentences) >= _BATCH_ROWS or characters >= _BATCH_CHARACTERS:
                yield sentences
                sentences, characters = [], 0
    except csv.Error as error:
        where = f"{name}: after line {number + before}"
        if "new-line" in str(error):
            raise CorpusError(f"{where}: CR, an old line end; convert it with `tr '\\r' '\\n'`") from None
        raise CorpusError(f"{where}: {error}; check its quotes") from None
    if sentences:
        yield sentences


def refuse_hidden_table(head: Sequence[str], name: str) -> None:
    """Raise :class:`CorpusError` if the first lines of a text are visibly those of a table.

    That is, if each is an object of JSON, or if a header with a column ``text`` or ``sentence`` fits all of them.

    Args:
        head: the first lines.
        name: the file in messages.
    """
    rows = [line for line in head[:_LOOKED_AT] if line]
    if len(rows) <= _FITTING:
        return
    kinds = {mark: "tsv" if mark == "\t" else "csv" for mark in DELIMITERS if fits(rows, mark)}
    if rows[0].startswith("{") and all(map(is_object, rows)):
        kinds = {"{": "jsonl"}
    if kinds:
        raise CorpusError(
            f"{name}: looks like a table ({shown(rows[0])}), and its lines would be read as sentences; give "
            f"`format={next(iter(kinds.values()))}`, or else `format=text`"
        )


def _header_choice(header: list[str], column: str | None, name: str) -> Choice:
    """Return the column that is read of a table with this header."""
    if any("\r" in field for field in header):
        raise CorpusError(
            f"{name}: its header has CR, an old line end, in it; convert it with `tr '\\r' '\\n'`"
        )
    choice = choose_column([Column(one, True, place) for place, one in enumerate(header)], column, name)
    if column is None and len(header) == 1 and _SENTENCE.search(header[0].strip()) and not is_near(header[0]):
        raise CorpusError(
            f"{name}: its first line, {listing(header)}, would be the column's name, and looks like a sentence; put "
            "a line 'text' above it, or name that column as `column`"
        )
    return choice


def _kept_places(kept: Kept, header: list[str], name: str) -> list[int]:
    """Return the places of the columns that are kept."""
    columns = [Column(one, True, place) for place, one in enumerate(header)]
    return [column.place for column in kept.find(columns, name)]


def _misfit(row: list[str], header: list[str], dialect: Dialect, given: str | None) -> str:
    fields = f"{len(row)} field{'' if len(row) == 1 else 's'} where the header has {len(header)}"
    advice = "mend the row" if given else "mend the row, or give the `delimiter`"
    return f"{fields} ({dialect.said}); {advice}"


def parquet_rows(
    source: Source, column: str | None, counts: ReadCounts, rows: range | None = None
) -> Iterator[list[str]]:
    """Yield the sentences of a column of a parquet file; a null is an empty sentence.

    Args:
        source: the file.
        column: name of the column, a path such as ``translation.en``, or a number; None to choose one by the schema.
        counts: updated for rows without a value; it is told which column is read, and given those that it keeps.
        rows: which of them are read; None for all.

    Raises:
        CorpusError: it is not a parquet file, is damaged, or has no such text column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    name, done = source.name, 0 if rows is None else rows.start
    try:
        # Read directly: `datasets` streams with this reader too, after it has guessed features.
        with ExitStack() as stack:
            opened = source.path if source.system is None else stack.enter_context(source.open())
            file = stack.enter_context(pq.ParquetFile(opened))
            schema = file.schema_arrow
            columns = [one for place, field in enumerate(schema) for one in _columns_of(field, place)]
            choice = choose_column(columns, column, name)
            counts.tell(choice.said())
            chosen = choice.column
            parts = [one for one in columns if not one.whole]
            whole = [Column(field.name, False, place) for place, field in enumerate(schema)]
            others = [] if counts.kept is None else counts.kept.find([*whole, *parts], name)
            names = list(dict.fromkeys(schema.field(one.place).name for one in (chosen, *others)))
            size, shared = _how_to_read(file.metadata, set(names))
            if shared and chosen.whole:
                file = stack.enter_context(
                    pq.ParquetFile(opened, metadata=file.metadata, read_dictionary=[chosen.name])
                )
            nested = any(one.path for one in (chosen, *others))
            for batch in _batches(file, names, rows, size, nested=nested):
                values, *kept = (_column_of(batch, one, schema) for one in (chosen, *others))
                counts.missing += values.null_count
                if counts.kept is not None:
                    counts.kept.add_block(kept, name)
                yield _texts(values, name, chosen.name, done)
                done += len(values)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last of names in the footer
        where = f"{name}: after row {done:,}: damaged" if done else f"{name}: cannot be read as parquet"
        raise CorpusError(f"{where}: {_first_line(error)}") from None
    except CorpusError:
        raise
    except Exception as error:
        if source.system is None:
            raise
        raise source.unreadable(error) from None  # a driver's error may be of any kind


def parquet_size(source: Source) -> int:
    """Return the number of rows of a parquet file.

    Raises:
        CorpusError: it is not a parquet file, is damaged, or cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with ExitStack() as stack:
            opened = source.path if source.system is None else stack.enter_context(source.open())
            return int(pq.read_metadata(opened).num_rows)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last of names in the footer
        raise CorpusError(f"{source.name}: cannot be read as parquet: {_first_line(error)}") from None
    except Exception as error:
        raise source.unreadable(error) from None  # a driver's error may be of any kind


def _texts(values: Any, name: str, column: str, done: int) -> list[str]:
    """Return the texts of an Arrow array; a null is an empty one.

    Args:
        values: of the column that is read.
        name: the file in messages.
        column: the column in messages.
        done: rows before these.

    Raises:
        CorpusError: one is not UTF-8; its row is told.
    """
    import pyarrow as pa

    try:
        if isinstance(values, pa.DictionaryArray):
            used, places = np.unique(values.indices.fill_null(-1).to_numpy(), return_inverse=True)
            found = values.dictionary.take(pa.array(used, mask=used < 0)).to_pylist()
            return [found[place] or "" for place in places.tolist()]
        return [value or "" for value in values.to_pylist()]
    except UnicodeDecodeError:
        row = done + 1
        for value in values:
            try:
                value.as_py()
            except UnicodeDecodeError:
                break
            row += 1
        raise CorpusError(f"{name}: row {row}: column {column!r} holds bytes that are not UTF-8") from None


def _column_of(batch: Any, column: Column, schema: Any) -> Any:
    """Return a column of a batch, or a part of a nested one."""
    import pyarrow.compute as pc

    # Of columns of one name, all are read, and this one is taken by its place among them.
    name = schema.field(column.place).name
    place = schema.names[: column.place].count(name)
    values = batch.column(batch.schema.get_all_field_indices(name)[place])
    for inner in column.path:
        values = pc.struct_field(values, inner)
    return values


def _batches(file: Any, columns: list[str], rows: range | None, size: int, *, nested: bool) -> Iterator[Any]:
    """Yield the batches of columns; nested strings by each group of rows, as Arrow cannot join them."""
    if rows is None:
        for groups in [[group] for group in range(file.num_row_groups)] if nested else [None]:
            yield from file.iter_batches(batch_size=size, columns=columns, row_groups=groups)
        return
    at = 0  # row of the file that comes next
    for group in range(file.num_row_groups):
        end = at + file.metadata.row_group(group).num_rows
        if at < rows.stop and rows.start < end:
            for batch in file.iter_batches(batch_size=size, columns=columns, row_groups=[group]):
                first, last = max(rows.start - at, 0), min(rows.stop - at, batch.num_rows)
                if first < last:
                    yield batch.slice(first, last - first)
                at += batch.num_rows
        at = end


def _how_to_read(metadata: Any, columns: set[str]) -> tuple[int, bool]:
    """Return how many rows to read at once, and whether to read a text once that many rows share.

    Fewer long rows are read at once, so that memory is bounded. A few bytes a row may stand for many large texts that are
    all the same, and many bytes for large texts. Reading either once takes longer where texts are short and all different.
    """
    size, shared = _BATCH_ROWS, False
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        chunks = map(group.column, range(group.num_columns))
        held = sum(
            one.total_uncompressed_size for one in chunks if one.path_in_schema.split(".")[0] in columns
        )
        rows = max(1, group.num_rows)
        size = max(1, min(size, _BATCH_BYTES * rows // max(1, held)))
        shared |= held > _SMALL and not _FEW_BYTES <= held // rows <= _MANY_BYTES
    return size, shared


def _columns_of(
    field: Any, place: int, names: tuple[str, ...] = (), *, in_list: bool = False
) -> Iterator[Column]:
    """Yield a field of an Arrow schema as a column, or the parts that a nested one has."""
    import pyarrow.types as types

    kind, names = field.type, (*names, field.name)
    if types.is_struct(kind):
        for inner in kind:
            yield from _columns_of(inner, place, names, in_list=in_list)
    elif is_list(kind):
        yield from _columns_of(kind.value_field.with_name("[]"), place, names, in_list=True)
    else:
        inner = kind.value_type if types.is_dictionary(kind) else kind
        text = types.is_string(inner) or types.is_large_string(inner) or types.is_string_view(inner)
        yield Column(".".join(names).replace(".[]", "[]"), text, place, names[1:], in_list)


def is_list(kind: Any) -> bool:
    """Tell whether an Arrow type is that of lists, however they are stored."""
    import pyarrow.types as types

    kinds = (
        types.is_list,
        types.is_large_list,
        types.is_fixed_size_list,
        types.is_list_view,
        types.is_large_list_view,
    )
    return any(is_kind(kind) for is_kind in kinds)


def hub_rows(name: str, column: str | None, counts: ReadCounts) -> Iterator[list[str]]:
    """Yield the sentences of a column of a data set of the Hugging Face hub, streamed: no copy is kept.

    Args:
        name: ``name``, ``owner/name`` or ``owner/name:split``; the split is ``train`` unless one is named.
        column: name of the column, or a path such as ``translation.en``; None to choose one by the first rows.
        counts: updated for rows without a value; it is told which column is read.

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

    def items() -> Iterator[list[Item]]:
        nonlocal batch
        done = 0
        while batch is not None:
            values = [dict(zip(batch, row, strict=True)) for row in zip(*batch.values(), strict=True)]
            yield [Item(value, "", number) for number, value in enumerate(values, done + 1)]
            done += len(values)
            try:
                batch = next(batches, None)
            except Exception as error:
                raise CorpusError(f"{name}: reading stopped: {_first_line(error)}; try again") from None

    def where(number: int) -> str:
        return f"{name}: row {number}" if number else name

    yield from object_rows(items(), where, column, "strict", counts, uniform=True)


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    line = text.splitlines()[0]
    return line if len(line) <= 200 else line[:199] + "…"
