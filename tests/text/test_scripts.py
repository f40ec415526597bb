"""Scripts whose words no space parts."""

from __future__ import annotations

import pytest

from textrae.text.scripts import is_unspaced, units, words_parted, writing

CHINESE = "我们今天下午在图书馆看书，他说：“好的！”"
JAPANESE = "私は昨日、東京駅で友達に会いました。"
THAI = "วันนี้เราไปตลาดและซื้อผลไม้ ฉันชอบมะม่วงมากที่สุด"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The cat sat on the mat.", "spaced"),
        ("Кошка сидит на ковре.", "spaced"),
        ("고양이가 양탄자 위에 앉아 있다.", "spaced"),
        ("بیٹھی ہوئی بلی", "spaced"),
        ("", "spaced"),
        ("1 2 3 ...", "spaced"),
        (CHINESE, "chinese"),
        ("我在 Google 工作了三年。", "chinese"),
        ("The word 猫 means cat.", "spaced"),
        (JAPANESE, "japanese"),
        ("コーヒーをください", "japanese"),
        (THAI, "unspaced"),
        ("ຂ້ອຍຮັກເຈົ້າຫຼາຍ", "unspaced"),
        ("ខ្ញុំទៅផ្សារជាមួយម្តាយ", "unspaced"),
        ("ကျွန်တော်ဈေးသွားတယ်", "unspaced"),
        ("ང་རང་ཁྲོམ་ལ་འགྲོ་གི་ཡིན།", "unspaced"),
        ("我们 今天 下午 在 图书馆 看 书 ， 他 说 好 的", "spaced"),  # cut into words, as corpora are
        ("วันนี้ เรา ไป ตลาด และ ซื้อ ผลไม้", "spaced"),
    ],
)
def test_the_script_tells_whether_spaces_part_words(text: str, found: str) -> None:
    assert writing([text]) == found
    assert writing([text, "", "!"]) == found
    assert words_parted([text]) == (found == "spaced")


def test_most_letters_of_a_corpus_decide() -> None:
    assert writing(["The cat sat."] * 9 + [CHINESE]) == "spaced"
    assert writing(["The cat sat."] + [CHINESE] * 9) == "chinese"
    assert writing(["好的", "谢谢", "再见"]) == "chinese"  # short lines have no space either


def test_units_are_words_or_characters() -> None:
    assert (units("a bc  d", words=True), units("a bc  d", words=False)) == (3, 4)


def test_lines_of_some_scripts_are_joined_without_a_space() -> None:
    assert all(map(is_unspaced, "猫々あアー、。！「」１ไ่ກາកាကြ་བ，"))
    assert not any(map(is_unspaced, "aé1.!кह가각😀»—"))
