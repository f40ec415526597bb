from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from textrae.server.batcher import Batcher, Work


@pytest.fixture
def batcher() -> Iterator[Batcher]:
    made = Batcher()
    yield made
    made.close()


def lengths(calls: list[list[str]], seconds: float = 0.0) -> Work[str, int]:
    def call(texts: list[str]) -> list[int]:
        calls.append(texts)
        time.sleep(seconds * len(texts))
        return [len(text) for text in texts]

    return Work("lengths", (), call)


def test_requests_that_come_together_are_computed_together() -> None:
    seen: list[tuple[str, int, int]] = []
    batcher = Batcher(lambda name, tasks, items, seconds: seen.append((name, tasks, items)))
    calls: list[list[str]] = []
    work = lengths(calls)

    async def main() -> list[list[int]]:
        texts = [["a" * (number + 1)] for number in range(40)]
        return await asyncio.gather(*(batcher.many(work, one, [1]) for one in texts))

    assert asyncio.run(main()) == [[number + 1] for number in range(40)]
    assert len(calls) < 10
    batcher.close()
    assert sum(items for _, _, items in seen) == 40


def test_clients_that_ask_again_are_answered_together_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textrae.server.batcher.GATHER", 5.0)  # so that a slow machine cannot part them
    calls: list[list[str]] = []
    work = lengths(calls)
    batcher = Batcher()

    async def client(number: int) -> None:
        for _ in range(4):
            await batcher.many(work, ["a" * number], [1])
            await asyncio.sleep(0.001 * number)

    async def main() -> None:
        await asyncio.gather(*(client(number) for number in range(8)))

    asyncio.run(main())
    batcher.close()
    assert len(calls) <= 6
    assert [len(call) for call in calls[-3:]] == [8, 8, 8]


def test_a_single_client_does_not_wait_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textrae.server.batcher.GATHER", 60.0)
    batcher = Batcher()
    began = time.monotonic()
    for _ in range(3):
        assert asyncio.run(batcher.many(lengths([]), ["one"], [1])) == [3]
    batcher.close()
    assert time.monotonic() - began < 30


def test_slices_are_multiples_of_the_rows_that_the_engine_fills_up_to() -> None:
    calls: list[list[str]] = []
    work = lengths(calls, 0.002)
    batcher = Batcher()

    async def main() -> None:
        await asyncio.gather(*(batcher.many(work, ["a"] * 3, [4] * 3) for _ in range(33)))

    asyncio.run(main())
    batcher.close()
    sizes = [len(call) for call in calls]
    assert sum(sizes) == 99
    assert all(size % 32 == 0 for size in sizes if size > 32)
    assert max(sizes) > 32


def test_a_long_request_is_sliced_and_its_results_stay_in_order(batcher: Batcher) -> None:
    calls: list[list[str]] = []
    texts = ["x" * (number % 7) for number in range(5_000)]
    work = lengths(calls)
    found = asyncio.run(batcher.many(work, texts, [100] * len(texts)))
    assert found == [len(text) for text in texts]
    assert len(calls) > 5


def test_short_requests_do_not_wait_for_a_long_one(batcher: Batcher) -> None:
    work, other = lengths([], 0.001), lengths([])
    other.key = ("lengths", "of another run")
    ended: list[str] = []

    async def ask(name: str, work: Work[str, int], count: int) -> None:
        await batcher.many(work, ["a"] * count, [100] * count)
        ended.append(name)

    async def main() -> None:
        long = asyncio.create_task(ask("long", work, 2_000))
        await asyncio.sleep(0.05)
        await asyncio.gather(ask("equal", work, 1), ask("other", other, 1))
        assert not long.done()
        await long

    asyncio.run(main())
    assert ended[-1] == "long"


def test_many_short_requests_do_not_starve_a_long_one(batcher: Batcher) -> None:
    work = lengths([], 0.0005)

    async def main() -> int:
        done = 0
        long = asyncio.create_task(batcher.many(work, ["a"] * 300, [100] * 300))

        async def ask() -> None:
            nonlocal done
            while not long.done():
                await batcher.many(work, ["b"] * 20, [100] * 20)
                done += 1

        await asyncio.wait_for(asyncio.gather(*(ask() for _ in range(5))), 20)
        return done

    assert asyncio.run(main()) > 3


def test_only_who_asked_for_what_fails_hears_of_it(batcher: Batcher) -> None:
    def call(texts: list[str]) -> list[str]:
        if "bad" in texts:
            raise ValueError("bad")
        return texts

    work = Work("echo", (), call)

    async def main() -> list[object]:
        some = [["a"], ["bad"], ["b"]]
        return await asyncio.gather(*(batcher.many(work, one, [1]) for one in some), return_exceptions=True)

    first, failed, last = asyncio.run(main())
    assert (first, last) == (["a"], ["b"])
    assert isinstance(failed, ValueError)


def test_steps_let_others_have_their_turn(batcher: Batcher) -> None:
    order: list[str] = []

    def step(name: str) -> str:
        time.sleep(0.01)
        order.append(name)
        return name

    async def main() -> tuple[list[str], list[str]]:
        return await asyncio.gather(
            batcher.steps([lambda: step("a")] * 5), batcher.steps([lambda: step("b")] * 5)
        )

    assert list(asyncio.run(main())) == [["a"] * 5, ["b"] * 5]
    assert "".join(order) == "ababababab"
    assert asyncio.run(batcher.steps([])) == []


def test_what_nobody_waits_for_is_not_computed(batcher: Batcher) -> None:
    began, go = threading.Event(), threading.Event()
    computed: list[str] = []

    def hold(texts: list[str]) -> list[str]:
        began.set()
        go.wait(10)
        return texts

    def note(texts: list[str]) -> list[str]:
        computed.extend(texts)
        return texts

    async def main() -> None:
        first = asyncio.create_task(batcher.many(Work("hold", (), hold), ["a"], [1]))
        await asyncio.to_thread(began.wait, 10)
        second = asyncio.create_task(batcher.many(Work("note", (), note), ["b"], [1]))
        await asyncio.sleep(0)
        assert len(batcher) == 1
        second.cancel()
        await asyncio.sleep(0)
        go.set()
        await first
        assert await batcher.many(Work("note", (), note), ["c"], [1]) == ["c"]

    asyncio.run(main())
    assert computed == ["c"]


def test_a_closed_one_computes_nothing() -> None:
    batcher = Batcher()
    batcher.close()
    with pytest.raises(RuntimeError, match="stopping"):
        asyncio.run(batcher.steps([lambda: 1]))
