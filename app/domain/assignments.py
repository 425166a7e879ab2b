"""Assignments: who is accountable for a recommendation, who contributes, from when until when."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field as Described
from sqlalchemy import Index, select, text
from sqlmodel import Field, Session, col

from app.domain import base, bulk, changes, parties, recommendations
from app.domain.actors import Actor, Can
from app.domain.base import (
    NAME,
    PROSE,
    Expect,
    Given,
    Moment,
    Prose,
    Shown,
    Slug,
    Table,
    unconditional,
    words,
)
from app.domain.recommendations import Recommendation
from app.domain.status import Progress


class Part(StrEnum):
    """What a party is to a recommendation."""

    ACCOUNTABLE = "accountable"
    CONTRIBUTOR = "contributor"
    VERIFIER = "verifier"


class Assignment(Table, table=True):
    """Never overwritten: ended. `ended_at` is none while it lasts."""

    id: str = Field(primary_key=True, sa_type=NAME)
    ref: str = Field(
        sa_type=NAME, foreign_key="recommendation.ref", ondelete="RESTRICT", index=True
    )
    place: str = Field(sa_type=NAME, foreign_key="place.slug", ondelete="RESTRICT")
    party: str = Field(sa_type=NAME, foreign_key="party.slug", ondelete="RESTRICT", index=True)
    role: Part = Field(sa_type=words(Part))
    began_at: datetime = Field(sa_type=Moment)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    reason: str | None = Field(default=None, sa_type=PROSE)
    progress: Progress | None = Field(default=None, sa_type=words(Progress))
    """Of a contributor: how far its own part is."""
    progress_note: str | None = Field(default=None, sa_type=PROSE)
    progress_by: str | None = Field(default=None, max_length=100)
    progress_at: datetime | None = Field(default=None, sa_type=Moment)
    ended_reason: str | None = Field(default=None, sa_type=PROSE)

    __table_args__ = (
        # At most one open accountable assignment a recommendation: the engines hold to it too.
        Index(
            "uq_assignment_accountable",
            "ref",
            unique=True,
            sqlite_where=text("role = 'accountable' AND ended_at IS NULL"),
            postgresql_where=text("role = 'accountable' AND ended_at IS NULL"),
        ),
        Index(
            "uq_assignment_open",
            "ref",
            "party",
            "role",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


class OwnerGiven(Given):
    """`party` null: nobody is accountable any more."""

    party: Slug | None
    reason: Prose | None = None


class AssignmentShown(Shown):
    """`progress` and what goes with it are of contributors only."""

    party: str
    role: Part
    from_: str = Described(alias="from")
    to: str | None
    reason: str | None
    ended_reason: str | None
    progress: Progress | None
    progress_note: str | None
    progress_by: str | None
    progress_at: str | None


def assign(
    session: Session,
    actor: Actor,
    recommendation: Recommendation,
    party: str | None,
    reason: str | None = None,
    *,
    expect: Expect = unconditional,
    raises: bool = True,
) -> bool:
    """Makes `party` the accountable owner (None: nobody), ending the assignment before it.

    Malformed where the party is not known; answers whether anything changed.
    """
    actor.must(Can.ASSIGN)
    if party is not None:
        parties.check(session, [party], "/party")
    before = recommendation.owner
    expect(recommendation.version)
    recommendations.check_stands(recommendation)
    if party == before:
        return False
    if before is not None:
        end(session, current(session, recommendation, before, Part.ACCOUNTABLE), reason)
    if party is not None:
        begin(session, recommendation, party, Part.ACCOUNTABLE, reason)
    was = recommendation.organisation
    recommendation.owner = party
    recommendations.belong(session, recommendation, parties.organisation_of(session, party))
    recommendations.note(
        session,
        actor,
        recommendation,
        "owner:assigned" if party else "owner:removed",
        before={"owner": before, "organisation": was},
        after={"owner": party, "organisation": recommendation.organisation},
        reason=reason,
        raises=raises,
    )
    return True


def take_on(
    session: Session, actor: Actor, those: Sequence[tuple[Recommendation, str, str]]
) -> None:
    """Makes parties (and their organisations) accountable for what nobody was."""
    actor.must(Can.ASSIGN)
    told: list[tuple[Recommendation, dict[str, Any] | None, dict[str, Any] | None]] = []
    for recommendation, party, organisation in those:
        begin(session, recommendation, party, Part.ACCOUNTABLE, None)
        recommendation.owner = party
        recommendations.belong(session, recommendation, organisation)
        told.append((recommendation, *_from_nobody(party, organisation)))
    recommendations.note_all(session, actor, "owner:assigned", told, raises=True)


def begin_at_entry(
    session: Session, actor: Actor, those: Sequence[tuple[str, str, str, str]]
) -> None:
    """The assignments of what was just entered with an owner: of each its ref, place, party and
    organisation."""
    moment = bulk.stored(base.now(session))
    bulk.insert(
        session,
        Assignment,
        ("id", "ref", "place", "party", "role", "began_at"),
        [
            (base.new_id(session, "as"), ref, place, party, Part.ACCOUNTABLE.value, moment)
            for ref, place, party, _ in those
        ],
    )
    for ref, place, party, organisation in those:
        before, after = _from_nobody(party, organisation)
        changes.record(
            session,
            actor.name,
            "recommendation:owner:assigned",
            ref,
            place=place,
            before=before,
            after=after,
        )


def _from_nobody(party: str, organisation: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """An assignment of what nobody owned, as the journal tells it: before and after."""
    after = {"owner": party, "organisation": organisation}
    return {"owner": None, "organisation": None}, after


def concerned(session: Session, recommendation: Recommendation) -> set[str | None]:
    """The organisations whose matter it is: the owner's and the contributors'."""
    found: set[str | None] = {recommendation.organisation} - {None}
    for slug in recommendation.contributors:
        found.add(parties.organisation_of(session, slug))
    return found


def by_ref(session: Session, reader: Actor, refs: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """All assignments of each recommendation, as AssignmentShown, in the order they began."""
    query = (
        select(Assignment)
        .where(col(Assignment.ref).in_(refs))
        .order_by(col(Assignment.began_at), col(Assignment.id))
    )
    found: dict[str, list[dict[str, Any]]] = {ref: [] for ref in refs}
    for row in session.scalars(query):
        found[row.ref].append(
            {
                "party": row.party,
                "role": row.role,
                "from": row.began_at,
                "to": row.ended_at,
                "reason": row.reason,
                "ended_reason": row.ended_reason,
                "progress": row.progress,
                "progress_note": row.progress_note,
                "progress_by": reader.shown(row.progress_by),
                "progress_at": row.progress_at,
            }
        )
    return found


def current(session: Session, recommendation: Recommendation, party: str, role: Part) -> Assignment:
    """The assignment of a party in a role that lasts now. There is one: the row says so."""
    return session.scalars(
        select(Assignment).where(
            col(Assignment.ref) == recommendation.ref,
            col(Assignment.party) == party,
            col(Assignment.role) == role,
            col(Assignment.ended_at).is_(None),
        )
    ).one()


def begin(
    session: Session, recommendation: Recommendation, party: str, role: Part, reason: str | None
) -> None:
    session.add(
        Assignment(
            id=base.new_id(session, "as"),
            ref=recommendation.ref,
            place=recommendation.place,
            party=party,
            role=role,
            began_at=base.now(session),
            reason=reason,
            progress=Progress.NOT_STARTED if role is Part.CONTRIBUTOR else None,
        )
    )


def end(session: Session, assignment: Assignment, reason: str | None) -> None:
    assignment.ended_at = base.now(session)
    assignment.ended_reason = reason
    session.add(assignment)
    session.flush()
