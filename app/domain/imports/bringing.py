"""Bringing a file into the register, by the verbs that people use, all or nothing.

Bringing the same file again changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from app.domain import (
    actions,
    deadlines,
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
from app.domain.errors import Malformed, TrackerError
from app.domain.evidence import EvidenceGiven
from app.domain.imports import merging
from app.domain.imports.document import (
    ActionRow,
    Entry,
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
from app.domain.sources import SourceGiven
from app.domain.successions import SuccessionGiven
from app.domain.themes import ThemeGiven

ONE_AT_A_TIME = 7238411
"""The number of the lock by which two imports do not run at once on PostgreSQL."""

Fate = tuple[str, Outcome, Sequence[str]]
"""Of a row: its name, what became of it, and the fields that changed."""


def bring(
    session: Session,
    actor: Actor,
    parts: Iterable[tuple[str, Iterable[Entry]]],
    *,
    update: bool = True,
    import_id: str | None = None,
) -> Result:
    """Brings a file into the register. ImportRefused where any row cannot be taken.

    `update`: also correct what is there and differs (never text, status, evidence, links, nor an
    owner or due date that is set); the seed only adds what is missing.
    """
    actor.must(Can.ENTER)
    if session.connection().dialect.name == "postgresql":
        # Two files that bring the same rows in another order would wait for one another.
        session.execute(text(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})"))
    bringing = _Bringing(session, actor, update, Result())
    for part, entries in parts:
        if part == merging.PART:
            merging.merge(
                session, actor, entries, bringing.result, update=update, import_id=import_id
            )
        else:
            bringing.part(part, entries)
    bringing.successions()
    if bringing.result.refused:
        raise ImportRefused(bringing.result)
    return bringing.result


class _Bringing:
    """All parts but recommendations, row by row."""

    def __init__(self, session: Session, actor: Actor, update: bool, result: Result) -> None:
        self.session = session
        self.actor = actor
        self.update = update
        self.result = result
        self.gave_way: list[PartyRow] = []
        self.verbs: Mapping[str, Callable[[Any], Fate]] = {
            "places": self._place,
            "themes": self._theme,
            "sources": self._source,
            "parties": self._party,
            "inspections": self._inspection,
            "actions": self._action,
            "links": self._link,
            "evidence": self._evidence,
            "bank_holidays": self._holidays,
        }

    def part(self, part: str, entries: Iterable[Entry]) -> None:
        rows = list(entries)
        if part == "parties":
            self.gave_way = [row.given for row in rows if row.given and row.given.successors]
            rows.sort(key=_depth_among({row.given.slug: row.given for row in rows if row.given}))
        for row in rows:
            if row.given is None:
                self._refuse(part, row.number, row.name, row.mistakes)
            else:
                self._take(part, row.number, row.given, self.verbs[part])

    def successions(self) -> None:
        rows = [(party, one) for party in self.gave_way for one in party.successors]
        for number, row in enumerate(rows, 1):
            self._take("successions", number, row, self._succession)

    def _take(self, part: str, number: int, given: Any, verb: Callable[[Any], Fate]) -> None:
        try:
            name, outcome, fields = verb(given)
        except TrackerError as error:
            listed = error.members.get("errors") or [{"pointer": "", "detail": error.detail}]
            mistakes = [(one["pointer"], one["detail"]) for one in listed]
            self._refuse(part, number, _name(given), mistakes)
            return
        self.result.add(Row(part, number, name, outcome, fields))

    def _refuse(
        self, part: str, number: int, name: str, mistakes: Sequence[tuple[str, str]]
    ) -> None:
        self.result.add(Row(part, number, name, Outcome.REFUSED, errors=mistakes))

    def _place(self, given: PlaceGiven) -> Fate:
        if self.session.get(places.Place, given.slug) is not None:
            return given.slug, Outcome.UNCHANGED, ()
        places.add(self.session, self.actor, given)
        return given.slug, Outcome.CREATED, ()

    def _theme(self, given: ThemeGiven) -> Fate:
        if self.session.get(themes.Theme, given.slug) is not None:
            return given.slug, Outcome.UNCHANGED, ()
        themes.add(self.session, self.actor, given)
        return given.slug, Outcome.CREATED, ()

    def _source(self, given: SourceGiven) -> Fate:
        source = self.session.get(sources.Source, given.slug)
        if source is None:
            sources.add(self.session, self.actor, given)
            return given.slug, Outcome.CREATED, ()
        changed = self.update and sources.amend(self.session, self.actor, source, given)
        return given.slug, Outcome.UPDATED if changed else Outcome.UNCHANGED, ()

    def _party(self, given: PartyRow) -> Fate:
        party = self.session.get(parties.Party, given.slug)
        values = given.model_dump(exclude_unset=True, exclude={"successors"})
        if party is None:
            parties.add(self.session, self.actor, PartyGiven(**values))
            return given.slug, Outcome.CREATED, ()
        patch = PartyPatch(**{name: value for name, value in values.items() if name != "slug"})
        changed = self.update and parties.amend(self.session, self.actor, party, patch)
        return given.slug, Outcome.UPDATED if changed else Outcome.UNCHANGED, ()

    def _inspection(self, given: InspectionGiven) -> Fate:
        self.result.places.add(given.place)
        found = self.session.get(inspections.Inspection, given.slug)
        if found is None:
            inspections.add(self.session, self.actor, given)
            return given.slug, Outcome.CREATED, ()
        if (found.place, found.framework) != (given.place, given.framework):
            raise Malformed(
                "the register has that slug for another inspection",
                [("/slug", "stands for an inspection of another place or framework")],
            )
        inspection = inspections.find(self.session, self.actor, given.slug, lock=True)
        fields = given.model_fields_set & set(InspectionPatch.model_fields)
        patch = InspectionPatch(**{name: getattr(given, name) for name in fields})
        if not self.update:
            return given.slug, Outcome.UNCHANGED, ()
        changed = inspections.amend(self.session, self.actor, inspection, patch)
        return given.slug, Outcome.UPDATED if changed else Outcome.UNCHANGED, changed

    def _link(self, given: LinkRow) -> Fate:
        if links.between(self.session, given.later, given.earlier, given.kind) is not None:
            return _name(given), Outcome.UNCHANGED, ()
        if given.state is State.REJECTED:
            raise Malformed(
                "an import does not reject links",
                [("/state", "leave the link out, or reject it by its review")],
            )
        shown = given.basis is Basis.STATED_BY_INSPECTOR and bool(given.citations)
        if given.state is State.CONFIRMED and not shown:
            self.result.warnings.append(
                f"{_name(given)} came in as proposed: only what an inspector states, with a "
                "citation, is confirmed by an import"
            )
        state = (given.state or State.CONFIRMED) if shown else State.PROPOSED
        links.propose(self.session, self.actor, given, state=state)
        return _name(given), Outcome.CREATED, ()

    def _evidence(self, given: EvidenceRow) -> Fate:
        known = evidence.find_by_key(self.session, given.key)
        if known is not None:
            same = (known.ref, known.summary) == (given.recommendation, given.summary)
            return given.key, Outcome.UNCHANGED if same else Outcome.CONFLICT, ()
        recommendation = recommendations.find(
            self.session, self.actor, given.recommendation, lock=True
        )
        piece = EvidenceGiven(
            **{name: getattr(given, name) for name in given.model_fields_set - {"recommendation"}}
        )
        evidence.attach(self.session, self.actor, recommendation, piece)
        return given.key, Outcome.CREATED, ()

    def _action(self, given: ActionRow) -> Fate:
        known = actions.find_by_key(self.session, given.key)
        if known is not None:
            same = known.title == given.title
            return given.key, Outcome.UNCHANGED if same else Outcome.CONFLICT, ()
        actions.add(self.session, self.actor, given)
        return given.key, Outcome.CREATED, ()

    def _succession(self, row: tuple[PartyRow, SuccessorRow]) -> Fate:
        party, given = row
        known = {one.successor for one in parties.successors(self.session, party.slug)}
        if given.party in known:
            return _name(row), Outcome.UNCHANGED, ()
        found = parties.find(self.session, party.slug, lock=True)
        passing = given.recommendations
        if passing is None and (known or len(party.successors) > 1):
            passing = []  # where one becomes several a person decides who gets what
        succession = SuccessionGiven(
            successor=given.party, on=given.on, reason=given.reason, recommendations=passing
        )
        successions.succeed(self.session, self.actor, found, succession)
        return _name(row), Outcome.CREATED, ()

    def _holidays(self, given: HolidaysGiven) -> Fate:
        """Those that reach further than what is known; never back."""
        changed = deadlines.extend(self.session, self.actor, given)
        return given.source[:100], Outcome.UPDATED if changed else Outcome.UNCHANGED, ()


def _depth_among(those: Mapping[str, PartyGiven]) -> Callable[[Entry], int]:
    """How many of the file's parties stand above one: those come first."""

    def depth(row: Entry) -> int:
        above, deep = row.given and row.given.organisation, 0
        while above in those and deep <= len(those):
            above, deep = those[above].organisation, deep + 1
        return deep

    return depth


def _name(given: Any) -> str:
    if isinstance(given, LinkRow):
        return f"{given.later} {given.kind} {given.earlier}"
    if isinstance(given, tuple):
        return f"{given[0].slug} to {given[1].party}"
    if isinstance(given, HolidaysGiven):
        return given.source[:100]
    name: str = given.key if isinstance(given, EvidenceRow | ActionRow) else given.slug
    return name
