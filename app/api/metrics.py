"""/metrics: the register and this process in numbers, for Prometheus (docs/metrics.md)."""

from fastapi import APIRouter, Response

from app.api.deps import Reading

router = APIRouter(tags=["Health"])


class Exposition(Response):
    media_type = "text/plain"


@router.get("/metrics", response_class=Exposition)
def metrics(read: Reading) -> Response:
    """Gauges of the register within your reach, and counters of the process that answers. In the
    text format of Prometheus."""
    from app.api import exposition  # takes 0.1 s to load: only where somebody scrapes

    with read:
        return Response(
            exposition.text([*exposition.register(read), *exposition.process(read)]),
            headers={"Content-Type": exposition.CONTENT_TYPE, "Cache-Control": "no-store"},
        )
