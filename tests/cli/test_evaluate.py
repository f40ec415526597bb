"""evaluate, attention, xsim and info as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

from conftest import LINES
from support import textrae


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


def test_info_tells_how_a_run_was_made(run: Path) -> None:
    values = json.loads(textrae("info", run, "--json").stdout)
    assert (values["encoding_size"], values["model"]["cell"]) == (24, "gru")
    assert values["result"]["step"] == 350
    assert values["result"]["corpus"]["lines"] == 1_200
    assert "encoding_size: 24" in textrae("info", run).stdout.decode()
