"""Sources (documents that text was taken from) and citations (where in one something stands)."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlmodel import Field, Session, col

from app.domain import changes
from app.domain.actors import Actor
from app.domain.base import NAME, Given, HttpsUrl, Line, Prose, Sha256, Shown, Slug, Table, words
from app.domain.dates import Edtf
from app.domain.errors import Malformed


class SourceKind(StrEnum):
    """Primary: the inspectorate's own text. Secondary: a press release or article about it."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class Transcription(StrEnum):
    """Word for word from a primary source, or as a secondary source reports it."""

    VERBATIM = "verbatim"
    REPORTED = "reported"


class Source(Table, table=True):
    slug: str = Field(primary_key=True, sa_type=NAME)
    title: str = Field(max_length=300)
    publisher: str | None = Field(default=None, max_length=300)
    published: str | None = Field(default=None, max_length=40)
    url: str | None = Field(default=None, max_length=2000)
    sha256: str | None = Field(default=None, max_length=64)
    kind: SourceKind = Field(sa_type=words(SourceKind))
    licence: str | None = Field(default=None, max_length=300)


class SourceGiven(Given):
    slug: Slug
    title: Line
    publisher: Line | None = None
    published: Edtf | None = None
    url: HttpsUrl | None = None
    sha256: Sha256 | None = None
    kind: SourceKind
    licence: Line | None = None


class SourceShown(Shown):
    slug: str
    title: str
    publisher: str | None
    published: str | None
    url: str | None
    sha256: str | None
    kind: SourceKind
    licence: str | None


class CitationGiven(Given):
    """`transcription` may be left out: it follows from the source's kind."""

    source: Slug
    locator: Line | None = None
    quote: Prose | None = None
    transcription: Transcription | None = None


class CitationShown(Shown):
    source: str
    locator: str | None
    quote: str | None
    transcription: Transcription


def add(session: Session, actor: Actor, given: SourceGiven) -> Source:
    source = Source(**given.model_dump())
    session.add(source)
    session.flush()
    changes.record(session, actor.name, "source:added", given.slug, after=given.model_dump())
    return source


def amend(session: Session, actor: Actor, source: Source, given: SourceGiven) -> bool:
    """Makes a source what `given` says; answers whether anything changed."""
    changed = changes.differences(source, given.model_dump())
    if changed is None:
        return False
    before, after = changed
    source.sqlmodel_update(after)
    session.add(source)
    changes.record(session, actor.name, "source:amended", source.slug, before=before, after=after)
    return True


def sources(session: Session) -> list[Source]:
    return list(session.scalars(select(Source).order_by(col(Source.slug))))


def cited(
    session: Session, citations: Sequence[CitationGiven], pointer: str = "/citations"
) -> list[dict[str, Any]]:
    """Citations as they are stored. Malformed where a source is not known, or where words of a
    secondary source are called verbatim."""
    return _cited(session, [(f"{pointer}/{index}", one) for index, one in enumerate(citations)])


def cited_once(
    session: Session, given: CitationGiven, pointer: str = "/citation"
) -> dict[str, Any]:
    """A citation that stands alone, as cited()."""
    return _cited(session, [(pointer, given)])[0]


def _cited(session: Session, those: Sequence[tuple[str, CitationGiven]]) -> list[dict[str, Any]]:
    found = {
        source.slug: source.kind
        for source in session.scalars(
            select(Source).where(col(Source.slug).in_({given.source for _, given in those}))
        )
    }
    wrong, stored = [], []
    for pointer, given in those:
        kind = found.get(given.source)
        honest = Transcription.VERBATIM if kind is SourceKind.PRIMARY else Transcription.REPORTED
        if kind is None:
            wrong.append((f"{pointer}/source", "is not a source of this register"))
        elif given.transcription is Transcription.VERBATIM and honest is Transcription.REPORTED:
            wrong.append(
                (
                    f"{pointer}/transcription",
                    "must be `reported`: the source is a secondary one",
                )
            )
        stored.append(
            {
                "source": given.source,
                "locator": given.locator,
                "quote": given.quote,
                "transcription": (given.transcription or honest).value,
            }
        )
    if wrong:
        raise Malformed("a citation does not hold", wrong)
    return stored
