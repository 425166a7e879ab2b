"""Wording: what pydantic found wrong with a field, in sentences that say what to do."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.base import FORMS

MOST = 100
"""Mistakes of one thing that are told at once."""


def mistakes(errors: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """pydantic's errors as pairs of JSON pointer and what to do. Never the value itself."""
    return [(pointer(error["loc"]), _sentence(error)) for error in errors[:MOST]]


def pointer(loc: Sequence[str | int]) -> str:
    """A JSON pointer to a field. Names that are not like ours are the caller's words: left out."""
    parts = [str(part) for part in loc]
    return "".join(f"/{part if _OURS.fullmatch(part) else '?'}" for part in parts)


_OURS = re.compile(r"[a-z][a-z0-9_]{0,39}|\d{1,6}")

_MOMENT = "must be a moment with its offset, like 2026-11-24T09:00:00Z"
_DAY = "must be a day, like 2026-11-24"
_SENTENCES = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this; take it out",
    "json_invalid": "is not valid JSON",
    "enum": "must be one of {expected}",
    "literal_error": "must be one of {expected}",
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "model_attributes_type": "must be an object",
    "model_type": "must be an object",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
    "timezone_aware": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_type": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "value_error": "{error}",
}


def _sentence(error: Mapping[str, Any]) -> str:
    """What to do about one field. Built from our sentences: pydantic's may quote the value."""
    if error["type"] == "string_pattern_mismatch":
        return FORMS.get(error["ctx"]["pattern"], "is not of the form that this takes")
    if error["type"] == "too_short" and error["ctx"]["min_length"] == 1:
        return "must have at least one entry"
    sentence = _SENTENCES.get(error["type"])
    if sentence is None:
        return f"is not of the form that this takes ({error['type']})"
    return sentence.format(**error.get("ctx", {}))
