"""Errors of the service: one line each, in the form of OpenAI's errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from textrae.errors import ServiceError

KINDS = {401: "authentication_error", 429: "rate_limit_error", 500: "server_error", 503: "server_error"}
"""Types of errors by status; all others are ``invalid_request_error``."""


class Refusal(ServiceError):
    """A request that is refused.

    Args:
        status: of HTTP.
        message: one line: what is wrong and what to do.
        param: field that is wrong.
        code: name of the error, where OpenAI has one.
        headers: further ones of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.param, self.code, self.headers = status, param, code, dict(headers or {})

    def body(self) -> bytes:
        """Return the answer's body."""
        kind = KINDS.get(self.status, "invalid_request_error")
        told = {"message": str(self), "type": kind, "param": self.param, "code": self.code}
        return orjson.dumps({"error": told})


def unfit(error: ValidationError, status: int) -> Refusal:
    """Return the refusal of a body that does not fit its schema: the first thing that is wrong, and how many there are."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    first, place = errors[0], where(errors[0])
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    said = " ".join(str(first["msg"]).split())[:300]
    return Refusal(status, f"{place}: {said}{more}" if place else f"{said}{more}", place or None)


def where(error: Any) -> str:
    """Return the place of a validation error, as in ``texts[3]``."""
    out = ""
    for part in error["loc"]:
        if isinstance(part, int):
            out += f"[{part}]"
        else:
            out += f".{part}" if out else part
    return " ".join(out.split())[:100]
