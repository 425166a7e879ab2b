"""Keysets: where the next page of a sorted list begins, by the values of its last row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.sql.elements import UnaryExpression

from app.domain.errors import Malformed


@dataclass(frozen=True, slots=True)
class Key:
    """A column (never null) that a list is sorted by, and the type of its values."""

    column: Any
    type: type[str] | type[int] | type[date] | type[datetime]
    down: bool = False

    @property
    def order(self) -> UnaryExpression[Any]:
        ordered: UnaryExpression[Any] = self.column.desc() if self.down else self.column.asc()
        return ordered


def behind(keys: Sequence[Key], values: Sequence[Any]) -> ColumnElement[bool]:
    """The rows that come after the one with these values. Malformed where they are not such."""
    typed = [_typed(key, value) for key, value in zip(keys, _checked(keys, values), strict=True)]
    ways: list[ColumnElement[bool]] = []
    for index, (key, value) in enumerate(zip(keys, typed, strict=True)):
        same = [one.column == other for one, other in zip(keys[:index], typed, strict=False)]
        ways.append(and_(*same, key.column < value if key.down else key.column > value))
    first, value = keys[0], typed[0]
    # Said once more for the planner: from here on in the index of the first column.
    return and_(first.column <= value if first.down else first.column >= value, or_(*ways))


def _checked(keys: Sequence[Key], values: Sequence[Any]) -> Sequence[Any]:
    if len(values) != len(keys):
        raise _foreign()
    return values


def _typed(key: Key, value: Any) -> Any:
    try:
        if key.type in (date, datetime):
            return key.type.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise _foreign() from error
    if type(value) is not key.type:
        raise _foreign()
    return value


def _foreign() -> Malformed:
    return Malformed(
        "the cursor is not one of this list",
        [("/cursor", "take it from next_cursor of the same list in the same order")],
    )
