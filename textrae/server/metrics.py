"""Counters and histograms of the service, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Media type of the measures."""
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """Measures of one service, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._known: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._requests = Counter(
            "textrae_requests", "Requests answered.", ["route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "textrae_request_seconds",
            "Seconds from a request to its answer.",
            ["route"],
            registry=self.registry,
            buckets=_SECONDS,
        )
        self._calls = Histogram(
            "textrae_compute_seconds",
            "Seconds of computing at a time.",
            ["work"],
            registry=self.registry,
            buckets=_SECONDS,
        )
        self._joined = Histogram(
            "textrae_joined_requests",
            "Requests computed together.",
            ["work"],
            registry=self.registry,
            buckets=_SIZES,
        )
        self._items = Counter(
            "textrae_items", "Sentences and vectors computed.", ["work"], registry=self.registry
        )
        self._truncated = Counter(
            "textrae_truncated_sentences", "Sentences longer than a run reads.", registry=self.registry
        )
        self.active = Gauge("textrae_active_requests", "Requests being answered.", registry=self.registry)
        self.waiting = Gauge(
            "textrae_waiting_requests", "Requests waiting to be computed.", registry=self.registry
        )

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        counter, histogram = self._of(route, status)
        counter.inc()
        histogram.observe(seconds)

    def _of(self, route: str, status: int) -> tuple[Counter, Histogram]:
        """Return the measures of a route, which are looked up once."""
        if (route, status) not in self._known:
            self._known[route, status] = (
                self._requests.labels(route, str(status)),
                self._seconds.labels(route),
            )
        return self._known[route, status]

    def computed(self, work: str, requests: int, items: int, seconds: float) -> None:
        """Count a computation."""
        self._calls.labels(work).observe(seconds)
        self._joined.labels(work).observe(requests)
        self._items.labels(work).inc(items)

    def truncated(self, count: int) -> None:
        """Count sentences that were truncated."""
        if count:
            self._truncated.inc(count)

    def page(self) -> bytes:
        """Return all measures in Prometheus' text format."""
        return generate_latest(self.registry)
