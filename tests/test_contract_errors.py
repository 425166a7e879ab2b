"""The shape of every error, whatever went wrong: problem+json, a type that is explained, and not a
word of what was sent. And the order in which refusals come, request by request."""

import base64
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import HTTPException
from fastapi.routing import iter_route_contexts
from sqlalchemy import make_url, text

from tests.live import Client, Live, pointers

REF = "bwd-2017-sif-4"
PATH = f"/v1/recommendations/{REF}"
CANARY = "Zaunkoenig"
"""Stands in whatever is sent. It must never come back."""

EVIDENCE = {"kind": "audit", "level": "outcome", "bearing": "supports", "summary": "A dip sample"}
JSON = {"Content-Type": "application/json"}
one_engine = pytest.mark.parametrize("engine", ["sqlite"])
"""For what does not depend on the database."""


def problem(response: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The body of a refusal, which must be of this kind and of the one shape."""
    assert response.status_code == status, f"{response.request.url}: {response.text}"
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    body: dict[str, Any] = response.json()
    assert list(body)[:5] == ["type", "title", "status", "detail", "instance"]
    assert set(body) <= {*list(body)[:5], "errors", "allowed", "needs", "work"}
    assert body["type"] == f"/docs/problems#{slug}"
    assert body["status"] == status
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", body["instance"])
    assert all(set(error) == {"pointer", "detail"} for error in body.get("errors", ()))
    told = response.text + str(response.headers)
    assert CANARY.lower() not in told.lower(), told
    return body


@dataclass
class Case:
    """A request that cannot be answered, and how it is refused."""

    says: str
    status: int
    slug: str
    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    of: str = "lead"
    """Whose request it is: a role, `nobody`, or `stranger` with a token that is none."""

    def sent_by(self, clients: dict[str, Client]) -> httpx.Response:
        raw = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return clients[self.of].http.request(
            self.method,
            self.path,
            content=None if self.body is None else raw,
            headers=JSON | self.headers if self.body is not None else self.headers,
        )


CASES = [
    Case("no token", 401, "unauthenticated", "POST", f"{PATH}/notes", {"text": CANARY},
         of="nobody"),
    Case("a wrong token", 401, "unauthenticated", "GET", PATH, of="stranger"),
    Case("not the role", 403, "not-yours", "POST", f"{PATH}/notes", {"text": CANARY}, of="viewer"),
    Case("no such address", 404, "not-found", "GET", f"/v1/{CANARY}"),
    Case("no such address, to write", 404, "not-found", "POST", f"/{CANARY}", {"text": CANARY}),
    Case("an address with a slash behind", 404, "not-found", "GET", "/v1/recommendations/"),
    Case("no such recommendation", 404, "not-found", "GET", f"/v1/recommendations/{CANARY}-1"),
    Case("no such history", 404, "not-found", "GET", f"/v1/recommendations/{CANARY}/history"),
    Case("no such inspection", 404, "not-found", "GET", f"/v1/inspections/{CANARY}"),
    Case("no such party", 404, "not-found", "GET", f"/v1/parties/{CANARY}"),
    Case("no such evidence", 404, "not-found", "GET", f"/v1/evidence/{CANARY}"),
    Case("no such link", 404, "not-found", "GET", f"/v1/links/{CANARY}"),
    Case("no such calendar", 404, "not-found", "GET", f"/v1/calendars/{CANARY}"),
    Case("no such secret", 404, "not-found", "GET", f"/v1/calendar/{CANARY}.ics", of="nobody"),
    Case("no such asset", 404, "not-found", "GET", f"/static/docs/{CANARY}.js"),
    Case("a name with NUL", 404, "not-found", "GET", f"/v1/recommendations/{CANARY}%00"),
    Case("a name of broken UTF-8", 404, "not-found", "GET", f"/v1/parties/{CANARY}%ff%fe"),
    Case("an asset with NUL", 404, "not-found", "GET", f"/static/docs/{CANARY}%00.js"),
    Case("an asset from elsewhere", 404, "not-found", "GET", "/static/docs/..%2f..%2f/etc/passwd"),
    Case("a method that is not taken", 405, "method-not-allowed", "DELETE", PATH),
    Case("a method that nobody here knows", 405, "method-not-allowed", "PURGE", PATH),
    Case("a method on an asset", 405, "method-not-allowed", "POST", "/static/docs/favicon.png"),
    Case("too large", 413, "too-large", "POST", f"{PATH}/notes", {"text": CANARY * 200_000}),
    Case("a form", 415, "unsupported-media-type", "POST", f"{PATH}/notes", b"text=" + b"Zaunkoenig",
         headers={"Content-Type": "application/x-www-form-urlencoded"}),
    Case("a kind that is none", 415, "unsupported-media-type", "POST", f"{PATH}/notes", {"text": 1},
         headers={"Content-Type": CANARY}),
    Case("no body", 415, "unsupported-media-type", "POST", f"{PATH}/notes"),
    Case("no If-Match", 428, "precondition-required", "PATCH", PATH, {"title": CANARY}),
    Case("a stale If-Match", 412, "stale", "PATCH", PATH, {"title": CANARY},
         headers={"If-Match": f'"99.1-{CANARY}"'}),
    Case("a move that is not allowed", 409, "illegal-move", "PUT", f"{PATH}/status",
         {"status": "verified", "reason": CANARY}, headers={"If-Match": "*"}),
    Case("a demand that is not met", 409, "demand-unmet", "PUT",
         "/v1/recommendations/bwd-2017-sif-7/status",
         {"status": "closed", "closure_reason": "superseded", "reason": CANARY},
         headers={"If-Match": "*"}),
    Case("a text that it has", 409, "conflict", "POST",
         "/v1/recommendations/bwd-2017-sif-7/errata",
         {"text": "Improve work experience and apprenticeship opportunities for care leavers.",
          "reason": CANARY, "citation": {"source": "bwd-2017-report", "quote": CANARY}},
         headers={"If-Match": "*"}),
    Case("a voiding of what people worked on", 409, "worked-on", "POST", f"{PATH}/voiding",
         {"reason": CANARY}, headers={"If-Match": "*"}),
    Case("there already", 409, "already-exists", "POST", "/v1/parties",
         {"slug": "bwd-council", "name": CANARY, "kind": "organisation"}),
    Case("a link to itself", 409, "link-refused", "POST", "/v1/links",
         {"later": REF, "earlier": REF, "kind": "reiterates", "basis": "analyst",
          "rationale": CANARY}),
    Case("a cursor of another history", 410, "gone", "GET", "/v1/changes?after=1.00000000"),
    Case("a cursor that is none", 410, "gone", "GET", f"/v1/changes?after={CANARY}"),
    Case("a key that is none", 422, "malformed", "POST", f"{PATH}/notes", {"text": "x"},
         headers={"Idempotency-Key": CANARY * 30}),
]  # fmt: skip


@pytest.fixture
def clients(live: Live) -> dict[str, Client]:
    """Somebody of each role, nobody, and a stranger whose token was never made."""
    roles = {role: live.client(f"A {role}", role) for role in ("viewer", "lead", "admin")}
    token = f"rpt_{'0' * 12}_{CANARY}_00000000"
    return roles | {"nobody": live.anonymous(), "stranger": live.bearing(token)}


def test_every_refusal_has_the_one_shape_and_repeats_nothing(
    live: Live, clients: dict[str, Client]
) -> None:
    for case in CASES:
        refused = case.sent_by(clients)
        body = problem(refused, case.status, case.slug)
        assert body["detail"], case.says
        assert ("WWW-Authenticate" in refused.headers) == (case.status == 401), case.says
        assert ("Allow" in refused.headers) == (case.status == 405), case.says


@one_engine
def test_every_type_points_to_its_explanation(live: Live, clients: dict[str, Client]) -> None:
    page = clients["nobody"].get("/docs/problems").text
    anchors = re.findall(r'<h2 id="([a-z-]+)">', page)
    assert len(anchors) == len(set(anchors))
    assert {case.slug for case in CASES} <= set(anchors)
    assert {"busy", "bug", "idempotency-key-reused", "voided"} <= set(anchors)
    assert not re.search(r"https?://", page), "it must be readable without the internet"


@one_engine
def test_allow_lists_every_method_of_the_address(live: Live, clients: dict[str, Client]) -> None:
    taken: dict[str, set[str]] = {}
    for route in iter_route_contexts(live.app.routes):
        taken.setdefault(str(route.path), set()).update(route.methods or ())
    assert taken["/v1/recommendations"] == {"GET", "POST"}
    for path, methods in taken.items():
        if path != "/static/docs":
            refused = clients["admin"].http.request("TRACE", re.sub(r"\{\w+\}", "bwd", path))
            problem(refused, 405, "method-not-allowed")
            allowed = set(refused.headers["Allow"].split(", "))
            assert allowed == methods | ({"HEAD"} if "GET" in methods else set()), path


def _nested(word: str) -> bytes:
    return f'{{"text": {"[" * 100_000}"{word}"{"]" * 100_000}}}'.encode()


MALFORMED = {
    "cut off": b'{"text": "Zaunkoenig',
    "nothing": b"",
    "not an object": b'["Zaunkoenig"]',
    "a bare text": b'"Zaunkoenig"',
    "null": b"null",
    "NaN": b'{"text": NaN, "Zaunkoenig": "Zaunkoenig"}',
    "infinity": b'{"text": -Infinity}',
    "a number out of all bounds": b'{"text": 1e999}',
    "a huge integer": b'{"text": ' + b"9" * 5000 + b"}",
    "a lone surrogate": b'{"text": "Zaunkoenig \\ud800"}',
    "a lone surrogate as a name": b'{"text": "x", "Zaunkoenig\\udfff": 1}',
    "NUL": b'{"text": "Zaunkoenig\\u0000"}',
    "a raw control character": b'{"text": "Zaunkoenig\x01"}',
    "not UTF-8": b'{"text": "Zaunkoenig\xff\xfe"}',
    "UTF-16": '{"text": "Zaunkoenig"}'.encode("utf-16"),
    "a byte order mark": '{"text": "Zaunkoenig"}'.encode("utf-8-sig"),
    "nested without end": _nested("Zaunkoenig"),
    "a list for a text": b'{"text": ["Zaunkoenig"]}',
    "an object for a text": b'{"text": {"Zaunkoenig": "Zaunkoenig"}}',
    "a number for a text": b'{"text": 7}',
    "null for a text": b'{"text": null}',
    "an empty text": b'{"text": " "}',
    "a text too long": b'{"text": "' + b"Zaunkoenig " * 4000 + b'"}',
    "an unknown field": b'{"text": "x", "Zaunkoenig (the name of a child)": "Zaunkoenig"}',
    "a thousand unknown fields": json.dumps(
        {"text": "x"} | {f"{CANARY} {number}": CANARY for number in range(1000)}
    ).encode(),
    "a body behind the body": b'{"text": "x"} Zaunkoenig',
}


@one_engine
def test_bodies_that_cannot_be_read_are_malformed_and_not_repeated(
    live: Live, clients: dict[str, Client]
) -> None:
    before = clients["lead"].get("/v1/changes").json()["next"]
    for says, raw in MALFORMED.items():
        refused = clients["lead"].http.post(f"{PATH}/notes", content=raw, headers=JSON)
        body = problem(refused, 422, "malformed")
        assert 1 <= len(body["errors"]) <= 100, says
        assert len(refused.content) < 20_000, says
    assert clients["lead"].get("/v1/changes").json()["next"] == before


WRONG_TYPES: dict[str, Any] = {
    "/inspection": 7,
    "/ordinal": 10**30,
    "/text": "\u0001 Zaunkoenig",
    "/kind": CANARY,
    "/themes/0": {"Zaunkoenig": CANARY},
    "/due_on": f"{CANARY}-99",
    "/citations/0/source": CANARY,
    "/citations/0/quote": False,
}


@one_engine
def test_each_wrong_field_is_named_by_a_pointer(live: Live, clients: dict[str, Client]) -> None:
    citation = {"source": WRONG_TYPES["/citations/0/source"], "quote": False}
    body = {
        pointer[1:]: wrong for pointer, wrong in WRONG_TYPES.items() if pointer.count("/") == 1
    } | {"themes": [WRONG_TYPES["/themes/0"]], "citations": [citation]}
    refused = clients["lead"].post("/v1/recommendations", body)
    found = problem(refused, 422, "malformed")["errors"]
    assert sorted(error["pointer"] for error in found) == sorted(WRONG_TYPES)


@one_engine
def test_whole_numbers_have_bounds_wherever_they_come_in(
    live: Live, clients: dict[str, Client]
) -> None:
    least = {"slug": "x-1", "title": "X", "framework": "sif", "inspectorates": ["ofsted"]}
    for number in (-1, 10**9, 2**31, 2**63, 10**400):
        body = least | {"place": "blackburn-with-darwen", "coverage": {"stated_count": number}}
        refused = clients["lead"].post("/v1/inspections", body)
        assert pointers(refused) == ["/coverage/stated_count"], number
        problem(refused, 422, "malformed")


UNKNOWN_PARAMETERS = [
    ("GET", "/v1/recommendations"),
    ("GET", PATH),
    ("GET", f"{PATH}/lineage"),
    ("GET", f"{PATH}/history"),
    ("GET", f"{PATH}/evidence"),
    ("GET", f"{PATH}/notes"),
    ("GET", "/v1/inspections"),
    ("GET", "/v1/inspections/bwd-2017-sif"),
    ("GET", "/v1/parties/bwd-council"),
    ("GET", "/v1/links"),
    ("GET", "/v1/changes"),
    ("GET", "/v1/themes"),
    ("GET", "/v1/export/recommendations.csv"),
    ("GET", "/v1/export/recommendations.xlsx"),
    ("GET", "/v1/export/document.json"),
    ("GET", "/openapi.json"),
    ("POST", f"{PATH}/notes"),
    ("DELETE", f"{PATH}/contributors/bwd-council"),
]


@one_engine
def test_unknown_query_parameters_are_malformed(live: Live, clients: dict[str, Client]) -> None:
    for method, path in UNKNOWN_PARAMETERS:
        body = {"text": "A note"} if method == "POST" else None
        refused = clients["lead"].send(method, path, body, params={CANARY: CANARY})
        problem(refused, 422, "malformed")


def _cursor(values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


CURSORS = [
    CANARY,
    "\u00e4",
    "A",
    _cursor({}),
    _cursor([]),
    _cursor([CANARY]),
    _cursor([CANARY + "\x00"]),
    _cursor([2**63]),
    _cursor([2**64]),
    _cursor([-(2**63) - 1]),
    _cursor([1.5]),
    _cursor([None]),
    _cursor([[CANARY]]),
    _cursor([True]),
    _cursor(["2017-10-17", "bwd\x00", 1]),
    _cursor(["2017-10-17", "bwd", 2**63]),
    _cursor(["9999-12-31T23:59:59-23:59", CANARY]),
    _cursor(["0001-01-01T00:00:00+23:59", CANARY]),
    _cursor(["2017-10-17", CANARY]),
    _cursor([CANARY] * 3),
]
LISTS = [
    "/v1/recommendations",
    "/v1/recommendations?sort=updated_at",
    "/v1/inspections",
    "/v1/parties",
    "/v1/links",
    "/v1/places",
    f"{PATH}/history",
    f"{PATH}/evidence",
    f"{PATH}/notes",
]


def test_cursors_that_no_list_gave_are_malformed_or_lead_nowhere(
    live: Live, clients: dict[str, Client]
) -> None:
    for path in LISTS:
        for cursor in CURSORS:
            answer = clients["lead"].get(path, params={"cursor": cursor})
            if answer.status_code != 200:
                problem(answer, 422, "malformed")
            assert CANARY not in answer.text


HOSTILE = {
    "limit": ["0", "-1", "501", "1e3", "9" * 400, CANARY, ""],
    "status": [CANARY, "open\x00"],
    "inspection": [CANARY, "x' OR 1=1 --", "\x00"],
    "theme": ["\ud7ff"],
    "lineage": [CANARY, "a-99999"],
    "overdue": ["true", CANARY],
    "regressed": [CANARY, "2"],
    "updated_since": ["2026-01-01", "2026-01-01T00:00:00", CANARY, "9" * 30],
    "as_of": ["2026-13-01", "9999-12-31", CANARY, "2026-11-25"],
    "q": ["x" * 201],
    "sort": [CANARY, "ref;--"],
}


@one_engine
def test_hostile_filters_are_malformed(live: Live, clients: dict[str, Client]) -> None:
    for name, values in HOSTILE.items():
        for value in values:
            refused = clients["lead"].get("/v1/recommendations", params={name: value})
            assert pointers(refused)[0].startswith(f"/{name}"), value
            problem(refused, 422, "malformed")


EDGES = {
    "updated_since=0001-01-01T00:00:00%2B23:59": 422,
    "updated_since=9999-12-31T23:59:59-23:59": 422,
    "updated_since=9999-12-31T23:59:59Z": 0,
    "as_of=0001-01-01": 0,
    "as_of=0001-01-01&stale=true": 0,
    "as_of=0300-01-01": 0,
    "q=%00%01%F0%9F%98%80": 26,
    "q=%25%25__": 26,
    "q=\u00df\u0130": 0,
}
"""How many recommendations each finds, or how it is refused."""


def test_the_ends_of_time_and_of_unicode_are_the_same_on_both_engines(live: Live) -> None:
    reader = live.anonymous()
    for query, found in EDGES.items():
        answer = reader.get(f"/v1/recommendations?{query}")
        if found == 422:
            problem(answer, 422, "malformed")
        else:
            assert (answer.status_code, len(answer.json()["items"])) == (200, found), query


def test_a_move_is_refused_in_the_order_of_the_contract(
    live: Live, clients: dict[str, Client]
) -> None:
    """Each request has all that is wrong with those behind it, and one thing less."""
    ref = "bwd-2017-sif-7"
    path, unknown = f"/v1/recommendations/{ref}", "/v1/recommendations/bwd-2017-sif-99"
    large, stale = b'{"Zaunkoenig": "' + b"x" * 1_100_000 + b'"}', {"If-Match": '"0.0-0.0"'}
    unmet = {"status": "closed", "closure_reason": "superseded"}

    def put(who: str, of: str, body: bytes | dict[str, Any], **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        address, sent = f"{of}/status", {"Content-Type": "text/plain"} | headers
        return clients[who].http.put(address, content=content, headers=sent)

    problem(put("nobody", unknown, large), 401, "unauthenticated")
    problem(put("viewer", unknown, large), 404, "not-found")
    problem(put("viewer", path, large), 403, "not-yours")
    problem(put("lead", path, large), 413, "too-large")
    problem(put("lead", path, b"{Zaunkoenig"), 415, "unsupported-media-type")
    problem(put("lead", path, b"{Zaunkoenig", **JSON), 422, "malformed")
    problem(put("lead", path, {"status": "closed"}, **JSON), 422, "malformed")
    problem(put("lead", path, unmet, **JSON), 428, "precondition-required")
    problem(put("lead", path, unmet, **JSON, **stale), 412, "stale")
    current = {"If-Match": clients["lead"].get(path).headers["ETag"]}
    needs = problem(put("lead", path, unmet, **JSON, **current), 409, "demand-unmet")
    assert needs["allowed"] == ["in_progress", "closed"]
    assert needs["needs"]
    illegal = problem(
        put("lead", path, {"status": "verified"}, **JSON, **current), 409, "illegal-move"
    )
    assert illegal["allowed"] == ["in_progress", "closed"]
    assert put("lead", path, {"status": "in_progress"}, **JSON, **current).status_code == 200


def test_evidence_is_refused_in_the_order_of_the_contract(
    live: Live, clients: dict[str, Client]
) -> None:
    unknown = "/v1/recommendations/bwd-2017-sif-99"
    large = b'{"Zaunkoenig": "' + b"x" * 1_100_000 + b'"}'
    good = EVIDENCE | {"key": "sample-1"}
    used = {"Idempotency-Key": "used-before"}

    def post(who: str, of: str, body: bytes | dict[str, Any], **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "text/plain"} | used | headers
        return clients[who].http.post(f"{of}/evidence", content=content, headers=sent)

    first = post("lead", PATH, good, **JSON)
    assert first.status_code == 201
    problem(post("nobody", unknown, large), 401, "unauthenticated")
    problem(post("viewer", unknown, large), 404, "not-found")
    problem(post("viewer", PATH, good), 403, "not-yours")
    problem(post("lead", PATH, large), 413, "too-large")
    problem(post("lead", PATH, good), 415, "unsupported-media-type")
    problem(post("lead", PATH, b"{Zaunkoenig", **JSON), 422, "idempotency-key-reused")
    assert post("lead", PATH, good, **JSON).content == first.content, "a replay, and no conflict"
    other = {"Idempotency-Key": "another"}
    problem(post("lead", PATH, b"{Zaunkoenig", **JSON | other), 422, "malformed")
    problem(post("lead", PATH, good, **JSON | other), 409, "already-exists")


def test_a_withdrawal_is_replayed_before_anything_else_is_asked(
    live: Live, clients: dict[str, Client]
) -> None:
    piece = clients["lead"].attach(REF)
    path, key = f"/v1/evidence/{piece['id']}", {"Idempotency-Key": "withdrawal"}
    lead, why = clients["lead"], {"reason": "It was of another team"}
    problem(lead.post(f"{path}/withdrawal", {}, headers=key), 422, "malformed")
    problem(lead.post(f"{path}/withdrawal", why, headers=key), 428, "precondition-required")
    first = lead.change("POST", f"{path}/withdrawal", why, of=path, headers=key)
    assert first.status_code == 201
    again = lead.post(f"{path}/withdrawal", why, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    late = lead.send("POST", f"{path}/withdrawal", why, match='"1.0-0.0"')
    problem(late, 412, "stale")
    problem(lead.change("POST", f"{path}/withdrawal", why, of=path), 409, "conflict")


@contextmanager
def _locked(live: Live) -> Iterator[None]:
    """Somebody else holds what a writer of this recommendation needs: on SQLite the write lock, on
    PostgreSQL its row."""
    url = live.register.settings.database_url
    if live.register.engine == "sqlite":
        with closing(sqlite3.connect(str(make_url(url).database))) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
    else:
        with live.register.database.engine.connect() as connection:
            lock = "SELECT ref FROM recommendation WHERE ref = :ref FOR UPDATE"
            connection.execute(text(lock), {"ref": REF})
            yield


def test_a_database_that_is_locked_is_busy_and_nothing_was_changed(
    live: Live, clients: dict[str, Client]
) -> None:
    with _locked(live):
        refused = clients["lead"].post(f"{PATH}/notes", {"text": CANARY})
        assert clients["viewer"].get(PATH).status_code == 200, "readers go on"
    problem(refused, 503, "busy")
    assert int(refused.headers["Retry-After"]) > 0
    assert clients["lead"].all(f"{PATH}/notes") == []
    again = clients["lead"].post(f"{PATH}/notes", {"text": "Now it goes"})
    assert again.status_code == 201


@one_engine
def test_a_bug_is_told_without_what_was_sent(
    live: Live, clients: dict[str, Client], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(word: str) -> None:
        raise RuntimeError(word)

    live.app.add_api_route("/broken/{word}", broken)
    body = problem(clients["lead"].get(f"/broken/{CANARY}"), 500, "bug")
    logged = [record for record in caplog.records if record.name == "tracker"]
    assert body["instance"].removeprefix("urn:uuid:") in logged[-1].getMessage()


@one_engine
def test_what_the_framework_refuses_has_a_type_that_is_explained(
    live: Live, clients: dict[str, Client]
) -> None:
    def teapot(word: str) -> None:
        raise HTTPException(418, word)

    live.app.add_api_route("/teapot/{word}", teapot)
    refused = clients["lead"].get(f"/teapot/{CANARY}")
    slug = refused.json()["type"].removeprefix("/docs/problems#")
    problem(refused, 418, slug)
    assert f'id="{slug}"' in clients["lead"].get("/docs/problems").text
