"""Patterns of simple statements: events, opinions, states, occupations, liking and purpose."""

from dataclasses import replace

import chinese
import clauses
import english
import german
import lexicon
from clauses import FUTURE, PAST, PRESENT
from grammar import (
    MODALS,
    Clause,
    Modal,
    degree_predicate,
    noun_predicate,
    place_predicate,
)
from lexicon import Chooser, Noun, Profession, Verb, Word
from phrases import PRONOUNS, CommonPhrase, Phrase
from sentence import Sentence, condition, evaluation, finish, state


def opinion(chooser: Chooser) -> Sentence:
    """Draw a sentence like: The soup was too cold."""
    return state(evaluation(chooser))


def event(chooser: Chooser) -> Sentence:
    """Draw a sentence like: My brother bought a red coat in town yesterday."""
    return state(clauses.event(chooser, clauses.person(chooser), clauses.tense(chooser)))


def feeling(chooser: Chooser) -> Sentence:
    """Draw a sentence like: My sister was very tired last night."""
    return state(condition(chooser, clauses.person(chooser), clauses.tense(chooser)))


def whereabouts(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Tom was not at school yesterday."""
    subject, wanted = clauses.person(chooser), clauses.tense(chooser)
    place = chooser.pick([place for place in lexicon.PLACES if place.en != "in the room"])
    clause = Clause(subject, wanted, predicate=place_predicate(place), negated=chooser.chance(25))
    kind = {PAST: PAST, PRESENT: "ongoing", FUTURE: FUTURE}[wanted]
    if chooser.chance(70):
        choices = [time for time in lexicon.times(kind, "td") if clauses.plausible(time, subject, place)]
        clause = replace(clause, time=chooser.pick(choices))
        front = clause.time is not None and "front" in clause.time.kinds and chooser.chance(35)
        clause = replace(clause, fronted=front)
    return state(clause)


LIKE_TO = Modal("like", "like", "", "", "", "", "喜欢", "不喜欢", True, True)
NEUTER_FACTS = ("easy", "hard", "important")


def profession(chooser: Chooser) -> Sentence:
    """Draw a sentence like: My aunt works as a doctor in Berlin."""
    subject = clauses.name(chooser) if chooser.chance(40) else clauses.relative(chooser)
    if subject.plural or subject.key in ("grandma", "grandpa"):
        subject = clauses.name(chooser)
    job, wanted = chooser.pick(lexicon.PROFESSIONS), clauses.tense(chooser)
    kind = chooser.pick(("is", "works", "becomes"))
    kind = "is" if job.en == "student" and kind == "becomes" else kind
    if kind == "is":
        title = english_title(job)
        predicate = noun_predicate(title, german_title(job, subject), job.zh)
        return state(Clause(subject, wanted, predicate=predicate, negated=False))
    if kind == "works":
        return _works_as(chooser, subject, job, wanted)
    wants = Clause(
        subject, PRESENT if wanted == FUTURE else wanted, _becoming(job, subject), modal=MODALS["want"]
    )
    return state(replace(wants, negated=chooser.chance(25)))


def english_title(job: Profession) -> str:
    """Return an occupation with its article."""
    return "a " + job.en


def german_title(job: Profession, subject: Phrase) -> str:
    """Return the German noun for the occupation that agrees in gender with the subject."""
    return job.de_female if subject.gender == "f" else job.de_male


def _becoming(job: Profession, subject: Phrase) -> Verb:
    """Return the verb phrase "become a doctor" as a verb with a tail."""
    base = lexicon.verb("go")
    return replace(
        base, en="become", en_tail=english_title(job), de="werden", de_tail=german_title(job, subject),
        zh="当" + job.zh, zh_past="当了" + job.zh, flags="",
    )  # fmt: skip


def _works_as(chooser: Chooser, subject: Phrase, job: Profession, wanted: str) -> Sentence:
    """Return a statement that somebody works as something somewhere."""
    base = lexicon.verb("work")
    verb = replace(
        base, en_tail="as " + english_title(job), de_tail="als " + german_title(job, subject),
        zh="当" + job.zh, zh_past="当" + job.zh,
    )  # fmt: skip
    place = chooser.pick(lexicon.places("cities")) if chooser.chance(70) else None
    clause = Clause(subject, wanted, verb, place=place)
    if wanted != PRESENT and chooser.chance(50):
        clause = replace(clause, time=chooser.pick(lexicon.times(wanted, "y")))
    return state(clause)


def liking(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Anna did not like the film."""
    subject, wanted = clauses.person(chooser), clauses.tense(chooser)
    verb = chooser.weighted(
        ((lexicon.PREFERENCES[0], 60), (lexicon.PREFERENCES[1], 22), (lexicon.PREFERENCES[2], 18))
    )
    negatable = verb.en == "like"
    if wanted == PRESENT and chooser.chance(65):
        noun = chooser.pick(lexicon.nouns("eat", "drink", "animal", "music", "gift", "cook"))
        target = clauses.kind_of(noun)
    else:
        kinds = ("show", "event", "venue", "wear", "art", "town", "story")
        target = CommonPhrase(chooser.pick(lexicon.nouns(*kinds)), "this" if wanted == PRESENT else "the")
    verb = lexicon.PREFERENCES[0] if wanted == FUTURE else verb
    negated = negatable and chooser.chance(30)
    return state(Clause(subject, wanted, verb, object=target, negated=negated))


def like_to(chooser: Chooser) -> Sentence:
    """Draw a sentence like: My sister likes to dance with her friend."""
    subject = clauses.person(chooser)
    wanted = chooser.weighted(((PRESENT, 70), (PAST, 30)))
    clause = Clause(subject, wanted, chooser.pick(clauses.ACTIVITIES))
    if chooser.chance(50):
        habits = [
            verb
            for verb in lexicon.VERBS
            if verb.transitive and verb.en in ("eat", "drink", "cook", "read", "write", "watch")
        ]
        verb = chooser.pick(habits)
        noun = chooser.pick(lexicon.nouns(*sorted(verb.objects)))
        clause = replace(clause, verb=verb, object=clauses.kind_of(noun))
    elif chooser.chance(45):
        clause = replace(clause, companion=clauses.someone_else(chooser, subject))
    clause = clauses.located(chooser, clause, 55)
    negated = chooser.chance(22)
    chosen = replace(clause, modal=LIKE_TO, negated=negated)
    glad = Word("", "nicht gern" if negated else "gern", "")
    de = german.realise(replace(clause, frequency=glad))
    return finish(english.realise(chosen), de, chinese.realise(chosen), -1 if negated else 1, wanted)


def preferring(chooser: Chooser) -> Sentence:
    """Draw a sentence like: I like tea more than coffee."""
    subject = clauses.person(chooser)
    pool = lexicon.nouns(chooser.pick(("drink", "dish", "dish", "animal")))
    at = chooser.below(len(pool))
    better, worse = pool[at], pool[(at + 1 + chooser.below(len(pool) - 1)) % len(pool)]
    first, second = clauses.kind_of(better), clauses.kind_of(worse)
    clause = Clause(subject, PRESENT, lexicon.PREFERENCES[0], object=first)
    zh = f"比起{second.zh()}，{subject.zh()}更喜欢{first.zh()}".replace("，", chinese.COMMA)
    en = f"{english.realise(clause)} more than {second.en()}"
    return finish(en, f"{german.realise(clause)} lieber als {second.de('acc')}", zh, 1, PRESENT)


def _infinitive(clause: Clause) -> tuple[str, str, str]:
    """Return a clause without its subject: "to ...", "... zu ..." and the bare Chinese verb phrase."""
    verb = clause.verb
    assert verb is not None, "an infinitive needs a verb"
    en = "to " + english.realise(replace(clause, tense=FUTURE)).split(" will ", 1)[1]
    field = german.middle_field(clause, "", subject=False, time=True)
    de = " ".join([*field, "zu", verb.de])
    return en, de, chinese.realise(replace(clause, gap=True), subject=False)


def assessment(chooser: Chooser) -> Sentence:
    """Draw a sentence like: It is hard to repair this bike."""
    subject, wanted = clauses.name(chooser), clauses.tense(chooser)
    names = ("read", "write", "repair", "wash", "find", "clean", "cook", "sell")
    verb = chooser.pick(
        [verb for verb in lexicon.VERBS if verb.en in names]
        + [verb for verb in clauses.ACTIVITIES if verb.en not in ("go", "study", "work")]
    )
    clause = Clause(subject, PRESENT, verb)
    if verb.transitive:
        noun = chooser.pick(lexicon.nouns(*sorted(verb.objects)))
        clause = replace(
            clause, object=CommonPhrase(noun, "" if noun.mass else chooser.pick(("this", "the")))
        )
    elif chooser.chance(70):
        clause = clauses.located(chooser, clause, 100)
    adjective = lexicon.adjective(chooser.pick(NEUTER_FACTS), "task")
    degree = chooser.pick(("", "very", "really", "quite"))
    predicate = degree_predicate(adjective, degree)
    en, de, zh = _infinitive(clause)
    fact = Clause(
        PRONOUNS["it n"], wanted, predicate=predicate, negated=degree in ("", "very") and chooser.chance(22)
    )
    polarity = fact.polarity
    return finish(
        f"{english.realise(fact)} {en}",
        f"{german.realise(fact)}, {de}",
        zh + chinese.realise(fact),
        polarity,
        wanted,
    )


# Where people go, and what for: verb, tail and classes of objects
PURPOSES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("at the market", "buy", "", ("grocery",)),
    ("at the supermarket", "buy", "", ("grocery", "drink")),
    ("in town", "buy", "", ("wear", "device", "gift")),
    ("at the cinema", "watch", "", ("film",)),
    ("in the library", "read", "", ("read",)),
    ("in the library", "study", "", ()),
    ("at the restaurant", "eat", "", ("eat",)),
    ("at the cafe", "drink", "", ("coffee", "tea", "juice")),
    ("in the park", "play", "football", ()),
    ("in the park", "take", "a walk", ()),
    ("at the lake", "swim", "", ()),
    ("on the beach", "run", "", ()),
    ("in the kitchen", "cook", "", ("cook", "fish", "meat")),
    ("at the station", "meet", "", ("person",)),
    ("at the airport", "meet", "", ("person",)),
)


def _aim_of(chooser: Chooser, noun: Noun) -> CommonPhrase:
    """Return what somebody is after: food in general, any other thing as one of its kind."""
    return clauses.kind_of(noun) if "grocery" in noun.classes else clauses.indefinite(chooser, noun)


def purpose(chooser: Chooser) -> Sentence:
    """Draw a sentence like: Anna went to the market to buy fish."""
    subject, wanted = clauses.person(chooser), clauses.tense(chooser)
    where, word, tail, objects = chooser.pick([row for row in PURPOSES if row[0] != "in the kitchen"])
    place, verb = lexicon.place(where), lexicon.verb(word, tail)
    clause = Clause(subject, wanted, lexicon.verb("go"), place=place)
    if objects == ("person",):
        aim = replace(clause, verb=verb, place=None, object=clauses.someone_else(chooser, subject))
    else:
        pool = [noun for noun in lexicon.NOUNS if noun.en in objects or noun.classes.intersection(objects)]
        noun = chooser.pick(pool) if pool else None
        target = _aim_of(chooser, noun) if noun else None
        aim = replace(clause, verb=verb, place=None, object=target)
    clause = _habit_or_plan(chooser, clause, subject, wanted)
    en, de, zh = _infinitive(replace(aim, tense=PRESENT))
    ending = "了" if wanted == PAST else ""
    main = chinese.realise(replace(clause, gap=True))
    um = f"{german.realise(clause)}, um {de}"
    return finish(f"{english.realise(clause)} {en}", um, main + zh + ending, 0, wanted)


def _habit_or_plan(chooser: Chooser, clause: Clause, subject: Phrase, wanted: str) -> Clause:
    """Put a movement into its tense: a habit in the present, else with a time in many cases."""
    if wanted == PRESENT:
        return replace(clause, frequency=chooser.pick(lexicon.FREQUENCIES[:4]))
    if not chooser.chance(65):
        return clause
    time = clauses.when(chooser, wanted, "d", subject)
    return replace(clause, time=time, fronted="front" in time.kinds and chooser.chance(40))
