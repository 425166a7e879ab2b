"""`tracker export`: takes what a tracker holds out into a file."""

import sys
from argparse import Namespace
from pathlib import Path

from app.cli import remote
from app.cli.register import Failed
from app.settings import Settings

FORMATS = ("document", "csv", "xlsx", "json")


def run(settings: Settings, options: Namespace) -> int:
    to = None if options.out in (None, "-") else Path(options.out)
    if to is None and options.format == "xlsx" and sys.stdout.isatty():
        raise Failed("a workbook is not for a terminal: name a file with --out", 2)
    if options.format == "document" and options.as_of:
        raise Failed("--as-of goes with csv, xlsx and json: the document is as things are now", 2)
    if to is not None and (to.is_dir() or not to.parent.is_dir()):
        raise Failed(f"{to.name} cannot be written: is that a file in a folder that is there?")
    with remote.tracker(settings, options) as tracker:
        tracker.export(options.format, to or sys.stdout.buffer, as_of=options.as_of)
    return 0
