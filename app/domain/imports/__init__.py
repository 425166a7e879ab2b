"""Imports: files of inspections, recommendations and what goes with them, all or nothing."""

from app.domain.imports.bringing import bring
from app.domain.imports.document import Document
from app.domain.imports.files import Format, ImportFile, read
from app.domain.imports.outcome import ImportRefused, Outcome, Result, Row
from app.domain.imports.reversing import ReversalGiven, reverse
from app.domain.imports.runs import (
    ImportListed,
    ImportRun,
    ImportShown,
    find,
    keep,
    listed,
    revision,
    runs,
    shown,
)

__all__ = [
    "Document",
    "Format",
    "ImportFile",
    "ImportListed",
    "ImportRefused",
    "ImportRun",
    "ImportShown",
    "Outcome",
    "Result",
    "ReversalGiven",
    "Row",
    "bring",
    "find",
    "keep",
    "listed",
    "read",
    "reverse",
    "revision",
    "runs",
    "shown",
]
