"""Words: how texts and queries are cut up, so that a search finds the same on both engines."""

import re
import unicodedata

from sqlalchemy import Select, delete, insert, select
from sqlmodel import Field, Session, col

from app.domain.base import NAME, Table

LONGEST = 60
"""Longer words are cut: nobody types more of a word than this to find it."""

_WORD = re.compile(r"[^\W_]+")


def tokens(text: str) -> list[str]:
    """The words of a text, each once, in order: small letters, without accents.

    `Children's life-story work` gives children, s, life, story, work.
    """
    plain = unicodedata.normalize("NFKD", text.casefold()).casefold()
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return list(dict.fromkeys(word[:LONGEST] for word in _WORD.findall(bare)))


class RecommendationWord(Table, table=True):
    """A word of a recommendation's ref, title or text, by which it is found."""

    __tablename__ = "recommendation_word"

    word: str = Field(primary_key=True, sa_type=NAME)
    ref: str = Field(
        primary_key=True,
        sa_type=NAME,
        foreign_key="recommendation.ref",
        ondelete="RESTRICT",
        index=True,
    )


def index(session: Session, ref: str, text: str) -> None:
    """Makes the words of `text` those that the recommendation is found by."""
    connection = session.connection()
    connection.execute(delete(RecommendationWord).where(col(RecommendationWord.ref) == ref))
    if found := tokens(text):
        connection.execute(
            insert(RecommendationWord), [{"word": word, "ref": ref} for word in found]
        )


def having(beginning: str) -> Select[str]:
    """The refs of those that have a word with this beginning."""
    word = col(RecommendationWord.word)
    return select(col(RecommendationWord.ref)).where(
        word >= beginning, word < beginning + "\U0010ffff"
    )
