"""The YAML header of a model card, as the Hugging Face hub reads it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from textrae.errors import RunError

Header = dict[str, Any]
"""Fields of a header by name."""
_BLOCK = re.compile(r"\A(\s*---\r?\n)(.*?)(?:(?<=\n)|\r?\n)---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_DATASET = re.compile(r"([A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96})(?::\w+)?", re.ASCII)


def with_header(header: Mapping[str, Any], body: str) -> str:
    """Return a card of a header and its Markdown; fields that are None or empty are left out.

    Args:
        header: fields by name, in the order in which they are written.
        body: what follows the header.
    """
    kept = {name: value for name, value in header.items() if value not in (None, "", [], {})}
    written = yaml.safe_dump(
        kept, sort_keys=False, allow_unicode=True, default_flow_style=None, width=1 << 16
    )
    return f"---\n{written}---\n{body}"


def parted(card: str, where: object) -> tuple[Header, str]:
    """Return the fields of a card's header and the Markdown after it.

    Args:
        card: text of the card; one without a header has no fields.
        where: file of the card, for the message.

    Raises:
        RunError: the header is no valid YAML, or no fields.
    """
    found = _BLOCK.match(card)
    if found is None:
        return {}, card
    try:
        header = yaml.safe_load(found[2])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f" line {mark.line + 1 + found[1].count(chr(10))}:"
        what = getattr(error, "problem", None) or type(error).__name__
        raise RunError(f"{where}:{line} the header is no valid YAML ({what}); correct it") from None
    if header is not None and not isinstance(header, dict):
        raise RunError(f"{where}: the header must be fields, as in license: mit; correct it")
    return header or {}, card[found.end() :]


def data_sets(sources: Iterable[str]) -> list[str]:
    """Return the data sets of the hub among the sources of a training."""
    named = (_DATASET.fullmatch(source) for source in sources if not os.path.lexists(source))
    return list(dict.fromkeys(found[1] for found in named if found))


def languages(named: Iterable[str]) -> list[str]:
    """Return the names of languages that are codes of ISO 639, which the hub takes."""
    return [name for name in dict.fromkeys(named) if _LANGUAGE.fullmatch(name)]


def measured(task: str, text: str, figures: Mapping[str, tuple[str, float]]) -> Header:
    """Return one result as the hub's ``model-index`` has it.

    Args:
        task: what the model does, in the hub's words.
        text: what it was measured on.
        figures: kind of each measure and its value, by the name that is shown.
    """
    return {
        "task": {"type": task},
        "dataset": {"name": text, "type": "text"},
        "metrics": [
            {"type": kind, "name": name, "value": round(value, 6)} for name, (kind, value) in figures.items()
        ],
    }


def model_index(name: str, results: Iterable[Header]) -> list[Header]:
    """Return the field ``model-index`` of a header: none without a result.

    Args:
        name: of the model.
        results: as :func:`measured` makes them; a later one of the same text replaces an earlier one.
    """
    by_text = {str(_text_of(one)): one for one in results if isinstance(one, dict) and one.get("metrics")}
    return [{"name": name, "results": list(by_text.values())}] if by_text else []


def _text_of(result: Header) -> object:
    """Return the name of what a result was measured on; of one that somebody wrote otherwise, all of its data set."""
    text = result.get("dataset")
    return text.get("name", text) if isinstance(text, dict) else text
