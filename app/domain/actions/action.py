"""An action: its table, which recommendations it serves, its notes, and how it is shown."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, func, or_, select
from sqlmodel import Field, Session, col

from app.domain import due
from app.domain.actors import Actor
from app.domain.base import (
    DOCUMENT,
    NAME,
    PROSE,
    Moment,
    Shown,
    Table,
    fetch,
    today,
    words,
)
from app.domain.dates import Certainty
from app.domain.errors import NotFound
from app.domain.keyset import Key, behind


class ActionStatus(StrEnum):
    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"


UNFINISHED = (ActionStatus.PLANNED, ActionStatus.IN_PROGRESS)


class Action(Table, table=True):
    """`organisation` is the owner's. All recommendations that it serves are of its place."""

    id: str = Field(primary_key=True, sa_type=NAME)
    key: str | None = Field(default=None, max_length=200, unique=True)
    place: str = Field(sa_type=NAME, foreign_key="place.slug", ondelete="RESTRICT")
    title: str = Field(max_length=300)
    description: str | None = Field(default=None, sa_type=PROSE)
    status: ActionStatus = Field(sa_type=words(ActionStatus))
    owner: str | None = Field(
        default=None, sa_type=NAME, foreign_key="party.slug", ondelete="RESTRICT", index=True
    )
    organisation: str | None = Field(
        default=None, sa_type=NAME, foreign_key="party.slug", ondelete="RESTRICT"
    )
    contributors: list[str] = Field(sa_type=DOCUMENT)
    due_on: str | None = Field(default=None, max_length=40)
    due_earliest: date | None = None
    due_latest: date | None = None
    original_due_on: str | None = Field(default=None, max_length=40)
    original_due_latest: date | None = None
    times_moved: int = 0
    created_at: datetime = Field(sa_type=Moment)
    updated_at: datetime = Field(sa_type=Moment)
    version: int = 1

    __table_args__ = (Index(None, "created_at", "id"), Index(None, "place", "created_at"))


class ActionServes(Table, table=True):
    """An action serves a recommendation."""

    __tablename__ = "action_serves"

    action: str = Field(
        primary_key=True, sa_type=NAME, foreign_key="action.id", ondelete="RESTRICT"
    )
    ref: str = Field(
        primary_key=True,
        sa_type=NAME,
        foreign_key="recommendation.ref",
        ondelete="RESTRICT",
        index=True,
    )


class ActionNote(Table, table=True):
    """What people write beside an action."""

    __tablename__ = "action_note"

    id: str = Field(primary_key=True, sa_type=NAME)
    action: str = Field(sa_type=NAME, foreign_key="action.id", ondelete="RESTRICT", index=True)
    place: str = Field(sa_type=NAME, foreign_key="place.slug", ondelete="RESTRICT")
    text: str = Field(sa_type=PROSE)
    written_by: str = Field(max_length=100)
    written_at: datetime = Field(sa_type=Moment)


class ActionNoteShown(Shown):
    id: str
    action: str
    text: str
    written_by: str | None
    written_at: str


class ActionShown(Shown):
    """`overdue_originally`: against the first due date, however often it moved since."""

    id: str
    key: str | None
    title: str
    description: str | None
    recommendations: list[str]
    owner: str | None
    organisation: str | None
    contributors: list[str]
    status: ActionStatus
    due_on: str | None
    original_due_on: str | None
    slippage_days: int | None
    times_moved: int
    overdue: Certainty
    overdue_originally: Certainty
    due_soon: bool
    notes: list[ActionNoteShown]
    created_at: str
    updated_at: str
    version: int


def find(session: Session, actor: Actor, id_: str, *, lock: bool = False) -> Action:
    """NotFound where there is none within the actor's places."""
    action = fetch(session, Action, id_, lock=lock)
    if action is None or not actor.reaches(action.place):
        raise NotFound("no action has that id; GET /v1/actions lists them")
    return action


def find_by_key(session: Session, key: str) -> Action | None:
    """By its key or its id: an export gives the id as key to what has none."""
    return session.scalars(
        select(Action).where(or_(col(Action.key) == key, col(Action.id) == key))
    ).first()


def serves(session: Session, ids: Sequence[str]) -> dict[str, list[str]]:
    """The refs that each action serves, in their order."""
    query = select(ActionServes).where(col(ActionServes.action).in_(ids))
    found: dict[str, list[str]] = {id_: [] for id_ in ids}
    for row in session.scalars(query.order_by(col(ActionServes.ref))):
        found[row.action].append(row.ref)
    return found


def by_ref(session: Session, refs: Sequence[str]) -> dict[str, list[Action]]:
    """The actions that serve each recommendation, oldest first."""
    query = (
        select(ActionServes, Action)
        .join(Action, col(Action.id) == col(ActionServes.action))
        .where(col(ActionServes.ref).in_(refs))
        .order_by(col(Action.created_at), col(Action.id))
    )
    found: dict[str, list[Action]] = {ref: [] for ref in refs}
    for row, action in session.execute(query):
        found[row.ref].append(action)
    return found


def count(session: Session, ref: str) -> int:
    """How many actions serve a recommendation, without those cancelled."""
    query = (
        select(func.count())
        .select_from(ActionServes)
        .join(Action, col(Action.id) == col(ActionServes.action))
        .where(col(ActionServes.ref) == ref, col(Action.status) != ActionStatus.CANCELLED)
    )
    return session.connection().execute(query).scalar_one()


def unfinished(session: Session, ref: str) -> list[Action]:
    """The actions for a recommendation that are neither done nor cancelled."""
    return [one for one in by_ref(session, [ref])[ref] if one.status in UNFINISHED]


def actions(
    session: Session,
    actor: Actor,
    *,
    recommendation: Sequence[str] = (),
    owner: Sequence[str] = (),
    organisation: Sequence[str] = (),
    status: Sequence[ActionStatus] = (),
    after: Sequence[Any] | None = None,
    limit: int,
) -> list[Action]:
    """Actions within the actor's reach, oldest first."""
    when, id_ = col(Action.created_at), col(Action.id)
    query = select(Action).order_by(when, id_).limit(limit)
    if recommendation:
        served = select(col(ActionServes.action)).where(col(ActionServes.ref).in_(recommendation))
        query = query.where(id_.in_(served))
    for column, wanted in (
        (col(Action.owner), owner),
        (col(Action.organisation), organisation),
        (col(Action.status), status),
    ):
        if wanted:
            query = query.where(column.in_(wanted))
    if actor.places is not None:
        query = query.where(col(Action.place).in_(actor.places))
    if after is not None:
        query = query.where(behind([Key(when, datetime), Key(id_, str)], after))
    return list(session.scalars(query))


def shown(session: Session, reader: Actor, those: Sequence[Action]) -> list[dict[str, Any]]:
    """Actions as ActionShown, for this reader, on this day."""
    ids = [action.id for action in those]
    refs, notes, day = serves(session, ids), _notes(session, reader, ids), today(session)
    return [_shown(action, refs[action.id], notes[action.id], day) for action in those]


def _shown(
    action: Action, refs: list[str], notes: list[dict[str, Any]], day: date
) -> dict[str, Any]:
    open_ = action.status in UNFINISHED
    current = due.fuzzy(action.due_on, action.due_earliest, action.due_latest)
    first = due.original(action.original_due_on)
    return {
        "id": action.id,
        "key": action.key,
        "title": action.title,
        "description": action.description,
        "recommendations": refs,
        "owner": action.owner,
        "organisation": action.organisation,
        "contributors": action.contributors,
        "status": action.status,
        "due_on": action.due_on,
        "original_due_on": action.original_due_on,
        "slippage_days": due.slippage(action.original_due_latest, action.due_latest),
        "times_moved": action.times_moved,
        "overdue": due.overdue(open_, current, day),
        "overdue_originally": due.overdue(open_, first, day),
        "due_soon": due.soon(open_, current, day),
        "notes": notes,
        "created_at": action.created_at,
        "updated_at": action.updated_at,
        "version": action.version,
    }


def _notes(session: Session, reader: Actor, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    query = select(ActionNote).where(col(ActionNote.action).in_(ids))
    found: dict[str, list[dict[str, Any]]] = {id_: [] for id_ in ids}
    for note in session.scalars(query.order_by(col(ActionNote.written_at), col(ActionNote.id))):
        found[note.action].append(
            {
                "id": note.id,
                "action": note.action,
                "text": note.text,
                "written_by": reader.shown(note.written_by),
                "written_at": note.written_at,
            }
        )
    return found
