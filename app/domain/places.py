"""Places: the local areas that a register serves."""

from pydantic import Field as Described
from sqlalchemy import select
from sqlmodel import Field, Session, col

from app.domain import changes
from app.domain.actors import Actor
from app.domain.base import NAME, Given, Line, Shown, Slug, Table


class Place(Table, table=True):
    """A local area. `ons_code` is the Office for National Statistics' code of its authority."""

    slug: str = Field(primary_key=True, sa_type=NAME)
    name: str = Field(max_length=300)
    ons_code: str | None = Field(default=None, max_length=9)


class PlaceGiven(Given):
    slug: Slug
    name: Line
    ons_code: str | None = Described(default=None, pattern=r"^[A-Z][0-9]{8}$")


class PlaceShown(Shown):
    slug: str
    name: str
    ons_code: str | None


def add(session: Session, actor: Actor, given: PlaceGiven) -> Place:
    place = Place(slug=given.slug, name=given.name, ons_code=given.ons_code)
    session.add(place)
    session.flush()
    changes.record(
        session,
        actor.name,
        "place:added",
        given.slug,
        place=given.slug,
        after={"name": given.name, "ons_code": given.ons_code},
    )
    return place


def place_named(session: Session, actor: Actor, slug: str) -> Place:
    """The place of that name; a name not known yet makes one, called after its slug."""
    found = session.get(Place, slug)
    if found is not None:
        return found
    return add(session, actor, PlaceGiven(slug=slug, name=slug.replace("-", " ").title()))


def places(session: Session, reach: frozenset[str] | None) -> list[Place]:
    """The places within `reach` (None: all), by name."""
    query = select(Place).order_by(col(Place.name), col(Place.slug))
    if reach is not None:
        query = query.where(col(Place.slug).in_(reach))
    return list(session.scalars(query))
