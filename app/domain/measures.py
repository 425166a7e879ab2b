"""Measures: the register in numbers for monitoring, few however much there is."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlmodel import Session

from app.domain import due
from app.domain.actors import Actor
from app.domain.base import columns, today
from app.domain.dates import LONDON, Certainty
from app.domain.filters import stale_before
from app.domain.inspections import Inspection
from app.domain.recommendations import Recommendation
from app.domain.status import UNFINISHED, Status

_ROW = columns(Recommendation).c


def counts(session: Session, reader: Actor, *, stale_days: int) -> Sequence[Any]:
    """For each inspection and status within the reader's reach: how many recommendations there
    are, and how many of them are `overdue`, `possibly_overdue`, `regressed`, `unowned`, `stale`,
    as lists and /v1/attention understand these words. One SELECT."""
    day, at = today(session), dict(_ROW.items())
    midnight = datetime.combine(stale_before(day, stale_days), time.min, LONDON)
    conditions = {
        "overdue": due.overdue_is(Certainty.YES, at, day),
        "possibly_overdue": due.overdue_is(Certainty.POSSIBLY, at, day),
        "regressed": _ROW.regressed.is_(True),
        "unowned": and_(_ROW.status.in_(UNFINISHED), _ROW.owner.is_(None)),
        "stale": and_(_ROW.status != Status.CLOSED, _ROW.updated_at < midnight),
    }
    query = (
        select(
            _ROW.inspection,
            _ROW.status,
            func.count().label("all"),
            *(func.count(case((one, 1))).label(name) for name, one in conditions.items()),
        )
        .where(_ROW.voided.is_(False))
        .group_by(_ROW.inspection, _ROW.status)
        .order_by(_ROW.inspection, _ROW.status)
    )
    if reader.places is not None:
        query = query.where(_ROW.place.in_(reader.places))
    return session.connection().execute(query).all()


def coverage(session: Session, reader: Actor) -> Sequence[Any]:
    """For each inspection within the reader's reach: how many recommendations it is known to have
    made (`stated_count`, none where that is not known), and how many are held."""
    row = columns(Inspection).c
    query = select(row.slug, row.stated_count, row.held_count).order_by(row.slug)
    if reader.places is not None:
        query = query.where(row.place.in_(reader.places))
    return session.connection().execute(query).all()
