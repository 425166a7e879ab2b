"""Tables (CSV) as people have them: whichever encoding, delimiter, letter case and date Excel made.

What had to be guessed is told; what is not understood is refused by name, never ignored.
"""

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO

from app.domain.cells import unguard_cell
from app.domain.errors import Malformed

COLUMNS = (
    *("inspection", "ordinal", "text", "number_as_printed", "section", "kind", "kind_as_printed"),
    *("title", "themes", "addressees", "addressees_as_printed", "owner", "due_on", "priority"),
    "citation",
)
"""What a table may say of a recommendation."""
NEEDED = ("ordinal", "text")
EXPORTED = (
    *("ref", "inspection_title", "framework", "inspectorates", "fieldwork", "published"),
    *("published_latest", "place", "response", "status", "closure_reason", "review_on"),
    *("owner_name", "organisation", "organisation_name", "contributors"),
    *("contributors_progress", "due_latest", "original_due_on", "original_due_latest"),
    *("slippage_days", "times_moved", "overdue", "overdue_originally", "due_soon", "review_due"),
    *("stale", "regressed", "assurance", "assurance_expired", "times_reraised", "lineage"),
    *("evidence_count", "action_count", "status_since", "created_at", "updated_at", "version"),
)
"""Columns of the tracker's own flat export that an import does not set: left out, and named."""
ENCODINGS = ("utf-8", "utf-16", "windows-1252", "iso-8859-1", "us-ascii")
LONGEST = 1_000_000
"""Characters that a line, or a cell, may have."""
csv.field_size_limit(LONGEST)


@dataclass
class Table:
    encoding: str
    delimiter: str
    header: list[str]
    """The columns by our names; an empty one is left out."""
    named: list[str]
    """The same as the file writes them."""
    reader: Iterator[list[str]]
    ignored: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[Mapping[str, Any], list[tuple[str, str]]] | None]:
        """Each row: its fields and what is wrong with it; None for a blank one."""
        blank = Blanks()
        while True:
            try:
                cells = next(self.reader, None)
            except (csv.Error, _TooLong):
                yield {}, [("", f"this row, or one of its cells, has no end; {_QUOTES}")]
                return
            if cells is None:
                return
            if "".join(cells).strip():
                yield self._row(cells)
                continue
            yield None
            if blank.too_many():
                return

    def _row(self, cells: list[str]) -> tuple[Mapping[str, Any], list[tuple[str, str]]]:
        values: dict[str, Any] = {}
        wrong = []
        if len(cells) > len(self.header) and "".join(cells[len(self.header) :]).strip():
            wrong.append(("", f"the row has more cells than the header; {_QUOTES}"))
        for name, named, cell in zip(self.header, self.named, cells, strict=False):
            said = cell.strip()
            if said[:1] == "'":
                said = unguard_cell(said).strip()
            if not name or not said:
                continue
            try:
                values[name] = _READ.get(name, _text)(said)
            except ValueError as error:
                wrong.append((f"/{name}", f"column {named}: {error}"))
        return values, wrong


_QUOTES = "is a quotation mark missing, or a delimiter not quoted?"


class Blanks:
    """Counts blank rows: a sheet may end in some, a file of nothing else has no end."""

    def __init__(self) -> None:
        self.number = 0

    def too_many(self) -> bool:
        self.number += 1
        return self.number >= 100_000


class _TooLong(ValueError):
    """A line without end."""


def open_table(
    file: BinaryIO, *, encoding: str | None = None, ignore: Collection[str] = ()
) -> Table:
    """Reads the header. Malformed where this is no table, or one with columns that are not known.
    `encoding`: as the sender says; else it is told by the bytes."""
    found, guessed = _encoding(file, encoding)
    lines = _lines(io.TextIOWrapper(file, "utf-8-sig" if found == "utf-8" else found, newline=""))
    try:
        first = next((line for line in lines if line.strip()), "")
    except _TooLong:
        first = ""
    if not first:
        raise Malformed("the file has no header", [("", "the first line must name the columns")])
    delimiter = _delimiter(first)
    reader = csv.reader(_after(first, lines), delimiter=delimiter, strict=True)
    try:
        named = [cell.strip() for cell in next(reader)]
    except (csv.Error, _TooLong):
        raise Malformed("the header cannot be read", [("", _QUOTES)]) from None
    header = [_column(cell) for cell in named]
    table = Table(found, delimiter, header, named, reader)
    if guessed:
        table.warnings.append(
            "read as windows-1252, since it is not UTF-8: look whether accents and dashes are right"
        )
    _check_header(table, {_column(one) for one in ignore})
    return table


def _check_header(table: Table, ignore: Collection[str]) -> None:
    wrong: list[tuple[str, str]] = []
    for position, (name, named) in enumerate(zip(table.header, table.named, strict=True)):
        if name in EXPORTED or (name in ignore and name not in NEEDED):
            table.ignored.append(named[:100])
            table.header[position] = ""
        elif name and name not in COLUMNS:
            wrong.append(("", f"column {position + 1} is called {quoted(named)}: not known"))
        elif name and name in table.header[:position]:
            wrong.append(("", f"column {position + 1}: {name} is there twice"))
    missing = [name for name in NEEDED if name not in table.header]
    if missing:
        wrong.insert(0, ("", f"a column is missing: {' and '.join(missing)}"))
    if wrong:
        known = f"known are {', '.join(COLUMNS)}"
        raise Malformed(
            f"the columns are not those of an import: {known}; others can be left out by `ignore`",
            wrong[:50],
        )
    if table.ignored:
        table.warnings.append(f"left out the columns {', '.join(table.ignored)}"[:1000])


def quoted(named: str) -> str:
    """A column's name as the file has it: whoever sent it must find it. Letters, cut short."""
    return f"\u201c{_STRANGE.sub('?', named)[:60]}\u201d"


_STRANGE = re.compile(r"[^\w .,:()/&-]")


def _column(named: str) -> str:
    """A header cell as our name: `Due on`, `DUE-ON` and `due_on` are one."""
    return re.sub(r"[\s_-]+", "_", unguard_cell(named).strip().casefold()).strip("_")


def _encoding(file: BinaryIO, said: str | None) -> tuple[str, bool]:
    """The encoding, and whether it had to be guessed."""
    start = file.read(4)
    file.seek(0)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        said = "utf-16"
    if start.startswith(codecs.BOM_UTF8):
        said = "utf-8"
    if said is not None:
        name = said.strip().casefold().replace("_", "-")
        name = {"utf8": "utf-8", "cp1252": "windows-1252", "latin-1": "iso-8859-1"}.get(name, name)
        if name not in ENCODINGS:
            listed = ", ".join(ENCODINGS)
            raise Malformed("the encoding is not known", [("", f"must be one of {listed}")])
        if not _decodes(file, name):
            raise Malformed(
                f"the file is not {name}", [("", "say its encoding, or let it be found")]
            )
        return name, False
    if _decodes(file, "utf-8"):
        return "utf-8", False
    if _decodes(file, "windows-1252"):
        return "windows-1252", True
    raise Malformed(
        "the file is no text that can be read",
        [("", "save it as CSV UTF-8; a spreadsheet or PDF is not a CSV whatever its name")],
    )


def _decodes(file: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while part := file.read(1 << 16):
            decoder.decode(part)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    finally:
        file.seek(0)
    return True


def _lines(file: io.TextIOWrapper) -> Iterator[str]:
    while line := file.readline(LONGEST + 1):
        if len(line) > LONGEST:
            raise _TooLong
        yield line


def _after(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


def _delimiter(header: str) -> str:
    """The one of comma, semicolon and tab that stands most often outside quotation marks."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(",;\t", key=bare.count)


def _text(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n")


_WHOLE = re.compile(r"(\d{1,9})(?:\.0+)?", re.ASCII)
_BETWEEN = re.compile(r"[;,|\n]")


def _whole(cell: str) -> int:
    if (found := _WHOLE.fullmatch(cell)) is None:
        raise ValueError("must be a whole number")
    return int(found[1])


def _word(cell: str) -> str:
    return re.sub(r"[\s-]+", "_", cell.casefold())


def _slugs(cell: str) -> list[str]:
    return [slug for part in _BETWEEN.split(cell) if (slug := part.strip().casefold())]


def _citation(cell: str) -> dict[str, str]:
    """`SOURCE | LOCATOR | QUOTE`, the last two as far as there are any."""
    parts = [part.strip() for part in _text(cell).split("|", 2)]
    return {
        name: part
        for name, part in zip(("source", "locator", "quote"), parts, strict=False)
        if part
    }


_SERIAL_DAY_0 = date(1899, 12, 30)
"""From where Excel counts days."""


def _day(cell: str) -> str:
    """A due date: EDTF as it is, or a date as Excel writes it, day before month."""
    if _EDTF.match(cell):
        # Excel's text of a date and time, with nothing in the time, loses it.
        return _MIDNIGHT.sub("", cell)
    if re.fullmatch(r"[1-9]\d{4}", cell, re.ASCII):
        return (_SERIAL_DAY_0 + timedelta(days=int(cell))).isoformat()
    for form in (
        "%d/%m/%Y",
        "%d.%m.%Y",
        "%d-%b-%Y",
        "%d-%b-%y",
        "%d %B %Y",
        "%d %b %Y",
        "%d/%m/%y",
    ):
        try:
            return datetime.strptime(cell, form).date().isoformat()  # noqa: DTZ007 - a day only
        except ValueError:
            continue
    for form in ("%b-%y", "%B %Y", "%b %Y"):
        try:
            return datetime.strptime(cell, form).strftime("%Y-%m")  # noqa: DTZ007
        except ValueError:
            continue
    return cell


_EDTF = re.compile(r"[\dX]{4}(?!\d)", re.ASCII)
_MIDNIGHT = re.compile(r"(?<=^\d{4}-\d\d-\d\d)[ T]00:00(:00(\.0+)?)?$", re.ASCII)


_READ: Mapping[str, Any] = {
    "ordinal": _whole,
    "kind": _word,
    "priority": _word,
    "themes": _slugs,
    "addressees": _slugs,
    "citation": _citation,
    "due_on": _day,
    "owner": str.casefold,
    "inspection": str.casefold,
}
