"""Imports: a document of inspections, recommendations and what goes with them, all or nothing."""

from app.domain.imports.bringing import bring
from app.domain.imports.document import Document
from app.domain.imports.outcome import ImportRefused, Outcome, Result, Row

__all__ = ["Document", "ImportRefused", "Outcome", "Result", "Row", "bring"]
