"""Peak speed of a machine, operations that a model needs, and medians of cases run in turn."""

from __future__ import annotations

import platform
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from textrae.nn.cells import CELLS
from textrae.settings.model import ModelConfig

Sample = Callable[[], float]
"""A case that can be measured again and again."""


def describe() -> str:
    """Return processor, threads and version of torch in a line."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        name = names[0] if names else name
    return f"{name}, {torch.get_num_threads()} threads, torch {torch.__version__}"


def matrix_peak(dtype: torch.dtype, size: int = 2048, device: str = "cpu") -> float:
    """Measure FLOP/s of a square product (four times as wide on a GPU): the best of ten."""
    size *= 1 if device == "cpu" else 4
    a, b = torch.randn(2, size, size, device=device).to(dtype)
    wait = torch.cuda.synchronize if a.is_cuda else lambda: None

    def work() -> None:
        torch.mm(a, b)
        wait()

    return 2 * size**3 / _best(work)


def bandwidth(mebibytes: int = 256) -> float:
    """Measure bytes/s read and written by a copy: the best of ten."""
    a = torch.randn(mebibytes << 18)
    b = torch.empty_like(a)
    return 2 * 4 * len(a) / _best(lambda: b.copy_(a))


def _best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(12):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times[2:])


def encoder_flops(config: ModelConfig, tokens: int, sentences: int) -> float:
    """Count the operations of encoding from shapes; a multiply-add is two."""
    ways = 2 if config.bidirectional else 1
    width, total = config.embedding, 0
    for _ in range(config.layers):
        total += ways * CELLS[config.cell].gates * config.hidden * (width + config.hidden)
        width = ways * config.hidden
    return 2.0 * (tokens * total + sentences * width * config.encoding_size)


def decoder_flops(config: ModelConfig, vocabulary: int, tokens: int, sentences: int) -> float:
    """Count the operations of decoding from shapes, with the scores of the whole vocabulary."""
    gates, width, a_token, a_sentence = CELLS[config.cell].gates, config.embedding, 0, 0
    for _ in range(config.layers):
        a_token += gates * config.hidden * (width + config.hidden)
        a_sentence += (gates + CELLS[config.cell].parts) * config.hidden * config.encoding_size
        width = config.hidden
    a_token += config.hidden * config.embedding + config.embedding * vocabulary
    return 2.0 * (tokens * a_token + sentences * a_sentence)


def in_turn(cases: Mapping[str, Sample], repeats: int) -> dict[str, list[float]]:
    """Run every case once, then every case again, and so on, so that a disturbance affects all of them."""
    figures: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(repeats):
        for name, case in cases.items():
            figures[name].append(case())
    return figures


def spread(figures: list[float]) -> str:
    """Return median, range and number of figures."""
    return f"{statistics.median(figures):,.0f} (from {min(figures):,.0f} to {max(figures):,.0f}, n = {len(figures)})"


def peak_memory() -> float:
    """Return the peak memory of this process in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
