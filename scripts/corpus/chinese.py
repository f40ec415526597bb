"""Realisation of clauses in Chinese: aspect, negation and the order subject, time, adverb, place, verb."""

from grammar import WHY, Clause, Question
from lexicon import Verb

COMMA, STOP, ASK, EXCLAIM = "\uff0c", "\u3002", "\uff1f", "\uff01"
OPEN_QUOTE, CLOSE_QUOTE = "\u201c", "\u201d"


def _fill(template: str, clause: Clause, asked: str) -> str:
    """Put the arguments of the clause into the template of its verb."""
    wanted = clause.object.zh("object", negated=clause.negated) if clause.object else ""
    values = {"o": asked or wanted, "i": clause.recipient.zh("object") if clause.recipient else ""}
    values.update(p="哪里", g="去哪里", gp="去了哪里")
    if clause.place:
        values.update(p=clause.place.zh, g=clause.place.zh_goal, gp=clause.place.zh_past_goal)
    return template.format(**values)


def _auxiliary(clause: Clause, verb: Verb) -> tuple[str, bool]:
    """Return negation, modal or aspect word before the verb phrase, and whether the verb is perfective."""
    if clause.frequency:
        return "", False
    if clause.modal:
        modal = clause.modal
        if clause.negated:
            return ("不能" if modal.zh == "能" and clause.tense != "past" else modal.zh_negative), False
        return ("不得不" if modal.zh == "必须" and clause.tense == "past" else modal.zh), False
    if clause.tense == "future":
        word = "打算" if clause.intention else "会"
        return ("不" + word if clause.negated else word), False
    if clause.negated:
        stative = "s" in verb.flags and not verb.zh.startswith("有")
        return ("没" if not stative and (clause.tense == "past" or verb.zh.startswith("有")) else "不"), False
    if clause.progressive:
        return "正在", False
    return "", clause.tense == "past" and "s" not in verb.flags and not clause.gap


def _focused(clause: Clause, asking: Question | None) -> bool:
    """Return whether a question about the place or time of a past event takes the cleft "shi ... de"."""
    if asking is None or clause.verb is None or clause.tense != "past" or "s" in clause.verb.flags:
        return False
    return asking.slot == "time" or (asking.slot == "place" and not clause.place_in_predicate)


def _verb_phrase(clause: Clause, verb: Verb, asking: Question | None) -> str:
    """Return the verb phrase with its coverbs: auxiliary, companion, location, verb and object."""
    auxiliary, perfective = _auxiliary(clause, verb)
    perfective = perfective and not _focused(clause, asking)
    companion = f"跟{clause.companion.zh('object')}" if clause.companion else ""
    location = ""
    if asking and asking.slot == "place" and not clause.place_in_predicate:
        location = asking.zh
    elif clause.place and not clause.place_in_predicate:
        location = "在" + clause.place.zh
    if auxiliary == "正在" and location and not companion:
        auxiliary = "正"
    asked = asking.zh if asking and asking.slot == "object" else ""
    template = verb.zh_past if perfective else verb.zh
    return auxiliary + companion + location + _fill(template, clause, asked)


def _copular(clause: Clause, question: bool) -> str:
    """Return the predicate of a copular clause in the form its polarity and tense call for."""
    predicate = clause.predicate
    assert predicate is not None, "a clause needs a verb or a predicate"
    if clause.tense == "future":
        return predicate.zh_future.replace("会", "不会", 1) if clause.negated else predicate.zh_future
    if clause.negated:
        return predicate.zh_negative
    form = predicate.zh_question if question else predicate.zh
    return form.removesuffix("了") if clause.frequency else form


def realise(
    clause: Clause,
    *,
    polar: bool = False,
    asking: Question | None = None,
    linker: str = "",
    subject: bool = True,
) -> str:
    """Return the clause; ``linker`` is an adverb such as "jiu" that links it to the clause before."""
    start = clause.subject.zh() if subject else ""
    time = clause.time.zh if clause.time else ""
    focus = _focused(clause, asking)
    if asking and asking.slot == "time":
        time = asking.zh
    head = time + start if clause.fronted else start + time
    head += "是" if focus else ""
    head += asking.zh if asking is WHY else ""
    adverb = linker + (clause.frequency.zh if clause.frequency else "")
    plain = not clause.verb
    body = _copular(clause, polar or asking is WHY) if plain else ""
    if clause.verb:
        body = _verb_phrase(clause, clause.verb, asking)
    if focus and asking and asking.slot == "time":
        head = start + "是" + time
    return head + adverb + body + ("的" if focus else "")
