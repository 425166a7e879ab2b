"""Attention: what needs a person now, most serious first, and why, in words."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Date,
    and_,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlmodel import Session, col

from app.domain import due, evidence, links, parties
from app.domain.actors import Actor
from app.domain.assignments import Assignment
from app.domain.base import Shown, columns, today
from app.domain.dates import LONDON, Certainty, london_day
from app.domain.evidence import Bearing, Evidence, Review
from app.domain.filters import stale_before
from app.domain.keyset import Key, behind
from app.domain.links import Link, State
from app.domain.parties import Party
from app.domain.recommendations import Recommendation
from app.domain.status import UNFINISHED, Status


class Need(StrEnum):
    """Why something needs a person, most serious first."""

    REGRESSED = "regressed"
    OVERDUE = "overdue"
    POSSIBLY_OVERDUE = "possibly_overdue"
    CLAIMED_WITHOUT_EVIDENCE = "claimed_without_accepted_evidence"
    EVIDENCE_WAITING = "evidence_waiting_for_review"
    LINKS_WAITING = "links_waiting_for_review"
    REVIEW_PASSED = "review_date_passed"
    UNOWNED = "unowned"
    STALE = "stale"

    @property
    def rank(self) -> int:
        return list(Need).index(self)


WORDS = {
    Need.REGRESSED: "it came back after it was verified or closed",
    Need.OVERDUE: "its due date has passed",
    Need.POSSIBLY_OVERDUE: "its due date is not exact and may have passed",
    Need.CLAIMED_WITHOUT_EVIDENCE: "it is claimed as implemented without accepted evidence",
    Need.EVIDENCE_WAITING: "evidence on it waits for somebody to review it",
    Need.LINKS_WAITING: "proposed links of it wait for somebody to confirm or reject them",
    Need.REVIEW_PASSED: "the day of its next review has come",
    Need.UNOWNED: "nobody is accountable for it",
    Need.STALE: "nothing was recorded about it for a long time",
}


class AttentionShown(Shown):
    """`since`: the day from which it needs somebody, where there is one."""

    ref: str
    title: str
    reason: Need
    since: str | None
    detail: str


_ROW = columns(Recommendation).c


def needs(
    session: Session,
    reader: Actor,
    *,
    party: str | None,
    stale_days: int,
    after: Sequence[Any] | None,
    limit: int,
) -> tuple[list[dict[str, Any]], list[Any] | None]:
    """What needs a person, as AttentionShown, most serious first; and the key of the last one where
    more follow. `party`: only what is its own."""
    day = today(session)
    concern: list[ColumnElement[bool]] = [_ROW.voided.is_(False)]
    if reader.places is not None:
        concern.append(_ROW.place.in_(reader.places))
    if party is not None:
        concern.append(_of(session, party))
    wanted = _union(day, stale_days, concern).subquery()
    keys = [Key(wanted.c.rank, int), Key(wanted.c.day, date), Key(wanted.c.ref, str)]
    query = select(wanted).order_by(*(key.order for key in keys)).limit(limit + 1)
    if after is not None:
        query = query.where(behind(keys, after))
    rows = session.connection().execute(query).all()
    began, causes = _began(session, rows[:limit])
    items = [_shown(row, began, causes) for row in rows[:limit]]
    if len(rows) <= limit:
        return items, None
    last = rows[limit - 1]
    return items, [last.rank, last.day, last.ref]


_NEVER = date.max
_NEVER_KNOWN = literal(_NEVER, Date)


def _shown(
    row: Any, began: Mapping[tuple[Need, str], date], causes: Mapping[str, str]
) -> dict[str, Any]:
    need = list(Need)[row.rank]
    cause = f" ({causes[row.ref]})" if need is Need.REGRESSED and row.ref in causes else ""
    known = None if row.day == _NEVER else row.day
    return {
        "ref": row.ref,
        "title": row.title,
        "reason": need,
        "since": began.get((need, row.ref), known),
        "detail": f"{row.ref}: {WORDS[need]}{cause}",
    }


def _began(
    session: Session, rows: Sequence[Any]
) -> tuple[dict[tuple[Need, str], date], dict[str, str]]:
    """For those of a page whose day another table knows: since when, and of what came back, what
    says so. As many queries as there are reasons, however long the page is."""
    refs = {need: [row.ref for row in rows if row.rank == need.rank] for need in Need}
    piece, link = columns(Evidence).c, columns(Link).c
    waiting = (piece.review == Review.SUBMITTED) & ~piece.withdrawn & ~piece.superseded
    firsts = {
        Need.EVIDENCE_WAITING: select(piece.ref, func.min(piece.recorded_at))
        .where(waiting, piece.ref.in_(refs[Need.EVIDENCE_WAITING]))
        .group_by(piece.ref),
        Need.LINKS_WAITING: select(link.later, func.min(link.asserted_at))
        .where(
            link.state == State.PROPOSED,
            link.later.in_(refs[Need.LINKS_WAITING]),
            links.stands(),
        )
        .group_by(link.later),
        Need.UNOWNED: select(_ROW.ref, _ROW.created_at).where(_ROW.ref.in_(refs[Need.UNOWNED])),
        Need.STALE: select(_ROW.ref, _ROW.updated_at).where(_ROW.ref.in_(refs[Need.STALE])),
    }
    connection = session.connection()
    began = {
        (need, ref): london_day(moment)
        for need, query in firsts.items()
        if refs[need]
        for ref, moment in connection.execute(query)
    }
    causes: dict[str, str] = {}
    query = select(Recommendation).where(_ROW.ref.in_(refs[Need.REGRESSED]))
    back = list(session.scalars(query)) if refs[Need.REGRESSED] else []
    again = links.reraising(session, back)
    pieces = evidence.by_ref(session, [one.ref for one in back])
    for one in back:
        said = [(day, f"raised again by {link.later}") for day, link in again[one.ref]]
        said += [
            (piece.observed_latest, f"undermined by {piece.id}")
            for piece in evidence.undermining(one, pieces[one.ref])
            if piece.observed_latest is not None
        ]
        if said:
            began[Need.REGRESSED, one.ref], causes[one.ref] = min(said)
    return began, causes


def _of(session: Session, party: str) -> ColumnElement[bool]:
    """What the party, one that belongs to it, or one that gave way to it owns or contributes to."""
    found = parties.find(session, party)
    own = [found.slug, *parties.predecessors(session, [found.slug])]
    belonging = select(col(Party.slug)).where(col(Party.organisation).in_(own))
    contributing = select(col(Assignment.ref)).where(
        or_(col(Assignment.party).in_(own), col(Assignment.party).in_(belonging)),
        col(Assignment.ended_at).is_(None),
    )
    return or_(_ROW.owner.in_(own), _ROW.organisation.in_(own), _ROW.ref.in_(contributing))


def _union(
    day: date, stale_days: int, concern: Sequence[ColumnElement[bool]]
) -> CompoundSelect[Any]:
    at = dict(_ROW.items())
    midnight = datetime.combine(stale_before(day, stale_days), time.min, LONDON)
    unfinished = _ROW.status.in_(UNFINISHED)
    piece, link = columns(Evidence).c, columns(Link).c
    waiting_evidence = select(piece.ref).where(
        piece.review == Review.SUBMITTED,
        piece.withdrawn.is_(False),
        piece.superseded.is_(False),
    )
    accepted = select(piece.ref).where(
        piece.review == Review.ACCEPTED,
        piece.bearing == Bearing.SUPPORTS,
        piece.withdrawn.is_(False),
        piece.superseded.is_(False),
        or_(piece.valid_until_latest.is_(None), piece.valid_until_latest >= day),
    )
    waiting_links = select(link.later).where(link.state == State.PROPOSED, links.stands())
    conditions: dict[Need, tuple[ColumnElement[bool], Any]] = {
        Need.REGRESSED: (_ROW.regressed.is_(True), _ROW.settled_on),
        Need.OVERDUE: (due.overdue_is(Certainty.YES, at, day), _ROW.due_latest),
        Need.POSSIBLY_OVERDUE: (due.overdue_is(Certainty.POSSIBLY, at, day), _ROW.due_earliest),
        Need.CLAIMED_WITHOUT_EVIDENCE: (
            and_(_ROW.status == Status.IMPLEMENTED, _ROW.ref.not_in(accepted)),
            _ROW.status_since,
        ),
        Need.EVIDENCE_WAITING: (_ROW.ref.in_(waiting_evidence), None),
        Need.LINKS_WAITING: (_ROW.ref.in_(waiting_links), None),
        Need.REVIEW_PASSED: (
            and_(_ROW.review_on.is_not(None), _ROW.review_on < day),
            _ROW.review_on,
        ),
        Need.UNOWNED: (and_(unfinished, _ROW.owner.is_(None)), None),
        Need.STALE: (and_(_ROW.status != Status.CLOSED, _ROW.updated_at < midnight), None),
    }
    return union_all(
        *(
            select(
                _ROW.ref,
                _ROW.title,
                literal(need.rank).label("rank"),
                _NEVER_KNOWN.label("day")
                if since is None
                else func.coalesce(since, _NEVER_KNOWN).label("day"),
            ).where(condition, *concern)
            for need, (condition, since) in conditions.items()
        )
    )
