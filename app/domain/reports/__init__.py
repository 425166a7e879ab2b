"""Reports: questions about the whole register, each one function and one SELECT."""

from app.domain.reports.ageing import AgeingAsked, AgeingShown, ageing
from app.domain.reports.movement import MovementAsked, MovementShown, movement
from app.domain.reports.recurrence import RecurrenceAsked, RecurrenceShown, recurrence
from app.domain.reports.summary import Grouping, SummaryAsked, SummaryShown, summary

__all__ = [
    "AgeingAsked",
    "AgeingShown",
    "Grouping",
    "MovementAsked",
    "MovementShown",
    "RecurrenceAsked",
    "RecurrenceShown",
    "SummaryAsked",
    "SummaryShown",
    "ageing",
    "movement",
    "recurrence",
    "summary",
]
