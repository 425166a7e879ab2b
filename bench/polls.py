"""How many polls a second are answered, against a FastAPI route that returns a dict.

    uv run python -m bench.polls [--rounds 3] [--seconds 3] [--engine sqlite|postgresql]

Each side is a server in a process of its own (uvicorn with uvloop and httptools, one worker),
asked by another process over 8 connections, in alternation: hello, an unchanged poll (304) of the
list, of the summary and of the export, and the list's body from memory. `--pinned`: server on one
core, load on the other.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx

from app.cli.register import load_seed
from app.domain import tokens
from app.domain.actors import Role
from bench import registers

PATHS = ("/v1/recommendations", "/v1/reports/summary", "/v1/export/recommendations.csv")


@contextmanager
def serving(app: str, environment: dict[str, str], pinned: bool) -> Iterator[int]:
    """The port of a server that runs as long as this lasts."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log"]
    command += ["--log-level", "warning", *(["--factory"] if app.endswith("create_app") else [])]
    if pinned:
        command = ["taskset", "-c", "0", *command]
    process = subprocess.Popen(command, env=os.environ | environment)
    try:
        for _ in range(400):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def rate(port: int, path: str, headers: dict[str, str], seconds: float, pinned: bool) -> float:
    """Requests a second."""
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    request = "\r\n".join([*lines, "", ""]).encode()
    command = [sys.executable, "-m", "bench.load", "127.0.0.1", str(port), str(seconds), "8"]
    if pinned:
        command = ["taskset", "-c", "1", *command]
    done = subprocess.run(command, input=request, capture_output=True, check=True)
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--pinned", action="store_true")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], action="append")
    options = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} pinned: {options.pinned}")
    for name in options.engine or ["sqlite", "postgresql"]:
        with registers.engine(name) as make:
            database = make()
            load_seed(database)
            with database.writing() as session:
                _, token = tokens.create_token(session, "Bench", Role.VIEWER)
            url = database.engine.url.render_as_string(hide_password=False)
            bearer = {"Authorization": f"Bearer {token}"}
            environment = {"TRACKER_DATABASE_URL": url}
            with (
                serving("bench.hello:app", {}, options.pinned) as hello,
                serving("app.main:create_app", environment, options.pinned) as ours,
            ):
                sides: dict[str, tuple[int, str, dict[str, str]]] = {"hello": (hello, "/hello", {})}
                for path in PATHS:
                    etag = httpx.get(f"http://127.0.0.1:{ours}{path}", headers=bearer).headers[
                        "ETag"
                    ]
                    sides[f"304 {path}"] = (ours, path, bearer | {"If-None-Match": etag})
                sides[f"200 {PATHS[0]}"] = (ours, PATHS[0], bearer)
                found: dict[str, list[float]] = {side: [] for side in sides}
                for _ in range(options.rounds):
                    for side, (port, path, headers) in sides.items():
                        asked = rate(port, path, headers, options.seconds, options.pinned)
                        found[side].append(asked)
            for side, rates in found.items():
                ratios = [one / hello_ for one, hello_ in zip(rates, found["hello"], strict=True)]
                print(
                    f"{name:11}{side:38}{statistics.median(ratios):5.2f} x hello "
                    f"({min(ratios):.2f} to {max(ratios):.2f}), {statistics.median(rates):.0f}/s"
                )


if __name__ == "__main__":
    main()
