"""/v1/calendar.ics as another reader of iCalendar understands it, and as RFC 5545 writes it."""

import re
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from app.domain import ics, tokens
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


# Secret addresses


def made(client: Client, **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/calendars", {"name": "Board", **body})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def end_tokens(live: Live, name: str) -> None:
    with live.register.write() as session:
        for token in tokens.tokens(session):
            if token.name == name:
                tokens.revoke(session, token.id)


def test_a_secret_address_needs_no_token_and_keeps_its_filters(live: Live) -> None:
    viewer, lead = live.client("A viewer", "viewer"), live.client("Alice", "lead")
    lead.amend(REF, due_on="2027-03-31")
    lead.amend("bwd-2023-jtai-1", due_on="2027-05-31")
    told = made(viewer, filters={"inspection": ["bwd-2017-sif"]})
    assert re.fullmatch(r"/v1/calendar/[0-9a-f]{64}\.ics", told["address"])
    live.app.state.settings = live.register.settings.model_copy(update={"anonymous_read": False})
    nobody = live.anonymous()
    assert nobody.get(PATH).status_code == 401
    assert set(events(nobody, told["address"])) == {f"{REF}-due"}
    assert b"X-WR-CALNAME:Board\r\n" in nobody.get(told["address"]).content
    first = nobody.get(told["address"])
    same = {"If-None-Match": first.headers["ETag"]}
    assert nobody.get(told["address"], headers=same).status_code == 304
    assert nobody.http.head(told["address"]).status_code == 200
    lead.amend(REF, due_on="2027-04-30", reason="Recruitment")
    assert nobody.get(told["address"], headers=same).status_code == 200
    assert live.bearing("rpt_wrong").get(told["address"]).status_code == 200
    assert nobody.get(f"{told['address']}?x=1").status_code == 422


def test_only_its_hash_is_kept_and_no_list_or_log_tells_it(
    live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    alice = live.client("Alice", "lead")
    key = {"Idempotency-Key": "one calendar"}
    told = alice.post("/v1/calendars", {"name": "Board"}, headers=key).json()
    secret = told["address"].split("/")[-1].removesuffix(".ics")
    for path in ("/v1/calendars", f"/v1/calendars/{told['id']}", "/v1/changes?limit=500"):
        assert secret not in alice.get(path).text
    assert alice.get("/v1/calendars").json()["items"] == [told | {"address": None}]
    alice.get(told["address"])
    alice.get(told["address"].replace("a", "b"))
    assert secret not in alice.get("/metrics").text
    ours = [one.getMessage() for one in caplog.records if not one.name.startswith("http")]
    assert secret not in str(ours), "but for the client's own"
    with live.register.read() as session:
        for table in ("calendar_address", "reply"):
            kept = session.connection().exec_driver_sql(f"SELECT * FROM {table}").all()  # noqa: S608
            assert secret not in str(kept)


def test_the_same_key_makes_one_address_and_tells_it_once(live: Live) -> None:
    alice, key = live.client("Alice", "lead"), {"Idempotency-Key": "one calendar"}
    first = alice.post("/v1/calendars", {"name": "Board"}, headers=key)
    again = alice.post("/v1/calendars", {"name": "Board"}, headers=key)
    assert first.json()["address"]
    assert again.json() == first.json() | {"address": None}
    assert len(alice.all("/v1/calendars")) == 1


def test_it_ends_when_it_is_revoked_or_its_time_is_over(live: Live) -> None:
    alice, nobody = live.client("Alice", "lead", days=3000), live.anonymous()
    first, second = made(alice, days=10), made(alice)
    assert second["expires_at"] > "2027-11-23"
    path = f"/v1/calendars/{first['id']}/revocation"
    for _ in range(2):
        assert alice.post(path, {}).status_code == 201
    assert alice.get(f"/v1/calendars/{first['id']}").json()["revoked_at"]
    gone = nobody.get(first["address"])
    live.register.clock.advance(days=365, seconds=-1)
    assert nobody.get(second["address"]).status_code == 200
    live.register.clock.advance(seconds=1)
    for address in (first["address"], second["address"], f"/v1/calendar/{'0' * 64}.ics"):
        refused = nobody.get(address)
        assert refused.status_code == 404
        assert refused.json()["detail"] == gone.json()["detail"], "nothing tells them apart"


def test_it_ends_with_the_last_token_of_its_maker(live: Live) -> None:
    alice, nobody = live.client("Alice", "lead", days=5), live.anonymous()
    address = made(alice)["address"]
    live.client("Alice", "viewer", days=9)
    live.register.clock.advance(days=6)
    assert nobody.get(address).status_code == 200, "another token of hers lives"
    live.register.clock.advance(days=4)
    assert nobody.get(address).status_code == 404
    live.client("Alice", "viewer")
    assert nobody.get(address).status_code == 200
    end_tokens(live, "Alice")
    assert nobody.get(address).status_code == 404


def test_it_never_shows_more_than_its_maker_may_see_then_and_now(live: Live) -> None:
    lead, nobody = live.client("Alice", "lead"), live.anonymous()
    lead.inspect("elsewhere-2026", place="elsewhere")
    lead.enter("elsewhere-2026", 1, due_on="2027-01-31")
    lead.amend(REF, due_on="2027-03-31")
    here, both = ["blackburn-with-darwen"], {f"{REF}-due", "elsewhere-2026-1-due"}

    def seen(address: str) -> set[str]:
        return {uid for uid in events(nobody, address) if uid.endswith("-due")}

    bound = made(live.client("Of Blackburn", "viewer", places=here))["address"]
    assert seen(bound) == {f"{REF}-due"}
    live.client("Of Blackburn", "viewer")
    assert seen(bound) == {f"{REF}-due"}, "as when it was made"
    free = made(live.client("Of all", "viewer"))["address"]
    assert seen(free) >= both
    end_tokens(live, "Of all")
    live.client("Of all", "viewer", places=here)
    assert "elsewhere-2026-1-due" not in seen(free), "as its maker may now"
    end_tokens(live, "Of all")
    live.client("Of all", "viewer", places=[])
    assert seen(free) == set()


def test_people_see_their_own_addresses_and_an_admin_all(live: Live) -> None:
    alice, bob = live.client("Alice", "viewer"), live.client("Bob", "lead")
    admin = live.client("An admin", "admin")
    mine, theirs = made(alice), made(bob, name="Bob's")
    assert [one["id"] for one in alice.all("/v1/calendars")] == [mine["id"]]
    assert {one["id"] for one in admin.all("/v1/calendars", limit=1)} == {mine["id"], theirs["id"]}
    assert live.anonymous().get("/v1/calendars").status_code == 401
    assert live.anonymous().post("/v1/calendars", {"name": "x"}).status_code == 401
    for path in (f"/v1/calendars/{theirs['id']}", f"/v1/calendars/{theirs['id']}/revocation"):
        method = "POST" if path.endswith("revocation") else "GET"
        assert alice.send(method, path, {}).status_code == 404
    assert admin.post(f"/v1/calendars/{theirs['id']}/revocation", {}).status_code == 201
    etags = {client.get("/v1/calendars").headers["ETag"] for client in (alice, bob, admin)}
    assert len(etags) == 3


@one_engine
def test_what_a_calendar_cannot_be_is_refused(live: Live) -> None:
    alice = live.client("Alice", "viewer")
    for body in (
        {},
        {"name": ""},
        {"name": "x", "days": 0},
        {"name": "x", "days": 4000},
        {"name": "x", "filters": {"as_of": "2026-01-01"}},
        {"name": "x", "filters": {"sort": "ref"}},
        {"name": "x", "filters": {"owners": ["x"]}},
        {"name": "x", "filters": {"status": ["done"]}},
    ):
        refused = alice.post("/v1/calendars", body)
        assert refused.status_code == 422, body
    for number in range(100):
        made(alice, name=f"{number}")
    refused = alice.post("/v1/calendars", {"name": "one more"})
    assert refused.status_code == 409


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
