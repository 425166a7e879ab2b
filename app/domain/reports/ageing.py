"""Ageing: for how long what is unfinished has been known, and how much of it slid."""

from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import String, case, func, literal, or_, type_coerce
from sqlmodel import Session

from app.domain import due, listing
from app.domain.actors import Actor
from app.domain.base import Shown, Slug
from app.domain.dates import Certainty
from app.domain.filters import Filters
from app.domain.frameworks import Framework
from app.domain.inspections import UNDATED
from app.domain.status import UNFINISHED, Status

BANDS = (
    ("under_6_months", "Under six months", 182),
    ("6_to_12_months", "Six months to a year", 365),
    ("1_to_2_years", "One to two years", 730),
    ("2_to_5_years", "Two to five years", 1826),
    ("over_5_years", "Over five years", None),
    ("undated", "When it was raised is not known", None),
)
"""Key, title and the days that come before the next band, by the latest day that the inspection
can have spoken."""


class AgeingAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    as_of: date | None = Field(default=None, description="As recorded by the end of that day.")
    inspection: list[Slug] = Field(default=[], max_length=100)
    framework: list[Framework] = Field(default=[], max_length=20)
    place: list[Slug] = Field(default=[], max_length=200)
    organisation: list[Slug] = Field(default=[], max_length=100)


class BandShown(Shown):
    """`moved`: those whose due date was moved at least once; `undue`: those without a due date."""

    key: str | None
    title: str
    counts: dict[Status, int]
    total: int
    overdue: int
    possibly_overdue: int
    unowned: int
    moved: int
    undue: int


class AgeingShown(Shown):
    """What is unfinished, by age; `of`: out of how many recommendations in all."""

    as_of: str
    of: int
    totals: BandShown
    groups: list[BandShown]


_SUMS = ("total", "overdue", "possibly_overdue", "unowned", "moved", "undue")


def ageing(
    session: Session, reader: Actor, asked: AgeingAsked, *, stale_days: int
) -> dict[str, Any]:
    """Unfinished recommendations by age, as AgeingShown. Malformed where `as_of` lies ahead."""
    filters = Filters(**asked.model_dump())
    selected = listing.selected(session, reader, filters, stale_days=stale_days)
    at, day = selected.at, selected.day

    def how_many(condition: Any) -> Any:
        return func.sum(case((condition, 1), else_=0))

    band = _band(at["raised_on"], day)
    query = selected.query.with_only_columns(
        band.label("band"),
        type_coerce(at["status"], String).label("status"),
        func.count().label("total"),
        how_many(due.overdue_is(Certainty.YES, at, day)).label("overdue"),
        how_many(due.overdue_is(Certainty.POSSIBLY, at, day)).label("possibly_overdue"),
        how_many(at["owner"].is_(None)).label("unowned"),
        how_many(at["times_moved"] > 0).label("moved"),
        how_many(at["due_on"].is_(None)).label("undue"),
        maintain_column_froms=True,
    ).group_by(band, at["status"])
    groups = {key: _empty(key, title) for key, title, _ in BANDS}
    totals, of = _empty(None, "All that is unfinished"), 0
    for row in session.connection().execute(query):
        of += row.total
        if row.status not in UNFINISHED:  # a Status equals its word
            continue
        for group in (groups[row.band], totals):
            group["counts"][row.status] += row.total
            for name in _SUMS:
                group[name] += getattr(row, name)
    return {"as_of": day, "of": of, "totals": totals, "groups": list(groups.values())}


def _band(raised_on: Any, day: date) -> Any:
    steps = [(or_(raised_on == UNDATED, raised_on.is_(None)), literal("undated"))]
    steps += [
        (raised_on > day - timedelta(days=days), literal(key))
        for key, _, days in BANDS
        if days is not None
    ]
    return case(*steps, else_=literal("over_5_years"))


def _empty(key: str | None, title: str) -> dict[str, Any]:
    counts = {status.value: 0 for status in UNFINISHED}
    return {"key": key, "title": title, "counts": counts} | dict.fromkeys(_SUMS, 0)
