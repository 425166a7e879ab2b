"""Moves: the one function that changes a status; what each demands is in demands.py."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, func, select
from sqlmodel import Field, Session, col

from app.domain import base, contributions, demands, evidence, links, recommendations
from app.domain.actors import Actor, Can
from app.domain.base import DOCUMENT, NAME, PROSE, Expect, Moment, Table, unconditional, words
from app.domain.errors import Malformed, NotYours
from app.domain.evidence import Evidence, Level
from app.domain.recommendations import Recommendation
from app.domain.status import (
    CAN_RETURN,
    ClosureReason,
    Move,
    MoveGiven,
    Status,
    check_allowed,
    check_told,
)


class MoveMade(Table, table=True):
    """A move as it was made: `number` counts a recommendation's moves from 1."""

    __tablename__ = "move"

    ref: str = Field(
        primary_key=True, sa_type=NAME, foreign_key="recommendation.ref", ondelete="RESTRICT"
    )
    place: str = Field(sa_type=NAME, foreign_key="place.slug", ondelete="RESTRICT")
    number: int = Field(primary_key=True)
    status_before: Status = Field(sa_type=words(Status, "status_before"))
    status: Status = Field(sa_type=words(Status))
    effective_on: date
    reason: str | None = Field(default=None, sa_type=PROSE)
    closure_reason: ClosureReason | None = Field(default=None, sa_type=words(ClosureReason))
    review_on: date | None = None
    evidence: list[str] = Field(sa_type=DOCUMENT)
    """The ids of what a claim or a verification rests on, or of what makes a matter reopen."""
    link: str | None = Field(default=None, sa_type=NAME, foreign_key="link.id", ondelete="RESTRICT")
    """The link by which a later recommendation makes it reopen."""
    rests_on: Level | None = Field(default=None, sa_type=words(Level))
    """Of a verification: outcome evidence, or output where no outcome can exist."""
    made_by: str = Field(max_length=100)
    made_at: datetime = Field(sa_type=Moment)

    __table_args__ = (Index(None, "made_at"),)


def permit(session: Session, actor: Actor, recommendation: Recommendation, to: Status) -> Move:
    """The move, where this actor may make it. NotYours where the role or the organisation stands
    against it, or where the one who claimed would verify: no role lifts that."""
    move = Move(recommendation.status, to)
    if move.owners:
        actor.must(Can.CLAIM, of={recommendation.organisation} - {None})
    else:
        actor.must(Can.DECIDE)
    if (
        move.verifies
        and recommendation.status is Status.IMPLEMENTED
        and recommendation.claimed_by == actor.name
    ):
        raise NotYours("what one person claims, another verifies; ask somebody else to")
    return move


def permit_any(actor: Actor, recommendation: Recommendation) -> None:
    """NotYours for an actor who may make no move at all here, whatever it asks for."""
    actor.must(Can.CLAIM, of={recommendation.organisation} - {None})


def move(
    session: Session,
    actor: Actor,
    recommendation: Recommendation,
    given: MoveGiven,
    *,
    expect: Expect = unconditional,
) -> MoveMade:
    """Makes a move, or says why not: NotYours (permit), Malformed where something is not told or a
    day cannot be, Stale (expect), IllegalMove with the moves allowed, DemandUnmet with what the
    register must hold first. `recommendation` is locked by the caller."""
    made = permit(session, actor, recommendation, given.status)
    check_told(made, given)
    demands.check_unfinished(session, recommendation, made, given)
    effective_on = _effective_on(session, recommendation, given)
    cited = demands.cited(session, recommendation, given)
    link = demands.cause(session, recommendation, given)
    expect(recommendation.version)
    recommendations.check_stands(recommendation)
    check_allowed(made)
    rests_on, basis = demands.of(session, recommendation, made, given, cited)

    before = _told(recommendation)
    recommendation.status = given.status
    recommendation.status_rank = given.status.rank
    recommendation.status_since = effective_on
    recommendation.closure_reason = given.closure_reason
    if not (made.closes and made.before is Status.VERIFIED):  # what was to be reviewed still is
        recommendation.review_on = given.review_on
    if made.claims:
        recommendation.claimed_by = actor.name
    if made.refuses or made.reopens:
        recommendation.round += 1
        recommendation.claimed_by = None
        contributions.take_back(session, recommendation)
    if made.verifies:
        recommendation.assured_until = _assured_until(basis)
    _settle(recommendation, made, effective_on)
    row = MoveMade(
        ref=recommendation.ref,
        place=recommendation.place,
        number=_moves(session, recommendation.ref) + 1,
        status_before=made.before,
        status=made.after,
        effective_on=effective_on,
        reason=given.reason,
        closure_reason=given.closure_reason,
        review_on=given.review_on,
        evidence=[piece.id for piece in basis],
        link=link,
        rests_on=rests_on,
        made_by=actor.name,
        made_at=base.now(session),
    )
    session.add(row)
    evidence.restate(session, recommendation)
    links.restate_reraised(session, recommendation)
    after = _told(recommendation)
    changed = [name for name in after if after[name] != before[name]]
    recommendations.note(
        session,
        actor,
        recommendation,
        "status:moved",
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed}
        | ({"evidence": row.evidence} if basis else {})
        | ({"rests_on": rests_on} if rests_on else {})
        | ({"link": link} if link else {}),
        reason=given.reason,
        raises=True,
    )
    return row


def verified_on(session: Session, recommendation: Recommendation) -> Level | None:
    """Of what level the evidence is that its verification rests on, while that stands."""
    closed_as = recommendation.closure_reason
    if recommendation.status is not Status.VERIFIED and closed_as is not ClosureReason.IMPLEMENTED:
        return None
    query = (
        select(col(MoveMade.rests_on))
        .where(col(MoveMade.ref) == recommendation.ref, col(MoveMade.rests_on).is_not(None))
        .order_by(col(MoveMade.number).desc())
    )
    return session.scalars(query.limit(1)).first()


def _moves(session: Session, ref: str) -> int:
    query = select(func.max(col(MoveMade.number))).where(col(MoveMade.ref) == ref)
    return session.scalar(query) or 0


def _effective_on(session: Session, recommendation: Recommendation, given: MoveGiven) -> date:
    day = given.effective_on or base.today(session)
    since = recommendation.status_since
    if day > base.today(session):
        raise Malformed(
            "a move cannot take effect in the future",
            [("/effective_on", "must not lie after today")],
        )
    if since is not None and day < since:
        raise Malformed(
            "a move cannot take effect before the one before it",
            [
                (
                    "/effective_on",
                    f"must not lie before {since.isoformat()}, the previous move's day",
                )
            ],
        )
    return day


def _assured_until(basis: list[Evidence]) -> date | None:
    """The last day on which something that a verification rests on is still valid."""
    days = [piece.valid_until_latest for piece in basis]
    known = [day for day in days if day is not None]
    return max(known) if known and len(known) == len(days) else None


def _settle(recommendation: Recommendation, move: Move, effective_on: date) -> None:
    """Since when it counts as done: the verification's day, else the closure's."""
    if move.verifies:
        recommendation.settled_on = effective_on
    elif move.closes and move.before is not Status.VERIFIED:
        can_return = recommendation.closure_reason in CAN_RETURN
        recommendation.settled_on = effective_on if can_return else None
    elif not move.closes:
        recommendation.settled_on = recommendation.assured_until = None


def _told(recommendation: Recommendation) -> dict[str, Any]:
    names = ("status", "status_since", "closure_reason", "review_on")
    return {name: getattr(recommendation, name) for name in names}
