"""Fixtures: a migrated register for each test, on SQLite and on PostgreSQL, with a live server."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from app.cli import load_seed
from app.db import Database
from app.domain import changes
from app.settings import ROOT, Settings
from tests.live import Clock, Live, Register, serving
from tests.postgres import Cluster

ENGINES = ("sqlite", "postgresql")
SOURCES = Path(os.environ.get("TRACKER_TEST_SOURCES", ROOT.parent / "shared" / "sources"))
"""The texts that the seed quotes: not ours to ship, compared with where they are at hand."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says loudly what could not be checked on this machine."""
    if not SOURCES.is_dir():
        terminalreporter.write_line(
            "NOT CHECKED: the source texts are not here, so the seed's quotes were not compared "
            "with them; set TRACKER_TEST_SOURCES to their folder",
            yellow=True,
        )


def migrate(database: Database, to: str = "head") -> None:
    config = Config(str(ROOT / "alembic.ini"))
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def opened(url: str, clock: Clock) -> Database:
    return Database(url, seal=changes.seal, clock=clock)


@dataclass
class Templates:
    """Registers that are made once and copied for each test: `empty` and `seeded`."""

    copy: Callable[[str], tuple[str, Callable[[], None]]]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    one = Cluster()
    yield one
    one.remove()


def _fill(url: str, kind: str) -> None:
    database = opened(url, Clock())
    migrate(database)
    if kind == "seeded":
        load_seed(database)
    with database.engine.connect() as connection:
        if database.embedded:  # one file to copy
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    home = tmp_path_factory.mktemp("sqlite")
    numbers = count()

    def copy(kind: str) -> tuple[str, Callable[[], None]]:
        template = home / f"{kind}.db"
        if not template.exists():
            _fill(f"sqlite:///{template}", kind)
        path = home / f"register-{next(numbers)}.db"
        shutil.copy(template, path)

        def remove() -> None:
            for end in ("", "-wal", "-shm"):
                Path(f"{path}{end}").unlink(missing_ok=True)

        return f"sqlite:///{path}", remove

    return Templates(copy)


@pytest.fixture(scope="session")
def postgresql_templates(cluster: Cluster) -> Templates:
    made: set[str] = set()
    numbers = count()

    def copy(kind: str) -> tuple[str, Callable[[], None]]:
        if kind not in made:
            _fill(cluster.create(kind), kind)
            made.add(kind)
        name = f"register_{next(numbers)}"
        return cluster.create(name, kind), lambda: cluster.drop(name)

    return Templates(copy)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _register(
    request: pytest.FixtureRequest, engine: str, kind: str, tmp_path: Path
) -> Iterator[Register]:
    templates: Templates = request.getfixturevalue(f"{engine}_templates")
    url, remove = templates.copy(kind)
    clock = Clock()
    settings = Settings(database_url=url, data_dir=tmp_path, anonymous_read=True)
    database = opened(url, clock)
    register = Register(settings, database, clock, engine)
    if engine == "postgresql":
        register.token("somebody", "admin")  # outside local mode no token means no start
    yield register
    database.close()
    remove()


@pytest.fixture
def register(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> Iterator[Register]:
    """An empty register."""
    yield from _register(request, engine, "empty", tmp_path)


@pytest.fixture
def seeded(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> Iterator[Register]:
    """A register with the seed in it."""
    yield from _register(request, engine, "seeded", tmp_path)


@pytest.fixture
def live(seeded: Register) -> Iterator[Live]:
    """A server on the seeded register."""
    with serving(seeded) as running:
        yield running
