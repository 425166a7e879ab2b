"""/healthz and /readyz: is the process there, and can it answer. Always public."""

import orjson
from fastapi import APIRouter, Request, Response

from app.domain import changes

router = APIRouter(tags=["Health"])


@router.get("/healthz")
async def healthz() -> Response:
    """The process answers."""
    return Response(orjson.dumps({"status": "ok"}), media_type="application/json")


@router.get("/readyz")
def readyz(request: Request) -> Response:
    """The database answers and is the register that this version reads. 503 where not."""
    with request.app.state.database.reading() as session:
        changes.head(session)
    return Response(orjson.dumps({"status": "ready"}), media_type="application/json")
