"""Bringing a file into the register, by the verbs that people use, all or nothing.

Bringing the same file again changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlmodel import Session

from app.domain import (
    deadlines,
    inspections,
    parties,
    places,
    sources,
    successions,
    themes,
)
from app.domain.actors import Actor, Can
from app.domain.base import Given
from app.domain.deadlines import HolidaysGiven
from app.domain.errors import Malformed, NotYours, TrackerError
from app.domain.imports import merging, news
from app.domain.imports.claims import Claims, Fate, name_of
from app.domain.imports.document import (
    ActionRow,
    Entry,
    EvidenceRow,
    LinkRow,
    PartyRow,
    SuccessorRow,
)
from app.domain.imports.outcome import ImportRefused, Outcome, Result, Row
from app.domain.imports.runs import one_at_a_time
from app.domain.inspections import InspectionGiven, InspectionPatch
from app.domain.parties import PartyGiven, PartyPatch
from app.domain.places import PlaceGiven
from app.domain.sources import SourceGiven
from app.domain.successions import SuccessionGiven
from app.domain.themes import ThemeGiven

KEPT = (
    "",
    "the register has it otherwise, and it was left as it is; change it there, by its own address",
)


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
    one_at_a_time(session)
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
    """All parts but recommendations, row by row; those that say something of them in claims.py."""

    def __init__(self, session: Session, actor: Actor, update: bool, result: Result) -> None:
        self.session = session
        self.actor = actor
        self.update = update
        self.result = result
        self.gave_way: list[PartyRow] = []
        claims = Claims(session, actor, result)
        self.verbs: Mapping[str, Callable[[Any], Fate]] = {
            "places": self._place,
            "themes": self._theme,
            "sources": self._source,
            "parties": self._party,
            "inspections": self._inspection,
            "actions": claims.action,
            "links": claims.link,
            "evidence": claims.evidence,
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
        errors = [KEPT] if outcome is Outcome.CONFLICT else []
        self.result.add(Row(part, number, name, outcome, fields, errors))

    def _refuse(
        self, part: str, number: int, name: str, mistakes: Sequence[tuple[str, str]]
    ) -> None:
        self.result.add(Row(part, number, name, Outcome.REFUSED, errors=mistakes))

    def _place(self, given: PlaceGiven) -> Fate:
        if self.session.get(places.Place, given.slug) is not None:
            return given.slug, Outcome.UNCHANGED, ()
        if not self.actor.reaches(given.slug):
            raise NotYours("your token does not reach that place")
        places.add(self.session, self.actor, given)
        return given.slug, Outcome.CREATED, ()

    def _theme(self, given: ThemeGiven) -> Fate:
        if self.session.get(themes.Theme, given.slug) is not None:
            return given.slug, Outcome.UNCHANGED, ()
        themes.add(self.session, self.actor, given)
        return given.slug, Outcome.CREATED, ()

    def _source(self, given: SourceGiven) -> Fate:
        source = self.session.get(sources.Source, given.slug, with_for_update=True)
        if source is None:
            sources.add(self.session, self.actor, given)
            return given.slug, Outcome.CREATED, ()
        fresh = self._news("source", given.slug, given, source)
        values = {name: getattr(given, name) for name in fresh}
        changed = sources.correct(self.session, self.actor, source, values)
        return _updated(given.slug, changed)

    def _party(self, given: PartyRow) -> Fate:
        values = given.model_dump(exclude_unset=True, exclude={"successors"})
        party = self.session.get(parties.Party, given.slug, with_for_update=True)
        if party is None:
            parties.add(self.session, self.actor, PartyGiven(**values))
            return given.slug, Outcome.CREATED, ()
        fresh = self._news("party", given.slug, given, party)
        patch = PartyPatch(**{name: values[name] for name in fresh})
        changed = parties.amend(self.session, self.actor, party, patch, what="corrected")
        return _updated(given.slug, changed)

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
        fresh = self._news("inspection", given.slug, given, inspection)
        patch = InspectionPatch(**{name: getattr(given, name) for name in fresh})
        changed = inspections.amend(self.session, self.actor, inspection, patch, what="corrected")
        return _updated(given.slug, changed)

    def _news(self, kind: str, slug: str, given: Given, thing: Any) -> set[str]:
        """The fields of `given` that say something new (none where only what is missing counts)."""
        if not self.update:
            return set()
        said = news.told(self.session, kind, [slug]).get(slug, {})
        for field, (column, name) in _HELD_AS.items():
            said.setdefault(field, []).extend({name: value} for value in said.pop(column, ()))
        values = given.model_dump(mode="json", include=given.model_fields_set - _FIXED)
        return {
            field
            for field, value in values.items()
            if news.is_news(said, field, value, _now(thing, field))
        }

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


def _updated(name: str, changed: Sequence[str]) -> Fate:
    return name, Outcome.UPDATED if changed else Outcome.UNCHANGED, changed


_HELD_AS = {
    "coverage": ("stated_count", "stated_count"),
    "response_due": ("response_due_stated", "stated"),
}
"""Fields of an inspection that its row, and so the journal, has under another name."""
_FIXED = {"slug", "place", "framework", "successors"}
"""Of a thing that is there, what a file does not correct."""


def _now(thing: Any, field: str) -> Any:
    if field in _HELD_AS:
        column, name = _HELD_AS[field]
        return {name: getattr(thing, column)}
    return getattr(thing, field)


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
        return name_of(given)
    if isinstance(given, tuple):
        return f"{given[0].slug} to {given[1].party}"
    if isinstance(given, HolidaysGiven):
        return given.source[:100]
    name: str = given.key if isinstance(given, EvidenceRow | ActionRow) else given.slug
    return name
