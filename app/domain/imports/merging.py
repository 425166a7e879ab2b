"""Merging rows of recommendations into the register, by the thousand: what becomes of each is
planned from one read of what is there, then applied by the verbs of entry.py."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.domain import bulk, changes, entry, errata, references, voiding
from app.domain.actors import Actor
from app.domain.base import columns
from app.domain.imports import news
from app.domain.imports.document import Entry
from app.domain.imports.outcome import Outcome, Result, Row
from app.domain.recommendations import Recommendation
from app.domain.references import Known, RecommendationGiven

CHUNK = 2500
"""Rows that are planned and applied together: what a file takes in memory is bounded by it. Fewer
would scatter the words of the index over more of its pages."""

PART = "recommendations"
DIFFERS = (
    "/text",
    "the register has another text, which was left as it is; if that is a slip of transcription, "
    "record an erratum: POST /v1/recommendations/{ref}/errata",
)
CAME_BACK = "the import that first brought this was reversed; a later one brought this text"
VOIDED = ("", "was voided as entered by mistake, and stays so: an import does not bring it back")


def merge(
    session: Session,
    actor: Actor,
    entries: Iterable[Entry],
    result: Result,
    *,
    update: bool,
    import_id: str | None,
) -> None:
    """Brings the rows in, and adds to `result` what became of each, and what is absent."""
    mentioned: dict[str, dict[int, int]] = {}
    within: set[str] = set()
    with bulk.behind(session):
        for chunk in _chunks(entries):
            given = _first_of_each(chunk, mentioned, result)
            within |= _merge(session, actor, given, result, update, import_id)
            changes.prepare(session)
    _note_absent(session, {slug: mentioned[slug] for slug in sorted(within)}, result)


def _chunks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    rest = iter(entries)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _first_of_each(
    chunk: Sequence[Entry], mentioned: dict[str, dict[int, int]], result: Result
) -> dict[int, RecommendationGiven]:
    """The rows that can be read and do not repeat an earlier one, by number."""
    found = {}
    for row in chunk:
        if row.given is None:
            result.add(Row(PART, row.number, row.name, Outcome.REFUSED, errors=row.mistakes))
            continue
        rows = mentioned.setdefault(row.given.inspection, {})
        before = rows.setdefault(row.given.ordinal, row.number)
        if before != row.number:
            twice = [("/ordinal", f"row {before} has the same inspection and ordinal")]
            result.add(Row(PART, row.number, row.given.ref, Outcome.REFUSED, errors=twice))
        else:
            found[row.number] = row.given
    return found


def _merge(
    session: Session,
    actor: Actor,
    rows: Mapping[int, RecommendationGiven],
    result: Result,
    update: bool,
    import_id: str | None,
) -> set[str]:
    """Plans and applies rows; answers the inspections within reach that they are of."""
    known = references.known(session, actor, list(rows.values()))
    result.places |= {inspection.place for inspection in known.inspections.values()}
    there = _there(session, [given.ref for given in rows.values()])
    before = errata.earlier_texts(session, list(there))
    returning = _returning(session, there.values())
    new: list[RecommendationGiven] = []
    again: list[RecommendationGiven] = []
    differing: dict[int, tuple[Any, dict[str, Any]]] = {}
    for number, given in rows.items():
        ref, row = given.ref, there.get(given.ref)
        errors = references.mistakes(known, given)
        if errors:
            outcome = Outcome.REFUSED
        elif row is None:
            outcome = Outcome.CREATED
            new.append(given)
        elif ref in returning:
            outcome = Outcome.CREATED
            again.append(given)
        elif row.voided:
            outcome, errors = Outcome.CONFLICT, [VOIDED]
        elif not _same(given.text, [row.text, *before.get(ref, ())]):
            pointer, what = DIFFERS
            outcome, errors = Outcome.CONFLICT, [(pointer, what.format(ref=ref))]
        elif update and (values := entry.corrections(known, row, given)):
            differing[number] = row, values
            continue
        else:
            outcome = Outcome.UNCHANGED
        result.add(Row(PART, number, ref, outcome, errors=errors))
    fresh = _news(session, differing)
    for number, (ref, values) in fresh.items():
        outcome = Outcome.UPDATED if values else Outcome.UNCHANGED
        result.add(Row(PART, number, ref, outcome, sorted(values)))
    entry.enter(session, actor, known, new, import_id=import_id)
    _correct(session, actor, known, {ref: values for ref, values in fresh.values() if values})
    _reinstate(session, actor, known, again, import_id)
    return set(known.inspections)


def _returning(session: Session, there: Iterable[Any]) -> set[str]:
    """Of what is voided, what went with the reversal of an import: a better one may bring it."""
    voided = [row.ref for row in there if row.voided]
    found = voiding.lasting(session, voided)
    return {ref for ref, row in found.items() if row.by_import is not None}


def _reinstate(
    session: Session,
    actor: Actor,
    known: Known,
    rows: Sequence[RecommendationGiven],
    import_id: str | None,
) -> None:
    """Brings again what went with a reversal. Where the text is another now, an erratum says so:
    what was read under that ref before stays readable."""
    given = {row.ref: row for row in rows}
    for recommendation in _locked(session, list(given)):
        row = given[recommendation.ref]
        recommendation.import_id = import_id
        voiding.reinstate(session, actor, recommendation)
        if not _same(row.text, [recommendation.text]):
            citation = next(iter(references.cited(known, row)), None)
            errata.record(session, actor, recommendation, row.text, CAME_BACK, citation)
        values = entry.corrections(known, recommendation, row)
        entry.correct(session, actor, known, [(recommendation, values)])


def _news(
    session: Session, rows: Mapping[int, tuple[Any, dict[str, Any]]]
) -> dict[int, tuple[str, dict[str, Any]]]:
    """Of what rows say otherwise than the register has it, by number: the ref, and what is news."""
    said = news.told(session, "recommendation", [row.ref for row, _ in rows.values()])
    return {
        number: (
            row.ref,
            {
                name: value
                for name, value in values.items()
                if news.is_news(said.get(row.ref, {}), name, value, getattr(row, name))
            },
        )
        for number, (row, values) in rows.items()
    }


def _same(text: str, others: Iterable[str]) -> bool:
    """Is it word for word one of the others? Spaces and breaks around it do not count, since
    spreadsheets lose them."""
    return text.strip() in {other.strip() for other in others}


_COMPARED = select(
    *(
        columns(Recommendation).c[name]
        for name in (
            *("ref", "text", "voided", "number_as_printed", "section", "kind", "kind_as_printed"),
            *("title", "addressees", "addressees_as_printed", "themes", "priority", "owner"),
            *("due_on", "citations"),
        )
    )
)


def _there(session: Session, refs: Sequence[str]) -> dict[str, Any]:
    """Of these recommendations those that there are, as far as rows are compared with them."""
    query = _COMPARED.where(col(Recommendation.ref).in_(refs))
    return {row.ref: row for row in session.connection().execute(query)}


def _locked(session: Session, refs: Sequence[str]) -> list[Recommendation]:
    if not refs:
        return []
    query = select(Recommendation).where(col(Recommendation.ref).in_(refs))
    return list(session.scalars(query.order_by(col(Recommendation.ref)).with_for_update()))


def _correct(
    session: Session, actor: Actor, known: Known, values: Mapping[str, Mapping[str, Any]]
) -> None:
    found = _locked(session, list(values))
    entry.correct(session, actor, known, [(one, values[one.ref]) for one in found])


def _note_absent(session: Session, mentioned: dict[str, dict[int, int]], result: Result) -> None:
    """What the register holds of the same inspections and the file does not mention."""
    slug, ordinal = col(Recommendation.inspection), col(Recommendation.ordinal)
    for inspection, rows in mentioned.items():
        query = select(col(Recommendation.ref), ordinal).where(
            slug == inspection, col(Recommendation.voided).is_(False)
        )
        found = session.execute(query.order_by(ordinal))
        result.absent += [ref for ref, number in found if number not in rows]
