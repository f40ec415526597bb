from __future__ import annotations

from textrae.server.metrics import Metrics


def test_measures_are_told_in_the_format_of_prometheus() -> None:
    metrics = Metrics()
    metrics.answered("/decode", 200, 0.02)
    metrics.answered("/decode", 422, 0.001)
    metrics.computed("encode", 3, 40, 0.5)
    metrics.truncated(2)
    metrics.truncated(0)
    page = metrics.page().decode()
    for line in (
        'textrae_requests_total{route="/decode",status="200"} 1.0',
        'textrae_requests_total{route="/decode",status="422"} 1.0',
        'textrae_request_seconds_bucket{le="0.025",route="/decode"} 2.0',
        'textrae_joined_requests_sum{work="encode"} 3.0',
        'textrae_items_total{work="encode"} 40.0',
        "textrae_truncated_sentences_total 2.0",
    ):
        assert line in page.splitlines(), line
    assert "encode" not in Metrics().page().decode()  # each has a registry of its own
