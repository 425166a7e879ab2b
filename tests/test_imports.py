"""Bringing a document into the register: all or nothing, and the same one again changes nothing."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.domain import audit, imports, links
from app.domain.actors import Actor, Role
from app.domain.errors import NotYours
from app.domain.imports import Document, ImportRefused, Outcome, Result
from app.domain.recommendations import Recommendation
from tests.live import Register

LEAD = Actor(name="Alice", role=Role.LEAD)
BASE: dict[str, Any] = {
    "sources": [
        {"slug": "letter", "title": "A letter", "kind": "primary"},
        {"slug": "article", "title": "An article about it", "kind": "secondary"},
    ],
    "parties": [
        {"slug": "a-team", "name": "A team", "kind": "team", "organisation": "a-council"},
        {"slug": "a-council", "name": "A council", "kind": "organisation"},
    ],
    "inspections": [
        {
            "slug": "a-2020",
            "title": "First",
            "framework": "ilacs",
            "inspectorates": ["ofsted"],
            "place": "a-place",
            "published": "2020-05",
        },
        {
            "slug": "a-2023",
            "title": "Second",
            "framework": "jtai",
            "inspectorates": ["ofsted"],
            "place": "a-place",
            "published": "2023-06-01",
        },
    ],
    "recommendations": [
        {
            "inspection": "a-2020",
            "ordinal": 1,
            "text": "Listen to children.",
            "citations": [{"source": "letter", "quote": "Listen to children."}],
        },
        {
            "inspection": "a-2023",
            "ordinal": 1,
            "text": "Record what children say.",
            "owner": "a-team",
            "due_on": "2024-03",
        },
    ],
    "links": [
        {
            "later": "a-2023-1",
            "earlier": "a-2020-1",
            "kind": "reiterates",
            "basis": "analyst",
            "rationale": "Children's voices again",
        },
    ],
    "evidence": [
        {
            "key": "a:1",
            "recommendation": "a-2020-1",
            "kind": "inspection_finding",
            "level": "output",
            "bearing": "mixed",
            "summary": "Some are heard, some are not",
        },
    ],
}


def changed(**parts: list[dict[str, Any]]) -> dict[str, Any]:
    return BASE | parts


def bring(register: Register, document: dict[str, Any], **more: Any) -> Result:
    with register.write() as session:
        return imports.bring(session, LEAD, Document.model_validate(document), **more)


def anchor(register: Register) -> str:
    with register.read() as session:
        return audit.verify(session)


def outcomes(result: Result) -> dict[str, str]:
    return {f"{row.part} {row.name}": row.outcome.value for row in result.rows}


def test_a_document_brings_all_of_its_parts(register: Register) -> None:
    result = bring(register, BASE)
    assert set(outcomes(result).values()) == {"created"}
    assert len(result.rows) == 10
    assert result.count(Outcome.CREATED) == 2


def test_the_same_again_changes_nothing(register: Register) -> None:
    bring(register, BASE)
    before = anchor(register)
    again = bring(register, BASE)
    assert set(outcomes(again).values()) == {"unchanged"}
    assert anchor(register) == before


def test_a_party_may_come_before_the_organisation_it_belongs_to(register: Register) -> None:
    bring(register, BASE)
    with register.read() as session:
        found = session.get(Recommendation, "a-2023-1")
        assert found is not None
        assert (found.owner, found.organisation) == ("a-team", "a-council")


def test_one_bad_row_and_nothing_is_kept(register: Register) -> None:
    before = anchor(register)
    rows = [
        *BASE["recommendations"],
        {"inspection": "a-2020", "ordinal": 2, "text": "More.", "themes": ["no-such-theme"]},
    ]
    with pytest.raises(ImportRefused) as refused:
        bring(register, changed(recommendations=rows))
    assert refused.value.members["errors"] == [
        {
            "pointer": "/recommendations/2/themes/0",
            "detail": "is not a theme of this register; GET /v1/themes lists them",
        }
    ]
    assert refused.value.result.count(Outcome.CREATED) == 2
    assert anchor(register) == before


def test_a_text_that_differs_is_a_conflict_and_the_rest_is_brought(register: Register) -> None:
    bring(register, BASE)
    rows = [
        BASE["recommendations"][0] | {"text": "Listen to every child."},
        BASE["recommendations"][1] | {"title": "Recording"},
    ]
    result = bring(register, changed(recommendations=rows))
    assert outcomes(result)["recommendations a-2020-1"] == "conflict"
    assert outcomes(result)["recommendations a-2023-1"] == "updated"
    with register.read() as session:
        kept = session.get_one(Recommendation, "a-2020-1")
        assert kept.text == "Listen to children."


def test_what_people_set_is_not_touched(register: Register) -> None:
    """An owner or a due date is set only where there is none."""
    bring(register, BASE)
    rows = [
        BASE["recommendations"][0] | {"owner": "a-council", "due_on": "2021"},
        BASE["recommendations"][1] | {"owner": "a-council", "due_on": "2025"},
    ]
    result = bring(register, changed(recommendations=rows))
    assert outcomes(result)["recommendations a-2020-1"] == "updated"
    assert outcomes(result)["recommendations a-2023-1"] == "unchanged"
    with register.read() as session:
        first = session.get_one(Recommendation, "a-2020-1")
        second = session.get_one(Recommendation, "a-2023-1")
        assert (first.owner, first.due_on) == ("a-council", "2021")
        assert (second.owner, second.due_on) == ("a-team", "2024-03")


def test_inspections_sources_and_parties_are_brought_up_to_date(register: Register) -> None:
    bring(register, BASE)
    inspections = [BASE["inspections"][0] | {"published": "2020-05-11"}, BASE["inspections"][1]]
    parties = [BASE["parties"][0] | {"name": "The team"}, BASE["parties"][1]]
    result = bring(register, changed(inspections=inspections, parties=parties))
    updated = [name for name, outcome in outcomes(result).items() if outcome == "updated"]
    assert updated == ["parties a-team", "inspections a-2020"]


def test_a_slug_stands_for_one_inspection(register: Register) -> None:
    bring(register, BASE)
    other = BASE["inspections"][0] | {"place": "b-place"}
    with pytest.raises(ImportRefused) as refused:
        bring(register, changed(inspections=[other]))
    assert refused.value.members["errors"][0]["pointer"] == "/inspections/0/slug"


def test_a_rejected_link_does_not_come_back(register: Register) -> None:
    bring(register, BASE)
    with register.write() as session:
        link = links.between(session, "a-2023-1", "a-2020-1", links.LinkKind.REITERATES)
        assert link is not None
        rejected = links.LinkReviewGiven(state=links.State.REJECTED, reason="Another matter")
        links.review(session, LEAD, link, rejected)
    assert set(outcomes(bring(register, BASE)).values()) == {"unchanged"}
    with register.read() as session:
        assert session.get_one(links.Link, link.id).state == "rejected"


@pytest.mark.parametrize(
    "link",
    [
        {"state": "confirmed"},
        {"state": "confirmed", "basis": "stated_by_inspector"},
        {"state": "rejected"},
    ],
)
def test_a_link_is_confirmed_only_by_what_an_inspector_states(
    register: Register, link: dict[str, Any]
) -> None:
    with pytest.raises(ImportRefused, match="1 rows cannot be taken"):
        bring(register, changed(links=[BASE["links"][0] | link]))


def test_an_inspectors_statement_with_its_citation_is_confirmed(register: Register) -> None:
    stated = BASE["links"][0] | {
        "state": "confirmed",
        "basis": "stated_by_inspector",
        "citations": [{"source": "article", "quote": "the same concern again"}],
    }
    bring(register, changed(links=[stated]))
    with register.read() as session:
        assert session.get_one(Recommendation, "a-2020-1").times_reraised == 1


def test_secondary_words_are_not_called_verbatim(register: Register) -> None:
    row = BASE["recommendations"][0] | {
        "citations": [{"source": "article", "quote": "Listen.", "transcription": "verbatim"}]
    }
    with pytest.raises(ImportRefused) as refused:
        bring(register, changed(recommendations=[row]))
    assert refused.value.members["errors"][0]["pointer"].endswith("/citations/0/transcription")


def test_unknown_fields_are_named_and_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Document.model_validate({"recommendation": []})


def test_a_viewer_imports_nothing(register: Register) -> None:
    viewer = Actor(name="Bob", role=Role.VIEWER)
    with register.write() as session, pytest.raises(NotYours):
        imports.bring(session, viewer, Document.model_validate(BASE))


def test_the_seeds_way_adds_what_is_missing_and_changes_nothing(register: Register) -> None:
    bring(register, BASE)
    before = anchor(register)
    rows = [BASE["recommendations"][0] | {"title": "Another title", "owner": "a-council"}]
    result = bring(register, changed(recommendations=rows, links=[], evidence=[]), update=False)
    assert set(outcomes(result).values()) == {"unchanged"}
    assert anchor(register) == before
