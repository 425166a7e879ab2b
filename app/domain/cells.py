"""Cells of spreadsheets: texts that no program takes for a formula, and the same texts back."""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guard_cell(text: str) -> str:
    """`text` as a cell that no spreadsheet runs: with an apostrophe in front where it begins like a
    formula. One that itself begins with apostrophes and goes on like a formula gets one more, so
    that unguard_cell() gives every text back."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguard_cell(cell: str) -> str:
    """The text that guard_cell() made this cell of."""
    return cell[1:] if _GUARDED.match(cell) else cell
