"""/v1/recommendations: the list, one of them, its entry, corrections, status and owners."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from app.api.deps import Contributing, Leading, Reading, Write, takes
from app.api.paging import Cursor, Limit, Listed, begin, page
from app.domain import (
    assignments,
    contributions,
    dossier,
    entry,
    errata,
    listing,
    moves,
    recommendations,
    voiding,
)
from app.domain.actors import Can
from app.domain.assignments import OwnerGiven
from app.domain.base import Prose
from app.domain.contributions import ContributorGiven, ProgressGiven
from app.domain.dossier import DossierShown, LineageShown
from app.domain.errata import ErratumGiven
from app.domain.filters import Filters
from app.domain.listing import RecommendationShown
from app.domain.recommendations import Recommendation, RecommendationPatch
from app.domain.references import RecommendationGiven
from app.domain.status import MoveGiven
from app.domain.voiding import VoidingGiven

router = APIRouter(prefix="/recommendations", tags=["Recommendations"])


class Asked(Filters):
    limit: Limit = 50
    cursor: Cursor | None = None


class Because(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Prose | None = None


@router.get("", response_model=Listed[RecommendationShown])
def list_recommendations(read: Reading, asked: Annotated[Asked, Query()]) -> Response:
    """Recommendations within your reach, newest inspection first. Filters may be repeated where a
    set makes sense; a cursor goes with the same filters and sort."""
    with read as session:

        def build() -> dict[str, Any]:
            items, last = listing.page(
                session,
                read.actor,
                asked,
                stale_days=read.settings.stale_days,
                after=begin(asked),
                limit=asked.limit,
            )
            return page(items, last)

        return read.many(build, daily=True)


@router.post(
    "", status_code=201, response_model=DossierShown, openapi_extra=takes(RecommendationGiven)
)
def enter(write: Leading) -> Response:
    """Enters a recommendation. `inspection`, `ordinal` and `text` suffice; the text is verbatim
    and never edited afterwards."""
    with write as session:
        write.actor.must(Can.ENTER)
        recommendation = entry.add(session, write.actor, write.body(RecommendationGiven))
        return _whole(
            write, recommendation, status=201, location=f"/v1/recommendations/{recommendation.ref}"
        )


@router.get("/{ref}", response_model=DossierShown)
def show(ref: str, read: Reading) -> Response:
    """One recommendation with its citations, evidence, links, assignments and notes."""
    with read as session:
        recommendation = recommendations.find(session, read.actor, ref)
        return read.one(
            recommendation.version,
            lambda: dossier.whole(
                session, read.actor, recommendation, stale_days=read.settings.stale_days
            ),
            daily=True,
        )


@router.patch("/{ref}", response_model=DossierShown, openapi_extra=takes(RecommendationPatch))
def amend(ref: str, write: Leading) -> Response:
    """Edits title, themes, priority, response or due date; never text or status. A change of
    `due_on` after the first needs `reason`. Needs If-Match."""
    with write as session:
        recommendation = recommendations.find(session, write.actor, ref, lock=True)
        write.actor.must(Can.AMEND)
        given = write.body(RecommendationPatch)
        recommendations.amend(session, write.actor, recommendation, given, expect=write.expect)
        return _whole(write, recommendation)


@router.get("/{ref}/lineage", response_model=LineageShown, tags=["Links and lineage"])
def show_lineage(ref: str, read: Reading) -> Response:
    """One concern through time: every wording, the grades that stood beside it, who owned it, and
    what evidence there is."""
    with read as session:
        recommendation = recommendations.find(session, read.actor, ref)
        return read.one(
            recommendation.version,
            lambda: dossier.lineage(
                session, read.actor, recommendation, stale_days=read.settings.stale_days
            ),
            daily=True,
        )


@router.put("/{ref}/status", response_model=DossierShown, openapi_extra=takes(MoveGiven))
def move(ref: str, write: Contributing) -> Response:
    """Moves the status. A claim (`implemented`) needs evidence; `verified` needs somebody else and
    accepted outcome evidence; refusals say which moves are allowed and what is needed. Needs
    If-Match."""
    with write as session:
        recommendation = recommendations.find(session, write.actor, ref, lock=True)
        moves.permit_any(write.actor, recommendation)
        given = write.body(MoveGiven)
        moves.move(session, write.actor, recommendation, given, expect=write.expect)
        return _whole(write, recommendation)


@router.put("/{ref}/owner", response_model=DossierShown, openapi_extra=takes(OwnerGiven))
def assign(ref: str, write: Leading) -> Response:
    """Makes a party accountable, or nobody (`party`: null); the assignment before it is ended.
    Needs If-Match."""
    with write as session:
        recommendation = recommendations.find(session, write.actor, ref, lock=True)
        write.actor.must(Can.ASSIGN)
        given = write.body(OwnerGiven)
        assignments.assign(
            session, write.actor, recommendation, given.party, given.reason, expect=write.expect
        )
        return _whole(write, recommendation)


@router.post(
    "/{ref}/contributors",
    status_code=201,
    response_model=DossierShown,
    openapi_extra=takes(ContributorGiven),
)
def contribute(ref: str, write: Leading) -> Response:
    """Adds a contributor. Needs If-Match."""
    with write as session:
        recommendation = recommendations.find(session, write.actor, ref, lock=True)
        write.actor.must(Can.ASSIGN)
        given = write.body(ContributorGiven)
        contributions.contribute(session, write.actor, recommendation, given, expect=write.expect)
        return _whole(
            write, recommendation, status=201, location=f"/v1/recommendations/{recommendation.ref}"
        )


@router.delete("/{ref}/contributors/{party}", response_model=DossierShown)
def release(ref: str, party: str, write: Leading, because: Annotated[Because, Query()]) -> Response:
    """Ends a contributor's assignment, with `?reason=`. Needs If-Match."""
    with write as session:
        recommendation = recommendations.find(session, write.actor, ref, lock=True)
        contributions.release(
            session, write.actor, recommendation, party, because.reason, expect=write.expect
        )
        return _whole(write, recommendation)


@router.put(
    "/{ref}/contributors/{party}/progress",
    response_model=DossierShown,
    openapi_extra=takes(ProgressGiven),
)
def progress(ref: str, party: str, write: Contributing) -> Response:
    """A contributor says how far its own part is. It is in nobody's way: no If-Match."""
    with write as session:
        recommendation = recommendations.find(session, write.actor, ref, lock=True)
        contributions.permit_progress(session, write.actor, recommendation, party)
        given = write.body(ProgressGiven)
        contributions.say(session, write.actor, recommendation, party, given)
        return _whole(write, recommendation)


@router.post(
    "/{ref}/errata", status_code=201, response_model=DossierShown, openapi_extra=takes(ErratumGiven)
)
def correct(ref: str, write: Leading) -> Response:
    """Corrects what was transcribed wrongly, with a reason and a citation. Both texts stay
    readable. Needs If-Match."""
    with write as session:
        recommendation = recommendations.find(session, write.actor, ref, lock=True)
        write.actor.must(Can.AMEND)
        given = write.body(ErratumGiven)
        errata.correct(session, write.actor, recommendation, given, expect=write.expect)
        return _whole(
            write, recommendation, status=201, location=f"/v1/recommendations/{recommendation.ref}"
        )


@router.post("/{ref}/voiding", response_model=DossierShown, openapi_extra=takes(VoidingGiven))
def void(ref: str, write: Leading) -> Response:
    """Voids a recommendation that was entered by mistake and that nobody has worked on. It stays
    readable at its address; lists and counts leave it out. Nothing new has an address afterwards:
    hence 200. Needs If-Match."""
    with write as session:
        recommendation = voiding.find(session, write.actor, ref)
        write.actor.must(Can.AMEND)
        given = write.body(VoidingGiven)
        voiding.void(session, write.actor, recommendation, given.reason, expect=write.expect)
        return _whole(write, recommendation)


def _whole(
    write: Write,
    recommendation: Recommendation,
    *,
    status: int = 200,
    location: str | None = None,
) -> Response:
    """The recommendation as GET would answer it now."""
    return write.one(
        lambda: recommendation.version,
        lambda: dossier.whole(
            write.session, write.actor, recommendation, stale_days=write.settings.stale_days
        ),
        status=status,
        location=location,
        daily=True,
    )
