"""iCalendar (RFC 5545): days as all-day events, as Outlook and Google take them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import IO

REFRESH = "PT1H"
"""How often calendars are asked to look again; most look when they like."""


@dataclass(frozen=True, slots=True)
class Event:
    """`uid`: the same for ever. `exact`: whether it is on that very day. `changed` and `version`
    say which of two of one uid is newer. `path`: where to read more, below the API's address."""

    uid: str
    day: date
    summary: str
    description: str
    categories: Sequence[str]
    exact: bool
    changed: datetime
    version: int
    path: str


def write(file: IO[bytes], name: str, events: Iterable[Event], address: str | None) -> None:
    """A calendar that is published. `address`: of the API, where it is known."""
    for line in _lines(name, events, address):
        file.write(_folded(line))


def _lines(name: str, events: Iterable[Event], address: str | None) -> Iterator[str]:
    yield from (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Recommendation progress tracker//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{_text(name)}",
        f"X-WR-CALNAME:{_text(name)}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}",
        f"X-PUBLISHED-TTL:{REFRESH}",
    )
    for event in events:
        yield from _event(event, address)
    yield "END:VCALENDAR"


def _event(event: Event, address: str | None) -> Iterator[str]:
    moment = f"{event.changed.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield from (
        "BEGIN:VEVENT",
        f"UID:{event.uid}",
        f"DTSTAMP:{moment}",
        f"LAST-MODIFIED:{moment}",
        f"SEQUENCE:{event.version}",
        f"DTSTART;VALUE=DATE:{_day(event.day)}",
    )
    if event.day < date.max:  # the end is the day after: Outlook makes 0 minutes of the same day
        yield f"DTEND;VALUE=DATE:{_day(event.day + timedelta(days=1))}"
    yield f"SUMMARY:{_text(event.summary)}"
    yield f"DESCRIPTION:{_text(event.description)}"
    if address is not None:
        yield f"URL:{address}/{event.path}"
    yield f"CATEGORIES:{','.join(map(_text, event.categories))}"
    yield f"STATUS:{'CONFIRMED' if event.exact else 'TENTATIVE'}"
    yield from ("TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:FREE", "END:VEVENT")


def _day(day: date) -> str:
    return day.isoformat().replace("-", "")


def _text(text: str) -> str:
    escaped = re.sub(r"([\\;,])", r"\\\1", text)
    return re.sub(r"\r\n|\r|\n", r"\\n", escaped)


def _folded(line: str) -> bytes:
    """At most 75 octets a line, those that go on begin with a space; no character is cut."""
    rest, parts, most = line.encode(), [], 75
    while len(rest) > most:
        cut = most
        while rest[cut] & 0xC0 == 0x80:  # within a character of UTF-8
            cut -= 1
        parts.append(rest[:cut])
        rest, most = rest[cut:], 74
    return b"\r\n ".join([*parts, rest]) + b"\r\n"
