"""Realisation of clauses in English: tense, agreement, do-support and inversion."""

from grammar import Clause, Modal, Question
from phrases import Phrase


def be(subject: Phrase, tense: str) -> str:
    """Return the form of "be" that agrees with the subject."""
    if tense == "past":
        return "were" if subject.plural or subject.person == 2 else "was"
    if subject.plural or subject.person == 2:
        return "are"
    return "am" if subject.person == 1 else "is"


def third_person(base: str) -> str:
    """Return the third person singular present of a verb."""
    if base == "have":
        return "has"
    if base.endswith(("s", "sh", "ch", "x", "z", "o")):
        return base + "es"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ies"
    return base + "s"


def _singular(subject: Phrase) -> bool:
    """Return whether a present verb takes the third person singular."""
    return subject.person == 3 and not subject.plural


def _lexical(clause: Clause, base: str, past: str, support: bool) -> tuple[list[str], list[str]]:
    """Return auxiliaries and remainder for a lexical verb, with do-support where it is called for."""
    if support:
        if clause.tense == "past":
            return ["did"], [base]
        return ["does" if _singular(clause.subject) else "do"], [base]
    if clause.tense == "past":
        return [], [past]
    return [], [third_person(base) if _singular(clause.subject) else base]


def _modal_group(clause: Clause, modal: Modal, base: str, support: bool) -> tuple[list[str], list[str]]:
    """Return auxiliaries and remainder for a modal with its infinitive."""
    past = clause.tense == "past"
    if modal.lexical_past if past else modal.lexical:
        verb = modal.en_past if past else modal.en
        form = "had" if verb == "have" else verb.removesuffix("e") + "ed"
        auxiliaries, rest = _lexical(clause, verb, form, support)
        return auxiliaries, [*rest, "to", base]
    return [modal.en_past if past else modal.en], [base]


def verb_group(clause: Clause, *, question: bool) -> tuple[list[str], list[str]]:
    """Return the auxiliaries that invert in questions and the rest of the verb group."""
    base = clause.verb.en if clause.verb else "be"
    if clause.tense == "future":
        if clause.intention:
            return [be(clause.subject, "present")], ["going", "to", base]
        return ["will"], [base]
    support = question or clause.negated
    if clause.modal:
        return _modal_group(clause, clause.modal, base, support)
    if clause.verb is None:
        return [be(clause.subject, clause.tense)], []
    if clause.progressive:
        return [be(clause.subject, clause.tense)], [clause.verb.en_ing]
    return _lexical(clause, base, clause.verb.en_past, support)


def _complements(clause: Clause, asked: str) -> list[str]:
    """Return what follows the verb group: tail, objects, companion, place and time."""
    parts = []
    if clause.verb and clause.verb.en_tail:
        parts.append(clause.verb.en_tail)
    if clause.predicate:
        parts.append(clause.predicate.en)
    if clause.recipient:
        parts.append(clause.recipient.en("acc"))
    if clause.object:
        parts.append(clause.object.en("acc"))
    place = clause.place if asked != "place" else None
    if place and clause.directional:
        parts.append(place.en_goal)
    if clause.companion:
        parts.append("with " + clause.companion.en("acc"))
    if place and not clause.directional:
        parts.append(place.en)
    if clause.time and not clause.fronted:
        parts.append(clause.time.en)
    return parts


def realise(clause: Clause, *, polar: bool = False, asking: Question | None = None) -> str:
    """Return the clause as a statement, a yes-no question (``polar``) or a question with a question word."""
    question = polar or asking is not None
    auxiliaries, rest = verb_group(clause, question=question)
    if clause.negated:
        auxiliaries = ["cannot"] if auxiliaries == ["can"] else [*auxiliaries, "not"]
    adverb = [clause.frequency.en] if clause.frequency else []
    subject = clause.subject.en()
    middle = [*auxiliaries[:1], subject, *auxiliaries[1:]] if question else [subject, *auxiliaries]
    start = [asking.en] if asking else []
    if clause.time and clause.fronted:
        start.append(clause.time.en)
    tail = _complements(clause, asking.slot if asking else "")
    return " ".join([*start, *middle, *adverb, *rest, *tail])
