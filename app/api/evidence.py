"""Evidence: attaching it to a recommendation, reading, reviewing and withdrawing it."""

from fastapi import APIRouter, Response

from app.api.deps import Contributing, Leading, Reading, takes
from app.api.paging import Listed, Paged, begin, cut, page
from app.domain import assignments, evidence, recommendations
from app.domain.actors import Can
from app.domain.base import today
from app.domain.evidence import EvidenceGiven, EvidenceShown, ReviewGiven, WithdrawalGiven

router = APIRouter(tags=["Evidence"])


@router.get("/recommendations/{ref}/evidence", response_model=Listed[EvidenceShown])
def list_evidence(ref: str, read: Reading, paging: Paged) -> Response:
    """All evidence on a recommendation, in the order it was recorded, withdrawn pieces included."""
    with read as session:
        recommendation = recommendations.find(session, read.actor, ref)
        day = today(session)

        def build() -> dict[str, object]:
            rows = evidence.page(
                session, recommendation.ref, after=begin(paging), limit=paging.limit + 1
            )
            items, last = cut(rows, paging.limit, lambda row: [row.recorded_at, row.id])
            return page([evidence.shown(read.actor, row, day) for row in items], last)

        return read.many(build, daily=True)


@router.post(
    "/recommendations/{ref}/evidence",
    status_code=201,
    response_model=EvidenceShown,
    openapi_extra=takes(EvidenceGiven),
)
def attach(ref: str, write: Contributing) -> Response:
    """Attaches evidence. `observed` is when it was true; nothing is uploaded: `link` points to the
    system that holds it."""
    with write as session:
        recommendation = recommendations.find(session, write.actor, ref, lock=True)
        concerned = assignments.concerned(session, recommendation)
        write.actor.must(Can.ADD_EVIDENCE, of=concerned)
        given = write.body(EvidenceGiven)
        piece = evidence.attach(session, write.actor, recommendation, given)
        return write.one(
            lambda: piece.version,
            lambda: evidence.shown(write.actor, piece, today(session)),
            status=201,
            location=f"/v1/evidence/{piece.id}",
            daily=True,
        )


@router.get("/evidence/{id}", response_model=EvidenceShown)
def show(id: str, read: Reading) -> Response:  # noqa: A002 - the contract's name
    """One piece of evidence."""
    with read as session:
        piece, _ = evidence.find(session, read.actor, id)
        return read.one(
            piece.version, lambda: evidence.shown(read.actor, piece, today(session)), daily=True
        )


@router.put("/evidence/{id}/review", response_model=EvidenceShown, openapi_extra=takes(ReviewGiven))
def review(id: str, write: Leading) -> Response:  # noqa: A002 - the contract's name
    """Accepts or rejects a piece. Not by the one who recorded it. Needs If-Match."""
    with write as session:
        piece, recommendation = evidence.find(session, write.actor, id, lock=True)
        evidence.permit_review(write.actor, piece)
        given = write.body(ReviewGiven)
        evidence.review(session, write.actor, piece, recommendation, given, expect=write.expect)
        return write.one(
            lambda: piece.version,
            lambda: evidence.shown(write.actor, piece, today(session)),
            daily=True,
        )


@router.post(
    "/evidence/{id}/withdrawal",
    status_code=201,
    response_model=EvidenceShown,
    openapi_extra=takes(WithdrawalGiven),
)
def withdraw(id: str, write: Contributing) -> Response:  # noqa: A002 - the contract's name
    """Withdraws a piece, with a reason. It stays readable and counts no more. Needs If-Match."""
    with write as session:
        piece, recommendation = evidence.find(session, write.actor, id, lock=True)
        evidence.permit_withdrawal(session, write.actor, piece, recommendation)
        given = write.body(WithdrawalGiven)
        evidence.withdraw(
            session, write.actor, piece, recommendation, given.reason, expect=write.expect
        )
        return write.one(
            lambda: piece.version,
            lambda: evidence.shown(write.actor, piece, today(session)),
            status=201,
            location=f"/v1/evidence/{piece.id}",
            daily=True,
        )
