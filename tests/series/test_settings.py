"""Settings of series: what conflicts is refused."""

from __future__ import annotations

import pytest

from textrae import SeriesConfig, SeriesFormat, SeriesTraining
from textrae.errors import ConfigError
from textrae.settings.files import build


@pytest.mark.parametrize(
    ("cls", "values", "said"),
    [
        (
            SeriesConfig,
            {"cell": "gru", "activation": "relu"},
            "`activation=relu` goes with `cell=rnn`, not gru",
        ),
        (SeriesConfig, {"cell": "lstm", "activation": "relu"}, "`cell=rnn`, not lstm"),
        (SeriesFormat, {"labels": True}, "for `layout=rows`"),
        (SeriesFormat, {"frame": 2}, "for `layout=rows`"),
        (SeriesFormat, {"layout": "rows", "columns": "a"}, "`columns` is for `layout=steps`"),
        (SeriesFormat, {"stride": 2}, "`stride` is for `window`"),
        (SeriesFormat, {"delimiter": "x"}, "`delimiter`"),
        (SeriesFormat, {"missing": "ignore"}, "`missing`"),
        (SeriesTraining, {"steps": 1, "epochs": 1}, "`epochs` and `steps` are each a budget"),
    ],
)
def test_settings_that_conflict_are_refused(cls: type, values: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        build(cls, values)  # type: ignore[type-var]
    assert "\n" not in str(caught.value)


def test_settings_that_agree_are_kept() -> None:
    assert SeriesConfig(activation="relu").cell == "rnn"
    assert SeriesFormat(layout="rows", labels=True, frame=2).frame == 2


def test_columns_are_names_joined_by_commas_or_in_a_list() -> None:
    for given in ("a,b", "a, b", ["a", "b"], ("a", "b")):
        assert SeriesFormat(columns=given).columns == ("a", "b")  # type: ignore[arg-type]
    assert SeriesFormat(columns='"a, b",c').columns == ("a, b", "c")  # type: ignore[arg-type]
    assert SeriesFormat(columns=[1, 2]).columns == ("1", "2")  # type: ignore[arg-type]
    assert SeriesFormat(columns="").columns is None  # type: ignore[arg-type]


def test_a_delimiter_is_named_or_given_as_itself() -> None:
    for given, name in (
        (";", "semicolon"),
        ("\t", "tab"),
        ("\\t", "tab"),
        ("bar", "bar"),
        (" ", "space"),
        (",", "comma"),
    ):
        assert SeriesFormat(delimiter=given).delimiter == name  # type: ignore[arg-type]
