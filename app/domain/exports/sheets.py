"""Rows of the flat table as CSV, as JSON and as a spreadsheet, written one by one."""

import csv
from collections.abc import Iterable
from datetime import date, datetime, time
from io import TextIOWrapper
from typing import IO, Any

import orjson

from app.domain.cells import guard_cell
from app.domain.dates import LONDON
from app.domain.errors import Malformed
from app.domain.exports.flat import COLUMNS

Rows = Iterable[dict[str, Any]]

MOST_ROWS = 1_048_575
"""Rows that a sheet holds below its header."""
MOST_CHARACTERS = 32_767
"""UTF-16 code units that a cell holds."""
CUT = "\u2026 [cut: a cell holds no more; the whole text is in the CSV and in the JSON]"


def write_csv(file: IO[bytes], rows: Rows, *, bom: bool = False) -> None:
    """UTF-8 with CRLF; `bom`: with the mark by which Excel knows that it is UTF-8."""
    text = TextIOWrapper(file, "utf-8-sig" if bom else "utf-8", newline="", write_through=True)
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    lines.writerows([_text(row[name]) for name in COLUMNS] for row in rows)
    text.detach()


def write_json(file: IO[bytes], rows: Rows) -> None:
    """An array with an object a line."""
    before = b"[\n"
    for row in rows:
        file.write(before + orjson.dumps(row))
        before = b",\n"
    file.write(b"\n]\n" if before == b",\n" else b"[]\n")


def write_xlsx(file: IO[bytes], rows: Rows, *, day: date) -> None:
    """A sheet with one table, its header frozen. Moments are London's, since a sheet knows no time
    zones. Malformed where a sheet cannot hold so many rows. `day`: when the file was made."""
    import xlsxwriter
    from xlsxwriter.utility import xl_range

    options = {
        "constant_memory": True,  # a row is on disk when the next one begins
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, options) as book:
        book.set_properties({"created": datetime.combine(day, time.min)})
        formats = {
            date: book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left"}),
            str: book.add_format(),
        }
        sheet = book.add_worksheet("Recommendations")
        sheet.freeze_panes(1, 1)
        for column, width in enumerate(COLUMNS.values()):
            sheet.set_column(column, column, width)
        # xlsxwriter refuses tables in constant memory, since it would write the header late and
        # note every cell of the table. So the table comes first, with one row, and is stretched
        # at the end over those that came.
        sheet.constant_memory = False
        headers = [{"header": name} for name in COLUMNS]
        table = {"name": "Recommendations", "columns": headers, "style": "Table Style Light 9"}
        sheet.add_table(0, 0, 1, len(COLUMNS) - 1, table)
        sheet.constant_memory = True
        sheet.write_row(0, 0, COLUMNS)
        number = 0
        for number, row in enumerate(rows, 1):
            if number > MOST_ROWS:
                raise Malformed("a sheet holds no more rows: filter them, or take the CSV")
            for column, name in enumerate(COLUMNS):
                if row[name] is not None:
                    _write(sheet, number, column, row[name], formats)
        over = xl_range(0, 0, max(number, 1), len(COLUMNS) - 1)
        sheet.tables[0] |= {"range": over, "a_range": over, "autofilter": over}


def _write(sheet: Any, row: int, column: int, value: Any, formats: dict[type, Any]) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int):
        sheet.write_number(row, column, value)
    elif isinstance(value, datetime):
        local = value.astimezone(LONDON).replace(tzinfo=None)
        sheet.write_datetime(row, column, local, formats[datetime])
    elif isinstance(value, date) and value.year >= 1900:  # where the days of a sheet begin
        sheet.write_datetime(row, column, value, formats[date])
    else:
        text = _fitting(_plain(value))
        if text.startswith("<r>") and text.endswith("</r>"):
            # xlsxwriter would take it for markup of its own and write it as it is.
            sheet.write_rich_string(row, column, text[:1], formats[str], text[1:])
        else:
            sheet.write_string(row, column, text)


def _text(value: Any) -> str:
    """A value as a cell of CSV."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int) else guard_cell(_plain(value))


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _fitting(text: str) -> str:
    """As much of a text as a cell holds, and a note where that is not all."""
    if len(text) * 2 <= MOST_CHARACTERS:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= MOST_CHARACTERS * 2:
        return text
    kept = units[: (MOST_CHARACTERS - len(CUT)) * 2]
    return kept.decode("utf-16-le", "ignore") + CUT  # half of a pair is left out
