"""Write random tables, read them back, and count how many were read right, refused, or read wrongly in silence.

    python scripts/checks/random_tables.py --tables 2000 --seed 0
    python scripts/checks/random_tables.py --tables 2000 --seed 0 --show

Each table is drawn: its format, texts, columns and their order, header, delimiter, quotes, line ends, encoding mark,
missing values, and now and then a damage. It is written by Python's `csv` and `json` and by pyarrow. Most are ordinary:
what usual programs write. Those are to be read; the others read right or refused in one line. It ends with status 1 if
one was read wrongly, or an ordinary one refused.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textrae.errors import TextraeError
from textrae.settings.corpus import CorpusConfig
from textrae.settings.files import build
from textrae.text.lines import ReadCounts, read_lines

PLAIN = (
    "The baker mends the blue kettle.", "A pilot paints three lamps, at noon", "Stop; go; stop", "one|two", "007", "None",
    "NA", "null", "naïve café", "猫が座った。", "👋🏽 hi", "x", "3,14", "a=b & c", "it's here", "100% sure", "text", "id",
    "#1 of 3", "e\u0301", "a\u2028b", "Yes, we do; no, they don't | perhaps", "-5", "TRUE", "https://a.b/?c=d;e",
)  # fmt: skip
"""Texts that every format can hold as they are."""
QUOTED = ('he said "hi"', '"hi"', '"Hello," he said.', 'a 5" pipe', '""', '"', 'say ""', '"a, b"', '";"')
"""Texts with quotes."""
BROKEN = ("two\nlines", "a\tb", "a\n\nb", "\ttab", 'a "b\nc"')
"""Texts with line ends or tabs, which fields must be quoted for."""
EDGES = (" leading", "trailing ", "  ")
"""Texts whose outer spaces count."""
TEXT_NAMES = ("text", "sentence", "Text", "TEXT ", " text", "Sentence")
FREE_NAMES = ("review", "utterance", "Satz", "a.b", "7", "body")
OTHER_NAMES = ("id", "label", "n", "Date", "score", "")
DELIMITERS = ",;\t|"


@dataclass
class Table:
    """A table that was drawn."""

    name: str
    """Name of its file."""
    content: bytes
    """Bytes of the file."""
    rows: list[str]
    """Sentences that are to be read, blank ones too."""
    options: dict[str, Any] = field(default_factory=dict)
    """Settings that it is read with."""
    ordinary: bool = True
    """Whether it must be read, not refused."""
    stripped: bool = False
    """Whether spaces around sentences do not count."""
    missing: int | None = None
    """Number of rows without a value, if the format can tell."""


@dataclass
class Drawn:
    """The columns of a table, before it is written."""

    names: list[str]
    rows: list[list[Any]]
    place: int
    options: dict[str, Any]
    ordinary: bool

    @property
    def texts(self) -> list[str | None]:
        """The sentences; None for a missing one."""
        return [row[self.place] for row in self.rows]


def draw_columns(draw: random.Random, pool: tuple[str, ...], *, missing: float) -> Drawn:
    """Draw names and values of columns, and how the one with the sentences is asked for."""
    count = draw.choice((1, 1, 2, 2, 3, 4, 5, 12, 40))
    texts = [None if draw.random() < missing else draw.choice(pool) for _ in range(count)]
    name, options, ordinary = draw.choice(TEXT_NAMES), dict[str, Any](), True
    others = draw.sample(OTHER_NAMES, draw.choice((0, 1, 1, 2, 3)))
    way = draw.random()
    if way < 0.15:  # by name
        name = draw.choice(FREE_NAMES)
        options["column"] = name
    elif way < 0.2:  # the only one with text, if no other column is
        name = draw.choice(FREE_NAMES[:3])
    elif way < 0.25:  # nearly by name
        name = draw.choice((" Review", "REVIEW", "review "))
        options["column"] = "review"
    elif way < 0.3 and others:  # twice, by number
        others[0] = name
        options["column"], ordinary = "?", True
    elif way < 0.33 and others:  # twice, which is to be refused
        others[0], ordinary = name, False
    elif way < 0.36 and others:  # two that are near
        name, others[0], ordinary = " Text", "TEXT", False
    place = draw.randrange(len(others) + 1)
    names = [*others[:place], name, *others[place:]]
    if options.get("column") == "?":
        options["column"] = str(place + 1)
    rows = []
    for number, text in enumerate(texts):
        row: list[Any] = [draw_other(draw, other, number, pool) for other in others]
        row.insert(place, text)
        rows.append(row)
    return Drawn(names, rows, place, options, ordinary)


def draw_other(draw: random.Random, name: str, number: int, pool: tuple[str, ...]) -> Any:
    """Draw a value of a column that is not read."""
    if name in ("id", "n", ""):
        return number
    if name == "score":
        return draw.choice((0.5, -1.25, "3,14", ""))
    if name == "label":
        return draw.choice(("pos", "neg", "", "a b"))
    return draw.choice(pool) if name != "Date" else f"2024-03-{number % 28 + 1:02d}"


def draw_table(draw: random.Random) -> Table:
    """Draw a table and write it."""
    kind = draw.choice(("csv", "csv", "csv", "tsv", "tsv", "jsonl", "json", "parquet"))
    if kind in ("csv", "tsv"):
        return draw_delimited(draw, kind)
    return draw_parquet(draw) if kind == "parquet" else draw_json(draw, kind)


def draw_delimited(draw: random.Random, kind: str) -> Table:
    """Draw a table of plain text."""
    raw = kind == "tsv" and draw.random() < 0.5  # quotes are characters
    pool = PLAIN
    if draw.random() < 0.5:
        pool += QUOTED
    if not raw and draw.random() < 0.4:
        pool += BROKEN
    if draw.random() < 0.2:
        pool += EDGES
    drawn = draw_columns(draw, pool, missing=draw.choice((0, 0, 0.2)))
    drawn.ordinary &= "column" in drawn.options or drawn.names[drawn.place].strip().lower() in (
        "text",
        "sentence",
    )
    delimiter = "\t" if kind == "tsv" else draw.choice(DELIMITERS)
    if kind == "csv" and draw.random() < 0.06:
        delimiter = draw.choice("^~:")
        if draw.random() < 0.5:
            drawn.options["delimiter"] = delimiter
        else:
            drawn.ordinary = False
    elif draw.random() < 0.1:
        drawn.options["delimiter"] = {"\t": "tab", ";": "semicolon"}.get(delimiter, delimiter)
    if kind == "tsv" and draw.random() < 0.1:
        delimiter, raw = draw.choice(",;|"), False
        drawn.options.pop("delimiter", None)
    rows = ["" if text is None else text for text in drawn.texts]
    if raw:
        # Of quotes that are characters, some look like quoted fields: these are to be refused.
        wrapped = any(str(value).startswith('"') for row in drawn.rows for value in row)
        drawn.ordinary &= not wrapped
        lines = [
            delimiter.join("" if v is None else str(v) for v in row) for row in (drawn.names, *drawn.rows)
        ]
        if any(mark in str(value) for row in drawn.rows for value in row for mark in "\t\n"):
            return draw_delimited(draw, kind)
        text, quoting = "".join(line + "\n" for line in lines), csv.QUOTE_NONE
    else:
        text, quoting = written(draw, drawn, delimiter)
    if kind == "tsv" and not raw and quoting != csv.QUOTE_ALL:
        drawn.ordinary &= '"' not in text
    # A name of one column that no row shows the delimiter of is all there is to go by.
    if len(drawn.names) == 1 and delimiter not in text.partition("\n")[0]:
        drawn.ordinary &= delimiter == "," or kind == "tsv" or "delimiter" in drawn.options
    table = Table(f"table.{kind}", b"", rows, drawn.options, drawn.ordinary)
    return finish_text(draw, table, text, delimiter, several=len(drawn.names) > 1)


def written(draw: random.Random, drawn: Drawn, delimiter: str) -> tuple[str, int]:
    """Write a table with Python's csv; return its text, with LF line ends, and how it is quoted."""
    quoting = draw.choice((csv.QUOTE_MINIMAL,) * 3 + (csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC))
    options: dict[str, Any] = {"quoting": quoting}
    if draw.random() < 0.06:  # a quote within a field escaped by a backslash
        options |= {"doublequote": False, "escapechar": "\\"}
        drawn.ordinary &= not any('"' in str(value) for row in drawn.rows for value in row)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n", **options)
    writer.writerow(drawn.names)
    for row in drawn.rows:
        writer.writerow(["" if value is None else value for value in row])
    return out.getvalue(), quoting


def finish_text(draw: random.Random, table: Table, text: str, delimiter: str, *, several: bool) -> Table:
    """Damage a table now and then, and encode it."""
    way = draw.random()
    lines = text.split("\n")
    if way < 0.04 and several and '"' not in text:  # a delimiter at the end of each row
        text = "\n".join(line + delimiter if line else line for line in lines)
        table.ordinary = False
    elif way < 0.08 and several and '"' not in text:  # without it in the header
        text = "\n".join([lines[0], *(line + delimiter if line else line for line in lines[1:])])
        table.ordinary = False
    elif way < 0.11 and len(lines) > 2:  # a row is cut short
        at = draw.randrange(1, len(lines) - 1)
        lines[at] = lines[at].rpartition(delimiter)[0]
        changed = "\n".join(lines)
        if several and lines[at] and '"' not in text:
            text, table.ordinary = changed, False
    elif way < 0.14:  # a title above the header
        # The name of the only column cannot be told from a title of one word.
        title = draw.choice(("Export", "Export of 2024", "Export,", "x") if several else ("Export of 2024",))
        text, table.ordinary = f"{title}\n\n{text}", False
    elif way < 0.18 and several:  # as Excel tells the delimiter
        text = f"sep={delimiter}\n{text}"
    elif way < 0.22 and several and '"' not in text:  # spaces after delimiters
        text = text.replace(delimiter, delimiter + " ")
        if any(delimiter in row for row in table.rows) or delimiter == "\t":
            return draw_delimited(draw, table.name.rpartition(".")[2])
        table.stripped = True
    end, mark = (
        draw.choice(("\n",) * 8 + ("\r\n",) * 4 + ("\r",)),
        draw.choice(("",) * 10 + ("bom",) * 4 + ("utf-16", "latin-1")),
    )
    if end == "\r":
        table.ordinary = False
    if draw.random() < 0.2 and text.endswith("\n") and len(lines) > 2 and lines[-2]:
        text = text[:-1]
    text = text.replace("\n", end)
    table.rows = [row.replace("\r\n", "\n") for row in table.rows]
    if end == "\r":
        table.rows = [row.replace("\n", end) for row in table.rows]
    encoding = {"bom": "utf-8-sig", "": "utf-8"}.get(mark, mark)
    if mark in ("utf-16", "latin-1"):
        table.ordinary = False
    content = text.encode(encoding, errors="replace")
    if mark == "latin-1" and "?" in content.decode("latin-1"):
        content = text.encode()
    return zipped(draw, table, content)


def zipped(draw: random.Random, table: Table, content: bytes) -> Table:
    """Compress a table now and then."""
    if draw.random() < 0.1:
        table.name, content = f"{table.name}.gz", gzip.compress(content)
    table.content = content
    return table


def draw_json(draw: random.Random, kind: str) -> Table:
    """Draw a file of JSON: lines, an array, or objects one after another, of objects or strings."""
    drawn = draw_columns(draw, PLAIN + QUOTED + BROKEN + EDGES, missing=draw.choice((0, 0.1, 0.3)))
    if drawn.options.get("column", "").isdigit() or len(set(drawn.names)) < len(drawn.names):
        return draw_json(draw, kind)
    values: list[Any] = []
    name, nested = drawn.names[drawn.place], draw.random() < 0.2
    for row in drawn.rows:
        pairs = list(zip(drawn.names, row, strict=True))
        if nested:
            pairs[drawn.place] = ("outer", {name: row[drawn.place], "de": 5})
        if draw.random() < 0.3:
            draw.shuffle(pairs)
        absent = draw.random() < 0.5
        values.append(
            {key: value for key, value in pairs if value is not None or not absent or key == "outer"}
        )
    if nested:
        drawn.options["column"] = f"outer.{name}"
    texts = drawn.texts
    strings = draw.random() < 0.15
    if strings:
        values, drawn.options, drawn.ordinary = list(texts), {}, True
    elif "column" not in drawn.options:
        # Without `text`, another column may be the only one with text.
        found = name.strip().lower() in ("text", "sentence") and any(text is not None for text in texts)
        drawn.ordinary &= found
    elif not any(text is not None for text in texts):
        drawn.ordinary = False
    if draw.random() < 0.04:
        at, odd = draw.randrange(len(values) + 1), draw.choice((5, ["a"], {"text": 5}, {"text": ["a"]}))
        values.insert(at, odd)
        # Of another column than `text`, it is a row without a value.
        lacks = isinstance(odd, dict) and not strings and (nested or name != "text")
        texts = [*texts[:at], None if lacks else "to be refused", *texts[at:]]
        drawn.ordinary = False
    ascii_only, indent = draw.random() < 0.5, draw.choice((None, None, 2))
    spaces = draw.choice((None, (",", ":")))

    def one(value: Any, indent: int | None = None) -> str:
        return json.dumps(
            value, ensure_ascii=ascii_only, indent=indent, separators=spaces if indent is None else None
        )

    if kind == "json" and draw.random() < 0.8:
        text = one(values, indent)
    else:
        whole = all(isinstance(value, dict) for value in values)
        text = "".join(one(value, indent if whole else None) + "\n" for value in values)
    text = text.replace("\n", draw.choice(("\n", "\n", "\r\n")))
    at = draw.randrange(1, max(2, len(text)))
    if (
        draw.random() < 0.05
        and text[:at].count("\n") < len(texts)
        and not text[:at].rstrip().endswith(("}", "]", '"', "l"))
    ):
        text, texts, drawn.ordinary = text[:at], [*texts, "cut off"], False
    rows = ["" if text is None else text for text in texts]
    table = Table(f"table.{kind}", b"", rows, drawn.options, drawn.ordinary)
    if not strings and all(text is None for text in texts) and "column" not in drawn.options:
        return draw_json(draw, kind)  # nothing tells which column is meant
    if not strings and drawn.ordinary:
        table.missing = sum(text is None for text in texts)
    return zipped(draw, table, text.encode("utf-8-sig" if draw.random() < 0.2 else "utf-8"))


def draw_parquet(draw: random.Random) -> Table:
    """Draw a parquet file, with any of Arrow's types of strings."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    drawn = draw_columns(draw, PLAIN + QUOTED + BROKEN + EDGES, missing=draw.choice((0, 0.2)))
    types = [
        pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int64(), pa.large_string()),
    ]  # fmt: skip
    arrays: list[Any] = []
    for place, name in enumerate(drawn.names):
        values = [row[place] for row in drawn.rows]
        if place == drawn.place:
            arrays.append(pa.array(values, type=pa.string()).cast(draw.choice(types)))
        elif name in ("id", "n", ""):
            arrays.append(pa.array(values, type=pa.int64()))
        else:
            arrays.append(pa.array([str(value) for value in values]))
    names, texts = list(drawn.names), [name for name in drawn.names if name not in ("id", "n", "")]
    known = drawn.names[drawn.place].strip().lower() in ("text", "sentence")
    drawn.ordinary &= "column" in drawn.options or known or len(texts) == 1
    if draw.random() < 0.2 and len(set(names)) == len(names):
        arrays[drawn.place] = pa.StructArray.from_arrays(
            [arrays[drawn.place], pa.array([1] * len(drawn.rows))], ["en", "x"]
        )
        drawn.options["column"] = f"{names[drawn.place]}.en"
        drawn.ordinary = True
    views = any("view" in str(array.type) for array in arrays)  # pyarrow cannot cut these into groups of rows
    out, size = io.BytesIO(), 1000 if views else draw.choice((2, 1000))
    pq.write_table(pa.Table.from_arrays(arrays, names=names), out, row_group_size=size)
    rows = ["" if text is None else text for text in drawn.texts]
    missing = sum(text is None for text in drawn.texts)
    return Table("table.parquet", out.getvalue(), rows, drawn.options, drawn.ordinary, missing=missing)


def outcome(table: Table, folder: Path) -> tuple[str, str]:
    """Write a table, read it, and return ``right``, ``refused`` or ``wrong``, and more about it."""
    path, counts = folder / table.name, ReadCounts()
    path.write_bytes(table.content)
    try:
        batches = read_lines([str(path)], build(CorpusConfig, table.options), counts, keep_blank=True)
        rows = [row for batch in batches for row in batch]
    except TextraeError as error:
        if "\n" in str(error):
            return "wrong", f"an error of several lines: {error}"
        return "refused", str(error).replace(str(path), table.name)
    except Exception as error:
        return "wrong", f"{type(error).__name__}: {error}"
    same = str.strip if table.stripped else str
    if list(map(same, rows)) != list(map(same, table.rows)):
        return "wrong", f"{rows} instead of {table.rows}"
    if table.missing is not None and counts.missing != table.missing:
        return "wrong", f"{counts.missing} missing, not {table.missing}"
    return "right", ", ".join(counts.tables)


def main() -> int:
    """Draw, write, read and count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", action="store_true", help="print what was refused, and why")
    args = parser.parse_args()
    found: Counter[tuple[str, bool]] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(args.tables):
            table = draw_table(random.Random(f"{args.seed}-{number}"))
            what, more = outcome(table, Path(folder))
            found[what, table.ordinary] += 1
            if what == "wrong" or (what == "refused" and (args.show or table.ordinary)):
                print(
                    f"{what}: table {number} ({'ordinary' if table.ordinary else 'odd'}), {table.options}: {more}"
                )
                print(f"    {table.content[:200]!r}")
    for ordinary, which in ((True, "ordinary"), (False, "odd or damaged")):
        right, refused, wrong = (found[what, ordinary] for what in ("right", "refused", "wrong"))
        print(
            f"{right + refused + wrong:,} {which} tables: {right:,} read right, {refused:,} refused, {wrong:,} wrong"
        )
    wrong = found["wrong", True] + found["wrong", False]
    return int(wrong > 0 or found["refused", True] > 0)


if __name__ == "__main__":
    sys.exit(main())
