"""Errata: a transcription is corrected with reason and citation, and both texts stay readable."""

from itertools import pairwise
from typing import Any

import httpx

from app.domain import errata
from tests.live import Client, Live, pointers

REF = "bwd-2017-sif-7"
PATH = f"/v1/recommendations/{REF}"
TEXT = "Improve work experience and apprenticeship opportunities for all care leavers."
CITATION = {"source": "bwd-2017-report", "locator": "page 4", "quote": TEXT}
GIVEN: dict[str, Any] = {
    "text": TEXT,
    "reason": "A word was left out when it was typed",
    "citation": CITATION,
}


def correct(client: Client, ref: str = REF, **more: Any) -> httpx.Response:
    path = f"/v1/recommendations/{ref}"
    return client.change("POST", f"{path}/errata", GIVEN | more, of=path)


def test_the_text_is_corrected_and_both_stay_readable(live: Live) -> None:
    alice = live.client("Alice", "lead")
    old = alice.see(REF)
    answer = correct(alice)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == PATH
    seen = alice.get(PATH)
    assert (answer.content, answer.headers["ETag"]) == (seen.content, seen.headers["ETag"])
    new = seen.json()
    assert (new["text"], new["version"]) == (TEXT, old["version"] + 1)
    assert new["title"] == old["title"], "a title of our own stays"
    assert new["errata"] == [
        {
            "before": old["text"],
            "after": TEXT,
            "reason": GIVEN["reason"],
            "citation": CITATION | {"transcription": "verbatim"},
            "recorded_by": "Alice",
            "recorded_at": new["updated_at"],
        }
    ]
    change = alice.history(REF)[-1]
    assert change["action"] == "recommendation:erratum:recorded"
    assert change["before"] == {"text": old["text"]}
    assert change["after"] == {"text": TEXT, "citation": CITATION | {"transcription": "verbatim"}}
    assert (change["reason"], change["actor"]) == (GIVEN["reason"], "Alice")


def test_several_errata_are_read_oldest_first(live: Live) -> None:
    alice = live.client("Alice", "lead")
    texts = [alice.see(REF)["text"], "First.", "Second.", "Third."]
    for text in texts[1:]:
        live.register.clock.advance(days=1)
        assert correct(alice, text=text).status_code == 201
    listed = alice.see(REF)["errata"]
    assert [(one["before"], one["after"]) for one in listed] == list(pairwise(texts))
    with live.register.read() as session:
        refs = [REF, "bwd-2017-sif-1", *(f"nowhere-{number}" for number in range(1000))]
        assert errata.earlier_texts(session, refs) == {REF: set(texts[:-1])}


def test_lists_and_searches_have_the_corrected_text(live: Live) -> None:
    alice = live.client("Alice", "lead")
    assert correct(alice, text="Offer placements to care leavers.").status_code == 201
    rows = {row["ref"]: row for row in alice.all("/v1/recommendations")}
    assert rows[REF]["text"] == "Offer placements to care leavers."
    found = {word: alice.all("/v1/recommendations", q=word) for word in ("placem", "opportunit")}
    assert [row["ref"] for row in found["placem"]] == [REF]
    assert REF not in [row["ref"] for row in found["opportunit"]]


def test_a_title_that_was_made_of_the_text_follows(live: Live) -> None:
    alice = live.client("Alice", "lead")
    made = alice.enter("bwd-2025-ilacs", 1, text="Improve the tmieliness of visits.")
    assert made["title"] == made["text"]
    text = f"Improve the timeliness of visits to {'many ' * 20}children."
    new = correct(alice, made["ref"], text=text).json()
    assert new["title"].startswith("Improve the timeliness of visits to many")
    assert len(new["title"]) <= 80
    change = alice.history(made["ref"])[-1]
    assert change["before"]["title"] == made["title"]
    assert change["after"]["title"] == new["title"]
    assert alice.amend(made["ref"], title="Timely visits").status_code == 200
    again = correct(alice, made["ref"], text="Improve how timely visits are.").json()
    assert again["title"] == "Timely visits"
    assert set(alice.history(made["ref"])[-1]["after"]) == {"text", "citation"}


def test_the_same_text_is_a_conflict_and_nothing_is_recorded(live: Live) -> None:
    alice = live.client("Alice", "lead")
    seen = alice.see(REF)
    refused = correct(alice, text=seen["text"])
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("#conflict")
    assert alice.see(REF) == seen


def test_what_an_erratum_needs(live: Live) -> None:
    alice = live.client("Alice", "lead")
    for wrong, pointer in (
        ({"text": " "}, "/text"),
        ({"reason": ""}, "/reason"),
        ({"citation": None}, "/citation"),
        ({"citation": {}}, "/citation/source"),
        ({"citation": {"source": "no-such-source"}}, "/citation/source"),
        (
            {"citation": {"source": "bwd-2018-article", "transcription": "verbatim"}},
            "/citation/transcription",
        ),
        ({"title": "Another"}, "/title"),
    ):
        refused = correct(alice, **wrong)
        assert refused.status_code == 422, wrong
        assert pointers(refused) == [pointer]
    refused = alice.change("POST", f"{PATH}/errata", {}, of=PATH)
    assert sorted(pointers(refused)) == ["/citation", "/reason", "/text"]
    assert alice.see(REF)["errata"] == []


def test_refusals_come_in_the_order_of_the_contract(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "contributor", "bwd-council")
    assert alice.assign(REF, "bwd-council").status_code == 200
    same = GIVEN | {"text": alice.see(REF)["text"]}
    nowhere = "/v1/recommendations/bwd-2017-sif-99/errata"
    assert live.anonymous().post(nowhere, {}).status_code == 401
    assert bob.post(nowhere, {}).status_code == 404
    assert bob.post(f"{PATH}/errata", {}).status_code == 403
    assert alice.post(f"{PATH}/errata", {}).status_code == 422
    assert alice.post(f"{PATH}/errata", same).status_code == 428
    assert alice.send("POST", f"{PATH}/errata", same, match='"1.0-0.0"').status_code == 412
    assert alice.change("POST", f"{PATH}/errata", same, of=PATH).status_code == 409


def test_it_is_done_once_however_often_it_is_sent(live: Live) -> None:
    alice = live.client("Alice", "lead")
    key = {"Idempotency-Key": "erratum-1"}
    first = alice.change("POST", f"{PATH}/errata", GIVEN, of=PATH, headers=key)
    again = alice.post(f"{PATH}/errata", GIVEN, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert len(alice.see(REF)["errata"]) == 1


def test_strangers_read_errata_without_the_name(live: Live) -> None:
    correct(live.client("Alice", "lead"))
    (seen,) = live.anonymous().see(REF)["errata"]
    assert (seen["after"], seen["recorded_by"]) == (TEXT, None)


def test_a_past_day_has_the_title_that_it_had(live: Live) -> None:
    alice = live.client("Alice", "lead")
    made = alice.enter("bwd-2025-ilacs", 1, text="Improve the tmieliness of visits.")
    live.register.clock.advance(days=1)
    assert correct(alice, made["ref"], text="Improve the timeliness of visits.").status_code == 201
    params = {"inspection": "bwd-2025-ilacs"}
    (now,) = alice.all("/v1/recommendations", **params)
    (then,) = alice.all("/v1/recommendations", as_of="2026-11-24", **params)
    assert now["title"] == now["text"] == "Improve the timeliness of visits."
    assert then["title"] == "Improve the tmieliness of visits."
