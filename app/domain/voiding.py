"""Voiding: what was entered by mistake is taken out of lists and counts, and stays readable."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Select, func, select, text
from sqlmodel import Field, Session, col

from app.domain import base, changes, entry, inspections, recommendations
from app.domain.actions import Action, ActionServes, ActionStatus
from app.domain.actors import RULES, Actor, Can
from app.domain.base import NAME, PROSE, Expect, Given, Moment, Prose, Shown, Table, unconditional
from app.domain.changes import Change
from app.domain.errors import WorkedOn
from app.domain.evidence import Evidence
from app.domain.intervals import RecommendationInterval
from app.domain.links import Link, State
from app.domain.recommendations import Recommendation

MOST_WORK = 20
"""What a refusal lists of the work that stands against it."""

NO_WORK = ("recommendation:corrected", "recommendation:erratum:recorded")
"""Changes that only bring what was entered nearer to its document."""


class Voiding(Table, table=True):
    """A recommendation may be voided, reinstated and voided again: each time is a row, and of one
    that lasts `ended_at` is none. `by_import`: the import whose reversal voided it."""

    id: str = Field(primary_key=True, sa_type=NAME)
    ref: str = Field(
        sa_type=NAME, foreign_key="recommendation.ref", ondelete="RESTRICT", index=True
    )
    place: str = Field(sa_type=NAME, foreign_key="place.slug", ondelete="RESTRICT")
    reason: str = Field(sa_type=PROSE)
    voided_by: str = Field(max_length=100)
    voided_at: datetime = Field(sa_type=Moment)
    by_import: str | None = Field(default=None, max_length=40)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)

    __table_args__ = (
        Index(
            "uq_voiding_lasting",
            "ref",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


class VoidingGiven(Given):
    reason: Prose


class VoidingShown(Shown):
    at: str
    by: str | None
    reason: str


def find(session: Session, actor: Actor, ref: str) -> Recommendation:
    """The recommendation, locked after its inspection: the order in which imports take them."""
    found = recommendations.find(session, actor, ref)
    inspections.within(session, actor, {found.inspection})
    return recommendations.find(session, actor, ref, lock=True)


def void(
    session: Session,
    actor: Actor,
    recommendation: Recommendation,
    reason: str,
    *,
    expect: Expect = unconditional,
) -> None:
    """Takes out what was entered by mistake. Voided where it was voided before; WorkedOn where
    people have worked on it since it was entered. Locked by the caller."""
    actor.must(Can.AMEND)
    expect(recommendation.version)
    void_all(session, actor, [recommendation], reason)


def void_all(
    session: Session,
    actor: Actor,
    those: Sequence[Recommendation],
    reason: str,
    *,
    by_import: str | None = None,
    since: Mapping[str, int] | None = None,
) -> None:
    """Voids all of these, or none. `since`: by ref the change after which work counts; where it is
    left out, the last of those with which the recommendation was entered."""
    for recommendation in those:
        recommendations.check_stands(recommendation)
    refs = [one.ref for one in those]
    work = work_since(session, entered(session, refs) if since is None else since)
    work += [one for one in standing_on(session, refs) if one not in work]
    if work:
        raise WorkedOn(
            "people have worked on it since it was entered, so that voiding would hide what they "
            "did; correct or close it instead",
            work=[one | {"actor": actor.shown(one["actor"])} for one in work[:MOST_WORK]],
        )
    for recommendation in those:
        recommendation.voided = True
        session.add(
            Voiding(
                id=base.new_id(session, "vo"),
                ref=recommendation.ref,
                place=recommendation.place,
                reason=reason,
                voided_by=actor.name,
                voided_at=base.now(session),
                by_import=by_import,
            )
        )
        recommendations.note(
            session,
            actor,
            recommendation,
            "voided",
            before={"voided": False},
            after={"voided": True} | ({"import": by_import} if by_import else {}),
            reason=reason,
            raises=True,
        )
    _count(session, actor, those)


def reinstate(session: Session, actor: Actor, recommendation: Recommendation) -> None:
    """Takes back the voiding of one that is voided: it counts again, as it stood. What hung on it
    before, such as its owner and links that were proposed, hangs on it again."""
    actor.must(Can.ENTER)
    voiding = lasting(session, [recommendation.ref])[recommendation.ref]
    voiding.ended_at = base.now(session)
    session.add(voiding)
    recommendation.voided = False
    recommendations.note(
        session,
        actor,
        recommendation,
        "reinstated",
        before={"voided": True},
        after={"voided": False},
        raises=True,
    )
    _count(session, actor, [recommendation])


def lasting(session: Session, refs: Collection[str]) -> dict[str, Voiding]:
    """Of those that are voided, the voiding: who did it, and by the reversal of which import."""
    found: dict[str, Voiding] = {}
    for some in base.batches(refs):
        query = select(Voiding).where(col(Voiding.ref).in_(some), col(Voiding.ended_at).is_(None))
        found |= {row.ref: row for row in session.scalars(query)}
    return found


def of(session: Session, reader: Actor, recommendation: Recommendation) -> dict[str, Any] | None:
    """The voiding of a recommendation as VoidingShown, where it is voided."""
    if not recommendation.voided:
        return None
    row = lasting(session, [recommendation.ref])[recommendation.ref]
    return {"at": row.voided_at, "by": reader.shown(row.voided_by), "reason": row.reason}


def entered(session: Session, refs: Collection[str]) -> dict[str, int]:
    """By ref, the last change of the transaction that entered it, or that last reinstated it.

    The journal does not say where a transaction ends. The intervals do: a transaction opens one for
    each recommendation that it changes, from the last of its changes on (changes.seal). So the
    first interval of a recommendation begins where its entry ended, however many changes of other
    things, of an import for instance, stand in between; and likewise the first one that does not
    begin before the reinstatement.
    """
    interval, change = base.columns(RecommendationInterval), base.columns(Change).c
    found: dict[str, int] = {}
    for some in base.batches(refs):
        again = (
            select(change.subject, func.max(change.seq).label("seq"))
            .where(change.subject.in_(some), change.action == "recommendation:reinstated")
            .group_by(change.subject)
            .subquery()
        )
        query = (
            select(interval.c.ref, func.min(interval.c.from_seq).label("seq"))
            .outerjoin(again, again.c.subject == interval.c.ref)
            .where(interval.c.ref.in_(some), interval.c.from_seq >= func.coalesce(again.c.seq, 0))
            .group_by(interval.c.ref)
        )
        found |= {row.ref: row.seq for row in session.connection().execute(query)}
    return found


def work_since(
    session: Session, since: Mapping[str, int], *, quiet: Collection[str] = NO_WORK
) -> list[dict[str, Any]]:
    """What people did about each of these refs after its change, as {ref, actor, at, action},
    oldest first: neither what is `quiet` (corrections of what was entered), nor what followed by
    rule."""
    change = base.columns(Change).c
    found: list[Any] = []
    for some in base.batches(since):
        query = select(change.seq, change.subject, change.actor, change.at, change.action).where(
            change.subject.in_(some),
            change.seq > min(since[ref] for ref in some),
            change.action.not_in(quiet),
            change.actor != RULES.name,
        )
        found += [
            row for row in session.connection().execute(query) if row.seq > since[row.subject]
        ]
    return [
        {"ref": row.subject, "actor": row.actor, "at": row.at, "action": row.action}
        for row in sorted(found, key=lambda row: row.seq)
    ]


def standing_on(session: Session, refs: Collection[str]) -> list[dict[str, Any]]:
    """What still hangs on these, whoever brought it and when, in the form of work_since():
    confirmed links of either end, evidence not withdrawn, actions not cancelled."""
    found = [
        {
            "ref": row.ref,
            "actor": row.actor,
            "at": row.at if isinstance(row.at, str) else changes.stamp(row.at),
            "action": f"recommendation:{what}",
        }
        for some in base.batches(refs)
        for what, query in _standing(some)
        for row in session.connection().execute(query)
    ]
    return sorted(found, key=lambda one: (one["at"], one["ref"], one["action"]))


def _standing(refs: Sequence[str]) -> Iterator[tuple[str, Select[Any]]]:
    """Queries for (ref, actor, at) of what hangs on these, each with what was done."""
    link, piece, serves, action, change = (
        base.columns(kind) for kind in (Link, Evidence, ActionServes, Action, Change)
    )
    for end in (link.c.later, link.c.earlier):
        yield (
            "link:confirmed",
            select(
                end.label("ref"),
                func.coalesce(link.c.reviewed_by, link.c.asserted_by).label("actor"),
                func.coalesce(link.c.reviewed_at, link.c.asserted_at).label("at"),
            ).where(end.in_(refs), link.c.state == State.CONFIRMED),
        )
    yield (
        "evidence:attached",
        select(
            piece.c.ref, piece.c.recorded_by.label("actor"), piece.c.recorded_at.label("at")
        ).where(piece.c.ref.in_(refs), piece.c.withdrawn.is_(False)),
    )
    yield (
        "action:added",
        select(serves.c.ref, change.c.actor, change.c.at)
        .join(action, action.c.id == serves.c.action)
        .join(change, (change.c.subject == action.c.id) & (change.c.action == "action:added"))
        .where(serves.c.ref.in_(refs), action.c.status != ActionStatus.CANCELLED),
    )


def _count(session: Session, actor: Actor, those: Sequence[Recommendation]) -> None:
    """Under the inspections' locks: two who count at once would each miss the other."""
    slugs = {one.inspection for one in those}
    inspections.within(session, actor, slugs)
    entry.count_held(session, slugs)
