"""The service as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from pydantic import ValidationError
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive

from textrae.errors import TextraeError
from textrae.server import schemas
from textrae.server.endpoints import ENDPOINTS, Endpoint
from textrae.server.failures import Refusal, unfit
from textrae.server.gate import OPEN, AnswerBody, Gate
from textrae.server.metrics import TYPE
from textrae.server.openai import EMBEDDINGS
from textrae.server.page import add_page
from textrae.server.service import Service
from textrae.version import __version__

_REF = "#/components/schemas/{model}"
_REFUSALS = {
    400: "The request cannot be answered.",
    401: "The key is missing or wrong.",
    404: "There is no such run or index.",
    408: "The body did not come in time.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "A field is wrong, or the run cannot do this.",
    429: "Too much is asked at once; try again later.",
    503: "It took too long; ask for less at a time.",
}


def make_app(service: Service) -> ASGIApp:
    """Return the application that answers for a service; it closes the service when it ends."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(
        title="textrae",
        version=__version__,
        summary="Sentences to vectors, and vectors to sentences.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _not_found)
    app.add_exception_handler(Exception, _failed)
    answers = {endpoint.path: _answering(service, endpoint) for endpoint in (EMBEDDINGS, *ENDPOINTS)}
    for endpoint in (EMBEDDINGS, *ENDPOINTS):
        _describe(app, endpoint, answers[endpoint.path])
    _add_reading(app, service)
    page = add_page(app)
    app.add_api_route("/openapi.json", _openapi(app), methods=["GET"], include_in_schema=False)
    routes = {str(getattr(route, "path", "")) for route in app.routes}
    return Gate(app, service, routes, OPEN | page, answers)


def _answering(service: Service, endpoint: Endpoint) -> AnswerBody:
    """Return what answers a body with a body."""
    invalid = _invalid(endpoint)

    async def answering(body: bytes, receive: Receive) -> bytes:
        try:
            asked = endpoint.asked.model_validate_json(body)
        except ValidationError as error:
            raise unfit(error, invalid) from None
        try:
            with service.admitted(endpoint.items(asked)):
                work = endpoint.do(service, asked)
                answer = await service.answered(work, receive, slow=endpoint.slow(asked))
        except Refusal:
            raise
        except TextraeError as error:
            raise Refusal(invalid, str(error)) from None
        return orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)

    return answering


def _invalid(endpoint: Endpoint) -> int:
    """Return the status for fields that are wrong: 400 where OpenAI has it so."""
    return 400 if endpoint.path.startswith("/v1/") else 422


def _describe(app: FastAPI, endpoint: Endpoint, answer: AnswerBody) -> None:
    """Add an endpoint that is asked with a body of JSON; the gate answers it itself, in a third of the time."""

    async def handle(request: Request) -> Response:
        return _Json(await answer(await request.body(), request.receive))

    body = {"schema": {"$ref": _REF.format(model=endpoint.asked.__name__)}}
    told = [_invalid(endpoint), 401, 404, 408, 413, 415, 429, 503]
    app.add_api_route(
        endpoint.path,
        handle,
        methods=["POST"],
        response_model=None,
        responses={200: {"model": endpoint.answer}, **_failing(told)},
        summary=(endpoint.do.__doc__ or "").strip(),
        description="",
        operation_id=endpoint.do.__name__,
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": body}}},
    )


def _failing(statuses: list[int]) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": schemas.Failed, "description": _REFUSALS[status]} for status in statuses}


def _add_reading(app: FastAPI, service: Service) -> None:
    """Add what is asked without a body."""

    async def models() -> Response:
        return _json({"object": "list", "data": [run.facts() for run in service.runs.values()]})

    async def model(name: str) -> Response:
        return _json(service.run(name).facts())

    async def health() -> Response:
        status = "stopping" if service.stopping else "ok"
        return _json({"status": status, "models": list(service.runs), "waiting": len(service.batcher)})

    async def metrics() -> Response:
        return Response(service.metrics.page(), media_type=TYPE)

    readings: list[tuple[str, Callable[..., Awaitable[Response]], Any, str, list[int]]] = [
        ("/v1/models", models, schemas.Models, "List the runs.", [401]),
        ("/v1/models/{name}", model, schemas.Model, "Tell what a run is and what it can do.", [401, 404]),
        ("/health", health, schemas.Health, "Tell whether the service works.", []),
        ("/metrics", metrics, None, "Give the measures that Prometheus reads.", [401]),
    ]
    for path, function, answer, summary, refusals in readings:
        told: dict[int | str, Any] = {200: {"model": answer}} if answer else {200: {"content": {TYPE: {}}}}
        app.add_api_route(
            path,
            function,
            methods=["GET"],
            response_model=None,
            response_class=Response if answer is None else _Json,
            responses={**told, **_failing(refusals)},
            summary=summary,
            operation_id=function.__name__,
        )


class _Json(Response):
    media_type = "application/json"


def _json(value: Any) -> Response:
    return _Json(orjson.dumps(value))


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return Response(error.body(), error.status, headers=error.headers, media_type="application/json")


async def _failed(request: Request, error: Exception) -> Response:
    """Answer for what nobody has foreseen; the gate logs it."""
    return await _refused(request, Refusal(500, "the service failed; its log tells why"))


async def _not_found(request: Request, error: Exception) -> Response:
    """Write what FastAPI itself refuses in the form of all errors."""
    assert isinstance(error, HTTPException)
    said = {404: "there is no such path", 405: f"{request.method} is not for this path"}
    refusal = Refusal(error.status_code, said.get(error.status_code, str(error.detail)))
    return Response(refusal.body(), error.status_code, headers=error.headers, media_type="application/json")


def _openapi(app: FastAPI) -> Callable[[], Awaitable[Response]]:
    """Return what answers with the description of all endpoints."""
    page: list[bytes] = []

    async def openapi() -> Response:
        if not page:
            found = app.openapi()
            asked = [(endpoint.asked, "validation") for endpoint in (EMBEDDINGS, *ENDPOINTS)]
            made = models_json_schema(asked, ref_template=_REF)[1]  # type: ignore[arg-type]
            found["components"]["schemas"] |= made["$defs"]
            found["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            page.append(orjson.dumps(found))
        return _Json(page[0])

    return openapi
