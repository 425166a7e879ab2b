"""Many rows at once: executemany on SQLite, COPY on PostgreSQL."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import Enum
from itertools import chain, islice
from typing import Any

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from app.domain.base import Table, columns

FEW = 50
"""Up to so many rows an INSERT is as fast as a COPY, which takes more round trips."""

Row = tuple[Any, ...]


def insert(session: Session, kind: type[Table], names: Sequence[str], rows: Iterable[Row]) -> None:
    """Writes rows whose values are as both engines read them: texts (dates and moments in ISO
    form, documents as JSON), numbers, truth values and None."""
    waiting = iter(rows)
    first = list(islice(waiting, FEW + 1))
    if not first:
        return
    connection = session.connection()
    table = f'"{columns(kind).name}" ({", ".join(names)})'
    embedded = connection.dialect.name == "sqlite"
    with _as_sqlalchemy_tells_it(connection) as cursor:
        if embedded or len(first) <= FEW:
            marks = ", ".join(["?" if embedded else "%s"] * len(names))
            statement = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608 - our own columns
            cursor.executemany(statement, chain(first, waiting))
            return
        with cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in chain(first, waiting):
                copy.write_row(row)


@contextmanager
def _as_sqlalchemy_tells_it(connection: Connection) -> Iterator[Any]:
    """The driver's own cursor, which takes rows as they come and knows COPY; its trouble as that
    of any other statement."""
    driver: Any = connection.connection.driver_connection
    error = connection.dialect.loaded_dbapi.Error
    cursor = driver.cursor()
    try:
        yield cursor
    except error as trouble:
        raise DBAPIError.instance(
            "INSERT", None, trouble, error, hide_parameters=True, dialect=connection.dialect
        ) from trouble
    finally:
        cursor.close()


def stored(value: Any) -> Any:
    """A value as insert() takes it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    if isinstance(value, date):
        return value.isoformat()
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else value
