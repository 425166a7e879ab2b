"""Actions: what is being done, by whom and by when; one may serve several recommendations."""

from app.domain.actions.action import (
    Action,
    ActionNoteShown,
    ActionShown,
    ActionStatus,
    actions,
    by_ref,
    find,
    serves,
    shown,
    unfinished,
)
from app.domain.actions.planning import (
    ActionGiven,
    ActionPatch,
    add,
    amend,
    find_by_key,
    note,
    pass_on,
    permit_adding,
    permit_editing,
    permit_noting,
)

__all__ = [
    "Action",
    "ActionGiven",
    "ActionNoteShown",
    "ActionPatch",
    "ActionShown",
    "ActionStatus",
    "actions",
    "add",
    "amend",
    "by_ref",
    "find",
    "find_by_key",
    "note",
    "pass_on",
    "permit_adding",
    "permit_editing",
    "permit_noting",
    "serves",
    "shown",
    "unfinished",
]
