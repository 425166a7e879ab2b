"""Movement: what lists showed otherwise on one day than on another, row by row, when and why."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import (
    Select,
    String,
    and_,
    cast,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlmodel import Session

from app.domain import feed
from app.domain.actors import Actor
from app.domain.base import Shown, Slug, columns, today
from app.domain.changes import Change, JournalText
from app.domain.errors import Malformed
from app.domain.intervals import RecommendationInterval
from app.domain.recommendations import Recommendation

FIELDS = (
    *("status", "closure_reason", "owner", "organisation", "due_on", "original_due_on"),
    *("times_moved", "review_on", "response", "regressed", "assurance", "evidence_count"),
    "title",
)
"""What of a recommendation is kept by day and told of, besides its coming and going."""
ENTERED, VOIDED = "entered", "voided"


class MovementAsked(BaseModel):
    """`to`: today where it is left out."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: date = Field(alias="from")
    to: date | None = None
    place: list[Slug] = Field(default=[], max_length=200)
    inspection: list[Slug] = Field(default=[], max_length=100)


class MovedShown(Shown):
    """`field` is `entered` (after: the status) or `voided` (before: the status) for what came or
    went as a whole. `at` and `reason`: of the last change of that field by then; a reason that
    was erased is told so."""

    ref: str
    field: str
    before: str | int | bool | None
    after: str | int | bool | None
    at: str
    reason: str | None


class MovementShown(Shown):
    from_: str = Field(alias="from")
    to: str
    items: list[MovedShown]


def movement(session: Session, reader: Actor, asked: MovementAsked) -> dict[str, Any]:
    """What the ends of two days in London differ in, as MovementShown, by ref. Malformed where the
    days are not in order, or not past."""
    day = today(session)
    until = asked.to or day
    if until > day:
        raise Malformed("nobody knows that day yet", [("/to", "must not lie after today")])
    if asked.from_ > until:
        raise Malformed("the days are not in order", [("/from", "must not lie after `to`")])
    first, last = feed.last_on(session, asked.from_), feed.last_on(session, until)
    rows = session.connection().execute(_query(reader, asked, first, last))
    items = [
        item for _, found in groupby(rows, key=lambda row: row.ref) for item in _told(list(found))
    ]
    return {"from": asked.from_, "to": until, "items": items}


def _query(reader: Actor, asked: MovementAsked, first: int, last: int) -> Select[Any]:
    """Of each recommendation that changed between: what it showed before (if it was there), then
    each change with what it showed from that one on (null but for the last of a transaction)."""
    then, change = columns(RecommendationInterval), columns(Change)
    reason = columns(JournalText)
    shown = [type_coerce(then.c[name], _plain(then.c[name])) for name in FIELDS]
    between = and_(change.c.seq > first, change.c.seq <= last)
    about = and_(between, change.c.action.like("recommendation:%"))
    nothing = cast(null(), String)
    before = select(
        then.c.ref,
        literal(0).label("seq"),
        nothing.label("at"),
        nothing.label("after"),
        nothing.label("kept"),
        nothing.label("reason"),
        then.c.from_seq.label("shows"),
        then.c.voided,
        *shown,
    ).where(
        then.c.from_seq <= first,
        or_(then.c.to_seq.is_(None), then.c.to_seq > first),
        then.c.ref.in_(select(change.c.subject).where(about)),
    )
    since = (
        select(
            change.c.subject.label("ref"),
            change.c.seq,
            change.c.at,
            change.c.after,
            change.c.reason.label("kept"),
            reason.c.text.label("reason"),
            then.c.from_seq.label("shows"),
            then.c.voided,
            *shown,
        )
        .outerjoin(then, and_(then.c.ref == change.c.subject, then.c.from_seq == change.c.seq))
        .outerjoin(reason, and_(reason.c.id == change.c.texts, reason.c.part == "reason"))
        .where(about)
    )
    both = union_all(before, since).subquery()
    query = select(both).order_by(both.c.ref, both.c.seq)
    held = columns(Recommendation).c
    wanted = [held.place.in_(reader.places)] if reader.places is not None else []
    if asked.place:
        wanted.append(held.place.in_(asked.place))
    if asked.inspection:
        wanted.append(held.inspection.in_(asked.inspection))
    if wanted:
        query = query.where(both.c.ref.in_(select(held.ref).where(*wanted)))
    return query


def _plain(column: Any) -> Any:
    """The type by which a column's words come as plain texts."""
    return String() if hasattr(column.type, "enums") else column.type


def _told(rows: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """What one recommendation differs in. `rows`: what it showed before, and its changes."""
    shows = [row for row in rows if row.shows is not None]
    before = shows[0] if shows[0].seq == 0 and not shows[0].voided else None
    after = shows[-1] if not shows[-1].voided else None
    if before is None and after is None:
        return
    ref = rows[0].ref
    if before is None or after is None:
        field = ENTERED if before is None else VOIDED
        cause = _cause(rows, "voided" if after is None else "status", shows)
        yield {
            "ref": ref,
            "field": field,
            "before": None if before is None else before.status,
            "after": None if after is None else after.status,
            **cause,
        }
        return
    for field in FIELDS:
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            cause = _cause(rows, field, shows)
            yield {"ref": ref, "field": field, "before": old, "after": new, **cause}


def _cause(rows: Sequence[Any], field: str, shows: Sequence[Any]) -> dict[str, Any]:
    """When the field came to be as it is, and why: of the transaction whose interval first shows
    it, the change that names it, else the last."""
    first = len(shows) - 1
    while first > 0 and getattr(shows[first - 1], field) == getattr(shows[-1], field):
        first -= 1
    since = shows[first - 1].seq if first else 0
    steps = [row for row in rows if since < row.seq <= shows[first].seq]
    named = [row for row in steps if row.after and field in json.loads(row.after)]
    change = (named or steps)[-1]
    erased = change.kept is not None and change.reason is None
    reason = feed.ERASED if erased else change.reason and json.loads(change.reason)
    return {"at": change.at, "reason": reason}
