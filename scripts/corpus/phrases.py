"""Noun phrases in English, German and Chinese: agreement, case, articles and measure words."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from lexicon import Adjective, GivenName, Noun, Word

DEFINITE = {
    "m": {"nom": "der", "acc": "den", "dat": "dem"},
    "f": {"nom": "die", "acc": "die", "dat": "der"},
    "n": {"nom": "das", "acc": "das", "dat": "dem"},
    "pl": {"nom": "die", "acc": "die", "dat": "den"},
}
STRONG = {
    "m": {"nom": "er", "acc": "en", "dat": "em"},
    "f": {"nom": "e", "acc": "e", "dat": "er"},
    "n": {"nom": "es", "acc": "es", "dat": "em"},
    "pl": {"nom": "e", "acc": "e", "dat": "en"},
}
POSSESSIVES = {
    "my": ("mein", "我"),
    "your": ("dein", "你"),
    "his": ("sein", "他"),
    "her": ("ihr", "她"),
    "our": ("unser", "我们"),
    "their": ("ihr", "他们"),
}
AN_SOUNDS = "aeiou"


def article(following: str) -> str:
    """Return the English indefinite article that goes before ``following``."""
    return "an" if following[0].lower() in AN_SOUNDS else "a"


def ein_ending(gender: str, case: str) -> str:
    """Return the ending of ein-words (ein, kein, mein): none where the strong ending would show too much."""
    bare = (gender == "m" and case == "nom") or (gender == "n" and case in ("nom", "acc"))
    return "" if bare else STRONG[gender][case]


def weak_ending(gender: str, case: str) -> str:
    """Return the adjective ending after der-words."""
    plain = gender != "pl" and (case == "nom" or (case == "acc" and gender in ("f", "n")))
    return "e" if plain else "en"


def mixed_ending(gender: str, case: str) -> str:
    """Return the adjective ending after ein-words: strong where the ein-word has no ending of its own."""
    return STRONG[gender][case] if not ein_ending(gender, case) else weak_ending(gender, case)


class Phrase(ABC):
    """A noun phrase: its agreement features and its form in each language."""

    @property
    @abstractmethod
    def person(self) -> int:
        """The grammatical person, 1 to 3."""

    @property
    @abstractmethod
    def plural(self) -> bool:
        """Whether the phrase agrees in the plural."""

    @property
    @abstractmethod
    def gender(self) -> str:
        """The German gender: m, f or n."""

    @property
    @abstractmethod
    def animate(self) -> bool:
        """Whether the phrase refers to people."""

    @property
    @abstractmethod
    def key(self) -> str:
        """What the phrase refers to, to keep two phrases of a clause apart."""

    @abstractmethod
    def en(self, case: str = "nom") -> str:
        """Return the English form in a case."""

    @abstractmethod
    def de(self, case: str = "nom", *, negated: bool = False) -> str:
        """Return the German form in a case, with ``kein`` if ``negated`` calls for it."""

    @abstractmethod
    def zh(self, role: str = "subject", *, negated: bool = False) -> str:
        """Return the Chinese form as ``subject`` or ``object``."""

    @property
    def definite(self) -> bool:
        """Whether a negation of the clause leaves the phrase unchanged."""
        return True

    @property
    def pronominal(self) -> bool:
        """Whether the phrase is a personal pronoun."""
        return False

    @property
    def owner(self) -> str:
        """The English possessive determiner that refers back to this phrase."""
        if self.person == 3:
            return "their" if self.plural else {"m": "his", "f": "her", "n": "its"}[self.gender]
        return {(1, False): "my", (2, False): "your", (1, True): "our"}[self.person, self.plural]

    def pronoun(self) -> "Pronoun":
        """Return the pronoun that refers back to this phrase."""
        if self.person != 3:
            return PRONOUNS[{"my": "I", "your": "you", "our": "we"}[self.owner]]
        if self.plural:
            return PRONOUNS["they" if self.animate else "they (things)"]
        people = {"m": "he", "f": "she"}
        return PRONOUNS[people[self.gender] if self.animate else "it " + self.gender]


@dataclass(frozen=True)
class Pronoun(Phrase):
    """A personal or interrogative pronoun; things have an empty Chinese subject (pro-drop)."""

    en_forms: tuple[str, str]
    de_forms: tuple[str, str, str]
    zh_forms: tuple[str, str]
    person: int = 3
    plural: bool = False
    gender: str = "n"
    animate: bool = True

    @property
    def key(self) -> str:
        return {1: "first person", 2: "second person"}.get(self.person, self.en_forms[0])

    def en(self, case: str = "nom") -> str:
        return self.en_forms[0 if case == "nom" else 1]

    def de(self, case: str = "nom", *, negated: bool = False) -> str:
        return self.de_forms[("nom", "acc", "dat").index(case)]

    def zh(self, role: str = "subject", *, negated: bool = False) -> str:
        return self.zh_forms[0 if role == "subject" else 1]

    @property
    def pronominal(self) -> bool:
        return True


PRONOUNS = {
    "I": Pronoun(("I", "me"), ("ich", "mich", "mir"), ("我", "我"), 1),
    "you": Pronoun(("you", "you"), ("du", "dich", "dir"), ("你", "你"), 2),
    "we": Pronoun(("we", "us"), ("wir", "uns", "uns"), ("我们", "我们"), 1, True),
    "he": Pronoun(("he", "him"), ("er", "ihn", "ihm"), ("他", "他"), gender="m"),
    "she": Pronoun(("she", "her"), ("sie", "sie", "ihr"), ("她", "她"), gender="f"),
    "they": Pronoun(("they", "them"), ("sie", "sie", "ihnen"), ("他们", "他们"), plural=True),
    "it m": Pronoun(("it", "it"), ("er", "ihn", "ihm"), ("", "它"), gender="m", animate=False),
    "it f": Pronoun(("it", "it"), ("sie", "sie", "ihr"), ("", "它"), gender="f", animate=False),
    "it n": Pronoun(("it", "it"), ("es", "es", "ihm"), ("", "它"), gender="n", animate=False),
    "it (weather)": Pronoun(("it", "it"), ("es", "es", "ihm"), ("天气", "天气"), animate=False),
    "they (things)": Pronoun(
        ("they", "them"), ("sie", "sie", "ihnen"), ("", "它们"), plural=True, animate=False
    ),
    "who": Pronoun(("who", "who"), ("wer", "wen", "wem"), ("谁", "谁"), gender="m"),
}


@dataclass(frozen=True)
class ProperName(Phrase):
    """One given name, or two joined by "and"."""

    names: tuple[GivenName, ...]
    person: int = 3
    animate: bool = True

    @property
    def plural(self) -> bool:
        return len(self.names) > 1

    @property
    def gender(self) -> str:
        return self.names[0].gender

    @property
    def key(self) -> str:
        return self.en()

    def en(self, case: str = "nom") -> str:
        return " and ".join(name.en for name in self.names)

    def de(self, case: str = "nom", *, negated: bool = False) -> str:
        return " und ".join(name.de for name in self.names)

    def zh(self, role: str = "subject", *, negated: bool = False) -> str:
        return "和".join(name.zh for name in self.names)


@dataclass(frozen=True)
class CommonPhrase(Phrase):
    """A common noun with a determiner ("the", "a", "this", a possessive, or "" for none).

    ``many`` makes it plural and ``count`` adds a numeral; ``place`` is an attribute such as "in this hotel".
    """

    noun: Noun
    determiner: str = "the"
    many: bool = False
    count: Word | None = None
    adjective: Adjective | None = None
    place: Word | None = None
    person: int = 3

    @property
    def plural(self) -> bool:
        return self.many or self.noun.plural_only

    @property
    def gender(self) -> str:
        return self.noun.gender

    @property
    def animate(self) -> bool:
        return bool(self.noun.classes & {"kin", "role", "stranger"})

    @property
    def key(self) -> str:
        return self.noun.en

    @property
    def definite(self) -> bool:
        return self.determiner not in ("a", "") or self.count is not None

    def described(self, adjective: Adjective | None) -> "CommonPhrase":
        """Return the phrase with this attributive adjective, or with none."""
        return replace(self, adjective=adjective)

    def en(self, case: str = "nom") -> str:
        head = self.noun.en_plural if self.many and not self.noun.plural_only else self.noun.en
        words = [self.adjective.en] if self.adjective else []
        words.append(head)
        if self.count:
            words.insert(0, self.count.en)
        determiner = article(words[0]) if self.determiner == "a" else self.determiner
        if self.determiner == "this" and self.plural:
            determiner = "these"
        tail = [self.place.en] if self.place else []
        return " ".join([word for word in (determiner, *words) if word] + tail)

    def _de_noun(self, case: str) -> str:
        """Decline the German noun: dative plural in -n and the weak masculine."""
        if not self.plural:
            return self.noun.de_plural if self.noun.weak and case != "nom" else self.noun.de
        form = self.noun.de_plural
        return form + "n" if case == "dat" and not form.endswith(("n", "s")) else form

    def _de_determiner(self, case: str, negated: bool) -> tuple[str, str]:
        """Return the German determiner and the ending of an adjective after it."""
        gender = "pl" if self.plural else self.gender
        if self.determiner == "the":
            return DEFINITE[gender][case], weak_ending(gender, case)
        if self.determiner == "this":
            return "dies" + STRONG[gender][case], weak_ending(gender, case)
        if self.determiner in POSSESSIVES:
            stem = POSSESSIVES[self.determiner][0]
        elif negated and not self.definite:
            stem = "kein"
        elif self.determiner == "a":
            stem = "ein"
        else:
            return "", STRONG[gender][case]
        return stem + ein_ending(gender, case), mixed_ending(gender, case)

    def de(self, case: str = "nom", *, negated: bool = False) -> str:
        determiner, ending = self._de_determiner(case, negated)
        count = self.count.de if self.count else ""
        adjective = self.adjective.de_stem + ending if self.adjective else ""
        place = self.place.de if self.place else ""
        return " ".join(filter(None, (determiner, count, adjective, self._de_noun(case), place)))

    def _zh_determiner(self, role: str, negated: bool) -> str:
        """Return the Chinese determiner: numeral or demonstrative with measure word, or possessor."""
        measure = self.noun.measure
        if self.determiner in POSSESSIVES:
            owner = POSSESSIVES[self.determiner][1]
            close = "kin" in self.noun.classes and measure
            return owner + ("" if close else "的") + (self.count.zh + measure if self.count else "")
        if self.count:
            return self.count.zh + measure
        if self.determiner == "this":
            return "这些" if self.plural and measure != "双" else "这" + measure
        if self.determiner == "a":
            return "" if negated else "一" + measure
        unique = not self.adjective and self.noun.classes & BARE_IN_CHINESE
        bare = self.determiner == "" or not measure or unique
        if bare or (role == "subject" and not self.adjective):
            return ""
        return "那些" if self.plural and measure != "双" else "那" + measure

    def zh(self, role: str = "subject", *, negated: bool = False) -> str:
        adjective = self.adjective.zh_attribute if self.adjective else ""
        head = self._zh_determiner(role, negated) + adjective + self.noun.zh
        return (self.place.zh + "的" if self.place else "") + head


BARE_IN_CHINESE = {"opening", "carry", "transport", "room", "role", "kin", "team", "sight"}
