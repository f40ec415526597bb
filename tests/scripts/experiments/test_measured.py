"""Trainings are measured once, however many sessions a table takes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support import script

PART = {"sentences": 2, "token_accuracy": 0.5, "exact": 0.25, "bleu": 12.5}
INFO = {
    "encoding_size": 16,
    "parameters": 1_000,
    "model": {"hidden": 16, "slots": 2, "latent": 8},
    "result": {
        **{"step": 2, "tokens": 100, "passes": 0.5, "seconds": 1.0},
        "corpus": {"train_rows": 9, "overlap": 1, "max_length": 128},
    },
}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return script("experiments/measured", monkeypatch)


@pytest.fixture
def asked(measured: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Have commands answer at once; return what they were asked."""
    words: list[list[str]] = []

    def answer(*given: object) -> dict[str, Any]:
        words.append([str(word) for word in given])
        if "--bad" in given:
            raise measured.Failed("--bad: no such option")
        return {"train": {}, "info": INFO, "evaluate": {"overall": PART, "by_length": {"0-5": PART}}}[
            words[-1][0]
        ]

    monkeypatch.setattr(measured, "answer", answer)
    monkeypatch.setattr(
        measured, "machine", lambda: {"machine": "m", "precision": "bf16", "peak": 1e9, "commit": "c"}
    )
    return words


def arguments(measured: ModuleType, *words: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    measured.add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


def test_plans_each_corpus_budget_and_shape(measured: ModuleType) -> None:
    args = arguments(
        measured, "--corpus", "a=t,v", "--corpus", "b=t2,v2", "--minutes", "5,10", "--steps", "100"
    )
    plan = measured.planned(args, ["--lr", "1e-3"], [(8, 8), None])
    assert len(plan) == 2 * 3 * 2
    assert str(plan[0]) == "a --minutes 5 --size base --slots 8 --latent 8 --lr 1e-3"
    assert str(plan[-1]) == "b --steps 100 --lr 1e-3"
    assert (plan[-1].train, plan[-1].valid) == (Path("t2"), Path("v2"))


@pytest.mark.parametrize(
    "words", [("--corpus", "a=t"), ("--corpus", "t,v"), ("--minutes", "5,x"), ("--steps", "0")]
)
def test_refuses_what_is_no_corpus_or_budget(
    measured: ModuleType, words: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        arguments(measured, *words)
    assert f"{words[1]!r}: give" in capsys.readouterr().err


def test_refuses_to_measure_nothing_and_files_that_are_not_there(
    measured: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, said in (((), "give --corpus and"), (("--table", "gone.jsonl"), "gone.jsonl: no such file")):
        with pytest.raises(SystemExit):
            measured.check(argparse.ArgumentParser(), arguments(measured, *words))
        assert said in capsys.readouterr().err


def test_a_second_session_measures_only_what_is_missing(
    measured: ModuleType, asked: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figures.jsonl"
    args = arguments(measured, "--corpus", "a=t,v", "--steps", "1,2", "--out", out)
    rows, well = measured.measure(measured.planned(args, []), args, {"other": Path("o")})
    assert well
    assert [(row["budget"], row["text"]) for row in rows] == [
        (("steps", 1.0), "a"),
        (("steps", 1.0), "other"),
        (("steps", 2.0), "a"),
        (("steps", 2.0), "other"),
    ]
    assert [words[0] for words in asked] == ["train", "info", "evaluate", "evaluate"] * 2
    assert asked[0][1:4] == ["t", "--valid", "v"]
    assert asked[0][-2:] == ["--steps", "1"]
    assert capsys.readouterr().out.count("\n") == 2 + 4
    asked.clear()
    again, _ = measured.measure(measured.planned(args, []), args, {"other": Path("o")})
    assert asked == []
    assert again == json.loads(json.dumps(rows))
    further, _ = measured.measure(measured.planned(args, []), args, {"third": Path("p")})
    assert [words[0] for words in asked] == ["train", "info", "evaluate"] * 2  # the runs are gone
    assert [words[-1] for words in asked if words[0] == "evaluate"] == ["p", "p"]
    assert len(further) == 4
    assert len(out.read_text().splitlines()) == 6


def test_a_kept_run_is_measured_without_training_again(
    measured: ModuleType, asked: list[list[str]], tmp_path: Path
) -> None:
    args = arguments(measured, "--corpus", "a=t,v", "--steps", "1", "--keep", tmp_path / "runs")
    plan = measured.planned(args, [])
    measured.measure(plan, args)
    measured.measure(plan, args, {"other": Path("o")})
    assert [words[0] for words in asked] == ["train", "info", "evaluate", "info", "evaluate", "evaluate"]
    assert asked[3][1] == str(tmp_path / "runs" / "a---steps-1")


def test_what_fails_is_said_and_the_others_are_measured(
    measured: ModuleType, asked: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    args = arguments(measured, "--corpus", "a=t,v", "--steps", "1")
    plan = [*measured.planned(args, ["--bad"]), *measured.planned(args, [])]
    rows, well = measured.measure(plan, args)
    assert not well
    assert [row["further"] for row in rows] == [""]
    assert "a --steps 1 --bad: --bad: no such option" in capsys.readouterr().err


def test_a_torn_line_is_told_by_its_number(measured: ModuleType, tmp_path: Path) -> None:
    out = tmp_path / "figures.jsonl"
    row = {"corpus": "a", "text": "a", "budget": ["steps", 1], "shape": [8, 8], "further": ""}
    out.write_text(f"{json.dumps(row)}\n{json.dumps({**row, 'x': 1})}\n")
    assert measured.read(out) == [{**row, "x": 1}]
    assert measured.key(row) == ("a", ("steps", 1.0), (8, 8), "", "a")
    assert measured.read(tmp_path / "none") == []
    out.write_text(f'{json.dumps(row)}\n{{"corpus": \n')
    with pytest.raises(SystemExit, match="line 2: no figures of a training"):
        measured.read(out)
