"""`textrae push`, as a user runs it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from standin import TOKEN, StandIn, files_of
from support import answer_here, textrae_here

from textrae.runs.header import parted

NAME = "me/a-run"


@pytest.fixture(autouse=True)
def token(hub: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)


def test_a_run_goes_there_and_comes_back(hub: StandIn, run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "copy")
    (copy / "notes.txt").touch()
    words = ("--private", "--license", "mit", "--language", "en", "--dataset", "a/b", "-m", "Mine")
    done = textrae_here("push", copy, NAME, *words)
    there = hub.repositories[NAME]
    commit = there.branches["main"]
    assert done.returncode == 0
    assert done.stdout == b""
    assert done.stderr.decode().splitlines() == [
        "left here, as no file of a finished run: notes.txt",
        f"{hub.url}/{NAME}: {len(files_of(run))} files on branch main; open it as {NAME}@{commit}",
    ]
    assert there.private
    assert there.messages[-1] == "Mine"
    header, _ = parted(there.files()["README.md"].decode(), "README.md")
    assert (header["license"], header["language"], header["datasets"]) == ("mit", ["en"], ["a/b"])
    assert answer_here("info", f"{NAME}@{commit}")["hub"] == f"{NAME}@{commit}"
    copied = answer_here("push", NAME, "me/copy")  # from the hub to the hub; the card stays where it is
    assert copied["repository"] == "me/copy"
    assert set(hub.repositories["me/copy"].files()) == {*files_of(run), ".gitattributes"} - {"README.md"}


def test_as_json(hub: StandIn, run: Path) -> None:
    found = answer_here("push", run, NAME, "--revision", "v1", "--no-card")
    assert found == {
        "repository": NAME, "branch": "v1", "commit": hub.repositories[NAME].branches["v1"], "url": f"{hub.url}/{NAME}",
        "changed": True, "files": found["files"], "removed": [], "left_out": [], "notes": [],
    }  # fmt: skip
    assert set(found["files"]) == set(files_of(run)) - {"README.md"}


def test_refusals(hub: StandIn, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = shutil.copytree(run, tmp_path / "broken")
    (broken / "tokenizer.model").write_bytes(b"x")
    for words, code, said in (
        ((run, NAME, "--no-card", "--license", "mit"), 2, "--license: is for the card"),
        ((run, NAME, "--no-card", "--dataset", "a/b"), 2, "--dataset: is for the card"),
        ((broken, NAME), 1, f"{broken}/tokenizer.model: "),
        ((tmp_path / "none", NAME), 1, f"{tmp_path}/none: no such run folder"),
        ((run, "a b"), 1, "a b: is no name of a repository"),
    ):
        done = textrae_here("push", *words)
        assert done.returncode == code
        assert done.stderr.decode().startswith(f"error: {said}")
        assert done.stderr.count(b"\n") == 1
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    done = textrae_here("push", run, NAME, "--json")
    assert done.returncode == 1
    found = json.loads(done.stderr)
    assert (found["kind"], found["exit"]) == ("HubError", 1)
    assert found["error"].startswith(f"{NAME}: not pushed: your token is refused")
    assert hub.repositories == {}
