"""Bodies that change: what is open passes on, and who owned it then stays on record."""

from typing import Any

import pytest

from tests.live import Client, Live

REFS = ["bwd-2017-sif-7", "bwd-2017-sif-8", "bwd-2017-sif-9"]


def board(lead: Client, *slugs: str) -> None:
    for slug in slugs:
        made = lead.post("/v1/parties", {"slug": slug, "name": slug.title(), "kind": "board"})
        assert made.status_code == 201


def succeed(lead: Client, party: str, successor: str, **more: Any) -> Any:
    path = f"/v1/parties/{party}"
    body = {"successor": successor, "reason": "Reorganised", **more}
    return lead.change("POST", f"{path}/succession", body, of=path)


def test_the_seed_has_one_succession_without_a_day(live: Live) -> None:
    reader = live.anonymous()
    lscb = reader.get("/v1/parties/bwd-lscb").json()
    assert (lscb["successor"], lscb["predecessors"]) == ("pan-lancashire-csap", [])
    assert [one["on"] for one in lscb["successors"]] == [None]
    csap = reader.get("/v1/parties/pan-lancashire-csap").json()
    assert (csap["successor"], csap["predecessors"]) == (None, ["bwd-lscb"])
    others = [party for party in reader.all("/v1/parties") if party["successors"]]
    assert [party["slug"] for party in others] == ["bwd-lscb"]
    seen = reader.get("/v1/recommendations/bwd-2017-lscb-1").json()
    assert [one["party"] for one in seen["assignments"]] == ["bwd-lscb", "pan-lancashire-csap"]
    assert seen["owner"] == "pan-lancashire-csap"
    found = reader.all("/v1/recommendations", organisation="pan-lancashire-csap")
    assert len(found) == 3


def test_what_is_open_passes_and_what_is_closed_stays(live: Live) -> None:
    lead = live.client("Alice", "lead")
    board(lead, "old-board", "new-board")
    for ref in REFS:
        lead.assign(ref, "old-board")
    lead.contribute("bwd-2017-sif-1", "old-board")
    lead.move(REFS[0], "closed", closure_reason="no_longer_applicable", reason="Done elsewhere")
    action = lead.post(
        "/v1/actions", {"title": "A", "recommendations": [REFS[1]], "owner": "old-board"}
    ).json()
    passed = succeed(lead, "old-board", "new-board", on="2019-09~")
    assert passed.status_code == 201, passed.text
    assert passed.json()["successors"][0]["on"] == "2019-09~"
    assert [lead.see(ref)["owner"] for ref in REFS] == ["old-board", "new-board", "new-board"]
    assert lead.see("bwd-2017-sif-1")["contributors"] == ["new-board"]
    assert lead.get(f"/v1/actions/{action['id']}").json()["owner"] == "new-board"
    found = [row["ref"] for row in lead.all("/v1/recommendations", organisation="new-board")]
    assert found == REFS
    only = [row["ref"] for row in lead.all("/v1/recommendations", owner="new-board")]
    assert only == REFS[1:]


def test_a_chain_finds_what_came_down_it(live: Live) -> None:
    lead = live.client("Alice", "lead")
    board(lead, "first", "second", "third")
    lead.assign(REFS[0], "first")
    lead.move(REFS[0], "closed", closure_reason="no_longer_applicable", reason="Long ago")
    succeed(lead, "first", "second")
    succeed(lead, "second", "third")
    assert [row["ref"] for row in lead.all("/v1/recommendations", organisation="third")] == [
        REFS[0]
    ]
    assert lead.see(REFS[0])["owner"] == "first"


def test_several_become_one(live: Live) -> None:
    lead = live.client("Alice", "lead")
    board(lead, "east", "west", "whole")
    lead.assign(REFS[0], "east")
    lead.assign(REFS[1], "west")
    lead.contribute(REFS[0], "west")
    for party in ("east", "west"):
        assert succeed(lead, party, "whole").status_code == 201
    assert [lead.see(ref)["owner"] for ref in REFS[:2]] == ["whole", "whole"]
    assert lead.see(REFS[0])["contributors"] == ["whole"]
    assert lead.get("/v1/parties/whole").json()["predecessors"] == ["east", "west"]


def test_where_one_becomes_several_a_person_decides(live: Live) -> None:
    lead = live.client("Alice", "lead")
    board(lead, "whole", "east", "west")
    for ref in REFS:
        lead.assign(ref, "whole")
    first = succeed(lead, "whole", "east", recommendations=[REFS[0]])
    assert first.status_code == 201
    unsaid = succeed(lead, "whole", "west")
    assert unsaid.status_code == 422
    assert unsaid.json()["errors"][0]["pointer"] == "/recommendations"
    wrong = succeed(lead, "whole", "west", recommendations=[REFS[0]])
    assert wrong.json()["errors"][0]["pointer"] == "/recommendations/0"
    second = succeed(lead, "whole", "west", recommendations=REFS[1:])
    assert second.status_code == 201
    assert second.json()["successor"] is None
    assert {one["party"] for one in second.json()["successors"]} == {"east", "west"}
    assert [lead.see(ref)["owner"] for ref in REFS] == ["east", "west", "west"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"successor": "new-board"}, 422),
        ({"successor": "nobody-known", "reason": "x"}, 422),
        ({"successor": "old-board", "reason": "x"}, 422),
        ({"successor": "new-board", "reason": "x", "on": "2019/2018"}, 422),
    ],
)
def test_bad_successions_are_refused(live: Live, body: dict[str, Any], status: int) -> None:
    lead = live.client("Alice", "lead")
    board(lead, "old-board", "new-board")
    path = "/v1/parties/old-board"
    assert lead.change("POST", f"{path}/succession", body, of=path).status_code == status


def test_no_circle_and_not_twice(live: Live) -> None:
    lead = live.client("Alice", "lead")
    board(lead, "first", "second", "third")
    succeed(lead, "first", "second")
    succeed(lead, "second", "third")
    assert succeed(lead, "third", "first").status_code == 409
    assert succeed(lead, "first", "second").status_code == 409
    assert (
        live.client("Bob", "contributor", "first")
        .send("POST", "/v1/parties/first/succession", {"successor": "third", "reason": "x"})
        .status_code
        == 403
    )


def test_each_date_names_its_owner(live: Live) -> None:
    """Assignments never overlap: at any instant at most one party is accountable."""
    lead = live.client("Alice", "lead")
    board(lead, "first", "second")
    clock = live.register.clock
    clock.advance(days=1)
    lead.assign(REFS[0], "first")
    clock.advance(days=5)
    succeed(lead, "first", "second")
    clock.advance(days=5)
    lead.assign(REFS[0], None, reason="Nobody left")
    rows = lead.see(REFS[0])["assignments"]
    spans = [(one["party"], one["from"][:10], one["to"][:10]) for one in rows]
    assert spans == [
        ("first", "2026-11-25", "2026-11-30"),
        ("second", "2026-11-30", "2026-12-05"),
    ]


def test_a_split_passes_the_actions_that_serve_nothing_else(live: Live) -> None:
    lead = live.client("Alice", "lead")
    board(lead, "whole", "east")
    for ref in REFS:
        lead.assign(ref, "whole")
    made = [
        lead.post("/v1/actions", {"title": "A", "recommendations": refs, "owner": "whole"}).json()
        for refs in ([REFS[0]], REFS[:2])
    ]
    assert succeed(lead, "whole", "east", recommendations=[REFS[0]]).status_code == 201
    owners = [lead.get(f"/v1/actions/{one['id']}").json()["owner"] for one in made]
    assert owners == ["east", "whole"]


def test_nothing_out_of_reach_passes_or_follows(live: Live) -> None:
    lead = live.client("Alice", "lead")
    board(lead, "whole", "east")
    lead.inspect("ex-2024", place="exampleshire")
    lead.assign(lead.enter("ex-2024")["ref"], "whole")
    bound = live.client("Bob", "lead", places=["blackburn-with-darwen"])
    body = {"successor": "east", "reason": "Reorganised"}
    refused = bound.send("POST", "/v1/parties/whole/succession", body)
    assert refused.status_code == 403, "before If-Match is asked for"
    moved = bound.change("PATCH", "/v1/parties/whole", {"organisation": "bwd-council"})
    assert moved.status_code == 403
    assert lead.see("ex-2024-1")["organisation"] == "whole"
