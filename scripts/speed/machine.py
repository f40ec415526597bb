"""Peak speed of a machine, operations that a model needs, and medians of cases run in turn.

As a script it prints, as an object of JSON, what other scripts write beside their figures: :func:`facts`.
"""

from __future__ import annotations

import json
import platform
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from textrae.devices import choose_bf16, choose_device
from textrae.nn.cells import CELLS
from textrae.settings.model import ModelConfig

Sample = Callable[[], float]
"""A case that can be measured again and again."""


def facts(size: int = 2048) -> dict[str, Any]:
    """Measure the device that trainings take by default, in the precision that they take.

    Args:
        size: of the product whose speed is the peak (:func:`matrix_peak`).

    Returns:
        ``machine``: its name; ``precision``: bf16 or fp32; ``peak``: FLOP/s of a square product in it; ``commit``: of textrae.
    """
    device = choose_device("auto")
    bf16 = choose_bf16("auto", device)
    return {
        "machine": describe(device.type),
        "precision": "bf16" if bf16 else "fp32",
        "peak": matrix_peak(torch.bfloat16 if bf16 else torch.float32, size, device.type),
        "commit": commit(),
    }


def commit() -> str:
    """Return the commit of this checkout, with -dirty where files differ from it; "unknown" outside a checkout."""
    line = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def describe(device: str = "cpu") -> str:
    """Return processor and threads, or the card, and the version of torch in a line."""
    if device == "cuda":
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
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


if __name__ == "__main__":
    print(json.dumps(facts()))
