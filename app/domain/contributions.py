"""Contributions: the agencies that share a recommendation, and how far each says its part is."""

from sqlalchemy import select
from sqlmodel import Session, col

from app.domain import assignments, base, parties, recommendations
from app.domain.actors import Actor, Can, Role
from app.domain.assignments import Assignment, Part
from app.domain.base import Expect, Given, Prose, Slug, unconditional
from app.domain.errors import AlreadyExists, Malformed, NotFound, NotYours
from app.domain.recommendations import Recommendation
from app.domain.status import Progress


class ContributorGiven(Given):
    party: Slug
    reason: Prose | None = None


class ProgressGiven(Given):
    progress: Progress
    note: Prose | None = None


def contribute(
    session: Session,
    actor: Actor,
    recommendation: Recommendation,
    given: ContributorGiven,
    *,
    expect: Expect = unconditional,
) -> None:
    """Adds a contributor. AlreadyExists where it is one."""
    actor.must(Can.ASSIGN)
    parties.check(session, [given.party], "/party")
    expect(recommendation.version)
    recommendations.check_stands(recommendation)
    if given.party in recommendation.contributors:
        raise AlreadyExists("that party contributes already")
    assignments.begin(session, recommendation, given.party, Part.CONTRIBUTOR, given.reason)
    recommendation.contributors = sorted([*recommendation.contributors, given.party])
    restate(session, recommendation)
    recommendations.note(
        session,
        actor,
        recommendation,
        "contributor:added",
        after={"contributor": given.party},
        reason=given.reason,
        raises=True,
    )


def release(
    session: Session,
    actor: Actor,
    recommendation: Recommendation,
    party: str,
    reason: str | None,
    *,
    expect: Expect = unconditional,
) -> None:
    """Ends a contributor's assignment. NotFound where it does not contribute."""
    if party not in recommendation.contributors:
        raise NotFound("that party does not contribute to this recommendation")
    actor.must(Can.ASSIGN)
    if reason is None:
        raise Malformed(
            "a contributor leaves with a reason",
            [("/reason", "say why, as ?reason=...; it is kept in the history")],
        )
    expect(recommendation.version)
    recommendations.check_stands(recommendation)
    assignments.end(
        session, assignments.current(session, recommendation, party, Part.CONTRIBUTOR), reason
    )
    recommendation.contributors = [slug for slug in recommendation.contributors if slug != party]
    restate(session, recommendation)
    recommendations.note(
        session,
        actor,
        recommendation,
        "contributor:removed",
        before={"contributor": party},
        reason=reason,
        raises=True,
    )


def hand_over(
    session: Session,
    actor: Actor,
    recommendation: Recommendation,
    party: str,
    successor: str,
    reason: str,
) -> None:
    """One contributor takes another's place, with what that one said of its progress."""
    before = assignments.current(session, recommendation, party, Part.CONTRIBUTOR)
    assignments.end(session, before, reason)
    if successor not in recommendation.contributors:
        assignments.begin(session, recommendation, successor, Part.CONTRIBUTOR, reason)
        session.flush()
        after = assignments.current(session, recommendation, successor, Part.CONTRIBUTOR)
        for name in ("progress", "progress_note", "progress_by", "progress_at"):
            setattr(after, name, getattr(before, name))
        session.add(after)
    kept = {*recommendation.contributors, successor} - {party}
    recommendation.contributors = sorted(kept)
    restate(session, recommendation)
    recommendations.note(
        session,
        actor,
        recommendation,
        "contributor:succeeded",
        before={"contributor": party},
        after={"contributor": successor},
        reason=reason,
        raises=True,
    )


def permit_progress(
    session: Session, actor: Actor, recommendation: Recommendation, party: str
) -> None:
    """NotFound where the party does not contribute; NotYours for a contributor of another
    organisation than the party's."""
    if party not in recommendation.contributors:
        raise NotFound("that party does not contribute to this recommendation")
    actor.must_hold(Can.ADD_NOTE)
    if actor.role is Role.CONTRIBUTOR and actor.organisation != parties.organisation_of(
        session, party
    ):
        raise NotYours("only that contributor itself, or a lead, says how far its part is")


def say(
    session: Session,
    actor: Actor,
    recommendation: Recommendation,
    party: str,
    given: ProgressGiven,
) -> None:
    """A contributor says how far its part is. It raises no version: nobody's change is in its
    way."""
    permit_progress(session, actor, recommendation, party)
    recommendations.check_stands(recommendation)
    assignment = assignments.current(session, recommendation, party, Part.CONTRIBUTOR)
    before = assignment.progress
    assignment.progress = given.progress
    assignment.progress_note = given.note
    assignment.progress_by = actor.name
    assignment.progress_at = base.now(session)
    session.add(assignment)
    session.flush()
    restate(session, recommendation)
    recommendations.note(
        session,
        actor,
        recommendation,
        "contributor:progressed",
        before={"contributor": party, "progress": before},
        after={"contributor": party, "progress": given.progress, "note": given.note},
    )


def take_back(session: Session, recommendation: Recommendation) -> None:
    """After a refusal or a reopening nobody's part counts as done: each says anew."""
    query = select(Assignment).where(
        col(Assignment.ref) == recommendation.ref,
        col(Assignment.role) == Part.CONTRIBUTOR,
        col(Assignment.ended_at).is_(None),
        col(Assignment.progress) == Progress.DONE,
    )
    for assignment in session.scalars(query):
        assignment.progress = Progress.UNDER_WAY
        session.add(assignment)
    restate(session, recommendation)


def unfinished(session: Session, ref: str) -> list[str]:
    """The contributors who have not said that their part is done."""
    query = select(col(Assignment.party)).where(
        col(Assignment.ref) == ref,
        col(Assignment.role) == Part.CONTRIBUTOR,
        col(Assignment.ended_at).is_(None),
        col(Assignment.progress) != Progress.DONE,
    )
    return list(session.scalars(query.order_by(col(Assignment.party))))


def restate(session: Session, recommendation: Recommendation) -> None:
    """What the row says of its contributors together: the least advanced of them."""
    session.flush()
    query = select(col(Assignment.progress)).where(
        col(Assignment.ref) == recommendation.ref,
        col(Assignment.role) == Part.CONTRIBUTOR,
        col(Assignment.ended_at).is_(None),
    )
    said = set(session.scalars(query))
    recommendation.contributors_progress = next((one for one in Progress if one in said), None)
    session.add(recommendation)
