"""search, index, duplicates, outliers and cluster as a user runs them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import LINES, sentences
from support import answer_here, textrae_here


def rows_of(output: bytes) -> list[list[str]]:
    return [line.split("\t") for line in output.decode().split("\n")[:-1]]


def objects(output: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture
def repeated(tmp_path: Path) -> Path:
    """300 sentences, a blank line, and two of the sentences again."""
    path = tmp_path / "repeated.txt"
    path.write_text(
        "\n".join([*sentences()[:300], " ", sentences()[5], sentences()[5], sentences()[9]]) + "\n"
    )
    return path


def test_search_of_a_text_and_of_its_index(run: Path, repeated: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    made = textrae_here("index", run, repeated, "-o", index, "--workers", 2, "--json")
    assert made.returncode == 0, made.stderr
    (facts,) = objects(made.stdout)
    wanted = {"sentences": 300, "dimensions": 24, "storage": "float16", "rows": 304, "blank": 1}
    assert {name: facts[name] for name in wanted} == wanted
    assert b"304 rows: 300 different sentences, 1 are blank and left out" in made.stderr
    asked = (sentences()[5], sentences()[400])
    done = textrae_here("search", run, repeated, *asked, "-k", 3)
    assert done.returncode == 0, done.stderr
    rows = rows_of(done.stdout)
    assert [row[0] for row in rows] == ["1"] * 3 + ["2"] * 3
    assert rows[0][1:] == ["1.0000", "6", "3", sentences()[5]]
    again = textrae_here("search", run, index, *asked, "-k", 3)
    assert again.stdout == done.stdout
    one, two = objects(textrae_here("search", run, index, *asked, "-k", 3, "--json").stdout)
    assert (one["row"], one["query"], two["query"]) == (1, *asked)
    assert one["hits"][0]["rows"] == [6, 302, 303]
    assert [f"{hit['score']:.4f}" for hit in two["hits"]] == [row[1] for row in rows[3:]]


def test_queries_from_a_file_and_from_a_pipe(run: Path, repeated: Path, tmp_path: Path) -> None:
    asked = tmp_path / "asked.txt"
    asked.write_text(f"{sentences()[3]}\n\n{sentences()[4]}\n")
    from_file = textrae_here("search", run, repeated, "--queries", asked, "-k", 1)
    assert [row[::4] for row in rows_of(from_file.stdout)] == [["1", sentences()[3]], ["3", sentences()[4]]]
    assert b"1 of 3 queries are blank, left out" in from_file.stderr
    piped = textrae_here("search", run, repeated, "--queries", "-", "-k", 1, stdin=asked.read_bytes())
    assert piped.stdout == from_file.stdout
    text = textrae_here("search", run, "-", sentences()[3], "-k", 1, stdin=repeated.read_bytes())
    assert rows_of(text.stdout)[0][2] == "4"


def test_odd_lines_are_told(run: Path, text: Path) -> None:
    done = textrae_here("search", run, text, "A dog\u2028sees", "-k", 1)
    assert rows_of(done.stdout)[0][2] == str(1 + LINES.index("A dog\u2028sees"))
    said = done.stderr.decode()
    assert "2 are blank and left out" in said
    assert said.count("truncated") == 1
    assert "sentences were truncated at 20 tokens" in said
    long = textrae_here("search", run, text, "x " * 50, "A dog.", "-k", 1).stderr.decode()
    assert "1 of 2 queries were truncated at 20 tokens" in long


def test_an_index_that_is_in_the_way_or_of_another_run(
    run: Path, vae_run: Path, repeated: Path, tmp_path: Path
) -> None:
    index = tmp_path / "index"
    assert textrae_here("index", run, repeated, "-o", index).returncode == 0
    refused = textrae_here("index", run, repeated, "-o", index)
    assert refused.returncode == 1
    assert b"holds an index already; choose another folder, or give --overwrite" in refused.stderr
    assert textrae_here("index", run, repeated, "-o", index, "--overwrite").returncode == 0
    assert b"files that are no index's" in textrae_here("index", run, repeated, "-o", run).stderr
    other = textrae_here("search", vae_run, index, "A dog.")
    assert b"was made by another run" in other.stderr
    assert b"not an index" in textrae_here("search", run, run, "A dog.").stderr
    for line in (refused.stderr, other.stderr):
        assert line.count(b"\n") == 1


def test_duplicates_are_grouped(run: Path, repeated: Path) -> None:
    done = textrae_here("duplicates", run, repeated, "--threshold", 1)
    rows = rows_of(done.stdout)
    assert [row[:3] for row in rows] == [
        ["1", "1.0000", "6"],
        ["1", "1.0000", "302"],
        ["1", "1.0000", "303"],
        ["2", "1.0000", "10"],
        ["2", "1.0000", "304"],
    ]
    assert b"2 groups of 5 rows: 3 of 304 rows repeat another one" in done.stderr
    first, _ = objects(textrae_here("duplicates", run, repeated, "--threshold", 1, "--json").stdout)
    same = {"rows": [6, 302, 303], "similarity": 1.0, "text": sentences()[5]}
    assert first == {"group": 1, "size": 3, "sentences": [same]}
    many = rows_of(textrae_here("duplicates", run, repeated, "--threshold", 0.7).stdout)
    assert len(many) > 5


def test_outliers_by_each_figure(run: Path, vae_run: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd.txt"
    odd.write_text("\n".join([*sentences()[:60], "zq xk vv jj qq"]) + "\n")
    done = textrae_here("outliers", run, odd, "-n", 2)
    assert [len(row) for row in rows_of(done.stdout)] == [5, 5]
    assert rows_of(done.stdout)[0][1:4] == ["61", "1", "zq xk vv jj qq"]
    for folder, by, name in ((run, "distance", "nearest"), (vae_run, "likelihood", "rebuilt")):
        first, *_ = objects(textrae_here("outliers", folder, odd, "--by", by, "--json").stdout)
        assert (first["row"], first["by"], first["text"]) == (61, by, "zq xk vv jj qq")
        assert first[name]
    assert (
        b"--samples: is not for outliers by distance"
        in textrae_here("outliers", run, odd, "--by", "distance", "--samples", 3).stderr
    )
    assert b"only a variational model" in textrae_here("outliers", run, odd, "--by", "likelihood").stderr


def test_clusters_and_their_labels(run: Path, repeated: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    done = textrae_here("cluster", run, repeated, "-k", 3, "--central", 2, "--labels", labels)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().count("cluster ") == 3
    found = labels.read_text().split()
    assert len(found) == 304
    assert found[300] == "0"
    told = objects(textrae_here("cluster", run, repeated, "-k", 3, "--json").stdout)
    assert Counter(found) == {"0": 1, **{str(one["cluster"]): one["size"] for one in told}}
    assert [len(one["central"]) for one in told] == [5] * 3


def test_an_index_serves_every_command(run: Path, repeated: Path, tmp_path: Path) -> None:
    answer_here("index", run, repeated, "-o", tmp_path / "index")
    for command in ("duplicates", "outliers", "cluster"):
        both = [textrae_here(command, run, file, "--json").stdout for file in (repeated, tmp_path / "index")]
        assert both[0] == both[1] != b""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("search",), "QUERY: give one, or a file of them with --queries"),
        (("search", "a", "--queries", "x.txt"), "--queries: leave the QUERY out"),
        (("search", "a", "--approximate"), "--approximate: "),
        (("search", " "), "sentence 1: is blank"),
        (("search", "a", "-k", 0), "--count"),
        (("duplicates", "--threshold", 2), "--threshold: "),
        (("duplicates", "--threshold", 0), "--threshold: "),
        (("outliers", "--by", "beauty"), "--by: reconstruction, likelihood or distance is expected"),
        (("cluster", "-k", 999), "--count: 999 clusters of 300 different sentences"),
    ],
    ids=str,
)
def test_wrong_usage_is_a_line(words: tuple[object, ...], said: str, run: Path, repeated: Path) -> None:
    command, *others = words
    done = textrae_here(command, run, repeated, *others)
    assert done.returncode in (1, 2)
    assert done.stdout == b""
    assert said in done.stderr.decode().splitlines()[-1]


def test_options_of_a_text_are_not_for_an_index(run: Path, repeated: Path, tmp_path: Path) -> None:
    answer_here("index", run, repeated, "-o", tmp_path / "index")
    done = textrae_here("duplicates", run, tmp_path / "index", "--column", "text")
    assert done.returncode == 2
    assert b"--column: is not for an index, which was read already" in done.stderr
    twice = textrae_here("search", run, "-", "--queries", "-")
    assert b"FILE is standard input already" in twice.stderr
