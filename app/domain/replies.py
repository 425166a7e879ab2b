"""Replies kept by idempotency key: a request that is sent again gets the first answer again."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, LargeBinary, Session, col

from app.domain import base
from app.domain.base import Moment, Table, columns
from app.domain.errors import KeyReused

KEPT = timedelta(days=30)


class Reply(Table, table=True):
    """What was answered. Written in the transaction that did the work: a key whose work failed
    is not kept, and one whose answer was lost on the way is."""

    principal: str = Field(primary_key=True, max_length=100)
    key: str = Field(primary_key=True, max_length=200)
    fingerprint: str = Field(max_length=64)
    status: int = 0
    headers: str = Field(default="", max_length=1000)
    body: bytes = Field(default=b"", sa_type=LargeBinary)
    made_at: datetime = Field(sa_type=Moment, index=True)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was given: status, headers as JSON, body."""

    status: int
    headers: str
    body: bytes


def fingerprint(*parts: bytes) -> str:
    """What makes two requests the same."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def reserve(session: Session, principal: str, key: str, print_: str) -> Kept | None:
    """Takes the key for this transaction, or answers what was kept under it.

    A second request that arrives while the first is at work waits here for the first to end.
    KeyReused where the key stands for another request.
    """
    values = {
        "principal": principal,
        "key": key,
        "fingerprint": print_,
        "status": 0,
        "headers": "",
        "body": b"",
        "made_at": base.now(session),
    }
    connection = session.connection()
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    # RETURNING, because psycopg's rowcount is gone by the time one could ask for it.
    taken = insert(columns(Reply)).values(values).on_conflict_do_nothing().returning(col(Reply.key))
    if connection.execute(taken).first() is not None:
        return None
    row = connection.execute(
        select(columns(Reply)).where(col(Reply.principal) == principal, col(Reply.key) == key)
    ).one()
    if row.fingerprint != print_:
        raise KeyReused(
            "this Idempotency-Key stands for another request; take a new key for new work"
        )
    return Kept(row.status, row.headers, row.body)


def keep(session: Session, principal: str, key: str, reply: Kept) -> None:
    """Keeps the answer under the key that this transaction reserved."""
    session.connection().execute(
        update(Reply)
        .where(col(Reply.principal) == principal, col(Reply.key) == key)
        .values(status=reply.status, headers=reply.headers, body=reply.body)
    )


def forget_old(session: Session) -> None:
    """Lets go of what is older than a month."""
    session.connection().execute(delete(Reply).where(col(Reply.made_at) < base.now(session) - KEPT))
