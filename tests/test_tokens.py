"""Tokens: made, listed and revoked; who they let in, to what, and what the others are shown."""

import base64
import json
import re
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from app.cli import main
from tests.live import Client, Live, Register, serving

REF = "bwd-2017-sif-4"
PATH = f"/v1/recommendations/{REF}"
TOKEN = re.compile(r"rpt_[0-9a-f]{12}_[0-9a-f]{64}_[0-9a-f]{8}")
one_engine = pytest.mark.parametrize("engine", ["sqlite"])
"""For what does not depend on the database."""


@pytest.fixture
def tracker(seeded: Register, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on the register of this test."""
    monkeypatch.setenv("TRACKER_DATABASE_URL", seeded.settings.database_url)
    return lambda *arguments: main(arguments)


@one_engine
def test_a_token_is_printed_once_alone_on_the_last_line(
    tracker: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tracker("token", "create", "--name", "Alice", "--role", "lead") == 0
    told = capsys.readouterr()
    secret = told.out.splitlines()[-1]
    assert TOKEN.fullmatch(secret)
    assert secret not in told.err
    assert tracker("token", "list") == 0
    listed = capsys.readouterr().out
    assert secret.split("_")[1] in listed
    assert not TOKEN.search(listed)
    assert secret.split("_")[2] not in listed


def test_only_the_hash_of_a_token_is_kept(live: Live) -> None:
    secret = live.register.token("Alice", "lead")
    with live.register.read() as session:
        kept = str(session.connection().exec_driver_sql("SELECT * FROM token").all())
    assert secret.split("_")[1] in kept
    assert secret.split("_")[2] not in kept


@one_engine
def test_a_token_opens_as_bearer_and_as_the_password_of_basic(live: Live) -> None:
    secret = live.register.token("Alice", "lead")
    reader = live.anonymous()
    for user in ("", "excel", "somebody@example.org"):
        basic = base64.b64encode(f"{user}:{secret}".encode()).decode()
        for scheme in ("Basic", "basic", "BASIC"):
            answer = reader.get(PATH, headers={"Authorization": f"{scheme} {basic}"})
            assert answer.status_code == 200, user
    for scheme in ("Bearer", "bearer"):
        answer = reader.post(
            f"{PATH}/notes", {"text": "x"}, headers={"Authorization": f"{scheme} {secret}"}
        )
        assert answer.json()["written_by"] == "Alice"


def _basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def test_what_is_no_living_token_is_401_even_where_reading_needs_none(live: Live) -> None:
    secret = live.register.token("Alice", "lead")
    _, id_, key, check = secret.split("_")
    other = live.register.token("Bob", "lead").split("_")[1]
    wrong = [
        "",
        "Bearer",
        "Bearer x",
        f"Bearer {secret}x",
        f"Bearer {secret[:-1]}",
        f"Bearer {secret.upper()}",
        f"Bearer rpt_{other}_{key}_{check}",
        f"Bearer rpt_{id_}_{'0' * 64}_{check}",
        f"Bearer rpt_{id_}_{key}_{'0' * 8}",
        f"Bearer rpt__{key}_{check}",
        f"Bearer ___{secret}",
        f"Bearer {'r' * 5000}",
        f"Digest {secret}",
        secret,
        f"Token {secret}",
        _basic(secret),
        _basic(f"{secret}:"),
        _basic(f":{secret} "),
        _basic(f":rpt_\0{id_}_{key}_{check}"),
        _basic(":rpt_\0_\0_\0"),
        _basic(":rpt_\ud7ff_a_b"),
        "Basic !!!",
        "Basic Og==",
        "Basic /w==",
    ]
    reader = live.anonymous()
    assert reader.get(PATH).status_code == 200
    for header in wrong:
        refused = reader.get(PATH, headers={"Authorization": header})
        assert refused.status_code == 401, header
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        assert secret not in refused.text
    assert reader.get(PATH, headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def test_a_token_ends_when_it_was_said_to(live: Live) -> None:
    alice = live.client("Alice", "lead", days=2)
    live.register.clock.advance(days=2, seconds=-1)
    assert alice.get(PATH).status_code == 200
    live.register.clock.advance(seconds=1)
    assert alice.get(PATH).status_code == 401


def test_a_revoked_token_is_refused_at_once(
    live: Live, tracker: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = live.register.token("Alice", "lead")
    alice, other = live.bearing(secret), live.client("Alice", "lead")
    assert alice.get(PATH).status_code == 200
    assert tracker("token", "revoke", secret.split("_")[1]) == 0
    assert alice.get(PATH).status_code == 401
    assert other.get(PATH).status_code == 200, "her other token goes on"
    assert tracker("token", "list") == 0
    assert "revoked" in capsys.readouterr().out
    assert tracker("token", "revoke", secret.split("_")[1]) == 0, "once more changes nothing"
    assert tracker("token", "revoke", "0" * 12) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_two_tokens_of_one_name_are_one_principal(live: Live) -> None:
    first, second = (live.client("Alice", "lead", "bwd-council") for _ in range(2))
    evidence = first.attach(REF)
    assert second.review(evidence).status_code == 403
    assert first.move(REF, "in_progress").status_code == 200
    assert first.move(REF, "implemented").status_code == 200
    assert live.client("Bob", "lead").review(evidence).status_code == 200
    assert second.move(REF, "verified").status_code == 403
    assert live.client("Alice", "admin").move(REF, "verified").status_code == 403
    assert live.client("Bob", "lead").move(REF, "verified").status_code == 200


NAMES = ("actor", "recorded_by", "reviewed_by", "asserted_by", "written_by", "by")


def _acted(part: Any) -> set[tuple[str, str | None]]:
    """Every name of somebody who acted in an answer, with the field that it stands in."""
    found = set()
    if isinstance(part, dict):
        found = {(name, part[name]) for name in NAMES if name in part}
        part = list(part.values())
    if isinstance(part, list):
        found = found.union(*map(_acted, part))
    return found


def test_anonymous_readers_are_not_told_who_acted(live: Live) -> None:
    alice = live.client("Alice Zaunkoenig", "lead", "bwd-council")
    bob = live.client("Bob Zaunkoenig", "lead")
    evidence = alice.attach(REF)
    assert bob.review(evidence).status_code == 200
    assert alice.post(f"{PATH}/notes", {"text": "Advertised"}).status_code == 201
    link = alice.propose("bwd-2023-jtai-1", REF).json()["id"]
    assert bob.judge(link, "confirmed").status_code == 200
    assert alice.move(REF, "in_progress").status_code == 200
    erratum = {"text": "Other.", "reason": "Typed", "citation": {"source": "bwd-2017-report"}}
    assert alice.change("POST", f"{PATH}/errata", erratum, of=PATH).status_code == 201
    mistake = "/v1/recommendations/bwd-2017-sif-3"
    gone = alice.change("POST", f"{mistake}/voiding", {"reason": "Twice"}, of=mistake)
    assert gone.status_code == 200, gone.text
    paths = [
        PATH,
        mistake,
        f"{PATH}/lineage",
        f"{PATH}/history",
        f"{PATH}/evidence",
        f"{PATH}/notes",
        f"/v1/evidence/{evidence['id']}",
        f"/v1/links/{link}",
        "/v1/links?limit=500",
        "/v1/changes?limit=500",
        "/v1/recommendations?limit=500",
    ]
    known, told = set(), set()
    for path in paths:
        answer = live.anonymous().get(path)
        assert "Zaunkoenig" not in answer.text, path
        told |= _acted(answer.json())
        known |= _acted(bob.get(path).json())
    assert told == {(name, None) for name in NAMES}
    assert {name for name, who in known if who and "Zaunkoenig" in who} == set(NAMES)


@one_engine
def test_anonymous_readers_cannot_write(live: Live) -> None:
    nobody = live.anonymous()
    for method, path in (("POST", f"{PATH}/notes"), ("PATCH", PATH), ("PUT", f"{PATH}/status")):
        assert nobody.send(method, path, {}).status_code == 401


@one_engine
def test_without_anonymous_reading_only_the_probes_are_public(seeded: Register) -> None:
    seeded.settings = seeded.settings.model_copy(update={"anonymous_read": False})
    seeded.token("Alice", "viewer")
    with serving(seeded) as live:
        nobody, alice = live.anonymous(), live.client("Alice", "viewer")
        for path in ("/healthz", "/readyz", "/static/docs/swagger-ui.css"):
            assert nobody.get(path).status_code == 200
        for path in (PATH, "/v1/recommendations", "/v1/places", "/docs", "/openapi.json"):
            assert nobody.get(path).status_code == 401, path
            assert alice.get(path).status_code == 200, path


ELSEWHERE = "zaunkoenigshire"
BOUND = ["blackburn-with-darwen"]
LISTS = [
    "/v1/recommendations?limit=500",
    f"/v1/recommendations?place={ELSEWHERE}&place=blackburn-with-darwen",
    f"/v1/recommendations?inspection={ELSEWHERE}-2026",
    "/v1/recommendations?limit=500&as_of=2026-11-24",
    "/v1/recommendations?q=zaunkoenig",
    "/v1/inspections?limit=500",
    "/v1/links?limit=500",
    f"/v1/links?recommendation={ELSEWHERE}-2026-1",
    "/v1/changes?limit=500",
    "/v1/places",
    "/v1/export/recommendations.csv",
    "/v1/export/recommendations.json?as_of=2026-11-24",
    "/v1/export/document.json",
    "/v1/calendar.ics",
    "/metrics",
    f"{PATH}/lineage",
    f"{PATH}/history",
    PATH,
]


def _elsewhere(lead: Client, other: Client) -> list[str]:
    """Another place with its own inspection, recommendations, evidence, notes and links, every one
    of which says so. The addresses of all of it."""
    word = "Zaunkoenig"
    lead.inspect(f"{ELSEWHERE}-2026", place=ELSEWHERE, title=word, published="2026-01")
    for ordinal in (1, 2):
        lead.enter(f"{ELSEWHERE}-2026", ordinal, text=f"{word} must improve.")
    first = f"/v1/recommendations/{ELSEWHERE}-2026-1"
    evidence = lead.attach(f"{ELSEWHERE}-2026-1", summary=word)
    assert lead.post(f"{first}/notes", {"text": word}).status_code == 201
    assert lead.move(f"{ELSEWHERE}-2026-1", "in_progress", reason=word).status_code == 200
    link = other.link(f"{ELSEWHERE}-2026-2", f"{ELSEWHERE}-2026-1", "relates_to")
    inspection = f"/v1/inspections/{ELSEWHERE}-2026"
    parts = [f"{first}/{part}" for part in ("history", "lineage", "evidence", "notes")]
    return [first, *parts, f"/v1/evidence/{evidence['id']}", f"/v1/links/{link['id']}", inspection]


def test_a_token_bound_to_a_place_sees_nothing_of_another(live: Live) -> None:
    lead, other = live.client("Alice", "lead"), live.client("Bob", "lead")
    things = _elsewhere(lead, other)
    bound = live.client("Of Blackburn", "lead", places=BOUND)
    for path in LISTS:
        seen = bound.get(path)
        assert seen.status_code == 200, path
        assert "zaunkoenig" not in seen.text.lower(), path
    for path in things:
        assert lead.get(path).status_code == 200, path
        assert bound.get(path).status_code == 404, path
        told = bound.get(path).json()
        if ELSEWHERE in path:
            nothing = bound.get(path.replace(ELSEWHERE, "nowhere")).json()
            assert told["detail"] == nothing["detail"], "as if there were nothing"
    there = live.client("Of the other place", "viewer", places=[ELSEWHERE])
    assert {row["ref"] for row in there.all("/v1/recommendations")} == {
        f"{ELSEWHERE}-2026-1",
        f"{ELSEWHERE}-2026-2",
    }
    subjects = {change["subject"] for change in there.get("/v1/changes?limit=500").json()["items"]}
    assert REF not in subjects
    assert f"{ELSEWHERE}-2026-1" in subjects


def test_a_feed_that_leaves_places_out_still_goes_on_to_the_end(live: Live) -> None:
    lead = live.client("Alice", "lead")
    _elsewhere(lead, live.client("Bob", "lead"))
    bound = live.client("Of Blackburn", "viewer", places=BOUND)
    after, seen = "", 0
    while (page := bound.get("/v1/changes", params={"after": after, "limit": 7}).json())["items"]:
        seen += len(page["items"])
        after = page["next"]
    after = page["next"]
    everything = lead.get("/v1/changes?limit=500").json()
    assert after == everything["next"], "the cursor stands at the head for every reader"
    assert 0 < seen < len(everything["items"])


def test_a_token_bound_to_a_place_writes_nothing_of_another(live: Live) -> None:
    things = _elsewhere(live.client("Alice", "lead"), live.client("Bob", "lead"))
    bound = live.client("Of Blackburn", "lead", places=BOUND)
    first, evidence, link, inspection = things[0], things[5], things[6], things[7]
    for method, path in (
        ("PATCH", first),
        ("PUT", f"{first}/status"),
        ("PUT", f"{first}/owner"),
        ("POST", f"{first}/notes"),
        ("POST", f"{first}/evidence"),
        ("POST", f"{first}/contributors"),
        ("POST", f"{first}/errata"),
        ("POST", f"{first}/voiding"),
        ("PUT", f"{evidence}/review"),
        ("POST", f"{evidence}/withdrawal"),
        ("PUT", f"{link}/review"),
        ("PATCH", inspection),
    ):
        assert bound.send(method, path, {}, match="*").status_code == 404, (method, path)
    there = {"place": ELSEWHERE, "framework": "sif", "inspectorates": ["ofsted"], "title": "X"}
    assert bound.post("/v1/inspections", there | {"slug": "x-1"}).status_code == 403
    entry = {"inspection": f"{ELSEWHERE}-2026", "ordinal": 9, "text": "More."}
    assert bound.post("/v1/recommendations", entry).status_code == 422
    assert bound.propose(f"{ELSEWHERE}-2026-1", REF).status_code == 422


PUBLIC, READS, CONTRIBUTES, LEADS = "public", "viewer", "contributor", "lead"
ROLES = [PUBLIC, READS, CONTRIBUTES, LEADS, "admin"]
WHO_MAY = {
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": READS,
    "GET /docs": READS,
    "GET /docs/problems": READS,
    "GET /openapi.json": READS,
    "GET /v1/places": READS,
    "GET /v1/themes": READS,
    "GET /v1/sources": READS,
    "GET /v1/inspections": READS,
    "POST /v1/inspections": LEADS,
    "GET /v1/inspections/{slug}": READS,
    "PATCH /v1/inspections/{slug}": LEADS,
    "GET /v1/recommendations": READS,
    "POST /v1/recommendations": LEADS,
    "GET /v1/recommendations/{ref}": READS,
    "PATCH /v1/recommendations/{ref}": LEADS,
    "PUT /v1/recommendations/{ref}/status": CONTRIBUTES,
    "PUT /v1/recommendations/{ref}/owner": LEADS,
    "POST /v1/recommendations/{ref}/contributors": LEADS,
    "DELETE /v1/recommendations/{ref}/contributors/{party}": LEADS,
    "POST /v1/recommendations/{ref}/errata": LEADS,
    "POST /v1/recommendations/{ref}/voiding": LEADS,
    "GET /v1/recommendations/{ref}/evidence": READS,
    "POST /v1/recommendations/{ref}/evidence": CONTRIBUTES,
    "GET /v1/recommendations/{ref}/notes": READS,
    "POST /v1/recommendations/{ref}/notes": CONTRIBUTES,
    "GET /v1/recommendations/{ref}/history": READS,
    "GET /v1/recommendations/{ref}/lineage": READS,
    "GET /v1/evidence/{id}": READS,
    "PUT /v1/evidence/{id}/review": LEADS,
    "POST /v1/evidence/{id}/withdrawal": LEADS,
    "GET /v1/links": READS,
    "POST /v1/links": LEADS,
    "GET /v1/links/{id}": READS,
    "PUT /v1/links/{id}/review": LEADS,
    "GET /v1/parties": READS,
    "POST /v1/parties": LEADS,
    "GET /v1/parties/{slug}": READS,
    "PATCH /v1/parties/{slug}": LEADS,
    "POST /v1/parties/{slug}/succession": LEADS,
    "PUT /v1/recommendations/{ref}/contributors/{party}/progress": LEADS,
    "GET /v1/actions": READS,
    "POST /v1/actions": CONTRIBUTES,
    "GET /v1/actions/{id}": READS,
    "PATCH /v1/actions/{id}": CONTRIBUTES,
    "POST /v1/actions/{id}/notes": CONTRIBUTES,
    "GET /v1/attention": READS,
    "GET /v1/changes": READS,
    "GET /v1/reports/summary": READS,
    "GET /v1/reports/movement": READS,
    "GET /v1/reports/recurrence": READS,
    "GET /v1/reports/ageing": READS,
    "GET /v1/imports": READS,
    "GET /v1/imports/{id}": READS,
    "POST /v1/imports": LEADS,
    "POST /v1/imports/{id}/reversal": LEADS,
    "GET /v1/export/recommendations.csv": READS,
    "GET /v1/export/recommendations.xlsx": READS,
    "GET /v1/export/recommendations.json": READS,
    "GET /v1/export/document.json": READS,
    "GET /v1/calendar.ics": READS,
    "GET /v1/calendar/{secret}.ics": PUBLIC,
    "GET /v1/calendars": READS,
    "POST /v1/calendars": READS,
    "GET /v1/calendars/{id}": READS,
    "POST /v1/calendars/{id}/revocation": READS,
}
"""The least role for each route. A contributor here belongs to the organisation that owns; the
evidence is somebody else's, and the contributor whose progress it is another organisation."""


def test_every_route_lets_in_its_role_and_those_above_and_nobody_else(live: Live) -> None:
    admin = live.client("An admin", "admin")
    assert admin.assign(REF, "bwd-council").status_code == 200
    assert admin.contribute(REF, "lancashire-police").status_code == 201
    names = {
        "ref": REF,
        "slug": "bwd-2017-sif",
        "party": "lancashire-police",
        "id": admin.attach(REF)["id"],
    }
    link = admin.propose("bwd-2023-jtai-1", REF).json()["id"]
    planned = {"title": "Relaunch it", "recommendations": [REF], "owner": "bwd-council"}
    action = admin.post("/v1/actions", planned).json()["id"]
    run = admin.post("/v1/imports", {}).json()["id"]
    calendar = admin.post("/v1/calendars", {"name": "Board"}).json()
    names["secret"] = calendar["address"].removeprefix("/v1/calendar/").removesuffix(".ics")
    declared = {
        f"{method} {route.path}"
        for route in iter_route_contexts(live.app.routes)
        for method in route.methods or ()
        if route.path != "/static/docs"
    }
    assert declared == set(WHO_MAY), "every route has its line in the table"
    clients = {role: live.client(f"A {role}", role, "bwd-council") for role in ROLES[1:]}
    clients[PUBLIC] = live.anonymous()
    for route, least in WHO_MAY.items():
        method, path = route.split(" ")
        slugs = {"slug": "bwd-council"} if "parties" in path else {}
        made = {"links": link, "actions": action, "imports": run, "calendars": calendar["id"]}
        ids = [{"id": id_} for part, id_ in made.items() if part in path]
        path += "?from=2026-01-01" if "movement" in path else ""
        address = path.format(**names | slugs | (ids[0] if ids else {}))
        for role, client in clients.items():
            answer = _tried(client, method, address)
            allowed = ROLES.index(role) >= ROLES.index(least)
            named = "imports" in path or "calendars" in path
            if "calendars/{id}" in path and role not in (PUBLIC, "admin"):
                expected = {404}  # it is the admin's
            elif method == "GET" and not (role == PUBLIC and named):
                expected = {200}  # anonymous reading is on, of all but these
            elif role == PUBLIC:
                expected = {401}
            else:
                tried = {201} if route in DONE_BY_NOTHING else {422, 428}
                expected = tried if allowed else {403}
            assert answer.status_code in expected, (route, role, answer.text)


DONE_BY_NOTHING = ("POST /v1/imports", "POST /v1/calendars/{id}/revocation")
"""What an empty body is enough for."""


def _tried(client: Client, method: str, address: str) -> httpx.Response:
    """A request that gets past the door, where it may, and is refused behind it (unless an
    empty body is enough): it changes nothing, so that all can try on the same register."""
    return client.send(method, address, None if method in ("GET", "DELETE") else {})


@one_engine
def test_a_contributor_acts_only_where_its_organisation_owns_or_contributes(live: Live) -> None:
    lead = live.client("A lead", "lead")
    own = live.client("Of the council", "contributor", "bwd-council")
    police = live.client("Of the police", "contributor", "lancashire-police")
    unbound = live.client("Of nobody", "contributor")
    note = {"text": "Advertised"}
    for somebody in (own, police, unbound):
        assert somebody.post(f"{PATH}/notes", note).status_code == 403, "nobody owns it yet"
        assert somebody.move(REF, "in_progress").status_code == 403
    assert lead.assign(REF, "bwd-council").status_code == 200
    assert lead.contribute(REF, "lancashire-police").status_code == 201
    for allowed in (own, police):
        assert allowed.post(f"{PATH}/notes", note).status_code == 201
        assert allowed.attach(REF)
    assert unbound.post(f"{PATH}/notes", note).status_code == 403
    assert police.move(REF, "in_progress").status_code == 403, "contributing is not owning"
    assert own.move(REF, "in_progress").status_code == 200


@one_engine
def test_a_contributor_moves_up_to_implemented_and_no_further(live: Live) -> None:
    lead = live.client("A lead", "lead")
    assert lead.assign(REF, "bwd-council").status_code == 200
    own = live.client("Of the council", "contributor", "bwd-council")
    evidence = own.attach(REF)
    closing = {"closure_reason": "not_accepted", "reason": "It was not"}
    assert own.move(REF, "closed", **closing).status_code == 403
    for status in ("in_progress", "blocked", "in_progress", "implemented"):
        assert own.move(REF, status, reason="As planned").status_code == 200
    assert own.move(REF, "in_progress", reason="A refusal").status_code == 403
    assert own.move(REF, "verified").status_code == 403
    assert own.review(evidence).status_code == 403
    assert lead.review(evidence).status_code == 200
    assert lead.move(REF, "verified").status_code == 200
    assert own.move(REF, "closed", closure_reason="implemented").status_code == 403
    assert own.move(REF, "in_progress", reason="A reopening").status_code == 403


@one_engine
def test_a_contributor_withdraws_its_own_evidence_and_no_other(live: Live) -> None:
    lead = live.client("A lead", "lead")
    assert lead.assign(REF, "bwd-council").status_code == 200
    own = live.client("Of the council", "contributor", "bwd-council")
    for piece, status in ((own.attach(REF), 201), (lead.attach(REF), 403)):
        path = f"/v1/evidence/{piece['id']}"
        gone = own.change("POST", f"{path}/withdrawal", {"reason": "Of another team"}, of=path)
        assert gone.status_code == status, json.dumps(piece)
