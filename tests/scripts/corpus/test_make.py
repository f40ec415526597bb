"""The synthetic corpus: the shipped files are what the generator makes, within bounds and grammatical."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "data"
SCRIPT = ROOT / "scripts" / "corpus" / "make.py"
TEXTS = ("sentences.en.txt", "sentences.de.txt", "sentences.zh.txt")
FILES = (*TEXTS, "labels.tsv")
LINES = 21_000
NAMES = {
    "Anna": "安娜",
    "Tom": "汤姆",
    "Lisa": "丽莎",
    "Paul": "保罗",
    "Emma": "艾玛",
    "David": "大卫",
    "Nina": "妮娜",
    "Max": "马克",
    "Mei": "小美",
    "Leo": "里奥",
}
PRESENT_ONLY = re.compile(
    r"\b(am|is|are|has|does|says?|thinks?|believes?|goes|wants|can|will|likes|loves|hates|lives|works|plays|needs"
    r"|drinks|eats|begins|opens|leaves|arrives)\b"
)
PAST_ONLY = re.compile(
    r"\b(was|were|had|did|said|thought|believed|went|wanted|liked|ate|drank|rained|found|lost)\b"
)
FUTURE_ONLY = re.compile(r"\b(will|going to|let's)\b")
FINITE = re.compile(
    r"\b(bin|ist|sind|war|waren|haben?|hat|wollten?|regnete?|schneite?|regnet|schneit|fand|fanden|gewann|gewannen"
    r"|verlor|verloren)\.$"
)
CJK = re.compile("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")


def make(out: Path, lines: int, seed: int = 0, hash_seed: str = "0") -> dict[str, bytes]:
    """Run the generator in its own process and return the bytes of its files."""
    command = [sys.executable, str(SCRIPT), "--out", str(out), "--lines", str(lines), "--seed", str(seed)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed})
    return {name: (out / name).read_bytes() for name in FILES}


def read(name: str) -> list[str]:
    """Return the lines of a shipped file, without their line ends."""
    text = (DATA / name).read_bytes().decode()
    assert text.endswith("\n")
    assert "\r" not in text
    return text.removesuffix("\n").split("\n")


@pytest.fixture(scope="module")
def english() -> list[str]:
    return read("sentences.en.txt")


@pytest.fixture(scope="module")
def german() -> list[str]:
    return read("sentences.de.txt")


@pytest.fixture(scope="module")
def chinese() -> list[str]:
    return read("sentences.zh.txt")


@pytest.fixture(scope="module")
def labels() -> list[tuple[str, ...]]:
    return [tuple(line.split("\t")) for line in read("labels.tsv")]


def words(sentence: str) -> set[str]:
    return set(re.findall(r"[a-z']+", sentence.lower()))


def test_same_seed_gives_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    first = make(tmp_path / "first", 300, hash_seed="1")
    assert first == make(tmp_path / "second", 300, hash_seed="2")
    assert all(content.count(b"\n") == 300 for content in first.values())


def test_another_seed_gives_another_corpus(tmp_path: Path) -> None:
    assert make(tmp_path / "first", 50) != make(tmp_path / "second", 50, seed=1)


def test_shipped_files_are_what_the_generator_makes(tmp_path: Path) -> None:
    made = make(tmp_path, LINES)
    for name in FILES:
        assert made[name] == (DATA / name).read_bytes(), f"{name} is not what scripts/corpus/make.py makes"


def test_the_grammar_says_when_it_is_exhausted() -> None:
    code = "import make as m; m.PATTERNS = ((m.facts.age, 1),); m.corpus(100_000, 0)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SCRIPT.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "ValueError: the grammar has no more than about" in done.stderr


def test_readme_gives_the_checksums() -> None:
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    for name in FILES:
        assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() in readme


def test_folder_is_small() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 3_000_000


def test_files_are_aligned(english: list[str], german: list[str], chinese: list[str]) -> None:
    assert len(english) == len(german) == len(chinese) == len(read("labels.tsv")) == LINES
    for en, de, zh in zip(english, german, chinese, strict=True):
        for name, character_name in NAMES.items():
            mentioned = bool(re.search(rf"\b{name}\b", en))
            assert mentioned == bool(re.search(rf"\b{name}\b", de)), (en, de)
            assert mentioned == (character_name in zh), (en, zh)
        assert (en[-1] == "?") == (de[-1] == "?") == (zh[-1] == "\uff1f"), (en, de, zh)


def test_english_is_distinct_and_of_bounded_length(english: list[str]) -> None:
    assert len(set(english)) == LINES
    lengths = [len(sentence.split()) for sentence in english]
    assert min(lengths) >= 3
    assert max(lengths) <= 25
    assert 8 <= sum(lengths) / LINES <= 11
    assert sum(length >= 15 for length in lengths) > LINES // 50
    assert 300 <= len(set().union(*map(words, english))) <= 900


def test_scripts_and_signs(english: list[str], german: list[str], chinese: list[str]) -> None:
    assert all(re.fullmatch(r"[A-Za-z ,.?!'\"]+", sentence) for sentence in english)
    assert not any(CJK.search(sentence) for sentence in german)
    assert all(re.fullmatch(r"[A-ZÄÖÜa-zäöüßé ,.?!„“-]+", sentence) for sentence in german)
    assert all(re.fullmatch("[\u4e00-\u9fff\u3002\uff0c\uff01\uff1f“”]+", sentence) for sentence in chinese)
    assert all(sentence == sentence.strip() and "  " not in sentence for sentence in english + german)
    assert all(sentence.lstrip('"„')[0].isupper() for sentence in english + german)


def test_labels(english: list[str], labels: list[tuple[str, ...]]) -> None:
    combinations = {(mood, tense) for mood in ("positive", "negative", "neutral") for tense in
                    ("past", "present", "future")}  # fmt: skip
    assert set(labels) == combinations
    for sentence, (sentiment, _) in zip(english, labels, strict=True):
        assert sentiment == "neutral" or not sentence.endswith("?"), sentence


def test_order_is_mixed(labels: list[tuple[str, ...]]) -> None:
    past = [tense == "past" for _, tense in labels]
    quarters = [sum(past[start : start + LINES // 4]) for start in range(0, LINES, LINES // 4)]
    assert max(quarters) - min(quarters) < LINES // 50


def test_tense_labels_fit_the_verbs(english: list[str], labels: list[tuple[str, ...]]) -> None:
    for sentence, (_, tense) in zip(english, labels, strict=True):
        text = sentence.lower()
        if tense == "past":
            assert not PRESENT_ONLY.search(text), sentence
        elif tense == "present":
            assert not FUTURE_ONLY.search(text), sentence
            # the relative clause of a present sentence may tell of the past
            assert " that " in text or not PAST_ONLY.search(text), sentence
        else:
            assert FUTURE_ONLY.search(text), sentence


def test_english_articles_and_agreement(english: list[str]) -> None:
    text = "\n".join(english)
    assert not re.search(r"\b[Aa] [aeiou]|\b[Aa]n [^aeiou]", text)
    assert re.search(r"\ban old\b", text)
    assert re.search(r"\bWhat an ugly\b", text)
    assert not re.search(r"\b(he|she|it) (are|were|have|do|go|want|like)\b", text, re.IGNORECASE)
    assert not re.search(r"\b(we|they) (is|was|has|does|goes|wants|likes)\b", text, re.IGNORECASE)
    assert not re.search(r"\b(two|three|four|five|six) (cat|dog|bird|chair|coat|book)\b", text)


def test_german_gender_and_case(german: list[str]) -> None:
    text = "\n".join(german)
    for article in (
        "den Mantel",
        "einen Mantel",
        "die Suppe",
        "dem Lehrer",
        "das rote Kleid",
        "eine neue Uhr",
    ):
        assert article in text
    assert not re.search(r"\b([Dd]ie|[Dd]as|eine|[Mm]eine|keine) (Mantel|Hund|Tisch|Vater|Film)\b", text)
    assert not re.search(
        r"\b([Dd]er|[Dd]en|ein|einen|[Mm]ein|kein) (Suppe|Lampe|Tasche|Mutter|Jacke)\b", text
    )
    assert not re.search(r"\bmit (mein|meine|der Kellner|die Ärztin|ich|du|er|ihn)\b", text)
    assert not re.search(r"\b(den|dem|meinen|unserem) Nachbar\b", text)


def test_german_word_order(german: list[str]) -> None:
    reasons = [sentence for sentence in german if ", weil " in sentence]
    assert len(reasons) > 500
    for sentence in reasons:
        assert FINITE.search(sentence), sentence
    assert any(re.search(r"^Gestern (ging|kaufte|war) \w+", sentence) for sentence in german)
    assert any(re.search(r"\brief .* an\.$", sentence) for sentence in german)
    assert not any(re.search(r"\b(anruft|anrief) ", sentence) for sentence in german)


def test_chinese_measure_words(chinese: list[str]) -> None:
    text = "\n".join(chinese)
    measures = {"大衣": "件", "书": "本", "单车": "辆", "猫": "只", "裙子": "条", "酒店": "家"}
    for noun, measure in measures.items():
        found = re.findall(rf"[一这那两三四五](.)[红蓝黑白新旧]?{noun}", text)
        assert set(found) == {measure}, (noun, set(found))
    assert "二本" not in text
