"""Where two sentences differ, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "lost", "new"]
LONGEST = 1_000
"""Characters of a sentence that are shown with their differences, at most."""
_JUDGED = 300
"""Characters of a sentence that tell how much of it differs, at most: the time grows with their square."""
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


def differences(given: str, became: str) -> Iterator[tuple[Kind, str]]:
    """Yield the pieces of both sentences in order: what is the same, what was lost, and what is new.

    The pieces that are the same and lost make `given`, those that are the same and new make `became`. Words are compared,
    and characters where no space parts words.
    """
    words = " " in given.strip() or " " in became.strip()
    a, b = (_WORDS.findall(one) if words else list(one) for one in (given, became))
    for kind, start, end, first, last in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal":
            yield "same", "".join(a[start:end])
            continue
        if end > start:
            yield "lost", "".join(a[start:end])
        if last > first:
            yield "new", "".join(b[first:last])


def changed_share(given: str, became: str) -> float:
    """Return how much of the beginnings of two sentences differs, from 0 to 1, in characters."""
    sizes = {"same": 0, "lost": 0, "new": 0}
    for kind, text in differences(given[:_JUDGED], became[:_JUDGED]):
        sizes[kind] += len(text)
    total = 2 * sizes["same"] + sizes["lost"] + sizes["new"]
    return (sizes["lost"] + sizes["new"]) / total if total else 0.0
