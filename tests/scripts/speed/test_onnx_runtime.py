"""The comparison with ONNX Runtime: turns, correlations and the tables it prints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import sentences
from support import script


def test_the_tables(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    module = script("speed/onnx_runtime", monkeypatch)
    (tmp_path / "text.txt").write_text("".join(f"{line}\n" for line in sentences()[:70]))
    pairs = "".join(f"{row % 5}.0\t{sentences()[row]}\t{sentences()[3 * row]}\n" for row in range(20))
    (tmp_path / "sts.tsv").write_text(pairs)
    words = ["x", str(run), str(tmp_path / "text.txt"), "--sts", str(tmp_path / "sts.tsv"), "--rounds", "1"]
    monkeypatch.setattr("sys.argv", words)
    module.main()
    lines = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert [len(line) for line in lines] == [5] * 5 + [6] * 4
    ours, theirs, int8 = lines[-3:]
    assert ours[3:] == theirs[3:] == ["70", *ours[4:]]
    assert float(theirs[2]) < 1e-4 < float(int8[2])
    assert float(int8[1]) < float(theirs[1])


def test_a_perfect_correlation(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    module = script("speed/onnx_runtime", monkeypatch)

    def vectors(some: list[str]) -> np.ndarray:
        return np.array([[1.0, float(one)] for one in some])

    rows = [["3", "1", "1"], ["2", "1", "2"], ["1", "1", "9"]]
    assert module.correlation(vectors, rows) == pytest.approx(1.0)
