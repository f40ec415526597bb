"""`evaluate --suite` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from evaluation.suite.folders import QUICK, write_suite
from support import textrae_here

from textrae import SentenceAutoencoder


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    return write_suite(tmp_path / "suite", QUICK)


def test_a_table_json_and_a_picture_beside_other_vectors(
    run: Path, model: SentenceAutoencoder, suite: Path, tmp_path: Path
) -> None:
    lines, vectors, picture = (tmp_path / name for name in ("lines.txt", "other.npy", "suite.svg"))
    written = textrae_here("evaluate", run, "--suite", suite, "--sentences-to", lines)
    assert (written.returncode, written.stdout) == (0, b"")
    sentences = lines.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    assert len(sentences) == len(set(sentences))
    np.save(vectors, model.encode(sentences)[:, :4])
    asked = ("evaluate", run, "--suite", suite, "--beside", f"other={vectors}")
    shown = textrae_here(*asked, "--picture", picture)
    assert shown.returncode == 0, shown.stderr
    table = shown.stdout.decode().splitlines()
    assert table[1].split()[:2] == ["encoding", "numbers"]
    names = [line.split()[0] for line in table[2:]]
    assert names[0] == "model"
    assert names[-2:] == ["other", "chance"]
    assert b"measured animal (3 of 3)" in shown.stderr
    assert picture.read_text().startswith("<?xml")
    found = json.loads(textrae_here(*asked, "--json").stdout)
    assert found["encodings"]["other"] == 4
    first = found["tasks"][0]
    assert (first["kind"], first["name"], first["lines"], first["labels"]) == ("similarity", "pairs", 40, 0)
    expected = model.evaluate_suite(suite, beside={"other": vectors})
    for name, scores in expected.tasks[0].scores.items():
        assert first["scores"][name] == pytest.approx(scores)
    assert f"{100 * first['scores']['model']['spearman']:.1f}" == table[2].split()[2]


def test_wrong_usage_is_told_in_a_line(run: Path, suite: Path, tmp_path: Path) -> None:
    pairs, other = suite / "similarity" / "pairs.tsv", suite / "clusters" / "README"
    before = pairs.read_bytes()
    for words, code, said in (
        (("--suite", suite, "text.txt"), 2, "file: is not for a suite"),
        (("--suite", suite, "--beam", 2), 2, "--beam: is not for a suite"),
        (("--picture", "x.svg"), 2, "--picture: is not for sentences: give --suite too"),
        (("--suite", suite, "--beside", "x"), 2, "--beside: 'x' is no NAME=FILE"),
        (("--suite", suite, "--beside", "x=a.npy", "--beside", "x=b.npy"), 2, "--beside: 'x' names two files"),
        (("--suite", suite, "--beside", "sif=a.npy"), 2, "--beside: sif is measured anyway"),
        (("--suite", suite, "--beside", "x=a.npy"), 1, "a.npy: vectors beside a suite are read from .npy"),
        (("--suite", suite, "--picture", "x.txt"), 2, "pictures are written to .png, .svg, .pdf"),
        (("--suite", suite, "--sentences-to", "x", "--json"), 2, "--json: is not for writing sentences"),
        (("--suite", suite, "-o", pairs), 2, "--out: "),
        (("--suite", suite, "--sentences-to", pairs), 2, "is read by this command"),
        (("--suite", tmp_path / "none"), 1, "none: no such folder"),
        (("--suite", suite, "--errors", "ignore"), 2, "--errors: strict or replace is expected"),
    ):  # fmt: skip
        refused = textrae_here("evaluate", run, *words)
        assert (refused.returncode, refused.stdout) == (code, b""), refused
        assert said in refused.stderr.decode()
        assert refused.stderr.count(b"\n") == 1
    assert pairs.read_bytes() == before
    other.write_text("no part of it")
    refused = textrae_here("evaluate", run, "--suite", suite)
    assert (
        refused.stderr.decode() == f"error: {other}: is no part of a suite: clusters has *.tsv; take it out\n"
    )
