"""Imports every noun, so that Alembic sees every table."""

from app.domain import (
    assignments,
    changes,
    evidence,
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
)
from app.domain.base import Table

METADATA = Table.metadata

__all__ = [
    "METADATA",
    "assignments",
    "changes",
    "evidence",
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
]
