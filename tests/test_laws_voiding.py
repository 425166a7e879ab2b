"""The laws of errata and voidings: no text changes without an erratum, only what nobody worked on
is voided, and what is voided is in no list and no count."""

from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from app.domain import errata, links, notes, recommendations, sources, voiding
from app.domain.actors import Actor, Role
from app.domain.errata import ErratumGiven
from app.domain.errors import AlreadyExists, Conflict, NotYours, Voided, WorkedOn
from app.domain.inspections import Inspection
from app.domain.links import LinkGiven, LinkKind
from app.domain.recommendations import Recommendation, RecommendationPatch
from app.domain.sources import CitationGiven, SourceGiven, SourceKind
from tests.live import Register
from tests.test_laws import ALICE, BOB, PEOPLE, Laws, Refusal, found, listed, prepare, try_out

WHICH = st.integers(0, 3)


class Mistakes(Laws):
    """Errata, voidings and reinstatements by anybody, among notes, titles and links."""

    def __init__(self, register: Register, seen: set[Any]) -> None:
        super().__init__(register, ("2017-12-08", 3), ("2023-07-14", 1))
        self.seen = seen
        self.voided: dict[str, str] = {}
        """With the text of each."""
        self.worked: set[str] = set()
        self.before: dict[str, set[str]] = {}
        self.linked: set[frozenset[str]] = set()

    def refusal(self, actor: Actor, *refs: str) -> Refusal:
        if actor.role is not Role.LEAD:
            return NotYours
        return Voided if self.voided.keys() & set(refs) else None

    def tried(self, verb: Any, wanted: Refusal) -> bool:
        """Answers whether it was done; it is refused as it should be."""
        refused = self.attempt(verb)
        assert refused is wanted
        self.seen.add((verb.__name__, wanted))
        return refused is None

    @rule(actor=PEOPLE, which=WHICH, text=st.sampled_from(["Do better.", "Do much better."]))
    def somebody_corrects_the_text(self, actor: Actor, which: int, text: str) -> None:
        ref = self.refs[which]
        citation = CitationGiven(source="law-source")
        given = ErratumGiven(text=text, reason="Typed wrongly", citation=citation)
        wanted = self.refusal(actor, ref)
        if wanted is None and self.texts[ref] == text:
            wanted = Conflict

        def correct(session: Any) -> None:
            errata.correct(session, actor, found(session, ref), given)

        if self.tried(correct, wanted):
            self.before.setdefault(ref, set()).add(self.texts[ref])
            self.texts[ref] = text
            for item in (item for items in self.showed.values() for item in items):
                if item["ref"] == ref:  # lists of past days show the text as it is read now
                    item["text"] = text

    @rule(actor=PEOPLE, which=WHICH)
    def somebody_voids_it(self, actor: Actor, which: int) -> None:
        ref = self.refs[which]
        wanted = self.refusal(actor, ref)
        if wanted is None and ref in self.worked:
            wanted = WorkedOn

        def void(session: Any) -> None:
            voiding.void(session, actor, found(session, ref), "A mistake")

        if self.tried(void, wanted):
            self.voided[ref] = self.texts.pop(ref)

    @rule(which=WHICH)
    def it_is_brought_again(self, which: int) -> None:
        ref = self.refs[which]
        if ref in self.voided:
            self.attempt(lambda s: voiding.reinstate(s, ALICE, found(s, ref)))
            self.texts[ref] = self.voided.pop(ref)

    @rule(actor=PEOPLE, which=WHICH, said=st.sampled_from(["a note", "a title"]))
    def somebody_works_on_it(self, actor: Actor, which: int, said: str) -> None:
        ref = self.refs[which]
        patch = RecommendationPatch(title=f"Title {len(self.seen)} of {actor.name}")

        def work(session: Any) -> None:
            if said == "a note":
                notes.write(session, actor, found(session, ref), "Asked")
            else:
                recommendations.amend(session, actor, found(session, ref), patch)

        if which and self.tried(work, self.refusal(actor, ref)):  # the first is left alone
            self.worked.add(ref)

    @rule(one=st.integers(1, 2), other=st.sampled_from([2, 3]))
    def somebody_links_two(self, one: int, other: int) -> None:
        if one == other:
            return
        ends = {self.refs[one], self.refs[other]}
        given = LinkGiven(
            later=self.refs[other],
            earlier=self.refs[one],
            kind=LinkKind.RELATES_TO,
            basis=links.Basis.ANALYST,
            rationale="Alike",
        )
        wanted = self.refusal(BOB, *ends)
        if wanted is None and ends in self.linked:
            wanted = AlreadyExists

        def link(session: Any) -> None:
            links.propose(session, BOB, given)

        if self.tried(link, wanted):
            self.worked |= ends
            self.linked.add(frozenset(ends))

    @invariant()
    def what_is_voided_is_in_no_list_and_no_count(self) -> None:
        standing = [ref for ref in self.refs if ref not in self.voided]
        slugs = {ref.rpartition("-")[0] for ref in self.refs}
        with self.register.read() as session:
            assert {row["ref"]: row["text"] for row in listed(session, self.refs)} == self.texts
            for slug in slugs:
                held = [ref for ref in standing if ref.startswith(f"{slug}-")]
                assert session.get_one(Inspection, slug).held_count == len(held)
            for ref in self.refs:
                row = session.get_one(Recommendation, ref)
                assert row.voided == (ref in self.voided)
                assert row.text == (self.voided | self.texts)[ref]
            assert voiding.lasting(session, self.refs).keys() == self.voided.keys()
            assert errata.earlier_texts(session, self.refs) == self.before


def test_no_mistake_takes_away_what_people_did(register: Register) -> None:
    prepare(register)
    with register.write() as session:
        given = SourceGiven(slug="law-source", title="A report", kind=SourceKind.PRIMARY)
        sources.add(session, ALICE, given)
    seen: set[Any] = set()
    try_out(register, partial(Mistakes, register, seen), 12)
    if register.engine == "sqlite":  # enough was tried to have seen each way it can go
        assert seen >= {
            ("correct", None),
            ("correct", NotYours),
            ("correct", Voided),
            ("correct", Conflict),
            ("void", None),
            ("void", Voided),
            ("void", WorkedOn),
            ("work", Voided),
            ("link", None),
        }
