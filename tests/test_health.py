"""The probes: the process answers whatever its database does; ready is what can answer."""

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from sqlalchemy import text

from app.domain.errors import NotReady
from app.settings import Settings
from tests.conftest import migrate, opened
from tests.live import Client, Clock, Live, Register, serving
from tests.postgres import Cluster


def refused(answer: httpx.Response, slug: str) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["type"] == f"/docs/problems#{slug}"


def test_both_answer_anybody(live: Live) -> None:
    nobody = live.anonymous()
    assert nobody.get("/healthz").json() == {"status": "ok"}
    assert nobody.get("/readyz").json() == {"status": "ready"}
    assert nobody.http.head("/readyz").status_code == 200


def _mark(live: Live, statement: str) -> Client:
    with live.register.database.engine.begin() as connection:
        connection.execute(text(statement))
    return live.anonymous()


def test_a_register_that_is_too_old_is_not_ready(live: Live) -> None:
    nobody = _mark(live, "UPDATE alembic_version SET version_num = '0001'")
    refused(nobody.get("/readyz"), NotReady.slug)
    assert nobody.get("/healthz").status_code == 200
    _mark(live, "DELETE FROM alembic_version")
    refused(nobody.get("/readyz"), NotReady.slug)
    _mark(live, "DROP TABLE alembic_version")
    refused(nobody.get("/readyz"), NotReady.slug)


def test_one_that_a_newer_version_migrated_is_ready(live: Live) -> None:
    """The old version serves on until the new one has taken over."""
    nobody = _mark(live, "UPDATE alembic_version SET version_num = '9999'")
    assert nobody.get("/readyz").status_code == 200


@pytest.fixture
def own() -> Iterator[Cluster]:
    """A PostgreSQL that a test may stop, and that forgets nothing then."""
    cluster = Cluster(durability="")
    try:
        yield cluster
    finally:
        cluster.remove()


def test_a_database_that_is_stopped_is_not_ready_until_it_is_back(own: Cluster) -> None:
    clock, url = Clock(), own.create("register")
    with closing(opened(url, clock)) as database:
        migrate(database)
        register = Register(
            Settings(database_url=url, anonymous_read=True), database, clock, "postgresql"
        )
        register.token("Alice", "lead")
        with serving(register) as live:
            alice = live.client("Alice", "lead")
            assert alice.get("/readyz").status_code == 200
            own.stop()
            refused(alice.get("/readyz"), "busy")
            refused(alice.get("/v1/recommendations"), "busy")
            assert alice.get("/healthz").status_code == 200, "nobody need restart it"
            own.start()
            assert alice.get("/readyz").status_code == 200, "it recovers by itself"
            assert alice.get("/v1/recommendations").status_code == 200
