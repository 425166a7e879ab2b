"""Secret addresses of calendars, for those that send no credentials: made once, kept as hashes."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field as Described
from sqlalchemy import ColumnElement, func, select
from sqlmodel import Field, Session

from app.domain import base, tokens
from app.domain.actors import Actor, Role
from app.domain.base import DOCUMENT, NAME, Given, Line, Moment, Shown, Table, fetch
from app.domain.errors import Conflict, NotFound
from app.domain.filters import Filters
from app.domain.keyset import Key, behind

MOST = 100
"""Living addresses of one principal."""


class CalendarAddress(Table, table=True):
    """Whoever knows the secret reads what its maker may read, no more than when it was made, and
    only as long as a token of its maker lives. Like tokens, it is not in the journal."""

    __tablename__ = "calendar_address"

    id: str = Field(primary_key=True, sa_type=NAME)
    name: str = Field(max_length=300)
    made_by: str = Field(max_length=100, index=True)
    places: list[str] | None = Field(default=None, sa_type=DOCUMENT)
    filters: dict[str, Any] = Field(sa_type=DOCUMENT)
    digest: str = Field(max_length=64, unique=True, index=True)
    created_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    revoked_at: datetime | None = Field(default=None, sa_type=Moment)


class CalendarGiven(Given):
    """`filters`: those of the list, but for `as_of` and `sort`. `days`: until it ends."""

    name: Line
    filters: Filters = Filters()
    days: int = Described(default=365, ge=1, le=3650)


class RevocationGiven(Given):
    """An object with nothing in it."""


class CalendarShown(Shown):
    """`address`: told once, in the answer to its making; null ever after."""

    id: str
    name: str
    made_by: str
    places: list[str] | None
    filters: dict[str, Any]
    created_at: str
    expires_at: str
    revoked_at: str | None
    address: str | None


def make(session: Session, actor: Actor, given: CalendarGiven) -> tuple[CalendarAddress, str]:
    """A new one and its secret of 256 bits, which cannot be had again. Conflict where the actor
    has too many."""
    moment = base.now(session)
    living = (_OF.made_by == actor.name, _OF.revoked_at.is_(None), _OF.expires_at > moment)
    if (session.scalar(select(func.count()).where(*living)) or 0) >= MOST:
        raise Conflict(f"you have {MOST} calendar addresses; revoke one that nobody uses")
    secret = secrets.token_hex(32)
    made = CalendarAddress(
        id=base.new_id(session, "cal"),
        name=given.name,
        made_by=actor.name,
        places=None if actor.places is None else sorted(actor.places),
        filters=given.filters.model_dump(mode="json", exclude_defaults=True),
        digest=_digest(secret),
        created_at=moment,
        expires_at=moment + timedelta(days=given.days),
    )
    session.add(made)
    session.flush()
    return made, secret


def opened(session: Session, secret: str) -> tuple[CalendarAddress, Actor]:
    """The one of that secret, and who reads by it. NotFound, and not a word more, where it is none,
    has ended, or nobody of its maker's name may come in any longer."""
    refusal = NotFound("there is nothing at this address; /docs lists the addresses there are")
    if _SECRET.fullmatch(secret) is None:
        raise refusal
    query = select(CalendarAddress).where(_OF.digest == _digest(secret))
    found = session.scalars(query).one_or_none()
    if found is None or found.revoked_at is not None or found.expires_at <= base.now(session):
        raise refusal
    reader = tokens.reader(session, found.made_by)
    if reader is None:
        raise refusal
    if found.places is not None:
        then = frozenset(found.places)
        reader = replace(reader, places=then if reader.places is None else then & reader.places)
    return found, reader


_SECRET = re.compile(r"[0-9a-f]{64}")


def find(session: Session, actor: Actor, id_: str, *, lock: bool = False) -> CalendarAddress:
    """NotFound where there is none of that id that is the actor's own (an admin's: any)."""
    found = fetch(session, CalendarAddress, id_, lock=lock)
    if found is None or not (actor.role is Role.ADMIN or found.made_by == actor.name):
        raise NotFound("no calendar of yours has that id; GET /v1/calendars lists them")
    return found


def calendars(
    session: Session, actor: Actor, *, after: Sequence[Any] | None, limit: int
) -> list[CalendarAddress]:
    """The actor's own (an admin's: all), newest first."""
    keys = [Key(_OF.created_at, datetime, down=True), Key(_OF.id, str, down=True)]
    query = select(CalendarAddress).where(*_own(actor)).limit(limit)
    if after is not None:
        query = query.where(behind(keys, after))
    return list(session.scalars(query.order_by(*(key.order for key in keys))))


def revoke(session: Session, found: CalendarAddress) -> None:
    """Ends it at once; again changes nothing."""
    if found.revoked_at is None:
        found.revoked_at = base.now(session)
        session.add(found)
        session.flush()


def revision(session: Session, actor: Actor) -> str:
    """Changes whenever one is made or revoked: what answers about the actor's are tagged by."""
    query = select(func.count(), func.count(_OF.revoked_at)).where(*_own(actor))
    made, ended = session.execute(query.select_from(CalendarAddress)).one()
    return _digest(f"{made} {ended} {actor.name} {actor.role is Role.ADMIN}")[:16]


def shown(one: CalendarAddress) -> dict[str, Any]:
    """One as CalendarShown."""
    names = ("id", "name", "made_by", "places", "filters", "created_at", "expires_at", "revoked_at")
    return {name: getattr(one, name) for name in names} | {"address": None}


_OF = base.columns(CalendarAddress).c


def _own(actor: Actor) -> list[ColumnElement[bool]]:
    return [] if actor.role is Role.ADMIN else [_OF.made_by == actor.name]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
