"""Patterns of time clauses, contrasts, relative clauses, reported opinions and direct speech."""

from dataclasses import replace

import chinese
import clauses
import english
import german
import lexicon
from chinese import CLOSE_QUOTE, COMMA, OPEN_QUOTE, STOP
from clauses import FUTURE, PAST, PRESENT
from complex import COME_HOME, IT, RAIN, SNOW, because, subordinate
from grammar import MODALS, Clause, degree_predicate, place_predicate
from lexicon import Adjective, Chooser
from phrases import DEFINITE, CommonPhrase, Phrase
from sentence import MARKS, Sentence, capital, condition, evaluation, finish, sky, topic, weather_is

# English present, past; German present, past singular, past plural; Chinese
REPORTING = (
    ("think", "thought", "denken", "denkt", "dachte", "觉得"),
    ("say", "said", "sagen", "sagt", "sagte", "说"),
    ("believe", "believed", "glauben", "glaubt", "glaubte", "认为"),
)


ARRIVE = replace(lexicon.verb("arrive"), flags="lr")
LIMITS = ("small", "old", "long", "short")
OVERALL = {"good", "great", "bad", "terrible", "delicious", "fresh", "interesting", "boring", "exciting"}
OPPOSITES = (OVERALL, {"fast", "slow"}, {"nice", "ugly"}, {"cheap", "expensive"}, {"clean", "dirty"},
             {"quiet", "loud"}, {"hard", "easy"}, {"long", "short"})  # fmt: skip


def _background(chooser: Chooser, who: Phrase) -> Clause:
    """Draw what was the case when somebody arrived."""
    kind = chooser.below(3)
    if kind == 0:
        return Clause(IT, PAST, chooser.pick((RAIN, SNOW)), progressive=True)
    if kind == 1:
        return sky(chooser, PAST)
    state = chooser.pick(lexicon.adjectives("state"))
    degree = "" if state.zh_fixed else chooser.pick(("", "very"))
    return Clause(who.pronoun(), PAST, predicate=degree_predicate(state, degree))


def arrived_when(chooser: Chooser) -> Sentence:
    """Draw a sentence like: When we arrived in Rome last summer, it was very hot."""
    subject = clauses.person(chooser)
    place = chooser.pick(lexicon.places("arriving"))
    arrival = Clause(subject, PAST, ARRIVE, place=place)
    if chooser.chance(55):
        arrival = replace(arrival, time=chooser.pick(lexicon.times(PAST, "dw")))
    main = _background(chooser, subject)
    polarity = main.polarity
    return subordinate("when", "als", "{}时", replace(arrival, gap=True), main, polarity=polarity)


def home_when(chooser: Chooser) -> Sentence:
    """Draw a sentence like: When Tom came home, his sister was reading a book in the kitchen."""
    subject = clauses.person(chooser)
    arrival = Clause(subject, PAST, COME_HOME, place=lexicon.place("at home"), gap=True)
    if chooser.chance(40):
        arrival = replace(arrival, time=clauses.when(chooser, PAST, "d", subject))
    other = clauses.own(subject, chooser.pick(clauses.kin_of(subject)))
    while not clauses.distinct(subject, other):
        other = clauses.own(subject, chooser.pick(clauses.kin_of(subject)))
    indoors = ("eat", "drink", "cook", "read", "write", "clean", "watch", "sing", "dance", "study", "play")
    pool = [
        verb for verb in lexicon.VERBS if verb.en in indoors and verb.en_tail not in ("football", "tennis")
    ]
    verb = chooser.pick(pool)
    clause = Clause(other, PAST, verb, progressive=True)
    if verb.transitive:
        noun = chooser.pick(lexicon.nouns(*sorted(verb.objects)))
        thing = CommonPhrase(noun) if "d" in verb.flags else clauses.indefinite(chooser, noun)
        clause = replace(clause, object=replace(thing, many=False, count=None) if not thing.count else thing)
    return subordinate("when", "als", "{}时", arrival, clause)


def wanted_but(chooser: Chooser) -> Sentence:
    """Draw a sentence like: We wanted to go to the park yesterday, but it rained."""
    subject = clauses.person(chooser)
    time = clauses.when(chooser, PAST, "d", subject) if chooser.chance(60) else None
    front = time is not None and "front" in time.kinds and chooser.chance(40)
    if chooser.chance(50):
        place = chooser.pick(lexicon.places("outing"))
        verb = lexicon.verb("go" if "walkable" in place.classes else "drive")
        wish = Clause(subject, PAST, verb, place=place, modal=MODALS["want"], time=time, fronted=front)
        other: Clause = Clause(IT, PAST, chooser.pick((RAIN, SNOW)))
        if chooser.chance(50):
            cold = lexicon.adjective(chooser.pick(("cold", "hot")), "climate")
            other = weather_is(cold, chooser.pick(("too", "very")), PAST)
        return contrast(wish, other, "but", -1)
    noun = chooser.pick(clauses.suited(lexicon.nouns("wear", "vehicle", "furniture", "ticket"), subject))
    target = CommonPhrase(noun)
    if noun.classes & {"wear", "vehicle", "furniture"} and chooser.chance(60):
        target = target.described(chooser.pick(lexicon.adjectives("color")))
    wish = Clause(
        subject, PAST, lexicon.verb("buy"), object=target, modal=MODALS["want"], time=time, fronted=front
    )
    reason = degree_predicate(lexicon.adjective("expensive", "ware"), chooser.pick(("too", "very")))
    return contrast(wish, Clause(target.pronoun(), PAST, predicate=reason), "but", -1)


def contrast(first: Clause, second: Clause, word: str, polarity: int) -> Sentence:
    """Join two main clauses by "but" or "and"."""
    german_word, chinese_word = {"but": ("aber", "但"), "and": ("und", "")}[word]
    comma = "," if word == "but" else ""
    en = f"{english.realise(first)}{comma} {word} {english.realise(second)}"
    de = f"{german.realise(first)}{comma} {german_word} {german.realise(second)}"
    zh = f"{chinese.realise(first)}{COMMA}{chinese_word}{chinese.realise(second)}"
    return finish(en, de, zh, polarity, first.tense)


def mixed_pair(chooser: Chooser, kinds: list[str]) -> tuple[Adjective, Adjective] | None:
    """Draw two qualities that "but" can join: a good and a bad one, or a limit and a good one."""
    choices = [item for item in lexicon.adjectives(*kinds) if not item.zh_fixed]
    pairs = [
        (first, second)
        for first in choices
        for second in choices
        if first.polarity * second.polarity < 0 or (first.en in LIMITS and second.polarity > 0)
    ]
    pairs = [pair for pair in pairs if not any({pair[0].en, pair[1].en} <= group for group in OPPOSITES)]
    return chooser.pick(pairs) if pairs else None


def mixed_but(chooser: Chooser) -> Sentence:
    """Draw a sentence like: The hotel was small, but it was very clean."""
    wanted = chooser.pick((PAST, PRESENT))
    subject, kinds = topic(chooser)
    pair = mixed_pair(chooser, kinds)
    if pair is None:
        return mixed_but(chooser)
    first, second = pair
    degree = chooser.pick(("", "quite")) if first.negatable else ""
    start = Clause(subject, wanted, predicate=degree_predicate(first, degree))
    end = Clause(subject.pronoun(), wanted, predicate=degree_predicate(second, chooser.pick(("", "really"))))
    return contrast(start, end, "but", first.polarity + second.polarity)


def looked_but(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Lisa looked for her keys at school, but she did not find them."""
    subject = clauses.person(chooser)
    noun = chooser.pick(lexicon.nouns("carry"))
    target = clauses.own(subject, noun)
    search = Clause(subject, PAST, lexicon.verb("look", "for"), object=target)
    search = clauses.located(chooser, search, 60)
    if chooser.chance(45):
        search = replace(search, time=clauses.when(chooser, PAST, "d", subject, search.place))
    find = Clause(subject.pronoun(), PAST, lexicon.verb("find"), object=target.pronoun(), negated=True)
    return contrast(search, find, "but", -1)


def both(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Tom cooked soup and his sister washed the car."""
    wanted = chooser.pick((PAST, PAST, FUTURE))
    first_subject = clauses.third_person(chooser)
    second_subject = clauses.third_person(chooser)
    if not clauses.distinct(first_subject, second_subject):
        return both(chooser)
    pair = []
    for subject in (first_subject, second_subject):
        clause = clauses.generic(chooser, _plain_event(chooser, subject, wanted))
        pair.append(clause)
    if chooser.chance(35):
        time = chooser.pick([time for time in lexicon.times(wanted, "d") if "front" in time.kinds])
        pair[0] = replace(pair[0], time=time, fronted=True)
    return contrast(pair[0], pair[1], "and", 0)


def _plain_event(chooser: Chooser, subject: Phrase, wanted: str) -> Clause:
    """Draw an event with only its object or its place."""
    names = (
        "eat",
        "drink",
        "cook",
        "read",
        "write",
        "wash",
        "clean",
        "repair",
        "play",
        "swim",
        "run",
        "dance",
        "buy",
    )
    verb = chooser.pick([verb for verb in lexicon.VERBS if verb.en in names])
    clause = Clause(subject, wanted, verb)
    if verb.transitive:
        clause = replace(clause, object=clauses.thing(chooser, verb, subject, plain=True))
    return clauses.located(chooser, clause, 35)


def relative_object(chooser: Chooser) -> Sentence:
    """Draw a sentence like: The film that we watched last week was very boring."""
    wanted = chooser.pick((PAST, PAST, PRESENT))
    names = ("buy", "read", "watch", "visit", "cook", "eat", "write", "drink")
    verb = chooser.pick(
        [verb for verb in clauses.OBJECT_VERBS if verb.en in names and "person" not in verb.objects]
    )
    choices = [noun for noun in lexicon.nouns(*sorted(verb.objects)) if not noun.plural_only]
    noun = chooser.pick([noun for noun in choices if lexicon.adjectives(*sorted(noun.classes))])
    subject = clauses.person(chooser)
    inner = Clause(subject, PAST, verb, gap=True)
    scale = verb.scale if wanted == PAST else "d"
    if chooser.chance(65):
        inner = replace(inner, time=clauses.when(chooser, PAST, scale, subject))
    head = CommonPhrase(noun)
    kinds = sorted(noun.classes)
    durable = noun.classes & {"wear", "vehicle", "furniture", "device", "art", "read", "sight"}
    wanted = wanted if durable else PAST
    outer = clauses.copular(chooser, head, kinds, wanted, negation=10)
    if wanted != PAST:
        return _relative(head, inner, outer, german.verb_group(inner, question=True, final=True))
    return _relative(head, inner, outer, None)


def _relative(head: CommonPhrase, inner: Clause, outer: Clause, perfect: tuple[str, str] | None) -> Sentence:
    """Put a relative clause on the subject of a copular clause."""
    gender = "pl" if head.plural else head.gender
    pronoun = DEFINITE[gender]["acc"]
    en_body = english.realise(outer).removeprefix(head.en())
    de_inner = german.realise_final(inner)
    if perfect:
        field = german.middle_field(inner, "", subject=True, time=True)
        de_inner = " ".join([*field, perfect[1], perfect[0]])
    de_body = german.realise(outer).removeprefix(head.de())
    modifier = "的" + ("那" + head.noun.measure if head.noun.measure else "")
    zh_body = chinese.realise(outer, subject=False)
    return finish(
        f"{head.en()} that {english.realise(inner)}{en_body}", f"{head.de()}, {pronoun} {de_inner},{de_body}",
        f"{chinese.realise(inner)}{modifier}{head.noun.zh}{zh_body}", outer.polarity, outer.tense,
    )  # fmt: skip


def relative_subject(chooser: Chooser) -> Sentence:
    """Draw a sentence like: The woman who works in the library is very friendly."""
    noun = lexicon.noun(
        chooser.pick(("man", "woman", "man", "woman", "neighbor", "teacher", "doctor", "waiter"))
    )
    head = CommonPhrase(noun)
    wanted = chooser.pick((PAST, PRESENT, PRESENT))
    verb = lexicon.verb(chooser.pick(("live", "work", "work")) if noun.en != "neighbor" else "work")
    sites = {"teacher": "cities", "doctor": "cities", "waiter": "eatery"}.get(noun.en, "working")
    sites = "cities" if verb.en == "live" or chooser.chance(30) else sites
    place = chooser.pick([place for place in lexicon.places(sites) if place.en != "at home"])
    inner = Clause(head, wanted, verb, place=place, gap=True)
    kinds = ["manner"] if wanted == PAST else ["trait"]
    outer = clauses.copular(chooser, head, kinds, wanted, negation=15)
    pronoun = DEFINITE[noun.gender]["nom"]
    en_inner = english.realise(inner).removeprefix(head.en())
    en = f"{head.en()} who{en_inner}{english.realise(outer).removeprefix(head.en())}"
    de_inner = german.realise_final(inner, subject=False)
    de = f"{head.de()}, {pronoun} {de_inner},{german.realise(outer).removeprefix(head.de())}"
    zh = f"{chinese.realise(inner, subject=False)}的那{noun.measure}{noun.zh}"
    zh += chinese.realise(outer, subject=False)
    return finish(en, de, zh, outer.polarity, wanted)


def reported(chooser: Chooser) -> Sentence:
    """Draw a sentence like: My father thinks that this car is too expensive."""
    wanted = chooser.pick((PAST, PRESENT, PRESENT))
    speaker = clauses.person(chooser)
    if chooser.chance(30):
        content = condition(chooser, clauses.someone_else(chooser, speaker), wanted)
        content = replace(content, subject=content.subject, time=None, fronted=False)
    else:
        content = replace(evaluation(chooser, wanted), fronted=False, time=None)
    en, de, zh = reporting(chooser, speaker, wanted)
    en, de = f"{en} that {english.realise(content)}", f"{de}, dass {german.realise_final(content)}"
    return finish(en, de, zh + chinese.realise(content), content.polarity, wanted)


def reporting(chooser: Chooser, speaker: Phrase, wanted: str) -> tuple[str, str, str]:
    """Draw a verb of opinion or speech with its subject, in the three languages."""
    row = chooser.pick(REPORTING)
    base = lexicon.verb("sing")
    verb = replace(
        base, en=row[0], en_past=row[1], de=row[2], de_second=row[3][:-1] + "st", de_third=row[3],
        de_past=row[4], zh=row[5], zh_past=row[5], flags="r",
    )  # fmt: skip
    clause = Clause(speaker, wanted, verb)
    return english.realise(clause), german.realise(clause), chinese.realise(clause)


def quotation(chooser: Chooser) -> Sentence:
    """Draw a sentence like: "The soup is too cold!" says my aunt."""
    wanted = chooser.pick((PAST, PRESENT, FUTURE))
    content = evaluation(chooser, wanted if wanted != FUTURE else None)
    wanted = content.tense
    speaker = clauses.third_person(chooser)
    past = wanted == PAST
    plural = speaker.plural
    en_verb = "said" if past else ("say" if plural else "says")
    de_verb = ("sagten" if plural else "sagte") if past else ("sagen" if plural else "sagt")
    mark = "!" if content.polarity and chooser.chance(60) else ","
    en = f'"{capital(english.realise(content))}{mark}" {en_verb} {speaker.en()}'
    german_mark = "!" if mark == "!" else ""
    de = f"\u201e{capital(german.realise(content))}{german_mark}\u201c, {de_verb} {speaker.de()}"
    zh_mark = MARKS["!"] if mark == "!" else STOP
    zh = f"{OPEN_QUOTE}{chinese.realise(content)}{zh_mark}{CLOSE_QUOTE}{speaker.zh()}说"
    return finish(en, de, zh, content.polarity, wanted)


def trip_story(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Last summer we traveled to Rome with my aunt because she lived there."""
    subject = clauses.person(chooser)
    cities = lexicon.places("cities")
    place = chooser.pick(cities)
    time = chooser.pick(lexicon.times(PAST, "wy"))
    main = Clause(subject, PAST, lexicon.verb(chooser.pick(("travel", "fly"))), place=place, time=time)
    main = replace(main, fronted="front" in time.kinds and chooser.chance(60))
    verb = lexicon.verb(chooser.pick(("visit", "meet")))
    aim = clauses.own(subject, chooser.pick(clauses.kin_of(subject)))
    if not clauses.distinct(subject, aim):
        return trip_story(chooser)
    reason = Clause(subject.pronoun(), PAST, verb, object=aim, modal=MODALS["want"])
    return because(main, reason, polarity=0, first=chooser.chance(40))


def not_there(chooser: Chooser) -> Sentence:
    """Draw a sentence like: I called Anna yesterday, but she was not at home."""
    subject = clauses.person(chooser)
    other = clauses.someone_else(chooser, subject)
    if other.pronominal:
        return not_there(chooser)
    verb = lexicon.verb(chooser.pick(("call", "visit")))
    first = Clause(subject, PAST, verb, object=other, modal=MODALS["want"] if verb.en == "visit" else None)
    time = clauses.when(chooser, PAST, "d", subject)
    first = replace(first, time=time, fronted="front" in time.kinds and chooser.chance(40))
    place = lexicon.place(chooser.pick(("at home", "in the office", "at school", "at the hotel")))
    second = Clause(other.pronoun(), PAST, predicate=place_predicate(place), negated=True)
    return contrast(first, second, "but", 0)
