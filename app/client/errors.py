"""What can go wrong between a script and the tracker, as a tree to catch by its branches."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import httpx


class TrackerError(Exception):
    """Everything below."""


class NotReached(TrackerError):
    """Nobody answered, or something that is not a tracker did. Whether a PUT, PATCH or DELETE was
    done is then not known: look. A POST carries a key, so sending it again is always safe."""


class Refused(TrackerError):
    """The tracker said no, and why: `title`, `detail`, `errors` (each a `{pointer, detail}`), and
    all that it brought (`allowed`, `needs`, `rows`...) in `problem`."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = dict(problem)
        self.title = str(problem.get("title") or HTTPStatus(status).phrase)
        self.detail = str(problem.get("detail") or self.title)
        self.errors: list[dict[str, str]] = _list(problem.get("errors"), dict)
        super().__init__(self.detail)

    def __str__(self) -> str:
        told = [
            f"{error.get('pointer', '')} {error.get('detail', '')}".strip()
            for error in self.errors[:5]
        ]
        if len(self.errors) > len(told):
            told.append(f"and {len(self.errors) - len(told)} more")
        return "; ".join([self.detail, *told, *_list(self.problem.get("needs"), str)])


class NotAllowed(Refused):
    """401 or 403: the token is wrong, or this is not yours to do."""


class NotFound(Refused):
    """404: nothing of that name, or it is out of the token's reach."""


class Conflict(Refused):
    """409: it contradicts what the register holds; `problem` may say what is `allowed`, and what it
    `needs` first."""


class Gone(Refused):
    """410: the cursor is not of this history. Begin again with an empty one."""


class Stale(Refused):
    """412: somebody changed it since you looked. Look again, then decide again."""


class TooLarge(Refused):
    """413: send less at a time."""


class Malformed(Refused):
    """422: `errors` names the fields. An import's has `rows` in its `problem`; nothing was
    applied."""


class Busy(Refused):
    """429 or 503, still after all tries: nothing was done, come back later. 502 or 504, from a
    proxy: whether a PUT, PATCH or DELETE was done is not known."""


_KINDS: dict[int, type[Refused]] = {
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    410: Gone,
    412: Stale,
    413: TooLarge,
    422: Malformed,
    429: Busy,
    502: Busy,
    503: Busy,
    504: Busy,
}


def _list(said: Any, kind: type) -> list[Any]:
    """What is of that kind in a list; a proxy may say anything."""
    return [one for one in said if isinstance(one, kind)] if isinstance(said, list) else []


def refusal(response: httpx.Response) -> TrackerError:
    """What an answer that is not a success means. A proxy's own page has no problem in it."""
    status = response.status_code
    if response.has_redirect_location:
        return NotReached(f"that address leads on to {response.headers['Location']}: use that one")
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {"detail": f"answered {status} without saying why: is this a tracker's address?"}
    return _KINDS.get(status, Refused)(status, problem)
