"""Tokens: the keys that principals carry, made once, kept as hashes, revoked at once."""

import hashlib
import re
import secrets
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Field, Session, col

from app.domain import base, parties
from app.domain.actors import Actor, Role
from app.domain.base import DOCUMENT, NAME, Moment, Table, words
from app.domain.errors import NotFound, Unauthenticated


class Token(Table, table=True):
    """A key to the register. Only its SHA-256 is kept: it is printed once, when it is made."""

    id: str = Field(primary_key=True, sa_type=NAME)
    name: str = Field(max_length=100)
    role: Role = Field(sa_type=words(Role))
    party: str | None = Field(
        default=None, sa_type=NAME, foreign_key="party.slug", ondelete="RESTRICT"
    )
    places: list[str] | None = Field(default=None, sa_type=DOCUMENT)
    digest: str = Field(max_length=64)
    created_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    revoked_at: datetime | None = Field(default=None, sa_type=Moment)


def create_token(
    session: Session,
    name: str,
    role: Role,
    *,
    party: str | None = None,
    places: Iterable[str] | None = None,
    days: int = 365,
) -> tuple[Token, str]:
    """A new token and its secret form `rpt_<id>_<256 bit>_<crc>`, which cannot be had again."""
    if party is not None:
        parties.find(session, party)
    body = f"rpt_{secrets.token_hex(6)}_{secrets.token_hex(32)}"
    text = f"{body}_{zlib.crc32(body.encode()):08x}"
    token = Token(
        id=body.split("_")[1],
        name=name,
        role=role,
        party=party,
        places=None if places is None else sorted(places),
        digest=_digest(text),
        created_at=base.now(session),
        expires_at=base.now(session) + timedelta(days=days),
    )
    session.add(token)
    session.flush()
    return token, text


def authenticate(session: Session, text: str) -> Actor:
    """The actor whose token this is. Unauthenticated where it is not a living one, without saying
    which of unknown, expired and revoked it is."""
    refusal = Unauthenticated(
        "the token is not known here, has expired or was revoked; ask an admin for a new one"
    )
    form = _FORM.fullmatch(text)
    if form is None:
        raise refusal
    token = session.get(Token, form["id"])
    if token is None or not secrets.compare_digest(token.digest, _digest(text)):
        raise refusal
    if token.revoked_at is not None or token.expires_at <= base.now(session):
        raise refusal
    return Actor(
        name=token.name,
        role=token.role,
        party=token.party,
        organisation=parties.organisation_of(session, token.party),
        places=None if token.places is None else frozenset(token.places),
    )


def id_of(text: str) -> str | None:
    """The id in a token's text; None where it has not the form of one."""
    form = _FORM.fullmatch(text)
    return None if form is None else form["id"]


def is_text_of(text: str, digest: str) -> bool:
    """Is it the text that this hash was kept of?"""
    return secrets.compare_digest(digest, _digest(text))


_FORM = re.compile(r"rpt_(?P<id>[0-9a-f]{12})_[0-9a-f]{64}_[0-9a-f]{8}")


def revoke(session: Session, token_id: str) -> Token:
    """Ends a token at once. NotFound where there is none of that id."""
    token = session.get(Token, token_id)
    if token is None:
        raise NotFound("no token has that id; `tracker token list` shows them")
    if token.revoked_at is None:
        token.revoked_at = base.now(session)
        session.add(token)
    return token


def tokens(session: Session) -> list[Token]:
    """All tokens, newest first."""
    return list(session.scalars(select(Token).order_by(col(Token.created_at).desc())))


def any_token(session: Session) -> bool:
    """Is there a token that opens the door now?"""
    return bool(session.scalar(select(func.count()).select_from(Token).where(*_living(session))))


def reader(session: Session, name: str) -> Actor | None:
    """A principal as what its living tokens let it read together; None where none lives."""
    query = select(Token).where(col(Token.name) == name, *_living(session))
    reaches = [one.places for one in session.scalars(query)]
    if not reaches:
        return None
    places = frozenset(place for reach in reaches for place in reach or ())
    return Actor(name=name, role=Role.VIEWER, places=None if None in reaches else places)


def _living(session: Session) -> tuple[ColumnElement[bool], ...]:
    return col(Token.revoked_at).is_(None), col(Token.expires_at) > base.now(session)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
