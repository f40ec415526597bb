"""Markdown tables of measured trainings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Row = dict[str, Any]
"""Figures of a training on a text (made by :mod:`measured`)."""

HEAD = ("trained on", "budget", "measured on", "steps", "tokens", "tokens/s")
"""First columns of the table of all rows."""
SCORES = ("token accuracy", "exact", "BLEU")


def whole(rows: Sequence[Row]) -> str:
    """Return the table of all rows, with a column of the trainings' switches if they differ."""
    switches = len({further(row) for row in rows}) > 1
    return "\n".join([head(switches), *(line(row, switches) for row in rows)])


def head(switches: bool = False) -> str:
    """Return the first two lines of the table of all rows.

    Args:
        switches: whether it has a column of the further switches of the trainings.
    """
    names = [*HEAD, "encoding", "parameters", *(["switches"] if switches else []), *SCORES]
    return f"{_line(names)}\n|---|---:|---|" + "---:|" * (len(names) - 3)


def line(row: Row, switches: bool = False) -> str:
    """Return a line of the table of all rows."""
    cells = [row["corpus"], budget(row), row["text"], f"{row['step']:,}", short(row["tokens"])]
    cells += [f"{row['tokens'] / max(row['seconds'], 0.1):,.0f}", encoding(row), short(row["parameters"])]
    return _line([*cells, *([further(row)] if switches else []), *scores(row["overall"])])


def budget(row: Row) -> str:
    """Return the budget of a row's training, as in 10 minutes."""
    name, value = row["budget"]
    return f"{value:,g} {name}"


def further(row: Row) -> str:
    """Return the further switches of a row's training."""
    return f"`{row['further']}`" if row["further"] else "defaults"


def encoding(row: Row) -> str:
    """Return slots and numbers of an encoding, as in 32 × 32 = 1,024."""
    if row["slots"] < 2:
        return f"{row['encoding_size']:,}"
    return f"{row['slots']} × {row['latent']} = {row['encoding_size']:,}"


def scores(part: Row) -> list[str]:
    """Return token accuracy, exact match and BLEU as a table has them."""
    return [f"{part['token_accuracy']:.2%}", f"{part['exact']:.2%}", f"{part['bleu']:.2f}"]


def short(count: float) -> str:
    """Return a large count in thousands or millions."""
    if count < 1e6:
        return f"{count / 1e3:.1f} k"
    return f"{count / 1e6:.2f} M" if count < 1e7 else f"{count / 1e6:.1f} M"


def by_length(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a table for each corpus: a line for each range of lengths, a column for each training on it."""
    for corpus in dict.fromkeys(row["corpus"] for row in rows):
        own = [row for row in rows if row["corpus"] == row["text"] == corpus]
        if not own:
            continue
        names = [budget(row) for row in own]
        for differs in (encoding, further):
            if len({differs(row) for row in own}) > 1:
                names = [f"{name}, {differs(row)}" for name, row in zip(names, own, strict=True)]
        lengths = list(max((row["by_length"] for row in own), key=len))
        lines = [
            f"{corpus}, by length in tokens: {', '.join(SCORES)}",
            "",
            _line(["tokens", "sentences", *names]),
            "|---:|---:|" + "---:|" * len(own),
        ]
        for length in lengths:
            parts = [row["by_length"].get(length) for row in own]
            count = next(part["sentences"] for part in parts if part)
            cells = [" / ".join(scores(part)) if part else "" for part in parts]
            lines.append(_line([length, f"{count:,}", *cells]))
        totals = [" / ".join(scores(row["overall"])) for row in own]
        lines.append(_line(["all", f"{own[0]['overall']['sentences']:,}", *totals]))
        yield "\n".join(lines)


def notes(rows: Sequence[Row]) -> Iterator[str]:
    """Yield lines on how and where rows were measured, and which texts were partly trained on."""
    if len(switches := {further(row) for row in rows}) == 1 and switches != {"defaults"}:
        yield f"All with {switches.pop()}."
    places: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        places.setdefault((row["machine"], row["precision"], row["commit"]), []).append(row)
    for (machine, precision, commit), part in places.items():
        peaks = sorted(
            {f"{row['peak'] / 1e9:,.0f}" for row in part}, key=lambda peak: float(peak.replace(",", ""))
        )
        names = dict.fromkeys(f"{row['corpus']} {budget(row)}" for row in part)
        which = f"; {', '.join(names)}" if len(places) > 1 else ""
        yield (
            f"Measured on {machine}; {precision} matrix peak {' to '.join(peaks[:: max(1, len(peaks) - 1)])} GFLOP/s "
            f"before each training; commit {commit}{which}."
        )
    for corpus, row in {row["corpus"]: row for row in rows if row["corpus"] == row["text"]}.items():
        seen = f"; {row['overlap']:,} of these are also in the training text" if row["overlap"] else ""
        yield f"{corpus}: {row['train_rows']:,} texts to train on, {row['overall']['sentences']:,} to measure on{seen}."


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
