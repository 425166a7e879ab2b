"""Registers to measure on: migrated, of either engine, thrown away afterwards."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from app.cli.register import bring_to_head
from app.db import Database
from app.main import open_register
from app.settings import Settings
from tests.postgres import Cluster

Make = Callable[[], Database]
"""Makes another empty register of an engine."""


@contextmanager
def engine(name: str) -> Iterator[Make]:
    """`sqlite` or `postgresql`: what makes registers of it, as long as this lasts."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        numbers = count()
        cluster = None
        if name == "postgresql":
            cluster = Cluster(durability="")  # as it comes: fsync and all
            stack.callback(cluster.remove)

        def make() -> Database:
            number = next(numbers)
            url = (
                f"sqlite:///{folder}/register-{number}.db"
                if cluster is None
                else cluster.create(f"bench_{number}")
            )
            database = open_register(Settings(database_url=url))
            bring_to_head(database)
            stack.callback(database.close)
            return database

        yield make
