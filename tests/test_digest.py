"""`tracker digest`: what needs a party, as text for a mailer."""

import re
from typing import Any

import pytest

from app.cli import digest, main
from tests.live import Live
from tests.scripted import Answer, scripted

REF = "bwd-2017-sif-3"


@pytest.fixture
def tracker(live: Live, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command against the server of this test."""
    monkeypatch.setenv("TRACKER_URL", live.url)
    monkeypatch.setenv("TRACKER_DATABASE_URL", live.register.settings.database_url)
    monkeypatch.setenv("TRACKER_DATA_DIR", str(live.register.settings.data_dir))
    return lambda *arguments: main(arguments)


Told = pytest.CaptureFixture[str]


def test_it_says_what_is_to_do_most_serious_first(live: Live, tracker: Any, capsys: Told) -> None:
    lead = live.client("Alice", "lead")
    for ref, due in ((REF, "2026-10-01"), ("bwd-2017-sif-7", "2026-11")):
        lead.amend(ref, due_on=due)
        lead.assign(ref, "bwd-council")
    lead.attach(REF)
    assert tracker("digest", "--party", "bwd-council") == 0
    told = capsys.readouterr().out
    name = lead.get("/v1/parties/bwd-council").json()["name"]
    assert told.splitlines()[0] == f"2 recommendations need {name}"
    headings = re.findall(r"^(\S.*) \(\d+\)$", told, re.MULTILINE)
    assert headings == [
        "The due date has passed",
        "The due date is not exact and may have passed",
        "Evidence waits for a review",
    ]
    assert f"  {REF}  " in told
    assert lead.see(REF)["title"].split()[0] in told
    assert "    due 1 October 2026\n" in told
    assert "    due some day in November 2026\n" in told
    assert "    since 24 November 2026\n" in told
    assert f"    {live.url}/v1/recommendations/{REF}\n" in told
    assert all(len(line) <= 100 for line in told.splitlines())


def test_nothing_to_do_is_said_too(live: Live, tracker: Any, capsys: Told) -> None:
    party = {"slug": "team-x", "name": "Team\nBcc: evil@example.org", "kind": "team"}
    assert live.client("Alice", "lead").post("/v1/parties", party).status_code == 201
    assert tracker("digest", "--party", "team-x") == 0
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first == "Nothing needs Team Bcc: evil@example.org now", "no line of its own"
    assert second == ""


def test_its_anchor_is_one_that_verify_takes(live: Live, tracker: Any, capsys: Told) -> None:
    assert tracker("digest", "--party", "bwd-council") == 0
    anchors = re.findall(r"--expect (\d+:[0-9a-f]{8})`", capsys.readouterr().out)
    live.client("Alice", "lead").post(f"/v1/recommendations/{REF}/notes", {"text": "Begun"})
    assert tracker("verify", "--expect", anchors[0]) == 0
    seq, _, digits = anchors[0].partition(":")
    other = f"{seq}:{'0' if digits[0] != '0' else '1'}{digits[1:]}"
    assert tracker("verify", "--expect", other) == 1
    assert tracker("verify", "--expect", anchors[0][:-1]) == 2


def test_what_goes_wrong_is_one_line(live: Live, tracker: Any, capsys: Told) -> None:
    assert tracker("digest", "--party", "nobody-known") == 1
    assert "no party has that slug" in capsys.readouterr().err
    assert tracker("digest", "--party", "../openapi.json") == 1
    assert tracker("digest", "--party", "bwd-council", "--token", "rpt_x") == 3
    assert tracker("digest", "--party", "bwd-council", "--url", "http://127.0.0.1:9") == 3
    with scripted(Answer(404, b"<html>")) as other:
        assert tracker("digest", "--party", "bwd-council", "--url", other.url) == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 4
    with pytest.raises(SystemExit) as wrong:
        tracker("digest")
    assert wrong.value.code == 2


def test_a_reason_that_a_newer_tracker_knows_is_told_as_it_is() -> None:
    item = {"ref": REF, "title": "Visits", "reason": "board_asked", "since": None}
    told = list(digest.lines("A team", [item], {}, "http://x", "1:00000000"))
    assert told[0] == "1 recommendation needs A team"
    assert "Board asked (1)" in told
