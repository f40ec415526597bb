"""The size that a training's model gets: what was measured, what the corpus adds, what is told, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import SMALL, TEXT, sentences
from support import make_trainer

from textrae import CorpusConfig, ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError
from textrae.settings import sizes
from textrae.settings.run import Settings
from textrae.settings.sizes import NUMBERS, SIZES, Dialled
from textrae.text.corpus import prepare
from textrae.text.from_vectors import prepare_given
from textrae.text.parallel import prepare_pairs
from textrae.text.prepared import PreparedCorpus
from textrae.training.dial import Dial, Ground, batch_for, pace, shaped, turned
from textrae.training.job import Watch
from textrae.training.pipeline import train_run


@pytest.fixture(scope="module")
def prepared(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> PreparedCorpus:
    return prepare([str(corpus)], TEXT, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def paragraphs(tmp_path_factory: pytest.TempPathFactory) -> PreparedCorpus:
    """Texts of a dozen sentences, and in every sixth place a sentence."""
    folder, lines = tmp_path_factory.mktemp("long"), sentences()
    texts = [" ".join(lines[n : n + (1 if n % 6 == 0 else 12)]) for n in range(0, 1_000, 5)]
    (folder / "long.txt").write_text("\n".join(texts) + "\n")
    return prepare([str(folder / "long.txt")], CorpusConfig(vocab_size=400), folder / "cache")


BASE, LARGE = SIZES["base"], SIZES["large"]


def ground(
    corpus: PreparedCorpus, budget: TrainingConfig, pace: Callable[[ModelConfig], float] | None = None
) -> Ground:
    """A machine of known speeds; without them it must not be measured."""

    def measured(model: ModelConfig, seconds: float) -> float:
        assert pace is not None
        return pace(model)

    return Ground(config=budget, corpus=corpus, pace=measured, fits=lambda model: True)


def numbers_of(model: ModelConfig) -> tuple[int, ...]:
    return tuple(getattr(model, name) for name in NUMBERS)


def test_what_was_given_stays(prepared: PreparedCorpus) -> None:
    model, dial = shaped({"hidden": 24, "latent": 6, "cell": "lstm"}, "large")
    assert dial == Dial("large", frozenset({"embedding", "slots"}))
    assert numbers_of(model) == (24, LARGE.embedding, LARGE.slots, 6)
    found, told = turned(model, dial, ground(prepared, TrainingConfig(steps=1)))
    assert found == model
    assert told == f"size large: 24 units, {LARGE.slots} slots × 6 numbers"
    assert turned(model, Dial(), ground(prepared, TrainingConfig())) == (model, "")


def test_a_budget_in_steps_or_passes_is_counted(
    prepared: PreparedCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, dial = shaped({})
    text = prepared.stats.train_tokens + prepared.stats.train_rows
    for budget, tokens, said in (
        (TrainingConfig(steps=5_000, batch_tokens=100), 500_000, "5,000 steps see 500.0 k tokens"),
        (TrainingConfig(epochs=1.5), int(1.5 * text), "1.5 epochs see "),
    ):
        for most, size in ((tokens, "base"), (tokens + 1, "small")):
            monkeypatch.setattr(sizes, "FEW_TOKENS", most)
            found, told = turned(model, dial, ground(prepared, budget))
            assert found == ModelConfig.sized(size)  # type: ignore[arg-type]
            assert told.startswith(
                f"size {size}: {found.hidden} units, {found.slots} slots × {found.latent} numbers ("
            )
            assert said in told


def test_a_budget_in_minutes_is_measured(prepared: PreparedCorpus, monkeypatch: pytest.MonkeyPatch) -> None:
    model, dial = shaped({"cell": "rnn"})
    for name, value in (("FEW_TOKENS", 4e5), ("MANY_TOKENS", 6e7), ("LARGE_CORPUS", 1)):
        monkeypatch.setattr(sizes, name, value)
    for speed, minutes, size, said in (
        (
            31_234.0,
            10.0,
            "base",
            "this machine trains about 31,000 tokens/s, so 10 minutes see 18.7 M tokens",
        ),
        (
            31_234.0,
            None,
            "base",
            "this machine trains about 31,000 tokens/s, so 10 minutes see 18.7 M tokens",
        ),
        (2_512.0, 0.2, "small", "trains base at about 2,500 tokens/s, so 0.2 minutes see 30.1 k tokens"),
        (1e6, 10.0, "large", "this machine trains about 500,000 tokens/s, so 10 minutes see 300.0 M tokens"),
        (1.9e5, 10.0, "base", "this machine trains about 190,000 tokens/s, so 10 minutes see 114.0 M tokens"),
    ):
        measured: list[int] = []

        def pace(model: ModelConfig, speed: float = speed, measured: list[int] = measured) -> float:
            assert model.cell == "rnn"
            measured.append(model.hidden)
            return speed if model.hidden == BASE.hidden else speed / 2

        found, told = turned(model, dial, ground(prepared, TrainingConfig(minutes=minutes), pace))
        assert found == ModelConfig.sized(size, cell="rnn")  # type: ignore[arg-type]
        assert said in told
        assert measured == ([BASE.hidden, LARGE.hidden] if speed > 1e5 else [BASE.hidden])


def test_a_moment_is_short_in_a_short_training(prepared: PreparedCorpus) -> None:
    model, dial = shaped({})
    for minutes, longest in ((0.1, 0.18), (60.0, 2.0)):
        asked: list[float] = []
        where = ground(prepared, TrainingConfig(minutes=minutes))

        def pace(model: ModelConfig, seconds: float, asked: list[float] = asked) -> float:
            asked.append(seconds)
            return 1_000.0

        turned(model, dial, replace(where, pace=pace))
        assert asked == [pytest.approx(longest)]


def test_long_texts_get_more_slots_than_sentences(
    prepared: PreparedCorpus, paragraphs: PreparedCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = TrainingConfig(steps=1)
    monkeypatch.setattr(sizes, "TOKENS_A_SLOT", 1.0)
    for size, of in SIZES.items():
        model, dial = shaped({}, size)
        assert turned(model, dial, ground(prepared, budget))[0] == model
        found, told = turned(model, dial, ground(paragraphs, budget))
        assert (found.slots, found.latent) == (128, of.latent)
        assert (
            f"128 slots × {of.latent} numbers (more slots than {of.slots}, as a tenth of the texts have over"
            in told
        )
    for fixed in ({"slots": 16}, {"memory": "states"}, {"hierarchical": True}, {"variational": True}):
        model, dial = shaped(fixed, "base")
        assert turned(model, dial, ground(paragraphs, budget))[0] == model
    model, dial = shaped(dict.fromkeys(("hidden", "embedding", "latent"), 8))
    found, told = turned(model, dial, ground(paragraphs, TrainingConfig(minutes=1)))  # nothing is measured
    assert numbers_of(found) == (8, 8, 128, 8)
    assert told.startswith("8 units, 128 slots × 8 numbers (more slots than")


def test_a_translator_gets_few_large_slots(corpus: Path, tmp_path: Path) -> None:
    pairs = prepare_pairs([str(corpus)], [str(corpus)], TEXT, tmp_path, [], lambda line: None)
    model, dial = shaped({})
    for size, of in SIZES.items():
        found, _ = turned(model, replace(dial, size=size), ground(pairs, TrainingConfig(steps=1)))
        assert (found.slots, found.latent) == (of.slots // 4, of.latent * 4)
    model, dial = shaped({"slots": 0}, "base")
    assert turned(model, dial, ground(pairs, TrainingConfig(steps=1)))[0] == model


def test_what_is_numbered_does_not_translate(corpus: Path, tmp_path: Path) -> None:
    numbered = prepare_given([str(corpus)], None, TEXT, tmp_path)
    model, dial = shaped({}, "small")
    assert turned(model, dial, ground(numbered, TrainingConfig(steps=1)))[0] == model


def test_what_has_one_vector_keeps_it(prepared: PreparedCorpus) -> None:
    budget = TrainingConfig(steps=1)
    for given, said in (
        ({"slots": 0}, f"one vector of {LARGE.vector} numbers"),
        ({"memory": "states"}, "all states as memory"),
        ({"hierarchical": True}, f"one vector of {LARGE.vector} numbers"),
    ):
        model, dial = shaped(given, "large")  # type: ignore[arg-type]
        assert numbers_of(model) == (LARGE.hidden, LARGE.embedding, 0, LARGE.vector)
        assert turned(model, dial, ground(prepared, budget)) == (
            model,
            f"size large: {LARGE.hidden:,} units, {said}",
        )
        model, dial = shaped(given)  # type: ignore[arg-type]
        small = ModelConfig.sized("small", **given)  # type: ignore[arg-type]
        assert turned(model, dial, ground(prepared, budget))[0] == small
    assert shaped({}, vectors=True)[0].slots == 0
    assert shaped({"slots": 4}, vectors=True)[0].slots == 4


@pytest.mark.parametrize(
    ("given", "size", "begun", "said"),
    [
        ({}, "huge", False, "'huge' is no size; there are auto, small, base, large"),
        ({}, "base", True, "a trained part comes with its own; leave it out"),
        (dict.fromkeys(NUMBERS, 8), "base", False, "it decides `hidden`, .* are given; leave it out"),
    ],
    ids=str,
)
def test_a_size_without_effect_is_refused(
    given: dict[str, int], size: Dialled, begun: bool, said: str
) -> None:
    with pytest.raises(ConfigError, match=f"^`size`: {said}$"):
        shaped(given, size, begun=begun)


def test_a_trained_part_leaves_nothing_open() -> None:
    assert shaped({}, begun=True)[1].free == frozenset()
    assert shaped(dict.fromkeys(NUMBERS, 8))[1].free == frozenset()


@pytest.mark.parametrize("switches", [{}, {"slots": 2}, {"variational": True, "regulariser": "adversarial"}])
def test_a_pace_is_measured_without_learning(switches: dict[str, Any]) -> None:
    trainer = make_trainer(TrainingConfig(batch_tokens=64, precision="fp32"), **switches)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    found = pace(trainer, 0.05)
    assert 100 < found < 1e8
    assert all((value == before[name]).all() for name, value in trainer.network.state_dict().items())


def test_what_is_chosen_is_trained_as_if_it_had_been_given(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The measuring leaves no trace in the weights that training begins with, and in what is drawn then."""
    for size in ("small", "base"):
        monkeypatch.setitem(SIZES, size, SIZES[size]._replace(hidden=12 if size == "small" else 20))  # type: ignore[index]
    training = TrainingConfig(minutes=0.01, precision="fp32", device="cpu")
    found, hidden = [], []
    for few, size in ((1e12, "small"), (1e12, "auto"), (0, "auto")):
        monkeypatch.setattr(sizes, "FEW_TOKENS", few)
        notes: list[str] = []

        def stop(drawn: list[Any] = found) -> bool:
            drawn.append(torch.get_rng_state())
            return True

        model = SentenceAutoencoder.train(
            corpus, None, training, text=TEXT, size=size, watch=Watch(note=notes.append, should_stop=stop)
        )  # type: ignore[arg-type]
        found.append(model.run.network.bottleneck.state_dict())
        hidden.append(model.run.settings.model.hidden)
        assert sum(note.startswith("size ") for note in notes) == 1
        assert any("this machine trains" in note for note in notes) == (size == "auto")
    assert hidden == [12, 12, 20]
    assert (found[0] == found[2]).all()
    assert all((value == found[1][name]).all() for name, value in found[3].items())


def test_a_model_in_memory_is_of_the_size_asked_for(corpus: Path) -> None:
    budget = TrainingConfig(steps=1)
    with pytest.raises(ConfigError, match=r"^`size`: it decides"):
        SentenceAutoencoder.train(corpus, ModelConfig(hidden=8), budget, text=TEXT, size="small")
    with pytest.raises(ConfigError, match=r"^`size`: 'tiny' is no size"):
        SentenceAutoencoder.train(corpus, None, budget, text=TEXT, size="tiny")  # type: ignore[arg-type]
    model = SentenceAutoencoder.train(corpus, None, budget, text=TEXT)
    assert model.run.settings.model == ModelConfig.sized("small")


def test_batches_grow_while_a_gpu_gains_by_it() -> None:
    speeds = {1_024: 100.0, 2_048: 180.0, 4_096: 300.0, 8_192: 320.0, 16_384: 900.0}
    assert batch_for(speeds.__getitem__) == (4_096, [100.0, 180.0, 300.0])
    # memory does not suffice for more
    assert batch_for(lambda tokens: float(tokens if tokens < 10_000 else 0)) == (
        8_192,
        [1_024, 2_048, 4_096, 8_192],
    )
    assert batch_for(float)[0] == 1 << 17


def test_a_processor_has_batches_of_the_usual_size_and_a_run_keeps_it(corpus: Path, tmp_path: Path) -> None:
    notes: list[str] = []
    training = TrainingConfig(steps=6, batch_tokens="auto", device="cpu", precision="fp32")
    settings = Settings(SMALL, TEXT, training, (str(corpus),))
    asked = iter(range(9))
    watch = Watch(note=notes.append, should_stop=lambda: next(asked) >= 2)
    assert not train_run(settings, tmp_path / "run", watch=watch)[1]
    assert "`batch_tokens=auto`: 1,024 on a processor" in notes
    run, finished = train_run(settings, tmp_path / "run", resume=True)
    assert finished
    assert run.settings.training.batch_tokens == 1_024
    with pytest.raises(ConfigError, match="`batch_tokens`: no device has decided"):
        _ = training.batch
