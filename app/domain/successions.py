"""Successions: bodies give way to others, and what is open passes on; who owned it then stays."""

from pydantic import Field
from sqlalchemy import select
from sqlmodel import Session, col

from app.domain import actions, assignments, base, changes, contributions, parties
from app.domain.actions import Action
from app.domain.actors import Actor, Can
from app.domain.assignments import Assignment
from app.domain.base import Expect, Given, Prose, Ref, Slug, unconditional
from app.domain.dates import Edtf, bounds
from app.domain.errors import AlreadyExists, Conflict, Malformed, NotYours
from app.domain.parties import Party, Succession
from app.domain.recommendations import Recommendation
from app.domain.status import Status


class SuccessionGiven(Given):
    """`on`: when, as well as it is known; none where no day is on record. `recommendations`: which
    of those open pass to this successor (left out: all), and with them the actions that serve no
    others. Where a body becomes several, a person says so for each."""

    successor: Slug
    on: Edtf | None = None
    reason: Prose
    recommendations: list[Ref] | None = Field(default=None, max_length=10_000)


def succeed(
    session: Session,
    actor: Actor,
    party: Party,
    given: SuccessionGiven,
    *,
    expect: Expect = unconditional,
) -> Succession:
    """Records a succession and passes on what is open: recommendations that the party owns or
    contributes to, and its unfinished actions.

    Malformed where the successor is not known, or where it must be said which recommendations
    pass; Conflict where the successor itself gave way to the party; AlreadyExists for a second
    time; NotYours where something would pass that is out of the actor's reach.
    """
    actor.must(Can.ENTER)
    parties.check(session, [given.successor], "/successor")
    if given.successor == party.slug:
        raise Malformed("a party does not succeed itself", [("/successor", "name another party")])
    expect(party.version)
    known = parties.successors(session, party.slug)
    if given.successor in {row.successor for row in known}:
        raise AlreadyExists("that succession is recorded already")
    if given.successor in parties.predecessors(session, [party.slug]):
        raise Conflict("that party gave way to this one: a circle of successions cannot be")
    planned, owned = _open(session, actor, party.slug)
    passing = _passing(given, owned, split=bool(known))
    earliest, latest = bounds(given.on)
    row = Succession(
        predecessor=party.slug,
        successor=given.successor,
        took_place=given.on,
        took_place_earliest=earliest,
        took_place_latest=latest,
        reason=given.reason,
        recorded_by=actor.name,
        recorded_at=base.now(session),
    )
    session.add(row)
    party.version += 1
    session.add(party)
    session.flush()
    changes.record(
        session,
        actor.name,
        "party:succeeded",
        party.slug,
        after={"successor": given.successor, "on": given.on},
        reason=given.reason,
    )
    words = f"Succeeds {party.name}: {given.reason}"
    for recommendation in passing:
        _pass(session, actor, recommendation, party.slug, given.successor, words)
    refs = {one.ref for one in passing}
    served = actions.serves(session, [one.id for one in planned])
    whole = [one for one in planned if given.recommendations is None or {*served[one.id]} <= refs]
    actions.pass_on(session, actor, whole, given.successor, words)
    return row


def permit(session: Session, actor: Actor, party: str) -> None:
    """NotYours below lead, and where something of the party's is out of the actor's reach."""
    actor.must(Can.ENTER)
    _open(session, actor, party)


def _open(session: Session, actor: Actor, party: str) -> tuple[list[Action], list[Recommendation]]:
    """The party's unfinished actions, and what is not closed and it owns or contributes to, locked
    in this order."""
    planned = actions.unfinished_of(session, party)
    held = select(col(Assignment.ref)).where(
        col(Assignment.party) == party, col(Assignment.ended_at).is_(None)
    )
    query = (
        select(Recommendation)
        .where(
            col(Recommendation.ref).in_(held),
            col(Recommendation.status) != Status.CLOSED,
            col(Recommendation.voided).is_(False),
        )
        .order_by(col(Recommendation.ref))
        .with_for_update()
    )
    found = list(session.scalars(query))
    places = {one.place for one in planned} | {one.place for one in found}
    if not all(actor.reaches(place) for place in places):
        raise NotYours("what this party owns lies also in places that your token does not reach")
    return planned, found


def _passing(
    given: SuccessionGiven, owned: list[Recommendation], *, split: bool
) -> list[Recommendation]:
    if given.recommendations is None:
        if split and owned:
            raise Malformed(
                "the party gave way to another before: a person decides who gets what",
                [("/recommendations", "list the refs that pass to this successor, or none: []")],
            )
        return owned
    by_ref = {one.ref: one for one in owned}
    if wrong := [
        (f"/recommendations/{index}", "is not open with this party")
        for index, ref in enumerate(given.recommendations)
        if ref not in by_ref
    ]:
        raise Malformed("not all of these can pass on", wrong)
    return [by_ref[ref] for ref in dict.fromkeys(given.recommendations)]


def _pass(
    session: Session,
    actor: Actor,
    recommendation: Recommendation,
    party: str,
    successor: str,
    words: str,
) -> None:
    if recommendation.owner == party:
        assignments.assign(session, actor, recommendation, successor, words)
    if party in recommendation.contributors:
        contributions.hand_over(session, actor, recommendation, party, successor, words)
