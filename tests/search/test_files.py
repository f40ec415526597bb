"""The folder of an index: whole or not at all, and trusted in nothing."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from searched import made

from textrae.errors import SearchError
from textrae.search import files
from textrae.search.files import FORMAT, INDEX, claim_index, is_index, open_store, save_store

RUN = "0123456789abcdef"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "here" / "index"
    save_store(place, made(), RUN, overwrite=False)
    return place


def edited(folder: Path, **values: Any) -> None:
    facts = json.loads((folder / INDEX).read_text())
    (folder / INDEX).write_text(json.dumps({**facts, **values}))


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def part(folder: Path, name: str) -> Path:
    (found,) = folder.glob(f"{name}.*")
    return found


def test_it_comes_back_as_it_was(folder: Path) -> None:
    store, wanted = open_store(folder, RUN), made()
    for name, value in vars(wanted).items():
        assert np.array_equal(getattr(store, name), value), name
    assert np.load(part(folder, "vectors")).dtype == np.float16  # NumPy's own reader takes it
    assert part(folder, "text").read_text() == "abé日本x y"
    assert is_index(folder)
    assert not is_index(folder / INDEX)


def test_another_run_is_refused(folder: Path) -> None:
    with pytest.raises(SearchError, match=f"made by another run .fingerprint {RUN}, not {'f' * 16}"):
        open_store(folder, "f" * 16)


def test_overwriting_replaces_all_and_a_reader_keeps_the_old_one(folder: Path) -> None:
    old, before = open_store(folder, RUN), names(folder)
    with pytest.raises(SearchError, match=r"holds an index already; .*`overwrite=True`"):
        save_store(folder, made(), RUN, overwrite=False)
    save_store(folder, made("float32"), RUN, overwrite=True)
    assert open_store(folder, RUN).vectors.dtype == np.float32
    assert old.text_of(2) == "日本"
    assert len(names(folder)) == len(before)
    assert names(folder) & before == {INDEX}


def test_a_failure_leaves_the_old_one_or_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = names(folder)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_atomically", refuse)
    for place in (folder, tmp_path / "new"):
        with pytest.raises(SearchError, match=r"cannot write .No space left"):
            save_store(place, made(), RUN, overwrite=True)
    assert names(folder) == before
    assert open_store(folder, RUN).lines == 7
    assert not (tmp_path / "new").exists()


def test_what_a_killed_process_left_is_no_index_and_is_replaced(folder: Path) -> None:
    (folder / INDEX).unlink()  # it would have come last
    (folder / f".vectors.{'0' * 16}.npy.4194304999.partial").write_bytes(
        b"x"
    )  # of a file system without nameless files
    with pytest.raises(SearchError, match=f"it has no {INDEX}"):
        open_store(folder, RUN)
    save_store(folder, made(), RUN, overwrite=False)
    assert open_store(folder, RUN).lines == 7
    assert len(list(folder.iterdir())) == 8


def test_foreign_places_are_refused(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(SearchError, match=r"files that are no index's \(thesis.txt\)"):
        claim_index(tmp_path / "mine", True)
    with pytest.raises(SearchError, match="is a file"):
        claim_index(tmp_path / "mine" / "thesis.txt", True)
    for place, said in ((tmp_path / "none", "no such index"), (tmp_path / "mine", "not an index")):
        with pytest.raises(SearchError, match=said):
            open_store(place, RUN)


@pytest.mark.parametrize("name", ["vectors", "steps", "errors", "ends", "rows", "starts", "text"])
def test_damaged_files_are_refused(name: str, folder: Path, tmp_path: Path) -> None:
    place = part(folder, name)
    whole = place.read_bytes()
    for content in (whole[:-1], whole + b"\0", b"", whole[:-1] + bytes([whole[-1] ^ 1])):
        place.write_bytes(content)
        with pytest.raises(SearchError, match="make it again"):
            open_store(folder, RUN)
    place.unlink()
    with pytest.raises(SearchError, match="missing"):
        open_store(folder, RUN)
    os.mkfifo(place)  # which nobody writes to
    with pytest.raises(SearchError, match="no regular file"):
        open_store(folder, RUN)


def test_files_of_two_indexes_do_not_mix(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    save_store(other, made("float32"), RUN, overwrite=False)
    shutil.copy(part(other, "vectors"), part(folder, "vectors"))
    with pytest.raises(SearchError, match="damaged or mixed"):
        open_store(folder, RUN)


HOSTILE: list[dict[str, Any]] = [
    {"sentences": 10**12},
    {"sentences": -1},
    {"sentences": True},
    {"dimensions": 4},
    {"dimensions": 2**60},
    {"lines": "7"},
    {"rows": 6},
    {"mark": "../../../../etc"},
    {"mark": None},
    {"run": 5},
    {"storage": "object"},
    {"storage": ["float16"]},
    {"digests": []},
    {"digests": {}},
    {"format": 0},
    {"format": "1"},
]


@pytest.mark.parametrize("values", HOSTILE, ids=str)
def test_edited_indexes_are_refused(values: dict[str, Any], folder: Path) -> None:
    edited(folder, **values)
    with pytest.raises(SearchError) as refused:
        open_store(folder, RUN)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"[" * 60_000, b'{"a": 1' + b" " * 70_000 + b"}", b"\xff"]
)
def test_what_is_no_small_object_of_json_is_refused(content: bytes, folder: Path) -> None:
    (folder / INDEX).write_bytes(content)
    with pytest.raises(SearchError, match="damaged"):
        open_store(folder, RUN)


def test_an_older_format_asks_for_another_index(folder: Path) -> None:
    edited(folder, format=1)
    with pytest.raises(SearchError, match="format 1 is of an older textrae"):
        open_store(folder, RUN)


def test_a_newer_format_asks_for_an_upgrade(folder: Path) -> None:
    edited(folder, format=FORMAT + 1)
    with pytest.raises(SearchError, match="upgrade textrae"):
        open_store(folder, RUN)
