"""/v1/calendar.ics and its secret addresses: due dates for whatever reads iCalendar."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api import conditional, files
from app.api.deps import Door, Holding, Read, Reading, Write, check_query, takes
from app.api.paging import Listed, Paged, begin, cut, page
from app.domain import agenda, calendars, ics
from app.domain.actors import Actor, Role
from app.domain.calendars import CalendarAddress, CalendarGiven, CalendarShown, RevocationGiven
from app.domain.filters import Filters
from app.settings import Settings

router = APIRouter(tags=["Calendars"])


class Ics(Response):
    media_type = "text/calendar"


class Opened(Read):
    """A request to a secret address, which reads as its maker may."""

    def __init__(self, request: Request, actor: Actor, kept: CalendarAddress) -> None:
        super().__init__(request, actor)
        self.kept = kept


class SecretDoor(Door):
    """Lets in whoever knows the secret in the address; any other credential is not looked at."""

    def __call__(self, request: Request, secret: str) -> Opened:
        with request.app.state.database.reading() as session:
            kept, actor = calendars.opened(session, secret)
        check_query(request)
        # What the address opens can end without a change of the journal: never from memory.
        request.scope["from_memory"] = False
        return Opened(request, actor, kept)


@router.get("/calendar.ics", response_class=Ics)
def show_ics(read: Reading, asked: Annotated[Filters, Query()]) -> Response:
    """Due dates of what is unfinished, days of the next review, and by when inspections must be
    answered. Takes the list's filters, but for `as_of` and `sort`."""
    with read:
        return _sent(read, "Recommendations", asked)


@router.get("/calendar/{secret}.ics", response_class=Ics)
def show_secret(read: Annotated[Opened, Depends(SecretDoor(Role.VIEWER))]) -> Response:
    """The same for calendars that send no credentials: the address is the key."""
    with read:
        return _sent(read, read.kept.name, Filters.model_validate(read.kept.filters))


@router.post(
    "/calendars", status_code=201, response_model=CalendarShown, openapi_extra=takes(CalendarGiven)
)
def make(write: Holding) -> Response:
    """Makes a secret address, told in this answer alone. It reads what you may read, now and
    later, until it is revoked, expires, or none of your tokens lives."""
    with write as session:
        given = write.body(CalendarGiven)
        agenda.check(given.filters)
        made, secret = calendars.make(session, write.actor, given)
        path = f"/v1/calendar/{secret}.ics"
        return _told(write, made, {"address": f"{_address(write.settings) or ''}{path}"})


@router.get("/calendars", response_model=Listed[CalendarShown])
def list_calendars(read: Reading, paging: Paged) -> Response:
    """The secret addresses that you made (an admin: all), newest first, without their secrets."""
    with read as session:
        read.named()

        def build() -> dict[str, Any]:
            found = calendars.calendars(
                session, read.actor, after=begin(paging), limit=paging.limit + 1
            )
            rows, last = cut(found, paging.limit, lambda one: (one.created_at, one.id))
            return page([calendars.shown(one) for one in rows], last)

        return read.many(build, revision=calendars.revision(session, read.actor))


@router.get("/calendars/{id}", response_model=CalendarShown)
def show(id: str, read: Reading) -> Response:  # noqa: A002 - the name that stands in the address
    """One of them."""
    with read as session:
        read.named()
        found = calendars.find(session, read.actor, id)
        revision = calendars.revision(session, read.actor)
        return read.many(lambda: calendars.shown(found), revision=revision)


@router.post(
    "/calendars/{id}/revocation",
    status_code=201,
    response_model=CalendarShown,
    openapi_extra=takes(RevocationGiven),
)
def revoke(id: str, write: Holding) -> Response:  # noqa: A002
    """Ends a secret address at once."""
    with write as session:
        found = calendars.find(session, write.actor, id, lock=True)
        write.body(RevocationGiven)
        calendars.revoke(session, found)
        return _told(write, found)


def _told(write: Write, one: CalendarAddress, once: dict[str, Any] | None = None) -> Response:
    revision = calendars.revision(write.session, write.actor)
    return write.reply(
        conditional.tag_of_many(revision, write.about(daily=False)),
        lambda: calendars.shown(one),
        status=201,
        location=f"/v1/calendars/{one.id}",
        once=once,
    )


def _address(settings: Settings) -> str | None:
    """From the setting alone: whoever asks could write any address into the Host header."""
    return settings.url and settings.url.rstrip("/")


def _sent(read: Read, name: str, filters: Filters) -> Response:
    agenda.check(filters)
    site = _address(read.settings)
    days = agenda.events(read.session, read.actor, filters, stale_days=read.settings.stale_days)
    return files.sent(
        read,
        "recommendations.ics",
        Ics.media_type,
        lambda file: ics.write(file, name, days, site and f"{site}/v1"),
        daily=agenda.daily(filters),
        query=f"{site} {name} {filters.model_dump_json(exclude_defaults=True)}",
    )
