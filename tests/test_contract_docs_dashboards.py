"""docs for analysts: every address, query, block and column in them is tried on the seed."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from python_calamine import CalamineWorkbook

from app.domain.reports import (
    AgeingAsked,
    AgeingShown,
    MovementAsked,
    MovementShown,
    RecurrenceAsked,
    RecurrenceShown,
    SummaryAsked,
    SummaryShown,
    movement,
)
from app.domain.reports.ageing import BANDS
from app.settings import ROOT
from tests.live import Live

DOCS = ROOT / "docs"
PAGES = ("power-bi", "excel", "grafana", "polling", "reports")
BOARD = json.loads((DOCS / "grafana-dashboard.json").read_text("utf-8"))
INFINITY = "yesoreyeram-infinity-datasource"
REF, NEXT = "bwd-2017-sif-4", "bwd-2017-sif-5"
sqlite = pytest.mark.parametrize("engine", ["sqlite"])
COLUMNS = dict(
    re.findall(
        r"^\| `(\w+)` \| .* \| (text|list|EDTF|date|number|truth|moment) \|$",
        (DOCS / "exports.md").read_text("utf-8"),
        re.MULTILINE,
    )
)
"""The columns of the export and their kinds, as docs/exports.md has them."""
AS_M = {
    "date": "type date",
    "moment": "type datetimezone",
    "number": "Int64.Type",
    "truth": "type logical",
}


def text(page: str) -> str:
    return (DOCS / f"{page}.md").read_text("utf-8")


def blocks(page: str, language: str) -> list[str]:
    """The blocks of a language, those within a list moved to the margin."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", text(page), re.DOTALL | re.MULTILINE)
    return [re.sub(f"^{indent}", "", body, flags=re.MULTILINE) for indent, body in found]


QUERIES = [
    pytest.param(body, id=f"{page}-{number}")
    for page in ("power-bi", "excel")
    for number, body in enumerate(blocks(page, "m"), 1)
]


@pytest.fixture
def analyst(live: Live) -> Iterator[httpx.Client]:
    """A viewer as Power BI, Excel and Grafana send one: the token as the password of Basic, any
    name. Some days after the seed something moved, so that no report is empty."""
    live.register.clock.advance(days=1)
    alice = live.client("Alice", "lead", "bwd-council")
    assert alice.assign(REF, "bwd-council", reason="Agreed at the board").status_code == 200
    assert alice.amend(REF, due_on="2026-12").status_code == 200
    assert alice.move(REF, "in_progress").status_code == 200
    assert alice.move(NEXT, "in_progress").status_code == 200
    live.register.clock.advance(days=7)
    token = live.register.token("Board", "viewer")
    with httpx.Client(base_url=live.url, auth=("anything", token)) as client:
        yield client


def answered(analyst: httpx.Client, path: str, params: Any = None) -> httpx.Response:
    answer = analyst.get(path, params=params)
    assert answer.status_code == 200, (path, params, answer.text)
    return answer


# Every address


@sqlite
def test_every_address_in_the_pages_is_there(analyst: httpx.Client) -> None:
    assert analyst.get("/v1/imports").status_code == 200, "the token is read"
    assert httpx.get(analyst.base_url.join("/v1/imports")).status_code == 401, "not so without"
    for page in PAGES:
        found = re.findall(r"(?<![\w$}])/?(v1/[\w./?=&%-]*[\w])", text(page).replace("`v1", "`/v1"))
        assert found, page
        for address in {one for one in found if "CURSOR" not in one}:
            if not address.startswith("v1/reports/movement") or "from=" in address:
                answered(analyst, f"/{address}")
    for page in PAGES:  # filters that the text names without an address
        for query in re.findall(r"`\[(\w+ = [^`]+)\]`", text(page)):
            answered(analyst, "/v1/export/recommendations.csv", record(f"[{query}]", {}))


# Power Query


def bare(body: str) -> str:
    """M without texts and comments, so that what is left can be counted."""
    return re.sub(r"//[^\n]*", "", re.sub(r'"(?:[^"]|"")*"', '""', body))


def balanced(body: str) -> None:
    closing, still = {")": "(", "]": "[", "}": "{"}, []
    for sign in bare(body):
        if sign in "([{":
            still.append(sign)
        elif sign in closing:
            assert still, body
            assert still.pop() == closing[sign], body
    assert not still, body


def record(body: str, named: dict[str, str]) -> list[tuple[str, str]]:
    """A Query record as the parameters that Web.Contents makes of it: a text, the name of a step
    that is a text, or a list of texts."""
    found = []
    for name, value in re.findall(r'(\w+) = ("[^"]*"|\{[^}]*\}|\w+)', body):
        values = re.findall(r'"([^"]*)"', value) or [named[value]]
        found += [(name, one) for one in values]
    assert found, body
    return found


def asked(body: str) -> tuple[str, list[tuple[str, str]]]:
    """Path and parameters of the one Web.Contents of a query."""
    (base,) = re.findall(r'Web\.Contents\(\s*("[^"]*")\s*,', body)
    assert base == '"https://tracker.example.org"', "a text alone, else no scheduled refresh"
    (path,) = re.findall(r'RelativePath = "([^"]*)"', body)
    (query,) = re.findall(r"Query = (\[.*?\])", body)
    named = dict(re.findall(r'^ +(\w+) = "([^"]*)",$', body, re.MULTILINE))
    return f"/{path}", record(query, named)


@pytest.mark.parametrize("body", QUERIES)
def test_a_query_is_well_formed(body: str) -> None:
    """Brackets, let and in, commas between the steps and none behind the last, every step used."""
    balanced(body)
    steps = re.fullmatch(r"let\n(.*?)\nin\n +(\w+)\n", body, re.DOTALL)
    assert steps, body
    names = re.findall(r"^    (\w+) =(?!=)", steps[1], re.MULTILINE)
    assert steps[2] == names[-1]
    assert len(set(names)) == len(names)
    for name in names:
        assert len(re.findall(rf"\b{name}\b(?! =(?!=))", bare(body))) >= 1, f"{name} is not used"
    parts = re.split(r"^    (?=\w+ =)", steps[1], flags=re.MULTILINE)[1:]
    assert [part.rstrip().endswith(",") for part in parts] == [True] * (len(parts) - 1) + [False]


def test_the_step_that_is_offered_fits_where_it_shall_go() -> None:
    (step,) = blocks("power-bi", "m-step")
    balanced(step)
    assert re.fullmatch(r" +From = .*,\n", step)


@sqlite
@pytest.mark.parametrize("body", QUERIES)
def test_a_query_finds_the_columns_that_it_names(body: str, analyst: httpx.Client) -> None:
    path, params = asked(body)
    answer = answered(analyst, path, params)
    if path.endswith(".csv"):
        (head, *rows) = csv.reader(io.StringIO(answer.text))
        assert head == list(COLUMNS)
        chosen = re.findall(r"SelectColumns\(\s*\w+,\s*\{(.*?)\}", body, re.DOTALL)
        named = {name for part in chosen for name in re.findall(r'"(\w+)"', part)}
        typed = dict(re.findall(r'\{"(\w+)", ([\w. ]+)\}', body))
        assert set(typed) | named <= set(head)
        for row in rows:
            for name, value in zip(head, row, strict=True):
                assert reads(typed.get(name, "type text"), value or None), (name, value)
        return
    if path.endswith(".xlsx"):
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.content), load_tables=True)
        (item,) = re.findall(r'Item = "(\w+)", Kind = "Table"', body)
        assert sheet.table_names == [item]
        return
    found = answer.json()
    steps = re.findall(r"Table\.FromRecords\(\s*(\w+)(?:\[(\w+)\])?,\s*\{(.*?)\}", body, re.DOTALL)
    for _, part, columns in steps:
        rows = found[part] if part else found
        assert rows, "an empty answer shows nothing"
        typed = dict(re.findall(r'\{"(\w+)", ([\w. ]+)\}', body))
        for row in rows:
            assert set(re.findall(r'"(\w+)"', columns)) <= set(row)
            for name, kind in typed.items():
                assert kind == "type text" or name == "themes" or reads(kind, row[name])
    for of, columns in re.findall(
        r'ExpandRecordColumn\(\s*\w+, "(\w+)", \{(.*?)\}', body, re.DOTALL
    ):
        assert set(re.findall(r'"(\w+)"', columns)) <= set(found["groups"][0][of])
    for first, second in re.findall(r"\bAll\[(\w+)\](?:\[(\w+)\])?", body):
        held = found["totals"][first]
        assert not second or second in held


KINDS = {
    "type date": r"\d{4}-\d\d-\d\d",
    "type datetimezone": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)",
    "Int64.Type": r"-?\d+",
    "type logical": r"TRUE|FALSE",
    "type text": r"(?s).*",
}


def reads(kind: str, value: str | None) -> bool:
    """Would M read it as that kind? Nothing is null, once the empty texts are replaced."""
    return value is None or re.fullmatch(KINDS[kind], value) is not None


def test_all_columns_of_the_export_that_are_no_texts_get_their_kind() -> None:
    typed = dict(re.findall(r'\{"(\w+)", ([\w. ]+)\}', blocks("power-bi", "m")[0]))
    assert typed == {name: AS_M[kind] for name, kind in COLUMNS.items() if kind in AS_M}


# Grafana


def test_the_dashboard_has_the_parts_that_grafana_imports() -> None:
    assert BOARD["schemaVersion"] >= 39
    assert BOARD["id"] is None
    (given,) = BOARD["__inputs"]
    assert (given["type"], given["pluginId"]) == ("datasource", INFINITY)
    source = {"type": INFINITY, "uid": f"${{{given['name']}}}"}
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        assert panel["datasource"] == source
        assert panel["title"]
        assert panel["description"]
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        place = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not taken & place, "panels lie on one another"
        taken |= place
        for target in panel["targets"]:
            assert target["datasource"] == source
            assert (target["type"], target["source"], target["parser"]) == (
                "json",
                "url",
                "backend",
            )
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(ids)) == len(ids)
    needed = {one["id"] for one in BOARD["__requires"]}
    assert needed == {"grafana", INFINITY, *(panel["type"] for panel in BOARD["panels"])}


def test_the_page_names_each_panel_and_what_it_asks() -> None:
    rows = re.findall(r"^\| ([^|`]+) \| `(/v1[^`]+)` \|", text("grafana"), re.MULTILINE)
    shown = [(panel["title"], panel["targets"][0]["url"]) for panel in BOARD["panels"]]
    assert rows == shown


@sqlite
def test_every_panel_finds_its_columns(analyst: httpx.Client) -> None:
    kinds = {"string": str, "number": int, "boolean": bool}
    for panel in BOARD["panels"]:
        for target in panel["targets"]:
            found = answered(analyst, target["url"]).json()
            root = target["root_selector"]
            rows = found[root] if root else found
            rows = rows if isinstance(rows, list) else [rows]
            assert rows, panel["title"]
            for row in rows:
                for column in target["columns"]:
                    value: Any = row
                    for step in column["selector"].split("."):
                        value = value[step]
                    assert value is None or type(value) is kinds[column["type"]], column
        axis = panel["options"].get("xField")
        assert axis in {None, panel["targets"][0]["columns"][0]["text"]}


# Polling


def typed(script: str, live: Live, at: Path) -> subprocess.Popen[str]:
    said = {"TRACKER_URL": live.url, "TRACKER_TOKEN": live.register.token("Board", "viewer")}
    return subprocess.Popen(
        ["sh", "-c", script],
        cwd=at,
        env=os.environ | said,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def done(script: str, live: Live, at: Path) -> str:
    running = typed(script, live, at)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, "")
    return out


@sqlite
def test_a_report_is_polled_with_curl(live: Live, tmp_path: Path) -> None:
    poll = blocks("polling", "sh")[0]
    assert done(poll, live, tmp_path) == "200\n"
    first = (tmp_path / "summary.json").read_text()
    assert json.loads(first)["totals"]["total"] == 26
    for _ in range(2):
        assert done(poll, live, tmp_path) == "304\n"
        assert (tmp_path / "summary.json").read_text() == first
    assert live.client("Alice", "lead", "bwd-council").move(REF, "in_progress").status_code == 200
    assert done(poll, live, tmp_path) == "200\n"
    assert json.loads((tmp_path / "summary.json").read_text())["totals"]["counts"]["open"] == 25


@sqlite
def test_files_are_fetched_with_curl(live: Live, tmp_path: Path) -> None:
    (script,) = blocks("excel", "sh")
    done(script, live, tmp_path)
    assert (tmp_path / "recommendations.xlsx").read_bytes()[:2] == b"PK"
    assert (tmp_path / "recommendations.csv").read_bytes()[:3] == b"\xef\xbb\xbf"


@sqlite
@pytest.mark.parametrize("language", ["python", "sh"])
def test_a_follower_misses_nothing_and_begins_anew(
    language: str, live: Live, tmp_path: Path
) -> None:
    """It starts with the cursor of another history, is told 410, gets everything in order, then
    what comes, and goes on where it was when it is started again."""
    kept = tmp_path / "cursor.txt"
    kept.write_text("5.00000000")
    alice = live.client("Alice", "lead", "bwd-council")
    script = blocks("polling", language)[-1].replace("every=30", "every=0.1")
    script = script.replace("sleep 30", "sleep 0.1")
    (tmp_path / "follow.py").write_text(script)
    if language == "python":
        script = f"PYTHONPATH='{ROOT}' exec '{sys.executable}' follow.py"
    everything = alice.get("/v1/changes?limit=500").json()
    last = 0
    for status in (None, "in_progress", "blocked"):
        if status is not None:
            assert alice.move(REF, status, reason="No post").status_code == 200
            everything = alice.get("/v1/changes?limit=500").json()
        running = typed(script, live, tmp_path)
        try:
            deadline = time.monotonic() + 30
            while kept.read_text() != everything["next"] and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            running.kill()
            out, err = running.communicate(timeout=20)
        assert err == ""
        new = [item for item in everything["items"] if item["seq"] > last]
        told = [f"{item['seq']} {item['action']} {item['subject']}" for item in new]
        assert out.splitlines() == told
        last = new[-1]["seq"]
    assert all(b["seq"] == a["seq"] + 1 for a, b in pairwise(everything["items"]))


# Reports

EXAMPLES = re.findall(r"^`GET (/v1/[^`]+)`\n\n```json\n(.*?)```", text("reports"), re.DOTALL | re.M)


def within(said: Any, found: Any) -> bool:
    """Is what the page shows a part of the answer? Rows may be left out, their order is kept."""
    if isinstance(said, dict):
        return isinstance(found, dict) and all(
            name in found and within(value, found[name]) for name, value in said.items()
        )
    if isinstance(said, list):
        rest = iter(found)
        return all(any(within(one, other) for other in rest) for one in said)
    return bool(said == found)


def test_the_page_has_an_example_of_each_report() -> None:
    shown = {address.split("?")[0].split("/")[-1] for address, _ in EXAMPLES}
    assert shown == {"summary", "movement", "recurrence", "ageing"}
    assert not within([{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 1}])


@sqlite
def test_the_examples_are_what_is_answered(analyst: httpx.Client) -> None:
    for address, shown in EXAMPLES:
        found = answered(analyst, address).json()
        assert within(json.loads(shown), found), (address, found)


@sqlite
def test_groups_add_up_where_the_page_says_so(analyst: httpx.Client) -> None:
    for by in ("inspection", "framework", "place", "status", "organisation", "owner", "theme"):
        found = answered(analyst, f"/v1/reports/summary?group_by={by}").json()
        parts = sum(group["total"] for group in found["groups"])
        assert found["adds_up"] == (by in ("inspection", "framework", "place", "status"))
        assert (parts == found["totals"]["total"]) == found["adds_up"]
    found = answered(analyst, "/v1/reports/ageing").json()
    assert sum(group["total"] for group in found["groups"]) == found["totals"]["total"]


@sqlite
def test_a_list_of_a_day_and_what_moved_make_the_list_of_today(analyst: httpx.Client) -> None:
    def rows(**asked: str) -> dict[str, dict[str, Any]]:
        found = answered(analyst, "/v1/export/recommendations.json", asked).json()
        return {row["ref"]: {name: row[name] for name in movement_fields} for row in found}

    movement_fields = [name for name in COLUMNS if f"`{name}`" in _fields_row()]
    assert {"status", "owner", "due_on"} <= set(movement_fields)
    then, now = rows(as_of="2026-11-24"), rows()
    assert then != now
    for item in answered(analyst, "/v1/reports/movement?from=2026-11-24").json()["items"]:
        assert then[item["ref"]][item["field"]] == item["before"]
        then[item["ref"]][item["field"]] = item["after"]
    assert then == now


def _fields_row() -> str:
    (row,) = re.findall(r"^\| `field` \|.*$", text("reports"), re.MULTILINE)
    return str(row)


def test_the_page_explains_every_parameter_field_and_word() -> None:
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## )", text("reports"), re.DOTALL | re.M))
    for title, asked_, shown in (
        ("Summary", SummaryAsked, SummaryShown),
        ("Movement", MovementAsked, MovementShown),
        ("Recurrence", RecurrenceAsked, RecurrenceShown),
        ("Ageing", AgeingAsked, AgeingShown),
    ):
        rules = asked_.model_json_schema()
        names = set(rules["properties"])
        schema = shown.model_json_schema(by_alias=True)
        for one in (schema, *schema.get("$defs", {}).values()):
            names |= set(one.get("properties", {}))
        missing = {name for name in names if f"`{name}`" not in sections[title]}
        assert not missing, (title, missing)
    for key, _, _ in BANDS:
        assert f"`{key}`" in sections["Ageing"]
    told = sys.modules[movement.__module__]
    for name in (*told.FIELDS, told.ENTERED, told.VOIDED):
        assert f"`{name}`" in _fields_row()
