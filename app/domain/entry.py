"""Entry: how a recommendation comes into the register."""

from pydantic import Field
from sqlalchemy import func, select, update
from sqlmodel import Session, col

from app.domain import (
    assignments,
    base,
    changes,
    due,
    inspections,
    parties,
    recommendations,
    sources,
    themes,
)
from app.domain.actors import Actor, Can
from app.domain.base import Given, Line, Prose, Slug
from app.domain.dates import Edtf, bounds
from app.domain.errors import AlreadyExists, Malformed, NotFound
from app.domain.recommendations import Kind, Priority, Recommendation


class RecommendationGiven(Given):
    """A row of an import: `inspection`, `ordinal` and `text` suffice."""

    inspection: Slug
    ordinal: int = Field(ge=1, le=9999)
    text: Prose
    number_as_printed: Line | None = None
    section: Line | None = None
    kind: Kind = Kind.RECOMMENDATION
    kind_as_printed: Line | None = None
    title: Line | None = None
    addressees: list[Slug] = Field(default=[], max_length=50)
    addressees_as_printed: Line | None = None
    themes: list[Slug] = Field(default=[], max_length=50)
    priority: Priority = Priority.NORMAL
    owner: Slug | None = None
    due_on: Edtf | None = None
    citations: list[sources.CitationGiven] = Field(default=[], max_length=50)


def add(
    session: Session,
    actor: Actor,
    given: RecommendationGiven,
    *,
    import_id: str | None = None,
) -> Recommendation:
    """AlreadyExists where the inspection has one of that ordinal; Malformed where the inspection,
    a theme, a party or a source is not known."""
    actor.must(Can.ENTER)
    try:
        inspection = inspections.find(session, actor, given.inspection, lock=True)
    except NotFound as error:
        raise Malformed(
            "the inspection is not known",
            [("/inspection", "is not an inspection of this register; enter it first")],
        ) from error
    ref = f"{inspection.slug}-{given.ordinal}"
    if session.get(Recommendation, ref) is not None:
        raise AlreadyExists("that inspection has a recommendation of that ordinal already")
    themes.check(session, given.themes)
    parties.check(session, given.addressees, "/addressees/{}")
    if given.owner is not None:
        parties.check(session, [given.owner], "/owner")
    earliest, latest = bounds(given.due_on)
    moment = base.now(session)
    recommendation = Recommendation(
        ref=ref,
        inspection=inspection.slug,
        ordinal=given.ordinal,
        framework=inspection.framework,
        place=inspection.place,
        raised_on=inspection.raised_latest or inspections.UNDATED,
        number_as_printed=given.number_as_printed,
        section=given.section,
        kind=given.kind,
        kind_as_printed=given.kind_as_printed,
        title=given.title or first_words(given.text),
        text=given.text,
        addressees=given.addressees,
        addressees_as_printed=given.addressees_as_printed,
        themes=sorted(set(given.themes)),
        priority=given.priority,
        citations=sources.cited(session, given.citations),
        contributors=[],
        due_on=given.due_on,
        due_earliest=earliest,
        due_latest=latest,
        original_due_on=given.due_on,
        original_due_latest=latest,
        import_id=import_id,
        created_at=moment,
        updated_at=moment,
    )
    session.add(recommendation)
    session.flush()
    recommendations.index(session, recommendation)
    count_held(session, inspection)
    told = given.model_dump(mode="json", exclude={"inspection", "ordinal", "owner"})
    recommendations.note(
        session, actor, recommendation, "added", after=told | {"title": recommendation.title}
    )
    if given.owner is not None:
        assignments.assign(session, actor, recommendation, given.owner, raises=False)
    return recommendation


def correct(
    session: Session, actor: Actor, recommendation: Recommendation, given: RecommendationGiven
) -> bool:
    """Brings what an earlier import said up to what `given` names; answers whether anything
    changed. Never text or status; a due date only where there is none."""
    actor.must(Can.ENTER)
    values = given.model_dump(
        exclude_unset=True,
        exclude={"inspection", "ordinal", "text", "owner", "due_on", "citations"},
    )
    if values.get("title", "") is None:
        del values["title"]
    if "themes" in values:
        values["themes"] = sorted(set(given.themes))
        themes.check(session, values["themes"])
    if "addressees" in values:
        parties.check(session, given.addressees, "/addressees/{}")
    if "citations" in given.model_fields_set:
        values["citations"] = sources.cited(session, given.citations)
    if given.due_on is not None and recommendation.due_on is None:
        values["due_on"] = given.due_on
    changed = changes.differences(recommendation, values)
    if changed is None:
        return False
    before, after = changed
    recommendation.sqlmodel_update(after)
    if "due_on" in after:
        due.restate(recommendation)
    recommendations.note(
        session, actor, recommendation, "corrected", before=before, after=after, raises=True
    )
    recommendations.index(session, recommendation)
    return True


def count_held(session: Session, inspection: inspections.Inspection) -> None:
    """Brings the inspection's `held_count` up to what the register holds of it now."""
    held = (
        select(func.count())
        .select_from(Recommendation)
        .where(
            col(Recommendation.inspection) == inspection.slug, col(Recommendation.voided).is_(False)
        )
    )
    session.connection().execute(
        update(inspections.Inspection)
        .where(col(inspections.Inspection.slug) == inspection.slug)
        .values(held_count=held.scalar_subquery())
    )
    session.expire(inspection, ["held_count"])


def first_words(text: str) -> str:
    """A title for what came without one: the first words, cut at a word's end."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79].rsplit(" ", 1)[0] + "\u2026"
