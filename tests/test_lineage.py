"""Lineages: one concern through time, how often it came back, and what that says of the past."""

from typing import Any

import pytest

from tests.live import Client, Live, bring

NEGLECT = "bwd-2017-sif-4"
NEGLECT_AGAIN = "bwd-2018-focused-visit-1"


def lineage(client: Client, ref: str) -> dict[str, Any]:
    answer = client.get(f"/v1/recommendations/{ref}/lineage")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def members(client: Client, ref: str) -> list[str]:
    return [row["ref"] for row in lineage(client, ref)["recommendations"]]


def confirm(client: Client, later: str, earlier: str) -> str:
    """Confirms a link that the seed proposes; answers its id."""
    link = next(
        link
        for link in client.all("/v1/links", recommendation=later)
        if (link["later"], link["earlier"]) == (later, earlier)
    )
    assert client.judge(link["id"], "confirmed").status_code == 200
    name: str = link["id"]
    return name


# The seed's


def test_the_concern_of_2017_about_neglect_came_back_in_2018(live: Live) -> None:
    reader = live.anonymous()
    found = lineage(reader, NEGLECT)
    assert found["lineage"] == NEGLECT
    assert [row["ref"] for row in found["recommendations"]] == [NEGLECT, NEGLECT_AGAIN]
    assert found["times_reraised"] == 1
    assert found["inspectorates"] == ["ofsted"]
    assert (found["first_raised"], found["years_since_first_raised"]) == ("2017-12-08", 8)
    (link,) = found["links"]
    assert (link["later"], link["earlier"]) == (NEGLECT_AGAIN, NEGLECT)
    assert (link["kind"], link["basis"], link["state"]) == (
        "broadens",
        "stated_by_inspector",
        "confirmed",
    )
    assert link["citations"][0]["quote"] == (
        "despite a recommendation from the inspection in 2017 that practice in response to negelct "
        "was an area for improvement, the partnetship has not progressed this work quickly enough."
    )
    assert link["citations"][0]["transcription"] == "reported"
    assert lineage(reader, NEGLECT_AGAIN) == found


def test_each_member_shows_its_wording_the_grade_beside_it_its_owner_and_its_evidence(
    live: Live,
) -> None:
    alice = live.client("Alice", "lead")
    alice.assign(NEGLECT, "bwd-council")
    first, again = lineage(alice, NEGLECT)["recommendations"]
    assert "pre-proceedings" in first["text"]
    assert "neglect" in again["text"]
    assert first["citations"][0]["transcription"] == "verbatim"
    assert again["citations"][0]["transcription"] == "reported"
    assert {
        "area": "Children who need help and protection",
        "grade": "Requires improvement",
        "grade_normalised": "requires_improvement",
    } in first["judgements"]
    assert again["judgements"] == []
    assert (first["raised"], again["raised"]) == ("2017-12-08", "2018-10/2018-11")
    assert first["inspection_title"].startswith("Inspection of services for children")
    assert [row["party"] for row in first["assignments"]] == ["bwd-council"]
    assert again["assignments"] == []
    assert {piece["bearing"] for piece in first["evidence"]} == {"supports", "undermines"}
    assert {piece["kind"] for piece in first["evidence"]} == {"inspection_finding"}


def test_years_are_counted_in_whole_ones(live: Live) -> None:
    reader = live.anonymous()
    live.register.clock.advance(days=13)  # 7 December 2026
    assert lineage(reader, NEGLECT)["years_since_first_raised"] == 8
    live.register.clock.advance(days=1)
    assert lineage(reader, NEGLECT)["years_since_first_raised"] == 9


def test_one_alone_has_no_lineage(live: Live) -> None:
    found = lineage(live.anonymous(), "bwd-2017-sif-7")
    assert found["lineage"] is None
    assert [row["ref"] for row in found["recommendations"]] == ["bwd-2017-sif-7"]
    assert (found["links"], found["times_reraised"]) == ([], 0)
    assert found["first_raised"] == "2017-12-08"
    missing = live.anonymous().get("/v1/recommendations/bwd-2017-sif-99/lineage")
    assert missing.status_code == 404


# The family


def test_a_family_is_called_by_its_earliest_and_found_from_each_member(live: Live) -> None:
    alice = live.client("Alice", "lead")
    confirm(alice, "bwd-2018-focused-visit-3", "bwd-2017-sif-1")
    family = ["bwd-2017-sif-1", "bwd-2018-focused-visit-3"]
    assert members(alice, "bwd-2017-sif-1") == family

    confirm(alice, "bwd-2017-sif-1", "bwd-2010-unannounced-4")
    confirm(alice, "bwd-2018-focused-visit-3", "bwd-2017-sif-2")
    family = [
        "bwd-2010-unannounced-4",
        "bwd-2017-sif-1",
        "bwd-2017-sif-2",
        "bwd-2018-focused-visit-3",
    ]
    for ref in family:
        assert members(alice, ref) == family
        assert alice.see(ref)["lineage"] == "bwd-2010-unannounced-4"
    listed = alice.all("/v1/recommendations", lineage="bwd-2010-unannounced-4")
    assert {row["ref"] for row in listed} == set(family)


def test_times_reraised_counts_later_inspections_once_each(live: Live) -> None:
    alice = live.client("Alice", "lead")
    first = "bwd-2010-unannounced-4"
    confirm(alice, "bwd-2017-sif-1", first)
    alice.link("bwd-2017-sif-2", first, "narrows")  # the same inspection once more
    assert alice.see(first)["times_reraised"] == 1
    confirm(alice, "bwd-2018-focused-visit-3", "bwd-2017-sif-1")  # reaches it over another
    alice.link("bwd-2023-jtai-1", "bwd-2018-focused-visit-3")
    times = {row["ref"]: row["times_reraised"] for row in lineage(alice, first)["recommendations"]}
    assert times == {
        first: 3,
        "bwd-2017-sif-1": 2,
        "bwd-2017-sif-2": 0,
        "bwd-2018-focused-visit-3": 1,
        "bwd-2023-jtai-1": 0,
    }
    whole = lineage(alice, "bwd-2023-jtai-1")
    assert whole["times_reraised"] == 3
    assert whole["inspectorates"] == ["cqc", "hmicfrs", "ofsted"]
    assert (whole["first_raised"], whole["years_since_first_raised"]) == ("2010-03-31", 16)


def test_only_confirmed_links_of_lineage_make_a_family(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.propose("bwd-2023-jtai-1", "bwd-2017-sif-7")
    alice.link("bwd-2023-jtai-2", "bwd-2017-sif-7", "relates_to")
    assert members(alice, "bwd-2017-sif-7") == ["bwd-2017-sif-7"]
    assert alice.see("bwd-2017-sif-7")["times_reraised"] == 0


def test_a_rejected_link_parts_a_family_again(live: Live) -> None:
    alice = live.client("Alice", "lead")
    confirm(alice, "bwd-2017-sif-1", "bwd-2010-unannounced-4")
    link = confirm(alice, "bwd-2018-focused-visit-3", "bwd-2017-sif-1")
    alice.judge(link, "rejected", reason="Another concern")
    assert members(alice, "bwd-2018-focused-visit-3") == ["bwd-2018-focused-visit-3"]
    assert alice.see("bwd-2018-focused-visit-3")["lineage"] is None
    assert members(alice, "bwd-2017-sif-1") == ["bwd-2010-unannounced-4", "bwd-2017-sif-1"]
    assert alice.see("bwd-2010-unannounced-4")["times_reraised"] == 1


def test_a_member_of_no_known_date_does_not_become_the_first(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.inspect("bwd-visit", inspectorates=["cqc"])
    undated = alice.enter("bwd-visit")["ref"]
    alice.link(undated, "bwd-2017-sif-7")
    found = lineage(alice, undated)
    assert found["lineage"] == "bwd-2017-sif-7"
    assert [row["ref"] for row in found["recommendations"]] == ["bwd-2017-sif-7", undated]
    assert (found["first_raised"], found["years_since_first_raised"]) == ("2017-12-08", 8)
    assert found["times_reraised"] == 1


def test_where_no_date_is_known_nobody_invents_one(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.inspect("bwd-visit")
    found = lineage(alice, alice.enter("bwd-visit")["ref"])
    assert (found["first_raised"], found["years_since_first_raised"]) == (None, None)


def test_a_corrected_date_may_give_a_family_another_name(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.inspect("bwd-visit-a", published="2015")
    alice.inspect("bwd-visit-b")
    a, b = alice.enter("bwd-visit-a")["ref"], alice.enter("bwd-visit-b")["ref"]
    for earlier in (a, b):
        alice.link("bwd-2017-sif-7", earlier)
    assert alice.see("bwd-2017-sif-7")["lineage"] == a
    alice.change("PATCH", "/v1/inspections/bwd-visit-b", {"published": "2012"})
    for ref in (a, b, "bwd-2017-sif-7"):
        assert alice.see(ref)["lineage"] == b
    assert members(alice, a) == [b, a, "bwd-2017-sif-7"]


# What coming back says of what was done


@pytest.mark.parametrize(
    ("kind", "regresses"),
    [
        ("reiterates", True),
        ("broadens", True),
        ("narrows", True),
        ("supersedes", False),
        ("relates_to", False),
    ],
)
def test_what_was_verified_regressed_where_a_later_inspection_raises_it_again(
    live: Live, kind: str, regresses: bool
) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead", "lancashire-police")
    done = "bwd-2017-sif-7"
    bring(alice, bob, done, "verified")
    live.register.clock.advance(days=60)
    alice.inspect("bwd-2027-visit", published="2027-01-15")
    link = alice.propose(alice.enter("bwd-2027-visit")["ref"], done, kind).json()
    assert alice.see(done)["regressed"] is False

    alice.judge(link["id"], "confirmed")
    now = alice.see(done)
    assert (now["regressed"], now["status"]) == (regresses, "verified")
    alice.judge(link["id"], "rejected", reason="Another concern")
    assert alice.see(done)["regressed"] is False


def test_what_an_inspection_said_before_contradicts_nothing(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead", "lancashire-police")
    bring(alice, bob, "bwd-2010-unannounced-5", "verified")
    confirm(alice, "bwd-2023-jtai-1", "bwd-2010-unannounced-5")
    now = alice.see("bwd-2010-unannounced-5")
    assert (now["times_reraised"], now["regressed"]) == (1, False)


def test_the_day_that_counts_is_when_the_verification_took_effect(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead", "lancashire-police")
    done = "bwd-2010-unannounced-5"
    confirm(alice, "bwd-2023-jtai-1", done)  # published 14 July 2023
    bob.review(alice.attach(done))
    alice.move(done, "in_progress", effective_on="2012-01-01")
    alice.move(done, "implemented", effective_on="2013-01-01")
    assert alice.see(done)["regressed"] is False
    verified = bob.move(done, "verified", effective_on="2023-07-13")
    assert verified.json()["regressed"] is True
    assert alice.move(done, "closed", closure_reason="implemented").json()["regressed"] is True
    reopened = alice.move(done, "in_progress", reason="It came back")
    assert reopened.json()["regressed"] is False


@pytest.mark.parametrize(
    ("closure", "regresses"),
    [("no_longer_applicable", True), ("risk_accepted", True), ("not_accepted", False)],
)
def test_what_was_closed_without_being_done_can_come_back_too(
    live: Live, closure: str, regresses: bool
) -> None:
    alice = live.client("Alice", "lead")
    closed = "bwd-2010-unannounced-5"
    more = {"review_on": "2027-06-01"} if closure == "risk_accepted" else {}
    alice.move(
        closed,
        "closed",
        closure_reason=closure,
        reason="The board said so",
        effective_on="2015-05-05",
        **more,
    )
    confirm(alice, "bwd-2023-jtai-1", closed)
    assert alice.see(closed)["regressed"] is regresses


def test_what_was_superseded_lives_on_in_the_later_one_and_regresses_no_more(live: Live) -> None:
    alice = live.client("Alice", "lead")
    closed = "bwd-2010-unannounced-5"
    alice.link("bwd-2017-sif-1", closed, "supersedes")
    alice.move(closed, "closed", closure_reason="superseded", effective_on="2018-01-01")
    confirm(alice, "bwd-2023-jtai-1", closed)
    now = alice.see(closed)
    assert (now["times_reraised"], now["regressed"]) == (2, False)


def test_a_lineage_was_reraised_as_often_as_its_first_member(live: Live) -> None:
    alice = live.client("Alice", "lead")
    refs = []
    for year in (2001, 2002, 2003):
        slug = f"a-{year}-visit"
        alice.inspect(slug, published=f"{year}-06-01")
        refs.append(alice.enter(slug)["ref"])
    for earlier in refs[:2]:
        alice.link(refs[2], earlier)
    family = alice.get(f"/v1/recommendations/{refs[2]}/lineage").json()
    assert [one["times_reraised"] for one in family["recommendations"]] == [1, 1, 0]
    assert family["times_reraised"] == 1
