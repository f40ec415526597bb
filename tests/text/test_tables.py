"""Tables: one sentence a row in every format, the column that is read, and one-line errors that name the place."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from text.reading import read, read_path, refusal

from textrae.errors import CorpusError
from textrae.text import tables
from textrae.text.blocks import ReadCounts

ROWS = ['he said "hi"', "None", "007", "", "a,b\tc".replace("\t", " "), "猫"]


def test_tables_agree(tmp_path: Path) -> None:
    objects = [{"id": i, "text": row, "other": "x"} for i, row in enumerate(ROWS)]
    jsonl = "\n".join(json.dumps(o) for o in objects)
    assert read(jsonl, "a.jsonl", tmp_path) == ROWS
    assert read(gzip.compress(jsonl.encode()), "a.jsonl.gz", tmp_path) == ROWS
    assert read("\n".join(map(json.dumps, ROWS)), "b.jsonl", tmp_path) == ROWS
    quoted = "".join(f'{i},"{row.replace(chr(34), chr(34) * 2)}"\r\n' for i, row in enumerate(ROWS))
    assert read("id,text\r\n" + quoted, "a.csv", tmp_path) == ROWS
    assert (
        read("id\ttext\n" + "".join(f"{i}\t{row}\n" for i, row in enumerate(ROWS)), "a.tsv", tmp_path) == ROWS
    )
    pq.write_table(
        pa.table({"id": list(range(6)), "text": [row or None for row in ROWS]}), tmp_path / "a.parquet"
    )
    assert read_path(str(tmp_path / "a.parquet")) == ROWS


def test_the_column_is_chosen(tmp_path: Path) -> None:
    assert read('{"n": 1, "sentence": "a", "title": "b"}', "a.jsonl", tmp_path) == ["a"]
    assert read('{"n": 1, "title": "b"}', "a.jsonl", tmp_path) == ["b"]
    assert read('{"text": "a", "title": "b"}', "a.jsonl", tmp_path, column="title") == ["b"]
    assert "'x', 'y'" in refusal("x,y\n1,2\n", "a.csv", tmp_path)
    assert "'x', 'y'" in refusal("x\ty\n1\t2\n", "a.tsv", tmp_path, column="z")
    pq.write_table(pa.table({"n": [1], "title": ["b"]}), tmp_path / "a.parquet")
    assert read_path(str(tmp_path / "a.parquet")) == ["b"]
    with pytest.raises(CorpusError, match="holds no text"):
        read_path(str(tmp_path / "a.parquet"), column="n")


def test_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Rather than not used."""
    assert "read as lines of text" in refusal("a\nb\n", "a.txt", tmp_path, column="text")
    assert "line 2: no column 'text'" in refusal('{"text": "a"}\n"b"\n', "a.jsonl", tmp_path, column="text")
    assert read("text\na\n", "a.txt", tmp_path, column="text", format="csv") == ["a"]
    assert read("text\na\n", "a.csv", tmp_path, column="text") == ["a"]


def test_a_sentence_is_not_taken_for_the_header(tmp_path: Path) -> None:
    for first in ("The food was great .", "很好吃。", "Wunderbar!"):
        for name in ("a.csv", "a.tsv"):
            assert "looks like a sentence" in refusal(f"{first}\nAgain\n", name, tmp_path)
    assert read("review\nAgain\n", "a.csv", tmp_path) == ["Again"]
    assert read("my review\nAgain\n", "a.csv", tmp_path, column="my review") == ["Again"]


def test_broken_tables_name_the_line(tmp_path: Path) -> None:
    assert "line 2: not JSON" in refusal('{"text": "a"}\n{"text": \n', "a.jsonl", tmp_path)
    assert "line 2: a number" in refusal('{"text": "a"}\n{"text": 1}\n', "a.jsonl", tmp_path)
    assert "row 1: a number" in refusal("[1]\n", "a.jsonl", tmp_path)
    assert "line 1" in refusal("[" * 100_000, "a.jsonl", tmp_path)
    assert "half a character" in refusal('"\\ud800"', "a.jsonl", tmp_path)
    counts = ReadCounts()
    assert read_path(str(tmp_path / "a.jsonl"), errors="replace", counts=counts) == ["\ufffd"]
    assert counts.undecodable == 1
    assert read('"\\ud83d\\ude00"', "a.jsonl", tmp_path) == ["😀"]
    assert "line 3: 3 fields" in refusal("id,text\n1,a\n2,b,c\n", "a.csv", tmp_path)
    assert "check its quotes" in refusal('id,text\n1,"a\n2,b\n', "a.csv", tmp_path)
    assert "cannot be read as parquet" in refusal(b"PAR1 and then nothing", "a.parquet", tmp_path)
    pq.write_table(pa.table({"text": ["a"], "idno": ["b"]}), tmp_path / "b.parquet")
    odd = (tmp_path / "b.parquet").read_bytes().replace(b"idno", b"id\xf8o")
    assert "cannot be read as parquet" in refusal(odd, "a.parquet", tmp_path)


SENTENCES = ["The baker mends the blue kettle, at noon.", "A pilot paints; three lamps."]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", 'id;text\n0;{0}\n1;"{1}"\n', 'column "text" (delimiter ;)'),
        ("a.csv", "text\tlabel\n{0}\t1\n{1}\t1\n", 'column "text" (delimiter tab)'),
        ("a.csv", "sep=|\nid|text\n1|{0}\n2|{1}\n", 'column "text" (delimiter |)'),
        ("a.csv", 'Id,Text\n0,"{0}"\n1,{1}\n', 'column "Text" (taken for "text", delimiter ,)'),
        ("a.csv", 'id, text\n0, "{0}"\n1, {1}\n', 'column "text" (delimiter , and spaces)'),
        ("a.csv", 'id,label, text\n0,1,"{0}"\n1,1,{1}\n', 'column " text" (taken for "text", delimiter ,)'),
        ("a.csv", ',text\n0,"{0}"\n1,{1}\n', 'column "text" (delimiter ,)'),
        ("a.csv", 'text\n"{0}"\n{1}\n', 'column "text"'),
        ("a.tsv", '"text"\t"id"\n"{0}"\t"1"\n"{1}"\t"2"\n', 'column "text" (delimiter tab)'),
        ("a.tab", "text\tid\n{0}\t1\n{1}\t2\n", 'column "text" (delimiter tab)'),
        ("a.tsv", 'id;text\n1;{0}\n2;"{1}"\n', 'column "text" (delimiter ;)'),
        ("a.json", '[{{"text": "{0}"}}, {{"text": "{1}"}}]\n', 'column "text" (a JSON array)'),
        ("a.json", '[\n  "{0}",\n  "{1}"\n]\n', "strings (a JSON array)"),
        ("a.json", '{{\n  "text": "{0}"\n}}\n{{\n  "text": "{1}"\n}}\n', 'column "text"'),
    ],
)
def test_how_a_table_is_written_is_told(
    tmp_path: Path, name: str, text: str, said: str, mark: bytes, end: str
) -> None:
    blob, counts = mark + text.format(*SENTENCES).replace("\n", end).encode(), ReadCounts()
    for path, content in ((tmp_path / name, blob), (tmp_path / f"{name}.gz", gzip.compress(blob))):
        path.write_bytes(content)
        assert read_path(str(path), counts=counts) == SENTENCES
    assert counts.tables == [said, said]


def test_a_table_under_the_name_of_a_text(tmp_path: Path) -> None:
    """Its ids would be trained on."""
    rows = [f"{n};sentence {n}" for n in range(4)]
    tables = {
        "csv": "\n".join(["id;text", *rows]),
        "tsv": "\n".join(["id\tSentence", *rows]).replace(";", "\t"),
        "jsonl": "\n".join('{"a": "b"}' for _ in range(5)),
    }
    for kind, table in tables.items():
        said = refusal(table, "a.txt", tmp_path)
        assert "looks like a table" in said
        assert f"give `format={kind}`, or else `format=text`" in said
        assert len(read(table, "a.txt", tmp_path, format=kind)) == 4 + (kind == "jsonl")
        assert read(table, "a.txt", tmp_path, format="text") == table.split("\n")
    for text in ("text, she said\nand, then\n" * 3, "id;text\n1;a\n", "{a}\n" * 5, "text\na\nb\nc\nd\n"):
        assert read(text, "a.txt", tmp_path) == text.split("\n")[:-1]


def test_delimiters_and_numbers_that_are_given(tmp_path: Path) -> None:
    twice = "text,label,text\nold,1,new\n"
    assert 'columns 1 and 3 have the name "text"; choose one by its number' in refusal(
        twice, "a.csv", tmp_path
    )
    assert read(twice, "a.csv", tmp_path, column="3") == ["new"]
    assert read("id^text\n1^a\n", "a.csv", tmp_path, delimiter="^") == ["a"]
    assert read("text\na, b\n", "a.csv", tmp_path, delimiter="tab") == ["a, b"]
    assert "line 2: 2 fields where the header has 1 (delimiter ,)" in refusal(
        "text\na, b\n", "a.csv", tmp_path
    )
    assert "no columns for a delimiter to part" in refusal("a\n", "a.txt", tmp_path, delimiter=";")
    assert "first line is blank" in refusal("\nid;text\n", "a.csv", tmp_path)
    assert "escaped by a backslash" in refusal('id,text\n1,a \\"b\\"\n', "a.csv", tmp_path)
    assert "after line 0: CR, an old line end" in refusal("id,text\r1,a\r\n", "a.csv", tmp_path)
    assert "old line end" in refusal("id\ttext\r1\ta\n", "a.tsv", tmp_path)
    assert read('text\n"a"\n"b"\n', "a.tsv", tmp_path, format="tsv") == ['"a"', '"b"']
    assert read('text\n"a"\n"b"\n', "a.tsv", tmp_path, format="csv") == ["a", "b"]
    for table in ("id;text\n1;a;\n", "id;text\n1\n", "id;text\n1;a\n1;b;c\n"):
        assert "where the header has 2 (delimiter ;)" in refusal(table, "a.csv", tmp_path)


STRINGS = [
    pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()),
    pa.dictionary(pa.int64(), pa.large_string()),
]  # fmt: skip


@pytest.mark.parametrize("kind", STRINGS, ids=str)
def test_every_kind_of_arrow_strings(tmp_path: Path, kind: pa.DataType) -> None:
    values = pa.array(["a", None, "", "b"], pa.string()).cast(kind)
    path, counts = tmp_path / "a.parquet", ReadCounts()
    nested = pa.StructArray.from_arrays(
        [values, pa.array([1] * 4)], ["en", "n"], mask=pa.array([False] * 3 + [True])
    )
    pq.write_table(
        pa.Table.from_arrays([values, nested, pa.array(list("wxyz"))], ["text", "t", "t.en"]), path
    )
    assert read_path(str(path), counts=counts) == ["a", "", "", "b"]
    assert (counts.missing, counts.blank, counts.tables) == (1, 2, ['column "text"'])
    assert read_path(str(path), column="t.en") == list("wxyz"), "a literal name comes first"
    pq.write_table(pa.Table.from_arrays([nested, values], ["t", "a.b"]), path)
    assert read_path(str(path), column="t.en", counts=counts) == ["a", "", "", ""], (
        "of the last the whole is null"
    )
    assert counts.missing == 3
    assert read_path(str(path), column="a.b") == ["a", "", "", "b"]
    with pytest.raises(CorpusError, match=r"it has 't.en', 't.n', 'a.b'"):
        read_path(str(path))
    pq.write_table(pa.Table.from_arrays([pa.array(list("wxyz")), values], ["text", "text"]), path)
    with pytest.raises(CorpusError, match="columns 1 and 2 have the name"):
        read_path(str(path))
    assert read_path(str(path), column="2") == ["a", "", "", "b"]
    assert read_path(str(path), column="1") == list("wxyz")


@pytest.mark.parametrize("size", [1, 80_000])
def test_a_text_that_many_rows_share_is_read_once(tmp_path: Path, size: int) -> None:
    """A file of kilobytes may stand for gigabytes of text."""
    large, path = "ü" * size, tmp_path / "a.parquet"
    values = pa.DictionaryArray.from_arrays(pa.array([0, None, 1] * 2_000), pa.array([large, "b"]))
    pq.write_table(
        pa.table({"id": pa.array(range(6_000)), "text": values.cast(pa.string()) if size == 1 else values}),
        path,
    )
    assert path.stat().st_size < 200_000
    counts = ReadCounts()
    found = read_path(str(path), counts=counts)
    assert counts.missing == 2_000
    assert found[:6] == [large, "", "b"] * 2
    assert len(found) == 6_000
    assert size == 1 or len({id(one) for one in found}) < 100


def test_fewer_long_rows_are_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(
        pa.table({"text": [f"{n} {'x' * 300_000}" for n in range(40)]}), path, use_dictionary=False
    )
    assert [int(one.split()[0]) for one in read_path(str(path))] == list(range(40))
    assert tables._how_to_read(pq.read_metadata(path), {"text"}) == (223, True)
    pq.write_table(pa.table({"text": ["a dog runs here."] * 8_000}), path, use_dictionary=False)
    assert tables._how_to_read(pq.read_metadata(path), {"text"}) == (1_024, False)


def test_lists_of_arrow_hold_no_one_text(tmp_path: Path) -> None:
    path = str(tmp_path / "a.parquet")
    lists = [
        pa.list_(pa.string()),
        pa.large_list(pa.string()),
        pa.list_(pa.string(), 1),
        pa.list_(pa.struct({"a": pa.string()})),
    ]
    for kind in lists:
        pq.write_table(
            pa.table({"m": pa.array([[{"a": "x"} if kind == lists[3] else "x"]], kind), "id": ["y"]}), path
        )
        with pytest.raises(CorpusError, match="name the column"):
            read_path(path)
        assert read_path(path, column="id") == ["y"]


def test_a_name_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import HfApi

    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("Name or service not known\nand more")

    monkeypatch.setattr(HfApi, "dataset_info", unreachable)
    for name in ("ag_news", "owner/name", "owner/name:test"):
        with pytest.raises(
            CorpusError, match="no such file, and no data set of that name could be loaded"
        ) as caught:
            read_path(name)
        assert "\n" not in str(caught.value)


def test_a_named_data_set_is_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets
    from huggingface_hub import HfApi

    asked: list[tuple[str, str, bool]] = []

    def load(name: str, split: str, streaming: bool) -> Any:
        asked.append((name, split, streaming))
        return datasets.Dataset.from_dict(
            {"label": [0] * 3000, "text": ["a", None, "b"] * 1000}
        ).to_iterable_dataset()

    monkeypatch.setattr(HfApi, "dataset_info", lambda *_, **__: None)
    monkeypatch.setattr(datasets, "load_dataset", load)
    assert read_path("owner/name:test") == ["a", "", "b"] * 1000
    assert asked == [("owner/name", "test", True)]
    with pytest.raises(CorpusError, match="no column 'txt'; it has 'label', 'text'"):
        read_path("owner/name:test", column="txt")
