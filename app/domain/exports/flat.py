"""The flat table: recommendations in one row each, with what their inspection and owner say."""

from collections.abc import Generator
from typing import Any

from sqlmodel import Session

from app.domain import listing
from app.domain.actors import Actor
from app.domain.base import columns
from app.domain.filters import Filters
from app.domain.frameworks import Framework
from app.domain.inspections import Inspection
from app.domain.listing import RecommendationShown
from app.domain.parties import Party

COLUMNS = {
    "ref": 26,
    "inspection": 24,
    "inspection_title": 40,
    "framework": 16,
    "inspectorates": 16,
    "fieldwork": 22,
    "published": 14,
    "published_latest": 17,
    "ordinal": 9,
    "number_as_printed": 19,
    "section": 24,
    "kind": 22,
    "kind_as_printed": 24,
    "title": 48,
    "text": 80,
    "place": 24,
    "addressees": 24,
    "addressees_as_printed": 24,
    "themes": 32,
    "priority": 10,
    "response": 17,
    "status": 14,
    "closure_reason": 20,
    "review_on": 12,
    "owner": 24,
    "owner_name": 36,
    "organisation": 24,
    "organisation_name": 36,
    "contributors": 24,
    "contributors_progress": 22,
    "due_on": 14,
    "due_latest": 12,
    "original_due_on": 17,
    "original_due_latest": 20,
    "slippage_days": 15,
    "times_moved": 14,
    "overdue": 11,
    "overdue_originally": 19,
    "due_soon": 11,
    "review_due": 12,
    "stale": 9,
    "regressed": 12,
    "assurance": 20,
    "assurance_expired": 19,
    "times_reraised": 16,
    "lineage": 26,
    "evidence_count": 16,
    "action_count": 14,
    "status_since": 14,
    "created_at": 18,
    "updated_at": 18,
    "version": 10,
}
"""The columns in their order, with the width of each on a sheet. Others build on names and order: a
new column goes behind the last (docs/exports.md)."""

CHUNK = 1000
"""Rows that are in memory at a time."""


class RecommendationExported(RecommendationShown):
    """A row of the flat table, as JSON. `due_latest`, `original_due_latest` and `published_latest`:
    the last day that the fuzzy date beside it can mean."""

    inspection_title: str
    framework: Framework
    inspectorates: list[str]
    fieldwork: str | None
    published: str | None
    published_latest: str | None
    owner_name: str | None
    organisation_name: str | None
    due_latest: str | None
    original_due_latest: str | None


_INSPECTION = columns(Inspection)
_OWNER, _ORGANISATION = columns(Party).alias(), columns(Party).alias()
_BESIDE = (
    _INSPECTION.c.title.label("inspection_title"),
    *(_INSPECTION.c[name] for name in ("inspectorates", "fieldwork", "published")),
    _INSPECTION.c.published_latest,
    _OWNER.c.name.label("owner_name"),
    _ORGANISATION.c.name.label("organisation_name"),
)


def rows(
    session: Session, reader: Actor, filters: Filters, *, stale_days: int
) -> Generator[dict[str, Any]]:
    """All that the list of the same filters shows, in its order, as RecommendationExported with
    the keys of COLUMNS. One SELECT, read in chunks: close it while the session is open."""
    asked = listing.selected(session, reader, filters, stale_days=stale_days)
    query = (
        asked.query.join(_INSPECTION, _INSPECTION.c.slug == asked.at["inspection"])
        .outerjoin(_OWNER, _OWNER.c.slug == asked.at["owner"])
        .outerjoin(_ORGANISATION, _ORGANISATION.c.slug == asked.at["organisation"])
        .add_columns(asked.at["framework"], *_BESIDE)
        .order_by(*(key.order for key in asked.keys))
        .execution_options(yield_per=CHUNK)
    )
    with session.connection().execute(query) as found:
        for row in found:
            shown = listing.shown(row, asked.day, stale_days, past=asked.past)
            values = {**row._mapping, **shown}
            yield {name: values[name] for name in COLUMNS}
