"""`tracker`: the command line. Arguments in, domain calls, exit codes out."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError
from sqlmodel import select

from app.db import Database, DatabaseBusy
from app.domain import audit, imports, replies, tokens
from app.domain.actors import Actor, Role
from app.domain.errors import ChainBroken, TrackerError
from app.domain.recommendations import Recommendation
from app.main import StartRefused, check_register, open_register
from app.settings import ROOT, Settings

SEED = ROOT / "seed"
SEEDER = Actor(name="seed", role=Role.ADMIN)


class Failed(Exception):
    def __init__(self, line: str, code: int = 1) -> None:
        super().__init__(line)
        self.code = code


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. Answers its exit code: 0 done, 1 not done, 2 usage, 3 not reached."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"TRACKER_{str(first['loc'][0]).upper()}"
        return _say(f"{name}: {first['msg']}", 2)
    try:
        code: int = options.run(settings, options)
        return code
    except Failed as error:
        return _say(str(error), error.code)
    except StartRefused as error:
        return _say(str(error), 1)
    except ChainBroken as error:
        return _say(f"the journal does not hold: {error}", 1)
    except TrackerError as error:
        details = [f"{one['pointer']} {one['detail']}" for one in error.members.get("errors", [])]
        return _say("; ".join([error.detail, *details[:5]]), 1)
    except DatabaseBusy as error:
        return _say(f"the database could not be reached: {_first_line(error.__cause__)}", 3)


def migrate(settings: Settings, options: argparse.Namespace) -> int:
    with closing(open_register(settings)) as database:
        before = database.revision()
        after = _migrate(database)
    print("the register is current" if before == after else f"the register is at schema {after}")
    return 0


def seed(settings: Settings, options: argparse.Namespace) -> int:
    with closing(open_register(settings)) as database:
        result = _seed(database)
    print(
        f"{result.count(imports.Outcome.CREATED)} recommendations added, "
        f"{result.count(imports.Outcome.UNCHANGED)} there already"
    )
    for row in result.rows:
        if row.outcome is imports.Outcome.CONFLICT:
            print(f"left as it is: {row.name} differs from the seed", file=sys.stderr)
    return 0


def serve(settings: Settings, options: argparse.Namespace) -> int:
    settings = _served(settings, options)
    with closing(open_register(settings)) as database:
        _local_token(settings, database)
        check_register(settings, database)
        with database.writing() as session:
            replies.forget_old(session)
    return _serve(settings)


def start(settings: Settings, options: argparse.Namespace) -> int:
    """The newcomer's one command: migrate, seed if empty, serve, and say where things are."""
    settings = _served(settings, options)
    with closing(open_register(settings)) as database:
        fresh = database.revision() is None
        _migrate(database)
        with database.reading() as session:
            empty = session.scalars(select(Recommendation).limit(1)).first() is None
        seeded = _seed(database).count(imports.Outcome.CREATED) if empty else 0
        _local_token(settings, database)
        check_register(settings, database)
    address = f"http://{settings.host}:{settings.port}"
    if fresh:
        print(f"Made a new register: {settings.database_url}")
    if seeded:
        print(f"Entered {seeded} recommendations from seed/ (Blackburn with Darwen, 2010 to 2023)")
    print(f"Serving on {address}")
    print(f"  look:  {address}/docs  or  {address}/v1/recommendations")
    if settings.local:
        print(f"  token: in {_token_file(settings)} (reading needs none on this machine)")
    print("Stop with Ctrl+C.", flush=True)
    return _serve(settings)


def token_create(settings: Settings, options: argparse.Namespace) -> int:
    with closing(_current(settings)) as database, database.writing() as session:
        token, text = tokens.create_token(
            session,
            options.name,
            Role(options.role),
            party=options.party,
            places=options.place,
            days=options.expires,
        )
    print(
        f"token {token.id} for {token.name} ({token.role.value}), expires "
        f"{token.expires_at.date().isoformat()}; it is shown this once:",
        file=sys.stderr,
    )
    print(text)
    return 0


def token_list(settings: Settings, options: argparse.Namespace) -> int:
    with closing(_current(settings)) as database, database.reading() as session:
        for token in tokens.tokens(session):
            ended = f"revoked {token.revoked_at.date()}" if token.revoked_at else ""
            where = ",".join(token.places) if token.places is not None else "all places"
            print(
                token.id,
                token.role.value,
                token.name,
                token.party or "-",
                where,
                f"expires {token.expires_at.date()}",
                ended,
                sep="\t",
            )
    return 0


def token_revoke(settings: Settings, options: argparse.Namespace) -> int:
    with closing(_current(settings)) as database, database.writing() as session:
        token = tokens.revoke(session, options.id)
    print(f"token {token.id} of {token.name} is revoked")
    return 0


def verify(settings: Settings, options: argparse.Namespace) -> int:
    with closing(_current(settings)) as database, database.reading() as session:
        try:
            anchor = audit.verify(session, options.expect)
        except ValueError as error:
            raise Failed(str(error), 2) from error
    print(f"the journal holds, up to {anchor}")
    return 0


def anchor(settings: Settings, options: argparse.Namespace) -> int:
    with closing(_current(settings)) as database, database.reading() as session:
        print(audit.anchor(session))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="tracker",
        description="The recommendation progress tracker. Without a command: migrate, seed if "
        "empty, and serve on http://127.0.0.1:8000.",
        epilog="example: tracker token create --name 'A Lead' --role lead",
    )
    parser.set_defaults(run=start)
    _server_options(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    one = _command(
        commands,
        "serve",
        "serve a register that is current",
        serve,
        "tracker serve --host 0.0.0.0 --port 8000 --workers 2",
    )
    _server_options(one)
    _command(
        commands,
        "migrate",
        "bring the register's schema up to date",
        migrate,
        "TRACKER_DATABASE_URL=sqlite:///var/tracker.db tracker migrate",
    )
    _command(
        commands, "seed", "load seed/; what is there already stays as it is", seed, "tracker seed"
    )
    one = _command(
        commands,
        "verify",
        "walk the journal and check that it was not altered",
        verify,
        "tracker verify --expect 120:3fa1...",
    )
    one.add_argument("--expect", metavar="ANCHOR", help="an anchor that was kept elsewhere")
    _command(
        commands,
        "anchor",
        "print seq:hash of the journal's head, to keep elsewhere",
        anchor,
        "tracker anchor >> anchors.txt",
    )

    token = commands.add_parser("token", help="create, list and revoke tokens").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )
    one = _command(
        token,
        "create",
        "make a token and print it once",
        token_create,
        "tracker token create --name 'A Lead' --role lead --party bwd-council",
    )
    one.add_argument(
        "--name",
        required=True,
        type=_name,
        help="who it is for: tokens of one name are one principal",
    )
    one.add_argument("--role", required=True, choices=[role.value for role in Role])
    one.add_argument("--party", metavar="SLUG", help="the party it speaks for")
    one.add_argument(
        "--place",
        metavar="SLUG",
        action="append",
        help="a place it reaches; may be repeated (left out: every place)",
    )
    one.add_argument("--expires", metavar="DAYS", type=_days, default=365)
    _command(
        token, "list", "list all tokens, without their secrets", token_list, "tracker token list"
    )
    one = _command(
        token, "revoke", "end a token at once", token_revoke, "tracker token revoke 3f9a01bc22de"
    )
    one.add_argument("id", metavar="ID", help="the part after rpt_ of the token")
    return parser


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where help is."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def _command(
    commands: Any,
    name: str,
    what: str,
    run: Callable[[Settings, argparse.Namespace], int],
    example: str,
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=what, description=what, epilog=f"example: {example}"
    )
    command.set_defaults(run=run)
    return command


def _server_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", metavar="H", default=argparse.SUPPRESS)
    parser.add_argument("--port", metavar="N", type=int, default=argparse.SUPPRESS)
    parser.add_argument("--workers", metavar="N", type=int, default=argparse.SUPPRESS)


def _name(text: str) -> str:
    if not text.strip() or len(text) > 100 or not text.isprintable():
        raise argparse.ArgumentTypeError("must be 1 to 100 printable characters")
    return text.strip()


def _days(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 3650:
        raise argparse.ArgumentTypeError("must be 1 to 3650 days")
    return int(text)


def _served(settings: Settings, options: argparse.Namespace) -> Settings:
    """The settings with what the command line says; the workers read them from the environment."""
    said = {
        name: value
        for name in ("host", "port", "workers")
        if (value := getattr(options, name, None)) is not None
    }
    for name, value in said.items():
        os.environ[f"TRACKER_{name.upper()}"] = str(value)
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        raise Failed(f"--{first['loc'][0]}: {first['msg']}", 2) from error


def _serve(settings: Settings) -> int:
    import uvicorn

    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_level=settings.log_level,
        access_log=False,  # it would write query strings, which can hold what people search for
        server_header=False,
    )
    return 0


def _current(settings: Settings) -> Database:
    """A register whose schema is current; StartRefused where it is not there or another."""
    database = open_register(settings)
    if database.revision() is None:
        database.close()
        raise Failed("the register is not there yet: run `tracker migrate`")
    return database


def _migrate(database: Database) -> str | None:
    from alembic import command  # a third of a second to load: only here
    from alembic.config import Config

    config = Config(str(ROOT / "alembic.ini"))
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return database.revision()


def _seed(database: Database) -> imports.Result:
    """Loads seed/ as one document. What is there already stays as it is, also where it differs."""
    parts: dict[str, list[object]] = {}
    for path in sorted(SEED.glob("*.json")):
        for part, rows in json.loads(path.read_text("utf-8")).items():
            parts.setdefault(part, []).extend(rows)
    document = imports.Document.model_validate_json(json.dumps(parts), strict=True)
    with database.writing() as session:
        return imports.bring(session, SEEDER, document, update=False)


def _local_token(settings: Settings, database: Database) -> None:
    """In local mode the first start makes an admin token and keeps it in a file only its owner
    can read."""
    path = _token_file(settings)
    if not settings.local:
        return
    with database.writing() as session:
        if tokens.any_token(session):
            return
        _, text = tokens.create_token(session, "local admin", Role.ADMIN)
        _write_secret(path, text)


def _token_file(settings: Settings) -> Path:
    return settings.data_dir / "admin.token"


def _write_secret(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")


def _say(line: str, code: int) -> int:
    print(f"tracker: {line}", file=sys.stderr)
    return code


def _first_line(error: BaseException | None) -> str:
    return str(error).splitlines()[0] if error else "no answer"


if __name__ == "__main__":
    sys.exit(main())
