"""The laws of the domain: whatever people do in whatever order, small plain models agree."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from graphlib import TopologicalSorter
from itertools import count, pairwise
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlmodel import Session, col

from app.domain import (
    assignments,
    audit,
    contributions,
    entry,
    evidence,
    feed,
    inspections,
    links,
    listing,
    moves,
    parties,
    recommendations,
)
from app.domain.actors import Actor, Role
from app.domain.assignments import Assignment, Part
from app.domain.base import today
from app.domain.changes import Change
from app.domain.contributions import ContributorGiven
from app.domain.errors import (
    AlreadyExists,
    DemandUnmet,
    IllegalMove,
    LinkRefused,
    Malformed,
    NotFound,
    NotYours,
    TrackerError,
)
from app.domain.evidence import EvidenceGiven, ReviewGiven
from app.domain.filters import Filters
from app.domain.inspections import InspectionGiven
from app.domain.links import Link, LinkGiven, LinkKind, LinkReviewGiven, State
from app.domain.links.link import INVERSE
from app.domain.moves import MoveMade
from app.domain.parties import PartyGiven, PartyPatch
from app.domain.recommendations import Recommendation
from app.domain.references import RecommendationGiven
from app.domain.status import MoveGiven, Status
from tests.live import Register

ALICE = Actor("alice", Role.LEAD, "council", "council")
BOB = Actor("bob", Role.LEAD, "police", "police")
CAROL = Actor("carol", Role.CONTRIBUTOR, "council", "council")
DAN = Actor("dan", Role.CONTRIBUTOR, "police", "police")
EVE = Actor("eve", Role.VIEWER)
PEOPLE = st.sampled_from([ALICE, ALICE, BOB, BOB, CAROL, CAROL, DAN, EVE])
REASONS = st.sampled_from([None, "Because it is so"])

Refusal = type[TrackerError] | None
Verb = Callable[[Session], Any]

_numbers = count(1)


def steady(register: Register, examples: int, steps: int = 1) -> settings:
    """The same examples every time; fewer on PostgreSQL, which is slower to make each commit. A
    failing one is shown as it is: making it smaller would take minutes on a real database."""
    return settings(
        derandomize=True,
        deadline=None,
        max_examples=examples if register.engine == "sqlite" else max(2, examples // 6),
        stateful_step_count=steps,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def try_out(register: Register, made: Callable[[], "Laws"], examples: int, steps: int = 25) -> None:
    """Runs random sequences of a machine's rules, each on a machine made anew."""
    run_state_machine_as_test(cast(Any, made), settings=steady(register, examples, steps))


class Undone(Exception):
    """Raised to take a transaction back."""


def attempt(register: Register, verb: Verb, *, undone: bool = False) -> Refusal:
    """One transaction; answers how it was refused, if it was. `undone`: taken back at its end."""
    try:
        with register.write() as session:
            verb(session)
            if undone:
                raise Undone
    except Undone:
        return None
    except TrackerError as error:
        return type(error)
    return None


def prepare(register: Register) -> None:
    with register.write() as session:
        for slug in ("council", "police", "schools"):
            party = PartyGiven(slug=slug, name=slug, kind=parties.PartyKind.ORGANISATION)
            parties.add(session, ALICE, party)


def enter(register: Register, *inspected: tuple[str | None, int]) -> list[str]:
    """New inspections, each with its date (or none) and number of recommendations: their refs."""
    number, refs = next(_numbers), []
    with register.write() as session:
        for index, (published, held) in enumerate(inspected):
            slug = f"law-{number}-{index}"
            given = {
                "slug": slug,
                "title": "An inspection",
                "framework": "sif",
                "inspectorates": ["ofsted"],
                "place": "here",
                "published": published,
            }
            inspections.add(session, ALICE, InspectionGiven.model_validate(given))
            for ordinal in range(1, held + 1):
                text = f"Do better, {slug}, in {ordinal} ways."
                row = RecommendationGiven(inspection=slug, ordinal=ordinal, text=text)
                refs.append(entry.add(session, ALICE, row).ref)
    return refs


def found(session: Session, ref: str) -> Recommendation:
    return recommendations.find(session, ALICE, ref, lock=True)


def listed(session: Session, refs: Sequence[str], day: date | None = None) -> list[dict[str, Any]]:
    slugs = sorted({ref.rpartition("-")[0] for ref in refs})
    filters = Filters(inspection=slugs, as_of=day, sort="ref")
    return listing.page(session, EVE, filters, stale_days=90, after=None, limit=500)[0]


NOT_KEPT = (
    "contributors",
    "contributors_progress",
    "assurance_expired",
    "times_reraised",
    "lineage",
    "action_count",
)


def kept(item: dict[str, Any]) -> dict[str, Any]:
    """What a list of a past day says of a recommendation."""
    return item | dict.fromkeys((*NOT_KEPT, "version"))


class Laws(RuleBasedStateMachine):
    """What holds after anything: no gap in the journal, no text touched, each past day as it was,
    today as now."""

    def __init__(self, register: Register, *inspected: tuple[str | None, int]) -> None:
        super().__init__()
        self.register = register
        self.refs = enter(register, *inspected)
        self.showed: dict[date, list[dict[str, Any]]] = {}
        with register.read() as session:
            self.texts = {item["ref"]: item["text"] for item in listed(session, self.refs)}

    def attempt(self, verb: Verb, *, undone: bool = False) -> Refusal:
        return attempt(self.register, verb, undone=undone)

    @rule()
    def a_night_passes(self) -> None:
        with self.register.read() as session:
            self.showed[today(session)] = [kept(item) for item in listed(session, self.refs)]
        self.register.clock.advance(days=1)

    def teardown(self) -> None:
        with self.register.read() as session:
            now = listed(session, self.refs)
            assert {item["ref"]: item["text"] for item in now} == self.texts
            assert listed(session, self.refs, today(session)) == [kept(item) for item in now]
            for day, items in self.showed.items():
                assert listed(session, self.refs, day) == items, day
            seqs = list(session.scalars(select(col(Change.seq)).order_by(col(Change.seq))))
            assert seqs == list(range(1, len(seqs) + 1))
            assert audit.verify(session).startswith(f"{len(seqs)}:")


# Moves

MOVES = {
    ("open", "in_progress"): "work",
    ("in_progress", "blocked"): "block",
    ("blocked", "in_progress"): "work",
    ("in_progress", "implemented"): "claim",
    ("implemented", "verified"): "verify",
    ("implemented", "in_progress"): "refuse",
    ("verified", "closed"): "finish",
    **dict.fromkeys(
        [(status, "closed") for status in ("open", "in_progress", "blocked", "implemented")],
        "give up",
    ),
    ("verified", "in_progress"): "reopen",
    ("closed", "in_progress"): "reopen",
}
"""domain.md's table of moves, written down a second time."""
LEADS_ONLY = ("verify", "refuse", "finish", "give up", "reopen")
ASKS_WHY = ("refuse", "reopen", "block")
CLOSURES = ["implemented", "superseded", "no_longer_applicable", "not_accepted", "risk_accepted"]


@dataclass
class Piece:
    id: str
    by: str
    level: str
    bearing: str
    round: int
    valid_until: date | None
    review: str = "submitted"
    gone: bool = False

    def counts(self, day: date) -> bool:
        valid = self.valid_until is None or self.valid_until >= day
        return self.bearing == "supports" and self.review != "rejected" and not self.gone and valid


@dataclass
class Told:
    """What a move is asked with."""

    actor: Actor
    to: str
    reason: str | None
    closure: str | None
    review_on: date | None
    day: date


@dataclass
class Stand:
    """Where a recommendation stands, by the words of domain.md alone."""

    status: str = "open"
    since: date | None = None
    closure: str | None = None
    claimed_by: str | None = None
    owner: str | None = None
    round: int = 0
    moved: int = 0
    taken_up: bool = False
    pieces: list[Piece] = field(default_factory=list)

    def refusal(self, told: Told, day: date) -> Refusal:
        what = MOVES.get((self.status, told.to))
        if not self.may(told, what):
            return NotYours
        if told.day > day or (self.since is not None and told.day < self.since):
            return Malformed
        if what is None:
            return IllegalMove
        if told.reason is None and (what in ASKS_WHY or told.closure in CLOSURES[2:]):
            return Malformed
        if told.to == "closed" and told.closure is None:
            return Malformed
        if told.closure == "risk_accepted" and told.review_on is None:
            return Malformed
        return None if self.has_what_it_needs(told, what, day) else DemandUnmet

    def may(self, told: Told, what: str | None) -> bool:
        if told.actor.role is Role.VIEWER:
            return False
        if what == "verify" and told.actor.name == self.claimed_by:
            return False
        if told.actor.role is Role.LEAD:
            return True
        own = self.owner is not None and self.owner == told.actor.organisation
        return own and what not in LEADS_ONLY and told.to not in ("verified", "closed")

    def has_what_it_needs(self, told: Told, what: str, day: date) -> bool:
        counting = [piece for piece in self.pieces if piece.counts(day)]
        accepted = {piece.level for piece in counting if piece.review == "accepted"}
        if what == "claim":
            return any(piece.round == self.round for piece in counting)
        if what == "verify":
            return "outcome" in accepted or ("output" in accepted and told.reason is not None)
        if what == "finish":
            return told.closure == "implemented"
        if what == "give up":
            return told.closure != "implemented" and (told.closure != "superseded" or self.taken_up)
        return True

    def move(self, told: Told) -> str:
        what = MOVES[self.status, told.to]
        if what == "claim":
            self.claimed_by = told.actor.name
        if what in ("refuse", "reopen"):
            self.claimed_by = None
            self.round += 1
        self.status, self.since, self.closure = told.to, told.day, told.closure
        self.moved += 1
        return what


class Moves(Laws):
    """Moves by anybody, with evidence, reviews, owners and a link that come and go."""

    def __init__(self, register: Register, seen: set[Any], steps: int) -> None:
        super().__init__(register, ("2017-12-08", 1), ("2023-07-14", 1))
        self.seen = seen
        self.ref, later = self.refs
        self.stand = Stand()
        given = LinkGiven(
            later=later,
            earlier=self.ref,
            kind=LinkKind.BROADENS,
            basis=links.Basis.ANALYST,
            rationale="The same concern",
        )
        with register.write() as session:
            self.link = links.propose(session, ALICE, given).id
        self.go(steps)

    def go(self, steps: int) -> None:
        """So far on the usual way."""
        for to in ("in_progress", "implemented", "verified", "closed")[:steps]:
            if to == "implemented":
                self.attach(ALICE, "outcome", "supports")
            if to == "verified":
                self.review(BOB, self.stand.pieces[0], "accepted")
            actor = BOB if to == "verified" else ALICE
            closure = "implemented" if to == "closed" else None
            self.move(Told(actor, to, None, closure, None, self.today))
            assert self.stand.status == to

    @rule(
        actor=PEOPLE,
        reason=REASONS,
        closure=st.sampled_from([*CLOSURES, None]),
        dated=st.booleans(),
        days=st.sampled_from([0, 0, -1, -1, 1]),
        choice=st.integers(0, 5),
    )
    def somebody_tries_every_move_and_makes_one(
        self,
        actor: Actor,
        reason: str | None,
        closure: str | None,
        dated: bool,
        days: int,
        choice: int,
    ) -> None:
        day = self.today + timedelta(days=days)
        review_on = self.today if closure == "risk_accepted" and dated else None
        tries = [Told(actor, to.value, reason, None, None, day) for to in Status]
        tries[-1] = Told(actor, "closed", reason, closure, review_on, day)
        able = [told for told in tries if self.ask(told, undone=True) is None]
        if not able:  # then a lead does
            lead = BOB if self.stand.claimed_by == "alice" else ALICE
            able = [
                Told(lead, to, "It is so", "not_accepted" if to == "closed" else None, None, day)
                for before, to in MOVES
                if before == self.stand.status
            ]
        self.move(able[choice % len(able)])

    @rule(
        actor=PEOPLE,
        level=st.sampled_from(["activity", "output", "outcome", "outcome"]),
        bearing=st.sampled_from(["supports", "supports", "supports", "mixed", "undermines"]),
        days=st.sampled_from([None, None, 1]),
        instead=st.booleans(),
    )
    def somebody_attaches_evidence(
        self, actor: Actor, level: str, bearing: str, days: int | None, instead: bool
    ) -> None:
        until = None if days is None else self.today + timedelta(days=days)
        self.attach(actor, level, bearing, until=until, instead=instead)

    @precondition(lambda self: self.stand.pieces)
    @rule(
        actor=PEOPLE,
        review=st.sampled_from(["accepted", "accepted", "rejected"]),
        reason=REASONS,
        data=st.data(),
    )
    def somebody_reviews_evidence(
        self, actor: Actor, review: str, reason: str | None, data: st.DataObject
    ) -> None:
        self.review(actor, data.draw(st.sampled_from(self.stand.pieces)), review, reason)

    @rule(owner=st.sampled_from(["council", "police", None]))
    def it_passes_to_another_owner(self, owner: str | None) -> None:
        self.attempt(lambda s: assignments.assign(s, ALICE, found(s, self.ref), owner, "So agreed"))
        self.stand.owner = owner

    @rule(state=st.sampled_from([State.CONFIRMED, State.REJECTED]))
    def the_link_is_reviewed(self, state: State) -> None:
        given = LinkReviewGiven(state=state, reason="Looked at again")
        self.attempt(
            lambda s: links.review(s, BOB, links.find(s, BOB, self.link, lock=True), given)
        )
        self.stand.taken_up = state is State.CONFIRMED

    @property
    def today(self) -> date:
        return self.register.clock.now.date()

    def ask(self, told: Told, *, undone: bool = False) -> Refusal:
        """Asks for a move; what comes is what domain.md says."""
        body = {
            "status": told.to,
            "reason": told.reason,
            "closure_reason": told.closure,
            "review_on": told.review_on and told.review_on.isoformat(),
            "effective_on": told.day.isoformat(),
        }
        given = MoveGiven.model_validate_json(json.dumps(body), strict=True)
        wanted = self.stand.refusal(told, self.today)
        refused = self.attempt(
            lambda s: moves.move(s, told.actor, found(s, self.ref), given), undone=undone
        )
        assert refused is wanted, (self.stand, told)
        self.seen.add(wanted)
        return refused

    def move(self, told: Told) -> None:
        if self.ask(told) is None:
            self.seen.add(self.stand.move(told))

    def attach(
        self,
        actor: Actor,
        level: str,
        bearing: str,
        *,
        until: date | None = None,
        instead: bool = False,
    ) -> None:
        old = next((piece for piece in self.stand.pieces if not piece.gone), None)
        body = {
            "kind": "audit",
            "level": level,
            "bearing": bearing,
            "summary": "Twenty cases",
            "valid_until": until and until.isoformat(),
            "supersedes": old.id if old and instead else None,
        }
        given = EvidenceGiven.model_validate(body)
        ids: list[str] = []
        refused = self.attempt(
            lambda s: ids.append(evidence.attach(s, actor, found(s, self.ref), given).id)
        )
        own = self.stand.owner is not None and self.stand.owner == actor.organisation
        may = actor.role is Role.LEAD or (actor.role is Role.CONTRIBUTOR and own)
        assert refused is (None if may else NotYours)
        if may:
            piece = Piece(ids[0], actor.name, level, bearing, self.stand.round, until)
            self.stand.pieces.append(piece)
            if old and instead:
                old.gone = True

    def review(self, actor: Actor, piece: Piece, review: str, reason: str | None = None) -> None:
        given = ReviewGiven(review=evidence.Review(review), reason=reason)

        def verb(session: Session) -> None:
            row, of = evidence.find(session, actor, piece.id, lock=True)
            evidence.review(session, actor, row, of, given)

        refused = self.attempt(verb)
        if actor.role is not Role.LEAD or actor.name == piece.by:
            assert refused is NotYours
        elif reason is None and (review == "rejected" or piece.review != "submitted"):
            assert refused is Malformed
        else:
            assert refused is None
            piece.review = review

    @invariant()
    def the_status_is_the_last_moves(self) -> None:
        with self.register.read() as session:
            row = session.get_one(Recommendation, self.ref)
            query = select(MoveMade).where(col(MoveMade.ref) == self.ref)
            made = list(session.scalars(query.order_by(col(MoveMade.number))))
        assert (row.status, row.closure_reason) == (self.stand.status, self.stand.closure)
        assert [move.number for move in made] == list(range(1, self.stand.moved + 1))
        assert row.status == (made[-1].status if made else "open")
        assert row.status_since == (made[-1].effective_on if made else None)
        path = ["open", *(move.status for move in made)]
        assert [move.status_before for move in made] == path[:-1]
        assert set(pairwise(path)) <= set(MOVES)


def test_moves_by_anybody_agree_with_the_table(register: Register) -> None:
    prepare(register)
    seen: set[Any] = set()
    for steps in range(5):
        try_out(register, partial(Moves, register, seen, steps), 5, 12)
    if register.engine == "sqlite":  # enough was tried to have seen most kinds of moves
        assert seen >= {None, NotYours, Malformed, IllegalMove, DemandUnmet}
        assert len(seen & set(MOVES.values())) >= 6


# Links

LINEAGE = ("reiterates", "broadens", "narrows", "supersedes")
INSPECTED: list[tuple[str | None, int]] = [
    ("2017-12-08", 2),
    ("2018-10/2018-11", 2),
    (None, 1),
    ("2018", 1),
]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


@dataclass
class Tie:
    id: str
    later: str
    earlier: str
    kind: str
    state: str


class Links(Laws):
    """Links proposed and reviewed in any order, also such as no careful person would."""

    def __init__(self, register: Register, seen: set[Any]) -> None:
        super().__init__(register, *INSPECTED)
        self.seen = seen
        self.ties: list[Tie] = []

    def spans(self, ref: str) -> tuple[date | None, date | None]:
        """The first and last day on which the inspection can have been published."""
        years: list[tuple[str | None, str | None]] = [
            ("2017-12-08", "2017-12-08"),
            ("2018-10-01", "2018-11-30"),
            (None, None),
            ("2018-01-01", "2018-12-31"),
        ]
        first, last = years[int(ref.split("-")[2])]
        return _day(first), _day(last)

    def arrows(self, *states: str) -> list[tuple[str, str]]:
        return [
            (tie.later, tie.earlier)
            for tie in self.ties
            if tie.kind in LINEAGE and tie.state in states
        ]

    def closes_a_circle(self, later: str, earlier: str, *, but: Tie | None = None) -> bool:
        """Is `later` reached from `earlier` over what nobody rejected?"""
        others = [tie for tie in self.ties if tie is not but and tie.state != "rejected"]
        reached, size = {earlier}, 0
        while len(reached) > size:
            size = len(reached)
            reached |= {
                tie.earlier for tie in others if tie.kind in LINEAGE and tie.later in reached
            }
        return later in reached

    def refusal(self, later: str, earlier: str, kind: str) -> Refusal:
        last, first = self.spans(later)[1], self.spans(earlier)[0]
        if later == earlier:
            return LinkRefused
        if kind in LINEAGE and last and first and last < first:
            return LinkRefused
        if any(
            {tie.later, tie.earlier} == {later, earlier} and tie.kind == kind for tie in self.ties
        ):
            return AlreadyExists
        if kind in LINEAGE and self.closes_a_circle(later, earlier):
            return LinkRefused
        return None

    @rule(
        ends=st.lists(st.integers(0, 5), min_size=2, max_size=2),
        kind=st.sampled_from(LinkKind),
        actor=st.sampled_from([ALICE, BOB]),
        made=st.integers(0, 2),
        confirmed=st.booleans(),
    )
    def somebody_proposes_a_link(
        self, ends: list[int], kind: LinkKind, actor: Actor, made: int, confirmed: bool
    ) -> None:
        one, other = (self.refs[end] for end in ends)
        tries = [(one, other, kind), (other, one, kind), (one, other, LinkKind.RELATES_TO)]
        for later, earlier, tried in tries:
            self.propose(actor, later, earlier, tried, undone=True)
        before = len(self.ties)
        self.propose(actor, *tries[made])
        if confirmed and len(self.ties) > before:
            self.review(self.ties[-1], "confirmed")

    def propose(
        self, actor: Actor, later: str, earlier: str, kind: LinkKind, *, undone: bool = False
    ) -> None:
        given = LinkGiven(
            later=later, earlier=earlier, kind=kind, basis=links.Basis.ANALYST, rationale="Alike"
        )
        wanted = self.refusal(later, earlier, kind.value)
        ids: list[str] = []
        refused = self.attempt(
            lambda s: ids.append(links.propose(s, actor, given).id), undone=undone
        )
        assert refused is wanted, (later, earlier, kind)
        self.seen.add(wanted)
        if wanted is None and not undone:
            self.ties.append(Tie(ids[0], later, earlier, kind.value, "proposed"))

    @precondition(lambda self: self.ties)
    @rule(data=st.data(), state=st.sampled_from(["confirmed", "confirmed", "rejected"]))
    def somebody_reviews_a_link(self, data: st.DataObject, state: str) -> None:
        self.review(data.draw(st.sampled_from(self.ties)), state)

    def review(self, tie: Tie, state: str) -> None:
        given = LinkReviewGiven(state=State(state), reason="Looked at")
        circle = tie.kind in LINEAGE and self.closes_a_circle(tie.later, tie.earlier, but=tie)
        wanted: Refusal = LinkRefused if state == "confirmed" and circle else None
        refused = self.attempt(
            lambda s: links.review(s, BOB, links.find(s, BOB, tie.id, lock=True), given)
        )
        assert refused is wanted
        self.seen.add((state, wanted))
        if wanted is None:
            tie.state = state

    @invariant()
    def lineages_are_what_plain_python_makes_of_the_links(self) -> None:
        with self.register.read() as session:
            ends = (col(Link.later), col(Link.earlier), col(Link.kind), col(Link.state))
            stored = session.execute(select(*ends).where(col(Link.later).in_(self.refs))).all()
            rows = {ref: session.get_one(Recommendation, ref) for ref in self.refs}
        assert sorted(tuple(map(str, row)) for row in stored) == sorted(
            (tie.later, tie.earlier, tie.kind, tie.state) for tie in self.ties
        )
        sorter: TopologicalSorter[str] = TopologicalSorter()
        for row in stored:
            if row.kind in LINEAGE and row.state != "rejected":
                sorter.add(row.later, row.earlier)
        sorter.prepare()  # raises where there is a cycle
        confirmed = self.arrows("confirmed")
        for ref, shown in rows.items():
            family = self.closure(ref, [*confirmed, *((b, a) for a, b in confirmed)])
            eldest = min(family, key=self.age)
            assert shown.lineage == (eldest if len(family) > 1 else None), ref
            above = self.closure(ref, [(earlier, later) for later, earlier in confirmed])
            own = ref.rpartition("-")[0]
            assert shown.times_reraised == len({one.rpartition("-")[0] for one in above} - {own})

    def closure(self, start: str, arrows: Sequence[tuple[str, str]]) -> set[str]:
        reached: set[str] = set()
        fresh = {start}
        while fresh:
            reached |= fresh
            fresh = {end for begin, end in arrows if begin in fresh} - reached
        return reached

    def age(self, ref: str) -> tuple[date, str]:
        return self.spans(ref)[1] or date.max, ref


def test_no_order_of_links_makes_a_cycle_or_a_wrong_lineage(register: Register) -> None:
    prepare(register)
    seen: set[Any] = set()
    try_out(register, partial(Links, register, seen), 12)
    if register.engine == "sqlite":
        assert seen >= {None, LinkRefused, AlreadyExists, ("confirmed", None), ("rejected", None)}


def test_what_a_link_changes_in_a_third_recommendation_is_in_its_history(
    register: Register,
) -> None:
    prepare(register)
    first, second, third = enter(register, ("2010-03-31", 1), ("2017-12-08", 1), ("2023", 1))
    for later, earlier in ((third, second), (second, first)):
        register.clock.advance(hours=1)
        given = LinkGiven(
            later=later,
            earlier=earlier,
            kind=LinkKind.REITERATES,
            basis=links.Basis.ANALYST,
            rationale="Again",
        )
        with register.write() as session:
            link = links.propose(session, ALICE, given)
        with register.write() as session:
            found_link = links.find(session, BOB, link.id, lock=True)
            links.review(session, BOB, found_link, LinkReviewGiven(state=State.CONFIRMED))
    with register.read() as session:
        row = session.get_one(Recommendation, third)
        told = feed.history(session, ALICE, third, after=None, limit=500)[-1]
    assert (row.lineage, row.updated_at) == (first, register.clock.now)
    assert (told["action"], told["actor"]) == ("recommendation:lineage:restated", "tracker")
    assert (told["before"], told["after"]) == ({"lineage": second}, {"lineage": first})


@pytest.mark.parametrize("kind", LinkKind)
def test_the_inverse_of_the_inverse_is_itself(kind: LinkKind) -> None:
    assert INVERSE[kind.inverse] == kind.value
    assert (kind.inverse == kind.value) == (kind is LinkKind.RELATES_TO)


# Owners

BODIES = ["council", "police", "schools", "team"]


class Owners(Laws):
    """Owners and contributors that come and go, and a team that changes its organisation."""

    def __init__(self, register: Register) -> None:
        super().__init__(register, ("2017-12-08", 1))
        self.ref = self.refs[0]
        self.owner: str | None = None
        self.others: set[str] = set()
        self.team = f"team-{next(_numbers)}"
        self.team_of = "council"
        self.ended: dict[str, Any] = {}
        party = PartyGiven(
            slug=self.team, name="A team", kind=parties.PartyKind.TEAM, organisation=self.team_of
        )
        with register.write() as session:
            parties.add(session, ALICE, party)

    def slug(self, body: str | None) -> str | None:
        return self.team if body == "team" else body

    @rule(actor=PEOPLE, body=st.sampled_from([*BODIES, None, "unknown"]), reason=REASONS)
    def somebody_names_the_owner(self, actor: Actor, body: str | None, reason: str | None) -> None:
        party = self.slug(body)
        refused = self.attempt(
            lambda s: assignments.assign(s, actor, found(s, self.ref), party, reason)
        )
        if actor.role is not Role.LEAD:
            assert refused is NotYours
        elif body == "unknown":
            assert refused is Malformed
        else:
            assert refused is None
            self.owner = party

    @rule(body=st.sampled_from(BODIES))
    def a_contributor_joins(self, body: str) -> None:
        given = ContributorGiven(party=str(self.slug(body)))
        refused = self.attempt(
            lambda s: contributions.contribute(s, ALICE, found(s, self.ref), given)
        )
        assert refused is (AlreadyExists if given.party in self.others else None)
        self.others.add(given.party)

    @rule(body=st.sampled_from(BODIES), reason=REASONS)
    def a_contributor_leaves(self, body: str, reason: str | None) -> None:
        party = str(self.slug(body))
        refused = self.attempt(
            lambda s: contributions.release(s, ALICE, found(s, self.ref), party, reason)
        )
        if party not in self.others:
            assert refused is NotFound
        elif reason is None:
            assert refused is Malformed
        else:
            assert refused is None
            self.others.remove(party)

    @rule(organisation=st.sampled_from(["council", "police"]))
    def the_team_changes_its_organisation(self, organisation: str) -> None:
        patch = PartyPatch(organisation=organisation)
        self.attempt(
            lambda s: parties.amend(s, ALICE, parties.find(s, self.team, lock=True), patch)
        )
        self.team_of = organisation

    @invariant()
    def one_is_accountable_where_there_is_an_owner_and_never_two(self) -> None:
        with self.register.read() as session:
            row = session.get_one(Recommendation, self.ref)
            query = select(Assignment).where(col(Assignment.ref) == self.ref)
            all_of_them = list(session.scalars(query))
        still = [one for one in all_of_them if one.ended_at is None]
        accountable = [one.party for one in still if one.role is Part.ACCOUNTABLE]
        assert accountable == ([] if self.owner is None else [self.owner])
        assert row.owner == self.owner
        assert row.organisation == (self.team_of if self.owner == self.team else self.owner)
        others = [one.party for one in still if one.role is Part.CONTRIBUTOR]
        assert sorted(others) == sorted(self.others) == row.contributors
        ended = {one.id: one.model_dump() for one in all_of_them if one.ended_at is not None}
        assert self.ended.items() <= ended.items()  # what ended is never rewritten
        self.ended = ended


def test_exactly_one_is_accountable_for_what_has_an_owner(register: Register) -> None:
    prepare(register)
    try_out(register, partial(Owners, register), 10)
