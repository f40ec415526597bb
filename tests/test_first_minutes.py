"""Wrong turns of a new user, as docs/experiments/first-minutes.md lists them: each is told in one line that says what to do."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from support import textrae_here

ROOT = Path(__file__).parents[1]
GOOD = "".join(f"A line of number {n}.\n" for n in range(300)).encode()
FILES: list[tuple[str, bytes, str]] = [
    ("paper.pdf", b"%PDF-1.7\n%\xb5\xed\xae\xfb\n1 0 obj", "a PDF; give its text, as `pdftotext` writes it"),
    ("photo.txt", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a picture; give a file of sentences"),
    ("letter.docx", b"PK\x03\x04\x14\x00\x06\x00", "save a .docx, .odt or .xlsx as text or CSV"),
    ("data.bin", np.random.default_rng(0).bytes(5_000), "no text, but binary data"),
    ("wide.txt", GOOD.decode().encode("utf-16"), "convert it with `iconv -f UTF-16 -t UTF-8`"),
    ("table.csv", b"id,title,body\n1,a,b\n2,c,d\n", "name the column of the sentences, as --column"),
    ("empty.txt", b"", "no sentence (0 blank lines); give a file with text"),
    ("one.txt", b"A dog runs.\n", "give more text, or a validation file as --valid"),
]


def told(*words: object) -> str:
    """Return the one line that a command which fails prints."""
    done = textrae_here(*words)
    assert done.returncode in (1, 2), done.stderr
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("error: ")
    assert done.stdout == b""
    return line


@pytest.mark.parametrize(("name", "content", "said"), FILES, ids=[name for name, _, _ in FILES])
def test_a_wrong_file(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert said in told("train", tmp_path / name, "-o", tmp_path / "run", "--steps", 1)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        pa.ArrowMemoryError("malloc of size 192 failed"),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        OSError(12, "Cannot allocate memory", "vectors.npy"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_too_little_memory(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("textrae.training.pipeline.train_run", fail)
    (tmp_path / "corpus.txt").write_bytes(GOOD)
    said = told("train", tmp_path / "corpus.txt", "-o", tmp_path / "run", "--steps", 1)
    assert "too little memory" in said
    assert "--size small" in said


def test_a_python_without_textrae(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textrae_cli", None)  # as where it is not installed
    with pytest.raises(SystemExit) as left:
        runpy.run_module("textrae", run_name="__main__")
    assert "has no textrae_cli; set textrae up with `make install`" in str(left.value)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "there is no ./python; install Python 3.11 or later"),
        ('case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac', "Python 3.9.2 is too old; name a Python"),
        ('case "$2" in *ensurepip*) exit 1;; esac', "./python has no venv; install it"),
    ],
    ids=["none", "old", "without venv"],
)  # fmt: skip
def test_make_without_a_python_that_will_do(tmp_path: Path, script: str | None, said: str) -> None:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    if script is not None:
        (tmp_path / "python").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "python").chmod(0o755)
    done = subprocess.run(
        ["make", "install", "PYTHON=./python"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {said}"), done.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), (b"\xff\n" * 300, "convert the file"), (b"a\n" * 5, "5 lines, of which 200")],
    ids=["none", "latin", "short"],
)
def test_the_demo_of_a_wrong_corpus(tmp_path: Path, content: bytes | None, said: str) -> None:
    corpus = tmp_path / "corpus.txt"
    if content is not None:
        corpus.write_bytes(content)
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/experiments/hold_out.py", corpus, "200", tmp_path / "demo"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {corpus}: ")
    assert said in line
    assert not (tmp_path / "demo").exists()
