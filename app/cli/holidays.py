"""`tracker bank-holidays`: brings the bank holidays, which deadlines count by, up to date."""

import json
from argparse import Namespace
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
from pydantic import ValidationError

from app.cli.register import Failed, current
from app.domain import deadlines
from app.domain.actors import RULES
from app.domain.deadlines import HolidaysGiven
from app.settings import Settings

PUBLISHED = "https://www.gov.uk/bank-holidays.json"
DIVISION = "england-and-wales"


def refresh(settings: Settings, options: Namespace) -> int:
    """From a file as GOV.UK publishes it, else from GOV.UK itself."""
    given = (
        _read(_fetched(), PUBLISHED)
        if options.file is None
        else _read(_kept(options.file), f"{Path(options.file).name}, in the form of {PUBLISHED}")
    )
    with closing(current(settings)) as database, database.writing() as session:
        try:
            count = deadlines.refresh(session, RULES, given)
        except ValueError as error:
            raise Failed(str(error)) from error
    last = max(event.date for event in given.events)
    print(f"{count} bank holidays are known, until {last.isoformat()}")
    return 0


def _kept(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise Failed(f"{name} cannot be read: {error.strerror}") from error


def _fetched() -> bytes:
    try:
        return httpx.get(PUBLISHED, timeout=20, follow_redirects=True).raise_for_status().content
    except httpx.HTTPError as error:
        raise Failed(
            f"{PUBLISHED} was not reached: save it by other means and name the file", 3
        ) from error


def _read(content: bytes, source: str) -> HolidaysGiven:
    try:
        document: dict[str, Any] = json.loads(content)
        events = document[DIVISION]["events"]
        rows = [{"date": event["date"], "title": event["title"]} for event in events]
        given = {"source": source, "events": rows}
        return HolidaysGiven.model_validate_json(json.dumps(given), strict=True)
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise Failed(f"this is not the list of bank holidays that {PUBLISHED} gives") from error
