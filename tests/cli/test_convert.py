"""encode, decode, reconstruct, evaluate and info as a user runs them."""

from __future__ import annotations

import gzip
import json
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import sentences
from support import command, environment, textrae

from textrae import SentenceAutoencoder

LINES = [*sentences()[:30], "", "  ", "A dog\u2028sees", "x " * 50, *sentences()[40:50]]


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_bytes("\n".join(LINES).encode() + b"\n")
    return path


@pytest.mark.parametrize("ending", [".npy", ".parquet", ".jsonl"])
def test_encode_then_decode_is_reconstruct(run: Path, text: Path, tmp_path: Path, ending: str) -> None:
    vectors = tmp_path / f"v{ending}"
    encoded = textrae("encode", run, text, "-o", vectors)
    assert encoded.returncode == 0, encoded.stderr
    assert encoded.stdout == b""
    assert f"{len(LINES)} vectors of 24 numbers" in encoded.stderr.decode()
    assert f"1 of {len(LINES)} sentences were cut at 20 tokens" in encoded.stderr.decode()
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
    assert f"{len(LINES)} vectors of 10 numbers" in made.stderr.decode()
    assert f"1 of {len(LINES)} sentences were cut" in made.stderr.decode()
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


def test_evaluate_prints_a_table_or_json(run: Path, text: Path) -> None:
    shown = textrae("evaluate", run, text)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.decode().splitlines()[-1].split()[:2] == ["all", str(len(LINES))]
    assert "bleu: nrefs:1" in shown.stderr.decode()
    values = json.loads(textrae("evaluate", run, text, "--json").stdout)
    assert values["overall"]["sentences"] == len(LINES)
    assert values["overall"]["exact"] > 0.6
    assert set(values) == {"overall", "by_length", "signatures", "notes", "posterior", "likelihood"}
    assert values["posterior"] is values["likelihood"] is None  # the model is not variational


def test_whatever_reads_sentences_tells_what_it_cut(run: Path, text: Path) -> None:
    long, count = "x " * 50, len(LINES)
    for words, said in (
        (("xsim", run, text, text), f"2 of {2 * count}"),
        (
            ("analogy", run, text, "--from", text, "--to", text),
            f"3 of {3 * count - 4}",
        ),  # without the blank examples
        (("interpolate", run, long, "A dog."), "1 of 2"),
        (("paraphrase", run, long), "1 of 1"),
    ):
        done = textrae(*words)
        assert done.returncode == 0, done.stderr
        assert f"{said} sentences were cut at 20 tokens" in done.stderr.decode()


def test_info_tells_how_a_run_was_made(run: Path) -> None:
    values = json.loads(textrae("info", run, "--json").stdout)
    assert (values["encoding_size"], values["model"]["cell"]) == (24, "gru")
    assert values["result"]["step"] == 350
    assert values["result"]["corpus"]["lines"] == 1_200
    assert "encoding_size: 24" in textrae("info", run).stdout.decode()


@pytest.mark.parametrize("name", ["train", "encode", "decode", "reconstruct", "evaluate", "info"])
def test_every_command_has_help_with_an_example(name: str) -> None:
    shown = textrae(name, "--help").stdout.decode()
    assert f"Example: textrae {name}" in shown


def test_help_needs_no_torch() -> None:
    code = (
        "import sys, importlib.metadata as m; app = m.entry_points(group='console_scripts')['textrae'].load();"
        "sys.argv = ['textrae', 'train', '--help']\n"
        "try: app()\nexcept SystemExit: pass\n"
        "print('loaded' if {'torch', 'datasets', 'pyarrow'} & set(sys.modules) else 'lean')"
    )
    python = str(Path(command()).with_name("python"))
    shown = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, env=environment(), check=True
    )
    assert shown.stdout.splitlines()[-1] == "lean"


def test_a_reader_that_leaves_is_no_error(run: Path, tmp_path: Path) -> None:
    big = tmp_path / "big.txt"
    big.write_text("A dog sees his ball today.\n" * 30_000)
    process = subprocess.Popen(
        [command(), "reconstruct", str(run), str(big)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is not None
    assert process.stderr.read() == b""


def test_version() -> None:
    assert textrae("--version").stdout.startswith(b"textrae 0.")
