"""A server that is killed in the middle of an import leaves none of it, and the same request, sent
again to the next server, leaves all of it."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx
from sqlalchemy import func, select, text
from sqlmodel import col

from app.domain import audit
from app.domain.recommendations import Recommendation
from tests.live import Register

ROWS = 20_000
SLUGS = [f"a-{number}" for number in range(4)]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def serving(register: Register, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server in a process of its own, and its address."""
    port = free_port()
    environment = os.environ | {
        "TRACKER_DATABASE_URL": register.settings.database_url,
        "TRACKER_DATA_DIR": str(register.settings.data_dir),
    }
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port)]
    with log.open("ab") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with suppress(httpx.TransportError):
                if httpx.get(f"{url}/readyz").status_code == 200:
                    break
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        yield process, url
    finally:
        process.kill()
        process.wait(timeout=20)


def held(register: Register) -> int:
    with register.read() as session:
        query = select(func.count()).select_from(Recommendation)
        found = session.scalar(query.where(col(Recommendation.inspection).in_(SLUGS)))
        return int(found or 0)


def at_work(register: Register) -> bool:
    """Has the import written something that it has not committed?"""
    if register.engine == "sqlite":
        path = register.settings.database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True  # somebody else writes
            other.execute("ROLLBACK")
            return False
    with register.read() as session:
        query = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND backend_xid IS NOT NULL"
        )
        return bool(session.execute(query).scalar())


def test_a_kill_in_the_middle_leaves_none_and_the_next_try_all(
    seeded: Register, tmp_path: Path
) -> None:
    token = seeded.token("Alice", "lead")
    inspections = [
        {
            "slug": slug,
            "title": "Visit",
            "framework": "ilacs",
            "inspectorates": ["ofsted"],
            "place": "blackburn-with-darwen",
        }
        for slug in SLUGS
    ]
    rows = "".join(
        f"{slug},{ordinal},Improve the timeliness of visits no. {ordinal}\n"
        for slug in SLUGS
        for ordinal in range(1, ROWS // len(SLUGS) + 1)
    )
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "text/csv",
        "Idempotency-Key": "the-one-import",
    }
    cut: list[Exception] = []

    def send(url: str) -> None:
        try:
            httpx.post(
                f"{url}/v1/imports", content="inspection,ordinal,text\n" + rows, headers=headers
            )
        except httpx.TransportError as error:
            cut.append(error)

    with serving(seeded, tmp_path / "log") as (process, url):
        body = {"inspections": inspections}
        plain = {"Authorization": f"Bearer {token}"}
        assert httpx.post(f"{url}/v1/imports", json=body, headers=plain).status_code == 201
        sender = threading.Thread(target=send, args=(url,))
        sender.start()
        for _ in range(1200):
            if at_work(seeded):
                break
            time.sleep(0.02)
        else:
            raise AssertionError("the import was never seen at work")
        time.sleep(0.3)
        process.send_signal(signal.SIGKILL)
        sender.join(timeout=30)
    assert cut, "the import was answered before the kill"
    assert held(seeded) == 0
    with serving(seeded, tmp_path / "log") as (_, url):
        content = "inspection,ordinal,text\n" + rows
        done = httpx.post(f"{url}/v1/imports", content=content, headers=headers, timeout=300)
        assert done.status_code == 201, done.text[:2000]
        assert done.json()["created"] == ROWS
        again = httpx.post(f"{url}/v1/imports", content=content, headers=headers, timeout=300)
        assert again.content == done.content
    assert held(seeded) == ROWS
    with seeded.read() as session:
        audit.verify(session)
