"""Intervals: what lists and summaries showed of a recommendation, and until which change."""

from datetime import date
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from app.domain.base import NAME, words
from app.domain.changes import Interval
from app.domain.status import Assurance, ClosureReason, Response, Status


class RecommendationInterval(Interval, table=True):
    """What lists and summaries showed of a recommendation from one change until another: by this
    the register answers what it said on a day."""

    __tablename__ = "recommendation_interval"

    ref: str = Field(
        primary_key=True, sa_type=NAME, foreign_key="recommendation.ref", ondelete="RESTRICT"
    )
    from_seq: int = Field(primary_key=True, foreign_key="change.seq", ondelete="RESTRICT")
    to_seq: int | None = Field(default=None, foreign_key="change.seq", ondelete="RESTRICT")
    place: str = Field(sa_type=NAME, foreign_key="place.slug", ondelete="RESTRICT")
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


def of(recommendation: Any) -> RecommendationInterval:
    """What is shown of a recommendation now. The journal fills in from which change on."""
    return RecommendationInterval(
        **{
            name: getattr(recommendation, name)
            for name in RecommendationInterval.model_fields
            if name not in ("from_seq", "to_seq")
        }
    )
