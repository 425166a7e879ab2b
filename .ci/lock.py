"""Remakes the pins: exact versions in pyproject.toml, and hashes in requirements.lock.

    uv run python .ci/lock.py            the pins as they are: remake the lock file from them
    uv run python .ci/lock.py --upgrade  newest versions that pyproject.toml admits, then the same

Neither file names a package registry, so that the project installs unchanged through an
organisation's own mirror. (uv.lock would record its address, so git ignores it.)
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT, LOCK = ROOT / "pyproject.toml", ROOT / "requirements.lock"


def uv(*arguments: str) -> str:
    return subprocess.run(
        ["uv", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


def pins() -> list[str]:
    """Every package of every group, exactly, as the present resolution has them."""
    exported = uv(
        "export", "--all-groups", "--no-hashes", "--no-header", "--no-emit-project", "--no-annotate"
    )
    return sorted({line.split(" ;")[0].strip() for line in exported.splitlines() if "==" in line})


def write_pins(found: list[str]) -> None:
    text = PROJECT.read_text("utf-8")
    block = "constraint-dependencies = [\n" + "".join(f'    "{pin}",\n' for pin in found) + "]"
    text = re.sub(r"constraint-dependencies = \[.*?\]", lambda _: block, text, flags=re.DOTALL)
    PROJECT.write_text(text, "utf-8")


def write_lock() -> None:
    """What the image installs: run-time dependencies only, each with its hashes."""
    LOCK.write_text(
        "# Made by .ci/lock.py; install with: pip install --require-hashes -r requirements.lock\n"
        + uv("export", "--no-dev", "--no-emit-project", "--no-header", "--no-annotate"),
        "utf-8",
    )


if __name__ == "__main__":
    if "--upgrade" in sys.argv:
        write_pins([])
        uv("lock", "--upgrade")
    else:
        uv("lock")
    write_pins(pins())
    uv("lock")
    write_lock()
