"""The engines and the two ways to a session: reading() and writing()."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class DatabaseBusy(Exception):
    """The database could not be reached or locked in time. Nothing was changed."""


class Collided(Exception):
    """Somebody else wrote a row of the same key at the same moment. Nothing was changed."""


class Database:
    """One register. Readers see one consistent snapshot; writers are serialised on SQLite by one
    queued connection, on PostgreSQL by the row locks they take.

    `seal(session)` runs as the last step before each commit: it writes the journal.
    """

    def __init__(
        self, url: str, *, seal: Callable[[Session], None], clock: Clock = utc_now
    ) -> None:
        self.embedded = url.startswith("sqlite")
        self.clock = clock
        self._seal = seal
        if self.embedded:
            self._reader, self._writer = _sqlite(url)
        else:
            self._writer = _postgresql(url)
            self._reader = self._writer.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session on one snapshot that cannot write."""
        with self._session(self._reader) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: committed, the journal last, when the block ends; else rolled back."""
        with self._session(self._writer) as session:
            yield session
            self.seal(session)
            session.commit()

    def seal(self, session: Session) -> None:
        """Writes what is pending to the tables, then the journal. May be called again."""
        session.flush()
        self._seal(session)

    def close(self) -> None:
        self._reader.dispose()
        self._writer.dispose()

    def revision(self) -> str | None:
        """The revision of the schema; None where there is no register yet."""
        with self.connected() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found: str | None = connection.exec_driver_sql(
                "SELECT version_num FROM alembic_version"
            ).scalar()
            return found

    def superuser(self) -> bool:
        """Is this a PostgreSQL superuser, whom no guard of the journal stops?"""
        if self.embedded:
            return False
        with self.connected() as connection:
            return bool(
                connection.exec_driver_sql(
                    "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
                ).scalar()
            )

    @property
    def engine(self) -> Engine:
        """The engine that writes, for Alembic and for tools that bring their own statements."""
        return self._writer

    @contextmanager
    def connected(self, *, writes: bool = False) -> Iterator[Connection]:
        """A bare connection: for checks at the start, and (`writes`) for migrations."""
        with _answering(), (self._writer if writes else self._reader).connect() as connection:
            yield connection

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        session = Session(engine, expire_on_commit=False, info={"now": self.clock()})
        try:
            with _answering():
                yield session
        finally:
            session.close()


@contextmanager
def _answering() -> Iterator[None]:
    """The database's own trouble, whatever the driver calls it, as DatabaseBusy."""
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseBusy from error
    except DBAPIError as error:
        if _is_passing(error):
            raise DatabaseBusy from error
        # On PostgreSQL two can both look, find nothing and write; on SQLite writers wait in line,
        # so that there a key taken twice is a fault of ours.
        if getattr(error.orig, "sqlstate", None) == "23505":
            raise Collided from error
        raise


def _is_passing(error: DBAPIError) -> bool:
    """Is this the database's trouble (lock, disk, connection) and not a wrong statement?"""
    if error.connection_invalidated:
        return True
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return (getattr(cause, "sqlite_errorcode", 0) & 0xFF) in _SQLITE_PASSING
    if not isinstance(error, OperationalError):
        return False
    state = getattr(cause, "sqlstate", None)
    return state is None or state[:2] in ("08", "40", "53", "55", "57")


_SQLITE_PASSING = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_NOTADB,
)


def _sqlite(url: str) -> tuple[Engine, Engine]:
    path = make_url(url).database
    if not path:
        raise ValueError("a register needs a file")
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseBusy from error
    # Readers share the file with the writer through the WAL and are never blocked by it.
    reader = create_engine(url, hide_parameters=True, pool_size=8, max_overflow=0, pool_timeout=5)
    # One write connection per process: writers queue in Python, in order, instead of racing for
    # the file's lock (eight connections: p99 894 ms; one: 36 ms).
    writer = create_engine(url, hide_parameters=True, pool_size=1, max_overflow=0, pool_timeout=10)
    for engine, begin in ((reader, "BEGIN"), (writer, "BEGIN IMMEDIATE")):
        event.listen(engine, "connect", _sqlite_connection(query_only=engine is reader))
        event.listen(engine, "begin", _beginner(begin))
    return reader, writer


def _sqlite_connection(*, query_only: bool) -> Callable[[Any, Any], None]:
    def prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN is deferred and loses races
        for pragma in (
            "busy_timeout = 5000",
            "journal_mode = WAL",  # readers go on while somebody writes
            "synchronous = FULL",  # an answered write survives a power cut
            "foreign_keys = ON",
            "secure_delete = ON",  # an erased text does not linger in free pages
            "trusted_schema = OFF",
            f"query_only = {'ON' if query_only else 'OFF'}",
            # In KiB: a large import that did not fit would write its pages many times.
            f"cache_size = {-8_000 if query_only else -64_000}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        if connection.execute("PRAGMA synchronous").fetchone()[0] != 2:
            raise RuntimeError("SQLite would not promise durable writes (synchronous = FULL)")

    return prepare


def _beginner(statement: str) -> Callable[[Any], None]:
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(statement)

    return begin


def _postgresql(url: str) -> Engine:
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        hide_parameters=True,  # errors are logged: no text of the register goes with them
        pool_size=10,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": 3,
            # A writer that cannot get its lock in two seconds is answered 503; a session that a
            # dead client left open lets go of its locks after ten.
            "options": "-c lock_timeout=2000 -c idle_in_transaction_session_timeout=10000 "
            "-c timezone=UTC",
        },
    )
