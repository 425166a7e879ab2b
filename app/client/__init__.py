"""The API as a stranger sees it: pages, ETags, keys and retries, so that scripts need not care."""

from app.client.errors import (
    Busy,
    Conflict,
    Gone,
    Malformed,
    NotAllowed,
    NotFound,
    NotReached,
    Refused,
    Stale,
    TooLarge,
    TrackerError,
)
from app.client.tracker import Thing, Tracker

__all__ = [
    "Busy",
    "Conflict",
    "Gone",
    "Malformed",
    "NotAllowed",
    "NotFound",
    "NotReached",
    "Refused",
    "Stale",
    "Thing",
    "TooLarge",
    "Tracker",
    "TrackerError",
]
