"""encode, decode, reconstruct, evaluate and info as a user runs them."""

from __future__ import annotations

import gzip
import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import torch
from conftest import LINES
from support import textrae_here

from textrae import SentenceAutoencoder
from textrae.inference.vectors import ENDINGS


@pytest.mark.parametrize("ending", ENDINGS)
def test_encode_then_decode_is_reconstruct(run: Path, text: Path, tmp_path: Path, ending: str) -> None:
    vectors = tmp_path / f"v{ending}"
    encoded = textrae_here("encode", run, text, "-o", vectors)
    assert encoded.returncode == 0, encoded.stderr
    assert encoded.stdout == b""
    assert f"{len(LINES)} vectors of 24 dimensions" in encoded.stderr.decode()
    assert f"1 of {len(LINES)} sentences were truncated at 20 tokens" in encoded.stderr.decode()
    decoded, rebuilt = textrae_here("decode", run, vectors), textrae_here("reconstruct", run, text)
    assert decoded.returncode == rebuilt.returncode == 0
    rows, others = (one.stdout.decode().split("\n")[:-1] for one in (rebuilt, decoded))
    assert len(rows) == len(others) == len(LINES)
    for line, row, other in zip(LINES, rows, others, strict=True):
        assert row == (
            other if line.strip() else ""
        )  # a blank line comes back, while its vector is like any other
    assert sum(a == b for a, b in zip(rows, LINES, strict=True)) > 30


def test_a_beam_rebuilds_at_least_as_much(run: Path, text: Path, tmp_path: Path) -> None:
    textrae_here("encode", run, text, "-o", tmp_path / "v.npy")
    decoded = textrae_here("decode", run, tmp_path / "v.npy", "--beam", "4")
    rebuilt = textrae_here("reconstruct", run, text, "--beam", "4")
    assert decoded.returncode == rebuilt.returncode == 0
    rows, others = (one.stdout.decode().split("\n")[:-1] for one in (rebuilt, decoded))
    assert all(a == b for a, b, line in zip(rows, others, LINES, strict=True) if line.strip())
    assert sum(a == b for a, b in zip(rows, LINES, strict=True)) > 30
    assert textrae_here("decode", run, tmp_path / "v.npy", "--beam", "0").returncode == 2


def test_encode_is_the_librarys(run: Path, text: Path, tmp_path: Path, model: SentenceAutoencoder) -> None:
    textrae_here("encode", run, text, "-o", tmp_path / "v.npy")
    np.testing.assert_allclose(np.load(tmp_path / "v.npy"), model.encode(LINES), atol=1e-5)


def test_workers_and_truncation(run: Path, text: Path, tmp_path: Path, model: SentenceAutoencoder) -> None:
    made = textrae_here("encode", run, text, "-o", tmp_path / "v.npy", "--workers", "2", "--dimensions", "10")
    assert made.returncode == 0, made.stderr
    assert f"{len(LINES)} vectors of 10 dimensions" in made.stderr.decode()
    assert f"1 of {len(LINES)} sentences were truncated" in made.stderr.decode()
    np.testing.assert_allclose(np.load(tmp_path / "v.npy"), model.encode(LINES)[:, :10], atol=1e-5)
    assert textrae_here("encode", run, text, "-o", tmp_path / "w.npy", "--dimensions", "25").returncode == 2
    refused = textrae_here("decode", run, tmp_path / "v.npy")
    assert refused.returncode == 1
    assert b"this run decodes (n, 24)" in refused.stderr


def test_standard_input_gzip_and_tables(run: Path, text: Path, tmp_path: Path) -> None:
    expected = textrae_here("reconstruct", run, text).stdout
    assert textrae_here("reconstruct", run, stdin=text.read_bytes()).stdout == expected
    assert textrae_here("reconstruct", run, "-", stdin=text.read_bytes()).stdout == expected
    packed = tmp_path / "text.txt.gz"
    packed.write_bytes(gzip.compress(text.read_bytes()))
    assert textrae_here("reconstruct", run, packed).stdout == expected
    table = tmp_path / "text.jsonl"
    table.write_text("".join(json.dumps({"id": 1, "say": line}) + "\n" for line in LINES))
    assert textrae_here("reconstruct", run, table, "--column", "say").stdout == expected


def test_lines_of_vectors_go_to_standard_output(run: Path, text: Path, model: SentenceAutoencoder) -> None:
    made = textrae_here("encode", run, text, "-o", "-")
    assert made.returncode == 0, made.stderr
    rows = [json.loads(line) for line in made.stdout.split(b"\n")[:-1]]
    assert [row["text"] for row in rows] == LINES
    assert {row["textrae_run"] for row in rows} == {model.run.fingerprint}
    np.testing.assert_allclose([row["vector"] for row in rows], model.encode(LINES), atol=1e-5)


def test_blank_lines_are_told_and_encoded_as_what_they_are(
    run: Path, text: Path, tmp_path: Path, model: SentenceAutoencoder
) -> None:
    made = textrae_here("encode", run, text, "-o", tmp_path / "v.npy")
    assert "2 of 44 lines are blank: their vectors are written too, and mean nothing" in made.stderr.decode()
    vectors = np.load(tmp_path / "v.npy")
    blank = [row for row, line in enumerate(LINES) if not line.strip()]
    assert blank == [30, 31]
    np.testing.assert_allclose(vectors[blank], model.encode(["", "  "]), atol=1e-5)


@pytest.fixture(scope="module")
def other(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the same shape with other weights."""
    model = SentenceAutoencoder.load(run)
    with torch.no_grad():
        model.run.network.embedding.weight.mul_(1.01)
    out = tmp_path_factory.mktemp("other") / "run"
    model.save(out)
    return out


@pytest.mark.parametrize("ending", ENDINGS)
def test_vectors_of_another_run_of_the_same_size(run: Path, other: Path, tmp_path: Path, ending: str) -> None:
    """All formats but .npy know who encoded them."""
    vectors = tmp_path / f"v{ending}"
    text = "\n".join(LINES[:5]).encode()
    assert textrae_here("encode", run, "-", "-o", vectors, stdin=text).returncode == 0
    refused = textrae_here("decode", other, vectors)
    if ending == ".npy":
        assert refused.returncode == 0
        return
    assert (refused.returncode, refused.stdout) == (1, b"")
    said = refused.stderr.decode()
    assert said.count("\n") == 1
    assert "another run encoded these vectors" in said
    assert "give --any-run" in said
    forced = textrae_here("decode", other, vectors, "--any-run")
    assert forced.returncode == 0
    assert forced.stdout.count(b"\n") == 5
    shutil.copytree(run, tmp_path / "copy")
    assert (
        textrae_here("decode", tmp_path / "copy", vectors).stdout
        == textrae_here("decode", run, vectors).stdout
    )


def test_arrays_that_the_run_cannot_have_encoded_are_told(
    run: Path, tmp_path: Path, model: SentenceAutoencoder
) -> None:
    """And nothing else is: no warning of torch, of files that come read-only."""
    vectors = model.encode(LINES[:9])
    np.save(tmp_path / "own.npy", vectors)
    pq.write_table(pa.table({"vector": list(vectors)}), tmp_path / "own.parquet")
    vectors[2:6] *= 3
    np.save(tmp_path / "strange.npy", vectors)
    for name in ("own.npy", "own.parquet"):
        assert textrae_here("decode", run, tmp_path / name).stderr == b""
    told = textrae_here("decode", run, tmp_path / "strange.npy")
    assert told.returncode == 0
    assert "4 of 9 vectors have not the mean 0 and variance 1 of this run's encodings" in told.stderr.decode()


def test_columns_are_carried_along(run: Path, tmp_path: Path, model: SentenceAutoencoder) -> None:
    """Row n keeps its id, though sentences are computed in the order of their lengths."""
    table = pa.table(
        {
            "id": pa.array(range(len(LINES)), pa.int16()),
            "text": LINES,
            "date": [date(2024, 1, 1 + n % 28) for n in range(len(LINES))],
            "meta": [{"by": f"u{n}"} for n in range(len(LINES))],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    pa.csv.write_csv(table.select(["id", "text", "date"]), tmp_path / "t.csv")
    words = ("encode", run, tmp_path / "t.parquet", "--keep", "id, date,meta.by", "-o")
    made = textrae_here(*words, tmp_path / "v.parquet")
    assert made.returncode == 0, made.stderr
    found = pq.read_table(tmp_path / "v.parquet")
    assert found.column_names == ["text", "id", "date", "meta.by", "vector"]
    assert found["id"].type == pa.int16()
    for name in ("text", "id", "date"):
        assert found[name] == table[name]
    assert found["meta.by"].to_pylist() == [f"u{n}" for n in range(len(LINES))]
    np.testing.assert_allclose(found["vector"].to_pylist(), model.encode(LINES), atol=1e-5)
    assert textrae_here(*words, "-").stdout.count(b'"meta.by":"u7"') == 1
    assert (
        textrae_here("encode", run, tmp_path / "t.csv", "--keep", "id", "-o", tmp_path / "v.csv").returncode
        == 0
    )
    rows = pa.csv.read_csv(tmp_path / "v.csv", parse_options=pa.csv.ParseOptions(newlines_in_values=True))
    assert rows["id"].to_pylist() == list(range(len(LINES)))
    assert (
        textrae_here("decode", run, tmp_path / "v.csv").stdout
        == textrae_here("decode", run, tmp_path / "v.parquet").stdout
    )


def test_columns_that_cannot_be_carried_along(run: Path, text: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,text\n1,A dog.\n")
    for words, code, said in (
        (
            ("t.csv", "--keep", "id", "-o", "v.npy"),
            2,
            "holds vectors only, and no columns to --keep; give .parquet",
        ),
        (("t.csv", "--keep", "id,,text", "-o", "v.csv"), 2, "parted by commas"),
        (("t.csv", "--keep", "text", "-o", "v.csv"), 2, "has a column 'text' of its own"),
        (("t.csv", "--keep", "when", "-o", "v.csv"), 1, "no column 'when'; it has 'id', 'text'"),
        ((text, "--keep", "id", "-o", "v.jsonl"), 1, "lines of text; leave --keep out"),
    ):
        words = tuple(tmp_path / word if str(word)[1:2] == "." else word for word in words)
        refused = textrae_here("encode", run, *words)
        assert (refused.returncode, refused.stdout) == (code, b"")
        assert said in refused.stderr.decode()
        assert refused.stderr.count(b"\n") == 1
    assert {file.name for file in tmp_path.iterdir()} == {"t.csv", "text.txt"}


@pytest.mark.parametrize("ending", [".npy", ".parquet", ".jsonl", ".csv", ".safetensors"])
def test_a_failure_while_encoding_leaves_nothing(run: Path, tmp_path: Path, ending: str) -> None:
    """Line 3 is not UTF-8."""
    failed = textrae_here("encode", run, "-", "-o", tmp_path / f"v{ending}", stdin=b"A dog.\nA cat.\n\xff\n")
    assert failed.returncode == 1
    assert failed.stderr.count(b"\n") == 1
    assert not any(tmp_path.iterdir())


def test_a_place_is_refused_before_the_work(tmp_path: Path) -> None:
    """Before the run is looked for, too."""
    for words, code, said in (
        (("-o", "v.txt"), 2, b"give one of these endings"),
        (("-o", "v.jsonl", "--storage", "int8"), 2, b"only float32"),
        (("-o", tmp_path), 1, b"is a folder; give a file"),
    ):
        refused = textrae_here("encode", "no-run", "no-file", *words)
        assert refused.returncode == code
        assert said in refused.stderr


def test_what_was_encoded_is_told_as_json(run: Path, text: Path, tmp_path: Path) -> None:
    out = tmp_path / "v.npy"
    made = textrae_here("encode", run, text, "-o", out, "--dimensions", 10, "--storage", "float16", "--json")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    assert told.pop("seconds") >= 0
    assert told == {
        "out": str(out), "vectors": len(LINES), "dimensions": 10, "storage": "float16",
        "blank": 2, "truncated": 1, "undecodable": 0,
    }  # fmt: skip
    both = textrae_here("encode", run, text, "-o", "-", "--json")
    assert both.returncode == 2
    assert "leave one of them out" in json.loads(both.stderr)["error"]


def test_decoded_sentences_as_json_and_in_a_file(run: Path, text: Path, tmp_path: Path) -> None:
    vectors, out = tmp_path / "v.npy", tmp_path / "out.txt"
    assert textrae_here("encode", run, text, "-o", vectors).returncode == 0
    shown = textrae_here("decode", run, vectors)
    told = [json.loads(line) for line in textrae_here("decode", run, vectors, "--json").stdout.splitlines()]
    assert [row["row"] for row in told] == list(range(1, len(LINES) + 1))
    assert [row["text"].replace("\n", " ") for row in told] == shown.stdout.decode().split("\n")[:-1]
    assert textrae_here("decode", run, vectors, "-o", out).stdout == b""
    assert out.read_bytes() == shown.stdout


def test_no_file_that_is_read_is_overwritten(run: Path, tmp_path: Path) -> None:
    table = tmp_path / "v.jsonl"
    table.write_text('{"text": "A dog."}\n')
    for command in ("encode", "decode"):
        refused = textrae_here(command, run, table, "-o", table)
        assert refused.returncode == 2
        assert b"--out: " in refused.stderr
        assert b"is read by this command; give another file" in refused.stderr
    assert table.read_text() == '{"text": "A dog."}\n'
