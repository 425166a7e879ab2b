"""The laws of accountability: owners, dates and regressions, recomputed by plain Python."""

import itertools
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import Session, col

from app.domain import assignments, evidence, inspections, links, moves, parties, successions
from app.domain import recommendations as register_
from app.domain.assignments import Assignment, Part
from app.domain.dates import bounds
from app.domain.evidence import EvidenceGiven, ReviewGiven
from app.domain.inspections import InspectionPatch
from app.domain.links import LinkGiven, LinkKind, LinkReviewGiven, State
from app.domain.parties import PartyGiven
from app.domain.recommendations import Recommendation, RecommendationPatch
from app.domain.status import MoveGiven
from app.domain.successions import SuccessionGiven
from tests.live import Register
from tests.test_laws import ALICE, BOB, enter, found, prepare, steady

START = date(2024, 1, 1)


@dataclass
class Step:
    """One thing that happens to who owns it, `hours` after the one before."""

    hours: int
    what: str
    party: str | None


STEPS = st.builds(
    Step,
    hours=st.integers(1, 72),
    what=st.sampled_from(["assign", "assign", "assign", "succeed"]),
    party=st.sampled_from(["council", "police", "schools", None]),
)


def owners(session: Session, ref: str) -> list[Assignment]:
    query = select(Assignment).where(
        col(Assignment.ref) == ref, col(Assignment.role) == Part.ACCOUNTABLE
    )
    return list(session.scalars(query.order_by(col(Assignment.began_at), col(Assignment.id))))


def owner_at(rows: list[Assignment], moment: datetime) -> list[str]:
    return [
        row.party
        for row in rows
        if row.began_at <= moment and (row.ended_at is None or moment < row.ended_at)
    ]


def test_at_most_one_is_accountable_at_any_instant(register: Register) -> None:
    prepare(register)

    @steady(register, 30)
    @given(steps=st.lists(STEPS, min_size=1, max_size=10))
    def holds(steps: list[Step]) -> None:
        (ref,) = enter(register, ("2020-01-01", 1))
        told: list[tuple[datetime, str | None]] = []
        current: str | None = None
        for number, step in enumerate(steps):
            register.clock.advance(hours=step.hours)
            with register.write() as session:
                recommendation = found(session, ref)
                if step.what == "assign" or current is None:
                    current = step.party
                    assignments.assign(session, ALICE, recommendation, current, "So agreed")
                else:
                    successor = f"{ref}-{number}".replace("law-", "body-")
                    kind = parties.PartyKind.BOARD
                    parties.add(session, ALICE, PartyGiven(slug=successor, name="B", kind=kind))
                    given_ = SuccessionGiven(
                        successor=successor, reason="Reorganised", recommendations=[ref]
                    )
                    party = parties.find(session, current, lock=True)
                    successions.succeed(session, ALICE, party, given_)
                    current = successor
            told.append((register.clock.now, current))
        with register.read() as session:
            rows = owners(session, ref)
            assert session.get_one(Recommendation, ref).owner == current
        instants = {row.began_at for row in rows} | {row.ended_at for row in rows if row.ended_at}
        for instant in instants:
            for moment in (instant - timedelta(microseconds=1), instant):
                assert len(owner_at(rows, moment)) <= 1
        for moment, owner in told:
            assert owner_at(rows, moment) == ([] if owner is None else [owner])

    holds()


DUE = st.one_of(
    st.dates(date(2025, 1, 1), date(2027, 12, 31)).map(str),
    st.dates(date(2025, 1, 1), date(2027, 12, 31)).map(lambda day: f"{day:%Y-%m}"),
)


def test_slippage_is_the_sum_of_the_moves(register: Register) -> None:
    prepare(register)

    @steady(register, 30)
    @given(dates=st.lists(DUE, min_size=1, max_size=8))
    def holds(dates: list[str]) -> None:
        (ref,) = enter(register, ("2020-01-01", 1))
        for due_on in dates:
            with register.write() as session:
                patch = RecommendationPatch(due_on=due_on, reason="Agreed at the board")
                register_.amend(session, ALICE, found(session, ref), patch)
        latest = [bounds(due_on)[1] for due_on in dates]
        steps = [
            (after - before).days
            for before, after in itertools.pairwise(latest)
            if before is not None and after is not None
        ]
        moved = sum(one != other for one, other in itertools.pairwise(dates))
        with register.read() as session:
            row = session.get_one(Recommendation, ref)
            assert row.original_due_on == dates[0]
            assert row.times_moved == moved
            assert row.due_latest is not None
            assert row.original_due_latest is not None
            assert (row.due_latest - row.original_due_latest).days == sum(steps)

    holds()


@dataclass
class History:
    """How a recommendation was settled, and what was said of it since. Days count from START."""

    way: str
    settled: int
    reopened: bool
    kind: str
    state: str
    published: int | None
    bearing: str
    review: str
    observed: int | None
    withdrawn: bool
    redated: int | None

    @property
    def counts_as_done(self) -> bool:
        settled = ("verified", "closed", "no_longer_applicable", "risk_accepted")
        return self.way in settled and not self.reopened

    @property
    def regressed(self) -> bool:
        """The definition of domain.md, word for word."""
        published = self.redated if self.redated is not None else self.published
        by_link = (
            self.state == "confirmed"
            and self.kind in ("reiterates", "broadens", "narrows")
            and published is not None
            and published > self.settled
        )
        by_evidence = (
            self.bearing == "undermines"
            and self.review == "accepted"
            and not self.withdrawn
            and self.observed is not None
            and self.observed > self.settled
        )
        return self.counts_as_done and (by_link or by_evidence)


HISTORIES = st.builds(
    History,
    way=st.sampled_from(
        ["verified", "closed", "no_longer_applicable", "risk_accepted", "not_accepted", "open"]
    ),
    settled=st.integers(0, 20),
    reopened=st.sampled_from([False, False, False, True]),
    kind=st.sampled_from([kind.value for kind in LinkKind]),
    state=st.sampled_from(["confirmed", "confirmed", "proposed", "rejected"]),
    published=st.one_of(st.none(), st.integers(0, 20)),
    bearing=st.sampled_from(["undermines", "undermines", "mixed", "supports"]),
    review=st.sampled_from(["accepted", "accepted", "submitted", "rejected"]),
    observed=st.one_of(st.none(), st.integers(0, 20)),
    withdrawn=st.sampled_from([False, False, True]),
    redated=st.one_of(st.none(), st.none(), st.integers(0, 20)),
)


def on(day: int | None) -> str | None:
    return None if day is None else str(START + timedelta(days=day))


def test_regressed_exactly_when_the_definition_holds(register: Register) -> None:
    prepare(register)
    seen: set[bool] = set()

    @steady(register, 120)
    @given(history=HISTORIES)
    def holds(history: History) -> None:
        earlier, later = enter(register, ("2023-01-01", 1), (on(history.published), 1))
        _settle(register, history, earlier)
        _say_since(register, history, earlier, later)
        if history.reopened and history.way != "open":
            _move(register, earlier, "in_progress", reason="Taken up again")
        with register.read() as session:
            row = session.get_one(Recommendation, earlier)
            assert row.regressed is history.regressed, history
        seen.add(history.regressed)

    holds()
    assert seen == {True, False}


def _move(register: Register, ref: str, status: str, *, by: Any = ALICE, **more: Any) -> None:
    with register.write() as session:
        asked = MoveGiven.model_validate({"status": status, **more})
        moves.move(session, by, found(session, ref), asked)


def _settle(register: Register, history: History, ref: str) -> None:
    day = START + timedelta(days=history.settled)
    if history.way in ("verified", "closed"):
        _move(register, ref, "in_progress", effective_on=START)
        with register.write() as session:
            proof = EvidenceGiven.model_validate(
                {"kind": "audit", "level": "outcome", "bearing": "supports", "summary": "Better"}
            )
            piece = evidence.attach(session, ALICE, found(session, ref), proof)
        _move(register, ref, "implemented", effective_on=START)
        _review(register, piece.id, "accepted")
        _move(register, ref, "verified", by=BOB, effective_on=day)
        if history.way == "closed":
            later = day + timedelta(days=1)
            _move(register, ref, "closed", closure_reason="implemented", effective_on=later)
    elif history.way != "open":
        review = {"review_on": START} if history.way == "risk_accepted" else {}
        _move(
            register,
            ref,
            "closed",
            closure_reason=history.way,
            effective_on=day,
            reason="So decided",
            **review,
        )


def _say_since(register: Register, history: History, earlier: str, later: str) -> None:
    with register.write() as session:
        given_ = LinkGiven.model_validate(
            {
                "later": later,
                "earlier": earlier,
                "kind": history.kind,
                "basis": "analyst",
                "rationale": "Again",
            }
        )
        link = links.propose(session, ALICE, given_)
    if history.state != "proposed":
        with register.write() as session:
            review = LinkReviewGiven(state=State(history.state), reason="Looked at")
            links.review(session, BOB, links.find(session, BOB, link.id, lock=True), review)
    with register.write() as session:
        said = EvidenceGiven.model_validate(
            {
                "kind": "inspection_finding",
                "level": "outcome",
                "bearing": history.bearing,
                "summary": "What was found",
                "observed": on(history.observed),
            }
        )
        piece = evidence.attach(session, ALICE, found(session, earlier), said)
    if history.review != "submitted":
        _review(register, piece.id, history.review)
    if history.withdrawn:
        with register.write() as session:
            row, recommendation = evidence.find(session, ALICE, piece.id, lock=True)
            evidence.withdraw(session, ALICE, row, recommendation, "A mistake")
    if history.redated is not None:
        with register.write() as session:
            slug = later.rpartition("-")[0]
            inspection = inspections.find(session, ALICE, slug, lock=True)
            inspections.amend(
                session, ALICE, inspection, InspectionPatch(published=on(history.redated))
            )


def _review(register: Register, id_: str, review: str) -> None:
    with register.write() as session:
        piece, recommendation = evidence.find(session, BOB, id_, lock=True)
        given_ = ReviewGiven.model_validate({"review": review, "reason": "Looked at"})
        evidence.review(session, BOB, piece, recommendation, given_)
