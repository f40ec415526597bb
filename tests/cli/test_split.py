"""`textrae split` as a user runs it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from support import textrae_here

BOOK = """

CHAPTER I

It was late when Mr. Smith came home. He said
"Stop." Then he left the house, a good exam-
ple of him.


Nobody knew why!
"""
SENTENCES = """CHAPTER I

It was late when Mr. Smith came home.
He said "Stop."
Then he left the house, a good exam-ple of him.

Nobody knew why!
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_text(BOOK, encoding="utf-8")
    return path


def test_a_book_becomes_one_sentence_a_line(book: Path, tmp_path: Path) -> None:
    out = tmp_path / "sentences.txt"
    done = textrae_here("split", book, "-o", out)
    assert (done.returncode, done.stdout) == (0, b"")
    assert out.read_text(encoding="utf-8") == SENTENCES
    said = "book.txt: 10 lines (5 blank) became 5 sentences in 3 paragraphs; 2 line ends joined\n"
    assert done.stderr.decode().endswith(said)
    again = textrae_here("split", out)
    assert again.stdout.decode() == SENTENCES


def test_pipes_gzip_line_ends_and_hyphens(book: Path, tmp_path: Path) -> None:
    piped = textrae_here("split", stdin=BOOK.replace("\n", "\r\n").encode())
    assert piped.stdout.decode() == SENTENCES
    assert piped.stderr.startswith(b"standard input: 10 lines")
    packed = tmp_path / "book.txt.gz"
    packed.write_bytes(gzip.compress(BOOK.encode()))
    found = textrae_here("split", packed, "--drop-hyphens")
    assert found.stdout.decode() == SENTENCES.replace("exam-ple", "example")
    assert b"2 line ends joined, 1 hyphens dropped there" in found.stderr
    chinese = textrae_here(
        "split", "-", "--language", "zh", stdin="我们今天在图书馆看\n书。他走了。\n".encode()
    )
    assert chinese.stdout.decode() == "我们今天在图书馆看书。\n他走了。\n"
    assert textrae_here("split", stdin=b"\n \n").stdout == b""


def test_sentences_as_json_know_their_paragraph(book: Path) -> None:
    told = [json.loads(line) for line in textrae_here("split", book, "--json").stdout.splitlines()]
    paragraphs = [part.split("\n") for part in SENTENCES.rstrip("\n").split("\n\n")]
    assert [(one["paragraph"], one["text"]) for one in told] == [
        (number, sentence) for number, part in enumerate(paragraphs, 1) for sentence in part
    ]
    assert [one["row"] for one in told] == list(range(1, len(told) + 1))


def test_what_is_no_running_text_is_refused(book: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("text\nA dog.\n")
    for arguments, said in (
        ((tmp_path / "none.txt",), "no such file"),
        (("none",), "no such file"),
        ((table,), "is a table, whose rows are sentences already"),
        ((book, "-o", book), "is read by this command; give another file"),
        ((book, "--language", "english"), "is no code of a language"),
        ((book, "-o", tmp_path / "no" / "x.txt"), "cannot write"),
    ):
        refused = textrae_here("split", *arguments)
        assert refused.returncode in (1, 2), arguments
        assert refused.stdout == b""
        assert said in refused.stderr.decode()
        assert len(refused.stderr.splitlines()) == 1
    assert book.read_text(encoding="utf-8") == BOOK
    latin = textrae_here("split", stdin="Café.\n".encode("latin-1"))
    assert b"is not UTF-8" in latin.stderr
    replaced = textrae_here("split", "--errors", "replace", stdin="Café.\n".encode("latin-1"))
    assert b"1 lines held bytes" in replaced.stderr


def test_a_book_of_one_line_is_split_too() -> None:
    text = "It was late. " * 100_000  # over 1 MiB, of which a corpus reads no more
    found = textrae_here("split", stdin=text.encode())
    assert found.stdout.decode() == "It was late.\n" * 100_000
