"""The summary: how many recommendations stand where, by group, out of how many that were made."""

from collections.abc import Mapping
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    case,
    cast,
    func,
    literal,
    null,
    select,
    type_coerce,
    union_all,
)
from sqlmodel import Session

from app.domain import due, listing
from app.domain.actors import Actor
from app.domain.base import Shown, Slug, columns
from app.domain.dates import LONDON, Certainty
from app.domain.filters import Filters
from app.domain.frameworks import Availability, Framework, coverage
from app.domain.inspections import Inspection
from app.domain.listing import Selection
from app.domain.parties import Party
from app.domain.places import Place
from app.domain.status import Status
from app.domain.themes import RecommendationTheme, Theme


class Grouping(StrEnum):
    """By organisation, owner and theme a recommendation may be in no group, by theme in several:
    the groups do not add up to the total there. By the others they do."""

    INSPECTION = "inspection"
    ORGANISATION = "organisation"
    OWNER = "owner"
    THEME = "theme"
    FRAMEWORK = "framework"
    PLACE = "place"
    STATUS = "status"

    @property
    def of_inspections(self) -> bool:
        """Do whole inspections fall into a group, so that it has a coverage of its own?"""
        return self in (Grouping.INSPECTION, Grouping.FRAMEWORK, Grouping.PLACE)


class SummaryAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    group_by: Grouping = Grouping.INSPECTION
    as_of: date | None = Field(default=None, description="As recorded by the end of that day.")
    inspection: list[Slug] = Field(default=[], max_length=100)
    framework: list[Framework] = Field(default=[], max_length=20)
    place: list[Slug] = Field(default=[], max_length=200)


class CoverageOfMany(Shown):
    """How much of what was recommended the register holds. `stated_count` is what the
    `inspections` are known to have made, null where that is unknown of any (`unknown` says of how
    many)."""

    availability: Availability
    stated_count: int | None
    held_count: int
    inspections: int
    unknown: int


class GroupShown(Shown):
    """`key` is null for the totals. `counts` has every status. `coverage`: of the group's
    inspections; where groups cut across inspections, of all that were asked for."""

    key: str | None
    title: str
    counts: dict[Status, int]
    total: int
    overdue: int
    possibly_overdue: int
    unowned: int
    regressed: int
    coverage: CoverageOfMany


class SummaryShown(Shown):
    as_of: str
    group_by: Grouping
    totals: GroupShown
    groups: list[GroupShown]
    adds_up: bool = Field(description="Do the groups add up to the totals?")


def summary(
    session: Session, reader: Actor, asked: SummaryAsked, *, stale_days: int
) -> dict[str, Any]:
    """The summary as SummaryShown. Malformed where `as_of` lies ahead."""
    filters = Filters(
        inspection=asked.inspection,
        framework=asked.framework,
        place=asked.place,
        as_of=asked.as_of,
    )
    selected = listing.selected(session, reader, filters, stale_days=stale_days)
    query = union_all(
        _counts(selected, None), _counts(selected, asked.group_by), _coverage(reader, asked)
    )
    rows = session.connection().execute(query).all()
    groups: dict[str | None, dict[str, Any]] = {None: _empty(None, "All recommendations")}
    for row in rows:
        key = None if row.part == "total" else row.key
        group = groups.setdefault(key, _empty(key, row.title or row.key))
        _add(group, row)
    if not asked.group_by.of_inspections:
        for group in groups.values():
            group["coverage"] = groups[None]["coverage"]
    else:
        _add_up(groups)
    totals = groups.pop(None)
    order = [status.value for status in Status] if asked.group_by is Grouping.STATUS else None
    found = sorted(
        groups.values(), key=lambda one: order.index(one["key"]) if order else one["key"]
    )
    return {
        "as_of": selected.day,
        "group_by": asked.group_by,
        "totals": _shown(totals),
        "groups": [_shown(group) for group in found],
        "adds_up": asked.group_by.of_inspections or asked.group_by is Grouping.STATUS,
    }


def _empty(key: str | None, title: str) -> dict[str, Any]:
    return {
        "key": key,
        "title": title,
        "counts": {status.value: 0 for status in Status},
        "total": 0,
        "overdue": 0,
        "possibly_overdue": 0,
        "unowned": 0,
        "regressed": 0,
        "coverage": {"stated": 0, "inspections": 0, "unknown": 0, "held": 0},
    }


def _add(group: dict[str, Any], row: Any) -> None:
    if row.part == "coverage":
        group["coverage"]["stated"] += row.overdue
        group["coverage"]["inspections"] += row.total
        group["coverage"]["unknown"] += row.possibly_overdue
        return
    group["counts"][row.status] += row.total
    for name in ("total", "overdue", "possibly_overdue", "unowned", "regressed"):
        group[name] += getattr(row, name)
    group["coverage"]["held"] += row.total


def _add_up(groups: Mapping[str | None, dict[str, Any]]) -> None:
    """The coverage of all: of all groups, since each inspection is in one of them."""
    whole = groups[None]["coverage"]
    for key, group in groups.items():
        if key is not None:
            for name in ("stated", "inspections", "unknown"):
                whole[name] += group["coverage"][name]


def _shown(group: dict[str, Any]) -> dict[str, Any]:
    found = group["coverage"]
    stated = None if found["unknown"] or not found["inspections"] else found["stated"]
    return group | {
        "coverage": coverage(stated, found["held"])
        | {"inspections": found["inspections"], "unknown": found["unknown"]}
    }


def _counts(selected: Selection, by: Grouping | None) -> Select[Any]:
    """Of the selected recommendations, by group and status, how many there are and how many are
    overdue, unowned, come back."""
    at, day = selected.at, selected.day
    key, title, query = _key(selected, by)

    def how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((condition, 1), else_=0))

    return query.with_only_columns(
        literal("total" if by is None else "group").label("part"),
        key.label("key"),
        func.max(title).label("title"),
        type_coerce(at["status"], String).label("status"),
        func.count().label("total"),
        how_many(due.overdue_is(Certainty.YES, at, day)).label("overdue"),
        how_many(due.overdue_is(Certainty.POSSIBLY, at, day)).label("possibly_overdue"),
        how_many(at["owner"].is_(None)).label("unowned"),
        how_many(at["regressed"].is_(True)).label("regressed"),
        maintain_column_froms=True,
    ).group_by(key, at["status"])


def _key(
    selected: Selection, by: Grouping | None
) -> tuple[ColumnElement[Any], ColumnElement[Any], Select[Any]]:
    """The column that groups, the one with a group's title, and the query with what they need."""
    query, at = selected.query, selected.at
    if by is None:
        return _NONE, _NONE, query
    if by is Grouping.INSPECTION:
        inspection = columns(Inspection)
        return (
            at["inspection"],
            inspection.c.title,
            query.join(inspection, inspection.c.slug == at["inspection"]),
        )
    if by in (Grouping.ORGANISATION, Grouping.OWNER):
        party = columns(Party)
        return at[by.value], party.c.name, query.join(party, party.c.slug == at[by.value])
    if by is Grouping.THEME:
        about, theme = columns(RecommendationTheme), columns(Theme)
        query = query.join(about, about.c.ref == at["ref"])
        return theme.c.slug, theme.c.title, query.join(theme, theme.c.slug == about.c.theme)
    if by is Grouping.PLACE:
        place = columns(Place)
        return place.c.slug, place.c.name, query.join(place, place.c.slug == at["place"])
    return type_coerce(at[by.value], String), _NONE, query


def _coverage(reader: Actor, asked: SummaryAsked) -> Select[Any]:
    """Of the inspections asked for, by group, how many there are and what they are known to have
    recommended: in the columns of _counts()."""
    of = columns(Inspection).c
    groups = {
        Grouping.INSPECTION: (of.slug, of.title),
        Grouping.FRAMEWORK: (type_coerce(of.framework, String), _NONE),
        Grouping.PLACE: (of.place, _NONE),
    }
    key, title = groups.get(asked.group_by, (_NONE, _NONE))
    query = select(
        literal("coverage").label("part"),
        key.label("key"),
        func.max(title).label("title"),
        _NONE.label("status"),
        func.count().label("total"),
        func.coalesce(func.sum(of.stated_count), 0).label("overdue"),
        # Without groups a row comes also where no inspection is asked for: its sum would be null.
        func.coalesce(func.sum(case((of.stated_count.is_(None), 1), else_=0)), 0).label(
            "possibly_overdue"
        ),
        literal(0).label("unowned"),
        literal(0).label("regressed"),
    )
    for column, wanted in (
        (of.slug, asked.inspection),
        (of.framework, asked.framework),
        (of.place, asked.place),
    ):
        if wanted:
            query = query.where(column.in_(wanted))
    if reader.places is not None:
        query = query.where(of.place.in_(reader.places))
    if asked.as_of is not None:
        query = query.where(of.created_at <= datetime.combine(asked.as_of, time.max, LONDON))
    return query.group_by(key) if asked.group_by.of_inspections else query


_NONE = cast(null(), String)
