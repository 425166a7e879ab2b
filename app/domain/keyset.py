"""Keysets: where the next page of a sorted list begins, by the values of its last row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
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


def foreign() -> Malformed:
    """The refusal of a cursor that this list, in this order, did not give."""
    return Malformed(
        "the cursor is not one of this list",
        [("/cursor", "take it from next_cursor of the same list in the same order")],
    )


def _checked(keys: Sequence[Key], values: Sequence[Any]) -> Sequence[Any]:
    if len(values) != len(keys):
        raise foreign()
    return values


def _typed(key: Key, value: Any) -> Any:
    """The value, where both engines can compare with it: PostgreSQL takes no NUL and no number of
    more than 32 bits, and neither takes a moment outside the calendar."""
    try:
        if key.type is datetime:
            return datetime.fromisoformat(value).astimezone(UTC)
        if key.type is date:
            return date.fromisoformat(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise foreign() from error
    if type(value) is not key.type:
        raise foreign()
    if isinstance(value, str) and "\0" in value:
        raise foreign()
    if isinstance(value, int) and abs(value) >= 2**31:
        raise foreign()
    return value
