"""The journal: append-only, gapless, its texts beside it, and no tampering goes unnoticed."""

import typing
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import Connection, String, Text, create_engine, make_url, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.api.deps import BODIES, Contributing
from app.db import Database
from app.domain import audit, changes, places
from app.domain.actors import Actor, Role
from app.domain.base import Given, Line, Prose, columns
from app.domain.changes import TEXTS, Change, JournalText
from app.domain.deadlines import HolidaysGiven
from app.domain.errors import ChainBroken
from app.domain.imports import Document
from app.domain.tables import METADATA
from app.main import StartRefused, create_app
from tests.conftest import migrate
from tests.live import Client, Live, Register

REF = "bwd-2017-sif-4"
PATH = f"/v1/recommendations/{REF}"
CANARY = "Zaunkoenig"


@contextmanager
def unguarded(register: Register) -> Iterator[Connection]:
    """A connection of somebody who may do anything: no guard, no foreign key stands in the way."""
    url = make_url(register.settings.database_url)
    embedded = register.engine == "sqlite"
    engine = create_engine(url if embedded else url.set(username="postgres"))
    try:
        with engine.begin() as connection:
            if embedded:
                for guard in guards(register):
                    connection.execute(text(f"DROP TRIGGER {guard}"))
            else:
                connection.execute(text("SET session_replication_role = replica"))
            yield connection
    finally:
        engine.dispose()


def guards(register: Register) -> dict[str, str]:
    """The guards that stand in the database, and the table of each."""
    query = "SELECT name, tbl_name AS guarded FROM sqlite_master WHERE type = 'trigger'"
    if register.engine == "postgresql":
        query = (
            "SELECT tgname AS name, relname AS guarded FROM pg_trigger "
            "JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal"
        )
    with register.read() as session:
        return {row.name: row.guarded for row in session.connection().execute(text(query))}


def verified(register: Register, expect: str | None = None) -> str:
    with register.read() as session:
        return audit.verify(session, expect)


def breach(register: Register, expect: str | None = None) -> ChainBroken:
    """What verify() finds wrong: it must find something."""
    with pytest.raises(ChainBroken) as found:
        verified(register, expect)
    return found.value


def rows(register: Register, table: type[Any] = Change) -> list[dict[str, Any]]:
    """A table of the journal as it stands, in its order."""
    with register.read() as session:
        query = columns(table).select().order_by(*columns(table).primary_key)
        return [dict(row._mapping) for row in session.connection().execute(query)]


@pytest.fixture
def moved(live: Live) -> Register:
    """A register in which somebody moved a recommendation, with a reason: a change that uses every
    column, and two more behind it."""
    lead = live.client("Alice", "lead", "bwd-council")
    assert lead.move(REF, "in_progress").status_code == 200
    assert lead.move(REF, "blocked", reason="No post").status_code == 200
    assert lead.post(f"{PATH}/notes", {"text": "Advertised"}).status_code == 201
    assert lead.attach(REF)
    return live.register


def test_a_change_of_any_column_is_found(moved: Register) -> None:
    change = rows(moved)[-3]
    assert None not in change.values(), "the row must use every column"
    for name, value in change.items():
        wrong = [10**6] if name == "seq" else [f"{str(value)[:-1]}\u00a7", ""]
        for other in [*wrong, None] if columns(Change).c[name].nullable else wrong:
            statement = text(f'UPDATE change SET "{name}" = :to WHERE seq = :seq')  # noqa: S608
            with unguarded(moved) as connection:
                connection.execute(statement, {"to": other, "seq": change["seq"]})
            assert breach(moved).seq == change["seq"], (name, other)
            now = other if name == "seq" else change["seq"]
            with unguarded(moved) as connection:
                connection.execute(statement, {"to": value, "seq": now})
            assert verified(moved)


def test_a_change_that_was_taken_away_or_put_in_is_found(moved: Register) -> None:
    change = rows(moved)[-3]
    with unguarded(moved) as connection:
        connection.execute(text("DELETE FROM change WHERE seq = :seq"), {"seq": change["seq"]})
    assert breach(moved).seq == change["seq"]
    put_back = columns(Change).insert().values(change)
    with unguarded(moved) as connection:
        connection.execute(put_back)
    assert verified(moved)
    with unguarded(moved) as connection:
        connection.execute(put_back.values(seq=len(rows(moved)) + 1))
    assert breach(moved).seq == len(rows(moved))


TEXT_CHANGES = {
    "another text": "UPDATE journal_text SET text = '\"Nobody asked\"' WHERE id = :id",
    "another salt": "UPDATE journal_text SET salt = 'ab' WHERE id = :id",
    "another part": "UPDATE journal_text SET part = 'after.title' WHERE id = :id",
    "no text": "DELETE FROM journal_text WHERE id = :id",
    "one more": "INSERT INTO journal_text VALUES (:id, 'after.scope', 'ab', '\"More\"')",
}


def test_a_change_of_a_text_is_found(moved: Register) -> None:
    seq, beside = rows(moved)[-3]["seq"], {"id": rows(moved)[-3]["texts"]}
    texts = columns(JournalText)
    written = [row for row in rows(moved, JournalText) if row["id"] == beside["id"]]
    for how, statement in TEXT_CHANGES.items():
        with unguarded(moved) as connection:
            assert connection.execute(text(statement), beside).rowcount == 1, how
        assert breach(moved).seq == seq, how
        with unguarded(moved) as connection:
            connection.execute(texts.delete().where(texts.c.id == beside["id"]))
            connection.execute(texts.insert(), written)
        assert verified(moved)


def _cut(connection: Connection, last: Mapping[str, Any]) -> None:
    """Takes away all that came after a change and moves the head back to it."""
    after = {"seq": last["seq"]}
    texts = "DELETE FROM journal_text WHERE id IN (SELECT texts FROM change WHERE seq > :seq)"
    connection.execute(text(texts), after)
    connection.execute(text("DELETE FROM change WHERE seq > :seq"), after)
    back = text("UPDATE head SET seq = :seq, hash = :hash, at = :at")
    connection.execute(back, {name: last[name] for name in ("seq", "hash", "at")})


def test_a_tail_that_was_cut_off_is_found_by_an_anchor_kept_elsewhere(moved: Register) -> None:
    kept = verified(moved)
    with moved.read() as session:
        assert audit.anchor(session) == kept
    last = rows(moved)[-3]
    with unguarded(moved) as connection:
        _cut(connection, last)
    assert verified(moved) == f"{last['seq']}:{last['hash']}", "nothing shows it from inside"
    assert breach(moved, kept).seq == last["seq"] + 2


def test_a_tail_that_was_cut_off_without_moving_the_head_is_found(moved: Register) -> None:
    last = rows(moved)[-3]
    stands = rows(moved)[-1]
    with unguarded(moved) as connection:
        _cut(connection, last)
        back = text("UPDATE head SET seq = :seq, hash = :hash")
        connection.execute(back, {"seq": stands["seq"], "hash": stands["hash"]})
    assert breach(moved).seq == last["seq"] + 1


def test_a_history_written_anew_is_found_by_any_earlier_anchor(moved: Register) -> None:
    """Somebody who knows the code changes an early row and computes every hash behind it again."""
    before = rows(moved)
    early, late = (f"{row['seq']}:{row['hash']}" for row in (before[1], before[-2]))
    with unguarded(moved) as connection:
        digest = before[9]["hash"]
        for row in before[10:]:
            new = row | {"actor": "Nobody"}
            new.pop("hash")
            digest = changes.link(digest, new)
            values = {"seq": row["seq"], "actor": "Nobody", "hash": digest}
            connection.execute(
                text("UPDATE change SET actor = :actor, hash = :hash WHERE seq = :seq"), values
            )
        connection.execute(text("UPDATE head SET hash = :hash"), {"hash": digest})
    assert verified(moved)
    assert verified(moved, early), "the part before was not touched"
    assert breach(moved, late).seq == before[-2]["seq"]


def test_an_anchor_of_another_register_is_not_taken(moved: Register) -> None:
    for expect in (f"5:{'0' * 64}", f"0:{'1' * 64}", f"100000:{'0' * 64}"):
        assert breach(moved, expect)
    for nonsense in ("", "x", ":", "12", "-1:ab", "1.5:ab"):
        with pytest.raises(ValueError, match="an anchor looks like"):
            verified(moved, nonsense)


BOTH = [
    "UPDATE change SET actor = 'Nobody' WHERE seq = 1",
    "UPDATE change SET seq = 100000 WHERE seq = (SELECT max(seq) FROM change)",
    "DELETE FROM change WHERE seq = (SELECT max(seq) FROM change)",
    "DELETE FROM change",
    "UPDATE journal_text SET text = '\"x\"'",
]
REFUSED = {
    "sqlite": [
        *BOTH,
        "INSERT OR REPLACE INTO change SELECT * FROM change WHERE seq = 1",
        "REPLACE INTO change SELECT * FROM change WHERE seq = 1",
        "INSERT INTO change SELECT * FROM change WHERE seq = 1 "
        "ON CONFLICT DO UPDATE SET actor = ''",
        "UPDATE OR REPLACE change SET seq = 1 WHERE seq = 2",
        "INSERT OR REPLACE INTO journal_text SELECT * FROM journal_text",
    ],
    "postgresql": [
        *BOTH,
        "INSERT INTO change SELECT * FROM change WHERE seq = 1 "
        "ON CONFLICT (seq) DO UPDATE SET actor = ''",
        "INSERT INTO journal_text SELECT * FROM journal_text "
        "ON CONFLICT (id, part) DO UPDATE SET text = ''",
        "TRUNCATE change CASCADE",
        "TRUNCATE journal_text",
    ],
}


def test_the_guards_refuse_every_way_to_change_what_was_recorded(seeded: Register) -> None:
    before = verified(seeded)
    for statement in REFUSED[seeded.engine]:
        with (
            pytest.raises(IntegrityError, match=r"append-only|no gap"),
            seeded.database.engine.begin() as connection,
        ):
            connection.execute(text(statement))
    assert verified(seeded, before) == before


def test_a_missing_guard_refuses_the_start_until_it_is_made_again(seeded: Register) -> None:
    standing = guards(seeded)
    assert len(standing) >= 4
    for guard, table in standing.items():
        drop = f"DROP TRIGGER {guard}" + ("" if seeded.engine == "sqlite" else f" ON {table}")
        with seeded.database.engine.begin() as connection:
            connection.execute(text(drop))
        with pytest.raises(StartRefused, match=guard):
            create_app(seeded.settings, seeded.clock)
        migrate(seeded.database)
        create_app(seeded.settings, seeded.clock).state.database.close()
    assert guards(seeded) == standing


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_guard_that_was_put_to_sleep_is_a_missing_one(seeded: Register) -> None:
    with seeded.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE change DISABLE TRIGGER change_no_change"))
    with pytest.raises(StartRefused, match="change_no_change"):
        create_app(seeded.settings, seeded.clock)


def _write_canaries(lead: Client, other: Client) -> None:
    """Says the word in every free text that can be said over HTTP."""
    said = f"{CANARY} said so"
    source = lead.get("/v1/sources").json()["items"][0]["slug"]
    citation = {"source": source, "locator": said, "quote": said}
    lead.inspect(
        "bwd-2026-ilacs",
        title=said,
        scope=said,
        judgements=[{"area": said, "grade": said, "grade_normalised": "other"}],
        notes=[{"text": said, "citations": [citation]}],
        published="2026-01",
    )
    lead.enter(
        "bwd-2026-ilacs",
        1,
        text=said,
        title=said,
        number_as_printed=said,
        section=said,
        kind_as_printed=said,
        addressees_as_printed=said,
        citations=[citation],
        due_on="2027-01",
        owner="bwd-council",
    )
    ref = "bwd-2026-ilacs-1"
    assert lead.amend(ref, title=f"{said} again", due_on="2027-02", reason=said).status_code == 200
    path = f"/v1/recommendations/{ref}"
    erratum = {"text": f"{said} indeed", "reason": said, "citation": citation}
    assert lead.change("POST", f"{path}/errata", erratum, of=path).status_code == 201
    lead.enter("bwd-2026-ilacs", 2, text=said)
    mistake = "/v1/recommendations/bwd-2026-ilacs-2"
    gone = lead.change("POST", f"{mistake}/voiding", {"reason": said}, of=mistake)
    assert gone.status_code == 200
    assert lead.assign(ref, "bwd-schools", reason=said).status_code == 200
    assert lead.contribute(ref, "lancashire-police", reason=said).status_code == 201
    contributor = f"{path}/contributors/lancashire-police?reason={CANARY}"
    assert lead.change("DELETE", contributor, of=path).status_code == 200
    assert lead.post(f"{path}/notes", {"text": said}).status_code == 201
    piece = lead.attach(ref, summary=said, citations=[citation])
    assert other.review(piece, "rejected", reason=said).status_code == 200
    evidence = f"/v1/evidence/{piece['id']}"
    gone = lead.change("POST", f"{evidence}/withdrawal", {"reason": said}, of=evidence)
    assert gone.status_code == 201
    link = lead.propose(ref, REF, rationale=said, citations=[citation])
    assert other.judge(link.json()["id"], "rejected", reason=said).status_code == 200
    assert lead.move(ref, "in_progress", reason=said).status_code == 200
    party = {"slug": "bwd-ics", "name": said, "kind": "team"}
    assert lead.post("/v1/parties", party).status_code == 201
    renamed = lead.change("PATCH", "/v1/parties/bwd-ics", {"name": f"{said} again"})
    assert renamed.status_code == 200
    inspection = "/v1/inspections/bwd-2026-ilacs"
    assert lead.change("PATCH", inspection, {"title": f"{said} again"}).status_code == 200


def test_no_word_of_a_text_stands_in_the_chain_itself(live: Live) -> None:
    _write_canaries(live.client("Alice", "lead"), live.client("Bob", "lead"))
    written = rows(live.register)[-23:]
    for row in rows(live.register):
        assert CANARY not in str(row), row
    beside = [row for row in rows(live.register, JournalText) if CANARY in row["text"]]
    assert {row["id"] for row in beside} <= {row["texts"] for row in written}
    assert len({row["part"] for row in beside}) > 15
    shown = live.client("Carol", "viewer").all("/v1/recommendations/bwd-2026-ilacs-1/history")
    assert sum(CANARY in str(change) for change in shown) >= 10, "readers see the texts"


def _holds_text(kind: Any) -> bool:
    """Is there free text (Line or Prose) anywhere in a type?"""
    if kind in (Line, Prose):
        return True
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return any(_holds_text(hint) for hint in _fields(kind).values())
    return any(_holds_text(part) for part in typing.get_args(kind))


def _fields(shape: type[BaseModel]) -> dict[str, Any]:
    return {
        name: hint
        for name, hint in typing.get_type_hints(shape, include_extras=True).items()
        if name in shape.model_fields
    }


def test_every_free_text_that_comes_in_is_kept_beside_the_chain() -> None:
    rowed = {
        part
        for hint in _fields(Document).values()
        for part in typing.get_args(hint)
        if isinstance(part, type) and issubclass(part, Given)
    }
    shapes = {*BODIES.values(), *rowed} - {
        HolidaysGiven,
        Document,
    }  # a calendar is not in the journal
    assert len(shapes) > 15
    for shape in shapes:
        texts = {name for name, hint in _fields(shape).items() if _holds_text(hint)}
        texts -= {"successors"}  # each is recorded as a succession of its own
        assert texts <= TEXTS, f"{shape.__name__}: {texts - TEXTS} would stand in the chain"


RECORDED_AS = {
    "before": "text",
    "after": "text",
    "review_reason": "reason",
    "withdrawn_reason": "reason",
    "ended_reason": "reason",
    "progress_note": "note",
    "reversed_reason": "reason",
}
"""Columns whose text the journal has under another name."""


def test_every_column_of_free_text_is_kept_beside_the_chain() -> None:
    for table in METADATA.tables.values():
        if table.name in ("change", "journal_text"):
            continue
        for column in table.columns:
            kind = column.type
            free = isinstance(kind, Text) or (isinstance(kind, String) and kind.length == 300)
            if free:
                assert RECORDED_AS.get(column.name, column.name) in TEXTS, column


def test_numbers_have_no_gap_and_follow_time_after_many_mixed_writes(live: Live) -> None:
    editors = [live.client(f"Editor {number}", "lead") for number in range(6)]
    refs = [f"bwd-2017-sif-{number}" for number in (5, 6, 7)]

    def work(number: int) -> None:
        editor, ref = editors[number], refs[number % 3]
        for turn in range(8):
            if turn % 4 == 0:
                editor.attach(ref)
            elif turn % 4 == 1:
                editor.amend(ref, title=f"{number} {turn}")  # may be stale: the others write too
            elif turn % 4 == 2:
                assert editor.post(f"/v1/recommendations/{ref}/notes", {"text": ""}).is_error
            else:
                editor.post(f"/v1/recommendations/{ref}/notes", {"text": f"{number} {turn}"})
            live.register.clock.advance(seconds=1)

    before = len(rows(live.register))
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    written = rows(live.register)
    assert [row["seq"] for row in written] == list(range(1, len(written) + 1))
    assert [row["at"] for row in written] == sorted(row["at"] for row in written)
    assert before + 6 * 4 <= len(written) <= before + 6 * 6
    assert verified(live.register)


def test_a_request_that_failed_leaves_no_row_anywhere(live: Live) -> None:
    lead, viewer = live.client("Alice", "lead"), live.client("A reader", "viewer")

    def fails(write: Contributing) -> None:
        with write as session:
            changes.record(session, "Alice", "thing:done", "thing", after={"text": CANARY})
            live.app.state.database.seal(session)
            raise RuntimeError("behind the journal, before the commit")

    live.app.add_api_route("/fails", fails, methods=["POST"])
    before = _everything(live.register)
    note = f"{PATH}/notes"
    answers = [
        viewer.post(note, {"text": "x"}),
        lead.post("/v1/recommendations/bwd-2017-sif-99/notes", {"text": "x"}),
        lead.post(note, {"text": ""}),
        lead.send("PATCH", PATH, {"title": "x"}),
        lead.send("PATCH", PATH, {"title": "x"}, match='"7.0-0.0"'),
        lead.move(REF, "verified"),
        lead.post("/v1/parties", {"slug": "bwd-council", "name": "x", "kind": "team"}),
        lead.post("/fails", {}, headers={"Idempotency-Key": "kept only where it went well"}),
    ]
    assert [one.status_code for one in answers] == [403, 404, 422, 428, 412, 409, 409, 500]
    assert _everything(live.register) == before


def _everything(register: Register) -> dict[str, list[Any]]:
    """Every row of every table but the tokens, which clients make for themselves."""
    with register.read() as session:
        return {
            table.name: sorted(map(str, session.connection().execute(table.select())))
            for table in METADATA.tables.values()
            if table.name != "token"
        }


def test_nothing_is_kept_where_the_journal_cannot_be_written(register: Register) -> None:
    """Also for writers without HTTP: the journal comes before the commit, in one transaction."""

    def fails(session: Session) -> None:
        raise RuntimeError("the journal cannot be written")

    database = Database(register.settings.database_url, seal=fails, clock=register.clock)
    actor = Actor("Alice", Role.LEAD)
    with closing(database), pytest.raises(RuntimeError), database.writing() as session:
        places.add(session, actor, places.PlaceGiven(slug="nowhere", name="Nowhere"))
    with register.read() as session:
        assert session.get(places.Place, "nowhere") is None
