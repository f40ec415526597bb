"""Runs of the hub: which names are one, what is downloaded, what is refused, and what is kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from huggingface_hub import constants
from standin import TOKEN, StandIn, files_of
from support import answer_here, textrae, textrae_here

from textrae import SentenceAutoencoder, TrainingConfig
from textrae.errors import HubError, RunError
from textrae.runs import hub as runs_hub
from textrae.runs.hub import hub_name, origin_of, pinned, run_folder
from textrae.workers import WorkerPool

NAME = "somebody/a-run"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("user/name", ("user/name", None)),
        ("a-b_c.d/N_1.5@v1/x", ("a-b_c.d/N_1.5", "v1/x")),
        ("name", None),
        ("", None),
        ("a/b/c", None),
        ("./name", None),
        ("../name", None),
        ("/user/name", None),
        ("user/name@", None),
        ("user/a--b", None),
        ("user/a..b", None),
        ("data/test.txt", None),
        ("data/test.csv.gz", None),
        ("run/model.safetensors", None),
        ("us er/name", None),
        ("用户/name", None),
    ],
)
def test_what_may_be_a_name(text: str, found: tuple[str, str | None] | None) -> None:
    assert hub_name(text) == found
    if found is not None:
        assert str(hub_name(text)) == text
        assert hub_name(PurePosixPath(text)) == found


def test_a_run_of_the_hub_is_that_of_the_folder(hub: StandIn, run: Path, model: SentenceAutoencoder) -> None:
    more = {"evil.pkl": b"cos\nsystem\n", "pytorch_model.bin": b"x", "more/config.json": b"{}"}
    there = hub.add(NAME, files_of(run) | more)
    loaded = SentenceAutoencoder.load(NAME)
    assert np.array_equal(loaded.encode(["A dog sees."]), model.encode(["A dog sees."]))
    commit = there.branches["main"]
    assert loaded.run.origin == loaded.info()["hub"] == f"{NAME}@{commit}"
    assert "hub" not in model.info()
    # the config first and the weights last; neither the card nor anything else
    assert hub.downloads() == [
        name for name in ("config.json", "latents.safetensors", "tokenizer.model", "metrics.jsonl", "model.safetensors") if (run / name).exists()
    ]  # fmt: skip
    hub.asked.clear()
    assert SentenceAutoencoder.load(NAME).run.origin == loaded.run.origin
    assert hub.downloads() == []


def test_a_revision_is_pinned(hub: StandIn, run: Path, vae_run: Path) -> None:
    there = hub.add(NAME, files_of(run))
    first = there.branches["main"]
    second = there.commit("main", files_of(vae_run), "second")
    there.branches["v1"] = first
    assert SentenceAutoencoder.load(NAME).run.origin == f"{NAME}@{second}"
    assert SentenceAutoencoder.load(f"{NAME}@v1").run.origin == f"{NAME}@{first}"
    assert pinned(f"{NAME}@v1") == f"{NAME}@{first}"
    assert (pinned(None), pinned(str(run))) == (None, str(run))
    hub.asked.clear()
    assert run_folder(f"{NAME}@{first}").name == first
    assert hub.asked == []  # a commit that is here is not asked for


def test_a_folder_of_that_name_comes_first(hub: StandIn, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    hub.add(NAME, files_of(run))
    shutil.copytree(run, tmp_path / NAME)
    monkeypatch.chdir(tmp_path)
    assert SentenceAutoencoder.load(NAME).run.origin is None
    assert hub.asked == []
    assert origin_of(tmp_path / NAME) is None


def refusal(place: str) -> str:
    with pytest.raises(HubError) as error:
        run_folder(place)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_not_there_or_not_open_is_told_in_a_line(hub: StandIn, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    hub.add("a/private", files_of(run), private=True)
    hub.add("a/gated", files_of(run), gated=True)
    hub.add("a/open", files_of(run))
    missing = refusal("a/none")
    assert missing.startswith(
        f"a/none: no such run folder, and no run of {hub.url}: there is none of that name"
    )
    assert "check the name and HF_TOKEN" in refusal("a/private")
    assert "conditions to be accepted" in refusal("a/gated")
    assert "has no branch, tag or commit v9" in refusal("a/open@v9")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert run_folder("a/private").is_dir()
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    assert "your token is refused; set HF_TOKEN" in refusal("a/open")


def test_without_a_network_the_copy_is_taken_and_told(hub: StandIn, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    there = hub.add(NAME, files_of(run))
    folder = run_folder(NAME)
    hub.down = True
    with pytest.warns(UserWarning, match=f"{NAME}: the hub did not answer; taken from an earlier download"):
        assert run_folder(NAME) == folder
    assert "the answer was 503" in refusal("a/b")
    hub.close()
    said: list[str] = []
    assert run_folder(NAME, said.append) == folder
    assert said == [
        f"{NAME}: the hub did not answer; taken from an earlier download, commit {there.branches['main']}"
    ]
    assert "cannot be reached" in refusal("a/b")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert run_folder(NAME, said.append) == folder
    assert "HF_HUB_OFFLINE is set" in refusal("a/b")


def test_an_interrupted_download_goes_on(hub: StandIn, run: Path) -> None:
    there = hub.add(NAME, files_of(run))
    folder = run_folder(NAME)
    (folder / "model.safetensors").resolve().unlink()
    (folder / "model.safetensors").unlink()
    hub.asked.clear()
    assert run_folder(f"{NAME}@{there.branches['main']}") == folder
    assert hub.downloads() == ["model.safetensors"]


def test_other_models_are_refused_before_their_weights(hub: StandIn, run: Path) -> None:
    files = files_of(run)
    hub.add("a/bert", {**files, "config.json": b'{"model_type": "bert"}'})
    hub.add("a/data", {"data.csv": b"x"})
    hub.add("a/half", {"config.json": files["config.json"]})
    hub.add("a/broken", {**files, "config.json": b"["})
    assert "is not a textrae run (its config.json is another library's)" in refusal("a/bert")
    assert "is not a textrae run (it has no config.json)" in refusal("a/data")
    assert "it has no model.safetensors" in refusal("a/half")
    with pytest.raises(RunError, match=r"config\.json: damaged"):
        run_folder("a/broken")
    assert set(hub.downloads()) == {"config.json"}


@pytest.mark.parametrize(
    ("file", "most"),
    [("config.json", 1 << 20), ("tokenizer.model", 64 << 20), ("model.safetensors", 8 << 30)],
)
def test_no_file_is_larger_than_a_runs_may_be(hub: StandIn, run: Path, file: str, most: int) -> None:
    hub.add(NAME, files_of(run))
    hub.sizes[file] = most + 1
    assert f"its {file} has {most + 1:,} bytes, and a run's at most {most:,}" in refusal(NAME)
    assert hub.downloads() == []


def test_a_damaged_file_is_found_as_in_a_folder(hub: StandIn, run: Path) -> None:
    hub.add(NAME, files_of(run) | {"tokenizer.model": b"no model"})
    done = textrae_here("info", NAME)
    assert done.returncode == 1
    commit = hub.repositories[NAME].branches["main"]
    assert f"error: {NAME}@{commit}/tokenizer.model: ".encode() in done.stderr


def test_a_branch_that_moves_meanwhile_is_not_mixed(hub: StandIn, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    there = hub.add(NAME, files_of(run))
    monkeypatch.setattr(
        runs_hub, "_refuse_unfit", lambda *_: there.commit("main", files_of(run), "meanwhile")
    )
    assert "was changed on the hub meanwhile" in refusal(NAME)


def test_commands_take_the_name_and_tell_the_commit(hub: StandIn, run: Path, text: Path, tmp_path: Path) -> None:  # fmt: skip
    commit = hub.add(NAME, files_of(run)).branches["main"]
    told = answer_here("info", NAME)
    assert told["hub"] == f"{NAME}@{commit}"
    assert told["encoding_size"] == answer_here("info", run)["encoding_size"]
    done = textrae_here("reconstruct", f"{NAME}@main", text)
    assert f"{NAME}@main: commit {commit} of the hub" in done.stderr.decode().splitlines()
    assert done.stdout == textrae_here("reconstruct", run, text).stdout
    assert textrae_here("report", NAME, run, text, "-o", tmp_path / "both.html").returncode == 0
    for words, said in (
        (
            ("prior", NAME, text),
            f"error: --out: {NAME}@{commit} is a copy from the hub, which is not written to",
        ),
        (("report", NAME, text, "--card"), f"error: --card: {NAME}@{commit} is a copy"),
        (("translate", NAME, text), f"error: {NAME}@{commit}: was not trained to translate"),
        (("info", "no/body"), "error: no/body: no such run folder, and no run of"),
    ):
        done = textrae_here(*words)
        assert done.returncode in (1, 2)
        assert done.stderr.decode().splitlines()[-1].startswith(said)


def test_a_training_that_begins_with_one_keeps_its_commit(hub: StandIn, run: Path, corpus: Path) -> None:
    commit = hub.add(NAME, files_of(run)).branches["main"]
    begun = SentenceAutoencoder.train(
        corpus, training=TrainingConfig(steps=1, precision="fp32"), encoder=NAME, decoder=f"{NAME}@main"
    )
    assert begun.run.settings.encoder == begun.run.settings.decoder == f"{NAME}@{commit}"
    assert begun.run.fingerprint != ""


def test_the_command_reads_the_hubs_address_from_the_environment(hub: StandIn, run: Path) -> None:
    commit = hub.add(NAME, files_of(run)).branches["main"]
    done = textrae("info", NAME, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["hub"] == f"{NAME}@{commit}"
    assert done.stderr.decode() == f"{NAME}: commit {commit} of the hub\n"


def test_several_processes_are_given_one_folder(hub: StandIn) -> None:
    with pytest.raises(HubError, match="no/body: no such run folder"):
        WorkerPool("no/body", 2)
