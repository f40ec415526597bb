"""`textrae train` as a user runs it: results, interruption, kill -9 and resumption."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support import command, environment, textrae, textrae_here

from textrae import CorpusConfig, SentenceAutoencoder
from textrae.settings.sizes import NUMBERS, SIZES, Size, numbers
from textrae.text.corpus import prepare
from textrae.training.following import Stopper

FAST = (
    "--hidden", 24, "--embedding", 16, "--slots", 0, "--latent", 12, "--vocab-size", 400, "--batch-tokens", 300
)  # fmt: skip


def test_trains_and_tells_what_it_read(corpus: Path, tmp_path: Path) -> None:
    done = textrae("train", corpus, "-o", tmp_path / "run", "--steps", 20, *FAST)
    assert done.returncode == 0, done.stderr
    said = done.stderr.decode()
    assert "read 1,200 lines from corpus.txt (1,200 distinct" in said
    assert "1,080 sentences to train on, 120 to validate on" in said
    assert "step 20  pass " in said
    assert "validation loss" in said
    assert done.stdout == b""
    names = {path.name for path in (tmp_path / "run").iterdir()}
    files = {"README.md", "config.json", "modules.json", "metrics.jsonl", "tokenizer.model"}
    assert names == files | {"model.safetensors", "latents.safetensors"}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_what_was_trained_as_json(corpus: Path, tmp_path: Path) -> None:
    done = textrae_here("train", corpus, "-o", tmp_path / "run", "--steps", 4, *FAST, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    stored = json.loads((tmp_path / "run" / "config.json").read_text())["result"]
    assert told == {"run": str(tmp_path / "run"), "kind": "text", **stored}
    assert (told["finished"], told["step"], told["corpus"]["lines"]) == (True, 4, 1_200)
    assert told["seconds"] > 0
    (tmp_path / "s.csv").write_text("1\n2\n\n3\n4\n" * 5)
    line = ("train", "--series", tmp_path / "s.csv", "-o", tmp_path / "series", "--steps", 2, "--hidden", 4)
    told = json.loads(textrae_here(*line, "--json").stdout)
    assert (told["run"], told["kind"], told["step"]) == (str(tmp_path / "series"), "series", 2)


def test_reads_standard_input_and_a_config_file(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('cell = "rnn"\nhidden = 99\nsteps = 5\n[training]\n')
    out = tmp_path / "run"
    done = textrae_here(
        "train", "-", "-o", out, "--config", tmp_path / "c.toml", *FAST, stdin=corpus.read_bytes()
    )
    assert done.returncode == 0, done.stderr
    config = json.loads((out / "config.json").read_text())
    assert (config["model"]["cell"], config["model"]["hidden"]) == ("rnn", 24)  # a switch wins
    assert config["result"]["step"] == 5
    again = textrae_here(
        "train", corpus, "-o", out, "--overwrite", "--config", tmp_path / "c.toml", "--epochs", 1, *FAST
    )
    assert again.returncode == 0, again.stderr  # and its budget stands for the file's
    assert json.loads((out / "config.json").read_text())["training"]["steps"] is None


def test_a_validation_file_and_a_cache_elsewhere(corpus: Path, tmp_path: Path) -> None:
    valid = tmp_path / "valid.txt"
    valid.write_text("A dog sees the moon.\nThe cat sleeps.\n")
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "tokenizer.model").write_text("somebody's")
    out = tmp_path / "run"
    done = textrae_here(
        "train", corpus, "-o", out, "--valid", valid, "--cache-dir", cache, "--steps", 5, *FAST
    )
    assert done.returncode == 0, done.stderr
    assert "2 to validate on from valid.txt" in done.stderr.decode()
    assert [path.name for path in cache.iterdir()] == ["tokenizer.model"]
    assert (cache / "tokenizer.model").read_text() == "somebody's"
    inside = textrae_here("train", corpus, "-o", out, "--overwrite", "--cache-dir", out, "--steps", 5, *FAST)
    assert inside.returncode == 0, inside.stderr
    assert textrae_here("info", out).returncode == 0


@pytest.mark.parametrize("gone", [False, True], ids=["there", "gone"])
def test_resuming_finds_the_cache_that_lies_elsewhere(corpus: Path, tmp_path: Path, gone: bool) -> None:
    out, cache = tmp_path / "run", tmp_path / "cache"
    stopped(60, *words(corpus, out, 120, "--cache-dir", cache))
    first = (out / "metrics.jsonl").read_text().splitlines()[0]
    if gone:
        shutil.rmtree(cache)
    done = textrae_here("train", "--resume", "-o", out)
    assert done.returncode == 0, done.stderr
    assert (out / "metrics.jsonl").read_text().splitlines()[0] == first  # it went on, and did not begin anew
    assert ("its token cache is gone" in done.stderr.decode()) == gone
    steps = [json.loads(line)["step"] for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert steps[-1] == 120
    assert not cache.exists() or not list(cache.iterdir())


def test_resuming_on_another_corpus_is_refused(corpus: Path, tmp_path: Path) -> None:
    """Where the cache is gone and cannot be made again as it was."""
    grown, out = tmp_path / "grown.txt", tmp_path / "run"
    grown.write_text(corpus.read_text())
    stopped(5, *words(grown, out, 120))
    (out / "checkpoint" / "train.arrow").unlink()
    with grown.open("a") as stream:
        stream.write("One sentence more.\n")
    for _ in range(2):  # and again: what was made anew is not taken for what was there
        refused = textrae_here("train", "--resume", "-o", out)
        assert refused.returncode == 1
        assert b"does not give the same one again" in refused.stderr
    assert (out / "checkpoint" / "training.safetensors").exists()


def test_another_corpus_in_the_place_of_the_cache_is_not_trained_on(corpus: Path, tmp_path: Path) -> None:
    """But the training goes on to the same weights."""
    out = tmp_path / "run"
    assert textrae_here(*words(corpus, tmp_path / "whole", 60)).returncode == 0
    stopped(30, *words(corpus, out, 60))
    other = tmp_path / "other.txt"
    other.write_text(corpus.read_text().upper())
    prepare([str(other)], CorpusConfig(vocab_size=400), out / "checkpoint").close()
    done = textrae_here("train", "--resume", "-o", out)
    assert done.returncode == 0, done.stderr
    assert b"its token cache is gone; it is made again from the corpus" in done.stderr
    for name in ("model.safetensors", "tokenizer.model"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def words(corpus: Path, out: Path, steps: int, *more: object) -> tuple[object, ...]:
    often = ("--checkpoint-minutes", 0.001, "--word-dropout", 0.1)
    return "train", corpus, "-o", out, "--steps", steps, *often, *FAST, *more


def start(corpus: Path, out: Path, steps: int, *more: object) -> subprocess.Popen[bytes]:
    line = [command(), *map(str, words(corpus, out, steps, *more))]
    pipe = subprocess.PIPE
    return subprocess.Popen(line, stdout=pipe, stderr=pipe, env=environment())


def stopped(step: int, *line: object) -> bytes:
    """Run a training in this process, which Ctrl-C reaches after a step; return what it says."""
    asked, ask = iter(range(step)), Stopper.__call__

    def stop(self: Stopper) -> bool:
        if next(asked, None) is None:
            signal.raise_signal(signal.SIGINT)
        return ask(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stopper, "__call__", stop)
        done = textrae_here(*line)
    assert done.returncode == 130, done.stderr
    return done.stderr


def wait_for_step(out: Path, step: int) -> None:
    metrics = out / "metrics.jsonl"
    wait(lambda: metrics.exists() and f'"step": {step},' in metrics.read_text())


def wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_a_usable_run(
    corpus: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    out = tmp_path / "run"
    process = start(corpus, out, 100_000, "--json")
    wait_for_step(out, 50)
    process.send_signal(number)
    told, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert json.loads(told)["finished"] is False
    assert f"textrae train --resume -o {out}" in said.decode()
    assert b"Traceback" not in said
    assert (out / "checkpoint").is_dir()
    used = textrae_here("reconstruct", out, stdin=b"A dog sees his ball today.\n")
    assert (used.returncode, used.stdout.count(b"\n")) == (0, 1)


@pytest.mark.usefixtures("hangups")
def test_a_terminal_that_closes_leaves_a_usable_run(corpus: Path, tmp_path: Path) -> None:
    """Whose signal comes with an end of all that can be written there."""
    out = tmp_path / "run"
    ours, theirs = os.openpty()
    args = ["train", corpus, "-o", out, "--steps", 100_000, *FAST]
    process = subprocess.Popen(
        [command(), *map(str, args)], stdin=theirs, stdout=theirs, stderr=theirs, env=environment(),
        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(theirs)
    deadline = time.monotonic() + 60
    while not (out / "metrics.jsonl").exists() and time.monotonic() < deadline:
        if select.select([ours], [], [], 0.02)[0]:
            os.read(ours, 1 << 16)  # what would fill the terminal
    os.close(ours)
    assert process.wait(60) == 129
    assert (out / "checkpoint" / "training.safetensors").exists()
    assert SentenceAutoencoder.load(out).run.training["finished"] is False


def test_a_reader_of_the_notes_that_leaves_stops_nothing(corpus: Path, tmp_path: Path) -> None:
    process = start(corpus, tmp_path / "run", 120)
    assert process.stderr is not None
    process.stderr.readline()
    process.stderr.close()
    assert process.wait(60) == 0
    assert json.loads((tmp_path / "run" / "config.json").read_text())["result"]["finished"] is True


def test_a_signal_before_training_leaves_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [command(), "train", "-", "-o", str(tmp_path / "run")],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(b"A line.\n")
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while not (tmp_path / "run").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("instant", ["reading", "training", "writing"])
def test_kill_9_and_resume_give_the_same_bits(
    instant: str, uncut: bytes, corpus: Path, tmp_path: Path
) -> None:
    """Wherever it is cut off; scripts/checks/kill_resume.py does it at many instants."""
    out = tmp_path / "run"
    process = start(corpus, out, 160)
    if instant == "reading":
        wait(out.exists)
    else:
        wait_for_step(out, 100 if instant == "training" else 160)
    process.kill()
    process.communicate()
    if (out / "checkpoint").exists() or not (out / "model.safetensors").exists():
        again = textrae_here(*words(corpus, out, 160, "--resume"))  # the same command, with --resume
        assert again.returncode == 0, again.stderr
    assert (out / "model.safetensors").read_bytes() == uncut
    assert not (out / "checkpoint").exists()


@pytest.fixture(scope="module")
def uncut(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The weights of a training that nothing interrupts."""
    out = tmp_path_factory.mktemp("uncut") / "run"
    assert textrae_here(*words(corpus, out, 160)).returncode == 0
    return (out / "model.safetensors").read_bytes()


def test_a_second_training_is_refused_and_told_of_the_first(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    first = start(corpus, out, 300)
    wait_for_step(out, 50)
    first.send_signal(signal.SIGSTOP)
    before = files_of(out)
    for args in ([corpus, "--overwrite"], ["--resume"]):
        second = textrae_here("train", *args, "-o", out)
        assert second.returncode == 1
        assert second.stderr.decode() == (
            f"error: {out}: process {first.pid} is training there; wait for it, stop it, or choose another folder\n"
        )
    assert files_of(out) == before
    first.kill()
    first.communicate()
    assert (out / "training.lock").exists()  # and means nothing any more
    done = textrae_here("train", "--resume", "-o", out)
    assert done.returncode == 0, done.stderr
    assert not (out / "training.lock").exists()


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_resuming_needs_no_settings_and_refuses_others(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = start(corpus, out, 120)
    wait_for_step(out, 50)
    process.kill()
    process.wait()
    unfinished = textrae_here("encode", out, corpus, "-o", tmp_path / "v.npy")
    assert unfinished.returncode == 1
    assert b"has not finished" in unfinished.stderr
    again = textrae_here("train", corpus, "-o", out)
    assert again.returncode == 1
    assert b"--resume" in again.stderr
    other = textrae_here("train", "-o", out, "--resume", "--hidden", 32)
    assert other.returncode == 2
    assert b"--hidden: the training to be resumed has 24, not 32" in other.stderr
    longer = textrae_here("train", "-o", out, "--resume", "--max-length", 64)
    assert longer.returncode == 2
    assert b"--max-length: the training to be resumed has 128, not 64" in longer.stderr
    done = textrae_here("train", "-o", out, "--resume", "--max-length", "auto")
    assert done.returncode == 0, done.stderr
    finished = textrae_here("train", "-o", out, "--resume")
    assert finished.returncode == 1
    assert b"finished" in finished.stderr


@pytest.mark.parametrize(
    ("switches", "shape", "said"),
    [
        ((), "small", "(4 steps see "),
        (("--size", "small"), "small", "size small: "),
        (("--model", "rae", "--size", "auto"), "small", "one vector of "),
        (("--config", "size.toml"), "small", "size small: "),
        (("--config", "size.toml", "--size", "base", "--hidden", 8), "base", "size base: 8 units"),
    ],
    ids=str,
)
def test_a_size_is_chosen_and_told(
    switches: tuple[object, ...], shape: Size, said: str, corpus: Path, tmp_path: Path
) -> None:
    (tmp_path / "size.toml").write_text('size = "small"\nvocab-size = 400\n')
    switches = tuple(tmp_path / one if one == "size.toml" else one for one in switches)
    done = textrae_here(
        "train", corpus, "-o", tmp_path / "run", "--steps", 4, "--batch-tokens", 64, *switches
    )
    assert done.returncode == 0, done.stderr
    (line,) = (line for line in done.stderr.decode().splitlines() if line.startswith("size "))
    assert said in line
    model = json.loads((tmp_path / "run" / "config.json").read_text())["model"]
    assert "size" not in model
    slots = 0 if "rae" in switches else SIZES[shape].slots
    expected = numbers(shape, {"slots": slots, **({"hidden": 8} if 8 in switches else {})})
    assert {name: model[name] for name in expected} == expected
    assert model["slots"] == slots


def test_a_size_is_chosen_once(corpus: Path, tmp_path: Path) -> None:
    """The same command goes on with what was chosen; another size, or a number of it, is refused."""
    out, sizes = tmp_path / "run", ("--embedding", 16, "--latent", 12, "--vocab-size", 400)
    args = (corpus, "-o", out, "--steps", 12, "--batch-tokens", 64, "--checkpoint-minutes", 0.001, *sizes)
    said = stopped(5, "train", *args)
    assert b"size small: " in said
    for switches, told in (
        (
            ("--size", "large"),
            f"--size: the training to be resumed has --hidden {SIZES['small'].hidden}, not {SIZES['large'].hidden}; leave it out",
        ),
        (
            ("--hidden", 8),
            f"--hidden: the training to be resumed has {SIZES['small'].hidden}, not 8; leave it out",
        ),
        (("--size", "none"), "--size: 'none' is no size; there are auto, small, base, large"),
    ):
        refused = textrae_here("train", *args, "--resume", *switches)
        assert refused.returncode == 2
        assert refused.stderr.decode() == f"error: {told}\n"
    for switches in (("--size", "small", "--steps", 12), ("--size", "auto")):
        done = textrae_here("train", *args, "--resume", *switches)
        assert done.returncode == (0 if "small" in switches else 1), done.stderr
        assert b"size " not in done.stderr


@pytest.mark.parametrize(
    ("switches", "said"),
    [
        (("--size", "huge"), "--size: 'huge' is no size; there are auto, small, base, large"),
        (
            ("--size", "base", *(word for name in NUMBERS for word in (f"--{name}", 4))),
            "--size: it decides --hidden, --embedding, --slots, --latent, which are given; leave it out",
        ),
        (("--size", "base", "--encoder", "run"), "--size: a trained part comes with its own; leave it out"),
        (("--model", "xrae"), "--model xrae: there are rae, brae, vrae, ara, hrae"),
    ],
    ids=str,
)
def test_a_size_without_effect_is_refused(
    switches: tuple[object, ...], said: str, corpus: Path, tmp_path: Path
) -> None:
    done = textrae_here("train", corpus, "-o", tmp_path / "run", "--steps", 4, *switches)
    assert (done.returncode, done.stderr.decode()) == (2, f"error: {said}\n")
    assert not (tmp_path / "run").exists()
