"""Looks into a workbook's zip before a library does, for what would exhaust the machine."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from posixpath import normpath
from typing import BinaryIO

MOST_BYTES = 300_000_000
MOST_ENTRIES = 10_000
MOST_RATIO = 250
"""Unpacked to packed. Workbooks of many equal rows reach 100."""
MOST_CELLS = 3_000_000
"""The library makes room for every cell between the first and the last, empty ones included."""

_BOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_TAG = re.compile(rb"<(?:\w+:)?(row|c)(\s[^>]*)?>")
_AT = re.compile(rb"""\br\s*=\s*["']([A-Z]{0,3})(\d{1,7})["']""")
_ERROR = re.compile(rb"""\bt\s*=\s*["']e["']""")


class Unreadable(Exception):
    """A file that cannot be imported; the message goes on from its name: "is empty"."""


@dataclass
class Cells:
    """Where a sheet's cells are, counted from 1, and which of them hold errors such as #REF!."""

    rows: set[int] = field(default_factory=set)
    columns: set[int] = field(default_factory=set)
    errors: set[tuple[int, int]] = field(default_factory=set)

    @property
    def room(self) -> int:
        """How many cells there are between the first and the last."""
        return _span(self.rows) * _span(self.columns)


def look(file: BinaryIO) -> dict[str, Cells]:
    """The sheets of a workbook by name. Unreadable where it is none, or would not fit."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _look(archive)
    except Unreadable:
        raise
    except Exception as error:  # zipfile raises half a dozen kinds for what is broken
        raise Unreadable("is damaged: open it in Excel and save it again as .xlsx") from error


def _look(archive: zipfile.ZipFile) -> dict[str, Cells]:
    entries = archive.infolist()
    if _BOOK not in archive.namelist():
        raise Unreadable("is a zip archive but not an Excel workbook (.xlsx)")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unreadable("has a password: save it without one")
    packed = sum(entry.compress_size for entry in entries)
    unpacked = sum(entry.file_size for entry in entries)
    if (
        len(entries) > MOST_ENTRIES
        or unpacked > MOST_BYTES
        or unpacked > max(packed, 40_000) * MOST_RATIO
    ):
        raise Unreadable("unpacks to more than a table needs: copy the table into a new workbook")
    parts = _parts(archive)
    found = {name: Cells() for name in parts.values()}
    left = MOST_BYTES
    for entry in entries:
        cells = _Scan(found[parts[entry.filename]]) if entry.filename in parts else None
        for piece in _pieces(archive, entry):
            left -= len(piece)
            if left < 0:
                raise Unreadable("unpacks to more than it says: copy the table into a new workbook")
            if cells:
                cells.read(piece)
    return found


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Which entry holds which sheet."""
    targets = {
        one["Id"]: normpath("/xl/" + one["Target"] if one["Target"][0] != "/" else one["Target"])
        for one in _elements(archive, _RELATIONS, "Relationship")
    }
    return {
        targets[one["id"]].lstrip("/"): one["name"] for one in _elements(archive, _BOOK, "sheet")
    }


def _elements(archive: zipfile.ZipFile, part: str, tag: str) -> list[dict[str, str]]:
    """The attributes of each such element, without their namespaces."""
    text = b"".join(_pieces(archive, archive.getinfo(part), most=5_000_000)).decode()
    return [
        {name: unescape(one or other) for name, one, other in _ATTRIBUTE.findall(found)}
        for found in re.findall(rf"<(?:\w+:)?{tag}\s([^>]*)>", text)
    ]


_ATTRIBUTE = re.compile(r"""(?:\w+:)?(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


def _pieces(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int = MOST_BYTES
) -> Iterator[bytes]:
    """What an entry truly unpacks to, whatever size the directory claims."""
    claimed, entry.file_size = entry.file_size, most + 1
    try:
        with archive.open(entry) as opened:
            while piece := opened.read(1 << 20):
                most -= len(piece)
                if most < 0:
                    raise Unreadable("unpacks to more than a table needs")
                yield piece
    finally:
        entry.file_size = claimed


@dataclass
class _Scan:
    """Reads a sheet's XML piece by piece for the places of its cells; parses nothing else."""

    cells: Cells
    rest: bytes = b""
    row: int = 0
    column: int = 0

    def read(self, piece: bytes) -> None:
        text = self.rest + piece
        end = text.rfind(b"<")
        self.rest = text[end:] if len(text) - end < 100_000 else b""
        for tag, attributes in _TAG.findall(text, 0, end):
            at = _AT.search(attributes)
            if tag == b"row":
                self.row = int(at[2]) if at else self.row + 1
                self.column = 0
                continue
            self.column = _number(at[1]) if at else self.column + 1
            self.row = int(at[2]) if at else self.row
            if attributes.endswith(b"/"):  # formatted, but empty
                continue
            self.cells.rows.add(self.row)
            self.cells.columns.add(self.column)
            if _ERROR.search(attributes):
                self.cells.errors.add((self.row, self.column))


def _number(letters: bytes) -> int:
    """A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _span(numbers: set[int]) -> int:
    return max(numbers) - min(numbers) + 1 if numbers else 0
