"""Import runs: who brought which file, when and with which settings, and what became of it."""

import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from pydantic import Field as Described
from sqlalchemy import Index, Select, func, select, text
from sqlmodel import Field, LargeBinary, Session, col

from app.domain import base, bulk
from app.domain.actors import Actor
from app.domain.base import DOCUMENT, NAME, Moment, Shown, Table, columns, fetch
from app.domain.errors import NotFound
from app.domain.imports.outcome import PARTS, Outcome, Result
from app.domain.keyset import Key, behind


class ImportRun(Table, table=True):
    """A run that was tried, applied or not. `first_seq` to `last_seq` are the changes it made;
    `outcomes` each row's, as compressed JSON."""

    __tablename__ = "import_run"

    id: str = Field(primary_key=True, sa_type=NAME)
    at: datetime = Field(sa_type=Moment)
    actor: str = Field(max_length=100)
    dry_run: bool
    applied: bool
    file: dict[str, Any] = Field(sa_type=DOCUMENT)
    settings: dict[str, Any] = Field(sa_type=DOCUMENT)
    created: int
    updated: int
    unchanged: int
    conflicts: int
    refused: int
    absent: int
    others: dict[str, Any] = Field(sa_type=DOCUMENT)
    warnings: list[str] = Field(sa_type=DOCUMENT)
    outcomes: bytes = Field(sa_type=LargeBinary)
    first_seq: int | None = None
    last_seq: int | None = None
    reversed_at: datetime | None = Field(default=None, sa_type=Moment)
    reversed_by: str | None = Field(default=None, max_length=100)
    reversed_reason: str | None = Field(default=None, sa_type=base.PROSE)

    __table_args__ = (Index(None, "at", "id"),)


class ImportPlace(Table, table=True):
    """A place that an import run is about: who does not reach all of them does not see it."""

    __tablename__ = "import_place"

    run: str = Field(primary_key=True, sa_type=NAME, foreign_key="import_run.id")
    place: str = Field(primary_key=True, sa_type=NAME)


class FileShown(Shown):
    """What was read, and how: `encoding` and `delimiter` of tables. `ignored_columns` were in the
    file, and were left out."""

    name: str | None
    sha256: str
    bytes: int
    format: str
    encoding: str | None
    delimiter: str | None
    ignored_columns: list[str]


class ErrorShown(Shown):
    pointer: str
    detail: str


class RowShown(Shown):
    """What became of a row that is not plainly unchanged. `row` counts from 1 within its `part`
    (null for `absent`: in the register, not in the file); `fields` are those that changed."""

    part: str
    row: int | None
    ref: str
    outcome: Outcome
    fields: list[str]
    errors: list[ErrorShown]


class CountsShown(Shown):
    created: int
    updated: int
    unchanged: int
    conflicts: int
    refused: int


class ReversedShown(Shown):
    at: str
    by: str
    reason: str


class ImportListed(Shown):
    """An import run in a list: all but its rows."""

    id: str
    at: str
    actor: str
    dry_run: bool
    applied: bool
    created: int
    updated: int
    unchanged: int
    conflicts: int
    refused: int
    absent: int
    others: dict[str, CountsShown]
    warnings: list[str]
    file: FileShown
    settings: dict[str, Any]
    reversed: ReversedShown | None


class ImportShown(ImportListed):
    """An import run with each row's outcome."""

    rows: list[RowShown] = Described(description="Those that are not plainly unchanged.")


def one_at_a_time(session: Session) -> None:
    """On PostgreSQL: two files that bring, or take back, the same rows in another order would wait
    for one another. (On SQLite there is one writer anyway.)"""
    if session.connection().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(7238411)"))


def keep(
    session: Session,
    actor: Actor,
    id_: str,
    result: Result,
    *,
    file: dict[str, Any],
    settings: dict[str, Any],
    applied: bool,
    numbers: tuple[int, int] | None,
) -> ImportRun:
    """Keeps what became of a file. Runs are not in the journal: they are not what the register
    says, but how it came to say it."""
    counts = result.counts("recommendations")
    run = ImportRun(
        id=id_,
        at=base.now(session),
        actor=actor.name,
        applied=applied,
        dry_run=bool(settings["dry_run"]),
        file=file,
        settings=settings,
        created=counts["created"],
        updated=counts["updated"],
        unchanged=counts["unchanged"],
        conflicts=counts["conflicts"],
        refused=counts["refused"],
        absent=len(result.absent),
        others={
            part: result.counts(part) for part in PARTS[1:] if any(result.counts(part).values())
        },
        warnings=result.warnings,
        outcomes=zlib.compress(orjson.dumps([row.listed for row in result.listed])),
        first_seq=numbers and numbers[0],
        last_seq=numbers and numbers[1],
    )
    session.add(run)
    session.flush()
    bulk.insert(
        session, ImportPlace, ("run", "place"), [(id_, place) for place in sorted(result.places)]
    )
    return run


def find(session: Session, actor: Actor, id_: str, *, lock: bool = False) -> ImportRun:
    """NotFound where there is none, or one of places out of the actor's reach."""
    found = fetch(session, ImportRun, id_, lock=lock)
    if (
        found is None
        or session.scalars(_reached(actor).where(col(ImportRun.id) == id_)).first() is None
    ):
        raise NotFound("no import has that id; GET /v1/imports lists them")
    return found


def runs(
    session: Session, actor: Actor, *, after: Sequence[Any] | None, limit: int
) -> list[ImportRun]:
    """Newest first."""
    at, id_ = col(ImportRun.at), col(ImportRun.id)
    query = _reached(actor).order_by(at.desc(), id_.desc()).limit(limit)
    if after is not None:
        query = query.where(behind([Key(at, datetime, down=True), Key(id_, str, down=True)], after))
    return list(session.scalars(query))


def revision(session: Session) -> str:
    """Changes whenever a run is kept or reversed: what answers about imports are tagged by."""
    count, ended = session.execute(
        select(func.count(), func.count(col(ImportRun.reversed_at))).select_from(ImportRun)
    ).one()
    return f"{count}.{ended}"


def listed(run: ImportRun) -> dict[str, Any]:
    """A run as ImportListed."""
    shown = {name: getattr(run, name) for name in ImportListed.model_fields if name != "reversed"}
    ended = run.reversed_at and {
        "at": run.reversed_at,
        "by": run.reversed_by,
        "reason": run.reversed_reason,
    }
    return shown | {"reversed": ended}


def shown(run: ImportRun) -> dict[str, Any]:
    """A run as ImportShown."""
    keys = tuple(RowShown.model_fields)
    rows = orjson.loads(zlib.decompress(run.outcomes))
    return listed(run) | {"rows": [dict(zip(keys, row, strict=True)) for row in rows]}


def _reached(actor: Actor) -> Select[ImportRun]:
    """Runs of nothing but places within reach; those about no place only for who sees all, or
    made them."""
    query = select(ImportRun)
    if actor.places is None:
        return query
    about = columns(ImportPlace).c
    mine = select(about.run).where(about.run == col(ImportRun.id))
    beyond = mine.where(about.place.not_in(actor.places))
    return query.where(~beyond.exists(), mine.exists() | (col(ImportRun.actor) == actor.name))
