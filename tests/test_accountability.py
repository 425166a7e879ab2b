"""One story, from a board's recommendation of 2017 to its return: who owned it when it slipped,
what was proved, and whether it held."""

from datetime import date
from typing import Any

from tests.live import Client, Live

REF = "bwd-2017-lscb-2"
PATH = f"/v1/recommendations/{REF}"


def reasons(client: Client, party: str | None = None, ref: str = REF) -> list[str]:
    """Why a recommendation needs somebody, most serious first."""
    found = client.all("/v1/attention", **({"party": party} if party else {}))
    return [item["reason"] for item in found if item["ref"] == ref]


def owners(seen: dict[str, Any]) -> list[tuple[str, bool]]:
    """Who was accountable, in order, and whether it lasts."""
    return [
        (one["party"], one["to"] is None)
        for one in seen["assignments"]
        if one["role"] == "accountable"
    ]


def listed(client: Client, **params: Any) -> list[str]:
    return [row["ref"] for row in client.all("/v1/recommendations", **params)]


def test_a_boards_recommendation_passes_slips_is_proved_and_comes_back(live: Live) -> None:
    clock = live.register.clock
    lead = live.client("Alice", "lead", "bwd-council", days=3650)
    clock.advance(minutes=1)
    for slug, name in (
        ("board-2017", "A board"),
        ("board-2019", "Its successor"),
        ("board-2021", "The one after"),
    ):
        lead.post("/v1/parties", {"slug": slug, "name": name, "kind": "board"})

    # Owned by a board, with a date that only a month is known of.
    assert lead.assign(REF, "board-2017", reason="Named in the report").status_code == 200
    assert lead.amend(REF, due_on="2027-01").json()["original_due_on"] == "2027-01"
    assert reasons(lead) == ["stale"] or "unowned" not in reasons(lead)
    assert lead.move(REF, "in_progress", effective_on="2026-01-10").status_code == 200

    # The board gives way, and that one gives way again.
    clock.advance(days=10)
    for before, after in (("board-2017", "board-2019"), ("board-2019", "board-2021")):
        party = f"/v1/parties/{before}"
        body = {"successor": after, "on": "2019~", "reason": "Working Together 2018"}
        passed = lead.change("POST", f"{party}/succession", body, of=party)
        assert passed.status_code == 201, passed.text
        assert passed.json()["successor"] == after
        clock.advance(days=1)
    seen = lead.see(REF)
    assert seen["owner"] == "board-2021"
    assert owners(seen)[-3:] == [("board-2017", False), ("board-2019", False), ("board-2021", True)]
    assert "Succeeds Its successor" in seen["assignments"][-1]["reason"]
    assert REF in listed(lead, organisation="board-2021")
    assert REF not in listed(lead, organisation="board-2017")

    # It slips twice, with reasons.
    unsaid = lead.amend(REF, due_on="2027-03-31")
    assert unsaid.status_code == 422
    assert unsaid.json()["errors"][0]["pointer"] == "/reason"
    for due, agreed in (("2027-03-31", "Board meeting of 4 December"), ("2027-05", "The chair")):
        moved = lead.amend(REF, due_on=due, reason="Recruitment is slow", agreed_by=agreed)
        assert moved.status_code == 200, moved.text
    assert (moved.json()["slippage_days"], moved.json()["times_moved"]) == (120, 2)

    # The first date passes, then the second, in London's days.
    clock.now = clock.now.replace(year=2027, month=2, day=1)
    seen = lead.see(REF)
    assert (seen["overdue"], seen["overdue_originally"]) == ("no", "yes")
    clock.now = clock.now.replace(month=5, day=15)
    assert lead.see(REF)["overdue"] == "possibly"
    assert reasons(lead)[0] == "possibly_overdue"
    clock.now = clock.now.replace(month=6, day=1)
    assert lead.see(REF)["overdue"] == "yes"
    assert reasons(lead, "board-2021")[0] == "overdue"
    assert reasons(lead, "lancashire-police") == []

    # Claimed, refused, claimed again.
    worker = live.client("Charlie", "contributor", "board-2021", days=3650)
    worker.attach(REF, level="activity", summary="An advertisement for a lay member")
    assert worker.move(REF, "implemented", effective_on="2027-05-20").status_code == 200
    assert "claimed_without_accepted_evidence" in reasons(lead)
    assert lead.move(REF, "in_progress", reason="An advertisement is no member").status_code == 200
    assert worker.move(REF, "implemented").status_code == 409
    proof = worker.attach(
        REF,
        summary="Attendance at sub-groups 95 % over a year",
        observed="2027-05",
        valid_until="2028-06-30",
    )
    assert worker.move(REF, "implemented").status_code == 200
    assert "evidence_waiting_for_review" in reasons(lead)

    # Verified on outcome evidence by another organisation, closed.
    police = live.client("Bob", "lead", "lancashire-police", days=3650)
    assert police.move(REF, "verified").status_code == 409
    police.review(proof)
    assert "claimed_without_accepted_evidence" not in reasons(lead)
    clock.advance(days=3)
    verified = police.move(REF, "verified", effective_on="2027-06-03", review_on="2028-06-01")
    assert verified.json()["assurance"] == "independent"
    closed = lead.move(REF, "closed", closure_reason="implemented")
    assert closed.json()["overdue"] == "no"
    clock.now = clock.now.replace(year=2028, month=7, day=1)
    assert lead.see(REF)["assurance_expired"] is True

    # A later inspection says it again.
    lead.inspect("bwd-2028-jtai", framework="jtai", published="2028-05-30")
    later = lead.enter("bwd-2028-jtai", text="Improve attendance at the board's sub-groups.")
    link = lead.propose(later["ref"], REF, "reiterates")
    assert "links_waiting_for_review" in reasons(lead, ref=later["ref"])
    assert lead.see(REF)["regressed"] is False
    lead.change(
        "PUT",
        f"/v1/links/{link.json()['id']}/review",
        {"state": "confirmed"},
        of=f"/v1/links/{link.json()['id']}",
    )
    seen = lead.see(REF)
    assert seen["regressed"] is True
    assert seen["regressed_because"] == [
        {"kind": "link", "id": link.json()["id"], "ref": later["ref"]}
    ]
    assert seen["times_reraised"] == 1
    first = lead.all("/v1/attention")[0]
    assert (first["ref"], first["reason"], first["since"]) == (REF, "regressed", "2028-05-30")
    assert first["detail"].endswith(f"(raised again by {later['ref']})")
    assert listed(lead, regressed="true") == [REF]

    # Reopening cites the cause, and the matter is open again.
    reopened = lead.move(REF, "in_progress", reason="Raised again", link=link.json()["id"])
    assert reopened.json()["regressed"] is False
    family = lead.get(f"{PATH}/lineage").json()
    assert (family["lineage"], family["years_since_first_raised"]) == (REF, 10)
    told = lead.all(f"{PATH}/history")
    assert told[-1]["after"]["link"] == link.json()["id"]
    assert [one["after"]["status"] for one in told if one["action"].endswith("status:moved")] == [
        "in_progress",
        "implemented",
        "in_progress",
        "implemented",
        "verified",
        "closed",
        "in_progress",
    ]
    effective = [
        one["after"].get("status_since") for one in told if "status:moved" in one["action"]
    ]
    assert effective[0] == "2026-01-10"
    assert date.fromisoformat(effective[4]) == date(2027, 6, 3)


def test_only_what_makes_it_come_back_is_a_cause_to_reopen(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.move(REF, "closed", closure_reason="no_longer_applicable", reason="Merged")
    lead.inspect("bwd-2028-jtai", framework="jtai", published="2026-11-24")
    later = lead.enter("bwd-2028-jtai")["ref"]
    proposed = lead.propose(later, REF, "reiterates").json()["id"]
    for link in (proposed, "ln_" + "0" * 20):
        refused = lead.send(
            "PUT", f"{PATH}/status", {"status": "in_progress", "reason": "Again", "link": link}
        )
        assert refused.status_code == 422, "before If-Match is asked for"
        assert refused.json()["errors"][0]["pointer"] == "/link"


def test_a_verification_whose_evidence_is_withdrawn_is_only_somebodys_word(live: Live) -> None:
    lead, other = live.client("Alice", "lead"), live.client("Bob", "lead")
    lead.move(REF, "in_progress")
    proof = lead.attach(REF)
    lead.move(REF, "implemented")
    other.review(proof)
    verified = other.move(REF, "verified", review_on="2027-06-01")
    assert verified.json()["assurance"] == "checked"
    path = f"/v1/evidence/{proof['id']}"
    lead.change("POST", f"{path}/withdrawal", {"reason": "Another team's"}, of=path)
    assert lead.see(REF)["assurance"] == "self_reported"
    closed = lead.move(REF, "closed", closure_reason="implemented")
    assert closed.json()["review_on"] == "2027-06-01", "what was to be reviewed still is"


def test_anonymous_readers_do_not_see_who_agreed(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.amend(REF, due_on="2027-01-01")
    lead.amend(REF, due_on="2027-02-01", reason="Recruitment", agreed_by="Jane Doe")
    assert lead.all(f"{PATH}/history")[-1]["after"]["agreed_by"] == "Jane Doe"
    assert "Jane Doe" not in live.anonymous().get(f"{PATH}/history").text
