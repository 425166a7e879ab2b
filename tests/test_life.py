"""The whole life of one recommendation, through HTTP."""

from tests.live import Live

REF = "bwd-2017-sif-4"


def test_from_nothing_recorded_to_closed_and_back(live: Live) -> None:
    lead = live.client("Alice", "lead", "bwd-council")
    other = live.client("Bob", "lead", "lancashire-police")
    path = f"/v1/recommendations/{REF}"

    assert lead.move(REF, "in_progress").status_code == 200
    owned = lead.change("PUT", f"{path}/owner", {"party": "bwd-council"}, of=path)
    assert owned.json()["owner"] == "bwd-council"

    refused = lead.move(REF, "implemented", effective_on="2026-11-24")
    # the seed's own supporting evidence, recorded before, carries a claim
    assert refused.status_code == 200, refused.text
    back = other.move(REF, "in_progress", reason="The finding is about pre-proceedings only")
    assert back.status_code == 200, back.text

    unmet = lead.move(REF, "implemented")
    assert unmet.status_code == 409
    assert unmet.json()["allowed"] == ["blocked", "implemented", "closed"]
    assert "recorded since the last refusal" in unmet.json()["needs"][0]

    evidence = lead.attach(REF)
    assert lead.move(REF, "implemented", evidence=[evidence["id"]]).status_code == 200
    own = lead.move(REF, "verified")
    assert own.status_code == 403
    early = other.move(REF, "verified")
    assert early.status_code == 409
    assert other.review(evidence).status_code == 200
    verified = other.move(REF, "verified")
    assert verified.status_code == 200, verified.text
    assert verified.json()["assurance"] == "independent"
    assert verified.json()["verified_on"] == "outcome"
    closed = lead.move(REF, "closed", closure_reason="implemented")
    assert closed.json()["closure_reason"] == "implemented"
    reopened = lead.move(REF, "in_progress", reason="Neglect was named again")
    assert reopened.json()["closure_reason"] is None

    actions = [change["action"] for change in lead.all(f"{path}/history", limit=3)]
    assert actions == [
        "recommendation:added",
        "recommendation:link:confirmed",
        "recommendation:evidence:attached",
        "recommendation:evidence:attached",
        "recommendation:status:moved",
        "recommendation:owner:assigned",
        "recommendation:status:moved",
        "recommendation:status:moved",
        "recommendation:evidence:attached",
        "recommendation:status:moved",
        "recommendation:evidence:accepted",
        "recommendation:status:moved",
        "recommendation:status:moved",
        "recommendation:status:moved",
    ]
