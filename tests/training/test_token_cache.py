"""The token cache of a training: where it lies, what is kept of it, and that resuming reads that once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import SMALL, TEXT

from textrae import TrainingConfig
from textrae.errors import RunError
from textrae.settings.run import Settings
from textrae.text.prepared import open_cache
from textrae.training.pipeline import Watch, train_run
from textrae.training.token_cache import (
    changed_sources,
    delete_cache,
    find_cache,
    refuse_another_corpus,
    stopped_training,
)
from textrae.version import __version__

STOPPED = Path(__file__).parents[1] / "older" / "stopped"


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    run = tmp_path / "run"
    shutil.copytree(STOPPED, run)
    return run


def test_a_stopped_training_is_read(stopped: Path) -> None:
    found = stopped_training(stopped)
    assert found is not None
    assert found.settings.model.variational
    assert found.cache is None  # left out of the stored run: it was a path of another machine
    assert found.facts is not None
    assert found.facts["lines"] == 240
    assert stopped_training(stopped.parent) is None


@pytest.mark.parametrize("settings", ["{", "[]", '{"model": {}}', '{"model": {"hidden": "many"}}'])
def test_damaged_settings_are_refused(stopped: Path, settings: str) -> None:
    (stopped / "checkpoint" / "settings.json").write_text(settings)
    with pytest.raises(RunError, match="damaged"):
        stopped_training(stopped)


def test_a_training_of_a_newer_textrae_is_not_resumed(stopped: Path) -> None:
    file = stopped / "checkpoint" / "settings.json"
    values = json.loads(file.read_text())
    values["model"]["telepathy"] = True
    file.write_text(json.dumps({**values, "textrae": "12.0.1"}))
    with pytest.raises(RunError) as caught:
        stopped_training(stopped)
    assert str(caught.value) == (
        f"{file}: written by textrae 12.0.1; this is {__version__}: upgrade textrae, or start again with `overwrite=True`"
    )


@pytest.mark.parametrize("read_before", [True, False])
def test_the_settings_are_read_once_on_resume(
    stopped: Path, monkeypatch: pytest.MonkeyPatch, read_before: bool
) -> None:
    """Whoever has read them hands them on; `resume=True` reads them."""
    known = stopped_training(stopped)
    assert known is not None
    read: list[Path] = []
    original = Path.open

    def counted(file: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if file.name == "settings.json" and "r" in mode:
            read.append(file)
        return original(file, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", counted)
    _, finished = train_run(
        known.settings, stopped, resume=(stopped_training(stopped) or False) if read_before else True
    )
    assert finished
    assert read == [stopped / "checkpoint" / "settings.json"]


def test_the_cache_has_a_folder_of_its_own_elsewhere(stopped: Path, tmp_path: Path) -> None:
    place, found = find_cache(stopped, tmp_path / "caches", None)
    assert found is None
    assert place.parent == (tmp_path / "caches").resolve()
    assert place != find_cache(stopped.with_name("other"), tmp_path / "caches", None)[0]


def test_the_cache_is_found_only_where_it_holds_the_same_text(stopped: Path) -> None:
    training = stopped_training(stopped)
    assert training is not None
    place, found = find_cache(stopped, None, training)
    assert place == stopped / "checkpoint"
    assert found is not None, "an older textrae told less of a corpus"
    found.close()
    file = stopped / "checkpoint" / "settings.json"
    values = json.loads(file.read_text())
    values["cached"]["lines"] += 1
    file.write_text(json.dumps(values))
    other = stopped_training(stopped)
    assert find_cache(stopped, None, other)[1] is None
    cache = open_cache(stopped / "checkpoint")
    assert cache is not None
    assert other is not None
    with pytest.raises(RunError, match="does not give the same one again"):
        refuse_another_corpus(stopped, cache, other)


def test_deleting_leaves_what_is_not_the_caches(stopped: Path) -> None:
    cache = open_cache(stopped / "checkpoint")
    assert cache is not None
    delete_cache(cache)
    names = {path.name for path in (stopped / "checkpoint").iterdir()}
    assert names == {"settings.json", "training.safetensors"}


def test_a_shard_that_has_changed_is_told_on_resume(corpus: Path, tmp_path: Path) -> None:
    """The training goes on with its cache; without it, the shards must give the same one again."""
    shards = tmp_path / "shards"
    shards.mkdir()
    lines = corpus.read_text().splitlines(keepends=True)
    for number in range(3):
        (shards / f"part-{number}.txt").write_text("".join(lines[number::3]))
    training = TrainingConfig(steps=4, precision="fp32", device="cpu", validations=1)
    settings = Settings(SMALL, TEXT, training, (f"{shards}/part-*.txt",))
    run = tmp_path / "run"

    def resumed(stop: bool) -> list[str]:
        said: list[str] = []
        train_run(settings, run, resume=True, watch=Watch(note=said.append, should_stop=lambda: stop))
        return said

    train_run(settings, run, watch=Watch(should_stop=lambda: True))
    shutil.copytree(run, tmp_path / "copy")
    told = "changed since the token cache was made"
    assert not any(told in line for line in resumed(stop=True))
    with (shards / "part-1.txt").open("a") as stream:
        stream.write("one more\n")
    (shards / "part-3.txt").write_text("a new shard\n")
    (line,) = [line for line in resumed(stop=False) if told in line]
    assert line.startswith(f"{shards}/part-1.txt, {shards}/part-3.txt: {told}")
    run = tmp_path / "copy"
    (run / "checkpoint" / "train.arrow").unlink()
    settings_file = run / "checkpoint" / "settings.json"
    settings_file.write_text(json.dumps({**json.loads(settings_file.read_text()), "cache": None}))
    with pytest.raises(RunError, match="does not give the same one again"):
        resumed(stop=False)


def test_a_cache_of_an_older_textrae_tells_of_no_change(stopped: Path) -> None:
    cache = open_cache(stopped / "checkpoint")
    assert cache is not None
    settings = stopped_training(stopped)
    assert settings is not None
    assert list(changed_sources(settings.settings, cache)) == []


def test_a_folder_names_no_cache_of_another_run(stopped: Path, tmp_path: Path) -> None:
    """A copy of a stopped training, or a stranger's, would use the cache that it names, and delete it in the end."""
    copy = tmp_path / "copy"
    shutil.copytree(stopped, copy)
    (copy / "checkpoint" / "corpus.json").unlink()
    file = copy / "checkpoint" / "settings.json"
    values = json.loads(file.read_text())
    for named in (stopped / "checkpoint", tmp_path / "textrae-other-01234567"):
        if not named.exists():
            shutil.copytree(stopped / "checkpoint", named)
        for facts in (values["cached"], None):
            file.write_text(json.dumps({**values, "cache": str(named), "cached": facts}))
            found = find_cache(copy, None, stopped_training(copy))[1]
            assert (found is not None) == (named.name.startswith("textrae-") and facts is not None)
            if found is not None:
                found.close()
