"""`tracker digest`: what needs a party, as plain text for a mailer."""

import textwrap
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from urllib.parse import quote

from app.cli import remote
from app.cli.register import Failed
from app.client import NotFound, Thing, Tracker
from app.domain.attention import Need
from app.domain.dates import in_words
from app.settings import Settings

WIDTH = 78
LATE = (Need.OVERDUE, Need.POSSIBLY_OVERDUE)
WORDS = {
    Need.REGRESSED: (
        "Came back after it was verified or closed",
        "Reopen it, or record why what was done still holds.",
    ),
    Need.OVERDUE: (
        "The due date has passed",
        "Record what was done and move it on, or agree a new date and record the reason.",
    ),
    Need.POSSIBLY_OVERDUE: (
        "The due date is not exact and may have passed",
        "Agree an exact date, or record what was done.",
    ),
    Need.CLAIMED_WITHOUT_EVIDENCE: (
        "Claimed as implemented without accepted evidence",
        "Have the evidence reviewed, or attach what shows it.",
    ),
    Need.EVIDENCE_WAITING: (
        "Evidence waits for a review",
        "Somebody other than its submitter accepts or rejects it.",
    ),
    Need.LINKS_WAITING: (
        "Proposed links wait for a person",
        "A lead confirms or rejects them.",
    ),
    Need.REVIEW_PASSED: (
        "The day of the next review has come",
        "Review it: reopen it, or set the next date.",
    ),
    Need.UNOWNED: ("Nobody is accountable", "A lead decides who is."),
    Need.STALE: (
        "Nothing was recorded for a long time",
        "Say how it stands: a note, evidence, or a move.",
    ),
}
"""For each reason its heading, and what to do about it."""


def run(settings: Settings, options: Namespace) -> int:
    with remote.tracker(settings, options) as tracker:
        name = _name(tracker, options.party)
        items = list(tracker.attention(options.party))
        late = {
            one["ref"] for one in items if one["reason"] in (Need.OVERDUE, Need.POSSIBLY_OVERDUE)
        }
        due = {ref: tracker.recommendation(ref)["due_on"] for ref in sorted(late)}
        anchor = tracker.anchor()
    address = (options.url or settings.address).rstrip("/")
    print("\n".join(lines(name, items, due, address, anchor)))
    return 0


def lines(
    name: str, items: Sequence[Thing], due: Mapping[str, str | None], address: str, anchor: str
) -> Iterator[str]:
    """The text. `due`: by ref, of what is or may be overdue. The first line can be a subject."""
    refs = {one["ref"] for one in items}
    if not items:
        yield f"Nothing needs {name} now"
    else:
        needs = "1 recommendation needs" if len(refs) == 1 else f"{len(refs)} recommendations need"
        yield f"{needs} {name}"
    for reason, group in groupby(items, key=lambda one: str(one["reason"])):
        those = list(group)
        heading, to_do = _words(reason)
        yield from ("", f"{heading} ({len(those)})", *textwrap.wrap(to_do, WIDTH))
        for one in those:
            yield ""
            yield from textwrap.wrap(
                f"{one['ref']}  {_line(one['title'])}",
                WIDTH,
                initial_indent="  ",
                subsequent_indent="    ",
            )
            if when := _when(one, due):
                yield f"    {when}"
            yield f"    {address}/v1/recommendations/{one['ref']}"
    yield ""
    yield f"The journal stands at {anchor}. Keep this message: `tracker verify --expect {anchor}`"
    yield "says later whether anything before it was altered."


def _name(tracker: Tracker, slug: str) -> str:
    try:
        return _line(tracker.get(f"/v1/parties/{quote(slug, safe='')}")["name"])
    except NotFound as error:
        if "type" not in error.problem:  # not a tracker's answer
            raise
        raise Failed(str(error)) from error


def _words(reason: str) -> tuple[str, str]:
    """A newer tracker may know reasons that this command does not."""
    known = {need.value: words for need, words in WORDS.items()}
    return known.get(reason, (reason.replace("_", " ").capitalize(), "See the address below."))


def _when(one: Thing, due: Mapping[str, str | None]) -> str | None:
    if one["reason"] in LATE and (said := due.get(one["ref"])):
        return f"due {in_words(said)}"
    return f"since {in_words(one['since'])}" if one["since"] else None


def _line(text: str) -> str:
    """On one line: the first one may become a mail's header, and nothing may add another."""
    return " ".join(text.split())
