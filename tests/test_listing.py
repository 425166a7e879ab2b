"""The list of recommendations: filters, order, pages, words, and the list as it was on a day."""

import base64
import json
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import chain, count, cycle, repeat
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.dates import Certainty, parse
from app.domain.due import overdue
from app.domain.status import UNFINISHED, Status
from tests.conftest import ENGINES, _register
from tests.live import Client, Live, bring, pointers, serving

LIST = "/v1/recommendations"
SORTS = ["ref", "published", "due_on", "updated_at", "status"]
WAYS = [way + sort for sort in SORTS for way in ("", "-")]
STALE_DAYS = 90

Item = dict[str, Any]


@pytest.fixture(scope="module", params=ENGINES)
def library(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """A reader of a seeded register in which much has happened. Tests only read from it."""
    folder = tmp_path_factory.mktemp("library")
    for register in _register(request, request.param, "seeded", folder):
        with serving(register) as live:
            furnish(live)
            yield live.client("Rita", "viewer")


def furnish(live: Live) -> None:
    """A hundred days in which things are owned, dated, moved, verified, closed and linked."""
    lead = live.client("Alice", "lead", "bwd-council")
    other = live.client("Bob", "lead", "lancashire-police")
    sif, visit = "bwd-2017-sif", "bwd-2018-focused-visit"
    team = {"slug": "front-door", "name": "Front door", "kind": "team"}
    ok(lead.post("/v1/parties", team | {"organisation": "bwd-council"}))
    ok(lead.assign(f"{sif}-1", "bwd-council"))
    ok(lead.assign(f"{sif}-2", "front-door"))
    ok(lead.assign("bwd-2023-jtai-2", "lancashire-police"))
    due_dates = ["2026-11-01", "2027-02", "2027-03", "XXXX-03", "2027-06-30", "2028", "2027-02/.."]
    for ordinal, due_on in enumerate(due_dates, 1):
        ok(lead.amend(f"{sif}-{ordinal}", due_on=due_on))
    ok(lead.amend(f"{sif}-5", due_on="2027-07", reason="Life-story work takes longer"))
    ok(lead.amend(f"{sif}-9", priority="high", response="accepted_in_part"))

    bring(lead, other, f"{sif}-5", "implemented")
    bring(lead, other, f"{sif}-7", "verified")
    bring(lead, other, f"{sif}-8", "closed")
    ok(lead.move(f"{sif}-9", "closed", closure_reason="not_accepted", reason="Declined in 2018"))

    live.register.clock.advance(days=100)
    undermining = lead.attach(f"{sif}-8", bearing="undermines", observed="2027-01")
    ok(other.review(undermining))  # what was closed as implemented has come back
    bring(lead, other, f"{sif}-4", "in_progress")
    bring(lead, other, f"{sif}-6", "blocked")
    lead.inspect("elsewhere-2026-ilacs", framework="ilacs", place="elsewhere")  # of no known date
    for ordinal, text in enumerate(ELSEWHERE, 1):
        more = {"text": text, "kind": "area_for_improvement", "due_on": "2027-03-05"}
        lead.enter("elsewhere-2026-ilacs", ordinal, **more)
    proposed = lead.all("/v1/links", state="proposed", recommendation=f"{visit}-3")
    # The oldest last: by its link the lineage of all the others comes to begin elsewhere.
    for link in sorted(proposed, key=lambda link: str(link["earlier"]), reverse=True):
        live.register.clock.advance(minutes=1)
        ok(lead.judge(link["id"], "confirmed"))


ELSEWHERE = [
    "Caf\u00e9 visits: the na\u00efve, co\u00f6rdinated fa\u00e7ade of Zo\u00eb's plan.",
    "STRASSE and stra\u00dfe; the o\ufb03ce's \ufb01les, in 2,5 days / twice",
    "Se\u00f1or O'Brien\u2019s re\u2011referrals\u2014audited_twice (see ref. 4.2b)",
    "\u0395\u03bb\u03bb\u03ac\u03b4\u03b1 and \u0141\u00f3d\u017a keep their letters",
]


def ok(answer: Any) -> None:
    assert answer.status_code in (200, 201), answer.text


def items(client: Client, **params: Any) -> list[Item]:
    answer = client.get(LIST, params={"limit": 500, **params})
    assert answer.status_code == 200, answer.text
    assert answer.json()["next_cursor"] is None
    found: list[Item] = answer.json()["items"]
    return found


def refs(found: Sequence[Item]) -> list[str]:
    return [item["ref"] for item in found]


# Defaults


def test_the_seed_lists_twenty_six_and_nine_of_them_of_2017(live: Live) -> None:
    reader = live.anonymous()
    answer = reader.get(LIST).json()
    assert len(answer["items"]) == 26
    assert answer["next_cursor"] is None
    assert refs(answer["items"]) == refs(items(reader, sort="-published"))
    assert answer["items"][0]["ref"] == "bwd-2023-jtai-1"  # newest first
    assert answer["items"][-1]["ref"] == "bwd-2010-unannounced-6"
    sif = items(reader, inspection="bwd-2017-sif")
    assert refs(sif) == [f"bwd-2017-sif-{ordinal}" for ordinal in range(1, 10)]
    assert {item["status"] for item in answer["items"]} == {"open"}


def test_fifty_come_where_no_limit_is_given(live: Live) -> None:
    lead = live.client("Alice", "lead")
    for ordinal in range(10, 40):
        lead.enter("bwd-2017-sif", ordinal)
    first = lead.get(LIST).json()
    assert len(first["items"]) == 50
    second = lead.get(LIST, params={"cursor": first["next_cursor"]}).json()
    assert len(second["items"]) == 6
    assert second["next_cursor"] is None


# Filters

Rule = Callable[[Item], bool]


def _one_of(name: str, *values: Any) -> Rule:
    return lambda item: item[name] in values


def _since(text: str) -> Rule:
    moment = datetime.fromisoformat(text)
    return lambda item: datetime.fromisoformat(item["updated_at"]) >= moment


FILTERS: list[tuple[dict[str, Any], Rule]] = [
    ({"inspection": "bwd-2017-sif"}, _one_of("inspection", "bwd-2017-sif")),
    (
        {"inspection": ["bwd-2017-lscb", "bwd-2023-jtai"]},
        _one_of("inspection", "bwd-2017-lscb", "bwd-2023-jtai"),
    ),
    ({"framework": "jtai"}, lambda item: item["inspection"] == "bwd-2023-jtai"),
    (
        {"framework": ["sif", "ilacs"]},
        _one_of("inspection", "bwd-2017-sif", "elsewhere-2026-ilacs"),
    ),
    ({"place": "elsewhere"}, _one_of("place", "elsewhere")),
    ({"place": "blackburn-with-darwen"}, _one_of("place", "blackburn-with-darwen")),
    ({"status": "open"}, _one_of("status", "open")),
    (
        {"status": ["blocked", "verified", "closed"]},
        _one_of("status", "blocked", "verified", "closed"),
    ),
    ({"owner": "front-door"}, _one_of("owner", "front-door")),
    ({"owner": "none"}, _one_of("owner", None)),
    ({"owner": ["none", "bwd-lscb"]}, _one_of("owner", None, "bwd-lscb")),
    (
        {"owner": ["bwd-council", "lancashire-police"]},
        _one_of("owner", "bwd-council", "lancashire-police"),
    ),
    ({"organisation": "bwd-council"}, _one_of("owner", "bwd-council", "front-door")),
    (
        {"organisation": ["bwd-lscb", "lancashire-police"]},
        _one_of("owner", "bwd-lscb", "lancashire-police"),
    ),
    ({"theme": "neglect"}, lambda item: "neglect" in item["themes"]),
    (
        {"theme": ["neglect", "planning"]},
        lambda item: {"neglect", "planning"} & set(item["themes"]) != set(),
    ),
    ({"kind": "area_for_development"}, _one_of("kind", "area_for_development")),
    (
        {"kind": ["area_for_improvement", "area_for_development"]},
        _one_of("kind", "area_for_improvement", "area_for_development"),
    ),
    ({"lineage": "bwd-2017-sif-4"}, _one_of("ref", "bwd-2017-sif-4", "bwd-2018-focused-visit-1")),
    (
        {"lineage": ["bwd-2017-sif-4", "bwd-2010-unannounced-4"]},
        _one_of("lineage", "bwd-2017-sif-4", "bwd-2010-unannounced-4"),
    ),
    ({"overdue": "yes"}, _one_of("overdue", "yes")),
    ({"overdue": "possibly"}, _one_of("overdue", "possibly")),
    ({"overdue": "no"}, _one_of("overdue", "no")),
    ({"overdue": ["yes", "possibly"]}, _one_of("overdue", "yes", "possibly")),
    ({"regressed": "true"}, _one_of("ref", "bwd-2017-sif-8")),
    ({"regressed": "false"}, _one_of("regressed", False)),
    ({"stale": "true"}, _one_of("stale", True)),
    ({"stale": "false"}, _one_of("stale", False)),
    ({"updated_since": "2027-01-01T00:00:00Z"}, _since("2027-01-01T00:00:00Z")),
    ({"updated_since": "2027-03-04T12:00:00Z"}, _since("2027-03-04T12:00:00Z")),
    ({"updated_since": "2027-03-04T14:00:00+02:00"}, _since("2027-03-04T12:00:00Z")),
    ({"q": "neglect"}, _one_of("ref", "bwd-2017-sif-4", "bwd-2018-focused-visit-1")),
    (
        {"theme": ["planning", "assessment"], "status": ["open", "blocked"], "owner": "none"},
        lambda item: (
            {"planning", "assessment"} & set(item["themes"]) != set()
            and item["status"] in ("open", "blocked")
            and item["owner"] is None
        ),
    ),
    (
        {"framework": "sif", "overdue": ["yes", "possibly"], "stale": "true"},
        lambda item: (
            item["inspection"] == "bwd-2017-sif" and item["overdue"] != "no" and item["stale"]
        ),
    ),
    (
        {"inspection": "bwd-2017-sif", "stale": "false", "regressed": "false"},
        lambda item: (
            item["inspection"] == "bwd-2017-sif" and not item["stale"] and not item["regressed"]
        ),
    ),
]


@pytest.mark.parametrize(
    ("params", "rule"), FILTERS, ids=lambda value: json.dumps(value, default=lambda _: "")
)
def test_a_filter_keeps_what_it_says_and_nothing_else(
    library: Client, params: dict[str, Any], rule: Rule
) -> None:
    everything = items(library)
    wanted = [item for item in everything if rule(item)]
    assert 0 < len(wanted) < len(everything), "a case that could not fail"
    assert items(library, **params) == wanted


def test_what_the_list_says_of_overdue_and_stale_follows_from_what_it_shows(
    library: Client,
) -> None:
    today = date(2027, 3, 4)  # a hundred days after the tests' clock begins
    seen = set()
    for item in items(library):
        fuzzy = None if item["due_on"] is None else parse(item["due_on"])
        assert item["overdue"] == overdue(Status(item["status"]) in UNFINISHED, fuzzy, today)
        updated = datetime.fromisoformat(item["updated_at"]).date()
        closed = item["status"] == "closed"
        assert item["stale"] == (not closed and (today - updated).days > STALE_DAYS)
        seen.add((item["overdue"], item["stale"]))
    assert {answer for answer, _ in seen} == set(Certainty)
    assert {answer for _, answer in seen} == {True, False}


def test_filters_that_fit_nothing_answer_an_empty_list(library: Client) -> None:
    for params in (
        {"inspection": "bwd-1999-none"},
        {"place": "nowhere"},
        {"owner": "bwd-schools"},
        {"theme": "unknown-theme"},
        {"lineage": "bwd-2017-sif-7"},
        {"status": "blocked", "inspection": "bwd-2023-jtai"},
        {"updated_since": "2027-03-04T13:00:00Z"},
        {"q": "zzz"},
    ):
        assert items(library, **params) == []


@pytest.mark.parametrize(
    "params",
    [
        {"status": "done"},
        {"framework": "SIF"},
        {"kind": ""},
        {"overdue": "maybe"},
        {"regressed": "perhaps"},
        {"stale": ""},
        {"sort": "text"},
        {"sort": "--ref"},
        {"owner": "No Body"},
        {"lineage": "not a ref"},
        {"updated_since": "yesterday"},
        {"updated_since": "2027-03-04T12:00:00"},  # of which place?
        {"updated_since": "0001-01-01T00:00:00+14:00"},  # before the calendar begins
        {"updated_since": "9999-12-31T23:59:59-14:00"},
        {"as_of": "2027-02-30"},
        {"as_of": "2027-03-05"},  # tomorrow
        {"as_of": "9999-12-31"},
        {"q": "x" * 201},
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "501"},
        {"limit": "many"},
        {"limit": "99999999999999999999"},
        {"unknown": "1"},
    ],
    ids=json.dumps,
)
def test_parameters_that_cannot_be_are_refused(library: Client, params: dict[str, str]) -> None:
    answer = library.get(LIST, params=params)
    assert answer.status_code == 422
    [name] = params
    if name != "unknown":
        assert pointers(answer)[0].startswith(f"/{name}")


def test_a_reader_of_one_place_sees_only_that_place(live: Live) -> None:
    furnish(live)
    bound = live.client("Eve", "viewer", places=["elsewhere"])
    assert {item["place"] for item in items(bound)} == {"elsewhere"}
    assert items(bound, place="blackburn-with-darwen") == []
    assert items(bound, q="neglect") == []


# Order


def _latest(item: Item) -> date | None:
    return item["due_on"] and parse(item["due_on"]).latest


def _in_order(sort: str, found: Sequence[Item], published: dict[str, str]) -> list[Item]:
    """`found` sorted in plain Python: ties by inspection and ordinal, no due date last."""
    down, name = sort.startswith("-"), sort.removeprefix("-")
    own = sorted(found, key=lambda item: (item["inspection"], item["ordinal"]))
    if name == "ref":
        return own[::-1] if down else own
    keys: dict[str, Callable[[Item], Any]] = {
        "published": lambda item: published[item["inspection"]],
        "due_on": lambda item: _latest(item) or (date.min if down else date.max),
        "updated_at": lambda item: datetime.fromisoformat(item["updated_at"]),
        "status": lambda item: list(Status).index(Status(item["status"])),
    }
    return sorted(own, key=keys[name], reverse=down)


@pytest.mark.parametrize("sort", WAYS)
def test_every_sort_goes_both_ways(library: Client, sort: str) -> None:
    published = {
        one["slug"]: str(parse(one["published"] or one["fieldwork"] or "0001").latest)
        for one in library.all("/v1/inspections")
    }
    found = items(library, sort=sort)
    assert refs(found) == refs(_in_order(sort, found, published))
    name = sort.removeprefix("-")
    if name == "due_on":
        assert found[-1]["due_on"] is None
    if name == "published":
        assert len({published[item["inspection"]] for item in found}) > 3


# Pages


def pages(client: Client, limits: Iterator[int], **params: Any) -> Iterator[list[Item]]:
    cursor: str | None = None
    been: set[str | None] = set()
    for limit in limits:
        assert cursor not in been, "the pages go round in a circle"
        been.add(cursor)
        more = {"cursor": cursor} if cursor else {}
        answer = client.get(LIST, params=params | {"limit": limit} | more)
        assert answer.status_code == 200, answer.text
        cursor = answer.json()["next_cursor"]
        page = answer.json()["items"]
        assert len(page) == limit if cursor else len(page) <= limit
        yield page
        if cursor is None:
            return


@pytest.mark.parametrize("sort", WAYS)
def test_pages_join_to_the_whole_list(library: Client, sort: str) -> None:
    ways: list[tuple[dict[str, str], list[Iterator[int]]]] = [
        ({}, [repeat(3), repeat(7), cycle((7, 1, 3, 2))]),
        ({"as_of": "2026-11-25"}, [cycle((7, 1, 3, 2))]),
        ({"framework": "sif"}, [repeat(1)]),
    ]
    for params, limits in ways:
        whole = items(library, sort=sort, **params)
        assert len(whole) >= 9
        for sizes in limits:
            assert list(chain(*pages(library, sizes, sort=sort, **params))) == whole


def test_a_list_that_ends_with_a_page_has_no_empty_one_behind(library: Client) -> None:
    assert [len(page) for page in pages(library, repeat(3), inspection="bwd-2017-sif")] == [3, 3, 3]


def test_filters_go_with_pages(library: Client) -> None:
    params = {"status": ["open", "blocked"], "sort": "due_on", "q": "plan"}
    whole = items(library, **params)
    assert len(whole) > 3
    assert list(chain(*pages(library, repeat(2), **params))) == whole


def test_what_is_written_between_pages_moves_nothing_else(live: Live) -> None:
    lead = live.client("Alice", "lead", "bwd-council")
    furnish(live)
    ordinals = count(10)
    for sort in WAYS:
        before = refs(items(lead, sort=sort))
        noted, read = before[1::8], []
        waiting = iter(noted)
        for page in pages(lead, cycle((13, 9)), sort=sort):
            read += refs(page)
            live.register.clock.advance(minutes=1)
            if ref := next(waiting, None):
                ok(lead.post(f"{LIST}/{ref}/notes", {"text": "Written between two pages"}))
            lead.enter("bwd-2018-focused-visit", next(ordinals))
        untouched = set(before) - set(noted)
        assert [ref for ref in read if ref in untouched] == [
            ref for ref in before if ref in untouched
        ], sort
        if sort.removeprefix("-") != "updated_at":  # there, and only there, what changes moves
            assert [ref for ref in read if ref in set(before)] == before, sort
            assert len(read) == len(set(read)), sort


def _cursor(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize("sort", WAYS)
def test_a_cursor_of_another_sort_is_refused(library: Client, sort: str) -> None:
    cursor = library.get(LIST, params={"sort": sort, "limit": 3}).json()["next_cursor"]
    for other in WAYS:
        answer = library.get(LIST, params={"sort": other, "cursor": cursor})
        assert answer.status_code == (200 if other == sort else 422)
        if other != sort:
            assert pointers(answer) == ["/cursor"]


ANY: list[Any] = [
    *(None, True, -1, 2**31, 2**63, 2**64, 1e400, 0.5, [], {}),
    *("", "\u0000", "x", "2026-11-24", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
]
NO_KEYS: list[Any] = [None, 1, "x", {}, [], [[]], [None] * 4, ["x"] * 4]
BAD_CURSORS = [
    *("", "x", "AAAA", "!!!!", "%00", "\u00e9", "null", "W10", "[]", "_" * 500, "A" * 501),
    *map(_cursor, NO_KEYS),
    base64.urlsafe_b64encode(b'["\\ud800", 1]').decode(),
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    base64.urlsafe_b64encode(b"[" * 300).decode(),
]


def test_cursors_that_nobody_gave_are_refused(library: Client) -> None:
    for cursor in BAD_CURSORS:
        answer = library.get(LIST, params={"cursor": cursor})
        assert answer.status_code == 422, cursor
        assert pointers(answer) == ["/cursor"]


@pytest.mark.parametrize("sort", SORTS)
def test_cursors_that_were_changed_never_break_the_list(library: Client, sort: str) -> None:
    whole = refs(items(library, sort=sort))
    cursor = library.get(LIST, params={"sort": sort, "limit": 1}).json()["next_cursor"]
    key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    unfit: list[list[Any]] = [key[:-1], [*key, 1]]
    for changed in unfit:
        answer = library.get(LIST, params={"sort": sort, "cursor": _cursor(changed)})
        assert answer.status_code == 422, changed
    for place in range(len(key)):
        for value in ANY:
            changed = [*key[:place], value, *key[place + 1 :]]
            answer = library.get(LIST, params={"sort": sort, "cursor": _cursor(changed)})
            if answer.status_code == 200:  # of the right form: a place in the list, if nobody's
                found = refs(answer.json()["items"])
                assert found == whole[len(whole) - len(found) :]
                assert type(value) is type(key[place])
            else:
                assert answer.status_code == 422, changed


OTHER_LISTS = [
    *("/v1/places", "/v1/themes", "/v1/sources", "/v1/inspections", "/v1/parties", "/v1/links"),
    *("/v1/actions", "/v1/attention"),
    *(f"{LIST}/bwd-2017-sif-4/{name}" for name in ("history", "evidence", "notes")),
]
HOSTILE: list[list[Any]] = [
    *([value] * length for value in (True, 2**31, 2**64, "\u0000", "x") for length in (1, 2, 3)),
    *([day, "\u0000"] for day in ("2026-11-24", "2026-11-24T12:00:00Z")),
    ["0001-01-01T00:00:00+14:00", "x"],
]


@pytest.mark.parametrize("path", OTHER_LISTS)
def test_no_list_breaks_by_a_cursor_that_nobody_gave(library: Client, path: str) -> None:
    assert library.get(path).status_code == 200
    for key in HOSTILE:
        assert library.get(path, params={"cursor": _cursor(key)}).status_code in (200, 422), key
    for cursor in BAD_CURSORS:
        assert library.get(path, params={"cursor": cursor}).status_code == 422, cursor


@pytest.mark.parametrize("limit", ["1", "500"])
def test_the_bounds_of_limit_are_taken(library: Client, limit: str) -> None:
    assert library.get(LIST, params={"limit": limit}).status_code == 200


# Words


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("negl", ["bwd-2018-focused-visit-1", "bwd-2017-sif-4"]),  # by the beginning of a word
        ("NEGLECT", ["bwd-2018-focused-visit-1", "bwd-2017-sif-4"]),
        ("n\u00e9gl\u00e8ct", ["bwd-2018-focused-visit-1", "bwd-2017-sif-4"]),
        ("eglect", []),  # not in the middle of one
        ("neglect chronic", ["bwd-2017-sif-4"]),
        ("chronic, (neglect)!", ["bwd-2017-sif-4"]),
        ("pre-proceedings", ["bwd-2017-sif-4"]),
        ("bwd-2017-sif-4", ["bwd-2017-sif-4"]),  # the ref's words
        ("neglect unicorn", []),  # every word
        ("cafe", ["elsewhere-2026-ilacs-1"]),
        ("CAFE\u0301", ["elsewhere-2026-ilacs-1"]),
        ("naive coordinated facade zoe", ["elsewhere-2026-ilacs-1"]),
        ("strasse", ["elsewhere-2026-ilacs-2"]),
        ("STRA\u00dfE", ["elsewhere-2026-ilacs-2"]),
        ("office files", ["elsewhere-2026-ilacs-2"]),
        ("senor o'brien", ["elsewhere-2026-ilacs-3"]),
        ("audited twice", ["elsewhere-2026-ilacs-3"]),
        ("\u03b5\u03bb\u03bb\u03b1", ["elsewhere-2026-ilacs-4"]),
        ("%", None),
        ("_ -- '", None),
        ("", None),  # no word asks for nothing
        ("neglect\u0000", ["bwd-2018-focused-visit-1", "bwd-2017-sif-4"]),
        ("'; DROP TABLE recommendation; --", []),
        ("unicorn", []),
        ("\U0010ffff", None),
        ("x" * 200, []),
    ],
)
def test_words_find_by_their_beginning(library: Client, q: str, found: list[str] | None) -> None:
    assert refs(items(library, q=q)) == (refs(items(library)) if found is None else found)


def plain_words(text: str) -> list[str]:
    """Words in plain Python, written apart from the app's: letters and digits, bare of accents."""
    letters = [
        letter if letter.isalnum() else " "
        for letter in unicodedata.normalize("NFKD", text.replace("\u00df", "ss")).lower()
        if not unicodedata.combining(letter)
    ]
    return "".join(letters).split()


def fits(item: Item, q: str) -> bool:
    words = plain_words(f"{item['ref']} {item['title']} {item['text']}")
    return all(any(word.startswith(asked) for word in words) for asked in plain_words(q))


def test_words_find_what_plain_python_finds(library: Client) -> None:
    everything = items(library)
    known = sorted({word for item in everything for word in plain_words(item["text"])})
    prefixes = st.builds(
        lambda word, length: word[:length], st.sampled_from(known), st.integers(1, 12)
    )
    dressed = st.one_of(
        prefixes, prefixes.map(str.upper), prefixes.map(lambda word: word[0] + "\u0301" + word[1:])
    )
    queries = st.builds(
        lambda words, glue: glue.join(words),
        st.lists(dressed, min_size=1, max_size=3),
        st.sampled_from([" ", ", ", "-", "/", "\u2014", "_", "' "]),
    )
    hits = []

    @settings(derandomize=True, deadline=None, max_examples=40)
    @given(st.one_of(queries, st.text(max_size=12)))
    def agrees(q: str) -> None:
        wanted = [item["ref"] for item in everything if fits(item, q)]
        assert refs(items(library, q=q)) == wanted
        hits.append(0 < len(wanted) < len(everything))

    agrees()
    assert sum(hits) > 10, "queries that tell nothing"


def test_a_new_title_is_found_and_the_old_one_no_longer(live: Live) -> None:
    lead = live.client("Alice", "lead")
    ok(lead.amend("bwd-2017-sif-3", title="Passage into adulthood"))
    assert refs(items(lead, q="passage")) == ["bwd-2017-sif-3"]
    ok(lead.amend("bwd-2017-sif-3", title="Growing up"))
    assert refs(items(lead, q="passage")) == []
    assert refs(items(lead, q="growing")) == ["bwd-2017-sif-3"]


# As of a day

NOT_KEPT = {
    "contributors",
    "assurance_expired",
    "times_reraised",
    "lineage",
    "action_count",
    "version",
}
"""What a list of a past day does not say: null there."""


def test_as_of_a_past_day_shows_what_the_list_showed_on_that_day(live: Live) -> None:
    lead = live.client("Alice", "lead", "bwd-council")
    other = live.client("Bob", "lead", "lancashire-police")
    clock, ref = live.register.clock, "bwd-2017-sif-4"
    pieces: list[Item] = []

    def claim() -> None:
        pieces.append(lead.attach(ref, observed="2026-11"))
        ok(lead.move(ref, "implemented"))

    def undermine() -> None:
        pieces.append(lead.attach(ref, bearing="undermines", observed="2027"))

    def confirm() -> None:
        link = lead.all("/v1/links", recommendation="bwd-2018-focused-visit-2")[0]
        ok(lead.judge(link["id"], "confirmed"))

    days: list[list[Callable[[], Any]]] = [
        [],
        [lambda: ok(lead.assign(ref, "bwd-council")), lambda: ok(lead.move(ref, "in_progress"))],
        [lambda: ok(lead.amend(ref, due_on="2026-11-30", title="Neglect before court"))],
        [],
        [lambda: ok(lead.amend(ref, due_on="2027-05", reason="As agreed", response="accepted"))],
        [claim, lambda: lead.enter("bwd-2017-sif", 10, owner="bwd-schools"), confirm],
        [lambda: ok(other.move(ref, "in_progress", reason="Not shown yet"))],
        [lambda: ok(lead.assign(ref, "lancashire-police", reason="Theirs to lead")), claim],
        [lambda: ok(other.review(pieces[-1])), lambda: ok(other.move(ref, "verified"))],
        [lambda: ok(lead.move(ref, "closed", closure_reason="implemented"))],
        [undermine, lambda: ok(other.review(pieces[-1]))],
        [lambda: ok(lead.move(ref, "in_progress", reason="It came back"))],
    ]
    showed: dict[str, list[Item]] = {}
    for number, events in enumerate(days):
        for event in events:
            event()
            clock.advance(minutes=7)
        showed[clock.now.date().isoformat()] = items(lead, sort="ref")
        clock.advance(days=1 if number % 2 else 40)

    told = [next(item for item in day if item["ref"] == ref) for day in showed.values()]
    for name in ("status", "owner", "due_on", "overdue", "response", "title", "assurance"):
        assert len({item[name] for item in told}) > 1, name
    assert {item["regressed"] for item in told} == {False, True}
    assert len({item["evidence_count"] for item in told}) > 2

    for day, wanted in showed.items():
        found = items(lead, sort="ref", as_of=day)
        assert found == [item | dict.fromkeys(NOT_KEPT) for item in wanted], day
    for status in Status:
        for day, wanted in showed.items():
            fit = [item["ref"] for item in wanted if item["status"] == status]
            assert refs(items(lead, sort="ref", as_of=day, status=status)) == fit
    for day, wanted in showed.items():
        late = [item["ref"] for item in wanted if item["overdue"] != "no"]
        assert refs(items(lead, sort="ref", as_of=day, overdue=["yes", "possibly"])) == late
        stale = [item["ref"] for item in wanted if item["stale"]]
        assert refs(items(lead, sort="ref", as_of=day, stale="true")) == stale


@pytest.mark.parametrize("sort", WAYS)
def test_as_of_today_is_what_the_list_shows_now(library: Client, sort: str) -> None:
    now = items(library, sort=sort)
    then = items(library, sort=sort, as_of="2027-03-04")
    assert then == [item | dict.fromkeys(NOT_KEPT) for item in now]


@pytest.mark.parametrize(
    ("params", "rule"), FILTERS, ids=lambda value: json.dumps(value, default=lambda _: "")
)
def test_filters_as_of_today_keep_what_they_keep_now(
    library: Client, params: dict[str, Any], rule: Rule
) -> None:
    assert refs(items(library, as_of="2027-03-04", **params)) == refs(items(library, **params))


def test_before_the_first_record_there_is_nothing(library: Client) -> None:
    assert items(library, as_of="2026-11-23") == []
    assert items(library, as_of="0001-01-01") == []
    assert items(library, as_of="0001-01-01", stale="true", overdue="yes") == []


def test_a_day_ends_at_midnight_in_london(live: Live) -> None:
    lead = live.client("Alice", "lead", "bwd-council")
    clock = live.register.clock
    clock.advance(days=198, hours=10, minutes=59, seconds=59)
    assert clock.now.isoformat() == "2027-06-10T22:59:59+00:00"
    ok(lead.move("bwd-2017-sif-1", "in_progress"))
    clock.now += timedelta(seconds=1)  # midnight, in summer time
    ok(lead.move("bwd-2017-sif-2", "in_progress"))
    moved = {"status": "in_progress", "sort": "ref"}
    assert refs(items(lead, **moved, as_of="2027-06-09")) == []
    assert refs(items(lead, **moved, as_of="2027-06-10")) == ["bwd-2017-sif-1"]
    assert refs(items(lead, **moved, as_of="2027-06-11")) == ["bwd-2017-sif-1", "bwd-2017-sif-2"]
    assert lead.get(LIST, params={"as_of": "2027-06-12"}).status_code == 422
