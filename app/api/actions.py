"""/v1/actions: what is being done, by whom and by when."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from app.api.deps import Contributing, Reading, Write, takes
from app.api.paging import Listed, Paging, begin, cut, page
from app.domain import actions
from app.domain.actions import Action, ActionGiven, ActionPatch, ActionShown, ActionStatus
from app.domain.actors import Can
from app.domain.base import Ref, Slug
from app.domain.notes import TextGiven

router = APIRouter(prefix="/actions", tags=["Actions"])


class Asked(Paging):
    recommendation: list[Ref] = Field(default=[], max_length=100)
    owner: list[Slug] = Field(default=[], max_length=100)
    organisation: list[Slug] = Field(default=[], max_length=100)
    status: list[ActionStatus] = Field(default=[], max_length=4)


@router.get("", response_model=Listed[ActionShown])
def list_actions(read: Reading, asked: Annotated[Asked, Query()]) -> Response:
    """Actions within your reach, oldest first."""
    with read as session:

        def build() -> dict[str, Any]:
            rows = actions.actions(
                session,
                read.actor,
                recommendation=asked.recommendation,
                owner=asked.owner,
                organisation=asked.organisation,
                status=asked.status,
                after=begin(asked),
                limit=asked.limit + 1,
            )
            items, last = cut(rows, asked.limit, lambda row: [row.created_at, row.id])
            return page(actions.shown(session, read.actor, items), last)

        return read.many(build, daily=True)


@router.post("", status_code=201, response_model=ActionShown, openapi_extra=takes(ActionGiven))
def add(write: Contributing) -> Response:
    """Enters an action. `title` and `recommendations` suffice; it may serve recommendations of
    different inspections."""
    with write as session:
        write.actor.must_hold(Can.ACT)
        action = actions.add(session, write.actor, write.body(ActionGiven))
        return _one(write, action, status=201, location=f"/v1/actions/{action.id}")


@router.get("/{id}", response_model=ActionShown)
def show(id: str, read: Reading) -> Response:  # noqa: A002 - the contract's name
    """One action with its notes."""
    with read as session:
        action = actions.find(session, read.actor, id)
        return read.one(
            action.version, lambda: actions.shown(session, read.actor, [action])[0], daily=True
        )


@router.patch("/{id}", response_model=ActionShown, openapi_extra=takes(ActionPatch))
def amend(id: str, write: Contributing) -> Response:  # noqa: A002 - the contract's name
    """Changes an action. A due date that moves, cancelling, and taking up again need `reason`.
    Needs If-Match."""
    with write as session:
        action = actions.find(session, write.actor, id, lock=True)
        actions.permit_editing(write.actor, action)
        given = write.body(ActionPatch)
        actions.amend(session, write.actor, action, given, expect=write.expect)
        return _one(write, action)


@router.post(
    "/{id}/notes", status_code=201, response_model=ActionShown, openapi_extra=takes(TextGiven)
)
def write_note(id: str, write: Contributing) -> Response:  # noqa: A002 - the contract's name
    """Writes a note beside an action."""
    with write as session:
        action = actions.find(session, write.actor, id, lock=True)
        actions.permit_noting(session, write.actor, action)
        actions.note(session, write.actor, action, write.body(TextGiven).text)
        return _one(write, action, status=201, location=f"/v1/actions/{action.id}")


def _one(
    write: Write, action: Action, *, status: int = 200, location: str | None = None
) -> Response:
    """The action as GET would answer it now."""
    return write.one(
        lambda: action.version,
        lambda: actions.shown(write.session, write.actor, [action])[0],
        status=status,
        location=location,
        daily=True,
    )
