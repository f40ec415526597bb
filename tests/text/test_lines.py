"""Reading: one row a line in every format, bounded, and one-line errors that name the place."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.text import blocks
from textrae.text.lines import ReadCounts, read_lines


def read(
    content: bytes | str, name: str, tmp_path: Path, keep_blank: bool = True, **options: Any
) -> list[str]:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_path(str(path), keep_blank=keep_blank, **options)


def read_path(
    path: str, keep_blank: bool = True, counts: ReadCounts | None = None, **options: Any
) -> list[str]:
    batches = list(read_lines([path], CorpusConfig(**options), counts or ReadCounts(), keep_blank=keep_blank))
    assert all(len(batch) <= 4096 for batch in batches)
    return [line for batch in batches for line in batch]


def refusal(content: bytes | str, name: str, tmp_path: Path, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        read(content, name, tmp_path, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert name in text
    return text


@given(
    lines=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), min_size=1))
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines_end_at_newlines_alone(tmp_path: Path, lines: list[str]) -> None:
    if lines and lines[0].startswith("\ufeff"):
        lines[0] = "a" + lines[0]
    blob = "".join(line + "\n" for line in lines).encode()
    if len(blob) >= 32 and blob.count(0) * 4 > len(blob):
        return  # taken for UTF-16
    assert read(blob, "a.txt", tmp_path) == lines
    assert read(blob.replace(b"\n", b"\r\n"), "a.txt", tmp_path) == lines
    assert read(gzip.compress(blob), "a.txt.gz", tmp_path) == lines


def test_blanks_ends_marks_and_unusual_separators(tmp_path: Path) -> None:
    text = "\ufeffa\u2028b\x85c\x0bd\x0ce\x1cf\r\n\n \t\nx\x00\x01y\rz\r\nlast"
    lines = ["a\u2028b\x85c\x0bd\x0ce\x1cf", "", " \t", "x\x00\x01y\rz", "last"]
    counts = ReadCounts()
    assert read(text, "a.en", tmp_path, counts=counts) == lines
    assert (counts.lines, counts.blank) == (5, 2)
    assert read(text, "a.en", tmp_path, keep_blank=False) == [lines[0], lines[3], lines[4]]
    assert read("", "e.txt", tmp_path) == []
    assert read("\n", "e.txt", tmp_path) == [""]
    assert read("a\r", "e.txt", tmp_path) == ["a"]


@given(data=st.binary(max_size=60), block=st.integers(1, 9), limit=st.integers(4, 12))
@settings(max_examples=200, deadline=None)
def test_block_borders_do_not_matter(data: bytes, block: int, limit: int) -> None:
    pieces = [data[i : i + block] for i in range(0, len(data), block)]
    counts = ReadCounts()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "MAX_LINE", limit)
        found = [x for some in blocks.decoded_lines(iter(pieces), "x", "replace", counts) for x in some]
    lines = data.split(b"\n")
    lines = lines[:-1] if not lines[-1] else lines
    assert len(found) == len(lines)
    assert counts.cut >= sum(len(line) > limit + block for line in lines)
    for got, line in zip(found, lines, strict=True):
        if len(line) <= limit:
            assert got == line.decode(errors="replace").removesuffix("\r")
        elif got.isascii() and line.isascii():
            assert line.startswith(got.encode())


def test_a_huge_line_is_cut_and_counted(tmp_path: Path) -> None:
    counts = ReadCounts()
    lines = read("a\n" + "é" * 1_500_000 + "\nb\n" + "x" * 2_100_000, "big.txt", tmp_path, counts=counts)
    assert [len(line) for line in lines] == [1, 2**19, 1, 2**20]
    assert counts.cut == 2


def test_foreign_bytes_are_named(tmp_path: Path) -> None:
    text = "some words of text\n" * 5
    assert "iconv -f UTF-16 -t UTF-8" in refusal(text.encode("utf-16"), "a.txt", tmp_path)
    assert "iconv -f UTF-32 -t UTF-8" in refusal(text.encode("utf-32"), "a.txt", tmp_path)
    assert "iconv -f UTF-16LE -t UTF-8" in refusal(text.encode("utf-16-le"), "a.txt", tmp_path)
    assert "iconv -f UTF-32BE -t UTF-8" in refusal(text.encode("utf-32-be"), "a.txt", tmp_path)
    assert "old Mac" in refusal("one\rtwo\rthree\r", "a.txt", tmp_path)
    assert "without .gz" in refusal(gzip.compress(b"a"), "a.txt", tmp_path)
    assert "not gzip" in refusal("plain", "a.txt.gz", tmp_path)
    whole = gzip.compress(os.urandom(5000))
    assert "too early" in refusal(whole[:-100], "a.txt.gz", tmp_path, errors="replace")
    assert "damaged" in refusal(whole[:-8] + b"\x00" * 8, "a.txt.gz", tmp_path, errors="replace")
    assert "zip archive" in refusal(b"PK\x03\x04rest", "a.txt", tmp_path)


def test_bad_utf8_is_placed_or_replaced(tmp_path: Path) -> None:
    blob = "é\nab".encode() + b"\xffc\nd\n\xfe\n"
    assert "line 2, byte 3: 0xff" in refusal(blob, "a.txt", tmp_path)
    counts = ReadCounts()
    assert read(blob, "a.txt", tmp_path, counts=counts, errors="replace") == ["é", "ab\ufffdc", "d", "\ufffd"]
    assert counts.undecodable == 2


def test_missing_and_odd_paths(tmp_path: Path) -> None:
    for path in (str(tmp_path / "none.txt"), "nothing.csv", "/no/such/place", "a\x00b"):
        with pytest.raises(CorpusError):
            read_path(path)
    with pytest.raises(CorpusError, match="is a folder"):
        read_path(str(tmp_path))


def test_several_files_and_standard_input(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    paths = [str(tmp_path / "a.txt"), "-"]
    stdin = io.BytesIO(b"two\nthree")
    batches = read_lines(paths, CorpusConfig(), ReadCounts(), stdin)
    assert [line for batch in batches for line in batch] == ["one", "two", "three"]


ROWS = ['he said "hi"', "None", "007", "", "a,b\tc".replace("\t", " "), "猫"]


def test_a_pipe_is_read_as_it_is_written() -> None:
    """Who writes a line may wait for the answer before the next one."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream, os.fdopen(writing, "wb", buffering=0) as pipe:
        batches = read_lines(["-"], CorpusConfig(), ReadCounts(), stream, keep_blank=True)
        for line in (b"one\n", b"\n", b"three\nfour\n"):
            pipe.write(line)
            assert next(batches) == line.decode().split("\n")[:-1]
        pipe.write(b"five")
        pipe.close()
        assert list(batches) == [["five"]]


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
    assert "line 2: no 'text'" in refusal('{"text": "a"}\n{"txt": "b"}\n', "a.jsonl", tmp_path)
    assert "line 1: a list" in refusal("[1]\n", "a.jsonl", tmp_path)
    assert "line 1" in refusal("[" * 100_000, "a.jsonl", tmp_path)
    assert "half a character" in refusal('"\\ud800"', "a.jsonl", tmp_path)
    counts = ReadCounts()
    assert read_path(str(tmp_path / "a.jsonl"), errors="replace", counts=counts) == ["\ufffd"]
    assert counts.undecodable == 1
    assert read('"\\ud83d\\ude00"', "a.jsonl", tmp_path) == ["😀"]
    assert "line 3: 3 fields" in refusal("id,text\n1,a\n2,b,c\n", "a.csv", tmp_path)
    assert "check its quotes" in refusal('id,text\n1,"a\n2,b\n', "a.csv", tmp_path)
    assert "cannot be read as parquet" in refusal(b"PAR1 and then nothing", "a.parquet", tmp_path)


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


def test_reading_imports_no_torch_and_leaves_nothing_in_the_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    pq.write_table(pa.table({"text": ["a b", "c d"]}), tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text('{"text": "e f"}\n')
    code = (
        "import sys; from pathlib import Path; from textrae.settings.corpus import CorpusConfig\n"
        "from textrae.text.corpus import prepare\n"
        "folder = Path(sys.argv[1])\n"
        "corpus = prepare([str(folder / 'a.parquet'), str(folder / 'a.jsonl')], CorpusConfig(), folder / 'cache')\n"
        "assert corpus.stats.lines == 3 and 'torch' not in sys.modules"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "XDG_"))} | {
        "HOME": str(home)
    }
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=environment, check=True)
    assert list(home.rglob("*")) == []
