"""News: whether a file says something that no file said before, so that the same file, sent again,
does not undo what people changed since."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from app.domain import feed

SAID = ("added", "corrected", "owner:assigned")
"""What changes are called by which files say what stands in a document (and who was owner)."""

Told = Mapping[str, Sequence[Any]]
"""By field, every value that was said of a thing, in order."""


def told(session: Session, kind: str, subjects: Sequence[str]) -> dict[str, dict[str, list[Any]]]:
    """What was said of things of a kind (`recommendation`, `party` ...), by subject."""
    if not subjects:
        return {}
    found: dict[str, dict[str, list[Any]]] = {}
    for subject, values in feed.said(session, subjects, [f"{kind}:{what}" for what in SAID]):
        of = found.setdefault(subject, {})
        for name, value in values.items():
            of.setdefault(name, []).append(value)
    return found


def is_news(told: Told, field: str, value: Any, current: Any) -> bool:
    """Is it news that the field should have that value? Where the register still has what a file
    said last, whatever a file says is; where people changed it since, what a file said before is
    not."""
    before = told.get(field, ())
    return not before or current == before[-1] or value not in before
