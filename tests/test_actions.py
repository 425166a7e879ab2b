"""Actions: one serves several recommendations; who may plan and update them; how dates slide."""

from typing import Any

import pytest

from tests.live import Client, Live

NEGLECT = ["bwd-2017-sif-4", "bwd-2018-focused-visit-1"]


def plan(client: Client, **more: Any) -> dict[str, Any]:
    body = {"title": "Relaunch the neglect strategy", "recommendations": NEGLECT, **more}
    answer = client.post("/v1/actions", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"/v1/actions/{made['id']}"
    return made


def test_one_action_serves_recommendations_of_two_inspections(live: Live) -> None:
    lead = live.client("Alice", "lead")
    action = plan(lead)
    assert action["recommendations"] == NEGLECT
    assert (action["status"], action["owner"], action["contributors"]) == ("planned", None, [])
    for ref in NEGLECT:
        seen = lead.see(ref)
        assert [one["id"] for one in seen["actions"]] == [action["id"]]
        assert seen["action_count"] == 1


def test_its_progress_shows_on_each_that_it_serves(live: Live) -> None:
    lead = live.client("Alice", "lead")
    path = f"/v1/actions/{plan(lead)['id']}"
    done = lead.change("PATCH", path, {"status": "in_progress", "description": "Two workshops"})
    assert (done.json()["status"], done.json()["version"]) == ("in_progress", 2)
    lead.post(f"{path}/notes", {"text": "The first workshop was held"})
    for ref in NEGLECT:
        shown = lead.see(ref)["actions"][0]
        assert shown["status"] == "in_progress"
        assert shown["notes"][0]["text"] == "The first workshop was held"
        assert shown["notes"][0]["written_by"] == "Alice"
        told = [one["action"] for one in lead.all(f"/v1/recommendations/{ref}/history")]
        assert told[-3:] == [
            "recommendation:action:added",
            "recommendation:action:amended",
            "recommendation:action:noted",
        ]


def test_due_dates_of_actions_slide_like_those_of_recommendations(live: Live) -> None:
    lead = live.client("Alice", "lead")
    path = f"/v1/actions/{plan(lead, due_on='2026-12-01')['id']}"
    unsaid = lead.change("PATCH", path, {"due_on": "2027-01-31"})
    assert unsaid.status_code == 422
    body = {"due_on": "2027-01-31", "reason": "Venue", "agreed_by": "The chair"}
    moved = lead.change("PATCH", path, body).json()
    assert (moved["original_due_on"], moved["slippage_days"], moved["times_moved"]) == (
        "2026-12-01",
        61,
        1,
    )
    live.register.clock.now = live.register.clock.now.replace(month=12, day=15)
    seen = lead.get(path).json()
    assert (seen["overdue"], seen["overdue_originally"]) == ("no", "yes")
    live.register.clock.now = live.register.clock.now.replace(year=2027, month=2, day=1)
    assert lead.get(path).json()["overdue"] == "yes"
    lead.change("PATCH", path, {"status": "done"})
    assert lead.get(path).json()["overdue"] == "no"


def test_cancelling_and_taking_up_again_need_a_reason(live: Live) -> None:
    lead = live.client("Alice", "lead")
    path = f"/v1/actions/{plan(lead)['id']}"
    assert lead.change("PATCH", path, {"status": "cancelled"}).status_code == 422
    cancelled = lead.change("PATCH", path, {"status": "cancelled", "reason": "Superseded"})
    assert cancelled.status_code == 200
    assert lead.see(NEGLECT[0])["action_count"] == 0
    assert lead.change("PATCH", path, {"status": "planned"}).status_code == 422
    again = lead.change("PATCH", path, {"status": "planned", "reason": "Needed after all"})
    assert again.json()["status"] == "planned"
    assert lead.see(NEGLECT[0])["action_count"] == 1


def test_what_it_serves_can_change(live: Live) -> None:
    lead = live.client("Alice", "lead")
    path = f"/v1/actions/{plan(lead)['id']}"
    changed = lead.change("PATCH", path, {"recommendations": [NEGLECT[0], "bwd-2017-sif-2"]})
    assert changed.json()["recommendations"] == ["bwd-2017-sif-2", NEGLECT[0]]
    assert lead.see(NEGLECT[1])["actions"] == []
    assert lead.see(NEGLECT[1])["action_count"] == 0
    assert lead.see("bwd-2017-sif-2")["action_count"] == 1


def test_closing_with_unfinished_actions_needs_a_reason(live: Live) -> None:
    lead, other = live.client("Alice", "lead"), live.client("Bob", "lead")
    action = plan(lead)
    ref = NEGLECT[0]
    lead.move(ref, "in_progress")
    proof = lead.attach(ref)
    lead.move(ref, "implemented")
    other.review(proof)
    other.move(ref, "verified")
    refused = lead.move(ref, "closed", closure_reason="implemented")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/reason"
    assert "1 unfinished action" in refused.json()["errors"][0]["detail"]
    lead.change("PATCH", f"/v1/actions/{action['id']}", {"status": "done"})
    assert lead.move(ref, "closed", closure_reason="implemented").status_code == 200
    second = plan(lead)
    assert second["status"] == "planned"
    ref = NEGLECT[1]
    said = lead.move(ref, "closed", closure_reason="not_accepted", reason="Not ours to do")
    assert said.status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"recommendations": []}, "/recommendations"),
        ({"recommendations": ["no-such-1"]}, "/recommendations/0"),
        ({"owner": "nobody-known"}, "/owner"),
        ({"contributors": ["bwd-council", "nobody-known"]}, "/contributors/1"),
        ({"title": " "}, "/title"),
        ({"due_on": "next spring"}, "/due_on"),
        ({"version": 3}, "/version"),
    ],
)
def test_bad_actions_are_refused_with_where(live: Live, body: dict[str, Any], pointer: str) -> None:
    lead = live.client("Alice", "lead")
    whole = {"title": "Something", "recommendations": NEGLECT, **body}
    refused = lead.post("/v1/actions", whole)
    assert refused.status_code == 422
    assert pointer in [error["pointer"] for error in refused.json()["errors"]]


def test_a_contributor_plans_and_edits_what_is_its_organisations(live: Live) -> None:
    lead = live.client("Alice", "lead")
    worker = live.client("Charlie", "contributor", "bwd-council")
    other = live.client("Dora", "contributor", "lancashire-police")
    body = {"title": "Visits on time", "recommendations": ["bwd-2017-sif-1"]}
    assert worker.post("/v1/actions", body).status_code == 403
    lead.assign("bwd-2017-sif-1", "bwd-council")
    assert other.post("/v1/actions", body).status_code == 403
    action = worker.post("/v1/actions", body | {"owner": "bwd-council"})
    assert action.status_code == 201, action.text
    foreign = worker.post("/v1/actions", body | {"owner": "lancashire-police"})
    assert foreign.status_code == 403
    path = f"/v1/actions/{action.json()['id']}"
    assert worker.change("PATCH", path, {"status": "in_progress"}).status_code == 200
    assert other.change("PATCH", path, {"status": "done"}).status_code == 403
    assert worker.change("PATCH", path, {"owner": "lancashire-police"}).status_code == 403
    assert worker.change("PATCH", path, {"recommendations": NEGLECT}).status_code == 403
    assert other.post(f"{path}/notes", {"text": "Hello"}).status_code == 403
    assert worker.post(f"{path}/notes", {"text": "Begun"}).status_code == 201
    viewer = live.client("Eve", "viewer")
    assert viewer.post("/v1/actions", body).status_code == 403


def test_patching_needs_if_match_and_says_who_wins(live: Live) -> None:
    lead = live.client("Alice", "lead")
    path = f"/v1/actions/{plan(lead)['id']}"
    assert lead.send("PATCH", path, {"title": "Other"}).status_code == 428
    etag = lead.get(path).headers["ETag"]
    assert lead.send("PATCH", path, {"title": "Other"}, match=etag).status_code == 200
    assert lead.send("PATCH", path, {"title": "Third"}, match=etag).status_code == 412
    assert lead.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_actions_are_listed_and_filtered(live: Live) -> None:
    lead = live.client("Alice", "lead")
    first = plan(lead, owner="bwd-council")
    live.register.clock.advance(seconds=1)
    second = plan(lead, title="Train", recommendations=["bwd-2017-sif-8"], status="in_progress")
    assert [one["id"] for one in lead.all("/v1/actions", limit=1)] == [first["id"], second["id"]]
    for params, wanted in (
        ({"recommendation": NEGLECT[1]}, [first["id"]]),
        ({"owner": "bwd-council"}, [first["id"]]),
        ({"status": "in_progress"}, [second["id"]]),
        ({"organisation": "lancashire-police"}, []),
    ):
        assert [one["id"] for one in lead.all("/v1/actions", **params)] == wanted, params


def test_actions_of_another_place_are_not_seen(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.inspect("ex-2024", place="exampleshire")
    lead.enter("ex-2024")
    action = plan(lead)
    stranger = live.client("Bob", "lead", places=["exampleshire"])
    assert stranger.get(f"/v1/actions/{action['id']}").status_code == 404
    assert stranger.all("/v1/actions") == []
    mixed = {"title": "Both", "recommendations": ["ex-2024-1", NEGLECT[0]]}
    assert stranger.post("/v1/actions", mixed).status_code == 422
    refused = lead.post("/v1/actions", mixed)
    assert "of one place" in refused.json()["detail"]


def test_evidence_may_name_the_action_it_comes_from(live: Live) -> None:
    lead = live.client("Alice", "lead")
    action = plan(lead, key="plan:1")
    for name in (action["id"], "plan:1"):
        assert lead.attach(NEGLECT[0], action=name)["action"] == action["id"], name
    told = lead.history(NEGLECT[0])[-1]["after"]
    assert told["action"] == action["id"], "also where it was named by its key"
    body = {
        "kind": "audit",
        "level": "output",
        "bearing": "supports",
        "summary": "Seen",
        "action": action["id"],
    }
    refused = lead.post("/v1/recommendations/bwd-2017-sif-8/evidence", body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/action"


def test_anonymous_readers_do_not_see_who_wrote_a_note(live: Live) -> None:
    lead = live.client("Alice", "lead")
    path = f"/v1/actions/{plan(lead)['id']}"
    lead.post(f"{path}/notes", {"text": "Begun"})
    assert live.anonymous().get(path).json()["notes"][0]["written_by"] is None


def test_an_action_follows_its_owner_to_another_organisation(live: Live) -> None:
    lead = live.client("Alice", "lead")
    team = {"slug": "team-x", "name": "Team X", "kind": "team", "organisation": "bwd-council"}
    lead.post("/v1/parties", team)
    path = f"/v1/actions/{plan(lead, owner='team-x')['id']}"
    before = live.client("Charlie", "contributor", "bwd-council")
    after = live.client("Dora", "contributor", "lsc-icb")
    assert before.change("PATCH", path, {"status": "in_progress"}).status_code == 200
    lead.change("PATCH", "/v1/parties/team-x", {"organisation": "lsc-icb"})
    assert lead.get(path).json()["organisation"] == "lsc-icb"
    assert before.change("PATCH", path, {"status": "done"}).status_code == 403
    assert after.change("PATCH", path, {"status": "done"}).status_code == 200


def test_what_a_contributor_enters_is_its_own(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.assign("bwd-2017-sif-1", "bwd-council")
    worker = live.client("Charlie", "contributor", "bwd-council")
    action = plan(worker, recommendations=["bwd-2017-sif-1"])
    assert action["owner"] == "bwd-council"
    path = f"/v1/actions/{action['id']}"
    assert worker.change("PATCH", path, {"status": "in_progress"}).status_code == 200


def test_a_patch_names_the_place_of_what_is_not_known(live: Live) -> None:
    lead = live.client("Alice", "lead")
    path = f"/v1/actions/{plan(lead)['id']}"
    refused = lead.change("PATCH", path, {"recommendations": ["zzz-1"]})
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/recommendations/0"]
