"""Fuzzy dates: the days that each form of EDTF can mean, and what is said of them on a day."""

import time
from datetime import UTC, date, datetime, timedelta

import pytest
from edtf import parse_edtf
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.domain.dates import Certainty, Edtf, bounds, london_day, parse

STEADY = settings(derandomize=True, deadline=None, max_examples=200)

BOUNDS = [
    ("2023", "2023-01-01", "2023-12-31"),
    ("2023-05", "2023-05-01", "2023-05-31"),
    ("2023-05-22", "2023-05-22", "2023-05-22"),
    ("2025-03~", "2025-03-01", "2025-03-31"),
    ("2025?", "2025-01-01", "2025-12-31"),
    ("2025-03-14%", "2025-03-14", "2025-03-14"),
    ("2018-10/2018-11", "2018-10-01", "2018-11-30"),
    ("2010-03-02/2010-03-03", "2010-03-02", "2010-03-03"),
    ("2022-01-24/2022-02", "2022-01-24", "2022-02-28"),
    ("2018-10~/2018-11?", "2018-10-01", "2018-11-30"),
    ("2020/2020", "2020-01-01", "2020-12-31"),
    ("2019-06/..", "2019-06-01", None),
    ("2019-06/", "2019-06-01", None),
    ("../2019-06", None, "2019-06-30"),
    ("/2019-06", None, "2019-06-30"),
    ("201X", "2010-01-01", "2019-12-31"),
    ("20XX", "2000-01-01", "2099-12-31"),
    ("201X/2021", "2010-01-01", "2021-12-31"),
    ("2023-XX", "2023-01-01", "2023-12-31"),
    ("2023-XX-XX", "2023-01-01", "2023-12-31"),
    ("2023-05-XX", "2023-05-01", "2023-05-31"),
    ("XXXX", None, None),
    ("XXXX-03", None, None),
    ("XXXX-03-14", None, None),
    ("XXXX-XX-XX", None, None),
    ("2024-02", "2024-02-01", "2024-02-29"),
    ("2023-02-XX", "2023-02-01", "2023-02-28"),
    ("2000-02", "2000-02-01", "2000-02-29"),
    ("1900-02", "1900-02-01", "1900-02-28"),
    ("2024-02-29", "2024-02-29", "2024-02-29"),
    ("2000-02-29", "2000-02-29", "2000-02-29"),
    ("XXXX-02-29", None, None),
    ("0001", "0001-01-01", "0001-12-31"),
    ("9999", "9999-01-01", "9999-12-31"),
]

REFUSED = [
    "0000",
    "0000-02-29",
    *("2023-13", "2023-00", "2023-05-00", "2023-05-32"),  # no such month or day
    *("2023-02-29", "1900-02-29", "2023-02-30", "2023-04-31", "XXXX-02-30", "XXXX-04-31"),
    *("2018-11/2018-10", "2019/2018", "2018-10-02/2018-10-01", "2020/201X"),  # ends before start
    *("../..", "/", "../", "/.."),  # no end at all
    *("201X-05", "20XX-05-01", "2023-XX-05", "XXXX-XX-05"),  # cannot be placed
    *("2023-5", "23-05", "202", "20230522", "2023-05-22T10:00", "22/05/2023", "May 2023"),
    *("2021-22", "{2020}", "[2020,2021]", "Y17E7", "-2023", "2XXX", "X023", "~2023", "2023~~"),
    *("2018/2019/2020", "2023-05-22 ", "2023\n", "", "today", "None"),
    *("\uff12\uff10\uff12\uff13", "\u0662\u0660\u0662\u0663-05"),  # digits of other scripts
]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


@pytest.mark.parametrize(("text", "earliest", "latest"), BOUNDS)
def test_each_form_means_its_days(text: str, earliest: str | None, latest: str | None) -> None:
    fuzzy = parse(text)
    assert (fuzzy.earliest, fuzzy.latest) == (_day(earliest), _day(latest))
    assert fuzzy.text == text
    assert bounds(text) == (fuzzy.earliest, fuzzy.latest)


def test_no_date_has_no_bounds() -> None:
    assert bounds(None) == (None, None)


@pytest.mark.parametrize("text", REFUSED)
def test_what_contradicts_itself_or_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)


def test_a_refusal_does_not_repeat_what_it_was_given() -> None:
    with pytest.raises(ValueError, match="must be a date like") as refusal:
        parse("born in May")
    assert "born" not in str(refusal.value)


def test_a_field_takes_dates_as_they_were_written_and_no_others() -> None:
    field: TypeAdapter[str] = TypeAdapter(Edtf)
    assert field.validate_python("2018-10/2018-11") == "2018-10/2018-11"
    for wrong in ("2018-11/2018-10", "2018-10" * 8):
        with pytest.raises(ValidationError):
            field.validate_python(wrong)


@pytest.mark.parametrize(
    ("text", "day", "answer"),
    [
        ("2026-11-24", "2026-11-23", "no"),
        ("2026-11-24", "2026-11-24", "no"),  # what is due today is not late
        ("2026-11-24", "2026-11-25", "yes"),
        ("2026-11", "2026-10-31", "no"),
        ("2026-11", "2026-11-01", "no"),
        ("2026-11", "2026-11-02", "possibly"),
        ("2026-11", "2026-11-30", "possibly"),
        ("2026-11", "2026-12-01", "yes"),
        ("2026-11~", "2026-12-01", "yes"),
        ("2026-11-20/2026-12-05", "2026-11-20", "no"),
        ("2026-11-20/2026-12-05", "2026-12-05", "possibly"),
        ("2026-11-20/2026-12-05", "2026-12-06", "yes"),
        ("2026-11/..", "2026-11-01", "no"),
        ("2026-11/..", "2099-01-01", "possibly"),
        ("../2026-11", "1990-01-01", "possibly"),
        ("../2026-11", "2026-12-01", "yes"),
        ("XXXX-03", "2026-01-01", "possibly"),
        ("XXXX", "0001-01-01", "possibly"),
    ],
)
def test_whether_it_passed_before_a_day(text: str, day: str, answer: str) -> None:
    assert parse(text).before(date.fromisoformat(day)) == answer


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-03-28T23:59:59+00:00", "2026-03-28"),  # the night before the clocks go forward
        ("2026-03-29T00:30:00+00:00", "2026-03-29"),
        ("2026-03-29T22:59:59+00:00", "2026-03-29"),
        ("2026-03-29T23:00:00+00:00", "2026-03-30"),  # midnight in London, in summer time
        ("2026-10-24T22:59:59+00:00", "2026-10-24"),
        ("2026-10-24T23:00:00+00:00", "2026-10-25"),  # the day of 25 hours begins
        ("2026-10-25T00:30:00+00:00", "2026-10-25"),  # 01:30, for the first time
        ("2026-10-25T01:30:00+00:00", "2026-10-25"),  # 01:30, for the second time
        ("2026-10-25T23:59:59+00:00", "2026-10-25"),
        ("2026-10-26T00:00:00+00:00", "2026-10-26"),  # midnight in London, in winter time
        ("2028-02-29T12:00:00+00:00", "2028-02-29"),
        ("2026-07-01T00:30:00+02:00", "2026-06-30"),  # 23:30 the day before, in London
    ],
)
def test_the_day_in_london_at_a_moment(moment: str, day: str) -> None:
    assert london_day(datetime.fromisoformat(moment)).isoformat() == day


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_the_days_on_which_clocks_change_are_shorter_and_longer(day: str, hours: int) -> None:
    noon = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)
    around = [noon + timedelta(minutes=30 * step - 24 * 60) for step in range(97)]
    assert sum(london_day(moment).isoformat() == day for moment in around) == 2 * hours


def _marked(dates: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda text, mark: text + mark, dates, st.sampled_from(["", "~", "?", "%"]))


DAYS = st.dates()
PLAIN = st.one_of(
    DAYS.map(lambda day: day.isoformat()),
    DAYS.map(lambda day: day.isoformat()[:7]),
    DAYS.map(lambda day: day.isoformat()[:4]),
)
PARTLY = st.one_of(
    DAYS.map(lambda day: day.isoformat()[:3] + "X"),
    DAYS.map(lambda day: day.isoformat()[:2] + "XX"),
    DAYS.map(lambda day: day.isoformat()[:7] + "-XX"),
    DAYS.map(lambda day: day.isoformat()[:4] + "-XX-XX"),
    DAYS.map(lambda day: day.isoformat()[:4] + "-XX"),
)
DATES = st.one_of(_marked(PLAIN), PARTLY)


@st.composite
def intervals(draw: st.DrawFn) -> str:
    ends = sorted((draw(_marked(PLAIN)), draw(_marked(PLAIN))))
    start, end = draw(st.sampled_from([(ends[0], ends[1]), (ends[0], ".."), ("..", ends[1])]))
    return f"{start}/{end}"


def _theirs(bound: object) -> date | None:
    """A bound as the library `edtf` gives it: a struct_time, or infinity for an open end."""
    if isinstance(bound, time.struct_time):
        return date(max(bound.tm_year, 1), bound.tm_mon, bound.tm_mday)
    assert bound in (float("inf"), float("-inf"))
    return None


@STEADY
@given(st.one_of(DATES, intervals()))
def test_bounds_are_those_of_the_library_edtf(text: str) -> None:
    theirs = parse_edtf(text)
    wanted = (_theirs(theirs.lower_strict()), _theirs(theirs.upper_strict()))
    if wanted[0] and wanted[1] and wanted[0] > wanted[1]:
        with pytest.raises(ValueError, match="ends before it starts"):
            parse(text)
        return
    fuzzy = parse(text)
    assert (fuzzy.earliest, fuzzy.latest) == wanted


@STEADY
@given(st.one_of(DATES, intervals()), DAYS, DAYS)
def test_a_date_that_has_passed_does_not_come_back(text: str, one: date, other: date) -> None:
    try:
        fuzzy = parse(text)
    except ValueError:
        return
    order = [Certainty.NO, Certainty.POSSIBLY, Certainty.YES]
    early, late = sorted((one, other))
    assert order.index(fuzzy.before(early)) <= order.index(fuzzy.before(late))


NEARLY = st.text(alphabet="0123456789X-/.~?% \u0663", max_size=24)


@STEADY
@given(st.one_of(st.text(max_size=60), NEARLY, st.from_regex(r"\d{4}-\d\d-\d\d(/\d{4})?")))
def test_garbage_raises_nothing_but_value_error(text: str) -> None:
    try:
        fuzzy = parse(text)
    except ValueError:
        return
    if fuzzy.earliest and fuzzy.latest:
        assert fuzzy.earliest <= fuzzy.latest
    assert text.isascii()
