"""The seed says what the sources say: word for word, and nothing that they do not."""

import json
import re
from typing import Any

from app.domain import audit
from app.settings import ROOT
from tests.conftest import SOURCES
from tests.live import Live, Register

SEED = {
    part: rows
    for path in sorted((ROOT / "seed").glob("*.json"))
    for part, rows in json.loads(path.read_text("utf-8")).items()
}
TEXTS = {
    "bwd-2010-letter": "2010-03-31_unannounced-inspection-letter.txt",
    "bwd-2017-report": "2017-12-08_sif-and-lscb-report.txt",
    "bwd-2018-article": "2018_focused-visit-article.txt",
    "bwd-2023-press-release": "2023-07-14_jtai-press-release.txt",
    "bwd-2025-press-release": "2025_ilacs-press-release.txt",
}
COUNTS = {
    "bwd-2010-unannounced": 6,
    "bwd-2017-sif": 9,
    "bwd-2017-lscb": 3,
    "bwd-2018-focused-visit": 5,
    "bwd-2023-jtai": 3,
}


def citations() -> list[tuple[str, dict[str, Any]]]:
    """Every citation of the seed, with where it stands."""
    found = []
    for part in ("recommendations", "links", "evidence"):
        for index, row in enumerate(SEED[part], 1):
            found += [(f"{part} {index}", citation) for citation in row["citations"]]
    for inspection in SEED["inspections"]:
        for note in inspection["notes"]:
            found += [(inspection["slug"], citation) for citation in note["citations"]]
    return found


def folded(text: str) -> str:
    """White space, page breaks and list marks do not count; everything else does."""
    marks = re.compile(r"<ul[^>]*>|</?li>|^\s*(?:[-•■▪]|\d+\.)\s+", re.MULTILINE)
    return " ".join(marks.sub(" ", text).split())


def test_the_register_holds_what_the_sources_hold() -> None:
    held = [row["inspection"] for row in SEED["recommendations"]]
    assert {slug: held.count(slug) for slug in held} == COUNTS
    assert len(held) == 26


def test_each_text_is_quoted_by_its_own_first_citation() -> None:
    """What the project ships is enough to see that a text is what its source is cited for."""
    for row in SEED["recommendations"]:
        first = row["citations"][0]
        assert first["quote"] == row["text"], (row["inspection"], row["ordinal"])


def test_transcription_is_honest() -> None:
    primary = {row["slug"] for row in SEED["sources"] if row["kind"] == "primary"}
    for where, citation in citations():
        wanted = "verbatim" if citation["source"] in primary else "reported"
        assert citation["transcription"] == wanted, where
    assert primary == {"bwd-2010-letter", "bwd-2017-report"}


def test_every_citation_has_a_locator_and_a_quote() -> None:
    for where, citation in citations():
        assert citation["locator"], where
        assert citation["quote"], where


def test_every_quote_stands_word_for_word_in_what_it_cites() -> None:
    """Checked against the texts where they lie beside the checkout, or where
    TRACKER_TEST_SOURCES points. They are not ours to ship."""
    if not SOURCES.is_dir():
        return  # said at the end of the run: conftest.pytest_terminal_summary
    texts = {slug: folded((SOURCES / name).read_text("utf-8")) for slug, name in TEXTS.items()}
    missing = [
        (where, citation["quote"])
        for where, citation in citations()
        if folded(citation["quote"]) not in texts[citation["source"]]
    ]
    assert missing == []
    assert len(citations()) > 60


def test_the_typing_errors_of_the_article_stay() -> None:
    words = " ".join(citation["quote"] for _, citation in citations())
    for word in ("devlop", "imporved", "partnetship", "negelct"):
        assert word in words


def test_coverage_says_what_is_not_held(live: Live) -> None:
    reader = live.anonymous()
    found = {
        row["slug"]: (
            row["coverage"]["availability"],
            row["coverage"]["held_count"],
            row["coverage"]["stated_count"],
        )
        for row in reader.all("/v1/inspections")
    }
    assert found == {
        "bwd-2008-jar": ("referenced_only", 0, None),
        "bwd-2010-unannounced": ("held", 6, 6),
        "bwd-2012-slac": ("referenced_only", 0, None),
        "bwd-2017-sif": ("held", 9, 9),
        "bwd-2017-lscb": ("held", 3, 3),
        "bwd-2018-focused-visit": ("partly_held", 5, None),
        "bwd-2019-send": ("referenced_only", 0, None),
        "bwd-2020-focused-visit": ("referenced_only", 0, None),
        "bwd-2022-ilacs": ("referenced_only", 0, 10),
        "bwd-2023-youth-justice": ("referenced_only", 0, None),
        "bwd-2023-jtai": ("partly_held", 3, 8),
        "bwd-2024-focused-visit": ("referenced_only", 0, None),
        "bwd-2025-ilacs": ("referenced_only", 0, 4),
        "bwd-2025-send": ("referenced_only", 0, None),
    }


def test_nothing_is_decided_that_no_source_decides(live: Live) -> None:
    reader = live.anonymous()
    rows = reader.all("/v1/recommendations")
    assert {row["status"] for row in rows} == {"open"}
    assert {row["response"] for row in rows} == {"not_recorded"}
    assert {row["due_on"] for row in rows} == {None}
    assert {row["owner"] for row in rows if row["inspection"] != "bwd-2017-lscb"} == {None}
    board = {row["owner"] for row in rows if row["inspection"] == "bwd-2017-lscb"}
    assert board == {"pan-lancashire-csap"}  # which the board, named in the report, gave way to
    assert {row["owner"] for row in SEED["recommendations"] if "owner" in row} == {"bwd-lscb"}
    assert {party["kind"] for party in reader.all("/v1/parties")} == {"organisation", "board"}


def test_evidence_is_submitted_and_findings_only(live: Live) -> None:
    reader = live.anonymous()
    pieces = [
        piece
        for row in reader.all("/v1/recommendations")
        for piece in reader.all(f"/v1/recommendations/{row['ref']}/evidence")
    ]
    assert len(pieces) == len(SEED["evidence"]) == 11
    assert {piece["kind"] for piece in pieces} == {"inspection_finding"}
    assert {piece["review"] for piece in pieces} == {"submitted"}


def test_only_what_an_inspector_states_is_confirmed(live: Live) -> None:
    links = live.anonymous().all("/v1/links")
    confirmed = [link for link in links if link["state"] == "confirmed"]
    assert [(link["later"], link["kind"], link["earlier"]) for link in confirmed] == [
        ("bwd-2018-focused-visit-1", "broadens", "bwd-2017-sif-4")
    ]
    assert confirmed[0]["basis"] == "stated_by_inspector"
    assert confirmed[0]["reviewed_by"] is None
    assert "has not progressed this work quickly enough" in confirmed[0]["citations"][0]["quote"]
    assert {link["state"] for link in links} == {"confirmed", "proposed"}
    assert all(link["rationale"] for link in links)


def test_seeding_again_changes_nothing(seeded: Register) -> None:
    from app.cli import load_seed

    with seeded.read() as session:
        before = audit.verify(session)
    load_seed(seeded.database)
    with seeded.read() as session:
        assert audit.verify(session) == before


def test_seeding_again_leaves_what_people_changed(live: Live) -> None:
    from app.cli import load_seed

    lead = live.client("Alice", "lead")
    path = "/v1/recommendations/bwd-2017-sif-7"
    lead.change("PATCH", path, {"title": "Work for care leavers", "themes": []})
    load_seed(live.register.database)
    kept = lead.get(path).json()
    assert (kept["title"], kept["themes"]) == ("Work for care leavers", [])
