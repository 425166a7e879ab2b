"""How long an import takes, against writing the very same rows as they are.

    uv run python -m bench.imports [--rows 100000] [--rounds 3] [--engine sqlite|postgresql]

The floor writes every row that the import made (journal, texts, intervals, index of words and all)
into a register alike, with its keys, checks and triggers, by sqlite3's executemany or by psycopg's
COPY row by row, in one transaction, as durably. It is what somebody would write who had all rows
ready in memory as the driver takes them: each table at once, in the order in which the import wrote
it, and the index of words sorted by its key, in which an index grows fastest (on SQLite the file's
order takes as long; small sorted portions, as an import must write them, a quarter longer). To get
those rows and to sort them is not in its time.

Each round measures ours, then the floor. While ours runs, another writer (a process of its own)
records a place every 20 ms: how long it waited at most is what other people wait.
"""

import argparse
import io
import multiprocessing
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.db import Database, DatabaseBusy
from app.domain import imports, inspections, parties, places, themes
from app.domain.actors import Actor, Role
from app.domain.base import new_id
from app.domain.inspections import InspectionGiven
from app.domain.parties import PartyGiven
from app.domain.places import PlaceGiven
from app.domain.tables import METADATA
from app.domain.themes import ThemeGiven
from app.main import open_register, tune_collector
from app.settings import Settings
from bench import registers

LEAD = Actor(name="Bench", role=Role.LEAD)
AN_INSPECTION = 500
"""Rows of one inspection."""
WORDS = [
    "assessment",
    "children",
    "families",
    "neglect",
    "planning",
    "supervision",
    "oversight",
    "quality",
    "timely",
    "history",
    "partners",
    "police",
    "health",
    "schools",
    "voice",
    "child",
    "risk",
    "strategy",
    "threshold",
    "recording",
    "visits",
    "plans",
    "managers",
    "social",
    "workers",
    "consistent",
    "effective",
    "improve",
    "ensure",
    "review",
    "audit",
    "learning",
    "practice",
    "domestic",
    "abuse",
    "exploitation",
    "missing",
    "care",
    "leavers",
    "education",
    "early",
    "help",
    "referral",
    "decision",
    "analysis",
    "information",
    "sharing",
    "agencies",
    "board",
    "council",
    "evidence",
    "impact",
    "outcome",
    "training",
    "capacity",
]


def table(rows: int) -> bytes:
    """A CSV file of that many recommendations, the same every time."""
    chance = random.Random(2026)  # noqa: S311 - no secret
    lines = ["inspection,ordinal,text,title,themes,owner,due_on"]
    for number in range(rows):
        slug = f"bench-{number // AN_INSPECTION}"
        text = " ".join(chance.choices(WORDS, k=chance.randint(15, 55)))
        title = " ".join(chance.choices(WORDS, k=5))
        owner = f"body-{number % 20}" if number % 3 else ""
        due = f"2027-{number % 12 + 1:02}" if number % 2 else ""
        lines.append(
            f'{slug},{number % AN_INSPECTION + 1},"{text}, no. {number}",{title},'
            f"theme-{number % 8},{owner},{due}"
        )
    return "\n".join(lines).encode()


def prepare(database: Database, rows: int) -> None:
    """What the rows refer to."""
    with database.writing() as session:
        places.add(session, LEAD, PlaceGiven(slug="bench", name="Bench"))
        for number in range(8):
            slug = f"theme-{number}"
            themes.add(session, LEAD, ThemeGiven(slug=slug, title=slug))
        for number in range(20):
            slug = f"body-{number}"
            given = PartyGiven.model_validate({"slug": slug, "name": slug, "kind": "board"})
            parties.add(session, LEAD, given)
        for number in range(-(-rows // AN_INSPECTION)):
            inspection = {
                "slug": f"bench-{number}",
                "title": "Bench",
                "framework": "ilacs",
                "inspectorates": ["ofsted"],
                "place": "bench",
                "published": "2024-05-01",
            }
            inspections.add(session, LEAD, InspectionGiven.model_validate(inspection))


def bring(database: Database, raw: bytes) -> float:
    """Seconds that the file takes from its bytes to the commit."""
    began = time.perf_counter()
    with database.writing() as session:
        id_ = new_id(session, "imp")
        file = imports.read(io.BytesIO(raw), imports.Format.TABLE)
        imports.bring(session, LEAD, file.parts, import_id=id_)
    return time.perf_counter() - began


WRITTEN = (
    *("recommendation", "recommendation_theme", "assignment", "recommendation_word"),
    *("journal_text", "change", "recommendation_interval"),
)
"""The tables that an import writes to, parts before wholes."""


def known(database: Database) -> dict[str, set[str]]:
    """What stands in those tables by the first column, which is their key where rows come before
    an import."""
    with database.connected() as connection:
        return {
            name: {str(row[0]) for row in connection.execute(select(METADATA.tables[name]))}
            for name in WRITTEN
        }


def written(database: Database, before: dict[str, set[str]]) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that came after those, as the driver takes them again."""
    found = {}
    with database.connected() as connection:
        for name in WRITTEN:
            written = "rowid" if database.embedded else "ctid"
            order = {"recommendation_word": "word, ref", "change": "seq"}.get(name, written)
            names = ", ".join(
                f'"{column.name}"{"" if database.embedded else "::text"}'
                for column in METADATA.tables[name].c
            )
            query = f'SELECT {names} FROM "{name}" ORDER BY {order}'  # noqa: S608 - our own names
            rows = connection.exec_driver_sql(query).fetchall()
            found[name] = [tuple(row) for row in rows if str(row[0]) not in before[name]]
    return found


def floor(database: Database, rows: dict[str, list[tuple[Any, ...]]]) -> float:
    """Seconds that they take as they are, in one transaction, by nothing but the driver."""
    with database.engine.begin() as connection:
        cursor: Any = connection.connection.cursor()
        began = time.perf_counter()
        for name, some in rows.items():
            columns = METADATA.tables[name].c
            into = f'"{name}" ({", ".join(one.name for one in columns)})'
            if database.embedded:
                marks = ", ".join("?" * len(columns))
                cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", some)  # noqa: S608
                continue
            with cursor.copy(f"COPY {into} FROM STDIN") as copy:
                for row in some:
                    copy.write_row(row)
        connection.commit()
        return time.perf_counter() - began


def other_writer(url: str, stop: Any, said: Any) -> None:
    """Records a place every 20 ms until told to stop; says how long one took at most, and how many
    were told to come back later."""
    database = open_register(Settings(database_url=url))
    longest, refused, number = 0.0, 0, 0
    while not stop.is_set():
        began = time.perf_counter()
        number += 1
        try:
            with database.writing() as session:
                slug = f"other-{number}"
                places.add(session, LEAD, PlaceGiven(slug=slug, name=slug))
        except DatabaseBusy:
            refused += 1
        longest = max(longest, time.perf_counter() - began)
        time.sleep(0.02)
    database.close()
    said.put((longest, refused))


def measure(make: registers.Make, raw: bytes, rows: int) -> dict[str, float]:
    ours = make()
    prepare(ours, rows)
    before = known(ours)
    seconds = bring(ours, raw)
    again = bring(ours, raw)
    bare = make()
    prepare(bare, rows)
    return {"ours": seconds, "again": again, "floor": floor(bare, written(ours, before))}


def waiting(make: registers.Make, raw: bytes, rows: int) -> tuple[float, float, int]:
    """Seconds that an import takes with another writer beside it, the longest that one waited, and
    how often it was told to come back later."""
    database = make()
    prepare(database, rows)
    context = multiprocessing.get_context("spawn")
    stop, said = context.Event(), context.Queue()
    url = database.engine.url.render_as_string(hide_password=False)
    process = context.Process(target=other_writer, args=(url, stop, said))
    process.start()
    time.sleep(3)
    seconds = bring(database, raw)
    time.sleep(0.5)
    stop.set()
    longest, refused = said.get(timeout=60)
    process.join(timeout=60)
    return seconds, longest, refused


def importer(url: str, path: str, said: Any) -> None:
    """Imports a file and says by how many bytes the process grew at most."""
    tune_collector()
    database = open_register(Settings(database_url=url))
    with database.reading() as session:
        session.connection()
    before = _peak()
    with database.writing() as session, Path(path).open("rb") as opened:
        file = imports.read(opened, imports.Format.TABLE)
        imports.bring(session, LEAD, file.parts, import_id=new_id(session, "imp"))
    said.put(_peak() - before)
    database.close()


def _peak() -> int:
    """Bytes that this process held at most; of its own (getrusage counts the parent's too)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def growth(make: registers.Make, raw: bytes, rows: int) -> int:
    """Bytes by which a process grows at most that imports the file."""
    database = make()
    prepare(database, rows)
    context = multiprocessing.get_context("spawn")
    said = context.Queue()
    url = database.engine.url.render_as_string(hide_password=False)
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(raw)
        kept.flush()
        process = context.Process(target=importer, args=(url, kept.name, said))
        process.start()
        grown: int = said.get(timeout=600)
        process.join(timeout=60)
    return grown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], action="append")
    options = parser.parse_args()
    raw = table(options.rows)
    tune_collector()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} {options.rows} rows, {len(raw) / 1e6:.1f} MB of CSV")
    for name in options.engine or ["sqlite", "postgresql"]:
        with registers.engine(name) as make:
            rounds = [measure(make, raw, options.rows) for _ in range(options.rounds)]
            for what in ("ours", "again"):
                ratios = [one[what] / one["floor"] for one in rounds]
                print(
                    f"{name:11}{what:6} {statistics.median(ratios):.2f} x floor "
                    f"({min(ratios):.2f} to {max(ratios):.2f}); "
                    f"{statistics.median(one[what] for one in rounds):.1f} s against "
                    f"{statistics.median(one['floor'] for one in rounds):.1f} s"
                )
            seconds, longest, refused = waiting(make, raw, options.rows)
            print(
                f"{name:11}others waited {longest:.2f} s at most while {seconds:.1f} s of import "
                f"ran; {refused} were told to come back"
            )
            grown = growth(make, raw, options.rows)
            print(
                f"{name:11}memory grew by {grown / 1e6:.0f} MB, {grown / len(raw):.1f} x the file"
            )


if __name__ == "__main__":
    main()
