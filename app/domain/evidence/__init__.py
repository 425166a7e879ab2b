"""Evidence: what shows progress, or the lack of it; reviewed and withdrawn, never edited."""

from app.domain.evidence.assurance import restate, undermining
from app.domain.evidence.attaching import EvidenceGiven, attach
from app.domain.evidence.pieces import (
    Bearing,
    Evidence,
    EvidenceKind,
    EvidenceShown,
    Level,
    Review,
    by_ref,
    find,
    find_by_key,
    of,
    page,
    shown,
)
from app.domain.evidence.reviewing import (
    ReviewGiven,
    WithdrawalGiven,
    permit_review,
    permit_withdrawal,
    review,
    withdraw,
)

__all__ = [
    "Bearing",
    "Evidence",
    "EvidenceGiven",
    "EvidenceKind",
    "EvidenceShown",
    "Level",
    "Review",
    "ReviewGiven",
    "WithdrawalGiven",
    "attach",
    "by_ref",
    "find",
    "find_by_key",
    "of",
    "page",
    "permit_review",
    "permit_withdrawal",
    "restate",
    "review",
    "shown",
    "undermining",
    "withdraw",
]
