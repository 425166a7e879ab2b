"""What the documents tell a reader to type is typed here, and does what they say."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.api.problems import kinds
from app.main import PUBLIC
from app.settings import ROOT, Settings

README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def blocks(text: str, heading: str) -> list[str]:
    """The shell blocks below a heading, up to the next of its rank."""
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_the_tour_of_the_readme_goes_as_it_says(tmp_path: Path) -> None:
    """Typed as it stands, but for the port, and with `uv run` already done."""
    shim = tmp_path / "uv"
    shim.write_text('#!/bin/sh\nshift 2\nexec "$@"\n')
    shim.chmod(0o755)
    script = "set -eu\n" + "\n".join(blocks(README, "A tour of two minutes"))
    script = script.replace("8010", str(free_port()))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TRACKER_")}
    environment["PATH"] = f"{tmp_path}:{Path(sys.executable).parent}:{environment['PATH']}"
    run = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    told = re.findall(r'"(?:status|title|detail|action)": ("?[^"\n]+)', run.stdout)
    assert "Not yours to do" in run.stdout
    assert '"needs": [' in run.stdout
    assert '"action": "recommendation:status:moved"' in run.stdout
    assert '"assurance": "independent"' in run.stdout
    assert "has not progressed this work quickly enough" in run.stdout
    assert re.search(r"the journal holds, up to \d+:[0-9a-f]{64}\n", run.stdout)
    assert told.count('"closed') >= 1


def test_the_readme_begins_with_the_two_commands() -> None:
    first = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)[0]
    commands = [line.split("#")[0].strip() for line in first.strip().splitlines()]
    assert commands == ["pip install uv && uv run --no-dev tracker", "uv run pytest"]


def test_every_setting_is_in_the_readme() -> None:
    for name in Settings.model_fields:
        assert f"`TRACKER_{name.upper()}`" in README, name


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_inside_the_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_every_problem_type_says_what_to_do() -> None:
    for kind in kinds():
        assert kind.__doc__, kind
        assert len(kind.__doc__) > 60, kind


def test_only_health_and_static_files_are_always_public() -> None:
    assert {"/healthz", "/readyz", "/static/docs"} == PUBLIC
