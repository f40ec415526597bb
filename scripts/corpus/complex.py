"""Patterns of complex sentences: reasons, results and conditions."""

from dataclasses import replace

import chinese
import clauses
import english
import german
import lexicon
from chinese import COMMA
from clauses import FUTURE, PAST, PRESENT
from grammar import MODALS, Clause, degree_predicate
from lexicon import Adjective, Chooser, Verb
from phrases import PRONOUNS, CommonPhrase, Phrase
from sentence import Sentence, finish, weather_is

RAIN = replace(
    lexicon.verb("sing"),
    en="rain",
    en_past="rained",
    en_ing="raining",
    de="regnen",
    de_second="regnest",
    de_third="regnet",
    de_past="regnete",
    zh="下雨",
    zh_past="下雨了",
    flags="r",
)
SNOW = replace(
    RAIN,
    en="snow",
    en_past="snowed",
    en_ing="snowing",
    de="schneien",
    de_second="schneist",
    de_third="schneit",
    de_past="schneite",
    zh="下雪",
    zh_past="下雪了",
)
SLEEPY = replace(
    lexicon.verb("sleep", "badly"),
    en="go",
    en_past="went",
    en_tail="to bed",
    de="gehen",
    de_second="gehst",
    de_third="geht",
    de_past="ging",
    de_participle="gegangen",
    de_auxiliary="s",
    de_tail="ins Bett",
    zh="上床睡觉",
    zh_past="上床睡觉了",
    polarity=0,
    flags="h",
)
COME_HOME = replace(
    lexicon.verb("go"),
    en="come",
    en_past="came",
    de="kommen",
    de_second="kommst",
    de_third="kommt",
    de_past="kam",
    de_participle="gekommen",
    flags="gr",
)
IT = PRONOUNS["it n"]


def because(main: Clause, reason: Clause, *, polarity: int | None = None, first: bool = False) -> Sentence:
    """Join a clause and its reason; ``first`` puts the reason first in Chinese."""
    total = main.polarity + reason.polarity if polarity is None else polarity
    en = f"{english.realise(main)} because {english.realise(reason)}"
    de = f"{german.realise(main)}, weil {german.realise_final(reason)}"
    zh = f"{chinese.realise(main)}{COMMA}因为{chinese.realise(reason)}"
    if first:
        zh = f"因为{chinese.realise(reason)}{COMMA}所以{chinese.realise(main)}"
    return finish(en, de, zh, total, main.tense)


def therefore(reason: Clause, result: Clause, polarity: int) -> Sentence:
    """Join a clause and what follows from it."""
    en = f"{english.realise(reason)}, so {english.realise(result)}"
    de = f"{german.realise(reason)}, deshalb {_after_adverb(result)}"
    zh = f"{chinese.realise(reason)}{COMMA}所以{chinese.realise(result)}"
    return finish(en, de, zh, polarity, result.tense)


def _after_adverb(clause: Clause) -> str:
    """Return a German main clause whose first position is already taken: the verb comes first."""
    return german.realise(replace(clause, fronted=False), inverted=True)


def subordinate(english_word: str, german_word: str, chinese_frame: str, sub: Clause, main: Clause, *,
                linker: str = "", polarity: int = 0) -> Sentence:  # fmt: skip
    """Put a subordinate clause before its main clause; the Chinese frame holds the clause in {}."""
    en = f"{english_word} {english.realise(sub)}, {english.realise(main)}"
    de = f"{german_word} {german.realise_final(sub)}, {_after_adverb(main)}"
    condition = chinese.realise(replace(sub, fronted=True)).removeprefix("是")
    zh = chinese_frame.format(condition) + COMMA + chinese.realise(main, linker=linker)
    return finish(en, de, zh, polarity, main.tense)


def _quality(chooser: Chooser, noun: lexicon.Noun, sign: int) -> Adjective:
    """Draw a good or bad quality of a thing, one that can be named as a reason."""
    choices = [item for item in lexicon.adjectives(*sorted(noun.classes)) if item.en != "dirty"]
    return chooser.pick([item for item in choices if item.polarity == sign and not item.zh_fixed])


def bought_because(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Anna did not buy the coat because it was too expensive."""
    subject, wanted = clauses.person(chooser), chooser.pick((PAST, PAST, FUTURE))
    noun = chooser.pick(
        clauses.suited(lexicon.nouns("wear", "vehicle", "furniture", "art", "quick"), subject)
    )
    negated = chooser.chance(50)
    adjective = _quality(chooser, noun, -1 if negated else 1)
    target = CommonPhrase(noun)
    if chooser.chance(50) and noun.classes & {"wear", "vehicle", "furniture"}:
        target = target.described(chooser.pick(lexicon.adjectives("color")))
    main = Clause(subject, wanted, lexicon.verb("buy"), object=target, negated=negated)
    if chooser.chance(35):
        main = replace(main, place=lexicon.place("in town"))
    if chooser.chance(40):
        time = clauses.when(chooser, wanted, "d", subject)
        main = replace(main, time=time, fronted="front" in time.kinds and chooser.chance(50))
    degree = chooser.pick(("too", "too", "very") if negated and wanted == PAST else ("", "very", "really"))
    predicate = degree_predicate(adjective, degree)
    reason = Clause(target.pronoun(), PRESENT if wanted == FUTURE else wanted, predicate=predicate)
    return because(main, reason, polarity=adjective.polarity)


def _need(chooser: Chooser, who: Phrase, wanted: str) -> Clause:
    """Draw a need that keeps somebody at home or makes them do something: tired, hungry, sick."""
    adjective = chooser.pick(lexicon.adjectives("need"))
    degree = "" if adjective.zh_fixed else chooser.pick(("", "very", "really"))
    return Clause(who.pronoun(), wanted, predicate=degree_predicate(adjective, degree))


def _bad_weather(chooser: Chooser, wanted: str) -> Clause:
    """Draw weather that keeps people indoors."""
    kind = chooser.below(3)
    if kind == 0:
        verb = chooser.pick((RAIN, SNOW))
        return Clause(IT, wanted, verb, progressive=wanted == PRESENT)
    if kind == 1:
        adjective = lexicon.adjective(chooser.pick(("cold", "hot")), "climate")
        return weather_is(adjective, chooser.pick(("too", "very")), wanted)
    bad = lexicon.adjective(chooser.pick(("bad", "terrible")), "weather")
    weather = CommonPhrase(lexicon.noun("weather"))
    return Clause(weather, wanted, predicate=degree_predicate(bad))


def _unwell(chooser: Chooser, subject: Phrase, wanted: str) -> Clause:
    """Draw why somebody is not fit to go out: sick or tired."""
    adjective = lexicon.adjective(chooser.pick(("sick", "tired")), "need")
    degree = "" if adjective.zh_fixed else chooser.pick(("", "very", "too"))
    return Clause(subject.pronoun(), wanted, predicate=degree_predicate(adjective, degree))


def stayed_because(chooser: Chooser) -> Sentence:
    """Draw a sentence like: We stayed at home yesterday because it rained."""
    subject, wanted = clauses.person(chooser), chooser.pick((PAST, PAST, PRESENT))
    time = clauses.when(chooser, wanted, "d", subject) if chooser.chance(55) else None
    if chooser.chance(55):
        modal = MODALS["must"] if wanted == PRESENT else None
        main = Clause(subject, wanted, lexicon.verb("stay"), place=lexicon.place("at home"), modal=modal)
    else:
        goals = [place for place in lexicon.places("outing", "goal") if "walkable" in place.classes]
        modal = MODALS["can"] if wanted == PRESENT else None
        main = Clause(
            subject, wanted, lexicon.verb("go"), place=chooser.pick(goals), negated=True, modal=modal
        )
    main = replace(main, time=time)
    if time is not None and "front" in time.kinds and chooser.chance(40):
        main = replace(main, fronted=True)
    reason = _bad_weather(chooser, wanted) if chooser.chance(60) else _unwell(chooser, subject, wanted)
    return because(main, reason, polarity=-1, first=chooser.chance(30))


def happy_because(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Tom was very sad because he lost his keys."""
    subject = clauses.person(chooser)
    good = chooser.chance(50)
    mood = lexicon.adjective("happy" if good else chooser.pick(("sad", "angry")), "state")
    main = Clause(subject, PAST, predicate=degree_predicate(mood, chooser.pick(("", "very", "really"))))
    if chooser.chance(50):
        time = clauses.when(chooser, PAST, "d", subject)
        main = replace(main, time=time, fronted="front" in time.kinds and chooser.chance(40))
    return because(main, _cause(chooser, subject, 1 if good else -1), polarity=mood.polarity)


def _cause(chooser: Chooser, subject: Phrase, sign: int) -> Clause:
    """Draw a past event or fact that pleases or annoys the subject."""
    who = subject.pronoun()
    kind = chooser.below(3)
    if kind == 0:
        return Clause(who, PAST, lexicon.verb("win" if sign > 0 else "lose", "the game"))
    if kind == 1:
        verb = lexicon.verb("find" if sign > 0 else "lose")
        return Clause(who, PAST, verb, object=clauses.own(who, chooser.pick(lexicon.nouns("carry"))))
    noun = chooser.pick(
        lexicon.nouns("task", "show", "transport", "event") if sign < 0 else lexicon.nouns("task", "show")
    )
    adjective = _quality(chooser, noun, sign)
    return Clause(CommonPhrase(noun), PAST, predicate=degree_predicate(adjective, chooser.pick(("", "very"))))


def liked_because(chooser: Chooser) -> Sentence:
    """Draw a sentence like: We like this restaurant because the food is good."""
    subject, wanted = clauses.person(chooser), chooser.pick((PRESENT, PRESENT, PAST))
    venue = chooser.pick(lexicon.nouns("venue"))
    like, sign = chooser.weighted((((True, 1), 42), ((True, -1), 23), ((False, -1), 35)))
    verb = lexicon.PREFERENCES[0 if like else 2]
    main = Clause(subject, wanted, verb, object=CommonPhrase(venue, "this" if wanted == PRESENT else "the"))
    main = replace(main, negated=like and sign < 0)
    aspects = {"hotel": ("room", "food", "service"), "cafe": ("coffee", "cake", "music", "service"),
               "restaurant": ("food", "soup", "fish", "service", "waiter")}[venue.en]  # fmt: skip
    noun = lexicon.noun(chooser.pick(aspects))
    kinds = ["manner"] if noun.en == "waiter" else sorted(noun.classes)
    choices = [item for item in lexicon.adjectives(*kinds) if item.polarity == sign]
    adjective = chooser.pick(choices)
    degree = (
        ""
        if adjective.zh_fixed
        else chooser.pick(("", "very", "really") if adjective.negatable else ("", "really"))
    )
    reason = Clause(CommonPhrase(noun), wanted, predicate=degree_predicate(adjective, degree))
    return because(main, reason, polarity=sign)


def needed_so(chooser: Chooser) -> Sentence:
    """Draw a sentence like: My sister was tired, so she went to bed."""
    subject, wanted = clauses.person(chooser), PAST
    need = _need(chooser, subject, wanted)
    need = replace(need, subject=subject)
    if chooser.chance(60):
        time = clauses.when(chooser, wanted, "d", subject)
        need = replace(need, time=time, fronted="front" in time.kinds and chooser.chance(40))
    assert need.predicate is not None, "a need is a predicate"
    result = _remedy(chooser, subject, need.predicate.en.split()[-1], wanted)
    return therefore(need, result, -1 if need.predicate.polarity < 0 else 0)


def _remedy(chooser: Chooser, subject: Phrase, need: str, wanted: str) -> Clause:
    """Draw what somebody does about being tired, hungry or sick."""
    who = subject.pronoun()
    if need == "hungry":
        verb = lexicon.verb(chooser.pick(("eat", "buy", "cook", "order")))
        noun = chooser.pick(lexicon.nouns("cook") if verb.en == "cook" else lexicon.nouns("eat"))
        return Clause(who, wanted, verb, object=clauses.indefinite(chooser, noun))
    if need == "tired" and chooser.chance(40):
        drink = CommonPhrase(lexicon.noun(chooser.pick(("coffee", "tea"))), "")
        return Clause(who, wanted, lexicon.verb("drink"), object=drink)
    if need == "tired" and chooser.chance(50):
        return Clause(who, wanted, SLEEPY)
    home = lexicon.place("at home")
    return Clause(who, wanted, lexicon.verb(chooser.pick(("stay", "go"))), place=home)


def _fair_weather(chooser: Chooser) -> tuple[Clause, bool]:
    """Draw weather of tomorrow as a condition, and whether it is fit for going out."""
    good = chooser.chance(50)
    if not good and chooser.chance(50):
        return Clause(IT, PRESENT, chooser.pick((RAIN, SNOW))), False
    if chooser.chance(50):
        weather = CommonPhrase(lexicon.noun("weather"))
        adjective = lexicon.adjective("good" if good else "bad", "weather")
        return Clause(weather, PRESENT, predicate=degree_predicate(adjective)), good
    word, kind = chooser.pick(
        (("warm", "climate"), ("sunny", "sky")) if good else (("cold", "climate"), ("windy", "sky"))
    )
    return weather_is(lexicon.adjective(word, kind), "", PRESENT), good


def if_weather(chooser: Chooser) -> Sentence:
    """Draw a sentence like: If it rains tomorrow, we will stay at home."""
    weather, good = _fair_weather(chooser)
    time = chooser.pick([time for time in lexicon.times(FUTURE, "d") if time.en != "in two days"])
    weather = replace(weather, time=time)
    subject = clauses.person(chooser)
    main = _outdoors(chooser, subject, FUTURE) if good else _indoors(chooser, subject, FUTURE)
    return subordinate("if", "wenn", "如果{}", weather, main, linker="就")


def when_weather(chooser: Chooser) -> Sentence:
    """Draw a sentence like: When the weather is good, the children play football in the park."""
    weather, good = _fair_weather(chooser)
    subject = clauses.person(chooser)
    main = _outdoors(chooser, subject, PRESENT) if good else _indoors(chooser, subject, PRESENT)
    if chooser.chance(70):
        main = replace(main, frequency=chooser.pick(lexicon.FREQUENCIES[:4]))
    return subordinate("when", "wenn", "{}时", weather, main)


def _outdoors(chooser: Chooser, subject: Phrase, wanted: str) -> Clause:
    """Draw what somebody does in good weather."""
    company = clauses.someone_else(chooser, subject) if chooser.chance(35) else None
    if chooser.chance(45):
        place = chooser.pick(lexicon.places("outing"))
        verb = lexicon.verb("go" if "walkable" in place.classes else "drive")
        return Clause(subject, wanted, verb, place=place, companion=company)
    outside = {"sport", "running", "swim"}
    verb = chooser.pick([verb for verb in clauses.ACTIVITIES if verb.places & outside])
    places = [place for place in lexicon.places(*sorted(verb.places)) if "fair" in place.classes]
    return Clause(subject, wanted, verb, place=chooser.pick(places), companion=company)


def _indoors(chooser: Chooser, subject: Phrase, wanted: str) -> Clause:
    """Draw what somebody does in bad weather."""
    home = lexicon.place("at home")
    kind = chooser.below(4)
    if kind == 0:
        return Clause(subject, wanted, lexicon.verb("stay"), place=home)
    if kind == 1:
        book = clauses.indefinite(chooser, chooser.pick(lexicon.nouns("read")))
        return Clause(subject, wanted, lexicon.verb("read"), object=replace(book, many=False, count=None,
                      determiner="a" if not book.noun.mass else ""), place=home)  # fmt: skip
    if kind == 2:
        verb: Verb = lexicon.verb("play", chooser.pick(("cards", "the piano")))
        return Clause(subject, wanted, verb, place=home)
    place = lexicon.place(chooser.pick(("at the cinema", "at the museum", "at the cafe", "in the library")))
    return Clause(subject, wanted, lexicon.verb("go"), place=place)
