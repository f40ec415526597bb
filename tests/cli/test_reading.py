"""Sentences from files and standard input, and what is told of them."""

from __future__ import annotations

import json
from pathlib import Path

from conftest import LINES
from support import textrae_here


def test_whatever_reads_sentences_tells_what_it_cut(run: Path, text: Path) -> None:
    long, count = "x " * 50, len(LINES)
    for words, said in (
        (("xsim", run, text, text), f"2 of {2 * count - 4}"),  # without the blank lines
        (
            ("analogy", run, text, "--from", text, "--to", text),
            f"3 of {3 * count - 6}",
        ),  # without the blank lines
        (("interpolate", run, long, "A dog."), "1 of 2"),
        (("paraphrase", run, long), "1 of 1"),
    ):
        done = textrae_here(*words)
        assert done.returncode == 0, done.stderr
        assert f"{said} sentences were truncated at 20 tokens" in done.stderr.decode()


def test_how_a_table_was_read_is_told(run: Path, text: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("id;Text\n" + "".join(f'1;"{line}"\n' for line in LINES))
    expected = textrae_here("reconstruct", run, text).stdout
    said = f'read {len(LINES)} rows of column "Text" (taken for "text", delimiter ;) from {table}\n'
    for options in ((), ("--delimiter", "semicolon"), ("--column", "2", "--delimiter", ";")):
        done = textrae_here("reconstruct", run, table, *options)
        assert done.stdout == expected
        told = said.replace('taken for "text"', "number 2") if "--column" in options else said
        assert told in done.stderr.decode()
    for command in (
        ("encode", run, table, "-o", tmp_path / "v.npy"),
        ("evaluate", run, table, "--delimiter", ";"),
    ):
        assert said in textrae_here(*command).stderr.decode()
    for wrong, code, why in (
        (";;", 2, "--delimiter: ';;' cannot part columns"),
        (",", 1, "give that as --delimiter"),
    ):
        refused = textrae_here("reconstruct", run, table, "--delimiter", wrong)
        assert refused.returncode == code
        assert why in refused.stderr.decode()
    refused = textrae_here("reconstruct", run, text, "--delimiter", ";")
    assert (refused.returncode, refused.stdout) == (1, b"")
    assert "leave --delimiter out" in refused.stderr.decode()


def test_rows_without_the_column_are_told(run: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"id": "row-0"}\n{"id": "row-1", "text": "a dog"}\n{"id": "row-2", "text": null}\n')
    done = textrae_here("encode", run, rows, "-o", tmp_path / "v.npy")
    assert f'read 3 rows of column "text" from {rows} (2 without a value)\n' in done.stderr.decode()


def test_text_of_another_script_is_told(run: Path, tmp_path: Path) -> None:
    strange = tmp_path / "zh.txt"
    strange.write_text("一只狗看见红球\n那只猫\n", encoding="utf-8")
    for words in (("encode", run, strange, "-o", tmp_path / "v.npy"), ("evaluate", run, strange),
                  ("reconstruct", run, strange), ("xsim", run, strange, strange)):  # fmt: skip
        said = textrae_here(*words).stderr.decode()
        assert "% of this text is single bytes to the run's tokenizer" in said
    assert (
        "single bytes"
        not in textrae_here("reconstruct", run, stdin="A dog. Ünd é.\n".encode()).stderr.decode()
    )


def test_shards_are_read_as_one_file(run: Path, text: Path, tmp_path: Path) -> None:
    shards = tmp_path / "shards"
    shards.mkdir()
    for number in range(3):
        rows = LINES[number * 2 :] if number == 2 else LINES[number * 2 : number * 2 + 2]
        (shards / f"part-{number}.csv").write_text("id,text\n" + "".join(f'{number},"{x}"\n' for x in rows))
    expected = textrae_here("reconstruct", run, text)
    for given in (f"{shards}/part-*.csv", shards, f"file://{shards}/*.csv"):
        done = textrae_here("reconstruct", run, given)
        assert done.stdout == expected.stdout, done.stderr
        assert f'rows of column "text" (delimiter ,) from {given}' in done.stderr.decode()
    out = tmp_path / "vectors.jsonl"
    done = textrae_here("encode", run, f"{shards}/*", "--keep", "id", "-o", out)
    assert done.returncode == 0, done.stderr
    ids = [json.loads(line)["id"] for line in out.read_bytes().removesuffix(b"\n").split(b"\n")]
    assert ids == ["0", "0", "1", "1", *["2"] * (len(LINES) - 4)]
    refused = textrae_here("reconstruct", run, f"{shards}/part-*.csv", "-o", shards / "part-1.csv")
    assert refused.returncode != 0
    assert "part-1.csv is read by this command" in refused.stderr.decode()
    none = textrae_here("encode", run, f"{shards}/*.txt", "-o", out)
    assert (none.returncode, none.stderr.decode()) == (
        1,
        f"error: {shards}/*.txt: no file matches it; check the pattern\n",
    )
    split = textrae_here("split", f"{shards}/../text*.txt", "-o", tmp_path / "s.txt")
    assert split.returncode == 1
