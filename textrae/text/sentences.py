"""Running text to sentences: hard-wrapped lines joined, and paragraphs split, in bounded memory.

Nothing but white space is lost or added, unless hyphens at the ends of lines are to be dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, groupby, pairwise
from typing import Final

from textrae.errors import ConfigError
from textrae.text.blank import is_blank
from textrae.text.scripts import is_unspaced

_HEAD: Final = 2**16
"""Characters of a paragraph that tell whether its lines are hard-wrapped."""
_HELD: Final = 2**14
"""Characters of a paragraph that are split at once."""
_LONGEST: Final = 2**16
"""Characters of a sentence at most; a longer one is cut at white space."""
_WIDEST: Final = 200
"""Characters of a hard-wrapped line at most."""
_FULL: Final = 0.8
"""Share of the longest line that a line fills, the word counted that was not put on it, if it was wrapped there."""
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_HYPHENS: Final = "-\u2010\u00ad"
_DASHES: Final = "\u2011\u2013\u2014"
_CONJUNCTIONS: Final = frozenset(
    ("and", "or", "to", "und", "oder", "bis", "bzw.", "en", "of", "och", "og", "eller", "et", "ou")
)
"""Words before which a hyphen stands for what follows later, as in "mother- and fatherland"."""
_ENDS: Final = re.compile("[.!?…。！？:][\"'”’“»«)\\]」』）]*$")


@dataclass
class SplitCounts:
    """Counts of what was split so far."""

    paragraphs: int = 0
    """Number of paragraphs."""
    sentences: int = 0
    """Number of sentences."""
    joined: int = 0
    """Number of line ends at which two lines were joined."""
    hyphens: int = 0
    """Number of hyphens at line ends that were dropped."""
    cut: int = 0
    """Number of cuts within sentences that were too long."""


def split_sentences(
    lines: Iterable[str],
    language: str = "en",
    counts: SplitCounts | None = None,
    *,
    drop_hyphens: bool = False,
) -> Iterator[str]:
    """Yield the sentences of running text, and an empty string between paragraphs.

    Blank lines part paragraphs. Lines of a paragraph are joined if they are hard-wrapped: none is over 200 characters, and
    most end where the next word would not have fitted. Then a line that is set in, after the end of a sentence, begins a
    paragraph too. Other lines are kept apart. A space joins two lines, but none where the script has none between words,
    or after a hyphen or dash, which stays.

    Args:
        lines: lines without their ends.
        language: code of the language, whose abbreviations end no sentence; sentencex knows some 300.
        counts: updated as sentences are yielded.
        drop_hyphens: drop a hyphen that parts two lower-case letters at a line's end, as in "exam-" and "ple".

    Raises:
        ConfigError: that is no code of a language.
    """
    if not _LANGUAGE.fullmatch(language):
        raise ConfigError(f"`language={language}`: is no code of a language; give one such as en, de or zh")
    return _split(lines, language, SplitCounts() if counts is None else counts, drop_hyphens)


def _split(lines: Iterable[str], language: str, counts: SplitCounts, drop_hyphens: bool) -> Iterator[str]:
    for blank, block in groupby(lines, is_blank):
        if blank:
            continue
        for texts in _paragraphs(block, counts, drop_hyphens):
            if counts.paragraphs:
                yield ""
            counts.paragraphs += 1
            for parts in texts:
                for sentence in _sentences(parts, language, counts):
                    counts.sentences += 1
                    yield sentence


def _paragraphs(
    block: Iterator[str], counts: SplitCounts, drop_hyphens: bool
) -> Iterator[Iterable[Iterable[str]]]:
    """Yield the texts of each paragraph of a block of lines; the parts of a text are to be joined."""
    head = _beginning(block)
    every = chain(head, block)
    if not _wrapped(head):
        yield ([line.strip()] for line in every)
        return
    indents = [_indent(line) for line in head]
    set_in = [indent > min(indents) for indent in indents]
    hanging = not set_in[0] and 2 * sum(set_in) >= len(head)
    for _, lines in groupby(every, _Paragraphs(hanging).number):
        yield [_unwrapped(lines, counts, drop_hyphens)]


def _beginning(block: Iterator[str]) -> list[str]:
    """Take the first lines of a block, enough to tell how it is laid out."""
    head, size = [], 0
    for line in block:
        head.append(line)
        size += len(line)
        if size >= _HEAD:
            break
    return head


def _wrapped(lines: Sequence[str]) -> bool:
    """Return whether most lines end where the next word would not have fitted, in no more than 200 characters."""
    texts = [line.strip() for line in lines]
    width = max(map(len, texts))
    if width > _WIDEST:
        return False
    full = sum(len(one) + len(_first_word(two)) >= _FULL * width for one, two in pairwise(texts))
    return 2 * full > len(texts) - 1


def _first_word(text: str) -> str:
    """Return what a line cannot break: a word, or one character of a script without spaces."""
    return text[0] if is_unspaced(text[0]) else text.split(maxsplit=1)[0]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


class _Paragraphs:
    """Numbers of the paragraphs of hard-wrapped lines: one that is set in, after a sentence's end, begins another.

    Args:
        hanging: whether the first line stands out and the others are set in, so that this says nothing.
    """

    def __init__(self, hanging: bool) -> None:
        self._hanging = hanging
        self._count, self._indent, self._ended = 0, 0, False

    def number(self, line: str) -> int:
        """Return the number of the paragraph of the next line."""
        indent = _indent(line)
        self._count += indent > self._indent and self._ended and not self._hanging
        self._indent, self._ended = indent, _ENDS.search(line.rstrip()) is not None
        return self._count


def _unwrapped(lines: Iterable[str], counts: SplitCounts, drop_hyphens: bool) -> Iterator[str]:
    """Yield parts that joined are the text of hard-wrapped lines."""
    text = ""
    for line in lines:
        following = line.strip()
        if text:
            counts.joined += 1
            divided = _divided(text, following)
            if divided and drop_hyphens and text[-2:-1].islower() and following[0].islower():
                counts.hyphens += 1
                text = text[:-1]
            apart = not (divided or _dashed(text) or _unspaced(text[-1], following[0]))
            yield f"{text} " if apart else text
        text = following
    yield text


def _unspaced(one: str, two: str) -> bool:
    """Return whether no space joins two characters: both are of scripts without spaces, or one is and the other a quote."""
    quotes = "“”‘’…"
    known = (is_unspaced(one), is_unspaced(two))
    return any(known) and (known[0] or one in quotes) and (known[1] or two in quotes)


def _divided(text: str, following: str) -> bool:
    """Return whether a hyphen at the end of a line binds it to the next one."""
    bound = len(text) > 1 and text[-1] in _HYPHENS and not text[-2].isspace() and text[-2] not in _HYPHENS
    return bound and _first_word(following) not in _CONJUNCTIONS


def _dashed(text: str) -> bool:
    """Return whether a line ends with a dash right behind a word, as dashes without spaces do."""
    dash = text[-1] in _DASHES or text.endswith("--")
    return dash and bool(before := text.rstrip(_DASHES + "-")) and not before[-1].isspace()


def _sentences(parts: Iterable[str], language: str, counts: SplitCounts) -> Iterator[str]:
    """Yield the sentences of a text, holding few characters more than its longest sentence.

    Args:
        parts: strings that joined are the text.
        language: code of the language.
        counts: counts cuts within sentences.
    """
    held, due = "", 2 * _HELD
    for part in parts:
        for start in range(0, len(part), _HELD):
            held += part[start : start + _HELD]
            if len(held) < due:
                continue
            *done, held = _pieces(held, language)  # what follows may belong to the last one
            yield from _filled(done)
            while len(held) > _LONGEST:
                counts.cut += 1
                spaces = [space.start() for space in re.finditer(r"\s", held[:_LONGEST])]
                place = spaces[-1] if spaces and held[: spaces[-1]].strip() else _LONGEST
                yield held[:place].strip()
                held = held[place:]
            due = len(held) + _HELD
    yield from _filled(_pieces(held, language))


def _pieces(text: str, language: str) -> list[str]:
    """Cut a text behind each sentence, white space included."""
    import sentencex

    # a wide space is more than one byte, at which sentencex fails
    plain = re.sub(r"\s", " ", text)
    ends = accumulate(map(len, sentencex.segment(language, plain)), initial=0)
    return [text[start:end] for start, end in pairwise(ends)] or [text]


def _filled(pieces: Iterable[str]) -> Iterator[str]:
    return (piece.strip() for piece in pieces if not is_blank(piece))
