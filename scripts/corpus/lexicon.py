"""The trilingual lexicon as typed entries, and the seeded chooser that draws from it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import tables

Item = TypeVar("Item")


class Chooser:
    """Seeded random choices that use only ``Random.random``, so every platform draws the same."""

    def __init__(self, seed: int) -> None:
        """Start the stream of choices for ``seed``."""
        self._random = random.Random(seed)

    def below(self, bound: int) -> int:
        """Return a whole number from 0 up to but not including ``bound``."""
        return int(self._random.random() * bound)

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of ``items``, all equally likely."""
        return items[self.below(len(items))]

    def chance(self, percent: int) -> bool:
        """Return true in ``percent`` of a hundred cases."""
        return self.below(100) < percent

    def weighted(self, choices: Sequence[tuple[Item, int]]) -> Item:
        """Return one of ``choices``, each as likely as its whole-number weight."""
        left = self.below(sum(weight for _, weight in choices))
        for item, weight in choices:
            left -= weight
            if left < 0:
                return item
        raise AssertionError("the weights add up to more than the draw")

    def shuffle(self, items: list[Item]) -> None:
        """Put ``items`` in a random order (Fisher-Yates)."""
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]


@dataclass(frozen=True)
class Noun:
    """A common noun with its German gender and its Chinese measure word."""

    en: str
    en_plural: str
    de: str
    gender: str
    weak: bool
    de_plural: str
    zh: str
    measure: str
    classes: frozenset[str]

    @property
    def mass(self) -> bool:
        """Whether the noun has no plural."""
        return not self.en_plural

    @property
    def plural_only(self) -> bool:
        """Whether the noun is used only in the plural."""
        return self.en_plural == "="


@dataclass(frozen=True)
class Adjective:
    """A gradable or absolute adjective; ``zh_fixed`` holds predicates that take no degree word."""

    en: str
    en_comparative: str
    de: str
    de_stem: str
    de_comparative: str
    zh: str
    zh_fixed: tuple[str, str] | None
    zh_attribute: str
    polarity: int
    negatable: bool
    classes: frozenset[str]


@dataclass(frozen=True)
class Verb:
    """A verb with its principal parts; the flags are explained in ``tables``."""

    en: str
    en_past: str
    en_ing: str
    en_tail: str
    de: str
    de_second: str
    de_third: str
    de_past: str
    de_participle: str
    de_auxiliary: str
    de_prefix: str
    de_tail: str
    de_case: str
    zh: str
    zh_past: str
    objects: frozenset[str]
    places: frozenset[str]
    scale: str
    polarity: int
    flags: str

    @property
    def transitive(self) -> bool:
        """Whether the verb takes an object."""
        return "{o}" in self.zh


@dataclass(frozen=True)
class Place:
    """A place as location ("at school") and as goal ("to school")."""

    en: str
    en_goal: str
    de: str
    de_goal: str
    zh: str
    zh_goal: str
    classes: frozenset[str]

    @property
    def zh_past_goal(self) -> str:
        """The perfective form of the Chinese goal phrase."""
        return self.zh_goal[0] + "了" + self.zh_goal[1:]


@dataclass(frozen=True)
class Time:
    """A time adverbial; ``kinds`` name the tenses it goes with and whether it can be fronted."""

    en: str
    de: str
    zh: str
    scale: str
    kinds: frozenset[str]


@dataclass(frozen=True)
class Word:
    """Any uninflected word in the three languages."""

    en: str
    de: str
    zh: str


@dataclass(frozen=True)
class Profession:
    """An occupation with its German masculine and feminine nouns."""

    en: str
    de_male: str
    de_female: str
    zh: str


@dataclass(frozen=True)
class GivenName:
    """A given name and its bearer's gender."""

    en: str
    de: str
    zh: str
    gender: str


def _rows(table: str) -> list[list[str]]:
    """Split a table into rows of stripped cells."""
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def _classes(cell: str) -> frozenset[str]:
    """Split a cell of class names."""
    return frozenset(cell.split())


def _sign(cell: str) -> int:
    """Turn a polarity mark into -1, 0 or 1."""
    return {"+": 1, "-": -1, "0": 0}[cell[0]]


def _noun(row: list[str]) -> Noun:
    """Make a noun from its row."""
    en, en_plural, de, gender, de_plural, zh, measure, classes = row
    return Noun(en, en_plural, de, gender[0], "w" in gender, de_plural, zh, measure, _classes(classes))


def _adjective(row: list[str]) -> Adjective:
    """Make an adjective from its row."""
    en, en_more, de, stem, de_more, zh, attribute, polarity, classes = row
    positive, _, negative = zh.partition("/")
    fixed = (positive, negative) if negative else None
    return Adjective(
        en, en_more, de, stem, de_more, positive, fixed, attribute, _sign(polarity), "!" not in polarity,
        _classes(classes),
    )  # fmt: skip


def _verb(row: list[str]) -> Verb:
    """Make a verb from its row; without a perfective form of its own it gets one with ``了``."""
    english, en_tail, german, de_tail, case, zh, zh_past, objects, places, scale, polarity, flags = row
    en, en_past, en_ing = english.split(",")
    infinitive, second, third, past, participle, auxiliary, prefix = german.split(",")
    return Verb(
        en, en_past, en_ing, en_tail, infinitive, second, third, past, participle, auxiliary, prefix, de_tail,
        case, zh, zh_past or zh.replace("{o}", "了{o}"), _classes(objects), _classes(places), scale,
        _sign(polarity), flags,
    )  # fmt: skip


def _place(row: list[str]) -> Place:
    """Make a place from its row."""
    en, en_goal, de, de_goal, zh, zh_goal, classes = row
    return Place(en, en_goal, de, de_goal, zh, zh_goal or "去" + zh, _classes(classes))


def _time(row: list[str]) -> Time:
    """Make a time adverbial from its row."""
    en, de, zh, scale, kinds = row
    return Time(en, de, zh, scale, _classes(kinds))


NOUNS = [_noun(row) for row in _rows(tables.NOUNS)]
ADJECTIVES = [_adjective(row) for row in _rows(tables.ADJECTIVES)]
VERBS = [_verb(row) for row in _rows(tables.VERBS)]
TRANSFERS = [_verb(row) for row in _rows(tables.TRANSFERS)]
PREFERENCES = [_verb(row) for row in _rows(tables.PREFERENCES)]
PLACES = [_place(row) for row in _rows(tables.PLACES)]
TIMES = [_time(row) for row in _rows(tables.TIMES)]
NAMES = [GivenName(*row) for row in _rows(tables.NAMES)]
PROFESSIONS = [Profession(*row) for row in _rows(tables.PROFESSIONS)]
NUMERALS = [Word(*row) for row in _rows(tables.NUMERALS)]
FREQUENCIES = [Word(*row) for row in _rows(tables.FREQUENCIES)]


def nouns(*classes: str) -> list[Noun]:
    """Return the nouns in any of ``classes``, in the order of the table."""
    return [noun for noun in NOUNS if noun.classes.intersection(classes)]


def noun(en: str) -> Noun:
    """Return the noun with this English form."""
    return next(entry for entry in NOUNS if entry.en == en)


def adjectives(*classes: str) -> list[Adjective]:
    """Return the adjectives that describe any of ``classes``, in the order of the table."""
    return [adjective for adjective in ADJECTIVES if adjective.classes.intersection(classes)]


def adjective(en: str, kind: str) -> Adjective:
    """Return the adjective with this English form that describes things of class ``kind``."""
    return next(entry for entry in ADJECTIVES if entry.en == en and kind in entry.classes)


def verb(en: str, tail: str = "") -> Verb:
    """Return the first verb with this English base form and tail."""
    return next(entry for entry in VERBS if entry.en == en and entry.en_tail == tail)


def places(*classes: str) -> list[Place]:
    """Return the places in any of ``classes``, in the order of the table."""
    return [place for place in PLACES if place.classes.intersection(classes)]


def place(en: str) -> Place:
    """Return the place with this English location phrase."""
    return next(entry for entry in PLACES if entry.en == en)


def times(kind: str, scales: str = "tdwy") -> list[Time]:
    """Return the time adverbials of ``kind`` on one of the one-letter ``scales``."""
    return [time for time in TIMES if kind in time.kinds and time.scale in scales]
