"""Intervals: what lists and summaries showed of a recommendation, and until which change."""

from datetime import date

from sqlalchemy import Index, func, insert, literal, select, update
from sqlmodel import Field, Session, col

from app.domain import changes
from app.domain.base import NAME, Table, columns, words
from app.domain.changes import Change
from app.domain.status import Assurance, ClosureReason, Response, Status


class RecommendationInterval(Table, table=True):
    """What lists and summaries showed of a recommendation from one change until another: by this
    the register answers what it said on a day.

    It points to rows that the same statement reads, so the engines need not look for them again:
    no foreign keys, which would be asked row by row while all other writers wait.
    """

    __tablename__ = "recommendation_interval"

    ref: str = Field(primary_key=True, sa_type=NAME)
    from_seq: int = Field(primary_key=True)
    to_seq: int | None = None
    place: str = Field(sa_type=NAME)
    title: str = Field(max_length=300)
    status: Status = Field(sa_type=words(Status))
    closure_reason: ClosureReason | None = Field(default=None, sa_type=words(ClosureReason))
    owner: str | None = Field(default=None, sa_type=NAME)
    organisation: str | None = Field(default=None, sa_type=NAME)
    due_on: str | None = Field(default=None, max_length=40)
    due_earliest: date | None = None
    due_latest: date | None = None
    original_due_on: str | None = Field(default=None, max_length=40)
    original_due_latest: date | None = None
    times_moved: int = 0
    status_since: date | None = None
    review_on: date | None = None
    regressed: bool = False
    assurance: Assurance = Field(sa_type=words(Assurance))
    evidence_count: int = 0
    response: Response = Field(sa_type=words(Response))
    voided: bool = False

    __table_args__ = (Index(None, "to_seq", "ref"),)


def _keep(session: Session, first: int, last: int) -> None:
    """Closes what the recommendations changed by these numbers showed until then, and opens what
    they show from their last change on, as their rows have it now."""
    connection = session.connection()
    shown = columns(RecommendationInterval)
    now = Table.metadata.tables["recommendation"].c
    told = (
        select(col(Change.subject).label("ref"), func.max(col(Change.seq)).label("seq"))
        .where(col(Change.seq).between(first, last), col(Change.action).like("recommendation:%"))
        .group_by(col(Change.subject))
        .subquery()
    )
    connection.execute(
        update(shown)
        .where(shown.c.ref == told.c.ref, shown.c.to_seq.is_(None))
        .values(to_seq=told.c.seq)
    )
    kept = [column.name for column in shown.c if column.name not in ("ref", "from_seq", "to_seq")]
    connection.execute(
        insert(shown).from_select(
            ["ref", "from_seq", "to_seq", *kept],
            select(
                now.ref, told.c.seq, literal(None, shown.c.to_seq.type), *(now[n] for n in kept)
            ).join(told, told.c.ref == now.ref),
        )
    )


changes.sealed.append(_keep)
