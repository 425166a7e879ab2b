"""Recurrence: which concerns were raised again and again, by whom, for how long, and where they
stand."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import and_, func, select
from sqlmodel import Session

from app.domain import links
from app.domain.actors import Actor
from app.domain.base import Shown, Slug, columns, today
from app.domain.dates import whole_years
from app.domain.inspections import Inspection
from app.domain.recommendations import Recommendation
from app.domain.status import UNFINISHED, ClosureReason, Status


class RecurrenceAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    place: list[Slug] = Field(default=[], max_length=200)
    theme: list[Slug] = Field(default=[], max_length=100)


class WordingShown(Shown):
    ref: str
    inspection: str
    inspection_title: str
    inspectorates: list[str]
    raised: str | None
    title: str
    status: Status
    closure_reason: ClosureReason | None
    owner: str | None
    organisation: str | None
    regressed: bool


class ConcernShown(Shown):
    """One concern through time. `came_back`: one of its wordings counts as done and was
    contradicted since. `unfinished`: how many wordings are not verified or closed."""

    lineage: str
    title: str
    themes: list[str]
    place: str
    times_reraised: int
    first_raised: str | None
    last_raised: str | None
    years_since_first_raised: int | None
    inspectorates: list[str]
    came_back: bool
    unfinished: int
    recommendations: list[WordingShown]


class RecurrenceShown(Shown):
    """What came back after it was done stands first, then what was raised most often, then what is
    oldest. `recommendations`: how many there are in all; `in_lineages`: how many of them here."""

    as_of: str
    recommendations: int
    in_lineages: int
    items: list[ConcernShown]


_ROW = columns(Recommendation).c
_OF = columns(Inspection).c


def recurrence(session: Session, reader: Actor, asked: RecurrenceAsked) -> dict[str, Any]:
    """All lineages within reach, as RecurrenceShown."""
    held = [_ROW.voided.is_(False)]
    if reader.places is not None:
        held.append(_ROW.place.in_(reader.places))
    if asked.place:
        held.append(_ROW.place.in_(asked.place))
    counted = select(func.count().label("recommendations")).where(*held).subquery()
    query = (
        select(
            counted.c.recommendations,
            *(_ROW[name] for name in ("ref", "lineage", "inspection", "ordinal", "title")),
            *(_ROW[name] for name in ("status", "closure_reason", "owner", "organisation")),
            *(
                _ROW[name]
                for name in ("regressed", "themes", "place", "raised_on", "times_reraised")
            ),
            _OF.title.label("inspection_title"),
            *(_OF[name] for name in ("inspectorates", "published", "fieldwork")),
            *(_OF[name] for name in ("published_latest", "fieldwork_latest")),
        )
        .select_from(counted)
        .outerjoin(columns(Recommendation), and_(_ROW.lineage.is_not(None), *held))
        .outerjoin(columns(Inspection), _OF.slug == _ROW.inspection)
        .order_by(_ROW.lineage)
    )
    rows = session.connection().execute(query).all()
    day = today(session)
    families = groupby(
        (row for row in rows if row.lineage is not None), key=lambda row: row.lineage
    )
    items = [_concern(name, sorted(found, key=links.age), day) for name, found in families]
    if asked.theme:
        items = [one for one in items if set(asked.theme) & set(one["themes"])]
    items.sort(
        key=lambda one: (
            not one["came_back"],
            -one["times_reraised"],
            -(one["years_since_first_raised"] or 0),
            one["lineage"],
        )
    )
    return {
        "as_of": day,
        "recommendations": rows[0].recommendations,
        "in_lineages": sum(len(one["recommendations"]) for one in items),
        "items": items,
    }


def _concern(lineage: str, members: Sequence[Any], day: date) -> dict[str, Any]:
    first, last = members[0], members[-1]
    return {
        "lineage": lineage,
        "title": first.title,
        "themes": sorted({theme for row in members for theme in row.themes}),
        "place": first.place,
        "times_reraised": first.times_reraised,
        "first_raised": first.published or first.fieldwork,
        "last_raised": last.published or last.fieldwork,
        "years_since_first_raised": whole_years(
            first.published_latest or first.fieldwork_latest, day
        ),
        "inspectorates": sorted({name for row in members for name in row.inspectorates}),
        "came_back": any(row.regressed for row in members),
        "unfinished": sum(row.status in UNFINISHED for row in members),
        "recommendations": [
            {
                "ref": row.ref,
                "inspection": row.inspection,
                "inspection_title": row.inspection_title,
                "inspectorates": row.inspectorates,
                "raised": row.published or row.fieldwork,
                "title": row.title,
                "status": row.status,
                "closure_reason": row.closure_reason,
                "owner": row.owner,
                "organisation": row.organisation,
                "regressed": row.regressed,
            }
            for row in members
        ],
    }
