"""The client, against a real tracker and against a server that refuses, cuts off and lies."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from app.client import (
    Busy,
    Conflict,
    Gone,
    Malformed,
    NotAllowed,
    NotFound,
    NotReached,
    Refused,
    Stale,
    TooLarge,
    Tracker,
    TrackerError,
)
from app.client.memory import Recent
from app.client.wire import LONGEST, Wire
from tests.live import Live
from tests.scripted import Answer, scripted
from tests.test_contract_docs import free_port

REF = "bwd-2017-sif-4"
EVIDENCE = {
    "kind": "audit",
    "level": "outcome",
    "bearing": "supports",
    "summary": "Twenty cases: none drifted",
}
BUSY = Answer(503, b"busy", {"Retry-After": "0"})
Opening = Callable[..., Tracker]


@pytest.fixture
def opening() -> Iterator[Opening]:
    """Trackers that do not wait long, closed at the end."""
    with ExitStack() as stack:
        yield lambda url, token=None, **more: stack.enter_context(
            Tracker(url, token, **{"pause": 0.001} | more)
        )


@pytest.fixture
def alice(live: Live, opening: Opening) -> Tracker:
    return opening(live.url, live.register.token("Alice", "lead", "bwd-council"))


@pytest.fixture
def bob(live: Live, opening: Opening) -> Tracker:
    return opening(live.url, live.register.token("Bob", "lead", "lsc-icb"))


def test_a_recommendation_goes_its_whole_way(alice: Tracker, bob: Tracker) -> None:
    assert alice.move(REF, "in_progress")["status"] == "in_progress"
    piece = alice.attach(REF, **EVIDENCE)
    assert alice.move(REF, "implemented")["status"] == "implemented"
    with pytest.raises(NotAllowed, match="claim"):
        alice.move(REF, "verified")
    with pytest.raises(Conflict) as refused:
        bob.move(REF, "verified")
    assert refused.value.problem["needs"]
    assert refused.value.problem["needs"][0] in str(refused.value)
    assert bob.review(piece["id"], "accepted")["review"] == "accepted"
    assert bob.move(REF, "verified")["assurance"] == "independent"
    assert alice.note(REF, "Told the board")["text"] == "Told the board"
    assert [one["after"]["status"] for one in alice.history(REF) if "moved" in one["action"]] == [
        "in_progress",
        "implemented",
        "verified",
    ]


def test_owners_edits_links_and_actions(alice: Tracker) -> None:
    assert alice.assign(REF, "bwd-council")["owner"] == "bwd-council"
    assert alice.assign(REF, None, "The post is vacant")["owner"] is None
    assert alice.amend(REF, title="Pre-proceedings", due_on="2027-03")["due_on"] == "2027-03"
    entered = alice.enter("bwd-2017-sif", 99, "Improve visits.", priority="high")
    assert entered["ref"] == "bwd-2017-sif-99"
    link = alice.propose(
        entered["ref"], "bwd-2010-unannounced-1", "reiterates", basis="analyst", rationale="Same"
    )
    assert alice.judge(link["id"], "confirmed")["state"] == "confirmed"
    action = alice.action("Relaunch the strategy", [REF], owner="bwd-council")
    assert alice.amend_action(action["id"], status="in_progress")["status"] == "in_progress"
    assert [one["id"] for one in alice.actions(recommendation=REF)] == [action["id"]]
    piece = alice.attach(REF, **EVIDENCE)
    assert alice.withdraw(piece["id"], "Wrong cases")["withdrawn"]


def test_lists_come_page_by_page_with_their_filters(alice: Tracker) -> None:
    refs = [one["ref"] for one in alice.recommendations(limit=4)]
    assert len(refs) == len(set(refs)) == 26
    assert len(list(alice.recommendations())) == 26
    some = list(alice.recommendations(inspection=["bwd-2017-sif", "bwd-2018-focused"], limit=3))
    assert {one["inspection"] for one in some} <= {"bwd-2017-sif", "bwd-2018-focused"}
    assert list(alice.recommendations(overdue="yes")) == []
    with pytest.raises(Malformed) as refused:
        list(alice.recommendations(colour="red"))
    assert refused.value.errors[0]["pointer"] in str(refused.value)


def test_a_change_names_the_version_that_was_looked_at(alice: Tracker, bob: Tracker) -> None:
    alice.recommendation(REF)
    bob.amend(REF, title="Bob's title")
    with pytest.raises(Stale):
        alice.amend(REF, title="Alice's title")
    with pytest.raises(Stale):
        alice.amend(REF, title="Alice's title")
    assert alice.recommendation(REF)["title"] == "Bob's title"
    assert alice.amend(REF, title="Alice's title")["title"] == "Alice's title"
    assert alice.amend(REF, title="Her second")["title"] == "Her second", "no look in between"


def test_what_has_not_changed_is_not_sent_again(live: Live, alice: Tracker) -> None:
    seen: list[int] = []
    alice._wire._http.event_hooks["response"] = [lambda answer: seen.append(answer.status_code)]
    first = alice.recommendation(REF)
    first["title"] = "mine to scribble on"
    again = alice.recommendation(REF)
    assert seen == [200, 304]
    assert again["title"] != first["title"]
    alice.amend(REF, title="Another")
    assert alice.recommendation(REF)["title"] == "Another"
    assert len(list(alice.recommendations(limit=20))) == len(list(alice.recommendations(limit=20)))
    assert seen == [200, 304, 200, 200, 200, 200, 304, 304]


def test_refusals_are_the_classes_of_their_status(live: Live, opening: Opening) -> None:
    reader = opening(live.url, live.register.token("Reader", "viewer"))
    with pytest.raises(NotFound) as missing:
        reader.recommendation("no/such?ref")
    assert (missing.value.status, missing.value.title) == (404, "Not found")
    with pytest.raises(NotAllowed) as forbidden:
        reader.amend(REF, title="Mine")
    assert forbidden.value.status == 403
    with pytest.raises(NotAllowed) as unknown:
        opening(live.url, "rpt_wrong").recommendation(REF)
    assert unknown.value.status == 401
    with pytest.raises(NotAllowed):
        opening(live.url).note(REF, "Nobody's")


def test_changes_and_follow_go_through_the_feed(
    alice: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.client.tracker.PAGE", 10)
    every = list(alice.changes())
    assert [one["seq"] for one in every] == list(range(1, len(every) + 1))
    following = alice.follow(every=0.01)
    read: list[int] = []
    cursor = ""
    while len(read) < len(every):
        items, cursor = next(following)
        read += [one["seq"] for one in items]
    assert read == [one["seq"] for one in every]
    assert list(alice.changes(cursor)) == []
    alice.amend(REF, title="New")
    items, after = next(following)
    assert [(one["seq"], one["subject"]) for one in items] == [(len(every) + 1, REF)]
    assert after != cursor
    with pytest.raises(Gone):
        next(alice.follow("5.deadbeef"))


def test_a_busy_server_is_asked_again(opening: Opening) -> None:
    with scripted(BUSY, BUSY, Answer(body=b'{"ref": "a-1"}')) as server:
        assert opening(server.url).recommendation("a-1") == {"ref": "a-1"}
        assert len(server.asked) == 3
    limited = Answer(429, b"", {"Retry-After": "0"})
    with scripted(limited, Answer(headers={"ETag": '"1.a"'}), limited, Answer()) as server:
        opening(server.url).amend("a-1", title="T")
        assert [one.method for one in server.asked] == ["GET", "GET", "PATCH", "PATCH"]
        assert server.asked[-1].headers["if-match"] == '"1.a"'


def test_one_key_for_all_tries_of_a_call_and_another_for_the_next(opening: Opening) -> None:
    lost = Answer(silent=True)
    with scripted(BUSY, lost, Answer(502), Answer(201), Answer(201)) as server:
        tracker = opening(server.url)
        tracker.note("a-1", "Once")
        tracker.note("a-1", "Twice")
        tracker.create("/v1/links", {}, key="mine")
    *tries, other, mine = [one.headers["idempotency-key"] for one in server.asked]
    assert len(tries) == 4
    assert len(set(tries)) == 1
    assert other != tries[0]
    assert mine == "mine"
    assert {one.body for one in server.asked[:4]} == {b'{"text":"Once"}'}


def test_what_may_have_been_done_is_not_done_again_without_a_key(opening: Opening) -> None:
    for answer in (Answer(silent=True), Answer(cut=True), Answer(502)):
        with scripted(Answer(headers={"ETag": '"1.a"'}), answer) as server:
            with pytest.raises((NotReached, Busy)):
                opening(server.url).move("a-1", "in_progress")
            assert [one.method for one in server.asked] == ["GET", "PUT"]


def test_a_connection_that_breaks_off_is_tried_again(opening: Opening, tmp_path: Path) -> None:
    body = b'{"text": "' + b"x" * 10_000 + b'"}'
    with scripted(Answer(body=body, cut=True), Answer(silent=True), Answer(body=body)) as server:
        assert len(opening(server.url).recommendation("a-1")["text"]) == 10_000
    with scripted(Answer(body=body, cut=True), Answer(body=b"short")) as server:
        to = tmp_path / "table.csv"
        opening(server.url).export("csv", to, as_of="2026-01-01")
        assert to.read_bytes() == b"short"
        assert server.asked[0].path == "/v1/export/recommendations.csv?as_of=2026-01-01"
    with scripted(Answer(body=body, cut=True)) as server:
        with pytest.raises(NotReached, match="broke off"):
            opening(server.url).export("document", to)
        assert to.read_bytes() == b"short", "the file from before is still there"
        assert len(server.asked) == 5


def test_it_gives_up_after_its_tries_and_says_why(opening: Opening) -> None:
    with scripted(BUSY) as server:
        with pytest.raises(Busy, match="503"):
            opening(server.url, tries=3).recommendation("a-1")
        assert len(server.asked) == 3
    nobody = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(NotReached, match="nothing answers there"):
        opening(nobody).recommendation("a-1")
    with pytest.raises(NotReached, match="nothing answers there"):
        opening(nobody).import_file(b"{}", "application/json")


def test_pauses_grow_at_random_and_honour_retry_after() -> None:
    wire = Wire("http://127.0.0.1", None, 9, 0.5)
    for number, most in ((1, 0.5), (2, 1), (5, 8), (9, LONGEST)):
        pauses = {wire._pause(number) for _ in range(50)}
        assert len(pauses) > 40
        assert max(pauses) <= most
        assert max(pauses) > most / 2
    assert 7 <= wire._pause(1, "7") <= 7.5
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=9), usegmt=True)
    assert 7 <= wire._pause(1, soon) <= 9.5
    assert wire._pause(1, "86400") == LONGEST
    for odd in ("", "soon", "-5", "\xb2", "Thu, 01 Jan 1970 00:00:00 GMT"):
        assert wire._pause(1, odd) <= 0.5
    wire.close()


def test_what_is_no_tracker_is_said_to_be_none(opening: Opening) -> None:
    page = Answer(200, b"<!doctype html>Welcome", {"Content-Type": "text/html"})
    for answer in (page, Answer(body=b"[1]"), Answer(body=b"\xff\xfe")):
        with scripted(answer) as server, pytest.raises(NotReached, match="not a tracker"):
            opening(server.url).recommendation("a-1")
    moved = Answer(301, b"", {"Location": "https://elsewhere.example/"})
    with scripted(moved) as server:
        with pytest.raises(NotReached, match=r"https://elsewhere\.example/"):
            opening(server.url, "secret").recommendation("a-1")
        assert len(server.asked) == 1, "and the token goes nowhere else"
    odd = b'{"title": 1, "detail": null, "errors": [1, {}], "needs": 3}'
    with scripted(Answer(409, odd)) as server, pytest.raises(Conflict, match="1"):
        opening(server.url).recommendation("a-1")
    for status, kind in {401: NotAllowed, 404: NotFound, 413: TooLarge, 500: Refused}.items():
        with scripted(Answer(status, b"<html>")) as server:
            with pytest.raises(kind, match=str(status)) as refused:
                opening(server.url).recommendation("a-1")
            assert isinstance(refused.value, TrackerError)


@pytest.mark.parametrize(
    "url", ["", "somewhere", "ftp://host", "http://", "http://a:b", "http://me:it@host", "//host"]
)
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match=r"(the|an) address"):
        Tracker(url)
    with pytest.raises(ValueError, match="token"):
        Tracker("http://127.0.0.1", "a\nb")


class Stream(BytesIO):
    """As standard input is: it can be read once."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: Any) -> int:
        raise OSError("not seekable")


def _tell(told: list[tuple[int, int]], sent: int, size: int) -> None:
    told.append((sent, size))


def test_a_file_is_sent_in_parts_and_whole_for_each_try(opening: Opening, tmp_path: Path) -> None:
    content = b"inspection,ordinal,text\n" + b"a,1,x\n" * 30_000
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    behind = BytesIO(b"skipped" + content)
    behind.seek(7)
    answer = Answer(201, json.dumps({"id": "imp-1", "applied": True}).encode())
    for file in (path, content, Stream(content), behind):
        told: list[tuple[int, int]] = []
        with scripted(BUSY, Answer(silent=True), answer) as server:
            done = opening(server.url).import_file(
                cast(BinaryIO, file),
                "text/csv; charset=utf-8",
                inspection="bwd-2017-sif",
                ignore=["Notes", "RAG"],
                progress=partial(_tell, told),
            )
        assert done["id"] == "imp-1"
        assert [one.body for one in server.asked] == [content] * 3
        assert len({one.headers["idempotency-key"] for one in server.asked}) == 1
        assert server.asked[0].headers["content-type"] == "text/csv; charset=utf-8"
        assert "transfer-encoding" not in server.asked[0].headers
        wanted = "/v1/imports?dry_run=false&inspection=bwd-2017-sif&ignore=Notes&ignore=RAG"
        assert server.asked[0].path.removesuffix("&name=rows.csv") == wanted
        assert told[-1] == (len(content), len(content))
        assert len(told) == 3 * 3


def test_an_export_goes_into_a_stream_as_well(opening: Opening) -> None:
    with scripted(Answer(body=b"a,b\n")) as server:
        to = BytesIO(b"")
        opening(server.url).export("csv", to, status=["open", "blocked"])
        assert to.getvalue() == b"a,b\n"
        assert server.asked[0].path.endswith("?status=open&status=blocked")


def test_what_is_remembered_has_a_bound() -> None:
    recent: Recent[int] = Recent(3)
    for number in range(3):
        recent.keep(str(number), number)
    assert recent.get("0") == 0
    recent.keep("3", 3)
    assert [recent.get(name) for name in "0123"] == [0, None, 2, 3]


def test_pages_are_fetched_only_as_far_as_they_are_read(opening: Opening) -> None:
    page = Answer(body=b'{"items": [{"id": "a"}, {"id": "b"}], "next_cursor": "c"}')
    with scripted(page) as server:
        items = opening(server.url).pages("/v1/links")
        assert [one["id"] for one in islice(items, 3)] == ["a", "b", "a"]
        assert len(server.asked) == 2
        assert server.asked[1].path == "/v1/links?limit=200&cursor=c"


def test_an_import_is_tried_done_looked_up_and_taken_back(alice: Tracker) -> None:
    content = b"ordinal,text,RAG\n81,Improve visits.,red\n82,Improve records.,green\n"
    more: dict[str, Any] = {"inspection": "bwd-2017-sif", "name": "letter.csv"}
    with pytest.raises(Malformed) as refused:
        alice.import_file(content, "text/csv", **more)
    assert "RAG" in str(refused.value)
    more["ignore"] = ["RAG"]
    tried = alice.import_file(content, "text/csv", dry_run=True, **more)
    assert (tried["dry_run"], tried["applied"], tried["created"]) == (True, False, 2)
    with pytest.raises(NotFound):
        alice.recommendation("bwd-2017-sif-81")
    done = alice.import_file(content, "text/csv", key="one", **more)
    assert (done["dry_run"], done["applied"], done["created"]) == (False, True, 2)
    assert alice.import_file(content, "text/csv", key="one", **more)["id"] == done["id"]
    assert alice.import_file(content, "text/csv", **more)["unchanged"] == 2
    assert alice.import_run(done["id"])["file"]["name"] == "letter.csv"
    assert alice.reverse_import(done["id"], "The wrong letter")["reversed"]["by"] == "Alice"
    with pytest.raises(Conflict):
        alice.reverse_import(done["id"], "Again")


def test_a_text_is_corrected_and_a_mistake_voided(alice: Tracker) -> None:
    cited = alice.recommendation(REF)["citations"][0]
    citation = {"source": cited["source"], "locator": cited["locator"], "quote": "As printed."}
    assert alice.erratum(REF, "As printed.", "A slip", citation)["text"] == "As printed."
    assert alice.recommendation(REF)["errata"]
    entered = alice.enter("bwd-2017-sif", 99, "Improve visits.")["ref"]
    alice.void(entered, "Entered twice")
    assert entered not in [one["ref"] for one in alice.recommendations()]
    assert alice.recommendation(entered)["ref"] == entered


def test_what_is_exported_imports_back_unchanged(alice: Tracker, tmp_path: Path) -> None:
    to = tmp_path / "all.json"
    alice.export("document", to)
    back = alice.import_file(to, "application/json")
    assert (back["unchanged"], back["created"], back["conflicts"]) == (26, 0, 0)
    table = BytesIO()
    alice.export("csv", table, inspection="bwd-2017-sif", as_of="2026-11-24")
    assert table.getvalue().count(b"bwd-2017-sif-") >= 9
