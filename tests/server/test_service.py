from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from textrae import SentenceAutoencoder
from textrae.server.failures import Refusal
from textrae.server.hosted import Hosted
from textrae.server.service import Limits, Service


async def silent() -> Message:
    await asyncio.sleep(60)
    return {"type": "http.disconnect"}


def test_runs_and_indexes_are_found_by_name(service: Service) -> None:
    assert service.run(None).name == "plain"
    assert service.run("vae").name == "vae"
    with pytest.raises(Refusal, match="there are plain, vae"):
        service.run("../x")
    assert service.index(None, None)[1] == "some"
    assert service.index("some", "plain")[0].name == "plain"
    with pytest.raises(Refusal, match="there are some"):
        service.index("x", None)
    with pytest.raises(Refusal, match="no index to search"):
        service.index(None, "vae")


def test_places_are_bounded(model: SentenceAutoencoder) -> None:
    service = Service(Limits(items=10))
    service.host([Hosted("a", model, service.batcher)])
    with service.admitted(8):
        with service.admitted(2), pytest.raises(Refusal) as refused, service.admitted(1):
            pass
        assert (refused.value.status, refused.value.headers) == (429, {"retry-after": "1"})
    with service.admitted(50):  # a large one, when nothing else is worked on
        pass
    service.close()


def test_what_takes_too_long_is_given_up() -> None:
    service = Service(Limits(seconds=0.1))
    cancelled = False

    async def slow() -> None:
        nonlocal cancelled
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled = True
            raise

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def later() -> str:
        await asyncio.sleep(0.5)
        return "done"

    async def soon() -> str:
        await asyncio.sleep(0.3)
        return "done"

    async def main() -> None:
        with pytest.raises(Refusal, match=r"longer than 0.1 s") as refused:
            await service.answered(slow(), silent)
        assert refused.value.status == 503
        with pytest.raises(Refusal, match="has left"):
            await service.answered(slow(), gone)
        assert await service.answered(soon(), silent) == "done"
        assert await service.answered(later(), silent, slow=True) == "done"
        await asyncio.sleep(0)

    asyncio.run(main())
    assert cancelled
    service.close()
