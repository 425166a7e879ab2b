"""The feed of changes: complete, in commit order, and nothing skipped while others write."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from graphlib import TopologicalSorter
from typing import Any, Protocol

import pytest
from sqlalchemy import func, or_, select, text
from sqlmodel import Session, col

from app.domain import changes, entry, feed, inspections, links, notes, recommendations
from app.domain.actors import Actor, Role
from app.domain.changes import Change
from app.domain.errors import Gone, LinkRefused
from app.domain.inspections import InspectionGiven
from app.domain.links import Basis, Link, LinkGiven, LinkKind
from app.domain.references import RecommendationGiven
from app.settings import ROOT
from tests.live import Client, Live, Register, pointers
from tests.writer import write_notes

FEED = "/v1/changes"
ALICE = Actor("alice", Role.LEAD)
REFS = [f"bwd-2017-sif-{ordinal}" for ordinal in range(1, 10)]
DEADLINE = 20.0
"""Seconds after which something that must happen has not."""

Item = dict[str, Any]
Read = Callable[[str], tuple[list[Item], str]]
"""Reads what comes after a cursor: the items and the cursor to go on from."""


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


def through(client: Client, limit: int = 50) -> Read:
    def read(after: str) -> tuple[list[Item], str]:
        answer = client.get(FEED, params={"after": after, "limit": limit})
        assert answer.status_code == 200, answer.text
        return answer.json()["items"], answer.json()["next"]

    return read


def whole(read: Read, after: str = "") -> list[Item]:
    """All there is after a cursor, page by page."""
    items: list[Item] = []
    while True:
        page, following = read(after)
        if not page and following == after:
            return items
        assert following != after, "the feed stands still"
        items, after = items + page, following


def seqs(items: Sequence[Item]) -> list[int]:
    return [item["seq"] for item in items]


# What one reader sees


def test_the_feed_is_the_whole_journal_in_its_order(live: Live) -> None:
    reader = live.client("Rita", "viewer")
    items = whole(through(reader, 500))
    with live.register.read() as session:
        last = session.scalar(select(func.max(col(Change.seq))))
    assert last is not None
    assert last > 100
    assert seqs(items) == list(range(1, last + 1))
    assert [item["at"] for item in items] == sorted(item["at"] for item in items)
    for ref in ("bwd-2017-sif-4", "bwd-2018-focused-visit-1"):
        history = reader.all(f"/v1/recommendations/{ref}/history", limit=3)
        assert history == [item for item in items if item["subject"] == ref]
    added = {item["subject"] for item in items if item["action"] == "recommendation:added"}
    assert len(added) == 26


def test_pages_of_any_size_join_to_the_whole_feed(live: Live) -> None:
    reader = live.client("Rita", "viewer")
    everything = whole(through(reader, 500))
    assert reader.get(FEED).json()["items"] == everything[:50]
    assert reader.get(FEED, params={"after": ""}).json() == reader.get(FEED).json()
    for limit in (7, 50, len(everything)):
        assert whole(through(reader, limit)) == everything
    near = through(reader, len(everything) - 20)("")[1]
    assert whole(through(reader, 1), near) == everything[-20:]
    # The cursor of one limit goes on with another.
    assert through(reader, 3)(through(reader, 7)("")[1])[0] == everything[7:10]


def test_a_poll_at_the_end_finds_nothing_and_stays_there(live: Live) -> None:
    lead = live.client("Alice", "lead")
    read = through(lead, 500)
    items, end = read("")
    assert read(end) == ([], end)
    exact = lead.get(FEED, params={"limit": len(items)}).json()
    assert (len(exact["items"]), exact["next"]) == (len(items), end)

    lead.post(f"/v1/recommendations/{REFS[3]}/notes", {"text": "Seen in supervision"})
    news, following = read(end)
    assert [(item["action"], item["subject"], item["actor"]) for item in news] == [
        ("recommendation:note:added", REFS[3], "Alice")
    ]
    assert news[0]["after"]["note"] == "Seen in supervision"
    assert news[0]["seq"] == items[-1]["seq"] + 1
    assert read(following) == ([], following)


def test_an_unchanged_poll_is_answered_not_modified(live: Live) -> None:
    lead = live.client("Alice", "lead")
    end = through(lead, 500)("")[1]
    tag = lead.get(FEED, params={"after": end}).headers["ETag"]
    again = {"params": {"after": end}, "headers": {"If-None-Match": tag}}
    assert lead.get(FEED, **again).status_code == 304
    lead.post(f"/v1/recommendations/{REFS[3]}/notes", {"text": "Seen"})
    assert len(lead.get(FEED, **again).json()["items"]) == 1


def test_a_limit_out_of_bounds_is_refused(live: Live) -> None:
    for limit in ("0", "501", "-1", "x", ""):
        answer = live.anonymous().get(FEED, params={"limit": limit})
        assert answer.status_code == 422
        assert pointers(answer) == ["/limit"]


def test_a_cursor_that_is_not_of_this_history_is_gone(live: Live) -> None:
    reader = live.client("Rita", "viewer")
    end = through(reader, 500)("")[1]
    number, _, digest = end.partition(".")
    other = "0" * 8 if digest != "0" * 8 else "1" * 8
    for cursor in (
        f"{number}.{other}",  # the same place of another history
        f"{int(number) - 1}.{digest}",
        f"{int(number) + 1}.{digest}",  # the register was restored from a backup
        f"{2**31}.{digest}",
        f"{10**17}.{digest}",
        f"0.{other[::-1]}" if digest == "0" * 8 else "0.11111111",
        *(number, f"{number}.", f".{digest}", f"{number}.{digest}0", f"-{number}.{digest}"),
        *("x", "0", "\u0661.00000000", f"{number}.\u0000{digest[1:]}", " " * 20, "9" * 1000),
    ):
        answer = reader.get(FEED, params={"after": cursor})
        assert answer.status_code == 410, cursor
        assert answer.json()["type"].endswith("#gone")
    assert reader.get(FEED, params={"after": "0.00000000"}).json() == reader.get(FEED).json()


def test_a_cursor_of_another_register_is_gone(seeded: Register, register: Register) -> None:
    with register.write() as session:
        inspections.add(session, ALICE, _inspection("other"))
    with seeded.read() as session:
        foreign = feed.since(session, ALICE, "", limit=2)[1]
    with register.read() as session:
        assert len(feed.since(session, ALICE, "", limit=2)[0]) == 2
        with pytest.raises(Gone):
            feed.since(session, ALICE, foreign, limit=2)


def _inspection(slug: str, **more: Any) -> InspectionGiven:
    least = {"title": "A visit", "framework": "other", "inspectorates": ["ofsted"]}
    return InspectionGiven.model_validate(least | {"slug": slug, "place": "elsewhere"} | more)


def test_a_reader_of_one_place_follows_what_concerns_it(live: Live) -> None:
    lead = live.client("Alice", "lead")
    bound = live.client("Eve", "viewer", places=["elsewhere"])
    read = through(bound, 3)
    before = whole(read)
    assert {item["action"] for item in before} == {
        "party:added",
        "party:succeeded",
        "theme:added",
        "source:added",
        "bank_holidays:refreshed",
    }

    lead.inspect("elsewhere-2026", place="elsewhere")
    lead.enter("elsewhere-2026")
    for ref in [*REFS, "elsewhere-2026-1"]:
        lead.post(f"/v1/recommendations/{ref}/notes", {"text": "Seen"})
    items = whole(read)
    with live.register.read() as session:
        within = or_(col(Change.place).is_(None), col(Change.place) == "elsewhere")
        query = select(col(Change.seq)).where(within).order_by(col(Change.seq))
        assert seqs(items) == list(session.scalars(query))
    assert [item["subject"] for item in items[len(before) :]] == [
        "elsewhere",
        "elsewhere-2026",
        "elsewhere-2026-1",
        "elsewhere-2026-1",
    ]

    # What happens elsewhere moves the cursor and shows nothing; nothing after it is lost.
    end = through(bound, 500)("")[1]
    lead.post(f"/v1/recommendations/{REFS[0]}/notes", {"text": "Not for Eve"})
    hidden, further = read(end)
    assert hidden == []
    assert further != end
    lead.post("/v1/recommendations/elsewhere-2026-1/notes", {"text": "For Eve"})
    assert [item["after"]["note"] for item in read(further)[0]] == ["For Eve"]
    assert [item["after"]["note"] for item in read(end)[0]] == ["For Eve"]


def test_who_acted_is_not_told_to_readers_without_a_name(live: Live) -> None:
    assert {item["actor"] for item in whole(through(live.anonymous(), 500))} == {None}
    assert {item["actor"] for item in whole(through(live.client("R", "viewer"), 500))} == {"seed"}


# Many writers, one poller


def follow(read: Read, after: str, writing: Callable[[], bool]) -> list[list[Item]]:
    """Polls until nobody writes any more and nothing is left. What each poll found."""
    pages: list[list[Item]] = []
    while True:
        still = writing()
        page, after = read(after)
        if page:
            pages.append(page)
        elif not still:
            return pages


def nothing_skipped(pages: Sequence[Sequence[Item]], start: int, written: Sequence[str]) -> None:
    """Each change once, without a gap at any poll: what was not visible yet comes later only with
    higher numbers, so the numbers follow the order of the commits."""
    items = [item for page in pages for item in page]
    assert seqs(items) == list(range(start + 1, start + len(written) + 1))
    told = [item["after"]["note"] for item in items]
    assert sorted(told) == sorted(written)
    for writer in {name.partition(" ")[0] for name in written}:
        own = [name for name in written if name.startswith(f"{writer} ")]
        assert [name for name in told if name.startswith(f"{writer} ")] == own


def test_a_poller_misses_nothing_while_writers_write_through_http(live: Live) -> None:
    writers, each = 5, 12
    clients = [live.client(f"writer{number}", "lead") for number in range(writers)]
    poller = live.client("poller", "viewer")
    end = through(poller, 500)("")[1]
    spans: dict[str, tuple[float, float]] = {}
    begin = threading.Barrier(writers + 1)

    def write(number: int) -> list[str]:
        names = [f"writer{number} {turn}" for turn in range(each)]
        begin.wait(DEADLINE)
        for turn, name in enumerate(names):
            ref = REFS[(number + turn) % len(REFS)]
            began = time.monotonic()
            answer = clients[number].post(f"/v1/recommendations/{ref}/notes", {"text": name})
            assert answer.status_code == 201, answer.text
            spans[name] = (began, time.monotonic())
        return names

    with ThreadPoolExecutor(writers) as pool:
        jobs = [pool.submit(write, number) for number in range(writers)]
        begin.wait(DEADLINE)
        pages = follow(through(poller, 7), end, lambda: not all(job.done() for job in jobs))
    written = [name for job in jobs for name in job.result()]
    nothing_skipped(pages, int(end.partition(".")[0]), written)
    assert len(pages) > writers
    # What was answered before another was asked for stands before it.
    latest = 0.0
    for name in (item["after"]["note"] for page in pages for item in page):
        began, answered = spans[name]
        assert answered >= latest
        latest = max(latest, began)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_poller_misses_nothing_while_two_processes_write_one_file(seeded: Register) -> None:
    url, each = seeded.settings.database_url, 40
    with seeded.read() as session:
        end = changes.head(session)

    def read(after: str) -> tuple[list[Item], str]:
        with seeded.read() as session:
            return feed.since(session, ALICE, after, limit=7)

    command = [sys.executable, "-m", "tests.writer", url, "other", str(each), *REFS]
    with subprocess.Popen(command, cwd=ROOT) as process, ThreadPoolExecutor(1) as pool:
        until(lambda: read(end) != ([], end))  # it has begun
        job = pool.submit(write_notes, seeded.database, "own", each, REFS)
        pages = follow(read, end, lambda: process.poll() is None or not job.done())
    assert process.returncode == 0
    other = [f"other {turn}" for turn in range(each)]
    nothing_skipped(pages, int(end.partition(".")[0]), [*job.result(), *other])


# The same forced interleaving against a sequence, which skips, and against the journal


class Log(Protocol):
    """Something that numbers what is written and is followed by `number > cursor`."""

    def writing(self, name: str) -> AbstractContextManager[None]:
        """A transaction that has written `name` and taken its number; committed at the end."""

    def after(self, cursor: str) -> tuple[list[str], str]:
        """The names after a cursor (empty: from where the log was made), and the next cursor."""


class Numbered:
    """The control: a plain table whose numbers come from a sequence."""

    def __init__(self, register: Register) -> None:
        self.engine = register.database.engine
        with self.engine.begin() as connection:
            connection.execute(text("CREATE TABLE numbered (id bigserial PRIMARY KEY, name text)"))

    @contextmanager
    def writing(self, name: str) -> Iterator[None]:
        with self.engine.begin() as connection:
            connection.execute(text("INSERT INTO numbered (name) VALUES (:name)"), {"name": name})
            yield

    def after(self, cursor: str) -> tuple[list[str], str]:
        query = text("SELECT id, name FROM numbered WHERE id > :cursor ORDER BY id")
        with self.engine.begin() as connection:
            rows = connection.execute(query, {"cursor": int(cursor or 0)}).all()
        return [row.name for row in rows], str(rows[-1].id) if rows else cursor


class Journal:
    """Ours: notes on two recommendations, so that no writer waits for the other's row."""

    def __init__(self, register: Register) -> None:
        self.database = register.database
        with register.read() as session:
            self.start = changes.head(session)

    @contextmanager
    def writing(self, name: str) -> Iterator[None]:
        with self.database.writing() as session:
            ref = REFS[0] if name == "early" else REFS[1]
            recommendation = recommendations.find(session, ALICE, ref, lock=True)
            notes.write(session, ALICE, recommendation, name)
            self.database.seal(session)
            yield

    def after(self, cursor: str) -> tuple[list[str], str]:
        with self.database.reading() as session:
            items, following = feed.since(session, ALICE, cursor or self.start, limit=50)
        return [str((item["after"] or {}).get("note")) for item in items], following


def somebody_waits(register: Register) -> bool:
    """Does a transaction of this database wait for a lock?"""
    query = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with register.database.engine.connect() as connection:
        return bool(connection.execute(query).scalar())


def polled_between(register: Register, log: Log) -> list[str]:
    """`early` takes its number and stays open; `late` comes, and commits if it can; the poller
    reads; `early` commits; the poller reads on from where it was. What it has read in the end."""
    numbered, go_on = threading.Event(), threading.Event()

    def early() -> None:
        with log.writing("early"):
            numbered.set()
            assert go_on.wait(DEADLINE)

    def late() -> None:
        with log.writing("late"):
            pass

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(early)
        assert numbered.wait(DEADLINE)
        second = pool.submit(late)
        until(lambda: second.done() or somebody_waits(register))
        read, cursor = log.after("")
        go_on.set()
        first.result(DEADLINE)
        second.result(DEADLINE)
    while True:
        more, following = log.after(cursor)
        if not more:
            return read
        read, cursor = read + more, following


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_the_control_numbers_of_a_sequence_let_a_poller_skip_a_row(register: Register) -> None:
    log = Numbered(register)
    assert polled_between(register, log) == ["late"]
    assert log.after("")[0] == ["early", "late"]  # it is there, and the poller never saw it


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_in_the_same_moment_the_journal_skips_none(seeded: Register) -> None:
    assert polled_between(seeded, Journal(seeded)) == ["early", "late"]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_numbers_follow_the_commits_and_not_the_beginnings(seeded: Register) -> None:
    log = Journal(seeded)
    with seeded.write() as session:
        recommendation = recommendations.find(session, ALICE, REFS[0], lock=True)
        notes.write(session, ALICE, recommendation, "began first")
        session.flush()
        with log.writing("committed first"):  # nobody waits for a writer still at work
            pass
        read, cursor = log.after("")
        assert read == ["committed first"]
    assert log.after(cursor)[0] == ["began first"]
    assert log.after("")[0] == ["committed first", "began first"]


# Links at once


def enter_undated(session: Session, slug: str, number: int) -> list[str]:
    """Recommendations of which no date says which came first."""
    inspections.add(session, ALICE, _inspection(slug))
    rows = [
        RecommendationGiven(inspection=slug, ordinal=ordinal, text="Do better")
        for ordinal in range(1, number + 1)
    ]
    return [entry.add(session, ALICE, row).ref for row in rows]


def propose(session: Session, later: str, earlier: str) -> None:
    given = LinkGiven(
        later=later,
        earlier=earlier,
        kind=LinkKind.REITERATES,
        basis=Basis.ANALYST,
        rationale="The same concern",
    )
    links.propose(session, ALICE, given)


def outcome(job: Future[None]) -> str:
    error = job.exception(DEADLINE)
    assert error is None or isinstance(error, LinkRefused), error
    return "refused" if error else "made"


def no_circle(register: Register) -> None:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    with register.read() as session:
        for link in session.scalars(select(Link)):
            sorter.add(link.later, link.earlier)
    sorter.prepare()  # raises where there is a circle


def test_three_who_would_close_a_circle_at_once_do_not(register: Register) -> None:
    for turn in range(4):
        with register.write() as session:
            a, b, c = enter_undated(session, f"three-{turn}", 3)
        begin = threading.Barrier(3)

        def one(later: str, earlier: str, begin: threading.Barrier = begin) -> None:
            begin.wait(DEADLINE)
            with register.write() as session:
                propose(session, later, earlier)

        with ThreadPoolExecutor(3) as pool:
            jobs = [pool.submit(one, *pair) for pair in ((a, b), (b, c), (c, a))]
        assert sorted(map(outcome, jobs)) == ["made", "made", "refused"]
        no_circle(register)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_two_who_share_no_recommendation_do_not_close_a_circle(register: Register) -> None:
    with register.write() as session:
        a, b, c, d = enter_undated(session, "four", 4)
        propose(session, a, b)
        propose(session, c, d)
    proposed, go_on = threading.Event(), threading.Event()

    def held() -> None:
        with register.write() as session:
            propose(session, b, c)
            proposed.set()
            assert go_on.wait(DEADLINE)

    def free() -> None:
        with register.write() as session:
            propose(session, d, a)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(held)
        assert proposed.wait(DEADLINE)
        second = pool.submit(free)
        until(lambda: second.done() or somebody_waits(register))
        go_on.set()
    assert [outcome(first), outcome(second)] == ["made", "refused"]
    no_circle(register)
