"""Words: how texts and queries are cut up, so that a search finds the same on both engines."""

import re
import unicodedata
from collections.abc import Mapping

from sqlalchemy import Select, bindparam, delete, select
from sqlmodel import Field, Session, col

from app.domain import bulk
from app.domain.base import NAME, Table

LONGEST = 60
"""Longer words are cut: nobody types more of a word than this to find it."""

_WORD = re.compile(r"[^\W_]+")


def tokens(text: str) -> list[str]:
    """The words of a text, each once, in order: small letters, without accents.

    `Children's life-story work` gives children, s, life, story, work.
    """
    bare = text.lower() if text.isascii() else _bare(text)  # most texts are: it is ten times faster
    words = dict.fromkeys(_WORD.findall(bare))
    if max(map(len, words), default=0) > LONGEST:
        words = dict.fromkeys(word[:LONGEST] for word in words)
    return list(words)


def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold()).casefold()
    return "".join(char for char in plain if not unicodedata.combining(char))


class RecommendationWord(Table, table=True):
    """A word of a recommendation's ref, title or text, by which it is found. By far the largest
    table: it has no index but its key, and no foreign key to ask for each word."""

    __tablename__ = "recommendation_word"
    __table_args__ = {"sqlite_with_rowid": False}

    word: str = Field(primary_key=True, sa_type=NAME)
    ref: str = Field(primary_key=True, sa_type=NAME)


def index(session: Session, texts: Mapping[str, str], before: Mapping[str, str]) -> None:
    """Makes each ref found by the words of its text, and no longer by those of the text `before`
    that are not in it."""
    gone: list[dict[str, str]] = []
    new: dict[str, list[str]] = {}
    for ref, text in texts.items():
        words, old = tokens(text), tokens(before[ref]) if ref in before else []
        if old:
            gone += [{"w": word, "r": ref} for word in sorted(set(old).difference(words))]
            words = sorted(set(words).difference(old))
        for word in words:
            new.setdefault(word, []).append(ref)
    if gone:
        key = (
            col(RecommendationWord.word) == bindparam("w"),
            col(RecommendationWord.ref) == bindparam("r"),
        )
        statement = delete(RecommendationWord).where(*key)
        session.connection().execute(statement, gone)
    # In the order of the key, so that neighbours are written together.
    pairs = {word: sorted(new[word]) for word in sorted(new)}
    bulk.insert_pairs(session, RecommendationWord, ("word", "ref"), pairs)


def having(beginning: str) -> Select[str]:
    """The refs of those that have a word with this beginning."""
    word = col(RecommendationWord.word)
    return select(col(RecommendationWord.ref)).where(
        word >= beginning, word < beginning + "\U0010ffff"
    )
