"""A run of sentences: saved, loaded, and everything that may be wrong with its folder."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from textrae import CorpusConfig, ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.errors import RunError
from textrae.runs.folder import CONFIG, LATENTS, MODEL, TOKENIZER
from textrae.runs.run import load_run

FILES = {"README.md", CONFIG, "metrics.jsonl", MODEL, LATENTS, TOKENIZER}


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


DAMAGES: list[tuple[Callable[[Path], None], str]] = [
    (truncate, "truncated or damaged"),
    (flip_a_bit, "damaged or mixed"),
    (forge_weights, "damaged or mixed"),
    (edit_config("format", 99), "newer than this textrae reads"),
    (edit_config("format", "x"), "not a textrae run"),
    (edit_config("hidden", 64), "does not fit"),
    (edit_config("pooling", "mean"), "damaged or mixed"),
    (edit_config("hidden", -1), "damaged or edited"),
    (edit_config("hidden", 10**9), "does not fit"),  # before the memory is asked for it
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
    (lambda run: (run / MODEL).unlink(), "missing"),
    (lambda run: (run / TOKENIZER).unlink(), "tokenizer"),
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
