"""What came of an import, in lines for people: counts, and each row that needs a look."""

from collections.abc import Callable, Iterator
from typing import Any

MOST = 50
COUNTS = {
    "created": "created",
    "updated": "updated",
    "unchanged": "unchanged",
    "conflicts": "left as they are (conflicts)",
    "refused": "refused",
    "absent": "not in the file",
}
QUIET = ("created", "unchanged")


def lines(answer: dict[str, Any], name: str, row: Callable[[int], int]) -> Iterator[str]:
    """`row`: a row's number as the owner of the file counts."""
    dry = "dry run, nothing was changed: " if answer.get("dry_run") else ""
    yield f"{name}: {dry}{_counts(answer) or 'nothing in it'}"
    for part, counts in (answer.get("others") or {}).items():
        if said := _counts(counts):
            yield f"  {part}: {said}"
    told = [one for one in answer.get("rows") or [] if one.get("outcome") not in QUIET]
    for one in told[:MOST]:
        yield f"  {_row(one, row)}"
    if len(told) > MOST:
        yield f"  and {len(told) - MOST} more; --json shows all"


def _counts(answer: dict[str, Any]) -> str:
    return ", ".join(f"{answer[key]} {word}" for key, word in COUNTS.items() if answer.get(key))


def _row(one: dict[str, Any], row: Callable[[int], int]) -> str:
    part, number, ref = one.get("part"), one.get("row"), one.get("ref")
    counted = row(number) if number and part in (None, "recommendations") else number
    where = f"row {counted}" if part in (None, "recommendations") else f"{part} {counted}"
    named = " ".join(str(word) for word in (where if number else "", ref or "") if word)
    return f"{named}: {_what(one)}"


def _what(one: dict[str, Any]) -> str:
    fields = ", ".join(one.get("fields") or [])
    errors = "; ".join(_error(error) for error in one.get("errors") or [])
    match one.get("outcome"):
        case "updated":
            return f"updated {fields}".strip()
        case "conflict":
            why = errors or f"{fields or 'something'} differs from what the register holds"
            return f"left as it is: {why}"
        case "refused":
            return f"refused: {errors or 'no reason was given'}"
        case "absent":
            return "held, but not in the file; it stays (void it where it was entered by mistake)"
        case other:
            return f"{other}: {errors or fields}"


def _error(error: dict[str, str]) -> str:
    """`/due_on` is a column or field to its owner."""
    return f"{error.get('pointer', '').strip('/')} {error.get('detail', '')}".strip()
