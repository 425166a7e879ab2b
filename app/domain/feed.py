"""The journal as it is read: history of one thing, and the feed that follows all of them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, or_, select
from sqlmodel import Session, col

from app.domain.actors import RULES, Actor
from app.domain.base import Shown, columns
from app.domain.changes import GENESIS, Change, JournalText, cursor_of, head, stamp, stands_beside
from app.domain.dates import LONDON
from app.domain.errors import Gone
from app.domain.keyset import Key, behind

NAMES = ("agreed_by",)
"""Fields that name people who acted: not shown to anonymous readers."""

ERASED = "[erased]"
"""What readers see where a text was erased on purpose."""


class ChangeShown(Shown):
    seq: int
    at: str
    actor: str | None
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None


class ChangesShown(Shown):
    items: list[ChangeShown]
    next: str


def since(
    session: Session, reader: Actor, after: str, *, limit: int
) -> tuple[list[dict[str, Any]], str]:
    """Changes after a cursor (empty: from the first), in commit order, and the cursor to go on
    from. Those of places out of the reader's reach are left out.

    Gone where the cursor is not of this history.
    """
    reached = head(session)
    start = _position(session, after) if after else 0
    wanted: list[ColumnElement[bool]] = [col(Change.seq) > start]
    if reader.places is not None:
        wanted.append(or_(col(Change.place).is_(None), col(Change.place).in_(reader.places)))
    rows = _rows(session, wanted, limit)
    following = cursor_of(rows[-1].seq, rows[-1].hash) if len(rows) == limit else reached
    return _shown(session, reader, rows), following


def between(
    session: Session, reader: Actor, after: int, last: int, *, limit: int
) -> list[dict[str, Any]]:
    """The changes whose numbers follow `after`, up to `last`, in order."""
    return _shown(
        session, reader, _rows(session, [col(Change.seq) > after, col(Change.seq) <= last], limit)
    )


def history(
    session: Session, reader: Actor, subject: str, *, after: Sequence[Any] | None, limit: int
) -> list[dict[str, Any]]:
    """The changes of one subject, oldest first; the subject was found to be within reach."""
    wanted: list[ColumnElement[bool]] = [col(Change.subject) == subject]
    if after is not None:
        wanted.append(behind([Key(col(Change.seq), int)], after))
    return _shown(session, reader, _rows(session, wanted, limit))


def said(
    session: Session, subjects: Sequence[str], actions: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What such changes said of their subjects, in order: subject, and fields with their values."""
    wanted = [col(Change.subject).in_(subjects), col(Change.action).in_(actions)]
    query = select(columns(Change)).where(*wanted).order_by(col(Change.seq))
    for change in _shown(session, RULES, session.connection().execute(query)):
        yield change["subject"], change["after"] or {}


def _rows(
    session: Session, wanted: Sequence[ColumnElement[bool]], limit: int
) -> Sequence[Row[Any]]:
    query = select(columns(Change)).where(*wanted).order_by(col(Change.seq)).limit(limit)
    return session.connection().execute(query).all()


def last_on(session: Session, day: date) -> int:
    """The last change recorded by the end of `day` in London (0: none yet)."""
    midnight = datetime.combine(day, datetime.max.time(), LONDON)
    found = (
        session.connection()
        .execute(
            select(col(Change.seq))
            .where(col(Change.at) <= stamp(midnight))
            .order_by(col(Change.seq).desc())
            .limit(1)
        )
        .scalar()
    )
    return int(found or 0)


def texts_of(session: Session, rows: Iterable[Any]) -> dict[int, list[Any]]:
    """The texts that stand beside changes, by number."""
    # Before the column `texts`, those of a change were named by its number.
    ids = {row.seq: row.texts or str(row.seq) for row in rows}
    beside: dict[str, list[Any]] = {id_: [] for id_ in ids.values()}
    if beside:
        query = select(columns(JournalText)).where(col(JournalText.id).in_(list(beside)))
        for row in session.connection().execute(query):
            beside[row.id].append(row)
    return {seq: beside[id_] for seq, id_ in ids.items()}


def _position(session: Session, cursor: str) -> int:
    number, _, digest = cursor.partition(".")
    # Nine digits: PostgreSQL is not asked for a number that its column could not hold.
    if not (number.isascii() and number.isdigit() and len(number) <= 9 and len(digest) == 8):
        raise Gone("the cursor is not one that this register gave; begin with an empty one")
    seq = int(number)
    known = (
        GENESIS
        if seq == 0
        else session.connection()
        .execute(select(col(Change.hash)).where(col(Change.seq) == seq))
        .scalar()
    )
    if known is None or known[:8] != digest:
        raise Gone("the cursor is not of this history; begin with an empty one")
    return seq


def _shown(session: Session, reader: Actor, rows: Iterable[Any]) -> list[dict[str, Any]]:
    rows = list(rows)
    texts = {
        (seq, text.part): json.loads(text.text)
        for seq, found in texts_of(session, rows).items()
        for text in found
    }

    def side(row: Any, name: str) -> dict[str, Any] | None:
        body = getattr(row, name)
        return body and {
            key: texts.get((row.seq, f"{name}.{key}"), ERASED) if stands_beside(value) else value
            for key, value in json.loads(body).items()
            if not (reader.anonymous and key in NAMES)
        }

    return [
        {
            "seq": row.seq,
            "at": row.at,
            "actor": reader.shown(row.actor),
            "action": row.action,
            "subject": row.subject,
            "before": side(row, "before"),
            "after": side(row, "after"),
            "reason": texts.get((row.seq, "reason"), ERASED) if row.reason else None,
        }
        for row in rows
    ]
