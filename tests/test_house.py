"""The house keeps its order: small modules, captions, pins that agree, nothing of this machine."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest

from app.settings import ROOT

MODULES = sorted((ROOT / "app").rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [ROOT / name for name in listed.stdout.splitlines()]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_small_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 320
    caption = ast.get_docstring(ast.parse(text))
    assert caption, "a module begins with the sentence by which a stranger would choose it"


def test_the_top_level_holds_what_people_expect() -> None:
    allowed = {
        "app",
        "migrations",
        "tests",
        "seed",
        "alembic.ini",
        "pyproject.toml",
        "Dockerfile",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "requirements.lock",
        "docs",
        "bench",
        ".ci",
        "compose.yaml",
        ".gitignore",
        ".dockerignore",
    }
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} <= allowed


def test_pins_and_lock_agree_and_name_no_registry() -> None:
    pins = dict(pin.split("==") for pin in PROJECT["tool"]["uv"]["constraint-dependencies"])
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    locked = dict(re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", lock, re.MULTILINE))
    assert locked.items() <= pins.items()
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", lock)) > len(locked)
    assert "://" not in lock
    named = {re.split(r"[<>=\[;]", need)[0].lower() for need in PROJECT["project"]["dependencies"]}
    assert named <= locked.keys()


def test_what_runs_is_what_is_pinned() -> None:
    pins = dict(pin.split("==") for pin in PROJECT["tool"]["uv"]["constraint-dependencies"])
    here = {one.metadata["Name"].lower().replace("_", "-"): one.version for one in distributions()}
    assert {
        name: version for name, version in here.items() if name in pins and pins[name] != version
    } == {}


def test_nothing_of_a_registry_is_committed() -> None:
    assert ROOT / "uv.lock" not in tracked()


def test_the_import_rules_hold() -> None:
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
