"""Commands that serve: `serve`, and the newcomer's bare `tracker`."""

import os
import socket
from argparse import Namespace
from contextlib import closing
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import make_url
from sqlmodel import select

from app.cli.register import Failed, bring_to_head, load_seed
from app.db import Database
from app.domain import imports, replies, tokens
from app.domain.actors import Role
from app.domain.recommendations import Recommendation
from app.main import check_register, check_schema, open_register
from app.settings import Settings, mistake


def serve(settings: Settings, options: Namespace) -> int:
    settings = _said(settings, options)
    _check_address(settings)
    with closing(open_register(settings)) as database:
        check_schema(database)
        _local_token(settings, database)
        check_register(settings, database)
        with database.writing() as session:
            replies.forget_old(session)
    return _serve(settings)


def start(settings: Settings, options: Namespace) -> int:
    """The newcomer's one command: migrate, seed if empty, serve, and say where things are."""
    settings = _said(settings, options)
    _check_address(settings)
    with closing(open_register(settings)) as database:
        fresh = database.revision() is None
        bring_to_head(database)
        if fresh:
            print(f"Made a new register: {_without_password(settings)}")
        with database.reading() as session:
            empty = session.scalars(select(Recommendation).limit(1)).first() is None
        if empty:
            seeded = load_seed(database).count(imports.Outcome.CREATED)
            print(f"Entered {seeded} recommendations from seed/ (see README)", flush=True)
        _local_token(settings, database)
        check_register(settings, database)
        with database.writing() as session:
            replies.forget_old(session)
    address = f"http://{settings.host}:{settings.port}"
    print(f"Serving on {address}")
    print(f"  look:  {address}/docs  or  {address}/v1/recommendations")
    if settings.local and _token_file(settings).exists():
        print(f"  token: in {_token_file(settings)} (reading needs none on this machine)")
    print("Stop with Ctrl+C.", flush=True)
    if "log_level" not in settings.model_fields_set:  # a newcomer has read all there is to know
        settings = settings.model_copy(update={"log_level": "warning"})
    return _serve(settings)


def _without_password(settings: Settings) -> str:
    return make_url(settings.database_url).render_as_string(hide_password=True)


def _said(settings: Settings, options: Namespace) -> Settings:
    """The settings with what the command line says; the workers read them from the environment."""
    said = {
        name: value
        for name in ("host", "port", "workers")
        if (value := getattr(options, name, None)) is not None
    }
    for name, value in said.items():
        os.environ[f"TRACKER_{name.upper()}"] = str(value)
    try:
        return Settings()
    except ValidationError as error:
        name, what = mistake(error)
        raise Failed(f"--{name}: {what}", 2) from error


def _check_address(settings: Settings) -> None:
    """Failed, in one line, where nobody can listen there: uvicorn would say it in ten, and after
    the newcomer was told that all is well."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        raise Failed(
            f"cannot listen on port {settings.port}: {error.strerror}; choose another with --port"
        ) from error


def _serve(settings: Settings) -> int:
    import uvicorn

    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_level=settings.log_level,
        access_log=False,  # it would write query strings, which can hold what people search for
        server_header=False,
    )
    return 0


def _local_token(settings: Settings, database: Database) -> None:
    """In local mode the first start makes an admin token and keeps it in a file only its owner
    can read."""
    if not settings.local:
        return
    with database.writing() as session:
        if tokens.any_token(session):
            return
        _, text = tokens.create_token(session, "local admin", Role.ADMIN)
        _write_secret(_token_file(settings), text)


def _token_file(settings: Settings) -> Path:
    return settings.data_dir / "admin.token"


def _write_secret(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
