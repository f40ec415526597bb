"""Devices and precisions to compute with, and memory that is kept for reuse."""

from __future__ import annotations

import ctypes
import os
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

import torch

from textrae.errors import DeviceError

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Parameters of glibc's mallopt(3)."""
_LIMITS = "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"
"""Files of Linux that hold the memory that a container may use, in bytes."""


def autocast(device: torch.device, bf16: bool) -> AbstractContextManager[object]:
    """Return a context in which products are computed in bfloat16; without `bf16`, one that changes nothing."""
    return torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext()


def choose_device(name: str) -> torch.device:
    """Return the device of a name, and turn TF32 off for recurrences on a GPU.

    In TF32, which torch would take instead of float32, an encoding would depend on its batch: it has only 10 bits.

    Args:
        name: ``cpu``, ``cuda``, ``cuda:1`` for the second of several, ``mps``, or ``auto`` for a GPU if there is one.

    Raises:
        DeviceError: this machine does not have the device.
    """
    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    kind, _, number = name.partition(":")
    if has["cuda"]:
        torch.backends.cudnn.allow_tf32 = False
    if name == "auto":
        return torch.device("cuda" if has["cuda"] else "cpu")
    there = number.isdecimal() and len(number) < 4 and int(number) < torch.cuda.device_count()
    if not has.get(kind, False) or (name != kind and not there):
        raise DeviceError(
            f"`device={name}`: torch finds no such device here; give `device=auto` or `device=cpu`"
        )
    return torch.device(name)


def memory_of(device: torch.device) -> int | None:
    """Return the bytes of memory that a device has, or that this process may use of it; None if that is not known."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    try:
        found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (AttributeError, ValueError, OSError):
        return None
    for limit in _LIMITS:  # of a container
        with suppress(OSError, ValueError):
            found.append(int(Path(limit).read_text()))
    return min(found)


def choose_bf16(precision: str, device: torch.device) -> bool:
    """Return whether to compute in bf16: ``auto`` does where the hardware multiplies in it."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capable: bool = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return device.type == "cpu" and capable


def keep_freed_memory() -> None:
    """Make the C library keep freed memory for the next allocation, in the whole process.

    glibc returns a large tensor's pages to the system when it is freed, and the system clears them again for the next
    one: that can take 40 % of encoding in bfloat16. The commands call this, and your own program may. Nothing happens
    where there is no glibc.
    """
    with suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, (1 << 31) - 1)
        mallopt(_MMAP_MAX, 0)
