"""Attaching evidence to a recommendation, alone or in place of an earlier piece."""

from pydantic import Field as Described
from sqlmodel import Session

from app.domain import actions, assignments, base, parties, recommendations, sources
from app.domain.actors import Actor, Can
from app.domain.base import (
    Given,
    HttpsUrl,
    Id,
    Key,
    Prose,
    Sha256,
    Slug,
)
from app.domain.dates import Edtf, bounds
from app.domain.errors import AlreadyExists, Conflict, Malformed
from app.domain.evidence.assurance import restate
from app.domain.evidence.pieces import Bearing, Evidence, EvidenceKind, Level, find_by_key
from app.domain.recommendations import Recommendation


class EvidenceGiven(Given):
    """`observed`: when it was true, apart from when it is recorded. `link`: https; evidence stays
    in the system that holds it, nothing is uploaded. `action`: its id or its key."""

    kind: EvidenceKind
    level: Level
    bearing: Bearing
    summary: Prose
    observed: Edtf | None = None
    valid_until: Edtf | None = None
    link: HttpsUrl | None = None
    sha256: Sha256 | None = None
    provided_by: Slug | None = None
    action: Key | None = None
    supersedes: Id | None = None
    key: Key | None = None
    citations: list[sources.CitationGiven] = Described(default=[], max_length=50)


def attach(
    session: Session, actor: Actor, recommendation: Recommendation, given: EvidenceGiven
) -> Evidence:
    """Malformed where a source, the provider or what it supersedes is not known; AlreadyExists
    where the key is taken."""
    actor.must(Can.ADD_EVIDENCE, of=assignments.concerned(session, recommendation))
    if given.provided_by is not None:
        parties.check(session, [given.provided_by], "/provided_by")
    action = _serving(session, recommendation, given.action)
    citations = sources.cited(session, given.citations)
    observed, until = bounds(given.observed), bounds(given.valid_until)
    if observed[0] is not None and observed[0] > base.today(session):
        raise Malformed(
            "evidence cannot have been observed in the future",
            [("/observed", "must not lie after today")],
        )
    if until[1] is not None and observed[0] is not None and until[1] < observed[0]:
        raise Malformed(
            "evidence cannot have ceased to be valid before it was observed",
            [("/valid_until", "must not lie before observed")],
        )
    if given.key is not None and find_by_key(session, given.key) is not None:
        raise AlreadyExists("evidence of that key is there already")
    old = _superseded(session, recommendation, given)
    recommendations.check_stands(recommendation)
    piece = Evidence(
        id=base.new_id(session, "ev"),
        ref=recommendation.ref,
        place=recommendation.place,
        observed_earliest=observed[0],
        observed_latest=observed[1],
        valid_until_latest=until[1],
        citations=citations,
        round=recommendation.round,
        recorded_by=actor.name,
        recorded_from=actor.organisation,
        recorded_at=base.now(session),
        action=action,
        **given.model_dump(exclude={"citations", "action"}),
    )
    if old is not None:
        old.superseded = True
        old.version += 1
        session.add(old)
    session.add(piece)
    session.flush()
    restate(session, recommendation)
    told = given.model_dump(mode="json", exclude_none=True) | ({"action": action} if action else {})
    recommendations.note(
        session, actor, recommendation, "evidence:attached", after={"evidence": piece.id} | told
    )
    return piece


def _serving(session: Session, recommendation: Recommendation, named: str | None) -> str | None:
    """The id of the action that is named by its id or key."""
    if named is None:
        return None
    action = actions.find_by_key(session, named)
    if action is None or recommendation.ref not in actions.serves(session, [action.id])[action.id]:
        raise Malformed(
            "the action is not known",
            [("/action", "is not an action for this recommendation")],
        )
    return action.id


def _superseded(
    session: Session, recommendation: Recommendation, given: EvidenceGiven
) -> Evidence | None:
    if given.supersedes is None:
        return None
    old = session.get(Evidence, given.supersedes)
    if old is None or old.ref != recommendation.ref:
        raise Malformed(
            "what it supersedes is not there",
            [("/supersedes", "is not evidence on this recommendation")],
        )
    if old.superseded:
        raise Conflict("that evidence was superseded before; supersede the newer one")
    return old
