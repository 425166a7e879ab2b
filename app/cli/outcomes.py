"""What came of an import, in lines for people: counts, and each row that needs a look."""

from collections.abc import Callable, Iterator
from typing import Any

MOST = 50
COUNTS = {
    "created": "created",
    "updated": "updated",
    "unchanged": "unchanged",
    "conflicts": "in conflict",
    "refused": "refused",
    "absent": "not in the file",
}
QUIET = ("created", "unchanged", "absent")


def lines(answer: dict[str, Any], name: str, row: Callable[[int], int]) -> Iterator[str]:
    """`row`: a row's number as the owner of the file counts."""
    dry = "dry run, nothing was changed: " if answer.get("dry_run") else ""
    yield f"{name}: {dry}{_counts(answer) or 'nothing in it'}"
    for part, counts in (answer.get("others") or {}).items():
        if said := _counts(counts):
            yield f"  {part}: {said}"
    rows = answer.get("rows") or []
    told = [one for one in rows if one.get("outcome") not in QUIET]
    for one in told[:MOST]:
        yield f"  {_row(one, row)}"
    if len(told) > MOST:
        yield f"  and {len(told) - MOST} more; --json shows all"
    if absent := [str(one.get("ref")) for one in rows if one.get("outcome") == "absent"]:
        more = f" and {len(absent) - MOST} more" if len(absent) > MOST else ""
        yield f"  held, but not in the file, and left as they are: {', '.join(absent[:MOST])}{more}"


def conflicts(answer: dict[str, Any]) -> int:
    """Of recommendations and of everything else."""
    counts = [answer, *(answer.get("others") or {}).values()]
    return sum(one.get("conflicts") or 0 for one in counts)


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
        case other:
            return f"{other}: {errors or fields}"


def _error(error: dict[str, str]) -> str:
    """`/due_on` is a field to its owner, unless the column is named already."""
    field, detail = error.get("pointer", "").strip("/"), error.get("detail", "")
    return f"{field}: {detail}" if field and not detail.startswith("column ") else detail
