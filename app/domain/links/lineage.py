"""Lineages: one concern through time, a connected family over confirmed lineage links."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from sqlalchemy import or_, select
from sqlmodel import Session, col

from app.domain import changes, inspections, recommendations
from app.domain.actors import RULES
from app.domain.links.link import LINEAGE, RERAISING, Link, State
from app.domain.recommendations import Recommendation


def family(session: Session, ref: str) -> list[str]:
    """All refs that `ref` hangs together with over confirmed lineage links, itself included."""
    found, fresh = {ref}, {ref}
    while fresh:
        rows = session.connection().execute(
            select(col(Link.later), col(Link.earlier)).where(
                or_(col(Link.later).in_(fresh), col(Link.earlier).in_(fresh)),
                col(Link.kind).in_(LINEAGE),
                col(Link.state) == State.CONFIRMED,
            )
        )
        fresh = {end for row in rows for end in row} - found
        found |= fresh
    return sorted(found)


def reaches(session: Session, start: str, goal: str, *, leave_out: str = "") -> bool:
    """Is `goal` reached from `start` going back over lineage links that nobody rejected?"""
    found, fresh = {start}, {start}
    while fresh:
        if goal in found:
            return True
        rows = session.connection().execute(
            select(col(Link.earlier)).where(
                col(Link.later).in_(fresh),
                col(Link.kind).in_(LINEAGE),
                col(Link.state) != State.REJECTED,
                col(Link.id) != leave_out,
            )
        )
        fresh = {row.earlier for row in rows} - found
        found |= fresh
    return False


def restate(session: Session, refs: Iterable[str], *, told: Collection[str] = ()) -> None:
    """What the rows of these and their families say of lineage: its name, how often each was
    raised again, and whether that contradicts that it was done. `told`: those of which the caller
    records a change of its own."""
    done: set[str] = set()
    for ref in refs:
        if ref not in done:
            done |= _restate(session, family(session, ref), told)


def _restate(session: Session, refs: list[str], told: Collection[str]) -> set[str]:
    members = {
        row.ref: row
        for row in session.scalars(
            select(Recommendation)
            .where(col(Recommendation.ref).in_(refs))
            .order_by(col(Recommendation.ref))
            .with_for_update()
        )
    }
    taken_up = _taken_up(session, refs)
    name = min(members.values(), key=age).ref if len(members) > 1 else None
    for member in members.values():
        later = {members[ref].inspection for ref in _above(member.ref, taken_up)} - {
            member.inspection
        }
        says = {"lineage": name, "times_reraised": len(later)}
        changed = changes.differences(member, says)
        member.sqlmodel_update(says)
        restate_reraised(session, member)
        session.add(member)
        if changed is not None and member.ref not in told:
            before, after = changed
            recommendations.note(
                session, RULES, member, "lineage:restated", before=before, after=after
            )
    session.flush()
    return set(refs)


def restate_reraised(session: Session, recommendation: Recommendation) -> None:
    """Was it raised again, by an inspection published after it counted as done?"""
    recommendation.reraised = bool(reraising(session, [recommendation])[recommendation.ref])


def reraising(
    session: Session, those: Sequence[Recommendation]
) -> dict[str, list[tuple[date, Link]]]:
    """For each of these the confirmed links that contradict that it is done: from inspections
    published after the day from which it counts as done; with the day of publication."""
    settled = {one.ref: one.settled_on for one in those if one.settled_on is not None}
    found: dict[str, list[tuple[date, Link]]] = {one.ref: [] for one in those}
    if not settled:
        return found
    query = (
        select(Link, col(inspections.Inspection.published_latest))
        .join(Recommendation, col(Link.later) == col(Recommendation.ref))
        .join(
            inspections.Inspection,
            col(Recommendation.inspection) == col(inspections.Inspection.slug),
        )
        .where(
            col(Link.earlier).in_(settled),
            col(Link.state) == State.CONFIRMED,
            col(Link.kind).in_(RERAISING),
        )
        .order_by(col(Link.id))
    )
    for link, day in session.execute(query):
        if day is not None and day > settled[link.earlier]:
            found[link.earlier].append((day, link))
    return found


def superseded(session: Session, ref: str) -> bool:
    """Does a later recommendation take this one up, by a confirmed lineage link?"""
    return (
        session.scalars(
            select(col(Link.id))
            .where(
                col(Link.earlier) == ref,
                col(Link.kind).in_(LINEAGE),
                col(Link.state) == State.CONFIRMED,
            )
            .limit(1)
        ).first()
        is not None
    )


def _taken_up(session: Session, refs: list[str]) -> dict[str, list[str]]:
    """For each earlier one, the later ones that take it up."""
    found: dict[str, list[str]] = {}
    rows = session.connection().execute(
        select(col(Link.later), col(Link.earlier)).where(
            col(Link.later).in_(refs),
            col(Link.kind).in_(LINEAGE),
            col(Link.state) == State.CONFIRMED,
        )
    )
    for row in rows:
        found.setdefault(row.earlier, []).append(row.later)
    return found


def _above(ref: str, taken_up: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    fresh = [ref]
    while fresh:
        for later in taken_up.get(fresh.pop(), ()):
            if later not in found:
                found.add(later)
                fresh.append(later)
    return found


def age(recommendation: Recommendation) -> tuple[date, str, int]:
    """How the members of a family stand, the earliest first; those whose date is not known are
    taken for the youngest."""
    raised = recommendation.raised_on
    when = date.max if raised == inspections.UNDATED else raised
    return when, recommendation.inspection, recommendation.ordinal


def _follow(session: Session, inspection: inspections.Inspection) -> None:
    """Dates of an inspection changed: lineages through it may begin elsewhere, or contradict."""
    ends = or_(
        col(Link.later) == col(Recommendation.ref), col(Link.earlier) == col(Recommendation.ref)
    )
    touched = (
        select(Recommendation)
        .where(
            col(Recommendation.ref).in_(
                select(col(Link.earlier))
                .join(Recommendation, ends)
                .where(col(Recommendation.inspection) == inspection.slug)
            )
        )
        .order_by(col(Recommendation.ref))
        .with_for_update()
    )
    before = {row.ref: (row, row.reraised) for row in session.scalars(touched)}
    restate(session, before)
    for row, reraised in before.values():
        if row.reraised != reraised:
            recommendations.note(
                session,
                RULES,
                row,
                "regression:restated",
                before={"reraised": reraised},
                after={"reraised": row.reraised, "inspection": inspection.slug},
            )


inspections.redated.append(_follow)
