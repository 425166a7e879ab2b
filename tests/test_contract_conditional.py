"""Conditional requests as a table of behaviour: when 304, when 428, when 412, and that of two
editors at once exactly one wins."""

import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import httpx
import pytest

from tests.live import Client, Live, Register, serving

REF = "bwd-2017-sif-4"
PATH = f"/v1/recommendations/{REF}"
MISTAKE = "/v1/recommendations/bwd-2017-sif-3"
"""One that nobody has worked on."""
ONE = re.compile(r'"\d+\.\d+-[0-9a-f]{8}\.[0-9a-f]{8}"')
MANY = re.compile(r'"\d+-[0-9a-f]{8}\.[0-9a-f]{8}"')
one_engine = pytest.mark.parametrize("engine", ["sqlite"])
"""For what does not depend on the database."""

READ = {
    PATH: ONE,
    f"{PATH}/lineage": ONE,
    "/v1/inspections/bwd-2017-sif": ONE,
    "/v1/parties/bwd-council": ONE,
    "/v1/recommendations?limit=3&status=open": MANY,
    f"{PATH}/history": MANY,
    f"{PATH}/evidence": MANY,
    f"{PATH}/notes": MANY,
    "/v1/inspections": MANY,
    "/v1/parties": MANY,
    "/v1/links": MANY,
    "/v1/places": MANY,
    "/v1/themes": MANY,
    "/v1/sources": MANY,
    "/v1/changes": MANY,
    "/v1/export/recommendations.csv?bom=true": MANY,
    "/v1/export/recommendations.xlsx": MANY,
    "/v1/export/recommendations.json": MANY,
    "/v1/export/document.json": MANY,
    "/v1/calendar.ics": MANY,
    "/v1/calendar.ics?overdue=no": MANY,
}
"""What can be read, and the form of its ETag: of one thing, or of a list."""
DAILY = [
    PATH,
    f"{PATH}/lineage",
    "/v1/recommendations?limit=3&status=open",
    f"{PATH}/evidence",
    "/v1/export/recommendations.csv?bom=true",
    "/v1/export/recommendations.xlsx",
    "/v1/export/recommendations.json",
    "/v1/calendar.ics?overdue=no",
]
"""What shows something that a new day changes by itself."""


def poll(client: Client, path: str, etag: str) -> httpx.Response:
    return client.get(path, headers={"If-None-Match": etag})


def etags(client: Client) -> dict[str, str]:
    return {path: client.get(path).headers["ETag"] for path in READ}


def test_an_unchanged_poll_is_304_without_a_body(live: Live) -> None:
    reader = live.client("A reader", "viewer")
    for path, form in READ.items():
        first = reader.get(path)
        etag = first.headers["ETag"]
        assert form.fullmatch(etag), (path, etag)
        assert first.headers["Vary"] == "Authorization"
        assert "no-cache" in first.headers["Cache-Control"], "a cache must ask each time"
        for told in (etag, f"W/{etag}", f'"other", {etag}', f'"other",W/{etag}', "*"):
            same = poll(reader, path, told)
            assert (same.status_code, same.content) == (304, b""), (path, told)
            assert same.headers["ETag"] == etag
        for told in ('"other"', etag.strip('"'), etag[:-2] + '"', ""):
            assert poll(reader, path, told).content == first.content, (path, told)


def test_the_etag_of_one_thing_begins_with_its_version(live: Live) -> None:
    lead = live.client("Alice", "lead")
    assert lead.amend(REF, title="Pre-proceedings").status_code == 200
    seen = lead.get(PATH)
    assert seen.json()["version"] == 2
    assert seen.headers["ETag"].startswith('"2.')
    assert lead.get("/v1/parties/bwd-council").headers["ETag"].startswith('"1.')


def _link(lead: Client) -> httpx.Response:
    return lead.propose("bwd-2023-jtai-1", "bwd-2017-sif-7")


CHANGES: dict[str, Callable[[Client], Any]] = {
    "evidence": lambda lead: lead.attach(REF),
    "a note": lambda lead: lead.post(f"{PATH}/notes", {"text": "The audit is under way"}),
    "a link": _link,
    "an owner": lambda lead: lead.assign(REF, "bwd-council"),
    "an inspection": lambda lead: lead.inspect("bwd-2026-ilacs"),
    "a party": lambda lead: lead.post(
        "/v1/parties", {"slug": "bwd-ics", "name": "ICS", "kind": "team"}
    ),
}


def test_nothing_is_304_after_something_was_recorded(live: Live) -> None:
    reader, lead = live.client("A reader", "viewer"), live.client("Alice", "lead")
    for says, change in CHANGES.items():
        before = etags(reader)
        change(lead)
        for path, etag in before.items():
            assert poll(reader, path, etag).status_code == 200, (says, path)


def test_evidence_notes_and_links_do_not_make_an_editor_stale(live: Live) -> None:
    editor, lead = live.client("An editor", "lead"), live.client("Alice", "lead")
    etag = editor.get(PATH).headers["ETag"]
    lead.attach(REF)
    lead.post(f"{PATH}/notes", {"text": "The audit is under way"})
    assert lead.propose("bwd-2023-jtai-1", REF).status_code == 201
    assert poll(editor, PATH, etag).status_code == 200
    assert editor.send("PATCH", PATH, {"priority": "high"}, match=etag).status_code == 200
    assert editor.send("PATCH", PATH, {"priority": "normal"}, match=etag).status_code == 412


def test_a_new_day_ends_the_304_of_what_is_derived_from_it(live: Live) -> None:
    lead = live.client("Alice", "lead")
    day = live.register.clock().date()
    assert lead.amend(REF, due_on=day.isoformat()).status_code == 200
    before = etags(lead)
    assert lead.see(REF)["overdue"] == "no"
    live.register.clock.advance(hours=13)
    for path, etag in before.items():
        expected = 200 if path in DAILY else 304
        assert poll(lead, path, etag).status_code == expected, path
    assert lead.see(REF)["overdue"] == "yes"
    assert [row["ref"] for row in lead.all("/v1/recommendations", overdue="yes")] == [REF]


@one_engine
def test_another_setting_of_staleness_ends_the_304(seeded: Register) -> None:
    seeded.clock.advance(days=40)
    with serving(seeded) as live:
        reader = live.client("A reader", "viewer")
        before = {path: reader.get(path).headers["ETag"] for path in (PATH, "/v1/recommendations")}
        assert not reader.see(REF)["stale"]
    seeded.settings = seeded.settings.model_copy(update={"stale_days": 30})
    with serving(seeded) as live:
        reader = live.client("A reader", "viewer")
        assert reader.see(REF)["stale"]
        for path, etag in before.items():
            assert poll(reader, path, etag).status_code == 200, path


@one_engine
def test_readers_who_see_different_things_share_no_etag(live: Live) -> None:
    readers = [
        live.anonymous(),
        live.client("A reader", "viewer"),
        live.client("Of the place", "viewer", places=["blackburn-with-darwen"]),
        live.client("Of both", "viewer", places=["blackburn-with-darwen", "lancashire"]),
    ]
    tags = [etags(reader) for reader in readers]
    for path in READ:
        assert len({seen[path] for seen in tags}) == len(readers), path
    for path, etag in tags[1].items():
        assert poll(readers[0], path, etag).status_code == 200, path
    assert etags(live.client("Another reader", "admin")) == tags[1], "these two see the same"


@one_engine
def test_head_answers_as_get_does_without_a_body(live: Live) -> None:
    reader = live.client("A reader", "viewer")
    for path in [*READ, "/docs", "/healthz"]:
        head, get = reader.http.head(path), reader.get(path)
        assert (head.status_code, head.content) == (200, b""), path
        for name in ("Content-Type", "Content-Length", "ETag"):
            assert head.headers.get(name) == get.headers.get(name), (path, name)
    etag = reader.get(PATH).headers["ETag"]
    assert reader.http.head(PATH, headers={"If-None-Match": etag}).status_code == 304
    assert reader.http.head("/v1/recommendations/bwd-2017-sif-99").status_code == 404


@dataclass
class Unsafe:
    """A request that changes something, which `of` it names the version of (none: of nothing)."""

    method: str
    path: str
    body: Any
    of: str | None = None


def _unsafe(live: Live) -> list[Unsafe]:
    """Every unsafe method of the contract, on things that stand ready for it."""
    lead, other = live.client("Alice", "lead"), live.client("Bob", "lead")
    mine = f"/v1/evidence/{lead.attach(REF)['id']}"
    theirs = f"/v1/evidence/{other.attach(REF)['id']}"
    link = lead.propose("bwd-2023-jtai-1", "bwd-2017-sif-7")
    assert lead.contribute(REF, "lancashire-police").status_code == 201
    address = link.headers["Location"]
    party, inspection = "/v1/parties/bwd-lscb", "/v1/inspections/bwd-2017-sif"
    released = f"{PATH}/contributors/lancashire-police?reason=It+was+merged"
    planned = {"title": "Relaunch it", "recommendations": [REF]}
    action = lead.post("/v1/actions", planned).headers["Location"]
    bodies = {"name": "A board", "kind": "board"}
    for slug in ("board-2017", "board-2019"):
        assert lead.post("/v1/parties", {"slug": slug, **bodies}).status_code == 201
    board = "/v1/parties/board-2017"
    run = lead.post("/v1/imports", {"themes": [{"slug": "play", "title": "Play"}]}).json()["id"]
    calendar = lead.post("/v1/calendars", {"name": "Board"}).headers["Location"]
    return [
        Unsafe("PATCH", PATH, {"title": "Pre-proceedings"}, PATH),
        Unsafe("PUT", f"{PATH}/status", {"status": "in_progress"}, PATH),
        Unsafe("PUT", f"{PATH}/owner", {"party": "bwd-council"}, PATH),
        Unsafe("POST", f"{PATH}/contributors", {"party": "bwd-schools"}, PATH),
        Unsafe("POST", f"{PATH}/errata", {
            "text": "Improve it.", "reason": "Typed wrongly", "citation": {
                "source": "bwd-2017-report",
            },
        }, PATH),
        Unsafe("POST", f"{MISTAKE}/voiding", {"reason": "Entered twice"}, MISTAKE),
        Unsafe("PUT", f"{PATH}/contributors/lancashire-police/progress", {"progress": "done"}),
        Unsafe("DELETE", released, None, PATH),
        Unsafe("PUT", f"{theirs}/review", {"review": "accepted"}, theirs),
        Unsafe("POST", f"{mine}/withdrawal", {"reason": "Of another team"}, mine),
        Unsafe("PUT", f"{address}/review", {"state": "confirmed"}, address),
        Unsafe("PATCH", party, {"name": "The LSCB"}, party),
        Unsafe("PATCH", inspection, {"title": "The SIF inspection"}, inspection),
        Unsafe("POST", f"{PATH}/evidence", {
            "kind": "audit", "level": "output", "bearing": "mixed", "summary": "A dip sample",
        }),
        Unsafe("POST", f"{PATH}/notes", {"text": "A note"}),
        Unsafe("PATCH", action, {"status": "in_progress"}, action),
        Unsafe("POST", f"{action}/notes", {"text": "Begun"}),
        Unsafe("POST", "/v1/actions", planned | {"title": "Train"}),
        Unsafe("POST", f"{board}/succession", {
            "successor": "board-2019", "reason": "Merged",
        }, board),
        Unsafe("POST", "/v1/parties", {"slug": "bwd-ics", "name": "ICS", "kind": "team"}),
        Unsafe("POST", "/v1/inspections", {
            "slug": "bwd-2026-ilacs", "title": "ILACS", "framework": "ilacs",
            "inspectorates": ["ofsted"], "place": "blackburn-with-darwen",
        }),
        Unsafe("POST", "/v1/recommendations", {
            "inspection": "bwd-2025-ilacs", "ordinal": 1, "text": "Improve it.",
        }),
        Unsafe("POST", "/v1/imports", {"themes": [{"slug": "sleep", "title": "Sleep"}]}),
        Unsafe("POST", f"/v1/imports/{run}/reversal", {"reason": "Another list"}),
        Unsafe("POST", "/v1/calendars", {"name": "Another board"}),
        Unsafe("POST", f"{calendar}/revocation", {}),
        Unsafe("POST", "/v1/links", {
            "later": "bwd-2023-jtai-3", "earlier": "bwd-2017-sif-7", "kind": "relates_to",
            "basis": "analyst", "rationale": "The same families",
        }),
    ]  # fmt: skip


def test_what_changes_a_thing_needs_if_match_and_what_adds_one_does_not(live: Live) -> None:
    requests = _unsafe(live)
    lead = live.client("Alice", "lead")
    for one in requests:
        says = (one.method, one.path)
        if one.of is not None:
            version = lead.get(one.of).json()["version"]
            for told in (f'"{version + 1}.0-0.0"', f'"{version - 1}.0-0.0"', '"x"', "x", ""):
                stale = lead.send(one.method, one.path, one.body, match=told)
                assert stale.status_code == 412, (says, told)
            missing = lead.send(one.method, one.path, one.body)
            assert missing.status_code == 428, says
        etag = lead.get(one.of).headers["ETag"] if one.of else None
        done = lead.send(one.method, one.path, one.body, match=etag)
        assert done.status_code in (200, 201), (says, done.text)
        if one.of is not None:
            assert done.json()["version"] == version + 1, says


@one_engine
def test_every_unsafe_route_of_the_app_is_in_that_table(live: Live) -> None:
    document = live.anonymous().get("/openapi.json").json()
    declared = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
        if method in ("post", "put", "patch", "delete")
    }
    patterns = {(method, re.sub(r"\{\w+\}", "[^/]+", path)) for method, path in declared}
    tried = _unsafe(live)
    for method, pattern in patterns:
        assert any(
            one.method == method and re.fullmatch(pattern, one.path.split("?")[0]) for one in tried
        ), (method, pattern)


@one_engine
def test_if_match_takes_lists_weak_tags_and_the_star(live: Live) -> None:
    lead = live.client("Alice", "lead")
    for number, form in enumerate(["{}", "W/{}", '"7.x", {}', '"7.x",W/{} , "8.y"', "*"]):
        etag = lead.get(PATH).headers["ETag"]
        done = lead.send("PATCH", PATH, {"title": f"Title {number}"}, match=form.format(etag))
        assert done.status_code == 200, form
    old = lead.send("PATCH", PATH, {"title": "Old"}, match='"1.x", "2.x"')
    assert old.status_code == 412


@one_engine
def test_a_change_that_changes_nothing_keeps_version_and_history(live: Live) -> None:
    lead = live.client("Alice", "lead")
    seen = lead.get(PATH)
    done = lead.amend(REF, title=seen.json()["title"])
    assert done.status_code == 200
    assert (done.content, done.headers["ETag"]) == (seen.content, seen.headers["ETag"])


def test_a_write_answers_what_get_would_with_its_etag(live: Live) -> None:
    lead = live.client("Alice", "lead")
    for one in _unsafe(live):
        match = lead.get(one.of).headers["ETag"] if one.of else None
        done = lead.send(one.method, one.path, one.body, match=match)
        where = one.of or done.headers.get("Location", PATH)
        seen = lead.get(where)
        if where.endswith("/notes"):  # of a recommendation: a list of them
            assert done.json() in seen.json()["items"]
        elif where.startswith("/v1/calendars/"):  # its secret address is told once
            assert done.json() | {"address": None} == seen.json()
            assert done.headers["ETag"] == seen.headers["ETag"]
        else:
            assert (done.content, done.headers["ETag"]) == (seen.content, seen.headers["ETag"])


def at_once(works: list[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    """Runs all of these at the same moment."""
    start = Barrier(len(works))

    def run(work: Callable[[], httpx.Response]) -> httpx.Response:
        start.wait(10)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_of_editors_at_once_exactly_one_wins(live: Live) -> None:
    names = ("Alice", "Bob", "Charlie")
    editors = [live.client(name, "lead") for name in names]
    for round_ in range(15):
        etag = editors[0].get(PATH).headers["ETag"]

        def edit(editor: Client, name: str, etag: str = etag, n: int = round_) -> httpx.Response:
            for _ in range(3):  # a machine at its limit may say 503 with Retry-After
                answer = editor.send("PATCH", PATH, {"title": f"{name} {n}"}, match=etag)
                if answer.status_code != 503:
                    break
            return answer

        answers = at_once(
            [lambda e=e, n=n: edit(e, n) for e, n in zip(editors, names, strict=True)]  # type: ignore[misc]
        )
        assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 2}
        won = next(answer for answer in answers if answer.status_code == 200)
        assert editors[0].see(REF)["title"] == won.json()["title"]
    assert editors[0].see(REF)["version"] == 16
    titles = [row["after"]["title"] for row in editors[0].history(REF)[4:]]
    assert len(titles) == 15


def test_of_two_who_enter_the_same_thing_at_once_one_wins(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    for number in range(8):
        body = {"slug": f"team-{number}", "name": "A team", "kind": "team"}
        answers = at_once(
            [lambda c=c, b=body: c.post("/v1/parties", b) for c in (alice, bob)]  # type: ignore[misc]
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]
