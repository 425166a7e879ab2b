"""How a command reaches a tracker: the address and token that were given, and exit codes for what
goes wrong on the way."""

import argparse
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from urllib.parse import urlsplit

from app.cli.register import Failed
from app.client import Busy, NotAllowed, NotFound, NotReached, Tracker, TrackerError
from app.settings import Settings, is_loopback

TRIES = 4
"""Somebody waits: seconds, not minutes."""


@contextmanager
def tracker(settings: Settings, options: Namespace) -> Iterator[Tracker]:
    """The tracker that was meant. Failed: 2 for an address that is none, 3 where it was not reached
    or does not let this in, 1 for other refusals."""
    url = options.url or settings.address
    given = options.token or (settings.token and settings.token.get_secret_value())
    try:
        remote = Tracker(url, given or _local_token(url, settings), tries=TRIES)
    except ValueError as error:
        raise Failed(str(error), 2) from error
    try:
        with remote:
            yield remote
    except NotAllowed as error:
        how = "; --token or TRACKER_TOKEN says which token" if error.status == 401 else ""
        raise Failed(_line(error) + how, 3) from error
    except NotFound as error:
        raise Failed(f"{url} does not take this: is it the tracker's address?", 3) from error
    except (NotReached, Busy) as error:
        raise Failed(_line(error), 3) from error
    except TrackerError as error:
        raise Failed(_line(error)) from error
    except KeyboardInterrupt as error:
        raise Failed("stopped; doing it again changes nothing that is done already") from error


def options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--url", help="the tracker's address (else TRACKER_URL)")
    command.add_argument(
        "--token", help="your token; better in TRACKER_TOKEN, where other users do not see it"
    )


def day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise argparse.ArgumentTypeError("must be a day, like 2026-11-24") from error


def _local_token(url: str, settings: Settings) -> str | None:
    """The one that the first start keeps on this machine, for this machine only."""
    file = settings.data_dir / "admin.token"
    if is_loopback(urlsplit(url).hostname or "") and file.is_file():
        return file.read_text().strip()
    return None


def _line(error: TrackerError) -> str:
    return " ".join(str(error).split())
