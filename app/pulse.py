"""The pulse: where the journal stands and whether a token lives, in one tiny query on the event
loop, so that a poll that brings nothing new costs next to nothing."""

import asyncio
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

import psycopg
from sqlalchemy import make_url


class Living(NamedTuple):
    """A token as it stands: the hash of its text, the places it reaches (None: all), its end."""

    digest: str
    places: str | None
    expires_at: datetime
    revoked: bool


class Beat(NamedTuple):
    """`head` is the journal's, as ETags write it: `seq-hash8`."""

    head: str
    tokens: Mapping[str, Living]


QUERY = (
    "SELECT h.seq, h.hash, t.id, t.digest, t.places, t.expires_at, t.revoked_at "
    "FROM head h LEFT JOIN token t ON {tokens} WHERE h.id = 1"
)


class EmbeddedPulse:
    """On SQLite: one connection of its own, read where it is asked. A read takes ten
    microseconds, and handing it to a thread ten times as long."""

    def __init__(self, url: str) -> None:
        self._path = make_url(url).database or ""
        self._connection: sqlite3.Connection | None = None
        self._query = QUERY.format(tokens="t.id = ?")

    async def beat(self, token: str) -> Beat | None:
        """None where the database does not answer: whoever asks otherwise is told so properly."""
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    f"file:{quote(self._path)}?mode=ro",
                    uri=True,
                    timeout=0,
                    check_same_thread=False,
                )
            rows = self._connection.execute(self._query, (token,)).fetchall()
        except sqlite3.Error:
            self.close()
            return None
        return _beat(rows, _embedded_moment)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class ServedPulse:
    """On PostgreSQL: one connection of its own; who asks while a query is on its way shares the
    next one, which begins after all of them asked."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._query = QUERY.format(tokens="t.id = ANY(%s)")
        self._waiting: dict[str, list[asyncio.Future[Beat | None]]] = {}
        self._running: asyncio.Task[None] | None = None

    async def beat(self, token: str) -> Beat | None:
        """None where the database does not answer: whoever asks otherwise is told so properly."""
        answer: asyncio.Future[Beat | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(token, []).append(answer)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, {}
            try:
                found = await asyncio.wait_for(self._ask(list(asked)), timeout=2)
            except (psycopg.Error, OSError, TimeoutError):
                found = None
                await self._drop()
            for answers in asked.values():
                for answer in answers:
                    if not answer.done():
                        answer.set_result(found)

    async def _ask(self, tokens: list[str]) -> Beat | None:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._url, autocommit=True, connect_timeout=2
            )
        cursor = await self._connection.execute(self._query, (tokens,), prepare=True)
        return _beat(await cursor.fetchall(), lambda moment: moment)

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.pgconn.finish()  # now: its event loop may be gone
            self._connection = None


Pulse = EmbeddedPulse | ServedPulse


def pulse(url: str) -> Pulse:
    return EmbeddedPulse(url) if url.startswith("sqlite") else ServedPulse(url)


def _embedded_moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _beat(rows: Iterable[Any], moment: Any) -> Beat | None:
    head, tokens = None, {}
    for seq, digest, id_, hashed, places, expires_at, revoked_at in rows:
        head = f"{seq}-{digest[:8]}"
        if id_ is not None:
            scope = places if places is None or isinstance(places, str) else str(places)
            tokens[id_] = Living(hashed, scope, moment(expires_at), revoked_at is not None)
    return None if head is None else Beat(head, tokens)
