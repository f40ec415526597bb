"""Where the command line finds a run, and what messages call it."""

from __future__ import annotations

from pathlib import Path

import pytest
from standin import StandIn, files_of
from textrae_cli import failures
from textrae_cli.places import refuse_copy, run_place

from textrae.errors import ConfigError, HubError


def test_what_is_there_and_what_is_no_name_stay_as_they_are(hub: StandIn, run: Path) -> None:
    for text in (str(run), "nowhere", "a/b/c.txt", "-", ""):
        assert run_place(text) == Path(text)
    assert hub.asked == []


def test_a_run_of_the_hub_is_told_and_called_by_its_name(hub: StandIn, run: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    commit = hub.add("a/b", files_of(run)).branches["main"]
    folder = run_place("a/b")
    assert capsys.readouterr().err == f"a/b: commit {commit} of the hub\n"
    failures.note(f"{folder}/config.json: damaged")
    assert capsys.readouterr().err == f"a/b@{commit}/config.json: damaged\n"
    with pytest.raises(
        ConfigError, match=r"`out`: .* is a copy from the hub, which is not written to; copy it"
    ):
        refuse_copy(folder, "out", "copy it")
    refuse_copy(run, "out", "copy it")
    with pytest.raises(HubError, match=f"a/c: no such run folder, and no run of {hub.url}"):
        run_place("a/c")
