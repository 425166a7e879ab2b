"""Inspections: entering one, how much of it is held, and what a correction of its dates moves."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.live import Client, Live, bring, pointers

LIST = "/v1/inspections"
LEAST: dict[str, Any] = {
    "slug": "rossendale-2026-visit",
    "title": "Focused visit: front door",
    "framework": "focused_visit",
    "inspectorates": ["ofsted"],
    "place": "rossendale",
}
PATH = f"{LIST}/rossendale-2026-visit"


def slugs(client: Client, path: str = LIST, key: str = "slug") -> list[str]:
    return [row[key] for row in client.all(path)]


# Entering


def test_the_least_is_slug_title_framework_inspectorates_and_place(live: Live) -> None:
    alice = live.client("Alice", "lead")
    answer = alice.post(LIST, LEAST)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == PATH
    nothing_said: dict[str, Any] = {
        "scope": None,
        "fieldwork": None,
        "published": None,
        "judgements": [],
        "no_priority_action_stated": "not_said",
        "sources": [],
        "notes": [],
    }
    made = answer.json()
    assert {name: made[name] for name in LEAST | nothing_said} == LEAST | nothing_said
    assert made["response_due"]["stated"] is None
    assert made["version"] == 1
    assert made["coverage"] == {
        "availability": "referenced_only",
        "stated_count": None,
        "held_count": 0,
    }
    again = alice.get(PATH)
    assert again.json() == made
    assert again.headers["ETag"] == answer.headers["ETag"]
    for name in LEAST:
        short = {key: value for key, value in LEAST.items() if key != name}
        assert pointers(alice.post(LIST, short)) == [f"/{name}"]


def test_a_place_that_is_not_known_yet_is_made(live: Live) -> None:
    alice = live.client("Alice", "lead")
    assert slugs(alice, "/v1/places") == ["blackburn-with-darwen"]
    alice.post(LIST, LEAST | {"place": "west-lancashire"})
    assert alice.all("/v1/places")[1] == {
        "slug": "west-lancashire",
        "name": "West Lancashire",
        "ons_code": None,
    }
    alice.post(LIST, LEAST | {"slug": "wl-2027-visit", "place": "west-lancashire"})
    assert slugs(alice, "/v1/places") == ["blackburn-with-darwen", "west-lancashire"]
    actions = [change["action"] for change in alice.get("/v1/changes?limit=500").json()["items"]]
    assert actions[-3:] == ["place:added", "inspection:added", "inspection:added"]


def test_all_that_a_report_says_is_kept_as_it_was_printed(live: Live) -> None:
    alice = live.client("Alice", "lead")
    said: dict[str, Any] = {
        "inspectorates": ["ofsted", "cqc", "hmicfrs"],
        "scope": "The front door, at night",
        "fieldwork": "2026-01-12/2026-01-16",
        "published": "2026-03~",
        "judgements": [
            {
                "area": "Overall effectiveness",
                "grade": "Requires improvement to be good",
                "grade_normalised": "requires_improvement",
            }
        ],
        "no_priority_action_stated": "yes",
        "sources": ["public-record"],
    }
    notes = [{"text": "Not held.", "citations": [{"source": "public-record", "quote": "8"}]}]
    more = {"notes": notes, "response_due": {"stated": "2026-06"}, "coverage": {"stated_count": 4}}
    made = alice.post(LIST, LEAST | said | more).json()
    assert {name: made[name] for name in said} == said
    assert made["notes"][0]["text"] == "Not held."
    assert made["notes"][0]["citations"][0]["transcription"] == "reported"
    assert made["response_due"]["stated"] == "2026-06"
    assert made["coverage"]["stated_count"] == 4


CANNOT_BE_TAKEN: list[tuple[dict[str, Any], str]] = [
    ({"slug": "Rossendale 2026"}, "/slug"),
    ({"title": ""}, "/title"),
    ({"framework": "ofsted"}, "/framework"),
    ({"inspectorates": []}, "/inspectorates"),
    ({"inspectorates": ["Ofsted"]}, "/inspectorates/0"),
    ({"place": None}, "/place"),
    ({"published": "2026-13"}, "/published"),
    ({"published": "March 2026"}, "/published"),
    ({"fieldwork": "2026-03-12/2026-03-02"}, "/fieldwork"),
    ({"fieldwork": "2025-02-29"}, "/fieldwork"),
    ({"judgements": [{"area": "All", "grade": "Good"}]}, "/judgements/0/grade_normalised"),
    ({"no_priority_action_stated": True}, "/no_priority_action_stated"),
    ({"coverage": {"stated_count": -1}}, "/coverage/stated_count"),
    ({"coverage": {"held_count": 3}}, "/coverage/held_count"),
    ({"sources": ["public-record", "no-such-source"]}, "/sources/1"),
    ({"notes": [{"text": "a", "citations": [{"source": "x-y"}]}]}, "/notes/0/citations/0/source"),
    ({"version": 3}, "/version"),
]


def test_an_inspection_that_cannot_be_taken_is_refused_by_name_of_the_field(live: Live) -> None:
    alice = live.client("Alice", "lead")
    for change, pointer in CANNOT_BE_TAKEN:
        refused = alice.post(LIST, LEAST | change)
        assert refused.status_code == 422, (change, refused.text)
        assert pointers(refused) == [pointer], change
    assert alice.get(PATH).status_code == 404
    assert slugs(alice, "/v1/places") == ["blackburn-with-darwen"]


def test_a_slug_is_given_once(live: Live) -> None:
    alice = live.client("Alice", "lead")
    assert alice.post(LIST, LEAST | {"slug": "bwd-2017-sif"}).status_code == 409
    assert slugs(alice, "/v1/places") == ["blackburn-with-darwen"]


def test_leads_enter_and_correct_and_nobody_below(live: Live) -> None:
    for role in ("viewer", "contributor"):
        charlie = live.client(f"A {role}", role, "bwd-council")
        assert charlie.post(LIST, LEAST).status_code == 403
        edit = charlie.change("PATCH", f"{LIST}/bwd-2017-sif", {"title": "Ours"})
        assert edit.status_code == 403
    assert live.anonymous().post(LIST, LEAST).status_code == 401


def test_a_token_of_one_place_enters_and_sees_inspections_of_that_place_only(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.post(LIST, LEAST)
    bob = live.client("Bob", "lead", places=["blackburn-with-darwen"])
    assert LEAST["slug"] not in slugs(bob)
    assert len(slugs(bob)) == len(slugs(alice)) - 1
    assert bob.get(PATH).status_code == 404
    assert bob.send("PATCH", PATH, {"title": "Ours"}, match="*").status_code == 404
    assert bob.post(LIST, LEAST | {"slug": "rossendale-2027-visit"}).status_code == 403
    assert bob.post(LIST, LEAST | {"place": "burnley"}).status_code == 403
    row = {"inspection": LEAST["slug"], "ordinal": 1, "text": "Improve."}
    assert pointers(bob.post("/v1/recommendations", row)) == ["/inspection"]
    assert slugs(bob, "/v1/places") == ["blackburn-with-darwen"]


# Coverage


def test_coverage_follows_the_recommendations_that_are_held(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.post(LIST, LEAST | {"coverage": {"stated_count": 2}})

    def coverage() -> tuple[Any, ...]:
        shown = alice.get(PATH).json()["coverage"]
        return shown["availability"], shown["held_count"], shown["stated_count"]

    assert coverage() == ("referenced_only", 0, 2)
    alice.enter(LEAST["slug"], 1)
    assert coverage() == ("partly_held", 1, 2)
    alice.enter(LEAST["slug"], 2)
    assert coverage() == ("held", 2, 2)
    alice.change("PATCH", PATH, {"coverage": {"stated_count": 8}})
    assert coverage() == ("partly_held", 2, 8)
    # Where nobody knows how many there were, it is not known that these are all.
    alice.change("PATCH", PATH, {"coverage": {"stated_count": None}})
    assert coverage() == ("partly_held", 2, None)


def test_the_register_says_what_it_does_not_hold(live: Live) -> None:
    shown = {row["slug"]: row["coverage"] for row in live.anonymous().all(LIST)}
    told = {
        slug: (one["availability"], one["held_count"], one["stated_count"])
        for slug, one in shown.items()
    }
    assert told["bwd-2023-jtai"] == ("partly_held", 3, 8)
    assert told["bwd-2025-ilacs"] == ("referenced_only", 0, 4)
    assert told["bwd-2012-slac"] == ("referenced_only", 0, None)
    assert told["bwd-2010-unannounced"] == ("held", 6, 6)
    assert told["bwd-2017-sif"] == ("held", 9, 9)
    assert told["bwd-2017-lscb"] == ("held", 3, 3)
    assert sum(held for _, held, _ in told.values()) == 26


# Correcting


def test_an_inspection_is_corrected_on_the_version_that_was_read(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    read = alice.post(LIST, LEAST).headers["ETag"]
    new: dict[str, Any] = {
        "title": "Focused visit: the front door",
        "inspectorates": ["ofsted", "cqc"],
        "scope": "The front door",
        "fieldwork": "2026-01-12/2026-01-13",
        "published": "2026-02-20",
        "judgements": [{"area": "All", "grade": "Good", "grade_normalised": "good"}],
        "no_priority_action_stated": "no",
        "sources": ["public-record"],
        "notes": [{"text": "Read again.", "citations": []}],
    }
    assert alice.send("PATCH", PATH, new).status_code == 428
    answer = alice.send("PATCH", PATH, new, match=read)
    assert answer.status_code == 200, answer.text
    assert {name: answer.json()[name] for name in new} == new
    assert answer.json()["version"] == 2
    assert alice.get(PATH).json() == answer.json()
    assert bob.send("PATCH", PATH, {"title": "Visit"}, match=read).status_code == 412
    change = alice.get("/v1/changes?limit=500").json()["items"][-1]
    assert (change["action"], change["subject"]) == ("inspection:amended", LEAST["slug"])
    assert change["before"]["published"] is None
    assert change["after"]["published"] == "2026-02-20"

    same = alice.change("PATCH", PATH, new)
    assert (same.status_code, same.json()["version"]) == (200, 2)


def test_what_a_patch_leaves_out_stays(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.post(LIST, LEAST | {"published": "2026-02", "response_due": {"stated": "2026-06"}})
    alice.change("PATCH", PATH, {"title": "Another"})
    alice.change("PATCH", PATH, {"published": None})
    shown = alice.get(PATH).json()
    assert (shown["title"], shown["published"]) == ("Another", None)
    assert shown["response_due"]["stated"] == "2026-06"


def test_a_correction_that_cannot_be_taken_is_refused_before_its_version_is_asked_for(
    live: Live,
) -> None:
    alice = live.client("Alice", "lead")
    alice.post(LIST, LEAST)
    refusals: list[tuple[dict[str, Any], str]] = [
        ({"slug": "other-slug"}, "/slug"),
        ({"place": "blackburn-with-darwen"}, "/place"),
        ({"framework": "sif"}, "/framework"),
        ({"version": 2}, "/version"),
        ({"title": None}, "/title"),
        ({"inspectorates": None}, "/inspectorates"),
        ({"inspectorates": []}, "/inspectorates"),
        ({"judgements": None}, "/judgements"),
        ({"published": "2026-13"}, "/published"),
        ({"sources": ["no-such-source"]}, "/sources/0"),
        ({"notes": [{"text": ""}]}, "/notes/0/text"),
    ]
    for fields, pointer in refusals:
        refused = alice.send("PATCH", PATH, fields)
        assert refused.status_code == 422, (fields, refused.text)
        assert pointers(refused) == [pointer]
    assert alice.get(PATH).json()["version"] == 1


# Dates and what hangs on them


def test_inspections_stand_newest_first_and_those_without_a_date_last(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.post(LIST, LEAST)
    order = slugs(alice)
    assert order[0] == "bwd-2025-send"
    assert order.index("bwd-2018-focused-visit") < order.index("bwd-2017-sif")  # by its fieldwork
    assert order[-2:] == ["bwd-2008-jar", LEAST["slug"]]
    assert [row["slug"] for row in alice.all(LIST, limit=4)] == order


def test_a_changed_date_moves_the_inspection_and_its_recommendations(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.post(LIST, LEAST)
    ref = alice.enter(LEAST["slug"])["ref"]
    listed = "/v1/recommendations"
    assert slugs(alice)[-1] == LEAST["slug"]
    assert slugs(alice, listed, "ref")[-1] == ref

    before = alice.get(listed).headers["ETag"]
    alice.change("PATCH", PATH, {"published": "2026-03"})
    assert slugs(alice)[0] == LEAST["slug"]
    assert slugs(alice, listed, "ref")[0] == ref
    fresh = alice.get(listed, headers={"If-None-Match": before})
    assert fresh.status_code == 200

    alice.change("PATCH", PATH, {"published": "2018-03"})
    order = slugs(alice, listed, "ref")
    assert (
        order.index("bwd-2018-focused-visit-1") < order.index(ref) < order.index("bwd-2017-sif-1")
    )
    alice.change("PATCH", PATH, {"published": None, "fieldwork": "2026-04"})
    assert slugs(alice, listed, "ref")[0] == ref


def test_a_changed_date_says_anew_whether_something_regressed(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead", "lancashire-police")
    done = "bwd-2017-sif-7"
    bring(alice, bob, done, "verified")
    live.register.clock.advance(days=60)
    alice.inspect("bwd-2026-visit", published="2026-11-24")
    alice.link(alice.enter("bwd-2026-visit")["ref"], done)
    path = f"{LIST}/bwd-2026-visit"
    seen = []
    for published in ("2026-11-25", "2026-11-24", "2026-11", None, "2026-11-24/2026-12-01"):
        assert alice.change("PATCH", path, {"published": published}).status_code == 200
        seen.append((published, alice.see(done)["regressed"]))
    assert seen == [
        ("2026-11-25", True),
        ("2026-11-24", False),
        ("2026-11", True),  # its latest day is the 30th
        (None, False),
        ("2026-11-24/2026-12-01", True),
    ]
    listed = alice.all("/v1/recommendations", regressed="true")
    assert [row["ref"] for row in listed] == [done]
    change = alice.history(done)[-1]
    assert (change["action"], change["actor"]) == (
        "recommendation:regression:restated",
        "tracker",
    )
    assert change["after"]["inspection"] == "bwd-2026-visit"


def test_dates_that_contradict_each_other_are_refused(live: Live) -> None:
    alice = live.client("Alice", "lead")
    body = {
        "slug": "a-visit",
        "title": "A visit",
        "framework": "focused_visit",
        "inspectorates": ["ofsted"],
        "place": "here",
        "published": "2023-05",
        "fieldwork": "2024",
    }
    refused = alice.post("/v1/inspections", body)
    assert refused.status_code == 422
    assert pointers(refused) == ["/published"]
    path = "/v1/inspections/bwd-2017-sif"
    assert alice.change("PATCH", path, {"published": "2017-01-01"}).status_code == 422


def test_a_thing_that_is_not_there_is_404_whatever_else_is_wrong(live: Live) -> None:
    assert live.anonymous().get("/v1/inspections/none-here?x=1").status_code == 404
    assert live.anonymous().get("/v1/inspections/bwd-2017-sif?x=1").status_code == 422


def test_coverage_counts_all_that_are_entered_at_once(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.inspect("at-once")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda ordinal: alice.enter("at-once", ordinal), range(1, 25)))
    assert alice.get("/v1/inspections/at-once").json()["coverage"]["held_count"] == 24
