"""Statutory deadlines: working days, the rules of each framework, and what is not known."""

import json
from contextlib import closing
from datetime import date
from pathlib import Path

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import actors, deadlines
from app.domain.deadlines import RULES, BankHoliday, Calendar, HolidaysGiven
from app.domain.frameworks import Framework
from app.settings import ROOT
from tests.live import Live, Register

SEEDED = json.loads((ROOT / "seed" / "00-bank-holidays.json").read_text("utf-8"))["bank_holidays"]
DAYS = {date.fromisoformat(event["date"]) for event in SEEDED["events"]}
CALENDAR = Calendar(DAYS)
KNOWN = holidays.country_holidays("GB", subdiv="ENG", years=range(2020, 2029))


def test_the_bank_holidays_are_those_that_another_library_knows() -> None:
    weekdays = {day for day in KNOWN if day.weekday() < 5}
    assert {day for day in DAYS if 2020 <= day.year <= 2028} == weekdays
    assert "GOV.UK" in SEEDED["source"]


@given(st.dates(date(2020, 1, 1), date(2027, 12, 31)), st.integers(min_value=1, max_value=120))
def test_working_days_are_counted_as_another_library_counts_them(day: date, days: int) -> None:
    assert CALENDAR.after(day, days) == KNOWN.get_nth_working_day(day, days)


def test_seventy_working_days_from_14_july_2023_end_on_23_october() -> None:
    assert CALENDAR.after(date(2023, 7, 14), 70) == date(2023, 10, 23)


def test_past_the_end_of_the_table_nothing_is_guessed() -> None:
    assert CALENDAR.after(date(2028, 12, 1), 18) == date(2028, 12, 29)
    assert CALENDAR.after(date(2028, 12, 1), 19) is None
    assert CALENDAR.after(date(2028, 12, 1), 70) is None
    assert CALENDAR.after(date(1999, 1, 1), 1) is None
    assert Calendar([]).after(date(2023, 7, 14), 70) is None


def test_every_rule_names_where_it_stands() -> None:
    assert set(RULES) == {Framework.ILACS, Framework.JTAI, Framework.FOCUSED_VISIT}
    for rule in RULES.values():
        assert len(rule.source) > 30
    assert {framework: rule.working_days for framework, rule in RULES.items()} == {
        Framework.ILACS: 70,
        Framework.JTAI: 70,
        Framework.FOCUSED_VISIT: 20,
    }


def test_the_jtai_of_2023_was_to_be_answered_by_23_october(live: Live) -> None:
    due = live.anonymous().get("/v1/inspections/bwd-2023-jtai").json()["response_due"]
    assert due == {"stated": "2023-10-23", "computed": "2023-10-23", "warning": None}


def test_a_stated_day_that_differs_is_kept_and_warned_of(live: Live) -> None:
    lead = live.client("Alice", "lead")
    path = "/v1/inspections/bwd-2023-jtai"
    due = lead.change("PATCH", path, {"response_due": {"stated": "2023-11-01"}}).json()
    assert due["response_due"]["stated"] == "2023-11-01"
    assert due["response_due"]["computed"] == "2023-10-23"
    assert "the stated one holds" in due["response_due"]["warning"]
    month = lead.change("PATCH", path, {"response_due": {"stated": "2023-10"}}).json()
    assert month["response_due"]["warning"] is None


def test_what_cannot_be_computed_is_said(live: Live) -> None:
    lead = live.client("Alice", "lead")
    fuzzy = lead.inspect("a-month", framework="ilacs", published="2024-05")
    assert fuzzy["response_due"]["computed"] is None
    assert "whose day is not known" in fuzzy["response_due"]["warning"]
    beyond = lead.inspect("far-ahead", framework="ilacs", published="2028-12-01")
    assert beyond["response_due"]["computed"] is None
    assert "known from 2008 to 2028" in beyond["response_due"]["warning"]
    other = lead.inspect("a-sif", framework="sif", published="2017-12-08")
    assert other["response_due"] == {"stated": None, "computed": None, "warning": None}


def test_a_focused_visit_asks_for_a_draft_only_after_a_priority_action(live: Live) -> None:
    lead = live.client("Alice", "lead")
    visit = lead.inspect("a-visit", published="2024-05-24")
    assert visit["response_due"]["computed"] is None
    lead.enter("a-visit", kind="area_for_priority_action")
    due = lead.get("/v1/inspections/a-visit").json()["response_due"]
    assert due["computed"] == "2024-06-24"


def test_inspections_are_listed_with_their_deadlines(live: Live) -> None:
    rows = live.anonymous().all("/v1/inspections")
    computed = {row["slug"]: row["response_due"]["computed"] for row in rows}
    assert computed["bwd-2022-ilacs"] == "2022-07-01"
    assert computed["bwd-2025-ilacs"] == "2025-08-01"
    assert computed["bwd-2017-sif"] is None


def test_a_newer_table_takes_the_place_of_the_old_one(register: Register) -> None:
    with register.write() as session:
        deadlines.extend(session, actors.RULES, HolidaysGiven.model_validate(SEEDED))
    newer = {"source": "test", "events": [{"date": "2029-01-01", "title": "New Year's Day"}]}
    fresh = HolidaysGiven.model_validate(newer)
    with register.write() as session:
        assert deadlines.refresh(session, actors.RULES, fresh) == len(DAYS) + 1
    with register.read() as session:
        assert session.get(BankHoliday, date(2010, 12, 27)) is not None
    with register.write() as session, pytest.raises(ValueError, match="ends before"):
        deadlines.refresh(session, actors.RULES, HolidaysGiven.model_validate(SEEDED))


def test_the_command_reads_the_list_as_gov_uk_publishes_it(
    register: Register,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from app.cli import main

    monkeypatch.setenv("TRACKER_DATABASE_URL", register.settings.database_url)
    file = tmp_path / "bank-holidays.json"
    events = [{"title": "New Year's Day", "date": "2029-01-01", "notes": "", "bunting": True}]
    file.write_text(json.dumps({"england-and-wales": {"division": "x", "events": events}}))
    assert main(["bank-holidays", str(file)]) == 0
    assert "until 2029-01-01" in capsys.readouterr().out
    file.write_text("<html>")
    assert main(["bank-holidays", str(file)]) == 1
    assert "not the list of bank holidays" in capsys.readouterr().err
    with closing(register.database), register.read() as session:
        assert session.get(BankHoliday, date(2029, 1, 1)) is not None


def test_a_refreshed_table_is_no_304(live: Live) -> None:
    reader, path = live.anonymous(), "/v1/inspections/bwd-2023-jtai"
    etag = reader.get(path).headers["ETag"]
    later = [{"date": "2023-09-01", "title": "One more"}, {"date": "2029-01-01", "title": "New"}]
    newer = {"source": "test", "events": [*SEEDED["events"], *later]}
    with live.register.write() as session:
        deadlines.refresh(session, actors.RULES, HolidaysGiven.model_validate(newer))
    fresh = reader.get(path, headers={"If-None-Match": etag})
    assert fresh.status_code == 200
    assert fresh.json()["response_due"]["computed"] == "2023-10-24"
    told = reader.get("/v1/changes", params={"limit": 500}).json()["items"][-1]
    assert (told["action"], told["after"]["until"]) == ("bank_holidays:refreshed", "2029-12-31")
