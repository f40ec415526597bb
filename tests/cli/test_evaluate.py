"""evaluate, attention, xsim and info as a user runs them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from conftest import LINES
from support import textrae_here

OLDER = Path(__file__).parents[1] / "older"


def test_evaluate_prints_a_table_or_json(run: Path, text: Path) -> None:
    shown = textrae_here("evaluate", run, text)
    assert shown.returncode == 0, shown.stderr
    filled = len([line for line in LINES if line.strip()])
    assert shown.stdout.decode().splitlines()[-1].split()[:2] == ["all", str(filled)]
    assert f"2 of {len(LINES)} sentences were blank, left out" in shown.stderr.decode()
    assert b"bleu: nrefs:1" in shown.stderr
    values = json.loads(textrae_here("evaluate", run, text, "--json").stdout)
    assert (values["overall"]["sentences"], values["blank"]) == (filled, 2)
    assert values["overall"]["exact"] > 0.6
    parts = {"overall", "by_length", "signatures", "blank", "notes", "posterior", "likelihood"}
    assert set(values) == parts
    assert values["posterior"] is values["likelihood"] is None  # the model is not variational


def test_blank_lines_have_no_figures(run: Path, vae_run: Path, tmp_path: Path) -> None:
    blank, text, book = (tmp_path / name for name in ("blank.txt", "text.txt", "book.txt"))
    blank.write_text("\n \n\t\n")
    text.write_text("A dog sees a red ball today.\nThe cat likes his car again!\n")
    book.write_text("\nA dog sees a red ball today.\n\nThe cat likes his car again!\n  \n")
    refused = textrae_here("evaluate", run, blank)
    assert (refused.returncode, refused.stdout) == (1, b"")
    said = b"blank.txt: its 3 lines are blank; give a file of one sentence a line\n"
    assert refused.stderr.endswith(said)
    without, shown = (textrae_here("evaluate", vae_run, file, "--samples", 2) for file in (text, book))
    assert shown.stdout == without.stdout
    assert b"3 of 5 sentences were blank, left out" in shown.stderr
    pairs = ("evaluate", OLDER / "translator")
    found = [
        json.loads(textrae_here(*pairs, file, "--target", file, "--json").stdout) for file in (text, book)
    ]
    assert found[0]["overall"] == found[1]["overall"]
    assert (found[0]["blank"], found[1]["blank"]) == (0, 3)
    assert b"3 of 5 pairs had a blank side" in textrae_here(*pairs, book, "--target", book).stderr
    refused = textrae_here(*pairs, blank, "--target", blank)
    assert b"3 of 3 pairs had a blank side, left out: none is left to measure" in refused.stderr
    near = textrae_here("xsim", run, book, book)
    assert near.stdout == b"xsim error 0.00% there, 0.00% back\n"
    assert b"3 of 5 pairs had a blank side, left out" in near.stderr
    refused = textrae_here("xsim", run, blank, blank)
    assert b"every line is blank" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_info_tells_how_a_run_was_made(run: Path) -> None:
    values = json.loads(textrae_here("info", run, "--json").stdout)
    assert (values["encoding_size"], values["model"]["cell"]) == (24, "gru")
    assert values["result"]["step"] == 350
    assert values["result"]["corpus"]["lines"] == 1_200
    assert "encoding_size: 24" in textrae_here("info", run).stdout.decode()


def test_info_of_a_strangers_run_moves_no_cursor(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(OLDER / "slots", run)
    values = json.loads((run / "config.json").read_text())
    values["sources"], values["result"]["\x1b[2J"] = ["a\x1b[31m\x07"], "\x9b31m"
    (run / "config.json").write_text(json.dumps(values))
    done = textrae_here("info", run)
    assert done.returncode == 0, done.stderr
    assert b"sources: a\\x1b[31m\\x07" in done.stdout
    assert not {0x1B, 0x07} & set(done.stdout)
    values["corpus"]["\x1b[31m"] = 1
    (run / "config.json").write_text(json.dumps(values))
    done = textrae_here("info", run)
    assert done.returncode == 1
    assert b"\\x1b[31m" in done.stderr
    assert 0x1B not in done.stderr
