"""Reports: every count recomputed by plain Python from exported rows, of today and past days."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.domain import imports, moves, recommendations, voiding
from app.domain.actors import Actor, Role
from app.domain.evidence import EvidenceGiven, attach
from app.domain.imports import Document
from app.domain.recommendations import RecommendationPatch
from app.domain.status import MoveGiven
from tests.live import Client, Live, Register, serving

LEAD = Actor(name="Alice", role=Role.LEAD)
GROUPINGS = ("inspection", "organisation", "owner", "theme", "framework", "place", "status")
PLACES = ("blackburn-with-darwen", "leeds", "york")
ROWS = 3000


def generate(register: Register, chance: random.Random) -> list[str]:
    """Three thousand recommendations of three places, brought in as one document."""
    frameworks = ("sif", "ilacs", "jtai", "send")
    inspections = [
        {
            "slug": f"gen-{number}",
            "title": f"Inspection {number}",
            "framework": frameworks[number % 4],
            "inspectorates": ["ofsted"],
            "place": PLACES[number % 3],
            "coverage": {"stated_count": chance.choice([None, 100, 120])},
        }
        | ({"published": f"{2010 + number % 15}-0{number % 9 + 1}-15"} if number % 7 else {})
        for number in range(30)
    ]
    rows = [
        {
            "inspection": f"gen-{number % 29}",
            "ordinal": number // 29 + 1,
            "text": f"Improve matter {number}",
            "themes": chance.sample(["neglect", "assessment", "planning"], chance.randrange(3)),
            "owner": chance.choice([None, "bwd-council", "lancashire-police", "gen-team"]),
            "due_on": chance.choice([None, "2027-03-28", "2027-03", "2027-04-20", "XXXX-03"]),
        }
        for number in range(ROWS)
    ]
    team = {"slug": "gen-team", "name": "Team", "kind": "team", "organisation": "bwd-council"}
    document = Document.model_validate(
        {"parties": [team], "inspections": inspections, "recommendations": rows}
    )
    with register.write() as session:
        imports.bring(session, LEAD, document.parts())
    return [row.ref for row in document.recommendations]


def work(register: Register, refs: list[str], chance: random.Random) -> None:
    """A day's work on some of them."""
    with register.write() as session:
        for ref in sorted(chance.sample(refs, 25)):
            row = recommendations.find(session, LEAD, ref, lock=True)
            if row.voided:
                continue
            what = chance.randrange(6)
            if what == 0 and row.version == 1 and row.owner is None:
                voiding.void(session, LEAD, row, "Entered twice")
            elif what == 1:
                title = f"Title {chance.random()}"
                recommendations.amend(session, LEAD, row, RecommendationPatch(title=title))
            elif what == 2:
                patch = RecommendationPatch(due_on="2027-03-29", reason="It slid")
                recommendations.amend(session, LEAD, row, patch)
            elif what == 3 and row.status == "open":
                moves.move(session, LEAD, row, MoveGiven(status="in_progress"))
            elif row.status == "open":
                given = MoveGiven(
                    status="closed", closure_reason="no_longer_applicable", reason="Abolished"
                )
                moves.move(session, LEAD, row, given)
            else:
                piece = EvidenceGiven(
                    kind="audit", level="output", bearing="supports", summary="Twenty cases"
                )
                attach(session, LEAD, row, piece)


def summary(rows: list[dict[str, Any]], by: str) -> dict[str | None, Any]:
    """Counts by plain Python."""
    found: dict[str | None, Counter[str]] = defaultdict(Counter)
    for row in rows:
        keys = row["themes"] if by == "theme" else [row[by]]
        for key in [None, *(key for key in keys if key is not None)]:
            found[key].update([row["status"], "total"])
            found[key]["overdue"] += row["overdue"] == "yes"
            found[key]["possibly_overdue"] += row["overdue"] == "possibly"
            found[key]["unowned"] += row["owner"] is None
            found[key]["regressed"] += row["regressed"]
    return {key: {name: n for name, n in one.items() if n} for key, one in found.items()}


def told(group: dict[str, Any]) -> dict[str, int]:
    names = ("total", "overdue", "possibly_overdue", "unowned", "regressed")
    counts = group["counts"] | {name: group[name] for name in names}
    return {name: n for name, n in counts.items() if n}


def export(reader: Client, **params: Any) -> list[dict[str, Any]]:
    answer = reader.get("/v1/export/recommendations.json", params=params)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()
    return rows


def report(reader: Client, name: str, **params: Any) -> dict[str, Any]:
    answer = reader.get(f"/v1/reports/{name}", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


KEPT = (
    *("ref", "title", "status", "closure_reason", "owner", "organisation", "due_on", "response"),
    *("original_due_on", "times_moved", "regressed", "assurance", "evidence_count", "overdue"),
    *("status_since", "review_on", "due_soon", "stale", "slippage_days"),
)


@pytest.fixture
def lived(seeded: Register) -> Iterator[tuple[Live, list[dict[str, Any]]]]:
    """A register in which people worked for six days, over a change of clocks, and what it said
    at the end of each day."""
    chance = random.Random(7)  # noqa: S311 - no secret
    seeded.clock.now = datetime(2027, 3, 26, 9, tzinfo=UTC)
    refs = generate(seeded, chance)
    with serving(seeded) as live:
        reader = live.client("A reader", "viewer")
        days = []
        for _ in range(6):
            work(seeded, refs, chance)
            days.append(
                {
                    "day": seeded.clock.now.date().isoformat(),
                    "rows": export(reader),
                    "summaries": {by: report(reader, "summary", group_by=by) for by in GROUPINGS},
                    "ageing": report(reader, "ageing"),
                }
            )
            seeded.clock.advance(days=1)
        yield live, days


def test_every_number_is_that_of_the_rows(lived: tuple[Live, list[dict[str, Any]]]) -> None:
    live, days = lived
    reader = live.client("A reader", "viewer")
    check_counts_of_every_day(reader, days)
    check_ages(reader, days)
    check_movement_between_days(reader, days)


def check_counts_of_every_day(reader: Client, days: list[dict[str, Any]]) -> None:
    assert len({str(day["rows"]) for day in days}) == len(days), "every day differs"
    for day in days:
        rows = day["rows"]
        past = export(reader, as_of=day["day"])
        assert {row["ref"]: {name: row[name] for name in KEPT} for row in past} == {
            row["ref"]: {name: row[name] for name in KEPT} for row in rows
        }
        for by in GROUPINGS:
            then = day["summaries"][by]
            expected = summary(rows, by)
            groups = {group["key"]: told(group) for group in then["groups"]}
            assert told(then["totals"]) == expected.pop(None)
            assert {key: one for key, one in groups.items() if one} == expected, by
            if then["adds_up"]:
                total = sum(group["total"] for group in then["groups"])
                assert total == then["totals"]["total"] == len(rows)
            again = report(reader, "summary", group_by=by, as_of=day["day"])
            assert again == then, by
        assert report(reader, "ageing", as_of=day["day"]) == day["ageing"]


def check_ages(reader: Client, days: list[dict[str, Any]]) -> None:
    """What is unfinished is counted by when it was raised."""
    day, rows, found = days[-1]["day"], days[-1]["rows"], days[-1]["ageing"]
    expected: Counter[str] = Counter()
    for row in rows:
        if row["status"] in ("verified", "closed"):
            continue
        latest = row["published_latest"]
        if not row["inspection"].startswith("gen-"):
            continue
        age = (
            None if latest is None else (date.fromisoformat(day) - date.fromisoformat(latest)).days
        )
        limits = (
            ("under_6_months", 182),
            ("6_to_12_months", 365),
            ("1_to_2_years", 730),
            ("2_to_5_years", 1826),
        )
        band = "undated" if age is None else "over_5_years"
        if age is not None:
            band = next((name for name, most in limits if age < most), "over_5_years")
        expected[band] += 1
    seeds = Counter(
        row["status"] not in ("verified", "closed")
        for row in rows
        if not row["inspection"].startswith("gen-")
    )
    total = sum(group["total"] for group in found["groups"])
    assert total == found["totals"]["total"] == sum(expected.values()) + seeds[True]
    groups = {group["key"]: group["total"] for group in found["groups"]}
    for band, number in expected.items():
        assert number <= groups[band] <= number + seeds[True]
    assert found["of"] == len(rows)


def check_movement_between_days(reader: Client, days: list[dict[str, Any]]) -> None:
    """Every difference between two days' lists is told, and no other."""
    fields = (
        *("status", "closure_reason", "owner", "organisation", "due_on", "original_due_on"),
        *("times_moved", "review_on", "response", "regressed", "assurance", "evidence_count"),
        "title",
    )
    for first, last in ((0, 5), (1, 2), (2, 4), (3, 3)):
        before = {row["ref"]: row for row in days[first]["rows"]}
        after = {row["ref"]: row for row in days[last]["rows"]}
        moved = report(reader, "movement", **{"from": days[first]["day"], "to": days[last]["day"]})
        expected = {
            (ref, field): (before[ref][field], after[ref][field])
            for ref in before.keys() & after.keys()
            for field in fields
            if before[ref][field] != after[ref][field]
        }
        gone = {(ref, "voided"): (before[ref]["status"], None) for ref in before.keys() - after}
        items = moved["items"]
        assert {
            (one["ref"], one["field"]): (one["before"], one["after"]) for one in items
        } == expected | gone
        assert len(items) == len(expected) + len(gone)
        slid = [one for one in items if one["field"] == "due_on"]
        closed = [one for one in items if one["after"] == "closed"]
        assert {one["reason"] for one in closed} <= {"Abolished"}
        for one in slid:
            assert one["reason"] == "It slid"
            assert days[first]["day"] < one["at"][:10] <= days[last]["day"]
    whole = report(reader, "movement", **{"from": "2026-10-01", "to": days[0]["day"]})
    assert {one["field"] for one in whole["items"]} == {"entered"}
    assert len(whole["items"]) == len(days[0]["rows"])
    assert (
        whole["items"]
        == report(reader, "movement", **{"from": "2020-01-01", "to": days[0]["day"]})["items"]
    )


def test_coverage_is_said_beside_every_count(live: Live) -> None:
    reader = live.anonymous()
    found = report(reader, "summary")
    groups = {group["key"]: group["coverage"] for group in found["groups"]}
    assert len(groups) == 14, "also inspections of which nothing is held"
    jtai = groups["bwd-2023-jtai"]
    assert (jtai["held_count"], jtai["stated_count"]) == (3, 8)
    for slug, coverage in groups.items():
        own = reader.get(f"/v1/inspections/{slug}").json()["coverage"]
        assert {name: coverage[name] for name in own} == own
    whole = found["totals"]["coverage"]
    assert (whole["held_count"], whole["inspections"]) == (26, 14)
    assert whole["stated_count"] is None
    assert whole["unknown"] == sum(one["unknown"] for one in groups.values()) > 0
    by_theme = report(reader, "summary", group_by="theme")
    assert all(group["coverage"] == whole for group in by_theme["groups"])
    only = report(reader, "summary", inspection="bwd-2023-jtai", group_by="status")
    assert only["totals"]["coverage"]["stated_count"] == 8


def test_what_came_back_stands_first_among_what_recurs(live: Live) -> None:
    found = report(live.anonymous(), "recurrence")
    assert found["recommendations"] == 26
    assert found["items"], "the seed holds lineages"
    order = [
        (not one["came_back"], -one["times_reraised"], -(one["years_since_first_raised"] or 0))
        for one in found["items"]
    ]
    assert order == sorted(order)
    for one in found["items"]:
        ref = one["recommendations"][0]["ref"]
        lineage = live.anonymous().get(f"/v1/recommendations/{ref}/lineage").json()
        assert one["lineage"] == lineage["lineage"]
        assert one["times_reraised"] == lineage["times_reraised"]
        assert one["first_raised"] == lineage["first_raised"]
        assert one["years_since_first_raised"] == lineage["years_since_first_raised"]
        assert one["inspectorates"] == lineage["inspectorates"]
        assert [row["ref"] for row in one["recommendations"]] == [
            row["ref"] for row in lineage["recommendations"]
        ]


@pytest.mark.parametrize(
    ("name", "params", "pointer"),
    [
        ("summary", {"as_of": "2026-11-25"}, "/as_of"),
        ("summary", {"group_by": "colour"}, "/group_by"),
        ("summary", {"colour": "red"}, "/colour"),
        ("ageing", {"as_of": "2027-01-01"}, "/as_of"),
        ("movement", {}, "/from"),
        ("movement", {"from": "2026-11-20", "to": "2026-11-19"}, "/from"),
        ("movement", {"from": "2026-11-20", "to": "2026-11-25"}, "/to"),
        ("recurrence", {"as_of": "2026-11-20"}, "/as_of"),
    ],
)
def test_questions_that_have_no_answer_say_which_field(
    live: Live, name: str, params: dict[str, str], pointer: str
) -> None:
    answer = live.anonymous().get(f"/v1/reports/{name}", params=params)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("name", ["summary", "recurrence", "ageing", "movement?from=2026-01-01"])
def test_reports_tell_a_bound_reader_nothing_of_other_places(live: Live, name: str) -> None:
    lead = live.client("Alice", "lead")
    lead.inspect("leeds-2026", place="leeds")
    lead.enter("leeds-2026", text="A matter of Leeds")
    bound = live.client("Of Blackburn", "viewer", places=["blackburn-with-darwen"])
    assert "leeds" not in bound.get(f"/v1/reports/{name}").text
    if name == "summary":
        assert report(bound, "summary")["totals"]["total"] == 26
        assert report(lead, "summary")["totals"]["total"] == 27


MIDNIGHTS = [
    ("2026-10-24T22:59:59+00:00", "2026-10-24", False),  # summer time: midnight is 23:00 UTC
    ("2026-10-24T23:00:00+00:00", "2026-10-24", True),
    ("2026-10-25T23:59:59+00:00", "2026-10-25", False),  # the clocks went back that night
    ("2026-10-26T00:00:00+00:00", "2026-10-25", True),
    ("2026-03-28T23:59:59+00:00", "2026-03-28", False),
    ("2026-03-29T00:00:00+00:00", "2026-03-28", True),  # the clocks go forward an hour later
    ("2026-03-29T22:59:59+00:00", "2026-03-29", False),
    ("2026-03-29T23:00:00+00:00", "2026-03-29", True),
    ("2028-02-29T23:59:59+00:00", "2028-02-29", False),
    ("2028-03-01T00:00:00+00:00", "2028-02-29", True),
]


@pytest.mark.parametrize(("moment", "due", "overdue"), MIDNIGHTS)
def test_overdue_flips_at_midnight_in_london(
    live: Live, moment: str, due: str, overdue: bool
) -> None:

    ref = "bwd-2017-sif-1"
    lead = live.client("Alice", "lead", days=2000)
    live.register.clock.now = min(live.register.clock.now, datetime.fromisoformat(moment))
    assert lead.amend(ref, due_on=due).status_code == 200
    live.register.clock.now = datetime.fromisoformat(moment)
    assert lead.see(ref)["overdue"] == ("yes" if overdue else "no")
    group = report(lead, "summary", inspection="bwd-2017-sif")["totals"]
    assert group["overdue"] == (1 if overdue else 0)
    listed = lead.get("/v1/recommendations", params={"overdue": "yes"}).json()["items"]
    assert [one["ref"] for one in listed] == ([ref] if overdue else [])


def test_a_summary_of_nothing_counts_nought(live: Live) -> None:
    """As of a day before the first inspection was entered, or of inspections that nobody made."""
    reader = live.anonymous()
    for by in GROUPINGS:
        for asked in ("as_of=2020-01-01", "inspection=nobody-made-it"):
            answer = reader.get(f"/v1/reports/summary?group_by={by}&{asked}")
            assert answer.status_code == 200, (by, asked)
            found = answer.json()
            assert (found["totals"]["total"], found["groups"]) == (0, [])
            held = found["totals"]["coverage"]
            assert (held["inspections"], held["unknown"], held["stated_count"]) == (0, 0, None)
