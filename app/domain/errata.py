"""Errata: what was transcribed wrongly is corrected with a reason, and both texts stay readable."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Index, select
from sqlmodel import Field, Session, col

from app.domain import base, entry, finding, recommendations, sources
from app.domain.actors import Actor, Can
from app.domain.base import (
    DOCUMENT,
    NAME,
    PROSE,
    Expect,
    Given,
    Moment,
    Prose,
    Shown,
    Table,
    unconditional,
)
from app.domain.errors import Conflict
from app.domain.recommendations import Recommendation


class Erratum(Table, table=True):
    """`before` is the text as it was recorded, `after` as the document that is cited has it."""

    id: str = Field(primary_key=True, sa_type=NAME)
    ref: str = Field(sa_type=NAME, foreign_key="recommendation.ref", ondelete="RESTRICT")
    place: str = Field(sa_type=NAME, foreign_key="place.slug", ondelete="RESTRICT")
    before: str = Field(sa_type=PROSE)
    after: str = Field(sa_type=PROSE)
    reason: str = Field(sa_type=PROSE)
    citation: dict[str, Any] | None = Field(sa_type=DOCUMENT, nullable=True)
    recorded_by: str = Field(max_length=100)
    recorded_at: datetime = Field(sa_type=Moment)

    __table_args__ = (Index(None, "ref", "recorded_at"),)


class ErratumGiven(Given):
    """`citation`: where the text stands as it is given now."""

    text: Prose
    reason: Prose
    citation: sources.CitationGiven


class ErratumShown(Shown):
    """`citation` is null where an import that was reversed came again with another text."""

    before: str
    after: str
    reason: str
    citation: sources.CitationShown | None
    recorded_by: str | None
    recorded_at: str


def correct(
    session: Session,
    actor: Actor,
    recommendation: Recommendation,
    given: ErratumGiven,
    *,
    expect: Expect = unconditional,
) -> None:
    """Gives a recommendation the text that its document has. A title that was made of the first
    words follows. Malformed where the source is not known; Conflict where that is its text."""
    actor.must(Can.AMEND)
    citation = sources.cited_once(session, given.citation)
    expect(recommendation.version)
    recommendations.check_stands(recommendation)
    if given.text == recommendation.text:
        raise Conflict("that is the text that the recommendation has; there is nothing to correct")
    record(session, actor, recommendation, given.text, given.reason, citation)


def record(
    session: Session,
    actor: Actor,
    recommendation: Recommendation,
    text: str,
    reason: str,
    citation: dict[str, Any] | None,
) -> None:
    """Gives a recommendation another text than it has. `citation` as it is stored."""
    values = {"text": text}
    if recommendation.title == entry.first_words(recommendation.text):
        values["title"] = entry.first_words(text)
    said = finding.words_of(recommendation)
    before = {name: getattr(recommendation, name) for name in values}
    recommendation.sqlmodel_update(values)
    session.add(
        Erratum(
            id=base.new_id(session, "er"),
            ref=recommendation.ref,
            place=recommendation.place,
            before=before["text"],
            after=text,
            reason=reason,
            citation=citation,
            recorded_by=actor.name,
            recorded_at=base.now(session),
        )
    )
    recommendations.note(
        session,
        actor,
        recommendation,
        "erratum:recorded",
        before=before,
        after=values | {"citation": citation},
        reason=reason,
        raises=True,
    )
    ref = recommendation.ref
    finding.index(session, {ref: finding.words_of(recommendation)}, {ref: said})


def of(session: Session, reader: Actor, ref: str) -> list[dict[str, Any]]:
    """The errata of a recommendation, oldest first, as ErratumShown."""
    query = (
        select(Erratum)
        .where(col(Erratum.ref) == ref)
        .order_by(col(Erratum.recorded_at), col(Erratum.id))
    )
    return [
        {
            "before": row.before,
            "after": row.after,
            "reason": row.reason,
            "citation": row.citation,
            "recorded_by": reader.shown(row.recorded_by),
            "recorded_at": row.recorded_at,
        }
        for row in session.scalars(query)
    ]


def earlier_texts(session: Session, refs: Collection[str]) -> dict[str, set[str]]:
    """The texts that each had before an erratum: an import that brings one of these brings nothing
    new. Those that never had an erratum are left out."""
    found: dict[str, set[str]] = {}
    for some in base.batches(refs):
        query = select(col(Erratum.ref), col(Erratum.before)).where(col(Erratum.ref).in_(some))
        for row in session.connection().execute(query):
            found.setdefault(row.ref, set()).add(row.before)
    return found
