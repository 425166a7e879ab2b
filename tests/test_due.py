"""Due dates: when one has passed, when it comes near, how far it has slid, in Python and in SQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, delete, insert, select
from sqlmodel import Session

from app.domain import due
from app.domain.base import columns
from app.domain.dates import Certainty, parse
from app.domain.recommendations import Recommendation
from app.domain.status import UNFINISHED, Status
from tests.live import Live, Register, pointers

REF = "bwd-2017-sif-4"
TODAY = date(2026, 11, 24)  # of the tests' clock


@pytest.mark.parametrize("status", ["open", "in_progress", "blocked", "implemented"])
def test_what_is_unfinished_can_be_overdue(status: str) -> None:
    assert due.overdue(Status(status) in UNFINISHED, parse("2026-11-23"), TODAY) is Certainty.YES
    assert due.overdue(Status(status) in UNFINISHED, parse("2026-11"), TODAY) is Certainty.POSSIBLY
    assert due.overdue(Status(status) in UNFINISHED, parse("XXXX-11"), TODAY) is Certainty.POSSIBLY
    assert due.overdue(Status(status) in UNFINISHED, parse("2026-11-24"), TODAY) is Certainty.NO
    assert due.overdue(Status(status) in UNFINISHED, None, TODAY) is Certainty.NO


@pytest.mark.parametrize("status", ["verified", "closed"])
def test_what_is_done_is_never_overdue_nor_due_soon(status: str) -> None:
    assert due.overdue(Status(status) in UNFINISHED, parse("1999"), TODAY) is Certainty.NO
    assert due.overdue(Status(status) in UNFINISHED, parse("XXXX"), TODAY) is Certainty.NO
    assert not due.soon(Status(status) in UNFINISHED, parse("2026-11-25"), TODAY)


@pytest.mark.parametrize(
    ("text", "soon"),
    [
        ("2026-11-23", False),  # passed
        ("2026-11-24", True),  # today
        ("2026-12-24", True),  # in thirty days
        ("2026-12-25", False),
        ("2026-11", True),  # has begun and is not over
        ("2026-12", True),  # begins within thirty days
        ("2027-01", False),
        ("2026", True),
        ("XXXX-12", False),
    ],
)
def test_due_soon_looks_thirty_days_ahead(text: str, soon: bool) -> None:
    assert due.soon(True, parse(text), TODAY) is soon
    assert due.soon(True, None, TODAY) is False


def test_slippage_counts_days_between_the_latest_days() -> None:
    assert due.slippage(date(2026, 2, 28), date(2026, 3, 31)) == 31
    assert due.slippage(date(2028, 2, 28), date(2028, 3, 1)) == 2  # over a leap day
    assert due.slippage(date(2026, 3, 31), date(2026, 3, 1)) == -30
    assert due.slippage(date(2026, 3, 31), date(2026, 3, 31)) == 0
    assert due.slippage(None, date(2026, 3, 31)) is None
    assert due.slippage(date(2026, 3, 31), None) is None


def test_a_due_date_that_moves_says_why_and_how_far(live: Live) -> None:
    lead = live.client("Alice", "lead", "bwd-council")

    def shown() -> tuple[Any, ...]:
        one = lead.see(REF)
        names = ("due_on", "original_due_on", "slippage_days", "times_moved", "overdue", "due_soon")
        return tuple(one[name] for name in names)

    assert shown() == (None, None, None, 0, "no", False)
    assert lead.amend(REF, due_on="2026-11").status_code == 200
    assert shown() == ("2026-11", "2026-11", 0, 0, "possibly", True)

    unexplained = lead.amend(REF, due_on="2027-01-31")
    assert unexplained.status_code == 422
    assert pointers(unexplained) == ["/reason"]
    assert shown() == ("2026-11", "2026-11", 0, 0, "possibly", True)

    moved = lead.amend(REF, due_on="2027-01-31", reason="The board meets in January")
    assert moved.status_code == 200
    assert shown() == ("2027-01-31", "2026-11", 62, 1, "no", False)
    again = lead.amend(REF, due_on="2027-01-31")  # no move, so no reason
    assert again.status_code == 200
    assert shown() == ("2027-01-31", "2026-11", 62, 1, "no", False)
    assert lead.amend(REF, due_on="2026-11-20", reason="Agreed to be sooner").status_code == 200
    assert shown() == ("2026-11-20", "2026-11", -10, 2, "yes", False)
    assert lead.amend(REF, due_on=None, reason="No date was ever agreed").status_code == 200
    assert shown() == (None, "2026-11", None, 3, "no", False)
    assert lead.amend(REF, due_on="2026-12-05").status_code == 422
    assert lead.amend(REF, due_on="2026-13", reason="A slip of the pen").status_code == 422


def test_a_due_date_passes_at_midnight_in_london(live: Live) -> None:
    lead = live.client("Alice", "lead", "bwd-council")
    assert lead.amend(REF, due_on="2027-06-10").status_code == 200
    live.register.clock.advance(days=198, hours=10, minutes=59)
    assert live.register.clock.now.isoformat() == "2027-06-10T22:59:00+00:00"
    assert lead.see(REF)["overdue"] == "no"
    live.register.clock.advance(minutes=1)  # midnight, in summer time
    assert lead.see(REF)["overdue"] == "yes"


DUE = st.one_of(
    st.none(),
    st.sampled_from(["XXXX", "XXXX-11", "2026/..", "../2026", "2026-11-20/2026-12", "202X"]),
    st.dates(TODAY - timedelta(days=9), TODAY + timedelta(days=9)).map(str),
    st.sampled_from(["2026-10", "2026-11~", "2026-12?", "2027-01"]),
)
ROWS = st.lists(st.tuples(st.sampled_from(Status), DUE), min_size=10, max_size=30)
NEAR = st.dates(TODAY - timedelta(days=9), TODAY + timedelta(days=9))

_REAL = columns(Recommendation).c
DATED = Table(
    "dated",
    MetaData(),
    Column("number", Integer, primary_key=True),
    *(
        Column(name, _REAL[name].type)
        for name in ("status", "due_on", "due_earliest", "due_latest")
    ),
    prefixes=["TEMPORARY"],
)
"""The columns of a recommendation that overdue_is() reads, of the same types."""


@contextmanager
def dated_rows(register: Register) -> Iterator[Session]:
    with register.write() as session:
        DATED.create(session.connection())
        yield session
        DATED.drop(session.connection())


def test_the_condition_in_sql_agrees_with_the_rule_in_python(register: Register) -> None:
    with dated_rows(register) as session:
        connection = session.connection()

        @settings(derandomize=True, deadline=None, max_examples=60)
        @given(ROWS, NEAR)
        def agrees(rows: list[tuple[Status, str | None]], day: date) -> None:
            connection.execute(delete(DATED))
            wanted: dict[Certainty, set[int]] = {answer: set() for answer in Certainty}
            stored = []
            for number, (status, text) in enumerate(rows):
                fuzzy = None if text is None else parse(text)
                wanted[due.overdue(status in UNFINISHED, fuzzy, day)].add(number)
                stored.append(
                    {
                        "number": number,
                        "status": status,
                        "due_on": text,
                        "due_earliest": fuzzy and fuzzy.earliest,
                        "due_latest": fuzzy and fuzzy.latest,
                    }
                )
            connection.execute(insert(DATED), stored)
            for answer in Certainty:
                condition = due.overdue_is(answer, dict(DATED.c.items()), day)
                found = connection.scalars(select(DATED.c.number).where(condition))
                assert set(found) == wanted[answer], answer

        agrees()
