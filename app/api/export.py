"""/v1/export: the register as files, for spreadsheets, for dashboards and for keeping."""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import IO, Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlmodel import Session

from app.api import files
from app.api.deps import Read, Reading
from app.domain import exports
from app.domain.base import today
from app.domain.exports import RecommendationExported
from app.domain.filters import Filters
from app.domain.imports import Document

router = APIRouter(prefix="/export", tags=["Exports"])


class Csv(Response):
    media_type = "text/csv"


class Xlsx(Response):
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class AskedCsv(Filters):
    bom: bool = Field(default=False, description="With the mark by which Excel knows UTF-8.")


Asked = Annotated[Filters, Query()]


@router.get("/recommendations.csv", response_class=Csv)
def recommendations_csv(read: Reading, asked: Annotated[AskedCsv, Query()]) -> Response:
    """The list, unpaged, as CSV. `bom=true` is for Excel; texts that a spreadsheet could take for
    a formula begin with an apostrophe."""
    with read as session:
        write = partial(exports.write_csv, bom=asked.bom)
        return _flat(read, session, asked, "csv", Csv.media_type, write)


@router.get("/recommendations.xlsx", response_class=Xlsx)
def recommendations_xlsx(read: Reading, asked: Asked) -> Response:
    """The list, unpaged, as a spreadsheet with one table. Dates are dates, moments London's."""
    with read as session:
        write = partial(exports.write_xlsx, day=today(session))
        return _flat(read, session, asked, "xlsx", Xlsx.media_type, write)


@router.get("/recommendations.json", response_model=list[RecommendationExported])
def recommendations_json(read: Reading, asked: Asked) -> Response:
    """The list, unpaged, as one flat array, with the columns of the CSV as keys."""
    with read as session:
        return _flat(read, session, asked, "json", "application/json", exports.write_json)


@router.get("/document.json", response_model=Document)
def document(read: Reading) -> Response:
    """Everything within your reach as an import document, the format of `POST /v1/imports`: into
    the same register it brings nothing, into an empty one all that it says. Status, reviews, notes
    and histories have no place in it."""
    with read as session:
        return files.sent(
            read,
            f"register-{today(session)}.json",
            "application/json",
            lambda file: exports.write_document(file, session, read.actor),
        )


def _flat(
    read: Read,
    session: Session,
    asked: Filters,
    ending: str,
    media: str,
    write: Callable[[IO[bytes], exports.Rows], None],
) -> Response:
    """A file of the list that is asked for, named for the day that it shows."""

    def whole(file: IO[bytes]) -> None:
        found = exports.rows(session, read.actor, asked, stale_days=read.settings.stale_days)
        with closing(found) as rows:
            write(file, rows)

    day = asked.as_of or today(session)
    return files.sent(read, f"recommendations-{day}.{ending}", media, whole, daily=True)
