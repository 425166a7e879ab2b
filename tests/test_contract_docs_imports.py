"""docs/imports.md: its files are written, its commands typed, and they do what the page says."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from app.domain.imports import Outcome
from app.domain.imports.tabular import COLUMNS
from app.settings import ROOT
from tests.live import Live

PAGE = (ROOT / "docs" / "imports.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_names_every_column_and_every_outcome() -> None:
    for name in (*COLUMNS, *(outcome.value for outcome in Outcome)):
        assert f"`{name}`" in PAGE, name


def test_the_page_is_true_as_it_stands(live: Live, tmp_path: Path) -> None:
    lead = live.client("Alice", "lead", "bwd-council")
    (tmp_path / "visit.json").write_text(blocks("json")[0])
    (tmp_path / "letter.csv").write_text(blocks("csv")[0])
    (tmp_path / "rows.ndjson").write_text(blocks("ndjson")[0])
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "TRACKER_URL": live.url,
        "TRACKER_TOKEN": live.register.token("Bob", "lead"),
    }

    def typed(script: str, **more: str) -> str:
        run = subprocess.run(
            ["bash", "-euc", script],
            cwd=tmp_path,
            env=environment | more,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
        return run.stdout

    commands, dry, reversal = blocks("sh")
    typed(commands.splitlines()[0])
    assert lead.see("bwd-2026-visit-1")["links"][0]["state"] == "proposed"
    assert json.loads(typed(dry))["created"] == 1
    typed(commands)
    made = lead.see("bwd-2026-visit-2")
    assert made["text"] == "Improve the timeliness of visits."
    first = lead.see("bwd-2026-visit-1")
    assert (first["owner"], first["due_on"]) == ("bwd-council", "2027-03-31")
    typed("tracker import rows.ndjson")
    brought = lead.see("bwd-2026-visit-3")
    assert json.loads(typed(reversal, IMPORT=brought["import"]))["reversed"] is not None
    assert lead.see("bwd-2026-visit-3")["voided"] is not None
