"""`Tracker`: the register from afar, in the verbs that its users say."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import quote

import httpx

from app.client import files
from app.client.errors import NotReached
from app.client.files import Progress
from app.client.memory import Recent
from app.client.wire import Wire

Thing = dict[str, Any]
"""One thing as the API answers it: its fields are at the tracker's own /docs."""

PAGE = 200
"""Things asked for at a time; more would only make the first come later."""

SLOW = httpx.Timeout(60, connect=10, read=600)
"""For imports and exports: the tracker reads, checks and writes all of it before it answers."""

_KEEP = 1_000_000
"""Larger bodies are not worth the memory."""


class Tracker:
    """`with Tracker(url, token) as tracker: ...`

    It remembers the ETag of whatever it was shown. A change names the version that you looked at,
    and raises Stale where somebody changed it meanwhile: look again (`recommendation(ref)`), decide
    again. What was never looked at is looked at first. Not for several threads at once.

    Busy servers and broken connections are met with pauses, `tries` times in all; a POST carries a
    key, so that nothing is done twice.
    """

    def __init__(
        self, url: str, token: str | None = None, *, tries: int = 5, pause: float = 0.5
    ) -> None:
        """ValueError where the address or the token cannot be one."""
        self._wire = Wire(url.rstrip("/"), token, tries, pause)
        self._tags: Recent[str] = Recent(10_000)
        self._bodies: Recent[tuple[str, bytes]] = Recent(64)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._wire.close()

    # Any address of the API

    def get(self, path: str, **params: Any) -> Thing:
        """What stands at an address. Not sent again by the tracker where it has not changed."""
        name = str(httpx.URL(path, params={k: v for k, v in params.items() if v is not None}))
        kept = self._bodies.get(name)
        headers = {"If-None-Match": kept[0]} if kept else {}
        response = self._wire.send("GET", path, params=params, headers=headers)
        body = kept[1] if kept and response.status_code == 304 else response.content
        if tag := response.headers.get("ETag"):
            self._tags.keep(path, tag)
            if len(body) <= _KEEP:
                self._bodies.keep(name, (tag, body))
        return _thing(body)

    def pages(self, path: str, **params: Any) -> Iterator[Thing]:
        """Every item of a list, page by page as they are asked for."""
        cursor: str | None = None
        while True:
            page = self.get(path, **({"limit": PAGE} | params | {"cursor": cursor}))
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def create(self, path: str, body: Thing, *, key: str | None = None) -> Thing:
        """A new thing. `key`: an idempotency key of your own, where a run may be started again."""
        headers = {"Idempotency-Key": key} if key else {}
        response = self._wire.send("POST", path, json=body, headers=headers)
        self._seen(response.headers.get("Location"), response)
        return _thing(response.content)

    def change(
        self,
        method: str,
        path: str,
        body: Thing | None = None,
        *,
        of: str | None = None,
        **params: Any,
    ) -> Thing:
        """Changes what stands at `of` (left out: `path`), as it was when it was last looked at."""
        of = of or path
        if self._tags.get(of) is None:
            self.get(of)
        tag = self._tags.get(of)
        headers = {"If-Match": tag} if tag else {}
        response = self._wire.send(method, path, params=params, json=body, headers=headers)
        self._seen(of, response)
        return _thing(response.content)

    # Recommendations

    def recommendations(self, **filters: Any) -> Iterator[Thing]:
        """`status="open"`, `owner=["a", "b"]`, `overdue="yes"`, `sort="-due_on"`..."""
        return self.pages("/v1/recommendations", **filters)

    def recommendation(self, ref: str) -> Thing:
        return self.get(_at("recommendations", ref))

    def enter(self, inspection: str, ordinal: int, text: str, **fields: Any) -> Thing:
        row = {"inspection": inspection, "ordinal": ordinal, "text": text, **fields}
        return self.create("/v1/recommendations", row)

    def amend(self, ref: str, **fields: Any) -> Thing:
        """title, themes, priority, response, due_on (a later change of it needs `reason`)."""
        return self.change("PATCH", _at("recommendations", ref), fields)

    def move(self, ref: str, status: str, **fields: Any) -> Thing:
        """Conflict says which moves are `allowed`, and what this one `needs` first."""
        return self._of(ref, "PUT", "status", {"status": status, **fields})

    def assign(self, ref: str, party: str | None, reason: str | None = None) -> Thing:
        """Makes a party accountable; None: nobody."""
        return self._of(ref, "PUT", "owner", {"party": party, "reason": reason})

    def void(self, ref: str, reason: str) -> Thing:
        """It was entered by mistake: it stays readable, lists and counts leave it out."""
        return self._of(ref, "POST", "voiding", {"reason": reason})

    def erratum(self, ref: str, text: str, reason: str, citation: Thing) -> Thing:
        """The text as it should have been; the one before it stays readable."""
        return self._of(
            ref, "POST", "errata", {"text": text, "reason": reason, "citation": citation}
        )

    def note(self, ref: str, text: str) -> Thing:
        return self.create(_at("recommendations", ref, "notes"), {"text": text})

    def history(self, ref: str) -> Iterator[Thing]:
        return self.pages(_at("recommendations", ref, "history"))

    # Evidence, links, actions

    def attach(self, ref: str, **evidence: Any) -> Thing:
        """Evidence: kind, level, bearing and summary; and observed, link, valid_until..."""
        return self.create(_at("recommendations", ref, "evidence"), evidence)

    def review(self, evidence: str, review: str, reason: str | None = None) -> Thing:
        """`accepted` or `rejected`, by somebody other than the one who recorded it."""
        path = _at("evidence", evidence)
        return self.change("PUT", f"{path}/review", {"review": review, "reason": reason}, of=path)

    def withdraw(self, evidence: str, reason: str) -> Thing:
        path = _at("evidence", evidence)
        return self.change("POST", f"{path}/withdrawal", {"reason": reason}, of=path)

    def propose(self, later: str, earlier: str, kind: str, **link: Any) -> Thing:
        """A link, with its basis and rationale; a person confirms or rejects it."""
        return self.create("/v1/links", {"later": later, "earlier": earlier, "kind": kind, **link})

    def judge(self, link: str, state: str, reason: str | None = None) -> Thing:
        """`confirmed` or `rejected`."""
        path = _at("links", link)
        return self.change("PUT", f"{path}/review", {"state": state, "reason": reason}, of=path)

    def actions(self, **filters: Any) -> Iterator[Thing]:
        return self.pages("/v1/actions", **filters)

    def action(self, title: str, recommendations: Sequence[str], **fields: Any) -> Thing:
        """A new action: what is done about one or several recommendations."""
        return self.create(
            "/v1/actions", {"title": title, "recommendations": list(recommendations), **fields}
        )

    def amend_action(self, action: str, **fields: Any) -> Thing:
        return self.change("PATCH", _at("actions", action), fields)

    def attention(self, party: str | None = None) -> Iterator[Thing]:
        """What needs a person, or that party, most serious first."""
        return self.pages("/v1/attention", party=party)

    # The feed

    def anchor(self) -> str:
        """Where the journal stands, as `seq:hash8`: kept elsewhere, it shows later whether what was
        before it was altered."""
        self.get("/v1/changes", limit=1)
        head = (self._tags.get("/v1/changes") or "").strip('"').partition(".")[0]
        return head.replace("-", ":")

    def changes(self, after: str = "") -> Iterator[Thing]:
        """Every change after a cursor, to the last there is now."""
        for items, _ in self._feed(after):
            yield from items

    def follow(self, after: str = "", *, every: float = 10) -> Iterator[tuple[list[Thing], str]]:
        """New changes as they come, and the cursor to go on from: keep it when you are done with
        them. Asks each `every` seconds, and never ends. Gone: the register was restored."""
        while True:
            for items, after in self._feed(after):  # noqa: B020 - goes on from there
                if items:
                    yield items, after
            time.sleep(every)

    def _feed(self, after: str) -> Iterator[tuple[list[Thing], str]]:
        while True:
            page = self.get("/v1/changes", after=after, limit=PAGE)
            yield page["items"], page["next"]
            if page["next"] == after or len(page["items"]) < PAGE:
                return
            after = page["next"]

    # Files

    def import_file(
        self,
        file: Path | bytes | BinaryIO,
        media: str,
        *,
        dry_run: bool = False,
        inspection: str | None = None,
        ignore: Sequence[str] = (),
        name: str | None = None,
        key: str | None = None,
        progress: Progress | None = None,
    ) -> Thing:
        """Imports a file, all or nothing, and answers what came of each row. `media`: such as
        `text/csv; charset=utf-8`. Malformed has the refused `rows` in its `problem`. `progress` is
        told how many bytes of how many were sent."""
        headers = {"Content-Type": media} | ({"Idempotency-Key": key} if key else {})
        params = {
            "dry_run": dry_run,
            "inspection": inspection,
            "ignore": list(ignore) or None,
            "name": name or (file.name if isinstance(file, Path) else None),
        }
        with files.opened(file) as upload:
            response = self._wire.send(
                "POST",
                "/v1/imports",
                params=params,
                headers=headers | {"Content-Length": str(upload.size)},
                content=lambda: upload.parts(progress),
                timeout=SLOW,
            )
        return _thing(response.content)

    def import_run(self, id_: str) -> Thing:
        return self.get(_at("imports", id_))

    def reverse_import(self, id_: str, reason: str) -> Thing:
        return self.create(_at("imports", id_, "reversal"), {"reason": reason})

    def export(self, kind: str, to: Path | BinaryIO, **params: Any) -> None:
        """Writes `document` (which imports back), or the flat table as `csv`, `xlsx` or `json`,
        once all of it has come. `params`: filters and `as_of`, of the table only."""
        name = "document.json" if kind == "document" else f"recommendations.{kind}"
        with files.whole(to) as file:
            self._wire.send("GET", f"/v1/export/{name}", params=params, timeout=SLOW, into=file)

    def _of(self, ref: str, method: str, what: str, body: Thing) -> Thing:
        path = _at("recommendations", ref)
        return self.change(method, f"{path}/{what}", body, of=path)

    def _seen(self, path: str | None, response: httpx.Response) -> None:
        if path and (tag := response.headers.get("ETag")):
            self._tags.keep(path, tag)


def _at(*parts: str) -> str:
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def _thing(body: bytes) -> Thing:
    try:
        thing = json.loads(body)
    except ValueError:
        thing = None
    if not isinstance(thing, dict):
        raise NotReached("what answers at that address is not a tracker")
    return thing
