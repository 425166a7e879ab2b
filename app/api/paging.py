"""Pages of lists: `limit`, `cursor`, and the `{items, next_cursor}` that every list answers."""

import base64
import binascii
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from app.domain.keyset import foreign

T = TypeVar("T")
Limit = Annotated[int, Field(ge=1, le=500)]
Cursor = Annotated[str, Field(max_length=500)]


class Paging(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: Limit = 50
    cursor: Cursor | None = None


Paged = Annotated[Paging, Query()]


class Listed(BaseModel, Generic[T]):
    items: list[T]
    next_cursor: str | None


def begin(paging: Any) -> list[Any] | None:
    """Where the page begins: the key in its cursor, if it has one.

    Malformed where the cursor is not one that write() made.
    """
    if paging.cursor is None:
        return None
    try:
        padded = paging.cursor + "=" * (-len(paging.cursor) % 4)
        values = orjson.loads(base64.urlsafe_b64decode(padded))
    except (binascii.Error, ValueError) as error:
        raise foreign() from error
    if not isinstance(values, list):
        raise foreign()
    return values


def page(items: Sequence[Any], last: Sequence[Any] | None) -> dict[str, Any]:
    """A page: its items and the cursor of the next one. `last`: the key of the last item where
    more follow."""
    return {"items": items, "next_cursor": None if last is None else write(last)}


def write(values: Sequence[Any]) -> str:
    """A key as a cursor: opaque to the caller."""
    texts = [
        value.isoformat() if isinstance(value, (date, datetime)) else value for value in values
    ]
    return base64.urlsafe_b64encode(orjson.dumps(texts)).decode().rstrip("=")


def cut(rows: Sequence[T], limit: int, key: Any) -> tuple[Sequence[T], list[Any] | None]:
    """Of one row more than asked for: the page, and the key of its last row where more follow."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], list(key(rows[limit - 1]))
