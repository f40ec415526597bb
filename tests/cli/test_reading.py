"""Sentences from files and standard input, and what is told of them."""

from __future__ import annotations

from pathlib import Path

from conftest import LINES
from support import textrae


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
        assert f"{said} sentences were truncated at 20 tokens" in done.stderr.decode()
