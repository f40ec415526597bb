"""Make a synthetic corpus: English sentences, their German and Chinese translations, and labels.

A synchronous grammar draws one meaning structure a sentence and realises it in the three languages.  The
same seed gives the same bytes on every platform.

    python scripts/corpus/make.py --out data --lines 21000 --seed 0
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import complex as cplx
import facts
import moods
import reports
import simple
import stories
from lexicon import Chooser
from sentence import Sentence

Pattern = Callable[[Chooser], Sentence]

FEWEST_TOKENS, MOST_TOKENS = 3, 25
# Repeated sentences in a row after which the grammar counts as exhausted
MOST_REPEATS = 10_000
# Patterns and how often each is tried; one that has run out of new sentences yields fewer than its share
PATTERNS: tuple[tuple[Pattern, int], ...] = (
    (simple.event, 180),
    (simple.opinion, 92),
    (simple.feeling, 28),
    (simple.whereabouts, 42),
    (simple.profession, 24),
    (simple.liking, 20),
    (simple.like_to, 44),
    (simple.preferring, 8),
    (simple.assessment, 46),
    (simple.purpose, 50),
    (facts.weather, 46),
    (facts.existence, 40),
    (facts.comparison, 40),
    (facts.age, 6),
    (facts.price, 8),
    (facts.timetable, 16),
    (moods.polar_event, 32),
    (moods.polar_opinion, 10),
    (moods.polar_state, 8),
    (moods.where, 20),
    (moods.when, 10),
    (moods.why, 16),
    (moods.what, 20),
    (moods.who, 12),
    (moods.request, 14),
    (moods.suggestion, 12),
    (moods.exclamation, 6),
    (moods.outcry, 10),
    (cplx.bought_because, 22),
    (cplx.stayed_because, 26),
    (cplx.happy_because, 12),
    (cplx.liked_because, 12),
    (cplx.needed_so, 20),
    (cplx.if_weather, 32),
    (cplx.when_weather, 30),
    (reports.arrived_when, 24),
    (reports.home_when, 12),
    (reports.wanted_but, 34),
    (reports.mixed_but, 32),
    (reports.looked_but, 24),
    (reports.both, 14),
    (reports.relative_object, 26),
    (reports.relative_subject, 18),
    (reports.reported, 28),
    (reports.quotation, 16),
    (reports.trip_story, 6),
    (reports.not_there, 16),
    (stories.arrival_story, 9),
    (stories.wish_story, 7),
    (stories.weighed_report, 8),
    (stories.errand_story, 9),
)


def corpus(lines: int, seed: int) -> list[Sentence]:
    """Return ``lines`` sentences in random order, all with different English."""
    chooser = Chooser(seed)
    seen: set[str] = set()
    sentences: list[Sentence] = []
    repeats = 0
    while len(sentences) < lines:
        if repeats == MOST_REPEATS:
            raise ValueError(f"the grammar has no more than about {len(sentences)} sentences")
        repeats += 1
        sentence = chooser.weighted(PATTERNS)(chooser)
        tokens = len(sentence.en.split())
        if sentence.en not in seen and FEWEST_TOKENS <= tokens <= MOST_TOKENS:
            seen.add(sentence.en)
            repeats = 0
            sentences.append(sentence)
    chooser.shuffle(sentences)
    return sentences


def label(sentence: Sentence) -> str:
    """Return the sentiment and the tense of a sentence, parted by a tab."""
    sentiment = "positive" if sentence.polarity > 0 else "negative" if sentence.polarity < 0 else "neutral"
    return f"{sentiment}\t{sentence.tense}"


def write(path: Path, lines: Sequence[str]) -> None:
    """Write lines to a UTF-8 file with newline line ends on every platform."""
    path.write_bytes("".join(line + "\n" for line in lines).encode())


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and write the corpus."""
    parser = argparse.ArgumentParser(description="Make the synthetic trilingual corpus.")
    parser.add_argument("--out", type=Path, default=Path("data"), help="folder to write to (default: data)")
    parser.add_argument("--lines", type=int, default=21000, help="number of sentences (default: 21000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random choices (default: 0)")
    options = parser.parse_args(arguments)
    sentences = corpus(options.lines, options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    write(options.out / "sentences.en.txt", [sentence.en for sentence in sentences])
    write(options.out / "sentences.de.txt", [sentence.de for sentence in sentences])
    write(options.out / "sentences.zh.txt", [sentence.zh for sentence in sentences])
    write(options.out / "labels.tsv", [label(sentence) for sentence in sentences])


if __name__ == "__main__":
    main()
