"""Entry: how recommendations come into the register, one or a hundred thousand, by one way."""

from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from app.domain import (
    assignments,
    base,
    bulk,
    changes,
    due,
    finding,
    inspections,
    recommendations,
    references,
)
from app.domain.actors import Actor, Can
from app.domain.base import columns
from app.domain.dates import bounds
from app.domain.errors import AlreadyExists, Malformed
from app.domain.inspections import Inspection
from app.domain.recommendations import Recommendation
from app.domain.references import Known, RecommendationGiven


def add(session: Session, actor: Actor, given: RecommendationGiven) -> Recommendation:
    """AlreadyExists where the inspection has one of that ordinal; Malformed where the inspection,
    a theme, a party or a source is not known."""
    known = references.known(session, actor, [given])
    if wrong := references.mistakes(known, given):
        raise Malformed("something that the row refers to is not known", wrong)
    if session.get(Recommendation, given.ref) is not None:
        raise AlreadyExists("that inspection has a recommendation of that ordinal already")
    enter(session, actor, known, [given])
    return recommendations.find(session, actor, given.ref, lock=True)


def enter(
    session: Session,
    actor: Actor,
    known: Known,
    rows: Sequence[RecommendationGiven],
    *,
    import_id: str | None = None,
) -> None:
    """Enters rows that make no mistakes and are not there yet."""
    actor.must(Can.ENTER)
    entered, owned, found_by = [], [], {}
    moment = bulk.stored(base.now(session))
    common = _DEFAULTS | {"import_id": import_id, "created_at": moment, "updated_at": moment}
    for given in rows:
        inspection = known.inspections[given.inspection]
        title = given.title or first_words(given.text)
        citations = references.cited(known, given)
        themes = sorted(set(given.themes))
        earliest, latest = bounds(given.due_on)
        values = common | {
            "ref": given.ref,
            "inspection": inspection.slug,
            "ordinal": given.ordinal,
            "framework": inspection.framework.value,
            "place": inspection.place,
            "raised_on": str(inspection.raised_latest or inspections.UNDATED),
            "number_as_printed": given.number_as_printed,
            "section": given.section,
            "kind": given.kind.value,
            "kind_as_printed": given.kind_as_printed,
            "title": title,
            "text": given.text,
            "addressees": bulk.stored(given.addressees),
            "addressees_as_printed": given.addressees_as_printed,
            "themes": bulk.stored(themes),
            "priority": given.priority.value,
            "citations": bulk.stored(citations),
            "owner": given.owner,
            "organisation": given.owner and known.organisations[given.owner],
            "due_on": given.due_on,
            "due_earliest": bulk.stored(earliest),
            "due_latest": bulk.stored(latest),
            "original_due_on": given.due_on,
            "original_due_latest": bulk.stored(latest),
        }
        entered.append(_in_order(values))
        found_by[given.ref] = finding.Words(title, given.text, tuple(themes))
        told = {name: getattr(given, name) for name in _TOLD}
        changes.record(
            session,
            actor.name,
            "recommendation:added",
            given.ref,
            place=inspection.place,
            after=told | {"title": title, "themes": themes, "citations": citations},
        )
        if given.owner is not None:
            owned.append((given.ref, inspection.place, given.owner, values["organisation"]))
    bulk.insert(session, Recommendation, _COLUMNS, entered)
    assignments.begin_at_entry(session, actor, owned)
    changes.prepare(session)
    count_held(session, {given.inspection for given in rows})
    # Last, since it takes longest: it goes on while the caller reads the next rows (bulk.behind).
    finding.index(session, found_by)


def corrections(known: Known, recommendation: Any, given: RecommendationGiven) -> dict[str, Any]:
    """What `given` says otherwise than the recommendation (or a row of its columns), by column.
    Never text or status; an owner or due date only where there is none."""
    values = given.model_dump(
        exclude_unset=True,
        exclude={"inspection", "ordinal", "text", "owner", "due_on", "citation", "citations"},
    )
    if values.get("title", "") is None:
        del values["title"]
    if "themes" in values:
        values["themes"] = sorted(set(given.themes))
    if {"citation", "citations"} & given.model_fields_set:
        values["citations"] = references.cited(known, given)
    for name in ("owner", "due_on"):
        if getattr(recommendation, name) is None and getattr(given, name) is not None:
            values[name] = getattr(given, name)
    changed = changes.differences(recommendation, values)
    return {} if changed is None else changed[1]


def correct(
    session: Session,
    actor: Actor,
    known: Known,
    pairs: Sequence[tuple[Recommendation, Mapping[str, Any]]],
) -> None:
    """Makes corrections(). Where somebody has set an owner or due date since, it stays."""
    actor.must(Can.ENTER)
    told, owned = [], []
    before, after = {}, {}
    for recommendation, corrected in pairs:
        values = {
            name: value
            for name, value in corrected.items()
            if name not in ("owner", "due_on") or getattr(recommendation, name) is None
        }
        if (owner := values.pop("owner", None)) is not None:
            owned.append((recommendation, owner, known.organisations[owner]))
        if not values:
            continue
        ref = recommendation.ref
        before[ref] = finding.words_of(recommendation)
        old = {name: getattr(recommendation, name) for name in values}
        recommendation.sqlmodel_update(values)
        after[ref] = finding.words_of(recommendation)
        if "due_on" in values:
            due.restate(recommendation)
        told.append((recommendation, old, values))
    recommendations.note_all(session, actor, "corrected", told, raises=True)
    finding.index(session, after, before)
    assignments.take_on(session, actor, owned)


def count_held(session: Session, slugs: Collection[str]) -> None:
    """Brings the inspections' `held_count` up to what the register holds of them now."""
    held = (
        select(func.count())
        .select_from(Recommendation)
        .where(
            col(Recommendation.inspection) == columns(Inspection).c.slug,
            col(Recommendation.voided).is_(False),
        )
    )
    session.connection().execute(
        update(Inspection)
        .where(col(Inspection.slug).in_(slugs))
        .values(held_count=held.scalar_subquery())
    )
    for inspection in session.identity_map.values():
        if isinstance(inspection, Inspection) and inspection.slug in slugs:
            session.expire(inspection, ["held_count"])


def first_words(text: str) -> str:
    """A title for what came without one: the first words, cut at a word's end."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79].rsplit(" ", 1)[0] + "\u2026"


_TOLD = tuple(
    name
    for name in RecommendationGiven.model_fields
    if name not in ("inspection", "ordinal", "owner", "citation")
)
"""All but what the journal tells of an entry by other names, or in a change of its own."""
_COLUMNS = tuple(columns(Recommendation).c.keys())
_in_order = itemgetter(*_COLUMNS)
_DEFAULTS: dict[str, Any] = {
    name: bulk.stored(field.get_default())
    for name, field in Recommendation.model_fields.items()
    if not field.is_required()
} | {"contributors": "[]"}
