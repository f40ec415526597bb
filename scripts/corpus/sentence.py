"""Sentences, and the opinions and descriptions that many patterns share."""

from dataclasses import dataclass, replace

import chinese
import clauses
import english
import german
import lexicon
from chinese import ASK, EXCLAIM, STOP
from clauses import FUTURE, PAST, PRESENT
from grammar import Clause, degree_predicate
from lexicon import Adjective, Chooser, Word
from phrases import PRONOUNS, CommonPhrase, Phrase

THESE_VENUES = (
    (
        "restaurant",
        Word("in this restaurant", "in diesem Restaurant", "这家餐厅"),
        ("food", "service", "soup", "fish"),
    ),
    (
        "cafe",
        Word("in this cafe", "in diesem Café", "这家咖啡馆"),
        ("coffee", "tea", "cake", "service", "music"),
    ),
    ("hotel", Word("in this hotel", "in diesem Hotel", "这家酒店"), ("food", "service", "coffee")),
    (
        "city",
        Word("in this city", "in dieser Stadt", "这座城市"),
        ("museums", "parks", "restaurants", "weather"),
    ),
)
TOPICS = (
    *(
        "eat",
        "cook",
        "drink",
        "wear",
        "vehicle",
        "device",
        "furniture",
        "art",
        "read",
        "show",
        "show",
        "event",
    ),
    *("task", "space", "venue", "transport", "board", "town", "ticket"),
)
CHANGING = ("event", "show", "task", "transport", "board", "dish", "weather", "cook", "drink")
MARKS = {".": STOP, "?": ASK, "!": EXCLAIM}


@dataclass(frozen=True)
class Sentence:
    """A sentence in three languages with its polarity (below, at or above 0) and tense."""

    en: str
    de: str
    zh: str
    polarity: int
    tense: str


def capital(text: str) -> str:
    """Return the text with its first letter in upper case."""
    return text[0].upper() + text[1:]


def finish(en: str, de: str, zh: str, polarity: int, tense: str, mark: str = ".") -> Sentence:
    """Return the sentence with capitals and a final mark."""
    return Sentence(capital(en) + mark, capital(de) + mark, zh + MARKS[mark], polarity, tense)


def state(clause: Clause, polarity: int | None = None) -> Sentence:
    """Return a clause as a statement."""
    forms = english.realise(clause), german.realise(clause), chinese.realise(clause)
    return finish(*forms, clause.polarity if polarity is None else polarity, clause.tense)


def topic(chooser: Chooser) -> tuple[Phrase, list[str]]:
    """Draw something to have an opinion about, with the classes of adjectives that describe it."""
    if chooser.chance(20):
        _, place, things = chooser.pick(THESE_VENUES)
        word = chooser.pick(things)
        singular = word.removesuffix("s") if word in ("museums", "parks", "restaurants") else word
        noun = lexicon.noun(singular)
        return CommonPhrase(noun, "the", singular != word, place=place), sorted(noun.classes)
    noun = chooser.pick(lexicon.nouns(chooser.pick(TOPICS)))
    owned = bool(noun.classes & {"wear", "vehicle", "device", "furniture", "room"})
    determiner = chooser.weighted((("the", 55), ("this", 25), ("own", 30 if owned else 0)))
    if determiner == "own":
        shared = bool(noun.classes & {"vehicle", "furniture", "room"})
        determiner = chooser.pick(("my", "his", "her", "our" if shared else "my", "your"))
    many = (
        determiner != "this"
        and noun.en != "city"
        and not noun.mass
        and not noun.plural_only
        and chooser.chance(8)
    )
    return CommonPhrase(noun, determiner, many), sorted(noun.classes)


def evaluation(chooser: Chooser, wanted: str | None = None) -> Clause:
    """Draw an opinion or a description: a thing and a quality it has."""
    subject, kinds = topic(chooser)
    if wanted is None:
        wanted = clauses.tense(chooser)
        if wanted == FUTURE and not set(kinds) & set(CHANGING):
            wanted = PRESENT
    clause = clauses.copular(chooser, subject, kinds, wanted)
    recurring = bool(set(kinds) & {"transport", "board"})
    if wanted == PRESENT and recurring and not clause.negated and chooser.chance(25):
        return replace(clause, frequency=chooser.pick(lexicon.FREQUENCIES[:4]))
    dated = isinstance(subject, CommonPhrase) and subject.determiner == "the" and subject.place is None
    changing = recurring or bool(set(kinds) & {"event", "show", "task"})
    if wanted != PRESENT and changing and dated and chooser.chance(55):
        time = chooser.pick(lexicon.times(wanted, "dw"))
        return replace(clause, time=time, fronted="front" in time.kinds and chooser.chance(30))
    return clause


def condition(chooser: Chooser, subject: Phrase, wanted: str) -> Clause:
    """Draw how somebody is or feels; lasting traits are told of others, and not of the future."""
    speaker = subject.person != 3
    lasting = speaker or subject.key in (*clauses.PUPILS, *clauses.RETIRED)
    trait = not lasting and wanted != FUTURE and chooser.chance(50)
    kinds = ["manner" if wanted == PAST else "trait"] if trait else ["state"]
    kinds += ["lasting"] if wanted == PRESENT and not trait else []
    clause = clauses.copular(chooser, subject, kinds, wanted)
    if trait or wanted == PRESENT or chooser.chance(45):
        return clause
    time = chooser.pick([time for time in lexicon.times(wanted, "td") if clauses.plausible(time, subject)])
    return replace(clause, time=time, fronted="front" in time.kinds and chooser.chance(35))


def sky(chooser: Chooser, wanted: str) -> Clause:
    """Draw what the weather is like."""
    adjective = chooser.pick(lexicon.adjectives("climate", "sky"))
    degree = "" if adjective.zh_fixed or chooser.chance(50) else chooser.pick(("very", "really", "quite"))
    return weather_is(adjective, degree, wanted)


def weather_is(adjective: Adjective, degree: str, wanted: str) -> Clause:
    """Return what the weather is like with "it": heat and cold have the weather as subject in Chinese."""
    subject = PRONOUNS["it n" if adjective.zh_fixed else "it (weather)"]
    return Clause(subject, wanted, predicate=degree_predicate(adjective, degree))
