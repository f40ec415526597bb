"""Random clauses that make sense: people, things and the events they take part in."""

from dataclasses import replace

import lexicon
from grammar import MODALS, Clause, Predicate, degree_predicate
from lexicon import Adjective, Chooser, Noun, Place, Time, Verb
from phrases import PRONOUNS, CommonPhrase, Phrase, ProperName

PAST, PRESENT, FUTURE = "past", "present", "future"
TENSES = ((PAST, 36), (PRESENT, 32), (FUTURE, 32))
KIN = [noun for noun in lexicon.nouns("kin") if "role" not in noun.classes]
ROLES = lexicon.nouns("role")
OBJECT_VERBS = [verb for verb in lexicon.VERBS if verb.transitive]
ACTIVITIES = [verb for verb in lexicon.VERBS if not verb.transitive and not set(verb.flags) & set("glt")]
STAYS = [verb for verb in lexicon.VERBS if "l" in verb.flags]
MOTIONS = [verb for verb in lexicon.VERBS if "g" in verb.flags]
TAILED = [verb for verb in lexicon.VERBS if "t" in verb.flags]
PUPILS = ("son", "daughter", "children")
RETIRED = ("grandma", "grandpa", "team")
ADULTS = ("uncle", "aunt", "parents", "mother", "father", "boss", "neighbor", "doctor", "waiter")
NEVER_TOO = ("bad", "new", "old", "important")
CLOCK_HOURS = lexicon.NUMERALS[:9]


def tense(chooser: Chooser) -> str:
    """Draw a tense."""
    return chooser.weighted(TENSES)


def own(subject: Phrase, noun: Noun, *, many: bool = False) -> CommonPhrase:
    """Return the phrase for something or somebody that belongs to the subject."""
    return CommonPhrase(noun, subject.owner, many)


def name(chooser: Chooser) -> ProperName:
    """Draw a given name."""
    return ProperName((chooser.pick(lexicon.NAMES),))


def couple(chooser: Chooser) -> ProperName:
    """Draw two different given names."""
    first = chooser.below(len(lexicon.NAMES))
    second = (first + 1 + chooser.below(len(lexicon.NAMES) - 1)) % len(lexicon.NAMES)
    return ProperName((lexicon.NAMES[first], lexicon.NAMES[second]))


def relative(chooser: Chooser) -> CommonPhrase:
    """Draw a member of somebody's family."""
    owner = chooser.weighted((("my", 60), ("his", 14), ("her", 14), ("our", 12)))
    kin = chooser.pick(KIN)
    return CommonPhrase(kin, owner)


def official(chooser: Chooser) -> CommonPhrase:
    """Draw a person known by their role."""
    role = chooser.pick(ROLES)
    personal = "kin" in role.classes
    return CommonPhrase(role, chooser.weighted((("my", 60), ("our", 40))) if personal else "the")


def third_person(chooser: Chooser) -> Phrase:
    """Draw a person other than the speakers, never a pronoun."""
    kind = chooser.weighted((("name", 46), ("kin", 34), ("role", 14), ("couple", 6)))
    makers = {"name": name, "kin": relative, "role": official, "couple": couple}
    return makers[kind](chooser)


def person(chooser: Chooser, *, speaker: bool = True) -> Phrase:
    """Draw the subject of a statement."""
    if chooser.chance(36):
        pronouns = ("I", "we", "he", "she", "they") if speaker else ("he", "she", "they")
        return PRONOUNS[chooser.pick(pronouns)]
    return third_person(chooser)


def kin_of(subject: Phrase) -> list[Noun]:
    """Return the relatives that the subject is likely to have dealings with."""
    excluded: tuple[str, ...] = ()
    if subject.key in ("grandma", "grandpa"):
        excluded = ("grandma", "grandpa", "uncle", "aunt", "parents", "mother", "father", "children")
    elif subject.key in ("son", "daughter", "children", "friend"):
        excluded = ("son", "daughter", "children")
    return [noun for noun in KIN if noun.en not in excluded]


def someone_else(chooser: Chooser, subject: Phrase) -> Phrase:
    """Draw a person to be affected by the subject, never the subject itself."""
    while True:
        other: Phrase
        kind = chooser.weighted((("own", 34), ("name", 36), ("role", 16), ("pronoun", 14)))
        if kind == "own":
            other = own(subject, chooser.pick(kin_of(subject)))
        elif kind == "name":
            other = name(chooser)
        elif kind == "role":
            other = official(chooser)
        elif subject.person == 3:
            other = PRONOUNS[chooser.pick(("I", "we"))]
        else:
            other = PRONOUNS[chooser.pick(("he", "she", "they"))]
        if distinct(subject, other):
            return other


def distinct(first: Phrase, second: Phrase) -> bool:
    """Return whether two phrases cannot mean the same person."""
    if set(first.key.split()) & set(second.key.split()) - {"and", "person"}:
        return False
    plurals = ("parents", "children")
    return not (first.key in plurals and second.key in plurals)


def fitting(chooser: Chooser, noun: Noun, *, neutral: bool = False) -> Adjective | None:
    """Draw an attribute for a thing: a colour for wares, or a property of its class."""
    choices = lexicon.adjectives(*sorted(noun.classes))
    if noun.classes & {"wear", "vehicle", "furniture"}:
        choices = choices + lexicon.adjectives("color")
    choices = [choice for choice in choices if choice.zh_attribute and choice.negatable]
    if neutral:
        choices = [choice for choice in choices if choice.polarity == 0]
    return chooser.pick(choices) if choices else None


def indefinite(chooser: Chooser, noun: Noun) -> CommonPhrase:
    """Return an indefinite phrase: article, numeral, or bare for mass nouns and plurals."""
    if noun.mass or noun.plural_only:
        return CommonPhrase(noun, "")
    if chooser.chance(14) and not noun.classes & {"big", "dish", "show"}:
        return CommonPhrase(noun, "", True, lexicon.NUMERALS[chooser.below(3)])
    return CommonPhrase(noun, "a")


def kind_of(noun: Noun) -> CommonPhrase:
    """Return the generic phrase for a kind of thing: bare plural, or bare singular for food and drink."""
    return CommonPhrase(noun, "", not (noun.mass or noun.plural_only or "dish" in noun.classes))


def suited(pool: list[Noun], subject: Phrase) -> list[Noun]:
    """Return the nouns of a pool that the subject would own or wear: no dresses for men."""
    male = subject.animate and subject.person == 3 and subject.gender == "m"
    return [noun for noun in pool if not (male and noun.en == "dress")]


def thing(chooser: Chooser, verb: Verb, subject: Phrase, *, plain: bool) -> CommonPhrase:
    """Draw an object that the verb selects for; ``plain`` keeps sentiment out of it."""
    noun = chooser.pick(suited(lexicon.nouns(*sorted(verb.objects)), subject))
    if "o" in verb.flags:
        choices = ((own(subject, noun), 70), (CommonPhrase(noun), 30))
        return chooser.weighted(choices)
    if "d" in verb.flags or (noun.classes & {"opening", "sight", "room"}):
        return CommonPhrase(noun)
    definite = chooser.chance(20) and not noun.mass
    phrase = CommonPhrase(noun) if definite else indefinite(chooser, noun)
    if phrase.count is None and not noun.mass and (verb.en == "wear" or chooser.chance(30)):
        adjective = fitting(chooser, noun, neutral=plain or definite)
        phrase = phrase.described(adjective) if adjective else phrase
    return phrase


def at_hour(chooser: Chooser, time: Time) -> Time:
    """Add an hour of the clock to a day."""
    hour = chooser.pick(CLOCK_HOURS[4:] if time.en == "tonight" else CLOCK_HOURS)
    en, de, zh = f"{time.en} at {hour.en}", f"{time.de} um {hour.de} Uhr", f"{time.zh}{hour.zh}点"
    return Time(en, de, zh, time.scale, time.kinds - {"clock"})


def plausible(time: Time, subject: Phrase, place: Place | None = None) -> bool:
    """Return whether "after work" or "after school" suits the subject and the place."""
    if time.en not in ("after work", "after school"):
        return True
    if place is not None and place.en in ("at school", "in the office"):
        return False
    words = subject.key.split()
    if words[0] in PUPILS:
        return time.en == "after school"
    return words[0] not in RETIRED and (time.en == "after work" or words[0] not in ADULTS)


def when(chooser: Chooser, wanted: str, scale: str, subject: Phrase, place: Place | None = None) -> Time:
    """Draw a time adverbial for a tense, one that suits the time scale of the event and who takes part."""
    scales = {"t": "td", "d": "td", "w": "dw", "y": "y"}[scale]
    time = chooser.pick([time for time in lexicon.times(wanted, scales) if plausible(time, subject, place)])
    return at_hour(chooser, time) if "clock" in time.kinds and chooser.chance(16) else time


def night(wanted: str) -> Time:
    """Return the night to which a report on somebody's sleep refers."""
    return next(time for time in lexicon.TIMES if time.en == ("last night" if wanted == PAST else "tonight"))


def _present_aspect(chooser: Chooser, clause: Clause, verb: Verb) -> Clause:
    """Make a present clause ongoing, habitual or stative, as the verb allows."""
    if "s" in verb.flags:
        return clause
    if "p" not in verb.flags and "h" not in verb.flags:
        return replace(clause, modal=MODALS[chooser.pick(("want", "want", "must", "should"))])
    if "p" in verb.flags and chooser.chance(50):
        time = lexicon.times("ongoing")[0] if chooser.chance(30) else None
        return replace(clause, progressive=True, time=time)
    if "h" not in verb.flags:
        return replace(clause, progressive=True)
    if chooser.chance(50):
        return replace(clause, frequency=chooser.pick(lexicon.FREQUENCIES))
    time = when(chooser, "habit", "d", clause.subject, clause.place)
    if (verb.en, time.en) == ("work", "after work"):
        return replace(clause, frequency=lexicon.FREQUENCIES[0])
    return replace(clause, time=time, fronted=chooser.chance(30))


def _mode(chooser: Chooser, clause: Clause, verb: Verb) -> Clause:
    """Draw negation, modality and intention for a clause."""
    stative = "s" in verb.flags
    if verb.polarity == 0 and chooser.chance(16) and not stative:
        modal = chooser.pick(("can", "must", "want", "should"))
        modal = "want" if modal == "should" and clause.tense == PAST else modal
        negated = modal != "must" and (chooser.chance(35) or (modal == "can" and not verb.transitive))
        if clause.tense != FUTURE and not (modal == "can" and clause.tense == PAST and not negated):
            return replace(clause, modal=MODALS[modal], negated=negated)
    lasting = clause.tense != PRESENT or bool(set(verb.flags) & set("hs"))
    negated = "t" not in verb.flags and lasting and chooser.chance(13)
    intention = (
        clause.tense == FUTURE
        and not stative
        and "i" not in verb.flags
        and verb.polarity == 0
        and chooser.chance(22)
    )
    return replace(clause, negated=negated, intention=intention)


def situate(chooser: Chooser, clause: Clause, *, time: int = 55, place: int = 45) -> Clause:
    """Add mode, aspect, time and place to a clause; the numbers are percentages."""
    verb = clause.verb
    assert verb is not None, "only events are situated"
    clause = located(chooser, clause, place)
    clause = _mode(chooser, clause, verb)
    settled = clause.modal or clause.negated
    if clause.tense == PRESENT and not settled and verb.polarity == 0:
        clause = _present_aspect(chooser, clause, verb)
    elif clause.tense == PRESENT:
        clause = replace(clause, time=lexicon.times(PRESENT)[0] if chooser.chance(time // 2) else None)
        clause = replace(clause, time=None) if "s" in verb.flags else clause
    elif chooser.chance(time):
        adverbial = when(chooser, clause.tense, verb.scale, clause.subject, clause.place)
        if (verb.en, adverbial.en) == ("work", "after work"):
            return clause
        front = "front" in adverbial.kinds and chooser.chance(35)
        clause = replace(clause, time=adverbial, fronted=front)
    return clause


def located(chooser: Chooser, clause: Clause, percent: int) -> Clause:
    """Add a place to a clause whose verb goes with one, in ``percent`` of a hundred cases."""
    options = suitable_places(clause, clause.verb) if clause.verb else []
    if clause.place is None and options and chooser.chance(percent):
        return replace(clause, place=chooser.pick(options))
    return clause


def suitable_places(clause: Clause, verb: Verb) -> list[Place]:
    """Return where an event is likely to happen, given what it is done to."""
    classes = clause.object.noun.classes if isinstance(clause.object, CommonPhrase) else frozenset()
    if "shopping" in verb.places:
        if "big" in classes:
            return []
        return lexicon.places("food") if "grocery" in classes else [lexicon.place("in town")]
    if "transport" in classes:
        return [lexicon.place("at the station")]
    return lexicon.places(*sorted(verb.places))


def _chosen_object(chooser: Chooser, verb: Verb, subject: Phrase) -> Phrase:
    """Draw the object of a transitive verb: a person or a thing."""
    people = "person" in verb.objects
    if people and ("transport" not in verb.objects or chooser.chance(45)):
        return someone_else(chooser, subject)
    if "transport" in verb.objects:
        return CommonPhrase(chooser.pick(lexicon.nouns("transport")))
    return thing(chooser, verb, subject, plain=chooser.chance(60))


def generic(chooser: Chooser, clause: Clause) -> Clause:
    """Keep sentiment out of a negated object, and make the object of a habit an indefinite one."""
    target = clause.object
    if not isinstance(target, CommonPhrase) or target.animate:
        return clause
    habit = clause.frequency or (clause.time and "habit" in clause.time.kinds and clause.tense == PRESENT)
    if habit and target.determiner == "the" and "d" not in getattr(clause.verb, "flags", ""):
        target = indefinite(chooser, target.noun)
    if clause.negated and clause.tense == PRESENT and not clause.modal and target.determiner == "a":
        target = kind_of(target.noun)
    return replace(clause, object=target.described(None) if clause.negated or habit else target)


def transitive(chooser: Chooser, subject: Phrase, wanted: str) -> Clause:
    """Draw an event with an object."""
    verb = chooser.pick([verb for verb in OBJECT_VERBS if wanted != PRESENT or verb.polarity == 0])
    clause = Clause(subject, wanted, verb, object=_chosen_object(chooser, verb, subject))
    clause = situate(chooser, clause)
    return generic(chooser, clause)


def activity(chooser: Chooser, subject: Phrase, wanted: str) -> Clause:
    """Draw an activity without an object, at times with company."""
    clause = Clause(subject, wanted, chooser.pick(ACTIVITIES))
    if chooser.chance(30):
        clause = replace(clause, companion=someone_else(chooser, subject))
    return situate(chooser, clause, place=60)


def motion(chooser: Chooser, subject: Phrase, wanted: str) -> Clause:
    """Draw a movement to a place, at times with company."""
    verb = chooser.pick(MOTIONS)
    place = chooser.pick(lexicon.places(*sorted(verb.places)))
    clause = Clause(subject, wanted, verb, place=place)
    if chooser.chance(22):
        clause = replace(clause, companion=someone_else(chooser, subject))
    return situate(chooser, clause, time=70)


def stay(chooser: Chooser, subject: Phrase, wanted: str) -> Clause:
    """Draw an event of staying, living or arriving somewhere."""
    verb = chooser.pick(STAYS if wanted != PRESENT else [lexicon.verb("live"), lexicon.verb("stay")])
    place = chooser.pick(lexicon.places(*sorted(verb.places)))
    return situate(chooser, Clause(subject, wanted, verb, place=place))


def outcome(chooser: Chooser, subject: Phrase, wanted: str) -> Clause:
    """Draw an event that turns out well or badly, such as sleeping or a match."""
    verb = chooser.pick(TAILED if wanted != FUTURE else [verb for verb in TAILED if verb.polarity > 0])
    if verb.en != "sleep" and chooser.chance(50):
        subject = CommonPhrase(lexicon.noun("team"), chooser.pick(("our", "our", "my", "his", "her")))
    if wanted == PRESENT:
        return Clause(subject, wanted, verb, frequency=chooser.pick(lexicon.FREQUENCIES[:4]))
    if verb.en == "sleep":
        return Clause(subject, wanted, verb, time=night(wanted), fronted=chooser.chance(40))
    return situate(chooser, Clause(subject, wanted, verb), time=65)


def transfer(chooser: Chooser, subject: Phrase, wanted: str) -> Clause:
    """Draw an event of giving, showing, sending, writing or bringing."""
    verb = chooser.pick(lexicon.TRANSFERS)
    recipient = someone_else(chooser, subject)
    clause = Clause(
        subject, wanted, verb, recipient=recipient, object=thing(chooser, verb, subject, plain=True)
    )
    return situate(chooser, clause, place=0)


def event(chooser: Chooser, subject: Phrase, wanted: str) -> Clause:
    """Draw any event with this subject and tense."""
    makers = ((transitive, 50), (activity, 18), (motion, 14), (stay, 6), (outcome, 5), (transfer, 7))
    return chooser.weighted(makers)(chooser, subject, wanted)


def quality(
    chooser: Chooser, kinds: list[str], wanted: str, *, degrees: bool = True
) -> tuple[Predicate, bool]:
    """Draw what is said of something of these classes: a predicate, and whether it may be negated."""
    adjective = chooser.pick(lexicon.adjectives(*kinds))
    degree = ""
    if degrees and not adjective.zh_fixed and chooser.chance(55):
        choices = ["very", "very", "really", "quite"]
        mild = adjective.negatable and adjective.polarity <= 0 and wanted != FUTURE
        if mild and adjective.en not in NEVER_TOO and not adjective.classes & {"trait", "state"}:
            choices += ["too", "too"]
        degree = chooser.pick(choices if adjective.negatable else ["really"])
    return degree_predicate(adjective, degree), adjective.negatable and degree in ("", "very")


def copular(
    chooser: Chooser, subject: Phrase, kinds: list[str], wanted: str, *, negation: int = 15
) -> Clause:
    """Draw a statement about the quality of its subject."""
    predicate, negatable = quality(chooser, kinds, wanted)
    negated = negatable and chooser.chance(negation)
    return Clause(subject, wanted, predicate=predicate, negated=negated)


def goal(chooser: Chooser, *classes: str) -> Place:
    """Draw a place of any of these classes."""
    return chooser.pick(lexicon.places(*classes))
