"""What became of a file: each row's fate, and the refusal of the whole."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.domain.errors import Malformed

PARTS = (
    *("recommendations", "places", "themes", "sources", "parties", "inspections", "actions"),
    *("links", "evidence", "successions", "bank_holidays"),
)


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"
    REFUSED = "refused"
    ABSENT = "absent"


Mistake = tuple[str, str]
"""A JSON pointer into the row, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one row: `row` counts from 1 within its `part`; none where it is absent from
    the file. `name` is its ref, slug or key; `fields` are those that changed."""

    part: str
    row: int | None
    name: str
    outcome: Outcome
    fields: Sequence[str] = ()
    errors: Sequence[Mistake] = ()

    @property
    def listed(self) -> tuple[Any, ...]:
        """As runs keep it: the values of RowShown."""
        errors = [{"pointer": pointer, "detail": detail} for pointer, detail in self.errors]
        return self.part, self.row, self.name, self.outcome, self.fields, errors


class Result:
    """What became of a file. Of rows that are plainly unchanged only the number is kept."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.absent: list[str] = []
        self.warnings: list[str] = []
        self.places: set[str] = set()
        self._counts: Counter[tuple[str, Outcome]] = Counter()

    def add(self, row: Row) -> None:
        """ImportRefused where so many rows are refused that the file must be of another kind."""
        self._counts[row.part, row.outcome] += 1
        if row.outcome is not Outcome.UNCHANGED:
            self.rows.append(row)
        if row.outcome is Outcome.REFUSED:
            self._stop_if_hopeless()

    def count(self, outcome: Outcome, part: str = "recommendations") -> int:
        return self._counts[part, outcome]

    def counts(self, part: str) -> dict[str, int]:
        """By outcome, as answers name them."""
        return {
            "created": self.count(Outcome.CREATED, part),
            "updated": self.count(Outcome.UPDATED, part),
            "unchanged": self.count(Outcome.UNCHANGED, part),
            "conflicts": self.count(Outcome.CONFLICT, part),
            "refused": self.count(Outcome.REFUSED, part),
        }

    def _stop_if_hopeless(self) -> None:
        if sum(self.count(Outcome.REFUSED, part) for part in PARTS) >= MOST_REFUSED:
            raise ImportRefused(self, f"{MOST_REFUSED} rows cannot be taken; reading stopped there")

    @property
    def refused(self) -> list[Row]:
        return [row for row in self.rows if row.outcome is Outcome.REFUSED]

    @property
    def listed(self) -> list[Row]:
        """What answers list: the rows that are not plainly unchanged, then what is absent."""
        absent = [Row("recommendations", None, ref, Outcome.ABSENT) for ref in self.absent]
        parts = list(dict.fromkeys(row.part for row in self.rows))
        return sorted(self.rows, key=lambda row: (parts.index(row.part), row.row or 0)) + absent


class ImportRefused(Malformed):
    """A row cannot be taken, or the file cannot be read, so nothing of it was applied. `rows` says
    which and why."""

    slug, title = "import-refused", "Nothing was imported"

    def __init__(self, result: Result, detail: str | None = None) -> None:
        refused = result.refused
        some = "1 row cannot" if len(refused) == 1 else f"{len(refused)} rows cannot"
        super().__init__(
            detail or f"{some} be taken; nothing was applied",
            [
                (f"/{row.part}/{(row.row or 1) - 1}{pointer}", what)
                for row in refused[:MOST_TOLD]
                for pointer, what in row.errors
            ],
        )
        self.result = result


MOST_REFUSED = 1000
"""After so many refused rows a file is not read on."""
MOST_TOLD = 100
"""Rows whose mistakes stand in the `errors` of a refusal; its `rows` hold all."""
