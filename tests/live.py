"""A register with a real server in front, and clients who use it as anybody would."""

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlmodel import Session

from app.api.problems import Problem
from app.db import Database
from app.domain import parties, tokens
from app.domain.actors import Role
from app.main import create_app
from app.settings import Settings


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
            base_url=url, headers=headers, timeout=30, event_hooks={"response": [self._check]}
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
        model = declared(self.app, response.request.method, response.request.url.path)
        if model is not None and response.content:
            model.model_validate_json(response.content, strict=True)


def declared(app: FastAPI, method: str, path: str) -> type[BaseModel] | None:
    """The shape that the route for this request declares."""
    for route in routes(app):
        if method in (route.methods or ()) and re.fullmatch(route.path_regex, path):
            model: type[BaseModel] | None = route.response_model
            return model
    return None


def routes(app: Any) -> Iterator[APIRoute]:
    for route in app.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "routes"):
            yield from routes(route)


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


@contextlib.contextmanager
def serving(register: Register) -> Iterator[Live]:
    """Runs the app on a free port of this machine, in a thread."""
    app = create_app(register.settings, register.clock)
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_level="warning", access_log=False, lifespan="on")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < deadline, "the server did not start in time"
        time.sleep(0.002)
    port = server.servers[0].sockets[0].getsockname()[1]
    live = Live(register, app, f"http://127.0.0.1:{port}")
    try:
        yield live
    finally:
        for client in live.clients:
            client.http.close()
        server.should_exit = True
        thread.join(10)
