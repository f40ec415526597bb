"""Several processes train what one does."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file
from support import make_trainer, textrae_here
from together import EXACT, RANDOM, kept, trained, without_draws
from torch.distributed.run import get_args_parser

from textrae.errors import DeviceError, TrainingError
from textrae.settings.training import TrainingConfig
from textrae.training.loop import fit
from textrae.training.processes import ALONE, Processes, first_to_tell, place
from textrae.training.state import TrainingReport

SIZES = (2, 3)


@pytest.fixture(scope="module", params=SIZES)
def together(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """A number of processes, and the folder of what they have trained."""
    size, out = request.param, tmp_path_factory.mktemp("together")
    tests = Path(__file__).parents[1]
    words = ["torch.distributed.run", "--standalone", f"--nproc-per-node={size}", str(tests / "together.py")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tests), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    done = subprocess.run(
        [sys.executable, "-m", *words, str(out)],
        capture_output=True,
        text=True,
        env={**environment, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return size, out


def compared(out: Path, size: int, name: str, wanted: dict[str, torch.Tensor], bound: float) -> None:
    for rank in range(size):
        found = load_file(out / f"{name}.{rank}.safetensors")
        assert found["progress"].tolist() == wanted["progress"].tolist()
        for part, value in wanted.items():
            torch.testing.assert_close(
                found[part], value, atol=bound, rtol=bound, msg=lambda said, part=part: f"{part}: {said}"
            )


@pytest.mark.parametrize("name", EXACT)
def test_processes_train_what_one_does_with_larger_batches(together: tuple[int, Path], name: str) -> None:
    size, out = together
    reports: list[TrainingReport] = []
    trainer = without_draws(name, times=size, on_report=reports.append)
    compared(out, size, name, kept(trainer, reports), 1e-5)


@pytest.mark.parametrize("name", RANDOM)
def test_processes_draw_what_one_does_that_adds_up_as_many_batches(
    together: tuple[int, Path], name: str
) -> None:
    size, out = together
    reports: list[TrainingReport] = []
    trainer = trained(name, accumulate=size, on_report=reports.append)
    compared(out, size, name, kept(trainer, reports), 1e-5)


def test_a_stopped_training_goes_on_with_fewer_processes(together: tuple[int, Path], tmp_path: Path) -> None:
    size, out = together
    (tmp_path / "state").write_bytes((out / "state.safetensors").read_bytes())
    resumed, whole = (
        trained("noise", accumulate=size, **others) for others in ({"checkpoint": tmp_path / "state"}, {})
    )
    assert resumed.progress.step == whole.progress.step
    for name, value in whole.network.state_dict().items():
        torch.testing.assert_close(resumed.network.state_dict()[name], value, atol=1e-5, rtol=1e-5)


def test_more_processes_than_parts_are_refused(tmp_path: Path) -> None:
    trainer = make_trainer(TrainingConfig(steps=9), checkpoint=tmp_path / "state")
    asked = iter(range(9))
    trainer.should_stop = lambda: next(asked) >= 3
    assert not fit(trainer)
    again = make_trainer(TrainingConfig(steps=9), checkpoint=tmp_path / "state")
    again.processes = Processes(0, 2)
    with pytest.raises(TrainingError, match="into 1, too few for 2 processes"):
        fit(again)


def test_the_place_is_torchruns(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    assert place() == (0, 1)
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert place() == (0, 1)  # a scheduler's variables without torchrun's
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    monkeypatch.setenv("MASTER_PORT", "1")
    assert place() == (2, 4)
    assert not first_to_tell()
    monkeypatch.setenv("RANK", "4")
    with pytest.raises(DeviceError, match="RANK=4, WORLD_SIZE=4"):
        place()


def test_one_process_exchanges_nothing() -> None:
    values = torch.arange(3.0, requires_grad=True)
    assert ALONE.rows(values) is values
    assert ALONE.summed(values) is values
    assert ALONE.agreed([0.5], [True]) == ([0.5], [True])
    assert ALONE.wrapped(module := torch.nn.Linear(1, 1), torch.device("cpu")) is module
    with pytest.raises(ValueError, match="nobody to wait for"):
        ALONE.announced()


def test_the_examples_of_the_guide_are_well_formed() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")
    blocks = {
        kind: re.findall(rf"```{kind}\n(.*?)```", guide, re.DOTALL) for kind in ("yaml", "bash", "console")
    }
    (job,) = map(yaml.safe_load, blocks["yaml"])
    assert job["kind"] == "RayJob"
    (script,) = blocks["bash"]
    assert subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True).stderr == ""
    batch = re.sub(r"\$\((?:.|\n)*?\)|\"?\$\w+:?(\d*)\"?", r"1\1", script.replace("\\\n", " "))
    lines = [line for text in (*blocks["console"], batch) for line in text.splitlines() if "torchrun" in line]
    assert len(lines) == 3
    for line in lines:
        words = shlex.split(line[line.index("torchrun") :])[1:]
        parsed = get_args_parser().parse_args(words)
        assert (parsed.module, parsed.training_script) == (True, "textrae")
        done = textrae_here(*parsed.training_script_args, "--help")
        assert done.returncode == 0
        known = done.stdout.decode()
        assert all(word in known for word in parsed.training_script_args if word.startswith("--"))
