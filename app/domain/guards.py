"""The guards of the journal: triggers that refuse to change or take away what was recorded.

They are made again after every migration (a batch migration on SQLite rebuilds tables and drops
their triggers) and looked for at every start of the server.
"""

from sqlalchemy import Connection, text

TABLES = ("change", "journal_text")

_SQLITE = {
    "change_no_update": """
        CREATE TRIGGER change_no_update BEFORE UPDATE ON change
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    "change_no_delete": """
        CREATE TRIGGER change_no_delete BEFORE DELETE ON change
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    # Also what INSERT OR REPLACE would take away, before it does.
    "change_in_order": """
        CREATE TRIGGER change_in_order BEFORE INSERT ON change
        WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM change)
        BEGIN SELECT RAISE(ABORT, 'the journal has no gap and no number twice'); END""",
    "journal_text_no_update": """
        CREATE TRIGGER journal_text_no_update BEFORE UPDATE ON journal_text
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    "journal_text_no_replace": """
        CREATE TRIGGER journal_text_no_replace BEFORE INSERT ON journal_text
        WHEN EXISTS (SELECT 1 FROM journal_text WHERE id = NEW.id AND part = NEW.part)
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
}

_POSTGRESQL = {
    "change_no_change": """
        CREATE TRIGGER change_no_change BEFORE UPDATE OR DELETE ON change
        FOR EACH ROW EXECUTE FUNCTION journal_is_append_only()""",
    "change_no_truncate": """
        CREATE TRIGGER change_no_truncate BEFORE TRUNCATE ON change
        FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()""",
    "journal_text_no_update": """
        CREATE TRIGGER journal_text_no_update BEFORE UPDATE ON journal_text
        FOR EACH ROW EXECUTE FUNCTION journal_is_append_only()""",
    "journal_text_no_truncate": """
        CREATE TRIGGER journal_text_no_truncate BEFORE TRUNCATE ON journal_text
        FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()""",
}

_FUNCTION = """
    CREATE OR REPLACE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'check_violation';
    END $$"""


def make(connection: Connection) -> None:
    """Makes the guards that are not there. Does nothing where the journal is not there."""
    missing = missing_guards(connection)
    if missing and connection.dialect.name == "postgresql":
        connection.execute(text(_FUNCTION))
    for name in missing:
        connection.execute(text(_guards(connection)[name]))


def drop(connection: Connection) -> None:
    """Takes the guards away, for a migration: make() follows in the same transaction."""
    there = set(_names(connection, "trigger"))
    for name, statement in _guards(connection).items():
        if name in there:
            table = statement.partition(" ON ")[2].split()[0]
            on = f" ON {table}" if connection.dialect.name == "postgresql" else ""
            connection.execute(text(f"DROP TRIGGER {name}{on}"))


def missing_guards(connection: Connection) -> list[str]:
    """The guards that should be there and are not (none where there is no journal yet)."""
    if not set(TABLES) <= set(_names(connection, "table")):
        return []
    return sorted(set(_guards(connection)) - set(_names(connection, "trigger")))


def _guards(connection: Connection) -> dict[str, str]:
    return _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE


def _names(connection: Connection, kind: str) -> list[str]:
    if connection.dialect.name == "sqlite":
        query = text("SELECT name FROM sqlite_master WHERE type = :kind")
        return [row.name for row in connection.execute(query, {"kind": kind})]
    if kind == "table":
        query = text("SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()")
    else:
        query = text(
            "SELECT tgname AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') "
            "AND c.relnamespace = current_schema()::regnamespace"
        )
    return [row.name for row in connection.execute(query)]
