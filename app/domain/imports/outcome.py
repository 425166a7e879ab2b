"""What became of a document: each row's fate, and the refusal of the whole."""

from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.errors import Malformed


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"
    REFUSED = "refused"


@dataclass
class Row:
    """What became of one row: `row` counts from 1 within its `part`."""

    part: str
    row: int
    name: str
    outcome: Outcome
    errors: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Result:
    """What became of a document: every row of it, in its order."""

    rows: list[Row] = field(default_factory=list)

    def count(self, outcome: Outcome, part: str = "recommendations") -> int:
        return sum(row.outcome is outcome and row.part == part for row in self.rows)


class ImportRefused(Malformed):
    """A row cannot be taken, so nothing of the document was. `rows` says which and why."""

    slug, title = "import-refused", "Nothing was imported"

    def __init__(self, result: Result) -> None:
        refused = [row for row in result.rows if row.outcome is Outcome.REFUSED]
        super().__init__(
            f"{len(refused)} rows cannot be taken; nothing was applied",
            [
                (f"/{row.part}/{row.row - 1}{error['pointer']}", error["detail"])
                for row in refused
                for error in row.errors
            ],
        )
        self.result = result
