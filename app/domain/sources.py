"""Sources (documents that text was taken from) and citations (where in one something stands)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
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


def correct(session: Session, actor: Actor, source: Source, values: Mapping[str, Any]) -> list[str]:
    """Gives a source, locked by the caller, other values; answers the fields that differ now."""
    changed = changes.differences(source, values)
    if changed is None:
        return []
    before, after = changed
    source.sqlmodel_update(after)
    session.add(source)
    changes.record(session, actor.name, "source:corrected", source.slug, before=before, after=after)
    return sorted(after)


def sources(session: Session) -> list[Source]:
    return list(session.scalars(select(Source).order_by(col(Source.slug))))


def kinds(session: Session, slugs: Collection[str]) -> dict[str, SourceKind]:
    """Of those of `slugs` that are sources, the kind of each."""
    if not slugs:
        return {}
    query = select(col(Source.slug), col(Source.kind)).where(col(Source.slug).in_(slugs))
    return {row.slug: row.kind for row in session.execute(query)}


def misquoted(
    citations: Sequence[CitationGiven], known: Mapping[str, SourceKind], pointers: Iterable[str]
) -> list[tuple[str, str]]:
    """Citations that do not hold: of no known source, or that call words of a secondary source
    verbatim. Where each stands, and what to do about it."""
    wrong = []
    for given, pointer in zip(citations, pointers, strict=True):
        if given.source not in known:
            wrong.append((f"{pointer}/source", "is not a source of this register"))
        elif given.transcription not in (None, Transcription.REPORTED, _honest(given, known)):
            what = "must be `reported`: the source is a secondary one"
            wrong.append((f"{pointer}/transcription", what))
    return wrong


def stored(
    citations: Sequence[CitationGiven], known: Mapping[str, SourceKind]
) -> list[dict[str, Any]]:
    """Citations that hold, as they are stored."""
    return [
        {
            "source": given.source,
            "locator": given.locator,
            "quote": given.quote,
            "transcription": (given.transcription or _honest(given, known)).value,
        }
        for given in citations
    ]


def cited(
    session: Session, citations: Sequence[CitationGiven], pointer: str = "/citations"
) -> list[dict[str, Any]]:
    """Citations as they are stored; Malformed where one does not hold."""
    return _cited(session, citations, [f"{pointer}/{index}" for index in range(len(citations))])


def cited_once(
    session: Session, given: CitationGiven, pointer: str = "/citation"
) -> dict[str, Any]:
    """A citation that stands alone, as cited()."""
    return _cited(session, [given], [pointer])[0]


def _cited(
    session: Session, citations: Sequence[CitationGiven], pointers: Sequence[str]
) -> list[dict[str, Any]]:
    known = kinds(session, {given.source for given in citations})
    if wrong := misquoted(citations, known, pointers):
        raise Malformed("a citation does not hold", wrong)
    return stored(citations, known)


def _honest(given: CitationGiven, known: Mapping[str, SourceKind]) -> Transcription:
    """What the words can be called at best."""
    primary = known[given.source] is SourceKind.PRIMARY
    return Transcription.VERBATIM if primary else Transcription.REPORTED
