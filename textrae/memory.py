"""How the process keeps its memory."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Of glibc's mallopt(3)."""


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
