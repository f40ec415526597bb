"""Reading: one sentence a line, from files and pipes, in bounded batches."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from text.reading import read, read_path

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.text.lines import ReadCounts, read_lines, windows


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


def test_missing_and_odd_paths(tmp_path: Path) -> None:
    for path in (str(tmp_path / "none.txt"), "nothing.csv", "/no/such/place", "a\x00b"):
        with pytest.raises(CorpusError):
            read_path(path)
    with pytest.raises(CorpusError, match="a folder without a file in it"):
        read_path(str(tmp_path))


def test_several_files_and_standard_input(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    paths = [str(tmp_path / "a.txt"), "-"]
    stdin = io.BytesIO(b"two\nthree")
    batches = read_lines(paths, CorpusConfig(), ReadCounts(), stdin)
    assert [line for batch in batches for line in batch] == ["one", "two", "three"]


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


def test_windows_hold_fewer_long_sentences() -> None:
    assert list(windows(map(str, range(7)), 3)) == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    assert list(windows([], 3)) == []
    assert [len(one) for one in windows(["x" * (1 << 20)] * 40, 1_000)] == [16, 16, 8]
