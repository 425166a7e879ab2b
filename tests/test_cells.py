"""Cells: no text becomes a formula, and every text comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.cells import guard_cell, unguard_cell

LEADS = ("=", "+", "-", "@", "\t", "\r")
texts = st.text() | st.text("'=+-@\t\r a", max_size=8)


@pytest.mark.parametrize("lead", LEADS)
def test_what_begins_like_a_formula_gets_an_apostrophe(lead: str) -> None:
    assert guard_cell(f"{lead}1+1") == f"'{lead}1+1"
    assert guard_cell(f"'{lead}1+1") == f"''{lead}1+1"
    assert guard_cell(f"a{lead}1+1") == f"a{lead}1+1"
    assert guard_cell(f" {lead}1+1") == f" {lead}1+1"


@pytest.mark.parametrize("text", ["", "'", "'tis", "''", "Improve it.", "1 - 2"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert guard_cell(text) == unguard_cell(text) == text


@given(texts)
def test_every_text_comes_back_and_no_cell_is_a_formula(text: str) -> None:
    assert unguard_cell(guard_cell(text)) == text
    assert not guard_cell(text).startswith(LEADS)


@given(texts)
def test_a_cell_that_is_no_formula_is_made_again_of_its_text(cell: str) -> None:
    if not cell.startswith(LEADS):
        assert guard_cell(unguard_cell(cell)) == cell
