"""Doors: who is asking, whether they may come in, and the one way to read and the one to write.

Every route takes exactly one door (main.py refuses to start otherwise):

    read: Reading            anybody who may read
    write: Holding           any token
    write: Contributing      a token of contributor or above
    write: Leading           a token of lead or above

What the role may do to this one thing is decided by the verb of the domain, after the thing was
found, so that the order of refusals is everywhere the same: 401, 404, 403, 413, 415, a replay of an
idempotency key, 422, 428, 412, 409.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ValidationError
from sqlmodel import Session

from app import __version__
from app.api import conditional
from app.api.auth import authenticate
from app.api.problems import malformed
from app.db import Database
from app.domain import changes, replies
from app.domain.actors import Actor, Role
from app.domain.base import Given, today
from app.domain.errors import (
    Malformed,
    NotYours,
    TooLarge,
    Unauthenticated,
    UnsupportedMediaType,
)
from app.settings import Settings

G = TypeVar("G", bound=Given)

MOST_BYTES = 1_000_000
"""What a body may have, but for imports."""
HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


class Replayed(Exception):
    """This request was answered before, under the same idempotency key."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def replayed(request: Request, error: Exception) -> Response:
    assert isinstance(error, Replayed)  # noqa: S101 - how Starlette's types are narrowed
    return error.response


class Asked(ABC):
    """A request, who made it, and the session in which it is answered."""

    def __init__(self, request: Request, actor: Actor) -> None:
        self.request = request
        self.actor = actor
        self.settings: Settings = request.app.state.settings
        self.database: Database = request.app.state.database
        self._open = self.opens()

    @abstractmethod
    def opens(self) -> AbstractContextManager[Session]:
        """The kind of session."""

    def __enter__(self) -> Session:
        self.session = self._open.__enter__()
        return self.session

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def about(self, *, daily: bool, query: str = "") -> str:
        """What an answer depends on besides the register, for its ETag."""
        by_day = f"{today(self.session)}, stale after {self.settings.stale_days}" if daily else ""
        return conditional.context(__version__, self.actor, by_day, query)


class Read(Asked):
    """A request that reads, in one snapshot: `with read as session`."""

    def opens(self) -> AbstractContextManager[Session]:
        return self.database.reading()

    def named(self) -> None:
        """Unauthenticated for those who read without a token: some things are not for everybody."""
        if self.actor.anonymous:
            raise Unauthenticated("this is not read without a token; send one")

    def one(
        self, version: int, build: Callable[[], Mapping[str, Any]], *, daily: bool = False
    ) -> Response:
        """A single thing, or 304. `daily`: something in it is derived from the day."""
        about = self.about(daily=daily)
        tag = conditional.tag_of_one(version, changes.head(self.session), about)
        return self._answer(tag, build)

    def many(
        self,
        build: Callable[[], Mapping[str, Any]],
        *,
        daily: bool = False,
        revision: str | None = None,
    ) -> Response:
        """A list or report, or 304 without building it. `revision`: of what is not in the
        journal."""
        about = self.about(daily=daily, query=self.request.url.query)
        head = revision or changes.head(self.session)
        return self._answer(conditional.tag_of_many(head, about), build)

    def _answer(self, tag: str, build: Callable[[], Mapping[str, Any]]) -> Response:
        check_query(self.request)
        headers = HEADERS | {"ETag": tag}
        if conditional.unchanged(self.request.headers.get("If-None-Match"), tag):
            return Response(status_code=304, headers=headers)
        return Response(orjson.dumps(build()), media_type="application/json", headers=headers)


class Write(Asked):
    """A request that writes, in one transaction: `with write as session`. It is committed when the
    block ends, before the answer goes out."""

    def __init__(self, request: Request, actor: Actor, raw: bytes | None, least: Role) -> None:
        super().__init__(request, actor)
        self._raw = raw
        self._least = least
        self._key: str | None = None

    def opens(self) -> AbstractContextManager[Session]:
        return self.database.writing()

    def again(self) -> "Write":
        """The same request in a new transaction, after the first was rolled back."""
        self._open = self.opens()
        return self

    def body(self, shape: type[G]) -> G:
        """The body as `shape`: TooLarge, UnsupportedMediaType, a replay, or Malformed. Called when
        the thing was found and the actor may, so that refusals keep the contract's order."""
        raw = self.once()
        try:
            return shape.model_validate_json(raw, strict=True)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            raise malformed(found, "body") from None

    def once(self) -> bytes:
        """The bytes of the body; where they were answered before under this key, Replayed."""
        if self._raw is None:
            raise TooLarge(f"a body may have at most {MOST_BYTES} bytes here")
        self.media()
        key = self.request.headers.get("Idempotency-Key")
        if key is not None and self.request.method == "POST":
            if not (1 <= len(key) <= 200 and key.isascii() and key.isprintable()):
                raise Malformed(
                    "the Idempotency-Key is not one",
                    [("", "must be 1 to 200 printable ASCII characters, best a random UUID")],
                )
            self._replay(key)
        check_query(self.request)
        return self._raw

    def expect(self, version: int) -> None:
        """PreconditionRequired or Stale where If-Match does not name this version."""
        conditional.check(self.request.headers.get("If-Match"), version)

    def one(
        self,
        thing: Callable[[], int],
        build: Callable[[], Mapping[str, Any]],
        *,
        status: int = 200,
        location: str | None = None,
        daily: bool = False,
    ) -> Response:
        """What GET would answer now, with its ETag; kept where there is an idempotency key."""
        if self.actor.role.rank < self._least.rank:
            raise NotYours(f"this address needs a token of the role {self._least.value} or above")
        self.database.seal(self.session)
        about = self.about(daily=daily)
        tag = conditional.tag_of_one(thing(), changes.head(self.session), about)
        return self.reply(tag, build, status=status, location=location)

    def reply(
        self,
        tag: str,
        build: Callable[[], Mapping[str, Any]],
        *,
        status: int,
        location: str | None = None,
        once: Mapping[str, Any] | None = None,
    ) -> Response:
        """An answer under a tag; kept where there is an idempotency key. `once`: secrets in it,
        which are not kept, so that a replay does not tell them again."""
        headers = HEADERS | {"ETag": tag} | ({"Location": location} if location else {})
        body = orjson.dumps(build())
        if self._key is not None:
            kept = replies.Kept(status, orjson.dumps(headers).decode(), body)
            replies.keep(self.session, self.actor.name, self._key, kept)
        if once is not None:
            body = orjson.dumps({**build(), **once})
        return Response(body, status, headers, "application/json")

    def media(self) -> None:
        """UnsupportedMediaType where the body is of a kind that is not read here."""
        media = self.request.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if media != "application/json":
            raise UnsupportedMediaType("send the body as Content-Type: application/json")

    def _replay(self, key: str) -> None:
        request = self.request
        print_ = replies.fingerprint(
            request.method.encode(),
            request.url.path.encode(),
            request.url.query.encode(),
            self._raw or b"",
        )
        kept = replies.reserve(self.session, self.actor.name, key, print_)
        if kept is not None:
            headers = orjson.loads(kept.headers)
            raise Replayed(Response(kept.body, kept.status, headers, "application/json"))
        self._key = key


class Door:
    """Declares the least role that comes in here, and lets in who has it or may read without."""

    def __init__(self, role: Role) -> None:
        self.role = role


class ReadDoor(Door):
    def __call__(self, request: Request) -> Read:
        actor = authenticate(request)
        if not request.path_params:  # else the thing is looked for first: 404 comes before 422
            check_query(request)
        return Read(request, actor)


class WriteDoor(Door):
    async def __call__(self, request: Request) -> Write:
        actor = await run_in_threadpool(authenticate, request)
        if actor.anonymous:
            raise Unauthenticated("to change something, send a token; reading needs none here")
        return Write(request, actor, await _bounded(request, MOST_BYTES), self.role)


Reading = Annotated[Read, Depends(ReadDoor(Role.VIEWER))]
Holding = Annotated[Write, Depends(WriteDoor(Role.VIEWER))]
Contributing = Annotated[Write, Depends(WriteDoor(Role.CONTRIBUTOR))]
Leading = Annotated[Write, Depends(WriteDoor(Role.LEAD))]


def check_query(request: Request) -> None:
    """Malformed for query parameters where a route has none. When the thing was found."""
    if request.url.query and not request.scope["route"].dependant.query_params:
        raise Malformed("this address takes no query parameters")


async def _bounded(request: Request, most: int) -> bytes | None:
    """The body, or None where it is larger than `most`: the rest is not read."""
    declared = request.headers.get("Content-Length", "")
    if declared.isdigit() and int(declared) > most:
        return None
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            return None
        parts.append(part)
    return b"".join(parts)


BODIES: dict[str, type[BaseModel]] = {}
"""The shapes that takes() was told of, by name, for the OpenAPI document."""


def takes(shape: type[BaseModel]) -> dict[str, Any]:
    """For a route's `openapi_extra`: the body that Write.body() will read. FastAPI would read and
    check it before it knows who is asking, so the routes do not declare it to FastAPI."""
    BODIES[shape.__name__] = shape
    reference = {"$ref": f"#/components/schemas/{shape.__name__}"}
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": reference}}}
    }
