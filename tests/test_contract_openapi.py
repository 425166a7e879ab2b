"""The OpenAPI document and /docs: whole, true to what the app takes, and without the internet. And
the check at the start that every route declares who may."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, Response
from fastapi.staticfiles import StaticFiles

from app.api.deps import Reading
from app.api.export import Xlsx
from app.main import check_doors, create_app
from tests.live import Live, Register

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
"""None of this depends on the database."""

NEED_IF_MATCH = {
    ("patch", "/v1/inspections/{slug}"),
    ("patch", "/v1/recommendations/{ref}"),
    ("put", "/v1/recommendations/{ref}/status"),
    ("put", "/v1/recommendations/{ref}/owner"),
    ("post", "/v1/recommendations/{ref}/contributors"),
    ("post", "/v1/recommendations/{ref}/errata"),
    ("post", "/v1/recommendations/{ref}/voiding"),
    ("delete", "/v1/recommendations/{ref}/contributors/{party}"),
    ("put", "/v1/evidence/{id}/review"),
    ("post", "/v1/evidence/{id}/withdrawal"),
    ("put", "/v1/links/{id}/review"),
    ("patch", "/v1/parties/{slug}"),
    ("post", "/v1/parties/{slug}/succession"),
    ("patch", "/v1/actions/{id}"),
}
MAKES_NOTHING = {"/v1/recommendations/{ref}/voiding"}
"""Addresses that take POST, after which there is nothing new to point to."""


FILES = {
    "/v1/export/recommendations.csv": "text/csv",
    "/v1/export/recommendations.xlsx": Xlsx.media_type,
    "/v1/calendar.ics": "text/calendar",
    "/v1/calendar/{secret}.ics": "text/calendar",
}
"""What is answered as another thing than JSON."""


@pytest.fixture
def document(live: Live) -> dict[str, Any]:
    answer = live.anonymous().get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    found: dict[str, Any] = json.loads(answer.content, parse_constant=pytest.fail)
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for below in part:
            yield from references(below)


def resolved(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_every_reference_resolves(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    found = set(references(document))
    assert len(found) > 40
    for reference in found:
        assert reference.startswith("#/")
        assert resolved(document, reference), reference


def test_every_operation_says_what_it_does_and_has_a_name_of_its_own(
    document: dict[str, Any],
) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names)) > 30
    for method, path, operation in operations(document):
        assert re.match(r"[A-Z].* ", operation["summary"]), (method, path)


def test_every_body_is_described_and_takes_no_unknown_field(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        assert ("requestBody" in operation) == (method in ("post", "put", "patch")), (method, path)
        if "requestBody" in operation:
            assert operation["requestBody"]["required"]
            shape = operation["requestBody"]["content"]["application/json"]["schema"]
            assert resolved(document, shape["$ref"])["additionalProperties"] is False, path


def test_a_shape_that_also_goes_out_asks_of_what_comes_in_no_more(document: dict[str, Any]) -> None:
    """An export is declared as the import document, whose parts are bodies of their own."""
    shape = document["components"]["schemas"]["RecommendationGiven"]
    assert shape["required"] == ["inspection", "ordinal", "text"]


def test_every_answer_is_declared_and_every_refusal_is_a_problem(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        answers = dict(operation["responses"])
        if path.startswith("/v1"):
            refusal = answers.pop("default")["content"]
            assert list(refusal) == ["application/problem+json"], (method, path)
            shape = refusal["application/problem+json"]["schema"]
            assert shape == {"$ref": "#/components/schemas/Problem"}
            makes = method == "post" and path not in MAKES_NOTHING
            assert set(answers) == {"201" if makes else "200"}, (method, path)
            (success,) = answers.values()
            ((media, content),) = success["content"].items()
            assert media == FILES.get(path, "application/json"), (method, path)
            shape = content["schema"].get("items", content["schema"])
            assert ("$ref" in shape) == (path not in FILES), (method, path)
        assert "HTTPValidationError" not in json.dumps(answers), (method, path)


def test_every_parameter_is_declared(document: dict[str, Any]) -> None:
    needing = set()
    for method, path, operation in operations(document):
        parameters = {(one["in"], one["name"]): one for one in operation.get("parameters", ())}
        inside = {name for where, name in parameters if where == "path"}
        assert inside == set(re.findall(r"\{(\w+)\}", path)), path
        assert (("header", "Idempotency-Key") in parameters) == (method == "post"), (method, path)
        if match := parameters.get(("header", "If-Match")):
            assert match["required"]
            needing.add((method, path))
    assert needing == NEED_IF_MATCH


def test_both_ways_to_send_a_token_are_declared(document: dict[str, Any]) -> None:
    schemes = {one["scheme"] for one in document["components"]["securitySchemes"].values()}
    assert schemes == {"bearer", "basic"}
    assert {name for one in document["security"] for name in one} <= set(
        document["components"]["securitySchemes"]
    )


def test_the_docs_and_all_their_assets_come_from_here(live: Live) -> None:
    reader = live.anonymous()
    page = reader.get("/docs").text
    assert "//" not in re.sub(r"(?m)^\s*//.*$", "", page), "no address of another host"
    assets = set(re.findall(r'(?:src|href)="([^"]+)"', page))
    assert {asset.rpartition(".")[2] for asset in assets} >= {"js", "css"}
    for asset in assets | {"/openapi.json"}:
        assert asset.startswith("/"), asset
        answer = reader.get(asset)
        assert (answer.status_code, bool(answer.content)) == (200, True), asset
        if asset.endswith(".css"):
            assert not re.search(r"@import|url\(['\"]?https?:", answer.text)
    assert "/openapi.json" in page


def open_to_all() -> None:
    """An endpoint whose author forgot to say who may."""


def test_a_route_that_declares_no_permission_stops_the_start(register: Register) -> None:
    router = APIRouter(prefix="/open")
    router.add_api_route("/things", open_to_all)
    app = create_app(register.settings, register.clock)
    check_doors(app)
    app.include_router(router, prefix="/v1")
    with pytest.raises(RuntimeError, match=r"/v1/open/things"):
        check_doors(app)


@pytest.mark.parametrize("how", ["a route", "a plain route", "a folder", "a websocket"])
def test_no_way_to_add_an_address_passes_by_that_check(register: Register, how: str) -> None:
    app = create_app(register.settings, register.clock)
    if how == "a route":
        app.add_api_route("/forgotten", open_to_all)
    elif how == "a plain route":
        app.add_route("/forgotten", lambda request: Response())
    elif how == "a websocket":
        app.add_api_websocket_route("/forgotten", open_to_all)
    else:
        app.mount("/forgotten", StaticFiles(directory="seed"))
    with pytest.raises(RuntimeError, match="/forgotten"):
        check_doors(app)


def test_a_route_with_a_door_passes(register: Register) -> None:
    def closed(read: Reading) -> None:
        """An endpoint that says who may."""

    app = create_app(register.settings, register.clock)
    app.add_api_route("/closed", closed)
    check_doors(app)
