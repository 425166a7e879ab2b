"""The OpenAPI document: FastAPI's, with the bodies that the doors read themselves."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema


def schema(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the bodies that the doors read (deps.takes)."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, summary=app.summary, routes=app.routes
        )
        shapes = set()
        for path in document["paths"].values():
            for operation in path.values():
                if (shape := operation.pop("x-takes", None)) is not None:
                    shapes.add(shape)
        _, bodies = models_json_schema(
            [
                (shape, "validation")
                for shape in sorted(shapes - {None}, key=lambda one: one.__name__)
            ],
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
