"""The sections that show what runs do with sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from textrae.evaluation.attention import attention_picture
from textrae.evaluation.reconstruction import Measures, ReconstructionReport
from textrae.evaluation.translation import TranslationReport
from textrae.latent.posterior import collapsed
from textrae.pictures.canvas import colour
from textrae.pictures.charts import bars, cloud, spectrum
from textrae.report.blocks import Block, Changed, Drawn, Listed, Rebuilt, Said, Section, Table
from textrae.report.differences import changed_share
from textrae.report.studying import Study, Text
from textrae.runs.metrics import best_validation

_PAIRS, _WORST = 10, 10
"""Sentences that are shown as they come, and those that were changed most."""
MARKED = "What was lost is crossed out, what is new is underlined."
"""How differences are shown on a page."""
_COMPARED = 1_000
"""Sentences among which those that were changed most are looked for, at most."""
_PIECES = 40
"""Pieces written that a map of attention has, at most."""
_ACTIVE_KL = 0.05
"""Nats from which on a dimension is said to be used: the line of the picture."""


def quality(studies: Sequence[Study], text: Text | None) -> Section:
    """Return the section of measures by length."""
    known = [one for one in studies if one.quality is not None]
    if not known or text is None:
        reasons = dict.fromkeys(one.missing.get("quality", "") for one in studies)
        return Section("Quality", [Said(f"Not measured: {'; '.join(filter(None, reasons))}.")])
    first = known[0].quality
    assert first is not None
    unit = first.unit if isinstance(first, TranslationReport) else "tokens"
    blocks: list[Block] = [
        Said(f"Measured on {len(text.sentences):,} sentences of `{text.name}`, decoded greedily.")
    ]
    lengths = list(dict.fromkeys(length for one in known for length in _by_length(one)))
    lengths.sort(key=lambda name: int(name.split("-")[0].rstrip("+")))
    below = [
        f"n={_by_length(known[0])[one].sentences:,}" if one in _by_length(known[0]) else "" for one in lengths
    ]
    for what, name, caption in (
        ("quality", "BLEU", f"BLEU by length of the sentences in {unit}; n is their number."),
        ("exact", "exact, %", f"Sentences rebuilt to the letter, by length in {unit}."),
    ):
        series = [
            (one.name, [_measure(_by_length(one).get(length), what) for length in lengths], colour(number))
            for number, one in enumerate(known)
        ]
        if all(math.isnan(value) for _, values, _ in series for value in values):
            continue
        blocks.append(Drawn(what, bars(caption, lengths, series, unit, name, below), caption))
    for one in known:
        assert one.quality is not None
        if len(known) > 1:
            blocks.append(Said(f"{one.name}:"))
        blocks.append(_table(one.quality))
        notes = [
            *one.quality.notes,
            *(f"{name}: `{signed}`" for name, signed in one.quality.signatures.items()),
        ]
        blocks.append(Said("; ".join(notes)))
    return Section("Quality by length", blocks)


def _by_length(one: Study) -> dict[str, Any]:
    assert one.quality is not None
    return dict(one.quality.by_length)


def _measure(found: Any, what: str) -> float:
    if found is None or (what == "exact" and not isinstance(found, Measures)):
        return math.nan
    return 100 * found.exact if what == "exact" else float(found.bleu)


def _table(found: ReconstructionReport | TranslationReport) -> Table:
    """Return the table that `textrae evaluate` prints, in cells."""
    lines = [line.split("  ") for line in found.table().splitlines()]
    head, *rows = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    return Table(head, rows)


def rebuilt(studies: Sequence[Study]) -> Section:
    """Return the section of sentences and what came of them: some as they come, and those changed most."""
    known = [one for one in studies if one.pairs]
    several, first = len(known) > 1, known[0].pairs
    whole = min(len(one.pairs) for one in known)
    rows = list(range(min(_PAIRS, whole)))
    shares = {
        row: max(changed_share(*one.pairs[row]) for one in known) for row in range(min(whole, _COMPARED))
    }
    size = {row: shares[row] * math.sqrt(len(first[row][0])) for row in shares}
    worst = sorted((row for row in shares if shares[row] > 0 and row not in rows), key=lambda row: -size[row])
    worst = list({first[row][0]: row for row in reversed(worst)}.values())[::-1]
    same = all(one.pairs[row][0] == first[row][0] for one in known for row in rows)

    def shown(some: Sequence[int]) -> Rebuilt:
        return Rebuilt(
            [
                Changed(first[row][0], [(one.name if several else "", one.pairs[row][1]) for one in known])
                for row in some
            ]
        )

    blocks: list[Block] = [Said(MARKED)]
    blocks += [Said(f"The first {len(rows)}:"), shown(rows)] if same else []
    if worst:
        blocks += [Said("Those that were changed most:"), shown(worst[:_WORST])]
    exact = sum(a == b for a, b in first[:whole])
    if not worst and exact == whole:
        blocks.append(Said(f"All {whole:,} came back to the letter."))
    title = (
        "Translated sentences, beside the references"
        if known[0].model.run.translates
        else "Rebuilt sentences"
    )
    return Section(title, blocks)


def written(studies: Sequence[Study]) -> Iterator[Section]:
    """Yield the sections of samples and of walks from one sentence to another."""
    for title, said, part in (
        ("Samples", "Sentences decoded from encodings that were drawn.", "samples"),
        ("A walk between two sentences", "Decoded on the way from the first sentence to the last.", "walk"),
    ):
        blocks: list[Block] = [Said(said)]
        for one in studies:
            lines: list[str] = getattr(one, part)
            if len(studies) > 1 and (lines or part in one.missing):
                blocks.append(Said(f"{one.name}:"))
            if lines and part == "walk" and one.ends:
                blocks.append(Said(f"From “{one.ends[0]}” to “{one.ends[1]}”:"))
            if lines:
                blocks.append(Listed(lines, ordered=part == "walk"))
            elif part in one.missing:
                blocks.append(Said(f"None: {one.missing[part]}."))
        if len(blocks) > 1:
            yield Section(title, blocks)


def mapped(studies: Sequence[Study], text: Text | None) -> Section | None:
    """Return the section of encodings in the plane, and of the sentences nearest to some."""
    blocks: list[Block] = []
    for one in studies:
        if one.layout is None:
            if "map" in one.missing:
                blocks.append(Said(f"{_by(one, studies)}No map: {one.missing['map']}."))
            continue
        axes = [
            f"component {n} ({share:.0%} of the variance)" for n, share in enumerate(one.layout.explained, 1)
        ]
        of = "training sentences that the run keeps, decoded" if text is None else f"sentences of {text.name}"
        meant = " (the part for meaning)" if text is not None and one.model.run.settings.model.meaning else ""
        caption = (
            f"{_by(one, studies)}Encodings{meant} of {len(one.layout.points):,} {of}, by principal components. "
            "Point at one to read its sentence."
        )
        title = f"Encodings of {one.name} by their first two principal components"
        found = one.layout
        picture = cloud(title, found.points, found.groups, found.names, (axes[0], axes[1]), found.titles)
        blocks.append(Drawn("map", picture, caption))
    for one in studies:
        if one.neighbours:
            blocks.append(
                Said(
                    f"{_by(one, studies)}Some sentences, each with those whose encodings are nearest (cosine):"
                )
            )
            rows = [
                [near.sentence if place == 0 else "", f"{cosine:.2f}", other]
                for near in one.neighbours
                for place, (other, cosine) in enumerate(near.others)
            ]
            blocks.append(Table(["sentence", "cosine", "nearest"], rows, texts=True))
    return Section("Where sentences lie", blocks) if blocks else None


def posteriors(studies: Sequence[Study]) -> Section | None:
    """Return the section that tells how variational runs use their dimensions."""
    blocks: list[Block] = []
    for one in studies:
        if not one.model.run.settings.model.variational:
            continue
        best = best_validation(one.reports)
        if one.posterior is not None:
            kls, active, total = (
                one.posterior.kl_by_dimension,
                one.posterior.active_units,
                one.posterior.dimensions,
            )
            told = one.posterior.describe()
            said = f"{told[0].upper()}{told[1:]}."
        elif best is not None and best.kl_by_dimension:
            kls, active = best.kl_by_dimension, int(best.numbers.get("active_units", 0))
            total = len(kls)
            said = f"At the best validation: KL {best.numbers.get('kl', 0.0):.2f} nats a sentence, active units {active}/{total}."
        else:
            continue
        fallen = collapsed(active, total)
        verdict = (
            "The posterior has collapsed: less than a tenth of the dimensions vary from sentence to sentence, so samples and "
            "walks say little of what was read."
            if fallen
            else f"The posterior has not collapsed: {active:,} of {total:,} dimensions vary from sentence to sentence."
        )
        blocks += [Said(f"{_by(one, studies)}{verdict} {said}")]
        used = sum(value > _ACTIVE_KL for value in kls)
        caption = f"{_by(one, studies)}KL divergence of each dimension, the largest first; {used:,} are above {_ACTIVE_KL} nats (dashed)."
        picture = spectrum(f"KL divergence by dimension of {one.name}", kls, _ACTIVE_KL, "dimensions", "nats")
        blocks.append(Drawn("kl", picture, caption))
    return Section("What the latent holds", blocks) if blocks else None


def attended(studies: Sequence[Study]) -> Section | None:
    """Return the section of attention maps."""
    blocks: list[Block] = []
    for one in studies:
        for found in one.attention:
            caption = (
                f"{_by(one, studies)}Each row is a piece that is written; the darker a square, the more it looks at that "
                "piece of what is read."
            )
            if len(found.target) > _PIECES:
                caption += f" The first {_PIECES} of {len(found.target):,} pieces."
                found = replace(found, target=found.target[:_PIECES], decoder=found.decoder[:_PIECES])
            blocks.append(Drawn("attention", attention_picture(found), caption))
    return Section("Attention", blocks) if blocks else None


def suites(studies: Sequence[Study]) -> Section | None:
    """Return the section of what the encodings are good for, measured on a suite beside simple encodings."""
    blocks: list[Block] = []
    for one in studies:
        if one.suite is None:
            continue
        columns = list(one.suite.columns())
        rows = [
            [
                encoding,
                "–" if size is None else f"{size:,}",
                *(_share(values[encoding]) for _, _, values in columns),
            ]
            for encoding, size in one.suite.encodings.items()
        ]
        caption = f"{_by(one, studies)}Measures × 100, each mark an encoding."
        blocks.append(Drawn("suite", one.suite.picture(), caption))
        blocks.append(
            Table(["encoding", "numbers", *(f"{name} {measure}" for name, measure, _ in columns)], rows)
        )
        if one.suite.notes:
            blocks.append(Said("; ".join(one.suite.notes)))
    return Section("What the encodings are good for", blocks) if blocks else None


def _share(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.1f}"


def _by(one: Study, studies: Sequence[Study]) -> str:
    """Return the name of a run as the beginning of a sentence, where there are several."""
    return f"{one.name}: " if len(studies) > 1 else ""
