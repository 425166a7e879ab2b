"""References: what rows of recommendations point to, read once for many rows and checked by row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field
from sqlmodel import Session

from app.domain import inspections, parties, sources, themes
from app.domain.actors import Actor
from app.domain.base import Given, Line, Prose, Slug
from app.domain.dates import Edtf
from app.domain.inspections import Inspection
from app.domain.recommendations import Kind, Priority
from app.domain.sources import CitationGiven, SourceKind


class RecommendationGiven(Given):
    """A row of an import: `inspection`, `ordinal` and `text` suffice. `citation` is for rows that
    have one; `citations` for several."""

    inspection: Slug
    ordinal: int = Field(ge=1, le=9999)
    text: Prose
    number_as_printed: Line | None = None
    section: Line | None = None
    kind: Kind = Kind.RECOMMENDATION
    kind_as_printed: Line | None = None
    title: Line | None = None
    addressees: list[Slug] = Field(default=[], max_length=50)
    addressees_as_printed: Line | None = None
    themes: list[Slug] = Field(default=[], max_length=50)
    priority: Priority = Priority.NORMAL
    owner: Slug | None = None
    due_on: Edtf | None = None
    citation: CitationGiven | None = None
    citations: list[CitationGiven] = Field(default=[], max_length=50)

    @property
    def ref(self) -> str:
        return f"{self.inspection}-{self.ordinal}"

    @property
    def cited(self) -> list[CitationGiven]:
        return self.citations if self.citation is None else [self.citation, *self.citations]


@dataclass(frozen=True, slots=True)
class Known:
    """Of what some rows refer to, that which there is within the actor's reach."""

    inspections: Mapping[str, Inspection]
    themes: frozenset[str]
    organisations: Mapping[str, str]
    """By party: the organisation that it belongs to."""
    sources: Mapping[str, SourceKind]


def known(session: Session, actor: Actor, rows: Sequence[RecommendationGiven]) -> Known:
    """Reads what the rows refer to. The inspections are locked: two do not enter the same one."""
    named = {slug for row in rows for slug in (*row.addressees, row.owner) if slug is not None}
    return Known(
        inspections.within(session, actor, {row.inspection for row in rows}),
        themes.known(session, {theme for row in rows for theme in row.themes}),
        parties.organisations(session, named),
        sources.kinds(session, {one.source for row in rows for one in row.cited}),
    )


def mistakes(known: Known, given: RecommendationGiven) -> list[tuple[str, str]]:
    """What of a row points to nothing: pairs of JSON pointer and what to do about it."""
    wrong = []
    if given.inspection not in known.inspections:
        wrong.append(("/inspection", "is not an inspection of this register; enter it first"))
    wrong += themes.unknown(given.themes, known.themes)
    wrong += parties.unknown(given.addressees, known.organisations, "/addressees/{}")
    if given.owner is not None:
        wrong += parties.unknown([given.owner], known.organisations, "/owner")
    if given.cited:
        wrong += sources.misquoted(given.cited, known.sources, _pointers(given))
    return wrong


def cited(known: Known, given: RecommendationGiven) -> list[dict[str, Any]]:
    """The row's citations as they are stored."""
    return sources.stored(given.cited, known.sources)


def _pointers(given: RecommendationGiven) -> Iterable[str]:
    several = [f"/citations/{index}" for index in range(len(given.citations))]
    return several if given.citation is None else ["/citation", *several]
