"""The register as lists show it: filters, order, pages, now or as it was on a day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlmodel import Session

from app.domain import due, feed, search
from app.domain.actors import Actor
from app.domain.base import Instant, Ref, Shown, Slug, columns, today
from app.domain.changes import Change, stamp
from app.domain.dates import LONDON, Certainty, Fuzzy, london_day
from app.domain.errors import Malformed
from app.domain.frameworks import Framework
from app.domain.intervals import RecommendationInterval
from app.domain.keyset import Key, behind, foreign
from app.domain.recommendations import Kind, Priority, Recommendation
from app.domain.status import Assurance, ClosureReason, Response, Status
from app.domain.themes import RecommendationTheme

Sort = Literal[
    "ref",
    "-ref",
    "published",
    "-published",
    "due_on",
    "-due_on",
    "updated_at",
    "-updated_at",
    "status",
    "-status",
]
UNOWNED = "none"


class Filters(BaseModel):
    """Repeatable where a set makes sense: any of the values given."""

    model_config = ConfigDict(extra="forbid")

    inspection: list[Slug] = Field(default=[], max_length=100)
    framework: list[Framework] = Field(default=[], max_length=20)
    place: list[Slug] = Field(default=[], max_length=200)
    status: list[Status] = Field(default=[], max_length=10)
    owner: list[Slug] = Field(default=[], max_length=100, description="`none`: unowned.")
    organisation: list[Slug] = Field(default=[], max_length=100)
    theme: list[Slug] = Field(default=[], max_length=100)
    kind: list[Kind] = Field(default=[], max_length=10)
    lineage: list[Ref] = Field(default=[], max_length=100)
    overdue: list[Certainty] = Field(default=[], max_length=3)
    regressed: bool | None = None
    stale: bool | None = None
    updated_since: Instant | None = None
    as_of: date | None = Field(default=None, description="As recorded by the end of that day.")
    q: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        default=None, description="Every word must begin a word of ref, title or text."
    )
    sort: Sort = "-published"


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
    due_on: str | None
    original_due_on: str | None
    slippage_days: int | None
    times_moved: int
    overdue: Certainty
    due_soon: bool
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
        *("organisation", "contributors", "due_on", "due_earliest", "due_latest"),
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
    day = filters.as_of or today(session)
    if day > today(session):
        raise Malformed("nobody knows that day yet", [("/as_of", "must not lie after today")])
    then = None if filters.as_of is None else feed.last_on(session, filters.as_of)
    query, at = (_LIST, _AT_NOW) if then is None else (_as_of(then), _AT_THEN)
    keys = _keys(filters.sort, at)
    query = query.where(*_conditions(reader, filters, at, day, stale_days))
    if after is not None:
        if not after or after[0] != filters.sort:
            raise foreign()
        query = query.where(behind(keys, after[1:]))
    query = query.add_columns(*(key.column.label(f"k{n}") for n, key in enumerate(keys)))
    query = query.order_by(*(key.order for key in keys)).limit(limit + 1)
    rows = session.connection().execute(query).all()
    items = [shown(row, day, stale_days, past=then is not None) for row in rows[:limit]]
    if len(rows) <= limit:
        return items, None
    return items, [filters.sort, *(getattr(rows[limit - 1], f"k{n}") for n in range(len(keys)))]


def shown(row: Any, day: date, stale_days: int, *, past: bool = False) -> dict[str, Any]:
    """A row (or a Recommendation) as RecommendationShown, on a day."""
    status = Status(row.status)
    dated = row.due_on and Fuzzy(row.due_on, row.due_earliest, row.due_latest)
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
        "due_on": row.due_on,
        "original_due_on": row.original_due_on,
        "slippage_days": due.slippage(row.original_due_latest, row.due_latest),
        "times_moved": row.times_moved,
        "overdue": due.overdue(status, dated, day),
        "due_soon": due.soon(status, dated, day),
        "stale": status is not Status.CLOSED
        and london_day(updated) < _stale_before(day, stale_days),
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


def _conditions(
    reader: Actor, filters: Filters, at: Mapping[str, Any], day: date, stale_days: int
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if reader.places is not None:
        found.append(at["place"].in_(reader.places))
    for name in ("inspection", "framework", "place", "status", "organisation", "kind", "lineage"):
        if wanted := getattr(filters, name):
            found.append(at[name].in_(wanted))
    if filters.owner:
        named = at["owner"].in_([owner for owner in filters.owner if owner != UNOWNED])
        unowned = UNOWNED in filters.owner
        found.append(or_(named, at["owner"].is_(None)) if unowned else named)
    if filters.theme:
        theme = columns(RecommendationTheme).c
        found.append(at["ref"].in_(select(theme.ref).where(theme.theme.in_(filters.theme))))
    if filters.overdue:
        found.append(or_(*(due.overdue_is(wanted, at, day) for wanted in filters.overdue)))
    if filters.regressed is not None:
        found.append(at["regressed"].is_(filters.regressed))
    if filters.stale is not None:
        limit = datetime.combine(_stale_before(day, stale_days), time.min, LONDON)
        stale = and_(at["status"] != Status.CLOSED, at["updated_at"] < _moment(limit, filters))
        found.append(stale if filters.stale else ~stale)
    if filters.updated_since is not None:
        found.append(at["updated_at"] >= _moment(filters.updated_since, filters))
    if filters.q is not None:
        found += [at["ref"].in_(search.having(word)) for word in search.tokens(filters.q)]
    return found


def _stale_before(day: date, stale_days: int) -> date:
    """What was not touched on this day or later is stale. `day` may be the calendar's first."""
    return date.fromordinal(max(1, day.toordinal() - stale_days))


def _moment(moment: datetime, filters: Filters) -> datetime | str:
    """As `updated_at` is compared: the journal, which lists of a day read, keeps texts."""
    return moment if filters.as_of is None else stamp(moment)


def _keys(sort: str, at: Mapping[str, Any]) -> list[Key]:
    """Ties are broken by inspection and ordinal upwards, so that an inspection reads in its own
    order; what has no due date comes last, whichever way."""
    down, name = sort.startswith("-"), sort.removeprefix("-")
    ties = [Key(at["inspection"], str), Key(at["ordinal"], int)]
    if name == "ref":
        return [Key(key.column, key.type, down) for key in ties]
    if name == "due_on":
        never = date.min if down else date.max
        return [Key(func.coalesce(at["due_latest"], never), date, down), *ties]
    if name == "published":
        return [Key(at["raised_on"], date, down), *ties]
    if name == "status":
        return [Key(at["status_rank"], int, down), *ties]
    kind = datetime if at is _AT_NOW else str
    return [Key(at["updated_at"], kind, down), *ties]
