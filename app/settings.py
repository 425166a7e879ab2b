"""Every environment variable that the tracker reads, once, typed, with its default."""

from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parent.parent
"""Where alembic.ini, migrations/ and seed/ stand: the checkout, or the image's work folder."""


class Settings(BaseSettings):
    """Read from the environment: DATABASE_URL here is TRACKER_DATABASE_URL there."""

    model_config = SettingsConfigDict(env_prefix="TRACKER_", frozen=True)

    database_url: str = "sqlite:///var/tracker.db"
    data_dir: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    anonymous_read: bool | None = None
    """May people without a token read? Not said: only in local mode."""
    allow_superuser: bool = False
    """A PostgreSQL superuser passes by every guard of the journal, so the server refuses one."""
    stale_days: int = Field(default=90, ge=1, le=3650)
    log_level: Annotated[
        Literal["critical", "error", "warning", "info", "debug", "trace"],
        BeforeValidator(str.lower),
    ] = "info"
    url: str | None = None
    """Where commands find the tracker; not said: where this one would serve."""
    token: SecretStr | None = None
    """What they carry. Not said, and the address is this machine's: DATA_DIR/admin.token."""

    @field_validator("database_url")
    @classmethod
    def _known_engine(cls, url: str) -> str:
        try:
            scheme = make_url(url).drivername
        except (ArgumentError, ValueError):
            raise ValueError("is not the address of a database") from None
        if scheme not in ("sqlite", "postgresql", "postgresql+psycopg"):
            raise ValueError("must start with sqlite:/// or postgresql+psycopg://")
        if scheme == "sqlite" and (url in ("sqlite://", "sqlite:///") or ":memory:" in url):
            raise ValueError("needs a file: a register in memory would be lost at the first stop")
        return url

    @property
    def address(self) -> str:
        """Where the tracker is reached: as said, else where this one serves on this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return self.url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def embedded(self) -> bool:
        return self.database_url.startswith("sqlite")

    @cached_property
    def local(self) -> bool:
        """Local mode: SQLite, and nobody outside this machine can reach the address."""
        return self.embedded and is_loopback(self.host)

    @property
    def anonymous(self) -> bool:
        return self.local if self.anonymous_read is None else self.anonymous_read


def mistake(error: ValidationError) -> tuple[str, str]:
    """The first setting that is wrong, and what about it; its value is not repeated."""
    first = error.errors()[0]
    said = {
        "int_parsing": "must be a whole number",
        "bool_parsing": "must be true or false",
        "greater_than_equal": "must be at least {ge}",
        "less_than_equal": "must be at most {le}",
    }.get(first["type"], first["msg"].removeprefix("Value error, "))
    return str(first["loc"][0]), said.format(**first.get("ctx", {}))


def is_loopback(host: str) -> bool:
    """Is it this machine?"""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
