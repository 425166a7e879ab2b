"""/v1/calendar.ics: due dates for Outlook, Google and whatever else reads iCalendar."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api import files
from app.api.deps import Read, Reading
from app.domain import agenda, ics
from app.domain.filters import Filters

router = APIRouter(tags=["Calendars"])


class Ics(Response):
    media_type = "text/calendar"


@router.get("/calendar.ics", response_class=Ics)
def show(read: Reading, asked: Annotated[Filters, Query()]) -> Response:
    """Due dates of what is unfinished, days of the next review, and by when inspections must be
    answered. Takes the list's filters, but for `as_of` and `sort`."""
    with read:
        return _sent(read, "Recommendations", asked)


def _sent(read: Read, name: str, filters: Filters) -> Response:
    agenda.check(filters)
    # From the setting alone: whoever asks could write any address into the Host header.
    said = "url" in read.settings.model_fields_set
    address = f"{read.settings.url.rstrip('/')}/v1" if said else None
    days = agenda.events(read.session, read.actor, filters, stale_days=read.settings.stale_days)
    return files.sent(
        read,
        "recommendations.ics",
        Ics.media_type,
        lambda file: ics.write(file, name, days, address),
        daily=agenda.daily(filters),
        query=f"{address} {name} {filters.model_dump_json(exclude_defaults=True)}",
    )
