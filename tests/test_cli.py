"""`tracker` as newcomers and operators use it, on a register of its own: what it prints, what it
makes, and the code that it leaves with. What serves runs in a process of its own; what ends by
itself is called here, since a process takes seconds to load."""

import os
import re
import shlex
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest

from app.cli import main
from app.cli.arguments import parser
from app.main import create_app
from app.settings import ROOT, Settings
from tests.conftest import Templates
from tests.postgres import Cluster

TRACKER = str(Path(sys.executable).parent / "tracker")
TOKEN = re.compile(r"rpt_[0-9a-f]{12}_[0-9a-f]{64}_[0-9a-f]{8}")


@dataclass
class Ran:
    """What came of a command."""

    code: int
    out: str
    err: str


@dataclass
class Home:
    """A folder with a register of its own, and `tracker` in it."""

    path: Path
    url: str
    capsys: pytest.CaptureFixture[str]
    said: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("TRACKER_", "PG"))}
        settings = {"TRACKER_DATABASE_URL": self.url, "TRACKER_DATA_DIR": str(self.path / "data")}
        return inherited | settings | self.said

    def run(self, *arguments: str) -> Ran:
        """Runs a command to its end."""
        self.capsys.readouterr()
        with patch.dict(os.environ, self.environment, clear=True), chdir(self.path):
            try:
                code = main(arguments)
            except SystemExit as left:  # argparse leaves so, for --help and for a wrong use
                code = int(left.code or 0)
        told = self.capsys.readouterr()
        return Ran(code, told.out, told.err)

    def done(self, *arguments: str) -> str:
        """What a command prints that must succeed."""
        ran = self.run(*arguments)
        assert ran.code == 0, ran.err
        return ran.out

    def refused(self, *arguments: str, code: int) -> str:
        """The one line with which a command refuses."""
        ran = self.run(*arguments)
        assert (ran.code, ran.out) == (code, ""), ran
        assert re.fullmatch(r"tracker[^\n]*: [^\n]+\n", ran.err), ran.err
        return ran.err

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[tuple[str, Callable[[], str]]]:
        """A server that runs; its address, and a function that stops it and answers all it said."""
        port = free_port()
        out = self.path / f"server-{port}.out"
        with out.open("wb") as file:
            process = subprocess.Popen(
                [TRACKER, *arguments, "--port", str(port)],
                cwd=self.path,
                env=self.environment,
                stdout=file,
                stderr=file,
            )

        def stop() -> str:
            process.terminate()
            process.wait(20)
            return out.read_text()

        address = f"http://127.0.0.1:{port}"
        try:
            deadline = time.monotonic() + 40
            while not _answers(f"{address}/readyz"):
                assert process.poll() is None, out.read_text()
                assert time.monotonic() < deadline, out.read_text()
                time.sleep(0.05)
            yield address, stop
        finally:
            stop()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture
def fresh(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Home:
    """Nothing is there yet."""
    return Home(tmp_path, f"sqlite:///{tmp_path}/data/tracker.db", capsys)


@pytest.fixture
def home(
    request: pytest.FixtureRequest, engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Home]:
    """A register with the seed in it."""
    templates: Templates = request.getfixturevalue(f"{engine}_templates")
    url, remove = templates.copy("seeded")
    yield Home(tmp_path, url, capsys)
    remove()


def test_the_first_start_makes_a_register_and_says_where_all_is(fresh: Home) -> None:
    with fresh.serving() as (address, stop):
        kept = fresh.path / "data" / "admin.token"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        token = kept.read_text().strip()
        assert TOKEN.fullmatch(token)
        answer = httpx.get(f"{address}/v1/recommendations?limit=500")
        assert len(answer.json()["items"]) == 26
        assert httpx.get(f"{address}/docs").status_code == 200
        note = f"{address}/v1/recommendations/bwd-2017-sif-4/notes"
        assert httpx.post(note, json={"text": "x"}).status_code == 401
        carried = {"Authorization": f"Bearer {token}"}
        assert httpx.post(note, json={"text": "x"}, headers=carried).status_code == 201
        first = fresh.done("anchor").strip()
        told = stop()
    assert address in told
    assert str(kept) in told
    assert "26 recommendations" in told
    assert token.split("_")[2] not in told, "the token itself is never printed"

    with fresh.serving() as (address, stop):
        assert len(httpx.get(f"{address}/v1/recommendations?limit=500").json()["items"]) == 26
        told = stop()
    assert fresh.done("anchor").strip() == first, "a second start changes nothing"
    assert kept.read_text().strip() == token
    assert "26 recommendations" not in told
    assert fresh.done("verify", "--expect", first).strip().endswith(first)
    assert [path.name for path in fresh.path.iterdir() if path.is_dir()] == ["data"]


def test_migrate_and_seed_can_be_run_again_and_change_nothing(fresh: Home) -> None:
    assert "schema" in fresh.done("migrate")
    assert fresh.done("migrate").strip() == "the register is current"
    assert fresh.done("seed").startswith("26 recommendations added, 0 there already")
    anchor = fresh.done("anchor")
    assert fresh.done("seed").startswith("0 recommendations added, 26 there already")
    assert fresh.done("anchor") == anchor


def test_tokens_are_made_listed_and_revoked(home: Home) -> None:
    made = home.done(
        *("token", "create", "--name", "Alice", "--role", "contributor"),
        *("--party", "bwd-council", "--place", "blackburn-with-darwen", "--expires", "30"),
    )
    secret = made.splitlines()[-1]
    assert TOKEN.fullmatch(secret)
    id_ = secret.split("_")[1]
    line = next(line for line in home.done("token", "list").splitlines() if id_ in line)
    for word in ("Alice", "contributor", "bwd-council", "blackburn-with-darwen", "expires"):
        assert word in line
    assert "revoked" not in line
    home.done("token", "revoke", id_)
    line = next(line for line in home.done("token", "list").splitlines() if id_ in line)
    assert "revoked" in line
    assert "no party" in home.refused(
        *("token", "create", "--name", "A", "--role", "lead", "--party", "nobody"), code=1
    )
    assert "no token" in home.refused("token", "revoke", "nothing", code=1)


def test_verify_leaves_with_1_where_the_journal_does_not_hold(fresh: Home) -> None:
    fresh.done("migrate")
    fresh.done("seed")
    anchor = fresh.done("anchor").strip()
    with sqlite3.connect(fresh.path / "data" / "tracker.db") as connection:
        connection.execute("DROP TRIGGER change_no_update")
        connection.execute("UPDATE change SET actor = 'Nobody' WHERE seq = 7")
    connection.close()
    assert "change 7" in fresh.refused("verify", code=1)
    assert "guards" in fresh.refused("serve", "--port", str(free_port()), code=1)
    assert "anchor" in fresh.refused("verify", "--expect", "yesterday", code=2)
    assert "anchor" in fresh.refused("verify", "--expect", "", code=2)
    assert fresh.done("anchor").strip() == anchor, "the head still says what it said"


def test_serve_refuses_a_register_that_is_missing_or_outdated(fresh: Home) -> None:
    serve = ("serve", "--port", str(free_port()))
    assert "tracker migrate" in fresh.refused(*serve, code=1)
    for command in ["seed", "verify", "anchor", "token list"]:
        assert "tracker migrate" in fresh.refused(*command.split(), code=1)
    fresh.done("migrate")
    with sqlite3.connect(fresh.path / "data" / "tracker.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()
    for command in [" ".join(serve), "seed", "token list"]:
        assert "schema 0000" in fresh.refused(*command.split(), code=1)


EVERYWHERE = ("--host", "0.0.0.0")  # noqa: S104 - to be refused


def test_outside_local_mode_nothing_starts_that_nobody_could_enter(home: Home) -> None:
    serve = ("serve", *EVERYWHERE, "--port", str(free_port()))
    assert "tracker token create" in home.refused(*serve, code=1)
    secret = home.done("token", "create", "--name", "A", "--role", "admin").split()[-1]
    home.done("token", "revoke", secret.split("_")[1])
    assert "tracker token create" in home.refused(*serve, code=1)
    assert not (home.path / "data" / "admin.token").exists()


@pytest.mark.parametrize("engine", ["postgresql"])
def test_serve_serves_what_is_there_and_changes_nothing(home: Home) -> None:
    secret = home.done("token", "create", "--name", "A", "--role", "admin").split()[-1]
    before = home.done("anchor")
    with home.serving("serve", *EVERYWHERE) as (address, stop):
        path = f"{address}/v1/recommendations/bwd-2017-sif-4"
        assert httpx.get(path).status_code == 401, "reading needs a token here"
        assert httpx.get(path, auth=("", secret)).status_code == 200
        assert secret not in stop()
    assert home.done("anchor") == before


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_postgresql_superuser_is_refused_unless_allowed(home: Home) -> None:
    home.done("token", "create", "--name", "A", "--role", "admin")
    home.url = home.url.replace("tracker@", "postgres@")
    assert "superuser" in home.refused("serve", "--port", str(free_port()), code=1)
    create_app(Settings(database_url=home.url, allow_superuser=True)).state.database.close()


COMMANDS = [
    (),
    ("serve",),
    ("migrate",),
    ("seed",),
    ("verify",),
    ("anchor",),
    ("import",),
    ("export",),
    ("digest",),
    ("token",),
    ("token", "create"),
    ("token", "list"),
    ("token", "revoke"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_of_every_command_has_an_example_that_it_takes(
    command: tuple[str, ...], fresh: Home
) -> None:
    told = " ".join(fresh.done(*command, "--help").split())
    words = shlex.split(told.partition("example: ")[2].partition(" >> ")[0])
    words = [word for word in words if not word.startswith("TRACKER_")]
    assert words[: len(command) + 1] == ["tracker", *command]
    assert callable(parser().parse_args(words[1:]).run)
    for name in COMMANDS[1:10] if not command else ():
        assert name[0] in told


WRONG_SETTINGS = {
    "TRACKER_DATABASE_URL": [
        "mysql://somewhere/x",
        "rubbish",
        "",
        "sqlite://",
        "postgresql://h:p/x",
    ],
    "TRACKER_PORT": ["eighty", "70000", "-1"],
    "TRACKER_WORKERS": ["0", "many"],
    "TRACKER_ANONYMOUS_READ": ["perhaps"],
    "TRACKER_ALLOW_SUPERUSER": ["perhaps"],
    "TRACKER_LOG_LEVEL": ["loud"],
    "TRACKER_STALE_DAYS": ["0", "soon"],
}


@pytest.mark.parametrize("name", WRONG_SETTINGS)
def test_a_wrong_setting_is_named_in_one_line(name: str, fresh: Home) -> None:
    for value in WRONG_SETTINGS[name]:
        fresh.said = {name: value}
        line = fresh.refused("migrate", code=2)
        assert name in line
        assert value == "" or value not in line


WRONG_USES = [
    ("fly",),
    ("serve", "--port", "eighty"),
    ("serve", "--port", "70000"),
    ("serve", "--workers", "0"),
    ("token",),
    ("token", "create", "--name", "A"),
    ("token", "create", "--name", " ", "--role", "lead"),
    ("token", "create", "--name", "A", "--role", "king"),
    ("token", "create", "--name", "A", "--role", "lead", "--expires", "0"),
    ("token", "revoke"),
    ("verify", "--expect"),
]


def test_a_wrong_use_is_explained_in_one_line(fresh: Home) -> None:
    for arguments in WRONG_USES:
        fresh.refused(*arguments, code=2)


def test_a_database_that_cannot_be_reached_leaves_with_3(fresh: Home, cluster: Cluster) -> None:
    folder = fresh.path / "a-folder"
    folder.mkdir()
    text = fresh.path / "a-text"
    text.write_text("This is no register. " * 100)
    unreachable = [
        f"sqlite:///{folder}",
        f"sqlite:///{text}",
        f"sqlite:///{text}/below.db",
        f"postgresql+psycopg://tracker@/nothing?host={fresh.path}",
        cluster.url("no_such_database"),
        f"postgresql://tracker:geheim@127.0.0.1:{free_port()}/x",
    ]
    for url in unreachable:
        fresh.url = url
        line = fresh.refused("migrate", code=3)
        assert "geheim" not in line
    assert "could not be reached" in fresh.refused("serve", "--port", str(free_port()), code=3)


def test_an_address_that_is_taken_is_said_before_anything_else(fresh: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert "--port" in fresh.refused("--port", port, code=1)
    assert not (fresh.path / "data").exists()


def test_a_data_folder_that_cannot_be_written_is_one_line(fresh: Home) -> None:
    (fresh.path / "taken").write_text("")
    fresh.said = {"TRACKER_DATA_DIR": str(fresh.path / "taken")}
    fresh.done("migrate")
    assert "taken" in fresh.refused("serve", "--port", str(free_port()), code=1)
    assert fresh.done("token", "list") == "", "no token was made that nobody holds"


def test_as_a_process_it_leaves_with_its_code_and_one_line(fresh: Home) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli", "anchor"],
        cwd=ROOT,
        env=fresh.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "tracker: the register is not there yet: run `tracker migrate`\n"
