"""The journal: every change to the register, append-only, gapless, in commit order, hash-chained.

History, audit trail and change feed are this one table. A change is prepared with record() while
the work is done; seal(), the last step of the transaction, locks the one row `head`, numbers the
changes, chains them and writes them. Taking that lock last is what makes the numbers follow commit
order without gaps (docs/decisions/0003).

Free text never stands in the chain itself: the journal holds its salted hash, the text stands
beside in `journal_text`, so that one text can be erased and the chain still holds.
"""

import hashlib
import secrets
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Index, select, update
from sqlmodel import Field, Session, col

from app.domain import base, bulk
from app.domain.base import NAME, PROSE, Table

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
    read; `before` and `after` are JSON objects of the fields that changed; `texts` is the id of the
    texts that stand beside."""

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: str = Field(max_length=32, index=True)
    actor: str = Field(max_length=100)
    action: str = Field(max_length=80)
    subject: str = Field(max_length=100)
    place: str | None = Field(default=None, sa_type=NAME)
    before: str | None = Field(default=None, sa_type=PROSE)
    after: str | None = Field(default=None, sa_type=PROSE)
    reason: str | None = Field(default=None, max_length=64)
    texts: str | None = Field(default=None, sa_type=NAME)
    hash: str = Field(max_length=64)

    __table_args__ = (Index(None, "subject", "seq"),)


class JournalText(Table, table=True):
    """A text of a change (`part` is `reason`, or `before.title` ...), as JSON, with its salt. It is
    written before the change has its number, so `id` is what the change names in `texts`."""

    __tablename__ = "journal_text"

    id: str = Field(primary_key=True, sa_type=NAME)
    part: str = Field(primary_key=True, sa_type=NAME)
    salt: str = Field(max_length=32)
    text: str = Field(sa_type=PROSE)


class Head(Table, table=True):
    """The one row that every writer locks last: where the journal stands."""

    id: int = Field(primary_key=True)
    seq: int
    hash: str = Field(max_length=64)
    at: str = Field(max_length=32)


@dataclass(frozen=True, slots=True)
class _Noted:
    """A change as record() was told of it."""

    action: str
    subject: str
    actor: str
    place: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    reason: str | None


_PREPARED = ("actor", "action", "subject", "place", "before", "after", "reason", "texts")
"""What a change has before it has its number and its hash: a plain tuple, since there may be a
hundred thousand, and plain ones cost the garbage collector nothing."""

_NUMBERED = (*_PREPARED, "seq", "at")
_Prepared = Sequence[str | None]


class _Pile:
    """Changes that are ready, until seal() numbers them. Of a large import they wait in a file that
    has no name: in memory they would take more than the file that was sent. Texts are not among
    them, only their hashes."""

    def __init__(self) -> None:
        self._rows: list[_Prepared] = []
        self._portions = tempfile.SpooledTemporaryFile(1_000_000)  # noqa: SIM115 - see below
        # Nobody tells a pile that its transaction was rolled back: it goes with the session.
        weakref.finalize(self, self._portions.close)

    def add(self, rows: list[_Prepared]) -> None:
        self._rows += rows
        if len(self._rows) >= MANY:
            self._portions.write(orjson.dumps(self._rows) + b"\n")
            self._rows = []

    def __iter__(self) -> Iterator[_Prepared]:
        self._portions.seek(0)
        for portion in self._portions:
            yield from orjson.loads(portion)
        yield from self._rows


MANY = 500
"""Changes that wait in memory."""


sealed: list[Callable[[Session, int, int], None]] = []
"""Called by seal() with the first and the last number of what it wrote: who keeps by number what
was shown."""


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
) -> None:
    """Notes a change for the journal; seal() writes it."""
    session.info.setdefault("noted", []).append(
        _Noted(action, subject, actor, place, before, after, reason)
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


def prepare(session: Session) -> None:
    """Makes ready what record() noted, and writes its texts: all that can be done before the lock
    that every writer waits for. seal() does it; who notes thousands of changes does it in between,
    so that they take little room until then."""
    noted: list[_Noted] = session.info.pop("noted", [])
    prepared: list[_Prepared] = []
    texts: list[tuple[str, str, str, str]] = []
    for change in noted:
        beside = _Beside(base.new_id(session, "tx"))
        before = beside.body("before", change.before)
        after = beside.body("after", change.after)
        reason = None if change.reason is None else beside.text("reason", change.reason)
        texts += beside.rows
        prepared.append(
            (
                change.actor,
                change.action,
                change.subject,
                change.place,
                before,
                after,
                reason,
                beside.id if beside.rows else None,
            )
        )
    if prepared:
        session.info.setdefault("prepared", _Pile()).add(prepared)
    bulk.insert(session, JournalText, ("id", "part", "salt", "text"), texts)


def seal(session: Session) -> None:
    """Numbers, chains and writes what record() noted, in the transaction that did the work."""
    prepare(session)
    prepared: _Pile | None = session.info.pop("prepared", None)
    if prepared is None:
        return
    connection = session.connection()
    moment = stamp(base.now(session))
    row = connection.execute(HEAD.with_for_update()).one()
    seq, digest, at = row.seq, row.hash, max(moment, row.at)

    def chained() -> Iterator[tuple[Any, ...]]:
        """One by one, so that PostgreSQL writes the first while the next are hashed."""
        nonlocal seq, digest
        for change in prepared:
            seq += 1
            digest = link(digest, dict(zip(_NUMBERED, (*change, seq, at), strict=True)))
            yield (*change, seq, at, digest)

    bulk.insert(session, Change, (*_NUMBERED, "hash"), chained())
    for follow in sealed:
        follow(session, row.seq + 1, seq)
    connection.execute(update(Head).values(seq=seq, hash=digest, at=at))
    first, _ = session.info.get("numbers", (row.seq + 1, seq))
    session.info["numbers"] = first, seq


def numbers(session: Session) -> tuple[int, int] | None:
    """The first and the last number of this transaction's changes, once they have any."""
    found: tuple[int, int] | None = session.info.get("numbers")
    return found


HEAD = select(col(Head.seq), col(Head.hash), col(Head.at)).where(col(Head.id) == 1)


def _canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: one text for one value."""
    return orjson.dumps(
        value, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
    )


def link(previous: str, values: Mapping[str, Any]) -> str:
    """The hash of a change: of the hash before it, and of all its columns but the hash itself and
    `texts`: that only says where the texts are, whose hashes are in the others."""
    hashed = {name: values[name] for name in _HASHED}
    return hashlib.sha256(_canonical([previous, hashed])).hexdigest()


_HASHED = ("action", "actor", "after", "at", "before", "place", "reason", "seq", "subject")


def digest_of(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt}{text}".encode()).hexdigest()


def stands_beside(value: Any) -> bool:
    """Is this what the journal holds in place of a text that stands beside it? Told by its form:
    TEXTS may grow, and what was written before stays readable."""
    return isinstance(value, dict) and value.keys() == {"sha256"}


class _Beside:
    """The texts of one change, as they are put beside the chain."""

    def __init__(self, id_: str) -> None:
        self.id = id_
        self.salt = secrets.token_hex(16)
        self.rows: list[tuple[str, str, str, str]] = []

    def text(self, part: str, value: Any) -> str:
        """Answers the hash that stands for the text."""
        text = _canonical(value).decode()
        self.rows.append((self.id, part, self.salt, text))
        return digest_of(self.salt, text)

    def body(self, side: str, values: Mapping[str, Any] | None) -> str | None:
        if values is None:
            return None
        return _canonical(
            {
                name: {"sha256": self.text(f"{side}.{name}", value)}
                if name in TEXTS and value is not None
                else value
                for name, value in values.items()
            }
        ).decode()
