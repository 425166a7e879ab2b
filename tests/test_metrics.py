"""/metrics: true counts within the reader's reach, few labels, and every metric in the docs."""

import re
from collections import Counter
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from app.api.meter import Tally
from app.settings import ROOT
from tests.live import Client, Live, bring

REF = "bwd-2017-sif-4"
one_engine = pytest.mark.parametrize("engine", ["sqlite"])
"""For what does not depend on the database."""

Labels = frozenset[tuple[str, str]]


def scrape(client: Client) -> dict[str, dict[Labels, float]]:
    """Every sample by name and labels."""
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    found: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found


def value(found: dict[str, dict[Labels, float]], name: str, **labels: str) -> float:
    """The sum of the samples that have these labels."""
    return sum(one for at, one in found[name].items() if labels.items() <= dict(at).items())


def test_the_counts_are_those_of_the_list(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    alice.amend("bwd-2017-sif-3", due_on="2026-10-01")
    alice.amend("bwd-2017-sif-7", due_on="2026-11")
    alice.assign("bwd-2017-sif-7", "bwd-council")
    bring(alice, bob, REF, "closed")
    alice.inspect("bwd-2026-ilacs", published="2026-12")
    alice.enter("bwd-2026-ilacs", 1)
    alice.link("bwd-2026-ilacs-1", REF)
    live.register.clock.advance(days=91)
    found, rows = scrape(alice), alice.all("/v1/recommendations", limit=500)
    for status, number in Counter(row["status"] for row in rows).items():
        assert value(found, "tracker_recommendations", status=status) == number
    assert value(found, "tracker_recommendations") == len(rows)
    for certainty in ("yes", "possibly"):
        listed = alice.all("/v1/recommendations", overdue=certainty, limit=500)
        told = value(found, "tracker_recommendations_overdue", certainty=certainty)
        assert told == len(listed)
    unfinished = ["open", "in_progress", "blocked", "implemented"]
    filters: dict[str, dict[str, Any]] = {
        "regressed": {"regressed": "true"},
        "stale": {"stale": "true"},
        "unowned": {"owner": "none", "status": unfinished},
    }
    for name, wanted in filters.items():
        listed = alice.all("/v1/recommendations", limit=500, **wanted)
        assert listed, name
        for inspection, number in Counter(row["inspection"] for row in listed).items():
            series = f"tracker_recommendations_{name}"
            assert value(found, series, inspection=inspection) == number
        assert value(found, series) == len(listed)


def test_a_date_that_may_have_passed_is_told_apart(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.amend("bwd-2017-sif-3", due_on="2026-10-01")
    alice.amend("bwd-2017-sif-7", due_on="2026-11")
    name, sif = "tracker_recommendations_overdue", "bwd-2017-sif"
    found = scrape(alice)
    assert value(found, name, inspection=sif, certainty="yes") == 1
    assert value(found, name, inspection=sif, certainty="possibly") == 1


def test_the_denominator_is_there_and_what_is_not_known_is_left_out(live: Live) -> None:
    found = scrape(live.anonymous())
    stated = "tracker_inspection_recommendations_stated"
    assert value(found, stated, inspection="bwd-2023-jtai") == 8
    assert value(found, "tracker_inspection_recommendations_held", inspection="bwd-2023-jtai") == 3
    unknown = {
        row["slug"]
        for row in live.anonymous().all("/v1/inspections", limit=500)
        if row["coverage"]["stated_count"] is None
    }
    assert unknown
    assert not unknown & {dict(labels)["inspection"] for labels in found[stated]}


def test_what_was_voided_is_not_counted(live: Live) -> None:
    alice = live.client("Alice", "lead")
    before = value(scrape(alice), "tracker_recommendations")
    path = "/v1/recommendations/bwd-2017-sif-3"
    assert alice.change("POST", f"{path}/voiding", {"reason": "Twice"}, of=path).status_code == 200
    assert value(scrape(alice), "tracker_recommendations") == before - 1


def test_a_token_bound_to_a_place_counts_what_it_reaches(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.inspect("elsewhere-2026", place="elsewhere")
    lead.enter("elsewhere-2026", 1)
    there = live.client("Of there", "viewer", places=["elsewhere"])
    assert value(scrape(there), "tracker_recommendations") == 1
    here = live.client("Of here", "viewer", places=["blackburn-with-darwen"])
    assert "elsewhere" not in here.get("/metrics").text
    assert value(scrape(lead), "tracker_recommendations", inspection="elsewhere-2026") == 1


def test_the_journal_is_watched(live: Live) -> None:
    lead = live.client("Alice", "lead")
    before = scrape(lead)
    assert value(before, "tracker_journal_guards_missing") == 0
    lead.post(f"/v1/recommendations/{REF}/notes", {"text": "Begun"})
    drop = "DROP TRIGGER journal_text_no_update"
    with live.register.database.engine.begin() as connection:
        on = "" if live.register.engine == "sqlite" else " ON journal_text"
        connection.execute(text(drop + on))
    after = scrape(lead)
    assert value(after, "tracker_journal_seq") == value(before, "tracker_journal_seq") + 1
    assert value(after, "tracker_journal_guards_missing") == 1


@one_engine
def test_requests_are_counted_by_template_and_class_never_by_address(live: Live) -> None:
    nobody, name = live.anonymous(), "tracker_http_requests_total"
    for _ in range(3):
        nobody.get(f"/v1/recommendations/{REF}")
    nobody.http.head(f"/v1/recommendations/{REF}")
    nobody.get("/v1/recommendations/zaunkoenig-1")
    nobody.get("/zaunkoenig")
    nobody.get("/static/docs/swagger-ui.css")
    nobody.send("DELETE", "/v1/recommendations")
    nobody.send("PURGE", "/v1/recommendations")
    nobody.post(f"/v1/recommendations/{REF}/notes", {"text": "x"})
    told = nobody.get("/metrics").text
    assert "zaunkoenig" not in told.lower()
    assert REF not in told
    found = scrape(nobody)
    one = "/v1/recommendations/{ref}"
    assert value(found, name, method="GET", route=one, status="2xx") == 4
    assert value(found, name, method="GET", route=one, status="4xx") == 1
    assert value(found, name, route="none", status="4xx") == 1
    assert value(found, name, route="/static/docs", status="2xx") == 1
    assert value(found, name, method="DELETE", route="/v1/recommendations", status="4xx") == 1
    assert value(found, name, method="other", status="4xx") == 1
    assert value(found, name, method="POST", route=f"{one}/notes", status="4xx") == 1
    timed = "tracker_http_request_duration_seconds"
    assert value(found, f"{timed}_count") == value(found, name)
    assert value(found, f"{timed}_bucket", le="+Inf") == value(found, name)
    assert value(found, f"{timed}_sum") > 0


@one_engine
def test_a_fault_of_ours_is_counted_as_one(live: Live) -> None:
    def broken() -> None:
        raise RuntimeError

    live.app.add_api_route("/broken", broken)
    assert live.anonymous().get("/broken").status_code == 500
    found = scrape(live.anonymous())
    assert value(found, "tracker_http_requests_total", route="/broken", status="5xx") == 1


@one_engine
def test_who_may_not_read_is_told_nothing(live: Live) -> None:
    live.app.state.settings = live.register.settings.model_copy(update={"anonymous_read": False})
    assert live.anonymous().get("/metrics").status_code == 401
    assert live.client("A reader", "viewer").get("/metrics").status_code == 200
    assert live.bearing("rpt_x").get("/metrics").status_code == 401


@one_engine
def test_the_docs_name_every_metric_with_its_labels_and_no_other(live: Live) -> None:
    live.anonymous().get("/healthz")
    answer = live.anonymous().get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = re.findall(r"^# TYPE (\S+)", answer.text, re.MULTILINE)
    page = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    rows = re.findall(r"^\| (`[^|]+`) \|([^|]*)\|", page, re.MULTILINE)
    documented = {
        name: set(re.findall(r"`(\w+)`", labels))
        for names, labels in rows
        for name in re.findall(r"`(\w+)`", names)
    }
    assert set(documented) == set(families)
    documented["tracker_http_request_duration_seconds"] |= documented["tracker_http_requests_total"]
    for name, samples in scrape(live.anonymous()).items():
        family = re.sub(r"_(bucket|count|sum)$", "", name)
        labels = {label for at in samples for label, _ in at}
        assert labels <= documented[family], name


def test_a_tally_adds_up() -> None:
    tally, key = Tally(), ("GET", "/v1/places", "2xx")
    for seconds in (0.001, 0.005, 0.01, 3, 60):
        tally.note(key, seconds)
    ((told, numbers, took),) = tally.rows()
    assert told == key
    assert numbers == [2, 3, 3, 3, 3, 4, 5]
    assert took == pytest.approx(63.016)
