"""Fill or drop the gaps of sequences, cut them into windows, and hold some out that share no step with the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textrae.errors import SeriesError
from textrae.series.data import Series, Values, Window, hold_out
from textrae.series.settings import SeriesFormat

_FEW = 10
"""Sequences from which on whole ones are held out, not their ends."""

Rows = NDArray[np.int64]


def prepared(where: str, series: Series, format: SeriesFormat) -> Series:
    """Do with gaps, which are NaN, what the format says, and cut the sequences into its windows.

    Args:
        where: the file, or what else the sequences come from, for messages.
        series: sequences as they were read.
        format: what to do with gaps, and the windows.

    Raises:
        SeriesError: a gap is refused or cannot be filled, or nothing is left.
    """
    if not series:
        return series
    places = [np.arange(len(values)) for values in series.values]
    if any(bool(np.isnan(values).any()) for values in series.values):
        series, places = _without_gaps(where, series, format.missing)
    return series if format.window is None else _cut(where, series, places, format)


def _without_gaps(where: str, series: Series, missing: str) -> tuple[Series, list[Rows]]:
    """Fill or drop gaps; return with the sequences which of their steps are left."""
    out = Series(names=series.names, notes=list(series.notes))
    places: list[Rows] = []
    dropped = filled = 0
    for number, values in enumerate(series.values):
        gaps = np.isnan(values)
        if missing == "error" and gaps.any():
            step = int(np.flatnonzero(gaps.any(1))[0])
            raise SeriesError(
                f"{where}, sequence {number} (counted from 0), step {step}: a gap (NaN); fill it, or give "
                "`missing=drop` or `missing=interpolate`"
            )
        if missing == "interpolate":
            values, count = _interpolated(values)
            filled += count
        kept = np.flatnonzero(~np.isnan(values).any(1))
        dropped += len(values) - len(kept)
        if len(kept):
            out.values.append(values[kept])
            out.labels += series.labels[number : number + 1]
            places.append(kept)
    if not out:
        raise SeriesError(f"{where}: every step has a gap; choose other `columns`, or fill the gaps")
    if filled:
        out.notes.append(f"{where}: gaps filled by linear interpolation: {filled:,}")
    if dropped:
        steps = sum(map(len, series.values))
        out.notes.append(f"{where}: {dropped:,} of {steps:,} steps had a gap and were left out")
    if gone := len(series) - len(out):
        out.notes.append(f"{where}: {gone:,} sequences had nothing but gaps and were left out")
    return out, places


def _interpolated(values: Values) -> tuple[Values, int]:
    """Fill the gaps of each column between its first and its last number; return how many that were."""
    out = values.copy()
    for column in out.T:
        known = np.flatnonzero(~np.isnan(column))
        if len(known):
            inside = slice(known[0], known[-1] + 1)
            column[inside] = np.interp(np.arange(known[0], known[-1] + 1), known, column[known])
    return out, int(np.isnan(values).sum() - np.isnan(out).sum())


def _cut(where: str, series: Series, places: Sequence[Rows], format: SeriesFormat) -> Series:
    """Cut sequences into windows; what fills none is left out and told."""
    size = format.window or 1
    stride = format.stride or size
    out = Series(names=series.names, notes=list(series.notes))
    for number, values in enumerate(series.values):
        for start in range(0, len(values) - size + 1, stride):
            out.values.append(values[start : start + size])
            out.labels += series.labels[number : number + 1]
            out.windows.append(Window(number, start, int(places[number][start])))
    if not out:
        raise SeriesError(
            f"{where}: no sequence has the {size} steps of a window ({series.lengths[1]} at most); give a smaller `window`"
        )
    steps = sum(map(len, series.values))
    unused = steps - _covered(out.windows, size)
    said = f"{where}: {steps:,} steps cut into {len(out):,} windows of {size}, one every {stride}"
    out.notes.append(said + (f"; {unused:,} steps are in none and were left out" if unused else ""))
    return out


def _covered(windows: Sequence[Window], size: int) -> int:
    """Count the steps that are in at least one window."""
    count, sequence, end = 0, -1, 0
    for window in windows:
        if window.sequence != sequence:
            sequence, end = window.sequence, 0
        count += window.start + size - max(end, window.start)
        end = window.start + size
    return count


def split(series: Series, most: int, seed: int) -> tuple[Rows, Rows, int]:
    """Split sequences into those to train on and those held out, at most `most` and a tenth.

    Windows of one longer sequence may share steps, and neighbours are alike. So of ten longer sequences or more, whole
    ones are held out; of fewer, the last windows of each. Windows that share a step with those are left out.

    Args:
        series: the sequences.
        most: sequences held out, at most.
        seed: seed of the split.

    Returns:
        Row numbers in rising order, (train,) and (held out,), and how many windows were left out.
    """
    if not series.windows:
        return *hold_out(len(series), most, seed), 0
    everything = np.arange(len(series))
    wanted = min(most, len(series) // 10)
    sources = np.array([window.sequence for window in series.windows])
    if len(set(sources.tolist())) >= _FEW:
        train, held = _whole(sources, wanted, seed)
    else:
        train, held = _ends(series, sources, wanted)
    if not len(train) or not len(held):
        return everything, everything[:0], 0
    return train, held, len(series) - len(train) - len(held)


def _whole(sources: Rows, wanted: int, seed: int) -> tuple[Rows, Rows]:
    """Hold out whole sequences: those drawn first that have `wanted` windows, of which evenly spaced ones are kept."""
    names = np.unique(sources)
    drawn = np.random.default_rng(seed).permutation(names)[: len(names) // _FEW]
    counts = np.cumsum([(sources == name).sum() for name in drawn])
    drawn = drawn[: int(np.searchsorted(counts, wanted)) + 1]
    held = np.flatnonzero(np.isin(sources, drawn))
    spaced = np.linspace(0, len(held) - 1, min(wanted, len(held))).round().astype(int)
    return np.flatnonzero(~np.isin(sources, drawn)), held[spaced]


def _ends(series: Series, sources: Rows, wanted: int) -> tuple[Rows, Rows]:
    """Hold out the last windows of each sequence; those before that share a step with them are in neither part."""
    train, held = list[Rows](), list[Rows]()
    share, seen, taken = wanted / len(series), 0, 0
    starts = np.array([window.start for window in series.windows])
    for name in np.unique(sources):
        rows = np.flatnonzero(sources == name)
        seen += len(rows)
        count = int(seen * share + 1e-9) - taken
        taken += count
        held.append(rows[len(rows) - count :])
        size = len(series.values[rows[0]])
        before = starts[rows] + size <= starts[rows[len(rows) - count]] if count else np.ones(len(rows), bool)
        train.append(rows[before])
    return np.concatenate(train), np.concatenate(held)
