"""Frameworks, grades and coverage: the terms in which an inspection speaks, and how much of what
it said is held."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from app.domain.base import Given, Line, Shown
from app.domain.dates import Edtf


class Framework(StrEnum):
    UNANNOUNCED = "unannounced"
    SLAC = "slac"
    SIF = "sif"
    LSCB_REVIEW = "lscb_review"
    FOCUSED_VISIT = "focused_visit"
    ILACS = "ilacs"
    JTAI = "jtai"
    SEND = "send"
    YOUTH_JUSTICE = "youth_justice"
    JAR = "jar"
    OTHER = "other"


class Grade(StrEnum):
    """Grades made comparable within a framework; never across frameworks, whose scales differ."""

    OUTSTANDING = "outstanding"
    GOOD = "good"
    REQUIRES_IMPROVEMENT = "requires_improvement"
    INADEQUATE = "inadequate"
    OTHER = "other"


class Stated(StrEnum):
    """What a document says about something it may be silent on."""

    YES = "yes"
    NO = "no"
    NOT_SAID = "not_said"


class Availability(StrEnum):
    """How much of what an inspection recommended the register holds. Where it is not known how
    many there were, holding some is `partly_held`: not known to be all."""

    HELD = "held"
    PARTLY_HELD = "partly_held"
    REFERENCED_ONLY = "referenced_only"


class JudgementGiven(Given):
    area: Line
    grade: Line
    grade_normalised: Grade


class ResponseDueGiven(Given):
    stated: Edtf | None = None


class CoverageGiven(Given):
    """How many recommendations the inspection is known to have made; null: not known."""

    stated_count: Annotated[int, Field(ge=0, le=9999)] | None = None


class JudgementShown(Shown):
    area: str
    grade: str
    grade_normalised: Grade


class ResponseDueShown(Shown):
    stated: str | None
    computed: str | None
    warning: str | None


class CoverageShown(Shown):
    availability: Availability
    stated_count: int | None
    held_count: int


def coverage(stated: int | None, held: int) -> dict[str, Any]:
    if held == 0 and stated != 0:
        availability = Availability.REFERENCED_ONLY
    elif stated is None or held < stated:
        availability = Availability.PARTLY_HELD
    else:
        availability = Availability.HELD
    return {"availability": availability, "stated_count": stated, "held_count": held}
