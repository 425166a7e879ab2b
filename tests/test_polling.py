"""The layer in front: what is still true is said again from memory, to whom it may be said."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from app.domain import tokens
from tests.live import Live, Register
from tests.test_import_crash import free_port

LIST = "/v1/recommendations?limit=5"
REF = "bwd-2017-sif-4"
NOTES = f"/v1/recommendations/{REF}/notes"
POLLED = (
    LIST,
    "/v1/reports/summary",
    "/v1/reports/recurrence",
    "/v1/inspections",
    f"/v1/recommendations/{REF}",
    "/v1/export/recommendations.csv",
    "/v1/export/recommendations.json",
)


def test_an_answer_from_memory_is_the_answer(live: Live) -> None:
    reader = live.client("A reader", "viewer")
    for path in POLLED:
        first, second = reader.get(path), reader.get(path)
        assert second.content == first.content
        assert dict(second.headers) == dict(first.headers)
        same = reader.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["ETag"] == first.headers["ETag"]
        assert same.headers["Cache-Control"] == "private, no-cache"
        assert same.headers["Vary"] == "Authorization"
        head = reader.send("HEAD", path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["ETag"] == first.headers["ETag"]


def test_a_change_is_seen_by_the_very_next_poll(live: Live) -> None:
    alice, reader = live.client("Alice", "lead"), live.anonymous()
    for number in range(20):
        etag = reader.get(LIST).headers["ETag"]
        assert alice.amend(REF, title=f"Title {number}").status_code == 200
        answer = reader.get(f"/v1/recommendations/{REF}")
        assert answer.json()["title"] == f"Title {number}"
        assert reader.get(LIST, headers={"If-None-Match": etag}).status_code == 200


def test_a_token_that_ends_ends_at_once_also_for_what_is_remembered(live: Live) -> None:
    secret = live.register.token("Alice", "viewer", days=2)
    alice = live.bearing(secret)
    etag = alice.get(LIST).headers["ETag"]
    same = {"If-None-Match": etag}
    assert alice.get(LIST, headers=same).status_code == 304
    other = live.register.token("Bob", "viewer", days=1)
    bob = live.bearing(other)
    assert bob.get(LIST).status_code == 200
    with live.register.write() as session:
        tokens.revoke(session, secret.split("_")[1])
    assert alice.get(LIST, headers=same).status_code == 401
    assert alice.get(LIST).status_code == 401
    live.register.clock.advance(days=1)
    assert bob.get(LIST).status_code == 401
    wrong = live.bearing(other[:-1] + ("0" if other[-1] != "0" else "1"))
    assert wrong.get(LIST).status_code == 401


def test_no_reader_gets_what_another_may_see(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.inspect("leeds-2026", place="leeds")
    lead.enter("leeds-2026", text="A matter of Leeds")
    everywhere = live.client("Of all", "viewer")
    here = live.client("Of Blackburn", "viewer", places=["blackburn-with-darwen"])
    there = live.client("Of Leeds", "viewer", places=["leeds"])
    nowhere = live.client("Of nowhere", "viewer", places=[])
    history = f"/v1/recommendations/{REF}"
    lead.attach(REF)
    for _ in range(3):
        for reader, own, other in ((here, "bwd-", "leeds"), (there, "leeds", "bwd-")):
            for path in ("/v1/reports/summary", "/v1/export/recommendations.csv", LIST):
                text = reader.get(path).text
                assert own in text
                assert other not in text
        assert nowhere.get(LIST).json()["items"] == []
        assert "leeds" in everywhere.get("/v1/reports/summary").text
        named = {one["recorded_by"] for one in everywhere.get(history).json()["evidence"]}
        assert "Alice" in named
        unnamed = {one["recorded_by"] for one in live.anonymous().get(history).json()["evidence"]}
        assert unnamed == {None}


def test_the_day_in_london_is_part_of_what_is_remembered(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.amend(REF, due_on="2026-11-24")
    reader = live.anonymous()
    path = "/v1/recommendations?overdue=yes"
    first = reader.get(path)
    assert first.json()["items"] == []
    live.register.clock.advance(hours=12)
    again = reader.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert [one["ref"] for one in again.json()["items"]] == [REF]


def test_many_who_ask_at_once_for_what_is_not_known_all_get_it(live: Live) -> None:
    readers = [live.client(f"Reader {number}", "viewer") for number in range(8)]
    lead = live.client("Alice", "lead")
    for turn in range(3):
        lead.amend(REF, title=f"Turn {turn}")
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda reader: reader.get("/v1/reports/summary"), readers))
        assert len({answer.content for answer in found}) == 1
        assert {answer.status_code for answer in found} == {200}


@contextmanager
def two_workers(register: Register, log: Path) -> Iterator[str]:
    port = free_port()
    environment = os.environ | {
        "TRACKER_DATABASE_URL": register.settings.database_url,
        "TRACKER_DATA_DIR": str(register.settings.data_dir),
    }
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port), "--workers", "2"]
    with log.open("ab") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with suppress(httpx.TransportError):
                if httpx.get(f"{url}/readyz").status_code == 200:
                    break
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_with_two_workers_nobody_sees_less_than_what_was_acknowledged(
    seeded: Register, tmp_path: Path
) -> None:
    """A writer writes; readers of three scopes, each on connections of their own to either worker,
    must see at least what was acknowledged before they asked, and never another's list."""
    token = seeded.token("Alice", "lead")
    places = {"here": ["blackburn-with-darwen"], "there": ["leeds"], "all": None}
    readers = {name: seeded.token(name, "viewer", places=of) for name, of in places.items()}
    acknowledged = [0]
    done = threading.Event()
    wrong: list[Any] = []

    def read(name: str, url: str) -> int:
        polls, etag = 0, ""
        titles: list[str] = []
        while not done.is_set():
            least = acknowledged[0]
            headers = {"Authorization": f"Bearer {readers[name]}", "If-None-Match": etag}
            answer = httpx.get(f"{url}{LIST}&sort=-updated_at", headers=headers)
            polls += 1
            if answer.status_code != 304:
                etag = answer.headers["ETag"]
                titles = [one["title"] for one in answer.json()["items"]]
                if name == "there" and titles:
                    wrong.append((name, titles))
            shown = [int(title[5:]) for title in titles if title.startswith("Turn ")]
            if name != "there" and max(shown, default=0) < least:
                wrong.append((name, least, titles))
        return polls

    with two_workers(seeded, tmp_path / "log") as url, ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(read, name, url) for name in (*readers, "here", "all")]
        path = f"{url}/v1/recommendations/{REF}"
        for turn in range(1, 41):
            headers = {"Authorization": f"Bearer {token}", "If-Match": "*"}
            answer = httpx.patch(path, json={"title": f"Turn {turn}"}, headers=headers)
            assert answer.status_code == 200, answer.text
            acknowledged[0] = turn
            time.sleep(0.02)
        done.set()
        polls = [job.result(timeout=30) for job in jobs]
    assert wrong == []
    assert min(polls) > 10
