"""Pieces of evidence: the table, how each is shown, and when one counts."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, or_, select
from sqlmodel import Field, Session, col

from app.domain import recommendations, sources
from app.domain.actors import Actor
from app.domain.base import (
    DOCUMENT,
    NAME,
    PROSE,
    Moment,
    Shown,
    Table,
    fetch,
    words,
)
from app.domain.errors import NotFound
from app.domain.keyset import Key, behind
from app.domain.recommendations import Recommendation


class EvidenceKind(StrEnum):
    AUDIT = "audit"
    PERFORMANCE_DATA = "performance_data"
    POLICY = "policy"
    PROCEDURE = "procedure"
    TRAINING = "training"
    MINUTES = "minutes"
    CASE_SAMPLE = "case_sample"
    CHILD_OR_FAMILY_FEEDBACK = "child_or_family_feedback"
    PRACTITIONER_FEEDBACK = "practitioner_feedback"
    EXTERNAL_REVIEW = "external_review"
    INSPECTION_FINDING = "inspection_finding"
    OTHER = "other"


class Level(StrEnum):
    """We did something; something changed; children are better off."""

    ACTIVITY = "activity"
    OUTPUT = "output"
    OUTCOME = "outcome"


class Bearing(StrEnum):
    SUPPORTS = "supports"
    MIXED = "mixed"
    UNDERMINES = "undermines"


class Review(StrEnum):
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Evidence(Table, table=True):
    """`round` is the recommendation's when it was recorded: evidence from before a refusal or a
    reopening supports no new claim."""

    id: str = Field(primary_key=True, sa_type=NAME)
    key: str | None = Field(default=None, max_length=200, unique=True)
    ref: str = Field(sa_type=NAME, foreign_key="recommendation.ref", ondelete="RESTRICT")
    place: str = Field(sa_type=NAME, foreign_key="place.slug", ondelete="RESTRICT")
    action: str | None = Field(
        default=None, sa_type=NAME, foreign_key="action.id", ondelete="RESTRICT"
    )
    kind: EvidenceKind = Field(sa_type=words(EvidenceKind))
    level: Level = Field(sa_type=words(Level))
    bearing: Bearing = Field(sa_type=words(Bearing))
    summary: str = Field(sa_type=PROSE)
    observed: str | None = Field(default=None, max_length=40)
    observed_earliest: date | None = None
    observed_latest: date | None = None
    valid_until: str | None = Field(default=None, max_length=40)
    valid_until_latest: date | None = None
    link: str | None = Field(default=None, max_length=2000)
    sha256: str | None = Field(default=None, max_length=64)
    provided_by: str | None = Field(
        default=None, sa_type=NAME, foreign_key="party.slug", ondelete="RESTRICT"
    )
    citations: list[dict[str, Any]] = Field(sa_type=DOCUMENT)
    round: int
    review: Review = Field(default=Review.SUBMITTED, sa_type=words(Review))
    review_reason: str | None = Field(default=None, sa_type=PROSE)
    reviewed_by: str | None = Field(default=None, max_length=100)
    reviewed_at: datetime | None = Field(default=None, sa_type=Moment)
    reviewed_from: str | None = Field(default=None, sa_type=NAME)
    """The organisation that the reviewer spoke for, if any."""
    supersedes: str | None = Field(
        default=None, sa_type=NAME, foreign_key="evidence.id", ondelete="RESTRICT", unique=True
    )
    superseded: bool = False
    withdrawn: bool = False
    withdrawn_reason: str | None = Field(default=None, sa_type=PROSE)
    recorded_by: str = Field(max_length=100)
    recorded_from: str | None = Field(default=None, sa_type=NAME)
    recorded_at: datetime = Field(sa_type=Moment)
    version: int = 1

    __table_args__ = (Index(None, "ref", "recorded_at"),)

    def counts(self, day: date) -> bool:
        """Does it support what is claimed? Not where it was withdrawn, rejected, superseded or has
        expired by `day`."""
        return (
            self.bearing is Bearing.SUPPORTS
            and self.stands
            and (self.valid_until_latest is None or self.valid_until_latest >= day)
        )

    @property
    def stands(self) -> bool:
        return not (self.withdrawn or self.superseded or self.review is Review.REJECTED)


class EvidenceShown(Shown):
    id: str
    key: str | None
    recommendation: str
    action: str | None
    kind: EvidenceKind
    level: Level
    bearing: Bearing
    summary: str
    observed: str | None
    valid_until: str | None
    link: str | None
    sha256: str | None
    provided_by: str | None
    review: Review
    review_reason: str | None
    reviewed_by: str | None
    reviewed_at: str | None
    supersedes: str | None
    superseded: bool
    withdrawn: bool
    withdrawn_reason: str | None
    counts: bool
    citations: list[sources.CitationShown]
    recorded_by: str | None
    recorded_at: str
    version: int


def find(
    session: Session, actor: Actor, id_: str, *, lock: bool = False
) -> tuple[Evidence, Recommendation]:
    """A piece of evidence and what it is about. NotFound where there is none within reach."""
    piece = fetch(session, Evidence, id_)
    if not piece:
        raise NotFound("no evidence has that id")
    recommendation = recommendations.find(session, actor, piece.ref, lock=lock)
    if lock:
        session.refresh(piece)  # nobody changes it while its recommendation is locked
    return piece, recommendation


def find_by_key(session: Session, key: str) -> Evidence | None:
    """By its key or its id: an export gives the id as key to what has none."""
    return session.scalars(
        select(Evidence).where(or_(col(Evidence.key) == key, col(Evidence.id) == key))
    ).first()


def of(session: Session, ref: str) -> list[Evidence]:
    """All evidence on a recommendation, in the order it was recorded."""
    return by_ref(session, [ref])[ref]


def by_ref(session: Session, refs: Sequence[str]) -> dict[str, list[Evidence]]:
    """All evidence on each recommendation, in the order it was recorded."""
    query = (
        select(Evidence)
        .where(col(Evidence.ref).in_(refs))
        .order_by(col(Evidence.recorded_at), col(Evidence.id))
    )
    found: dict[str, list[Evidence]] = {ref: [] for ref in refs}
    for piece in session.scalars(query):
        found[piece.ref].append(piece)
    return found


def page(session: Session, ref: str, *, after: Sequence[Any] | None, limit: int) -> list[Evidence]:
    """Evidence on a recommendation in the order it was recorded, behind `after`."""
    when, id_ = col(Evidence.recorded_at), col(Evidence.id)
    query = select(Evidence).where(col(Evidence.ref) == ref).order_by(when, id_).limit(limit)
    if after is not None:
        query = query.where(behind([Key(when, datetime), Key(id_, str)], after))
    return list(session.scalars(query))


def shown(reader: Actor, piece: Evidence, day: date) -> dict[str, Any]:
    """As EvidenceShown, for this reader, on this day."""
    return {
        "id": piece.id,
        "key": piece.key,
        "recommendation": piece.ref,
        "action": piece.action,
        "kind": piece.kind,
        "level": piece.level,
        "bearing": piece.bearing,
        "summary": piece.summary,
        "observed": piece.observed,
        "valid_until": piece.valid_until,
        "link": piece.link,
        "sha256": piece.sha256,
        "provided_by": piece.provided_by,
        "review": piece.review,
        "review_reason": piece.review_reason,
        "reviewed_by": reader.shown(piece.reviewed_by),
        "reviewed_at": piece.reviewed_at,
        "supersedes": piece.supersedes,
        "superseded": piece.superseded,
        "withdrawn": piece.withdrawn,
        "withdrawn_reason": piece.withdrawn_reason,
        "counts": piece.counts(day),
        "citations": piece.citations,
        "recorded_by": reader.shown(piece.recorded_by),
        "recorded_at": piece.recorded_at,
        "version": piece.version,
    }
