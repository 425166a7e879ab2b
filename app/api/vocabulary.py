"""/v1/places, /v1/themes, /v1/sources: the short lists that the rest refers to."""

from typing import Any

from fastapi import APIRouter, Response

from app.api.deps import Reading
from app.api.paging import Listed, Paged, Paging, begin, cut, page
from app.domain import places, sources, themes
from app.domain.keyset import foreign
from app.domain.places import PlaceShown
from app.domain.sources import SourceShown
from app.domain.themes import ThemeShown

router = APIRouter(tags=["Places, themes and sources"])


@router.get("/places", response_model=Listed[PlaceShown])
def list_places(read: Reading, paging: Paged) -> Response:
    """The local areas that this register serves, within your reach."""
    with read as session:
        return read.many(lambda: _page(places.places(session, read.actor.places), paging))


@router.get("/themes", response_model=Listed[ThemeShown])
def list_themes(read: Reading, paging: Paged) -> Response:
    """The controlled list of what recommendations are about."""
    with read as session:
        return read.many(lambda: _page(themes.themes(session), paging))


@router.get("/sources", response_model=Listed[SourceShown])
def list_sources(read: Reading, paging: Paged) -> Response:
    """The documents that text was taken from."""
    with read as session:
        return read.many(lambda: _page(sources.sources(session), paging))


def _page(rows: list[Any], paging: Paging) -> dict[str, Any]:
    """These lists are short and read whole; they are cut up here."""
    after = begin(paging)
    ends = [[row.slug] for row in rows]
    if after is not None and after not in ends:
        raise foreign()
    start = 0 if after is None else ends.index(after) + 1
    items, last = cut(rows[start : start + paging.limit + 1], paging.limit, lambda row: [row.slug])
    return page([row.model_dump() for row in items], last)
