"""Where and in what precision to compute."""

from __future__ import annotations

import ctypes
from contextlib import AbstractContextManager, nullcontext, suppress

import torch

from textrae.errors import DeviceError

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Of glibc's mallopt(3)."""


def autocast(device: torch.device, bf16: bool) -> AbstractContextManager[object]:
    """Products in bfloat16, or nothing."""
    return torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext()


def choose_device(name: str) -> torch.device:
    """The device that a name stands for; ``auto`` takes a GPU where there is one, ``cuda:1`` the second of several.

    A GPU's recurrences are then computed in float32 where that is asked for, not in TF32, which torch would take: its 10 bits
    would make an encoding depend on its batch.

    Raises:
        DeviceError: it is not to be had here.
    """
    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    kind, _, number = name.partition(":")
    if has["cuda"]:
        torch.backends.cudnn.allow_tf32 = False
    if name == "auto":
        return torch.device("cuda" if has["cuda"] else "cpu")
    if not has.get(kind, False) or (number and int(number) >= torch.cuda.device_count()):
        raise DeviceError(
            f"--device {name}: there is none that torch can use here; give --device auto or cpu"
        )
    return torch.device(name)


def choose_bf16(precision: str, device: torch.device) -> bool:
    """Whether to compute in bf16; ``auto`` does where the hardware multiplies in it."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capable: bool = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return device.type == "cpu" and capable


def keep_freed_memory() -> None:
    """Have the C library keep what is freed for what is needed next.

    glibc gives a large tensor's pages back to the system when it is freed and has them cleared anew for the next one: of
    encoding in bfloat16 that can take 40 %. It concerns the whole process, so the commands ask for it, and a program of
    one's own may. Nothing happens where there is no glibc.
    """
    with suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, (1 << 31) - 1)
        mallopt(_MMAP_MAX, 0)
