"""Progress notes: what people write beside a recommendation, kept as they wrote it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Field, Session, col

from app.domain import assignments, base, recommendations
from app.domain.actors import Actor, Can
from app.domain.base import NAME, PROSE, Given, Moment, Prose, Shown, Table
from app.domain.keyset import Key, behind
from app.domain.recommendations import Recommendation


class Note(Table, table=True):
    id: str = Field(primary_key=True, sa_type=NAME)
    ref: str = Field(
        sa_type=NAME, foreign_key="recommendation.ref", ondelete="RESTRICT", index=True
    )
    place: str = Field(sa_type=NAME, foreign_key="place.slug", ondelete="RESTRICT")
    text: str = Field(sa_type=PROSE)
    written_by: str = Field(max_length=100)
    written_at: datetime = Field(sa_type=Moment)


class TextGiven(Given):
    text: Prose


class NoteShown(Shown):
    id: str
    recommendation: str
    text: str
    written_by: str | None
    written_at: str


def write(session: Session, actor: Actor, recommendation: Recommendation, text: str) -> Note:
    actor.must(Can.ADD_NOTE, of=assignments.concerned(session, recommendation))
    recommendations.check_stands(recommendation)
    note = Note(
        id=base.new_id(session, "nt"),
        ref=recommendation.ref,
        place=recommendation.place,
        text=text,
        written_by=actor.name,
        written_at=base.now(session),
    )
    session.add(note)
    recommendations.note(
        session, actor, recommendation, "note:added", after={"note_id": note.id, "note": text}
    )
    return note


def of(
    session: Session,
    reader: Actor,
    ref: str,
    *,
    after: Sequence[Any] | None = None,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """The notes of a recommendation, oldest first, as NoteShown."""
    when, id_ = col(Note.written_at), col(Note.id)
    query = select(Note).where(col(Note.ref) == ref).order_by(when, id_).limit(limit)
    if after is not None:
        query = query.where(behind([Key(when, datetime), Key(id_, str)], after))
    return [shown(reader, note) for note in session.scalars(query)]


def shown(reader: Actor, note: Note) -> dict[str, Any]:
    return {
        "id": note.id,
        "recommendation": note.ref,
        "text": note.text,
        "written_by": reader.shown(note.written_by),
        "written_at": note.written_at,
    }
