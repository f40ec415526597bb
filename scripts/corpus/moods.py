"""Patterns of questions, requests, suggestions and exclamations."""

from dataclasses import replace

import chinese
import clauses
import english
import german
import lexicon
from clauses import FUTURE, PAST, PRESENT
from grammar import (
    WHAT,
    WHEN,
    WHERE,
    WHITHER,
    WHY,
    Clause,
    Question,
    degree_predicate,
)
from lexicon import Chooser, Noun, Verb
from phrases import PRONOUNS, CommonPhrase, Phrase, article
from sentence import Sentence, evaluation, finish

# English base form: German imperative (du) of verbs one asks others to do something with
IMPERATIVES = {
    "close": "schließ",
    "open": "öffne",
    "clean": "putz",
    "wash": "wasch",
    "read": "lies",
    "buy": "kauf",
    "call": "ruf",
    "help": "hilf",
    "invite": "lade",
    "cook": "koch",
    "repair": "reparier",
    "visit": "besuch",
}
TRANSFER_IMPERATIVES = {"give": "gib", "show": "zeig", "bring": "bring", "send": "schick", "write": "schreib"}
PROHIBITIONS = ("close", "open", "wash", "buy", "call", "invite", "repair", "read")


def addressee(chooser: Chooser) -> Phrase:
    """Draw whom a question is about: mostly the listener."""
    if chooser.chance(55):
        return PRONOUNS["you"]
    other = clauses.third_person(chooser)
    mine = isinstance(other, CommonPhrase) and other.determiner == "my"
    return replace(other, determiner="your") if mine and isinstance(other, CommonPhrase) else other


def ask(clause: Clause, question: Question | None = None) -> Sentence:
    """Return a clause as a yes-no question, or as a question with a question word."""
    if question is None:
        zh = chinese.realise(clause, polar=True) + "吗"
        forms = english.realise(clause, polar=True), german.realise(clause, polar=True), zh
    else:
        forms = (
            english.realise(clause, asking=question),
            german.realise(clause, asking=question),
            chinese.realise(clause, asking=question),
        )
    return finish(*forms, 0, clause.tense, "?")


def _plainly(clause: Clause) -> Clause:
    """Take negation, modality, intention and fronting out of a clause that is to become a question."""
    modal = clause.modal if clause.modal and clause.modal.en in ("can", "want") else None
    if clause.tense == PAST and modal and modal.en == "can":
        modal = None
    return replace(clause, negated=False, fronted=False, intention=False, modal=modal, frequency=None)


def polar_event(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Did you buy the red coat in town?"""
    clause = _plainly(clauses.event(chooser, addressee(chooser), clauses.tense(chooser)))
    bare_present = clause.tense == PRESENT and not clause.progressive and not clause.modal
    if bare_present and clause.verb and not set(clause.verb.flags) & set("hs"):
        clause = replace(clause, tense=FUTURE, time=None)
    return ask(clause)


def polar_opinion(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Was the film boring?"""
    clause = replace(evaluation(chooser), fronted=False, negated=False, frequency=None)
    assert clause.predicate is not None, "an evaluation has a predicate"
    plain = clause.predicate.en.split()
    if plain[0] in ("really", "quite", "very"):
        return polar_event(chooser)
    return ask(clause)


def polar_state(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Are you tired today?"""
    subject, wanted = addressee(chooser), clauses.tense(chooser)
    adjective = chooser.pick(lexicon.adjectives("state"))
    clause = Clause(subject, wanted, predicate=degree_predicate(adjective))
    time = chooser.pick([time for time in lexicon.times(wanted, "td") if clauses.plausible(time, subject)])
    return ask(replace(clause, time=time if chooser.chance(60) else None))


def _known(chooser: Chooser, verb: Verb, subject: Phrase) -> Phrase:
    """Draw an object that speaker and listener know about."""
    if "person" in verb.objects:
        return clauses.someone_else(chooser, subject)
    noun = chooser.pick(clauses.suited(lexicon.nouns(*sorted(verb.objects)), subject))
    return clauses.own(subject, noun) if "o" in verb.flags else CommonPhrase(noun)


def _asked_event(chooser: Chooser, subject: Phrase, wanted: str, verbs: list[Verb]) -> Clause:
    """Draw an event to ask about, with no time or place yet."""
    verb = chooser.pick(verbs)
    known = _known(chooser, verb, subject) if verb.transitive else None
    return Clause(subject, wanted, verb, object=known)


def where(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Where did Anna lose her keys?"""
    subject, wanted = addressee(chooser), chooser.pick((PAST, PAST, FUTURE))
    goes = chooser.chance(25)
    if goes:
        clause = Clause(subject, wanted, lexicon.verb(chooser.pick(("go", "drive", "fly", "travel"))))
        time = clauses.when(chooser, wanted, "d", subject)
        return ask(replace(clause, time=time if chooser.chance(75) else None), WHITHER)
    fixed = set("gltsr")
    verbs = [verb for verb in clauses.OBJECT_VERBS + clauses.ACTIVITIES if "none" not in verb.places]
    clause = _asked_event(chooser, subject, wanted, [verb for verb in verbs if not set(verb.flags) & fixed])
    if chooser.chance(55):
        clause = replace(clause, time=clauses.when(chooser, wanted, "d", subject))
    return ask(clause, WHERE)


def when(chooser: Chooser) -> Sentence:
    """Draw a sentence like: When will you visit your aunt?"""
    subject, wanted = addressee(chooser), chooser.pick((PAST, PAST, FUTURE))
    if chooser.chance(35):
        verb = lexicon.verb(chooser.pick(("go", "drive", "fly", "travel")))
        place = chooser.pick(lexicon.places(*sorted(verb.places)))
        return ask(Clause(subject, wanted, verb, place=place), WHEN)
    verbs = [verb for verb in clauses.OBJECT_VERBS if not set(verb.flags) & set("sr")]
    clause = _asked_event(chooser, subject, wanted, verbs)
    return ask(clauses.located(chooser, clause, 30), WHEN)


def why(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Why is your sister so sad?"""
    subject = addressee(chooser)
    if chooser.chance(45):
        adjective = chooser.pick([item for item in lexicon.adjectives("state") if not item.zh_fixed])
        wanted = chooser.pick((PAST, PRESENT, PRESENT))
        clause = Clause(subject, wanted, predicate=degree_predicate(adjective, "so"))
        time = chooser.pick(lexicon.times(wanted, "d"))
        return ask(replace(clause, time=time if chooser.chance(50) else None), WHY)
    verbs = [verb for verb in clauses.OBJECT_VERBS if not set(verb.flags) & set("sr") and not verb.polarity]
    clause = _asked_event(chooser, subject, PAST, verbs)
    return ask(replace(clause, negated=chooser.chance(60)), WHY)


def what(chooser: Chooser) -> Sentence:
    """Draw a sentence like: What did Tom buy in town yesterday?"""
    subject, wanted = addressee(chooser), clauses.tense(chooser)
    names = ("eat", "drink", "cook", "order", "buy", "read", "write", "look", "watch")
    verbs = [verb for verb in clauses.OBJECT_VERBS if verb.en in names]
    if wanted == PRESENT:
        verbs = [verb for verb in verbs if "p" in verb.flags]
    clause = Clause(subject, wanted, chooser.pick(verbs), progressive=wanted == PRESENT)
    clause = clauses.located(chooser, clause, 50)
    kind = "ongoing" if wanted == PRESENT else wanted
    if chooser.chance(60):
        time = lexicon.times("ongoing")[0] if kind == "ongoing" else clauses.when(chooser, kind, "d", subject)
        clause = replace(clause, time=time)
    return ask(clause, WHAT)


def who(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Who closed the window last night?"""
    subject, wanted = PRONOUNS["who"], chooser.pick((PAST, PAST, FUTURE))
    verbs = [verb for verb in clauses.OBJECT_VERBS if not set(verb.flags) & set("osr")]
    verb = chooser.pick(verbs)
    clause = Clause(subject, wanted, verb)
    if "person" in verb.objects:
        clause = replace(
            clause, object=PRONOUNS["you"] if chooser.chance(30) else clauses.third_person(chooser)
        )
    else:
        clause = replace(clause, object=CommonPhrase(chooser.pick(lexicon.nouns(*sorted(verb.objects)))))
    clause = clauses.located(chooser, clause, 30)
    if chooser.chance(45):
        clause = replace(clause, time=chooser.pick(lexicon.times(wanted, "d")))
    forms = english.realise(clause), german.realise(clause), chinese.realise(clause)
    return finish(*forms, 0, wanted, "?")


def _order(chooser: Chooser, clause: Clause, imperative: str) -> Sentence:
    """Return a clause with the listener as subject as a request or a prohibition."""
    assert clause.verb is not None, "a request needs a verb"
    english_verb = english.realise(replace(clause, negated=False, tense=FUTURE)).split(" will ", 1)[1]
    field = german.middle_field(clause, "", subject=False, time=True)
    de = " ".join(part for part in (imperative, *field, clause.verb.de_prefix) if part)
    zh = chinese.realise(replace(clause, negated=False, gap=True), subject=False)
    if clause.negated:
        return finish(f"do not {english_verb}", de, "不要" + zh, 0, PRESENT, "!")
    return finish(f"please {english_verb}", f"bitte {de}", "请" + zh, 0, PRESENT, "!")


def request(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Please close the window!"""
    you = PRONOUNS["you"]
    time = lexicon.times(chooser.pick((PRESENT, "ongoing")))[0] if chooser.chance(45) else None
    if chooser.chance(35):
        verb = chooser.pick(lexicon.TRANSFERS)
        recipient = PRONOUNS["I"] if chooser.chance(45) else clauses.someone_else(chooser, you)
        noun = chooser.pick(lexicon.nouns(*sorted(verb.objects)))
        target = (
            CommonPhrase(noun)
            if "o" in verb.flags or chooser.chance(50)
            else clauses.indefinite(chooser, noun)
        )
        clause = Clause(you, PRESENT, verb, object=target, recipient=recipient, time=time)
        return _order(chooser, clause, TRANSFER_IMPERATIVES[verb.en])
    name = chooser.pick(list(IMPERATIVES))
    verb = chooser.pick([verb for verb in clauses.OBJECT_VERBS if verb.en == name])
    negated = name in PROHIBITIONS and chooser.chance(35)
    clause = Clause(you, PRESENT, verb, object=_known(chooser, verb, you), time=time, negated=negated)
    return _order(chooser, clause, IMPERATIVES[name])


def suggestion(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Let's go to the beach tomorrow!"""
    we = PRONOUNS["we"]
    kind = chooser.pick((clauses.activity, clauses.motion, clauses.transitive))
    clause = kind(chooser, we, FUTURE)
    verb = clause.verb
    assert verb is not None, "a suggestion is to do something"
    if verb.polarity or set(verb.flags) & set("sr") or verb.en in ("lose", "need", "have", "find"):
        return suggestion(chooser)
    clause = replace(clause, negated=False, modal=None, intention=False, fronted=False)
    en = "let's " + english.realise(clause).split(" will ", 1)[1]
    field = german.middle_field(clause, "", subject=False, time=True)
    de = " ".join(["lass uns", *field, verb.de])
    zh = chinese.realise(replace(clause, tense=PRESENT, gap=True)) + "吧"
    return finish(en, de, zh, 0, FUTURE, "!")


def exclamation(chooser: Chooser) -> Sentence:
    """Draw a sentence like: What a nice dress!"""
    kinds = (
        "wear",
        "art",
        "furniture",
        "vehicle",
        "show",
        "story",
        "venue",
        "space",
        "event",
        "dish",
        "read",
        "drink",
    )
    noun: Noun = chooser.pick(lexicon.nouns(chooser.pick(kinds)))
    choices = [
        item for item in lexicon.adjectives(*sorted(noun.classes)) if item.polarity and item.zh_attribute
    ]
    adjective = chooser.pick([item for item in choices if item.en != "late"])
    single = not noun.mass and not noun.plural_only
    phrase = CommonPhrase(noun, "" if not single else "a", adjective=adjective)
    modifier = adjective.en + " " + noun.en
    en = f"what {article(adjective.en)} {modifier}" if single else f"what {modifier}"
    bare = phrase.de("nom").removeprefix("eine ").removeprefix("ein ")
    de = f"was für {'eine ' if single and noun.gender == 'f' else 'ein ' if single else ''}{bare}"
    zh = f"{'好' if adjective.zh != '好' else '多'}{adjective.zh}的{noun.zh}啊"
    return finish(en, de, zh, adjective.polarity, PRESENT, "!")


def outcry(chooser: Chooser) -> Sentence:
    """Draw a sentence like: This soup is really delicious!"""
    clause = evaluation(chooser, chooser.pick((PAST, PRESENT)))
    forms = english.realise(clause), german.realise(clause), chinese.realise(clause)
    if not clause.polarity:
        return exclamation(chooser)
    return finish(*forms, clause.polarity, clause.tense, "!")
