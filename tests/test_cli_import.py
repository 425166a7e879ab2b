"""`tracker import` and `tracker export`: what they send and say, and the codes they leave with."""

import io
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from app.cli import files, main
from app.settings import ROOT
from tests.live import Client, Live
from tests.scripted import Answer, scripted
from tests.test_contract_docs import free_port
from tests.test_spreadsheets import HEADER, ROW, Rows, book

SLUG = "bwd-2017-sif"
CSV = f"inspection,ordinal,text\n{SLUG},41,Improve visits.\n{SLUG},42,Improve records.\n".encode()
sqlite = pytest.mark.parametrize("engine", ["sqlite"])


@dataclass
class Ran:
    code: int
    out: str
    err: str


@dataclass
class Terminal:
    """A folder with files, and `tracker` in it, which knows an address and a token."""

    path: Path
    capsys: pytest.CaptureFixture[str]
    url: str = ""
    token: str = ""

    def write(self, name: str, content: bytes | io.BytesIO) -> str:
        file = self.path / name
        file.write_bytes(content if isinstance(content, bytes) else content.getvalue())
        return str(file)

    def run(self, *arguments: str, stdin: bytes = b"") -> Ran:
        said = {"TRACKER_URL": self.url, "TRACKER_TOKEN": self.token}
        said["TRACKER_DATA_DIR"] = str(self.path)
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("TRACKER_")}
        environment = inherited | {name: value for name, value in said.items() if value}
        self.capsys.readouterr()
        with (
            patch.dict(os.environ, environment, clear=True),
            patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin))),
        ):
            try:
                code = main(arguments)
            except SystemExit as left:  # argparse leaves so for a wrong use
                code = int(left.code or 0)
        told = self.capsys.readouterr()
        return Ran(code, told.out, told.err)

    def refused(self, *arguments: str, code: int = 1) -> str:
        """The one line with which it refuses."""
        ran = self.run(*arguments)
        assert (ran.code, ran.out) == (code, ""), ran
        assert ran.err.startswith("tracker")
        assert ran.err.count("\n") == 1, ran.err
        return ran.err


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(tmp_path, capsys)


@pytest.fixture
def there(terminal: Terminal, live: Live) -> Terminal:
    """At a tracker, as a lead."""
    terminal.url = live.url
    terminal.token = live.register.token("Alice", "lead", "bwd-council")
    return terminal


@pytest.fixture
def reader(live: Live) -> Client:
    return live.client("Reader", "viewer")


def held(reader: Client) -> int:
    return len(reader.all("/v1/recommendations", inspection=SLUG, limit=500))


def answer(**more: Any) -> dict[str, Any]:
    counts = ["created", "updated", "unchanged", "conflicts", "refused", "absent"]
    return {"id": "imp-1", "dry_run": False, "applied": True, "rows": [], "others": {}} | {
        **dict.fromkeys(counts, 0),
        "warnings": [],
        **more,
    }


def answering(status: int = 201, **more: Any) -> Answer:
    kind = "application/problem+json" if status >= 400 else "application/json"
    return Answer(status, json.dumps(answer(**more)).encode(), {"Content-Type": kind})


# At a real tracker


def test_a_workbook_goes_in_and_again_changes_nothing(there: Terminal, reader: Client) -> None:
    before = held(reader)
    rows: Rows = [
        [*HEADER, "due_on"],
        [SLUG, 41, "Improve visits.", "2027-03"],
        [SLUG, 42, "B.", None],
    ]
    file = there.write("Letter of March.xlsx", book(Notes=[["By", "A"]], Table=rows))
    ran = there.run("import", file, "--dry-run")
    assert ran.code == 0
    assert ran.out.startswith("Letter of March.xlsx: dry run, nothing was changed: 2 created")
    assert held(reader) == before
    ran = there.run("import", file)
    assert (ran.code, held(reader)) == (0, before + 2)
    assert ran.out.startswith("Letter of March.xlsx: 2 created")
    assert "read the sheet Table; not read: Notes" in ran.err
    assert reader.see(f"{SLUG}-41")["due_on"] == "2027-03"
    ran = there.run("import", file)
    assert (ran.code, held(reader)) == (0, before + 2)
    assert ran.out.startswith("Letter of March.xlsx: 2 unchanged")


def test_every_kind_of_file_goes_in(there: Terminal, reader: Client) -> None:
    def row(ordinal: int) -> dict[str, Any]:
        return {"inspection": SLUG, "ordinal": ordinal, "text": f"Improve the café, no. {ordinal}"}

    table = "inspection;ordinal;text\n" + f"{SLUG};%d;Improve the café, no. %d\n"
    lines = "\n".join(json.dumps(row(number)) for number in (51, 52))
    given = {
        "a.json": json.dumps({"recommendations": [row(50)]}).encode(),
        "b.ndjson": lines.encode(),
        "c.csv": (table % (53, 53)).encode("utf-8-sig"),
        "d.txt": (table % (54, 54)).encode("utf-16"),
        "e.tsv": (table.replace(";", "\t") % (55, 55)).encode(),
        "f.jsonl": (json.dumps(row(56)) + "\n").encode("utf-16"),
        "no-ending": (table % (57, 57)).encode(),
    }
    ran = there.run("import", *(there.write(name, content) for name, content in given.items()))
    assert ran.code == 0, ran
    assert [line.split(": ")[0] for line in ran.out.splitlines() if line[0] != " "] == [*given]
    ran = there.run("import", "-", stdin=json.dumps({"recommendations": [row(58)]}).encode())
    assert ran.out.startswith("standard input: 1 created"), ran
    for encoding, number in {"windows-1252": 59, "mac-roman": 60}.items():
        file = there.write("old.csv", (table % (number, number)).encode(encoding))
        assert there.run("import", file, "--encoding", encoding).code == 0
    for number in range(50, 61):
        assert reader.see(f"{SLUG}-{number}")["text"] == f"Improve the café, no. {number}"


@sqlite
def test_rows_that_are_refused_are_told_and_nothing_is_applied(
    there: Terminal, reader: Client
) -> None:
    before = held(reader)
    rows: Rows = [HEADER, [SLUG, 41, "Improve visits."], [], [SLUG, "many", "B."], [SLUG, 43, None]]
    file = there.write("rows.xlsx", book(R=rows))
    ran = there.run("import", file)
    assert (ran.code, held(reader)) == (1, before)
    assert "row 4" in ran.out, "as the sheet counts, and not as the tracker does"
    assert "row 5" in ran.out
    assert ran.out.count("refused: ") == 2
    assert "2 rows were refused; nothing was applied" in ran.err
    ran = there.run("import", file, "--json")
    assert (ran.code, json.loads(ran.out)["refused"]) == (1, 2)


@sqlite
def test_a_conflict_is_a_warning_and_the_rest_applies(there: Terminal, reader: Client) -> None:
    file = there.write("rows.csv", CSV)
    assert there.run("import", file).code == 0
    file = there.write("rows.csv", CSV.replace(b"visits", b"meals") + f"{SLUG},43,New\n".encode())
    ran = there.run("import", file)
    assert ran.code == 0
    assert "1 created" in ran.out
    assert f"row 1 {SLUG}-41: left as it is: " in ran.out
    assert "1 in conflict with the register" in ran.err
    assert reader.see(f"{SLUG}-41")["text"] == "Improve visits."
    assert reader.see(f"{SLUG}-43")["text"] == "New"


@sqlite
def test_the_inspection_and_columns_to_ignore_are_passed_on(
    there: Terminal, reader: Client
) -> None:
    file = there.write("rows.csv", b"ordinal,text,RAG,Notes\n41,Improve visits.,red,x\n")
    assert "RAG" in there.refused("import", file)
    ran = there.run("import", file, "--inspection", SLUG, "--ignore", "RAG", "--ignore", "Notes")
    assert ran.code == 0, ran
    assert reader.see(f"{SLUG}-41")["text"] == "Improve visits."


def malformed() -> dict[str, bytes]:
    """What people have called their file, and what was in it."""
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("readme.txt", "hello")
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 20_000_000)
    row = f'{{"inspection": "{SLUG}", "ordinal": 41, "text": %s}}'
    document = '{"recommendations": [' + row + "]}"
    return {
        "empty.csv": b"",
        "blank.csv": b"\n\n  \n",
        "empty.json": b" ",
        "empty.xlsx": b"",
        "truncated.json": (document % '"x"')[:-9].encode(),
        "list.json": b"[]",
        "number.json": b"1",
        "deep.json": b"[" * 100_000,
        "deep-row.ndjson": (row % ("[" * 100_000)).encode(),
        "letter.csv": b"%PDF-1.7\n\xe2\xe3\xcf\xd3",
        "old.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "page.csv": b"<!doctype html><table><tr><td>text</td></tr></table>",
        "photo.csv": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "packed.csv.gz": b"\x1f\x8b\x08\x00" + bytes(20),
        "plain.zip": plain.getvalue(),
        "bomb.xlsx": bomb.getvalue(),
        "no-book.xlsx": CSV,
        "commas.csv": b"," * 50_000_000,
        "nul.csv": CSV.replace(b"visits", b"vi\0sits"),
        "nul.json": (document % '"a\\u0000b"').encode(),
        "surrogate.json": (document % '"a\\ud800b"').encode(),
        "wrong-type.json": (document % "4").encode(),
        "wrong-type.csv": CSV.replace(b"41", b"four"),
        "no-text.csv": b"inspection,ordinal\nx,1\n",
        "unknown-column.csv": b"inspection,ordinal,text,RAG\nx,1,T,red\n",
        "formula.csv": CSV.replace(b"41", b"=40+1"),
        "open-quote.csv": CSV.replace(b"Improve visits", b'"Improve visits'),
        "not-utf-8.json": (document % '"caf\u00e9"').encode("latin-1"),
        "not-text.csv": b"inspection,ordinal,text\n\x81\x8d,1,x\n",
    }


@sqlite
def test_no_file_however_malformed_gets_in_or_gives_a_traceback(
    there: Terminal, reader: Client
) -> None:
    before = reader.get("/v1/changes?limit=500").json()["next"]
    for name, content in malformed().items():
        ran = there.run("import", there.write(name, content))
        assert ran.code == 1, (name, ran)
        assert ran.err.startswith(f"tracker: {name}"), (name, ran)
        assert ran.err.count("\n") == 1, (name, ran)
        assert len(ran.err) < 1500, (name, ran)
    utf_8 = there.write("rows.csv", CSV.replace(b"visits", b"caf\xe9"))
    assert there.run("import", utf_8, "--encoding", "utf-8").code == 1
    assert reader.get("/v1/changes?limit=500").json()["next"] == before


@sqlite
def test_a_token_that_may_not_import_leaves_with_3(there: Terminal, live: Live) -> None:
    file = there.write("rows.csv", CSV)
    there.token = live.register.token("Carol", "contributor", "bwd-council")
    assert there.refused("import", file, code=3)
    assert "TRACKER_TOKEN" in there.refused("import", file, "--token", "rpt_wrong", code=3)
    there.token = ""
    assert "TRACKER_TOKEN" in there.refused("import", file, code=3)
    (there.path / "admin.token").write_text(live.register.token("Local", "admin") + "\n")
    assert there.run("import", file).code == 0, "on this machine the kept token is used"


# At a server that does as it is told


def test_counts_and_rows_are_said_for_people(terminal: Terminal) -> None:
    rows = [
        {"part": "recommendations", "row": 1, "ref": "a-1", "outcome": "created", "errors": []},
        {"row": 2, "ref": "a-2", "outcome": "updated", "fields": ["title", "due_on"], "errors": []},
        {"row": 3, "ref": "a-3", "outcome": "conflict", "fields": ["text"], "errors": []},
        {
            "part": "links",
            "row": 1,
            "ref": None,
            "outcome": "conflict",
            "errors": [{"pointer": "/kind", "detail": "was rejected"}],
        },
        {"row": None, "ref": "a-8", "outcome": "absent", "errors": []},
        {"row": None, "ref": "a-9", "outcome": "absent", "errors": []},
    ]
    told = answering(
        created=1,
        updated=1,
        conflicts=1,
        absent=2,
        rows=rows,
        others={"links": {"created": 2, "conflicts": 1}},
        warnings=["left out the column RAG"],
    )
    with scripted(told) as server:
        terminal.url = server.url
        ran = terminal.run("import", terminal.write("a.csv", CSV))
    assert ran.out.splitlines() == [
        "a.csv: 1 created, 1 updated, 1 in conflict, 2 not in the file",
        "  links: 2 created, 1 in conflict",
        "  row 2 a-2: updated title, due_on",
        "  row 3 a-3: left as it is: text differs from what the register holds",
        "  links 1: left as it is: kind: was rejected",
        "  held, but not in the file, and left as they are: a-8, a-9",
    ]
    assert ran.err.splitlines() == [
        "tracker: a.csv: left out the column RAG",
        "tracker: a.csv: 2 in conflict with the register, which stays as it is",
    ]


def test_of_many_rows_the_first_are_said(terminal: Terminal) -> None:
    rows = [{"row": row, "ref": f"a-{row}", "outcome": "updated"} for row in range(1, 71)]
    with scripted(answering(updated=70, rows=rows)) as server:
        terminal.url = server.url
        lines = terminal.run("import", terminal.write("a.csv", CSV)).out.splitlines()
        assert (len(lines), lines[-1]) == (52, "  and 20 more; --json shows all")
        ran = terminal.run("import", terminal.write("a.csv", CSV), "--json")
        assert len(json.loads(ran.out)["rows"]) == 70


def test_one_key_a_file_and_the_same_for_its_retries(terminal: Terminal) -> None:
    busy = Answer(503, b"", {"Retry-After": "0"})
    names = [terminal.write(name, CSV) for name in ("a.csv", "b.csv")]
    with scripted(busy, answering()) as server:
        terminal.url = server.url
        assert terminal.run("import", *names).code == 0
        first, again, second = (one.headers["idempotency-key"] for one in server.asked)
        assert first == again != second
        assert terminal.run("import", names[0]).code == 0
        assert server.asked[-1].headers["idempotency-key"] != first


def test_nothing_is_sent_before_all_files_can_be_read(terminal: Terminal) -> None:
    good = terminal.write("a.csv", CSV)
    with scripted(answering()) as server:
        terminal.url = server.url
        assert "missing.csv cannot be read" in terminal.refused("import", good, "missing.csv")
        assert "cannot be read" in terminal.refused("import", good, str(terminal.path))
        assert server.asked == []


def test_the_first_refusal_ends_it_and_says_what_went_before(terminal: Terminal) -> None:
    names = [terminal.write(name, CSV) for name in ("a.csv", "b.csv", "c.csv")]
    row = {"row": 1, "ref": None, "outcome": "refused"}
    refusal = answering(422, detail="x", applied=False, refused=1, rows=[row])
    with scripted(answering(created=2), refusal) as server:
        terminal.url = server.url
        ran = terminal.run("import", *names)
        assert len(server.asked) == 2
    assert ran.code == 1
    assert ran.err == (
        "tracker: b.csv: 1 row was refused; nothing was applied (1 of 3 files were before)\n"
    )
    with scripted(Answer(413, b"")) as server:
        terminal.url = server.url
        assert terminal.refused("import", names[0]).startswith("tracker: a.csv: ")


def test_a_tracker_that_is_not_reached_leaves_with_3(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.remote.TRIES", 2)
    file = terminal.write("a.csv", CSV)
    terminal.url = f"http://127.0.0.1:{free_port()}"
    assert "nothing answers there" in terminal.refused("import", file, code=3)
    elsewhere = Answer(404, b"<html>")
    with scripted(elsewhere) as server:
        for command in (["import", file], ["export"]):
            line = terminal.refused(*command, "--url", server.url, code=3)
            assert "is it the tracker's address?" in line
    with scripted(Answer(200, b"<html>Welcome")) as server:
        assert "not a tracker" in terminal.refused("import", file, "--url", server.url, code=3)


def test_the_kept_token_goes_to_this_machine_only(terminal: Terminal) -> None:
    (terminal.path / "admin.token").write_text("kept\n")
    file = terminal.write("a.csv", CSV)
    with scripted(answering()) as server:
        terminal.url = server.url
        assert terminal.run("import", file).code == 0
        assert server.asked[-1].headers["authorization"] == "Bearer kept"
        assert terminal.run("import", file, "--token", "given").code == 0
        assert server.asked[-1].headers["authorization"] == "Bearer given"
    with patch("app.cli.remote.Tracker", side_effect=ValueError("not now")) as opened:
        terminal.run("import", file, "--url", "http://tracker.example")
        assert opened.call_args.args == ("http://tracker.example", None)


def test_a_wrong_use_leaves_with_2(terminal: Terminal) -> None:
    file = terminal.write("a.csv", CSV)
    for wrong in (
        ["import"],
        ["import", file, "--encoding", "hex"],
        ["import", file, "--encoding", "klingon"],
        ["import", file, "--inspection"],
        ["import", file, "--url", "somewhere"],
        ["import", file, "--token", "a\nb"],
        ["export", "--format", "pdf"],
        ["export", "--as-of", "yesterday"],
        ["export", "--as-of", "2026-03-31"],
        ["export", "extra"],
    ):
        terminal.refused(*wrong, code=2)


def test_an_export_goes_to_a_file_or_to_standard_output(terminal: Terminal) -> None:
    to = terminal.path / "out.xlsx"
    with scripted(Answer(body=b"a,b\n")) as server:
        terminal.url = server.url
        assert terminal.run("export", "--format", "csv", "--as-of", "2026-03-31").out == "a,b\n"
        assert terminal.run("export", "--out", "-").out == "a,b\n"
        assert terminal.run("export", "--format", "xlsx", "--out", str(to)) == Ran(0, "", "")
        assert [one.path for one in server.asked] == [
            "/v1/export/recommendations.csv?as_of=2026-03-31",
            "/v1/export/document.json",
            "/v1/export/recommendations.xlsx",
        ]
    assert to.read_bytes() == b"a,b\n"


def test_what_cannot_be_written_is_said_first(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(Answer(body=b"{}")) as server:
        terminal.url = server.url
        for to in (str(terminal.path), str(terminal.path / "none" / "out.json")):
            assert "cannot be written" in terminal.refused("export", "--out", to)
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        assert "--out" in terminal.refused("export", "--format", "xlsx", code=2)
        assert server.asked == []


def test_progress_is_shown_on_a_terminal(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = terminal.write("a.csv", CSV * 5_000)
    with scripted(answering(created=2)) as server:
        terminal.url = server.url
        assert terminal.run("import", file).err == ""
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        told = terminal.run("import", file).err.split("\r")
    assert "a.csv [" in told[1]
    assert "% sent" in told[1]
    assert "the tracker reads it" in told[-3]
    assert told[-2].strip() == told[-1] == "", "and it is gone afterwards"


def test_a_file_that_is_too_large_is_not_sent(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", len(CSV) - 1)
    for given in (terminal.write("a.csv", CSV), "/dev/zero"):
        assert "split it" in terminal.refused("import", given)


def test_a_name_may_hold_any_byte(terminal: Terminal) -> None:
    odd = os.fsdecode(b"caf\xe9\n\x1b[31m.csv")
    with scripted(answering()) as server:
        terminal.url = server.url
        ran = terminal.run("import", terminal.write(odd, CSV))
    assert ran.code == 0
    assert ran.out.startswith("caf???[31m.csv: nothing in it")


def test_somebody_who_stops_it_is_told_that_nothing_is_lost(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.client.wire.Wire.send", stop)
    terminal.url = "http://127.0.0.1:1"
    assert "stopped" in terminal.refused("import", terminal.write("a.csv", CSV))
    monkeypatch.setattr("app.cli.files.ready", stop)
    assert "stopped" in terminal.refused("import", "-")


def test_as_a_process_it_reads_standard_input_and_leaves_with_its_code(tmp_path: Path) -> None:
    with scripted(answering(created=2)) as server:
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", "import", "-"],
            cwd=ROOT,
            env=os.environ | {"TRACKER_URL": server.url, "TRACKER_DATA_DIR": str(tmp_path)},
            input=CSV,
            capture_output=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"standard input: 2 created\n"
    assert server.asked[0].body == CSV


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (b'{"inspection": "a"}\n{"inspection": "b"}\n', files.NDJSON),
        (b'{"recommendations": [\n{"x": 1},\n{"x": 2}]}', files.JSON),
        (b'\xef\xbb\xbf  {"recommendations": []}', files.JSON),
        (b"[1]", files.JSON),
        (CSV, files.CSV),
    ],
)
def test_what_has_no_name_is_known_by_its_content(
    content: bytes, media: str, terminal: Terminal
) -> None:
    with scripted(answering()) as server:
        terminal.url = server.url
        assert terminal.run("import", "-", stdin=content).code == 0
        assert server.asked[0].headers["content-type"] == media
        assert server.asked[0].body == content


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv", "a", "a.xlsm"])
def test_a_workbook_is_one_whatever_its_name(name: str, terminal: Terminal) -> None:
    with scripted(answering()) as server:
        terminal.url = server.url
        assert terminal.run("import", terminal.write(name, book(R=[HEADER, ROW]))).code == 0
    sent = server.asked[0]
    assert sent.headers["content-type"] == "text/csv; charset=utf-8"
    assert sent.body == b"inspection,ordinal,text\r\nbwd-2017-sif,4,Improve visits.\r\n"
    assert sent.path.endswith(f"name={name}")


def test_what_is_exported_is_written_whole(there: Terminal) -> None:
    to = there.path / "out.json"
    ran = there.run("export", "--out", str(to))
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert len(json.loads(to.read_bytes())["recommendations"]) == 26
    ran = there.run("import", str(to))
    assert ran.code == 0, ran
    assert ran.out.startswith("out.json: 26 unchanged")
    ran = there.run("export", "--format", "csv", "--as-of", "2026-11-24")
    assert ran.code == 0
    assert f"{SLUG}-4" in ran.out
    to = there.path / "out.xlsx"
    assert there.run("export", "--format", "xlsx", "--out", str(to)).code == 0
    assert zipfile.is_zipfile(to)
    assert json.loads(there.run("export", "--format", "json").out)


def test_flat_tables_come_back_as_they_went_out(there: Terminal) -> None:
    """What the tracker writes into a spreadsheet it reads from one: nothing changes."""
    for kind in ("csv", "xlsx"):
        to = there.path / f"flat.{kind}"
        assert there.run("export", "--format", kind, "--out", str(to)).code == 0
        ran = there.run("import", str(to), "--json")
        assert ran.code == 0, ran
        done = json.loads(ran.out)
        done = done[0] if isinstance(done, list) else done
        assert (done["unchanged"], done["created"], done["updated"], done["conflicts"]) == (
            *(26, 0, 0, 0),
        )
