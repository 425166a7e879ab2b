"""Counts and times what this process answers, by route template: raw addresses are nobody's."""

from bisect import bisect_left
from collections.abc import Iterator
from time import perf_counter

from fastapi.routing import iter_route_contexts
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BUCKETS = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
"""Seconds: a poll, a page, a report, an import's beginning, and what is too long."""
METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

Key = tuple[str, str, str]
"""Method, route template, class of status (`2xx`)."""


class Tally:
    """Written on the event loop alone, so it needs no lock; read from any thread."""

    def __init__(self) -> None:
        self._rows: dict[Key, list[float]] = {}

    def note(self, key: Key, seconds: float) -> None:
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = [0.0] * (len(BUCKETS) + 2)
        row[bisect_left(BUCKETS, seconds)] += 1
        row[-1] += seconds

    def rows(self) -> Iterator[tuple[Key, list[float], float]]:
        """Of each key how many took up to each of BUCKETS, how many in all, and their seconds."""
        for key, row in sorted(self._rows.items()):
            *numbers, seconds = list(row)
            yield key, [sum(numbers[: last + 1]) for last in range(len(numbers))], seconds


class Meter:
    """Pure ASGI: Starlette's own middleware class would halve what the server can answer."""

    def __init__(self, app: ASGIApp, tally: Tally) -> None:
        self.app = app
        self.tally = tally
        self._templates: dict[object, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, began = 500, perf_counter()  # what escapes is answered further out, as a bug

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "other"
            key = (method, self._template(scope), f"{status // 100}xx")
            self.tally.note(key, perf_counter() - began)

    def _template(self, scope: Scope) -> str:
        """`/v1/recommendations/{ref}`. A route's own path would lack the prefix of its router."""
        if not self._templates:
            self._templates = {
                getattr(route, "endpoint", None) or route.app: str(route.path)
                for route in iter_route_contexts(scope["app"].routes)
            }
        return self._templates.get(scope.get("endpoint"), "none")
