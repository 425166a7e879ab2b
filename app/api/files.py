"""Files: written while a session is open, sent from disk when it is closed."""

import weakref
from collections.abc import Callable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO

from fastapi import Response
from fastapi.responses import StreamingResponse

from app.api import conditional
from app.api.deps import HEADERS, Read
from app.domain import changes

IN_MEMORY = 1_000_000
"""Bytes beyond which a file goes to disk while it is written."""
PIECE = 250_000


def sent(
    read: Read,
    name: str,
    media: str,
    write: Callable[[IO[bytes]], None],
    *,
    daily: bool = False,
    query: str | None = None,
) -> Response:
    """What `write` writes, as a file to keep, or 304 without writing it. It is whole when this
    returns: a slow reader keeps neither a session nor much memory. `daily`: something in it is
    derived from the day. `query`: what it depends on, where that is not the address's own."""
    about = read.about(daily=daily, query=read.request.url.query if query is None else query)
    tag = conditional.tag_of_many(changes.head(read.session), about)
    headers = HEADERS | {"ETag": tag}
    if conditional.unchanged(read.request.headers.get("If-None-Match"), tag):
        return Response(status_code=304, headers=headers)
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed when it was sent
    try:
        write(file)
    except BaseException:
        file.close()
        raise
    headers["Content-Length"] = str(file.seek(0, 2))
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    file.seek(0)
    pieces = _pieces(file)
    weakref.finalize(pieces, file.close)  # who goes away before the first piece leaves it open
    return StreamingResponse(pieces, headers=headers, media_type=media)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece
