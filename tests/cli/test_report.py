"""`textrae report` and `plot`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import sentences
from support import textrae_here

from textrae.runs.header import parted

OLDER = Path(__file__).parents[1] / "older"


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    file = tmp_path / "lines.txt"
    file.write_text("\n".join([*sentences()[::60], "", "<script>alert(1)</script>"]) + "\n")
    return file


def test_a_page_and_its_figures(run: Path, lines: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = textrae_here("report", run, lines, "-o", page, "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["runs"][0]["quality"]["overall"]["sentences"] == 21
    assert "1 of 22 lines were blank" in done.stderr.decode()
    made = page.read_text()
    assert made.startswith("<!doctype html>")
    assert made.endswith("</html>\n")
    assert "<script" not in made
    assert "&lt;script&gt;" in made
    assert len(made) < 500_000


def test_without_a_file_and_on_standard_output(vae_run: Path) -> None:
    done = textrae_here("report", vae_run)
    assert done.returncode == 0, done.stderr
    made = done.stdout.decode()
    assert made.startswith("<!doctype html>")
    assert "What the latent holds" in made
    told = textrae_here("report", vae_run, "--json")
    assert json.loads(told.stdout)["file"] is None


def test_the_first_sentences_only_from_standard_input_with_labels(run: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("a\nb\na\nb\n")
    text = "\n".join(sentences()[:10]).encode()
    done = textrae_here("report", run, "-", "--sentences", 4, "--labels", labels, "--json", stdin=text)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["file"] == {"name": "standard input", "sentences": 4}
    assert "Only the first 4 lines" in done.stderr.decode()


def test_runs_compared(run: Path, vae_run: Path, lines: Path, tmp_path: Path) -> None:
    done = textrae_here("report", run, vae_run, lines, "-o", tmp_path / "both.html")
    assert done.returncode == 0, done.stderr
    assert "Settings in which they differ" in (tmp_path / "both.html").read_text()


def test_the_card_tells_of_it(run: Path, lines: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(run, copied)
    before, text = parted((copied / "README.md").read_text(), "README.md")
    done = textrae_here("report", copied, lines, "--card", "-o", tmp_path / "x.html")
    assert done.returncode == 0, done.stderr
    after, more = parted((copied / "README.md").read_text(), "README.md")
    assert more.startswith(text.rstrip("\n"))
    assert "| tokens | sentences | token acc |" in more
    results = [one.pop("model-index")[0]["results"] for one in (before, after)]
    assert before == after
    assert [one["metrics"] for one in results[1][: len(results[0])]] == [one["metrics"] for one in results[0]]
    assert len(results[1]) == len(results[0]) + 1


@pytest.mark.parametrize("what", ["curves", "accuracy", "rate", "map", "kl", "divergence"])
def test_each_picture_by_itself(what: str, vae_run: Path, tmp_path: Path) -> None:
    done = textrae_here("plot", vae_run, "--what", what)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"<?xml")
    told = textrae_here("plot", vae_run, "--what", what, "-o", tmp_path / "x.svg", "--json")
    assert json.loads(told.stdout)["what"] == what
    assert (tmp_path / "x.svg").read_bytes() == done.stdout


def test_pictures_of_quality_and_attention(run: Path, lines: Path, tmp_path: Path) -> None:
    done = textrae_here("plot", run, lines, "--what", "exact", "-o", tmp_path / "x.png")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    drawn = textrae_here("plot", OLDER / "slots", lines, "--what", "attention")
    assert drawn.returncode == 0, drawn.stderr


def test_probes_of_the_sentences_themselves(run: Path, tmp_path: Path) -> None:
    text, labels = tmp_path / "text.txt", tmp_path / "labels.txt"
    text.write_text("\n".join(sentences()[:60]) + "\n")
    labels.write_text("a\nb\n" * 30)
    done = textrae_here("report", run, text, "--labels", labels, "--probes", "--json")
    assert done.returncode == 0, done.stderr
    tasks = json.loads(done.stdout)["runs"][0]["suite"]["tasks"]
    assert "labels" in [task["name"] for task in tasks]
    text.write_text("one\ntwo\nthree\n")
    few = textrae_here("report", run, text, "--probes", "--json")
    assert (few.returncode, few.stdout) == (1, b"")
    assert '{"error":"text.txt: probing/sentences.txt: too few sentences' in few.stderr.decode()


def test_a_run_of_series(tmp_path: Path) -> None:
    series = tmp_path / "series.csv"
    shape = json.loads((OLDER / "series" / "config.json").read_text())["dim"]
    rows = [",".join(f"{(row * 7 + column) % 5}.5" for column in range(shape)) for row in range(20)]
    series.write_text("\n".join(rows) + "\n")
    done = textrae_here("report", OLDER / "series", series, "-o", tmp_path / "s.html", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["errors"]) >= 1
    assert "textrae train --series" in (tmp_path / "s.html").read_text()
    for words in (("--what", "errors"), ("--what", "rebuilt")):
        assert textrae_here("plot", OLDER / "series", series, *words).stdout.startswith(b"<?xml")
    refused = textrae_here("plot", OLDER / "series", "--what", "errors")
    assert (refused.returncode, refused.stderr) == (2, b"error: --what errors: give a FILE of series\n")
    assert b"is not for a run of series" in textrae_here("report", OLDER / "series", "--card").stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("plot", "RUN", "--what", "kl"), 2, "--what kl: only a variational model has posteriors"),
        (("plot", "RUN", "--what", "nonsense"), 2, "--what"),
        (("plot", "RUN", "--what", "suite"), 2, "--suite: give it, or --probes, for this picture"),
        (("plot", "RUN", "--probes"), 2, "--probes: is for --what suite"),
        (("report", "RUN", "--probes"), 2, "--probes: is for the sentences of a FILE"),
        (
            ("report", "RUN", "RUN/README.md", "--probes", "--suite", "x"),
            2,
            "--probes: leave it out with --suite",
        ),
        (("plot", "RUN", "-o", "x.txt"), 2, "pictures are written to"),
        (("report", "RUN", "none.txt"), 1, "none.txt: "),
        (("report", "RUN", "--labels", "x"), 2, "--labels: is for the sentences of a FILE"),
        (("report", "RUN", "RUN", "--card"), 2, "--card: is for the report of one run"),
        (("report", "none", "none.txt"), 1, "none: no such run folder"),
        (("report", "RUN", "RUN/config.json", "-o", "RUN/config.json"), 2, "is read by this command"),
        (("report", "RUN", "--layout", "rows"), 2, "--layout: is not for a run of sentences"),
        (("report", "RUN", "RUN", "--layout", "rows"), 2, "--layout: is not for a run of sentences"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_refused_in_a_line(
    words: tuple[str, ...], code: int, said: str, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = textrae_here(*(word.replace("RUN", str(run)) for word in words))
    assert (done.returncode, done.stderr.decode().count("\n")) == (code, 1), done.stderr
    assert said in done.stderr.decode()
