"""Links: proposing and reviewing what a later recommendation takes up, and the laws they obey."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.live import Client, Live, pointers

LATER, EARLIER = "bwd-2023-jtai-1", "bwd-2017-sif-7"
"""The seed has no link between the two."""


def kind_of(refused: httpx.Response) -> str:
    """The problem type of a conflict."""
    assert refused.status_code == 409, refused.text
    name: str = refused.json()["type"]
    return name.rpartition("#")[2]


def undated(client: Client, *slugs: str) -> list[str]:
    """Recommendations of inspections of which no date is known."""
    for slug in slugs:
        client.inspect(slug)
    return [client.enter(slug)["ref"] for slug in slugs]


# Proposing


def test_a_link_is_proposed_and_waits_for_a_person(live: Live) -> None:
    alice = live.client("Alice", "lead")
    said: dict[str, Any] = {
        "later": LATER,
        "earlier": EARLIER,
        "kind": "broadens",
        "basis": "machine",
        "rationale": "Half of the words are the same",
        "strength": "partial",
        "citations": [
            {
                "source": "bwd-2023-press-release",
                "locator": "second list",
                "quote": "children's voices",
                "transcription": "reported",
            }
        ],
    }
    answer = alice.post("/v1/links", said)
    assert answer.status_code == 201, answer.text
    link = answer.json()
    assert {name: link[name] for name in said} == said
    assert (link["state"], link["inverse"]) == ("proposed", "broadened_by")
    assert (link["asserted_by"], link["reviewed_by"], link["reviewed_at"]) == ("Alice", None, None)
    assert link["asserted_at"].startswith("2026-11-24T12:00")
    assert link["order_certain"] is True
    assert answer.headers["Location"] == f"/v1/links/{link['id']}"
    assert alice.get(answer.headers["Location"]).json() == link
    for end in (LATER, EARLIER):
        assert link in alice.see(end)["links"]
    assert alice.see(EARLIER)["times_reraised"] == 0
    assert alice.see(EARLIER)["lineage"] is None


CANNOT_BE_TAKEN: list[tuple[dict[str, Any], str]] = [
    ({"later": "bwd-2023-jtai-99"}, "/later"),
    ({"earlier": "bwd-2017-sif-99"}, "/earlier"),
    ({"earlier": "the one on care leavers"}, "/earlier"),
    ({"kind": "contradicts"}, "/kind"),
    ({"basis": "hearsay"}, "/basis"),
    ({"strength": "total"}, "/strength"),
    ({"rationale": " "}, "/rationale"),
    ({"rationale": None}, "/rationale"),
    ({"citations": [{"source": "no-such-source"}]}, "/citations/0/source"),
    ({"state": "confirmed"}, "/state"),
]


def test_a_link_that_cannot_be_taken_is_refused_by_name_of_the_field(live: Live) -> None:
    alice = live.client("Alice", "lead")
    before = alice.all("/v1/links")
    for change, pointer in CANNOT_BE_TAKEN:
        refused = alice.propose(**({"later": LATER, "earlier": EARLIER} | change))
        assert refused.status_code == 422, (change, refused.text)
        assert pointers(refused) == [pointer], change
    assert alice.all("/v1/links") == before


def test_leads_propose_and_review_and_nobody_below(live: Live) -> None:
    link = live.client("Alice", "lead").propose(LATER, EARLIER).json()
    for role in ("viewer", "contributor"):
        charlie = live.client(f"A {role}", role, "bwd-council")
        assert charlie.propose(LATER, EARLIER, "broadens").status_code == 403
        assert charlie.judge(link["id"], "confirmed").status_code == 403
    stranger = live.anonymous()
    assert stranger.propose(LATER, EARLIER, "broadens").status_code == 401
    seen = stranger.get(f"/v1/links/{link['id']}").json()
    assert (seen["rationale"], seen["asserted_by"]) == (link["rationale"], None)
    assert stranger.get("/v1/links/ln_0123456789abcdef").status_code == 404


# Reviewing


def test_a_person_confirms_with_name_and_time(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    link = alice.propose(LATER, EARLIER).json()
    live.register.clock.advance(hours=2)
    answer = bob.judge(link["id"], "confirmed")
    assert answer.status_code == 200, answer.text
    confirmed = answer.json()
    assert (confirmed["state"], confirmed["reviewed_by"]) == ("confirmed", "Bob")
    assert confirmed["reviewed_at"].startswith("2026-11-24T14:00")
    assert confirmed["version"] == 2
    assert bob.get(f"/v1/links/{link['id']}").json() == confirmed
    assert bob.see(EARLIER)["times_reraised"] == 1


def test_a_rejection_needs_a_reason(live: Live) -> None:
    alice = live.client("Alice", "lead")
    link = alice.propose(LATER, EARLIER).json()
    silent = alice.judge(link["id"], "rejected")
    assert silent.status_code == 422
    assert pointers(silent) == ["/reason"]
    rejected = alice.judge(link["id"], "rejected", reason="Care leavers are not meant").json()
    assert rejected["state"] == "rejected"
    assert rejected["review_reason"] == "Care leavers are not meant"
    assert alice.see(EARLIER)["times_reraised"] == 0


def test_a_review_is_changed_with_a_reason_only(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    link = alice.link(LATER, EARLIER)
    for state in ("confirmed", "rejected"):
        silent = bob.judge(link["id"], state)
        assert silent.status_code == 422
        assert pointers(silent) == ["/reason"]
    rejected = bob.judge(link["id"], "rejected", reason="Another concern").json()
    assert (rejected["state"], rejected["reviewed_by"]) == ("rejected", "Bob")
    assert alice.see(EARLIER)["lineage"] is None
    back = bob.judge(link["id"], "confirmed", reason="The same after all").json()
    assert back["state"] == "confirmed"
    assert alice.see(EARLIER)["lineage"] == EARLIER


def test_a_review_says_confirmed_or_rejected(live: Live) -> None:
    alice = live.client("Alice", "lead")
    link = alice.propose(LATER, EARLIER).json()
    for state in ("proposed", "maybe"):
        refused = alice.judge(link["id"], state, reason="Later")
        assert refused.status_code == 422
        assert pointers(refused) == ["/state"]


def test_a_review_names_the_version_that_it_read(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    link = alice.propose(LATER, EARLIER).json()
    path = f"/v1/links/{link['id']}"
    read = bob.get(path).headers["ETag"]
    assert bob.send("PUT", f"{path}/review", {"state": "confirmed"}).status_code == 428
    alice.judge(link["id"], "rejected", reason="Another concern")
    late = {"state": "confirmed", "reason": "The same"}
    assert bob.send("PUT", f"{path}/review", late, match=read).status_code == 412


def test_what_was_rejected_cannot_be_proposed_again_by_anybody(live: Live) -> None:
    alice = live.client("Alice", "lead")
    link = alice.propose(LATER, EARLIER, basis="machine").json()
    alice.judge(link["id"], "rejected", reason="Another concern")
    for basis in ("machine", "analyst", "stated_by_inspector"):
        again = alice.propose(LATER, EARLIER, basis=basis)
        assert kind_of(again) == "already-exists"
        assert "rejected" in again.json()["detail"]
    assert alice.get(f"/v1/links/{link['id']}").json()["state"] == "rejected"


def test_both_ends_remember_all_that_happened_to_a_link(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    link = alice.propose(LATER, EARLIER).json()
    bob.judge(link["id"], "confirmed")
    bob.judge(link["id"], "rejected", reason="Another concern")
    for end in (LATER, EARLIER):
        changes = [
            change
            for change in alice.history(end)
            if (change["after"] or {}).get("link") == link["id"]
        ]
        assert [(change["action"], change["actor"], change["reason"]) for change in changes] == [
            ("recommendation:link:proposed", "Alice", None),
            ("recommendation:link:confirmed", "Bob", None),
            ("recommendation:link:rejected", "Bob", "Another concern"),
        ]
        for change in changes:
            assert (change["after"]["later"], change["after"]["earlier"]) == (LATER, EARLIER)
        assert changes[2]["before"]["state"] == "confirmed"


# The laws


def test_nothing_is_linked_to_itself(live: Live) -> None:
    alice = live.client("Alice", "lead")
    for kind in ("reiterates", "relates_to"):
        assert kind_of(alice.propose(LATER, LATER, kind)) == "link-refused"


def test_two_have_one_link_of_a_kind_whichever_way(live: Live) -> None:
    alice = live.client("Alice", "lead")
    one, other = undated(alice, "bwd-visit-a", "bwd-visit-b")
    for kind in ("relates_to", "narrows"):
        assert alice.propose(one, other, kind).status_code == 201
        assert kind_of(alice.propose(one, other, kind)) == "already-exists"
        assert kind_of(alice.propose(other, one, kind)) == "already-exists"
    assert alice.propose(one, other, "broadens").status_code == 201


def test_lineage_does_not_point_forward_in_time(live: Live) -> None:
    alice = live.client("Alice", "lead")
    for kind in ("reiterates", "broadens", "narrows", "supersedes"):
        assert kind_of(alice.propose(EARLIER, LATER, kind)) == "link-refused"
    # Being related has no direction in time.
    assert alice.propose(EARLIER, LATER, "relates_to").status_code == 201


def test_where_dates_do_not_say_which_came_first_the_link_is_taken_and_flagged(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.inspect("bwd-visit-a")
    alice.inspect("bwd-visit-b", published="2017")
    alice.inspect("bwd-visit-c", published="XXXX-03")
    alice.inspect("bwd-visit-d", fieldwork="2018-01")
    alice.enter("bwd-2017-sif", 77)
    certain = {}
    for slug in ("bwd-visit-a", "bwd-visit-b", "bwd-visit-c", "bwd-visit-d"):
        ref = alice.enter(slug)["ref"]
        certain[slug] = alice.propose(ref, EARLIER).json()["order_certain"]
    certain["same inspection"] = alice.propose("bwd-2017-sif-77", EARLIER).json()["order_certain"]
    assert certain == {
        "bwd-visit-a": False,  # no date at all
        "bwd-visit-b": False,  # some day of 2017; the other on 8 December
        "bwd-visit-c": False,  # the year is not known
        "bwd-visit-d": True,  # inspectors were there after the other was published
        "same inspection": False,
    }


def test_a_date_that_becomes_known_makes_the_order_certain(live: Live) -> None:
    alice = live.client("Alice", "lead")
    (ref,) = undated(alice, "bwd-visit-a")
    link = alice.propose(ref, EARLIER).json()
    assert link["order_certain"] is False
    alice.change("PATCH", "/v1/inspections/bwd-visit-a", {"published": "2019-05"})
    assert alice.get(f"/v1/links/{link['id']}").json()["order_certain"] is True
    alice.change("PATCH", "/v1/inspections/bwd-visit-a", {"published": None})
    assert alice.get(f"/v1/links/{link['id']}").json()["order_certain"] is False


def test_a_date_that_turns_a_confirmed_link_round_is_refused_while_it_stands(live: Live) -> None:
    alice = live.client("Alice", "lead")
    (ref,) = undated(alice, "bwd-visit-a")
    link = alice.link(ref, EARLIER)
    path = "/v1/inspections/bwd-visit-a"
    assert kind_of(alice.change("PATCH", path, {"published": "2016"})) == "link-refused"
    assert alice.get(path).json()["published"] is None

    alice.judge(link["id"], "rejected", reason="It came first")
    assert alice.change("PATCH", path, {"published": "2016"}).status_code == 200
    again = alice.judge(link["id"], "confirmed", reason="It did not")
    assert kind_of(again) == "link-refused"
    assert alice.get(f"/v1/links/{link['id']}").json()["state"] == "rejected"


def test_a_proposed_link_hinders_no_correction_but_is_not_confirmed_after_it(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.inspect("bwd-visit-a", published="2019")
    link = alice.propose(alice.enter("bwd-visit-a")["ref"], EARLIER, basis="machine").json()
    path = "/v1/inspections/bwd-visit-a"
    assert alice.change("PATCH", path, {"published": "2016"}).status_code == 200
    assert alice.get(f"/v1/links/{link['id']}").json()["order_certain"] is False
    assert kind_of(alice.judge(link["id"], "confirmed")) == "link-refused"
    rejected = alice.judge(link["id"], "rejected", reason="It came first")
    assert rejected.status_code == 200


def test_lineage_has_no_circle(live: Live) -> None:
    alice = live.client("Alice", "lead")
    a, b, c = undated(alice, "bwd-visit-a", "bwd-visit-b", "bwd-visit-c")
    alice.link(c, b, "reiterates")
    alice.link(b, a, "broadens")
    for kind in ("supersedes", "narrows", "broadens", "reiterates"):
        assert kind_of(alice.propose(a, c, kind)) == "link-refused"
    assert kind_of(alice.propose(a, b, "narrows")) == "link-refused"
    assert alice.propose(c, a, "narrows").status_code == 201
    assert alice.propose(a, c, "relates_to").status_code == 201


def test_links_that_are_only_proposed_close_no_circle_either(live: Live) -> None:
    alice = live.client("Alice", "lead")
    a, b = undated(alice, "bwd-visit-a", "bwd-visit-b")
    proposed = alice.propose(b, a).json()
    assert kind_of(alice.propose(a, b, "narrows")) == "link-refused"
    alice.judge(proposed["id"], "rejected", reason="The other way round")
    assert alice.propose(a, b, "narrows").status_code == 201


def test_confirming_again_closes_no_circle_either(live: Live) -> None:
    alice = live.client("Alice", "lead")
    a, b, c = undated(alice, "bwd-visit-a", "bwd-visit-b", "bwd-visit-c")
    first = alice.link(b, a)
    alice.judge(first["id"], "rejected", reason="Another concern")
    alice.link(a, c)
    second = alice.link(c, b)
    circle = alice.judge(first["id"], "confirmed", reason="The same after all")
    assert kind_of(circle) == "link-refused"
    alice.judge(second["id"], "rejected", reason="Another concern")
    again = alice.judge(first["id"], "confirmed", reason="The same after all")
    assert again.status_code == 200


# Lists and places


def test_links_are_listed_page_by_page_and_found_by_end_state_kind_and_basis(live: Live) -> None:
    alice = live.client("Alice", "lead")
    live.register.clock.advance(minutes=1)
    mine = alice.propose(LATER, EARLIER, "narrows", basis="machine").json()
    everything = alice.all("/v1/links", limit=4)
    assert len(everything) == 18
    assert everything[-1] == mine
    assert everything == alice.all("/v1/links", limit=500)

    def found(**filters: Any) -> list[dict[str, Any]]:
        return alice.all("/v1/links", **filters)

    assert found(recommendation=EARLIER) == found(kind="narrows") == found(basis="machine")
    assert found(basis="machine") == [mine]
    assert [one["earlier"] for one in found(state="confirmed")] == ["bwd-2017-sif-4"]
    two = found(recommendation=["bwd-2010-unannounced-1", "bwd-2010-unannounced-2"])
    assert {one["later"] for one in two} == {"bwd-2023-jtai-2", "bwd-2023-jtai-3"}
    assert found(recommendation=LATER, state="rejected") == []


def test_the_seeds_stated_link_is_confirmed_by_no_reviewer_and_the_rest_wait(live: Live) -> None:
    links = live.client("Alice", "lead").all("/v1/links")
    stated = [link for link in links if link["basis"] == "stated_by_inspector"]
    assert [(link["state"], link["reviewed_by"]) for link in stated] == [("confirmed", None)]
    assert {link["state"] for link in links if link["basis"] != "stated_by_inspector"} == {
        "proposed"
    }
    assert all(link["order_certain"] for link in links if link["kind"] != "relates_to")


def test_links_join_recommendations_of_one_place_and_are_seen_there_only(live: Live) -> None:
    alice = live.client("Alice", "lead")
    for slug in ("rossendale-2022-visit", "rossendale-2024-visit"):
        published = f"{slug[11:15]}-02-01"
        alice.inspect(slug, place="rossendale", published=published)
    first = alice.enter("rossendale-2022-visit")["ref"]
    there = alice.enter("rossendale-2024-visit")["ref"]
    across = alice.propose(there, EARLIER, "relates_to")
    assert across.status_code == 409
    assert "of one place" in across.json()["detail"]
    link = alice.link(there, first)

    bob = live.client("Bob", "lead", places=["blackburn-with-darwen"])
    assert len(bob.all("/v1/links")) == 17
    path = f"/v1/links/{link['id']}"
    assert bob.get(path).status_code == 404
    body = {"state": "rejected", "reason": "Not ours"}
    assert bob.send("PUT", f"{path}/review", body, match="*").status_code == 404
    unknown = bob.propose(there, EARLIER, "broadens")
    assert unknown.status_code == 422
    assert pointers(unknown) == ["/later"]
    assert alice.get(path).json()["state"] == "confirmed"


def test_reviews_and_other_work_on_the_same_pair_never_wait_in_a_circle(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    first, second = "bwd-2017-sif-3", "bwd-2023-jtai-2"
    path = f"/v1/links/{alice.propose(second, first, 'broadens').json()['id']}"
    body = {"title": "Together", "recommendations": [first, second]}

    def review(turn: int) -> int:
        state = "confirmed" if turn % 2 else "rejected"
        return alice.send(
            "PUT", f"{path}/review", {"state": state, "reason": "Again"}, match="*"
        ).status_code

    with ThreadPoolExecutor(4) as pool:
        reviews = pool.map(review, range(12))
        plans = pool.map(lambda _: bob.post("/v1/actions", body).status_code, range(24))
        assert (set(reviews), set(plans)) == ({200}, {201})
