"""Bringing a document into the register, by the verbs that people use, all or nothing.

Bringing the same document again changes nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlmodel import Session

from app.domain import (
    actions,
    assignments,
    deadlines,
    entry,
    evidence,
    inspections,
    links,
    parties,
    places,
    recommendations,
    sources,
    successions,
    themes,
)
from app.domain.actors import Actor, Can
from app.domain.deadlines import HolidaysGiven
from app.domain.entry import RecommendationGiven
from app.domain.errors import Malformed, TrackerError
from app.domain.evidence import EvidenceGiven
from app.domain.imports.document import (
    ActionRow,
    Document,
    EvidenceRow,
    LinkRow,
    PartyRow,
    SuccessorRow,
)
from app.domain.imports.outcome import ImportRefused, Outcome, Result, Row
from app.domain.inspections import InspectionGiven, InspectionPatch
from app.domain.links import Basis, State
from app.domain.parties import PartyGiven, PartyPatch
from app.domain.places import PlaceGiven
from app.domain.recommendations import Recommendation
from app.domain.sources import SourceGiven
from app.domain.successions import SuccessionGiven
from app.domain.themes import ThemeGiven


def bring(session: Session, actor: Actor, document: Document, *, update: bool = True) -> Result:
    """Brings a document into the register. ImportRefused where any row cannot be taken.

    `update`: also correct what is there and differs (never text, status, evidence, links, nor an
    owner or due date that is set); the seed only adds what is missing.
    """
    actor.must(Can.ENTER)
    result = Result()
    steps: list[tuple[str, Iterable[Any], Callable[[Any], tuple[str, Outcome]]]] = [
        ("places", document.places, lambda given: _place(session, actor, given)),
        ("themes", document.themes, lambda given: _theme(session, actor, given)),
        ("sources", document.sources, lambda given: _source(session, actor, given, update)),
        ("parties", document.parties, lambda given: _party(session, actor, given, update)),
        (
            "inspections",
            document.inspections,
            lambda given: _inspection(session, actor, given, update),
        ),
        (
            "recommendations",
            document.recommendations,
            lambda given: _recommendation(session, actor, given, update),
        ),
        ("actions", document.actions, lambda given: _action(session, actor, given)),
        ("links", document.links, lambda given: _link(session, actor, given)),
        ("evidence", document.evidence, lambda given: _evidence(session, actor, given)),
        (
            "successions",
            [(row, one) for row in document.parties for one in row.successors],
            lambda given: _succession(session, actor, *given),
        ),
        (
            "bank_holidays",
            [] if document.bank_holidays is None else [document.bank_holidays],
            lambda given: _holidays(session, actor, given),
        ),
    ]
    for part, rows, take in steps:
        numbered = list(enumerate(rows, 1))
        if part == "parties":
            numbered.sort(key=lambda one: _depth(one[1], document.parties))
        for number, given in numbered:
            try:
                name, outcome = take(given)
                result.rows.append(Row(part, number, name, outcome))
            except TrackerError as error:
                listed = error.members.get("errors") or [{"pointer": "", "detail": error.detail}]
                result.rows.append(Row(part, number, _name(given), Outcome.REFUSED, listed))
    if any(row.outcome is Outcome.REFUSED for row in result.rows):
        raise ImportRefused(result)
    return result


def _depth(party: PartyGiven, among: Sequence[PartyGiven]) -> int:
    """How many of the document's parties stand above this one: those come first."""
    above = {one.slug: one.organisation for one in among}
    depth, slug = 0, party.organisation
    while slug in above and depth <= len(above):
        depth, slug = depth + 1, above[slug]
    return depth


def _name(given: Any) -> str:
    if isinstance(given, RecommendationGiven):
        return f"{given.inspection}-{given.ordinal}"
    if isinstance(given, LinkRow):
        return f"{given.later} {given.kind} {given.earlier}"
    if isinstance(given, tuple):
        return f"{given[0].slug} to {given[1].party}"
    if isinstance(given, HolidaysGiven):
        return given.source
    name: str = given.key if isinstance(given, EvidenceRow | ActionRow) else given.slug
    return name


def _place(session: Session, actor: Actor, given: PlaceGiven) -> tuple[str, Outcome]:
    if session.get(places.Place, given.slug) is not None:
        return given.slug, Outcome.UNCHANGED
    places.add(session, actor, given)
    return given.slug, Outcome.CREATED


def _theme(session: Session, actor: Actor, given: ThemeGiven) -> tuple[str, Outcome]:
    if session.get(themes.Theme, given.slug) is not None:
        return given.slug, Outcome.UNCHANGED
    themes.add(session, actor, given)
    return given.slug, Outcome.CREATED


def _source(
    session: Session, actor: Actor, given: SourceGiven, update: bool
) -> tuple[str, Outcome]:
    source = session.get(sources.Source, given.slug)
    if source is None:
        sources.add(session, actor, given)
        return given.slug, Outcome.CREATED
    changed = update and sources.amend(session, actor, source, given)
    return given.slug, Outcome.UPDATED if changed else Outcome.UNCHANGED


def _party(session: Session, actor: Actor, given: PartyRow, update: bool) -> tuple[str, Outcome]:
    party = session.get(parties.Party, given.slug)
    values = given.model_dump(exclude_unset=True, exclude={"successors"})
    if party is None:
        parties.add(session, actor, PartyGiven(**values))
        return given.slug, Outcome.CREATED
    patch = PartyPatch(**{name: value for name, value in values.items() if name != "slug"})
    changed = update and parties.amend(session, actor, party, patch)
    return given.slug, Outcome.UPDATED if changed else Outcome.UNCHANGED


def _inspection(
    session: Session, actor: Actor, given: InspectionGiven, update: bool
) -> tuple[str, Outcome]:
    found = session.get(inspections.Inspection, given.slug)
    if found is None:
        inspections.add(session, actor, given)
        return given.slug, Outcome.CREATED
    if (found.place, found.framework) != (given.place, given.framework):
        raise Malformed(
            "the register has that slug for another inspection",
            [("/slug", "stands for an inspection of another place or framework")],
        )
    inspection = inspections.find(session, actor, given.slug, lock=True)
    fields = given.model_fields_set & set(InspectionPatch.model_fields)
    patch = InspectionPatch(**{name: getattr(given, name) for name in fields})
    changed = update and inspections.amend(session, actor, inspection, patch)
    return given.slug, Outcome.UPDATED if changed else Outcome.UNCHANGED


def _recommendation(
    session: Session, actor: Actor, given: RecommendationGiven, update: bool
) -> tuple[str, Outcome]:
    ref = f"{given.inspection}-{given.ordinal}"
    if session.get(Recommendation, ref) is None:
        entry.add(session, actor, given)
        return ref, Outcome.CREATED
    recommendation = recommendations.find(session, actor, ref, lock=True)
    if recommendation.text != given.text:
        return ref, Outcome.CONFLICT
    if not update:
        return ref, Outcome.UNCHANGED
    changed = entry.correct(session, actor, recommendation, given)
    if given.owner is not None and recommendation.owner is None:
        changed |= assignments.assign(session, actor, recommendation, given.owner)
    return ref, Outcome.UPDATED if changed else Outcome.UNCHANGED


def _link(session: Session, actor: Actor, given: LinkRow) -> tuple[str, Outcome]:
    if links.between(session, given.later, given.earlier, given.kind) is not None:
        return _name(given), Outcome.UNCHANGED
    if given.state is State.REJECTED or (
        given.state is State.CONFIRMED
        and not (given.basis is Basis.STATED_BY_INSPECTOR and given.citations)
    ):
        raise Malformed(
            "an import brings links as proposed",
            [("/state", "may be confirmed only for what an inspector states, with a citation")],
        )
    links.propose(session, actor, given, state=given.state)
    return _name(given), Outcome.CREATED


def _evidence(session: Session, actor: Actor, given: EvidenceRow) -> tuple[str, Outcome]:
    known = evidence.find_by_key(session, given.key)
    if known is not None:
        same = (known.ref, known.summary) == (given.recommendation, given.summary)
        return given.key, Outcome.UNCHANGED if same else Outcome.CONFLICT
    recommendation = recommendations.find(session, actor, given.recommendation, lock=True)
    piece = EvidenceGiven(
        **{name: getattr(given, name) for name in given.model_fields_set - {"recommendation"}}
    )
    evidence.attach(session, actor, recommendation, piece)
    return given.key, Outcome.CREATED


def _action(session: Session, actor: Actor, given: ActionRow) -> tuple[str, Outcome]:
    known = actions.find_by_key(session, given.key)
    if known is not None:
        same = known.title == given.title
        return given.key, Outcome.UNCHANGED if same else Outcome.CONFLICT
    actions.add(session, actor, given)
    return given.key, Outcome.CREATED


def _succession(
    session: Session, actor: Actor, party: PartyRow, given: SuccessorRow
) -> tuple[str, Outcome]:
    name = _name((party, given))
    known = {row.successor for row in parties.successors(session, party.slug)}
    if given.party in known:
        return name, Outcome.UNCHANGED
    found = parties.find(session, party.slug, lock=True)
    succession = SuccessionGiven(
        successor=given.party,
        on=given.on,
        reason=given.reason,
        # Where one becomes several a person decides who gets what.
        recommendations=[] if known or len(party.successors) > 1 else None,
    )
    successions.succeed(session, actor, found, succession)
    return name, Outcome.CREATED


def _holidays(session: Session, actor: Actor, given: HolidaysGiven) -> tuple[str, Outcome]:
    """Those that reach further than what is known; never back."""
    changed = deadlines.extend(session, actor, given)
    return given.source[:100], Outcome.UPDATED if changed else Outcome.UNCHANGED
