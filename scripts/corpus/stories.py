"""Patterns of long sentences: three clauses that tell a small story or weigh an opinion."""

from dataclasses import replace

import chinese
import clauses
import english
import german
import lexicon
from chinese import COMMA
from clauses import PAST, PRESENT
from complex import IT, RAIN, SNOW
from grammar import MODALS, Clause, degree_predicate
from lexicon import Chooser, Noun
from phrases import CommonPhrase
from reports import ARRIVE, reporting
from sentence import THESE_VENUES, Sentence, finish, weather_is


def _so(en: str, de: str, zh: str, result: Clause, polarity: int) -> Sentence:
    """Add a result to what has been told."""
    german_result = german.realise(replace(result, fronted=False), inverted=True)
    return finish(
        f"{en}, so {english.realise(result)}", f"{de}, deshalb {german_result}",
        f"{zh}{COMMA}所以{chinese.realise(result)}", polarity, result.tense,
    )  # fmt: skip


def arrival_story(chooser: Chooser) -> Sentence:
    """Draw a sentence like: When we arrived in Rome last summer, it was very hot, so we went to the beach."""
    subject = clauses.person(chooser)
    arrival = Clause(subject, PAST, ARRIVE, place=chooser.pick(lexicon.places("cities")), gap=True)
    arrival = replace(arrival, time=chooser.pick(lexicon.times(PAST, "dw")))
    word = chooser.pick(("hot", "warm", "cold", "rain", "snow"))
    if word in ("rain", "snow"):
        scene = Clause(IT, PAST, RAIN if word == "rain" else SNOW, progressive=True)
    else:
        scene = weather_is(lexicon.adjective(word, "climate"), chooser.pick(("", "very", "really")), PAST)
    indoors = ("at the cafe", "at the museum", "at the cinema", "at the restaurant")
    outdoors = ("in the park", "on the beach")
    place = lexicon.place(chooser.pick(outdoors if word in ("hot", "warm") else indoors))
    result = Clause(subject.pronoun(), PAST, lexicon.verb("go"), place=place)
    en = f"when {english.realise(arrival)}, {english.realise(scene)}"
    de = f"als {german.realise_final(arrival)}, {german.realise(scene, inverted=True)}"
    zh = f"{chinese.realise(replace(arrival, fronted=True))}时{COMMA}{chinese.realise(scene)}"
    return _so(en, de, zh, result, 0)


def _colored(chooser: Chooser, noun: Noun) -> CommonPhrase:
    """Return a thing of some color."""
    return CommonPhrase(noun).described(chooser.pick(lexicon.adjectives("color")))


def wish_story(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Tom wanted to buy the red coat, but it was too expensive, so he bought the blue shirt."""
    subject = clauses.person(chooser)
    pool = clauses.suited(lexicon.nouns("wear", "furniture"), subject)
    noun = chooser.pick(pool)
    same = [item for item in pool if item.classes & noun.classes - {"ware"} and item is not noun]
    target = _colored(chooser, noun)
    time = clauses.when(chooser, PAST, "d", subject)
    wish = Clause(subject, PAST, lexicon.verb("buy"), object=target, modal=MODALS["want"], time=time)
    wish = replace(wish, fronted="front" in time.kinds and chooser.chance(50))
    price = degree_predicate(lexicon.adjective("expensive", "ware"), "too")
    obstacle = Clause(target.pronoun(), PAST, predicate=price)
    instead = replace(_colored(chooser, chooser.pick(same)), determiner="the")
    result = Clause(subject.pronoun(), PAST, lexicon.verb("buy"), object=instead)
    en = f"{english.realise(wish)}, but {english.realise(obstacle)}"
    de = f"{german.realise(wish)}, aber {german.realise(obstacle)}"
    zh = f"{chinese.realise(wish)}{COMMA}但{chinese.realise(obstacle)}"
    return _so(en, de, zh, result, -1)


def weighed_report(chooser: Chooser) -> Sentence:
    """Draw a sentence like: My sister thinks that the food in this restaurant is good but the service is slow."""
    wanted = chooser.pick((PAST, PRESENT))
    _, place, things = chooser.pick(THESE_VENUES[:3])
    first_noun = lexicon.noun(chooser.pick([word for word in things if word != "service"]))
    service = lexicon.noun("service")
    sign = chooser.pick((1, -1))
    goods = [item for item in lexicon.adjectives(*sorted(first_noun.classes)) if item.polarity == sign]
    bads = [item for item in lexicon.adjectives(*sorted(service.classes)) if item.polarity == -sign]
    first, second = chooser.pick(goods), chooser.pick(bads)
    degree = chooser.pick(("", "very")) if first.negatable else ""
    left = Clause(CommonPhrase(first_noun, place=place), wanted, predicate=degree_predicate(first, degree))
    degree = chooser.pick(("", "very")) if second.negatable else ""
    right = Clause(CommonPhrase(service), wanted, predicate=degree_predicate(second, degree))
    en, de, zh = reporting(chooser, clauses.person(chooser), wanted)
    return finish(
        f"{en} that {english.realise(left)} but {english.realise(right)}",
        f"{de}, dass {german.realise_final(left)}, aber {german.realise_final(right)}",
        f"{zh}{chinese.realise(left)}{COMMA}但{chinese.realise(right)}", 0, wanted,
    )  # fmt: skip


def errand_story(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Tom went to the market with his sister because they wanted to buy fish and milk."""
    subject = clauses.third_person(chooser)
    if subject.plural:
        return errand_story(chooser)
    companion = clauses.own(subject, chooser.pick(clauses.kin_of(subject)))
    if not clauses.distinct(subject, companion):
        return errand_story(chooser)
    place = lexicon.place(chooser.pick(("at the market", "at the supermarket")))
    time = clauses.when(chooser, PAST, "d", subject)
    main = Clause(subject, PAST, lexicon.verb("go"), place=place, companion=companion, time=time)
    main = replace(main, fronted="front" in time.kinds and chooser.chance(60))
    pool = [noun for noun in lexicon.nouns("grocery") if noun.mass]
    at = chooser.below(len(pool))
    goods = pool[at], pool[(at + 1 + chooser.below(len(pool) - 1)) % len(pool)]
    return _shopping(main, CommonPhrase(goods[0], ""), CommonPhrase(goods[1], ""))


def _shopping(main: Clause, first: CommonPhrase, second: CommonPhrase) -> Sentence:
    """Add the wish to buy two kinds of food to the way to the shop."""
    wish = Clause(main.subject.pronoun(), PAST, lexicon.verb("buy"), object=first, modal=MODALS["want"])
    de_wish = german.realise_final(wish).replace(first.de("acc"), f"{first.de('acc')} und {second.de('acc')}")
    return finish(
        f"{english.realise(main)} because {english.realise(wish)} and {second.en()}",
        f"{german.realise(main)}, weil {de_wish}",
        f"{chinese.realise(main)}{COMMA}因为{chinese.realise(wish)}和{second.zh()}", 0, PAST,
    )  # fmt: skip
