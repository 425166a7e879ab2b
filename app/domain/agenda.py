"""The agenda: days that recommendations and inspections ask people to keep, as events."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, or_, select
from sqlmodel import Session, col

from app.domain import deadlines
from app.domain.actors import Actor
from app.domain.dates import day_in_words, in_words, parse
from app.domain.errors import Malformed
from app.domain.filters import Filters
from app.domain.ics import Event
from app.domain.inspections import Inspection
from app.domain.listing import selected
from app.domain.status import UNFINISHED, Status

COLUMNS = (
    *("ref", "title", "status", "owner", "due_on", "due_earliest", "due_latest"),
    *("review_on", "themes", "updated_at", "version"),
)
OF_INSPECTIONS = {"inspection", "framework", "place"}
"""Filters that an inspection can meet; by any other its own deadline is left out."""


def check(filters: Filters) -> None:
    """Malformed where `filters` ask for a past or an order, which no calendar has."""
    wrong = [name for name in ("as_of", "sort") if name in filters.model_fields_set]
    if wrong:
        errors = [(f"/{name}", "leave it out of a calendar") for name in wrong]
        raise Malformed("a calendar is as things are now, and puts them in order itself", errors)


def daily(filters: Filters) -> bool:
    """Does what is shown change with the day, though nothing was recorded?"""
    return bool(filters.overdue) or filters.stale is not None


def events(
    session: Session, reader: Actor, filters: Filters, *, stale_days: int
) -> Iterator[Event]:
    """Due dates of what is unfinished, days of the next review, and by when inspections must be
    answered, within the reader's reach. A date that is not exact stands on the latest day that it
    can mean, and says so; one without any day has no place in a calendar."""
    asked = selected(session, reader, filters, stale_days=stale_days)
    query = (
        asked.query.with_only_columns(*(asked.at[name] for name in COLUMNS))
        .where(
            or_(
                and_(asked.at["status"].in_(UNFINISHED), asked.at["due_on"].is_not(None)),
                asked.at["review_on"].is_not(None),
            )
        )
        .order_by(asked.at["inspection"], asked.at["ordinal"])
    )
    for row in session.connection().execute(query):
        yield from _of_recommendation(row)
    if filters.model_dump(exclude_defaults=True).keys() <= OF_INSPECTIONS:
        yield from _of_inspections(session, reader, filters)


def _of_recommendation(row: Any) -> Iterator[Event]:
    status = Status(row.status)
    about = f"Status: {status.value.replace('_', ' ')}\nOwner: {row.owner or 'nobody yet'}"
    common = {
        "changed": row.updated_at,
        "version": row.version,
        "path": f"recommendations/{row.ref}",
    }
    day = row.due_latest or row.due_earliest
    if status in UNFINISHED and row.due_on is not None and day is not None:
        exact = row.due_earliest == row.due_latest
        said = in_words(row.due_on)
        yield Event(
            uid=f"{row.ref}-due@recommendation-tracker",
            day=day,
            summary=f"Due{'' if exact else f' {said}'}: {row.title} [{row.ref}]",
            description=f"{row.title}\n\nDue: {said}\n{about}",
            categories=["Due", *row.themes],
            exact=exact,
            **common,
        )
    if row.review_on is not None:
        yield Event(
            uid=f"{row.ref}-review@recommendation-tracker",
            day=row.review_on,
            summary=f"Review: {row.title} [{row.ref}]",
            description=f"{row.title}\n\nReview: {day_in_words(row.review_on)}\n{about}",
            categories=["Review", *row.themes],
            exact=True,
            **common,
        )


def _of_inspections(session: Session, reader: Actor, filters: Filters) -> Iterator[Event]:
    """By when each must be answered: as its document says, else as its framework's rule gives."""
    query = select(Inspection).order_by(col(Inspection.slug))
    for column, wanted in (
        (col(Inspection.place), reader.places),
        (col(Inspection.place), filters.place or None),
        (col(Inspection.slug), filters.inspection or None),
        (col(Inspection.framework), filters.framework or None),
    ):
        if wanted is not None:
            query = query.where(column.in_(wanted))
    found = list(session.scalars(query))
    by_slug = deadlines.due(session, found)
    for inspection in found:
        answer = by_slug[inspection.slug]
        basis = "as its document states" if answer["stated"] else "in working days from publication"
        due = parse(str(answer["stated"] or answer["computed"] or "XXXX"))
        day = due.latest or due.earliest
        if day is not None:
            yield Event(
                uid=f"{inspection.slug}-response@recommendation-tracker",
                day=day,
                summary=f"Response due: {inspection.title} [{inspection.slug}]",
                description=f"{inspection.title}\n\nDue: {in_words(due.text)}, {basis}",
                categories=["Response"],
                exact=due.earliest == due.latest,
                changed=inspection.updated_at,
                version=inspection.version,
                path=f"inspections/{inspection.slug}",
            )
