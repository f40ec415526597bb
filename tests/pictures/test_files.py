"""Pictures are drawn, or it is said why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from textrae.errors import ConfigError, RunError
from textrae.pictures import files
from textrae.pictures.canvas import Canvas, Words
from textrae.pictures.files import check_picture, save_picture

SMALL = Canvas(120, 60, "words", [Words(10, 20, "some")])


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_a_picture_is_saved_or_the_reason_said(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"map{ending}"
    save_picture(SMALL, path, "draw less")
    assert path.stat().st_size > 300
    with pytest.raises(RunError, match="cannot write"):
        save_picture(SMALL, tmp_path / "none" / path.name, "draw less")
    with pytest.raises(ConfigError, match=r"pictures are written to \.png, \.svg, \.pdf"):
        check_picture(tmp_path / "map.nonsense")
    with pytest.raises(RunError, match="is a folder"):
        check_picture(tmp_path)
    monkeypatch.setattr(files, "find_spec", lambda name: None)
    if ending == ".svg":
        save_picture(SMALL, path, "draw less")  # which needs nothing
    else:
        with pytest.raises(RunError, match=r"pip install \"textrae\[plot\]\"`, or give \.svg"):
            check_picture(path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_too_large_a_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"cannot draw \(.*\); draw less"):
        save_picture(Canvas(100_000, 1, "wide"), tmp_path / "map.png", "draw less")
    assert list(tmp_path.iterdir()) == []
