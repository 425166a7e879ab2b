"""Filters and order of lists of recommendations, as conditions and keys on columns."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlmodel import Session

from app.domain import due, parties, search
from app.domain.actors import Actor
from app.domain.base import Instant, Ref, Slug, columns
from app.domain.changes import stamp
from app.domain.dates import LONDON, Certainty
from app.domain.frameworks import Framework
from app.domain.keyset import Key
from app.domain.recommendations import Kind
from app.domain.status import Status
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
    organisation: list[Slug] = Field(
        default=[], max_length=100, description="The owner's, with what gave way to it."
    )
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


def conditions(
    session: Session,
    reader: Actor,
    filters: Filters,
    at: Mapping[str, Any],
    day: date,
    stale_days: int,
) -> list[ColumnElement[bool]]:
    """What `filters` and the reader's reach ask of a row. `at`: the columns by name, as they are
    or as they were on a day."""
    found: list[ColumnElement[bool]] = []
    if reader.places is not None:
        found.append(at["place"].in_(reader.places))
    for name in ("inspection", "framework", "place", "status", "kind", "lineage"):
        if wanted := getattr(filters, name):
            found.append(at[name].in_(wanted))
    if filters.organisation:
        before = parties.predecessors(session, filters.organisation)
        own = at["organisation"].in_([*filters.organisation, *before])
        found.append(or_(own, at["owner"].in_(before)))
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
        limit = datetime.combine(stale_before(day, stale_days), time.min, LONDON)
        stale = and_(at["status"] != Status.CLOSED, at["updated_at"] < _moment(limit, filters))
        found.append(stale if filters.stale else ~stale)
    if filters.updated_since is not None:
        found.append(at["updated_at"] >= _moment(filters.updated_since, filters))
    if filters.q is not None:
        found += [at["ref"].in_(search.having(word)) for word in search.tokens(filters.q)]
    return found


def stale_before(day: date, stale_days: int) -> date:
    """What was not touched on this day or later is stale. `day` may be the calendar's first."""
    return date.fromordinal(max(1, day.toordinal() - stale_days))


def _moment(moment: datetime, filters: Filters) -> datetime | str:
    """As `updated_at` is compared: the journal, which lists of a day read, keeps texts."""
    return moment if filters.as_of is None else stamp(moment)


def keys(filters: Filters, at: Mapping[str, Any]) -> list[Key]:
    """Ties are broken by inspection and ordinal upwards, so that an inspection reads in its own
    order; what has no due date comes last, whichever way."""
    down, name = filters.sort.startswith("-"), filters.sort.removeprefix("-")
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
    kind = datetime if filters.as_of is None else str
    return [Key(at["updated_at"], kind, down), *ties]
