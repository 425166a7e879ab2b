"""/v1/reports: questions about the whole register, for dashboards and for boards."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.deps import Reading
from app.domain import reports
from app.domain.reports import (
    AgeingAsked,
    AgeingShown,
    MovementAsked,
    MovementShown,
    RecurrenceAsked,
    RecurrenceShown,
    SummaryAsked,
    SummaryShown,
)

router = APIRouter(prefix="/reports", tags=["Reports"])


@router.get("/summary", response_model=SummaryShown)
def summary(read: Reading, asked: Annotated[SummaryAsked, Query()]) -> Response:
    """How many recommendations stand where, by group, now or by the end of a day. Beside every
    count stands its denominator: how many are held of how many that were made."""
    with read as session:
        stale = read.settings.stale_days
        return read.many(
            lambda: reports.summary(session, read.actor, asked, stale_days=stale), daily=True
        )


@router.get("/movement", response_model=MovementShown)
def movement(read: Reading, asked: Annotated[MovementAsked, Query()]) -> Response:
    """What lists show otherwise at the end of `to` (today where it is left out) than at the end of
    `from`, field by field, with when and why. The same days give the same answer for ever."""
    with read as session:
        return read.many(lambda: reports.movement(session, read.actor, asked), daily=True)


@router.get("/recurrence", response_model=RecurrenceShown)
def recurrence(read: Reading, asked: Annotated[RecurrenceAsked, Query()]) -> Response:
    """Which concerns were raised again, how often, by whom and for how long; what came back after
    it counted as done stands first."""
    with read as session:
        return read.many(lambda: reports.recurrence(session, read.actor, asked), daily=True)


@router.get("/ageing", response_model=AgeingShown)
def ageing(read: Reading, asked: Annotated[AgeingAsked, Query()]) -> Response:
    """For how long what is unfinished has been known, and how much of it is overdue or slid."""
    with read as session:
        stale = read.settings.stale_days
        return read.many(
            lambda: reports.ageing(session, read.actor, asked, stale_days=stale), daily=True
        )
