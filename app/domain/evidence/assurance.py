"""What the evidence on a recommendation adds up to: how much, how assured, undermined."""

from collections.abc import Sequence

from sqlmodel import Session

from app.domain import recommendations
from app.domain.evidence.pieces import (
    Bearing,
    Evidence,
    EvidenceKind,
    Review,
    of,
)
from app.domain.recommendations import Recommendation
from app.domain.status import Assurance


def restate(session: Session, recommendation: Recommendation) -> None:
    """What the row says of its evidence: how much there is, what it assures, whether it was
    undermined since it was settled."""
    pieces = [piece for piece in of(session, recommendation.ref) if not piece.withdrawn]
    recommendation.evidence_count = len(pieces)
    recommendation.assurance = _assurance(recommendation, pieces)
    recommendation.undermined = bool(undermining(recommendation, pieces))
    session.add(recommendation)


def undermining(recommendation: Recommendation, pieces: Sequence[Evidence]) -> list[Evidence]:
    """Of these pieces, those that contradict that it is done: accepted, undermining, observed
    after the day from which it counts as done."""
    settled = recommendation.settled_on
    return [
        piece
        for piece in pieces
        if settled is not None
        and piece.bearing is Bearing.UNDERMINES
        and piece.review is Review.ACCEPTED
        and piece.stands
        and piece.observed_latest is not None
        and piece.observed_latest > settled
    ]


def _assurance(recommendation: Recommendation, pieces: Sequence[Evidence]) -> Assurance:
    """The highest that the accepted, supporting evidence gives. It is the owner's organisation
    that assurance is about; a reviewer who speaks for none counts as its own."""
    accepted = [
        piece
        for piece in pieces
        if piece.review is Review.ACCEPTED
        and piece.bearing is Bearing.SUPPORTS
        and not piece.superseded
    ]
    if any(piece.kind is EvidenceKind.INSPECTION_FINDING for piece in accepted):
        return Assurance.INSPECTOR_CONFIRMED
    for piece in accepted:
        own = recommendation.organisation or piece.recorded_from
        if piece.reviewed_from is not None and own is not None and piece.reviewed_from != own:
            return Assurance.INDEPENDENT
    if accepted:
        return Assurance.CHECKED
    # Refusal and reopening take the claim back; verification and closing leave it standing.
    claimed = recommendation.claimed_by is not None
    return Assurance.SELF_REPORTED if claimed else Assurance.NONE


recommendations.reorganised.append(restate)
