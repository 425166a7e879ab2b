"""/healthz and /readyz: is the process there, and can it answer. Always public."""

import orjson
from fastapi import APIRouter, Request, Response

from app.domain import changes
from app.domain.errors import NotReady

router = APIRouter(tags=["Health"])


@router.get("/healthz")
async def healthz() -> Response:
    """The process answers. No database is asked: nobody restarts this for another's trouble."""
    return Response(orjson.dumps({"status": "ok"}), media_type="application/json")


@router.get("/readyz")
def readyz(request: Request) -> Response:
    """The database answers and is a register that this version can read. 503 where not. A newer
    schema is one it can: while a new version is rolled out, both work on it."""
    state = request.app.state
    found = state.database.revision()
    if found is None or found < state.schema:
        raise NotReady(
            "the register is not there or too old for this version: run `tracker migrate`"
        )
    with state.database.reading() as session:
        changes.head(session)
    return Response(orjson.dumps({"status": "ready"}), media_type="application/json")
