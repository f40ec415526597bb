"""What a path stands for: files, patterns, folders of parts, and what must not be taken for one."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from text.reading import read_path

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.text.lines import ReadCounts
from textrae.text.sources import listed, locate


def lay(folder: Path, **contents: str) -> Path:
    """Write files whose names are given with __ for a dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name.replace("__", ".")).write_text(content)
    return folder


def refused(path: object, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        read_path(str(path), **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_parts_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    lay(tmp_path, part_2__txt="c\n", part_10__txt="b", part_1__txt="a\n", other__txt="no\n")
    counts = ReadCounts()
    assert read_path(f"{tmp_path}/part_*.txt", counts=counts) == ["a", "b", "c"]
    assert (counts.lines, counts.ends, counts.tables) == (3, [3], [""])
    source = locate(f"{tmp_path}/part_*.txt", CorpusConfig())
    assert source.label == "part_*.txt (3 files)"
    assert [Path(part.name).name for part in source.files] == ["part_1.txt", "part_10.txt", "part_2.txt"]


def test_a_folder_is_its_files_without_marks_and_hidden_ones(tmp_path: Path) -> None:
    lay(tmp_path / "c", a__txt="a\n", b__txt="b\n", _SUCCESS="", __a__txt__crc="x")
    lay(tmp_path / "c" / "deeper", z__txt="z\n")
    assert read_path(str(tmp_path / "c")) == ["a", "b"]
    assert read_path(f"{tmp_path}/c/*") == ["a", "b"]
    assert read_path(f"{tmp_path}/c/**/*.txt") == ["a", "b", "z"]
    assert read_path(f"{tmp_path}/c/_S*") == []
    assert locate(f"{tmp_path}/c/", CorpusConfig()).label == "c (2 files)"


def test_paths_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path / "c", a__txt="a\n")
    monkeypatch.chdir(tmp_path / "c")
    assert [part.name for part in locate("*.txt", CorpusConfig()).files] == ["a.txt"]
    assert read_path("./*.txt") == read_path(".") == read_path("../c/?.txt") == ["a"]
    assert locate(".", CorpusConfig()).label == "c (1 files)"


def test_signs_of_a_pattern_in_real_names(tmp_path: Path) -> None:
    lay(tmp_path, **{"a[1]__txt": "bracket\n", "a1__txt": "one\n", "b*__txt": "star\n", "bx__txt": "x\n"})
    assert read_path(f"{tmp_path}/a[1].txt") == ["bracket"]
    assert read_path(f"{tmp_path}/b*.txt") == ["star"]
    (tmp_path / "a[1].txt").unlink()
    assert read_path(f"{tmp_path}/a[1].txt") == ["one"]
    lay(tmp_path / "data[1]", p__txt="in a folder\n")
    assert read_path(f"{tmp_path}/data[1]/*.txt") == ["in a folder"]
    assert read_path(f"{tmp_path}/data[1]") == ["in a folder"]


def test_nothing_matches(tmp_path: Path) -> None:
    assert refused(tmp_path / "none-*.txt") == f"{tmp_path}/none-*.txt: no file matches it; check the pattern"
    assert "a folder without a file" in refused(tmp_path)
    (tmp_path / "part-1.txt").mkdir()
    assert "no file matches" in refused(tmp_path / "part-*.txt"), "a folder is no part"
    assert "check the pattern" in refused(f"{tmp_path}/x**y/*.txt")
    # slices of a data set's split are no pattern
    assert locate("owner/name:train[:10%]", CorpusConfig()).format == "datasets"


def test_unlike_kinds(tmp_path: Path) -> None:
    lay(tmp_path, a__txt="a\n", b__jsonl='{"text": "b"}\n', README__md="# no corpus\n")
    said = refused(tmp_path)
    assert "files of unlike kinds, such as README.md and a.txt" in said
    assert f"a pattern as in {tmp_path}/*.txt, or the `format`" in said
    assert "a.txt and b.jsonl; give another pattern" in refused(f"{tmp_path}/?.*")
    assert read_path(f"{tmp_path}/[Ra]*", format="text") == ["# no corpus", "a"]
    lay(tmp_path / "numbered", **{"c__00": "a\n", "c__01": "b\n"})
    assert read_path(str(tmp_path / "numbered")) == ["a", "b"]


def test_compressed_and_empty_parts(tmp_path: Path) -> None:
    lay(tmp_path, a__txt="a\n", b__txt="")
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress(b"c\n"))
    (tmp_path / "d.txt.gz").write_bytes(gzip.compress(b""))
    assert read_path(str(tmp_path)) == ["a", "c"]
    (tmp_path / "e.txt").write_bytes(b"\x28\xb5\x2f\xfd" + b"x" * 40)
    assert refused(tmp_path) == f"{tmp_path}/e.txt: zstd data; decompress it with unzstd"
    (tmp_path / "e.txt").unlink()
    (tmp_path / "p.parquet.gz").write_bytes(b"")
    assert "p.parquet.gz: a parquet file is compressed inside" in refused(f"{tmp_path}/p*")


def test_errors_name_the_part_and_its_row(tmp_path: Path) -> None:
    lay(tmp_path, a__jsonl='{"text": "a"}\n', b__jsonl='{"text": "b"}\n{"text"\n')
    assert refused(tmp_path).startswith(f"{tmp_path}/b.jsonl: line 2:")
    lay(tmp_path / "t", a__txt="a\n" * 5)
    (tmp_path / "t" / "b.txt").write_bytes(b"fine\n\xff\n")
    assert refused(tmp_path / "t").startswith(f"{tmp_path}/t/b.txt: line 2, byte 1:")
    lay(tmp_path / "c", a__csv="id,text\n1,a\n", b__csv="id,text\n1,b\n2\n")
    assert refused(tmp_path / "c").startswith(f"{tmp_path}/c/b.csv: line 3:")


def parquet(path: Path, **columns: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), path)


def test_parts_of_parquet(tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet", text=["a", None])
    parquet(tmp_path / "b.parquet", text=pa.array([], pa.string()))
    parquet(tmp_path / "c.parquet", text=["c"])
    counts = ReadCounts()
    assert read_path(f"{tmp_path}/*.parquet", counts=counts) == ["a", "", "c"]
    assert (counts.missing, counts.tables) == (1, ['column "text"'])
    bad = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\3\0\0\0"), pa.py_buffer(b"d\xff\xfe")]
    )
    parquet(tmp_path / "d.parquet", text=bad)
    assert refused(tmp_path) == (f"{tmp_path}/d.parquet: row 2: column 'text' holds bytes that are not UTF-8")
    (tmp_path / "d.parquet").write_bytes(b"")
    assert refused(tmp_path).startswith(f"{tmp_path}/d.parquet: cannot be read as parquet:")


def test_parts_with_other_columns_are_refused(tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet", text=["a"])
    parquet(tmp_path / "b.parquet", sentence=["b"])
    assert refused(tmp_path) == (
        f'{tmp_path}/b.parquet: column "sentence" would be read, and of the files before it column "text"; '
        "name it as `column`"
    )
    lay(tmp_path / "c", a__csv="text;id\na;1\n", b__csv="id,text\n1,b\n", c__csv="")
    assert read_path(str(tmp_path / "c")) == ["a", "b"], "another delimiter is no other column"


def test_long_lists_of_names_are_cut() -> None:
    assert listed(["a", "b", "c"]) == "a, b, c"
    assert listed(["a", "b", "c", "d"]) == "a, b, c … (4 in all)"
