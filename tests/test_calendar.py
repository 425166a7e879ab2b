"""/v1/calendar.ics as another reader of iCalendar understands it, and as RFC 5545 writes it."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from app.domain import ics
from app.domain.dates import in_words
from tests.live import Client, Live, Register, bring, pointers, serving

REF = "bwd-2017-sif-4"
PATH = "/v1/calendar.ics"
ENDS = "@recommendation-tracker"
one_engine = pytest.mark.parametrize("engine", ["sqlite"])
"""For what does not depend on the database."""


def parsed(body: bytes) -> dict[str, Any]:
    """Events by uid, as a reader that is not ours has them."""
    calendar: Any = Calendar.from_ical(body)
    found = [dict(one) for one in calendar.walk("VEVENT")]
    assert len({str(one["UID"]) for one in found}) == len(found)
    return {str(one["UID"]).removesuffix(ENDS): one for one in found}


def events(client: Client, path: str = PATH, **params: Any) -> dict[str, Any]:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    return parsed(answer.content)


def refs(client: Client, **params: Any) -> set[str]:
    return {
        uid.removesuffix("-due")
        for uid in events(client, **params)
        if not uid.endswith("-response")
    }


def test_an_exact_due_date_is_an_all_day_event_of_that_day(live: Live) -> None:
    lead = live.client("Alice", "lead")
    assert lead.amend(REF, due_on="2027-03-31").status_code == 200
    event = events(lead)[f"{REF}-due"]
    assert event["DTSTART"].dt == date(2027, 3, 31)
    assert event["DTEND"].dt == date(2027, 4, 1), "the end is the day after, as Outlook wants it"
    assert event["DTSTART"].params["VALUE"] == "DATE"
    seen = lead.see(REF)
    assert event["SUMMARY"] == f"Due: {seen['title']} [{REF}]"
    assert "Due: 31 March 2027" in event["DESCRIPTION"]
    assert "Owner: nobody yet" in event["DESCRIPTION"]
    assert event["STATUS"] == "CONFIRMED"
    assert event["TRANSP"] == "TRANSPARENT"
    assert event["SEQUENCE"] == seen["version"]
    changed = datetime.fromisoformat(seen["updated_at"]).replace(microsecond=0)
    assert event["DTSTAMP"].dt == event["LAST-MODIFIED"].dt == changed
    assert "URL" not in event, "nobody said where the tracker is"


def test_a_date_that_is_not_exact_stands_on_its_latest_day_and_says_so(live: Live) -> None:
    lead = live.client("Alice", "lead")
    cases = {
        "2027-03": ("some day in March 2027", date(2027, 3, 31)),
        "2027-01-10/2027-02-05": (
            "some day from 10 January 2027 to 5 February 2027",
            date(2027, 2, 5),
        ),
        "2027-05/..": ("1 May 2027 or later", date(2027, 5, 1)),
    }
    for edtf, (said, day) in cases.items():
        lead.amend(REF, due_on=edtf, reason="As agreed")
        event = events(lead)[f"{REF}-due"]
        assert event["DTSTART"].dt == day, edtf
        assert event["SUMMARY"].startswith(f"Due {said}: "), edtf
        assert event["STATUS"] == "TENTATIVE"
    lead.amend(REF, due_on="XXXX-03", reason="Nobody knows the year")
    assert f"{REF}-due" not in events(lead)


def test_a_moved_date_keeps_its_uid_and_is_newer(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.amend(REF, due_on="2027-03-31")
    before = events(lead)[f"{REF}-due"]
    live.register.clock.advance(hours=1)
    lead.amend(REF, due_on="2027-04-30", reason="Recruitment")
    after = events(lead)[f"{REF}-due"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["DTSTAMP"].dt > before["DTSTAMP"].dt
    assert after["DTSTART"].dt == date(2027, 4, 30)


def test_what_is_verified_or_closed_has_no_due_date_but_its_review(live: Live) -> None:
    alice, bob = live.client("Alice", "lead"), live.client("Bob", "lead")
    for ref in (REF, "bwd-2017-sif-7", "bwd-2017-sif-8"):
        alice.amend(ref, due_on="2027-03-31")
    bring(alice, bob, REF, "verified")
    risk = {"closure_reason": "risk_accepted", "reason": "No budget", "review_on": "2027-06-30"}
    assert alice.move("bwd-2017-sif-7", "closed", **risk).status_code == 200
    found = events(alice)
    assert f"{REF}-due" not in found
    assert "bwd-2017-sif-7-due" not in found
    assert "bwd-2017-sif-8-due" in found
    review = found["bwd-2017-sif-7-review"]
    assert review["DTSTART"].dt == date(2027, 6, 30)
    assert review["SUMMARY"].startswith("Review: ")


def test_an_inspection_must_be_answered_by_the_stated_day_else_the_computed(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.inspect("bwd-2026-ilacs", framework="ilacs", published="2026-06-01")
    lead.inspect(
        "bwd-2026-jtai",
        framework="jtai",
        published="2026-06-01",
        response_due={"stated": "2026-09-10"},
    )
    computed = lead.get("/v1/inspections/bwd-2026-ilacs").json()["response_due"]["computed"]
    found = events(lead)
    assert found["bwd-2026-ilacs-response"]["DTSTART"].dt == date.fromisoformat(computed)
    assert "in working days" in found["bwd-2026-ilacs-response"]["DESCRIPTION"]
    assert found["bwd-2026-jtai-response"]["DTSTART"].dt == date(2026, 9, 10)
    assert "as its document states" in found["bwd-2026-jtai-response"]["DESCRIPTION"]
    one = events(lead, inspection="bwd-2026-jtai")
    assert set(one) == {"bwd-2026-jtai-response"}
    assert "bwd-2026-ilacs-response" in events(lead, framework="ilacs")
    assert not any(uid.endswith("-response") for uid in events(lead, owner="bwd-council"))


def test_it_takes_the_filters_of_the_list(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.amend(REF, due_on="2027-03-31")
    lead.amend("bwd-2017-sif-7", due_on="2026-10-01")
    lead.amend("bwd-2023-jtai-1", due_on="2027-05-31")
    lead.assign("bwd-2017-sif-7", "bwd-council")
    assert refs(lead) == {REF, "bwd-2017-sif-7", "bwd-2023-jtai-1"}
    assert refs(lead, owner="bwd-council") == {"bwd-2017-sif-7"}
    assert refs(lead, organisation="bwd-council") == {"bwd-2017-sif-7"}
    assert refs(lead, inspection="bwd-2023-jtai") == {"bwd-2023-jtai-1"}
    assert refs(lead, overdue="yes") == {"bwd-2017-sif-7"}
    assert refs(lead, owner=["none", "bwd-council"], status="open", framework="sif") == {
        REF,
        "bwd-2017-sif-7",
    }
    for name, value in (("as_of", "2026-01-01"), ("sort", "ref")):
        refused = lead.get(PATH, params={name: value})
        assert refused.status_code == 422
        assert pointers(refused) == [f"/{name}"]
    assert lead.get(PATH, params={"owners": "bwd-council"}).status_code == 422


def test_a_new_day_changes_only_what_depends_on_it(live: Live) -> None:
    reader = live.client("A reader", "viewer")
    always, overdue = reader.get(PATH), reader.get(PATH, params={"overdue": "yes"})
    live.register.clock.advance(days=1)
    same = {"If-None-Match": always.headers["ETag"]}
    assert reader.get(PATH, headers=same).status_code == 304
    other = {"If-None-Match": overdue.headers["ETag"]}
    assert reader.get(PATH, params={"overdue": "yes"}, headers=other).status_code == 200
    assert reader.http.head(PATH).headers["Content-Length"] == str(len(always.content))


@one_engine
def test_events_lead_to_the_address_that_is_set_never_to_the_one_that_is_asked(
    seeded: Register,
) -> None:
    with serving(seeded) as live:
        live.client("Alice", "lead").amend(REF, due_on="2027-03-31")
        asked = live.anonymous().get(PATH, headers={"Host": "evil.example"})
        assert b"evil" not in asked.content
    known = seeded.settings.model_dump() | {"url": "https://tracker.example.org/"}
    seeded.settings = type(seeded.settings)(**known)
    with serving(seeded) as live:
        url = events(live.anonymous())[f"{REF}-due"]["URL"]
        assert url == f"https://tracker.example.org/v1/recommendations/{REF}"


TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), max_size=300
)


@given(TEXTS, TEXTS, st.dates())
def test_whatever_a_title_says_comes_through_whole(
    summary: str, description: str, day: date
) -> None:
    event = ics.Event(
        uid="a-1-due",
        day=day,
        summary=summary,
        description=f"{description}\nSecond; line, \\n of it",
        categories=["Due", "neglect, and more"],
        exact=True,
        changed=datetime(2026, 11, 24, 12, tzinfo=UTC),
        version=1,
        path="recommendations/a-1",
    )
    file = BytesIO()
    ics.write(file, "Board, 2027", [event], "https://tracker.example.org/v1")
    body = file.getvalue()
    assert body.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in body.replace(b"\r\n", b"")
    for line in body.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()  # no character is cut
    calendar: Any = Calendar.from_ical(body)
    assert calendar["METHOD"] == "PUBLISH"
    for named in (b"NAME", b"X-WR-CALNAME"):
        assert b"\r\n" + named + b":Board\\, 2027\r\n" in body
    (told,) = calendar.walk("VEVENT")
    assert told["SUMMARY"] == summary
    assert told["DESCRIPTION"] == event.description
    assert told["CATEGORIES"].cats == ["Due", "neglect, and more"]
    assert told["DTSTART"].dt == day
    if day < date.max:
        assert told["DTEND"].dt == day + timedelta(days=1)


@pytest.mark.parametrize(
    ("edtf", "said"),
    [
        ("2027-03-31", "31 March 2027"),
        ("2027-03", "some day in March 2027"),
        ("2024-02", "some day in February 2024"),
        ("2027", "some day in 2027"),
        ("2025-03~", "some day in March 2025 (approximate)"),
        ("2025-03-04?", "4 March 2025 (uncertain)"),
        ("2025%", "some day in 2025 (approximate and uncertain)"),
        ("203X", "some day from 1 January 2030 to 31 December 2039"),
        ("2018-10/2018-11", "some day from 1 October 2018 to 30 November 2018"),
        ("../2027-03", "31 March 2027 or earlier"),
        ("2027-03/", "1 March 2027 or later"),
        ("XXXX-03", "a day that is not known"),
    ],
)
def test_dates_are_said_as_people_say_them(edtf: str, said: str) -> None:
    assert in_words(edtf) == said
