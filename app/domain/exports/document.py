"""The register as an import document, which brings back into it nothing but what it holds."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import groupby
from operator import attrgetter
from typing import IO, Any

import orjson
from sqlalchemy import Select, and_, func, select
from sqlmodel import Session, col

from app.domain import inspections, links, places, sources, themes
from app.domain.actions import Action, ActionServes
from app.domain.actors import Actor
from app.domain.base import Given, columns
from app.domain.errors import LinkRefused
from app.domain.evidence import Evidence, Review
from app.domain.exports.flat import CHUNK
from app.domain.imports.document import ActionRow, EvidenceRow, LinkRow, PartyRow, SuccessorRow
from app.domain.inspections import Inspection, InspectionGiven
from app.domain.links import LINEAGE, Basis, Link, State
from app.domain.parties import Party, Succession
from app.domain.places import PlaceGiven
from app.domain.recommendations import Recommendation
from app.domain.references import RecommendationGiven
from app.domain.sources import Source, SourceGiven, SourceKind, Transcription
from app.domain.themes import ThemeGiven

Row = dict[str, Any]


def write_document(file: IO[bytes], session: Session, reader: Actor) -> None:
    """Everything within the reader's places that an import document can say (docs/exports.md says
    what it cannot), a row a line, in an order that an import keeps."""
    before = b"{\n"
    for part, rows in _parts(session, reader):
        file.write(before + orjson.dumps(part) + b":[")
        after = b"\n"
        with closing(rows):
            for row in rows:
                file.write(after + orjson.dumps(row))
                after = b",\n"
        file.write(b"]" if after == b"\n" else b"\n]")
        before = b",\n"
    file.write(b"\n}\n")


def _parts(session: Session, reader: Actor) -> Iterator[tuple[str, Generator[Row]]]:
    held = {source.slug: source for source in sources.sources(session)}
    ours = {one.slug: one for one in _inspections(session, reader)}
    near = sorted(places.places(session, reader.places), key=attrgetter("slug"))
    yield "places", (_as(PlaceGiven, row) for row in near)
    yield "themes", (_as(ThemeGiven, row) for row in themes.themes(session))
    yield "sources", (_as(SourceGiven, row) for row in held.values())
    yield "parties", _parties(session)
    yield "inspections", (_inspection(one, held) for one in ours.values())
    yield "recommendations", _recommendations(session, reader, held)
    yield "actions", _actions(session, reader)
    yield "links", _links(session, reader, ours, held)
    yield "evidence", _evidence(session, reader, held)


def _inspections(session: Session, reader: Actor) -> Iterable[Inspection]:
    query = select(Inspection).order_by(inspections.chronological(), col(Inspection.slug))
    if reader.places is not None:
        query = query.where(col(Inspection.place).in_(reader.places))
    return session.scalars(query)


def _inspection(one: Inspection, held: Mapping[str, Source]) -> Row:
    return _as(
        InspectionGiven,
        one,
        response_due={"stated": one.response_due_stated},
        coverage={"stated_count": one.stated_count},
        notes=[note | {"citations": _cited(note["citations"], held)} for note in one.notes],
    )


_PARTY, _SUCCESSION = columns(Party), columns(Succession)


def _parties(session: Session) -> Generator[Row]:
    """What passed to a successor has passed: its row says that nothing more does."""
    query = (
        select(_PARTY, _SUCCESSION.c.successor, _SUCCESSION.c.took_place, _SUCCESSION.c.reason)
        .outerjoin(_SUCCESSION, _SUCCESSION.c.predecessor == _PARTY.c.slug)
        .order_by(_PARTY.c.slug, _SUCCESSION.c.successor)
    )
    for _, same in groupby(_read(session, query), attrgetter("slug")):
        rows = list(same)
        successors = [
            _as(SuccessorRow, row, party=row.successor, on=row.took_place, recommendations=[])
            for row in rows
            if row.successor is not None
        ]
        yield _as(PartyRow, rows[0], successors=successors)


_RECOMMENDATION = columns(Recommendation)


def _recommendations(session: Session, reader: Actor, held: Mapping[str, Source]) -> Generator[Row]:
    at = _RECOMMENDATION.c
    query = select(_RECOMMENDATION).where(at.voided.is_(False), *_within(reader, at))
    for row in _read(session, query.order_by(at.inspection, at.ordinal)):
        yield _as(RecommendationGiven, row, citations=_cited(row.citations, held))


_LINK = columns(Link)
_LATER, _EARLIER = columns(Recommendation).alias(), columns(Recommendation).alias()


def _links(
    session: Session, reader: Actor, ours: Mapping[str, Inspection], held: Mapping[str, Source]
) -> Generator[Row]:
    """An import brings as confirmed only what an inspector states with a citation. A proposal that
    dates have come to contradict would be refused, so it stays here."""
    query = (
        select(_LINK, _LATER.c.inspection.label("taker"), _EARLIER.c.inspection.label("taken"))
        .join(_LATER, _LATER.c.ref == _LINK.c.later)
        .join(_EARLIER, _EARLIER.c.ref == _LINK.c.earlier)
        .where(_LINK.c.state != State.REJECTED, *_within(reader, _LATER.c))
        .where(_LATER.c.voided.is_(False), _EARLIER.c.voided.is_(False))
        .order_by(_LINK.c.asserted_at, _LINK.c.id)
    )
    for row in _read(session, query):
        stated = row.basis is Basis.STATED_BY_INSPECTOR and row.citations
        if row.kind not in LINEAGE or _in_order(ours[row.taker], ours[row.taken]):
            yield _as(
                LinkRow,
                row,
                citations=_cited(row.citations, held),
                state=row.state if stated else State.PROPOSED,
            )


def _in_order(taker: Inspection, taken: Inspection) -> bool:
    try:
        links.in_order(taker, taken)
    except LinkRefused:
        return False
    return True


_ACTION, _SERVES = columns(Action), columns(ActionServes)


def _actions(session: Session, reader: Actor) -> Generator[Row]:
    query = (
        select(_ACTION, _SERVES.c.ref)
        .join(_SERVES, _SERVES.c.action == _ACTION.c.id)
        .join(_RECOMMENDATION, _RECOMMENDATION.c.ref == _SERVES.c.ref)
        .where(_RECOMMENDATION.c.voided.is_(False), *_within(reader, _ACTION.c))
        .order_by(_ACTION.c.created_at, _ACTION.c.id, _SERVES.c.ref)
    )
    for _, same in groupby(_read(session, query), attrgetter("id")):
        rows = list(same)
        action = rows[0]
        refs = [row.ref for row in rows]
        yield _as(ActionRow, action, recommendations=refs, key=action.key or action.id)


_EVIDENCE = columns(Evidence)


def _evidence(session: Session, reader: Actor, held: Mapping[str, Source]) -> Generator[Row]:
    """What stands. It names its action where that still serves the recommendation, and nothing
    that it superseded, since that is left out."""
    query = (
        select(_EVIDENCE, func.coalesce(_ACTION.c.key, _ACTION.c.id).label("serving"))
        .join(_RECOMMENDATION, _RECOMMENDATION.c.ref == _EVIDENCE.c.ref)
        .outerjoin(
            _SERVES,
            and_(_SERVES.c.action == _EVIDENCE.c.action, _SERVES.c.ref == _EVIDENCE.c.ref),
        )
        .outerjoin(_ACTION, _ACTION.c.id == _SERVES.c.action)
        .where(_RECOMMENDATION.c.voided.is_(False), *_within(reader, _EVIDENCE.c))
        .where(_EVIDENCE.c.withdrawn.is_(False), _EVIDENCE.c.superseded.is_(False))
        .where(_EVIDENCE.c.review != Review.REJECTED)
        .order_by(_EVIDENCE.c.recorded_at, _EVIDENCE.c.id)
    )
    for row in _read(session, query):
        yield _as(
            EvidenceRow,
            row,
            recommendation=row.ref,
            key=row.key or row.id,
            action=row.serving,
            supersedes=None,
            citations=_cited(row.citations, held),
        )


def _within(reader: Actor, at: Any) -> list[Any]:
    return [] if reader.places is None else [at.place.in_(reader.places)]


def _read(session: Session, query: Select[Any]) -> Generator[Any]:
    with session.connection().execute(query.execution_options(yield_per=CHUNK)) as found:
        yield from found


def _as(shape: type[Given], row: Any, **more: Any) -> Row:
    """A row in the fields of a shape, what it is called by first. `more`: what the table keeps in
    another way; `citation`, which is short for one of `citations`, is not needed."""
    fields = [name for name in shape.model_fields if name != "citation"]
    fields.sort(key=lambda name: name not in ("key", "recommendation"))
    return {name: more[name] if name in more else getattr(row, name) for name in fields}


def _cited(citations: Iterable[Row], held: Mapping[str, Source]) -> list[Row]:
    """Where a source was found to be a secondary one, nothing of it is verbatim any more: an import
    would refuse it."""
    return [
        citation | {"transcription": Transcription.REPORTED}
        if held[citation["source"]].kind is SourceKind.SECONDARY
        else citation
        for citation in citations
    ]
