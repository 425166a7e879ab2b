"""The import document: the one format of seed/, of scripts and of exports.

Every part is optional; references may point to what the document brings or to what is there.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field, ValidationError

from app.domain.actions import ActionGiven
from app.domain.base import Given, Key, Prose, Ref, Slug
from app.domain.dates import Edtf
from app.domain.deadlines import HolidaysGiven
from app.domain.evidence import EvidenceGiven
from app.domain.imports.outcome import Mistake
from app.domain.inspections import InspectionGiven
from app.domain.links import LinkGiven, State
from app.domain.parties import PartyGiven
from app.domain.places import PlaceGiven
from app.domain.references import RecommendationGiven
from app.domain.sources import SourceGiven
from app.domain.themes import ThemeGiven
from app.domain.wording import mistakes

MOST = 200_000
"""Rows that one part of a document may have."""


class LinkRow(LinkGiven):
    """Comes as proposed, but for what an inspector states with a citation that shows it: that is
    confirmed, unless `state` says otherwise."""

    state: State | None = None


class SuccessorRow(Given):
    """`on`: when, as well as it is known; none where no day is on record. `recommendations`: which
    of those open pass on by this; left out, all, but none where one became several. In an export
    none: there everything is with its owner of today."""

    party: Slug
    on: Edtf | None = None
    reason: Prose
    recommendations: list[Ref] | None = Field(default=None, max_length=10_000)


class PartyRow(PartyGiven):
    """`successors`: what it gave way to. What is open passes on, as by the endpoint."""

    successors: list[SuccessorRow] = Field(default=[], max_length=20)


class ActionRow(ActionGiven):
    key: Key


class EvidenceRow(EvidenceGiven):
    recommendation: Ref
    key: Key


class Document(Given):
    """The parts, in the order in which they are brought in."""

    places: list[PlaceGiven] = Field(default=[], max_length=MOST)
    themes: list[ThemeGiven] = Field(default=[], max_length=MOST)
    sources: list[SourceGiven] = Field(default=[], max_length=MOST)
    parties: list[PartyRow] = Field(default=[], max_length=MOST)
    inspections: list[InspectionGiven] = Field(default=[], max_length=MOST)
    recommendations: list[RecommendationGiven] = Field(default=[], max_length=MOST)
    actions: list[ActionRow] = Field(default=[], max_length=MOST)
    links: list[LinkRow] = Field(default=[], max_length=MOST)
    evidence: list[EvidenceRow] = Field(default=[], max_length=MOST)
    bank_holidays: HolidaysGiven | None = None

    def parts(self) -> Iterator[tuple[str, Iterable["Entry"]]]:
        """What bring() takes."""
        for part in SHAPES:
            said = getattr(self, part)
            rows = said if isinstance(said, list) else [said] if said is not None else []
            yield part, [Entry(number, row) for number, row in enumerate(rows, 1)]


SHAPES: dict[str, type[Given]] = {
    "places": PlaceGiven,
    "themes": ThemeGiven,
    "sources": SourceGiven,
    "parties": PartyRow,
    "inspections": InspectionGiven,
    "recommendations": RecommendationGiven,
    "actions": ActionRow,
    "links": LinkRow,
    "evidence": EvidenceRow,
    "bank_holidays": HolidaysGiven,
}
"""The shape of a row of each part, in the order of Document."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as it was read: `given`, or what is wrong with it. `number` counts from 1 within its
    part; `name` is for a row that has no shape."""

    number: int
    given: Any = None
    mistakes: Sequence[Mistake] = ()
    name: str = ""


def entry(part: str, number: int, raw: bytes, name: str = "") -> Entry:
    """A row of that part from its JSON."""
    try:
        return Entry(number, SHAPES[part].model_validate_json(raw, strict=True))
    except ValidationError as error:
        found = mistakes(error.errors(include_url=False, include_input=False))
        return Entry(number, None, found, name)
