"""Proposing and reviewing links, and the laws of lineage that no link may break."""

from datetime import date
from typing import Any

from pydantic import Field as Described
from sqlalchemy import or_, select
from sqlmodel import Session, col

from app.domain import base, inspections, recommendations, sources
from app.domain.actors import Actor, Can
from app.domain.base import Expect, Given, Prose, Ref, unconditional
from app.domain.errors import AlreadyExists, LinkRefused, Malformed, NotFound
from app.domain.links import lineage
from app.domain.links.link import LINEAGE, Basis, Link, LinkKind, State, Strength, between, lock_all
from app.domain.recommendations import Recommendation


class LinkGiven(Given):
    """`later` takes up `earlier`. Entered as proposed: a person confirms or rejects it."""

    later: Ref
    earlier: Ref
    kind: LinkKind
    basis: Basis
    rationale: Prose
    strength: Strength | None = None
    citations: list[sources.CitationGiven] = Described(default=[], max_length=50)


class LinkReviewGiven(Given):
    """`confirmed` or `rejected`; a rejection, and a change of an earlier review, needs a reason."""

    state: State
    reason: Prose | None = None


def propose(
    session: Session,
    actor: Actor,
    given: LinkGiven,
    *,
    state: State = State.PROPOSED,
    pointer: str = "",
) -> Link:
    """Malformed where a recommendation is not known; LinkRefused where a law of lineage stands
    against it; AlreadyExists where the two have a link of that kind, rejected ones included, so
    that nothing can propose again what a person turned down.

    `state`: confirmed for the inspector's own statements that the seed or an import brings.
    """
    actor.must(Can.LINK)
    lock_all(session)
    later, earlier = _ends(session, actor, given, pointer)
    citations = sources.cited(session, given.citations, f"{pointer}/citations")
    for end in (later, earlier):
        recommendations.check_stands(end)
    if later.ref == earlier.ref:
        raise LinkRefused("a recommendation has no link to itself")
    if later.place != earlier.place:
        raise LinkRefused("a link joins recommendations of one place")
    certain = _in_order(session, later, earlier) if given.kind in LINEAGE else True
    if (found := between(session, later.ref, earlier.ref, given.kind)) is not None:
        raise AlreadyExists(
            "the two have a link of that kind already"
            + (", which a person rejected" if found.state is State.REJECTED else "")
        )
    if given.kind in LINEAGE:
        _no_cycle(session, later.ref, earlier.ref)
    low, high = sorted((later.ref, earlier.ref))
    link = Link(
        id=base.new_id(session, "ln"),
        later=later.ref,
        earlier=earlier.ref,
        low=low,
        high=high,
        kind=given.kind,
        basis=given.basis,
        state=state,
        strength=given.strength,
        rationale=given.rationale,
        citations=citations,
        order_certain=certain,
        asserted_by=actor.name,
        asserted_at=base.now(session),
    )
    session.add(link)
    session.flush()
    told = given.model_dump(mode="json", exclude_none=True)
    _record(session, actor, link, later, earlier, state.value, after=told)
    return link


def review(
    session: Session,
    actor: Actor,
    link: Link,
    given: LinkReviewGiven,
    *,
    expect: Expect = unconditional,
) -> None:
    """Malformed where a reason is missing; LinkRefused where confirming would break a law. `link`
    and its ends are locked by the caller: find()."""
    actor.must(Can.REVIEW)
    if given.state is State.PROPOSED:
        raise Malformed(
            "a review says confirmed or rejected", [("/state", "must be confirmed or rejected")]
        )
    if given.reason is None and (given.state is State.REJECTED or link.state is not State.PROPOSED):
        raise Malformed(
            "a rejection, or a changed review, needs a reason",
            [("/reason", "say why; it is kept in the history")],
        )
    expect(link.version)
    later = session.get_one(Recommendation, link.later)
    earlier = session.get_one(Recommendation, link.earlier)
    for end in (later, earlier):
        recommendations.check_stands(end)
    if given.state is State.CONFIRMED and link.kind in LINEAGE:
        link.order_certain = _in_order(session, later, earlier)
        _no_cycle(session, link.later, link.earlier, leave_out=link.id)
    before = link.state
    link.state = given.state
    link.reviewed_by = actor.name
    link.reviewed_at = base.now(session)
    link.review_reason = given.reason
    link.version += 1
    session.add(link)
    session.flush()
    _record(
        session,
        actor,
        link,
        later,
        earlier,
        given.state.value,
        before={"state": before},
        after={"state": given.state},
        reason=given.reason,
    )


def _ends(
    session: Session, actor: Actor, given: LinkGiven, pointer: str
) -> tuple[Recommendation, Recommendation]:
    found: dict[str, Recommendation] = {}
    for ref in sorted({given.later, given.earlier}):  # in one order, so that two never deadlock
        try:
            found[ref] = recommendations.find(session, actor, ref, lock=True)
        except NotFound as error:
            end = "later" if ref == given.later else "earlier"
            raise Malformed(
                "a recommendation is not known",
                [(f"{pointer}/{end}", "is not a recommendation of this register")],
            ) from error
    return found[given.later], found[given.earlier]


def _in_order(session: Session, later: Recommendation, earlier: Recommendation) -> bool:
    """LinkRefused where dates say that `later` came first; answers whether they say it did not."""
    return in_order(
        session.get_one(inspections.Inspection, later.inspection),
        session.get_one(inspections.Inspection, earlier.inspection),
    )


def in_order(one: inspections.Inspection, other: inspections.Inspection) -> bool:
    """LinkRefused where dates say that `one` came before `other`, which its recommendations are
    said to take up; answers whether they say it did not."""
    for field in ("published", "fieldwork"):
        if getattr(one, field) and getattr(other, field):
            break
    else:
        field = "raised"
    later_first, later_last = _span(one, field)
    earlier_first, earlier_last = _span(other, field)
    if later_last is not None and earlier_first is not None and later_last < earlier_first:
        raise LinkRefused(
            "lineage points back in time: what is named as later was raised before the other"
        )
    return later_first is not None and earlier_last is not None and later_first > earlier_last


def _span(inspection: inspections.Inspection, field: str) -> tuple[date | None, date | None]:
    return getattr(inspection, f"{field}_earliest"), getattr(inspection, f"{field}_latest")


def _no_cycle(session: Session, later: str, earlier: str, *, leave_out: str = "") -> None:
    """LinkRefused where `later` can be reached from `earlier` over links nobody rejected."""
    if lineage.reaches(session, earlier, later, leave_out=leave_out):
        raise LinkRefused("the link would close a circle: each would take up the other")


def _redated(session: Session, inspection: inspections.Inspection) -> None:
    """Dates of an inspection changed, and with them what is certain of order. LinkRefused where a
    confirmed link would point forward now: reject the one or correct the other first."""
    ends = select(col(Recommendation.ref)).where(col(Recommendation.inspection) == inspection.slug)
    touched = select(Link).where(
        col(Link.kind).in_(LINEAGE), or_(col(Link.later).in_(ends), col(Link.earlier).in_(ends))
    )
    for link in session.scalars(touched).all():
        later = session.get_one(Recommendation, link.later)
        earlier = session.get_one(Recommendation, link.earlier)
        try:
            link.order_certain = _in_order(session, later, earlier)
        except LinkRefused:
            if link.state is State.CONFIRMED:
                raise
            link.order_certain = False
        session.add(link)


def _record(
    session: Session,
    actor: Actor,
    link: Link,
    later: Recommendation,
    earlier: Recommendation,
    what: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """In the history of both ends; where the family changed, its members say so from now on."""
    if link.kind in LINEAGE:
        ends = (later.ref, earlier.ref)
        lineage.restate(session, ends, told=ends)
    for end in (later, earlier):
        recommendations.note(
            session,
            actor,
            end,
            f"link:{what}",
            before=before and {"link": link.id} | before,
            after={"link": link.id, "later": link.later, "earlier": link.earlier, "kind": link.kind}
            | (after or {}),
            reason=reason,
        )


inspections.redated.append(_redated)
