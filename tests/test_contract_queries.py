"""How many statements an answer takes does not depend on how much there is to answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from tests.live import Client, Live

REF = "bwd-2017-sif-4"
PATH = f"/v1/recommendations/{REF}"
PATHS = [
    "/v1/recommendations?limit=500",
    "/v1/recommendations?limit=500&as_of=2026-11-24",
    "/v1/recommendations?limit=500&theme=neglect&q=children&overdue=no&sort=due_on",
    PATH,
    f"{PATH}/lineage",
    f"{PATH}/history?limit=500",
    f"{PATH}/evidence?limit=500",
    f"{PATH}/notes?limit=500",
    "/v1/changes?limit=500",
    "/v1/inspections?limit=500",
    "/v1/inspections/bwd-2017-sif",
    "/v1/links?limit=500",
    f"/v1/links?recommendation={REF}",
    "/v1/parties?limit=500",
    "/v1/sources",
    "/v1/themes",
    "/v1/places",
    "/v1/export/recommendations.csv",
    "/v1/export/recommendations.json?as_of=2026-11-24",
    "/v1/export/document.json",
    "/metrics",
    "/v1/calendar.ics",
    "/v1/calendars",
]


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collects every statement that any engine of this process runs."""
    found: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def asked(reader: Client) -> dict[str, list[str]]:
    """The statements behind each answer, with the number of things in it."""
    found = {}
    for path in PATHS:
        with statements() as ran:
            assert reader.get(path).status_code == 200, path
        found[path] = ran
    return found


def sizes(reader: Client) -> dict[str, int]:
    """How much there is in each answer."""
    return {path: len(reader.get(path).content) for path in PATHS}


def double(live: Live) -> None:
    """As much again of all that these answers show: inspections, recommendations, links in one
    lineage, evidence, notes, owners, parties, and all of it in the journal."""
    lead, other = live.client("Alice", "lead"), live.client("Bob", "lead")
    theme = {"themes": ["neglect"], "due_on": "2027-01-31", "owner": "bwd-council"}
    for year in range(2026, 2040):
        lead.inspect(f"bwd-{year}-ilacs", published=f"{year}-01")
        lead.enter(f"bwd-{year}-ilacs", 1, **theme)
        lead.enter(f"bwd-{year}-ilacs", 2, **theme)
        other.link(f"bwd-{year}-ilacs-1", REF)
        lead.attach(f"bwd-{year}-ilacs-1")
        lead.attach(REF)
        lead.post(f"{PATH}/notes", {"text": f"How it went in {year}"})
        party = {"slug": f"team-{year}", "name": "A team", "kind": "team"}
        assert lead.post("/v1/parties", party).status_code == 201
        assert lead.contribute(REF, f"team-{year}").status_code == 201


def test_twice_the_data_takes_the_same_number_of_statements(live: Live) -> None:
    reader = live.client("A reader", "viewer")
    first, small = asked(reader), sizes(reader)
    double(live)
    second, large = asked(reader), sizes(reader)
    for path in PATHS:
        ran, after = first[path], second[path]
        assert len(ran) == len(after), (path, after)
        assert 1 <= len(ran) <= 16, (path, ran)
    for path in ("/v1/recommendations?limit=500", PATH, f"{PATH}/lineage", "/v1/links?limit=500"):
        assert large[path] > 1.5 * small[path], f"{path} must have grown, or this shows nothing"


def test_an_unchanged_poll_does_not_run_the_endpoint(live: Live) -> None:
    """It is answered by the layer in front, whose one query (app/pulse.py) is not the engine's."""
    reader = live.client("A reader", "viewer")
    for path in ("/v1/recommendations", "/v1/inspections", "/v1/changes", "/v1/links"):
        etag = reader.get(path).headers["ETag"]
        with statements() as ran:
            assert reader.get(path, headers={"If-None-Match": etag}).status_code == 304
            assert reader.get(path).status_code == 200
        assert ran == []
        live.client("Alice", "lead").post(f"{PATH}/notes", {"text": "A note"})
        with statements() as ran:
            assert reader.get(path, headers={"If-None-Match": etag}).status_code == 200
        assert len(ran) > 2, "what is out of date is asked for"


def test_a_write_takes_the_same_number_of_statements_however_much_there_is(live: Live) -> None:
    lead = live.client("Alice", "lead")

    def count() -> list[int]:
        found = []
        for write in (
            lambda: lead.attach(REF),
            lambda: lead.post(f"{PATH}/notes", {"text": "A note"}),
            lambda: lead.amend(REF, title=f"Title {live.register.clock()}"),
        ):
            live.register.clock.advance(seconds=1)
            with statements() as ran:
                write()
            found.append(len(ran))
        return found

    count()  # the first title has other words than those that follow
    before = count()
    for _ in range(10):
        lead.attach(REF)
        lead.post(f"{PATH}/notes", {"text": "Another note"})
    assert count() == before
