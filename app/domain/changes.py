"""The journal: every change to the register, append-only, gapless, in commit order, hash-chained.

History, audit trail and change feed are this one table. A change is prepared with record() while
the work is done; seal(), the last step of the transaction, locks the one row `head`, numbers the
changes, chains them and writes them. Taking that lock last is what makes the numbers follow commit
order without gaps (docs/decisions/0003).

Free text never stands in the chain itself: the journal holds its salted hash, the text stands
beside in `journal_text`, so that one text can be erased and the chain still holds.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Index, bindparam, insert, select, update
from sqlmodel import Field, Session, col

from app.domain import base
from app.domain.base import NAME, PROSE, Table, columns

GENESIS = "0" * 64
"""The hash that stands before the first change."""

TEXTS = frozenset(
    (
        *("addressees_as_printed", "agreed_by", "citation", "citations", "description", "errata"),
        *("judgements", "kind_as_printed", "licence", "name", "note", "notes"),
        *("number_as_printed", "publisher", "quote", "rationale", "reason", "scope"),
        *("section", "summary", "text", "title"),
    )
)
"""Fields whose values are free text: kept beside the chain, erasable."""


class Change(Table, table=True):
    """One row of the journal. `at` is ISO 8601 in UTC, as text, so that what was hashed is what is
    read; `before` and `after` are JSON objects of the fields that changed."""

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: str = Field(max_length=32, index=True)
    actor: str = Field(max_length=100)
    action: str = Field(max_length=80)
    subject: str = Field(max_length=100)
    place: str | None = Field(default=None, sa_type=NAME, foreign_key="place.slug")
    before: str | None = Field(default=None, sa_type=PROSE)
    after: str | None = Field(default=None, sa_type=PROSE)
    reason: str | None = Field(default=None, max_length=64)
    hash: str = Field(max_length=64)

    __table_args__ = (Index(None, "subject", "seq"),)


class JournalText(Table, table=True):
    """A text of a change (`part` is `reason`, or `before.title` ...), as JSON, with its salt."""

    __tablename__ = "journal_text"

    seq: int = Field(primary_key=True, foreign_key="change.seq", ondelete="RESTRICT")
    part: str = Field(primary_key=True, sa_type=NAME)
    salt: str = Field(max_length=32)
    text: str = Field(sa_type=PROSE)


class Head(Table, table=True):
    """The one row that every writer locks last: where the journal stands."""

    id: int = Field(primary_key=True)
    seq: int
    hash: str = Field(max_length=64)
    at: str = Field(max_length=32)


class Interval(Table):
    """Root of tables of what something showed from one change (`from_seq`) until another."""

    ref: str
    from_seq: int
    to_seq: int | None


@dataclass
class _Pending:
    action: str
    subject: str
    actor: str
    place: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    reason: str | None
    shows: Interval | None = None
    texts: dict[str, tuple[str, str]] = field(default_factory=dict)


def record(
    session: Session,
    actor: str,
    action: str,
    subject: str,
    *,
    place: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
    shows: Interval | None = None,
) -> None:
    """Notes a change for the journal; seal() writes it. `shows`: the interval row that opens."""
    session.info.setdefault("changes", []).append(
        _Pending(action, subject, actor, place, before, after, reason, shows)
    )


def differences(
    thing: Any, values: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Of `values`, what differs from `thing`'s attributes: (before, after), or None."""
    changed = {name: value for name, value in values.items() if getattr(thing, name) != value}
    if not changed:
        return None
    return {name: getattr(thing, name) for name in changed}, changed


def head(session: Session) -> str:
    """Where the journal stands, as a cursor: `seq.hash8`, the same for readers of one snapshot."""
    row = session.connection().execute(HEAD).one()
    return cursor_of(row.seq, row.hash)


def stamp(moment: datetime) -> str:
    """A moment as the journal writes it: UTC, of one length, so that texts sort as time does."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='microseconds')}Z"  # strftime cuts the year 300 short


def cursor_of(seq: int, digest: str) -> str:
    return f"{seq}.{digest[:8]}"


def seal(session: Session) -> None:
    """Numbers, chains and writes what record() noted, in the transaction that did the work."""
    pending: list[_Pending] = session.info.pop("changes", [])
    if not pending:
        return
    connection = session.connection()
    # Everything that can be prepared is, before the lock that all writers wait for.
    bodies = [
        (_body(change.before, "before", change), _body(change.after, "after", change))
        for change in pending
    ]
    reasons = [_beside(change, "reason", change.reason) for change in pending]
    moment = stamp(base.now(session))

    row = connection.execute(HEAD.with_for_update()).one()
    seq, digest, at = row.seq, row.hash, max(moment, row.at)
    rows, texts = [], []
    opened: dict[str, Interval] = {}
    for change, (before, after), reason in zip(pending, bodies, reasons, strict=True):
        seq += 1
        values = {
            "seq": seq,
            "at": at,
            "actor": change.actor,
            "action": change.action,
            "subject": change.subject,
            "place": change.place,
            "before": before,
            "after": after,
            "reason": reason,
        }
        digest = link(digest, values)
        rows.append(values | {"hash": digest})
        texts += [
            {"seq": seq, "part": part, "salt": salt, "text": text}
            for part, (salt, text) in change.texts.items()
        ]
        if change.shows is not None:
            change.shows.from_seq = seq
            opened[change.shows.ref] = change.shows
    connection.execute(insert(Change), rows)
    if texts:
        connection.execute(insert(JournalText), texts)
    _open(session, list(opened.values()))
    connection.execute(update(Head).values(seq=seq, hash=digest, at=at))


HEAD = select(col(Head.seq), col(Head.hash), col(Head.at)).where(col(Head.id) == 1)


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=str)


def link(previous: str, values: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical([previous, dict(values)]).encode()).hexdigest()


def digest_of(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt}{text}".encode()).hexdigest()


def stands_beside(value: Any) -> bool:
    """Is this what the journal holds in place of a text that stands beside it? Told by its form:
    TEXTS may grow, and what was written before stays readable."""
    return isinstance(value, dict) and value.keys() == {"sha256"}


def _beside(change: _Pending, part: str, value: Any) -> str | None:
    """Puts a text beside the chain and answers the hash that stands for it."""
    if value is None:
        return None
    salt, text = secrets.token_hex(16), _canonical(value)
    change.texts[part] = (salt, text)
    return digest_of(salt, text)


def _body(values: Mapping[str, Any] | None, side: str, change: _Pending) -> str | None:
    if values is None:
        return None
    return _canonical(
        {
            name: {"sha256": _beside(change, f"{side}.{name}", value)}
            if name in TEXTS and value is not None
            else value
            for name, value in values.items()
        }
    )


def _open(session: Session, intervals: list[Interval]) -> None:
    """Closes what these things showed until now and opens what they show from their change on."""
    if not intervals:
        return
    kind = type(intervals[0])
    connection = session.connection()
    connection.execute(
        update(columns(kind))
        .where(columns(kind).c.ref == bindparam("of"), columns(kind).c.to_seq.is_(None))
        .values(to_seq=bindparam("until")),
        [{"of": shows.ref, "until": shows.from_seq} for shows in intervals],
    )
    connection.execute(insert(kind), [shows.model_dump() for shows in intervals])
