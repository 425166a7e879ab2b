"""Files as people have them: what is read of them, what is said of them, what is refused."""

import io
import json
from typing import Any

import pytest

from app.domain.errors import Malformed
from app.domain.exports import flat
from app.domain.imports import Format, ImportFile, read, tabular
from app.domain.imports.document import Entry

PLAIN = "inspection,ordinal,text\na-2020,1,Listen to children\n"


def table(raw: bytes | str, **more: Any) -> ImportFile:
    data = raw.encode() if isinstance(raw, str) else raw
    return read(io.BytesIO(data), Format.TABLE, **more)


def entries(file: ImportFile) -> list[Entry]:
    return [entry for _, rows in file.parts for entry in rows]


def only(file: ImportFile) -> Any:
    """The one row of a file, which must be right."""
    (entry,) = entries(file)
    assert not entry.mistakes, entry.mistakes
    return entry.given


def wrong(raw: bytes | str, **more: Any) -> Malformed:
    with pytest.raises(Malformed) as refused:
        entries(table(raw, **more))
    return refused.value


@pytest.mark.parametrize(
    ("raw", "encoding", "delimiter", "warned"),
    [
        (PLAIN.encode(), "utf-8", ",", 0),
        (b"\xef\xbb\xbf" + PLAIN.encode(), "utf-8", ",", 0),
        (PLAIN.replace(",", ";").encode(), "utf-8", ";", 0),
        (PLAIN.replace(",", "\t").encode("utf-16"), "utf-16", "\t", 0),
        (PLAIN.replace("\n", "\r\n").encode(), "utf-8", ",", 0),
        (PLAIN.replace("children", "ch\u00e9ris").encode("windows-1252"), "windows-1252", ",", 1),
    ],
    ids=["plain", "BOM", "semicolons", "Excel Unicode text", "CRLF", "Windows"],
)
def test_a_table_is_read_whichever_way_it_was_saved(
    raw: bytes, encoding: str, delimiter: str, warned: int
) -> None:
    file = table(raw)
    given = only(file)
    assert given.ref == "a-2020-1"
    assert given.text in ("Listen to children", "Listen to ch\u00e9ris")
    assert (file.encoding, file.delimiter, len(file.warnings)) == (encoding, delimiter, warned)


def test_the_encoding_that_is_said_is_taken_without_a_warning() -> None:
    raw = PLAIN.replace("children", "\u2018children\u2019").encode("windows-1252")
    file = table(raw, encoding="Windows-1252")
    assert only(file).text == "Listen to \u2018children\u2019"
    assert file.warnings == []
    assert "is not utf-8" in wrong(raw, encoding="UTF-8").detail
    assert "not known" in wrong(raw, encoding="klingon").detail


def test_headers_are_known_in_any_case_with_spaces() -> None:
    raw = "Inspection; ORDINAL ;Text;Number as printed;Due-On\na-2020;2;Hear them;3;2024-05\n"
    given = only(table(raw))
    assert (given.ordinal, given.number_as_printed, given.due_on) == (2, "3", "2024-05")


def test_every_column_can_be_said() -> None:
    header = (
        "inspection,ordinal,text,number_as_printed,section,kind,kind_as_printed,title,themes,"
        "addressees,addressees_as_printed,owner,due_on,priority,citation"
    )
    row = (
        'a-2020,4.0,"Two\r\nlines, and a ""quote""",4,What must improve,Area for improvement,'
        '"What needs to improve",Short,"neglect; assessment","bwd-council|bwd-lscb","The LSCB",'
        'BWD-Council,31/03/2024,High,"letter | page 4 | Hear | them"'
    )
    given = only(table(f"{header}\r\n{row}\r\n"))
    assert given.model_dump(mode="json", exclude={"citations"}) == {
        "inspection": "a-2020",
        "ordinal": 4,
        "text": 'Two\nlines, and a "quote"',
        "number_as_printed": "4",
        "section": "What must improve",
        "kind": "area_for_improvement",
        "kind_as_printed": "What needs to improve",
        "title": "Short",
        "themes": ["neglect", "assessment"],
        "addressees": ["bwd-council", "bwd-lscb"],
        "addressees_as_printed": "The LSCB",
        "owner": "bwd-council",
        "due_on": "2024-03-31",
        "priority": "high",
        "citation": {
            "source": "letter",
            "locator": "page 4",
            "quote": "Hear | them",
            "transcription": None,
        },
    }


@pytest.mark.parametrize(
    ("cell", "means"),
    [
        ("31/03/2024", "2024-03-31"),
        ("1/2/2024", "2024-02-01"),
        ("31.3.2024", "2024-03-31"),
        ("31-Mar-24", "2024-03-31"),
        ("31 March 2024", "2024-03-31"),
        ("45382", "2024-03-31"),
        ("Mar-24", "2024-03"),
        ("March 2024", "2024-03"),
        ("2024-03-31 00:00:00", "2024-03-31"),
        ("2024", "2024"),
        ("2025-03~", "2025-03~"),
        ("2018-10/2018-11", "2018-10/2018-11"),
    ],
)
def test_dates_are_read_as_excel_writes_them(cell: str, means: str) -> None:
    raw = f"inspection,ordinal,text,due on\na-2020,1,Listen,{cell}\n"
    assert only(table(raw)).due_on == means


@pytest.mark.parametrize("cell", ["3/31/2024", "soon", "2024-13", "2024-03-31 14:30:00"])
def test_a_date_that_is_none_says_how_to_write_one(cell: str) -> None:
    (entry,) = entries(table(f"inspection,ordinal,text,due on\na-2020,1,Listen,{cell}\n"))
    assert [pointer for pointer, _ in entry.mistakes] == ["/due_on"]
    assert cell not in entry.mistakes[0][1]


def test_formula_guards_of_our_own_exports_are_taken_off() -> None:
    assert only(table("inspection,ordinal,text\na-2020,1,'=More\n")).text == "=More"
    assert only(table("inspection,ordinal,text\na-2020,1,=More\n")).text == "=More"
    assert only(table("inspection,ordinal,text\na-2020,1,'tis\n")).text == "'tis"


def test_unknown_columns_are_named_and_refused_or_left_out_on_request() -> None:
    raw = "inspection,ordinal,text,RAG status,Comments\na-2020,1,Listen,red,none\n"
    refused = wrong(raw)
    told = " ".join(error["detail"] for error in refused.members["errors"])
    assert "column 4" in told
    assert "RAG status" in told
    assert "Comments" in told
    assert "ignore" in refused.detail
    file = table(raw, ignore=["rag status", "comments"])
    assert only(file).text == "Listen"
    assert file.ignored_columns == ["RAG status", "Comments"]
    assert "RAG status" in file.warnings[0]


def test_what_the_tracker_exports_besides_is_left_out_and_named() -> None:
    file = table("inspection,ordinal,text,status,overdue\na-2020,1,Listen,open,no\n")
    assert only(file).text == "Listen"
    assert file.ignored_columns == ["status", "overdue"]


def test_every_column_of_the_flat_export_is_known() -> None:
    assert set(flat.COLUMNS) <= {*tabular.COLUMNS, *tabular.EXPORTED}


def test_a_missing_or_doubled_column_is_said() -> None:
    assert "text" in wrong("inspection,ordinal\na,1\n").members["errors"][0]["detail"]
    doubled = wrong("ordinal,text,Text\n1,a,b\n")
    assert "twice" in doubled.members["errors"][0]["detail"]


def test_rows_say_what_is_wrong_in_which_column() -> None:
    raw = "inspection,Ordinal,text,kind\na-2020,two,Listen,wish\n\n,,,\na-2020,3,,\n"
    first, second = entries(table(raw))
    assert dict(first.mistakes) == {"/ordinal": "column Ordinal: must be a whole number"}
    assert second.number == 4, "blank rows count: it is the row that a spreadsheet shows"
    assert dict(second.mistakes) == {"/text": "is required"}


def test_the_inspection_can_be_said_once_for_all_rows() -> None:
    given = only(table("ordinal,text\n1,Listen\n", inspection="a-2020"))
    assert given.ref == "a-2020-1"
    other = only(table("inspection,ordinal,text\nb-2021,1,Listen\n", inspection="a-2020"))
    assert other.ref == "b-2021-1"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n\n",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog>>\n",
        b"\x00\x01\x02\x81\x8d" * 50,
        b"PK\x03\x04" + b"\x00" * 40,
        b"," * 3_000_000,
        b'"inspection,ordinal,text\n' + b"a" * 2_000_000,
        "inspection,ordinal,text\n".encode("utf-16")[:21],
    ],
    ids=["empty", "blank", "pdf", "binary", "zip", "commas", "open quote", "half a character"],
)
def test_what_is_no_table_is_refused_as_a_whole(raw: bytes) -> None:
    assert wrong(raw).members["errors"]


def test_a_quote_that_never_ends_is_a_row_error() -> None:
    raw = 'inspection,ordinal,text\na-2020,1,"Listen\n' + "and more\n" * 40_000
    (entry,) = entries(table(raw))
    assert "quotation mark" in entry.mistakes[0][1]


def test_more_cells_than_columns_is_a_row_error() -> None:
    (entry,) = entries(table("inspection,ordinal,text\na-2020,1,Listen, then act\n"))
    assert "more cells" in entry.mistakes[0][1]


@pytest.mark.parametrize("text", ["a\x00b", "a\x07b", "\ufffe"])
def test_characters_that_no_register_holds_are_a_row_error(text: str) -> None:
    (entry,) = entries(table(f"inspection,ordinal,text\na-2020,1,{text}\n"))
    assert entry.mistakes == [("/text", "must not contain control characters or broken Unicode")]


def rows(raw: bytes) -> list[Entry]:
    return entries(read(io.BytesIO(raw), Format.ROWS))


def test_ndjson_is_read_line_by_line() -> None:
    good = json.dumps({"inspection": "a-2020", "ordinal": 1, "text": "Listen"}).encode()
    found = rows(good + b"\n\n[1]\n{bad\n" + b'{"inspection":"a-2020","ordinal":"2","text":"x"}\n')
    assert [entry.number for entry in found] == [1, 3, 4, 5]
    assert found[0].given.ref == "a-2020-1"
    assert "object" in found[1].mistakes[0][1]
    assert "not valid JSON" in found[2].mistakes[0][1]
    assert found[3].mistakes == [("/ordinal", "must be a whole number")]


def test_a_line_without_end_stops_the_reading() -> None:
    (entry,) = rows(b'{"text": "' + b"a" * 1_100_000)
    assert "longer than" in entry.mistakes[0][1]


def document(raw: bytes) -> dict[str, list[Entry]]:
    return {part: list(found) for part, found in read(io.BytesIO(raw), Format.DOCUMENT).parts}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'"text"',
        b'{"recommendations": [',
        b'{"recommendations": {}}',
        b'{"recommendation": []}',
        b'{"bank_holidays": []}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"recommendations": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"recommendations": [{"text": "\\ud800"}]}',
        b'{"recommendations": [{"ordinal": NaN}]}',
        b'{"bank_holidays": {"a": [' + b"[]," * 3_000_000 + b"[]]}}",
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_document_is_refused_as_a_whole(raw: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        document(raw)
    assert refused.value.members["errors"]


def test_a_documents_rows_each_say_what_is_wrong() -> None:
    raw = json.dumps(
        {
            "recommendations": [{"inspection": "a-2020", "ordinal": 1, "text": 7}, 4],
            "links": [{"later": "a-2020-1"}],
            "parties": [{"slug": "A!", "name": "A", "kind": "board"}],
        }
    ).encode()
    found = document(raw)
    assert [entry.mistakes for entry in found["recommendations"]] == [
        [("/text", "must be a text")],
        [("", "must be an object")],
    ]
    assert ("/earlier", "is required") in found["links"][0].mistakes
    assert found["parties"][0].mistakes[0][0] == "/slug"
    assert list(found) == [
        *("places", "themes", "sources", "parties", "inspections", "recommendations"),
        *("actions", "links", "evidence", "bank_holidays"),
    ]


def test_what_is_nested_deeper_than_anybody_writes_is_a_row_error() -> None:
    deep = b'{"recommendations": [{"text": ' + b"[" * 400 + b"]" * 400 + b"}]}"
    (entry,) = document(deep)["recommendations"]
    assert entry.mistakes == [("", "is nested too deeply")]


def test_a_mark_of_utf_8_is_no_matter_in_json_either() -> None:
    mark = b"\xef\xbb\xbf"
    assert list(document(mark + b"{}"))
    row = {"inspection": "a-2020", "ordinal": 1, "text": "Listen"}
    (entry,) = rows(mark + json.dumps(row).encode())
    assert entry.given.ref == "a-2020-1"


def test_blank_rows_without_end_are_not_read_to_the_end() -> None:
    assert entries(table(PLAIN + "\n" * 300_000))[0].given.ref == "a-2020-1"
    assert rows(b"\n" * 300_000) == []


def test_a_long_cell_is_told_to_be_too_long() -> None:
    (entry,) = entries(table(f"inspection,ordinal,text\na-2020,1,{'a' * 150_000}\n"))
    assert entry.mistakes == [("/text", "must have at most 20000 characters")]


def test_a_part_that_is_not_known_is_named() -> None:
    with pytest.raises(Malformed) as refused:
        document(b'{"recomendations": []}')
    assert "recomendations" in refused.value.members["errors"][0]["detail"]
