"""The variants through the command, and what it refuses of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import sentences
from support import textrae_here

FAST = ("--hidden", 24, "--embedding", 16, "--vocab-size", 400, "--batch-tokens", 300, "--steps", 4)


@pytest.mark.parametrize(
    ("switches", "size"),
    [
        (("--model", "hrae", "--segments", "2,4", "--latent", 12), 12),
        (("--model", "ara", "--latent", 6), 384),
        (("--model", "vrae", "--latent", 3, "--beta", 0.5, "--cell", "lstm"), 48),
        (("--model", "brae", "--reconstruction", "mse", "--latent", 12), 12),
        (("--mse-weight", 0.5, "--slots", 2, "--latent", 6, "--no-bidirectional", "--cell", "rnn"), 12),
    ],
    ids=str,
)
def test_a_variant_from_training_to_decoding(
    switches: tuple[object, ...], size: int, corpus: Path, tmp_path: Path
) -> None:
    run, text, vectors = tmp_path / "run", tmp_path / "text.txt", tmp_path / "v.npy"
    text.write_text("\n".join([*sentences()[:7], "", "x"]) + "\n")
    done = textrae_here("train", corpus, "-o", run, *FAST, *switches)
    assert done.returncode == 0, done.stderr
    encoded = textrae_here("encode", run, text, "-o", vectors)
    assert f"9 vectors of {size} dimensions" in encoded.stderr.decode()
    decoded, rebuilt = textrae_here("decode", run, vectors), textrae_here("reconstruct", run, text)
    assert decoded.returncode == rebuilt.returncode == 0
    from_vectors, from_text = (done.stdout.split(b"\n") for done in (decoded, rebuilt))
    assert from_text[7] == b""  # a blank line stays so; its vector is decoded as any other
    assert from_vectors[:7] + from_vectors[8:] == from_text[:7] + from_text[8:]
    assert decoded.stdout.count(b"\n") == 9
    report = json.loads(textrae_here("evaluate", run, text, "--json").stdout)["overall"]
    assert (report["perplexity_token"] is None) == ("mse" in switches)


def test_all_states_rebuild_but_do_not_decode(corpus: Path, tmp_path: Path) -> None:
    run, text, vectors = tmp_path / "run", tmp_path / "text.txt", tmp_path / "v.npy"
    text.write_text("\n".join(sentences()[:5]) + "\n")
    assert textrae_here("train", corpus, "-o", run, *FAST, "--memory", "states").returncode == 0
    assert textrae_here("encode", run, text, "-o", vectors).returncode == 0
    assert textrae_here("reconstruct", run, text).stdout.count(b"\n") == 5
    refused = textrae_here("decode", run, vectors)
    assert refused.returncode == 2
    assert refused.stderr.decode().count("\n") == 1
    assert "train with --slots" in refused.stderr.decode()


@pytest.mark.parametrize(
    ("switches", "said"),
    [
        (("--memory", "states", "--slots", 2), "--slots: with --memory states"),
        (("--segments", "clause"), "give --hierarchical"),
        (("--model", "hrae", "--segments", "page"), "segments"),
        (("--model", "hrae", "--crossover", 0.2), "crossover"),
        (("--model", "brae", "--scoring", "additive"), "there is no attention"),
        (("--slots", 1, "--slot-addressing", "position"), "needs several slots"),
        (("--reconstruction", "mse", "--mse-weight", 1), "nothing to mix"),
        (("--reconstruction", "mse", "--label-smoothing", 0.1), "leave it out"),
        (("--beta", 0.5), "give --variational"),
        (("--model", "vrae", "--beta-cycles", 2), "give --beta-schedule cyclical"),
        (("--model", "vrae", "--beta-schedule", "constant", "--beta-warmup", 0.1), "leave it out"),
        (("--model", "vrae", "--free-bits", 0, "--free-bits-per", "sentence"), "give --free-bits"),
        (("--regulariser-weight", 5), "give --regulariser"),
        (("--rehearsal", 0.1), "give --hierarchical"),
        (("--memory", "states", "--conditioning", "every-step"), "give --conditioning initial"),
        (("--tokenizers", "separate"), "give --target"),
        (("--whole-words", "--tokenizer", "x.model"), "a given tokenizer comes with its own pieces"),
        (("--valid-target", "x.txt"), "--valid-target: is for translation"),
        (("--valid-vectors", "x.npy"), "--valid-vectors: are for a model that reads vectors"),
        (("--resume", "--overwrite"), "leave one of them out"),
        (("--model", "rae", "--latent", 2), "give 3"),
        (
            ("--max-length", "all"),
            "--max-length: 'all' is neither a whole number nor auto; `textrae train --help`",
        ),
        (
            ("--max-length", 1),
            "--max-length: Input should be greater than or equal to 2 or 'auto' (given: 1)",
        ),
    ],
    ids=str,
)
def test_what_cannot_work_together_is_refused_in_a_line(
    switches: tuple[object, ...], said: str, corpus: Path, tmp_path: Path
) -> None:
    done = textrae_here("train", corpus, "-o", tmp_path / "run", *FAST, *switches)
    assert done.returncode == 2
    assert done.stderr.decode().count("\n") == 1
    assert said in done.stderr.decode()
    assert not (tmp_path / "run").exists()
