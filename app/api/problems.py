"""Every refusal as RFC 9457 problem+json, and never with a word of what the caller sent."""

import html
import inspect
import logging
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
from app.domain.wording import mistakes

log = logging.getLogger("tracker")

DOCS = "/docs/problems"
"""Where each problem type is explained; `type` is this address and the slug."""


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
    return Malformed(f"the {where} is not of the form that this address takes", mistakes(errors))


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
