"""The script that measures a GPU, on a machine without one and with models of a few units."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from support import script

from textrae.settings.sizes import SIZES, Numbers

LINES = (
    r"\| .+, torch .+, commit abc \| (bf16|fp32), train \|",
    r"\|---\|---:\|",
    r"\| matrix peak \| [\d.]+ TFLOP/s \|",
    r"\| training, base \(24 units, 8 slots × 12 numbers\) \| [\d,]+ tokens/s \|",
    r"\| training, base, `--batch-tokens auto`: [\d,]+ \| [\d,]+ tokens/s \|",
    r"\| torch's GRU alone, 24 units, [\d,]+ tokens \| [\d,]+ tokens/s \|",
    r"\| training, large \(32 units, 8 slots × 16 numbers\) \| [\d,]+ tokens/s \|",
    r"\| training, large, `--batch-tokens auto`: [\d,]+ \| [\d,]+ tokens/s \|",
    r"\| torch's GRU alone, 32 units, [\d,]+ tokens \| [\d,]+ tokens/s \|",
    r"\| default, 0\.0208 minutes \(16 units, 8 slots × 8 numbers\) \| [\d,]+ steps, [\d,]+ tokens, [\d,]+ tokens/s .+ \|",
    r"\| its quality on 60 of valid \| BLEU [\d.]+, exact [\d.]+%, token accuracy [\d.]+% \|",
    r"\| encoding \| [\d,]+ sentences/s \([\d,]+ at once, median of \d+\) \|",
    r"\| decoding \| [\d,]+ sentences/s \([\d,]+ at once, median of \d+\) \|",
    r"\| all of this \| \d+ s \|",
)


def test_measures_everything_in_one_table(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gpu = script("speed/gpu", monkeypatch)
    for number, name in enumerate(("small", "base", "large"), 2):
        few = Numbers(hidden=8 * number, embedding=16, slots=8, latent=4 * number, vector=8)
        monkeypatch.setitem(SIZES, name, few)
    monkeypatch.setattr(gpu, "keep_freed_memory", lambda: None)
    lines = corpus.read_text().splitlines(keepends=True)
    for name, part in (("train", lines[::2]), ("valid", [*lines[1::20], "\n"])):
        (tmp_path / name).write_text("".join(part))
    files = [str(tmp_path / name) for name in ("train", "valid")]
    monkeypatch.setattr(
        sys, "argv", ["gpu.py", *files, "--budget", "2", "--device", "cpu", "--commit", "abc"]
    )
    gpu.main()
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == len(LINES)
    for line, wanted in zip(printed, LINES, strict=True):
        assert re.fullmatch(wanted, line), line


def test_refuses_no_budget_and_missing_files(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gpu = script("speed/gpu", monkeypatch)
    for words, said in (
        ([corpus, corpus, "--budget", "0"], "--budget: give seconds above 0"),
        ([corpus, "gone.txt"], "gone.txt: no such file"),
    ):
        monkeypatch.setattr(sys, "argv", ["gpu.py", *map(str, words)])
        with pytest.raises(SystemExit):
            gpu.main()
        assert said in capsys.readouterr().err
