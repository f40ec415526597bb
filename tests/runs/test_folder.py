"""A run folder of any kind: claimed, replaced whole or not at all, and recognised."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from textrae import SentenceAutoencoder
from textrae.errors import RunError
from textrae.runs.folder import (
    CARD,
    CHECKPOINT,
    CONFIG,
    LATENTS,
    METRICS,
    MODEL,
    MODULES,
    TOKENIZER,
    claim,
    claimed,
    contents,
    fitting,
    kind_of,
    make_folder,
    one_line_errors,
)
from textrae.runs.lock import LOCK

FILES = {CARD, CONFIG, MODULES, METRICS, MODEL, LATENTS, TOKENIZER}


def test_saving_over_something_needs_permission(model: SentenceAutoencoder, tmp_path: Path) -> None:
    model.save(tmp_path / "run")
    with pytest.raises(RunError, match="exists already"):
        model.save(tmp_path / "run")
    model.save(tmp_path / "run", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_what_is_not_ours_stays(
    model: SentenceAutoencoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").write_text("mine")
    for config in (None, "{}", "[]"):
        if config is not None:
            (mine / CONFIG).write_text(config)
        with pytest.raises(RunError, match="not a textrae run"):
            model.save(mine, overwrite=True)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for name, content in (("README.md", "another tool's"), (MODEL, "x"), (CONFIG, '{"architectures": []}')):
        (theirs / name).write_text(content)
        with pytest.raises(RunError, match="not a textrae run"):
            model.save(theirs, overwrite=True)
    model.save(tmp_path / "run")
    (tmp_path / "run" / "notes.txt").write_text("mine")
    (tmp_path / "run" / "checkpoint").mkdir()
    monkeypatch.chdir(tmp_path / "run")  # a folder that cannot be renamed from where it stands
    model.save(".", overwrite=True)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {*FILES, "notes.txt"} - {"metrics.jsonl"}
    assert SentenceAutoencoder.load(".").reconstruct(["A dog."]) == model.reconstruct(["A dog."])


def test_a_run_that_cannot_be_overwritten_comes_back(
    model: SentenceAutoencoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.save(tmp_path / "run")
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    original = Path.replace

    def refused(self: Path, target: Path) -> Path:
        if target == tmp_path / "run" / MODEL and self.parent.name != "before":
            raise PermissionError(13, "Permission denied", str(target))
        return original(self, target)

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(RunError, match="Permission denied"):
        model.save(tmp_path / "run", overwrite=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def test_a_place_is_claimed_by_a_new_run_or_its_own_training(tmp_path: Path) -> None:
    out = tmp_path / "run"
    claim(out, resume=False, overwrite=False)
    (out / CHECKPOINT).mkdir(parents=True)
    claim(out, resume=True, overwrite=False)
    claim(out, resume=False, overwrite=True)
    with pytest.raises(RunError, match="continue with `resume=True`, or begin again with `overwrite=True`"):
        claim(out, resume=False, overwrite=False)
    (out / CHECKPOINT).rmdir()
    (out / CONFIG).write_text('{"format": 1}')
    with pytest.raises(RunError, match=r"its training is finished.*`overwrite=True`"):
        claim(out, resume=True, overwrite=False)
    with pytest.raises(RunError, match="holds a run already; give another folder, or `overwrite=True`"):
        claim(out, resume=False, overwrite=False)
    with pytest.raises(RunError, match="is a file"):
        claim(out / CONFIG, resume=False, overwrite=True)


def test_a_claimed_folder_is_made_and_locked_and_left_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "new" / "run"
    with claimed(out):
        assert [path.name for path in out.iterdir()] == [LOCK]
        with pytest.raises(RunError, match="is training there"), claimed(out, resume=True):
            pass
    assert list((tmp_path / "new").iterdir()) == []
    out.mkdir()
    with claimed(out):
        (out / CONFIG).write_text('{"format": 1}')
    assert [path.name for path in out.iterdir()] == [CONFIG]
    with pytest.raises(RunError, match="holds a run already"), claimed(out):
        pass
    with (
        claimed(out, overwrite=True),
        pytest.raises(RunError, match="is training there"),
        claimed(out, overwrite=True),
    ):
        pass
    assert [path.name for path in out.iterdir()] == [CONFIG]
    (mine := tmp_path / "mine").mkdir()
    (mine / LOCK).write_text("mine")
    (mine / "thesis.tex").write_text("mine")
    with pytest.raises(RunError, match="not a textrae run"), claimed(mine, overwrite=True):
        pass
    assert (mine / LOCK).read_text() == "mine"


def test_what_a_killed_process_left_is_in_nobodys_way(model: SentenceAutoencoder, tmp_path: Path) -> None:
    for folder in (out := tmp_path / "run", tmp_path / ".run.4194305.partial", out / ".run.4194305.partial"):
        folder.mkdir()
        (folder / LOCK).write_text("4194305 here")
    assert contents(out) == set()
    with claimed(out):
        pass
    model.save(out, overwrite=True)
    assert {path.name for path in out.iterdir()} == FILES - {METRICS}
    model.save(tmp_path / "run2")
    model.save(out, overwrite=True)
    (tmp_path / ".run2.4194305.partial").mkdir()
    shutil.rmtree(tmp_path / "run2")
    model.save(tmp_path / "run2")
    assert not (tmp_path / ".run2.4194305.partial").exists()


def test_the_kind_of_a_run_is_what_its_config_says(run: Path, tmp_path: Path) -> None:
    assert kind_of(run) == "text"
    assert kind_of(tmp_path / "none") == "text"
    (tmp_path / CONFIG).write_text('{"kind": "series"}')
    assert kind_of(tmp_path) == "series"
    (tmp_path / CONFIG).write_text("[")
    with pytest.raises(RunError, match="damaged"):
        kind_of(tmp_path)


def test_weights_must_be_those_of_the_network() -> None:
    weights = nn.Linear(2, 3).state_dict()
    assert fitting(Path("w"), lambda: nn.Linear(2, 3), weights).weight.shape == (3, 2)
    for make in (
        lambda: nn.Linear(2, 4),
        lambda: nn.Linear(2, 3, bias=False),
        lambda: nn.Linear(10**9, 10**9),
    ):
        with pytest.raises(RunError, match="does not fit"):
            fitting(Path("w"), make, weights)
    with pytest.raises(RunError, match="other does not fit"):
        fitting(Path("w"), lambda: nn.Linear(2, 3), {**weights, "other": torch.ones(1)})


def test_what_the_disk_refuses_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot write") as caught, one_line_errors(tmp_path):
        (tmp_path / "none" / "a").write_text("x")
    assert "\n" not in str(caught.value)
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunError, match="cannot be made"):
        make_folder(tmp_path / "file" / "folder")
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
