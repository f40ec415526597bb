"""From bytes to lines: borders of blocks, long lines, foreign encodings, bytes that are not UTF-8."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text.reading import read, refusal

from textrae.text import blocks
from textrae.text.blocks import ReadCounts


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


def test_what_is_no_text_is_not_told_to_be_converted(tmp_path: Path) -> None:
    for head, what in (
        (b"%PDF-1.7\n%\xb5\xb6", "a PDF; give its text, as `pdftotext` writes it"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\x93NUMPY\x01\x00", "an array of NumPy"),
        (np.random.default_rng(0).bytes(300_000), "binary data"),
    ):
        said = refusal(head, "a.txt", tmp_path)
        assert what in said
        assert "iconv" not in said
    for encoding, text in (
        ("latin-1", "Größe\n" * 50),
        ("cp1251", "Привет мир\n" * 50),
        ("gb18030", "句子\n" * 50),
    ):
        assert "iconv" in refusal(text.encode(encoding), "a.txt", tmp_path)
    odd = "\x01\x02 text of somebody\n" * 50
    assert read(odd, "a.txt", tmp_path) == odd.split("\n")[:-1]


def test_bad_utf8_is_placed_or_replaced(tmp_path: Path) -> None:
    blob = "é\nab".encode() + b"\xffc\nd\n\xfe\n"
    assert "line 2, byte 3: 0xff" in refusal(blob, "a.txt", tmp_path)
    counts = ReadCounts()
    assert read(blob, "a.txt", tmp_path, counts=counts, errors="replace") == ["é", "ab\ufffdc", "d", "\ufffd"]
    assert counts.undecodable == 2
