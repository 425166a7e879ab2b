"""Turns a sheet of an Excel workbook into the CSV that imports take."""

import csv
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from io import TextIOWrapper
from typing import Any, BinaryIO, cast

from app.cli.archives import MOST_CELLS, Cells, Unreadable, look


@dataclass
class Table:
    """A sheet as CSV, in UTF-8. `rows`: which row of the sheet each of its rows came from."""

    file: BinaryIO
    sheet: str
    others: list[str]
    rows: list[int]


@dataclass
class _Grid:
    """A sheet from its first filled row, the header, on. `corner`: the header's first cell in the
    sheet, row and column from 1."""

    rows: list[list[Any]]
    corner: tuple[int, int]

    @property
    def header(self) -> list[str]:
        return [_text(cell).strip() for cell in self.rows[0]]


def convert(file: BinaryIO, sheet: str | None = None, ignore: Sequence[str] = ()) -> Table:
    """The sheet of that name, else the first visible one with a column `text`. Unreadable where
    there is none, or where it cannot be taken without losing something. Cells with errors are no
    matter in columns that are to be ignored."""
    from python_calamine import CalamineError, SheetVisibleEnum, load_workbook  # only for workbooks

    cells = look(file)
    file.seek(0)
    try:
        with load_workbook(file) as book:
            visible = [
                one.name
                for one in book.sheets_metadata
                if one.visible is SheetVisibleEnum.Visible and one.name in cells
            ]
            for name in visible if sheet is None else [sheet]:
                if name not in cells:
                    raise Unreadable(f"has no sheet {name!r}; it has {_list(visible)}")
                if cells[name].room > MOST_CELLS:
                    if sheet is None and len(visible) > 1:
                        continue
                    raise Unreadable(_far(name, cells[name]))
                grid = _grid(book.get_sheet_by_name(name))
                if grid and (sheet is not None or "text" in map(_name, grid.header)):
                    others = [other for other in visible if other != name]
                    return _table(grid, name, others, cells[name], ignore)
    except CalamineError as error:
        raise Unreadable("is damaged: open it in Excel and save it again as .xlsx") from error
    if sheet is not None:
        raise Unreadable(f"has nothing in its sheet {sheet!r}")
    raise Unreadable(
        f"has no sheet with a column `text` in its first filled row (sheets: {_list(visible)})"
    )


def _grid(sheet: Any) -> _Grid | None:
    rows = list(sheet.iter_rows())
    for number, row in enumerate(rows, 1):
        if any(cell != "" for cell in row):
            return _Grid(rows[number - 1 :], (number, sheet.start[1] + 1))
    return None


def _table(grid: _Grid, name: str, others: list[str], cells: Cells, ignore: Sequence[str]) -> Table:
    top, left = grid.corner
    header = grid.header
    wanted = [place for place in range(len(header)) if any(row[place] != "" for row in grid.rows)]
    for place in wanted:
        if not header[place]:
            raise Unreadable(
                f"has no heading above column {_letters(left + place)} of its sheet {name!r}: "
                "give it one, or empty it"
            )
    spoilt = sorted(
        (row, column)
        for row, column in cells.errors
        if row >= top
        and 0 <= column - left < len(header)
        and _name(header[column - left]) not in map(_name, ignore)
    )
    if spoilt:
        places = _list([f"{_letters(column)}{row}" for row, column in spoilt])
        raise Unreadable(f"has errors such as #REF! in its sheet {name!r}: mend {places}")
    rows: list[int] = []
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    text = TextIOWrapper(file, "utf-8", newline="")
    write = csv.writer(text).writerow
    write([header[place] for place in wanted])
    for number, row in enumerate(grid.rows[1:], top + 1):
        if any(cell != "" for cell in row):
            rows.append(number)
            write([_text(row[place]) for place in wanted])
    text.detach()
    file.seek(0)
    return Table(cast(BinaryIO, file), name, others, rows)


def _name(heading: str) -> str:
    """As the tracker reads headings: `Due on`, `DUE-ON` and `due_on` are one."""
    return re.sub(r"[\s_-]+", "_", heading.strip().casefold()).strip("_")


def _text(cell: Any) -> str:
    """A cell as people would have typed it into a CSV: days as 2026-11-24, no 3.0 for 3."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time.min else cell.isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)


def _far(name: str, cells: Cells) -> str:
    corner = f"{_letters(max(cells.columns))}{max(cells.rows)}"
    return f"has cells as far as {corner} in its sheet {name!r}: delete what stands far away"


def _letters(column: int) -> str:
    """1 is A, 27 is AA."""
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names[:10])
    return f"{shown} and {len(names) - 10} more" if len(names) > 10 else shown
