"""Recommendations: the row that everything else is about, its entry and its corrections."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import Field as Described
from sqlalchemy import CheckConstraint, Index, select, update
from sqlmodel import Field, Session, col

from app.domain import base, changes, due, finding, inspections, parties, themes
from app.domain.actors import RULES, Actor, Can
from app.domain.base import (
    DOCUMENT,
    NAME,
    PROSE,
    Expect,
    Given,
    Line,
    Moment,
    Prose,
    Slug,
    Table,
    fetch,
    unconditional,
    words,
)
from app.domain.dates import Edtf
from app.domain.errors import Malformed, NotFound, NotYours, Voided
from app.domain.frameworks import Framework
from app.domain.status import Assurance, ClosureReason, Progress, Response, Status


class Kind(StrEnum):
    RECOMMENDATION = "recommendation"
    AREA_FOR_DEVELOPMENT = "area_for_development"
    AREA_FOR_IMPROVEMENT = "area_for_improvement"
    AREA_FOR_PRIORITY_ACTION = "area_for_priority_action"


class Priority(StrEnum):
    HIGH = "high"
    NORMAL = "normal"


class Recommendation(Table, table=True):
    """What lists show stands on this row, so that a list is one SELECT. What is copied from
    elsewhere (place, framework, organisation, counts, lineage ...) is written only by the function
    that changes the original, in the same transaction."""

    ref: str = Field(primary_key=True, sa_type=NAME)
    inspection: str = Field(sa_type=NAME, foreign_key="inspection.slug", ondelete="RESTRICT")
    ordinal: int
    framework: Framework = Field(sa_type=words(Framework))
    place: str = Field(sa_type=NAME, foreign_key="place.slug", ondelete="RESTRICT")
    raised_on: date
    number_as_printed: str | None = Field(default=None, max_length=300)
    section: str | None = Field(default=None, max_length=300)
    kind: Kind = Field(sa_type=words(Kind))
    kind_as_printed: str | None = Field(default=None, max_length=300)
    title: str = Field(max_length=300)
    text: str = Field(sa_type=PROSE)
    addressees: list[str] = Field(sa_type=DOCUMENT)
    addressees_as_printed: str | None = Field(default=None, max_length=300)
    themes: list[str] = Field(sa_type=DOCUMENT)
    priority: Priority = Field(sa_type=words(Priority))
    response: Response = Field(default=Response.NOT_RECORDED, sa_type=words(Response))
    citations: list[dict[str, Any]] = Field(sa_type=DOCUMENT)

    status: Status = Field(default=Status.OPEN, sa_type=words(Status))
    status_rank: int = 0
    status_since: date | None = None
    closure_reason: ClosureReason | None = Field(default=None, sa_type=words(ClosureReason))
    review_on: date | None = None
    round: int = 0
    """How often verification was refused or the matter reopened: evidence of an earlier round
    supports no new claim."""
    settled_on: date | None = None
    """Since when it counts as done (the verification's day, else the closure's): what inspectors
    say later can contradict it."""
    assured_until: date | None = None
    claimed_by: str | None = Field(default=None, max_length=100)

    owner: str | None = Field(
        default=None, sa_type=NAME, foreign_key="party.slug", ondelete="RESTRICT"
    )
    organisation: str | None = Field(
        default=None, sa_type=NAME, foreign_key="party.slug", ondelete="RESTRICT"
    )
    contributors: list[str] = Field(sa_type=DOCUMENT)
    contributors_progress: Progress | None = Field(default=None, sa_type=words(Progress))
    """The least advanced of its contributors."""
    due_on: str | None = Field(default=None, max_length=40)
    due_earliest: date | None = None
    due_latest: date | None = None
    original_due_on: str | None = Field(default=None, max_length=40)
    original_due_latest: date | None = None
    times_moved: int = 0

    evidence_count: int = 0
    action_count: int = 0
    assurance: Assurance = Field(default=Assurance.NONE, sa_type=words(Assurance))
    undermined: bool = False
    reraised: bool = False
    regressed: bool = False
    times_reraised: int = 0
    lineage: str | None = Field(default=None, sa_type=NAME)
    voided: bool = False
    import_id: str | None = Field(default=None, max_length=40)
    created_at: datetime = Field(sa_type=Moment)
    updated_at: datetime = Field(sa_type=Moment)
    version: int = 1

    __table_args__ = (
        CheckConstraint("ordinal BETWEEN 1 AND 9999", name="ordinal"),
        CheckConstraint("(status = 'closed') = (closure_reason IS NOT NULL)", name="closure"),
        Index(None, "inspection", "ordinal", unique=True),
        Index(None, "raised_on", "inspection", "ordinal"),
        Index(None, "updated_at", "inspection", "ordinal"),
        Index(None, "status", "updated_at"),
        Index(None, "organisation", "status"),
        Index(None, "owner"),
        Index(None, "place", "raised_on"),
        Index(None, "lineage"),
        Index(None, "due_latest"),
    )


reorganised: list[Callable[[Session, Recommendation], None]] = []
"""Called after a recommendation came to belong to another organisation: who derives from that."""


class RecommendationPatch(Given):
    """Never text or status. A change of `due_on` after the first needs `reason`; who agreed to it
    goes into `agreed_by`."""

    title: Line = ""
    themes: list[Slug] = Described(default=[], max_length=50)
    priority: Priority = Priority.NORMAL
    response: Response = Response.NOT_RECORDED
    due_on: Edtf | None = None
    reason: Prose | None = None
    agreed_by: Line | None = None


def amend(
    session: Session,
    actor: Actor,
    recommendation: Recommendation,
    given: RecommendationPatch,
    *,
    expect: Expect = unconditional,
) -> bool:
    """Changes the fields that `given` names; answers whether anything changed."""
    actor.must(Can.AMEND)
    values = given.model_dump(exclude_unset=True, exclude={"reason", "agreed_by"})
    if "themes" in values:
        values["themes"] = sorted(set(given.themes))
        themes.check(session, values["themes"])
    moves_due = "due_on" in values and values["due_on"] != recommendation.due_on
    if moves_due and recommendation.original_due_on is not None and given.reason is None:
        raise Malformed(
            "a due date that moves needs a reason",
            [("/reason", "say why the date moves and who agreed; it is kept in the history")],
        )
    expect(recommendation.version)
    check_stands(recommendation)
    changed = changes.differences(recommendation, values)
    if changed is None:
        return False
    before, after = changed
    said = finding.words_of(recommendation)
    recommendation.sqlmodel_update(after)
    if moves_due:
        due.restate(recommendation)
    note(
        session,
        actor,
        recommendation,
        "amended",
        before=before,
        after=after | ({"agreed_by": given.agreed_by} if moves_due and given.agreed_by else {}),
        reason=given.reason,
        raises=True,
    )
    ref = recommendation.ref
    finding.index(session, {ref: finding.words_of(recommendation)}, {ref: said})
    return True


def belong(session: Session, recommendation: Recommendation, organisation: str | None) -> None:
    """Makes it that organisation's matter, and what is derived from that follow."""
    recommendation.organisation = organisation
    for follow in reorganised:
        follow(session, recommendation)


def find(session: Session, actor: Actor, ref: str, *, lock: bool = False) -> Recommendation:
    """NotFound where there is none within the actor's places. `lock`: nobody else changes it, or
    what hangs on it, until this transaction ends."""
    found = fetch(session, Recommendation, ref, lock=lock)
    if not found or not actor.reaches(found.place):
        raise NotFound("no recommendation has that ref; GET /v1/recommendations lists them")
    return found


def check_stands(recommendation: Recommendation) -> None:
    """Voided where it was voided. Asked by every verb that records something, behind what is
    malformed or stale; note() asks again, so that none can forget it."""
    if recommendation.voided:
        raise Voided("it was voided as entered by mistake; record this where it belongs")


def note(
    session: Session,
    actor: Actor,
    recommendation: Recommendation,
    what: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
    raises: bool = False,
) -> None:
    """Writes the row and its change. `raises`: the change is one that If-Match names the version
    of; attaching things to a recommendation is not."""
    told = [(recommendation, before, after)]
    note_all(session, actor, what, told, reason=reason, raises=raises)


def note_all(
    session: Session,
    actor: Actor,
    what: str,
    told: Sequence[tuple[Recommendation, dict[str, Any] | None, dict[str, Any] | None]],
    *,
    reason: str | None = None,
    raises: bool = False,
) -> None:
    """Writes many rows, each with its change: pairs of before and after."""
    for recommendation, _, _ in told:
        if actor is not RULES and what != "voided":
            check_stands(recommendation)
        recommendation.updated_at = base.now(session)
        recommendation.regressed = recommendation.undermined or recommendation.reraised
        if raises:
            recommendation.version += 1
        session.add(recommendation)
    session.flush()
    for recommendation, before, after in told:
        changes.record(
            session,
            actor.name,
            f"recommendation:{what}",
            recommendation.ref,
            place=recommendation.place,
            before=before,
            after=after,
            reason=reason,
        )


def _redate(session: Session, inspection: inspections.Inspection) -> None:
    session.connection().execute(
        update(Recommendation)
        .where(col(Recommendation.inspection) == inspection.slug)
        .values(raised_on=inspection.raised_latest or inspections.UNDATED)
    )
    session.expire_all()


def check_reach(session: Session, actor: Actor, party: str) -> None:
    """NotYours where the party owns something out of the actor's reach: what follows from a change
    of the party would follow there too."""
    if actor.places is None:
        return
    beyond = select(col(Recommendation.ref)).where(
        col(Recommendation.owner) == party, col(Recommendation.place).not_in(actor.places)
    )
    if session.scalars(beyond.limit(1)).first() is not None:
        raise NotYours("what this party owns lies also in places that your token does not reach")


def _reorganise(session: Session, party: parties.Party) -> None:
    """What a party owns belongs to the organisation that it belongs to now."""
    owned = (
        select(Recommendation)
        .where(col(Recommendation.owner) == party.slug)
        .order_by(col(Recommendation.ref))
        .with_for_update()
    )
    for recommendation in session.scalars(owned).all():
        before, after = recommendation.organisation, party.organisation or party.slug
        belong(session, recommendation, after)
        note(
            session,
            RULES,
            recommendation,
            "reorganised",
            before={"organisation": before},
            after={"organisation": after},
        )


inspections.redated.append(_redate)
parties.reorganised.append(_reorganise)
