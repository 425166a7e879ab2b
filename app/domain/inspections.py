"""Inspections: the exercises that produced recommendations, and what is held of each."""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import Field as Described
from sqlalchemy import func, select
from sqlmodel import Field, Session, col

from app.domain import base, changes, places, sources
from app.domain.actors import Actor, Can
from app.domain.base import (
    DOCUMENT,
    NAME,
    PROSE,
    Expect,
    Given,
    Line,
    Moment,
    Prose,
    Shown,
    Slug,
    Table,
    fetch,
    unconditional,
    words,
)
from app.domain.dates import Edtf, bounds
from app.domain.errors import AlreadyExists, Malformed, NotFound, NotYours
from app.domain.frameworks import (
    CoverageGiven,
    CoverageShown,
    Framework,
    JudgementGiven,
    JudgementShown,
    ResponseDueGiven,
    ResponseDueShown,
    Stated,
    coverage,
)
from app.domain.keyset import Key, behind


class Inspection(Table, table=True):
    slug: str = Field(primary_key=True, sa_type=NAME)
    title: str = Field(max_length=300)
    framework: Framework = Field(sa_type=words(Framework))
    inspectorates: list[str] = Field(sa_type=DOCUMENT)
    place: str = Field(sa_type=NAME, foreign_key="place.slug", ondelete="RESTRICT", index=True)
    scope: str | None = Field(default=None, sa_type=PROSE)
    fieldwork: str | None = Field(default=None, max_length=40)
    fieldwork_earliest: date | None = None
    fieldwork_latest: date | None = None
    published: str | None = Field(default=None, max_length=40)
    published_earliest: date | None = None
    published_latest: date | None = None
    judgements: list[dict[str, Any]] = Field(sa_type=DOCUMENT)
    no_priority_action_stated: Stated = Field(sa_type=words(Stated))
    response_due_stated: str | None = Field(default=None, max_length=40)
    stated_count: int | None = None
    held_count: int = 0
    sources: list[str] = Field(sa_type=DOCUMENT)
    notes: list[dict[str, Any]] = Field(sa_type=DOCUMENT)
    version: int = 1
    created_at: datetime = Field(sa_type=Moment)
    updated_at: datetime = Field(sa_type=Moment)

    @property
    def raised_latest(self) -> date | None:
        """The latest day it can have spoken: when published, else when inspectors were there."""
        return self.published_latest or self.fieldwork_latest

    @property
    def raised_earliest(self) -> date | None:
        return self.published_earliest or self.fieldwork_earliest


class NoteGiven(Given):
    text: Prose
    citations: list[sources.CitationGiven] = Described(default=[], max_length=50)


class InspectionGiven(Given):
    """The least is slug, title, framework, inspectorates and place; dates may not be known."""

    slug: Slug
    title: Line
    framework: Framework
    inspectorates: list[Slug] = Described(min_length=1, max_length=20)
    place: Slug
    scope: Prose | None = None
    fieldwork: Edtf | None = None
    published: Edtf | None = None
    judgements: list[JudgementGiven] = Described(default=[], max_length=50)
    no_priority_action_stated: Stated = Stated.NOT_SAID
    response_due: ResponseDueGiven = ResponseDueGiven()
    coverage: CoverageGiven = CoverageGiven()
    sources: list[Slug] = Described(default=[], max_length=50)
    notes: list[NoteGiven] = Described(default=[], max_length=100)


class InspectionPatch(Given):
    """What may be corrected later. Place, framework and slug are what an inspection is."""

    title: Line = ""
    inspectorates: list[Slug] = Described(default=[], min_length=1, max_length=20)
    scope: Prose | None = None
    fieldwork: Edtf | None = None
    published: Edtf | None = None
    judgements: list[JudgementGiven] = Described(default=[], max_length=50)
    no_priority_action_stated: Stated = Stated.NOT_SAID
    response_due: ResponseDueGiven = ResponseDueGiven()
    coverage: CoverageGiven = CoverageGiven()
    sources: list[Slug] = Described(default=[], max_length=50)
    notes: list[NoteGiven] = Described(default=[], max_length=100)


class InspectionNoteShown(Shown):
    text: str
    citations: list[sources.CitationShown]


class InspectionShown(Shown):
    slug: str
    title: str
    framework: Framework
    inspectorates: list[str]
    place: str
    scope: str | None
    fieldwork: str | None
    published: str | None
    judgements: list[JudgementShown]
    no_priority_action_stated: Stated
    response_due: ResponseDueShown
    coverage: CoverageShown
    sources: list[str]
    notes: list[InspectionNoteShown]
    version: int


redated: list[Callable[[Session, Inspection], None]] = []
"""Called after an inspection's dates changed: who keeps copies of them."""


def add(session: Session, actor: Actor, given: InspectionGiven) -> Inspection:
    """NotYours for a place out of reach, AlreadyExists where the slug is taken, Malformed where a
    source is not known. A place that is not known yet is made."""
    if not actor.reaches(given.place):
        raise NotYours("your token does not reach that place")
    actor.must(Can.ENTER)
    if session.get(Inspection, given.slug) is not None:
        raise AlreadyExists("an inspection of that slug is there already")
    places.place_named(session, actor, given.place)
    columns = _columns(session, given.model_dump(exclude={"slug", "framework", "place"}), given)
    _check_order(columns["published_latest"], columns["fieldwork_earliest"])
    inspection = Inspection(
        slug=given.slug,
        framework=given.framework,
        place=given.place,
        **columns,
        created_at=base.now(session),
        updated_at=base.now(session),
    )
    session.add(inspection)
    session.flush()
    changes.record(
        session,
        actor.name,
        "inspection:added",
        inspection.slug,
        place=inspection.place,
        after=given.model_dump(mode="json", exclude={"slug"}),
    )
    return inspection


def amend(
    session: Session,
    actor: Actor,
    inspection: Inspection,
    given: InspectionPatch,
    *,
    expect: Expect = unconditional,
    what: str = "amended",
) -> list[str]:
    """Changes the fields that `given` names; answers the names of the columns that differ now."""
    actor.must(Can.ENTER)
    columns = _columns(session, given.model_dump(exclude_unset=True), given)
    _check_order(
        columns.get("published_latest", inspection.published_latest),
        columns.get("fieldwork_earliest", inspection.fieldwork_earliest),
    )
    expect(inspection.version)
    changed = changes.differences(inspection, columns)
    if changed is None:
        return []
    before, after = changed
    inspection.sqlmodel_update(after)
    inspection.version += 1
    inspection.updated_at = base.now(session)
    session.add(inspection)
    session.flush()
    told = {name for name in after if not name.endswith(("_earliest", "_latest"))}
    changes.record(
        session,
        actor.name,
        f"inspection:{what}",
        inspection.slug,
        place=inspection.place,
        before={name: before[name] for name in told},
        after={name: after[name] for name in told},
    )
    if {"published", "fieldwork"} & told:
        for follow in redated:
            follow(session, inspection)
    return sorted(told)


def find(session: Session, actor: Actor, slug: str, *, lock: bool = False) -> Inspection:
    """NotFound where there is none within the actor's places."""
    inspection = fetch(session, Inspection, slug, lock=lock)
    if not inspection or not actor.reaches(inspection.place):
        raise NotFound("no inspection has that slug; GET /v1/inspections lists them")
    return inspection


def within(session: Session, actor: Actor, slugs: Collection[str]) -> dict[str, Inspection]:
    """Of `slugs` those that are inspections within the actor's places, locked."""
    query = select(Inspection).where(col(Inspection.slug).in_(slugs))
    found = session.scalars(query.order_by(col(Inspection.slug)).with_for_update())
    return {one.slug: one for one in found if actor.reaches(one.place)}


def inspections(
    session: Session, actor: Actor, *, after: Sequence[Any] | None, limit: int
) -> list[Inspection]:
    """Newest first: by the latest day each can have spoken, those without a date last."""
    day = chronological()
    query = select(Inspection).order_by(day.desc(), col(Inspection.slug)).limit(limit)
    if actor.places is not None:
        query = query.where(col(Inspection.place).in_(actor.places))
    if after is not None:
        keys = [Key(day, date, down=True), Key(col(Inspection.slug), str)]
        query = query.where(behind(keys, after))
    return list(session.scalars(query))


def shown(inspection: Inspection, response_due: dict[str, Any]) -> dict[str, Any]:
    """An inspection as InspectionShown. `response_due`: as deadlines.due() gives it."""
    return {
        "slug": inspection.slug,
        "title": inspection.title,
        "framework": inspection.framework,
        "inspectorates": inspection.inspectorates,
        "place": inspection.place,
        "scope": inspection.scope,
        "fieldwork": inspection.fieldwork,
        "published": inspection.published,
        "judgements": inspection.judgements,
        "no_priority_action_stated": inspection.no_priority_action_stated,
        "response_due": response_due,
        "coverage": coverage(inspection.stated_count, inspection.held_count),
        "sources": inspection.sources,
        "notes": inspection.notes,
        "version": inspection.version,
    }


UNDATED = date(1, 1, 1)
"""Where a date stands in sorting when it is not known: before all others."""


def chronological() -> Any:
    """The column expression by which inspections stand in time."""
    return func.coalesce(
        col(Inspection.published_latest), col(Inspection.fieldwork_latest), UNDATED
    )


def _columns(
    session: Session, values: dict[str, Any], given: InspectionGiven | InspectionPatch
) -> dict[str, Any]:
    """The fields of a shape as the columns that hold them."""
    for name in ("fieldwork", "published"):
        if name in values:
            values[f"{name}_earliest"], values[f"{name}_latest"] = bounds(values[name])
    if "response_due" in values:
        values["response_due_stated"] = values.pop("response_due").get("stated")
    if "coverage" in values:
        values["stated_count"] = values.pop("coverage").get("stated_count")
    if "notes" in values:
        values["notes"] = [
            {
                "text": note.text,
                "citations": sources.cited(session, note.citations, f"/notes/{index}/citations"),
            }
            for index, note in enumerate(given.notes)
        ]
    if "judgements" in values:
        values["judgements"] = [given.model_dump(mode="json") for given in given.judgements]
    if "sources" in values:
        _check_sources(session, values["sources"])
    return values


def _check_order(published: date | None, fieldwork: date | None) -> None:
    """Malformed where it would have been published before it began."""
    if published is not None and fieldwork is not None and published < fieldwork:
        raise Malformed(
            "an inspection cannot be published before it began",
            [("/published", "must not lie before fieldwork")],
        )


def _check_sources(session: Session, slugs: list[str]) -> None:
    known = sources.kinds(session, slugs)
    what = "is not a source of this register; GET /v1/sources lists them"
    if wrong := [(f"/sources/{n}", what) for n, slug in enumerate(slugs) if slug not in known]:
        raise Malformed("a source is not known", wrong)
