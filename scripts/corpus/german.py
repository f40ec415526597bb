"""Realisation of clauses in German: verb-second and verb-final order, bracket, perfect and preterite."""

from grammar import Clause, Modal, Question
from lexicon import Verb
from phrases import Phrase

SEIN = {
    "present": ("bin", "bist", "ist", "sind"),
    "past": ("war", "warst", "war", "waren"),
}
HABEN = ("habe", "hast", "hat", "haben")
WERDEN = ("werde", "wirst", "wird", "werden")


def slot(subject: Phrase) -> int:
    """Return the position of the subject's form in a paradigm of ich, du, er and plural."""
    return 3 if subject.plural else subject.person - 1


def past_forms(third: str) -> tuple[str, str, str, str]:
    """Return the preterite paradigm for its third person singular."""
    plural = third + ("n" if third.endswith("e") else "en")
    return third, third + "st", third, plural


def _core(verb: Verb) -> str:
    """Return the infinitive without its separable prefix."""
    return verb.de.removeprefix(verb.de_prefix) if verb.de_prefix else verb.de


def present_forms(verb: Verb) -> tuple[str, str, str, str]:
    """Return the present paradigm, without a separable prefix."""
    core = _core(verb)
    first = verb.de_third if "q" in verb.flags else core.removesuffix("n")
    return first, verb.de_second, verb.de_third, core


def modal_form(modal: Modal, subject: Phrase, tense: str) -> str:
    """Return the finite form of a modal verb."""
    if tense == "past":
        return past_forms(modal.de_past)[slot(subject)]
    return (modal.de_singular, modal.de_second, modal.de_singular, modal.de)[slot(subject)]


def _copula(clause: Clause) -> tuple[str, str]:
    """Return the finite form and the right bracket of a copular clause."""
    if clause.tense == "future":
        return WERDEN[slot(clause.subject)], "sein"
    return SEIN[clause.tense][slot(clause.subject)], ""


def _prefers_perfect(clause: Clause, verb: Verb, question: bool) -> bool:
    """Return whether the past is a perfect: in questions and for I, you and we, as people speak."""
    return "r" not in verb.flags and (question or clause.subject.person != 3)


def verb_group(clause: Clause, *, question: bool, final: bool) -> tuple[str, str]:
    """Return the finite verb and the right sentence bracket; ``final`` keeps a separable prefix on."""
    at = slot(clause.subject)
    verb = clause.verb
    if clause.modal:
        infinitive = verb.de if verb else "sein"
        return modal_form(clause.modal, clause.subject, clause.tense), infinitive
    if verb is None:
        return _copula(clause)
    if clause.tense == "future":
        return WERDEN[at], verb.de
    if clause.tense == "past" and not clause.progressive and _prefers_perfect(clause, verb, question):
        auxiliary = SEIN["present"] if verb.de_auxiliary == "s" else HABEN
        return auxiliary[at], verb.de_participle
    forms = past_forms(verb.de_past) if clause.tense == "past" else present_forms(verb)
    if final:
        return verb.de_prefix + forms[at], ""
    return forms[at], verb.de_prefix


def _object(clause: Clause) -> tuple[str, str, str]:
    """Return the object split by where it stands: pronoun, definite, or late (indefinite, prepositional)."""
    if clause.object is None or clause.verb is None:
        return "", "", ""
    if clause.verb.de_tail:
        return "", "", f"{clause.verb.de_tail} {clause.object.de(clause.verb.de_case)}"
    form = clause.object.de(clause.verb.de_case, negated=clause.negated)
    if clause.object.pronominal:
        return form, "", ""
    return ("", form, "") if clause.object.definite else ("", "", form)


def middle_field(clause: Clause, asked: str, *, subject: bool, time: bool) -> list[str]:
    """Return the middle field: pronouns, time, definite objects, "nicht", place, indefinite objects."""
    verb = clause.verb
    pronoun, definite, late = _object(clause)
    indefinite = clause.object is not None and not clause.object.definite
    kein = clause.negated and indefinite and verb is not None and not verb.de_tail
    ongoing = clause.progressive and not (clause.time and "ongoing" in clause.time.kinds)
    place = "" if clause.place is None or asked == "place" else clause.place.de
    goal = clause.place.de_goal if clause.place and clause.directional and place else ""
    recipient = clause.recipient.de("dat") if clause.recipient else ""
    parts = [
        clause.subject.de() if subject else "",
        pronoun,
        recipient if clause.recipient and clause.recipient.pronominal else "",
        clause.time.de if clause.time and time else "",
        clause.frequency.de if clause.frequency else "",
        "gerade" if ongoing else "",
        recipient if clause.recipient and not clause.recipient.pronominal else "",
        definite,
        "nicht" if clause.negated and not kein and verb else "",
        "mit " + clause.companion.de("dat") if clause.companion else "",
        "" if goal else place,
        late,
        verb.de_tail if verb and not clause.object and not clause.gap else "",
        goal,
        "nicht" if clause.negated and not verb else "",
        clause.predicate.de if clause.predicate else "",
    ]
    return [part for part in parts if part]


def realise(
    clause: Clause, *, polar: bool = False, asking: Question | None = None, inverted: bool = False
) -> str:
    """Return a main clause: verb-second, or verb-first for yes-no questions and ``inverted`` remainders."""
    question = polar or asking is not None
    finite, bracket = verb_group(clause, question=question, final=False)
    front = ""
    if asking:
        front = asking.de
    elif clause.time and clause.fronted and not polar and not inverted:
        front = clause.time.de
    elif not polar and not inverted:
        front = clause.subject.de()
    subject_later = front != clause.subject.de() or asking is not None
    fronted_time = bool(front) and clause.time is not None and front == clause.time.de
    field = middle_field(clause, asking.slot if asking else "", subject=subject_later, time=not fronted_time)
    return " ".join(part for part in (front, finite, *field, bracket) if part)


def realise_final(clause: Clause, *, subject: bool = True) -> str:
    """Return a subordinate clause without its conjunction: the finite verb comes last."""
    finite, bracket = verb_group(clause, question=False, final=True)
    field = middle_field(clause, "", subject=subject, time=True)
    return " ".join(part for part in (*field, bracket, finite) if part)
