"""Files: from the bytes that somebody sent to the rows of an import, one after another.

Three formats: the document (JSON), rows of recommendations (NDJSON: one JSON object a line), and
tables of recommendations (CSV, tabular.py).
"""

import codecs
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, BinaryIO

import orjson

from app.domain.errors import Malformed
from app.domain.imports import tabular
from app.domain.imports.document import MOST, SHAPES, Entry, entry

LONGEST = 1_000_000
"""Bytes that a row may have."""
MOST_NESTED = 3_000_000
"""Lists and objects that a document may have: each takes far more memory than its two brackets."""


class Format(StrEnum):
    DOCUMENT = "document"
    ROWS = "rows"
    TABLE = "table"


@dataclass
class ImportFile:
    """A file as far as it can be told before its rows are read. `parts`: each part's name and
    rows, in the order in which they are brought in; to be gone through once."""

    format: Format
    parts: Iterable[tuple[str, Iterable[Entry]]]
    encoding: str | None = None
    delimiter: str | None = None
    ignored_columns: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read(
    file: BinaryIO,
    format_: Format,
    *,
    encoding: str | None = None,
    inspection: str | None = None,
    ignore: Collection[str] = (),
) -> ImportFile:
    """Malformed where the file as a whole cannot be read; what is wrong with a row stands in its
    entry. `inspection`: of rows that name none; `ignore`: columns to leave out."""
    if format_ is Format.TABLE:
        table = tabular.open_table(file, encoding=encoding, ignore=ignore)
        return ImportFile(
            format_,
            [("recommendations", _rows(table.rows(), inspection))],
            table.encoding,
            table.delimiter,
            table.ignored,
            table.warnings,
        )
    if format_ is Format.ROWS:
        return ImportFile(format_, [("recommendations", _rows(_lines(file), inspection))])
    return ImportFile(format_, _document(file.read(), inspection))


Raw = tuple[Mapping[str, Any], list[tuple[str, str]]]
"""A row before it has a shape: its fields, or what is wrong with it."""


def _rows(rows: Iterable[Raw | None], inspection: str | None) -> Iterator[Entry]:
    """Rows of recommendations. A blank one (None) counts, so that numbers are those people see."""
    for number, row in enumerate(rows, 1):
        if row is None:
            continue
        values, mistakes = row
        if inspection is not None and values.get("inspection") is None:
            values = {**values, "inspection": inspection}
        name = _ref(values)
        if mistakes:
            yield Entry(number, None, mistakes, name)
        else:
            yield _entry("recommendations", number, values, name)


def _entry(part: str, number: int, row: Any, name: str = "") -> Entry:
    try:
        raw = orjson.dumps(row)
    except TypeError:
        return Entry(number, None, [("", "is nested too deeply")], name)
    if len(raw) > LONGEST:
        return Entry(number, None, [("", f"is longer than {LONGEST} bytes")], name)
    return entry(part, number, raw, name)


def _ref(values: Mapping[str, Any]) -> str:
    """The ref that a row would have, as far as it says one."""
    slug, ordinal = values.get("inspection"), values.get("ordinal")
    if isinstance(slug, str) and type(ordinal) is int and len(slug) <= 60:
        return f"{slug}-{ordinal}"
    return ""


def _lines(file: BinaryIO) -> Iterator[Raw | None]:
    blank = tabular.Blanks()
    first = True
    while line := file.readline(LONGEST + 1):
        if len(line) > LONGEST:
            yield {}, [("", f"the line is longer than {LONGEST} bytes; is this NDJSON?")]
            return
        line = line.removeprefix(codecs.BOM_UTF8) if first else line
        first = False
        if not line.strip():
            yield None
            if blank.too_many():
                return
            continue
        try:
            values = orjson.loads(line)
        except orjson.JSONDecodeError:
            yield {}, [("", "the line is not valid JSON: each line holds one object")]
            continue
        yield (values, []) if isinstance(values, dict) else ({}, _NO_OBJECT)


def _document(raw: bytes, inspection: str | None) -> Iterator[tuple[str, Iterable[Entry]]]:
    """The parts of a document; Malformed at once where it is none."""
    raw = raw.removeprefix(codecs.BOM_UTF8)
    if raw.count(b"[") + raw.count(b"{") > MOST_NESTED:
        raise Malformed(
            "the file is not an import document",
            [("", f"it has more than {MOST_NESTED} lists and objects; send it in parts")],
        )
    try:
        said = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Malformed(
            "the file is not valid JSON",
            [("", f"reading stopped at line {error.lineno}, column {error.colno}")],
        ) from None
    if not isinstance(said, dict):
        raise Malformed("the file is not an import document", [("", "must be a JSON object")])
    unknown = ", ".join(tabular.quoted(name) for name in sorted(said.keys() - SHAPES.keys())[:20])
    wrong = []
    if unknown:
        wrong.append(("", f"not a part of it: {unknown}; known are {', '.join(SHAPES)}"))
    for part, rows in said.items():
        kind = dict if part == "bank_holidays" else list
        if part in SHAPES and rows is not None and not isinstance(rows, kind):
            wrong.append((f"/{part}", f"must be {'an object' if kind is dict else 'a list'}"))
        elif isinstance(rows, list) and len(rows) > MOST:
            wrong.append((f"/{part}", f"must have at most {MOST} entries"))
    if wrong:
        raise Malformed("the file is not an import document", wrong)
    return _parts(said, inspection)


def _parts(said: dict[str, Any], inspection: str | None) -> Iterator[tuple[str, Iterable[Entry]]]:
    for part in SHAPES:
        rows = said.pop(part, None) or []
        if isinstance(rows, dict):
            rows = [rows]
        if part == "recommendations":
            yield (
                part,
                _rows(
                    ((row, []) if isinstance(row, dict) else ({}, _NO_OBJECT) for row in rows),
                    inspection,
                ),
            )
        else:
            yield (
                part,
                [_entry(part, number, row) for number, row in enumerate(rows, 1)],
            )


_NO_OBJECT = [("", "must be an object")]
