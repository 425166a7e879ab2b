"""Every refusal as RFC 9457 problem+json, and never with a word of what the caller sent."""

import html
import inspect
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from app.db import Collided, DatabaseBusy
from app.domain.base import FORMS
from app.domain.errors import (
    AlreadyExists,
    Bug,
    Busy,
    Malformed,
    MethodNotAllowed,
    NotFound,
    Refused,
    TooLarge,
    TrackerError,
    Unauthenticated,
)

log = logging.getLogger("tracker")

DOCS = "/docs/problems"
"""Where each problem type is explained; `type` is this address and the slug."""


MOST_ERRORS = 100
"""A hostile body could hold a million."""


class FieldProblem(BaseModel):
    pointer: str
    detail: str


class WorkDone(BaseModel):
    ref: str
    actor: str | None
    at: str
    action: str


class Problem(BaseModel):
    """RFC 9457. `errors` for bad fields, `allowed` and `needs` for moves that cannot be made,
    `work` for what people did since and would be lost."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldProblem] | None = None
    allowed: list[str] | None = None
    needs: list[str] | None = None
    work: list[WorkDone] | None = None


def install(app: FastAPI) -> None:
    """Answers everything that goes wrong anywhere in `app`."""
    app.add_exception_handler(TrackerError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _starlettes)
    app.add_exception_handler(DatabaseBusy, _busy)
    app.add_exception_handler(Collided, _collided)
    app.add_exception_handler(Exception, _bug)


def answer(
    error: TrackerError,
    *,
    headers: Mapping[str, str] | None = None,
    request_id: str | None = None,
    status: int | None = None,
) -> Response:
    """A refusal as its response. `status`: where it is another than that of its type."""
    status = status or error.status
    body = {
        "type": f"{DOCS}#{error.slug}",
        "title": error.title,
        "status": status,
        "detail": error.detail,
        "instance": f"urn:uuid:{request_id or uuid4()}",
        **error.members,
    }
    extra = dict(headers or {})
    if isinstance(error, Unauthenticated):
        extra["WWW-Authenticate"] = 'Bearer realm="tracker", Basic realm="tracker"'
    if isinstance(error, Busy):
        extra["Retry-After"] = "2"
    return Response(
        orjson.dumps(body),
        status_code=status,
        media_type="application/problem+json",
        headers={"Cache-Control": "no-store", **extra},
    )


def malformed(errors: Sequence[Mapping[str, Any]], where: str) -> Malformed:
    """pydantic's errors in our words. `where`: "body" or "query" begins their location."""
    found = [(pointer(error["loc"]), _words(error)) for error in errors[:MOST_ERRORS]]
    return Malformed(f"the {where} is not of the form that this address takes", found)


def pointer(loc: Sequence[str | int]) -> str:
    """A JSON pointer to a field. Names that are not like ours are the caller's words: left out."""
    parts = [str(part) for part in loc]
    return "".join(f"/{part if _OURS.fullmatch(part) else '?'}" for part in parts)


_OURS = re.compile(r"[a-z][a-z0-9_]{0,39}|\d{1,6}")

_MOMENT = "must be a moment with its offset, like 2026-11-24T09:00:00Z"
_DAY = "must be a day, like 2026-11-24"
_SENTENCES = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this; take it out",
    "json_invalid": "is not valid JSON",
    "enum": "must be one of {expected}",
    "literal_error": "must be one of {expected}",
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "model_attributes_type": "must be an object",
    "model_type": "must be an object",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
    "timezone_aware": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_type": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "value_error": "{error}",
}


def _words(error: Mapping[str, Any]) -> str:
    """What to do about one field. Built from our sentences: pydantic's may quote the value."""
    if error["type"] == "string_pattern_mismatch":
        return FORMS.get(error["ctx"]["pattern"], "is not of the form that this takes")
    if error["type"] == "too_short" and error["ctx"]["min_length"] == 1:
        return "must have at least one entry"
    sentence = _SENTENCES.get(error["type"])
    if sentence is None:
        return f"is not of the form that this takes ({error['type']})"
    return sentence.format(**error.get("ctx", {}))


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, TrackerError)  # noqa: S101 - how Starlette's types are narrowed
    return answer(error)


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    listed = [one | {"loc": one["loc"][1:]} for one in error.errors()]
    return answer(malformed(listed, "query"))


async def _starlettes(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    kinds: dict[int, type[TrackerError]] = {404: NotFound, 405: MethodNotAllowed, 413: TooLarge}
    kind = kinds.get(error.status_code, Refused)
    details = {
        404: "there is nothing at this address; /docs lists the addresses there are",
        405: "this address does not take that method; the Allow header lists those it takes",
    }
    detail = details.get(error.status_code, "the request cannot be answered as it is")
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return answer(kind(detail), headers=headers, status=error.status_code)


def _methods(request: Request) -> set[str]:
    """All methods that this address takes: Starlette names those of one of its routes only."""
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.methods and route.path_regex.match(request.url.path):
            found |= route.methods
    return found | ({"HEAD"} if "GET" in found else set())


async def _busy(request: Request, error: Exception) -> Response:
    log.warning("the database did not answer in time: %r", error.__cause__)
    return answer(Busy("the database did not answer in time; nothing was changed; try again"))


async def _collided(request: Request, error: Exception) -> Response:
    return answer(AlreadyExists("somebody else entered the same at this very moment; look at it"))


async def _bug(request: Request, error: Exception) -> Response:
    request_id = str(uuid4())
    log.error("request %s failed by a fault of ours", request_id, exc_info=error)
    return answer(
        Bug("this is a fault of ours; tell whoever runs the tracker the id in `instance`"),
        request_id=request_id,
    )


def kinds() -> Iterator[type[TrackerError]]:
    """Every problem type there is, for the page that explains them."""
    waiting: list[type[TrackerError]] = [TrackerError]
    while waiting:
        kind = waiting.pop()
        waiting += sorted(kind.__subclasses__(), key=lambda one: one.__name__, reverse=True)
        if "slug" in vars(kind):
            yield kind


def page() -> str:
    """Every problem type in words, as the page that `type` points to."""
    sections = "".join(
        f'<h2 id="{kind.slug}">{kind.title} ({kind.status})</h2>'
        f"<p>{html.escape(inspect.getdoc(kind) or '')}</p>"
        for kind in kinds()
    )
    return (
        '<!doctype html><html lang="en-GB"><meta charset="utf-8">'
        f"<title>Problems</title><h1>What can go wrong, and what to do</h1>{sections}</html>"
    )
