"""Proof that the journal is what was written: walking its chain, and anchors to compare with."""

import json
import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.domain.base import columns
from app.domain.changes import GENESIS, HEAD, Change, digest_of, link, stands_beside
from app.domain.errors import ChainBroken
from app.domain.feed import texts_of


def anchor(session: Session) -> str:
    """`seq:hash` of the head: kept elsewhere, it shows later whether history was rewritten."""
    row = session.connection().execute(HEAD).one()
    return f"{row.seq}:{row.hash}"


def verify(session: Session, expect: str | None = None) -> str:
    """Walks the whole chain on one snapshot and answers the anchor it ends in.

    ValueError where `expect` is no anchor. ChainBroken where a number is missing, a column was
    changed, a text does not match its hash, the head is not the last change, or the chain does not
    pass through `expect`.
    """
    connection = session.connection()
    expected = None if expect is None else _anchor(expect)
    digest, seq = GENESIS, 0
    if expected is not None and expected[0] == 0 and not GENESIS.startswith(expected[1]):
        raise ChainBroken(0, "the anchor is not of this history")
    for row, texts in _walk(session):
        seq += 1
        if row.seq != seq:
            raise ChainBroken(seq, "is missing")
        values = dict(row._mapping)
        digest = link(digest, values)
        if digest != row.hash:
            raise ChainBroken(seq, "is not what was written")
        digests = _digests(row)
        found = {text.part: digest_of(text.salt, text.text) for text in texts}
        if digests != found or (row.texts is not None and not digests):
            raise ChainBroken(seq, "has a text that is not what was written")
        if expected is not None and expected[0] == seq and not digest.startswith(expected[1]):
            raise ChainBroken(seq, "is not the one that the anchor was taken from")
    stands = connection.execute(HEAD).one()
    if (stands.seq, stands.hash) != (seq, digest):
        raise ChainBroken(seq + 1, "the head does not stand on the last change")
    if expected is not None and expected[0] > seq:
        raise ChainBroken(expected[0], "is missing, though an anchor was taken from it")
    return f"{seq}:{digest}"


def _anchor(text: str) -> tuple[int, str]:
    """ValueError for what is no anchor, whole or as short as ETags and digests have it."""
    if _ANCHOR.fullmatch(text) is None:
        raise ValueError("an anchor looks like 120:3fa1..., as `tracker anchor` prints it")
    number, _, digest = text.partition(":")
    return int(number), digest


_ANCHOR = re.compile(r"[0-9]{1,18}:(?:[0-9a-f]{64}|[0-9a-f]{8})")


def _walk(session: Session, batch: int = 1000) -> Iterator[tuple[Any, list[Any]]]:
    last = -1
    while (
        rows := session.connection()
        .execute(
            select(columns(Change))
            .where(col(Change.seq) > last)
            .order_by(col(Change.seq))
            .limit(batch)
        )
        .all()
    ):
        texts = texts_of(session, rows)
        yield from ((row, texts[row.seq]) for row in rows)
        last = rows[-1].seq


def _digests(row: Any) -> dict[str, str]:
    """The hashes of texts that a change's row holds, by part."""
    found = {} if row.reason is None else {"reason": row.reason}
    for side in ("before", "after"):
        for name, value in json.loads(getattr(row, side) or "{}").items():
            if stands_beside(value):
                found[f"{side}.{name}"] = value["sha256"]
    return found
