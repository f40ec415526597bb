"""The report of a corpus counts all that was dropped or truncated."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from textrae.text.stats import CorpusStats, read_from

STATS = CorpusStats(
    sources=("a.txt",),
    lines=1_502,
    blank=2,
    distinct=300,
    cut=0,
    max_length=128,
    long=0,
    undecodable=0,
    words=2_500,
    bytes=9_000,
    vocabulary=400,
    train_rows=1_400,
    train_tokens=5_000,
    valid_rows=30,
    valid_tokens=150,
    repeats=0,
    valid_source=None,
    overlap=0,
)


def test_lines_and_split_are_described() -> None:
    assert STATS.describe() == [
        "read 1,502 lines from a.txt (300 distinct, 5.2 k tokens); 2 blank dropped, 0 truncated at 128 tokens, "
        "0 undecodable",
        "1,400 sentences to train on, 30 to validate on",
    ]
    some = replace(STATS, long=3, repeats=7, sources=("a", "b", "c", "d"))
    read, split = some.describe()
    assert " from a, b, c … (" in read
    assert "; 2 blank dropped, 0 truncated at 128 tokens, 3 over 1 MiB truncated there, 0 undecodable" in read
    assert split.endswith("30 to validate on; 7 repeats of these left out")


def test_what_was_found_is_told() -> None:
    for some, said in (
        (STATS, "(`max_length=auto`: 99.5% of the lines need no more)"),
        (replace(STATS, cut=7), "(`max_length=auto`: 99.5% of the lines need no more)"),
        (
            replace(STATS, cut=300, max_length=512),
            "(`max_length=auto` is 512 at most, and 20.0% of the lines need more; give a number)",
        ),
        (replace(STATS, target_tokens=9), "(`max_length=auto`: 99.5% of the pairs need no more)"),
        (replace(STATS, tables=("column 1",)), "(`max_length=auto`: 99.5% of the rows need no more)"),
    ):
        told, _ = some.describe(auto=True)
        assert f", {some.cut} truncated at {some.max_length} tokens {said}, 0 undecodable" in told
        assert "auto" not in "".join(some.describe())


def test_what_is_left_out_of_a_validation_file_is_told() -> None:
    some = replace(STATS, valid_source="v.txt", overlap=4, valid_blank=2, valid_cut=1, valid_undecodable=5)
    said = some.describe(20)[1]
    assert said.endswith(
        "30 to validate on from v.txt; 4 of these are in the training text too; 2 blank dropped; "
        "1 truncated at 128 tokens; 5 undecodable; a validation measures on the first 20 (`valid_size`)"
    )
    assert "measures" not in some.describe(30)[1]
    assert "(300 distinct, 5.0 k tokens)" in some.describe()[0], "the tokens to train on only"


def test_pairs_and_vectors_are_named_so() -> None:
    pairs = replace(STATS, target_tokens=800)
    assert "read 1,502 pairs" in pairs.describe()[0]
    assert "2 with a blank side dropped" in pairs.describe()[0]
    assert pairs.describe()[1].startswith("1,400 pairs to train on")
    vectors = replace(pairs, vectors=True)
    assert "read 1,502 lines and their vectors from a.txt (300 distinct, 800 tokens)" in vectors.describe()[0]
    assert "2 blank dropped" in vectors.describe()[0]


def test_how_tables_were_read_is_told() -> None:
    said = 'column "text" (delimiter ;)'
    assert read_from(["a.csv", "b.csv"], [said, said]) == (f"rows of {said}", "a.csv, b.csv")
    assert read_from(["a.csv", "b.txt"], [said, ""]) == ("rows", f"a.csv [{said}], b.txt")
    assert read_from(["a.txt"], [""]) == read_from(["a.txt"], []) == ("lines", "a.txt")
    some = replace(STATS, sources=("a.csv",), tables=(said,), missing=1)
    assert some.describe()[0].startswith(
        f"read 1,502 rows of {said} from a.csv (300 distinct, 5.2 k tokens); 2 blank dropped (1 of them without a value)"
    )
    held = replace(some, valid_source="v.csv", valid_tables=(said,), valid_blank=3, valid_missing=2)
    assert (
        f"to validate on from v.csv [{said}]; 3 blank dropped (2 of them without a value)"
        in held.describe()[1]
    )
    pairs = replace(STATS, sources=("a.csv", "a.csv"), tables=(said, said), target_tokens=1)
    assert f"read 1,502 pairs from a.csv [{said}], a.csv [{said}] (" in pairs.describe()[0]
    assert CorpusStats.of_json(json.loads(json.dumps(asdict(held)))) == held
