"""Demands: what the register must hold before a move is made, and what a move may cite."""

from sqlmodel import Session

from app.domain import actions, base, contributions, evidence, links
from app.domain.errors import DemandUnmet, Malformed
from app.domain.evidence import Evidence, Level, Review
from app.domain.recommendations import Recommendation
from app.domain.status import ALLOWED, ClosureReason, Move, MoveGiven, Status


def of(
    session: Session,
    recommendation: Recommendation,
    move: Move,
    given: MoveGiven,
    named: list[Evidence] | None,
) -> tuple[Level | None, list[Evidence]]:
    """What the register must hold for the move: DemandUnmet, or what a verification rests on and
    the evidence that a claim or verification has."""
    pieces = evidence.of(session, recommendation.ref) if named is None else named
    counting = [piece for piece in pieces if piece.counts(base.today(session))]
    if move.claims:
        fresh = [piece for piece in counting if piece.round == recommendation.round]
        waiting = contributions.unfinished(session, recommendation.ref)
        if waiting and given.reason is None:
            raise _unmet(move, f"{_CONTRIBUTORS_NEED} ({', '.join(waiting)})")
        if not fresh:
            raise _unmet(move, _CLAIM_NEEDS if recommendation.round == 0 else _RENEWED_CLAIM_NEEDS)
        return None, fresh
    if move.verifies:
        accepted = [piece for piece in counting if piece.review is Review.ACCEPTED]
        if outcome := [piece for piece in accepted if piece.level is Level.OUTCOME]:
            return Level.OUTCOME, outcome
        output = [piece for piece in accepted if piece.level is Level.OUTPUT]
        if output and given.reason is not None:
            return Level.OUTPUT, output
        raise _unmet(move, _OUTPUT_NEEDS_REASON if output else _VERIFICATION_NEEDS)
    if move.closes:
        done = given.closure_reason is ClosureReason.IMPLEMENTED
        if done and move.before is not Status.VERIFIED:
            raise _unmet(
                move,
                "to be verified first: what was done is closed once verified",
            )
        if not done and move.before is Status.VERIFIED:
            raise _unmet(move, "the closure_reason implemented: what was verified was done")
        if given.closure_reason is ClosureReason.SUPERSEDED and not links.superseded(
            session, recommendation.ref
        ):
            raise _unmet(move, "a confirmed lineage link from a later recommendation")
    return None, (named or []) if move.reopens else []


def check_unfinished(
    session: Session, recommendation: Recommendation, move: Move, given: MoveGiven
) -> None:
    """Malformed where something is closed without a reason though actions for it go on."""
    if not move.closes or given.reason is not None or move.after not in ALLOWED[move.before]:
        return
    if left := actions.unfinished(session, recommendation.ref):
        raise Malformed(
            "actions for it are not finished",
            [
                (
                    "/reason",
                    f"say why it is closed with {_counted(len(left))}",
                )
            ],
        )


def _counted(number: int) -> str:
    return f"{number} unfinished action{'s' if number > 1 else ''}"


def cited(
    session: Session, recommendation: Recommendation, given: MoveGiven
) -> list[Evidence] | None:
    """The evidence that the move names; None where it names none."""
    if not given.evidence:
        return None
    known = {piece.id: piece for piece in evidence.of(session, recommendation.ref)}
    if wrong := [
        (f"/evidence/{index}", "is not evidence on this recommendation")
        for index, id_ in enumerate(given.evidence)
        if id_ not in known
    ]:
        raise Malformed("evidence is not known", wrong)
    return [known[id_] for id_ in given.evidence]


def cause(session: Session, recommendation: Recommendation, given: MoveGiven) -> str | None:
    """The link that a reopening cites. Malformed where it is none to this recommendation."""
    if given.link is None:
        return None
    link = session.get(links.Link, given.link)
    if (
        link is None
        or link.earlier != recommendation.ref
        or link.state is not links.State.CONFIRMED
        or link.kind not in links.LINEAGE
    ):
        raise Malformed(
            "the link is no cause to reopen",
            [("/link", "must be a confirmed link by which a later recommendation takes it up")],
        )
    return link.id


_CONTRIBUTORS_NEED = "each contributor's word that its part is done, or a reason why not"
_CLAIM_NEEDS = "evidence that supports it and is not withdrawn, rejected, superseded or expired"
_RENEWED_CLAIM_NEEDS = f"{_CLAIM_NEEDS}, recorded since the last refusal or reopening"
_VERIFICATION_NEEDS = (
    "accepted evidence of level outcome that supports it and counts; where no outcome can exist, "
    "accepted evidence of level output and a reason why"
)
_OUTPUT_NEEDS_REASON = (
    "accepted evidence of level outcome; or, since accepted evidence of level output is there, a "
    "reason why no outcome can exist"
)


def _unmet(move: Move, *needs: str) -> DemandUnmet:
    return DemandUnmet(
        f"to go to {move.after.value} it needs {'; '.join(needs)}",
        allowed=[status.value for status in ALLOWED[move.before]],
        needs=list(needs),
    )
