"""How Alembic reaches the register: the connection it is handed, or TRACKER_DATABASE_URL.

On SQLite a batch migration rebuilds a table by dropping it, and with foreign keys on that deletes
its children. So they are off before the transaction begins (SQLite ignores the pragma inside one),
checked before it commits. The journal's guards are away meanwhile, in the same transaction.
"""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, text
from sqlmodel import AutoString

from app.db import Database
from app.domain import guards
from app.domain.base import NAME, Moment
from app.domain.tables import METADATA
from app.settings import Settings


def render(kind: str, item: Any, autogen: Any) -> str | Literal[False]:
    """Types as the database has them: a migration must not change when the app's types do."""
    if kind != "type":
        return False
    if item is NAME:
        return "NAME"
    if isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, AutoString):
        return f"sa.String({item.length})"
    return False


def migrate(connection: Connection) -> None:
    """Runs the migrations asked for in one transaction."""
    embedded = connection.dialect.name == "sqlite"
    if embedded:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
    with connection.begin():
        if not embedded:
            # One replica migrates; the others wait here and find nothing left to do.
            connection.execute(text("SELECT pg_advisory_xact_lock(7238410)"))
        context.configure(
            connection=connection,
            target_metadata=METADATA,
            render_as_batch=True,
            compare_type=True,
            render_item=render,
            transaction_per_migration=False,
        )
        # They name columns, and so stand in the way of changing any; an older schema has others.
        guards.drop(connection)
        context.run_migrations()
        if context.get_context().get_current_revision() == context.script.get_current_head():
            guards.make(connection)
        if embedded and connection.execute(text("PRAGMA foreign_key_check")).first():
            raise RuntimeError("the migration would leave rows that point to nothing")
    if embedded:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys = ON")  # type: ignore[union-attr]


handed = context.config.attributes.get("connection")
if handed is not None:
    migrate(handed)
else:
    database = Database(Settings().database_url, seal=lambda session: None)
    with database.engine.connect() as opened:
        migrate(opened)
