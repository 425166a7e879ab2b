"""Polling: an answer that is still true is given again without asking for it.

An answer is remembered by address, query, the reader's scope and the day in London, with the head
of the journal that its ETag names. As long as the journal stands there, a poll is answered from
memory: 304 to who has it, the body to who has not. Who asks is checked first, each time, against
the database (app/pulse.py). What was never asked, or is out of date, goes on to the endpoint; of
many who ask for it at once, one does. A door that knows its readers by anything but the
Authorization header says so in the scope (`from_memory`), and nothing behind it is remembered.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api import conditional
from app.api.auth import token_of
from app.domain import tokens
from app.domain.dates import london_day
from app.pulse import Pulse

LARGEST = 2_000_000
"""Bytes of a body that is remembered; of a larger one only that it is still true."""
MOST = 64_000_000
"""Bytes of all bodies that are remembered."""
SINGLE_FLIGHT = 5
"""Seconds that one waits for another's answer before asking for itself."""

_OF_THE_JOURNAL = re.compile(r'"(?:\d+\.)?(\d+-[0-9a-f]{8})\.[0-9a-f]{8}"')

Key = tuple[str, bytes, str, str]


class Known(NamedTuple):
    head: str
    etag: str
    headers: list[tuple[bytes, bytes]]
    body: bytes | None
    endpoint: object
    """What answered, as routing leaves it in the scope: the meter counts by it."""


class Polling:
    """ASGI, in front of the app: it runs for each request, so it does little."""

    def __init__(
        self, app: ASGIApp, *, pulse: Pulse, clock: Callable[[], datetime], anonymous: bool
    ) -> None:
        self.app = app
        self.pulse = pulse
        self.clock = clock
        self.anonymous = anonymous
        self.known: OrderedDict[Key, Known] = OrderedDict()
        self.size = 0
        self.asking: dict[tuple[Key, str], asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        found = await self._reader(headers.get("authorization"))
        if found is None:  # the endpoint's door says what is wrong
            await self.app(scope, receive, send)
            return
        head, reader = found
        key = (scope["path"], scope["query_string"], reader, str(london_day(self.clock())))
        asked = headers.get("if-none-match")
        known = self.known.get(key)
        if known is None or known.head != head or (known.body is None and not _has(asked, known)):
            known = await self._after_others(key, head)
        if known is None or (known.body is None and not _has(asked, known)):
            await self._ask(key, head, scope, receive, send)
            return
        self.known.move_to_end(key)
        scope["endpoint"] = known.endpoint
        await _answer(known, asked, send)

    async def _reader(self, header: str | None) -> tuple[str, str] | None:
        """Where the journal stands, and the scope of who asks; None where that is for the door."""
        if header is None:
            if not self.anonymous:
                return None
            beat = await self.pulse.beat("")
            return None if beat is None else (beat.head, "anonymous")
        text = token_of(header)
        id_ = tokens.id_of(text)
        if id_ is None:
            return None
        beat = await self.pulse.beat(id_)
        if beat is None or (token := beat.tokens.get(id_)) is None:
            return None
        if token.revoked or token.expires_at <= self.clock():
            return None
        if not tokens.is_text_of(text, token.digest):
            return None
        return beat.head, f"places {token.places}"

    async def _after_others(self, key: Key, head: str) -> Known | None:
        """What another request, which is being answered, brings; None where there is none."""
        event = self.asking.get((key, head))
        if event is None:
            return None
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), SINGLE_FLIGHT)
        known = self.known.get(key)
        return known if known is not None and known.head == head else None

    async def _ask(self, key: Key, head: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the endpoint answer, and remembers what it says."""
        flight = (key, head)
        first = flight not in self.asking
        if first:
            self.asking[flight] = asyncio.Event()
        start: Message = {}
        parts: list[bytes] = []
        size = 0

        async def remember(message: Message) -> None:
            nonlocal start, size
            if message["type"] == "http.response.start":
                start = message
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
                if size <= LARGEST:
                    parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    kept = b"".join(parts) if size <= LARGEST else None
                    if scope.get("from_memory", True):
                        self._keep(key, start, kept, scope.get("endpoint"))
            await send(message)

        try:
            await self.app(scope, receive, remember)
        finally:
            if first:
                self.asking.pop(flight).set()

    def _keep(self, key: Key, start: Message, body: bytes | None, endpoint: object) -> None:
        """Remembers an answer whose ETag names the journal's head; others are not ours to judge."""
        headers = list(start.get("headers", ()))
        etag = next((value.decode() for name, value in headers if name == b"etag"), "")
        of = _OF_THE_JOURNAL.fullmatch(etag)
        if of is None or start.get("status") not in (200, 304):
            return
        before = self.known.pop(key, None)
        if before is not None:
            self.size -= len(before.body or b"")
        if start["status"] == 304:  # it says that what somebody has is true, not what that is
            same = before is not None and before.etag == etag
            body = before.body if before is not None and same else None
            headers = before.headers if before is not None and same else headers
        self.known[key] = Known(of[1], etag, headers, body, endpoint)
        self.size += len(body or b"")
        while self.size > MOST or len(self.known) > 10_000:
            _, gone = self.known.popitem(last=False)
            self.size -= len(gone.body or b"")


def _has(asked: str | None, known: Known) -> bool:
    return conditional.unchanged(asked, known.etag)


async def _answer(known: Known, asked: str | None, send: Send) -> None:
    if _has(asked, known):
        kept = [(n, v) for n, v in known.headers if n not in (b"content-length", b"content-type")]
        await send({"type": "http.response.start", "status": 304, "headers": kept})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": known.headers})
    await send({"type": "http.response.body", "body": known.body})
