"""Commands on the register itself: migrate, seed, verify, anchor; and how a command opens it."""

import json
import sys
from argparse import Namespace
from contextlib import closing
from typing import Any

from app.db import Database
from app.domain import audit, imports
from app.domain.actors import Actor, Role
from app.main import check_schema, open_register
from app.settings import ROOT, Settings

SEED = ROOT / "seed"
SEEDER = Actor(name="seed", role=Role.ADMIN)


class Failed(Exception):
    """The command cannot be done. The message is the one line that says why."""

    def __init__(self, line: str, code: int = 1) -> None:
        super().__init__(line)
        self.code = code


def migrate(settings: Settings, options: Namespace) -> int:
    with closing(open_register(settings)) as database:
        before = database.revision()
        after = bring_to_head(database)
    print("the register is current" if before == after else f"the register is at schema {after}")
    return 0


def seed(settings: Settings, options: Namespace) -> int:
    with closing(current(settings)) as database:
        result = load_seed(database)
    print(
        f"{result.count(imports.Outcome.CREATED)} recommendations added, "
        f"{result.count(imports.Outcome.UNCHANGED)} there already"
    )
    for row in result.rows:
        if row.outcome is imports.Outcome.CONFLICT:
            print(f"left as it is: {row.name} differs from the seed", file=sys.stderr)
    return 0


def verify(settings: Settings, options: Namespace) -> int:
    with closing(current(settings)) as database, database.reading() as session:
        try:
            anchor = audit.verify(session, options.expect)
        except ValueError as error:
            raise Failed(str(error), 2) from error
    print(f"the journal holds, up to {anchor}")
    return 0


def anchor(settings: Settings, options: Namespace) -> int:
    with closing(current(settings)) as database, database.reading() as session:
        print(audit.anchor(session))
    return 0


def current(settings: Settings) -> Database:
    """The register, open; StartRefused where it is not there or its schema is another."""
    database = open_register(settings)
    try:
        check_schema(database)
    except BaseException:
        database.close()
        raise
    return database


def bring_to_head(database: Database) -> str | None:
    """Migrates, and answers the schema that the register has then."""
    from alembic import command  # a third of a second to load: only here
    from alembic.config import Config

    config = Config(str(ROOT / "alembic.ini"))
    with database.connected(writes=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return database.revision()


def load_seed(database: Database) -> imports.Result:
    """Loads seed/ as one document. What is there already stays as it is, also where it differs."""
    parts: dict[str, Any] = {}
    for path in sorted(SEED.glob("*.json")):
        for part, rows in json.loads(path.read_text("utf-8")).items():
            if isinstance(rows, dict):
                parts[part] = rows
            else:
                parts.setdefault(part, []).extend(rows)
    document = imports.Document.model_validate_json(json.dumps(parts), strict=True)
    with database.writing() as session:
        return imports.bring(session, SEEDER, document.parts(), update=False)
