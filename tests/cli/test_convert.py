"""encode, decode, reconstruct, evaluate and info as a user runs them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import LINES
from support import textrae

from textrae import SentenceAutoencoder


@pytest.mark.parametrize("ending", [".npy", ".parquet", ".jsonl"])
def test_encode_then_decode_is_reconstruct(run: Path, text: Path, tmp_path: Path, ending: str) -> None:
    vectors = tmp_path / f"v{ending}"
    encoded = textrae("encode", run, text, "-o", vectors)
    assert encoded.returncode == 0, encoded.stderr
    assert encoded.stdout == b""
    assert f"{len(LINES)} vectors of 24 dimensions" in encoded.stderr.decode()
    assert f"1 of {len(LINES)} sentences were truncated at 20 tokens" in encoded.stderr.decode()
    decoded, rebuilt = textrae("decode", run, vectors), textrae("reconstruct", run, text)
    assert decoded.returncode == rebuilt.returncode == 0
    assert decoded.stdout == rebuilt.stdout
    rows = rebuilt.stdout.decode().split("\n")[:-1]
    assert len(rows) == len(LINES)
    assert sum(a == b for a, b in zip(rows, LINES, strict=True)) > 30


def test_a_beam_rebuilds_at_least_as_much(run: Path, text: Path, tmp_path: Path) -> None:
    textrae("encode", run, text, "-o", tmp_path / "v.npy")
    decoded = textrae("decode", run, tmp_path / "v.npy", "--beam", "4")
    rebuilt = textrae("reconstruct", run, text, "--beam", "4")
    assert decoded.returncode == rebuilt.returncode == 0
    assert decoded.stdout == rebuilt.stdout
    rows = rebuilt.stdout.decode().split("\n")[:-1]
    assert sum(a == b for a, b in zip(rows, LINES, strict=True)) > 30
    assert textrae("decode", run, tmp_path / "v.npy", "--beam", "0").returncode == 2


def test_encode_is_the_librarys(run: Path, text: Path, tmp_path: Path, model: SentenceAutoencoder) -> None:
    textrae("encode", run, text, "-o", tmp_path / "v.npy")
    np.testing.assert_allclose(np.load(tmp_path / "v.npy"), model.encode(LINES), atol=1e-5)


def test_workers_and_truncation(run: Path, text: Path, tmp_path: Path, model: SentenceAutoencoder) -> None:
    made = textrae("encode", run, text, "-o", tmp_path / "v.npy", "--workers", "2", "--dimensions", "10")
    assert made.returncode == 0, made.stderr
    assert f"{len(LINES)} vectors of 10 dimensions" in made.stderr.decode()
    assert f"1 of {len(LINES)} sentences were truncated" in made.stderr.decode()
    np.testing.assert_allclose(np.load(tmp_path / "v.npy"), model.encode(LINES)[:, :10], atol=1e-5)
    assert textrae("encode", run, text, "-o", tmp_path / "w.npy", "--dimensions", "25").returncode == 2
    refused = textrae("decode", run, tmp_path / "v.npy")
    assert refused.returncode == 1
    assert b"this run decodes (n, 24)" in refused.stderr


def test_standard_input_gzip_and_tables(run: Path, text: Path, tmp_path: Path) -> None:
    expected = textrae("reconstruct", run, text).stdout
    assert textrae("reconstruct", run, stdin=text.read_bytes()).stdout == expected
    assert textrae("reconstruct", run, "-", stdin=text.read_bytes()).stdout == expected
    packed = tmp_path / "text.txt.gz"
    packed.write_bytes(gzip.compress(text.read_bytes()))
    assert textrae("reconstruct", run, packed).stdout == expected
    table = tmp_path / "text.jsonl"
    table.write_text("".join(json.dumps({"id": 1, "say": line}) + "\n" for line in LINES))
    assert textrae("reconstruct", run, table, "--column", "say").stdout == expected
