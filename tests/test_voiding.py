"""Voiding: what was entered by mistake leaves lists and counts, stays readable, and takes no more;
what people have worked on cannot be voided."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import httpx
import pytest

from app.domain import imports, recommendations, voiding
from app.domain.actors import RULES, Actor, Role
from app.domain.errors import WorkedOn
from tests.live import Client, Live, pointers

REF = "bwd-2017-sif-7"
PATH = f"/v1/recommendations/{REF}"
WHY = "It was entered twice"
ALICE = Actor("Alice", Role.LEAD)


def void(client: Client, ref: str = REF, reason: str = WHY) -> httpx.Response:
    path = f"/v1/recommendations/{ref}"
    return client.change("POST", f"{path}/voiding", {"reason": reason}, of=path)


def voided(client: Client, ref: str = REF) -> dict[str, Any]:
    answer = void(client, ref)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def work(refused: httpx.Response) -> list[tuple[str, str]]:
    """What a refusal says that people did, and who."""
    assert refused.status_code == 409, refused.text
    assert refused.json()["type"].endswith("#worked-on")
    return [(one["action"], one["actor"]) for one in refused.json()["work"]]


def reinstate(live: Live, ref: str = REF) -> None:
    with live.register.write() as session:
        found = recommendations.find(session, ALICE, ref, lock=True)
        voiding.reinstate(session, ALICE, found)


def bring(live: Live, **document: Any) -> None:
    """Brings a document, as an import does: all in one transaction."""
    with live.register.write() as session:
        imports.bring(session, ALICE, imports.Document.model_validate(document).parts())


def test_it_stays_readable_at_its_address(live: Live) -> None:
    alice = live.client("Alice", "lead")
    before = alice.see(REF)
    assert before["voided"] is None
    answer = void(alice)
    assert answer.status_code == 200, answer.text
    seen = alice.get(PATH)
    assert (answer.content, answer.headers["ETag"]) == (seen.content, seen.headers["ETag"])
    after = seen.json()
    assert after["voided"] == {"at": after["updated_at"], "by": "Alice", "reason": WHY}
    assert after["version"] == before["version"] + 1
    assert after["text"] == before["text"]
    change = alice.history(REF)[-1]
    assert (change["action"], change["reason"]) == ("recommendation:voided", WHY)
    assert (change["before"], change["after"]) == ({"voided": False}, {"voided": True})
    assert live.anonymous().see(REF)["voided"]["by"] is None
    for part in ("evidence", "notes", "lineage"):
        assert alice.get(f"{PATH}/{part}").status_code == 200


def test_lists_searches_attention_and_coverage_leave_it_out(live: Live) -> None:
    alice = live.client("Alice", "lead")

    def counts() -> dict[str, int]:
        lists = {
            "all": {},
            "inspection": {"inspection": "bwd-2017-sif"},
            "status": {"status": "open"},
            "search": {"q": "apprenticeship"},
            "ref": {"q": REF},
        }
        found = {name: len(alice.all("/v1/recommendations", **by)) for name, by in lists.items()}
        needed = [one["ref"] for one in alice.all("/v1/attention", limit=500)]
        coverage = alice.get("/v1/inspections/bwd-2017-sif").json()["coverage"]
        return found | {"attention": needed.count(REF), "held": coverage["held_count"]}

    before = counts()
    assert (before["all"], before["held"]) == (26, 9)
    assert min(before.values()) >= 1
    voided(alice)
    assert counts() == {name: number - 1 for name, number in before.items()}
    coverage = alice.get("/v1/inspections/bwd-2017-sif").json()["coverage"]
    assert coverage == {"availability": "partly_held", "stated_count": 9, "held_count": 8}


def test_past_days_are_as_they_were(live: Live) -> None:
    alice = live.client("Alice", "lead")
    live.register.clock.advance(days=1)
    voided(alice)
    live.register.clock.advance(days=1)
    reinstate(live)
    for day, number in (("2026-11-24", 26), ("2026-11-25", 25), ("2026-11-26", 26)):
        listed = alice.all("/v1/recommendations", as_of=day)
        assert len(listed) == number, day
        assert (REF in [row["ref"] for row in listed]) == (number == 26)


def test_a_deadline_does_not_rest_on_it(live: Live) -> None:
    alice = live.client("Alice", "lead")
    visit = {"published": "2026-01-05", "framework": "focused_visit"}
    alice.inspect("bwd-2026-focused-visit", **visit)
    made = alice.enter("bwd-2026-focused-visit", 1, kind="area_for_priority_action")
    path = "/v1/inspections/bwd-2026-focused-visit"
    assert alice.get(path).json()["response_due"]["computed"] is not None
    voided(alice, made["ref"])
    assert alice.get(path).json()["response_due"]["computed"] is None


EARLIER = {
    "slug": "bwd-2016-peer",
    "title": "Peer review",
    "framework": "other",
    "inspectorates": ["ofsted"],
    "place": "blackburn-with-darwen",
    "published": "2016-01-10",
}
LATER = "bwd-2018-focused-visit-1"


def bring_with_a_proposal(live: Live) -> str:
    """An import brings a recommendation, and the proposal that a later one takes it up."""
    proposal = {"later": LATER, "earlier": "bwd-2016-peer-1", "kind": "broadens"}
    bring(
        live,
        inspections=[EARLIER],
        recommendations=[{"inspection": "bwd-2016-peer", "ordinal": 1, "text": "Help earlier."}],
        links=[proposal | {"basis": "machine", "rationale": "Alike"}],
    )
    return "bwd-2016-peer-1"


def test_links_proposed_on_it_are_left_out_and_come_back_with_it(live: Live) -> None:
    alice = live.client("Alice", "lead")
    ref = bring_with_a_proposal(live)

    def seen() -> tuple[int, int, int, bool]:
        waits = alice.all("/v1/attention", limit=500)
        return (
            len(alice.all("/v1/links", recommendation=ref)),
            len(alice.see(LATER)["links"]),
            len(alice.see(ref)["links"]),
            (LATER, "links_waiting_for_review") in {(one["ref"], one["reason"]) for one in waits},
        )

    before = seen()
    assert before == (1, 3, 1, True)
    (link,) = alice.all("/v1/links", recommendation=ref)
    voided(alice, ref)
    assert seen() == (0, 2, 0, False)
    assert alice.get(f"/v1/links/{link['id']}").json() == link, "it is readable as it was"
    refused = alice.judge(link["id"], "confirmed")
    assert (refused.status_code, refused.json()["type"][-7:]) == (409, "#voided")
    reinstate(live, ref)
    assert seen() == before
    assert alice.judge(link["id"], "confirmed").status_code == 200


def test_it_is_alone_in_its_lineage(live: Live) -> None:
    alice = live.client("Alice", "lead")
    voided(alice)
    family = alice.get(f"{PATH}/lineage").json()
    assert (family["lineage"], family["links"]) == (None, [])
    assert [row["ref"] for row in family["recommendations"]] == [REF]


def test_succession_passes_it_by(live: Live) -> None:
    alice = live.client("Alice", "lead")
    refs = [
        alice.enter("bwd-2025-ilacs", number, owner="bwd-place-board")["ref"] for number in (1, 2)
    ]
    voided(alice, refs[0])
    board = "/v1/parties/bwd-place-board"
    given = {"successor": "bwd-schools", "reason": "Merged"}
    done = alice.change("POST", f"{board}/succession", given, of=board)
    assert done.status_code == 201, done.text
    assert [alice.see(ref)["owner"] for ref in refs] == ["bwd-place-board", "bwd-schools"]
    assert alice.history(refs[0])[-1]["action"] == "recommendation:voided"


DEEDS: dict[str, tuple[Callable[[Client, Client], Any], str]] = {
    "a note": (
        lambda alice, bob: alice.post(f"{PATH}/notes", {"text": "Asked"}),
        "note:added",
    ),
    "an owner": (lambda alice, bob: alice.assign(REF, "bwd-council"), "owner:assigned"),
    "a contributor": (
        lambda alice, bob: alice.contribute(REF, "lancashire-police"),
        "contributor:added",
    ),
    "a move": (lambda alice, bob: alice.move(REF, "in_progress"), "status:moved"),
    "a title": (lambda alice, bob: alice.amend(REF, title="Apprentices"), "amended"),
    "evidence": (lambda alice, bob: alice.attach(REF), "evidence:attached"),
    "a proposed link": (
        lambda alice, bob: alice.propose("bwd-2023-jtai-1", REF),
        "link:proposed",
    ),
    "an action": (
        lambda alice, bob: alice.post("/v1/actions", {"title": "Do", "recommendations": [REF]}),
        "action:added",
    ),
}


def test_what_people_worked_on_is_not_voided(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    for number, (says, (deed, action)) in enumerate(DEEDS.items()):
        deed(alice, bob)
        told = work(void(bob))
        assert told[-1] == (f"recommendation:{action}", "Alice"), says
        assert len(told) == number + 1, "each is told once, though it also still stands"
        live.register.clock.advance(minutes=1)
    seen = alice.see(REF)
    assert seen["voided"] is None
    first = void(bob).json()["work"][0]
    assert (first["ref"], first["at"]) == (REF, "2026-11-24T12:00:00.000000Z")


def test_a_refusal_lists_twenty_deeds_at_most(live: Live) -> None:
    alice = live.client("Alice", "lead")
    for number in range(25):
        assert alice.post(f"{PATH}/notes", {"text": f"Week {number}"}).status_code == 201
    assert len(work(void(alice))) == 20


def test_what_was_withdrawn_was_work_all_the_same(live: Live) -> None:
    alice = live.client("Alice", "lead")
    path = f"/v1/evidence/{alice.attach(REF)['id']}"
    gone = alice.change("POST", f"{path}/withdrawal", {"reason": "Another's"}, of=path)
    assert gone.status_code == 201
    told = [action for action, _ in work(void(alice))]
    assert told == ["recommendation:evidence:attached", "recommendation:evidence:withdrawn"]


@pytest.mark.parametrize(
    ("ref", "action"),
    [
        ("bwd-2017-sif-5", "recommendation:evidence:attached"),
        ("bwd-2018-focused-visit-1", "recommendation:link:confirmed"),
    ],
)
def test_what_came_with_it_and_still_hangs_on_it_stands_against_it(
    live: Live, ref: str, action: str
) -> None:
    """The seed brought recommendation, evidence and link in one transaction."""
    told = work(void(live.client("Alice", "lead"), ref))
    assert {one for one, _ in told} == {action}


def test_the_earlier_end_of_a_confirmed_link_is_held_too(live: Live) -> None:
    told = work(void(live.client("Alice", "lead"), "bwd-2017-sif-4"))
    assert "recommendation:link:confirmed" in {action for action, _ in told}


def test_corrections_and_what_follows_by_rule_are_no_work(live: Live) -> None:
    alice = live.client("Alice", "lead")
    made = alice.enter("bwd-2025-ilacs", 1, owner="bwd-place-board")
    assert [change["action"] for change in alice.history(made["ref"])] == [
        "recommendation:added",
        "recommendation:owner:assigned",
    ]
    path = f"/v1/recommendations/{made['ref']}"
    erratum = {"text": "Other.", "reason": "Typed", "citation": {"source": "bwd-2017-report"}}
    assert alice.change("POST", f"{path}/errata", erratum, of=path).status_code == 201
    bring(
        live,
        recommendations=[
            {"inspection": "bwd-2025-ilacs", "ordinal": 1, "text": "Other.", "priority": "high"}
        ],
    )
    board = "/v1/parties/bwd-place-board"
    moved = alice.change("PATCH", board, {"organisation": "lsc-icb"}, of=board)
    assert moved.status_code == 200, moved.text
    assert [change["action"] for change in alice.history(made["ref"])[2:]] == [
        "recommendation:erratum:recorded",
        "recommendation:corrected",
        "recommendation:reorganised",
    ]
    assert voided(alice, made["ref"])["owner"] == "bwd-place-board"


def test_the_owner_assigned_a_moment_later_is_work_and_not_part_of_the_entry(live: Live) -> None:
    """The clock stands still: neither the moment nor the actor tells the two apart."""
    alice = live.client("Alice", "lead")
    made = alice.enter("bwd-2025-ilacs", 1)
    assert alice.assign(made["ref"], "bwd-council").status_code == 200
    assert work(void(alice, made["ref"])) == [("recommendation:owner:assigned", "Alice")]


def test_what_an_import_brought_with_it_is_part_of_the_entry(live: Live) -> None:
    """Though rows of others stand between those of one recommendation."""
    rows = [
        {"inspection": "bwd-2025-ilacs", "ordinal": number, "text": "Do.", "owner": "bwd-council"}
        for number in (1, 2, 3)
    ]
    actions = [
        {
            "key": f"plan-{number}",
            "title": "Plan",
            "recommendations": [f"bwd-2025-ilacs-{number}"],
            "status": "cancelled",
        }
        for number in (1, 2, 3)
    ]
    bring(live, recommendations=rows, actions=actions)
    alice = live.client("Alice", "lead")
    seqs = [change["seq"] for change in alice.history("bwd-2025-ilacs-1")]
    assert len(seqs) == 3
    assert seqs[-1] - seqs[0] > 2
    voided(alice, "bwd-2025-ilacs-1")
    refs = [f"bwd-2025-ilacs-{number}" for number in (2, 3)]
    with live.register.write() as session:
        since = voiding.entered(session, refs)
        assert voiding.work_since(session, since) == []
        earlier = {ref: seq - 1 for ref, seq in since.items()}
        told = voiding.work_since(session, earlier)
        assert [(one["ref"], one["action"]) for one in told] == [
            (ref, "recommendation:action:added") for ref in refs
        ]


def test_voiding_again_and_whatever_else_is_refused(live: Live) -> None:
    """Everything that could be recorded about it, with all that it needs but that it stands."""
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    ref = bring_with_a_proposal(live)
    path = f"/v1/recommendations/{ref}"
    planned = {
        "key": "plan",
        "title": "Plan",
        "recommendations": [ref, REF],
        "status": "cancelled",
    }
    other = alice.enter("bwd-2025-ilacs", 1, owner="bwd-council")["ref"]
    assert alice.post("/v1/actions", planned | {"recommendations": [other]}).status_code == 201
    (link,) = alice.all("/v1/links", recommendation=ref)
    voided(alice, ref)
    erratum = {"text": "Other.", "reason": "Typed", "citation": {"source": "bwd-2017-report"}}
    relation = {"kind": "relates_to", "basis": "analyst", "rationale": "Alike"}
    evidence = {"kind": "audit", "level": "output", "bearing": "mixed", "summary": "A sample"}
    seen = alice.see(ref)
    (action,) = alice.all("/v1/actions")
    served = f"/v1/actions/{action['id']}"
    requests: list[tuple[str, str, Any, str | None]] = [
        ("POST", f"{path}/voiding", {"reason": WHY}, path),
        ("POST", f"{path}/errata", erratum, path),
        ("PATCH", path, {"title": "Other"}, path),
        ("PATCH", path, {"title": seen["title"]}, path),
        ("PUT", f"{path}/status", {"status": "in_progress"}, path),
        ("PUT", f"{path}/status", {"status": "verified"}, path),
        ("PUT", f"{path}/owner", {"party": "bwd-council"}, path),
        ("PUT", f"{path}/owner", {"party": None}, path),
        ("POST", f"{path}/contributors", {"party": "bwd-council"}, path),
        ("POST", f"{path}/evidence", evidence, None),
        ("POST", f"{path}/notes", {"text": "Asked"}, None),
        ("POST", "/v1/links", relation | {"later": LATER, "earlier": ref}, None),
        ("POST", "/v1/links", relation | {"later": ref, "earlier": LATER}, None),
        (
            "PUT",
            f"/v1/links/{link['id']}/review",
            {"state": "confirmed"},
            f"/v1/links/{link['id']}",
        ),
        ("POST", "/v1/actions", {"title": "Do", "recommendations": [ref]}, None),
        ("POST", "/v1/actions", {"title": "Do", "recommendations": [REF, ref]}, None),
        ("PATCH", served, {"recommendations": [other, ref]}, served),
    ]
    before = alice.get("/v1/changes?limit=500").json()["next"]
    for method, address, body, of in requests:
        match = alice.get(of).headers["ETag"] if of else None
        refused = bob.send(method, address, body, match=match)
        assert refused.status_code == 409, (method, address, refused.text)
        assert refused.json()["type"].endswith("#voided"), (method, address, refused.text)
        if of is not None:
            assert bob.send(method, address, body).status_code == 428, (method, address)
            stale = bob.send(method, address, body, match='"9.0-0.0"')
            assert stale.status_code == 412, (method, address)
    assert alice.see(ref) == seen
    assert alice.get("/v1/changes?limit=500").json()["next"] == before


def test_contributors_and_evidence_that_came_with_it_take_nothing_more(live: Live) -> None:
    """Evidence that an import brought and somebody withdrew in its reversal, for instance."""
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    alice.contribute(REF, "lancashire-police")
    piece = alice.attach(REF)
    with live.register.write() as session:
        found = recommendations.find(session, ALICE, REF, lock=True)
        with pytest.raises(WorkedOn):
            voiding.void_all(session, ALICE, [found], WHY, by_import="im_1")
    path = f"/v1/evidence/{piece['id']}"
    gone = alice.change("POST", f"{path}/withdrawal", {"reason": "Reversed"}, of=path)
    assert gone.status_code == 201
    with live.register.write() as session:
        found = recommendations.find(session, ALICE, REF, lock=True)
        voiding.void_all(session, ALICE, [found], WHY, by_import="im_1", since={REF: 10**6})
    assert alice.history(REF)[-1]["after"] == {"voided": True, "import": "im_1"}
    contributor = f"{PATH}/contributors/lancashire-police"
    assert bob.review(piece).json()["type"].endswith("#voided")
    for answer in (
        alice.change("POST", f"{path}/withdrawal", {"reason": "Again"}, of=path),
        alice.change("DELETE", f"{contributor}?reason=Left", of=PATH),
        alice.send("PUT", f"{contributor}/progress", {"progress": "done"}),
    ):
        assert (answer.status_code, answer.json()["type"][-7:]) == (409, "#voided")


def test_an_action_that_was_cancelled_goes_on_without_it(live: Live) -> None:
    """It still names what was voided: it can be taken up again for the others."""
    alice = live.client("Alice", "lead")
    bring(
        live,
        recommendations=[
            {"inspection": "bwd-2025-ilacs", "ordinal": number, "text": "Do."} for number in (1, 2)
        ],
        actions=[
            {
                "key": "plan",
                "title": "Plan",
                "recommendations": ["bwd-2025-ilacs-1", "bwd-2025-ilacs-2"],
                "status": "cancelled",
            }
        ],
    )
    voided(alice, "bwd-2025-ilacs-1")
    (action,) = alice.all("/v1/actions")
    path = f"/v1/actions/{action['id']}"
    again = {"status": "planned", "reason": "Needed after all"}
    refused = alice.change("PATCH", path, again)
    assert (refused.status_code, refused.json()["type"][-7:]) == (409, "#voided")
    assert alice.post(f"{path}/notes", {"text": "Whom does it serve?"}).status_code == 201
    done = alice.change("PATCH", path, again | {"recommendations": ["bwd-2025-ilacs-2"]})
    assert done.status_code == 200, done.text
    assert alice.history("bwd-2025-ilacs-1")[-1]["action"] == "recommendation:voided"
    assert alice.history("bwd-2025-ilacs-2")[-1]["action"] == "recommendation:action:amended"


def test_refusals_come_in_the_order_of_the_contract(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "contributor", "bwd-council")
    assert alice.assign(REF, "bwd-council").status_code == 200
    nowhere, address = "/v1/recommendations/bwd-2017-sif-99/voiding", f"{PATH}/voiding"
    assert live.anonymous().post(nowhere, {}).status_code == 401
    assert bob.post(nowhere, {}).status_code == 404
    assert bob.post(address, {}).status_code == 403
    for body in ({}, {"reason": " "}, {"reason": None}):
        refused = alice.post(address, body)
        assert (refused.status_code, pointers(refused)) == (422, ["/reason"])
    assert alice.post(address, {"reason": WHY}).status_code == 428
    stale = alice.send("POST", address, {"reason": WHY}, match='"1.0-0.0"')
    assert stale.status_code == 412
    assert void(alice).status_code == 409


def test_it_is_done_once_however_often_it_is_sent(live: Live) -> None:
    alice = live.client("Alice", "lead")
    key, body = {"Idempotency-Key": "voiding-1"}, {"reason": WHY}
    first = alice.change("POST", f"{PATH}/voiding", body, of=PATH, headers=key)
    again = alice.post(f"{PATH}/voiding", body, headers=key)
    assert (again.status_code, again.content) == (200, first.content)
    assert void(alice).status_code == 409


def test_what_was_reinstated_counts_again_as_it_stood(live: Live) -> None:
    alice = live.client("Alice", "lead")
    before = alice.see(REF)
    voided(alice)
    with live.register.read() as session:
        lasts = voiding.lasting(session, [REF, "bwd-2017-sif-1"])
        assert {ref: row.by_import for ref, row in lasts.items()} == {REF: None}
    live.register.clock.advance(days=1)
    reinstate(live)
    after = alice.see(REF)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"version", "updated_at"}
    assert alice.history(REF)[-1]["action"] == "recommendation:reinstated"
    assert alice.get("/v1/inspections/bwd-2017-sif").json()["coverage"]["held_count"] == 9
    assert [row["ref"] for row in alice.all("/v1/recommendations", q=REF)] == [REF]
    with live.register.read() as session:
        assert voiding.lasting(session, [REF]) == {}


def test_it_can_be_voided_again_unless_somebody_worked_on_it_since(live: Live) -> None:
    alice = live.client("Alice", "lead")
    voided(alice)
    reinstate(live)
    voided(alice)
    reinstate(live)
    assert alice.post(f"{PATH}/notes", {"text": "Asked"}).status_code == 201
    assert work(void(alice)) == [("recommendation:note:added", "Alice")]


def test_many_are_voided_all_or_none(live: Live) -> None:
    alice = live.client("Alice", "lead")
    refs = [f"bwd-2017-sif-{number}" for number in (3, 6, 7)]
    assert alice.post(f"/v1/recommendations/{refs[1]}/notes", {"text": "Asked"}).status_code == 201

    def void_them(those: list[str]) -> None:
        with live.register.write() as session:
            found = [recommendations.find(session, ALICE, ref, lock=True) for ref in those]
            voiding.void_all(session, ALICE, found, WHY, by_import="im_1")

    with pytest.raises(WorkedOn) as refused:
        void_them(refs)
    assert [one["ref"] for one in refused.value.members["work"]] == [refs[1]]
    assert alice.get("/v1/inspections/bwd-2017-sif").json()["coverage"]["held_count"] == 9
    void_them([refs[0], refs[2]])
    assert alice.get("/v1/inspections/bwd-2017-sif").json()["coverage"]["held_count"] == 7
    with live.register.read() as session:
        lasts = voiding.lasting(session, refs)
        assert {ref: row.by_import for ref, row in lasts.items()} == {
            refs[0]: "im_1",
            refs[2]: "im_1",
        }


def test_rules_go_on_for_what_was_voided(live: Live) -> None:
    """Its owner's organisation is right where it is reinstated."""
    alice = live.client("Alice", "lead")
    made = alice.enter("bwd-2025-ilacs", 1, owner="bwd-place-board")
    voided(alice, made["ref"])
    board = "/v1/parties/bwd-place-board"
    moved = alice.change("PATCH", board, {"organisation": "lsc-icb"}, of=board)
    assert moved.status_code == 200, moved.text
    change = alice.history(made["ref"])[-1]
    assert (change["action"], change["actor"]) == ("recommendation:reorganised", RULES.name)
    reinstate(live, made["ref"])
    assert alice.see(made["ref"])["organisation"] == "lsc-icb"


def at_once(*works: Callable[[], httpx.Response]) -> list[httpx.Response]:
    start = Barrier(len(works))

    def run(work: Callable[[], httpx.Response]) -> httpx.Response:
        start.wait(10)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_two_who_void_at_once_are_both_counted(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    for number in range(5):
        slug = f"bwd-{2030 + number}-ilacs"
        alice.inspect(slug)
        refs = [alice.enter(slug, ordinal)["ref"] for ordinal in (1, 2)]
        answers = at_once(
            *(partial(void, who, ref) for who, ref in zip((alice, bob), refs, strict=True))
        )
        assert [answer.status_code for answer in answers] == [200, 200]
        coverage = alice.get(f"/v1/inspections/{slug}").json()["coverage"]
        assert coverage["held_count"] == 0


def test_of_a_note_and_a_voiding_at_once_one_is_refused(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    alice.inspect("bwd-2030-ilacs")
    for ordinal in range(1, 9):
        ref = alice.enter("bwd-2030-ilacs", ordinal)["ref"]
        note = partial(alice.post, f"/v1/recommendations/{ref}/notes", {"text": "Asked"})
        noted, gone = (one.status_code for one in at_once(note, partial(void, bob, ref)))
        assert (noted, gone) in ((201, 409), (409, 200))
