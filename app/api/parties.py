"""/v1/parties: the bodies, posts and people who own or are addressed."""

from fastapi import APIRouter, Response

from app.api.deps import Leading, Reading, takes
from app.api.paging import Listed, Paged, begin, cut, page
from app.domain import parties, recommendations, successions
from app.domain.actors import Can
from app.domain.parties import PartyGiven, PartyPatch, PartyShown
from app.domain.successions import SuccessionGiven

router = APIRouter(prefix="/parties", tags=["Parties"])


@router.get("", response_model=Listed[PartyShown])
def list_parties(read: Reading, paging: Paged) -> Response:
    """All parties, by slug."""
    with read as session:

        def build() -> dict[str, object]:
            rows = parties.parties(session, after=begin(paging), limit=paging.limit + 1)
            items, last = cut(rows, paging.limit, lambda row: [row.slug])
            return page(parties.many_shown(session, items), last)

        return read.many(build)


@router.post("", status_code=201, response_model=PartyShown, openapi_extra=takes(PartyGiven))
def enter(write: Leading) -> Response:
    """Enters a party."""
    with write as session:
        write.actor.must(Can.ENTER)
        party = parties.add(session, write.actor, write.body(PartyGiven))
        return write.one(
            lambda: party.version,
            lambda: parties.shown(session, party),
            status=201,
            location=f"/v1/parties/{party.slug}",
        )


@router.get("/{slug}", response_model=PartyShown)
def show(slug: str, read: Reading) -> Response:
    """One party."""
    with read as session:
        party = parties.find(session, slug)
        return read.one(party.version, lambda: parties.shown(session, party))


@router.patch("/{slug}", response_model=PartyShown, openapi_extra=takes(PartyPatch))
def amend(slug: str, write: Leading) -> Response:
    """Corrects a party. Needs If-Match."""
    with write as session:
        party = parties.find(session, slug, lock=True)
        write.actor.must(Can.ENTER)
        recommendations.check_reach(session, write.actor, party.slug)
        given = write.body(PartyPatch)
        parties.amend(session, write.actor, party, given, expect=write.expect)
        return write.one(lambda: party.version, lambda: parties.shown(session, party))


@router.post(
    "/{slug}/succession",
    status_code=201,
    response_model=PartyShown,
    openapi_extra=takes(SuccessionGiven),
)
def succeed(slug: str, write: Leading) -> Response:
    """Records that a body gave way to another. What is open passes on; who owned it until then
    stays in its assignments. Where one becomes several, say which `recommendations` each gets.
    Needs If-Match."""
    with write as session:
        party = parties.find(session, slug, lock=True)
        successions.permit(session, write.actor, party.slug)
        given = write.body(SuccessionGiven)
        successions.succeed(session, write.actor, party, given, expect=write.expect)
        return write.one(
            lambda: party.version,
            lambda: parties.shown(session, party),
            status=201,
            location=f"/v1/parties/{party.slug}",
        )
