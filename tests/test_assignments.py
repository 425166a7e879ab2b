"""Assignments: who is accountable, who contributes, and what is kept of who was."""

from typing import Any

from tests.live import Client, Live, pointers

REF = "bwd-2017-sif-7"
PATH = f"/v1/recommendations/{REF}"


def release(client: Client, party: str, query: str = "?reason=Merged") -> Any:
    return client.change("DELETE", f"{PATH}/contributors/{party}{query}", of=PATH)


def kept(client: Client, ref: str = REF) -> list[tuple[str, str, bool]]:
    """Of each assignment the party, what it is, and whether it lasts."""
    rows = client.see(ref)["assignments"]
    return [(row["party"], row["role"], row["to"] is None) for row in rows]


# The owner


def test_what_nobody_owns_is_shown_as_nobodys(live: Live) -> None:
    alice = live.client("Alice", "lead")
    seen = alice.see(REF)
    assert (seen["owner"], seen["organisation"], seen["assignments"]) == (None, None, [])
    assert REF in {row["ref"] for row in alice.all("/v1/recommendations", owner="none")}


def test_the_first_owner_needs_no_reason(live: Live) -> None:
    alice = live.client("Alice", "lead")
    version = alice.see(REF)["version"]
    answer = alice.assign(REF, "bwd-council")
    assert answer.status_code == 200, answer.text
    owned = answer.json()
    assert (owned["owner"], owned["organisation"]) == ("bwd-council", "bwd-council")
    assert owned["version"] == version + 1
    assert owned["assignments"] == [
        {
            "party": "bwd-council",
            "role": "accountable",
            "from": owned["assignments"][0]["from"],
            "to": None,
            "reason": None,
            "ended_reason": None,
            "progress": None,
            "progress_note": None,
            "progress_by": None,
            "progress_at": None,
        }
    ]
    assert owned["assignments"][0]["from"].startswith("2026-11-24T12:00")
    change = alice.history(REF)[-1]
    assert change["action"] == "recommendation:owner:assigned"
    assert (change["before"]["owner"], change["after"]["owner"]) == (None, "bwd-council")


def test_a_change_of_owner_ends_what_was_and_keeps_its_reason(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.assign(REF, "bwd-council", reason="The 2017 report says so")
    live.register.clock.advance(days=10)
    owned = alice.assign(REF, "lsc-icb", reason="Health leads on it now").json()
    assert owned["owner"] == "lsc-icb"
    assert kept(alice) == [("bwd-council", "accountable", False), ("lsc-icb", "accountable", True)]
    ended, began = owned["assignments"]
    assert ended["reason"] == "The 2017 report says so"
    assert ended["ended_reason"] == began["reason"] == "Health leads on it now"
    assert ended["to"] == began["from"]
    assert ended["to"].startswith("2026-12-04")
    assert alice.history(REF)[-1]["reason"] == "Health leads on it now"


def test_a_change_of_owner_may_leave_its_reason_out(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.assign(REF, "bwd-council")
    assert alice.assign(REF, "lsc-icb").json()["owner"] == "lsc-icb"
    assert alice.history(REF)[-1]["reason"] is None


def test_nobody_is_accountable_any_more_once_the_owner_is_taken_away(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.assign(REF, "bwd-council")
    gone = alice.assign(REF, None, reason="Assigned by mistake").json()
    assert (gone["owner"], gone["organisation"]) == (None, None)
    assert kept(alice) == [("bwd-council", "accountable", False)]
    assert gone["assignments"][0]["ended_reason"] == "Assigned by mistake"
    assert alice.history(REF)[-1]["action"] == "recommendation:owner:removed"


def test_the_party_is_always_named_or_null(live: Live) -> None:
    alice = live.client("Alice", "lead")
    for body, pointer in (
        ({}, "/party"),
        ({"party": ""}, "/party"),
        ({"party": "nobody-at-all"}, "/party"),
        ({"party": "bwd-council", "owner": "bwd-council"}, "/owner"),
    ):
        refused = alice.change("PUT", f"{PATH}/owner", body, of=PATH)
        assert refused.status_code == 422, body
        assert pointers(refused) == [pointer]


def test_the_same_owner_again_changes_nothing(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.assign(REF, "bwd-council")
    before, changes = alice.see(REF), alice.history(REF)
    assert alice.assign(REF, "bwd-council").json() == before
    assert alice.assign(REF, "bwd-council", reason="To be sure").json() == before
    assert alice.history(REF) == changes


def test_exactly_one_is_accountable_whoever_was(live: Live) -> None:
    alice = live.client("Alice", "lead")
    parties = ["bwd-council", "lsc-icb", "bwd-council", None, "bwd-schools", "bwd-council"]
    for party in parties:
        live.register.clock.advance(days=1)
        assert alice.assign(REF, party, reason="As agreed").status_code == 200
        lasting = [row for row in kept(alice) if row[2]]
        assert lasting == ([(party, "accountable", True)] if party else [])
    assert [row[0] for row in kept(alice)] == [party for party in parties if party]


def test_of_two_who_assign_at_once_one_is_told(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    read = alice.get(PATH).headers["ETag"]
    first = alice.send("PUT", f"{PATH}/owner", {"party": "bwd-council"}, match=read)
    second = bob.send("PUT", f"{PATH}/owner", {"party": "lsc-icb", "reason": "Ours"}, match=read)
    assert (first.status_code, second.status_code) == (200, 412)
    assert bob.send("PUT", f"{PATH}/owner", {"party": "bwd-council"}).status_code == 428
    assert kept(alice) == [("bwd-council", "accountable", True)]


def test_lists_find_what_a_party_and_what_an_organisation_owns(live: Live) -> None:
    alice = live.client("Alice", "lead")
    post = {"slug": "bwd-dcs", "name": "Director of Children's Services", "kind": "post"}
    alice.post("/v1/parties", post | {"organisation": "bwd-council"})
    alice.assign(REF, "bwd-dcs")
    alice.assign("bwd-2017-sif-6", "bwd-council")

    def found(**filters: str) -> set[str]:
        return {row["ref"] for row in alice.all("/v1/recommendations", **filters)}

    assert found(owner="bwd-dcs") == {REF}
    assert found(owner="bwd-council") == {"bwd-2017-sif-6"}
    assert found(organisation="bwd-council") == {REF, "bwd-2017-sif-6"}
    board = {f"bwd-2017-lscb-{number}" for number in (1, 2, 3)}
    assert found(owner="pan-lancashire-csap") == board
    assert found(owner="bwd-lscb") == set()


# Contributors


def test_contributors_come_and_go_and_are_remembered(live: Live) -> None:
    alice = live.client("Alice", "lead")
    answer = alice.contribute(REF, "lsc-icb", reason="Runs the placements")
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == PATH
    assert answer.json()["contributors"] == ["lsc-icb"]
    live.register.clock.advance(days=1)
    assert alice.contribute(REF, "bwd-schools").json()["contributors"] == ["bwd-schools", "lsc-icb"]
    live.register.clock.advance(days=1)

    left = release(alice, "lsc-icb", "?reason=No%20placements%20any%20more")
    assert left.status_code == 200, left.text
    assert left.json()["contributors"] == ["bwd-schools"]
    live.register.clock.advance(days=1)
    assert alice.contribute(REF, "lsc-icb").json()["contributors"] == ["bwd-schools", "lsc-icb"]

    assert kept(alice) == [
        ("lsc-icb", "contributor", False),
        ("bwd-schools", "contributor", True),
        ("lsc-icb", "contributor", True),
    ]
    ended = alice.see(REF)["assignments"][0]
    assert ended["reason"] == "Runs the placements"
    assert ended["ended_reason"] == "No placements any more"
    assert [change["action"].split(":", 1)[1] for change in alice.history(REF)[-4:]] == [
        "contributor:added",
        "contributor:added",
        "contributor:removed",
        "contributor:added",
    ]
    assert alice.see(REF)["owner"] is None


def test_a_contributor_is_added_once(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.contribute(REF, "lsc-icb")
    assert alice.contribute(REF, "lsc-icb").status_code == 409
    assert alice.see(REF)["contributors"] == ["lsc-icb"]


def test_a_contributor_is_a_party_of_the_register(live: Live) -> None:
    alice = live.client("Alice", "lead")
    refused = alice.contribute(REF, "nobody-at-all")
    assert refused.status_code == 422
    assert pointers(refused) == ["/party"]


def test_a_contributor_leaves_with_a_reason(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.contribute(REF, "lsc-icb")
    for query in ("", "?reason=", "?reason=%20"):
        silent = release(alice, "lsc-icb", query)
        assert silent.status_code == 422, query
        assert pointers(silent) == ["/reason"]
    assert release(alice, "lsc-icb", "?reason=Merged&why=so").status_code == 422
    assert alice.see(REF)["contributors"] == ["lsc-icb"]


def test_who_does_not_contribute_cannot_be_released(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.assign(REF, "bwd-council")
    for party in ("bwd-council", "lsc-icb", "nobody-at-all"):
        assert release(alice, party).status_code == 404


def test_changes_of_contributors_name_the_version_that_they_were_made_on(live: Live) -> None:
    alice = live.client("Alice", "lead")
    read = alice.get(PATH).headers["ETag"]
    assert alice.send("POST", f"{PATH}/contributors", {"party": "lsc-icb"}).status_code == 428
    added = alice.send("POST", f"{PATH}/contributors", {"party": "lsc-icb"}, match=read)
    assert added.status_code == 201
    stale = alice.send("DELETE", f"{PATH}/contributors/lsc-icb?reason=Merged", match=read)
    assert stale.status_code == 412
    fresh = added.headers["ETag"]
    left = alice.send("DELETE", f"{PATH}/contributors/lsc-icb?reason=Merged", match=fresh)
    assert left.status_code == 200


def test_leads_assign_and_nobody_below(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.assign(REF, "bwd-council")
    live.register.clock.advance(minutes=1)
    alice.contribute(REF, "lsc-icb")
    for role in ("viewer", "contributor"):
        charlie = live.client(f"A {role}", role, "bwd-council")
        assert charlie.assign(REF, "lsc-icb", reason="Theirs").status_code == 403
        assert charlie.contribute(REF, "bwd-schools").status_code == 403
        assert release(charlie, "lsc-icb").status_code == 403
    assert kept(alice) == [("bwd-council", "accountable", True), ("lsc-icb", "contributor", True)]
