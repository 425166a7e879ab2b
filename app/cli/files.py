"""Which kind of file it is, by its name and by what is in it, and how it is sent to be imported."""

import codecs
import os
import stat
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import BinaryIO, cast

from app.cli.archives import Unreadable
from app.cli.register import Failed
from app.cli.spreadsheets import convert

MOST_BYTES = 64_000_000
"""What the tracker takes at a time."""

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
KINDS = {
    ".json": JSON,
    ".ndjson": NDJSON,
    ".jsonl": NDJSON,
    ".csv": CSV,
    ".tsv": CSV,
    ".txt": CSV,
}
BOOKS = (".xlsx", ".xlsm")
OTHERS = {
    b"%PDF": "is a PDF: save the table in it as .xlsx or .csv",
    b"\xd0\xcf\x11\xe0": "is an old Excel file (.xls) or has a password: save it as .xlsx, without",
    b"\x1f\x8b": "is compressed: unpack it first",
    b"<": "is a web page or XML: save the table in it as .xlsx or .csv",
}
"""What is no table whatever it is called, by how it begins."""

CHARSETS = {
    "utf-8": "utf-8",
    "utf-16": "utf-16",
    "cp1252": "windows-1252",
    "iso8859-1": "iso-8859-1",
    "ascii": "us-ascii",
}
"""Python's names of the encodings in which the tracker reads CSV, and its own. A file in another is
sent in UTF-8."""
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""How Excel's "Unicode text" begins, and what PowerShell writes."""


@dataclass
class Import:
    """A file that is ready to be sent. `said`: what its owner should know about how it is read.
    `rows`: the rows of the sheet that its rows came from, where it is a workbook."""

    name: str
    media: str
    file: BinaryIO
    said: str | None = None
    rows: Sequence[int] | None = None

    def row(self, number: int) -> int:
        """A row as its owner counts it."""
        known = self.rows is not None and 0 < number <= len(self.rows)
        return self.rows[number - 1] if self.rows and known else number


def ready(
    stack: ExitStack,
    given: str,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    ignore: Sequence[str] = (),
) -> Import:
    """A file by its name (`-`: standard input). Failed, in one line, where it cannot be imported.
    What is opened is closed with `stack`."""
    name = "standard input" if given == "-" else printable(Path(given).name)
    try:
        file = _open(stack, given)
        return _ready(stack, file, name, Path(given).suffix.lower(), sheet, encoding, ignore)
    except OSError as error:
        raise Failed(f"{name} cannot be read: {error.strerror}") from error
    except Unreadable as error:
        raise Failed(f"{name} {error}") from error


def printable(name: str) -> str:
    """A file's name as it can be shown and sent: names may hold any byte."""
    whole = name.encode(errors="replace").decode()
    return "".join(letter if letter.isprintable() else "?" for letter in whole)


def _open(stack: ExitStack, given: str) -> BinaryIO:
    """The file, to be read more than once; Unreadable where it is empty or too large."""
    file: BinaryIO = sys.stdin.buffer
    if given != "-":
        file = Path(given).open("rb")  # noqa: SIM115 - closed with the stack
        stack.enter_context(file)
    if given == "-" or not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        aside = _aside(stack)
        left = MOST_BYTES + 1
        while left and (part := file.read(min(left, 1 << 20))):
            aside.write(part)
            left -= len(part)
        file = aside
    size = file.seek(0, 2)
    file.seek(0)
    if size == 0:
        raise Unreadable("is empty")
    if size > MOST_BYTES:
        raise Unreadable(_too_large)
    return file


_too_large = f"is larger than the {MOST_BYTES // 1_000_000} MB that go in at a time: split it"


def _ready(
    stack: ExitStack,
    file: BinaryIO,
    name: str,
    suffix: str,
    sheet: str | None,
    encoding: str | None,
    ignore: Sequence[str],
) -> Import:
    head = file.read(100_000)
    file.seek(0)
    for start, what in OTHERS.items():
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(start):
            raise Unreadable(what)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        table = convert(file, sheet, ignore)
        stack.callback(table.file.close)
        if table.file.seek(0, 2) > MOST_BYTES:
            raise Unreadable(_too_large)
        table.file.seek(0)
        others = f"; not read: {', '.join(table.others)}" if table.others else ""
        said = f"read the sheet {table.sheet}{others}" if others else None
        return Import(name, f"{CSV}; charset=utf-8", table.file, said, table.rows)
    if suffix in BOOKS:
        raise Unreadable("is called a workbook but is none: name it .csv if it is one")
    if encoding is None and head.startswith(UTF_16):
        encoding = "utf-16"
    if not (encoding or "").startswith(("utf-16", "utf-32")) and b"\0" in head:
        raise Unreadable("is not text: it has NUL bytes")
    media = KINDS.get(suffix) or _guess(head)
    if media == CSV:
        if encoding is not None and encoding not in CHARSETS:
            file, encoding = _in_utf8(stack, file, encoding), "utf-8"
        if encoding is not None:
            media = f"{CSV}; charset={CHARSETS[encoding]}"
    elif encoding is not None:
        file = _in_utf8(stack, file, encoding)
    return Import(name, media, file)


def _guess(head: bytes) -> str:
    """JSON where it begins like it; lines of JSON where the first is whole and another follows."""
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not text.startswith((b"{", b"[")):
        return CSV
    lines = text.split(b"\n")
    first = lines[0].rstrip()
    more = any(line.strip().startswith(b"{") for line in lines[1:])
    return NDJSON if first.startswith(b"{") and first.endswith(b"}") and more else JSON


def _in_utf8(stack: ExitStack, file: BinaryIO, encoding: str) -> BinaryIO:
    aside = _aside(stack)
    text = TextIOWrapper(cast(BytesIO, file), encoding, newline="")
    try:
        while part := text.read(1 << 20):
            aside.write(part.encode())
    except UnicodeError as error:
        raise Unreadable(f"is not text in {encoding}: say which it is with --encoding") from error
    finally:
        text.detach()
    aside.seek(0)
    return aside


def _aside(stack: ExitStack) -> BinaryIO:
    """A file that is gone when the stack is closed."""
    aside = tempfile.TemporaryFile()  # noqa: SIM115
    stack.enter_context(aside)
    return cast(BinaryIO, aside)
