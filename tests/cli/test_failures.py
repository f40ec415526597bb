"""Each mistake gets one line with what, where and what to do, the right exit code, and leaves nothing behind."""

from __future__ import annotations

import gzip
import json
import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import command, environment, textrae, textrae_here
from textrae_cli import app
from textrae_cli.failures import in_options
from typer.main import get_command

GOOD = "".join(f"A line of number {n}.\n" for n in range(300)).encode()

CORPORA: list[tuple[str, bytes | None, list[str]]] = [
    ("missing.txt", None, ["missing.txt"]),
    ("empty.txt", b"", ["empty.txt", "no sentence"]),
    ("blank.txt", b"\n \n\t\n", ["blank.txt", "no sentence", "3 blank"]),
    ("latin1.txt", GOOD + b"caf\xe9 noir\n", ["latin1.txt", "line 301", "byte 4", "--errors replace"]),
    ("utf16.txt", GOOD.decode().encode("utf-16"), ["utf16.txt", "UTF-16", "iconv"]),
    ("packed.txt", gzip.compress(GOOD), ["packed.txt", "gzip", ".gz"]),
    ("plain.txt.gz", GOOD, ["plain.txt.gz", "gzip"]),
    ("short.txt.gz", gzip.compress(GOOD)[:-200], ["short.txt.gz", "ends too early"]),
    ("one.txt", b"Only this.\n", ["one.txt", "1 distinct", "--valid"]),
    ("same.txt", b"Only this.\n" * 50, ["same.txt", "1 distinct", "--valid"]),
    ("mac.txt", GOOD.replace(b"\n", b"\r"), ["mac.txt", "Mac"]),
    ("broken.jsonl", b'{"text": "a"}\n{"text": \n', ["broken.jsonl", "line 2"]),
    ("table.csv", b"id,sentence_a,b\n1,x,y\n", ["table.csv", "--column"]),
    ("table.parquet", b"PAR1 nonsense", ["table.parquet"]),
]


def refused(done: subprocess.CompletedProcess[bytes], *said: str, code: int = 1) -> None:
    lines = done.stderr.decode().splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    assert done.returncode == code, done.stderr
    assert len(errors) == 1, done.stderr
    assert lines[-1] == errors[0]
    assert "Traceback" not in done.stderr.decode()
    for part in said:
        assert part in errors[0]


@pytest.mark.parametrize(("name", "content", "said"), CORPORA, ids=[name for name, _, _ in CORPORA])
def test_a_corpus_that_cannot_be_trained_on(
    tmp_path: Path, name: str, content: bytes | None, said: list[str]
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    before = sorted(tmp_path.iterdir())
    refused(textrae_here("train", tmp_path / name, "-o", tmp_path / "run", "--steps", 1), *said)
    assert sorted(tmp_path.iterdir()) == before


def test_odd_but_good_corpora_train(tmp_path: Path) -> None:
    odd = {
        "crlf.txt": GOOD.replace(b"\n", b"\r\n"),
        "controls.txt": GOOD.replace(b"line", b"li\x00\x07\x0bne"),
        "two.txt": b"This.\nThat.\n",
        "long.txt": GOOD + b"y " * (1 << 20) + b"\n" + b"z" * 100_000 + b"\n",
        "latin1.txt": GOOD + b"caf\xe9\n",
    }
    said = {}
    for name, content in odd.items():
        (tmp_path / name).write_bytes(content)
        done = textrae_here(
            "train", tmp_path / name, "-o", tmp_path / "run", "--overwrite", "--steps", 2, "--hidden", 16,
            "--errors", "replace",
        )  # fmt: skip
        assert done.returncode == 0, (name, done.stderr)
        said[name] = done.stderr.decode()
    kept = "2 truncated at 512 tokens (--max-length auto is 512 at most, and 0.7% of the lines need more; give a number)"
    assert kept in said["long.txt"]
    assert "1 over 1 MiB truncated there" in said["long.txt"]
    assert "1 undecodable" in said["latin1.txt"]


def test_encode_and_evaluate_refuse_what_train_refuses(run: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"good\ncaf\xe9\n")
    for arguments in (["encode", run, tmp_path / "bad.txt", "-o", tmp_path / "v.npy"],
                      ["reconstruct", run, tmp_path / "bad.txt"],
                      ["evaluate", run, tmp_path / "bad.txt"]):  # fmt: skip
        refused(textrae_here(*arguments), "bad.txt", "line 2")
    refused(textrae_here("evaluate", run, "-"), "no sentence")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.txt"]
    done = textrae_here("encode", run, tmp_path / "bad.txt", "-o", tmp_path / "v.npy", "--errors", "replace")
    assert done.returncode == 0
    assert b"1 lines held bytes that are not UTF-8" in done.stderr


def spoil(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda run: (run / name).write_bytes(content) and None


def newer(run: Path) -> None:
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps({**config, "format": 2}))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda run: shutil.rmtree(run), "no such run folder"),
        (lambda run: (run / "config.json").unlink(), "not a textrae run"),
        (spoil("model.safetensors", b"\x00" * 100), "truncated or damaged"),
        (spoil("tokenizer.model", b"\x80\x04nonsense"), "tokenizer.model"),
        (newer, "upgrade textrae"),
    ],
)
def test_a_run_that_cannot_be_used(
    run: Path, tmp_path: Path, damage: Callable[[Path], None], said: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    damage(copy)
    refused(textrae_here("reconstruct", copy, stdin=b"a\n"), str(copy), said)


def test_vectors_that_cannot_be_decoded(run: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "wide.npy", np.zeros((3, 7), dtype=np.float32))
    np.save(tmp_path / "nan.npy", np.full((3, 24), np.nan, dtype=np.float32))
    (tmp_path / "torn.npy").write_bytes((tmp_path / "nan.npy").read_bytes()[:150])
    refused(textrae_here("decode", run, tmp_path / "wide.npy"), "wide.npy", "(n, 24)")
    refused(textrae_here("decode", run, tmp_path / "nan.npy"), "NaN")
    refused(textrae_here("decode", run, tmp_path / "torn.npy"), "torn.npy")
    refused(textrae_here("decode", run, tmp_path / "none.npy"), "none.npy", "textrae encode")


def test_folders_in_the_way(run: Path, corpus: Path, tmp_path: Path) -> None:
    refused(textrae_here("train", corpus, "-o", run), "holds a run already", "--overwrite")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("mine")
    refused(textrae_here("train", corpus, "-o", foreign, "--overwrite"), "not a textrae run")
    (foreign / "config.json").write_text("{}")
    (tmp_path / "s.csv").write_text("1\n2\n\n3\n4\n" * 5)
    for corpus_or_series in ([corpus], ["--series", tmp_path / "s.csv"]):
        refused(textrae_here("train", *corpus_or_series, "-o", foreign, "--overwrite"), "not a textrae run")
    assert {path.name for path in foreign.iterdir()} == {"thesis.tex", "config.json"}
    assert (foreign / "thesis.tex").read_text() == "mine"
    (tmp_path / "v.npy").mkdir()
    refused(textrae_here("encode", run, corpus, "-o", tmp_path / "v.npy"), "is a folder")
    (tmp_path / "file").write_text("")
    refused(textrae_here("train", corpus, "-o", tmp_path / "file"), "is a file")
    refused(textrae_here("train", corpus, "-o", tmp_path / "file" / "run"), "file")
    refused(textrae_here("encode", run, corpus, "-o", tmp_path / "none" / "v.npy"), "cannot write")


@pytest.mark.parametrize("limit", [10_000, 120_000])
def test_a_full_disk(corpus: Path, tmp_path: Path, limit: int) -> None:
    """A limit on the size of a file stands for a disk that fills up, early or at the weights."""
    args = ["train", str(corpus), "-o", str(tmp_path / "run"), "--steps", "3", "--vocab-size", "400"]
    done = subprocess.run(
        [command(), *args], capture_output=True, env=environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    refused(done, "run")
    if limit == 10_000:
        assert not list(tmp_path.iterdir())
    else:
        assert not list((tmp_path / "run").glob("*.safetensors"))
        assert not list((tmp_path / "run").glob(".*"))


def test_wrong_usage_is_2(run: Path, corpus: Path, tmp_path: Path) -> None:
    for arguments in (["nonsense"], ["train", "--nonsense"], ["encode", run, corpus],
                      ["encode", run, corpus, "-o", tmp_path / "v.npy", "--device", "tpu"],
                      ["evaluate", run, corpus, "--seed", 1],
                      ["analogy", run, corpus, "--from", corpus, "--to", corpus, "--seed", 1],
                      ["evaluate", run, corpus, "--tokenize", "nonsense"]):  # fmt: skip
        done = textrae_here(*arguments)
        assert done.returncode == 2, arguments
        assert b"Traceback" not in done.stderr
    train = ("train", corpus, "-o", tmp_path / "r")
    refused(textrae_here(*train, "--cell", "x"), "cell", "'rnn', 'lstm'", code=2)
    refused(textrae_here(*train, "--minutes", 1, "--steps", 1), "give one of them", code=2)
    refused(textrae_here("train", "-o", tmp_path / "r"), "no corpus", code=2)
    refused(textrae_here(*train, "--model", "x"), "rae, brae", code=2)
    assert not (tmp_path / "r").exists()


WRONG = [
    (("nonsense",), 2, "UsageError", "No such command 'nonsense'"),
    (("encode", "--nonsense"), 2, "UsageError", "No such option: --nonsense"),
    (("encode",), 2, "UsageError", "Missing argument"),
    (("info", "none"), 1, "RunError", "none: no such run folder"),
    (("train", "-o", "r"), 2, "ConfigError", "no corpus: name a file"),
    (("train", "none.txt", "-o", "r", "--steps", 1), 1, "CorpusError", "none.txt: no such file"),
    (("train", "none.txt", "-o", "r", "--steps", "five"), 2, "UsageError", "--steps: "),
    (("train", "none.txt", "-o", "r", "--cell", "x"), 2, "ConfigError", "--cell: Input should be"),
    (
        ("train", "none.txt", "-o", "r", "--slots", 1, "--slot-addressing", "position"),
        2,
        "ConfigError",
        "--slot-addressing",
    ),
    (("train", "none.txt", "-o", "r", "--config", "no.toml"), 2, "ConfigError", "no.toml: No such file"),
    (("encode", "RUN", "TEXT", "-o", "v.npy", "--device", "xpu"), 2, "ConfigError", "--device: "),
    (
        ("encode", "RUN", "TEXT", "-o", "v.npy", "--precision", "fp16"),
        2,
        "ConfigError",
        "--precision: ",
    ),
    (("encode", "RUN", "TEXT", "-o", "v.npy", "--errors", "x"), 2, "ConfigError", "--errors: Input should"),
    (("encode", "RUN", "TEXT", "-o", "v.npy", "--corpus-format", "x"), 2, "ConfigError", "--corpus-format"),
    (("encode", "RUN", "TEXT", "-o", "v.npy", "--workers", 0), 2, "UsageError", "--workers: "),
    (("encode", "RUN", "TEXT", "-o", "v.npy", "--dimensions", 0), 2, "UsageError", "--dimensions: "),
    (("encode", "RUN", "TEXT", "-o", "v.npy", "--dimensions", 999), 2, "UsageError", "--dimensions: "),
    (("encode", "RUN", "none.txt", "-o", "v.npy"), 1, "CorpusError", "none.txt: no such file"),
    (("reconstruct", "RUN", "TEXT", "--beam", 0), 2, "UsageError", "--beam: "),
    (("translate", "RUN", "TEXT"), 2, "ConfigError", "was not trained to translate"),
    (("translate", "RUN", "TEXT", "--window", 0), 2, "UsageError", "--window: "),
    (("decode", "RUN", "none.npy"), 1, "VectorError", "none.npy: no such file"),
    (("evaluate", "RUN", "TEXT", "--samples", -1), 2, "UsageError", "--samples: "),
    (("evaluate", "RUN", "TEXT", "--samples", 2), 2, "ConfigError", "variational"),
    (("sample", "RUN", "-n", -1), 2, "UsageError", "--count: "),
    (("sample", "RUN", "--beam", 2, "--top-k", 3), 2, "ConfigError", "--beam"),
    (("interpolate", "RUN", "a", "b", "--steps", 1), 2, "UsageError", "--steps: "),
    (("attention", "RUN", "a"), 2, "ConfigError", "attention"),
    (("attention", "RUN", "a", "-o", "map.txt"), 2, "ConfigError", "map.txt: pictures are written to .png"),
    (("encode", "RUN", "TEXT", "-o", "v.npy", "--workers", 10**7), 2, "ConfigError", "--workers: "),
    (("encode", "RUN", "TEXT", "-o", "v.xyz"), 2, "ConfigError", "give one of these endings"),
    (("encode", "RUN", "TEXT", "-o", "TEXT"), 2, "ConfigError", "is read by this command"),
    (("encode", "RUN", "TEXT", "-o", "none/v.npy"), 1, "RunError", "none/v.npy: cannot write"),
    (("reconstruct", "RUN", "TEXT", "-o", "none/x.txt"), 1, "RunError", "none/x.txt: cannot write"),
    (("reconstruct", "RUN", "TEXT", "-o", "."), 1, "RunError", ".: is a folder"),
    (("reconstruct", "RUN", "TEXT", "-o", "TEXT"), 2, "ConfigError", "--out: "),
    (("reconstruct", "RUN", "TEXT", "--beam", 10**6), 2, "ConfigError", "--beam: "),
    (("translate", "RUN", "TEXT", "--n-best", 6), 2, "UsageError", "--n-best: 6 of a beam of 5"),
    (("translate", "RUN", "TEXT", "--n-best", 0), 2, "UsageError", "--n-best: "),
    (("sample", "RUN", "--temperature=-1"), 2, "ConfigError", "--temperature: "),
    (("sample", "RUN", "--temperature", "nan"), 2, "ConfigError", "--temperature: "),
    (("sample", "RUN", "--top-p", 2), 2, "ConfigError", "--top-p: "),
    (("sample", "RUN", "--top-p", 0), 2, "ConfigError", "--top-p: "),
    (("sample", "RUN", "--top-k", 0), 2, "ConfigError", "--top-k: "),
    (("sample", "RUN", "--seed", -1), 2, "UsageError", "--seed: "),
    (("interpolate", "RUN", "a", "b", "--steps", 10**9), 2, "ConfigError", "--steps: "),
    (("interpolate", "RUN", "a", "b", "--method", "cubic"), 2, "ConfigError", "--method: "),
    (("paraphrase", "RUN", "a", "-n", 0), 2, "UsageError", "--count: "),
    (("paraphrase", "RUN", "a", "--distance", "inf"), 2, "ConfigError", "--distance: "),
    (("paraphrase", "RUN", "a", "--distance", "nan"), 2, "UsageError", "--distance: "),
    (
        ("analogy", "RUN", "TEXT", "--from", "TEXT", "--to", "TEXT", "--strength", "nan"),
        2,
        "UsageError",
        "--strength: ",
    ),
    (("analogy", "RUN", "TEXT", "--from", "TEXT", "--to", "TEXT", "-o", "TEXT"), 2, "ConfigError", "--out: "),
]
"""Command lines that fail, with the exit code, the kind of error and a part of what is said."""


@pytest.mark.parametrize(("words", "code", "kind", "said"), WRONG, ids=str)
def test_a_mistake_is_one_line_or_one_object_with_the_same_exit_code(
    words: tuple[object, ...],
    code: int,
    kind: str,
    said: str,
    run: Path,
    text: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    line = [{"RUN": run, "TEXT": text}.get(str(word), word) for word in words]
    refused(textrae_here(*line), said, code=code)
    if "--json" in textrae_here(words[0], "--help").stdout.decode():
        done = textrae_here(*line, "--json")
        (told,) = done.stderr.decode().splitlines()
        found = json.loads(told)
        assert said in found.pop("error")
        assert found == {"kind": kind, "exit": code}
        assert (done.returncode, done.stdout) == (code, b"")
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


def test_what_is_said_is_utf_8_in_any_locale(tmp_path: Path) -> None:
    table, out = tmp_path / "table.jsonl", str(tmp_path / "out")
    table.write_text('{"größe": "a", "文": "b"}\n', encoding="utf-8")
    for locale in ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"LC_ALL": "C.UTF-8"}):
        for name, corpus, said in (
            ("train", bytes(table), "'größe', '文'"),
            ("split", b"\xff.txt", "\\udcff.txt: no such file"),  # which needs no torch
        ):
            done = subprocess.run(
                [command(), name, corpus, "-o", out], capture_output=True, env=environment() | locale
            )
            refused(done, said)


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = textrae("info", tmp_path / "none", "--debug")
    assert done.returncode == 1
    assert b"Traceback" in done.stderr


@pytest.mark.parametrize(
    ("command_name", "message", "said"),
    [
        ("train", "`valid_target`: is for translation", "--valid-target: is for translation"),
        ("train", "give `hierarchical=True` too", "give --hierarchical too"),
        ("train", "give `bidirectional=False`", "give --no-bidirectional"),
        ("train", "`reset_decoder=False`, `whole_words=False`", "--keep-decoder, --word-parts"),
        ("train", "try `beta=0.1`", "try --beta 0.1"),
        ("train", "`format=csv` is not `format`", "--corpus-format csv is not --corpus-format"),
        ("train", "go on with `resume=True`", "go on with --resume"),
        ("sample", "give `source=prior`", "give --from prior"),
        ("encode", "train with `slots`, or `memory=slots`", "train with --slots, or --memory slots"),
        ("train", "use `textrae train CORPUS -o RUN`", "use `textrae train CORPUS -o RUN`"),
        ("train", "`segment_rules` of a `datasets` name", "`segment_rules` of a `datasets` name"),
        ("info", "device: no such run folder", "device: no such run folder"),
    ],
)
def test_settings_of_messages_are_options(command_name: str, message: str, said: str) -> None:
    group: Any = get_command(app)
    context = group.make_context("textrae", [command_name], resilient_parsing=True)
    context.invoked_subcommand = command_name
    assert in_options(context, message) == said


def test_a_folder_that_is_called_like_an_option_keeps_its_name(tmp_path: Path) -> None:
    done = textrae_here("info", "latent", cwd=tmp_path)
    refused(done, "error: latent: no such run folder")


@pytest.mark.parametrize(
    ("written", "switches", "said"),
    [
        ("latent = 1", (), "c.toml: latent: Input should be"),
        ("latent = 8", ("--latent", 1), "error: --latent: Input should be"),
        ("latent = 1", ("--cell", "x", "--latent", 8), "error: --cell: Input should be"),
        ('format = "pdf"', (), "c.toml: format: Input should be"),
        ('format = "text"', ("--corpus-format", "pdf"), "error: --corpus-format: Input should be"),
        ("valid-size = 0", (), "c.toml: valid_size: Input should be"),
        ("reverse = true", (), "c.toml: reverse: a bidirectional encoder"),
        ("reverse = false", ("--reverse",), "error: --reverse: a bidirectional encoder"),
        ("latent = 8", ("--valid-target", "x"), "error: --valid-target: is for translation"),
    ],
)
def test_a_mistake_in_a_file_of_settings_is_not_called_an_option(
    written: str, switches: tuple[object, ...], said: str, corpus: Path, tmp_path: Path
) -> None:
    (tmp_path / "c.toml").write_text(written)
    done = textrae_here("train", corpus, "-o", tmp_path / "run", "--config", tmp_path / "c.toml", *switches)
    refused(done, said, code=2)


def test_a_mistake_in_a_file_of_settings_of_series_is_not_called_an_option(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("hidden = 0")
    (tmp_path / "s.csv").write_text("1\n2\n\n3\n4\n" * 5)
    line = ("train", "--series", tmp_path / "s.csv", "-o", tmp_path / "run")
    refused(textrae_here(*line, "--config", tmp_path / "c.toml"), "c.toml: hidden: Input should be", code=2)
    refused(textrae_here(*line, "--hidden", 0), "error: --hidden: Input should be", code=2)
