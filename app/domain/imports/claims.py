"""What a file says of recommendations: links, evidence, actions. What is there stays as it is."""

from collections.abc import Sequence

from sqlmodel import Session

from app.domain import actions, evidence, links, recommendations
from app.domain.actors import Actor
from app.domain.errors import Malformed, NotFound
from app.domain.evidence import EvidenceGiven
from app.domain.imports.document import ActionRow, EvidenceRow, LinkRow
from app.domain.imports.outcome import Outcome, Result
from app.domain.links import Basis, State
from app.domain.recommendations import Recommendation

Fate = tuple[str, Outcome, Sequence[str]]
"""Of a row: its name, what became of it, and the fields that changed."""


class Claims:
    """The verbs for rows of these parts, in a file that is being brought in."""

    def __init__(self, session: Session, actor: Actor, result: Result) -> None:
        self.session = session
        self.actor = actor
        self.result = result

    def link(self, given: LinkRow) -> Fate:
        ends = [self._within(given.later, "/later"), self._within(given.earlier, "/earlier")]
        self.result.places |= {end.place for end in ends}
        known = links.between(self.session, given.later, given.earlier, given.kind)
        if known is not None:
            same = (known.rationale, known.basis) == (given.rationale, given.basis)
            return _known(name_of(given), same)
        if given.state is State.REJECTED:
            raise Malformed(
                "an import does not reject links",
                [("/state", "leave the link out, or reject it by its review")],
            )
        shown = given.basis is Basis.STATED_BY_INSPECTOR and bool(given.citations)
        if given.state is State.CONFIRMED and not shown:
            self.result.warnings.append(
                f"{name_of(given)} came in as proposed: only what an inspector states, with a "
                "citation, is confirmed by an import"
            )
        state = (given.state or State.CONFIRMED) if shown else State.PROPOSED
        links.propose(self.session, self.actor, given, state=state)
        return name_of(given), Outcome.CREATED, ()

    def evidence(self, given: EvidenceRow) -> Fate:
        recommendation = self._within(given.recommendation, "/recommendation", lock=True)
        self.result.places.add(recommendation.place)
        known = evidence.find_by_key(self.session, given.key)
        if known is not None:
            self._check_reach(known.place)
            said = given.model_dump(include=given.model_fields_set & _SAID_OF_EVIDENCE)
            same = known.ref == recommendation.ref and all(
                getattr(known, name) == value for name, value in said.items()
            )
            return _known(given.key, same)
        piece = EvidenceGiven(
            **{name: getattr(given, name) for name in given.model_fields_set - {"recommendation"}}
        )
        evidence.attach(self.session, self.actor, recommendation, piece)
        return given.key, Outcome.CREATED, ()

    def action(self, given: ActionRow) -> Fate:
        served = [
            self._within(ref, f"/recommendations/{index}")
            for index, ref in enumerate(given.recommendations)
        ]
        self.result.places |= {one.place for one in served}
        known = actions.find_by_key(self.session, given.key)
        if known is not None:
            self._check_reach(known.place)
            same = known.title == given.title and given.description in (None, known.description)
            return _known(given.key, same)
        actions.add(self.session, self.actor, given)
        return given.key, Outcome.CREATED, ()

    def _within(self, ref: str, pointer: str, *, lock: bool = False) -> Recommendation:
        """The recommendation, which must be there and within reach before anything is told."""
        try:
            return recommendations.find(self.session, self.actor, ref, lock=lock)
        except NotFound:
            raise Malformed(
                "a recommendation is not known",
                [(pointer, "is not a recommendation of this register")],
            ) from None

    def _check_reach(self, place: str) -> None:
        if not self.actor.reaches(place):
            raise Malformed("the key is taken", [("/key", "is taken; choose another")])


_SAID_OF_EVIDENCE = {
    *("kind", "level", "bearing", "summary", "observed", "valid_until", "link", "sha256"),
    "provided_by",
}


def _known(name: str, same: bool) -> Fate:
    return name, Outcome.UNCHANGED if same else Outcome.CONFLICT, ()


def name_of(link: LinkRow) -> str:
    return f"{link.later} {link.kind} {link.earlier}"
