"""/v1/inspections: the exercises that produced recommendations, and what is held of each."""

from fastapi import APIRouter, Response

from app.api.deps import Leading, Reading, takes
from app.api.paging import Listed, Paged, begin, cut, page
from app.domain import deadlines, inspections
from app.domain.actors import Can
from app.domain.inspections import UNDATED, InspectionGiven, InspectionPatch, InspectionShown

router = APIRouter(prefix="/inspections", tags=["Inspections"])


@router.get("", response_model=Listed[InspectionShown])
def list_inspections(read: Reading, paging: Paged) -> Response:
    """All inspections within your reach, newest first, each with its coverage."""
    with read as session:

        def build() -> dict[str, object]:
            rows = inspections.inspections(
                session, read.actor, after=begin(paging), limit=paging.limit + 1
            )
            items, last = cut(
                rows, paging.limit, lambda row: [row.raised_latest or UNDATED, row.slug]
            )
            return page(deadlines.shown(session, items), last)

        return read.many(build)


@router.post(
    "", status_code=201, response_model=InspectionShown, openapi_extra=takes(InspectionGiven)
)
def enter(write: Leading) -> Response:
    """Enters an inspection. The least is slug, title, framework, inspectorates and place; a place
    that is not known yet is made."""
    with write as session:
        write.actor.must(Can.ENTER)
        inspection = inspections.add(session, write.actor, write.body(InspectionGiven))
        return write.one(
            lambda: inspection.version,
            lambda: deadlines.shown(session, [inspection])[0],
            status=201,
            location=f"/v1/inspections/{inspection.slug}",
        )


@router.get("/{slug}", response_model=InspectionShown)
def show(slug: str, read: Reading) -> Response:
    """One inspection: judgements as printed, coverage, sources, notes."""
    with read as session:
        inspection = inspections.find(session, read.actor, slug)
        return read.one(inspection.version, lambda: deadlines.shown(session, [inspection])[0])


@router.patch("/{slug}", response_model=InspectionShown, openapi_extra=takes(InspectionPatch))
def amend(slug: str, write: Leading) -> Response:
    """Corrects an inspection. Needs If-Match."""
    with write as session:
        inspection = inspections.find(session, write.actor, slug, lock=True)
        write.actor.must(Can.ENTER)
        given = write.body(InspectionPatch)
        inspections.amend(session, write.actor, inspection, given, expect=write.expect)
        return write.one(
            lambda: inspection.version, lambda: deadlines.shown(session, [inspection])[0]
        )
