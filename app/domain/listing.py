"""The register as lists show it, page by page, now or as it was on a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, case, or_, select
from sqlmodel import Session

from app.domain import due, feed
from app.domain.actors import Actor
from app.domain.base import Shown, columns, today
from app.domain.changes import Change
from app.domain.dates import Certainty, london_day
from app.domain.errors import Malformed
from app.domain.filters import Filters, conditions, stale_before
from app.domain.filters import keys as keys_of
from app.domain.intervals import RecommendationInterval
from app.domain.keyset import Key, behind, foreign
from app.domain.recommendations import Kind, Priority, Recommendation
from app.domain.status import UNFINISHED, Assurance, ClosureReason, Progress, Response, Status


class RecommendationShown(Shown):
    """In a list of `as_of` a day, what is not kept by day is null."""

    ref: str
    inspection: str
    ordinal: int
    number_as_printed: str | None
    section: str | None
    kind: Kind
    kind_as_printed: str | None
    title: str
    text: str
    place: str
    addressees: list[str]
    addressees_as_printed: str | None
    themes: list[str]
    priority: Priority
    response: Response
    status: Status
    closure_reason: ClosureReason | None
    review_on: str | None
    owner: str | None
    organisation: str | None
    contributors: list[str] | None
    contributors_progress: Progress | None
    due_on: str | None
    original_due_on: str | None
    slippage_days: int | None
    times_moved: int
    overdue: Certainty
    overdue_originally: Certainty
    due_soon: bool
    review_due: bool
    stale: bool
    regressed: bool
    assurance: Assurance
    assurance_expired: bool | None
    times_reraised: int | None
    lineage: str | None
    evidence_count: int
    action_count: int | None
    status_since: str | None
    created_at: str
    updated_at: str
    version: int | None


_NOW = columns(Recommendation).c
_THEN = columns(RecommendationInterval).c
_COLUMNS = [
    _NOW[name]
    for name in (
        *("ref", "inspection", "ordinal", "number_as_printed", "section", "kind"),
        *("kind_as_printed", "title", "text", "place", "addressees", "addressees_as_printed"),
        *("themes", "priority", "response", "status", "closure_reason", "review_on", "owner"),
        *(
            "organisation",
            "contributors",
            "contributors_progress",
            "due_on",
            "due_earliest",
            "due_latest",
        ),
        *("original_due_on", "original_due_latest", "times_moved", "regressed", "assurance"),
        *("assured_until", "times_reraised", "lineage", "evidence_count", "action_count"),
        *("status_since", "created_at", "updated_at", "version", "raised_on", "status_rank"),
    )
]
_LIST = select(*_COLUMNS).where(_NOW.voided.is_(False))
_KEPT = [
    column.name for column in _THEN if column.name not in ("ref", "from_seq", "to_seq", "voided")
]
_LIST_THEN = (
    select(
        *(column for column in _COLUMNS if column.name not in (*_KEPT, "updated_at")),
        *(_THEN[name] for name in _KEPT),
        columns(Change).c.at.label("changed_at"),
    )
    .join(RecommendationInterval, _THEN.ref == _NOW.ref)
    .join(Change, columns(Change).c.seq == _THEN.from_seq)
    .where(_THEN.voided.is_(False))
)
_AT_NOW: dict[str, Any] = dict(_NOW.items())
_AT_THEN: dict[str, Any] = (
    _AT_NOW
    | {name: _THEN[name] for name in _KEPT}
    | {
        "updated_at": columns(Change).c.at,
        "status_rank": case({status.value: status.rank for status in Status}, value=_THEN.status),
    }
)
"""The columns that filters and order work on: as they are, or as they were."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a list asks for, before it is cut into pages. `at`: the columns by name, as they are or
    as they were; `past`: whether it is the list as it was on `day`."""

    query: Select[Any]
    at: Mapping[str, Any]
    keys: list[Key]
    day: date
    past: bool


def selected(session: Session, reader: Actor, filters: Filters, *, stale_days: int) -> Selection:
    """The recommendations that `filters` ask for within the reader's reach, not yet in order.

    Malformed where `as_of` lies ahead.
    """
    day = filters.as_of or today(session)
    if day > today(session):
        raise Malformed("nobody knows that day yet", [("/as_of", "must not lie after today")])
    then = None if filters.as_of is None else feed.last_on(session, filters.as_of)
    query, at = (_LIST, _AT_NOW) if then is None else (_as_of(then), _AT_THEN)
    query = query.where(*conditions(session, reader, filters, at, day, stale_days))
    return Selection(query, at, keys_of(filters, at), day, then is not None)


def page(
    session: Session,
    reader: Actor,
    filters: Filters,
    *,
    stale_days: int,
    after: Sequence[Any] | None,
    limit: int,
) -> tuple[list[dict[str, Any]], list[Any] | None]:
    """Recommendations as RecommendationShown, and the key of the last one where more follow.

    Malformed where `after`, a key that this function gave, is not one for this order.
    """
    asked = selected(session, reader, filters, stale_days=stale_days)
    query, keys = asked.query, asked.keys
    if after is not None:
        if not after or after[0] != filters.sort:
            raise foreign()
        query = query.where(behind(keys, after[1:]))
    query = query.add_columns(*(key.column.label(f"k{n}") for n, key in enumerate(keys)))
    query = query.order_by(*(key.order for key in keys)).limit(limit + 1)
    rows = session.connection().execute(query).all()
    items = [shown(row, asked.day, stale_days, past=asked.past) for row in rows[:limit]]
    if len(rows) <= limit:
        return items, None
    return items, [filters.sort, *(getattr(rows[limit - 1], f"k{n}") for n in range(len(keys)))]


def shown(row: Any, day: date, stale_days: int, *, past: bool = False) -> dict[str, Any]:
    """A row (or a Recommendation) as RecommendationShown, on a day."""
    status = Status(row.status)
    unfinished = status in UNFINISHED
    dated = due.fuzzy(row.due_on, row.due_earliest, row.due_latest)
    first = dated if row.times_moved == 0 else due.original(row.original_due_on)
    updated = datetime.fromisoformat(row.changed_at) if past else row.updated_at
    return {
        "ref": row.ref,
        "inspection": row.inspection,
        "ordinal": row.ordinal,
        "number_as_printed": row.number_as_printed,
        "section": row.section,
        "kind": row.kind,
        "kind_as_printed": row.kind_as_printed,
        "title": row.title,
        "text": row.text,
        "place": row.place,
        "addressees": row.addressees,
        "addressees_as_printed": row.addressees_as_printed,
        "themes": row.themes,
        "priority": row.priority,
        "response": row.response,
        "status": status,
        "closure_reason": row.closure_reason,
        "review_on": row.review_on,
        "owner": row.owner,
        "organisation": row.organisation,
        "contributors": None if past else row.contributors,
        "contributors_progress": None if past else row.contributors_progress,
        "due_on": row.due_on,
        "original_due_on": row.original_due_on,
        "slippage_days": due.slippage(row.original_due_latest, row.due_latest),
        "times_moved": row.times_moved,
        "overdue": due.overdue(unfinished, dated, day),
        "overdue_originally": due.overdue(unfinished, first, day),
        "due_soon": due.soon(unfinished, dated, day),
        "review_due": row.review_on is not None and row.review_on < day,
        "stale": status is not Status.CLOSED
        and london_day(updated) < stale_before(day, stale_days),
        "regressed": row.regressed,
        "assurance": row.assurance,
        "assurance_expired": None
        if past
        else (row.assured_until is not None and row.assured_until < day),
        "times_reraised": None if past else row.times_reraised,
        "lineage": None if past else row.lineage,
        "evidence_count": row.evidence_count,
        "action_count": None if past else row.action_count,
        "status_since": row.status_since,
        "created_at": row.created_at,
        "updated_at": updated,
        "version": None if past else row.version,
    }


def _as_of(seq: int) -> Select[Any]:
    return _LIST_THEN.where(_THEN.from_seq <= seq, or_(_THEN.to_seq.is_(None), _THEN.to_seq > seq))
