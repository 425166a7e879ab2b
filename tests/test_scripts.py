"""The scripts of docs/client.md run as they stand, and do what the page says."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app import client
from app.settings import ROOT
from tests.live import Client, Live

PAGE = (ROOT / "docs" / "client.md").read_text("utf-8")
LEAD, DASHBOARD, IMPORT = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
REF = "bwd-2017-sif-4"
sqlite = pytest.mark.parametrize("engine", ["sqlite"])


def start(script: str, live: Live, at: Path, *arguments: str) -> subprocess.Popen[str]:
    said = {"TRACKER_URL": live.url, "PYTHONPATH": str(ROOT)}
    said["TRACKER_TOKEN"] = live.register.token("Alice", "lead", "bwd-council")
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=at,
        env=os.environ | said,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@sqlite
def test_a_lead_finishes_an_audit(live: Live, tmp_path: Path) -> None:
    bob = live.client("Bob", "lead", "lsc-icb")
    assert bob.move(REF, "in_progress").status_code == 200
    serves = [REF, "bwd-2017-sif-5"]
    action = {"title": "Audit of visits", "recommendations": serves, "owner": "bwd-council"}
    made = bob.post("/v1/actions", action | {"status": "in_progress"})
    assert made.status_code == 201, made.text
    out, err = start(LEAD, live, tmp_path).communicate(timeout=60)
    assert err == ""
    first, second = out.splitlines()
    assert first == f"{REF} implemented"
    assert second.startswith("bwd-2017-sif-5 stays as it is: ")
    assert bob.get(f"/v1/actions/{made.json()['id']}").json()["status"] == "done"


@sqlite
def test_a_dashboard_follows_and_goes_on_where_it_was(live: Live, tmp_path: Path) -> None:
    bob = live.client("Bob", "lead", "lsc-icb")
    for status in ("in_progress", "blocked"):
        assert bob.move(REF, status, reason="No post").status_code == 200
        running = start(DASHBOARD, live, tmp_path)
        assert running.stdout is not None
        try:
            assert running.stdout.readline().endswith(f"{REF} {status}\n")
        finally:
            deadline = time.monotonic() + 20
            while not _kept(tmp_path, bob) and time.monotonic() < deadline:
                time.sleep(0.02)
            running.kill()
            out, err = running.communicate(timeout=20)
        assert (out, err) == ("", ""), "one move, and once"


def _kept(at: Path, reader: Client) -> bool:
    head = reader.get("/v1/changes?limit=500").json()["next"]
    kept = at / "cursor.txt"
    return kept.exists() and kept.read_text() == head


@sqlite
def test_a_letter_is_imported_and_what_is_wrong_is_said(live: Live, tmp_path: Path) -> None:
    letter = tmp_path / "letter.csv"
    letter.write_text("ordinal,text\n81,Improve visits.\n82,Improve records.\n")
    out, err = start(IMPORT, live, tmp_path, "letter.csv").communicate(timeout=60)
    assert (out, err) == ("2 new, 0 known, 0 left as they are\n", "")
    letter.write_text("ordinal,text\nmany,Improve visits.\n83,\n")
    running = start(IMPORT, live, tmp_path, "letter.csv")
    out, err = running.communicate(timeout=60)
    assert running.returncode == 1
    assert [line.split()[0] for line in out.splitlines()] == ["1", "2"]
    assert err.startswith("nothing was applied: ")


def test_every_class_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`([A-Z][a-z]\w+)`", PAGE))
    assert named <= set(client.__all__)
    assert named >= {name for name in client.__all__ if name not in ("Thing", "Tracker")}
