"""What is asked of the C library."""

from __future__ import annotations

import resource
import sys

import pytest
import torch

from textrae.devices import keep_freed_memory


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone")
def test_large_tensors_take_the_same_pages_again() -> None:
    keep_freed_memory()
    for _ in range(15):
        torch.ones(10_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(10_000_000)  # 10,000 pages each, if they were new
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 5_000
