"""What can go wrong: one class is one problem type, with the words a person can act on."""

from collections.abc import Sequence
from typing import Any, ClassVar


class TrackerError(Exception):
    """A refusal that the caller can do something about.

    `slug` names the problem type, `status` is the HTTP status it is answered with, `detail`
    says what happened and what to do, and never repeats what the caller sent.
    """

    slug: ClassVar[str]
    title: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members = members


class Unauthenticated(TrackerError):
    """No token, or one that is unknown, expired or revoked. Ask an admin for a token and send it
    as `Authorization: Bearer TOKEN`, or as the password of HTTP Basic."""

    slug, title, status = "unauthenticated", "Who are you?", 401


class NotFound(TrackerError):
    """Nothing of that name exists, or it belongs to a place that your token does not reach."""

    slug, title, status = "not-found", "Not found", 404


class MethodNotAllowed(TrackerError):
    """The address exists but does not take this method. The `Allow` header lists those it takes."""

    slug, title, status = "method-not-allowed", "Method not allowed", 405


class NotYours(TrackerError):
    """You are known, but this is not yours to do: your role, your organisation or the two-person
    rule stands against it. `detail` says which."""

    slug, title, status = "not-yours", "Not yours to do", 403


class TooLarge(TrackerError):
    """The body is larger than this address takes, which `detail` says. Send less at a time."""

    slug, title, status = "too-large", "Body too large", 413


class UnsupportedMediaType(TrackerError):
    """The body is not of a kind that this address reads. Send `Content-Type: application/json`."""

    slug, title, status = "unsupported-media-type", "Unsupported media type", 415


class Malformed(TrackerError):
    """Fields or parameters are missing, unknown or not of their form. `errors` lists each with a
    JSON pointer; what you sent is not repeated."""

    slug, title, status = "malformed", "Malformed request", 422

    def __init__(self, detail: str, errors: Sequence[tuple[str, str]] = ()) -> None:
        """`errors`: pairs of JSON pointer and what to do about it."""
        listed = [{"pointer": pointer, "detail": text} for pointer, text in errors]
        super().__init__(detail, errors=listed)


class KeyReused(TrackerError):
    """This Idempotency-Key was used before with another request. Take a new key for new work."""

    slug, title, status = "idempotency-key-reused", "Idempotency key reused", 422


class PreconditionRequired(TrackerError):
    """Changes name the version that they were made on. Send `If-Match` with the ETag that GET
    gave you."""

    slug, title, status = "precondition-required", "If-Match is missing", 428


class Stale(TrackerError):
    """Somebody changed this since you read it. GET it again, look at what changed, and repeat your
    change with the new ETag."""

    slug, title, status = "stale", "Changed since you read it", 412


class Conflict(TrackerError):
    """What is asked contradicts what the register holds. `detail` says how."""

    slug, title, status = "conflict", "Conflict", 409


class IllegalMove(Conflict):
    """A recommendation cannot go from its status to that one. `allowed` lists where it can go."""

    slug, title = "illegal-move", "That move is not allowed"


class DemandUnmet(Conflict):
    """The move is allowed, but something that it demands is not there. `needs` says what, in
    words."""

    slug, title = "demand-unmet", "Something is needed first"


class AlreadyExists(Conflict):
    """A thing of that name, or a link of that kind between the two, is there already."""

    slug, title = "already-exists", "Already there"


class Voided(Conflict):
    """The recommendation was entered by mistake and voided: it can be read, and nothing more is
    recorded about it. Name the one that was meant."""

    slug, title = "voided", "It was voided"


class WorkedOn(Conflict):
    """People have worked on it since it was entered, so it is no mere mistake of entry. `work` says
    who did what, at most twenty of it; `detail` says what to do instead."""

    slug, title = "worked-on", "People have worked on it"


class LinkRefused(Conflict):
    """The link would break a law of lineage: no link to itself, none forward in time, no cycle."""

    slug, title = "link-refused", "That link cannot be"


class Gone(TrackerError):
    """The cursor is not of this history, for instance because the register was restored from a
    backup. Begin again with an empty cursor."""

    slug, title, status = "gone", "Not of this history", 410


class Refused(TrackerError):
    """The request cannot be answered as it is, in a way that has no page of its own: the status
    says which."""

    slug, title, status = "refused", "Request refused", 400


class Busy(TrackerError):
    """The database did not answer in time. Nothing was changed; try again shortly."""

    slug, title, status = "busy", "Busy", 503


class NotReady(Busy):
    """The database answers, but the register in it is not there or is older than this version:
    `tracker migrate` brings it up to date."""

    slug, title = "not-ready", "Not ready"


class Bug(TrackerError):
    """A fault of ours. It is logged under the id in `instance`; nothing was changed."""

    slug, title, status = "bug", "Something went wrong on our side", 500


class ChainBroken(Exception):
    """The journal is not what was written: `seq` is the first change that does not hold."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(f"change {seq}: {why}")
        self.seq = seq
