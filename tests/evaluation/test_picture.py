"""Pictures are drawn, or it is said why not."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from textrae.errors import ConfigError, RunError
from textrae.evaluation import picture
from textrae.evaluation.picture import check_picture, save_figure


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_a_figure_is_saved_or_the_reason_said(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"map{ending}"
    check_picture(path)
    save_figure(Figure((2, 2)), path, "draw less")
    assert path.stat().st_size > 300
    with pytest.raises(RunError, match="cannot write"):
        save_figure(Figure((2, 2)), tmp_path / "none" / path.name, "draw less")
    with pytest.raises(ConfigError, match=r"pictures are written to \.png, \.svg, \.pdf"):
        check_picture(tmp_path / "map.nonsense")
    with pytest.raises(RunError, match="is a folder"):
        check_picture(tmp_path)
    monkeypatch.setattr(picture, "find_spec", lambda name: None)
    with pytest.raises(RunError, match="pip install matplotlib"):
        check_picture(path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_too_large_a_figure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"cannot draw \(.*\); draw less"):
        save_figure(Figure((100_000, 1)), tmp_path / "map.png", "draw less")
    assert list(tmp_path.iterdir()) == []
