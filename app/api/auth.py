"""Who is asking: the token that came with a request, and whose it is."""

import base64
import binascii

from fastapi import Request

from app.db import Database
from app.domain import tokens
from app.domain.actors import ANONYMOUS, Actor
from app.domain.errors import Unauthenticated
from app.settings import Settings


def authenticate(request: Request) -> Actor:
    """The actor whose token came with the request; anonymous where none came and none is needed.

    Unauthenticated for a wrong token even where anonymous reading is on.
    """
    header = request.headers.get("Authorization")
    settings: Settings = request.app.state.settings
    if header is None:
        if settings.anonymous:
            return ANONYMOUS
        raise Unauthenticated("send a token: Authorization: Bearer TOKEN, or HTTP Basic with it")
    database: Database = request.app.state.database
    with database.reading() as session:
        return tokens.authenticate(session, token_of(header))


def token_of(header: str) -> str:
    """The token in an Authorization header: after Bearer, or as the password of Basic."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""
