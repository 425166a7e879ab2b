"""Recommendations: how one comes into the register, and what of it may be corrected later."""

from typing import Any

from tests.live import Live, pointers

REF = "bwd-2017-sif-7"
PATH = f"/v1/recommendations/{REF}"
LIST = "/v1/recommendations"
ROW = {"inspection": "bwd-2025-ilacs", "ordinal": 1, "text": "Improve the support to care leavers."}


# Entering one


def test_inspection_ordinal_and_text_suffice(live: Live) -> None:
    alice = live.client("Alice", "lead")
    answer = alice.post(LIST, ROW)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == "/v1/recommendations/bwd-2025-ilacs-1"
    made = answer.json()
    assert made["ref"] == "bwd-2025-ilacs-1"
    assert made["text"] == ROW["text"]
    assert made["place"] == "blackburn-with-darwen"
    assert made["version"] == 1
    nothing_said: dict[str, Any] = {
        "status": "open",
        "status_since": None,
        "response": "not_recorded",
        "priority": "normal",
        "kind": "recommendation",
        "owner": None,
        "organisation": None,
        "contributors": [],
        "addressees": [],
        "themes": [],
        "due_on": None,
        "original_due_on": None,
        "overdue": "no",
        "assurance": "none",
        "regressed": False,
        "lineage": None,
        "times_reraised": 0,
        "number_as_printed": None,
        "citations": [],
        "evidence": [],
        "links": [],
        "assignments": [],
        "notes": [],
        "errata": [],
        "actions": [],
        "import": None,
    }
    assert {name: made[name] for name in nothing_said} == nothing_said
    again = alice.get(answer.headers["Location"])
    assert again.json() == made
    assert again.headers["ETag"] == answer.headers["ETag"]


def test_one_without_a_title_is_called_by_its_first_words(live: Live) -> None:
    alice = live.client("Alice", "lead")
    text = "Improve the timeliness and the quality of personal education plans for all children."
    assert alice.post(LIST, ROW | {"text": text}).json()["title"] == (
        "Improve the timeliness and the quality of personal education plans for all…"
    )
    short = ROW | {"ordinal": 2, "text": "Listen to\nchildren."}
    assert alice.post(LIST, short).json()["title"] == "Listen to children."


def test_all_that_a_row_says_is_kept_as_it_was_said(live: Live) -> None:
    alice = live.client("Alice", "lead")
    said: dict[str, Any] = {
        "title": "Support to care leavers",
        "number_as_printed": "1(a)",
        "section": "What needs to improve",
        "kind": "area_for_improvement",
        "kind_as_printed": "What needs to improve in this area of practice",
        "addressees": ["lsc-icb", "bwd-council"],
        "addressees_as_printed": "The ICB and the local authority",
        "themes": ["care-leavers"],
        "priority": "high",
        "due_on": "2027-01/2027-03",
        "citations": [
            {
                "source": "bwd-2017-report",
                "locator": "page 7",
                "quote": "Improve  the support to care leavers.",
                "transcription": "verbatim",
            }
        ],
    }
    made = alice.post(LIST, ROW | said | {"owner": "bwd-council"}).json()
    assert {name: made[name] for name in said} == said
    assert (made["owner"], made["organisation"]) == ("bwd-council", "bwd-council")
    assert [(one["party"], one["role"], one["to"]) for one in made["assignments"]] == [
        ("bwd-council", "accountable", None)
    ]
    assert made["original_due_on"] == "2027-01/2027-03"


def test_a_text_is_kept_letter_by_letter(live: Live) -> None:
    alice = live.client("Alice", "lead")
    text = "  The partnetship\u2019s\n\tresponse to negelct \u2013 \u201cenough\u201d. \U0001f476  "
    assert alice.post(LIST, ROW | {"text": text}).json()["text"] == text


CANNOT_BE_TAKEN: list[tuple[dict[str, Any], str]] = [
    ({"inspection": "bwd-1999-none"}, "/inspection"),
    ({"ordinal": 0}, "/ordinal"),
    ({"ordinal": 10_000}, "/ordinal"),
    ({"ordinal": "1"}, "/ordinal"),
    ({"text": ""}, "/text"),
    ({"text": None}, "/text"),
    ({"text": "a\x00b"}, "/text"),
    ({"kind": "demand"}, "/kind"),
    ({"themes": ["neglect", "weather"]}, "/themes/1"),
    ({"addressees": ["bwd-council", "nobody-at-all"]}, "/addressees/1"),
    ({"owner": "nobody-at-all"}, "/owner"),
    ({"due_on": "2027-02-30"}, "/due_on"),
    ({"due_on": "spring"}, "/due_on"),
    ({"citations": [{"source": "no-such-source"}]}, "/citations/0/source"),
    ({"status": "closed"}, "/status"),
    ({"ref": "bwd-2025-ilacs-9"}, "/ref"),
]


def test_a_row_that_cannot_be_taken_is_refused_by_name_of_the_field(live: Live) -> None:
    alice = live.client("Alice", "lead")
    for change, pointer in CANNOT_BE_TAKEN:
        refused = alice.post(LIST, ROW | change)
        assert refused.status_code == 422, (change, refused.text)
        assert pointers(refused) == [pointer], change
    assert alice.get(f"{LIST}/bwd-2025-ilacs-1").status_code == 404
    assert len(alice.all(LIST)) == 26


def test_words_of_a_secondary_source_are_not_called_verbatim(live: Live) -> None:
    alice = live.client("Alice", "lead")
    article = {"source": "bwd-2018-article", "quote": "must improve"}
    refused = alice.post(LIST, ROW | {"citations": [article | {"transcription": "verbatim"}]})
    assert refused.status_code == 422
    assert pointers(refused) == ["/citations/0/transcription"]
    made = alice.post(LIST, ROW | {"citations": [article]}).json()
    assert made["citations"][0]["transcription"] == "reported"


def test_an_ordinal_is_given_once(live: Live) -> None:
    alice = live.client("Alice", "lead")
    assert alice.post(LIST, ROW).status_code == 201
    again = alice.post(LIST, ROW | {"text": "Other words."})
    assert again.status_code == 409
    assert alice.see("bwd-2025-ilacs-1")["text"] == ROW["text"]


def test_leads_enter_and_nobody_below(live: Live) -> None:
    for role in ("viewer", "contributor"):
        refused = live.client(f"A {role}", role, "bwd-council").post(LIST, ROW)
        assert refused.status_code == 403, role
    assert live.anonymous().post(LIST, ROW).status_code == 401


# Correcting one


def test_title_themes_priority_and_response_may_be_edited(live: Live) -> None:
    alice = live.client("Alice", "lead")
    before = alice.see(REF)
    edits = {
        "title": "Work experience for care leavers",
        "priority": "high",
        "response": "accepted_in_part",
    }
    answer = alice.amend(REF, **edits, themes=["planning", "care-leavers", "planning"])
    assert answer.status_code == 200, answer.text
    after = answer.json()
    moved = {"updated_at": after["updated_at"], "version": before["version"] + 1}
    assert after == before | edits | {"themes": ["care-leavers", "planning"]} | moved
    assert alice.see(REF) == after

    change = alice.history(REF)[-1]
    assert change["action"] == "recommendation:amended"
    assert change["before"]["title"] == before["title"]
    assert change["after"] == edits | {"themes": ["care-leavers", "planning"]}


def test_one_is_found_by_its_new_title_and_themes(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.amend(REF, title="Apprenticeships in zoology", themes=["planning"])
    assert [row["ref"] for row in alice.all(LIST, q="zoology")] == [REF]
    assert REF in {row["ref"] for row in alice.all(LIST, theme="planning")}
    assert alice.all(LIST, theme="care-leavers") == []
    assert REF in {row["ref"] for row in alice.all(LIST, q="apprenticeships")}


def test_an_edit_that_changes_nothing_leaves_no_trace(live: Live) -> None:
    alice = live.client("Alice", "lead")
    before, changes = alice.see(REF), alice.history(REF)
    for fields in ({}, {"title": before["title"]}, {"themes": before["themes"], "due_on": None}):
        same = alice.amend(REF, **fields)
        assert same.status_code == 200
        assert same.json() == before
    assert alice.history(REF) == changes


CANNOT_BE_EDITED: list[tuple[dict[str, Any], str]] = [
    ({"text": "Softer words."}, "/text"),
    ({"status": "closed"}, "/status"),
    ({"owner": "bwd-council"}, "/owner"),
    ({"ref": "bwd-2017-sif-99"}, "/ref"),
    ({"version": 7}, "/version"),
    ({"colour": "red"}, "/colour"),
    ({"title": None}, "/title"),
    ({"title": " "}, "/title"),
    ({"title": "x" * 301}, "/title"),
    ({"priority": None}, "/priority"),
    ({"priority": "urgent"}, "/priority"),
    ({"response": None}, "/response"),
    ({"response": "maybe"}, "/response"),
    ({"themes": None}, "/themes"),
    ({"themes": ["weather"]}, "/themes/0"),
    ({"due_on": "2027-13"}, "/due_on"),
]


def test_text_and_status_are_never_edited_and_nothing_is_emptied(live: Live) -> None:
    alice = live.client("Alice", "lead")
    before = alice.see(REF)
    for fields, pointer in CANNOT_BE_EDITED:
        refused = alice.change("PATCH", PATH, fields)
        assert refused.status_code == 422, (fields, refused.text)
        assert pointers(refused) == [pointer], fields
    assert alice.see(REF) == before


def test_leads_amend_and_nobody_below(live: Live) -> None:
    charlie = live.client("Charlie", "contributor", "bwd-council")
    live.client("Alice", "lead").assign(REF, "bwd-council")
    assert charlie.amend(REF, title="Ours").status_code == 403
    assert charlie.send("PATCH", f"{LIST}/bwd-2017-sif-99", {"title": "Ours"}).status_code == 404


# Due dates


def test_the_first_due_date_needs_no_reason_and_stays_the_original(live: Live) -> None:
    alice = live.client("Alice", "lead")
    first = alice.amend(REF, due_on="2027-01").json()
    assert (first["due_on"], first["original_due_on"]) == ("2027-01", "2027-01")
    assert (first["slippage_days"], first["times_moved"]) == (0, 0)

    silent = alice.amend(REF, due_on="2027-03")
    assert silent.status_code == 422
    assert pointers(silent) == ["/reason"]

    moved = alice.amend(REF, due_on="2027-03", reason="The post is vacant; agreed by the board")
    assert moved.status_code == 200, moved.text
    assert (moved.json()["due_on"], moved.json()["original_due_on"]) == ("2027-03", "2027-01")
    assert moved.json()["slippage_days"] == 31 + 28  # from the end of January to that of March
    assert moved.json()["times_moved"] == 1
    change = alice.history(REF)[-1]
    assert change["reason"] == "The post is vacant; agreed by the board"
    assert (change["before"], change["after"]) == ({"due_on": "2027-01"}, {"due_on": "2027-03"})


def test_a_due_date_that_came_with_the_row_is_the_first(live: Live) -> None:
    alice = live.client("Alice", "lead")
    made = alice.post(LIST, ROW | {"due_on": "2027-01-31"}).json()
    assert alice.amend(made["ref"], due_on="2027-02-28").status_code == 422
    assert alice.amend(made["ref"], due_on="2027-01-31").status_code == 200


def test_a_due_date_is_taken_away_with_a_reason_only(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.amend(REF, due_on="2027-01-31")
    assert pointers(alice.amend(REF, due_on=None)) == ["/reason"]
    gone = alice.amend(REF, due_on=None, reason="The board set none after all").json()
    assert (gone["due_on"], gone["original_due_on"]) == (None, "2027-01-31")
    assert (gone["slippage_days"], gone["overdue"]) == (None, "no")
    back = alice.amend(REF, due_on="2027-02-10", reason="It did").json()
    assert (back["slippage_days"], back["times_moved"]) == (10, 2)


def test_a_fuzzy_due_date_is_possibly_overdue_before_it_surely_is(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.amend(REF, due_on="2026-12")
    seen = []
    for days in (7, 1, 29, 1):
        live.register.clock.advance(days=days)
        seen.append((str(live.register.clock.now.date()), alice.see(REF)["overdue"]))
    assert seen == [
        ("2026-12-01", "no"),
        ("2026-12-02", "possibly"),
        ("2026-12-31", "possibly"),
        ("2027-01-01", "yes"),
    ]
    alice.move(REF, "closed", closure_reason="not_accepted", reason="Not ours")
    assert alice.see(REF)["overdue"] == "no"


def test_what_falls_due_within_thirty_days_is_due_soon(live: Live) -> None:
    alice = live.client("Alice", "lead")
    alice.amend(REF, due_on="2026-12-25")
    assert alice.see(REF)["due_soon"] is False
    live.register.clock.advance(days=1)
    assert alice.see(REF)["due_soon"] is True
    live.register.clock.advance(days=31)
    assert (alice.see(REF)["due_soon"], alice.see(REF)["overdue"]) == (False, "yes")


def test_what_nobody_touched_for_ninety_days_is_stale_until_somebody_does(live: Live) -> None:
    alice = live.client("Alice", "lead")
    live.register.clock.advance(days=90)
    assert alice.see(REF)["stale"] is False
    live.register.clock.advance(days=1)
    assert alice.see(REF)["stale"] is True
    alice.post(f"{PATH}/notes", {"text": "Asked the team again"})
    assert alice.see(REF)["stale"] is False
