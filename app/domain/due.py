"""Due dates: whether one has passed on a day, comes near, and how far it has slid."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from app.domain.dates import Certainty, Fuzzy, bounds, parse
from app.domain.status import UNFINISHED

SOON = timedelta(days=30)


def fuzzy(text: str | None, earliest: date | None, latest: date | None) -> Fuzzy | None:
    """A due date from the columns that hold it."""
    return None if text is None else Fuzzy(text, earliest, latest)


def original(text: str | None) -> Fuzzy | None:
    """The first due date, which lists do not filter by, from its text alone."""
    return None if text is None else parse(text)


def overdue(unfinished: bool, due: Fuzzy | None, day: date) -> Certainty:
    """Only what is unfinished can be overdue; a fuzzy date may only possibly have passed."""
    if due is None or not unfinished:
        return Certainty.NO
    return due.before(day)


def soon(unfinished: bool, due: Fuzzy | None, day: date) -> bool:
    """Can it fall due between `day` and thirty days after?"""
    if due is None or not unfinished or due.earliest is None or due.latest is None:
        return False
    return due.earliest <= day + SOON and due.latest >= day


def slippage(original: date | None, current: date | None) -> int | None:
    """Days between the latest days of the original and the current due date."""
    return (current - original).days if original and current else None


def overdue_is(wanted: Certainty, columns: Mapping[str, Any], day: date) -> ColumnElement[bool]:
    """overdue() as a condition on columns (`status`, `due_on`, `due_earliest`, `due_latest`)."""
    unfinished = columns["status"].in_(UNFINISHED)
    earliest, latest = columns["due_earliest"], columns["due_latest"]
    passed = and_(latest.is_not(None), latest < day)
    ahead = and_(earliest.is_not(None), earliest >= day)
    if wanted is Certainty.YES:
        return and_(unfinished, passed)
    if wanted is Certainty.NO:
        return or_(~unfinished, columns["due_on"].is_(None), ahead)
    return and_(
        unfinished,
        columns["due_on"].is_not(None),
        or_(latest.is_(None), latest >= day),
        or_(earliest.is_(None), earliest < day),
    )


def restate(dated: Any) -> None:
    """The columns that follow from a due date that was just set or moved."""
    dated.due_earliest, dated.due_latest = bounds(dated.due_on)
    if dated.original_due_on is None:
        dated.original_due_on = dated.due_on
        dated.original_due_latest = dated.due_latest
    else:
        dated.times_moved += 1
