"""Imports every noun, so that Alembic sees every table."""

from app.domain import (
    actions,
    assignments,
    changes,
    deadlines,
    errata,
    evidence,
    imports,
    inspections,
    intervals,
    links,
    moves,
    notes,
    parties,
    places,
    recommendations,
    replies,
    search,
    sources,
    themes,
    tokens,
    voiding,
)
from app.domain.base import Table

METADATA = Table.metadata

__all__ = [
    "METADATA",
    "actions",
    "assignments",
    "changes",
    "deadlines",
    "errata",
    "evidence",
    "imports",
    "inspections",
    "intervals",
    "links",
    "moves",
    "notes",
    "parties",
    "places",
    "recommendations",
    "replies",
    "search",
    "sources",
    "themes",
    "tokens",
    "voiding",
]
