"""The commands of `tracker` and their options, each with an example."""

import argparse
import codecs
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from app.cli import digest, exports, holidays, imports, register, remote, server, tokens
from app.domain.actors import Role
from app.settings import Settings


def parser() -> argparse.ArgumentParser:
    """`tracker` and its commands. What it parses names in `run` the function that does it."""
    top = _Parser(
        prog="tracker",
        description="The recommendation progress tracker. Without a command: migrate, seed if "
        "empty, and serve on http://127.0.0.1:8000.",
        epilog="example: tracker token create --name 'A Lead' --role lead",
    )
    top.set_defaults(run=server.start)
    _server_options(top)
    commands = top.add_subparsers(title="commands", metavar="COMMAND")
    _register_commands(commands)
    _token_commands(commands)
    _remote_commands(commands)
    return top


def _register_commands(commands: Any) -> None:
    one = _command(
        commands,
        "serve",
        "serve a register that is current",
        server.serve,
        "tracker serve --host 0.0.0.0 --port 8000 --workers 2",
    )
    _server_options(one)
    _command(
        commands,
        "migrate",
        "bring the register's schema up to date",
        register.migrate,
        "TRACKER_DATABASE_URL=sqlite:///var/tracker.db tracker migrate",
    )
    _command(
        commands,
        "seed",
        "load seed/; what is there already stays as it is",
        register.seed,
        "tracker seed",
    )
    one = _command(
        commands,
        "verify",
        "walk the journal and check that it was not altered",
        register.verify,
        "tracker verify --expect 120:3fa1...",
    )
    one.add_argument("--expect", metavar="ANCHOR", help="an anchor that was kept elsewhere")
    _command(
        commands,
        "anchor",
        "print seq:hash of the journal's head, to keep elsewhere",
        register.anchor,
        "tracker anchor >> anchors.txt",
    )
    one = _command(
        commands,
        "bank-holidays",
        "bring the bank holidays that deadlines count by up to date",
        holidays.refresh,
        "tracker bank-holidays bank-holidays.json",
    )
    one.add_argument(
        "file", metavar="FILE", nargs="?", help="as GOV.UK publishes it (left out: fetched there)"
    )


def _token_commands(commands: Any) -> None:
    what = "create, list and revoke tokens"
    example = "example: tracker token create --name 'A Lead' --role lead"
    token = commands.add_parser("token", help=what, description=what, epilog=example)
    under = token.add_subparsers(title="commands", metavar="COMMAND", required=True)
    one = _command(
        under,
        "create",
        "make a token and print it once",
        tokens.create,
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
        under, "list", "list all tokens, without their secrets", tokens.show, "tracker token list"
    )
    one = _command(
        under, "revoke", "end a token at once", tokens.revoke, "tracker token revoke 3f9a01bc22de"
    )
    one.add_argument("id", metavar="ID", help="the part after rpt_ of the token")


def _remote_commands(commands: Any) -> None:
    one = _command(
        commands,
        "import",
        "bring files into a tracker: .xlsx, .csv, .json, .ndjson; each wholly or not at all",
        imports.run,
        "tracker import letter.xlsx --inspection bwd-2017-sif --dry-run",
    )
    one.add_argument("files", metavar="FILE", nargs="+", help="- is standard input")
    one.add_argument(
        "--inspection", metavar="SLUG", help="of which inspection the rows are, where none is said"
    )
    one.add_argument("--dry-run", action="store_true", help="say what would come of it")
    one.add_argument(
        "--ignore",
        metavar="COLUMN",
        action="append",
        default=[],
        help="a column that is not for the tracker; may be repeated",
    )
    one.add_argument("--sheet", metavar="NAME", help="which sheet of a workbook")
    one.add_argument(
        "--encoding", metavar="NAME", type=_encoding, help="of text files: windows-1252, utf-16..."
    )
    one.add_argument("--json", action="store_true", help="print the tracker's answers, one a line")
    remote.options(one)
    one = _command(
        commands,
        "export",
        "take everything out: as the document that imports back, or as one flat table",
        exports.run,
        "tracker export --format csv --as-of 2026-03-31 --out recommendations.csv",
    )
    one.add_argument("--format", choices=exports.FORMATS, default="document")
    one.add_argument(
        "--as-of",
        metavar="DATE",
        type=remote.day,
        help="as it was at the end of a day; not of the document",
    )
    one.add_argument("--out", metavar="FILE", help="left out: standard output")
    remote.options(one)
    one = _command(
        commands,
        "digest",
        "say what needs a party, as plain text for a mailer",
        digest.run,
        "tracker digest --party bwd-council",
    )
    one.add_argument("--party", metavar="SLUG", required=True, help="as GET /v1/parties names it")
    remote.options(one)


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


def _encoding(text: str) -> str:
    try:
        "".encode(text)  # refuses what is no encoding of text, like hex
        return codecs.lookup(text).name
    except LookupError as error:
        raise argparse.ArgumentTypeError("is not an encoding, like windows-1252") from error


def _days(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 3650:
        raise argparse.ArgumentTypeError("must be 1 to 3650 days")
    return int(text)
