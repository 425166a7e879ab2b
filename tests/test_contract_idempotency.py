"""A POST sent again with its Idempotency-Key gets the first answer again, and is done once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest

from tests.live import Client, Live, serving

REF = "bwd-2017-sif-4"
PATH = f"/v1/recommendations/{REF}"
NOTE = {"text": "The audit is under way"}
KEY = {"Idempotency-Key": "5f0c6f7e-0b51-4d0c-8f2e-2d6b3f1d9c11"}
one_engine = pytest.mark.parametrize("engine", ["sqlite"])
"""For what does not depend on the database."""

CREATING: dict[str, dict[str, Any]] = {
    f"{PATH}/notes": NOTE,
    f"{PATH}/evidence": {
        "kind": "audit",
        "level": "outcome",
        "bearing": "supports",
        "summary": "A dip sample",
    },
    "/v1/parties": {"slug": "bwd-ics", "name": "ICS", "kind": "team"},
    "/v1/inspections": {
        "slug": "bwd-2026-ilacs",
        "title": "ILACS",
        "framework": "ilacs",
        "inspectorates": ["ofsted"],
        "place": "blackburn-with-darwen",
    },
    "/v1/recommendations": {"inspection": "bwd-2025-ilacs", "ordinal": 1, "text": "Improve it."},
    "/v1/links": {
        "later": "bwd-2023-jtai-1",
        "earlier": "bwd-2017-sif-7",
        "kind": "relates_to",
        "basis": "analyst",
        "rationale": "The same families",
    },
}


def head(client: Client) -> str:
    """Where the journal stands: the same again means that nothing was recorded."""
    return str(client.get("/v1/changes", params={"limit": 500}).json()["next"])


def whole(answer: httpx.Response) -> tuple[int, bytes, dict[str, str | None]]:
    """All of an answer that a script may rely on."""
    names = ("Location", "ETag", "Content-Type", "Cache-Control", "Vary")
    return answer.status_code, answer.content, {name: answer.headers.get(name) for name in names}


def test_the_same_request_again_gets_the_same_answer_and_records_nothing(live: Live) -> None:
    lead = live.client("Alice", "lead")
    for path, body in CREATING.items():
        key = {"Idempotency-Key": f"key of {path}"}
        first = lead.post(path, body, headers=key)
        assert first.status_code == 201, first.text
        after = head(lead)
        live.register.clock.advance(days=2)
        lead.post(f"{PATH}/notes", {"text": "Something else happens"})
        moved = head(lead)
        assert moved != after
        again = lead.post(path, body, headers=key)
        assert whole(again) == whole(first), path
        assert head(lead) == moved, path


def test_a_post_that_needs_if_match_is_done_once_too(live: Live) -> None:
    lead = live.client("Alice", "lead")
    path, body = f"{PATH}/contributors", {"party": "lancashire-police"}
    first = lead.change("POST", path, body, of=PATH, headers=KEY)
    assert first.status_code == 201
    stale = first.request.headers["If-Match"]
    again = lead.send("POST", path, body, match=stale, headers=KEY)
    assert whole(again) == whole(first)
    assert lead.see(REF)["contributors"] == ["lancashire-police"]


def test_another_request_under_the_same_key_is_refused(live: Live) -> None:
    lead = live.client("Alice", "lead")
    assert lead.post(f"{PATH}/notes", NOTE, headers=KEY).status_code == 201
    before = head(lead)
    raw = b' {"text":"The audit is under way"}'  # one byte more, and the same to a reader
    others = {
        "another body": lead.post(f"{PATH}/notes", {"text": "Another"}, headers=KEY),
        "another thing": lead.post("/v1/recommendations/bwd-2017-sif-5/notes", NOTE, headers=KEY),
        "other bytes": lead.http.post(
            f"{PATH}/notes", content=raw, headers=KEY | {"Content-Type": "application/json"}
        ),
    }
    for says, other in others.items():
        assert other.status_code == 422, says
        assert other.json()["type"].endswith("#idempotency-key-reused"), says
    assert head(lead) == before


def test_a_key_belongs_to_its_principal(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    first = alice.post(f"{PATH}/notes", NOTE, headers=KEY)
    other = bob.post(f"{PATH}/notes", NOTE, headers=KEY)
    assert (first.json()["written_by"], other.json()["written_by"]) == ("Alice", "Bob")
    assert first.json()["id"] != other.json()["id"]
    rotated = live.client("Alice", "lead")
    assert whole(rotated.post(f"{PATH}/notes", NOTE, headers=KEY)) == whole(first)


def test_a_failure_is_not_kept(live: Live) -> None:
    lead = live.client("Alice", "lead")
    path = "/v1/recommendations/bwd-2025-ilacs-1/notes"
    assert lead.post(path, NOTE, headers=KEY).status_code == 404
    assert lead.post(f"{PATH}/notes", {"text": ""}, headers=KEY).status_code == 422
    body = {"slug": "bwd-council", "name": "The council", "kind": "organisation"}
    assert lead.post("/v1/parties", body, headers=KEY).status_code == 409
    lead.enter("bwd-2025-ilacs")
    assert lead.post(path, NOTE, headers=KEY).status_code == 201


def test_eight_at_the_same_moment_make_one_record_and_hear_the_same(live: Live) -> None:
    clients = [live.client("A script", "lead") for _ in range(8)]
    for number in range(3):
        key, start = {"Idempotency-Key": f"at once {number}"}, Barrier(8)

        def post(client: Client, key: dict[str, str], start: Barrier) -> httpx.Response:
            start.wait(10)
            return client.post(f"{PATH}/notes", NOTE, headers=key)

        with ThreadPoolExecutor(8) as pool:
            work = [pool.submit(post, client, key, start) for client in clients]
            answers = [one.result() for one in work]
        assert [answer.status_code for answer in answers] == [201] * 8
        assert all(whole(answer) == whole(answers[0]) for answer in answers)
        assert len(clients[0].all(f"{PATH}/notes")) == number + 1


@one_engine
def test_a_key_survives_a_restart_of_the_server(live: Live) -> None:
    first = live.client("Alice", "lead").post(f"{PATH}/notes", NOTE, headers=KEY)
    with serving(live.register) as other:
        again = other.client("Alice", "lead").post(f"{PATH}/notes", NOTE, headers=KEY)
        assert whole(again) == whole(first)


@one_engine
def test_keys_mean_nothing_on_other_methods(live: Live) -> None:
    lead = live.client("Alice", "lead")
    for status, reason in (("in_progress", None), ("blocked", "No post"), ("in_progress", None)):
        body = {"status": status, "reason": reason}
        moved = lead.change("PUT", f"{PATH}/status", body, of=PATH, headers=KEY)
        assert (moved.status_code, moved.json()["status"]) == (200, status)
    titled = lead.change("PATCH", PATH, {"title": "Pre-proceedings"}, headers=KEY)
    assert titled.status_code == 200
    assert lead.post(f"{PATH}/notes", NOTE, headers=KEY).status_code == 201


@one_engine
def test_a_key_that_is_none_is_malformed(live: Live) -> None:
    lead = live.client("Alice", "lead")
    for key in ("", "x" * 201, "a\tb", "sch\u00f6n".encode()):
        refused = lead.post(f"{PATH}/notes", NOTE, headers={"Idempotency-Key": key})
        assert refused.status_code == 422, key
    assert lead.all(f"{PATH}/notes") == []
