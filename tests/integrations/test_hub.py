"""Runs pushed to the hub: what is there afterwards, what of the card stays, and what is refused."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import ModelCard, constants
from standin import TOKEN, StandIn, files_of
from support import textrae_here

from textrae import SentenceAutoencoder, SeriesAutoencoder, SeriesTraining
from textrae.errors import HubError, RunError
from textrae.integrations.hub import push
from textrae.runs.header import parted, with_header

NAME = "me/a-run"


@pytest.fixture
def folder(run: Path, tmp_path: Path) -> Path:
    """A copy of the run, to be edited."""
    return Path(shutil.copytree(run, tmp_path / "copy"))


@pytest.fixture
def token(hub: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)


pytestmark = pytest.mark.usefixtures("token")


def test_what_is_pushed_opens_as_it_was(hub: StandIn, folder: Path, model: SentenceAutoencoder) -> None:
    (folder / "checkpoint").mkdir()
    (folder / "notes.txt").write_text("mine")
    done = push(folder, NAME)
    there = hub.repositories[NAME]
    own = {name: content for name, content in files_of(folder).items() if name != "notes.txt"}
    found = {name: content for name, content in there.files().items() if name != ".gitattributes"}
    card = own.pop("README.md").replace(b"path/to/this/folder", NAME.encode())
    assert found == {**own, "README.md": card}
    large = {own[name] for name in own if name.endswith((".safetensors", ".model"))}
    assert set(hub.stored.values()) == large
    assert (done.repository, done.branch, done.url) == (NAME, "main", f"{hub.url}/{NAME}")
    assert (done.commit, done.changed) == (there.branches["main"], True)
    assert set(done.files) == set(found)
    assert (done.removed, done.left_out, done.notes) == ([], ["checkpoint", "notes.txt"], [])
    assert there.messages[-1].startswith("A run of textrae ")
    loaded = SentenceAutoencoder.load(f"{NAME}@{done.commit}")
    assert np.array_equal(loaded.encode(["A dog sees."]), model.encode(["A dog sees."]))


def test_the_same_again_is_no_commit(hub: StandIn, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = push(folder, NAME)
    again = push(folder, NAME)
    assert (again.commit, again.changed) == (done.commit, False)
    assert len(hub.repositories[NAME].commits) == 2  # that of a new repository, and this one
    assert capfd.readouterr().err == ""


def test_the_code_of_a_pushed_card_runs(hub: StandIn, folder: Path) -> None:
    push(folder, NAME)
    card = ModelCard(hub.repositories[NAME].files()["README.md"].decode())
    assert (card.data.library_name, card.data.pipeline_tag) == ("textrae", "feature-extraction")
    names: dict[str, Any] = {}
    exec(card.text.split("```python\n")[1].split("```")[0], names)
    assert names["model"].run.origin == f"{NAME}@{hub.repositories[NAME].branches['main']}"
    assert len(names["sentences"]) == 1


def test_the_code_of_the_guide_runs(hub: StandIn, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "hub.md").read_text(encoding="utf-8")
    given = {"run": str(folder), "sentences.txt": "-", "vectors.parquet": str(folder / "vectors.parquet")}
    for language, block in re.findall(r"```(sh|python)\n(.*?)```", guide, re.DOTALL):
        if language == "python":
            exec(compile(block, "hub.md", "exec"), {})
            continue
        for line in block.splitlines():
            if "--private" in line:
                del hub.repositories["user/name"]  # which is public
            words = [given.get(word, word) for word in shlex.split(line)[1:]]
            assert textrae_here(*words, stdin=b"A dog sees.\n").returncode == 0, line
    assert re.search(r"^user/name@[0-9a-f]{40}$", capsys.readouterr().out, re.MULTILINE)


def test_a_branch_a_message_and_a_private_repository(hub: StandIn, folder: Path, vae_run: Path) -> None:
    push(folder, NAME, private=True)
    there = hub.repositories[NAME]
    assert there.private
    first = there.branches["main"]
    done = push(vae_run, NAME, private=True, branch="vae", message="A variational one")
    assert there.branches == {"main": first, "vae": done.commit}
    assert there.messages[-1] == "A variational one"
    assert f'.load("{NAME}@vae")'.encode() in there.files("vae")["README.md"]
    push(folder, NAME, branch="vae")  # which is there
    assert set(there.branches) == {"main", "vae"}
    hub.add("me/public", {".gitattributes": b""})
    with pytest.raises(HubError, match="me/public: is public already; make it private in its settings"):
        push(folder, "me/public", private=True)
    assert set(hub.repositories["me/public"].files()) == {".gitattributes"}


def test_files_that_the_run_has_not_go_and_those_of_others_stay(hub: StandIn, folder: Path) -> None:
    old = {"flow.safetensors": b"old", "target-tokenizer.model": b"old", "LICENSE": b"mine"}
    hub.add(NAME, files_of(folder) | old)
    done = push(folder, NAME)
    assert done.removed == ["flow.safetensors", "target-tokenizer.model"]
    assert set(hub.repositories[NAME].files()) == {*files_of(folder), "LICENSE"}


def test_what_somebody_wrote_in_the_card_stays(hub: StandIn, folder: Path) -> None:
    readme = folder / "README.md"
    written = (
        readme.read_text().replace("---\n", "---\n# as I like it\nlicense:   mit\n", 1) + "\nMy words.\n"
    )
    readme.write_text(written)
    push(folder, NAME)
    there = hub.repositories[NAME]
    assert there.files()["README.md"].decode() == written.replace("path/to/this/folder", NAME)
    # edited on the hub: its fields stay, its text does not
    header, _ = parted(there.files()["README.md"].decode(), "README.md")
    other = with_header({**header, "license": "other", "widget": [{"text": "a"}]}, "Edited there.\n")
    before = there.commit("main", {**there.files(), "README.md": other.encode()}, "edited")
    done = push(folder, NAME, fields={"language": ["en"]})
    assert done.notes == [
        "kept from the repository's README.md: widget",
        f"the README.md of the repository was replaced; commit {before} has the earlier one",
    ]
    found, body = parted(there.files()["README.md"].decode(), "README.md")
    assert (found["license"], found["widget"], found["language"]) == ("mit", [{"text": "a"}], ["en"])
    assert "My words." in body
    assert readme.read_text() == written
    there.commit("main", {**there.files(), "README.md": b"---\na: [\n---\n"}, "broken")
    assert len(push(folder, NAME).notes) == 1
    kept = there.files()["README.md"]
    done = push(folder, NAME, card=False)
    assert there.files()["README.md"] == kept
    assert "README.md" not in done.files + done.removed


def test_a_folder_without_a_card_is_pushed_without(hub: StandIn, folder: Path) -> None:
    (folder / "README.md").unlink()
    assert "README.md" not in push(folder, NAME).files
    assert "README.md" not in hub.repositories[NAME].files()


def test_a_card_that_is_none_is_refused_before_anything_is_made(hub: StandIn, folder: Path) -> None:
    (folder / "README.md").write_text("---\nlicense: [mit\n---\n")
    with pytest.raises(RunError, match=r"README\.md: line \d: the header is no valid YAML"):
        push(folder, NAME)
    (folder / "README.md").write_bytes(b"x" * (1 << 20) + b"x")
    with pytest.raises(RunError, match="more than 1 MB"):
        push(folder, NAME)
    assert hub.asked == []
    (folder / "README.md").write_text("---\nlicense: 5\n---\n")
    with pytest.raises(HubError, match=r"refuses the header of README\.md \(license must be a string\)"):
        push(folder, NAME)


def test_refusals_are_one_line(hub: StandIn, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add("me/bert", {"config.json": b'{"model_type": "bert"}'})

    def refused(name: str = NAME) -> str:
        with pytest.raises(HubError) as error:
            push(folder, name)
        assert "\n" not in str(error.value)
        return str(error.value)

    assert "me/bert: is not a textrae run (its config.json is another library's)" in refused("me/bert")
    assert refused("me") == "me: is no name of a repository; give one as user/name"
    assert "is no name of a repository" in refused("me/run@main")
    hub.readonly = True
    told = "not pushed: your token may not do that (you may only read); make one with that right"
    assert refused() == f"{NAME}: {told}"
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    assert refused().startswith(f"{NAME}: not pushed: your token is refused; set HF_TOKEN to a valid one")
    monkeypatch.delenv("HF_TOKEN")
    assert refused().startswith(f"{NAME}: no token to push with; set HF_TOKEN")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.close()
    assert refused().startswith(f"{NAME}: not pushed: it cannot be reached (")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in refused()


def test_a_run_of_series_too(hub: StandIn, tmp_path: Path) -> None:
    series = [np.linspace(0, 1, 8)[:, None]] * 4
    model = SeriesAutoencoder.train(series, training=SeriesTraining(steps=1))
    model.save(tmp_path / "series")
    push(tmp_path / "series", "me/series")
    assert SeriesAutoencoder.load("me/series").dim == model.dim == 1
    header, _ = parted(hub.repositories["me/series"].files()["README.md"].decode(), "README.md")
    assert header["tags"] == ["recurrent-autoencoder", "time-series", "anomaly-detection"]
