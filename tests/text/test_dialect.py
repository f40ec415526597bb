"""How tables are written: delimiters, quotes and spaces told from the first rows; two ways to read are refused."""

from __future__ import annotations

import pytest

from textrae.errors import CorpusError
from textrae.text.dialect import Dialect, LateQuotes, delimiter_line, tell_dialect, written


def told(
    text: str, *, tabs: bool = False, column: str | None = None, given: str | None = None, plain: bool = False
) -> Dialect:
    return tell_dialect(text.split("\n"), "t", column, given, tabs=tabs, plain=plain)


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("id,text\n1,a;b", ","),
        ("id;text\n1;a, b\n2;c", ";"),
        ("text\tlabel\na, b\t1", "\t"),
        ("id|text\n1|a, b", "|"),
        ('"id";"text"\n"1";"a;""b"', ";"),
        ("id;text", ";"),
        ("text\na", ","),
        ('"a;b",text\n1,2', ","),
        ("id;text,x\n1;a", ";"),
        ('id;text\n1;"a\nb', ";"),  # a row that is cut off
        ("a,b;text\n1,5;x\n2,5;y", ";"),  # both agree, one has `text`
        ("id;text\n1;a;b", ";"),  # which tells the row that does not fit
    ],
)
def test_the_delimiter_is_told(text: str, delimiter: str) -> None:
    assert told(text).delimiter == delimiter


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("text,id;text\na,1;b\nc,2;d", "can be parted by , ('text', 'id;text') or by ; ('text,id', 'text')"),
        ("a,b;c\n1,2;3", "can be parted by , .* or by ;"),
        ("id^text\n1^a\n2^b", "looks parted by ^; give that as `delimiter`"),
        ("id\x01body\n1\x01a", r"looks parted by '\x01'"),
        ("id::body\n1::a", "looks parted by :"),
        ("Export\nid;text\n1;a", '"Export" is one name, and the rows look parted by ;'),
        ("Export\n\nid|text", "put the header first"),
    ],
)  # fmt: skip
def test_two_readings_are_refused(text: str, said: str) -> None:
    with pytest.raises(CorpusError) as caught:
        told(text)
    for part in said.split(" .* "):
        assert part in str(caught.value)


def test_a_given_delimiter_holds() -> None:
    assert told("a,b;c\n1,2;3", given=";").delimiter == ";"
    assert told("id^text\n1^a", given="^").delimiter == "^"
    assert told("text\na, b", given="\t").delimiter == "\t"
    with pytest.raises(CorpusError, match=', parts nothing in its header "id;text", and ; would'):
        told("id;text\n1;a", given=",")
    assert told("id;text\n1;a", given=",", column="id;text").delimiter == ","
    assert told("a,b;c\n1,2;3", column="c").delimiter == ";"
    assert delimiter_line("sep=;") == delimiter_line('"sep=;"') == delimiter_line("SEP=;") == ";"
    assert delimiter_line("sep=;;") is None
    assert [written(mark) for mark in ",\t \x01"] == [",", "tab", "space", r"'\x01'"]


def test_spaces_after_delimiters() -> None:
    dialect = told('id, text\n1, "a, b"\n2, c')
    assert dialect.said == "delimiter , and spaces"
    assert [row for _, row in dialect.rows(['1, "a, b"'])] == [["1", "a, b"]]
    assert not told("id, text\n1,a\n2, b").spaced
    assert not told("id,text\n1, a").spaced


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('id\ttext\n1\t"Hello," he said.', False),
        ('id\ttext\n1\ta 5" pipe\n2\t"x, y"', False),
        ('id\ttext\n1\t"he said ""hi"""\n2\tb', True),
        ('"id"\t"text"\n"1"\t"a"', True),
        ('id\ttext\n1\t"a\tb"', True),
        ('id\ttext\n1\t"a\nb"', True),
        ('id\ttext\n1\t"a"\n2\tb', False),  # no rule would quote one and not the other
        ('text\n""Hello""', False),
    ],
)
def test_quotes_of_tsv(text: str, quoted: bool) -> None:
    dialect = told(text, tabs=True)
    assert (dialect.quoted, dialect.sure) == (quoted, True)
    assert not told(text, tabs=True, plain=True).quoted
    assert told("id\ttext\n1\ta", tabs=True) == Dialect("\t", quoted=False, sure=False)


@pytest.mark.parametrize("text", ['text\n"a"\n"b"', 'text\n"a, b"\nc', 'text\n"a\nb"', 'text\n"a \\"b\\""'])
def test_quotes_of_tsv_that_may_mean_two_things(text: str) -> None:
    with pytest.raises(CorpusError, match="give `format=tsv` if"):
        told(text, tabs=True)


def test_quotes_after_the_first_rows() -> None:
    for line in ('1\t"a ""b"""', '1\t"a, b"', '"two', '1\ta \\"b\\"'):
        with pytest.raises(CorpusError, match="line 3 may hold quotes"):
            list(LateQuotes(["id\ttext", "1\ta"], "t").over(["id\ttext", "1\ta", line]))
    lines = ["id\ttext", "1\ta", '2\t"Hi," he said', '3\t"a ""b"""']
    assert list(LateQuotes(lines[:2], "t").over(lines)) == lines
