"""A dossier: one recommendation, or one lineage, with all that is known beside it."""

from typing import Any, Literal

from pydantic import Field
from sqlalchemy import select
from sqlmodel import Session, col

from app.domain import actions, assignments, errata, evidence, links, listing, moves, notes, voiding
from app.domain.actions import ActionShown
from app.domain.actors import Actor
from app.domain.assignments import AssignmentShown
from app.domain.base import Shown, today
from app.domain.dates import whole_years
from app.domain.errata import ErratumShown
from app.domain.evidence import EvidenceShown
from app.domain.frameworks import JudgementShown
from app.domain.inspections import Inspection
from app.domain.links import LinkShown, State
from app.domain.listing import RecommendationShown
from app.domain.notes import NoteShown
from app.domain.recommendations import Recommendation
from app.domain.sources import CitationShown
from app.domain.voiding import VoidingShown


class CauseShown(Shown):
    """What makes it count as come back: a link from a later recommendation, or evidence. Its id
    goes into `link` or `evidence` of the move that reopens."""

    kind: Literal["link", "evidence"]
    id: str
    ref: str


class DossierShown(RecommendationShown):
    """`verified_on`: of what level the evidence is that its verification rests on, while that
    stands; `output` where it was said that no outcome can exist."""

    citations: list[CitationShown]
    evidence: list[EvidenceShown]
    actions: list[ActionShown]
    links: list[LinkShown]
    assignments: list[AssignmentShown]
    notes: list[NoteShown]
    errata: list[ErratumShown]
    voided: VoidingShown | None
    import_: str | None = Field(alias="import")
    verified_on: str | None
    regressed_because: list[CauseShown]


class MemberShown(RecommendationShown):
    """A recommendation in its lineage: with its citations, the grades that stood beside it, who
    owned it and what evidence there is."""

    citations: list[CitationShown]
    inspection_title: str
    inspectorates: list[str]
    raised: str | None
    judgements: list[JudgementShown]
    assignments: list[AssignmentShown]
    evidence: list[EvidenceShown]


class LineageShown(Shown):
    """`first_raised` as EDTF; `years_since_first_raised` whole years, a fact and no reproach."""

    lineage: str | None
    recommendations: list[MemberShown]
    links: list[LinkShown]
    inspectorates: list[str]
    times_reraised: int
    first_raised: str | None
    years_since_first_raised: int | None


def whole(
    session: Session, reader: Actor, recommendation: Recommendation, *, stale_days: int
) -> dict[str, Any]:
    """One recommendation as DossierShown."""
    ref, day = recommendation.ref, today(session)
    return listing.shown(recommendation, day, stale_days) | {
        "citations": recommendation.citations,
        "evidence": [evidence.shown(reader, piece, day) for piece in evidence.of(session, ref)],
        "actions": actions.shown(session, reader, actions.by_ref(session, [ref])[ref]),
        "links": [links.shown(reader, link) for link in links.of(session, reader, [ref])],
        "assignments": assignments.by_ref(session, reader, [ref])[ref],
        "notes": notes.of(session, reader, ref),
        "errata": errata.of(session, reader, ref),
        "voided": voiding.of(session, reader, recommendation),
        "import": recommendation.import_id,
        "verified_on": moves.verified_on(session, recommendation),
        "regressed_because": _causes(session, reader, recommendation),
    }


def lineage(
    session: Session, reader: Actor, recommendation: Recommendation, *, stale_days: int
) -> dict[str, Any]:
    """The lineage of a recommendation as LineageShown; of one alone, itself."""
    day = today(session)
    name = recommendation.lineage
    query = (
        select(Recommendation, Inspection)
        .join(Inspection, col(Inspection.slug) == col(Recommendation.inspection))
        .where(
            col(Recommendation.ref) == recommendation.ref
            if name is None
            else col(Recommendation.lineage) == name
        )
    )
    members = sorted(
        (
            (row, inspection)
            for row, inspection in session.execute(query)
            if reader.reaches(row.place)
        ),
        key=lambda member: links.age(member[0]),
    )
    first = members[0][1]
    refs = [row.ref for row, _ in members]
    owners, pieces = assignments.by_ref(session, reader, refs), evidence.by_ref(session, refs)
    return {
        "lineage": name,
        "recommendations": [
            listing.shown(row, day, stale_days)
            | {
                "citations": row.citations,
                "inspection_title": inspection.title,
                "inspectorates": inspection.inspectorates,
                "raised": inspection.published or inspection.fieldwork,
                "judgements": inspection.judgements,
                "assignments": owners[row.ref],
                "evidence": [evidence.shown(reader, piece, day) for piece in pieces[row.ref]],
            }
            for row, inspection in members
        ],
        "links": [
            links.shown(reader, link)
            for link in links.of(session, reader, refs)
            if link.state is State.CONFIRMED
            and link.kind in links.LINEAGE
            and {link.later, link.earlier} <= set(refs)
        ],
        "inspectorates": sorted({name for _, one in members for name in one.inspectorates}),
        "times_reraised": members[0][0].times_reraised,
        "first_raised": first.published or first.fieldwork,
        "years_since_first_raised": whole_years(first.raised_latest, day),
    }


def _causes(
    session: Session, reader: Actor, recommendation: Recommendation
) -> list[dict[str, str]]:
    if not recommendation.regressed:
        return []
    ref = recommendation.ref
    within = {link.id for link in links.of(session, reader, [ref])}
    return [
        {"kind": "link", "id": link.id, "ref": link.later}
        for _, link in links.reraising(session, [recommendation])[ref]
        if link.id in within
    ] + [
        {"kind": "evidence", "id": piece.id, "ref": ref}
        for piece in evidence.undermining(recommendation, evidence.of(session, ref))
    ]
