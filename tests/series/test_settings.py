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
