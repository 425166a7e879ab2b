"""Parties: the bodies, posts and people who own or are addressed, and whose they are."""

from typing import Any

from tests.live import Live, pointers

LIST = "/v1/parties"
DCS: dict[str, Any] = {
    "slug": "bwd-dcs",
    "name": "Director of Children's Services",
    "kind": "post",
    "organisation": "bwd-council",
}
PATH = f"{LIST}/bwd-dcs"
SEEDED = [
    "bwd-council",
    "bwd-lscb",
    "bwd-place-board",
    "bwd-schools",
    "lancashire-police",
    "lsc-icb",
    "pan-lancashire-csap",
]
ALONE: dict[str, Any] = {"successor": None, "successors": [], "predecessors": []}


def test_a_party_is_entered_and_found_under_its_slug(live: Live) -> None:
    alice = live.client("Alice", "lead")
    answer = alice.post(LIST, DCS)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == PATH
    assert answer.json() == DCS | {
        "successor": None,
        "successors": [],
        "predecessors": [],
        "version": 1,
    }
    again = alice.get(PATH)
    assert again.json() == answer.json()
    assert again.headers["ETag"] == answer.headers["ETag"]
    change = alice.get("/v1/changes", params={"limit": 500}).json()["items"][-1]
    assert (change["action"], change["subject"]) == ("party:added", "bwd-dcs")


def test_the_least_is_slug_name_and_kind(live: Live) -> None:
    alice = live.client("Alice", "lead")
    least = {"slug": "hmicfrs-north", "name": "HMICFRS North", "kind": "team"}
    made = alice.post(LIST, least)
    assert made.status_code == 201
    assert made.json()["organisation"] is None


def test_the_seeds_parties_are_there_by_slug_page_by_page(live: Live) -> None:
    reader = live.anonymous()
    assert [party["slug"] for party in reader.all(LIST, limit=3)] == SEEDED
    assert [party["slug"] for party in reader.all(LIST)] == SEEDED
    assert reader.get(f"{LIST}/nobody-at-all").status_code == 404


CANNOT_BE_TAKEN: list[tuple[dict[str, Any], str]] = [
    ({"slug": "BwD DCS"}, "/slug"),
    ({"slug": "-dcs"}, "/slug"),
    ({"slug": "x"}, "/slug"),
    ({"name": ""}, "/name"),
    ({"name": None}, "/name"),
    ({"kind": "committee"}, "/kind"),
    ({"organisation": "nobody-at-all"}, "/organisation"),
    ({"organisation": "bwd-dcs"}, "/organisation"),
    ({"successor": "bwd-council"}, "/successor"),
]


def test_a_party_that_cannot_be_taken_is_refused_by_name_of_the_field(live: Live) -> None:
    alice = live.client("Alice", "lead")
    for change, pointer in CANNOT_BE_TAKEN:
        refused = alice.post(LIST, DCS | change)
        assert refused.status_code == 422, (change, refused.text)
        assert pointers(refused) == [pointer], change
    assert [party["slug"] for party in alice.all(LIST)] == SEEDED


def test_a_slug_is_given_once(live: Live) -> None:
    alice = live.client("Alice", "lead")
    taken = alice.post(LIST, DCS | {"slug": "bwd-lscb"})
    assert taken.status_code == 409
    assert alice.get(f"{LIST}/bwd-lscb").json()["kind"] == "board"


def test_a_party_is_corrected_on_the_version_that_was_read(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    read = alice.post(LIST, DCS).headers["ETag"]
    new = {"name": "Executive Director, Children and Young People"}
    assert alice.send("PATCH", PATH, new).status_code == 428
    amended = alice.send("PATCH", PATH, new, match=read)
    assert amended.status_code == 200, amended.text
    assert amended.json() == DCS | new | {
        "successor": None,
        "successors": [],
        "predecessors": [],
        "version": 2,
    }
    assert bob.send("PATCH", PATH, {"name": "DCS"}, match=read).status_code == 412
    assert alice.get(PATH).json()["name"] == new["name"]

    same = alice.change("PATCH", PATH, new)
    assert (same.status_code, same.json()["version"]) == (200, 2)


def test_a_correction_that_cannot_be_taken_is_refused_before_its_version_is_asked_for(
    live: Live,
) -> None:
    alice = live.client("Alice", "lead")
    alice.post(LIST, DCS)
    for fields, pointer in (
        ({"name": None}, "/name"),
        ({"kind": None}, "/kind"),
        ({"kind": "committee"}, "/kind"),
        ({"slug": "bwd-director"}, "/slug"),
        ({"organisation": "nobody-at-all"}, "/organisation"),
        ({"organisation": "bwd-dcs"}, "/organisation"),
    ):
        refused = alice.send("PATCH", PATH, fields)
        assert refused.status_code == 422, (fields, refused.text)
        assert pointers(refused) == [pointer]
    assert alice.get(PATH).json()["version"] == 1


def test_what_a_team_owns_goes_where_the_team_goes(live: Live) -> None:
    alice = live.client("Alice", "lead")
    bob = live.client("Bob", "lead", "lancashire-police")
    ref = "bwd-2017-sif-7"
    alice.post(LIST, DCS)
    alice.assign(ref, "bwd-dcs")
    bob.review(alice.attach(ref))
    seen = alice.see(ref)
    assert (seen["organisation"], seen["assurance"]) == ("bwd-council", "independent")

    moved = alice.change("PATCH", PATH, {"organisation": "lancashire-police"})
    assert moved.status_code == 200, moved.text
    seen = alice.see(ref)
    assert (seen["owner"], seen["organisation"]) == ("bwd-dcs", "lancashire-police")
    assert seen["assurance"] == "checked"
    assert [
        row["ref"] for row in alice.all("/v1/recommendations", organisation="bwd-council")
    ] == []
    change = alice.history(ref)[-1]
    assert change["action"] == "recommendation:reorganised"
    assert change["after"] == {"organisation": "lancashire-police"}

    alice.change("PATCH", PATH, {"organisation": None})
    assert alice.see(ref)["organisation"] == "bwd-dcs"


def test_a_token_speaks_for_the_organisation_that_its_party_belongs_to_now(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.post(LIST, DCS)
    alice.assign("bwd-2017-sif-7", "bwd-council")
    charlie = live.client("Charlie", "contributor", "bwd-dcs")
    assert charlie.move("bwd-2017-sif-7", "in_progress").status_code == 200
    alice.change("PATCH", PATH, {"organisation": "lsc-icb"})
    assert charlie.move("bwd-2017-sif-7", "blocked", reason="No post").status_code == 403


def test_leads_enter_and_correct_parties_and_nobody_below(live: Live) -> None:
    for role in ("viewer", "contributor"):
        charlie = live.client(f"A {role}", role, "bwd-council")
        assert charlie.post(LIST, DCS).status_code == 403
        assert charlie.change("PATCH", f"{LIST}/bwd-council", {"name": "Ours"}).status_code == 403
        assert charlie.send("PATCH", f"{LIST}/nobody-at-all", {"name": "X"}).status_code == 404
    assert live.anonymous().post(LIST, DCS).status_code == 401
