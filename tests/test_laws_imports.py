"""Laws of imports: the same again changes nothing, one bad row and nothing is kept, a dry run
foretells what is done."""

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import audit, changes, imports
from app.domain.imports import Document, ImportRefused, Outcome, Result, outcome
from app.domain.recommendations import Recommendation
from tests.live import Register
from tests.test_laws import ALICE, steady

_numbers = count(1)

TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]),
    min_size=1,
    max_size=40,
).filter(lambda text: bool(text.strip()))
MAYBE_DATES = st.sampled_from([None, "2017-12-08", "2018-10/2018-11", "2025-03~", "XXXX-03"])


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Documents such as seed/ holds, whose names begin with `it-`."""
    some = st.integers(0, 3)
    themes = [f"it-theme-{number}" for number in range(draw(some))]
    bodies = [f"it-body-{number}" for number in range(draw(some))]
    sources = [
        {
            "slug": f"it-source-{number}",
            "title": draw(TEXTS),
            "kind": draw(st.sampled_from(["primary", "secondary"])),
        }
        for number in range(draw(some))
    ]

    def citations() -> list[dict[str, Any]]:
        if not sources:
            return []
        cited = draw(st.lists(st.sampled_from(sources), max_size=2))
        return [{"source": one["slug"], "quote": draw(TEXTS)} for one in cited]

    def several(names: Sequence[str]) -> list[str]:
        return draw(st.lists(st.sampled_from(names), max_size=3)) if names else []

    def maybe(**fields: Any) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if draw(st.booleans())}

    inspected = [
        {
            "slug": f"it-{number}",
            "title": draw(TEXTS),
            "framework": "sif",
            "inspectorates": ["ofsted"],
            "place": "it-place",
        }
        | maybe(
            published=draw(MAYBE_DATES),
            scope=draw(TEXTS),
            sources=[source["slug"] for source in sources],
            notes=[{"text": draw(TEXTS), "citations": citations()}],
            coverage={"stated_count": draw(some)},
            judgements=[{"area": draw(TEXTS), "grade": draw(TEXTS), "grade_normalised": "good"}],
        )
        for number in range(draw(some))
    ]
    rows = [
        {"inspection": one["slug"], "ordinal": ordinal, "text": draw(TEXTS)}
        | maybe(
            title=draw(TEXTS),
            themes=several(themes),
            addressees=several(bodies),
            due_on=draw(MAYBE_DATES),
            owner=draw(st.sampled_from([*bodies, None])),
            priority="high",
            number_as_printed=draw(TEXTS),
            citations=citations(),
        )
        for one in inspected
        for ordinal in range(1, draw(some) + 1)
    ]
    refs = [f"{row['inspection']}-{row['ordinal']}" for row in rows]
    pairs = list(zip(refs[1:], refs, strict=False))
    tied = draw(st.lists(st.sampled_from(pairs), max_size=3, unique=True)) if pairs else []
    shown = draw(st.lists(st.sampled_from(refs), max_size=3)) if refs else []
    return {
        "themes": [{"slug": slug, "title": draw(TEXTS)} for slug in themes],
        "sources": sources,
        "parties": [
            {"slug": slug, "name": draw(TEXTS), "kind": "board"} for slug in reversed(bodies)
        ],
        "inspections": inspected,
        "recommendations": rows,
        "links": [
            {
                "later": later,
                "earlier": earlier,
                "kind": "relates_to",
                "basis": "analyst",
                "rationale": draw(TEXTS),
            }
            for later, earlier in tied
        ],
        "evidence": [
            {
                "recommendation": ref,
                "key": f"it-key-{number}",
                "kind": "audit",
                "level": "output",
                "bearing": "supports",
                "summary": draw(TEXTS),
                "citations": citations(),
            }
            | maybe(observed="2018-10")
            for number, ref in enumerate(shown)
        ],
    }


def _renamed(document: dict[str, Any]) -> Document:
    """The document with names of its own, so that no two examples speak of one thing."""
    text = json.dumps(document).replace('"it-', f'"it-{next(_numbers)}-')
    return Document.model_validate_json(text, strict=True)


def test_the_same_document_again_changes_nothing(register: Register) -> None:
    sizes = []

    @steady(register, 25)
    @given(documents())
    def again(made: dict[str, Any]) -> None:
        document = _renamed(made)
        with register.write() as session:
            first = imports.bring(session, ALICE, document.parts())
        assert {row.outcome for row in first.rows} <= {Outcome.CREATED}
        with register.read() as session:
            before = changes.head(session)
        for update in (True, False):
            register.clock.advance(hours=1)
            with register.write() as session:
                again = imports.bring(session, ALICE, document.parts(), update=update)
            assert again.rows == []
            same = sum(again.count(Outcome.UNCHANGED, part) for part in outcome.PARTS)
            assert same == len(first.rows)
        with register.read() as session:
            assert changes.head(session) == before
        sizes.append(len(first.rows))

    again()
    assert max(sizes) > 10
    with register.read() as session:
        audit.verify(session)


def test_an_import_never_changes_a_text(register: Register) -> None:
    @steady(register, 15)
    @given(documents().filter(lambda made: bool(made["recommendations"])), TEXTS)
    def keeps(made: dict[str, Any], text: str) -> None:
        document = _renamed(made)
        rows = document.recommendations
        other = Document(recommendations=[row.model_copy(update={"text": text}) for row in rows])
        with register.write() as session:
            imports.bring(session, ALICE, document.parts())
        with register.read() as session:
            before = changes.head(session)
        with register.write() as session:
            result = imports.bring(session, ALICE, other.parts())
        wanted = [row.ref for row in rows if row.text.strip() != text.strip()]
        assert [row.name for row in result.rows] == wanted
        assert {row.outcome for row in result.rows} <= {Outcome.CONFLICT}
        with register.read() as session:
            for row in rows:
                stored = session.get_one(Recommendation, f"{row.inspection}-{row.ordinal}")
                assert stored.text == row.text
            assert changes.head(session) == before

    keeps()


def _head(register: Register) -> str:
    with register.read() as session:
        return changes.head(session)


def _told(result: Result) -> Any:
    """All that an answer says of a result."""
    return [row.listed for row in result.listed], {
        part: result.counts(part) for part in outcome.PARTS
    }


class Undone(Exception):
    """A dry run's rollback."""


def test_a_dry_run_foretells_exactly_what_is_done(register: Register) -> None:
    """Also of a document that changes some of what another brought."""

    def rehearse(document: Document, foretold: list[Any]) -> None:
        with register.write() as session:
            foretold.append(_told(imports.bring(session, ALICE, document.parts())))
            register.database.seal(session)
            raise Undone

    @steady(register, 20)
    @given(documents(), st.randoms(use_true_random=False))
    def foretells(made: dict[str, Any], chance: Any) -> None:
        first = _renamed(made)
        with register.write() as session:
            imports.bring(session, ALICE, first.parts())
        rows = [
            row.model_copy(update={"title": "Another", "text": chance.choice([row.text, "Other"])})
            for row in first.recommendations
        ]
        second = first.model_copy(update={"recommendations": rows})
        before = _head(register)
        foretold: list[Any] = []
        with pytest.raises(Undone):
            rehearse(second, foretold)
        assert _head(register) == before
        with register.write() as session:
            done = imports.bring(session, ALICE, second.parts())
        assert [_told(done)] == foretold

    foretells()


POISON: list[tuple[str, dict[str, Any]]] = [
    ("recommendations", {"inspection": "no-such", "ordinal": 1, "text": "x"}),
    (
        "links",
        {
            "later": "no-such-1",
            "earlier": "no-such-2",
            "kind": "reiterates",
            "basis": "analyst",
            "rationale": "x",
        },
    ),
    ("actions", {"key": "poison", "title": "x", "recommendations": ["no-such-1"]}),
    (
        "evidence",
        {
            "key": "poison",
            "recommendation": "no-such-1",
            "kind": "audit",
            "level": "output",
            "bearing": "mixed",
            "summary": "x",
        },
    ),
    ("parties", {"slug": "it-poison", "name": "x", "kind": "team", "organisation": "no-such"}),
]


def test_one_bad_row_anywhere_and_nothing_is_kept(register: Register) -> None:
    @steady(register, 25)
    @given(documents(), st.sampled_from(POISON), st.booleans())
    def keeps_nothing(made: dict[str, Any], bad: tuple[str, dict[str, Any]], first: bool) -> None:
        part, row = bad
        rows = made.get(part, [])
        document = _renamed(made | {part: [row, *rows] if first else [*rows, row]})
        before = _head(register)
        with pytest.raises(ImportRefused) as refused, register.write() as session:
            imports.bring(session, ALICE, document.parts())
        wrong = {(one.part, one.row) for one in refused.value.result.refused}
        assert wrong == {(part, 1 if first else len(rows) + 1)}
        assert _head(register) == before
        with register.read() as session:
            for one in document.recommendations:
                assert session.get(Recommendation, one.ref) is None

    keeps_nothing()
