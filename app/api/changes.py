"""/v1/changes and histories: the journal, in the order in which things were recorded."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from app.api.deps import Reading
from app.api.paging import Limit, Listed, Paged, begin, cut, page
from app.domain import feed, recommendations
from app.domain.feed import ChangeShown, ChangesShown

router = APIRouter(tags=["Changes"])


class After(BaseModel):
    model_config = ConfigDict(extra="forbid")

    after: str = ""
    limit: Limit = 50


@router.get("/changes", response_model=ChangesShown)
def list_changes(read: Reading, asked: Annotated[After, Query()]) -> Response:
    """Every change after a cursor, in commit order, none ever skipped. Begin with an empty
    `after`, then send `next`; 410 says that the register was restored: begin again."""
    with read as session:

        def build() -> dict[str, object]:
            items, following = feed.since(session, read.actor, asked.after, limit=asked.limit)
            return {"items": items, "next": following}

        return read.many(build)


@router.get("/recommendations/{ref}/history", response_model=Listed[ChangeShown])
def show_history(ref: str, read: Reading, paging: Paged) -> Response:
    """All that happened to a recommendation, oldest first."""
    with read as session:
        recommendation = recommendations.find(session, read.actor, ref)

        def build() -> dict[str, object]:
            rows = feed.history(
                session,
                read.actor,
                recommendation.ref,
                after=begin(paging),
                limit=paging.limit + 1,
            )
            items, last = cut(rows, paging.limit, lambda row: [row["seq"]])
            return page(items, last)

        return read.many(build)
