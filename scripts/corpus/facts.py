"""Patterns of factual statements: weather, existence, comparison, age, prices and timetables."""

from dataclasses import replace

import chinese
import clauses
import english
import german
import lexicon
from clauses import FUTURE, PAST, PRESENT
from grammar import (
    Clause,
    comparative_predicate,
    equative_predicate,
)
from lexicon import Chooser, GivenName, Place, Word
from phrases import CommonPhrase, Phrase, ProperName
from sentence import Sentence, finish, sky, state


def weather(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Yesterday it was very cold in Berlin."""
    wanted = clauses.tense(chooser)
    clause = sky(chooser, wanted)
    mild = clause.predicate is not None and not clause.predicate.en.startswith(("really", "quite"))
    place = chooser.pick(lexicon.places("cities", "fair")) if chooser.chance(75) else None
    time = chooser.pick(lexicon.times(wanted, "dw"))
    front = "front" in time.kinds and chooser.chance(45)
    clause = replace(clause, time=time, fronted=front, negated=mild and chooser.chance(18))
    if place is None:
        return state(clause, 0)
    body = english.realise(replace(clause, time=time if front else None))
    en = f"{body} {place.en}" + ("" if front else " " + time.en)
    zh = time.zh + place.zh + chinese.realise(replace(clause, time=None))
    return finish(en, german.realise(replace(clause, place=place)), zh, 0, wanted)


EXISTENCE = {
    "in the park": ("animal",),
    "in the garden": ("animal", "furniture"),
    "on the beach": ("animal",),
    "in the kitchen": ("furniture", "animal"),
    "in the room": ("furniture", "device"),
    "in Berlin": ("sight", "eatery"),
    "in Vienna": ("sight", "eatery"),
    "in Paris": ("sight", "eatery"),
    "in London": ("sight", "eatery"),
    "in Beijing": ("sight", "eatery"),
    "in Rome": ("sight", "eatery"),
}


def existence(chooser: Chooser) -> Sentence:
    """Draw a sentence like: There are three old chairs in the kitchen."""
    where = chooser.pick(list(EXISTENCE))
    place, wanted = lexicon.place(where), clauses.tense(chooser)
    choices = [noun for noun in lexicon.nouns(*EXISTENCE[where]) if noun.measure]
    noun = chooser.pick([noun for noun in choices if not noun.plural_only])
    city = "cities" in place.classes
    wanted = PRESENT if wanted == FUTURE and not city else wanted
    phrase = clauses.indefinite(chooser, noun)
    if chooser.chance(60):
        phrase = replace(phrase, determiner="", many=True, count=lexicon.NUMERALS[chooser.below(9)])
    if "animal" not in noun.classes and chooser.chance(55):
        neutral = [
            item
            for item in lexicon.adjectives(*sorted(noun.classes))
            if item.en in ("new", "old", "big", "small")
        ]
        phrase = phrase.described(chooser.pick(neutral) if neutral else None)
    en = f"there {'will be' if wanted == FUTURE else english.be(phrase, wanted)} {phrase.en()} {place.en}"
    verb = {PAST: "gab es", PRESENT: "gibt es", FUTURE: "wird es"}[wanted]
    case = "acc"
    if not city and wanted != FUTURE:
        verb, case = german.SEIN[wanted][german.slot(phrase)], "nom"
    de = f"{place.de} {verb} {phrase.de(case)}" + (" geben" if wanted == FUTURE else "")
    inside = "" if city or place.zh.endswith("上") else ("上" if place.en == "on the beach" else "里")
    zh = f"{place.zh}{inside}{'会有' if wanted == FUTURE else '有'}{phrase.zh('object')}"
    return finish(en, de, zh, 0, wanted)


def comparison(chooser: Chooser) -> Sentence:
    """Draw a sentence like: The train is much faster than the bus."""
    wanted = chooser.weighted(((PRESENT, 55), (PAST, 45)))
    group = chooser.pick(
        ("wear", "vehicle", "quick", "furniture", "venue", "show", "task", "transport", "kin", "city")
    )
    first, second, kinds = compared(chooser, group)
    choices = [item for item in lexicon.adjectives(*kinds) if item.en_comparative and item.polarity >= 0]
    adjective = chooser.pick(choices)
    if chooser.chance(28):
        clause = Clause(first, wanted, predicate=equative_predicate(adjective, second), negated=True)
        return state(clause, -adjective.polarity)
    predicate = comparative_predicate(adjective, second, much=chooser.chance(40))
    return state(Clause(first, wanted, predicate=predicate), adjective.polarity)


def compared(chooser: Chooser, group: str) -> tuple[Phrase, Phrase, list[str]]:
    """Draw two different things or people of one group, and the classes that describe both."""
    if group == "kin":
        people = _peer(chooser), _peer(chooser)
        while not clauses.distinct(*people):
            people = _peer(chooser), _peer(chooser)
        return *people, ["trait"]
    if group == "city":
        return *_two_cities(chooser), ["town"]
    pool = [noun for noun in lexicon.nouns(group) if not noun.plural_only]
    first_noun = chooser.pick(pool)
    if group not in ("transport", "show", "task", "venue") and chooser.chance(50):
        colors = lexicon.adjectives("color")
        at = chooser.below(4)
        other = (at + 1 + chooser.below(3)) % 4
        thing = CommonPhrase(first_noun)
        return thing.described(colors[at]), thing.described(colors[other]), [group]
    second_noun = chooser.pick([noun for noun in pool if noun is not first_noun])
    return CommonPhrase(first_noun, "the"), CommonPhrase(second_noun, "the"), [group]


def _two_cities(chooser: Chooser) -> tuple[Phrase, Phrase]:
    """Draw two different cities as phrases."""
    pool = lexicon.places("cities")
    at = chooser.below(len(pool))
    other = (at + 1 + chooser.below(len(pool) - 1)) % len(pool)
    return _city(pool[at]), _city(pool[other])


def _city(place: Place) -> Phrase:
    """Return a city's name as a phrase."""
    bearer = GivenName(place.en.removeprefix("in "), place.de.removeprefix("in "), place.zh, "n")
    return ProperName((bearer,), animate=False)


def _peer(chooser: Chooser) -> Phrase:
    """Draw somebody of about the same age as the others."""
    if chooser.chance(55):
        return clauses.name(chooser)
    return CommonPhrase(lexicon.noun(chooser.pick(PEERS)), chooser.pick(("my", "his", "her")))


PEERS = ("brother", "sister", "friend", "neighbor")


def age(chooser: Chooser) -> Sentence:
    """Draw a sentence like: My son is ten years old."""
    subject = clauses.name(chooser)
    number = chooser.pick(lexicon.NUMERALS)
    if chooser.chance(60):
        owner = chooser.pick(("my", "his", "her", "our"))
        subject_phrase: Phrase = CommonPhrase(lexicon.noun(chooser.pick(("son", "daughter"))), owner)
    else:
        subject_phrase = subject
    zh_number = number.zh + "岁"
    next_year = chooser.chance(40)
    name_en, name_de, name_zh = subject_phrase.en(), subject_phrase.de(), subject_phrase.zh()
    if next_year:
        return finish(
            f"{name_en} will be {number.en} years old next year",
            f"{name_de} wird nächstes Jahr {number.de} Jahre alt",
            f"{name_zh}明年{zh_number}",
            0,
            FUTURE,
        )
    en, de = f"{name_en} is {number.en} years old", f"{name_de} ist {number.de} Jahre alt"
    return finish(en, de, name_zh + zh_number, 0, PRESENT)


def price(chooser: Chooser) -> Sentence:
    """Draw a sentence like: This coat costs forty euros."""
    costly = {"vehicle", "device"}
    pool = [noun for noun in lexicon.nouns("ware", "ticket") if not noun.classes & costly]
    noun = chooser.pick([noun for noun in pool if not noun.plural_only])
    number = chooser.pick(lexicon.NUMERALS[4:])
    wanted = clauses.tense(chooser)
    subject = CommonPhrase(noun, "this" if wanted == PRESENT else "the")
    if noun.classes & {"wear", "furniture", "vehicle"} and chooser.chance(60):
        subject = subject.described(chooser.pick(lexicon.adjectives("color")))
    verb = {PAST: ("cost", "kostete"), PRESENT: ("costs", "kostet"), FUTURE: ("will cost", "wird")}[wanted]
    end = " kosten" if wanted == FUTURE else ""
    zh = (
        f"{subject.zh()}{'会要' if wanted == FUTURE else '当时要' if wanted == PAST else '要'}{number.zh}欧元"
    )
    return finish(
        f"{subject.en()} {verb[0]} {number.en} euros",
        f"{subject.de()} {verb[1]} {number.de} Euro{end}",
        zh,
        0,
        wanted,
    )


# What follows a timetable: English, past, German, present, past, prefix, Chinese
DEPARTURES = (
    ("leave", "left", "abfahren", "fährt", "fuhr", "ab", "开"),
    ("arrive", "arrived", "ankommen", "kommt", "kam", "an", "到"),
)
OPENINGS = (
    ("open", "opened", "öffnen", "öffnet", "öffnete", "", "开门"),
    ("close", "closed", "schließen", "schließt", "schloss", "", "关门"),
)
BEGINNINGS = (("begin", "began", "beginnen", "beginnt", "begann", "", "开始"),)


def _destination(city: Place) -> Word:
    """Return a city as the destination of a bus or train."""
    return Word(city.en_goal, city.de_goal, city.zh_goal)


def _origin(city: Place) -> Word:
    """Return a city as the origin of a bus or train."""
    return Word(
        "from " + city.en.removeprefix("in "), "aus " + city.de.removeprefix("in "), "从" + city.zh + "来"
    )


def timetable(chooser: Chooser) -> Sentence:
    """Draw a sentence like: The train to Berlin left at seven yesterday."""
    kind, table = chooser.pick((("transport", DEPARTURES), ("business", OPENINGS), ("eatery", OPENINGS),
                                ("event", BEGINNINGS), ("show", BEGINNINGS)))  # fmt: skip
    row = chooser.pick(table)
    subject = CommonPhrase(chooser.pick([noun for noun in lexicon.nouns(kind) if noun.en != "trip"]))
    if kind == "transport":
        city = chooser.pick(lexicon.places("cities"))
        subject = replace(subject, place=_origin(city) if row[0] == "arrive" else _destination(city))
    wanted, hour = clauses.tense(chooser), chooser.pick(clauses.CLOCK_HOURS)
    single = PRESENT if kind in ("event", "show") else "habit"
    kinds = {PAST: PAST, PRESENT: single, FUTURE: FUTURE}[wanted]
    days = [
        time
        for time in lexicon.times(kinds, "d")
        if "clock" in time.kinds or time.en in ("every day", "on Sundays", "today")
    ]
    day = chooser.pick([time for time in days if time.en != "tonight"])
    fronted = chooser.chance(30) and "front" in day.kinds
    verb_en = {PAST: row[1], PRESENT: english.third_person(row[0]), FUTURE: "will " + row[0]}[wanted]
    finite, bracket = {PAST: (row[4], row[5]), PRESENT: (row[3], row[5]), FUTURE: ("wird", row[2])}[wanted]
    en, de = f"{subject.en()} {verb_en} at {hour.en}", f"um {hour.de} Uhr {bracket}".strip()
    en = f"{day.en} {en}" if fronted else f"{en} {day.en}"
    start = f"{day.de} {finite} {subject.de()}" if fronted else f"{subject.de()} {finite} {day.de}"
    head = day.zh + subject.zh() if fronted else subject.zh() + day.zh
    zh = f"{head}{hour.zh}点{'会' if wanted == FUTURE else ''}{row[6]}{'的' if wanted == PAST else ''}"
    return finish(en, f"{start} {de}", zh, 0, wanted)
