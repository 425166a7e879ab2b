"""What needs a person now: each reason, in its order, for all and for one party."""

from datetime import timedelta

from tests.live import Client, Live


def needs(client: Client, **params: str) -> list[tuple[str, str]]:
    return [(item["reason"], item["ref"]) for item in client.all("/v1/attention", **params)]


def test_the_seed_asks_for_reviews_and_owners(live: Live) -> None:
    found = needs(live.anonymous())
    assert [reason for reason, _ in found].count("unowned") == 23
    assert [reason for reason, _ in found].count("evidence_waiting_for_review") == 7
    assert ("links_waiting_for_review", "bwd-2023-jtai-1") in found
    said = live.anonymous().all("/v1/attention")
    assert {one["since"] for one in said} == {"2026-11-24"}
    assert {reason for reason, _ in found} == {
        "unowned",
        "evidence_waiting_for_review",
        "links_waiting_for_review",
    }


def test_most_serious_first_and_page_by_page(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.amend("bwd-2017-sif-7", due_on="2026-11-01")
    lead.amend("bwd-2017-sif-3", due_on="2026-10-01")
    lead.amend("bwd-2017-sif-8", due_on="2026-11")
    whole = needs(lead)
    assert whole[:3] == [
        ("overdue", "bwd-2017-sif-3"),
        ("overdue", "bwd-2017-sif-7"),
        ("possibly_overdue", "bwd-2017-sif-8"),
    ]
    for size in ("1", "7"):
        assert needs(lead, limit=size) == whole
    first = lead.get("/v1/attention").json()["items"][0]
    assert first["since"] == "2026-10-01"
    assert first["detail"] == "bwd-2017-sif-3: its due date has passed"


def test_a_party_sees_what_it_owns_or_contributes_to(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.amend("bwd-2017-sif-3", due_on="2026-10-01")
    lead.amend("bwd-2023-jtai-2", due_on="2026-10-02")
    lead.assign("bwd-2017-sif-3", "bwd-council")
    lead.contribute("bwd-2023-jtai-2", "lancashire-police")
    assert ("overdue", "bwd-2017-sif-3") in needs(lead, party="bwd-council")
    police = needs(lead, party="lancashire-police")
    assert {ref for _, ref in police} == {"bwd-2023-jtai-2"}
    assert lead.get("/v1/attention", params={"party": "nobody-known"}).status_code == 404


def test_a_successor_sees_what_its_predecessor_left(live: Live) -> None:
    lead = live.client("Alice", "lead")
    live.register.clock.advance(days=91)
    stale = needs(lead, party="pan-lancashire-csap")
    assert ("stale", "bwd-2017-lscb-1") in stale


def test_a_review_date_comes_due(live: Live) -> None:
    lead = live.client("Alice", "lead")
    ref = "bwd-2017-sif-7"
    day = (live.register.clock.now + timedelta(days=30)).date().isoformat()
    accepted = lead.move(
        ref, "closed", closure_reason="risk_accepted", reason="No budget", review_on=day
    )
    assert accepted.json()["review_due"] is False
    assert ("review_date_passed", ref) not in needs(lead)
    live.register.clock.advance(days=30)
    assert lead.see(ref)["review_due"] is False  # on the day itself there is still time
    live.register.clock.advance(days=1)
    assert lead.see(ref)["review_due"] is True
    assert ("review_date_passed", ref) in needs(lead)


def test_stale_is_what_nobody_touched(live: Live) -> None:
    lead = live.client("Alice", "lead")
    live.register.clock.advance(days=91)
    lead.post("/v1/recommendations/bwd-2017-sif-7/notes", {"text": "Looked at"})
    found = needs(lead)
    assert ("stale", "bwd-2017-sif-8") in found
    assert ("stale", "bwd-2017-sif-7") not in found


def test_nothing_of_another_place(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.inspect("ex-2024", place="exampleshire")
    lead.enter("ex-2024")
    stranger = live.client("Bob", "viewer", places=["exampleshire"])
    assert needs(stranger) == [("unowned", "ex-2024-1")]


def test_expired_evidence_no_longer_proves_a_claim(live: Live) -> None:
    lead, other = live.client("Alice", "lead"), live.client("Bob", "lead")
    ref = "bwd-2017-sif-7"
    lead.move(ref, "in_progress")
    proof = lead.attach(ref, valid_until="2026-12-01")
    lead.move(ref, "implemented")
    other.review(proof)
    claimed = ("claimed_without_accepted_evidence", ref)
    assert claimed not in needs(lead)
    live.register.clock.advance(days=8)
    assert claimed in needs(lead)


def test_an_organisation_sees_what_its_teams_contribute_to(live: Live) -> None:
    lead = live.client("Alice", "lead")
    team = {"slug": "team-x", "name": "Team X", "kind": "team", "organisation": "lsc-icb"}
    lead.post("/v1/parties", team)
    lead.amend("bwd-2017-sif-3", due_on="2026-10-01")
    lead.contribute("bwd-2017-sif-3", "team-x")
    assert ("overdue", "bwd-2017-sif-3") in needs(lead, party="lsc-icb")
