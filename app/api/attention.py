"""/v1/attention: what needs a person now, most serious first."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app.api.deps import Reading
from app.api.paging import Listed, Paging, begin, page
from app.domain import attention
from app.domain.attention import AttentionShown
from app.domain.base import Slug

router = APIRouter(tags=["Attention"])


class Asked(Paging):
    party: Slug | None = None


@router.get("/attention", response_model=Listed[AttentionShown])
def list_attention(read: Reading, asked: Annotated[Asked, Query()]) -> Response:
    """What needs somebody now: what came back, what is overdue or claimed without proof, what
    waits for a review, what nobody owns. With `party`, what is that party's."""
    with read as session:

        def build() -> dict[str, Any]:
            items, last = attention.needs(
                session,
                read.actor,
                party=asked.party,
                stale_days=read.settings.stale_days,
                after=begin(asked),
                limit=asked.limit,
            )
            return page(items, last)

        return read.many(build, daily=True)
