"""Quality by the numbers of an encoding, and its picture."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest
from support import answer_here, script


@pytest.fixture
def rate(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return script("experiments/rate", monkeypatch)


def row(corpus: str, minutes: float, slots: int, latent: int, bleu: float) -> dict[str, Any]:
    part = {"sentences": 8, "token_accuracy": 0.9, "exact": bleu / 200, "bleu": bleu}
    return {
        **{"corpus": corpus, "text": corpus, "budget": ["minutes", minutes], "further": ""},
        **{"shape": [slots, latent], "slots": slots, "latent": latent, "encoding_size": slots * latent},
        **{"step": 100, "tokens": 90_000, "passes": 1.0, "seconds": 60.0 * minutes, "parameters": 5_000_000},
        **{"train_rows": 500, "overlap": 0, "overall": part, "by_length": {"0-5": part}},
        **{"machine": "here", "precision": "bf16", "peak": 1e9, "commit": "c"},
    }


def test_shapes_hold_the_numbers_that_they_stand_for(rate: ModuleType) -> None:
    assert all(slots * latent == numbers for numbers, (slots, latent) in rate.SHAPES.items())
    assert list(rate.SHAPES)[:6] == [64, 128, 256, 512, 1024, 2048]


def test_draws_the_same_small_picture_from_the_same_file(
    rate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    shapes = list(rate.SHAPES.values())[:6]
    rows = [
        row(corpus, minutes, *shape, bleu=place * 10 + minutes)
        for corpus in ("ptb", "paragraphs")
        for minutes in (10, 30)
        for place, shape in enumerate(shapes)
    ]
    (tmp_path / "rate.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in rows))
    pictures = []
    for name in ("one.svg", "two.svg"):
        line = ["rate.py", "--table", str(tmp_path / "rate.jsonl"), "--picture", str(tmp_path / name)]
        monkeypatch.setattr(sys, "argv", line)
        assert rate.main() == 0
        pictures.append((tmp_path / name).read_bytes())
    assert pictures[0] == pictures[1]
    assert len(pictures[0]) < 60_000
    texts = ["".join(node.itertext()).strip() for node in ElementTree.fromstring(pictures[0]).iter()]
    for said in ("ptb", "paragraphs", "BLEU", "exact match, %", "10 minutes", "30 minutes", "64", "2,048"):
        assert said in texts
    printed = capsys.readouterr().out
    assert "| ptb | 10 minutes | ptb | 100 | 90.0 k | 150 | 8 × 8 = 64 | 5.00 M |" in printed


def test_trains_base_models_of_each_shape(
    rate: ModuleType,
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    measured = sys.modules["measured"]
    where = {"machine": "here", "precision": "bf16", "peak": 1e9, "commit": "c"}
    monkeypatch.setattr(measured, "answer", answer_here)
    monkeypatch.setattr(measured, "machine", lambda: where)
    few = tmp_path / "few.txt"
    few.write_text("".join(corpus.read_text().splitlines(keepends=True)[::40]))
    out, further = tmp_path / "rate.jsonl", ["--hidden", "16", "--vocab-size", "400"]
    words = ["rate.py", "--corpus", f"few={few},{few}", "--steps", "1", "--numbers", "64,128"]
    monkeypatch.setattr(sys, "argv", [*words, "--out", str(out), "--", *further])
    assert rate.main() == 0
    first, second = (json.loads(line) for line in out.read_text().splitlines())
    assert (first["shape"], first["encoding_size"], first["hidden"]) == ([8, 8], 64, 16)
    assert (second["shape"], second["encoding_size"]) == ([16, 8], 128)
    assert "| 16 × 8 = 128 |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--numbers", "64,100"], "'64,100': give some of 64, 128"),
        (["--picture", "rate.png"], "rate.png: the picture is an .svg"),
        (["--picture", "rate.svg"], "--picture needs matplotlib; install it with: pip install matplotlib"),
    ],
)
def test_refuses_in_a_line(
    rate: ModuleType,
    words: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(rate, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["rate.py", "--table", __file__, *words])
    with pytest.raises(SystemExit):
        rate.main()
    assert said in capsys.readouterr().err
