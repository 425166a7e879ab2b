"""The register as an import document: it brings nothing back, and all of it elsewhere."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain import exports, imports
from app.domain.actors import Actor, Role
from app.domain.imports import Document, ImportRefused, Outcome, Result
from app.settings import ROOT
from tests.conftest import ENGINES, _register
from tests.live import Client, Live, Register
from tests.test_imports import BASE, LEAD, anchor, bring, unchanged
from tests.test_listing import furnish

ADDRESS = "/v1/export/document.json"
READER = Actor(name="Rita", role=Role.VIEWER)


def exported(register: Register, reader: Actor = READER) -> bytes:
    file = BytesIO()
    with register.read() as session:
        exports.write_document(file, session, reader)
    return file.getvalue()


def brought(register: Register, document: bytes) -> Result:
    with register.write() as session:
        file = imports.read(BytesIO(document), imports.Format.DOCUMENT)
        try:
            return imports.bring(session, LEAD, file.parts)
        except ImportRefused as refused:
            raise AssertionError(refused.members["errors"]) from None


@contextmanager
def empties(request: pytest.FixtureRequest, folder: Path) -> Iterator[list[Register]]:
    """An empty register on each engine."""
    made = [_register(request, engine, "empty", folder) for engine in ENGINES]
    try:
        yield [next(one) for one in made]
    finally:
        for one in made:
            assert next(one, None) is None


def rows(document: bytes, part: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(document)[part]
    return found


def confuse(live: Live) -> None:
    """All that an export must leave out, or say in another way than the register does."""
    lead = live.client("Alice Zaunkoenig", "lead", "bwd-council")
    other = live.client("Bob Zaunkoenig", "lead", "lancashire-police")
    ref = "bwd-2017-sif-1"
    planned = {"recommendations": [ref, "bwd-2017-sif-3"], "owner": "bwd-lscb", "due_on": "2027"}
    action = post(lead, "/v1/actions", {"title": "Without a key", **planned})
    post(lead, "/v1/actions", {"title": "With a key", "key": "plan:1", **planned, "status": "done"})
    old = lead.attach(ref, summary="Superseded", action=action["id"])
    lead.attach(ref, summary="It stands", supersedes=old["id"], action=action["id"])
    lead.attach("bwd-2017-sif-3", summary="Of the plan", action="plan:1", key="audit:1")
    # An action that came to serve another recommendation than its evidence is on:
    moved = post(lead, "/v1/actions", {"title": "Moved", "recommendations": [ref]})
    lead.attach(ref, summary="Its action went elsewhere", action=moved["id"])
    path = f"/v1/actions/{moved['id']}"
    ok(lead.change("PATCH", path, {"recommendations": ["bwd-2017-sif-2"]}, of=path))
    path = f"/v1/evidence/{lead.attach(ref, summary='Withdrawn')['id']}"
    ok(lead.change("POST", f"{path}/withdrawal", {"reason": "Of another team"}, of=path))
    ok(other.review(lead.attach(ref, summary="Rejected"), "rejected", reason="Too old"))
    rejected = lead.propose("bwd-2018-focused-visit-1", "bwd-2017-sif-2").json()["id"]
    ok(lead.judge(rejected, "rejected", reason="Another matter"))
    lead.link("bwd-2023-jtai-1", "bwd-2017-sif-3")
    # A proposal that dates came to contradict:
    lead.inspect("bwd-2019-other", published="2019-05")
    lead.enter("bwd-2019-other")
    assert lead.propose("bwd-2019-other-1", "bwd-2018-focused-visit-2").status_code == 201
    path = "/v1/inspections/bwd-2019-other"
    ok(lead.change("PATCH", path, {"published": "2015-05"}, of=path))
    succeed(lead)
    lead.enter("bwd-2019-other", 2, text="Entered by mistake.")
    path = "/v1/recommendations/bwd-2019-other-2"
    ok(lead.change("POST", f"{path}/voiding", {"reason": "Of another letter"}, of=path))
    path = "/v1/recommendations/bwd-2017-sif-6"
    cited = {"source": "bwd-2017-report"}
    wrong = {"text": "As it is printed.", "reason": "Misread", "citation": cited}
    ok(lead.change("POST", f"{path}/errata", wrong, of=path))
    # A source that is found to be a secondary one after it was quoted word for word:
    letter = rows(exported(live.register), "sources")[0]
    assert letter["slug"] == "bwd-2010-letter"
    bring(live.register, {"sources": [letter | {"kind": "secondary"}]})


def succeed(lead: Client) -> None:
    """A body that gave way to one, and kept some; one that became two; and teams below others."""
    for slug, above in (("z-board", None), ("a-team", "z-board"), ("b-team", "z-board")):
        body = {"slug": slug, "name": slug.title(), "kind": "team"}
        post(lead, "/v1/parties", body | {"organisation": above})
    ok(lead.assign("bwd-2017-lscb-1", "bwd-lscb"))  # after it gave way
    ok(lead.assign("bwd-2018-focused-visit-3", "a-team"))
    ok(lead.assign("bwd-2018-focused-visit-4", "a-team"))
    path = "/v1/parties/a-team"
    for successor, refs in (("b-team", ["bwd-2018-focused-visit-3"]), ("bwd-schools", [])):
        split = {"successor": successor, "reason": "Split", "recommendations": refs}
        ok(lead.change("POST", f"{path}/succession", split, of=path))


def post(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(path, body)
    ok(answer)
    made: dict[str, Any] = answer.json()
    return made


def ok(answer: Any) -> None:
    assert answer.status_code in (200, 201), answer.text


def test_into_the_same_register_it_brings_nothing(live: Live) -> None:
    furnish(live)
    before = anchor(live.register)
    result = brought(live.register, exported(live.register))
    assert unchanged(result)
    assert anchor(live.register) == before


def test_out_of_a_register_where_all_happened_it_brings_only_what_came_to_be_true(
    live: Live,
) -> None:
    furnish(live)
    confuse(live)
    result = brought(live.register, exported(live.register))
    updated = {row.name for row in result.rows if row.outcome is Outcome.UPDATED}
    letters = {f"bwd-2010-unannounced-{ordinal}" for ordinal in range(1, 7)}
    assert updated == letters | {"bwd-2010-unannounced"}, "what was quoted of the letter"
    assert {row.name for row in result.rows} == updated
    assert unchanged(brought(live.register, exported(live.register)))


def test_into_an_empty_register_it_brings_all_and_comes_out_the_same(
    live: Live, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    furnish(live)
    confuse(live)
    document = exported(live.register)
    with empties(request, tmp_path) as registers:
        for register in registers:
            register.clock.now = live.register.clock.now
            result = brought(register, document)
            assert {row.outcome for row in result.rows} == {Outcome.CREATED}
            assert exported(register) == document, register.engine
            before = anchor(register)
            assert unchanged(brought(register, document))
            assert anchor(register) == before


def test_the_seed_goes_out_as_it_came_in(seeded: Register) -> None:
    """All of seed/ but bank holidays, in the order in which it was entered."""
    document = json.loads(exported(seeded))
    for path in sorted((ROOT / "seed").glob("*.json")):
        for part, seed in json.loads(path.read_text("utf-8")).items():
            if part == "bank_holidays":
                continue
            assert len(document[part]) == len(seed), part
            ours = {json.dumps(_name(row)): row for row in document[part]}
            for row in seed:
                same = ours[json.dumps(_name(row))]
                if part == "parties":
                    for passed in row.get("successors", []):
                        passed["recommendations"] = []
                if part == "recommendations":
                    row["themes"].sort()
                    if row.get("owner") == "bwd-lscb":
                        row["owner"] = "pan-lancashire-csap"
                assert same.items() >= row.items(), (part, row)
                left = {name: value for name, value in same.items() if name not in row}
                assert not any(left.values()), (part, left)


def _name(row: dict[str, Any]) -> list[Any]:
    names = ("slug", "inspection", "ordinal", "later", "earlier", "kind", "key")
    return [row.get(name) for name in names if "inspectorates" not in row or name == "slug"]


def test_what_is_left_out_and_what_is_said_otherwise(live: Live) -> None:
    confuse(live)
    document = exported(live.register)
    text = document.decode()
    for gone in ("Superseded", "Withdrawn", "Rejected", "by mistake", "Another matter"):
        assert gone not in text
    assert "bwd-2019-other-2" not in text
    assert "Zaunkoenig" not in text
    evidence = {row["summary"]: row for row in rows(document, "evidence")}
    actions = {row["title"]: row for row in rows(document, "actions")}
    key = actions["Without a key"]["key"]
    assert evidence["It stands"]["action"] == key
    assert key.startswith("ac_")
    assert evidence["It stands"]["supersedes"] is None
    assert evidence["It stands"]["key"].startswith("ev_")
    assert evidence["Of the plan"]["action"] == actions["With a key"]["key"] == "plan:1"
    assert evidence["Its action went elsewhere"]["action"] is None
    links = {(row["later"], row["earlier"]): row["state"] for row in rows(document, "links")}
    assert links["bwd-2018-focused-visit-1", "bwd-2017-sif-4"] == "confirmed", "stated and cited"
    assert links["bwd-2023-jtai-1", "bwd-2017-sif-3"] == "proposed", "an analyst's"
    assert ("bwd-2018-focused-visit-1", "bwd-2017-sif-2") not in links, "rejected"
    assert ("bwd-2019-other-1", "bwd-2018-focused-visit-2") not in links, "against time"
    owners = {
        f"{row['inspection']}-{row['ordinal']}": row["owner"]
        for row in rows(document, "recommendations")
    }
    assert owners["bwd-2017-lscb-1"] == "bwd-lscb"
    assert owners["bwd-2017-lscb-2"] == "pan-lancashire-csap"
    assert owners["bwd-2018-focused-visit-3"] == "b-team"
    assert owners["bwd-2018-focused-visit-4"] == "a-team"


def test_a_row_stands_on_a_line_that_begins_with_its_name(live: Live) -> None:
    answer = live.anonymous().get(ADDRESS)
    assert answer.content == exported(live.register)
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="register-2026-11-24.json"'
    )
    lines = answer.text.splitlines()
    assert sum(line.startswith('{"slug":"bwd-') for line in lines) > 14
    assert sum(line.startswith('{"inspection":"bwd-') for line in lines) == 26
    assert sum(line.startswith('{"key":"bwd-') for line in lines) == 11
    assert list(answer.json()) == [name for name in Document.model_fields if name in answer.json()]
    assert set(Document.model_fields) - set(answer.json()) == {"bank_holidays"}
    held = {"If-None-Match": answer.headers["ETag"]}
    assert live.anonymous().get(ADDRESS, headers=held).status_code == 304


def test_it_is_what_scripts_send_back(live: Live) -> None:
    lead = live.client("Alice", "lead")
    document = lead.get(ADDRESS).content
    headers = {"Content-Type": "application/json"}
    told = lead.http.post("/v1/imports", content=document, headers=headers)
    ok(told)
    assert (told.json()["applied"], told.json()["unchanged"]) == (True, 26)
    assert lead.get(ADDRESS).content == document


def test_a_token_of_a_place_gets_what_lies_there(
    live: Live, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    lead = live.client("Alice", "lead")
    lead.inspect("elsewhere-2026", place="elsewhere", published="2026-01")
    for ordinal in (1, 2):
        lead.enter("elsewhere-2026", ordinal, owner="bwd-council")
    lead.link("elsewhere-2026-1", "elsewhere-2026-2", "relates_to")
    lead.attach("elsewhere-2026-1")
    post(lead, "/v1/actions", {"title": "Plan", "recommendations": ["elsewhere-2026-1"]})
    answer = live.client("Of the place", "viewer", places=["elsewhere"]).get(ADDRESS)
    counts = {part: len(found) for part, found in answer.json().items()}
    few = {"places": 1, "inspections": 1, "recommendations": 2, "links": 1, "actions": 1}
    assert counts | few | {"evidence": 1} == counts
    assert counts["parties"] == 7, "parties, themes and sources are of no place"
    with empties(request, tmp_path) as registers:
        for register in registers:
            brought(register, answer.content)
            assert exported(register) == answer.content


def test_an_empty_register_is_a_document_too(register: Register) -> None:
    document = exported(register)
    assert not any(json.loads(document).values())
    assert brought(register, document).rows == []


SLUGS = [f"party-{letter}" for letter in "abcde"]
dates = st.sampled_from(["2020", "2021-03~", "2019-05-06", "2018-10/2018-11", "XXXX-03"])
words = st.text("a\u00e9\u201c\U0001f9d2 =-'\n\"\\", min_size=1, max_size=30).filter(str.strip)
lines = words.map(lambda text: " ".join(text.split()) or "x")


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Any register of two inspections: parties below and after one another, recommendations that
    any of them owns, links that point from the second to the first, evidence and actions."""
    parties = [
        {
            "slug": slug,
            "name": draw(lines),
            "kind": "board",
            "organisation": draw(st.sampled_from([None, *SLUGS[:index]])),
            "successors": [
                {"party": after, "on": draw(st.none() | dates), "reason": draw(words)}
                for after in draw(st.sets(st.sampled_from(SLUGS[index + 1 :] or [slug])))
                if after != slug
            ],
        }
        for index, slug in enumerate(SLUGS)
    ]
    recommendations = [
        {
            "inspection": inspection,
            "ordinal": ordinal,
            "text": draw(words),
            "section": draw(st.none() | lines),
            "owner": draw(st.sampled_from([None, *SLUGS])),
            "addressees": draw(st.lists(st.sampled_from(SLUGS), max_size=3)),
            "due_on": draw(st.none() | dates),
        }
        for inspection in ("a-2020", "a-2023")
        for ordinal in draw(st.sets(st.integers(1, 4), min_size=1))
    ]
    refs = [f"{row['inspection']}-{row['ordinal']}" for row in recommendations]
    early, late = ([ref for ref in refs if ref.startswith(one)] for one in ("a-2020", "a-2023"))
    pairs = st.tuples(st.sampled_from(late), st.sampled_from(early), st.sampled_from(KINDS))
    return BASE | {
        "parties": draw(st.permutations(parties)),
        "recommendations": draw(st.permutations(recommendations)),
        "links": [
            {"later": later, "earlier": earlier, "kind": kind, "basis": "analyst", "rationale": "x"}
            for later, earlier, kind in draw(st.lists(pairs, max_size=5, unique=True))
        ],
        "actions": [
            {
                "key": f"plan:{number}",
                "title": draw(lines),
                "recommendations": served,
                "owner": draw(st.sampled_from([None, *SLUGS])),
                "due_on": draw(st.none() | dates),
            }
            for number, served in enumerate(
                draw(st.lists(st.lists(st.sampled_from(refs), min_size=1, unique=True), max_size=3))
            )
        ],
        "evidence": [
            {
                "key": f"audit:{number}",
                "recommendation": ref,
                "kind": "audit",
                "level": "output",
                "bearing": "mixed",
                "summary": draw(words),
                "observed": draw(st.none() | dates),
            }
            for number, ref in enumerate(draw(st.lists(st.sampled_from(refs), max_size=4)))
        ],
    }


KINDS = ["reiterates", "broadens", "narrows", "supersedes", "relates_to"]


@pytest.mark.parametrize("engine", ["sqlite"])
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(document=documents())
def test_what_any_register_says_comes_out_of_another_the_same(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    engine: str,
    document: dict[str, Any],
) -> None:
    folder = tmp_path_factory.mktemp("registers")
    for first in _register(request, engine, "empty", folder):
        bring(first, document)
        said = exported(first)
        assert unchanged(brought(first, said))
        for second in _register(request, engine, "empty", folder):
            brought(second, said)
            assert exported(second) == said
