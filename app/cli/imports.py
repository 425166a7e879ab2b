"""`tracker import`: brings files into a tracker, through HTTP as any script would."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from typing import Any
from uuid import uuid4

from app.cli import files, outcomes, remote
from app.cli.files import Import
from app.cli.register import Failed
from app.client import Malformed, TooLarge, Tracker
from app.client.files import Progress
from app.settings import Settings


def run(settings: Settings, options: Namespace) -> int:
    """Every file is looked at before the first is sent; the first refusal ends it."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a name may hold what a console cannot show
    run = uuid4().hex
    with ExitStack() as stack:
        given = [
            files.ready(
                stack,
                name,
                sheet=options.sheet,
                encoding=options.encoding,
                ignore=options.ignore,
            )
            for name in options.files
        ]
        tracker = stack.enter_context(remote.tracker(settings, options))
        for number, file in enumerate(given, 1):
            if file.said:
                _tell(f"{file.name}: {file.said}")
            try:
                answer = _send(tracker, file, options, f"{run}-{number}")
            except (Malformed, TooLarge) as error:
                _show(error.problem, file, options)
                before = f" ({number - 1} of {len(given)} files were before)" if number > 1 else ""
                raise Failed(f"{file.name}: {_why(error)}{before}") from error
            _show(answer, file, options)
            for warning in answer.get("warnings") or []:
                _tell(f"{file.name}: {warning}")
            if found := outcomes.conflicts(answer):
                _tell(f"{file.name}: {found} in conflict with the register, which stays as it is")
    return 0


def _send(tracker: Tracker, file: Import, options: Namespace, key: str) -> dict[str, Any]:
    with _progress(file.name) as progress:
        return tracker.import_file(
            file.file,
            file.media,
            dry_run=options.dry_run,
            inspection=options.inspection,
            ignore=options.ignore,
            name=file.name,
            key=key,
            progress=progress,
        )


def _show(answer: dict[str, Any], file: Import, options: Namespace) -> None:
    if options.json:
        print(json.dumps(answer), flush=True)
    elif answer.get("rows") or "detail" not in answer:  # a file that was refused whole has no rows
        for line in outcomes.lines(answer, file.name, file.row):
            print(line, flush=True)


def _why(error: Malformed | TooLarge) -> str:
    if refused := error.problem.get("refused"):
        return (
            f"{refused} {'row was' if refused == 1 else 'rows were'} refused; nothing was applied"
        )
    told = "; ".join(one.get("detail", "") for one in error.errors[:5])
    return f"{told} ({error.detail})" if told else error.detail


def _tell(line: str) -> None:
    print(f"tracker: {line}", file=sys.stderr)


@contextmanager
def _progress(name: str) -> Iterator[Progress | None]:
    """How much was sent, on a terminal; a line that is gone when it is done."""
    if not sys.stderr.isatty():
        yield None
        return

    def tell(sent: int, size: int) -> None:
        filled = 20 * sent // size
        at_work = "the tracker reads it" if sent == size else f"{100 * sent // size} % sent"
        line = f"[{'#' * filled}{'.' * (20 - filled)}] {at_work}"
        print(f"\r{name[:40]} {line:<50}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        print(f"\r{'':<91}\r", end="", file=sys.stderr, flush=True)
