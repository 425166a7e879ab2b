"""/v1/links: what a later recommendation takes up from an earlier one."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from app.api.deps import Leading, Reading, takes
from app.api.paging import Listed, Paging, begin, cut, page
from app.domain import links
from app.domain.actors import Can
from app.domain.base import Ref
from app.domain.links import Basis, LinkGiven, LinkKind, LinkReviewGiven, LinkShown, State

router = APIRouter(prefix="/links", tags=["Links and lineage"])


class Asked(Paging):
    recommendation: list[Ref] = Field(default=[], max_length=100, description="Either end.")
    state: list[State] = Field(default=[], max_length=3)
    kind: list[LinkKind] = Field(default=[], max_length=5)
    basis: list[Basis] = Field(default=[], max_length=3)


@router.get("", response_model=Listed[LinkShown])
def list_links(read: Reading, asked: Annotated[Asked, Query()]) -> Response:
    """Links within your reach, oldest first."""
    with read as session:

        def build() -> dict[str, object]:
            rows = links.links(
                session,
                read.actor,
                recommendation=asked.recommendation,
                state=asked.state,
                kind=asked.kind,
                basis=asked.basis,
                after=begin(asked),
                limit=asked.limit + 1,
            )
            items, last = cut(rows, asked.limit, lambda row: [row.asserted_at, row.id])
            return page([links.shown(read.actor, row) for row in items], last)

        return read.many(build)


@router.post("", status_code=201, response_model=LinkShown, openapi_extra=takes(LinkGiven))
def propose(write: Leading) -> Response:
    """Proposes a link; a person confirms or rejects it. A link that was rejected cannot be
    proposed again."""
    with write as session:
        write.actor.must(Can.LINK)
        link = links.propose(session, write.actor, write.body(LinkGiven))
        return write.one(
            lambda: link.version,
            lambda: links.shown(write.actor, link),
            status=201,
            location=f"/v1/links/{link.id}",
        )


@router.get("/{id}", response_model=LinkShown)
def show(id: str, read: Reading) -> Response:  # noqa: A002 - the contract's name
    """One link."""
    with read as session:
        link = links.find(session, read.actor, id)
        return read.one(link.version, lambda: links.shown(read.actor, link))


@router.put("/{id}/review", response_model=LinkShown, openapi_extra=takes(LinkReviewGiven))
def review(id: str, write: Leading) -> Response:  # noqa: A002 - the contract's name
    """Confirms or rejects a link. Needs If-Match."""
    with write as session:
        link = links.find(session, write.actor, id, lock=True)
        write.actor.must(Can.REVIEW)
        given = write.body(LinkReviewGiven)
        links.review(session, write.actor, link, given, expect=write.expect)
        return write.one(lambda: link.version, lambda: links.shown(write.actor, link))
