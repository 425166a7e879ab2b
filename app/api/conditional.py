"""Conditional requests: ETags, 304 for what has not changed, 428 and 412 for blind changes.

| thing | ETag | 304 | If-Match |
|---|---|---|---|
| one | `"<version>.<head>.<context>"` | all three are the same | compares the version only |
| list, report, feed | `"<head>.<context>"` | both are the same | not used |

`head` is where the journal stands (seq and the beginning of its hash), so a 304 is always true.
`context` stands for what else an answer depends on: the app's version, the reader's scope, and the
day in London (and what counts as stale) where something shown is derived from it.
"""

import hashlib
import re

from app.domain.actors import Actor
from app.domain.errors import PreconditionRequired, Stale

_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def context(app_version: str, reader: Actor, by_day: str, query: str = "") -> str:
    """What an answer depends on besides the register, in eight characters. `by_day`: by what it
    derives something from the day, empty where it does not."""
    scope = "all" if reader.places is None else ",".join(sorted(reader.places))
    parts = (app_version, str(reader.anonymous), scope, by_day, query)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def tag_of_one(version: int, head: str, about: str) -> str:
    return f'"{version}.{_short(head)}.{about}"'


def tag_of_many(head: str, about: str) -> str:
    return f'"{_short(head)}.{about}"'


def unchanged(if_none_match: str | None, tag: str) -> bool:
    """Does the caller hold what would be answered?"""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag.strip('"') in _TAG.findall(if_none_match)


def check(if_match: str | None, version: int) -> None:
    """PreconditionRequired where the caller names no version, Stale where another than now's."""
    if if_match is None:
        raise PreconditionRequired(
            "send If-Match with the ETag that GET gave you, so that nobody's change is lost"
        )
    if if_match.strip() == "*":
        return
    tags = _TAG.findall(if_match)
    if not tags:
        raise Stale('If-Match is not an ETag: send it as GET gave it, with its quotes: "3.120-..."')
    if str(version) not in {tag.split(".")[0] for tag in tags}:
        raise Stale(
            "it was changed since you read it; GET it again, look at what changed, and repeat "
            "your change with the new ETag"
        )


def _short(head: str) -> str:
    return head.replace(".", "-")
