"""A run of sentences: saved, loaded, and everything that may be wrong with its folder."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from textrae import CorpusConfig, ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.errors import RunError
from textrae.runs.folder import CONFIG, LATENTS, MODEL, TOKENIZER
from textrae.runs.run import load_run, load_settings
from textrae.version import __version__

FILES = {"README.md", "modules.json", CONFIG, "metrics.jsonl", MODEL, LATENTS, TOKENIZER}


def test_a_finished_run_holds_only_its_files(run: Path) -> None:
    assert {path.name for path in run.iterdir()} == FILES


def test_round_trip(model: SentenceAutoencoder, tmp_path: Path) -> None:
    model.save(tmp_path / "copy")
    again = SentenceAutoencoder.load(tmp_path / "copy")
    for name, value in model.run.network.state_dict().items():
        assert torch.equal(value, again.run.network.state_dict()[name])
    assert again.run.settings == model.run.settings
    assert again.run.tokenizer.digest == model.run.tokenizer.digest
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_normalised_posteriors_are_saved(corpus: Path, tmp_path: Path) -> None:
    shape = ModelConfig(hidden=16, embedding=8, latent=4, variational=True, posterior_norm=0.6)
    training, text = TrainingConfig(steps=3, precision="fp32"), CorpusConfig(vocab_size=400)
    made = SentenceAutoencoder.train(corpus, shape, training, text=text, out=tmp_path / "run")
    again = SentenceAutoencoder.load(tmp_path / "run")
    assert (again.encode(["A dog."]) == made.encode(["A dog."])).all()


def truncate(run: Path) -> None:
    content = (run / MODEL).read_bytes()
    (run / MODEL).write_bytes(content[: len(content) // 2])


def flip_a_bit(run: Path) -> None:
    content = bytearray((run / MODEL).read_bytes())
    content[-9] ^= 1
    (run / MODEL).write_bytes(content)


def edit_config(key: str, value: object) -> Callable[[Path], None]:
    def edit(run: Path) -> None:
        config = json.loads((run / CONFIG).read_text())
        if key in config["model"]:
            config["model"][key] = value
        else:
            config[key] = value
        (run / CONFIG).write_text(json.dumps(config))

    return edit


def forge_weights(run: Path) -> None:
    tensors = {name: torch.zeros_like(value) for name, value in load_file(run / MODEL).items()}
    save_file(tensors, run / MODEL)


def other_tokenizer(run: Path) -> None:
    content = (run / TOKENIZER).read_bytes()
    (run / TOKENIZER).write_bytes(content[:-40])


def nested_metadata(run: Path) -> None:
    save_file(load_file(run / MODEL), run / MODEL, metadata={"textrae": "[" * 100_000})


def folder_for(name: str) -> Callable[[Path], None]:
    def make(run: Path) -> None:
        (run / name).unlink()
        (run / name).mkdir()

    return make


def pipe_for(name: str) -> Callable[[Path], None]:
    def make(run: Path) -> None:
        (run / name).unlink()
        os.mkfifo(run / name)

    return make


def loop_for(name: str) -> Callable[[Path], None]:
    def make(run: Path) -> None:
        (run / name).unlink()
        (run / name).symlink_to(name)

    return make


DAMAGES: list[tuple[Callable[[Path], None], str]] = [
    (truncate, "truncated or damaged"),
    (flip_a_bit, "damaged or mixed"),
    (forge_weights, "damaged or mixed"),
    (edit_config("format", 99), "format 99 is newer than 1.*upgrade textrae"),
    (edit_config("format", "x"), "not a textrae run"),
    (edit_config("hidden", 64), "does not fit"),
    (edit_config("pooling", "mean"), "damaged or mixed"),
    (edit_config("hidden", -1), "damaged or edited"),
    (edit_config("hidden", 65_536), "does not fit"),  # before the memory is asked for it
    (edit_config("training", []), "damaged or edited"),
    (edit_config("kind", []), "another kind"),
    (edit_config("layers", 10**9), "damaged or edited"),  # before they are counted
    (nested_metadata, "damaged or mixed"),
    (edit_config("nonsense", 1), ""),
    (other_tokenizer, "tokenizer"),
    (lambda run: (run / CONFIG).write_text("{" * 10_000), "damaged"),
    (lambda run: (run / CONFIG).write_text("[]"), "damaged"),
    (lambda run: (run / CONFIG).write_bytes(b" " * (2 << 20)), "damaged"),
    (lambda run: (run / CONFIG).unlink(), "not a textrae run"),
    (lambda run: (run / MODEL).unlink(), "model.safetensors: missing"),
    (lambda run: (run / TOKENIZER).unlink(), "tokenizer.model: missing; copy the run again"),
    (folder_for(MODEL), "model.safetensors: is a folder, where a run has a file"),
    (folder_for(CONFIG), "config.json: is a folder, where a run has a file"),
    (folder_for(TOKENIZER), "tokenizer.model: is a folder, where a run has a file"),
    (folder_for(LATENTS), "latents.safetensors: is a folder, where a run has a file"),
    (pipe_for(MODEL), "model.safetensors: is no regular file"),
    (loop_for(TOKENIZER), "tokenizer.model: is a symbolic link that leads back to itself"),
    (lambda run: shutil.rmtree(run), "no such run folder"),
]


@pytest.mark.parametrize(("damage", "said"), DAMAGES)
def test_what_is_wrong_is_said_in_one_line(
    run: Path, tmp_path: Path, damage: Callable[[Path], None], said: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    damage(copy)
    if not said:  # what is not understood and decides nothing is ignored
        load_run(copy)
        return
    with pytest.raises(RunError, match=said) as caught:
        load_run(copy)
    assert "\n" not in str(caught.value)
    assert str(copy) in str(caught.value)


def edit(run: Path, part: str | None = None, **values: object) -> None:
    config = json.loads((run / CONFIG).read_text())
    (config if part is None else config[part]).update(values)
    (run / CONFIG).write_text(json.dumps(config))


UPGRADE = f"written by textrae 12.0.1; this is {__version__}: upgrade textrae"


@pytest.mark.parametrize("part", ["model", "corpus", "training"])
def test_a_run_of_a_newer_textrae_says_upgrade(run: Path, tmp_path: Path, part: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    edit(copy, part, telepathy=True)
    for read in (load_run, load_settings):
        with pytest.raises(RunError, match=r"has telepathy, which is no setting of textrae .*upgrade"):
            read(copy)
    edit(copy, textrae="12.0.1")
    for read in (load_run, load_settings):
        with pytest.raises(RunError) as caught:
            read(copy)
        assert str(caught.value) == f"{copy / CONFIG}: {UPGRADE}"


def test_what_a_newer_textrae_writes_otherwise_is_no_damage(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    edit(copy, textrae="12.0.1")
    assert load_run(copy).settings == load_run(run).settings  # while this one understands it all, it reads it
    for damage, said in (
        (lambda: edit(copy, kind="images"), f"{copy / CONFIG}: a run of another kind; {UPGRADE}"),
        (lambda: edit(copy, kind="text", format=2), f"newer than 1, which this textrae reads; {UPGRADE}"),
        (
            lambda: edit(copy, "model", hidden=64),
            f"does not fit the model that config.json describes; {UPGRADE}",
        ),
        (lambda: edit(copy, "model", hidden=48, pooling="mean"), f"(damaged or mixed files); {UPGRADE}"),
        (lambda: edit(copy, "training", lr="fast"), f"{copy / CONFIG}: {UPGRADE}"),
    ):
        damage()
        with pytest.raises(RunError) as caught:
            load_run(copy)
        assert str(caught.value).endswith(said)
        edit(copy, format=1)


@pytest.mark.parametrize("version", ["0.0.9", __version__, "x", "99" * 9, "1" * 10_000, 7, None])
def test_other_versions_are_no_excuse(run: Path, tmp_path: Path, version: object) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    edit(copy, "training", lr="fast")
    edit(copy, textrae=version)
    with pytest.raises(RunError, match=r"damaged or edited.*copy the run again"):
        load_run(copy)


def test_a_run_knows_the_length_of_its_sentences(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    edit(copy, "corpus", max_length="auto")
    for read in (load_run, load_settings):
        with pytest.raises(RunError, match="`max_length`: no corpus has decided what auto is"):
            read(copy)


@pytest.mark.parametrize("name", [CONFIG, MODEL, TOKENIZER, LATENTS])
def test_a_file_that_may_not_be_read_is_not_missing(
    run: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    original = Path.open

    def refused(self: Path, *args: Any, **more: Any) -> Any:
        if self.name == name:
            raise PermissionError(13, "Permission denied", str(self))
        return original(self, *args, **more)

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(RunError) as caught:
        load_run(run)
    assert str(caught.value) == f"{run / name}: may not be read by you; have its owner allow it (chmod)"


def test_what_is_no_run_is_told_for_what_it_is(run: Path, tmp_path: Path) -> None:
    give = "give the folder that `textrae train -o` wrote"
    train = "no such run folder; train one with `textrae train CORPUS -o"
    (tmp_path / "corpus.txt").write_text("A line.\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("gone")
    (tmp_path / "link").symlink_to(run)
    assert load_run(tmp_path / "link").settings == load_run(run).settings
    for place, said in (
        (tmp_path / "corpus.txt", f"is a file, not a run; {give}"),
        (run / MODEL, f"is a file, not a run; give its folder, {run}"),
        (tmp_path / "empty", f"is an empty folder, not a run; {give}"),
        (tmp_path, f"not a textrae run (it has no config.json); {give}"),
        (tmp_path / "loop", "is a symbolic link that leads back to itself; make it again"),
        (tmp_path / "dangling", f"is a symbolic link to gone, where nothing is; {give}"),
        (tmp_path / "none", f"{train} {tmp_path / 'none'}`"),
        (tmp_path / "corpus.txt" / "none", f"{train} {tmp_path / 'corpus.txt' / 'none'}`"),
    ):
        for read in (load_run, load_settings):
            with pytest.raises(RunError) as caught:
                read(place)
            assert str(caught.value) == f"{place}: {said}"


def test_a_folder_that_may_not_be_entered(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Path) -> Any:
        raise PermissionError(13, "Permission denied", str(self))

    for name in ("lstat", "iterdir"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, name, refused)
            with pytest.raises(RunError, match=f"{run}: may not be read by you"):
                load_run(run)


def test_a_pickle_is_never_read(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    torch.save({"weights": torch.zeros(2)}, copy / MODEL)
    with pytest.raises(RunError, match="truncated or damaged"):
        load_run(copy)


def test_a_setting_that_was_called_otherwise_is_still_read(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "old")
    values = json.loads((run / CONFIG).read_text())
    del values["training"]["noise_blank"]
    values["training"]["denoise"] = 0.25
    (tmp_path / "old" / CONFIG).write_text(json.dumps(values))
    assert load_run(tmp_path / "old").settings.training.noise_blank == 0.25


def test_the_fingerprint_is_that_of_what_decides_an_encoding(run: Path, tmp_path: Path) -> None:
    model = SentenceAutoencoder.load(run)
    first = model.run.fingerprint
    assert re.fullmatch("[0-9a-f]{16}", first)
    model.save(tmp_path / "saved")
    shutil.copytree(run, tmp_path / "copied")
    assert {load_run(tmp_path / name).fingerprint for name in ("saved", "copied")} == {first}
    parameters = dict(model.run.network.named_parameters())
    with torch.no_grad():
        for part, same in (("decoder.", True), ("bottleneck.", False)):
            next(values for name, values in parameters.items() if name.startswith(part)).view(-1)[0] += 1
            assert (model.run.fingerprint == first) == same
