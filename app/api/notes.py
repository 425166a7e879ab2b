"""Progress notes on a recommendation."""

from fastapi import APIRouter, Response

from app.api.deps import Contributing, Reading, takes
from app.api.paging import Listed, Paged, begin, cut, page
from app.domain import assignments, notes, recommendations
from app.domain.actors import Can
from app.domain.notes import NoteShown, TextGiven

router = APIRouter(prefix="/recommendations/{ref}/notes", tags=["Notes"])


@router.get("", response_model=Listed[NoteShown])
def list_notes(ref: str, read: Reading, paging: Paged) -> Response:
    """The notes on a recommendation, oldest first."""
    with read as session:
        recommendation = recommendations.find(session, read.actor, ref)

        def build() -> dict[str, object]:
            rows = notes.of(
                session,
                read.actor,
                recommendation.ref,
                after=begin(paging),
                limit=paging.limit + 1,
            )
            items, last = cut(rows, paging.limit, lambda row: [row["written_at"], row["id"]])
            return page(items, last)

        return read.many(build)


@router.post("", status_code=201, response_model=NoteShown, openapi_extra=takes(TextGiven))
def write_note(ref: str, write: Contributing) -> Response:
    """Writes a note. It is kept as written."""
    with write as session:
        recommendation = recommendations.find(session, write.actor, ref, lock=True)
        write.actor.must(Can.ADD_NOTE, of=assignments.concerned(session, recommendation))
        note = notes.write(session, write.actor, recommendation, write.body(TextGiven).text)
        return write.one(
            lambda: 1,
            lambda: notes.shown(write.actor, note),
            status=201,
            location=f"/v1/recommendations/{recommendation.ref}/notes",
        )
