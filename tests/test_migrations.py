"""Every migration up, down and up again, on registers that hold something, on both engines."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Enum, inspect, text
from sqlalchemy.exc import IntegrityError

from app.db import Database
from app.domain.guards import missing_guards
from app.domain.tables import METADATA
from app.main import SCHEMA, StartRefused, check_register
from app.settings import ROOT, Settings
from tests.conftest import opened
from tests.live import Clock, Register

CONFIG = Config(str(ROOT / "alembic.ini"))
REVISIONS = [one.revision for one in ScriptDirectory.from_config(CONFIG).walk_revisions()][::-1]
Step = Callable[[Config, str], None]


def run(database: Database, step: Step, to: str) -> None:
    config = Config(str(ROOT / "alembic.ini"))
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        step(config, to)


def content(database: Database) -> dict[str, tuple[list[str], set[str]]]:
    """Of each table its columns and a hash of each row."""
    found = {}
    with database.engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            if table != "alembic_version":
                rows = connection.execute(text(f'SELECT * FROM "{table}"'))  # noqa: S608
                names = list(rows.keys())
                hashes = {hashlib.sha256(repr(tuple(row)).encode()).hexdigest() for row in rows}
                found[table] = (names, hashes)
    return found


@pytest.fixture
def bare(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> Iterator[Database]:
    """A database with nothing in it."""
    if engine == "sqlite":
        with closing(opened(f"sqlite:///{tmp_path}/bare.db", Clock())) as database:
            yield database
        return
    cluster = request.getfixturevalue("cluster")
    with closing(opened(cluster.create("bare"), Clock())) as database:
        yield database
    cluster.drop("bare")


def test_the_app_reads_the_newest_schema() -> None:
    assert REVISIONS[-1] == SCHEMA


def shape(database: Database) -> dict[str, Any]:
    """Of each table its columns, checks, keys and indexes."""
    found = {}
    with database.engine.connect() as connection:
        inspector = inspect(connection)
        for table in inspector.get_table_names():
            found[table] = {
                "columns": {
                    (one["name"], str(one["type"]), one["nullable"])
                    for one in inspector.get_columns(table)
                },
                "checks": {
                    (one["name"], one["sqltext"]) for one in inspector.get_check_constraints(table)
                },
                "foreign keys": {
                    (str(one["name"]), *one["constrained_columns"], one["referred_table"])
                    for one in inspector.get_foreign_keys(table)
                },
                "indexes": {
                    (str(one["name"]), *map(str, one["column_names"]), bool(one["unique"]))
                    for one in inspector.get_indexes(table)
                },
            }
    return found


def test_each_step_goes_up_down_and_up(bare: Database) -> None:
    """And going down leaves what was there before, checks and keys included."""
    shapes: list[dict[str, Any]] = []
    for position, revision in enumerate(REVISIONS):
        run(bare, command.upgrade, revision)
        reached = shape(bare)
        run(bare, command.downgrade, REVISIONS[position - 1] if position else "base")
        if position:
            assert shape(bare) == shapes[-1]
        run(bare, command.upgrade, revision)
        assert shape(bare) == reached
        shapes.append(reached)
    assert bare.revision() == SCHEMA
    run(bare, command.downgrade, "base")
    with bare.engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}


def test_a_step_down_and_up_keeps_the_rows_of_a_register_in_use(seeded: Register) -> None:
    """For each step but the first, which makes all there is."""
    before = content(seeded.database)
    for position in range(len(REVISIONS) - 1, 0, -1):
        run(seeded.database, command.downgrade, REVISIONS[position - 1])
    older = content(seeded.database)
    run(seeded.database, command.upgrade, "head")
    after = content(seeded.database)
    assert after.keys() == before.keys()
    for table, (columns, rows) in older.items():
        if columns == before[table][0]:
            assert rows == before[table][1], table
            assert after[table] == before[table], table


def test_a_populated_register_can_be_taken_down_and_made_anew(seeded: Register) -> None:
    run(seeded.database, command.downgrade, "base")
    run(seeded.database, command.upgrade, "head")
    assert {
        rows == set() for table, (_, rows) in content(seeded.database).items() if table != "head"
    } == {True}


def test_the_tables_are_what_the_nouns_say(register: Register) -> None:
    with register.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_guards_stand_after_a_migration(register: Register) -> None:
    with register.database.engine.connect() as connection:
        assert missing_guards(connection) == []


def test_migrating_makes_guards_again_that_somebody_took_away(register: Register) -> None:
    drop = (
        "DROP TRIGGER change_no_update"
        if register.engine == "sqlite"
        else ("DROP TRIGGER change_no_change ON change")
    )
    with register.database.engine.begin() as connection:
        connection.execute(text(drop))
    with pytest.raises(StartRefused, match="guards of the journal are missing"):
        check_register(register.settings, register.database)
    run(register.database, command.upgrade, "head")
    check_register(register.settings, register.database)


def test_another_schema_is_refused_with_what_to_run(bare: Database) -> None:
    settings = Settings(anonymous_read=True)
    with pytest.raises(StartRefused, match="not there yet: run `tracker migrate`"):
        check_register(settings, bare)
    run(bare, command.upgrade, "head")
    with bare.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(StartRefused, match=f"schema 0000, this version {SCHEMA}"):
        check_register(settings, bare)


def enum_columns() -> list[Any]:
    return [
        pytest.param(table.name, column.name, list(column.type.enums), id=f"{table}.{column.name}")
        for table in METADATA.sorted_tables
        for column in table.columns
        if isinstance(column.type, Enum)
    ]


@pytest.mark.parametrize(("table", "column", "values"), enum_columns())
def test_every_word_and_no_other_can_be_stored(
    seeded_words: Database, table: str, column: str, values: list[str]
) -> None:
    """On a copy without data the CHECK itself is asked: it must know each word, and only those."""
    with seeded_words.engine.connect() as connection:
        found = {
            check["name"]: check["sqltext"]
            for check in inspect(connection).get_check_constraints(table)
        }
        quoted = {f"'{value}'" for value in values}
        holding = [
            sql
            for sql in found.values()
            if column in sql
            and all(word in sql for word in quoted)
            and sql.count("'") // 2 == len(quoted)
        ]
        assert holding, f"no CHECK on {table}.{column} that names exactly {values}"


@pytest.fixture(scope="module")
def seeded_words(
    sqlite_templates: Any,
) -> Iterator[Database]:
    url, remove = sqlite_templates.copy("empty")
    with closing(opened(url, Clock())) as database:
        yield database
    remove()


@pytest.mark.parametrize("word", ["VERIFIED", "reopened", ""])
def test_the_database_refuses_a_status_that_is_none(seeded: Register, word: str) -> None:
    statement = text("UPDATE recommendation SET status = :word WHERE ref = 'bwd-2017-sif-1'")
    with pytest.raises(IntegrityError), seeded.database.engine.begin() as connection:
        connection.execute(statement, {"word": word})
