"""Status: where a recommendation stands, the moves allowed, and what each asks to be told.

What a move demands of the register itself (evidence, another person, a link) is checked where it is
applied: app/domain/demands.py.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pydantic import Field

from app.domain.base import Given, Id, Prose, word_list
from app.domain.errors import IllegalMove, Malformed


class Status(StrEnum):
    """`open` is shown to people as "nothing recorded yet": being listed accuses nobody."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    IMPLEMENTED = "implemented"
    VERIFIED = "verified"
    CLOSED = "closed"

    @property
    def rank(self) -> int:
        """Its place in a recommendation's life, for sorting."""
        return list(Status).index(self)


class Response(StrEnum):
    """What those addressed answered. The default says that nothing is on record here."""

    NOT_RECORDED = "not_recorded"
    AWAITING = "awaiting"
    ACCEPTED = "accepted"
    ACCEPTED_IN_PART = "accepted_in_part"
    NOTED = "noted"
    NOT_ACCEPTED = "not_accepted"


class Progress(StrEnum):
    """How far a contributor's own part is, as it says itself; least advanced first."""

    NOT_STARTED = "not_started"
    UNDER_WAY = "under_way"
    DONE = "done"


class Assurance(StrEnum):
    """How well progress is shown; the highest that holds."""

    NONE = "none"
    SELF_REPORTED = "self_reported"
    CHECKED = "checked"
    INDEPENDENT = "independent"
    INSPECTOR_CONFIRMED = "inspector_confirmed"


UNFINISHED = (Status.OPEN, Status.IN_PROGRESS, Status.BLOCKED, Status.IMPLEMENTED)
"""Those for which a due date can still pass."""


class ClosureReason(StrEnum):
    IMPLEMENTED = "implemented"
    SUPERSEDED = "superseded"
    NO_LONGER_APPLICABLE = "no_longer_applicable"
    NOT_ACCEPTED = "not_accepted"
    RISK_ACCEPTED = "risk_accepted"


CAN_RETURN = (
    ClosureReason.IMPLEMENTED,
    ClosureReason.NO_LONGER_APPLICABLE,
    ClosureReason.RISK_ACCEPTED,
)
"""Closures that a later finding can contradict: the concern counts as come back."""

ALLOWED: dict[Status, tuple[Status, ...]] = {
    Status.OPEN: (Status.IN_PROGRESS, Status.CLOSED),
    Status.IN_PROGRESS: (Status.BLOCKED, Status.IMPLEMENTED, Status.CLOSED),
    Status.BLOCKED: (Status.IN_PROGRESS, Status.CLOSED),
    Status.IMPLEMENTED: (Status.IN_PROGRESS, Status.VERIFIED, Status.CLOSED),
    Status.VERIFIED: (Status.IN_PROGRESS, Status.CLOSED),
    Status.CLOSED: (Status.IN_PROGRESS,),
}


class MoveGiven(Given):
    """`effective_on`: when it became so (left out: today), apart from when it is recorded.
    `evidence`: ids of what a claim or a verification rests on (left out: all that qualifies), or
    of what makes it reopen; `link`: the link by which a later recommendation makes it reopen."""

    status: Status
    reason: Prose | None = None
    effective_on: date | None = None
    closure_reason: ClosureReason | None = None
    evidence: list[Id] = Field(default=[], max_length=100)
    link: Id | None = None
    review_on: date | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """From where to where."""

    before: Status
    after: Status

    @property
    def claims(self) -> bool:
        return self.after is Status.IMPLEMENTED

    @property
    def verifies(self) -> bool:
        return self.after is Status.VERIFIED

    @property
    def refuses(self) -> bool:
        return self.before is Status.IMPLEMENTED and self.after is Status.IN_PROGRESS

    @property
    def reopens(self) -> bool:
        return self.before in (Status.VERIFIED, Status.CLOSED) and self.after is Status.IN_PROGRESS

    @property
    def closes(self) -> bool:
        return self.after is Status.CLOSED

    @property
    def owners(self) -> bool:
        """Is it the owner's own to make? Verifying, refusing, closing and reopening are not."""
        return not (self.verifies or self.refuses or self.reopens or self.closes)


def check_told(move: Move, given: MoveGiven) -> None:
    """Malformed where the move lacks what a reader would ask: why, or until when. What a move that
    is not allowed lacks does not matter: check_allowed() speaks then."""
    if move.after not in ALLOWED[move.before]:
        return
    wrong = []
    closure = given.closure_reason
    if given.reason is None and _asks_why(move, closure):
        wrong.append(("/reason", "say why, in a sentence; it is kept in the history"))
    if move.closes and closure is None:
        wrong.append(("/closure_reason", f"say which: {word_list(list(ClosureReason))}"))
    if closure is not None and not move.closes:
        wrong.append(("/closure_reason", "belongs to the status closed only"))
    if closure is ClosureReason.RISK_ACCEPTED and given.review_on is None:
        wrong.append(("/review_on", "an accepted risk needs the day of its next review"))
    if given.review_on is not None and not (
        move.verifies or closure is ClosureReason.RISK_ACCEPTED
    ):
        wrong.append(("/review_on", "belongs to verified and to an accepted risk only"))
    if given.evidence and not (move.claims or move.verifies or move.reopens):
        wrong.append(("/evidence", "belongs to a claim, a verification and a reopening only"))
    if given.link is not None and not move.reopens:
        wrong.append(("/link", "belongs to a reopening only"))
    if wrong:
        raise Malformed("the move lacks something, or has something that does not belong", wrong)


def check_allowed(move: Move) -> None:
    """IllegalMove, with the moves allowed, where the table has no such move."""
    allowed = ALLOWED[move.before]
    if move.after in allowed:
        return
    raise IllegalMove(
        f"from {move.before.value} a recommendation can go to {word_list(allowed)} only",
        allowed=[status.value for status in allowed],
    )


def _asks_why(move: Move, closure: ClosureReason | None) -> bool:
    if move.closes:
        return closure in (
            ClosureReason.NO_LONGER_APPLICABLE,
            ClosureReason.NOT_ACCEPTED,
            ClosureReason.RISK_ACCEPTED,
        )
    return move.refuses or move.reopens or move.after is Status.BLOCKED
