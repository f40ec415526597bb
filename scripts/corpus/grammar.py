"""Clauses: one meaning structure, and what the three realisers share."""

from dataclasses import dataclass

from lexicon import Adjective, Place, Time, Verb, Word
from phrases import Phrase


@dataclass(frozen=True)
class Predicate:
    """What a copula links to its subject; the Chinese side has no copula of its own unless it spells one."""

    en: str
    de: str
    zh: str
    zh_negative: str
    zh_future: str
    zh_question: str
    polarity: int = 0


@dataclass(frozen=True)
class Modal:
    """A modal verb; ``en`` and ``en_past`` may be auxiliaries ("can") or lexical with "to" ("want to")."""

    en: str
    en_past: str
    de: str
    de_singular: str
    de_second: str
    de_past: str
    zh: str
    zh_negative: str
    lexical: bool = False
    lexical_past: bool = False


MODALS = {
    "can": Modal("can", "could", "können", "kann", "kannst", "konnte", "能", "没能"),
    "must": Modal("must", "have", "müssen", "muss", "musst", "musste", "必须", "", lexical_past=True),
    "want": Modal("want", "want", "wollen", "will", "willst", "wollte", "想", "不想", True, True),
    "should": Modal("should", "", "sollten", "sollte", "solltest", "sollte", "应该", "不应该"),
}


@dataclass(frozen=True)
class Question:
    """A question word and the slot of the clause it stands for."""

    en: str
    de: str
    zh: str
    slot: str


WHERE = Question("where", "wo", "在哪里", "place")
WHITHER = Question("where", "wohin", "哪里", "place")
WHEN = Question("when", "wann", "什么时候", "time")
WHY = Question("why", "warum", "为什么", "reason")
WHAT = Question("what", "was", "什么", "object")


@dataclass(frozen=True)
class Clause:
    """The meaning of a simple clause: a predicate-argument structure with tense, polarity and mood.

    A clause without a verb is copular and has a ``predicate``.  ``gap`` marks a relative clause whose object
    is the noun it describes.
    """

    subject: Phrase
    tense: str
    verb: Verb | None = None
    predicate: Predicate | None = None
    object: Phrase | None = None
    recipient: Phrase | None = None
    companion: Phrase | None = None
    place: Place | None = None
    time: Time | None = None
    fronted: bool = False
    frequency: Word | None = None
    negated: bool = False
    progressive: bool = False
    intention: bool = False
    modal: Modal | None = None
    gap: bool = False

    @property
    def directional(self) -> bool:
        """Whether the place is the goal of a movement."""
        return self.verb is not None and "g" in self.verb.flags

    @property
    def place_in_predicate(self) -> bool:
        """Whether the Chinese verb phrase holds the place itself."""
        return self.verb is not None and ("g" in self.verb.flags or "l" in self.verb.flags)

    @property
    def polarity(self) -> int:
        """The sentiment of predicate, verb and attributes together; negation turns it round."""
        total = self.predicate.polarity if self.predicate else 0
        total += self.verb.polarity if self.verb else 0
        attribute = getattr(self.object, "adjective", None)
        total += attribute.polarity if isinstance(attribute, Adjective) else 0
        return -total if self.negated else total


def degree_predicate(adjective: Adjective, degree: str = "") -> Predicate:
    """Return the predicate of an adjective with a degree word: "", very, too, really, quite or so."""
    de = {"": "", "very": "sehr", "too": "zu", "really": "wirklich", "quite": "recht", "so": "so"}[degree]
    en_form, de_form = f"{degree} {adjective.en}".strip(), f"{de} {adjective.de}".strip()
    if adjective.zh_fixed:
        positive, negative = adjective.zh_fixed
        return Predicate(
            en_form, de_form, positive, negative, "会" + positive.replace("了", ""), positive,
            adjective.polarity,
        )  # fmt: skip
    zh = adjective.zh
    before, after = {
        "": ("很", ""),
        "very": ("非常", ""),
        "too": ("太", "了"),
        "really": ("真的很", ""),
        "quite": ("挺", "的"),
        "so": ("这么", ""),
    }[degree]
    negative = "不太" + zh if degree else "不" + zh
    polarity = adjective.polarity - (2 if degree == "too" and adjective.polarity >= 0 else 0)
    future = {"quite": "会很", "really": "真的会很"}.get(degree, "会" + before) + zh
    asked = (before if degree else "") + zh + after
    return Predicate(en_form, de_form, before + zh + after, negative, future, asked, max(polarity, -1))


def place_predicate(place: Place) -> Predicate:
    """Return the predicate that locates its subject at a place."""
    zh = "在" + place.zh
    return Predicate(place.en, place.de, zh, "不" + zh, "会" + zh, zh)


def noun_predicate(en: str, de: str, zh: str, polarity: int = 0) -> Predicate:
    """Return the predicate of a predicate noun."""
    return Predicate(en, de, "是" + zh, "不是" + zh, "会是" + zh, "是" + zh, polarity)


def comparative_predicate(adjective: Adjective, standard: Phrase, *, much: bool = False) -> Predicate:
    """Return the predicate that puts its subject above a standard of comparison."""
    en = f"{'much ' * much}{adjective.en_comparative} than {standard.en()}"
    de = f"{'viel ' * much}{adjective.de_comparative} als {standard.de()}"
    zh = f"比{standard.zh()}{adjective.zh}{'得多' * much}"
    return Predicate(en, de, zh, "", "会" + zh, zh)


def equative_predicate(adjective: Adjective, standard: Phrase) -> Predicate:
    """Return the predicate "as ... as"; it is meant for negated clauses."""
    en = f"as {adjective.en} as {standard.en()}"
    de = f"so {adjective.de} wie {standard.de()}"
    zh = standard.zh()
    positive = f"和{zh}一样{adjective.zh}"
    return Predicate(en, de, positive, f"没有{zh}{adjective.zh}", "会" + positive, positive)
