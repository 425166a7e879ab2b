"""Moves of the status: which there are, what each demands, who may make them, and from when."""

from typing import Any

import pytest

from tests.live import Client, Live, bring, pointers

REF = "bwd-2017-sif-7"
"""On it the seed records nothing: no evidence, no link, no owner."""

STATUSES = ("open", "in_progress", "blocked", "implemented", "verified", "closed")
LEGAL = {
    "open": ["in_progress", "closed"],
    "in_progress": ["blocked", "implemented", "closed"],
    "blocked": ["in_progress", "closed"],
    "implemented": ["in_progress", "verified", "closed"],
    "verified": ["in_progress", "closed"],
    "closed": ["in_progress"],
}
"""Written down from the domain's picture, not taken from the code."""

WHY = "The audit committee asked for it"


def leads(live: Live) -> tuple[Client, Client]:
    """Alice of the council and Bob of the police."""
    return (
        live.client("Alice", "lead", "bwd-council"),
        live.client("Bob", "lead", "lancashire-police"),
    )


def told(before: str, after: str) -> dict[str, Any]:
    """What the move from `before` to `after` asks to be told."""
    if after == "closed":
        if before == "verified":
            return {"closure_reason": "implemented"}
        return {"closure_reason": "no_longer_applicable", "reason": WHY}
    needs_reason = after == "blocked" or before in ("implemented", "verified", "closed")
    return {"reason": WHY} if needs_reason and after != "verified" else {}


@pytest.mark.parametrize("before", STATUSES)
def test_what_the_table_does_not_have_is_refused_with_what_it_has(live: Live, before: str) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, before)
    stood = alice.see(REF)

    for after in STATUSES:
        if after in LEGAL[before]:
            continue
        # Charlie claimed nothing here, so nothing but the table stands against him.
        charlie = live.client("Charlie", "lead")
        refused = charlie.move(REF, after)
        assert refused.status_code == 409, (after, refused.text)
        assert refused.json()["allowed"] == LEGAL[before]
        assert "needs" not in refused.json()
    assert alice.see(REF) == stood


@pytest.mark.parametrize(
    ("before", "after"), [(before, after) for before in STATUSES for after in LEGAL[before]]
)
def test_what_the_table_has_works_with_what_it_demands(live: Live, before: str, after: str) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, before)
    if after in ("implemented", "verified"):
        bob.review(alice.attach(REF))
    version = alice.see(REF)["version"]

    moved = bob.move(REF, after, **told(before, after))
    assert moved.status_code == 200, moved.text
    assert moved.json()["status"] == after
    assert moved.json()["status_since"] == "2026-11-24"
    assert moved.json()["version"] == version + 1
    assert moved.json()["closure_reason"] == told(before, after).get("closure_reason")

    change = alice.history(REF)[-1]
    assert change["actor"] == "Bob"
    assert change["reason"] == told(before, after).get("reason")
    assert change["before"]["status"] == before
    assert change["after"]["status"] == after


def test_a_whole_life_stands_in_the_history_move_by_move(live: Live) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, "implemented")
    bob.move(REF, "in_progress", reason=WHY)
    bob.review(alice.attach(REF))
    alice.move(REF, "implemented")
    bob.move(REF, "verified")
    alice.move(REF, "closed", closure_reason="implemented")
    alice.move(REF, "in_progress", reason=WHY)
    moves = [
        (change["actor"], change["before"]["status"], change["after"]["status"])
        for change in alice.history(REF)
        if change["action"] == "recommendation:status:moved"
    ]
    assert moves == [
        ("Alice", "open", "in_progress"),
        ("Alice", "in_progress", "implemented"),
        ("Bob", "implemented", "in_progress"),
        ("Alice", "in_progress", "implemented"),
        ("Bob", "implemented", "verified"),
        ("Alice", "verified", "closed"),
        ("Alice", "closed", "in_progress"),
    ]


# What a move asks to be told


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("in_progress", "blocked"),
        ("implemented", "in_progress"),
        ("verified", "in_progress"),
        ("closed", "in_progress"),
    ],
)
def test_a_move_that_raises_the_question_why_needs_a_reason(
    live: Live, before: str, after: str
) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, before)
    silent = bob.move(REF, after)
    assert silent.status_code == 422
    assert pointers(silent) == ["/reason"]
    blank = bob.move(REF, after, reason="  ")
    assert blank.status_code == 422
    assert pointers(blank) == ["/reason"]
    assert alice.see(REF)["status"] == before


def test_closing_needs_a_closure_reason(live: Live) -> None:
    alice, _ = leads(live)
    silent = alice.move(REF, "closed", reason=WHY)
    assert silent.status_code == 422
    assert pointers(silent) == ["/closure_reason"]
    unknown = alice.move(REF, "closed", closure_reason="done_and_dusted")
    assert unknown.status_code == 422
    assert pointers(unknown) == ["/closure_reason"]


@pytest.mark.parametrize("closure", ["no_longer_applicable", "not_accepted", "risk_accepted"])
def test_closing_what_was_not_done_needs_a_reason(live: Live, closure: str) -> None:
    alice, _ = leads(live)
    more = {"review_on": "2027-05-01"} if closure == "risk_accepted" else {}
    silent = alice.move(REF, "closed", closure_reason=closure, **more)
    assert silent.status_code == 422
    assert pointers(silent) == ["/reason"]

    closed = alice.move(REF, "closed", closure_reason=closure, reason=WHY, **more)
    assert closed.status_code == 200, closed.text
    assert closed.json()["closure_reason"] == closure
    assert closed.json()["review_on"] == more.get("review_on")


def test_an_accepted_risk_needs_the_day_of_its_review(live: Live) -> None:
    alice, _ = leads(live)
    silent = alice.move(REF, "closed", closure_reason="risk_accepted", reason=WHY)
    assert silent.status_code == 422
    assert pointers(silent) == ["/review_on"]


def test_all_that_is_missing_is_named_at_once(live: Live) -> None:
    alice, _ = leads(live)
    silent = alice.move(REF, "closed", closure_reason="risk_accepted")
    assert silent.status_code == 422
    assert pointers(silent) == ["/reason", "/review_on"]


def test_what_does_not_belong_to_a_move_is_refused(live: Live) -> None:
    alice, _ = leads(live)
    evidence = alice.attach(REF)
    for field, value in (
        ("closure_reason", "implemented"),
        ("review_on", "2027-05-01"),
        ("evidence", [evidence["id"]]),
        ("text", "Other words"),
    ):
        refused = alice.move(REF, "in_progress", **{field: value})
        assert refused.status_code == 422, field
        assert pointers(refused) == [f"/{field}"]
    assert alice.see(REF)["status"] == "open"


def test_a_status_that_there_is_not_is_refused_by_name_of_the_field(live: Live) -> None:
    alice, _ = leads(live)
    refused = alice.move(REF, "nearly_done")
    assert refused.status_code == 422
    assert pointers(refused) == ["/status"]
    assert "nearly_done" not in refused.text


# What a claim demands


def test_a_claim_needs_evidence(live: Live) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, "in_progress")
    bare = alice.move(REF, "implemented")
    assert bare.status_code == 409
    assert bare.json()["allowed"] == LEGAL["in_progress"]
    assert "evidence that supports it" in bare.json()["needs"][0]
    assert alice.see(REF)["status"] == "in_progress"


def test_evidence_that_does_not_count_carries_no_claim(live: Live) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, "in_progress")
    alice.attach(REF, bearing="mixed")
    alice.attach(REF, bearing="undermines")
    alice.attach(REF, valid_until="2026-11-23")
    rejected = alice.attach(REF)
    bob.review(rejected, "rejected", reason="Two cases are no sample")
    replaced = alice.attach(REF)
    withdrawn = alice.attach(REF, supersedes=replaced["id"])
    path = f"/v1/evidence/{withdrawn['id']}"
    alice.change("POST", f"{path}/withdrawal", {"reason": "Wrong file"}, of=path)
    assert [piece["counts"] for piece in alice.see(REF)["evidence"]] == [False] * 6

    assert alice.move(REF, "implemented").status_code == 409
    named = alice.move(REF, "implemented", evidence=[rejected["id"]])
    assert named.status_code == 409

    alice.attach(REF, level="activity", valid_until="2026-11-24")
    assert alice.move(REF, "implemented").status_code == 200


def test_a_claim_names_evidence_of_its_own_recommendation(live: Live) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, "in_progress")
    own = alice.attach(REF)
    other = alice.attach("bwd-2017-sif-6")
    refused = alice.move(REF, "implemented", evidence=[own["id"], other["id"]])
    assert refused.status_code == 422
    assert pointers(refused) == ["/evidence/1"]
    assert alice.move(REF, "implemented", evidence=[own["id"]]).status_code == 200
    assert alice.history(REF)[-1]["after"]["evidence"] == [own["id"]]


def test_a_refused_claim_needs_new_evidence(live: Live) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, "implemented")
    bob.move(REF, "in_progress", reason="The sample is from before the change")

    again = alice.move(REF, "implemented")
    assert again.status_code == 409
    assert "since the last refusal or reopening" in again.json()["needs"][0]

    live.register.clock.advance(days=7)
    fresh = alice.attach(REF)
    assert alice.move(REF, "implemented").status_code == 200
    assert alice.history(REF)[-1]["after"]["evidence"] == [fresh["id"]]


@pytest.mark.parametrize("before", ["verified", "closed"])
def test_what_was_reopened_needs_new_evidence(live: Live, before: str) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, before)
    alice.move(REF, "in_progress", reason="It was named again")
    assert alice.move(REF, "implemented").status_code == 409
    alice.attach(REF)
    assert alice.move(REF, "implemented").status_code == 200


# What a verification demands


def test_a_verification_needs_accepted_outcome_evidence(live: Live) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, "in_progress")
    outcome = alice.attach(REF)
    activity = alice.attach(REF, level="activity")
    bob.review(activity)
    alice.move(REF, "implemented")

    for reason in ({}, {"reason": "No outcome can exist"}):
        early = bob.move(REF, "verified", **reason)
        assert early.status_code == 409
        assert early.json()["allowed"] == LEGAL["implemented"]
        assert "accepted evidence of level outcome" in early.json()["needs"][0]

    bob.review(outcome)
    verified = bob.move(REF, "verified")
    assert verified.status_code == 200
    assert verified.json()["verified_on"] == "outcome"
    assert alice.history(REF)[-1]["after"]["evidence"] == [outcome["id"]]


def test_accepted_outcome_evidence_that_undermines_or_has_expired_verifies_nothing(
    live: Live,
) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, "in_progress")
    alice.attach(REF, level="activity")
    bob.review(alice.attach(REF, valid_until="2026-12-01"))
    bob.review(alice.attach(REF, bearing="undermines"))
    alice.move(REF, "implemented")
    live.register.clock.advance(days=8)
    assert bob.move(REF, "verified").status_code == 409


def test_verification_on_output_needs_a_reason_and_is_shown_as_such(live: Live) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, "in_progress")
    bob.review(alice.attach(REF, level="output"))
    alice.move(REF, "implemented")

    silent = bob.move(REF, "verified")
    assert silent.status_code == 409
    assert "a reason why no outcome can exist" in silent.json()["needs"][0]

    verified = bob.move(REF, "verified", reason="A report's timing has no outcome of its own")
    assert verified.status_code == 200
    assert verified.json()["verified_on"] == "output"
    closed = alice.move(REF, "closed", closure_reason="implemented")
    assert closed.json()["verified_on"] == "output"
    reopened = alice.move(REF, "in_progress", reason=WHY)
    assert reopened.json()["verified_on"] is None


def test_a_reason_does_not_make_an_output_of_an_outcome(live: Live) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, "in_progress")
    bob.review(alice.attach(REF))
    bob.review(alice.attach(REF, level="output"))
    alice.move(REF, "implemented")
    assert bob.move(REF, "verified", reason=WHY).json()["verified_on"] == "outcome"


# Two people


def test_nobody_verifies_what_they_claimed_whatever_their_role(live: Live) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, "implemented")
    bob.review(alice.see(REF)["evidence"][0])

    assert alice.move(REF, "verified").status_code == 403
    second_token = live.client("Alice", "admin")
    assert second_token.move(REF, "verified").status_code == 403
    assert bob.move(REF, "verified").status_code == 200


def test_the_two_person_rule_follows_the_latest_claim(live: Live) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, "implemented")
    bob.move(REF, "in_progress", reason=WHY)
    evidence = bob.attach(REF)
    alice.review(evidence)
    bob.move(REF, "implemented")

    assert bob.move(REF, "verified").status_code == 403
    assert alice.move(REF, "verified").status_code == 200


def test_one_may_refuse_or_close_what_one_claimed(live: Live) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, "implemented")
    assert alice.move(REF, "in_progress", reason="I claimed too early").status_code == 200
    alice.attach(REF)
    alice.move(REF, "implemented")
    closed = alice.move(REF, "closed", closure_reason="no_longer_applicable", reason=WHY)
    assert closed.status_code == 200


# Closing


@pytest.mark.parametrize("before", ["open", "in_progress", "blocked", "implemented"])
def test_only_what_was_verified_is_closed_as_implemented(live: Live, before: str) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, before)
    early = bob.move(REF, "closed", closure_reason="implemented")
    assert early.status_code == 409
    assert early.json()["allowed"] == LEGAL[before]
    assert "to be verified first" in early.json()["needs"][0]


def test_what_was_verified_closes_as_implemented_only(live: Live) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, "verified")
    other = alice.move(REF, "closed", closure_reason="not_accepted", reason=WHY)
    assert other.status_code == 409
    assert other.json()["allowed"] == LEGAL["verified"]
    assert "closure_reason implemented" in other.json()["needs"][0]


def test_superseded_needs_a_confirmed_lineage_link_from_a_later_one(live: Live) -> None:
    alice, _ = leads(live)

    def close() -> Any:
        return alice.move(REF, "closed", closure_reason="superseded")

    def unmet() -> bool:
        answer = close()
        assert answer.status_code == 409, answer.text
        needs: list[str] = answer.json()["needs"]
        return needs == ["a confirmed lineage link from a later recommendation"]

    assert unmet()
    alice.link("bwd-2023-jtai-3", REF, "relates_to")
    assert unmet()
    alice.link(REF, "bwd-2010-unannounced-1", "supersedes")  # it is the later one here
    assert unmet()
    proposed = alice.propose("bwd-2023-jtai-3", REF, "supersedes").json()
    assert unmet()
    alice.judge(proposed["id"], "confirmed")
    closed = close()
    assert closed.status_code == 200, closed.text
    assert closed.json()["closure_reason"] == "superseded"


def test_reopening_takes_the_closure_back(live: Live) -> None:
    alice, _ = leads(live)
    risk = {"closure_reason": "risk_accepted", "reason": WHY, "review_on": "2027-05-01"}
    assert alice.move(REF, "closed", **risk).status_code == 200
    reopened = alice.move(REF, "in_progress", reason="The review day came").json()
    assert (reopened["closure_reason"], reopened["review_on"]) == (None, None)


# From when


def test_a_move_takes_effect_on_the_day_that_is_named_not_when_it_is_recorded(live: Live) -> None:
    alice, _ = leads(live)
    moved = alice.move(REF, "in_progress", effective_on="2018-01-15")
    assert moved.json()["status_since"] == "2018-01-15"
    assert alice.history(REF)[-1]["at"].startswith("2026-11-24")


def test_no_move_takes_effect_in_the_future(live: Live) -> None:
    alice, _ = leads(live)
    refused = alice.move(REF, "in_progress", effective_on="2026-11-25")
    assert refused.status_code == 422
    assert pointers(refused) == ["/effective_on"]
    assert alice.move(REF, "in_progress", effective_on="2026-11-24").status_code == 200


def test_today_is_the_day_in_london(live: Live) -> None:
    alice, _ = leads(live)
    live.register.clock.advance(days=200, hours=11, minutes=30)  # 12 June, 23:30 UTC, summer time
    assert alice.move(REF, "in_progress").json()["status_since"] == "2027-06-13"


def test_no_move_takes_effect_before_the_one_before_it(live: Live) -> None:
    alice, _ = leads(live)
    alice.move(REF, "in_progress", effective_on="2026-11-01")
    refused = alice.move(REF, "blocked", reason=WHY, effective_on="2026-10-31")
    assert refused.status_code == 422
    assert pointers(refused) == ["/effective_on"]
    same_day = alice.move(REF, "blocked", reason=WHY, effective_on="2026-11-01")
    assert same_day.status_code == 200


# Who may


def test_a_viewer_moves_nothing_and_a_stranger_says_first_who_it_is(live: Live) -> None:
    viewer = live.client("Charlie", "viewer", "bwd-council")
    assert viewer.move(REF, "in_progress").status_code == 403
    assert live.anonymous().move(REF, "in_progress").status_code == 401


def test_a_contributor_takes_what_its_organisation_owns_up_to_implemented(live: Live) -> None:
    alice, bob = leads(live)
    charlie = live.client("Charlie", "contributor", "bwd-council")
    alice.assign(REF, "bwd-council")

    assert charlie.move(REF, "in_progress").status_code == 200
    assert charlie.move(REF, "blocked", reason=WHY).status_code == 200
    assert charlie.move(REF, "in_progress").status_code == 200
    evidence = charlie.attach(REF)
    assert charlie.move(REF, "implemented").status_code == 200

    for refused in (
        charlie.move(REF, "in_progress", reason=WHY),
        charlie.move(REF, "closed", closure_reason="not_accepted", reason=WHY),
        live.client("Dora", "contributor", "bwd-council").move(REF, "verified"),
    ):
        assert refused.status_code == 403
    bob.review(evidence)
    assert alice.move(REF, "verified").status_code == 200
    assert charlie.move(REF, "in_progress", reason=WHY).status_code == 403
    assert charlie.move(REF, "closed", closure_reason="implemented").status_code == 403
    alice.move(REF, "closed", closure_reason="implemented")
    assert charlie.move(REF, "in_progress", reason=WHY).status_code == 403


def test_a_contributor_does_not_move_what_others_own(live: Live) -> None:
    alice, _ = leads(live)
    charlie = live.client("Charlie", "contributor", "lancashire-police")
    nobodys = charlie.move(REF, "in_progress")
    assert nobodys.status_code == 403
    alice.assign(REF, "bwd-council")
    assert charlie.move(REF, "in_progress").status_code == 403
    alice.contribute(REF, "lancashire-police")
    assert charlie.move(REF, "in_progress").status_code == 403
    unattached = live.client("Dora", "contributor")
    assert unattached.move(REF, "in_progress").status_code == 403


def test_a_team_and_its_organisation_are_one_organisation(live: Live) -> None:
    alice, _ = leads(live)
    team = {"slug": "bwd-leaving-care", "name": "Leaving care team", "kind": "team"}
    alice.post("/v1/parties", team | {"organisation": "bwd-council"})
    alice.assign(REF, "bwd-leaving-care")
    charlie = live.client("Charlie", "contributor", "bwd-council")
    assert charlie.move(REF, "in_progress").status_code == 200
    dora = live.client("Dora", "contributor", "bwd-leaving-care")
    assert dora.move(REF, "blocked", reason=WHY).status_code == 200
