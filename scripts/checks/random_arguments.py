"""Call every public method of SentenceAutoencoder with random arguments, and count what comes of it.

    python scripts/checks/random_arguments.py --sets 10000 --seed 0

Arguments of every type are drawn: right ones, and others. The outcome must be a right result, or a TextraeError, TypeError
or ValueError of one line that textrae itself raised. Anything else is printed with the call that led to it.
"""

from __future__ import annotations

import argparse
import collections
import decimal
import fractions
import os
import random
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import torch

import textrae
from textrae import CorpusConfig, ModelConfig, SentenceAutoencoder, TextraeError, TrainingConfig
from textrae.inference.cuts import Cuts
from textrae.inference.sampling import Sampling
from textrae.latent.boundary import Boundary

HOME = str(Path(textrae.__file__).parent)
LINES = ["A dog runs.", "The cat sleeps here.", "", "Two birds sing.", "猫 🐱", "a b c d e f g h"]
Draw = Callable[[random.Random, SentenceAutoencoder], Any]


def models(folder: Path) -> dict[str, SentenceAutoencoder]:
    """Train one tiny model of each kind for two steps."""
    text = CorpusConfig(vocab_size=300, max_length=6)
    training = TrainingConfig(steps=2, precision="fp32", device="cpu")
    corpus = [
        f"{who} {does} {what}."
        for who in ("A dog", "My cat")
        for does in ("sees", "eats")
        for what in "abcdefgh"
    ]
    source = folder / "text.txt"
    source.write_text("\n".join(corpus) + "\n", encoding="utf-8")
    np.save(folder / "vectors.npy", np.random.default_rng(0).normal(size=(len(corpus), 5)).astype(np.float32))
    files: dict[str, dict[str, Any]] = {
        "translator": {"target": source},
        "languages": {"target": {"de": source, "fr": source}},
        "reader of vectors": {"vectors": folder / "vectors.npy"},
    }
    shapes: dict[str, dict[str, Any]] = {
        "plain": {},
        "variational": {"variational": True, "slots": 2},
        "mse": {"reconstruction": "mse"},
        "states": {"memory": "states"},
        "hierarchical": {"hierarchical": True},
        **{name: {} for name in files},
    }
    return {
        name: SentenceAutoencoder.train(
            source,
            ModelConfig(hidden=8, embedding=8, latent=4, **shape),
            training,
            text=text,
            **files.get(name, {}),
        )
        for name, shape in shapes.items()
    }


def junk(draw: random.Random, deep: int = 2) -> Any:
    """Draw a value of any type."""
    plain: list[Any] = [
        None, True, False, -1, 0, 1, 2, 3, 2**31, 2**63, 2**64, 10**30, -(2**70), 10**5000, 0.0, 0.5, -1.0, 4.0,
        1e300, float("nan"), float("inf"), -float("inf"), 1j, "", "A dog.", "Prior", "linear", "cuda:x", "\ud800", "a\0b",
        "x" * 5_000, "a\nb", b"bytes", bytearray(b"x"), memoryview(b"x"), pd.NA, pd.NaT, np.nan, np.float32(0.5), np.int64(3),
        np.bool_(True), np.str_("A dog."), np.datetime64("2020-01-01"), decimal.Decimal("1.5"), fractions.Fraction(1, 3),
        object(), print, int, Path("none"), Ellipsis, range(3), slice(2), lambda: 1, torch.device("cpu"), torch.float32,
        torch.Generator(), Cuts(), Sampling(), ModelConfig(), collections.Counter("ab"), iter([]), iter([None]),
    ]  # fmt: skip
    arrays: list[Callable[[], Any]] = [
        lambda: np.zeros(
            draw.choice([(), (0,), (4,), (8,), (5,), (2, 4), (2, 8), (2, 5), (0, 4), (2, 2, 4)]), _type(draw)
        ),
        lambda: np.array(["A dog.", "A cat."]),
        lambda: np.array([["A dog."], ["A cat."]]),
        lambda: np.array(["A dog.", None, 3], dtype=object),
        lambda: np.array([[1.0] * 4, [2.0] * 4, None], dtype=object),
        lambda: np.ma.masked_array(np.zeros((2, 4)), mask=[[True] * 4, [False] * 4]),
        lambda: np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f4")]),
        lambda: torch.zeros(
            draw.choice([(), (4,), (8,), (5,), (2, 4), (2, 8), (2, 5)]), dtype=_tensor_type(draw)
        ),
        lambda: torch.zeros(2, 4, requires_grad=True),
        lambda: torch.eye(4).to_sparse(),
        lambda: torch.zeros(2, 4, device="meta"),
        lambda: pd.Series(["A dog.", "A cat."]),
        lambda: pd.Series([0.5] * 4),
        lambda: pd.Series(["A dog.", None]),
        lambda: pd.Series([np.zeros(4), np.ones(4)]),
        lambda: pd.DataFrame({"text": ["A dog."]}),
        lambda: pa.array(["A dog.", None]),
        lambda: pa.array([[0.5] * 4, [1.0] * 4]),
        lambda: pa.table({"text": ["A dog."]}),
        lambda: pa.chunked_array([["A dog."], ["A cat."]]),
    ]
    kind = draw.randrange(4 if deep else 2)
    if kind == 0:
        return draw.choice(plain)
    if kind == 1:
        return draw.choice(arrays)()
    items = [junk(draw, deep - 1) for _ in range(draw.randrange(4))]
    wrap: list[Callable[[list[Any]], Any]] = [
        list, tuple, iter, _generator, lambda some: dict(enumerate(some)), lambda some: {type(one) for one in some},
        lambda some: [0.5] * len(some), lambda some: [[0.5] * 4] * len(some), lambda some: ["A dog."] * len(some),
        lambda some: pd.Series(some, dtype=object),
    ]  # fmt: skip
    return draw.choice(wrap)(items)


def _type(draw: random.Random) -> Any:
    return draw.choice(["f4", "f8", "f2", "i1", "u1", "i8", "?", "c8", "U3", "S3", "M8[D]", ">f4", "O", "V2"])


def _tensor_type(draw: random.Random) -> Any:
    names = ["float32", "bfloat16", "float16", "float64", "int8", "uint8", "int64", "bool", "complex64"]
    return getattr(torch, draw.choice(names))


def _generator(items: list[Any]) -> Iterator[Any]:
    yield from items


def one_of(*values: Any) -> Draw:
    """Return what draws one of some values."""
    return lambda draw, model: draw.choice(values)


def a_sentence(draw: random.Random, model: SentenceAutoencoder) -> str:
    """Draw a sentence."""
    return draw.choice(LINES)


def some_sentences(draw: random.Random, model: SentenceAutoencoder) -> Any:
    """Draw several sentences in one of the usual forms."""
    lines = [draw.choice(LINES) for _ in range(draw.randrange(4))]
    forms: list[Callable[[list[str]], Any]] = [
        list, tuple, iter, _generator, np.array, pd.Series, pa.array, lambda some: pd.Series(some, dtype=object),
        lambda some: np.array(some, dtype=object), lambda some: pa.chunked_array([some], pa.string()),
    ]  # fmt: skip
    return draw.choice(forms if lines else forms[:4])(lines)


def some_vectors(draw: random.Random, model: SentenceAutoencoder) -> Any:
    """Draw several vectors of the model's width, in one of the usual forms."""
    width = model.run.settings.model.read_size
    rows = np.random.default_rng(draw.randrange(9)).normal(size=(draw.randrange(4), width)).astype(np.float32)
    frozen = rows.copy()
    frozen.flags.writeable = False
    forms: list[Callable[[Any], Any]] = [
        lambda some: some, lambda some: frozen, torch.from_numpy, lambda some: torch.from_numpy(some).bfloat16(),
        lambda some: some.tolist(), list, lambda some: pd.Series(list(some), dtype=object), lambda some: pa.array(some.tolist()),
        lambda some: some.astype(np.float64), lambda some: torch.from_numpy(some).requires_grad_(), iter,
        lambda some: [torch.from_numpy(row) for row in some],
    ]  # fmt: skip
    return draw.choice(forms if len(rows) else forms[:4])(rows)


def a_vector(draw: random.Random, model: SentenceAutoencoder) -> Any:
    """Draw one vector of the model's width."""
    row = np.random.default_rng(draw.randrange(9)).normal(size=model.run.settings.model.read_size)
    return draw.choice(
        [row, row.tolist(), tuple(row), torch.from_numpy(row), pd.Series(row), row.astype(np.float32)]
    )


def a_boundary(draw: random.Random, model: SentenceAutoencoder) -> Boundary:
    """Draw a boundary of the model's width."""
    step, middle, normal = np.random.default_rng(draw.randrange(9)).normal(
        size=(3, model.run.settings.model.read_size)
    )
    return Boundary(step.astype(np.float32), middle, normal, 1.0)


def either(*draws: Draw) -> Draw:
    """Return what draws as one of several functions does."""
    return lambda draw, model: draw.choice(draws)(draw, model)


BEAM, SEED, TO = one_of(1, 2, 3), one_of(0, 1, 7), one_of(*[None] * 9, "de")
PENALTY, WINDOW = one_of(0.0, 1.0, -1, 0.5), one_of(None, 1, 3)
METHODS: dict[str, dict[str, Draw]] = {
    "encode": {"sentences": either(a_sentence, some_sentences), "batch_tokens": one_of(1, 7, 4_096)},
    "encode_stream": {"sentences": some_sentences, "batch_tokens": one_of(1, 4_096), "cuts": one_of(None, Cuts())},
    "decode": {
        "vectors": either(a_vector, some_vectors), "beam": BEAM, "to": TO, "sampling": one_of(None, Sampling()),
        "batch_size": one_of(1, 3, 1_024), "first": one_of(0, 5),
    },
    "sample": {
        "count": one_of(0, 1, 3), "source": one_of(None, "prior", "posterior", "mixture", "flow"), "seed": SEED, "to": TO,
        "temperature": one_of(None, 0.0, 0.5, 1), "top_k": one_of(None, 1, 5), "top_p": one_of(None, 0.5, 1.0), "beam": BEAM,
        "label": one_of(*[None] * 9, "a"), "length": one_of(*[None] * 9, 5, 7.5), "guidance": one_of(1.0, 1, 3.0),
    },
    "fit_prior": {
        "sentences": some_sentences, "labels": one_of(None), "minutes": one_of(0.001), "steps": one_of(1, 2), "seed": SEED,
        "cuts": one_of(None, Cuts()),
    },
    "interpolate": {
        "*": either(
            lambda draw, model: (a_sentence(draw, model), a_sentence(draw, model)),
            lambda draw, model: (some_sentences(draw, model),),
            lambda draw, model: (a_vector(draw, model), a_vector(draw, model)),
            lambda draw, model: (some_vectors(draw, model),),
        ),
        "steps": one_of(2, 3), "method": one_of(None, "linear", "spherical", "flow"), "beam": BEAM, "to": TO,
    },
    "paraphrase": {"sentence": a_sentence, "count": one_of(1, 2), "distance": one_of(0.0, 0.4), "seed": SEED, "to": TO},
    "direction": {"source": some_sentences, "target": some_sentences},
    "boundary": {"source": some_sentences, "target": some_sentences},
    "move": {
        "sentences": either(a_sentence, some_sentences, a_vector, some_vectors),
        "step": either(a_vector, a_boundary), "strength": one_of(0, 1.0, -2, "least"), "beam": BEAM, "to": TO,
    },
    "least_moves": {
        "sentences": either(a_sentence, some_sentences, a_vector, some_vectors), "step": a_boundary, "beam": BEAM, "to": TO,
    },
    "likelihood": {"sentences": some_sentences, "samples": one_of(1, 2), "seed": SEED},
    "diagnose": {"sentences": some_sentences},
    "xsim": {"sentences": some_sentences, "others": some_sentences},
    "reconstruct": {"sentences": either(a_sentence, some_sentences), "beam": BEAM},
    "reconstruct_stream": {"sentences": some_sentences, "beam": BEAM, "cuts": one_of(None, Cuts())},
    "translate": {"sentences": either(a_sentence, some_sentences), "beam": BEAM, "length_penalty": PENALTY, "to": TO},
    "translate_stream": {
        "sentences": some_sentences, "beam": BEAM, "length_penalty": PENALTY, "to": TO, "window": WINDOW,
        "cuts": one_of(None, Cuts()),
    },
    "translations": {"sentences": some_sentences, "beam": BEAM, "length_penalty": PENALTY, "to": TO, "window": WINDOW},
    "attention": {"sentence": a_sentence, "to": TO},
    "evaluate_translation": {
        "sentences": some_sentences, "references": some_sentences, "beam": BEAM, "length_penalty": PENALTY, "to": TO,
        "tokenize": one_of("13a", "char", "none"),
    },
    "evaluate": {
        "sentences": some_sentences, "tokenize": one_of("none", "13a"), "vectors": either(one_of(None), some_vectors),
    },
    "evaluate_suite": {
        "folder": one_of("/proc/none", Path("/dev/null"), "x" * 5_000), "beside": one_of(None, {}), "seed": SEED,
    },
    "save": {"path": lambda draw, model: Path(draw.choice(["", "/proc/none", "/dev/null", "x" * 300])), "overwrite": one_of(False)},
    "load": {"path": one_of("/proc/none", Path("/dev/null"), "x" * 5_000), "device": one_of("cpu"), "precision": one_of("fp32")},
    "train": {
        "corpus": one_of(()), "sentences": one_of(None), "model": one_of(None), "training": one_of(TrainingConfig(steps=1, device="cpu")), "text": one_of(None),
        "valid": one_of(None), "target": one_of(()), "out": one_of(None), "progress": one_of(False), "vectors": one_of(None),
    },
}  # fmt: skip
"""Public methods, and what draws right values of their arguments; `*` are those by place."""


def call(draw: random.Random, model: SentenceAutoencoder, method: str) -> tuple[str, dict[str, Any], Any]:
    """Call a method with drawn arguments; return the kind of outcome, the arguments, and the result or the exception."""
    values = {}
    wrong = draw.choice(list(METHODS[method])) if draw.random() < 0.5 else None
    for name, right in METHODS[method].items():
        if name == wrong:
            value = junk(draw)
            values[name] = tuple(junk(draw) for _ in range(draw.randrange(4))) if name == "*" else value
        elif name in ("*", "sentences", "sentence", "others", "references", "source", "target", "vectors", "step", "count", "path", "folder", "training") or draw.random() < 0.5:  # fmt: skip
            values[name] = right(draw, model)
    if method == "fit_prior":  # a large budget is a right one, and would be worked through
        values.setdefault("minutes", 0.001)
        for name, most in (("minutes", 0.001), ("steps", 2)):
            if isinstance(values.get(name), int | float | np.number) and not isinstance(values[name], bool):
                values[name] = min(values[name], most)
    named = {name: value for name, value in values.items() if name != "*"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = getattr(model, method)(*values.get("*", ()), **named)
            if method.endswith("stream") or method in ("translations", "least_moves"):
                found = list(found)
        except (TextraeError, TypeError, ValueError) as error:
            raised = traceback.extract_tb(error.__traceback__)[-1].filename
            own = raised.startswith(HOME) and str(error) and "\n" not in str(error)
            return ("refused" if own else "foreign"), values, error
        except Exception as error:
            return "foreign", values, error
    return ("right" if right_result(method, values, found) else "wrong"), values, found


def right_result(method: str, values: dict[str, Any], found: Any) -> bool:
    """Return whether a result has the form that the arguments ask for."""
    given = values.get("sentences", values.get("vectors"))
    single = isinstance(given, str) or (method in ("decode", "move", "least_moves") and not _several(given))
    if method == "encode":
        return (
            isinstance(found, np.ndarray) and found.dtype == np.float32 and found.ndim == (1 if single else 2)
        )
    if method in ("decode", "move", "reconstruct", "translate"):
        return (
            isinstance(found, str)
            if single
            else isinstance(found, list) and all(isinstance(one, str) for one in found)
        )
    if method in ("sample", "interpolate", "paraphrase"):
        count = values["count"] if method == "sample" else None
        return isinstance(found, list) and (count is None or len(found) == count)
    if method == "least_moves":
        return len(found) > 1 and isinstance(found[-1], str if single else list)
    if method == "direction":
        return isinstance(found, np.ndarray) and found.ndim == 1
    if method == "boundary":
        return isinstance(found, Boundary)
    return method != "train" or isinstance(found, SentenceAutoencoder)


def _several(given: Any) -> bool:
    """Return whether a right value holds several sentences or vectors."""
    if isinstance(given, np.ndarray | torch.Tensor) and given.dtype is not np.dtype(object):
        return not (given.ndim == 1 and not (isinstance(given, np.ndarray) and given.dtype.kind in "UO"))
    if isinstance(given, list | tuple | pd.Series):
        items = list(given)
        return not items or not all(
            isinstance(one, int | float | fractions.Fraction | np.number) for one in items
        )
    return True


def first_line(value: Any) -> str:
    """Return the beginning of a value's text, in ASCII."""
    try:
        text = str(value)
    except ValueError:
        return "a huge number"
    return text.encode("ascii", "backslashreplace").decode().replace("\n", " ")[:120]


def short(values: dict[str, Any]) -> str:
    """Describe arguments on one line."""
    return ", ".join(
        f"{name}={type(value).__name__}:{first_line(value):.60}" for name, value in values.items()
    )


def main() -> None:
    """Call methods with random arguments and count the outcomes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    draw, counts = random.Random(chosen.seed), collections.Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        trained = models(Path(folder))
        os.chdir(folder)  # what is saved goes there
        for _ in range(chosen.sets):
            kind, method = draw.choice(list(trained)), draw.choice(list(METHODS))
            outcome, values, found = call(draw, trained[kind], method)
            counts[outcome] += 1
            if outcome in ("foreign", "wrong"):
                print(
                    f"{outcome}: {kind}.{method}({short(values)})\n    {type(found).__name__}: {first_line(found)}"
                )
    print(", ".join(f"{counts[name]:,} {name}" for name in ("right", "refused", "wrong", "foreign")))


if __name__ == "__main__":
    main()
