"""Planning: entering an action, changing it, writing beside it, passing it on."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field as Described
from sqlalchemy import delete, insert, select
from sqlmodel import Session, col

from app.domain import assignments, base, changes, due, parties, recommendations
from app.domain.actions.action import (
    UNFINISHED,
    Action,
    ActionNote,
    ActionServes,
    ActionStatus,
    count,
    find_by_key,
    serves,
)
from app.domain.actors import RULES, Actor, Can, Role
from app.domain.base import Expect, Given, Key, Line, Prose, Ref, Slug, unconditional
from app.domain.dates import Edtf
from app.domain.errors import AlreadyExists, Malformed, NotFound
from app.domain.recommendations import Recommendation


class ActionGiven(Given):
    """`title` and `recommendations` suffice."""

    title: Line
    recommendations: list[Ref] = Described(min_length=1, max_length=100)
    description: Prose | None = None
    owner: Slug | None = None
    contributors: list[Slug] = Described(default=[], max_length=50)
    status: ActionStatus = ActionStatus.PLANNED
    due_on: Edtf | None = None
    key: Key | None = None


class ActionPatch(Given):
    """A change of `due_on` after the first, cancelling, and going back from done or cancelled need
    `reason`."""

    title: Line = ""
    recommendations: list[Ref] = Described(default=[], min_length=1, max_length=100)
    description: Prose | None = None
    owner: Slug | None = None
    contributors: list[Slug] = Described(default=[], max_length=50)
    status: ActionStatus = ActionStatus.PLANNED
    due_on: Edtf | None = None
    reason: Prose | None = None
    agreed_by: Line | None = None


def permit_adding(
    session: Session, actor: Actor, those: Sequence[Recommendation], owner: str | None
) -> None:
    """NotYours but for a lead, and for a contributor whose organisation is concerned by each of
    these and owns the action."""
    for recommendation in those:
        actor.must(Can.ACT, of=assignments.concerned(session, recommendation))
    if owner is not None:
        actor.must(Can.ACT, of={parties.organisation_of(session, owner)})


def permit_editing(actor: Actor, action: Action) -> None:
    """NotYours but for a lead, and for a contributor of the organisation that owns the action."""
    actor.must(Can.ACT, of={action.organisation} - {None})


def add(session: Session, actor: Actor, given: ActionGiven) -> Action:
    """Malformed where a recommendation or party is not known, or places differ; AlreadyExists
    where the key is taken. What a contributor enters without an owner is its own party's."""
    served = _served(session, actor, given.recommendations)
    _check_parties(session, given.owner, given.contributors)
    owner = given.owner or (actor.party if actor.role is Role.CONTRIBUTOR else None)
    permit_adding(session, actor, served, owner)
    if given.key is not None and find_by_key(session, given.key) is not None:
        raise AlreadyExists("an action of that key is there already")
    for recommendation in served:
        recommendations.check_stands(recommendation)
    action = Action(
        id=base.new_id(session, "ac"),
        place=served[0].place,
        owner=owner,
        organisation=parties.organisation_of(session, owner),
        created_at=base.now(session),
        updated_at=base.now(session),
        **given.model_dump(exclude={"recommendations", "contributors", "owner"}),
        contributors=sorted(set(given.contributors)),
    )
    due.restate(action)
    session.add(action)
    session.flush()
    _serve(session, action, served)
    told = given.model_dump(mode="json", exclude_none=True)
    _record(session, actor, action, served, "added", after=told | {"owner": owner})
    return action


def amend(
    session: Session,
    actor: Actor,
    action: Action,
    given: ActionPatch,
    *,
    expect: Expect = unconditional,
) -> bool:
    """Changes the fields that `given` names; answers whether anything changed."""
    permit_editing(actor, action)
    refs = serves(session, [action.id])[action.id]
    values = given.model_dump(exclude_unset=True, exclude={"reason", "agreed_by"})
    wanted = sorted(set(values.pop("recommendations", refs)))
    if given.recommendations:
        _served(session, actor, given.recommendations)  # for the places of those not known
    served = _served(session, actor, sorted({*wanted, *refs}))
    if "owner" in values or wanted != refs:
        _check_parties(session, values.get("owner"), [])
        added = [one for one in served if one.ref not in refs]
        permit_adding(session, actor, added, values.get("owner"))
    if "contributors" in values:
        values["contributors"] = sorted(set(values["contributors"]))
        _check_parties(session, None, values["contributors"])
    _check_reason(action, given, values)
    expect(action.version)
    for recommendation in served:
        if recommendation.ref in wanted:
            recommendations.check_stands(recommendation)
    changed = changes.differences(action, values) or ({}, {})
    before, after = changed
    if wanted != refs:
        before, after = before | {"recommendations": refs}, after | {"recommendations": wanted}
    if not after:
        return False
    action.sqlmodel_update({k: v for k, v in after.items() if k != "recommendations"})
    if "owner" in after:
        action.organisation = parties.organisation_of(session, action.owner)
    if "due_on" in after:
        due.restate(action)
    action.version += 1
    action.updated_at = base.now(session)
    session.add(action)
    session.flush()
    _serve(session, action, [one for one in served if one.ref in wanted])
    agreed = {"agreed_by": given.agreed_by} if given.agreed_by else {}
    _record(
        session,
        actor,
        action,
        served,
        "amended",
        before=before,
        after=after | agreed,
        reason=given.reason,
    )
    return True


def permit_noting(session: Session, actor: Actor, action: Action) -> list[Recommendation]:
    """NotYours but for those who may edit it or whom what it serves concerns; answers what it
    serves."""
    served = _served(session, actor, serves(session, [action.id])[action.id])
    concerned: set[str | None] = {action.organisation} - {None}
    for recommendation in served:
        concerned |= assignments.concerned(session, recommendation)
    actor.must(Can.ADD_NOTE, of=concerned)
    return served


def note(session: Session, actor: Actor, action: Action, text: str) -> ActionNote:
    """Writes a note beside an action."""
    served = permit_noting(session, actor, action)
    row = ActionNote(
        id=base.new_id(session, "an"),
        action=action.id,
        place=action.place,
        text=text,
        written_by=actor.name,
        written_at=base.now(session),
    )
    session.add(row)
    action.updated_at = base.now(session)
    session.add(action)
    _record(session, actor, action, served, "noted", after={"note": text})
    return row


def unfinished_of(session: Session, party: str) -> list[Action]:
    """The actions that a party owns and has not finished, locked."""
    query = (
        select(Action)
        .where(col(Action.owner) == party, col(Action.status).in_(UNFINISHED))
        .order_by(col(Action.id))
        .with_for_update()
    )
    return list(session.scalars(query))


def pass_on(
    session: Session, actor: Actor, those: Sequence[Action], successor: str, reason: str
) -> None:
    """What a party has not finished becomes its successor's."""
    for action in those:
        amend(session, actor, action, ActionPatch(owner=successor, reason=reason))


def _served(session: Session, actor: Actor, refs: Sequence[str]) -> list[Recommendation]:
    """The recommendations of these refs, locked in their order, all of one place."""
    found, wrong = [], []
    for ref in sorted(set(refs)):
        try:
            found.append(recommendations.find(session, actor, ref, lock=True))
        except NotFound:
            index = list(refs).index(ref)
            wrong.append((f"/recommendations/{index}", "is not a recommendation of this register"))
    if wrong:
        raise Malformed("a recommendation is not known", wrong)
    if len({one.place for one in found}) > 1:
        raise Malformed(
            "an action serves recommendations of one place",
            [("/recommendations", "name those of one place, and an action for each place")],
        )
    return found


def _check_parties(session: Session, owner: str | None, contributors: Sequence[str]) -> None:
    if owner is not None:
        parties.check(session, [owner], "/owner")
    parties.check(session, contributors, "/contributors/{}")


def _check_reason(action: Action, given: ActionPatch, values: dict[str, Any]) -> None:
    if given.reason is not None:
        return
    status = values.get("status", action.status)
    moves_due = "due_on" in values and values["due_on"] != action.due_on
    if moves_due and action.original_due_on is not None:
        why = "say why the date moves; who agreed goes into agreed_by"
    elif status != action.status and status is ActionStatus.CANCELLED:
        why = "say why it is cancelled"
    elif status != action.status and action.status not in UNFINISHED:
        why = "say why it is taken up again"
    else:
        return
    raise Malformed(f"the change needs a reason: {why}", [("/reason", f"{why}; it is kept")])


def _serve(session: Session, action: Action, served: Sequence[Recommendation]) -> None:
    connection = session.connection()
    connection.execute(delete(ActionServes).where(col(ActionServes.action) == action.id))
    connection.execute(
        insert(ActionServes), [{"action": action.id, "ref": one.ref} for one in served]
    )


def _record(
    session: Session,
    actor: Actor,
    action: Action,
    served: Sequence[Recommendation],
    what: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """In the action's own history and in that of each recommendation that it serves or served."""
    changes.record(
        session,
        actor.name,
        f"action:{what}",
        action.id,
        place=action.place,
        before=before,
        after=after,
        reason=reason,
    )
    for recommendation in served:
        if recommendation.voided:  # an action that was cancelled may still name it
            continue
        recommendation.action_count = count(session, recommendation.ref)
        recommendations.note(
            session,
            actor,
            recommendation,
            f"action:{what}",
            before=before and {"action": action.id} | before,
            after={"action": action.id} | (after or {}),
            reason=reason,
        )


def _reorganise(session: Session, party: parties.Party) -> None:
    """What a party owns belongs to the organisation that it belongs to now."""
    organisation = party.organisation or party.slug
    query = select(Action).where(col(Action.owner) == party.slug).order_by(col(Action.id))
    for action in session.scalars(query.with_for_update()):
        before, action.organisation = action.organisation, organisation
        session.add(action)
        changes.record(
            session,
            RULES.name,
            "action:reorganised",
            action.id,
            place=action.place,
            before={"organisation": before},
            after={"organisation": organisation},
        )


parties.reorganised.append(_reorganise)
