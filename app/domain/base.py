"""What all tables and shapes share: constraint names, enum storage, safe texts, the clock."""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import islice
from typing import Annotated, Any, TypeVar

import sqlalchemy
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from sqlalchemy import JSON, DateTime, Dialect, Enum, MetaData, String, Text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, SQLModel

from app.domain.dates import london_day

T = TypeVar("T", bound="Table")


class Table(SQLModel):
    """The root of every table: one metadata, so that constraint names are alike on both engines."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Given(BaseModel):
    """The root of every shape that comes in: unknown fields are refused, types are not guessed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shown(BaseModel):
    """The root of every shape that goes out. Kept for documentation and checks: answers are built
    as plain dicts of the same form, because validating fifty rows costs more than reading them."""

    model_config = ConfigDict(extra="forbid")


class Moment(TypeDecorator[datetime]):
    """A moment in UTC that knows it: SQLite stores no offset and would hand back a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def columns(kind: type[SQLModel]) -> sqlalchemy.Table:
    """The columns of a table, for statements that read rows instead of building objects."""
    table: sqlalchemy.Table = kind.__table__  # type: ignore[attr-defined]
    return table


def words(kind: type[StrEnum], name: str | None = None) -> Any:
    """A column that holds the words of `kind`, with a CHECK that keeps others out.

    By default SQLAlchemy stores the member's name and adds no CHECK. `name`: of the CHECK, where a
    table has two columns of one kind.
    """
    return Enum(
        kind,
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        create_constraint=True,
        length=40,
        name=name or re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower(),
    )


NAME: Any = String(100).with_variant(String(100, collation="C"), "postgresql")
"""Column type of slugs, refs and ids: compared by code point, so that both engines sort alike."""

PROSE: Any = Text()
"""Column type of free text. What stands in such a column may be personal and must be erasable:
the journal keeps only its salted hash (app/domain/changes.py)."""

DOCUMENT: Any = JSON()
"""Column type of a small list or object that is read and written as a whole."""

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def _safe(text: str) -> str:
    if _FORBIDDEN.search(text):
        raise ValueError("must not contain control characters or broken Unicode")
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


FORMS: dict[str, str] = {}
"""What a pattern asks for, in the words of a refusal."""


def _form(pattern: str, words_: str, **limits: Any) -> StringConstraints:
    FORMS[pattern] = words_
    return StringConstraints(pattern=pattern, **limits)


Line = Annotated[
    str, StringConstraints(max_length=300), AfterValidator(_safe), AfterValidator(_said)
]
"""A short text: a title, a name, a heading."""
Prose = Annotated[
    str,
    StringConstraints(max_length=20_000),
    AfterValidator(_safe),
    AfterValidator(_said),
]
"""A text by people or from a document, line breaks allowed."""
Slug = Annotated[
    str,
    _form(
        r"^[a-z0-9]+(-[a-z0-9]+)*$",
        "must be a name of small letters, digits and single hyphens, like bwd-council",
        min_length=2,
        max_length=60,
    ),
]
"""A name in an address: small letters, digits, single hyphens. Stable for ever."""
Ref = Annotated[
    str,
    _form(
        r"^[a-z0-9]+(-[a-z0-9]+)*-[1-9][0-9]{0,3}$",
        "must be the ref of a recommendation, like bwd-2017-sif-4",
        max_length=65,
    ),
    Field(examples=["bwd-2017-sif-4"]),
]
"""A recommendation's name: the inspection's slug and the ordinal."""
Id = Annotated[str, _form(r"^[a-z]{2,4}_[0-9a-f]{20}$", "must be an id that GET gave you")]
Key = Annotated[str, _form(r"^[\x21-\x7e]{1,200}$", "must be 1 to 200 characters, no spaces")]
"""A name that an importing script gives to what has none of its own."""
Sha256 = Annotated[str, _form(r"^[0-9a-f]{64}$", "must be a SHA-256: 64 digits 0-9 and a-f")]
HttpsUrl = Annotated[
    str,
    _form(
        r"^https://[^\s<>\"\\^`{|}]+$",
        "must be an address with https://",
        max_length=2000,
    ),
    AfterValidator(_safe),
]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must lie within the years 1 to 9999") from error


def _plus(said: Any) -> Any:
    """In an address `+` stands for a space: the offset that updated_at prints comes without it."""
    return _SPACED.sub(r"+\1", said) if isinstance(said, str) else said


_SPACED = re.compile(r" (\d\d:\d\d)$")

Instant = Annotated[AwareDatetime, BeforeValidator(_plus), AfterValidator(_in_utc)]
"""A moment as a caller says it, with its offset."""


def fetch(session: Session, kind: type[T], name: str, *, lock: bool = False) -> T | None:
    """The row of that slug, ref or id, if there is one. `name` may be anything that stood in an
    address: what cannot be a name is not looked up, since PostgreSQL refuses some characters that
    SQLite takes. `lock`: nobody else changes it until this transaction ends."""
    if _NAME.fullmatch(name) is None:
        return None
    return session.get(kind, name, with_for_update=lock or None, populate_existing=lock)


_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")

Expect = Callable[[int], None]
"""Says whether a thing's present version is the one a change was made on; raises where not."""


def unconditional(version: int) -> None:
    """The Expect of callers that read and write in one transaction: the seed, imports."""


def new_id(session: Session, prefix: str) -> str:
    """An opaque id. Those of one transaction sort in the order in which they were taken, so that
    what was recorded at one moment keeps its order."""
    taken: int = session.info.get("ids_taken", 0)
    session.info["ids_taken"] = taken + 1
    common: str = session.info.setdefault("ids", secrets.token_hex(7))
    return f"{prefix}_{common}{taken:06x}"


def now(session: Session) -> datetime:
    """The moment of this transaction, by the injected clock: the same for all it writes."""
    moment: datetime = session.info["now"]
    return moment


def today(session: Session) -> date:
    """The day in London of this transaction."""
    return london_day(now(session))


def batches(names: Iterable[str], size: int = 500) -> Iterator[list[str]]:
    """Names in portions, for queries that name thousands: engines bound what a statement takes."""
    waiting = iter(names)
    while some := list(islice(waiting, size)):
        yield some


def word_list(members: Sequence[StrEnum]) -> str:
    """For sentences: `implemented, blocked or closed`."""
    texts = [member.value for member in members]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} or {texts[-1]}"
