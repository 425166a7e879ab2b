"""Progress notes: who writes them, and that they stay as they were written."""

from tests.live import Live, pointers

REF = "bwd-2017-sif-7"
PATH = f"/v1/recommendations/{REF}/notes"


def test_a_note_is_kept_as_it_was_written(live: Live) -> None:
    alice = live.client("Alice", "lead")
    version = alice.see(REF)["version"]
    text = "Asked the team.\n\n- they start in May\n- twelve young people want it"
    answer = alice.post(PATH, {"text": text})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == PATH
    note = answer.json()
    assert (note["text"], note["written_by"], note["recommendation"]) == (text, "Alice", REF)
    assert note["written_at"].startswith("2026-11-24T12:00")
    assert alice.all(PATH) == [note]
    seen = alice.see(REF)
    assert seen["notes"] == [note]
    assert seen["version"] == version  # an editor is not disturbed by a note
    change = alice.history(REF)[-1]
    assert change["action"] == "recommendation:note:added"
    assert change["after"]["note"] == text


def test_notes_are_read_page_by_page_oldest_first(live: Live) -> None:
    alice = live.client("Alice", "lead")
    texts = [f"Week {number}" for number in range(1, 6)]
    for text in texts:
        alice.post(PATH, {"text": text})
        live.register.clock.advance(days=7)
    assert [note["text"] for note in alice.all(PATH, limit=2)] == texts
    assert [note["text"] for note in alice.see(REF)["notes"]] == texts


def test_a_note_says_something_and_nothing_else(live: Live) -> None:
    alice = live.client("Alice", "lead")
    for body, pointer in (
        ({}, "/text"),
        ({"text": " \n"}, "/text"),
        ({"text": None}, "/text"),
        ({"text": "x" * 20_001}, "/text"),
        ({"text": "Fine", "written_by": "Bob"}, "/written_by"),
    ):
        refused = alice.post(PATH, body)
        assert refused.status_code == 422, body
        assert pointers(refused) == [pointer]
    assert alice.all(PATH) == []


def test_a_note_is_on_a_recommendation_that_there_is(live: Live) -> None:
    alice = live.client("Alice", "lead")
    nowhere = "/v1/recommendations/bwd-2017-sif-99/notes"
    assert alice.post(nowhere, {"text": "Lost"}).status_code == 404
    assert alice.get(nowhere).status_code == 404


def test_contributors_write_where_their_organisation_owns_or_contributes(live: Live) -> None:
    alice = live.client("Alice", "lead")
    charlie = live.client("Charlie", "contributor", "lsc-icb")
    assert charlie.post(PATH, {"text": "Ours?"}).status_code == 403
    alice.assign(REF, "bwd-council")
    assert charlie.post(PATH, {"text": "Ours?"}).status_code == 403
    alice.contribute(REF, "lsc-icb")
    assert charlie.post(PATH, {"text": "Ours too"}).status_code == 201
    owners = live.client("Dora", "contributor", "bwd-council")
    assert owners.post(PATH, {"text": "Ours"}).status_code == 201
    assert {note["written_by"] for note in alice.all(PATH)} == {"Charlie", "Dora"}


def test_viewers_read_notes_and_strangers_read_them_without_names(live: Live) -> None:
    live.client("Alice", "lead").post(PATH, {"text": "Asked the team"})
    viewer, stranger = live.client("Charlie", "viewer"), live.anonymous()
    assert viewer.post(PATH, {"text": "Me too"}).status_code == 403
    assert stranger.post(PATH, {"text": "Me too"}).status_code == 401
    assert [note["written_by"] for note in viewer.all(PATH)] == ["Alice"]
    seen = stranger.all(PATH)
    assert [(note["text"], note["written_by"]) for note in seen] == [("Asked the team", None)]


def test_nobody_rewrites_a_note(live: Live) -> None:
    alice = live.client("Alice", "lead")
    note = alice.post(PATH, {"text": "Asked the team"}).json()
    for method in ("PUT", "PATCH", "DELETE"):
        assert alice.send(method, PATH, {"text": "Other"}).status_code == 405
        assert alice.send(method, f"{PATH}/{note['id']}", {"text": "Other"}).status_code == 404
    assert alice.all(PATH) == [note]
