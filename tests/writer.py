"""A process of its own that writes: `python -m tests.writer URL NAME NOTES REF...`."""

import sys

from app.db import Database
from app.domain import changes, notes, recommendations, tables
from app.domain.actors import Actor, Role

__all__ = ["tables"]  # all of them, or what one refers to is not known


def write_notes(database: Database, name: str, each: int, refs: list[str]) -> list[str]:
    """Writes that many notes, one a transaction, on these recommendations in turn: their texts."""
    actor = Actor(name, Role.LEAD)
    texts = [f"{name} {turn}" for turn in range(each)]
    for turn, text in enumerate(texts):
        with database.writing() as session:
            ref = refs[turn % len(refs)]
            recommendation = recommendations.find(session, actor, ref, lock=True)
            notes.write(session, actor, recommendation, text)
    return texts


if __name__ == "__main__":
    url, who, number, *on = sys.argv[1:]
    register = Database(url, seal=changes.seal)
    write_notes(register, who, int(number), on)
    register.close()
