"""Parties: the organisations, boards, teams, posts and people who own or are addressed."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, or_, select
from sqlmodel import Field, Session, col

from app.domain import base, changes
from app.domain.actors import Actor
from app.domain.base import (
    NAME,
    PROSE,
    Expect,
    Given,
    Line,
    Moment,
    Shown,
    Slug,
    Table,
    fetch,
    unconditional,
    words,
)
from app.domain.errors import AlreadyExists, Malformed, NotFound
from app.domain.keyset import Key, behind


class PartyKind(StrEnum):
    """Prefer a post to a person: people move on."""

    ORGANISATION = "organisation"
    BOARD = "board"
    TEAM = "team"
    POST = "post"
    PERSON = "person"


class Party(Table, table=True):
    slug: str = Field(primary_key=True, sa_type=NAME)
    name: str = Field(max_length=300)
    kind: PartyKind = Field(sa_type=words(PartyKind))
    organisation: str | None = Field(
        default=None, sa_type=NAME, foreign_key="party.slug", ondelete="RESTRICT"
    )
    version: int = 1
    created_at: datetime = Field(sa_type=Moment)


class Succession(Table, table=True):
    """One body gave way to another: to one, to several (a split), or several to one (a merger).
    `took_place` is fuzzy, or none where no day is on record."""

    predecessor: str = Field(
        primary_key=True, sa_type=NAME, foreign_key="party.slug", ondelete="RESTRICT"
    )
    successor: str = Field(
        primary_key=True, sa_type=NAME, foreign_key="party.slug", ondelete="RESTRICT", index=True
    )
    took_place: str | None = Field(default=None, max_length=40)
    took_place_earliest: date | None = None
    took_place_latest: date | None = None
    reason: str | None = Field(default=None, sa_type=PROSE)
    recorded_by: str = Field(max_length=100)
    recorded_at: datetime = Field(sa_type=Moment)


class PartyGiven(Given):
    slug: Slug
    name: Line
    kind: PartyKind
    organisation: Slug | None = None


class PartyPatch(Given):
    name: Line = ""
    kind: PartyKind = PartyKind.ORGANISATION
    organisation: Slug | None = None


class SuccessionShown(Shown):
    """`on`: when it took place, as well as it is known."""

    party: str
    on: str | None
    reason: str | None


class PartyShown(Shown):
    """`successor`: the one that it gave way to; null where there is none, or several."""

    slug: str
    name: str
    kind: PartyKind
    organisation: str | None
    successor: str | None
    successors: list[SuccessionShown]
    predecessors: list[str]
    version: int


reorganised: list[Callable[[Session, Party], None]] = []
"""Called after a party came to belong to another organisation: who keeps copies of that."""


def add(session: Session, actor: Actor, given: PartyGiven) -> Party:
    """AlreadyExists where the slug is taken, Malformed where the organisation is not known."""
    if session.get(Party, given.slug) is not None:
        raise AlreadyExists("a party of that slug is there already")
    _check_organisation(session, given.slug, given.organisation)
    party = Party(**given.model_dump(), created_at=base.now(session))
    session.add(party)
    session.flush()
    changes.record(
        session,
        actor.name,
        "party:added",
        party.slug,
        after=given.model_dump(exclude={"slug"}),
    )
    return party


def amend(
    session: Session,
    actor: Actor,
    party: Party,
    given: PartyPatch,
    *,
    expect: Expect = unconditional,
    what: str = "amended",
) -> list[str]:
    """Changes the fields that `given` names; answers those that differ now. `what`: `corrected`
    where a file says so."""
    values = given.model_dump(exclude_unset=True)
    _check_organisation(session, party.slug, values.get("organisation"))
    expect(party.version)
    changed = changes.differences(party, values)
    if changed is None:
        return []
    before, after = changed
    party.sqlmodel_update(after)
    party.version += 1
    session.add(party)
    session.flush()
    changes.record(session, actor.name, f"party:{what}", party.slug, before=before, after=after)
    if "organisation" in after:
        for follow in reorganised:
            follow(session, party)
    return sorted(after)


def find(session: Session, slug: str, *, lock: bool = False) -> Party:
    """NotFound where there is none. `lock`: nobody else changes it until this transaction ends."""
    party = fetch(session, Party, slug, lock=lock)
    if not party:
        raise NotFound("no party has that slug; GET /v1/parties lists them")
    return party


def parties(session: Session, *, after: Sequence[Any] | None, limit: int) -> list[Party]:
    """Parties by slug."""
    query = select(Party).order_by(col(Party.slug)).limit(limit)
    if after is not None:
        query = query.where(behind([Key(col(Party.slug), str)], after))
    return list(session.scalars(query))


def check(session: Session, slugs: Iterable[str], pointer: str) -> None:
    """Malformed where one of `slugs` is not a party."""
    wanted = list(slugs)
    if wrong := unknown(wanted, organisations(session, wanted), pointer):
        raise Malformed("a party is not known", wrong)


def unknown(slugs: Sequence[str], known: Collection[str], pointer: str) -> list[tuple[str, str]]:
    """Those that are no parties: where each stands (`pointer`, with its place in the list), and
    what to do about it."""
    return [
        (pointer.format(index), "is not a party of this register; GET /v1/parties lists them")
        for index, slug in enumerate(slugs)
        if slug not in known
    ]


def organisations(session: Session, slugs: Collection[str]) -> dict[str, str]:
    """Of those of `slugs` that are parties, the organisation that each belongs to."""
    if not slugs:
        return {}
    belongs = func.coalesce(col(Party.organisation), col(Party.slug)).label("organisation")
    query = select(col(Party.slug), belongs).where(col(Party.slug).in_(slugs))
    return {row.slug: row.organisation for row in session.execute(query)}


def organisation_of(session: Session, slug: str | None) -> str | None:
    """The organisation that a party belongs to: its own, or itself where it names none."""
    if slug is None:
        return None
    party = find(session, slug)
    return party.organisation or party.slug


def predecessors(session: Session, slugs: Iterable[str]) -> set[str]:
    """All that gave way to these, directly or by others in between."""
    found: set[str] = set()
    fresh = set(slugs)
    while fresh:
        query = select(col(Succession.predecessor)).where(col(Succession.successor).in_(fresh))
        fresh = set(session.scalars(query)) - found
        found |= fresh
    return found


def successors(session: Session, slug: str) -> list[Succession]:
    """What a party gave way to, in the order it was recorded."""
    query = select(Succession).where(col(Succession.predecessor) == slug)
    return list(
        session.scalars(query.order_by(col(Succession.recorded_at), col(Succession.successor)))
    )


def shown(session: Session, party: Party) -> dict[str, Any]:
    """A party as PartyShown."""
    return many_shown(session, [party])[0]


def many_shown(session: Session, those: Sequence[Party]) -> list[dict[str, Any]]:
    """Parties as PartyShown, with what they gave way to and what gave way to them."""
    slugs = [party.slug for party in those]
    after: dict[str, list[Succession]] = {slug: [] for slug in slugs}
    before: dict[str, list[str]] = {slug: [] for slug in slugs}
    query = select(Succession).where(
        or_(col(Succession.predecessor).in_(slugs), col(Succession.successor).in_(slugs))
    )
    order = (col(Succession.recorded_at), col(Succession.predecessor), col(Succession.successor))
    for row in session.scalars(query.order_by(*order)):
        after.get(row.predecessor, []).append(row)
        before.get(row.successor, []).append(row.predecessor)
    return [
        {
            "slug": party.slug,
            "name": party.name,
            "kind": party.kind,
            "organisation": party.organisation,
            "successor": after[party.slug][0].successor if len(after[party.slug]) == 1 else None,
            "successors": [
                {"party": row.successor, "on": row.took_place, "reason": row.reason}
                for row in after[party.slug]
            ],
            "predecessors": before[party.slug],
            "version": party.version,
        }
        for party in those
    ]


def _check_organisation(session: Session, slug: str, organisation: str | None) -> None:
    if organisation is None:
        return
    if organisation == slug:
        raise Malformed(
            "a party does not belong to itself",
            [("/organisation", "leave it out where the party is an organisation of its own")],
        )
    check(session, [organisation], "/organisation")
