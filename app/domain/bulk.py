"""Many rows at once: executemany on SQLite, COPY on PostgreSQL, and both while others prepare."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import Enum
from itertools import chain, islice
from typing import Any

import orjson
from sqlalchemy import Connection, event
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
    table = _table(kind, names)

    def write(cursor: Any) -> None:
        if _embedded(connection) or len(first) <= FEW:
            marks = ", ".join(["?" if _embedded(connection) else "%s"] * len(names))
            statement = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608 - our own columns
            cursor.executemany(statement, chain(first, waiting))
            return
        with cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in chain(first, waiting):
                copy.write_row(row)

    # sqlite3 lets go of Python's one lock at each row: in a second thread it would wait to get it
    # back for longer than it takes to write the row.
    _do(session, connection, write, aside=not _embedded(connection))


def insert_pairs(
    session: Session, kind: type[Table], names: tuple[str, str], pairs: Mapping[str, Sequence[str]]
) -> None:
    """Writes a row for each pair of a key and one of its values: names alone (letters, digits,
    hyphens), which need no escaping. As one block of text they take a third of the time of rows
    that Python hands over one by one."""
    if not pairs:
        return
    connection = session.connection()
    table = _table(kind, names)

    def write(cursor: Any) -> None:
        if _embedded(connection):
            said = orjson.dumps(pairs).decode()
            cursor.execute(
                f"INSERT INTO {table} SELECT one.key, each.value "  # noqa: S608 - our own columns
                "FROM json_each(?) AS one, json_each(one.value) AS each",
                (said,),
            )
            return
        with cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for key, values in pairs.items():
                copy.write(f"{key}\t" + f"\n{key}\t".join(values) + "\n")

    _do(session, connection, write, aside=True)


@contextmanager
def behind(session: Session) -> Iterator[None]:
    """Within this block rows are written by a second thread, while the caller prepares those that
    follow: the database works on one core, Python on another. Whoever asks the session anything
    waits until all is written, so nobody sees less than without."""
    connection = session.connection()
    with ThreadPoolExecutor(1, "bulk") as thread:
        aside = _Aside(thread)
        session.info["aside"] = aside
        event.listen(connection, "before_cursor_execute", aside.wait)
        try:
            yield
            aside.wait()
        finally:
            del session.info["aside"]
            event.remove(connection, "before_cursor_execute", aside.wait)


class _Aside:
    """What the second thread has still to write, in order. The connection is in one hand at a
    time: the thread's while anything waits here, else the caller's."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self._thread = thread
        self._waiting: list[Future[None]] = []

    def put(self, work: Callable[[], None]) -> None:
        self._waiting.append(self._thread.submit(work))

    def wait(self, *_: Any) -> None:
        """Until all is written; raises what went wrong, with what came first."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.result()


def _do(
    session: Session, connection: Connection, write: Callable[[Any], None], *, aside: bool
) -> None:
    def work() -> None:
        with _as_sqlalchemy_tells_it(connection) as cursor:
            write(cursor)

    second: _Aside | None = session.info.get("aside")
    if second is not None and aside:
        second.put(work)
        return
    if second is not None:
        second.wait()
    work()


def _table(kind: type[Table], names: Sequence[str]) -> str:
    return f'"{columns(kind).name}" ({", ".join(names)})'


def _embedded(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


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
