"""/v1/imports: what a script sends, what it is told, what is kept of it, and how it is undone."""

import json
from typing import Any

import pytest

from tests.live import Client, Live, pointers

HEADER = "inspection,ordinal,text,title,owner\n"
SIF = "bwd-2017-sif"


@pytest.fixture
def alice(live: Live) -> Client:
    return live.client("Alice", "lead", "bwd-council")


def send(
    client: Client, body: str | bytes | dict[str, Any], media: str = "text/csv", **more: Any
) -> Any:
    headers = {"Content-Type": media} | more.pop("headers", {})
    data = json.dumps(body) if isinstance(body, dict) else body
    return client.http.post("/v1/imports", content=data, headers=headers, params=more)


def counts(answer: Any) -> dict[str, int]:
    names = ("created", "updated", "unchanged", "conflicts", "refused", "absent")
    return {name: answer.json()[name] for name in names if answer.json()[name]}


def head(client: Client) -> str:
    """Where the journal stands."""
    return str(client.get("/v1/changes", params={"limit": 500}).json()["items"][-1]["seq"])


def test_a_table_is_brought_in_and_says_what_became_of_each_row(alice: Client) -> None:
    alice.inspect("a-2026")
    csv = HEADER + "a-2026,1,Listen to children,Listening,bwd-council\na-2026,2,Record it,,\n"
    answer = send(alice, csv, name="letter.csv")
    assert answer.status_code == 201, answer.text
    run = answer.json()
    assert answer.headers["Location"] == f"/v1/imports/{run['id']}"
    assert counts(answer) == {"created": 2}
    assert (run["applied"], run["dry_run"]) == (True, False)
    assert run["rows"][0] == {
        "part": "recommendations",
        "row": 1,
        "ref": "a-2026-1",
        "outcome": "created",
        "fields": [],
        "errors": [],
    }
    assert run["file"]["name"] == "letter.csv"
    assert run["file"]["encoding"] == "utf-8"
    made = alice.see("a-2026-1")
    assert (made["title"], made["owner"], made["import"]) == ("Listening", "bwd-council", run["id"])
    assert alice.get(f"/v1/imports/{run['id']}").json() == run
    again = send(alice, csv)
    assert counts(again) == {"unchanged": 2}
    assert again.json()["rows"] == []


def test_a_dry_run_foretells_exactly_what_would_be_done_and_does_nothing(
    live: Live, alice: Client
) -> None:
    alice.inspect("a-2026")
    before = head(alice)
    body = HEADER + "a-2026,1,Listen,,\na-2026,2,Record,,bwd-council\n"
    dry = send(alice, body, dry_run="true")
    assert dry.status_code == 200
    assert (dry.json()["dry_run"], dry.json()["applied"]) == (True, False)
    assert alice.get("/v1/recommendations/a-2026-1").status_code == 404
    assert head(alice) == before
    live.register.clock.advance(minutes=1)
    done = send(alice, body)
    for name in ("created", "updated", "unchanged", "conflicts", "refused", "absent", "rows"):
        assert dry.json()[name] == done.json()[name]
    kept = alice.get("/v1/imports").json()["items"]
    assert [one["dry_run"] for one in kept] == [False, True]


def test_one_bad_row_and_nothing_is_applied_but_the_run_is_kept(alice: Client) -> None:
    alice.inspect("a-2026")
    before = head(alice)
    answer = send(alice, HEADER + "a-2026,1,Listen,,\na-2026,2,Record,,nobody\nb-1,1,No,,\n")
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"].endswith("#import-refused")
    assert (problem["applied"], problem["refused"], problem["created"]) == (False, 2, 1)
    assert pointers(answer) == ["/recommendations/1/owner", "/recommendations/2/inspection"]
    refused = [row for row in problem["rows"] if row["outcome"] == "refused"]
    assert [(row["row"], row["errors"][0]["pointer"]) for row in refused] == [
        (2, "/owner"),
        (3, "/inspection"),
    ]
    assert head(alice) == before
    kept = alice.get(f"/v1/imports/{problem['id']}").json()
    assert (kept["applied"], kept["refused"], kept["actor"]) == (False, 2, "Alice")
    assert kept["rows"] == problem["rows"]


def test_a_file_that_cannot_be_read_is_refused_as_a_whole_and_kept(alice: Client) -> None:
    answer = send(alice, b"%PDF-1.7 \x81\x8d\n", name="letter.csv")
    assert answer.status_code == 422
    assert "not a CSV" in answer.json()["errors"][0]["detail"]
    kept = alice.get(f"/v1/imports/{answer.json()['id']}").json()
    assert (kept["applied"], kept["rows"], kept["file"]["name"]) == (False, [], "letter.csv")
    assert kept["warnings"]


def test_a_text_that_differs_is_a_conflict_and_offers_an_erratum(alice: Client) -> None:
    alice.inspect("a-2026")
    alice.enter("a-2026", 1, text="Listen to children.")
    answer = send(alice, HEADER + "a-2026,1,Listen to all children.,,\na-2026,2,Record,,\n")
    assert answer.status_code == 201
    assert counts(answer) == {"created": 1, "conflicts": 1}
    (row,) = (one for one in answer.json()["rows"] if one["outcome"] == "conflict")
    assert "/v1/recommendations/a-2026-1/errata" in row["errors"][0]["detail"]
    assert alice.see("a-2026-1")["text"] == "Listen to children."


def test_a_text_from_before_an_erratum_is_nothing_new(alice: Client) -> None:
    alice.inspect("a-2026")
    csv = HEADER + "a-2026,1,Lisen to children.,,\n"
    send(alice, csv)
    path = "/v1/recommendations/a-2026-1"
    erratum = {
        "text": "Listen to children.",
        "reason": "A slip",
        "citation": {"source": "ofsted-2017-sif"},
    }
    source = alice.get("/v1/sources").json()["items"][0]["slug"]
    erratum["citation"] = {"source": source}
    assert alice.change("POST", f"{path}/errata", erratum, of=path).status_code == 201
    assert counts(send(alice, csv)) == {"unchanged": 1}
    assert counts(send(alice, csv.replace("Lisen", "Listen"))) == {"unchanged": 1}


def test_what_the_file_leaves_out_is_listed_as_absent(alice: Client) -> None:
    text = alice.see(f"{SIF}-1")["text"].replace('"', '""')
    answer = send(alice, HEADER + f'{SIF},1,"{text}",,\n')
    absent = [row for row in answer.json()["rows"] if row["outcome"] == "absent"]
    assert answer.json()["absent"] == len(absent) == 8
    assert {row["row"] for row in absent} == {None}
    assert counts(answer) == {"unchanged": 1, "absent": 8}


def test_a_document_brings_everything_else_too(alice: Client) -> None:
    body: dict[str, Any] = {
        "inspections": [
            {
                "slug": "a-2026",
                "title": "Focused visit",
                "framework": "focused_visit",
                "inspectorates": ["ofsted"],
                "place": "blackburn-with-darwen",
                "published": "2026-11-02",
            }
        ],
        "recommendations": [{"inspection": "a-2026", "ordinal": 1, "text": "Listen"}],
        "links": [
            {
                "later": "a-2026-1",
                "earlier": f"{SIF}-4",
                "kind": "reiterates",
                "basis": "analyst",
                "rationale": "Heard before",
            },
            {
                "later": "a-2026-9",
                "earlier": f"{SIF}-4",
                "kind": "reiterates",
                "basis": "analyst",
                "rationale": "Points to nothing",
            },
        ],
        "actions": [{"key": "plan:1", "title": "Train all", "recommendations": ["a-2026-1"]}],
    }
    refused = send(alice, body, "application/json")
    assert refused.status_code == 422
    assert pointers(refused) == ["/links/1/later"]
    del body["links"][1]
    answer = send(alice, body, "application/json")
    assert answer.status_code == 201, answer.text
    others = answer.json()["others"]
    assert {part: row["created"] for part, row in others.items()} == {
        "inspections": 1,
        "actions": 1,
        "links": 1,
    }
    (link,) = alice.see("a-2026-1")["links"]
    assert link["state"] == "proposed"


def test_ndjson_takes_a_citation_a_row(alice: Client) -> None:
    alice.inspect("a-2026")
    source = alice.get("/v1/sources").json()["items"][0]["slug"]
    row = {"ordinal": 1, "text": "Listen", "citation": {"source": source, "locator": "page 2"}}
    answer = send(alice, json.dumps(row), "application/x-ndjson", inspection="a-2026")
    assert answer.status_code == 201, answer.text
    assert [one["locator"] for one in alice.see("a-2026-1")["citations"]] == ["page 2"]


def test_the_same_key_gets_the_first_answer_again(alice: Client) -> None:
    alice.inspect("a-2026")
    csv = HEADER + "a-2026,1,Listen,,\n"
    first = send(alice, csv, headers={"Idempotency-Key": "monday"})
    again = send(alice, csv, headers={"Idempotency-Key": "monday"})
    assert again.status_code == 201
    assert again.content == first.content
    other = send(alice, csv + "a-2026,2,More,,\n", headers={"Idempotency-Key": "monday"})
    assert other.json()["type"].endswith("#idempotency-key-reused")
    dry = send(alice, csv, dry_run="true", headers={"Idempotency-Key": "monday"})
    assert dry.status_code == 200
    assert len(alice.get("/v1/imports").json()["items"]) == 2


def test_who_may_import_and_who_may_look(live: Live) -> None:
    csv = HEADER + f"{SIF},99,Listen,,\n"
    assert send(live.anonymous(), csv).status_code == 401
    for role in ("viewer", "contributor"):
        assert send(live.client("Bob", role, "bwd-council"), csv).status_code == 403
    made = send(live.client("Alice", "lead"), csv)
    path = f"/v1/imports/{made.json()['id']}"
    assert live.anonymous().get("/v1/imports").status_code == 401
    assert live.anonymous().get(path).status_code == 401
    assert live.client("Carol", "viewer").get(path).status_code == 200
    elsewhere = live.client("Dan", "lead", places=["leeds"])
    assert elsewhere.get(path).status_code == 404
    assert elsewhere.get("/v1/imports").json()["items"] == []
    refused = send(elsewhere, csv)
    assert refused.status_code == 422
    assert pointers(refused) == ["/recommendations/0/inspection"]


def test_what_is_too_large_or_of_another_kind_is_not_read(alice: Client) -> None:
    assert send(alice, "x", "application/pdf").status_code == 415
    assert send(alice, b"x" * 64_000_001).status_code == 413


def test_lists_of_imports_are_tagged_by_their_own_revision(alice: Client) -> None:
    tag = alice.get("/v1/imports").headers["ETag"]
    assert alice.get("/v1/imports", headers={"If-None-Match": tag}).status_code == 304
    send(alice, HEADER + f"{SIF},99,Listen,,\n", dry_run="true")
    assert alice.get("/v1/imports", headers={"If-None-Match": tag}).status_code == 200
    assert len(alice.all("/v1/imports", limit=1)) == 1


def undo(client: Client, run: Any, reason: str = "The wrong letter") -> Any:
    return client.post(f"/v1/imports/{run.json()['id']}/reversal", {"reason": reason})


def test_an_import_is_undone_and_a_better_file_brought_instead(alice: Client) -> None:
    alice.inspect("a-2026")
    alice.enter("a-2026", 1, text="Listen")
    csv = HEADER + "a-2026,1,Listen,Hearing,bwd-council\na-2026,2,Recrd,,bwd-council\n"
    run = send(alice, csv)
    assert counts(run) == {"created": 1, "updated": 1}
    undone = undo(alice, run)
    assert undone.status_code == 201, undone.text
    assert undone.json()["reversed"]["reason"] == "The wrong letter"
    first, second = alice.see("a-2026-1"), alice.see("a-2026-2")
    assert (first["title"], first["owner"], first["voided"]) == ("Listen", None, None)
    assert "The wrong letter" in second["voided"]["reason"]
    assert [one["ref"] for one in alice.all("/v1/recommendations", inspection="a-2026")] == [
        "a-2026-1"
    ]
    assert undo(alice, run).status_code == 409
    better = send(alice, csv.replace("Recrd", "Record"))
    assert counts(better) == {"created": 1, "updated": 1}
    second = alice.see("a-2026-2")
    assert (second["text"], second["voided"], second["import"]) == (
        "Record",
        None,
        better.json()["id"],
    )
    assert [one["before"] for one in second["errata"]] == ["Recrd"]
    assert counts(send(alice, csv.replace("Recrd", "Record"))) == {"unchanged": 2}


def test_links_evidence_and_actions_go_with_the_import_that_brought_them(alice: Client) -> None:
    body = {
        "links": [
            {
                "later": f"{SIF}-9",
                "earlier": "bwd-2010-unannounced-2",
                "kind": "relates_to",
                "basis": "analyst",
                "rationale": "Alike",
            }
        ],
        "actions": [{"key": "a:1", "title": "Train", "recommendations": [f"{SIF}-9"]}],
        "evidence": [
            {
                "key": "e:1",
                "recommendation": f"{SIF}-9",
                "kind": "audit",
                "level": "output",
                "bearing": "supports",
                "summary": "Twenty cases",
            }
        ],
    }
    before = alice.see(f"{SIF}-9")
    run = send(alice, body, "application/json")
    assert run.status_code == 201, run.text
    assert undo(alice, run).status_code == 201
    after = alice.see(f"{SIF}-9")
    assert after["evidence_count"] == before["evidence_count"]
    assert {link["state"] for link in after["links"] if link["rationale"] == "Alike"} == {
        "rejected"
    }
    assert {action["status"] for action in after["actions"]} == {"cancelled"}


def test_an_undo_is_refused_where_people_have_worked_and_says_by_whose_work(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    alice.inspect("a-2026")
    run = send(alice, HEADER + "a-2026,1,Listen,,\na-2026,2,Record,,\n")
    assert bob.post("/v1/recommendations/a-2026-2/notes", {"text": "Begun"}).status_code == 201
    refused = undo(alice, run)
    assert refused.status_code == 409
    assert [(one["ref"], one["actor"], one["action"]) for one in refused.json()["work"]] == [
        ("a-2026-2", "Bob", "recommendation:note:added")
    ]
    assert alice.see("a-2026-1")["voided"] is None


def test_corrections_that_people_changed_since_are_not_undone(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    alice.inspect("a-2026")
    alice.enter("a-2026", 1, text="Listen")
    run = send(alice, HEADER + "a-2026,1,Listen,Hearing,\n")
    assert bob.amend("a-2026-1", title="Children heard").status_code == 200
    refused = undo(alice, run)
    assert refused.status_code == 409
    assert refused.json()["work"][0]["actor"] == "Bob"
    assert alice.see("a-2026-1")["title"] == "Children heard"


def test_what_was_not_applied_cannot_be_undone(alice: Client) -> None:
    dry = send(alice, HEADER + f"{SIF},99,Listen,,\n", dry_run="true")
    assert undo(alice, dry).status_code == 409
    assert alice.post("/v1/imports/imp_0/reversal", {"reason": "x"}).status_code == 404


def test_undoing_leaves_inspections_and_says_so(alice: Client) -> None:
    body = {
        "inspections": [
            {
                "slug": "a-2026",
                "title": "Visit",
                "framework": "ilacs",
                "inspectorates": ["ofsted"],
                "place": "blackburn-with-darwen",
            }
        ],
        "recommendations": [{"inspection": "a-2026", "ordinal": 1, "text": "Listen"}],
    }
    undone = undo(alice, send(alice, body, "application/json")).json()
    assert any("inspection a-2026" in warning for warning in undone["warnings"])
    coverage = alice.get("/v1/inspections/a-2026").json()["coverage"]
    assert coverage["held_count"] == 0


def test_what_people_changed_of_inspections_parties_and_owners_stays(alice: Client) -> None:
    """The same file again, after people corrected what it brought and took an owner away."""
    body: dict[str, Any] = {
        "parties": [{"slug": "a-board", "name": "File name", "kind": "board"}],
        "inspections": [
            {
                "slug": "a-2026",
                "title": "From the file",
                "framework": "ilacs",
                "inspectorates": ["ofsted"],
                "place": "blackburn-with-darwen",
                "published": "2026-10-01",
                "coverage": {"stated_count": 5},
            }
        ],
        "recommendations": [
            {"inspection": "a-2026", "ordinal": 1, "text": "Listen", "owner": "a-board"}
        ],
    }
    send(alice, body, "application/json")
    told = {"title": "Corrected", "published": "2026-10-02", "coverage": {"stated_count": 6}}
    assert alice.change("PATCH", "/v1/inspections/a-2026", told).status_code == 200
    assert alice.change("PATCH", "/v1/parties/a-board", {"name": "The board"}).status_code == 200
    assert alice.assign("a-2026-1", None, reason="It was dissolved").status_code == 200
    again = send(alice, body, "application/json")
    assert counts(again) == {"unchanged": 1}
    assert again.json()["rows"] == []
    assert alice.get("/v1/inspections/a-2026").json()["title"] == "Corrected"
    assert alice.see("a-2026-1")["owner"] is None
    body["inspections"][0]["title"] = "A better title"
    better = send(alice, body, "application/json").json()["rows"]
    assert [(row["ref"], row["fields"]) for row in better] == [("a-2026", ["title"])]


def test_a_source_keeps_what_a_file_does_not_name(alice: Client) -> None:
    source = {"slug": "a-letter", "title": "Letter", "kind": "primary", "licence": "OGL v3"}
    send(alice, {"sources": [source]}, "application/json")
    del source["licence"]
    renamed = send(alice, {"sources": [source | {"title": "The letter"}]}, "application/json")
    assert renamed.json()["rows"][0]["fields"] == ["title"]
    (kept,) = (one for one in alice.get("/v1/sources").json()["items"] if one["slug"] == "a-letter")
    assert (kept["title"], kept["licence"]) == ("The letter", "OGL v3")


def test_a_lead_of_one_place_neither_sees_nor_undoes_what_is_of_another(live: Live) -> None:
    admin = live.client("An admin", "admin")
    for place in ("leeds", "york"):
        admin.inspect(f"{place}-2026", place=place)
        admin.enter(f"{place}-2026", text="Listen")
    piece = {
        "key": "of-york",
        "recommendation": "york-2026-1",
        "kind": "audit",
        "level": "output",
        "bearing": "supports",
        "summary": "Twenty cases",
    }
    body = {
        "recommendations": [{"inspection": "leeds-2026", "ordinal": 2, "text": "Record"}],
        "evidence": [piece],
    }
    run = send(admin, body, "application/json")
    leeds = live.client("Of Leeds", "lead", places=["leeds"])
    assert leeds.get(f"/v1/imports/{run.json()['id']}").status_code == 404
    assert undo(leeds, run).status_code == 404
    assert admin.see("york-2026-1")["evidence_count"] == 1
    probe = send(leeds, HEADER + "york-2026,9,Probe,,\n", dry_run="true")
    assert "york-2026-1" not in probe.text
    for summary in ("Twenty cases", "Other"):
        tried = {"evidence": [piece | {"summary": summary}]}
        told = send(leeds, tried, "application/json").json()
        assert told["errors"][0]["detail"] == "is not a recommendation of this register"
    hull = {"places": [{"slug": "hull", "name": "Hull"}]}
    assert send(leeds, hull, "application/json").status_code == 422


def test_undoing_an_older_import_does_not_undo_a_newer_one(alice: Client) -> None:
    alice.inspect("a-2026")
    send(alice, HEADER + "a-2026,1,Listen,A,\n")
    second = send(alice, HEADER + "a-2026,1,Listen,B,\n")
    send(alice, HEADER + "a-2026,1,Listen,C,\n")
    refused = undo(alice, second)
    assert refused.status_code == 409
    assert refused.json()["work"][0]["action"] == "recommendation:corrected"
    assert alice.see("a-2026-1")["title"] == "C"


def test_an_action_that_evidence_rests_on_is_not_undone(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    body = {"actions": [{"key": "a:1", "title": "Train", "recommendations": [f"{SIF}-1"]}]}
    run = send(alice, body, "application/json")
    action = alice.see(f"{SIF}-1")["actions"][0]["id"]
    bob.attach(f"{SIF}-1", action=action)
    refused = undo(alice, run)
    assert refused.status_code == 409
    assert refused.json()["work"][0]["actor"] == "Bob"


def test_what_was_voided_one_by_one_does_not_stand_in_the_way_of_undoing(alice: Client) -> None:
    alice.inspect("a-2026")
    run = send(alice, HEADER + "a-2026,1,Listen,,\na-2026,2,Record,,\n")
    path = "/v1/recommendations/a-2026-1"
    gone = alice.change("POST", f"{path}/voiding", {"reason": "Twice"}, of=path)
    assert gone.status_code == 200
    assert undo(alice, run).status_code == 201
    assert alice.all("/v1/recommendations", inspection="a-2026") == []


def test_evidence_and_actions_that_differ_are_conflicts_that_say_what_to_do(alice: Client) -> None:
    piece = {
        "key": "e:1",
        "recommendation": f"{SIF}-1",
        "kind": "audit",
        "level": "output",
        "bearing": "supports",
        "summary": "Twenty cases",
    }
    action = {"key": "a:1", "title": "Train", "recommendations": [f"{SIF}-1"]}
    send(alice, {"evidence": [piece], "actions": [action]}, "application/json")
    other = {
        "evidence": [piece | {"bearing": "undermines"}],
        "actions": [action | {"title": "Train all"}],
    }
    answer = send(alice, other, "application/json")
    assert answer.status_code == 201
    told = {(row["part"], row["outcome"]): row["errors"] for row in answer.json()["rows"]}
    assert set(told) == {("evidence", "conflict"), ("actions", "conflict")}
    assert all(errors for errors in told.values())
