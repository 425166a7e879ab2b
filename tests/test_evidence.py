"""Evidence: who attaches it, who reviews it, when it counts, what it assures and what it undoes."""

from typing import Any

import pytest

from tests.live import Client, Live, bring, pointers

REF = "bwd-2017-sif-7"
"""On it the seed records nothing: no evidence, no link, no owner."""
PATH = f"/v1/recommendations/{REF}/evidence"
BODY = {"kind": "audit", "level": "outcome", "bearing": "supports", "summary": "Twenty cases"}


def leads(live: Live) -> tuple[Client, Client]:
    """Alice of the council and Bob of the police."""
    return (
        live.client("Alice", "lead", "bwd-council"),
        live.client("Bob", "lead", "lancashire-police"),
    )


def withdraw(client: Client, evidence: dict[str, Any], **body: Any) -> Any:
    path = f"/v1/evidence/{evidence['id']}"
    return client.change("POST", f"{path}/withdrawal", body, of=path)


# Attaching


def test_a_piece_is_kept_as_it_was_given_and_found_under_its_id(live: Live) -> None:
    alice, _ = leads(live)
    said: dict[str, Any] = {
        "kind": "case_sample",
        "level": "output",
        "bearing": "mixed",
        "summary": "Dip sample of twenty cases,\nten of them in chronic neglect",
        "observed": "2026-10~",
        "valid_until": "2027-10",
        "link": "https://documents.blackburn.gov.uk/audit?id=7",
        "sha256": "a" * 64,
        "provided_by": "bwd-council",
        "key": "audit-2026-10/7",
        "citations": [
            {
                "source": "bwd-2017-report",
                "locator": "paragraph 43",
                "quote": "a word",
                "transcription": "verbatim",
            }
        ],
    }
    answer = alice.post(PATH, said)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert {name: made[name] for name in said} == said
    assert made["recommendation"] == REF
    assert made["review"] == "submitted"
    assert (made["recorded_by"], made["reviewed_by"]) == ("Alice", None)
    assert made["recorded_at"].startswith("2026-11-24T12:00")
    assert (made["withdrawn"], made["superseded"], made["version"]) == (False, False, 1)

    assert answer.headers["Location"] == f"/v1/evidence/{made['id']}"
    assert alice.get(answer.headers["Location"]).json() == made
    assert alice.all(PATH) == [made]
    assert alice.see(REF)["evidence"] == [made]
    assert alice.see(REF)["evidence_count"] == 1
    change = alice.history(REF)[-1]
    assert change["action"] == "recommendation:evidence:attached"
    assert change["after"]["summary"] == said["summary"]


CANNOT_BE_TAKEN: list[tuple[dict[str, Any], str]] = [
    ({"kind": "rumour"}, "/kind"),
    ({"level": "impact"}, "/level"),
    ({"bearing": "unclear"}, "/bearing"),
    ({"summary": " "}, "/summary"),
    ({"observed": "last week"}, "/observed"),
    ({"observed": "2026-11-25"}, "/observed"),
    ({"valid_until": "2026-02-30"}, "/valid_until"),
    ({"link": "http://insecure.example/a"}, "/link"),
    ({"link": "file:///etc/passwd"}, "/link"),
    ({"sha256": "abc"}, "/sha256"),
    ({"provided_by": "nobody-at-all"}, "/provided_by"),
    ({"supersedes": "ev_0123456789abcdef"}, "/supersedes"),
    ({"citations": [{"source": "no-such-source"}]}, "/citations/0/source"),
    ({"review": "accepted"}, "/review"),
    ({"file": "UEs="}, "/file"),
]


def test_a_piece_that_cannot_be_taken_is_refused_by_name_of_the_field(live: Live) -> None:
    alice, _ = leads(live)
    for change, pointer in CANNOT_BE_TAKEN:
        refused = alice.post(PATH, BODY | change)
        assert refused.status_code == 422, (change, refused.text)
        assert pointers(refused) == [pointer], change
    for name in BODY:
        refused = alice.post(PATH, {key: value for key, value in BODY.items() if key != name})
        assert pointers(refused) == [f"/{name}"]
    assert alice.see(REF)["evidence_count"] == 0


def test_a_key_names_one_piece_only(live: Live) -> None:
    alice, _ = leads(live)
    alice.attach(REF, key="audit-7")
    assert alice.post(PATH, BODY | {"key": "audit-7"}).status_code == 409


def test_attaching_raises_no_version_so_that_an_editor_is_not_disturbed(live: Live) -> None:
    alice, bob = leads(live)
    before = alice.get(f"/v1/recommendations/{REF}")
    bob.review(alice.attach(REF))
    edited = alice.send(
        "PATCH",
        f"/v1/recommendations/{REF}",
        {"title": "Work experience"},
        match=before.headers["ETag"],
    )
    assert edited.status_code == 200


def test_contributors_attach_where_their_organisation_owns_or_contributes(live: Live) -> None:
    alice, _ = leads(live)
    charlie = live.client("Charlie", "contributor", "lancashire-police")
    assert charlie.post(PATH, BODY).status_code == 403  # nobody's yet
    alice.assign(REF, "bwd-council")
    assert charlie.post(PATH, BODY).status_code == 403  # somebody else's
    alice.contribute(REF, "lancashire-police")
    assert charlie.post(PATH, BODY).status_code == 201
    owners = live.client("Dora", "contributor", "bwd-council")
    assert owners.post(PATH, BODY).status_code == 201

    path = f"/v1/recommendations/{REF}"
    alice.change("DELETE", f"{path}/contributors/lancashire-police?reason=Done", of=path)
    assert charlie.post(PATH, BODY).status_code == 403
    assert live.client("Eve", "contributor").post(PATH, BODY).status_code == 403


def test_viewers_and_strangers_read_and_attach_nothing(live: Live) -> None:
    alice, bob = leads(live)
    evidence = alice.attach(REF)
    bob.review(evidence)
    viewer = live.client("Charlie", "viewer", "bwd-council")
    assert viewer.post(PATH, BODY).status_code == 403
    assert viewer.all(PATH)[0]["recorded_by"] == "Alice"
    stranger = live.anonymous()
    assert stranger.post(PATH, BODY).status_code == 401
    seen = stranger.all(PATH)[0]
    assert seen["summary"] == evidence["summary"]
    assert (seen["recorded_by"], seen["reviewed_by"]) == (None, None)


def test_a_list_of_evidence_is_read_page_by_page_in_the_order_it_was_recorded(live: Live) -> None:
    alice, _ = leads(live)
    made = []
    for _ in range(5):
        made.append(alice.attach(REF)["id"])
        live.register.clock.advance(minutes=1)
    assert [piece["id"] for piece in alice.all(PATH, limit=2)] == made
    assert [piece["id"] for piece in alice.see(REF)["evidence"]] == made


# Reviewing


def test_another_person_reviews(live: Live) -> None:
    alice, bob = leads(live)
    evidence = alice.attach(REF)
    assert alice.review(evidence).status_code == 403
    assert live.client("Alice", "admin").review(evidence).status_code == 403  # the same person

    live.register.clock.advance(hours=2)
    answer = bob.review(evidence)
    assert answer.status_code == 200, answer.text
    reviewed = answer.json()
    assert (reviewed["review"], reviewed["reviewed_by"]) == ("accepted", "Bob")
    assert reviewed["reviewed_at"].startswith("2026-11-24T14:00")
    assert reviewed["version"] == 2
    assert alice.get(f"/v1/evidence/{evidence['id']}").json() == reviewed
    change = alice.history(REF)[-1]
    assert change["action"] == "recommendation:evidence:accepted"
    assert change["before"] == {"evidence": evidence["id"], "review": "submitted"}


def test_a_contributor_reviews_nothing(live: Live) -> None:
    alice, _ = leads(live)
    alice.assign(REF, "bwd-council")
    evidence = alice.attach(REF)
    charlie = live.client("Charlie", "contributor", "bwd-council")
    assert charlie.review(evidence).status_code == 403


def test_a_rejection_needs_a_reason(live: Live) -> None:
    alice, bob = leads(live)
    evidence = alice.attach(REF)
    assert evidence["counts"] is True
    silent = bob.review(evidence, "rejected")
    assert silent.status_code == 422
    assert pointers(silent) == ["/reason"]

    rejected = bob.review(evidence, "rejected", reason="Two cases are no sample").json()
    assert (rejected["review"], rejected["counts"]) == ("rejected", False)
    assert rejected["review_reason"] == "Two cases are no sample"
    assert alice.history(REF)[-1]["reason"] == "Two cases are no sample"


def test_a_review_is_changed_with_a_reason_only(live: Live) -> None:
    alice, bob = leads(live)
    evidence = alice.attach(REF)
    bob.review(evidence)
    for again in ("accepted", "rejected"):
        silent = bob.review(evidence, again)
        assert silent.status_code == 422
        assert pointers(silent) == ["/reason"]
    changed = bob.review(evidence, "rejected", reason="The sample was of another year")
    assert changed.json()["review"] == "rejected"
    back = bob.review(evidence, reason="It was not")
    assert (back.json()["review"], back.json()["counts"]) == ("accepted", True)
    assert [change["action"].split(":")[-1] for change in alice.history(REF)[-3:]] == [
        "accepted",
        "rejected",
        "accepted",
    ]


def test_a_review_says_accepted_or_rejected(live: Live) -> None:
    alice, bob = leads(live)
    evidence = alice.attach(REF)
    for review in ("submitted", "ignored"):
        refused = bob.review(evidence, review, reason="Later")
        assert refused.status_code == 422
        assert pointers(refused) == ["/review"]


def test_a_review_names_the_version_that_it_read(live: Live) -> None:
    alice, bob = leads(live)
    evidence = alice.attach(REF)
    path = f"/v1/evidence/{evidence['id']}"
    read = bob.get(path).headers["ETag"]
    assert bob.send("PUT", f"{path}/review", {"review": "accepted"}).status_code == 428
    assert withdraw(alice, evidence, reason="Wrong file").status_code == 201
    late = bob.send("PUT", f"{path}/review", {"review": "accepted"}, match=read)
    assert late.status_code == 412


# Withdrawing and replacing


def test_what_is_withdrawn_stays_readable_with_its_reason_and_counts_no_more(live: Live) -> None:
    alice, bob = leads(live)
    evidence = alice.attach(REF)
    bob.review(evidence)
    silent = withdraw(alice, evidence)
    assert silent.status_code == 422
    assert pointers(silent) == ["/reason"]

    answer = withdraw(alice, evidence, reason="It is about another child")
    assert answer.status_code == 201, answer.text
    gone = answer.json()
    assert (gone["withdrawn"], gone["withdrawn_reason"]) == (True, "It is about another child")
    assert (gone["counts"], gone["summary"]) == (False, evidence["summary"])
    now = alice.see(REF)
    assert now["evidence"] == [gone]
    assert (now["evidence_count"], now["assurance"]) == (0, "none")
    assert alice.history(REF)[-1]["reason"] == "It is about another child"

    assert withdraw(alice, evidence, reason="Again").status_code == 409
    assert bob.review(evidence, "rejected", reason="Too late").status_code == 409


def test_evidence_is_withdrawn_by_who_recorded_it_or_a_lead(live: Live) -> None:
    alice, bob = leads(live)
    alice.assign(REF, "bwd-council")
    charlie = live.client("Charlie", "contributor", "bwd-council")
    dora = live.client("Dora", "contributor", "bwd-council")
    mine, other = charlie.attach(REF), charlie.attach(REF)
    assert withdraw(dora, mine, reason="Not mine").status_code == 403
    assert withdraw(charlie, mine, reason="Wrong file").status_code == 201
    assert withdraw(bob, other, reason="It names a child").status_code == 201


def test_there_is_no_way_to_edit_a_piece(live: Live) -> None:
    alice, _ = leads(live)
    evidence = alice.attach(REF)
    path = f"/v1/evidence/{evidence['id']}"
    for method in ("PATCH", "PUT", "DELETE"):
        assert alice.change(method, path, {"summary": "Better"}, of=path).status_code == 405


def test_a_newer_piece_takes_the_place_of_an_older(live: Live) -> None:
    alice, bob = leads(live)
    old = alice.attach(REF)
    bob.review(old)
    live.register.clock.advance(days=1)
    new = alice.attach(REF, supersedes=old["id"])
    assert (new["supersedes"], new["counts"], new["review"]) == (old["id"], True, "submitted")
    shown = alice.get(f"/v1/evidence/{old['id']}").json()
    assert (shown["superseded"], shown["counts"], shown["review"]) == (True, False, "accepted")
    assert alice.see(REF)["assurance"] == "none"

    again = alice.post(PATH, BODY | {"supersedes": old["id"]})
    assert again.status_code == 409
    assert alice.post(PATH, BODY | {"supersedes": new["id"]}).status_code == 201


def test_a_piece_replaces_one_on_its_own_recommendation_only(live: Live) -> None:
    alice, _ = leads(live)
    elsewhere = alice.attach("bwd-2017-sif-6")
    refused = alice.post(PATH, BODY | {"supersedes": elsewhere["id"]})
    assert refused.status_code == 422
    assert pointers(refused) == ["/supersedes"]


# What counts


def test_only_what_supports_counts(live: Live) -> None:
    alice, _ = leads(live)
    counts = {
        bearing: alice.attach(REF, bearing=bearing)["counts"]
        for bearing in ("supports", "mixed", "undermines")
    }
    assert counts == {"supports": True, "mixed": False, "undermines": False}


def test_a_piece_counts_until_its_last_day_is_over_in_london(live: Live) -> None:
    alice, _ = leads(live)
    evidence = alice.attach(REF, valid_until="2026-11")
    path = f"/v1/evidence/{evidence['id']}"

    def counts() -> Any:
        return alice.get(path).json()["counts"]

    assert counts() is True
    live.register.clock.advance(days=6, hours=11)  # 30 November, 23:00
    assert counts() is True
    live.register.clock.advance(hours=1)
    assert counts() is False
    assert alice.see(REF)["evidence"][0]["counts"] is False
    assert alice.all(PATH)[0]["counts"] is False


# What it assures


def test_assurance_rises_with_who_looked(live: Live) -> None:
    alice, bob = leads(live)
    dora = live.client("Dora", "lead", "bwd-council")
    alice.assign(REF, "bwd-council")

    def assurance() -> Any:
        return alice.see(REF)["assurance"]

    assert assurance() == "none"
    first, second = alice.attach(REF), alice.attach(REF)
    alice.move(REF, "in_progress")
    assert assurance() == "none"
    alice.move(REF, "implemented")
    assert assurance() == "self_reported"
    dora.review(first)
    assert assurance() == "checked"
    bob.review(second)
    assert assurance() == "independent"
    finding = alice.attach(REF, kind="inspection_finding", level="activity")
    assert assurance() == "independent"
    bob.review(finding)
    assert assurance() == "inspector_confirmed"

    bob.review(finding, "rejected", reason="It is about another authority")
    assert assurance() == "independent"
    withdraw(alice, second, reason="Wrong file")
    assert assurance() == "checked"
    dora.review(first, "rejected", reason="Two cases are no sample")
    assert assurance() == "self_reported"


def test_a_reviewer_who_speaks_for_nobody_checks_and_no_more(live: Live) -> None:
    alice, _ = leads(live)
    alice.assign(REF, "bwd-council")
    evidence = alice.attach(REF)
    live.client("Charlie", "lead").review(evidence)
    assert alice.see(REF)["assurance"] == "checked"


def test_a_finding_that_does_not_support_confirms_nothing(live: Live) -> None:
    alice, bob = leads(live)
    for bearing in ("mixed", "undermines"):
        bob.review(alice.attach(REF, kind="inspection_finding", bearing=bearing))
    assert alice.see(REF)["assurance"] == "none"


def test_assurance_follows_the_owner(live: Live) -> None:
    alice, bob = leads(live)
    alice.assign(REF, "bwd-council")
    bob.review(alice.attach(REF))
    assert alice.see(REF)["assurance"] == "independent"
    alice.assign(REF, "lancashire-police", reason="The police lead on it now")
    assert alice.see(REF)["assurance"] == "checked"
    alice.assign(REF, "bwd-council", reason="They do not after all")
    assert alice.see(REF)["assurance"] == "independent"


def test_an_inspectors_finding_writes_no_status(live: Live) -> None:
    alice, bob = leads(live)
    before = alice.see(REF)
    bob.review(alice.attach(REF, kind="inspection_finding"))
    after = alice.see(REF)
    assert (after["status"], after["status_since"]) == ("open", None)
    assert after["version"] == before["version"]


def test_what_a_verification_rested_on_may_expire(live: Live) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, "in_progress")
    for until in ("2026-12-31", "2027-01-31"):
        bob.review(alice.attach(REF, valid_until=until))
    alice.move(REF, "implemented")
    bob.move(REF, "verified")
    live.register.clock.advance(days=68)  # 31 January
    assert alice.see(REF)["assurance_expired"] is False
    live.register.clock.advance(days=1)
    assert alice.see(REF)["assurance_expired"] is True
    alice.move(REF, "in_progress", reason="The sample is too old")
    assert alice.see(REF)["assurance_expired"] is False


# What it undoes


def test_accepted_undermining_evidence_observed_later_says_that_it_regressed(live: Live) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, "verified")
    live.register.clock.advance(days=30)
    evidence = alice.attach(REF, bearing="undermines", observed="2026-11-25")
    assert alice.see(REF)["regressed"] is False
    bob.review(evidence)
    now = alice.see(REF)
    assert (now["regressed"], now["status"]) == (True, "verified")
    assert [row["ref"] for row in alice.all("/v1/recommendations", regressed="true")] == [REF]

    alice.move(REF, "closed", closure_reason="implemented")
    assert alice.see(REF)["regressed"] is True
    bob.review(evidence, "rejected", reason="It is about another authority")
    assert alice.see(REF)["regressed"] is False
    bob.review(evidence, reason="It is not")
    assert alice.see(REF)["regressed"] is True
    withdraw(alice, evidence, reason="Wrong file")
    assert alice.see(REF)["regressed"] is False


def test_undermining_evidence_from_before_or_of_no_known_day_regresses_nothing(live: Live) -> None:
    alice, bob = leads(live)
    bring(alice, bob, REF, "verified")
    live.register.clock.advance(days=30)
    for observed in ("2026-11-24", "2018-10/2018-11", "XXXX-12", None):
        bob.review(alice.attach(REF, bearing="undermines", observed=observed))
    bob.review(alice.attach(REF, bearing="mixed", observed="2026-12-01"))
    assert alice.see(REF)["regressed"] is False


def test_evidence_is_weighed_against_the_day_the_verification_took_effect(live: Live) -> None:
    alice, bob = leads(live)
    alice.move(REF, "in_progress", effective_on="2019-01-01")
    outcome = alice.attach(REF)
    bob.review(outcome)
    alice.move(REF, "implemented", effective_on="2019-06-01")
    bob.review(alice.attach(REF, bearing="undermines", observed="2020-02"))
    assert alice.see(REF)["regressed"] is False
    assert bob.move(REF, "verified", effective_on="2019-09-01").json()["regressed"] is True
    reopened = alice.move(REF, "in_progress", reason="Inspectors saw it again in 2020")
    assert reopened.json()["regressed"] is False


@pytest.mark.parametrize(
    ("closure", "regresses"),
    [("no_longer_applicable", True), ("risk_accepted", True), ("not_accepted", False)],
)
def test_some_closures_can_be_contradicted_and_some_not(
    live: Live, closure: str, regresses: bool
) -> None:
    alice, bob = leads(live)
    more = {"review_on": "2027-06-01"} if closure == "risk_accepted" else {}
    alice.move(REF, "closed", closure_reason=closure, reason="The board said so", **more)
    live.register.clock.advance(days=2)
    bob.review(alice.attach(REF, bearing="undermines", observed="2026-11-25"))
    assert alice.see(REF)["regressed"] is regresses


def test_the_seeds_own_evidence_is_submitted_and_cited(live: Live) -> None:
    pieces = live.anonymous().all("/v1/recommendations/bwd-2017-sif-4/evidence")
    by_bearing = {piece["bearing"]: piece for piece in pieces}
    assert set(by_bearing) == {"supports", "undermines"}
    assert {piece["review"] for piece in pieces} == {"submitted"}
    undermines = by_bearing["undermines"]
    assert (undermines["kind"], undermines["observed"]) == ("inspection_finding", "2018-10/2018-11")
    assert "has not progressed this work quickly enough" in undermines["citations"][0]["quote"]
    assert undermines["citations"][0]["transcription"] == "reported"
