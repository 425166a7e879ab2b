"""The import document: the one format of seed/, of scripts and of exports.

Every part is optional; references may point to what the document brings or to what is there.
"""

from pydantic import Field

from app.domain.actions import ActionGiven
from app.domain.base import Given, Key, Prose, Ref, Slug
from app.domain.dates import Edtf
from app.domain.deadlines import HolidaysGiven
from app.domain.entry import RecommendationGiven
from app.domain.evidence import EvidenceGiven
from app.domain.inspections import InspectionGiven
from app.domain.links import LinkGiven, State
from app.domain.parties import PartyGiven
from app.domain.places import PlaceGiven
from app.domain.sources import SourceGiven
from app.domain.themes import ThemeGiven

MOST = 100_000
"""Rows that one part of a document may have."""


class LinkRow(LinkGiven):
    """`confirmed` only for what an inspector states, with a citation that shows it."""

    state: State = State.PROPOSED


class SuccessorRow(Given):
    """`on`: when, as well as it is known; none where no day is on record."""

    party: Slug
    on: Edtf | None = None
    reason: Prose


class PartyRow(PartyGiven):
    """`successors`: what it gave way to. What is open passes on, as by the endpoint."""

    successors: list[SuccessorRow] = Field(default=[], max_length=20)


class ActionRow(ActionGiven):
    key: Key


class EvidenceRow(EvidenceGiven):
    recommendation: Ref
    key: Key


class Document(Given):
    places: list[PlaceGiven] = Field(default=[], max_length=MOST)
    themes: list[ThemeGiven] = Field(default=[], max_length=MOST)
    sources: list[SourceGiven] = Field(default=[], max_length=MOST)
    parties: list[PartyRow] = Field(default=[], max_length=MOST)
    inspections: list[InspectionGiven] = Field(default=[], max_length=MOST)
    recommendations: list[RecommendationGiven] = Field(default=[], max_length=MOST)
    links: list[LinkRow] = Field(default=[], max_length=MOST)
    actions: list[ActionRow] = Field(default=[], max_length=MOST)
    evidence: list[EvidenceRow] = Field(default=[], max_length=MOST)
    bank_holidays: HolidaysGiven | None = None
