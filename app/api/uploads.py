"""Uploads: bodies too large to hold in memory, for imports: kept on disk until they are read."""

import asyncio
import hashlib
import tempfile
import weakref
from typing import Annotated, BinaryIO

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from app.api.auth import authenticate
from app.api.deps import Door, Write
from app.domain.actors import Actor, Can, Role
from app.domain.errors import Malformed, TooLarge, Unauthenticated, UnsupportedMediaType
from app.domain.imports import Format

MOST_BYTES = 64_000_000
"""What an import may have. A larger file is sent in parts: they may be brought in any order."""
IN_MEMORY = 1_000_000
LONGEST = 600
"""Seconds in which it must have arrived."""

FORMATS = {
    "application/json": Format.DOCUMENT,
    "application/x-ndjson": Format.ROWS,
    "text/csv": Format.TABLE,
}


class Upload(Write):
    """A request whose body is a file. `sha256` and `size` are of its bytes as they came."""

    def __init__(
        self, request: Request, actor: Actor, file: BinaryIO, size: int, sha256: str
    ) -> None:
        same = f"{request.headers.get('Content-Type')} {sha256}"
        super().__init__(request, actor, same.encode(), Role.LEAD)
        self.file = file
        weakref.finalize(self, file.close)  # a query that is refused never reaches who reads it
        self.size = size
        self.sha256 = sha256

    def media(self) -> None:
        media = self.request.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if media not in FORMATS:
            raise UnsupportedMediaType(f"send the file as one of {', '.join(FORMATS)}")
        self.format = FORMATS[media]

    @property
    def encoding(self) -> str | None:
        """What the sender says of the text's encoding."""
        for part in self.request.headers.get("Content-Type", "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip('"') or None
        return None


class UploadDoor(Door):
    async def __call__(self, request: Request) -> Upload:
        actor = await run_in_threadpool(authenticate, request)
        if actor.anonymous:
            raise Unauthenticated("to import, send a token; reading needs none here")
        # There is no thing to be found first, so who may not is told before the file is read.
        actor.must_hold(Can.ENTER)
        return await _kept(request, actor)


Importing = Annotated[Upload, Depends(UploadDoor(Role.LEAD))]


async def _kept(request: Request, actor: Actor) -> Upload:
    """The body, on disk where it is large. TooLarge as soon as that is known."""
    declared = request.headers.get("Content-Length", "")
    size, digest = 0, hashlib.sha256()
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by whoever reads it
    try:
        if declared.isdigit() and int(declared) > MOST_BYTES:
            raise _too_large()
        async with asyncio.timeout(LONGEST):
            async for part in request.stream():
                size += len(part)
                if size > MOST_BYTES:
                    raise _too_large()
                digest.update(part)
                if size > IN_MEMORY:
                    await run_in_threadpool(file.write, part)
                else:
                    file.write(part)
    except TimeoutError:
        file.close()
        raise Malformed(f"the file did not arrive in {LONGEST} seconds; send it again") from None
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return Upload(request, actor, file, size, digest.hexdigest())  # type: ignore[arg-type] # a file in all but name


def _too_large() -> TooLarge:
    return TooLarge(f"an import may have at most {MOST_BYTES} bytes; send it in parts")
