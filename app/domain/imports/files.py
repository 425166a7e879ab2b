"""Files: from the bytes that somebody sent to the rows of an import, one after another.

Three formats: the document (JSON), rows of recommendations (NDJSON: one JSON object a line), and
tables of recommendations (CSV, tabular.py).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, BinaryIO

import orjson

from app.domain.errors import Malformed
from app.domain.imports import tabular
from app.domain.imports.document import MOST, SHAPES, Entry, entry

LONGEST = 1_000_000
"""Bytes that a line of NDJSON may have."""


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


Raw = tuple[Mapping[str, Any] | None, list[tuple[str, str]]]
"""A row before it has a shape: its fields, or what is wrong with it."""


def _rows(rows: Iterable[Raw], inspection: str | None) -> Iterator[Entry]:
    """Rows of recommendations."""
    for number, (values, mistakes) in enumerate(rows, 1):
        values = values or {}
        if inspection is not None and values.get("inspection") is None:
            values = {**values, "inspection": inspection}
        name = _ref(values)
        if mistakes:
            yield Entry(number, None, mistakes, name)
        else:
            yield entry("recommendations", number, orjson.dumps(values), name)


def _ref(values: Mapping[str, Any]) -> str:
    """The ref that a row would have, as far as it says one."""
    slug, ordinal = values.get("inspection"), values.get("ordinal")
    if isinstance(slug, str) and isinstance(ordinal, int) and len(slug) <= 60:
        return f"{slug}-{ordinal}"
    return ""


def _lines(file: BinaryIO) -> Iterator[Raw]:
    while line := file.readline(LONGEST + 1):
        if len(line) > LONGEST:
            yield None, [("", f"the line is longer than {LONGEST} bytes; is this NDJSON?")]
            return
        if not line.strip():
            continue
        try:
            values = orjson.loads(line)
        except orjson.JSONDecodeError:
            yield None, [("", "the line is not valid JSON: each line holds one object")]
            continue
        if isinstance(values, dict):
            yield values, []
        else:
            yield None, [("", 'the line must hold an object, like {"inspection": ...}')]


def _document(raw: bytes, inspection: str | None) -> Iterator[tuple[str, Iterable[Entry]]]:
    """The parts of a document; Malformed at once where it is none."""
    try:
        said = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Malformed(
            "the file is not valid JSON",
            [("", f"reading stopped at line {error.lineno}, column {error.colno}")],
        ) from None
    if not isinstance(said, dict):
        raise Malformed("the file is not an import document", [("", "must be a JSON object")])
    unknown = len(said.keys() - SHAPES.keys())
    wrong = [("", f"{unknown} parts are unknown; known are {', '.join(SHAPES)}")] if unknown else []
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
                    ((row, []) if isinstance(row, dict) else (None, _NO_OBJECT) for row in rows),
                    inspection,
                ),
            )
        else:
            yield (
                part,
                [entry(part, number, orjson.dumps(row)) for number, row in enumerate(rows, 1)],
            )


_NO_OBJECT = [("", "must be an object")]
