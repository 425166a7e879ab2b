"""Finding: by which words and themes a recommendation is found, kept in step with what it says."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlmodel import Session

from app.domain import search, themes


class Words(NamedTuple):
    """What a recommendation is found by, beside its ref."""

    title: str
    text: str
    themes: tuple[str, ...]


def words_of(recommendation: Any) -> Words:
    return Words(recommendation.title, recommendation.text, tuple(recommendation.themes))


def index(
    session: Session, after: Mapping[str, Words], before: Mapping[str, Words] | None = None
) -> None:
    """Makes recommendations found by what they say now, and no longer by what they said before."""

    def texts(those: Mapping[str, Words]) -> dict[str, str]:
        return {ref: f"{ref} {one.title} {one.text}" for ref, one in those.items()}

    before = before or {}
    themes.index(
        session,
        {ref: one.themes for ref, one in after.items()},
        {ref: one.themes for ref, one in before.items()},
    )
    search.index(session, texts(after), texts(before))
