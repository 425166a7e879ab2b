"""Workbooks as Excel writes them, and as nobody should: what becomes of their cells."""

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import date, time
from functools import partial
from typing import Any

import pytest
import xlsxwriter

from app.cli.archives import Unreadable
from app.cli.spreadsheets import Table, convert

Rows = list[list[Any]]
HEADER = ["inspection", "ordinal", "text"]
ROW = ["bwd-2017-sif", 4, "Improve visits."]


def book(**sheets: Rows) -> io.BytesIO:
    """A workbook; rows begin at A1."""
    return made(lambda new: [fill(new, name, rows) for name, rows in sheets.items()])


def made(write: Callable[[Any], object]) -> io.BytesIO:
    file = io.BytesIO()
    workbook = xlsxwriter.Workbook(file, {"default_date_format": "dd/mm/yyyy"})
    write(workbook)
    workbook.close()
    file.seek(0)
    return file


def fill(workbook: Any, name: str, rows: Rows, at: tuple[int, int] = (0, 0)) -> Any:
    sheet = workbook.add_worksheet(name)
    for number, row in enumerate(rows):
        sheet.write_row(at[0] + number, at[1], row)
    return sheet


def read(table: Table) -> list[list[str]]:
    with table.file as file:
        return list(csv.reader(io.StringIO(file.read().decode("utf-8"), newline="")))


def refused(file: io.BytesIO, *given: Any) -> str:
    with pytest.raises(Unreadable) as said:
        convert(file, *given)
    line = str(said.value)
    assert "\n" not in line
    return line


def test_the_first_sheet_with_a_text_column_is_read() -> None:
    others: Rows = [["Author", "Status"], ["A. Lead", "draft"]]
    table = convert(book(Notes=others, Recs=[HEADER, ROW], More=[HEADER, ROW]))
    assert (table.sheet, table.others) == ("Recs", ["Notes", "More"])
    assert read(table) == [HEADER, ["bwd-2017-sif", "4", "Improve visits."]]
    named = convert(book(Notes=others, Recs=[HEADER, ROW]), "Notes")
    assert read(named) == others
    assert "no sheet 'Nobody'; it has Notes, Recs" in refused(
        book(Notes=others, Recs=[HEADER]), "Nobody"
    )
    assert "no sheet with a column `text`" in refused(book(Notes=others))
    assert "nothing in its sheet 'Empty'" in refused(book(Empty=[], Recs=[HEADER]), "Empty")


def test_hidden_sheets_are_read_only_by_name() -> None:
    def write(workbook: Any) -> None:
        fill(workbook, "Shown", [["Readme"]])
        fill(workbook, "Lists", [HEADER, ROW]).hide()

    assert "no sheet with" in refused(made(write))
    assert len(read(convert(made(write), "Lists"))) == 2


def test_cells_become_what_people_would_have_typed() -> None:
    def write(workbook: Any) -> None:
        sheet = fill(workbook, "R", [["text", "a", "b", "c", "d", "e"]])
        moment = workbook.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        hour = workbook.add_format({"num_format": "hh:mm"})
        sheet.write_row(1, 0, ["Ligne une\nligne deux, \"so\"; 'ça'", 4, 4.5, True, False, -0.0])
        sheet.write_row(2, 0, [date(2025, 3, 1), 45_717, 1e300, 10**14, 0.1, 2**53])
        sheet.write_number(2, 1, 45_717, moment)
        sheet.write_number(3, 0, 45_717.39583333334, moment)
        sheet.write_datetime(3, 1, time(9, 30), hour)
        sheet.write_formula(3, 2, "=A1", None, "what it shows")
        sheet.write_string(3, 3, "=1+1")
        sheet.write_string(3, 4, "007")
        sheet.write_string(3, 5, "  as typed ")

    assert read(convert(made(write)))[1:] == [
        ["Ligne une\nligne deux, \"so\"; 'ça'", "4", "4.5", "true", "false", "0"],
        ["2025-03-01", "2025-03-01", "1e+300", "100000000000000", "0.1", "9007199254740992.0"],
        ["2025-03-01T09:30:00", "09:30:00", "what it shows", "=1+1", "007", "  as typed "],
    ]


def test_a_table_may_begin_anywhere_and_have_gaps() -> None:
    def write(workbook: Any) -> None:
        sheet = fill(workbook, "R", [[" Text ", None, "ordinal"], [], ["A", None, 1]], at=(3, 2))
        sheet.write_row(9, 2, ["B", None, 2])
        sheet.set_row(20, 30, workbook.add_format({"bold": True}))
        sheet.write_blank(59_999, 199, None, workbook.add_format({"bold": True}))

    table = convert(made(write))
    assert table.rows == [6, 10], "the rows of the sheet, as its owner counts"
    assert read(table) == [["Text", "ordinal"], ["A", "1"], ["B", "2"]]


def test_nothing_is_lost_in_silence() -> None:
    nameless: Rows = [["text", None, "ordinal"], ["A", "a remark", 1]]
    assert "no heading above column B" in refused(book(R=nameless))

    def write(workbook: Any) -> None:
        sheet = fill(workbook, "R", [["text", "RAG"], ["A", None], ["B", "red"]], at=(1, 1))
        sheet.write_formula(2, 2, "=1/0", None, "#DIV/0!")

    assert "mend C3" in refused(made(write))
    assert read(convert(made(write), None, ["RAG"])) == [["text", "RAG"], ["A", ""], ["B", "red"]]


def packed(
    change: Callable[[str, bytes], bytes] = lambda _, body: body,
    *,
    more: dict[str, bytes] | None = None,
    of: io.BytesIO | None = None,
) -> io.BytesIO:
    """A good workbook, packed again with its parts changed."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(of or book(R=[HEADER, ROW])) as good,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in good.namelist():
            new.writestr(name, change(name, good.read(name)))
        for name, body in (more or {}).items():
            new.writestr(name, body)
    file.seek(0)
    return file


def sheet(rows: bytes) -> Callable[[str, bytes], bytes]:
    """Adds rows to the first sheet's XML."""

    def change(name: str, body: bytes) -> bytes:
        first = name == "xl/worksheets/sheet1.xml"
        return body.replace(b"</sheetData>", rows + b"</sheetData>") if first else body

    return change


FAR = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'


def test_a_cell_far_away_is_refused_before_room_is_made_for_all_between() -> None:
    assert "as far as XFD1048576 in its sheet 'R'" in refused(packed(sheet(FAR)))
    beside = book(R=[HEADER, ROW], Tidy=[HEADER, ROW, ROW])
    assert len(read(convert(packed(sheet(FAR), of=beside)))) == 3
    assert "as far as XFD1048576" in refused(packed(sheet(FAR), of=beside), "R")
    unnamed = b"<x:row r = '1048576'>" + b"<c><v>1</v></c>" * 5 + b"</x:row>"
    assert "as far as E1048576" in refused(packed(sheet(unnamed)))


def test_a_bomb_is_refused_by_its_directory() -> None:
    assert read(convert(packed()))[1] == ["bwd-2017-sif", "4", "Improve visits."]
    assert "unpacks to more" in refused(packed(more={"bomb": b"0" * 12_000_000}))
    entries = {f"x{number}": b"" for number in range(10_001)}
    assert "unpacks to more" in refused(packed(more=entries))


def test_a_bomb_that_lies_about_its_size_is_refused_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.cli.archives.MOST_BYTES", 1_000_000)
    content = packed(more={"bomb": b"0" * 2_000_000}).getvalue()
    size = (2_000_000).to_bytes(4, "little")
    assert content.count(size) == 2, "before the entry, and in the directory"
    lying = io.BytesIO(content.replace(size, (20).to_bytes(4, "little")))
    assert "unpacks to more than it says" in refused(lying)


def test_what_is_no_workbook_is_said_to_be_none() -> None:
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("readme.txt", "hello")
    plain.seek(0)
    assert "not an Excel workbook" in refused(plain)
    whole = book(R=[HEADER, ROW]).getvalue()
    for cut in (30, len(whole) // 2, len(whole) - 10):
        assert "damaged" in refused(io.BytesIO(whole[:cut]))
    assert "damaged" in refused(io.BytesIO(whole[:600] + bytes(64) + whole[664:]))
    encrypted = bytearray(whole)
    encrypted[whole.index(b"PK\x01\x02") + 8] |= 1
    assert "password" in refused(io.BytesIO(bytes(encrypted)))
    for part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"):
        assert refused(packed(partial(_spoil, part)))


def _spoil(part: str, name: str, body: bytes) -> bytes:
    return b"<spoilt" if name == part else body
