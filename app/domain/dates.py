"""Fuzzy dates: EDTF strings, the days they can mean, and what can be said of them on a day.

The subset of EDTF (Library of Congress, 2019) that reports and people need: days, months and
years; `~`, `?` and `%` behind them, which keep the plain date's bounds; `X` for digits that are
not known; intervals, open where an end is `..` or empty. Seasons and sets are refused.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, WithJsonSchema

LONDON = ZoneInfo("Europe/London")

_DATE = re.compile(
    r"(?P<year>\d{4}|\d{3}X|\d\dXX|XXXX)"
    r"(?:-(?P<month>0[1-9]|1[0-2]|XX)(?:-(?P<day>0[1-9]|[12]\d|3[01]|XX))?)?[~?%]?",
    re.ASCII,  # digits of other scripts are digits to Python too
)


class Certainty(StrEnum):
    """An answer about a fuzzy date."""

    NO = "no"
    POSSIBLY = "possibly"
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """`text` as written; `earliest` and `latest` day it can mean, none where that is not known."""

    text: str
    earliest: date | None
    latest: date | None

    def before(self, day: date) -> Certainty:
        """Did it pass before `day`? `possibly` where only some of the days it can mean did."""
        if self.latest is not None and self.latest < day:
            return Certainty.YES
        if self.latest is None and self.earliest is None:
            return Certainty.POSSIBLY
        if self.earliest is None or self.earliest < day:
            return Certainty.POSSIBLY
        return Certainty.NO


@lru_cache(1024)  # a file's rows share a few dates
def parse(text: str) -> Fuzzy:
    """Reads one EDTF date or interval. ValueError says what is wrong, without repeating it."""
    if "/" not in text:
        return Fuzzy(text, *_bounds(text))
    start, _, end = text.partition("/")
    if start in ("", "..") and end in ("", ".."):
        raise ValueError("an interval needs at least one end")
    first, last = _end(start), _end(end)
    earliest, latest = first[0], last[1]
    if earliest and latest and earliest > latest:
        raise ValueError("the interval ends before it starts")
    return Fuzzy(text, earliest, latest)


def bounds(text: str | None) -> tuple[date | None, date | None]:
    """The earliest and latest day of an optional date that was checked before."""
    if text is None:
        return None, None
    fuzzy = parse(text)
    return fuzzy.earliest, fuzzy.latest


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_DOUBTS = {"~": "approximate", "?": "uncertain", "%": "approximate and uncertain"}


def in_words(text: str) -> str:
    """A date as people say it: `31 March 2027`, `some day in March 2027`, `31 March 2027 or
    later`."""
    doubts = [words for sign, words in _DOUBTS.items() if sign in text]
    return " ".join([_said(parse(text)), *(f"({doubt})" for doubt in doubts)])


def day_in_words(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _said(fuzzy: Fuzzy) -> str:
    first, last = fuzzy.earliest, fuzzy.latest
    if first is None or last is None:
        if first is not None:
            return f"{day_in_words(first)} or later"
        return f"{day_in_words(last)} or earlier" if last else "a day that is not known"
    if first == last:
        return day_in_words(first)
    ends = monthrange(last.year, last.month)[1]
    if first.year == last.year and first.day == 1 and last.day == ends:
        if first.month == last.month:
            return f"some day in {_MONTHS[first.month - 1]} {first.year}"
        if (first.month, last.month) == (1, 12):
            return f"some day in {first.year}"
    return f"some day from {day_in_words(first)} to {day_in_words(last)}"


def london_day(moment: datetime) -> date:
    """The day that people in London have at `moment` (which knows its offset)."""
    return moment.astimezone(LONDON).date()


def whole_years(first: date | None, day: date) -> int | None:
    """Whole years from one day to another; None where the first is not known."""
    if first is None:
        return None
    return day.year - first.year - ((day.month, day.day) < (first.month, first.day))


def _end(text: str) -> tuple[date | None, date | None]:
    return (None, None) if text in ("", "..") else _bounds(text)


def _bounds(text: str) -> tuple[date | None, date | None]:
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError("must be a date like 2023, 2023-05, 2023-05-22 or 2018-10/2018-11 (EDTF)")
    year, month, day = match["year"], match["month"], match["day"]
    if "X" in year and month not in (None, "XX") and year != "XXXX":
        raise ValueError("a month of a year that is only partly known cannot be placed")
    if month == "XX" and day not in (None, "XX"):
        raise ValueError("a day of an unknown month cannot be placed")
    if day not in (None, "XX") and int(day) > _longest(year, month):
        raise ValueError("that month has no such day")
    if year == "0000":
        raise ValueError("there was no year 0000; XXXX says that a year is not known")
    if year == "XXXX":
        return None, None
    low, high = int(year.replace("X", "0")) or 1, int(year.replace("X", "9"))
    if month in (None, "XX"):
        return date(low, 1, 1), date(high, 12, 31)
    if day in (None, "XX"):
        return date(low, int(month), 1), date(low, int(month), monthrange(low, int(month))[1])
    return (exact := date(low, int(month), int(day))), exact


def _longest(year: str, month: str) -> int:
    return monthrange(2000 if "X" in year else max(1, int(year)), int(month))[1]


def _checked(text: str) -> str:
    parse(text)
    return text


Edtf = Annotated[
    str,
    Field(max_length=40),
    AfterValidator(_checked),
    WithJsonSchema(
        {
            "type": "string",
            "description": "A date as well as it is known (EDTF): a day, a month, a year, or an "
            "interval; `~` behind it means about.",
            "examples": ["2023-05-22", "2023-05", "2018-10/2018-11", "2025-03~"],
            "maxLength": 40,
        }
    ),
]
