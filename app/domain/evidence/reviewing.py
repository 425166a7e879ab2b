"""Reviewing evidence and withdrawing it: never by editing, always with who and why."""

from sqlmodel import Session

from app.domain import assignments, base, recommendations
from app.domain.actors import Actor, Can
from app.domain.base import (
    Expect,
    Given,
    Prose,
    unconditional,
)
from app.domain.errors import Conflict, Malformed, NotYours
from app.domain.evidence.assurance import restate
from app.domain.evidence.pieces import Evidence, Review
from app.domain.recommendations import Recommendation


class ReviewGiven(Given):
    """`accepted` or `rejected`; a rejection, and a change of an earlier review, needs a reason."""

    review: Review
    reason: Prose | None = None


class WithdrawalGiven(Given):
    reason: Prose


def permit_review(actor: Actor, piece: Evidence) -> None:
    """NotYours below lead, and for the one who recorded it: no role lifts that."""
    actor.must(Can.REVIEW)
    if piece.recorded_by == actor.name:
        raise NotYours("evidence is reviewed by somebody other than the one who recorded it")


def permit_withdrawal(
    session: Session, actor: Actor, piece: Evidence, recommendation: Recommendation
) -> None:
    """NotYours but for a lead and, of its own organisation's matters, the one who recorded it."""
    if piece.recorded_by != actor.name:
        actor.must(Can.REVIEW)
    actor.must(Can.ADD_EVIDENCE, of=assignments.concerned(session, recommendation))


def review(
    session: Session,
    actor: Actor,
    piece: Evidence,
    recommendation: Recommendation,
    given: ReviewGiven,
    *,
    expect: Expect = unconditional,
) -> None:
    """Conflict for what was withdrawn; Malformed where a reason is missing."""
    permit_review(actor, piece)
    if given.review is Review.SUBMITTED:
        raise Malformed(
            "a review says accepted or rejected", [("/review", "must be accepted or rejected")]
        )
    again = piece.review is not Review.SUBMITTED
    if given.reason is None and (given.review is Review.REJECTED or again):
        raise Malformed(
            "a rejection, or a changed review, needs a reason",
            [("/reason", "say why; it is kept in the history")],
        )
    expect(piece.version)
    recommendations.check_stands(recommendation)
    if piece.withdrawn:
        raise Conflict("what was withdrawn is not reviewed")
    before = piece.review
    piece.review = given.review
    piece.review_reason = given.reason
    piece.reviewed_by = actor.name
    piece.reviewed_at = base.now(session)
    piece.reviewed_from = actor.organisation
    _changed(session, piece, recommendation)
    recommendations.note(
        session,
        actor,
        recommendation,
        f"evidence:{given.review.value}",
        before={"evidence": piece.id, "review": before},
        after={"evidence": piece.id, "review": given.review},
        reason=given.reason,
    )


def withdraw(
    session: Session,
    actor: Actor,
    piece: Evidence,
    recommendation: Recommendation,
    reason: str,
    *,
    expect: Expect = unconditional,
) -> None:
    """By the one who recorded it, or a lead. Conflict where it was withdrawn before."""
    permit_withdrawal(session, actor, piece, recommendation)
    expect(piece.version)
    recommendations.check_stands(recommendation)
    if piece.withdrawn:
        raise Conflict("it was withdrawn before")
    piece.withdrawn = True
    piece.withdrawn_reason = reason
    _changed(session, piece, recommendation)
    recommendations.note(
        session,
        actor,
        recommendation,
        "evidence:withdrawn",
        after={"evidence": piece.id},
        reason=reason,
    )


def _changed(session: Session, piece: Evidence, recommendation: Recommendation) -> None:
    piece.version += 1
    session.add(piece)
    session.flush()
    restate(session, recommendation)
