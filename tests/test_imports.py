"""Bringing a document into the register: all or nothing, and the same one again changes nothing."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.domain import (
    actions,
    assignments,
    audit,
    evidence,
    feed,
    imports,
    links,
    listing,
    recommendations,
)
from app.domain.actions import ActionGiven
from app.domain.actors import Actor, Role
from app.domain.errors import NotYours
from app.domain.evidence import EvidenceGiven
from app.domain.filters import Filters
from app.domain.imports import Document, ImportRefused, Outcome, Result
from app.domain.imports.outcome import PARTS
from app.domain.inspections import Inspection
from app.domain.recommendations import Recommendation, RecommendationPatch
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
        parts = Document.model_validate(document).parts()
        return imports.bring(session, LEAD, parts, **more)


def anchor(register: Register) -> str:
    with register.read() as session:
        return audit.verify(session)


def unchanged(result: Result) -> bool:
    """Is all of it in the register as it is?"""
    assert any(result.count(Outcome.UNCHANGED, part) for part in PARTS)
    return not result.rows


def outcomes(result: Result) -> dict[str, str]:
    return {f"{row.part} {row.name}": row.outcome.value for row in result.rows}


def test_a_document_brings_all_of_its_parts(register: Register) -> None:
    result = bring(register, BASE)
    assert set(outcomes(result).values()) == {"created"}
    assert len(result.rows) == 10
    assert result.places == {"a-place"}
    assert result.count(Outcome.CREATED) == 2


def test_the_same_again_changes_nothing(register: Register) -> None:
    bring(register, BASE)
    before = anchor(register)
    again = bring(register, BASE)
    assert unchanged(again)
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
    assert "recommendations a-2023-1" not in outcomes(result)
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
    assert unchanged(bring(register, BASE))
    with register.read() as session:
        assert session.get_one(links.Link, link.id).state == "rejected"


STATED = {
    "basis": "stated_by_inspector",
    "citations": [{"source": "article", "quote": "the same concern again"}],
}


@pytest.mark.parametrize(
    ("link", "state", "warned"),
    [
        ({}, "proposed", False),
        ({"state": "confirmed"}, "proposed", True),
        ({"state": "confirmed", "basis": "stated_by_inspector"}, "proposed", True),
        ({"state": "confirmed", "basis": "machine"}, "proposed", True),
        (STATED, "confirmed", False),
        (STATED | {"state": "confirmed"}, "confirmed", False),
        (STATED | {"state": "proposed"}, "proposed", False),
    ],
)
def test_a_link_is_confirmed_only_by_what_an_inspector_states(
    register: Register, link: dict[str, Any], state: str, warned: bool
) -> None:
    result = bring(register, changed(links=[BASE["links"][0] | link]))
    assert bool(result.warnings) is warned
    with register.read() as session:
        found = links.between(session, "a-2023-1", "a-2020-1", links.LinkKind.REITERATES)
        assert found is not None
        assert (found.state, found.reviewed_by) == (state, None)
        reraised = session.get_one(Recommendation, "a-2020-1").times_reraised
        assert reraised == (1 if state == "confirmed" else 0)


def test_an_import_rejects_no_link(register: Register) -> None:
    with pytest.raises(ImportRefused, match="1 row cannot be taken"):
        bring(register, changed(links=[BASE["links"][0] | {"state": "rejected"}]))


@pytest.mark.parametrize(
    ("passes", "owner"), [(None, "a-board"), (["a-2023-1"], "a-board"), ([], "a-team")]
)
def test_a_succession_may_say_what_passes_on(
    register: Register, passes: list[str] | None, owner: str
) -> None:
    successor = {"party": "a-board", "reason": "Merged", "recommendations": passes}
    parties = [
        BASE["parties"][0] | {"successors": [successor]},
        BASE["parties"][1],
        {"slug": "a-board", "name": "A board", "kind": "board"},
    ]
    bring(register, changed(parties=parties))
    with register.read() as session:
        assert session.get_one(Recommendation, "a-2023-1").owner == owner


def test_evidence_and_actions_without_a_key_are_found_by_their_id(register: Register) -> None:
    bring(register, BASE)
    with register.write() as session:
        plan = ActionGiven(title="Train", recommendations=["a-2020-1"])
        action = actions.add(session, LEAD, plan)
        recommendation = session.get_one(Recommendation, "a-2020-1")
        row = BASE["evidence"][0] | {"action": action.id}
        piece = EvidenceGiven.model_validate(
            {name: row[name] for name in row if name not in ("key", "recommendation")}
        )
        evidence_id = evidence.attach(session, LEAD, recommendation, piece).id
    again = changed(
        evidence=[row | {"key": evidence_id}],
        actions=[{"key": action.id, "title": "Train", "recommendations": ["a-2020-1"]}],
    )
    assert unchanged(bring(register, again))


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
        imports.bring(session, viewer, Document.model_validate(BASE).parts())


def test_the_seeds_way_adds_what_is_missing_and_changes_nothing(register: Register) -> None:
    bring(register, BASE)
    before = anchor(register)
    rows = [BASE["recommendations"][0] | {"title": "Another title", "owner": "a-council"}]
    result = bring(register, changed(recommendations=rows, links=[], evidence=[]), update=False)
    assert unchanged(result)
    assert anchor(register) == before


def test_what_people_changed_since_is_not_changed_back_by_the_same_file(register: Register) -> None:
    alone: dict[str, Any] = {"links": [], "evidence": []}
    titled = [BASE["recommendations"][0] | {"title": "Listening"}]
    bring(register, changed(recommendations=titled, **alone))
    with register.write() as session:
        row = recommendations.find(session, LEAD, "a-2020-1", lock=True)
        recommendations.amend(session, LEAD, row, RecommendationPatch(title="Hearing children"))
    before = anchor(register)
    assert unchanged(bring(register, changed(recommendations=titled, **alone)))
    assert anchor(register) == before
    other = [titled[0] | {"title": "Children heard"}]
    result = bring(register, changed(recommendations=other, **alone))
    assert [(row.name, row.fields) for row in result.rows] == [("a-2020-1", ["title"])]


def test_a_row_twice_in_a_file_is_refused_and_says_where_it_stands(register: Register) -> None:
    rows = [*BASE["recommendations"], BASE["recommendations"][0]]
    with pytest.raises(ImportRefused) as refused:
        bring(register, changed(recommendations=rows))
    assert refused.value.members["errors"] == [
        {
            "pointer": "/recommendations/2/ordinal",
            "detail": "row 1 has the same inspection and ordinal",
        }
    ]


def test_what_the_file_does_not_mention_is_listed_and_left_alone(register: Register) -> None:
    bring(register, BASE)
    rows = [BASE["recommendations"][1] | {"ordinal": 2, "text": "Hear them."}]
    result = bring(register, {"recommendations": rows})
    assert result.absent == ["a-2023-1"]
    assert [row.outcome for row in result.listed] == [Outcome.CREATED, Outcome.ABSENT]


def test_thousands_of_rows_are_what_the_verbs_would_have_made(register: Register) -> None:
    """More than one portion of rows: found, counted, journaled and owned like those by hand."""
    bring(register, BASE)
    rows = [
        {
            "inspection": "a-2020",
            "ordinal": number,
            "text": f"Number {number} of the matters",
            "owner": "a-team" if number % 2 else None,
        }
        for number in range(2, 2502)
    ]
    result = bring(register, {"recommendations": rows})
    assert result.count(Outcome.CREATED) == 2500
    assert result.absent == ["a-2020-1"]
    with register.read() as session:
        filters = Filters(q="matters 2345", owner=["a-team"])
        found, _ = listing.page(session, LEAD, filters, stale_days=90, after=None, limit=5)
        assert [one["ref"] for one in found] == ["a-2020-2345"]
        past, _ = listing.page(
            session,
            LEAD,
            Filters(q="matters 2345", as_of=found[0]["created_at"].date()),
            stale_days=90,
            after=None,
            limit=5,
        )
        assert past[0]["owner"] == "a-team"
        inspection = session.get_one(Inspection, "a-2020")
        assert inspection.held_count == 2501
        history = feed.history(session, LEAD, "a-2020-2345", after=None, limit=10)
        assert [one["action"] for one in history] == [
            "recommendation:added",
            "recommendation:owner:assigned",
        ]
        assert history[0]["after"]["text"] == "Number 2345 of the matters"
        assert audit.verify(session)
        last = assignments.by_ref(session, LEAD, ["a-2020-2345"])["a-2020-2345"]
        assert [(one["party"], one["role"]) for one in last] == [("a-team", "accountable")]
    before = anchor(register)
    assert unchanged(bring(register, {"recommendations": rows}))
    assert anchor(register) == before


def test_thousands_of_corrections_are_made_at_once(register: Register) -> None:
    bring(register, BASE)
    row = {"inspection": "a-2020", "text": "Alike"}
    bring(register, {"recommendations": [row | {"ordinal": n} for n in range(2, 1202)]})
    better = [
        row | {"ordinal": n, "title": f"Matter {n}", "owner": "a-team", "due_on": "2021-03"}
        for n in range(2, 1202)
    ]
    result = bring(register, {"recommendations": better})
    assert result.count(Outcome.UPDATED) == 1200
    assert result.rows[0].fields == ["due_on", "owner", "title"]
    with register.read() as session:
        found, _ = listing.page(
            session, LEAD, Filters(q="matter 777"), stale_days=90, after=None, limit=5
        )
        assert [(one["ref"], one["owner"], one["due_on"]) for one in found] == [
            ("a-2020-777", "a-team", "2021-03")
        ]
        assert audit.verify(session)


def test_a_file_of_nothing_but_mistakes_is_not_read_to_its_end(register: Register) -> None:
    bring(register, BASE)
    row = {"inspection": "nowhere", "text": "Listen"}
    rows = [row | {"ordinal": number} for number in range(1, 4001)]
    with pytest.raises(ImportRefused, match="reading stopped there") as refused:
        bring(register, {"recommendations": rows})
    assert refused.value.result.count(Outcome.REFUSED) == 1000
    assert len(refused.value.members["errors"]) == 100
