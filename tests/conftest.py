"""A small corpus of many sentences and a small run trained on it, made once."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from hypothesis import settings
from standin import StandIn

from textrae import CorpusConfig, ModelConfig, SentenceAutoencoder, TrainingConfig

SMALL = ModelConfig(hidden=48, embedding=32, slots=0, latent=24)
TEXT = CorpusConfig(vocab_size=400, max_length=20)

torch.set_num_threads(1)  # a process a core, as pytest-xdist runs them
# the same examples every time, however slow the machine: scripts/checks draws others, and many more
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")


def sentences() -> list[str]:
    """1,200 distinct sentences of 5 or 6 words."""
    who = ["A dog", "The cat", "My friend", "A child", "The waiter"]
    what = ["sees", "likes", "finds", "takes"]
    which = ["a red", "the old", "a small", "the good", "his"]
    thing = ["ball", "house", "book", "car", "apple", "tree"]
    where = ["today.", "again!"]
    return [" ".join(words) for words in itertools.product(who, what, which, thing, where)]


def once(place: Path, make: Callable[[Path], None]) -> Path:
    """Make a file or a folder, unless another process of the tests has made it."""
    done = place.with_name(f"{place.name}.done")
    with FileLock(f"{place}.lock"):
        if not done.exists():
            make(place)
            done.touch()
    return place


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all processes of the tests, for what is made once and changed by no test."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "kept"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def corpus(kept: Path) -> Path:
    def make(path: Path) -> None:
        path.write_text("\n".join(sentences()) + "\n", encoding="utf-8")

    return once(kept / "corpus.txt", make)


@pytest.fixture(scope="session")
def run(corpus: Path, kept: Path) -> Path:
    """A run folder whose model rebuilds most sentences of the corpus."""
    training = TrainingConfig(steps=350, lr=1e-2, seed=0, precision="fp32")

    def make(out: Path) -> None:
        SentenceAutoencoder.train(corpus, SMALL, training, text=TEXT, out=out)

    return once(kept / "run", make)


@pytest.fixture(scope="session")
def model(run: Path) -> SentenceAutoencoder:
    return SentenceAutoencoder.load(run)


@pytest.fixture(scope="session")
def vae_run(corpus: Path, kept: Path) -> Path:
    """A run folder with a variational model of the corpus."""
    training = TrainingConfig(steps=350, lr=1e-2, seed=0, precision="fp32", beta=0.05)

    def make(out: Path) -> None:
        SentenceAutoencoder.train(corpus, replace(SMALL, variational=True), training, text=TEXT, out=out)

    return once(kept / "vae", make)


@pytest.fixture(scope="session")
def vae(vae_run: Path) -> SentenceAutoencoder:
    return SentenceAutoencoder.load(vae_run)


LINES = [*sentences()[:30], "", "  ", "A dog\u2028sees", "x " * 50, *sentences()[40:50]]
"""Lines of which some are blank, odd or too long."""


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_bytes("\n".join(LINES).encode() + b"\n")
    return path


@pytest.fixture
def interrupts() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt, as in a program of its own, also where the tests themselves ignore it (`&`)."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def hangups() -> Iterator[None]:
    """SIGHUP ends what a test starts, as a terminal has it, also where the tests themselves ignore it (`nohup`)."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A local hub that this process and those it starts know as the only one, with a cache of its own and no token."""
    from huggingface_hub import constants

    standin, home = StandIn(), tmp_path / "hf"
    cache, token = str(home / "hub"), str(home / "token")
    variables = {"HF_ENDPOINT": standin.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_CACHE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    known = {
        "ENDPOINT": standin.url,
        "HUGGINGFACE_CO_URL_TEMPLATE": standin.url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_CACHE": cache,
        "HF_TOKEN_PATH": token,
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_OFFLINE": False,
    }
    for name, value in known.items():
        monkeypatch.setattr(constants, name, value)
    yield standin
    standin.close()
