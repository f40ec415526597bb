"""Devices and precisions by name, and what is asked of the C library."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import pytest
import torch

from textrae import devices
from textrae.devices import autocast, choose_bf16, choose_device, keep_freed_memory, memory_of
from textrae.errors import DeviceError


def test_devices_by_name() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    for name in ("tpu", "cuda:99"):
        with pytest.raises(DeviceError, match=f"`device={name}`: .* give `device=auto` or `device=cpu`"):
            choose_device(name)


def test_precisions_by_name() -> None:
    cpu = torch.device("cpu")
    assert choose_bf16("bf16", cpu)
    assert not choose_bf16("fp32", cpu)
    assert choose_bf16("auto", cpu) in (False, True)
    a = torch.ones(2, 2)
    for bf16, expected in ((True, torch.bfloat16), (False, torch.float32)):
        with autocast(cpu, bf16):
            assert (a @ a).dtype == expected


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has it")
def test_large_tensors_take_the_same_pages_again() -> None:
    keep_freed_memory()
    for _ in range(15):
        torch.ones(10_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(10_000_000)  # 10,000 pages each, if they were new
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 5_000


def test_memory_is_the_machines_or_the_containers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cpu, file = torch.device("cpu"), tmp_path / "memory.max"
    monkeypatch.setattr(devices, "_LIMITS", (str(file), str(tmp_path / "none")))
    whole = memory_of(cpu)
    assert whole is not None
    assert whole > 1 << 28
    for written, found in (("1000000\n", 1_000_000), ("max\n", whole), (f"{2**63}\n", whole)):
        file.write_text(written)
        assert memory_of(cpu) == found
