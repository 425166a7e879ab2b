"""A register with a real server in front, and clients who use it as anybody would."""

import contextlib
import functools
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from fastapi.datastructures import DefaultPlaceholder
from fastapi.routing import iter_route_contexts
from pydantic import TypeAdapter
from sqlmodel import Session

from app.api.problems import Problem
from app.db import Database
from app.domain import parties, tokens
from app.domain.actors import Role
from app.main import create_app
from app.settings import Settings

_TLS = ssl.create_default_context()
"""Nobody here speaks TLS, but making a context of its own for each client takes 50 ms."""


class Clock:
    """The clock that the register goes by: it stands still until somebody moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Register:
    """A migrated register of its own for one test."""

    settings: Settings
    database: Database
    clock: Clock
    engine: str

    def token(self, name: str, role: str, party: str | None = None, **more: Any) -> str:
        with self.database.writing() as session:
            if party is not None and session.get(parties.Party, party) is None:
                raise AssertionError(f"no party {party}")
            return tokens.create_token(session, name, Role(role), party=party, **more)[1]

    def read(self) -> contextlib.AbstractContextManager[Session]:
        return self.database.reading()

    def write(self) -> contextlib.AbstractContextManager[Session]:
        return self.database.writing()


class Client:
    """A principal at its keyboard. Every answer is checked against the shape that the route
    declares, every refusal against the one shape of refusals."""

    def __init__(self, url: str, app: FastAPI, token: str | None) -> None:
        self.app = app
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx.Client(
            base_url=url,
            headers=headers,
            timeout=30,
            event_hooks={"response": [self._check]},
            verify=_TLS,
        )

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.http.get(path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return self.http.post(path, json=body, **more)

    def send(
        self, method: str, path: str, body: Any = None, *, match: str | None = None, **more: Any
    ) -> httpx.Response:
        headers = dict(more.pop("headers", {}))
        if match is not None:
            headers["If-Match"] = match
        return self.http.request(method, path, json=body, headers=headers, **more)

    def change(
        self, method: str, path: str, body: Any = None, *, of: str | None = None, **more: Any
    ) -> httpx.Response:
        """Reads `of` (else `path`) for its ETag, then changes: what a careful client does."""
        etag = self.http.get(of or path).headers["ETag"]
        return self.send(method, path, body, match=etag, **more)

    def move(self, ref: str, status: str, **more: Any) -> httpx.Response:
        path = f"/v1/recommendations/{ref}"
        return self.change("PUT", f"{path}/status", {"status": status, **more}, of=path)

    def attach(self, ref: str, **more: Any) -> dict[str, Any]:
        body = {
            "kind": "audit",
            "level": "outcome",
            "bearing": "supports",
            "summary": "Dip sample of twenty cases",
            **more,
        }
        answer = self.post(f"/v1/recommendations/{ref}/evidence", body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def review(self, evidence: dict[str, Any], review: str = "accepted", **more: Any) -> Any:
        path = f"/v1/evidence/{evidence['id']}"
        return self.change("PUT", f"{path}/review", {"review": review, **more}, of=path)

    def see(self, ref: str) -> dict[str, Any]:
        """A recommendation as it stands."""
        answer = self.get(f"/v1/recommendations/{ref}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def amend(self, ref: str, **fields: Any) -> httpx.Response:
        return self.change("PATCH", f"/v1/recommendations/{ref}", fields)

    def assign(self, ref: str, party: str | None, **more: Any) -> httpx.Response:
        path = f"/v1/recommendations/{ref}"
        return self.change("PUT", f"{path}/owner", {"party": party, **more}, of=path)

    def contribute(self, ref: str, party: str, **more: Any) -> httpx.Response:
        path = f"/v1/recommendations/{ref}"
        return self.change("POST", f"{path}/contributors", {"party": party, **more}, of=path)

    def inspect(self, slug: str, **more: Any) -> dict[str, Any]:
        """Enters an inspection: the least it needs, and `more`."""
        body = {
            "slug": slug,
            "title": "Focused visit",
            "framework": "focused_visit",
            "inspectorates": ["ofsted"],
            "place": "blackburn-with-darwen",
            **more,
        }
        answer = self.post("/v1/inspections", body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def enter(self, inspection: str, ordinal: int = 1, **more: Any) -> dict[str, Any]:
        """Enters a recommendation: the least row, and `more`."""
        text = "Improve the timeliness of visits to children."
        body = {"inspection": inspection, "ordinal": ordinal, "text": text, **more}
        answer = self.post("/v1/recommendations", body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def propose(
        self, later: str, earlier: str, kind: str = "reiterates", **more: Any
    ) -> httpx.Response:
        body = {
            "later": later,
            "earlier": earlier,
            "kind": kind,
            "basis": "analyst",
            "rationale": "The same concern in other words",
            **more,
        }
        return self.post("/v1/links", body)

    def judge(self, link: str, state: str, **more: Any) -> httpx.Response:
        """Confirms or rejects a link."""
        path = f"/v1/links/{link}"
        return self.change("PUT", f"{path}/review", {"state": state, **more}, of=path)

    def link(self, later: str, earlier: str, kind: str = "reiterates") -> dict[str, Any]:
        """A link that was proposed and confirmed."""
        proposed = self.propose(later, earlier, kind)
        assert proposed.status_code == 201, proposed.text
        answer = self.judge(proposed.json()["id"], "confirmed")
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def history(self, ref: str) -> list[dict[str, Any]]:
        return self.all(f"/v1/recommendations/{ref}/history", limit=500)

    def all(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """Every item of a list, page by page."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.get(path, params=params | ({"cursor": cursor} if cursor else {}))
            assert page.status_code == 200, page.text
            items += page.json()["items"]
            cursor = page.json()["next_cursor"]
            if cursor is None:
                return items

    def _check(self, response: httpx.Response) -> None:
        response.read()
        if response.status_code >= 400:
            assert response.headers["Content-Type"] == "application/problem+json", response.text
            if response.request.method != "HEAD":
                Problem.model_validate_json(response.content)
                assert response.json()["status"] == response.status_code
            return
        method = response.request.method.replace("HEAD", "GET")
        path = response.request.url.path
        if path.startswith("/static/"):
            return
        shape, media = declared(self.app, method, path)
        if media is not None and response.status_code != 304:
            assert response.headers["Content-Type"].partition(";")[0] == media
        if shape is not None and response.content:
            shape.validate_json(response.content, strict=True)


def pointers(answer: httpx.Response) -> list[str]:
    """Which fields a refusal names."""
    return [error["pointer"] for error in answer.json()["errors"]]


USUAL_WAY = {
    "open": (),
    "in_progress": ("in_progress",),
    "blocked": ("in_progress", "blocked"),
    "implemented": ("in_progress", "implemented"),
    "verified": ("in_progress", "implemented", "verified"),
    "closed": ("in_progress", "implemented", "verified", "closed"),
}


def bring(alice: Client, bob: Client, ref: str, status: str) -> None:
    """Takes a recommendation that is open the usual way to a status: Alice claims, with outcome
    evidence, and Bob accepts it and verifies."""
    asked = {"blocked": {"reason": "No post"}, "closed": {"closure_reason": "implemented"}}
    for step in USUAL_WAY[status]:
        if step == "implemented":
            evidence = alice.attach(ref)
        if step == "verified":
            assert bob.review(evidence).status_code == 200
        mover = bob if step == "verified" else alice
        moved = mover.move(ref, step, **asked.get(step, {}))
        assert moved.status_code == 200, moved.text


def declared(app: FastAPI, method: str, path: str) -> tuple[TypeAdapter[Any] | None, str | None]:
    """What the route for this request declares: the shape of what it answers as JSON, and the
    media type where it answers something else."""
    for route in iter_route_contexts(app.routes):
        if method in (route.methods or ()) and route.path_regex.match(path):
            kind = route.response_class
            media = None if isinstance(kind, DefaultPlaceholder) else kind.media_type
            return _adapter(route.response_model), media
    raise AssertionError(f"no route answers {method} {path}, and yet it was answered")


@functools.cache
def _adapter(model: Any) -> TypeAdapter[Any] | None:
    return None if model is None else TypeAdapter(model)


@dataclass
class Live:
    """A server that runs on a register."""

    register: Register
    app: FastAPI
    url: str
    clients: list[Client] = field(default_factory=list)

    def client(self, name: str, role: str, party: str | None = None, **more: Any) -> Client:
        return self.bearing(self.register.token(name, role, party, **more))

    def anonymous(self) -> Client:
        return self.bearing(None)

    def bearing(self, token: str | None) -> Client:
        self.clients.append(Client(self.url, self.app, token))
        return self.clients[-1]


class Switch:
    """A server that runs as long as the tests do, and serves the app of the test that is at work:
    starting and stopping one for each test would take longer than most tests."""

    def __init__(self) -> None:
        self.app: FastAPI | None = None
        config = uvicorn.Config(self, port=0, log_level="warning", access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server did not start in time"
            time.sleep(0.002)
        self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert self.app is not None, "a request came between two tests"
        await self.app(scope, receive, send)


@functools.cache
def switch() -> Switch:
    return Switch()


@contextlib.contextmanager
def serving(register: Register) -> Iterator[Live]:
    """Runs the app on a register, behind a real server on a port of this machine."""
    server = switch()
    server.app = app = create_app(register.settings, register.clock)
    live = Live(register, app, server.url)
    try:
        yield live
    finally:
        for client in live.clients:
            client.http.close()
        database: Database = app.state.database
        app.state.pulse.close()
        database.close()
