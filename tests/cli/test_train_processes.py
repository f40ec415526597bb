"""`textrae train` on two processes that torchrun starts, as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from support import environment, textrae_here

FAST = (
    "--hidden", 24, "--embedding", 16, "--slots", 0, "--latent", 12, "--vocab-size", 400, "--batch-tokens", 150,
    "--word-dropout", 0.1, "--precision", "fp32",
)  # fmt: skip


def start(*words: object) -> subprocess.Popen[str]:
    """Start a training on two processes."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    return subprocess.Popen(
        [*torchrun, "-m", "textrae", "train", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip


def wait_for_state(process: subprocess.Popen[str], out: Path) -> None:
    deadline = time.monotonic() + 120
    while not (out / "checkpoint" / "training.safetensors").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def same_weights(one: Path, other: Path) -> None:
    found, wanted = (load_file(out / "model.safetensors") for out in (one, other))
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, atol=1e-5, rtol=1e-5)


def test_two_processes_are_told_of_once_and_train_what_one_does(corpus: Path, tmp_path: Path) -> None:
    process = start(corpus, "-o", tmp_path / "two", "--steps", 30, *FAST, "--json")
    told, said = process.communicate(timeout=240)
    assert process.returncode == 0, said
    assert json.loads(told)["step"] == 30
    assert said.count("read 1,200 lines from corpus.txt") == 1
    assert said.count("step 30  pass ") == 1
    assert "fp32, 2 processes" in said
    assert "Warning" not in said
    alone = textrae_here("train", corpus, "-o", tmp_path / "one", "--steps", 30, *FAST, "--accumulate", 2)
    assert alone.returncode == 0, alone.stderr
    same_weights(tmp_path / "two", tmp_path / "one")
    names = [{path.name for path in (tmp_path / run).iterdir()} for run in ("two", "one")]
    assert names[0] == names[1]


def test_a_killed_process_ends_the_other_and_one_process_goes_on(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = start(corpus, "-o", out, "--steps", 150, "--checkpoint-minutes", 0.001, *FAST)
    wait_for_state(process, out)
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
    os.kill(int(found[-1]), signal.SIGKILL)
    _, said = process.communicate(timeout=60)  # it takes a second where nothing else runs
    assert process.returncode == 1
    assert said.count("another process of this training has ended or cannot be reached") <= 1
    assert "textrae_cli" not in said  # no traceback of ours, beside torchrun's report
    state = out / "checkpoint" / "training.safetensors"
    assert state.exists()
    resumed = textrae_here("train", "--resume", "-o", out)
    assert resumed.returncode == 0, resumed.stderr
    options = ("--steps", 150, "--checkpoint-minutes", 0.001, *FAST, "--accumulate", 2)
    assert textrae_here("train", corpus, "-o", tmp_path / "whole", *options).returncode == 0
    same_weights(out, tmp_path / "whole")
