"""`textrae sample`, `interpolate`, `paraphrase` and `analogy`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import sentences
from support import textrae, textrae_here


def test_sample_interpolate_and_paraphrase(vae_run: Path, corpus: Path) -> None:
    made = textrae_here("sample", vae_run, "-n", 20, "--seed", 1, "--against", corpus)
    assert made.returncode == 0, made.stderr
    assert len(made.stdout.decode().splitlines()) == 20
    assert b"distinct-2" in made.stderr
    assert made.stdout == textrae("sample", vae_run, "-n", 20, "--seed", 1).stdout  # in any process
    near = textrae_here(
        "sample", vae_run, "-n", 20, "--seed", 1, "--against", corpus, "--nearest"
    ).stdout.decode()
    rows = [line.split("\t") for line in near.splitlines()]
    assert [row[0] for row in rows] == made.stdout.decode().splitlines()
    assert all(row[1].startswith("0 of ") == (row[0] == row[2]) and row[2] in sentences() for row in rows)
    listed = json.loads(
        textrae_here("sample", vae_run, "-n", 1, "--against", corpus, "--nearest", "--json").stdout
    )
    assert listed["nearest"][0].keys() == {"text", "edits", "of"}
    assert textrae_here("sample", vae_run, "--nearest").returncode == 2
    quality = json.loads(textrae_here("sample", vae_run, "--json").stdout)["quality"]
    assert quality["novel"] is None
    way = textrae_here(
        "interpolate", vae_run, sentences()[0], sentences()[900], "--steps", 5, "--unique", "--json"
    )
    assert 2 <= len(json.loads(way.stdout)["sentences"]) <= 5
    near = textrae_here("paraphrase", vae_run, sentences()[0], "-n", 3, "--distance", 1.0)
    assert near.returncode == 0, near.stderr
    assert 1 <= len(near.stdout.decode().splitlines()) <= 3
    said = textrae_here("evaluate", vae_run, corpus, "--samples", 2)
    assert b"active units" in said.stdout
    assert b"importance-weighted with 2 samples" in said.stdout
    for command in (("interpolate", vae_run, "a", ""), ("paraphrase", vae_run, " ")):
        refused = textrae_here(*command)
        assert (refused.returncode, refused.stdout) == (1, b"")
        assert b"is blank, so there is nothing to read; give one with text" in refused.stderr
    for wrong in (
        ("sample", vae_run, "--from", "x"),
        ("interpolate", vae_run, "a"),
        ("interpolate", vae_run, "a", "b", "--method", "x"),
    ):
        assert textrae_here(*wrong).returncode == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--temperature=-1"], "--temperature: a number from 0.01 to 100 is expected, or 0 "),
        (["--temperature", "nan"], "--temperature: a finite number is expected, not nan"),
        (["--top-p", "0"], "--top-p: a finite number of at least 0.01 and at most 1 is expected, not 0.0"),
        (["--top-p", "2"], "--top-p: a finite number of at least 0.01 and at most 1 "),
        (["--top-k", "0"], "--top-k: a whole number of 1 or more is expected, not 0"),
        (["--top-k=-5", "--beam", "3"], "--top-k: a whole number of 1 or more is expected, not -5"),
        (["--top-k", "5", "--beam", "3"], "does not draw"),
    ],
)
def test_settings_of_draws_are_refused_before_the_run_is_looked_for(options: list[str], said: str) -> None:
    refused = textrae_here("sample", "nowhere", *options)
    assert refused.returncode == 2
    (line,) = refused.stderr.decode().splitlines()
    assert line.startswith("error: ")
    assert said in line


def test_analogy_and_its_sweep(run: Path, tmp_path: Path) -> None:
    today = [one for one in sentences() if one.endswith("today.")]
    again = [one for one in sentences() if one.endswith("again!")]
    for name, rows in (("a.txt", today[::4]), ("b.txt", again[::4]), ("c.txt", today[::20])):
        (tmp_path / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    files = ("--from", tmp_path / "a.txt", "--to", tmp_path / "b.txt", tmp_path / "c.txt")
    moved = textrae_here("analogy", run, *files, "--strength", 1.5)
    assert moved.returncode == 0, moved.stderr
    lines = moved.stdout.decode().splitlines()
    assert len(lines) == 30
    assert sum(line.endswith("again!") for line in lines) > 20
    swept = textrae_here("analogy", run, *files, "--strength", "0,1.5,least", "--json")
    assert swept.returncode == 0, swept.stderr
    still, changed, least = json.loads(swept.stdout)["rows"]
    assert still["accuracy"] < 0.1
    assert still["bleu"] > changed["bleu"]
    assert changed["accuracy"] > 0.7
    assert [len(row["sentences"]) for row in (still, changed)] == [30, 30]
    assert changed["sentences"] == lines
    assert (changed["strength"], least["strength"]) == (1.5, "least")
    assert least["accuracy"] > 0.9
    assert least["bleu"] >= changed["bleu"]
    for strength in ("x", "nan", "1,inf", ""):
        assert textrae_here("analogy", run, *files, "--strength", strength).returncode == 2
    spaced = "\n".join(f"\n{line}" for line in today[::20]).encode()
    blank = textrae_here("analogy", run, *files[:4], "-", "--strength", 1.5, stdin=spaced)
    assert blank.stdout.decode().splitlines()[::2] == [""] * 30
    assert blank.stdout.decode().splitlines()[1::2] == lines
    (tmp_path / "a.txt").write_text("")
    assert b"0 sentences in it" in textrae_here("analogy", run, *files).stderr


def test_analogy_with_one_strength_keeps_its_scores_in_json(run: Path, tmp_path: Path) -> None:
    some = sentences()[:24]
    for name, rows in (
        ("a.txt", some[::2]),
        ("b.txt", some[1::2]),
        ("c.txt", some[:10]),
        ("few.txt", some[:2]),
    ):
        (tmp_path / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    files = ("--from", tmp_path / "a.txt", "--to", tmp_path / "b.txt")
    line = ("analogy", run, *files, tmp_path / "c.txt", "--strength", 1.5)
    told = json.loads(textrae_here(*line, "--json").stdout)
    assert told["sentences"] == textrae_here(*line).stdout.decode().splitlines()
    assert told.pop("sentences")
    (judged,) = json.loads(textrae_here(*line[:-1], "1.5,1.5", "--json").stdout)["rows"][:1]
    assert told == {
        "classifier": told["classifier"],
        **{name: judged[name] for name in ("strength", "accuracy", "bleu", "perplexity")},
    }
    assert 0 <= told["accuracy"] <= 1
    few = textrae_here("analogy", run, *files, tmp_path / "few.txt", "--json")
    assert json.loads(few.stdout)["classifier"] is None
    assert len(json.loads(few.stdout)["sentences"]) == 2
    assert b"no scores: the judges need 10 sentences" in few.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("sample", "RUN", "-n", 3),
        ("interpolate", "RUN", "A dog.", "The cat.", "--steps", 4),
        ("paraphrase", "RUN", "The cat likes his car again!", "-n", 3, "--distance", 1),
        ("analogy", "RUN", "FEW", "--from", "FEW", "--to", "FEW"),
    ],
    ids=lambda words: words[0],
)
def test_sentences_go_to_a_file_whole(words: tuple[object, ...], run: Path, tmp_path: Path) -> None:
    few, out = tmp_path / "few.txt", tmp_path / "out.txt"
    few.write_text("A dog sees a red ball today.\nThe cat likes his car again!\n")
    line = [{"RUN": run, "FEW": few}.get(str(word), word) for word in words]
    shown = textrae_here(*line)
    assert shown.stdout.count(b"\n") >= 1
    written = textrae_here(*line, "-o", out)
    assert (written.returncode, written.stdout) == (0, b"")
    assert f"{out}: {len(shown.stdout.splitlines())} lines" in written.stderr.decode()
    assert out.read_bytes() == shown.stdout
    told = json.loads(textrae_here(*line, "--json").stdout)
    assert told["sentences"] == shown.stdout.decode().splitlines()
