"""Install the wheel by itself, and then with one extra at a time, and use what the extra is for.

    python scripts/checks/extras.py [--only onnx serve]

Builds the wheel, installs it into a clean environment, trains a tiny model there, and tries each extra in an environment of its own
that has the core and nothing else. First the extra's use must end in an error that names the extra, of commands in one line; after
`pip install "textrae[EXTRA]"` it must work. Exits 1 unless all do. It needs a package index, some 10 GB of disk for a moment, and
20 minutes, and leaves nothing behind.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVED = """
import subprocess, sys, time, urllib.request
server = subprocess.Popen([sys.executable, "-m", "textrae", "serve", "run", "--port", "18765"], stderr=subprocess.PIPE, text=True)
try:
    for _ in range(600):
        if server.poll() is not None:
            print(server.stderr.read(), file=sys.stderr, end="")
            sys.exit(server.returncode)
        try:
            sys.exit(urllib.request.urlopen("http://127.0.0.1:18765/health").status != 200)
        except OSError:
            time.sleep(0.1)
finally:
    server.kill()
"""
UNFOLDED = """
import asyncio, sys
from textrae import SentenceAutoencoder, TextraeError
from textrae.server.unfolding import Unfolding
if __name__ == "__main__":
    vectors = SentenceAutoencoder.load("run").encode([f"A dog sees {number} cats." for number in range(20)])
    try:
        assert asyncio.run(Unfolding().places(vectors)).shape == (20, 2)
    except TextraeError as error:
        sys.exit(f"error: {error}")
"""
USES: dict[str, list[str]] = {
    "ann": ["-m", "textrae", "index", "run", "few.txt", "-o", "index", "--approximate"],
    "plot": ["-m", "textrae", "plot", "run", "--what", "curves", "-o", "curves.png"],
    "serve": ["-c", SERVED],
    "umap": ["-c", UNFOLDED],
    "ray": ["-m", "textrae", "encode", "run", "few.txt", "-o", "parts", "--engine", "ray"],
    "sklearn": [
        "-c",
        "from textrae.integrations.scikit_learn import TextraeVectorizer as V; V('run').fit_transform(['A dog.'])",
    ],
    "onnx": ["-m", "textrae", "export", "run", "-o", "graphs"],
    "st": [
        "-c",
        "import textrae.integrations.sentence_transformers\nfrom sentence_transformers import SentenceTransformer as S\nS('run', trust_remote_code=True).encode(['A dog.'])",
    ],
    "tensorboard": [
        "-m",
        "textrae",
        "train",
        "few.txt",
        "-o",
        "run-tensorboard",
        "--steps",
        "2",
        "--track",
        "tensorboard",
    ],
    "wandb": ["-m", "textrae", "train", "few.txt", "-o", "run-wandb", "--steps", "2", "--track", "wandb"],
    "trackio": [
        "-m",
        "textrae",
        "train",
        "few.txt",
        "-o",
        "run-trackio",
        "--steps",
        "2",
        "--track",
        "trackio",
    ],
}


def ran(python: Path, words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, as a user does: with nothing of this checkout on its path."""
    own = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    own |= {
        "OMP_NUM_THREADS": "1",
        "WANDB_MODE": "offline",
        "RAY_USAGE_STATS_ENABLED": "0",
        "HF_HUB_OFFLINE": "1",
    }
    return subprocess.run([python, *words], cwd=folder, env=own, capture_output=True, text=True)


def fresh(place: Path, under: Path | None = None) -> Path:
    """Make an environment, which has what another one has where that is given; return its Python."""
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    if under is not None:
        (site,) = place.glob("lib/python*/site-packages")
        (below,) = under.glob("lib/python*/site-packages")
        (site / "core.pth").write_text(f"{below}\n", encoding="utf-8")
    return place / "bin" / "python"


def install(python: Path, what: str) -> None:
    """Install a requirement with the tested versions."""
    words = [
        python,
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "-c",
        ROOT / "constraints.txt",
        what,
    ]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{what}: {done.stderr}")


def core(work: Path) -> tuple[Path, str]:
    """Install the wheel without extras and train a tiny run with it; return the environment's folder and the wheel's name."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", work, ROOT], check=True, capture_output=True
    )
    (wheel,) = work.glob("textrae-*.whl")
    python = fresh(work / "core")
    install(python, str(wheel))
    text = (ROOT / "data" / "sentences.en.txt").read_text(encoding="utf-8").splitlines()[:600]
    (work / "few.txt").write_text("\n".join(text) + "\n", encoding="utf-8")
    for words in (
        ["train", "few.txt", "-o", "run", "--steps", "5"],
        ["reconstruct", "run", "few.txt", "-o", "back.txt"],
    ):
        done = ran(python, ["-m", "textrae", *words], work)
        if done.returncode:
            sys.exit(f"{words}: {done.stderr}")
    return work / "core", str(wheel)


def tried(extra: str, under: Path, wheel: str, work: Path) -> bool:
    """Use an extra without it and with it; print a row and return whether both were right."""
    began, place = time.monotonic(), work / f"with-{extra}"
    python = fresh(place, under)
    before = ran(python, USES[extra], work)
    told = f"textrae[{extra}]" in before.stderr
    # an import in Python raises ImportError; a command ends in one line
    refused = before.returncode != 0 and told and (USES[extra][0] == "-c" or "Traceback" not in before.stderr)
    install(python, f"{wheel}[{extra}]")
    after = ran(python, USES[extra], work)
    works = after.returncode == 0
    packages = len(list(place.glob("lib/python*/site-packages/*.dist-info")))
    print(f"| `{extra}` | {packages} | {refused} | {works} | {time.monotonic() - began:.0f} |", flush=True)
    if not refused:
        print(f"without {extra}: {before.returncode} {before.stderr[-2000:]}", file=sys.stderr)
    if not works:
        print(f"with {extra}: {after.returncode} {after.stderr[-2000:]}", file=sys.stderr)
    shutil.rmtree(place)
    return refused and works


def main() -> None:
    """Try all, or those that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=sorted(USES), default=list(USES))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        under, wheel = core(work)
        print("| extra | packages it brings | refused without | works with it | s |\n|---|---:|---|---|---:|")
        good = [tried(extra, under, wheel, work) for extra in args.only]
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
