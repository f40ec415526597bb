"""Translation: the same model and loop with another target, learnt on a toy language."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import SMALL, TEXT, sentences
from support import textrae_here as textrae

from textrae import CorpusConfig, ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError

WORDS = {
    "A": "ein",
    "The": "das",
    "My": "mein",
    "the": "das",
    "a": "ein",
    "his": "sein",
    "sees": "sieht",
    "finds": "findet",
}


def translated(sentence: str) -> str:
    """Words replaced, and the last two swapped."""
    words = [WORDS.get(word, word.upper()) for word in sentence.split()]
    words[-2:] = words[-2:][::-1]
    return " ".join(words)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("pairs")
    lines = random.Random(0).sample(sentences(), 1_200)
    (folder / "a.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "b.txt").write_text("\n".join(map(translated, lines)) + "\n", encoding="utf-8")
    return folder / "a.txt", folder / "b.txt"


def trained(
    pairs: tuple[Path, Path], model: ModelConfig, out: Path, text: CorpusConfig = TEXT
) -> SentenceAutoencoder:
    # with only the initial state it takes longer, and a lower rate
    steps, rate = (400, 1e-2) if model.conditioning == "every-step" else (1_200, 3e-3)
    training = TrainingConfig(steps=steps, lr=rate, seed=0, precision="fp32")
    return SentenceAutoencoder.train(pairs[0], model, training, text=text, target=pairs[1], out=out)


@pytest.mark.parametrize(
    "model",
    [
        SMALL,
        replace(SMALL, slots=3, latent=16),
        replace(SMALL, memory="states"),
        replace(SMALL, conditioning="initial"),
        replace(SMALL, bidirectional=False, reverse=True),
    ],
    ids=["vector", "slots", "states", "initial", "reversed"],
)
def test_learns_to_translate(model: ModelConfig, pairs: tuple[Path, Path], tmp_path: Path) -> None:
    text = replace(TEXT, tokenizers="separate") if model.reverse else TEXT
    trained(pairs, model, tmp_path / "run", text)
    loaded = SentenceAutoencoder.load(tmp_path / "run")
    assert (loaded.run.target_tokenizer is not None) == model.reverse
    some = sentences()[::8]
    wanted = [translated(one) for one in some]
    written = loaded.translate(some, beam=3, length_penalty=1.0)
    assert sum(a == b for a, b in zip(written, wanted, strict=True)) > 0.8 * len(some)
    assert loaded.translate(some[:9], beam=3, length_penalty=1.0) == written[:9]  # batch-mates change nothing
    greedy = loaded.translate(some, beam=1)
    if model.memory == "slots":
        assert loaded.decode(loaded.encode(some)) == greedy
    (hypotheses,) = loaded.translations(some[:20], beam=3)
    assert all(len(one) == 3 for one in hypotheses)
    for one in hypotheses:
        scores = [score for _, score in one]
        assert scores == sorted(scores, reverse=True)
    report = loaded.evaluate_translation(some, wanted, beam=1)
    assert report.overall.bleu > 80
    if model.attends:
        found = loaded.attention(some[0])
        np.testing.assert_allclose(found.over_source.sum(1), 1.0, atol=1e-5)
    assert loaded.translate(some[:50]) == loaded.translate(
        some[:50], length_penalty=1.0
    )  # as the command has it


def few(path: Path, folder: Path) -> Path:
    """A hundred of its lines."""
    copy = folder / f"few-{path.name}"
    copy.write_text("".join(path.read_text().splitlines(keepends=True)[::12]))
    return copy


def test_commands(pairs: tuple[Path, Path], run: Path, tmp_path: Path) -> None:
    sizes = (
        "--steps",
        300,
        "--lr",
        0.01,
        "--hidden",
        48,
        "--embedding",
        32,
        "--slots",
        0,
        "--latent",
        24,
        "--vocab-size",
        400,
    )
    made = textrae(
        "train", pairs[0], "--target", pairs[1], "-o", tmp_path / "run", *sizes, "--precision", "fp32"
    )
    assert made.returncode == 0, made.stderr
    assert b"read 1,200 pairs" in made.stderr
    assert b"try: textrae translate " in made.stderr
    some = [few(path, tmp_path) for path in pairs]
    written = textrae("translate", tmp_path / "run", some[0])
    assert written.returncode == 0, written.stderr
    assert len(written.stdout.splitlines()) == 100
    several = textrae("translate", tmp_path / "run", some[0], "--workers", 2, "--json")
    told = [json.loads(one)["translation"] for one in several.stdout.splitlines()]
    assert told == written.stdout.decode().splitlines(), several.stderr
    assert textrae("translate", tmp_path / "run", pairs[0], "--workers", 2, "--window", 1).returncode == 2
    for command, target in (("translate", ()), ("evaluate", ("--target", pairs[1]))):
        idle = textrae(command, tmp_path / "run", pairs[0], *target, "--beam", 1, "--length-penalty", 2)
        assert idle.returncode == 2
        assert b"a beam of 1" in idle.stderr
    best = textrae(
        *("translate", tmp_path / "run", "--n-best", 2, "--beam", 3, "--window", 1),
        stdin=b"A dog sees a red ball today.\n\n",
    )
    rows = [line.split("\t") for line in best.stdout.decode().splitlines()]
    assert [row[0] for row in rows] == ["1", "1", "2"]
    assert rows[2] == ["2", "0.0000", ""]  # nothing is invented for a blank line
    blank = textrae("translate", tmp_path / "run", stdin=b"\nA dog sees a red ball today.\n \n")
    assert [bool(line) for line in blank.stdout.splitlines()] == [False, True, False]
    two = tmp_path / "two.txt"
    two.write_text("A dog sees a red ball today.\n\n")
    line = ("translate", tmp_path / "run", two, "--beam", 3)
    told = [json.loads(one) for one in textrae(*line, "--n-best", 2, "--json").stdout.splitlines()]
    assert [one["row"] for one in told] == [1, 2]
    assert [one["text"] for one in told] == two.read_text().splitlines()
    assert [
        [str(one["row"]), f"{each['score']:.4f}", each["text"]]
        for one in told
        for each in one["translations"]
    ] == rows
    plain = textrae(*line).stdout.decode().splitlines()
    assert textrae(*line, "--n-best", 1).stdout.decode().splitlines() == plain
    told = [json.loads(one) for one in textrae(*line, "--json").stdout.splitlines()]
    assert [one["translation"] for one in told] == plain
    assert textrae(*line, "-o", tmp_path / "out.txt").stdout == b""
    assert (tmp_path / "out.txt").read_text().splitlines() == plain
    for wrong, said in ((4, b"--n-best: 4 of a beam of 3"), (0, b"--n-best: "), ("x.txt", b"--n-best: ")):
        refused = textrae(*line, "--n-best", wrong)
        assert refused.returncode == 2
        assert refused.stderr.startswith(b"error: " + said)
    said = textrae(
        "evaluate", tmp_path / "run", some[0], "--target", some[1], "--compare", tmp_path / "run", "--json"
    )
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert set(found["signatures"]) == {"bleu", "chrf", "ter"}
    assert found["comparison"][0]["p"] > 0.5  # the same system
    table = textrae("evaluate", tmp_path / "run", some[0], "--target", some[1], "--beam", 1)
    assert b"TER" in table.stdout
    for wrong, said_so, code in (
        (("translate", run, pairs[0]), b"--target", 2),
        (("evaluate", tmp_path / "run", pairs[0]), b"--target", 2),
        (("evaluate", run, some[0], "--target", some[1]), b"leave --target out", 2),
        (
            ("evaluate", tmp_path / "run", some[0], "--target", some[1], "--compare", run),
            b"not trained to",
            2,
        ),
        (("reconstruct", tmp_path / "run", some[0]), b"textrae translate", 2),
        (("evaluate", tmp_path / "run", pairs[0], "--target", __file__), b"1,200 sentences and", 1),
        (("train", pairs[0], "--target", __file__, "-o", tmp_path / "x"), b"lines and", 1),
        (
            ("train", pairs[0], "--target", pairs[1], "--model", "hrae", "-o", tmp_path / "x"),
            b"not those of its translation",
            2,
        ),
        (
            ("train", pairs[0], "--target", pairs[1], "--valid", pairs[0], "-o", tmp_path / "x"),
            b"--valid-target",
            2,
        ),
    ):
        refused = textrae(*wrong)
        assert refused.returncode == code, wrong
        assert said_so in refused.stderr
        assert b"Traceback" not in refused.stderr
    assert textrae("evaluate", run, pairs[0], "--compare", run).returncode == 2


def test_a_stopped_training_on_pairs_resumes(pairs: tuple[Path, Path], tmp_path: Path) -> None:
    from textrae.settings.run import Settings
    from textrae.training.job import Watch
    from textrae.training.pipeline import train_run

    training = TrainingConfig(steps=30, seed=0, precision="fp32")
    settings = Settings(SMALL, TEXT, training, (str(pairs[0]),), None, (str(pairs[1]),))
    whole, _ = train_run(settings, tmp_path / "whole")
    calls = iter(range(100))
    _, finished = train_run(settings, tmp_path / "run", watch=Watch(should_stop=lambda: next(calls) >= 11))
    assert not finished
    resumed, finished = train_run(settings, tmp_path / "run", resume=True)
    assert finished
    for name, value in whole.network.state_dict().items():
        assert np.array_equal(value, resumed.network.state_dict()[name]), name


def test_a_model_that_translates_wants_no_crossover(pairs: tuple[Path, Path]) -> None:
    training = TrainingConfig(steps=1, crossover=0.5)
    with pytest.raises(ConfigError, match="no translation"):
        SentenceAutoencoder.train(pairs[0], SMALL, training, text=TEXT, target=pairs[1])


def test_one_text_in_several_languages(pairs: tuple[Path, Path], tmp_path: Path) -> None:
    upper = tmp_path / "upper.txt"
    upper.write_text(pairs[0].read_text().upper())
    training = TrainingConfig(steps=500, lr=1e-2, seed=0, precision="fp32")
    targets = {"toy": pairs[1], "up": upper}
    text = replace(TEXT, vocab_size=600, max_length=40)
    SentenceAutoencoder.train(pairs[0], SMALL, training, text=text, target=targets, out=tmp_path / "run")
    model = SentenceAutoencoder.load(tmp_path / "run")
    some = sentences()[::8]
    for language, wanted in (("toy", translated), ("up", str.upper)):
        for beam in (1, 3):
            written = model.translate(some, beam=beam, to=language)
            assert sum(a == wanted(b) for a, b in zip(written, some, strict=True)) > 0.8 * len(some)
        assert model.decode(model.encode(some), to=language) == model.translate(some, beam=1, to=language)
    for to, said in ((None, "no language is named"), ("de", "not de")):
        with pytest.raises(ConfigError, match=f"writes toy, up: {said}"):
            model.translate(some, to=to)
    assert model.xsim(some, some) == 0.0
    (tmp_path / "some.txt").write_text("\n".join(some) + "\n")
    (tmp_path / "wanted.txt").write_text("\n".join(map(str.upper, some)) + "\n")
    said = textrae(
        "evaluate",
        tmp_path / "run",
        tmp_path / "some.txt",
        "--target",
        tmp_path / "wanted.txt",
        "--to",
        "up",
        "--json",
    )
    assert json.loads(said.stdout)["overall"]["bleu"] > 80, said.stderr
    near = textrae("xsim", tmp_path / "run", tmp_path / "some.txt", tmp_path / "some.txt", "--json")
    assert json.loads(near.stdout) == {"there": 0.0, "back": 0.0}
    assert textrae("translate", tmp_path / "run", tmp_path / "some.txt").returncode == 2


def test_attention_is_that_of_the_language_that_is_written(pairs: tuple[Path, Path]) -> None:
    training = TrainingConfig(steps=120, lr=1e-2, seed=0, precision="fp32")
    targets = {"toy": pairs[1], "back": pairs[0]}
    model = SentenceAutoencoder.train(
        pairs[0], replace(SMALL, memory="states"), training, text=TEXT, target=targets
    )
    pieces = model.run.writer.pieces()
    shown = []
    for language in targets:
        (written,) = model.run.writer.encode(
            model.translate(["A dog sees a red ball today."], beam=1, to=language)
        )
        found = model.attention("A dog sees a red ball today.", language)
        assert found.target == [*(pieces[i] for i in written), "end"]
        shown.append(found.target)
    assert shown[0] != shown[1]
    with pytest.raises(ConfigError, match="no language is named"):
        model.attention("A dog.")


def test_languages_from_the_command_line(pairs: tuple[Path, Path], tmp_path: Path) -> None:
    source = few(pairs[0], tmp_path)
    small = ("--steps", 2, "--hidden", 16, "--embedding", 8, "--slots", 0, "--latent", 8, "--vocab-size", 400)
    made = textrae(
        "train",
        pairs[0],
        "--target",
        f"x={pairs[1]}",
        "--target",
        f"y={pairs[0]}",
        *small,
        "-o",
        tmp_path / "run",
    )
    assert made.returncode == 0, made.stderr
    assert textrae("translate", tmp_path / "run", source, "--to", "y", "--beam", 1).returncode == 0
    (tmp_path / "long.txt").write_text("A dog.\n" + "word " * 200 + "\n")
    long = ("evaluate", tmp_path / "run", tmp_path / "long.txt", "--target", tmp_path / "long.txt")
    assert b"1 of 2 sentences were truncated" in textrae(*long, "--to", "y", "--beam", 1).stderr
    vectors = ("sample", tmp_path / "run", "-n", 3)
    assert textrae(*vectors, "--to", "y").stdout.count(b"\n") == 3
    unnamed = textrae(*vectors)
    assert unnamed.returncode == 2
    assert b"no language is named" in unnamed.stderr
    made = textrae("train", pairs[0], "--target", f"x={pairs[1]}", *small, "-o", tmp_path / "one")
    assert made.returncode == 0, made.stderr
    named = textrae("translate", tmp_path / "one", source, "--to", "x", "--beam", 1)
    assert named.returncode == 0, named.stderr
    assert textrae("translate", tmp_path / "one", source, "--beam", 1).stdout == named.stdout
    assert textrae("translate", tmp_path / "one", source, "--to", "y").returncode == 2
    mixed = textrae(
        "train", pairs[0], "--target", f"x={pairs[1]}", "--target", pairs[0], *small, "-o", tmp_path / "other"
    )
    assert mixed.returncode == 2
    assert b"every target" in mixed.stderr
