"""Several agencies on one recommendation: each says how far its own part is."""

from tests.live import Live

REF = "bwd-2023-jtai-2"
PATH = f"/v1/recommendations/{REF}"


def test_the_roll_up_is_the_least_advanced(live: Live) -> None:
    lead = live.client("Alice", "lead")
    assert lead.see(REF)["contributors_progress"] is None
    for party in ("lancashire-police", "lsc-icb"):
        lead.contribute(REF, party)
    assert lead.see(REF)["contributors_progress"] == "not_started"
    police = live.client("Bob", "contributor", "lancashire-police")
    health = live.client("Charlie", "contributor", "lsc-icb")
    for client, party, said, rolled in (
        (police, "lancashire-police", "under_way", "not_started"),
        (health, "lsc-icb", "done", "under_way"),
        (police, "lancashire-police", "done", "done"),
    ):
        body = {"progress": said, "note": "Supervision is in place"}
        answer = client.send("PUT", f"{PATH}/contributors/{party}/progress", body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["contributors_progress"] == rolled
    told = [one for one in lead.see(REF)["assignments"] if one["party"] == "lsc-icb"]
    assert (told[0]["progress"], told[0]["progress_note"], told[0]["progress_by"]) == (
        "done",
        "Supervision is in place",
        "Charlie",
    )
    assert (
        lead.all("/v1/recommendations", inspection="bwd-2023-jtai")[1]["contributors_progress"]
        == "done"
    )


def test_nobody_speaks_for_another_organisation(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.contribute(REF, "lancashire-police")
    lead.contribute(REF, "lsc-icb")
    police = live.client("Bob", "contributor", "lancashire-police")
    body = {"progress": "done"}
    assert police.send("PUT", f"{PATH}/contributors/lsc-icb/progress", body).status_code == 403
    assert police.send("PUT", f"{PATH}/contributors/bwd-schools/progress", body).status_code == 404
    assert lead.send("PUT", f"{PATH}/contributors/lsc-icb/progress", body).status_code == 200
    wrong = lead.send("PUT", f"{PATH}/contributors/lsc-icb/progress", {"progress": "nearly"})
    assert wrong.status_code == 422


def test_a_claim_needs_each_contributors_word_or_a_reason(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.contribute(REF, "lancashire-police")
    lead.contribute(REF, "lsc-icb")
    lead.move(REF, "in_progress")
    lead.attach(REF)
    lead.send("PUT", f"{PATH}/contributors/lsc-icb/progress", {"progress": "done"})
    refused = lead.move(REF, "implemented")
    assert refused.status_code == 409
    assert "lancashire-police" in refused.json()["needs"][0]
    assert "lsc-icb" not in refused.json()["needs"][0]
    assert (
        lead.move(REF, "implemented", reason="The police's part came to nothing").status_code == 200
    )


def test_who_leaves_is_not_waited_for(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.contribute(REF, "lancashire-police")
    gone = lead.change(
        "DELETE", f"{PATH}/contributors/lancashire-police", of=PATH, params={"reason": "Moved"}
    )
    assert gone.json()["contributors_progress"] is None
    lead.move(REF, "in_progress")
    lead.attach(REF)
    assert lead.move(REF, "implemented").status_code == 200


def test_progress_raises_no_version_and_is_in_the_history(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.contribute(REF, "lsc-icb")
    before = lead.see(REF)["version"]
    lead.send("PUT", f"{PATH}/contributors/lsc-icb/progress", {"progress": "under_way"})
    assert lead.see(REF)["version"] == before
    last = lead.all(f"{PATH}/history")[-1]
    assert last["action"] == "recommendation:contributor:progressed"
    assert last["after"]["progress"] == "under_way"


def test_after_a_refusal_each_says_anew(live: Live) -> None:
    lead, other = live.client("Alice", "lead"), live.client("Bob", "lead")
    lead.contribute(REF, "lsc-icb")
    lead.send("PUT", f"{PATH}/contributors/lsc-icb/progress", {"progress": "done"})
    lead.move(REF, "in_progress")
    lead.attach(REF)
    assert lead.move(REF, "implemented").status_code == 200
    back = other.move(REF, "in_progress", reason="Not seen in practice")
    assert back.json()["contributors_progress"] == "under_way"
    lead.attach(REF)
    assert lead.move(REF, "implemented").status_code == 409
