"""An exported run as a static site: the page of the service, with the graphs and a tokenizer that compute in the browser."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from sentencepiece import sentencepiece_model_pb2

from textrae.errors import ConfigError
from textrae.integrations.onnx.exporting import TARGET_TOKENIZER, TOKENIZER, check_place, contents, write
from textrae.integrations.onnx.runtime import runtime_files
from textrae.runs.run import Run
from textrae.settings.model import ModelConfig
from textrae.text.tokenizer import Tokenizer

PAGE = ("index.html", "style.css", "app.js", "parts.js", "views.js", "map.js")
"""Files of the service's page that the site has too."""
OWN = ("service.js", "model.js", "tokenizer.js")
"""Files of the site; the first answers what the service's file of that name asks it."""
_REFERENCES = (
    '\n  <a href="docs">HTTP reference</a>',
    '; the <a href="docs">HTTP reference</a> lists what can be asked without it',
)
"""Parts of the page that only a service has."""
_KINDS = {1: "unigram", 2: "bpe"}


def export_site(
    run: Run, folder: Path, *, name: str, about: str, int8: bool = False, runtime: Path | None = None
) -> dict[str, int]:
    """Write a run as a static site.

    Args:
        run: any run of sentences, but no hierarchical one and none that reads vectors.
        folder: new folder.
        name: what the page calls the run.
        about: line that tells what the run is.
        int8: whether matrices are stored as int8, in a quarter of the bytes.
        runtime: as for :func:`textrae.integrations.onnx.runtime.runtime_files`.

    Returns:
        The bytes of each file.

    Raises:
        ConfigError: the run cannot be exported, or `runtime` does not hold what a browser needs.
        RunError: something is at `folder`, onnxruntime-web cannot be downloaded, or the disk refuses.
    """
    check_place(folder)
    content = site_files(run, int8, name, about)
    return write(folder, content | {f"runtime/{name}": data for name, data in runtime_files(runtime).items()})


def site_files(run: Run, int8: bool, name: str, about: str) -> dict[str, bytes]:
    """Return the files of a static site by their paths, without those of onnxruntime-web.

    Args:
        run: a run that the graphs are made of.
        int8: whether matrices are stored as int8.
        name: what the page calls the run.
        about: line that tells what the run is.

    Raises:
        ConfigError: the run reads vectors, or its tokenizer does what the site's does not.
    """
    check_readable(run.settings.model)
    graphs = contents(run, int8)
    described = {**json.loads(graphs["config.json"]), "name": name, "about": about}
    found = {f"model/{file}": data for file, data in graphs.items() if file.endswith(".onnx")}
    found["model/config.json"] = json.dumps(described, ensure_ascii=False).encode()
    found[f"model/{TOKENIZER}.json"] = pieces(run.tokenizer)
    if run.target_tokenizer is not None:
        found[f"model/{TARGET_TOKENIZER}.json"] = pieces(run.target_tokenizer)
    # the files only: what serves them needs the extra of the service
    page, own = files("textrae.server").joinpath("page"), files("textrae.integrations.onnx").joinpath("site")
    found |= {file: page.joinpath(file).read_bytes() for file in PAGE}
    found |= {file: own.joinpath(file).read_bytes() for file in OWN}
    html = found["index.html"].decode()
    for part in _REFERENCES:
        html = html.replace(part, "")
    found["index.html"] = html.encode()
    return found


def check_readable(config: ModelConfig) -> None:
    """Raise :class:`ConfigError` if runs of a shape have nothing to show on a page."""
    if config.vectors:
        raise ConfigError(
            "`site`: this run reads vectors of another encoder, which a page cannot make; leave it out"
        )


def pieces(tokenizer: Tokenizer) -> bytes:
    """Return a tokenizer as JSON that the site's tokenizer reads.

    Raises:
        ConfigError: it is of a kind, or has settings, that the site's tokenizer does not know.
    """
    model: Any = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]
    model.ParseFromString(tokenizer.to_bytes())
    rules, kind = model.normalizer_spec, model.trainer_spec.model_type
    plain = (
        not rules.precompiled_charsmap
        and not rules.remove_extra_whitespaces
        and rules.escape_whitespaces
        and not model.trainer_spec.treat_whitespace_as_suffix
        and model.trainer_spec.byte_fallback
    )
    if kind not in _KINDS or not plain:
        raise ConfigError(
            "`site`: the page's tokenizer knows BPE and unigram models with byte fallback and without normalisation; "
            "this run's is another, so export it without"
        )
    return json.dumps(
        {
            "model": _KINDS[kind],
            "prefix": rules.add_dummy_prefix,
            "pieces": [piece.piece for piece in model.pieces],
            "scores": [piece.score for piece in model.pieces],
            "types": [piece.type for piece in model.pieces],
        },
        ensure_ascii=False,
    ).encode()
