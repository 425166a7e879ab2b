"""A link: its kinds and their inverses, the table, and how links are found and shown."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, Index, exists, or_, select, text
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
    columns,
    fetch,
    words,
)
from app.domain.errors import NotFound
from app.domain.keyset import Key, behind
from app.domain.recommendations import Recommendation


class LinkKind(StrEnum):
    """How a later recommendation stands to an earlier one. The last is symmetric."""

    REITERATES = "reiterates"
    BROADENS = "broadens"
    NARROWS = "narrows"
    SUPERSEDES = "supersedes"
    RELATES_TO = "relates_to"

    @property
    def inverse(self) -> str:
        """What the earlier one is to the later: `reiterated_by`."""
        return INVERSE[self.value]


INVERSE = {
    "reiterates": "reiterated_by",
    "broadens": "broadened_by",
    "narrows": "narrowed_by",
    "supersedes": "superseded_by",
    "relates_to": "relates_to",
}
INVERSE |= {after: before for before, after in INVERSE.items()}

LINEAGE = (LinkKind.REITERATES, LinkKind.BROADENS, LinkKind.NARROWS, LinkKind.SUPERSEDES)
RERAISING = (LinkKind.REITERATES, LinkKind.BROADENS, LinkKind.NARROWS)
"""Kinds by which a later recommendation contradicts that the earlier one was done."""


class Basis(StrEnum):
    STATED_BY_INSPECTOR = "stated_by_inspector"
    ANALYST = "analyst"
    MACHINE = "machine"


class State(StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Strength(StrEnum):
    STRONG = "strong"
    MODERATE = "moderate"
    PARTIAL = "partial"


class Link(Table, table=True):
    """`low` and `high` are its two ends in order of name: one link of a kind a pair. Whether dates
    say that it points back in time is `order_certain`."""

    id: str = Field(primary_key=True, sa_type=NAME)
    later: str = Field(sa_type=NAME, foreign_key="recommendation.ref", ondelete="RESTRICT")
    earlier: str = Field(sa_type=NAME, foreign_key="recommendation.ref", ondelete="RESTRICT")
    low: str = Field(sa_type=NAME)
    high: str = Field(sa_type=NAME)
    kind: LinkKind = Field(sa_type=words(LinkKind))
    basis: Basis = Field(sa_type=words(Basis))
    state: State = Field(sa_type=words(State))
    strength: Strength | None = Field(default=None, sa_type=words(Strength))
    rationale: str = Field(sa_type=PROSE)
    citations: list[dict[str, Any]] = Field(sa_type=DOCUMENT)
    order_certain: bool
    asserted_by: str = Field(max_length=100)
    asserted_at: datetime = Field(sa_type=Moment)
    reviewed_by: str | None = Field(default=None, max_length=100)
    reviewed_at: datetime | None = Field(default=None, sa_type=Moment)
    review_reason: str | None = Field(default=None, sa_type=PROSE)
    version: int = 1

    __table_args__ = (
        CheckConstraint("later <> earlier", name="self"),
        Index(None, "low", "high", "kind", unique=True),
        Index(None, "later", "state"),
        Index(None, "earlier", "state"),
        Index(None, "asserted_at", "id"),
    )


class LinkShown(Shown):
    id: str
    later: str
    earlier: str
    kind: LinkKind
    inverse: str
    basis: Basis
    state: State
    strength: Strength | None
    rationale: str
    citations: list[sources.CitationShown]
    order_certain: bool
    asserted_by: str | None
    asserted_at: str
    reviewed_by: str | None
    reviewed_at: str | None
    review_reason: str | None
    version: int


def find(session: Session, actor: Actor, id_: str, *, lock: bool = False) -> Link:
    """NotFound where there is none, or one of its ends is out of the actor's reach. `lock`: nobody
    else changes it, its ends or any other link until this transaction ends."""
    if lock:
        lock_all(session)
    link = fetch(session, Link, id_, lock=lock)
    if not link:
        raise NotFound("no link has that id; GET /v1/links lists them")
    for ref in sorted((link.later, link.earlier)):  # in one order, so that two never deadlock
        recommendations.find(session, actor, ref, lock=lock)
    return link


def lock_all(session: Session) -> None:
    """One writer of links at a time: two that do not see each other could close a cycle."""
    if session.connection().dialect.name == "postgresql":
        session.connection().execute(text("LOCK TABLE link IN SHARE ROW EXCLUSIVE MODE"))


def between(session: Session, one: str, other: str, kind: LinkKind) -> Link | None:
    """The link of a kind that the two have, whichever is the later."""
    low, high = sorted((one, other))
    return session.scalars(
        select(Link).where(col(Link.low) == low, col(Link.high) == high, col(Link.kind) == kind)
    ).first()


def links(
    session: Session,
    actor: Actor,
    *,
    recommendation: Sequence[str] = (),
    state: Sequence[State] = (),
    kind: Sequence[LinkKind] = (),
    basis: Sequence[Basis] = (),
    after: Sequence[Any] | None = None,
    limit: int,
) -> list[Link]:
    """Links within the actor's reach, oldest first, of which no end was voided."""
    when, id_ = col(Link.asserted_at), col(Link.id)
    query = select(Link).where(stands()).order_by(when, id_).limit(limit)
    for column, wanted in (
        (col(Link.state), state),
        (col(Link.kind), kind),
        (col(Link.basis), basis),
    ):
        if wanted:
            query = query.where(column.in_(wanted))
    if recommendation:
        query = query.where(
            or_(col(Link.later).in_(recommendation), col(Link.earlier).in_(recommendation))
        )
    if actor.places is not None:
        within = select(col(Recommendation.ref)).where(col(Recommendation.place).in_(actor.places))
        query = query.where(col(Link.later).in_(within), col(Link.earlier).in_(within))
    if after is not None:
        query = query.where(behind([Key(when, datetime), Key(id_, str)], after))
    return list(session.scalars(query))


def stands() -> ColumnElement[bool]:
    """No end of the link was voided. What was proposed on one stays as it was and is left out, so
    that it is there again where the voiding is taken back."""
    end = columns(Recommendation).alias("linked")
    return ~exists().where(end.c.ref.in_((col(Link.later), col(Link.earlier))), end.c.voided)


def of(session: Session, reader: Actor, refs: Iterable[str]) -> list[Link]:
    """All links with an end among `refs` that the reader reaches both ends of, oldest first, of
    which no end was voided."""
    wanted = list(refs)
    query = (
        select(Link)
        .where(or_(col(Link.later).in_(wanted), col(Link.earlier).in_(wanted)), stands())
        .order_by(col(Link.asserted_at), col(Link.id))
    )
    if reader.places is not None:
        within = select(col(Recommendation.ref)).where(col(Recommendation.place).in_(reader.places))
        query = query.where(col(Link.later).in_(within), col(Link.earlier).in_(within))
    return list(session.scalars(query))


def shown(reader: Actor, link: Link) -> dict[str, Any]:
    """As LinkShown, for this reader."""
    return {
        "id": link.id,
        "later": link.later,
        "earlier": link.earlier,
        "kind": link.kind,
        "inverse": link.kind.inverse,
        "basis": link.basis,
        "state": link.state,
        "strength": link.strength,
        "rationale": link.rationale,
        "citations": link.citations,
        "order_certain": link.order_certain,
        "asserted_by": reader.shown(link.asserted_by),
        "asserted_at": link.asserted_at,
        "reviewed_by": reader.shown(link.reviewed_by),
        "reviewed_at": link.reviewed_at,
        "review_reason": link.review_reason,
        "version": link.version,
    }
