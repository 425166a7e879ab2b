"""The flat exports: the same rows as the list, as CSV, as a spreadsheet and as JSON."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import httpx
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import Engine, event

from app.domain import exports
from app.domain.dates import LONDON, parse
from app.domain.exports import flat, sheets
from app.domain.listing import RecommendationShown
from app.settings import ROOT
from tests.conftest import ENGINES, _register
from tests.live import Client, Live, serving
from tests.test_listing import furnish

FLAT = "/v1/export/recommendations"
COLUMNS = re.findall(
    r"\w+",
    """
ref inspection inspection_title framework inspectorates fieldwork published published_latest
ordinal number_as_printed section kind kind_as_printed title text place addressees
addressees_as_printed themes priority response status closure_reason review_on owner owner_name
organisation organisation_name contributors contributors_progress due_on due_latest original_due_on
original_due_latest slippage_days times_moved overdue overdue_originally due_soon review_due stale
regressed assurance assurance_expired times_reraised lineage evidence_count action_count
status_since created_at updated_at version
""",
)
DATES = {"published_latest", "review_on", "due_latest", "original_due_latest", "status_since"}
MOMENTS = {"created_at", "updated_at"}

ASKED: list[dict[str, Any]] = [
    {},
    {"sort": "ref"},
    {"sort": "-due_on"},
    {"sort": "updated_at", "status": ["open", "in_progress"]},
    {"q": "children", "theme": "neglect"},
    {"organisation": "bwd-council", "overdue": "yes"},
    {"place": "elsewhere"},
    {"as_of": "2026-11-24"},
    {"as_of": "2026-11-24", "sort": "-due_on", "owner": "front-door"},
    {"as_of": "2026-11-23"},
    {"owner": "nobody-at-all"},
]

Row = dict[str, Any]


@pytest.fixture(scope="module", params=ENGINES)
def library(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """A reader of a register in which much has happened. Tests only read from it."""
    folder = tmp_path_factory.mktemp("library")
    for register in _register(request, request.param, "seeded", folder):
        with serving(register) as live:
            furnish(live)
            yield live.client("Rita", "viewer")


def fetched(reader: Client, ending: str, **asked: Any) -> httpx.Response:
    answer = reader.get(f"{FLAT}.{ending}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer


def as_json(reader: Client, **asked: Any) -> list[Row]:
    found: list[Row] = fetched(reader, "json", **asked).json()
    return found


def as_csv(reader: Client, **asked: Any) -> list[Row]:
    text = fetched(reader, "csv", **asked).content.decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def as_xlsx(reader: Client, **asked: Any) -> list[Row]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(fetched(reader, "xlsx", **asked).content))
    assert book.sheet_names == ["Recommendations"]
    header, *lines = book.get_sheet_by_index(0).to_python()
    return [dict(zip(map(str, header), line, strict=True)) for line in lines if any(line)]


def in_csv(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    return "; ".join(value) if isinstance(value, list) else str(value)


def in_xlsx(name: str, value: Any) -> Any:
    if value is None:
        return ""
    if name in DATES:
        return date.fromisoformat(value)
    if name in MOMENTS:
        return datetime.fromisoformat(value).astimezone(LONDON).replace(tzinfo=None)
    return "; ".join(value) if isinstance(value, list) else value


def test_columns_and_their_order_are_for_ever() -> None:
    assert list(exports.COLUMNS) == COLUMNS
    assert set(RecommendationShown.model_fields) <= set(COLUMNS)
    assert set(exports.RecommendationExported.model_fields) == set(COLUMNS)


def test_the_page_in_docs_has_every_column_in_its_order() -> None:
    page = (ROOT / "docs" / "exports.md").read_text("utf-8")
    table = page.split("| column | what it says | kind |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == COLUMNS
    for name in DATES:
        assert re.search(rf"^\| `{name}` \| .* \| date \|$", table, re.MULTILINE), name


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_the_rows_are_those_of_the_list(library: Client, asked: dict[str, Any]) -> None:
    rows = as_json(library, **asked)
    shown = [{name: row[name] for name in RecommendationShown.model_fields} for row in rows]
    assert shown == library.all("/v1/recommendations", **asked)
    assert [list(row) for row in rows] == [COLUMNS] * len(rows)


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_csv_and_sheet_say_the_same_as_the_json(library: Client, asked: dict[str, Any]) -> None:
    rows = as_json(library, **asked)
    assert as_csv(library, **asked) == [
        {name: in_csv(value) for name, value in row.items()} for row in rows
    ]
    assert as_xlsx(library, **asked) == [
        {name: in_xlsx(name, value) for name, value in row.items()} for row in rows
    ]


def test_what_stands_beside_is_of_the_inspection_and_the_parties(library: Client) -> None:
    inspections = {one["slug"]: one for one in library.all("/v1/inspections")}
    names = {one["slug"]: one["name"] for one in library.all("/v1/parties")}
    frameworks = {
        one["ref"]: framework
        for framework in ("sif", "jtai", "ilacs", "lscb_review", "focused_visit", "unannounced")
        for one in library.all("/v1/recommendations", framework=framework)
    }
    rows = as_json(library)
    assert len(rows) == 30
    for row in rows:
        inspection = inspections[row["inspection"]]
        assert row["inspection_title"] == inspection["title"]
        for name in ("inspectorates", "fieldwork", "published"):
            assert row[name] == inspection[name]
        assert row["framework"] == frameworks[row["ref"]]
        assert row["owner_name"] == names.get(row["owner"])
        assert row["organisation_name"] == names.get(row["organisation"])
        for fuzzy in ("published", "due_on", "original_due_on"):
            last = parse(row[fuzzy]).latest if row[fuzzy] else None
            column = {"due_on": "due_latest"}.get(fuzzy, f"{fuzzy.removesuffix('_on')}_latest")
            assert row[column] == (last and last.isoformat())
    assert {row["owner_name"] for row in rows} >= {"Front door", None}


def test_names_beside_a_past_owner_are_of_that_owner(library: Client) -> None:
    then = as_json(library, as_of="2026-11-23")
    assert then == []
    day = {row["ref"]: row for row in as_json(library, as_of="2026-11-24")}
    assert day["bwd-2017-sif-2"]["owner_name"] == "Front door"
    assert day["bwd-2017-sif-2"]["lineage"] is None, "not kept by day"


def test_a_file_is_one_to_keep(library: Client) -> None:
    media = {
        "csv": "text/csv; charset=utf-8",
        "json": "application/json",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
    for ending, kind in media.items():
        answer = fetched(library, ending)
        assert answer.headers["Content-Type"] == kind
        name = f'attachment; filename="recommendations-2027-03-04.{ending}"'
        assert answer.headers["Content-Disposition"] == name
        assert int(answer.headers["Content-Length"]) == len(answer.content)
        past = fetched(library, ending, as_of="2026-11-24").headers["Content-Disposition"]
        assert f"recommendations-2026-11-24.{ending}" in past


def test_csv_is_utf8_with_crlf_and_the_mark_only_where_asked(library: Client) -> None:
    plain = fetched(library, "csv").content
    assert plain.startswith(b"ref,inspection,")
    assert fetched(library, "csv", bom="true").content == b"\xef\xbb\xbf" + plain
    assert len(plain.split(b"\r\n")) == 1 + 30 + 1
    assert "Zo\u00eb".encode() in plain


def test_what_no_list_takes_no_export_takes(library: Client) -> None:
    wrong = ("limit=5", "cursor=x", "status=Zaunkoenig", "as_of=2099-01-01", "sort=x", "q=a&x=1")
    for ending in ("csv", "xlsx", "json"):
        for query in wrong:
            assert library.get(f"{FLAT}.{ending}?{query}").status_code == 422, query
    for ending in ("xlsx", "json"):
        assert library.get(f"{FLAT}.{ending}?bom=true").status_code == 422


def test_an_unchanged_file_is_not_written_again(library: Client) -> None:
    for ending in ("csv", "xlsx", "json"):
        first = fetched(library, ending)
        held = {"If-None-Match": first.headers["ETag"]}
        assert library.get(f"{FLAT}.{ending}", headers=held).status_code == 304
        assert library.get(f"{FLAT}.{ending}?sort=ref", headers=held).status_code == 200
        head = library.http.head(f"{FLAT}.{ending}")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Length"] == str(len(first.content))


def test_the_sheet_is_a_table_with_filters_and_a_frozen_header(library: Client) -> None:
    file = zipfile.ZipFile(io.BytesIO(fetched(library, "xlsx").content))
    table = file.read("xl/tables/table1.xml").decode()
    assert 'displayName="Recommendations" ref="A1:AZ31"' in table
    assert '<autoFilter ref="A1:AZ31"/>' in table
    assert re.findall(r'<tableColumn id="\d+" name="(\w+)"', table) == COLUMNS
    sheet = file.read("xl/worksheets/sheet1.xml").decode()
    assert 'ySplit="1" topLeftCell="B2"' in sheet
    assert 'state="frozen"' in sheet
    assert "<tablePart " in sheet
    assert len(re.findall(r'<col min="\d+" max="\d+" width="[0-9.]+" customWidth="1"/>', sheet)) > 9


def test_an_empty_table_is_still_one(library: Client) -> None:
    asked = {"owner": "nobody-at-all"}
    assert as_xlsx(library, **asked) == as_csv(library, **asked) == as_json(library, **asked) == []
    file = zipfile.ZipFile(io.BytesIO(fetched(library, "xlsx", **asked).content))
    assert '<autoFilter ref="A1:AZ2"/>' in file.read("xl/tables/table1.xml").decode()


HOSTILE = [
    "=1+1",
    "+44 1254 000000",
    "-2 points",
    "@SUM(A1)",
    "\t=1+1",
    "'=1+1",
    "''@x",
    "'tis",
    "=HYPERLINK(\"https://example.org\";\"x\")",
    "<r><t>markup</t></r>",
    "<r>not even markup</r>",
    "_x000D_ and & < > \" ]]>",
    "two\nlines, and \"quotes\"; and more",
    "https://example.org/a",
    "0123",
]  # fmt: skip


def test_no_text_becomes_a_formula_and_every_text_is_whole(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.inspect("x-2026", title="=1+1")
    for ordinal, text in enumerate(HOSTILE, 1):
        lead.enter("x-2026", ordinal, text=text, title=text, section=text)
    asked = {"inspection": "x-2026", "sort": "ref"}
    assert [row["text"] for row in as_json(lead, **asked)] == HOSTILE
    for row, text in zip(as_csv(lead, **asked), HOSTILE, strict=True):
        guarded = f"'{text}" if re.match(r"'*[=+\-@\t\r]", text) else text
        assert [row["text"], row["title"], row["section"]] == [guarded] * 3
        assert row["inspection_title"] == "'=1+1"
    assert [row["text"] for row in as_xlsx(lead, **asked)] == HOSTILE
    file = zipfile.ZipFile(io.BytesIO(fetched(lead, "xlsx", **asked).content))
    sheet = file.read("xl/worksheets/sheet1.xml").decode()
    assert not re.search(r"<f\b|<hyperlink|not even markup</r></is>", sheet)


def test_numbers_are_numbers_also_below_nought(live: Live) -> None:
    lead = live.client("Alice", "lead")
    lead.amend("bwd-2017-sif-1", due_on="2027-03-31")
    lead.amend("bwd-2017-sif-1", due_on="2027-03-01", reason="Sooner")
    asked = {"inspection": "bwd-2017-sif", "sort": "ref"}
    assert as_csv(lead, **asked)[0]["slippage_days"] == "-30"
    assert as_xlsx(lead, **asked)[0]["slippage_days"] == -30


def test_a_sheets_own_limits_are_kept_and_said(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = live.client("Alice", "lead")
    lead.inspect("x-1850", published="1850-05", fieldwork="1850-04")
    long = "\U0001f9d2" * 20_000  # two of a cell's characters each
    lead.enter("x-1850", 1, text=long)
    (row,) = as_xlsx(lead, inspection="x-1850")
    assert row["published_latest"] == "1850-05-31", "a sheet's days begin in 1900"
    assert len(row["text"].encode("utf-16-le")) // 2 <= 32_767
    kept, cut = row["text"].split("\u2026", 1)
    assert set(kept) == {"\U0001f9d2"}
    assert "the whole text is in the CSV" in cut
    assert as_csv(lead, inspection="x-1850")[0]["text"] == long
    monkeypatch.setattr(sheets, "MOST_ROWS", 26)
    refused = lead.get(f"{FLAT}.xlsx")
    assert refused.status_code == 422
    assert "take the CSV" in refused.json()["detail"]
    assert fetched(lead, "xlsx", inspection="bwd-2017-sif")


def test_moments_are_londons_in_a_sheet(live: Live) -> None:
    live.register.clock.now = datetime(2027, 6, 30, 23, 30, tzinfo=live.register.clock.now.tzinfo)
    lead = live.client("Alice", "lead")
    lead.amend("bwd-2017-sif-1", priority="high")
    (row,) = as_xlsx(lead, q="bwd-2017-sif-1 assessments")
    assert row["updated_at"] == datetime(2027, 7, 1, 0, 30)  # noqa: DTZ001 - a sheet has no zones


def test_a_token_of_a_place_gets_its_own_rows_and_nobody_gets_names(live: Live) -> None:
    lead = live.client("Zaunkoenig", "lead")
    lead.inspect("elsewhere-2026", place="elsewhere")
    lead.enter("elsewhere-2026")
    piece = lead.attach("elsewhere-2026-1")
    lead.review(piece)
    lead.move("elsewhere-2026-1", "in_progress")
    bound = live.client("Of the place", "viewer", places=["elsewhere"])
    for read in (as_csv, as_xlsx, as_json):
        assert [row["ref"] for row in read(bound)] == ["elsewhere-2026-1"]
        assert len(read(live.anonymous())) == 27
    for ending in ("csv", "json"):
        assert "Zaunkoenig" not in fetched(live.anonymous(), ending).text
        assert "Zaunkoenig" not in fetched(lead, ending).text, "no column says who acted"


def test_rows_are_read_in_chunks_by_one_statement(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flat, "CHUNK", 5)
    read: list[tuple[int, bool]] = []

    def note(
        connection: Any, cursor: Any, statement: str, more: Any, context: Any, *_: Any
    ) -> None:
        if "FROM recommendation" in statement:
            own = context.execution_options.get("yield_per")
            read.append((own, bool(context._is_server_side) or live.register.engine == "sqlite"))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert len(as_json(live.anonymous())) == 26
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert read == [(5, True)]
