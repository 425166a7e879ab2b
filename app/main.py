"""Builds the app: opens the register, mounts the doors, and refuses what would not be safe."""

import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.resources import files

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import iter_route_contexts
from fastapi.staticfiles import StaticFiles

from app import __version__
from app.api import (
    actions,
    attention,
    calendar,
    deps,
    evidence,
    export,
    health,
    imports,
    inspections,
    links,
    metrics,
    notes,
    openapi,
    parties,
    problems,
    recommendations,
    reports,
    vocabulary,
)
from app.api import (
    changes as changes_api,
)
from app.api.deps import Door, Reading
from app.api.head import HeadAsGet
from app.api.meter import Meter, Tally
from app.api.polling import Polling
from app.db import Clock, Database, utc_now
from app.domain import changes, guards, tokens
from app.pulse import pulse
from app.settings import Settings

SCHEMA = "0005"
"""The revision of the schema that this version reads and writes: the newest in migrations/."""

PUBLIC = {"/healthz", "/readyz", "/static/docs"}
ROUTERS = (
    vocabulary.router,
    inspections.router,
    recommendations.router,
    evidence.router,
    notes.router,
    links.router,
    actions.router,
    attention.router,
    reports.router,
    imports.router,
    parties.router,
    changes_api.router,
    export.router,
    calendar.router,
)


class StartRefused(Exception):
    """The server does not start like this. The message says what to run or to set."""


def open_register(settings: Settings, clock: Clock = utc_now) -> Database:
    """The register that the settings name, with its journal as the last step of each commit."""
    return Database(settings.database_url, seal=changes.seal, clock=clock)


def tune_collector() -> None:
    """Lets Python's garbage collector look less often, and no longer at what was loaded at the
    start: with its defaults a fifth of a large import's time, and of a long list's, goes there."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def create_app(settings: Settings | None = None, clock: Clock = utc_now) -> FastAPI:
    """The app on a register that is current, guarded and reachable by somebody; else StartRefused.

    uvicorn starts each worker with it: `uvicorn --factory app.main:create_app`.
    """
    settings = settings or Settings()
    database = open_register(settings, clock)
    try:
        check_register(settings, database)
    except BaseException:
        database.close()
        raise

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        tune_collector()
        yield
        app.state.pulse.close()
        database.close()

    app = FastAPI(
        title="Recommendation progress tracker",
        version=__version__,
        summary="One memory of what inspectors recommended, and of what came of it.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        # Stable for clients that are generated from the document: `recommendations-show`.
        generate_unique_id_function=lambda route: (
            f"{route.endpoint.__module__.rpartition('.')[2]}-{route.name}".replace("_", "-")
        ),
    )
    app.state.settings = settings
    app.state.database = database
    app.state.schema = SCHEMA
    app.state.pulse = pulse(settings.database_url)
    app.state.tally = Tally()
    problems.install(app)
    app.add_exception_handler(deps.Replayed, deps.replayed)
    app.add_middleware(
        Polling,
        pulse=app.state.pulse,
        clock=clock,
        anonymous=settings.anonymous,
    )
    app.add_middleware(Meter, tally=app.state.tally)
    app.add_middleware(HeadAsGet)
    app.include_router(health.router)
    app.include_router(metrics.router)
    for router in ROUTERS:
        app.include_router(router, prefix="/v1", responses={"default": {"model": problems.Problem}})
    app.include_router(_documentation(app))
    assets = files("fastapi_offline") / "static"
    app.mount("/static/docs", StaticFiles(directory=str(assets)), name="docs-assets")
    check_doors(app)
    return app


def check_schema(database: Database) -> None:
    """StartRefused where the register is not there, or is of another schema than this version."""
    found = database.revision()
    if found is None:
        raise StartRefused("the register is not there yet: run `tracker migrate`")
    if found != SCHEMA:
        raise StartRefused(
            f"the register has schema {found}, this version {SCHEMA}: run `tracker migrate`"
        )


def check_register(settings: Settings, database: Database) -> None:
    """StartRefused where the schema is not current, a guard of the journal is missing, the role
    would pass by the guards, or nobody could come in."""
    check_schema(database)
    with database.reading() as session:
        if missing := guards.missing_guards(session.connection()):
            raise StartRefused(
                f"guards of the journal are missing ({', '.join(missing)}): somebody took them "
                "away; run `tracker verify`, find out why, then `tracker migrate` makes them again"
            )
    if database.superuser() and not settings.allow_superuser:
        raise StartRefused(
            "the database role is a superuser, whom no guard of the journal stops: use a role of "
            "its own, or set TRACKER_ALLOW_SUPERUSER=true"
        )
    if not settings.local:
        with database.reading() as session:
            if not tokens.any_token(session):
                raise StartRefused(
                    "nobody could come in: there is no token; run "
                    "`tracker token create --name NAME --role admin`"
                )


def check_doors(app: FastAPI) -> None:
    """RuntimeError where a route declares no permission: what is not declared is not open."""
    undeclared = [
        f"{sorted(route.methods or ())} {route.path}"
        for route in iter_route_contexts(app.routes)
        if route.path not in PUBLIC and not any(_doors(getattr(route, "dependant", Dependant())))
    ]
    if undeclared:
        raise RuntimeError(f"routes that declare no permission: {', '.join(undeclared)}")


def _doors(dependant: Dependant) -> Iterator[Door]:
    if isinstance(dependant.call, Door):
        yield dependant.call
    for below in dependant.dependencies:
        yield from _doors(below)


def _documentation(app: FastAPI) -> APIRouter:
    """/docs and /openapi.json, with assets that come with the app: nothing is fetched elsewhere."""
    router = APIRouter(include_in_schema=False)

    @router.get("/openapi.json")
    def document(read: Reading) -> JSONResponse:
        return JSONResponse(openapi.schema(app))

    @router.get("/docs")
    def docs(read: Reading) -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=app.title,
            swagger_js_url="/static/docs/swagger-ui-bundle.js",
            swagger_css_url="/static/docs/swagger-ui.css",
            swagger_favicon_url="/static/docs/favicon.png",
        )

    @router.get(problems.DOCS)
    def problem_types(read: Reading) -> HTMLResponse:
        return HTMLResponse(problems.page())

    return router
