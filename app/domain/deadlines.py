"""Statutory deadlines: by when an inspection must be answered, in working days of England."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, insert, select
from sqlmodel import Field, Session, col

from app.domain import changes, inspections
from app.domain.actors import Actor
from app.domain.base import Given, Line, Table
from app.domain.dates import bounds
from app.domain.frameworks import Framework
from app.domain.inspections import Inspection
from app.domain.recommendations import Kind, Recommendation


class BankHoliday(Table, table=True):
    """A day on which banks are closed in England and Wales: no working day."""

    __tablename__ = "bank_holiday"

    day: date = Field(primary_key=True)
    title: str = Field(max_length=300)


class HolidayGiven(Given):
    date: date
    title: Line


class HolidaysGiven(Given):
    """As GOV.UK publishes them for one division (https://www.gov.uk/bank-holidays.json)."""

    source: Line
    events: list[HolidayGiven]


@dataclass(frozen=True, slots=True)
class Rule:
    """`working_days` from the day of publication until `what` is due. `source`: where it stands."""

    working_days: int
    what: str
    source: str
    only_after_priority_action: bool = False


RULES: dict[Framework, Rule] = {
    Framework.ILACS: Rule(
        70,
        "the statement of proposed action",
        "Education and Inspections Act 2006 (Inspection of Local Authorities) Regulations 2007, "
        "regulation 3, as the ILACS framework applies it",
    ),
    Framework.JTAI: Rule(
        70,
        "the written statement of action",
        "Joint targeted area inspection framework: 70 working days from the letter",
    ),
    Framework.FOCUSED_VISIT: Rule(
        20,
        "the draft action plan",
        "ILACS framework, focused visits: a draft within 20 working days after an area for "
        "priority action",
        only_after_priority_action=True,
    ),
}


class Calendar:
    """Working days: Monday to Friday but for bank holidays, as far as those are known."""

    def __init__(self, holidays: Iterable[date]) -> None:
        self._holidays = frozenset(holidays)
        years = {day.year for day in self._holidays}
        self.first = date(min(years), 1, 1) if years else None
        self.last = date(max(years), 12, 31) if years else None

    def after(self, day: date, working_days: int) -> date | None:
        """The day `working_days` after `day`, which itself does not count. None where that leaves
        the years whose bank holidays are known: said, not guessed."""
        if self.first is None or self.last is None or day < self.first:
            return None
        while working_days:
            day += timedelta(days=1)
            if day > self.last:
                return None
            if day.weekday() < 5 and day not in self._holidays:
                working_days -= 1
        return day


def due(session: Session, those: Iterable[Inspection]) -> dict[str, dict[str, Any]]:
    """For each inspection (by slug) by when it must be answered: `stated` as its document says,
    `computed` by the rule of its framework, and a `warning` where they differ or it cannot be
    computed."""
    wanted = list(those)
    calendar = Calendar(session.scalars(select(col(BankHoliday.day))))
    urgent = set(
        session.scalars(
            select(col(Recommendation.inspection)).where(
                col(Recommendation.inspection).in_([one.slug for one in wanted]),
                col(Recommendation.kind) == Kind.AREA_FOR_PRIORITY_ACTION,
                col(Recommendation.voided).is_(False),
            )
        )
    )
    return {one.slug: _due(one, one.slug in urgent, calendar) for one in wanted}


def shown(session: Session, those: Sequence[Inspection]) -> list[dict[str, Any]]:
    """Inspections as InspectionShown, with by when each must be answered."""
    by_slug = due(session, those)
    return [inspections.shown(one, by_slug[one.slug]) for one in those]


def refresh(session: Session, actor: Actor, given: HolidaysGiven) -> int:
    """Makes these the bank holidays that are known, in place of those before; answers how many.

    ValueError where the new table knows less than the old one did of the years to come.
    """
    known = Calendar(session.scalars(select(col(BankHoliday.day))))
    fresh = Calendar(event.date for event in given.events)
    if fresh.last is None or (known.last is not None and fresh.last < known.last):
        raise ValueError("this table ends before the one that is there; nothing was changed")
    kept = session.scalars(select(BankHoliday).where(col(BankHoliday.day) < fresh.first))
    rows = {one.day: one.title for one in kept} | {one.date: one.title for one in given.events}
    connection = session.connection()
    connection.execute(delete(BankHoliday))
    connection.execute(
        insert(BankHoliday), [{"day": day, "title": title} for day, title in rows.items()]
    )
    changes.record(
        session,
        actor.name,
        "bank_holidays:refreshed",
        "bank-holidays",
        after={"source": given.source, "until": fresh.last, "count": len(rows)},
    )
    return len(rows)


def extend(session: Session, actor: Actor, given: HolidaysGiven) -> bool:
    """refresh(), where this table knows of later years than the one that is there."""
    known = Calendar(session.scalars(select(col(BankHoliday.day)))).last
    fresh = Calendar(event.date for event in given.events).last
    if fresh is None or (known is not None and fresh <= known):
        return False
    refresh(session, actor, given)
    return True


def _due(inspection: Inspection, urgent: bool, calendar: Calendar) -> dict[str, Any]:
    stated = inspection.response_due_stated
    answer: dict[str, Any] = {"stated": stated, "computed": None, "warning": None}
    rule = RULES.get(inspection.framework)
    if rule is None or (rule.only_after_priority_action and not urgent):
        return answer
    published = inspection.published_earliest
    if published is None or published != inspection.published_latest:
        return answer | {
            "warning": f"{rule.what} is due {rule.working_days} working days after publication, "
            "whose day is not known"
        }
    computed = calendar.after(published, rule.working_days)
    if computed is None:
        return answer | {
            "warning": f"{rule.what} is due {rule.working_days} working days after publication; "
            f"{_known(calendar)}, so the day cannot be computed"
        }
    answer["computed"] = computed
    if stated is not None and not _agree(inspection, computed):
        answer["warning"] = (
            f"the document states another day than {rule.working_days} working days after "
            "publication give; the stated one holds"
        )
    return answer


def _agree(inspection: Inspection, computed: date) -> bool:
    earliest, latest = bounds(inspection.response_due_stated)
    return (earliest is None or earliest <= computed) and (latest is None or computed <= latest)


def _known(calendar: Calendar) -> str:
    if calendar.first is None or calendar.last is None:
        return "bank holidays are not known here"
    return f"bank holidays are known from {calendar.first.year} to {calendar.last.year}"
