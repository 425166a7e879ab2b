"""Files on their way: sent anew for each try, received whole or not at all."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

Progress = Callable[[int, int], None]
"""Is told how many bytes were sent, and of how many."""

PART = 64 * 1024


@dataclass
class Upload:
    """A file from where it stands to its end, to be read as often as it must be sent."""

    file: BinaryIO
    start: int
    size: int

    def parts(self, progress: Progress | None) -> Iterator[bytes]:
        self.file.seek(self.start)
        sent = 0
        while part := self.file.read(min(PART, self.size - sent)):
            yield part
            sent += len(part)
            if progress:
                progress(sent, self.size)


@contextmanager
def opened(file: Path | bytes | BinaryIO) -> Iterator[Upload]:
    """What is to be sent; a stream that cannot be read twice is copied aside first."""
    if isinstance(file, Path):
        with file.open("rb") as found, opened(found) as upload:
            yield upload
    elif isinstance(file, bytes):
        yield Upload(BytesIO(file), 0, len(file))
    elif not file.seekable():
        with tempfile.TemporaryFile() as aside:
            shutil.copyfileobj(file, aside)
            yield Upload(cast(BinaryIO, aside), 0, aside.tell())
    else:
        start = file.tell()
        yield Upload(file, start, file.seek(0, 2) - start)


@contextmanager
def whole(to: Path | BinaryIO) -> Iterator[BinaryIO]:
    """A file aside to write to, copied to `to` once it is complete."""
    with tempfile.TemporaryFile() as aside:
        yield cast(BinaryIO, aside)
        aside.seek(0)
        if isinstance(to, Path):
            with to.open("wb") as file:
                shutil.copyfileobj(aside, file)
        else:
            shutil.copyfileobj(aside, to)
