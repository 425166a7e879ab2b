"""The OpenAPI document: FastAPI's, with the bodies that the doors read themselves."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app.api.deps import BODIES


def schema(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the bodies that the doors read (deps.takes)."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            routes=app.routes,
            # One shape, whether it comes in or goes out: an export is an import document.
            separate_input_output_schemas=False,
        )
        for path in document["paths"].values():
            for method, operation in path.items():
                _summarise(operation)
                _declare_headers(method, operation)
                _declare_problem(operation)
        _, bodies = models_json_schema(
            [(shape, "validation") for _, shape in sorted(BODIES.items())],
            ref_template="#/components/schemas/{model}",
        )
        components = document.setdefault("components", {})
        components["schemas"] = bodies["$defs"] | components.get("schemas", {})
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "basic": {"type": "http", "scheme": "basic", "description": "The token as password."},
        }
        document["security"] = [{"bearer": []}, {"basic": []}, {}]
        app.openapi_schema = document
    return app.openapi_schema


def _summarise(operation: dict[str, Any]) -> None:
    """The first sentence of what an operation says of itself is its summary, the rest its
    description: FastAPI would take the function's name."""
    said = " ".join(operation.pop("description", operation["summary"]).split())
    first, _, rest = said.partition(". ")
    operation["summary"] = first.removesuffix(".")
    if rest:
        operation["description"] = rest


IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag that GET gave you: the version that your change is made on.",
    "schema": {"type": "string"},
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again with the same body, it gets the first answer again. A random UUID.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}


def _declare_headers(method: str, operation: dict[str, Any]) -> None:
    """The headers that the doors read themselves, so that FastAPI does not know of them."""
    parameters = operation.setdefault("parameters", [])
    if "Needs If-Match" in operation.get("description", ""):
        parameters.append(IF_MATCH)
    if method == "post":
        parameters.append(IDEMPOTENCY_KEY)


def _declare_problem(operation: dict[str, Any]) -> None:
    """Refusals are of a media type of their own; FastAPI documents them in that of the route."""
    refusal = operation["responses"].get("default", {})
    if "content" in refusal:
        (shape,) = refusal["content"].values()
        refusal["content"] = {"application/problem+json": shape}
