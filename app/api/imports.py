"""/v1/imports: files of recommendations brought in, all or nothing, and what became of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api import conditional
from app.api.deps import Leading, Reading, takes
from app.api.paging import Listed, Paged, begin, cut, page
from app.api.uploads import FORMATS, Importing, Upload
from app.domain import base, changes, imports
from app.domain.actors import Can
from app.domain.base import Line, Slug
from app.domain.errors import Malformed
from app.domain.imports import (
    Document,
    ImportFile,
    ImportListed,
    ImportRefused,
    ImportRun,
    ImportShown,
    Result,
    ReversalGiven,
)

router = APIRouter(prefix="/imports", tags=["Imports"])


class Asked(BaseModel):
    """`inspection`: of rows that name none. `ignore`: columns of a table to leave out, whatever
    they are. `name`: of the file, for the record."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = False
    inspection: Slug | None = None
    ignore: list[Line] = Field(default=[], max_length=100)
    name: Line | None = None


class _Rehearsed(Exception):
    """Everything was done, and is undone now: a dry run."""

    def __init__(self, result: Result) -> None:
        super().__init__()
        self.result = result


FILE = {"type": "string", "description": "docs/imports.md describes the formats."}
BODY = takes(Document)
BODY["requestBody"]["content"] |= {
    media: {"schema": FILE} for media in FORMATS if media != "application/json"
}


@router.post("", status_code=201, response_model=ImportShown, openapi_extra=BODY)
def bring(upload: Importing, asked: Annotated[Asked, Query()]) -> Response:
    """Brings a file in, all or nothing: an import document (JSON), or recommendations row by row
    (NDJSON, CSV). Says what became of each row; the same file again changes nothing. With
    `dry_run=true` everything is tried and nothing kept."""
    file: ImportFile | None = None
    with upload.file:
        try:
            upload.media()
            file = _read(upload, asked)  # before the transaction: it can take a while
            with upload as session:
                if not asked.dry_run:
                    upload.once()
                id_ = base.new_id(session, "imp")
                result = imports.bring(session, upload.actor, file.parts, import_id=id_)
                if asked.dry_run:
                    raise _Rehearsed(result)
                upload.database.seal(session)
                run = _keep(upload, asked, file, result, id_, applied=True)
                return upload.reply(
                    _tag(upload),
                    lambda: imports.shown(run),
                    status=201,
                    location=f"/v1/imports/{id_}",
                )
        except (_Rehearsed, ImportRefused) as ended:
            # What was tried is kept too, in a transaction of its own: the other was rolled back.
            with upload.again() as session:
                id_ = base.new_id(session, "imp")
                run = _keep(upload, asked, file, ended.result, id_, applied=False)
                shown = imports.shown(run)
                if isinstance(ended, ImportRefused):
                    ended.members |= {name: shown[name] for name in shown if name != "errors"}
                else:
                    return upload.reply(_tag(upload), lambda: shown, status=200)
            raise ended


@router.get("", response_model=Listed[ImportListed])
def list_imports(read: Reading, paging: Paged) -> Response:
    """What was imported, or tried, within your reach, newest first."""
    with read as session:
        read.named()

        def build() -> dict[str, Any]:
            found = imports.runs(session, read.actor, after=begin(paging), limit=paging.limit + 1)
            rows, last = cut(found, paging.limit, lambda run: (run.at, run.id))
            return page([imports.listed(run) for run in rows], last)

        return read.many(build, revision=imports.revision(session))


@router.get("/{id}", response_model=ImportShown)
def show(id: str, read: Reading) -> Response:  # noqa: A002 - the name that stands in the address
    """One import, with what became of each row."""
    with read as session:
        read.named()
        run = imports.find(session, read.actor, id)
        return read.many(lambda: imports.shown(run), revision=imports.revision(session))


@router.post(
    "/{id}/reversal",
    status_code=201,
    response_model=ImportShown,
    openapi_extra=takes(ReversalGiven),
)
def reverse(id: str, write: Leading) -> Response:  # noqa: A002
    """Takes back what an import brought: recommendations are voided, corrections undone, links
    rejected, evidence withdrawn, actions cancelled. Refused, saying by whose work, where people
    have since worked on it."""
    with write as session:
        run = imports.find(session, write.actor, id, lock=True)
        write.actor.must(Can.ENTER)
        given = write.body(ReversalGiven)
        imports.reverse(session, write.actor, run, given.reason)
        write.database.seal(session)
        return write.reply(
            _tag(write), lambda: imports.shown(run), status=201, location=f"/v1/imports/{id}"
        )


def _read(upload: Upload, asked: Asked) -> ImportFile:
    """The file; ImportRefused where it cannot be read at all."""
    try:
        return imports.read(
            upload.file,
            upload.format,
            encoding=upload.encoding,
            inspection=asked.inspection,
            ignore=asked.ignore,
        )
    except Malformed as error:
        result = Result()
        refusal = ImportRefused(result, f"{error.detail}; nothing was applied")
        refusal.members |= error.members
        result.warnings += [error.detail, *(one["detail"] for one in error.members["errors"])]
        raise refusal from None


def _keep(
    upload: Upload,
    asked: Asked,
    file: ImportFile | None,
    result: Result,
    id_: str,
    *,
    applied: bool,
) -> ImportRun:
    if file is not None:
        result.warnings[:0] = file.warnings
    about = {
        "name": asked.name,
        "sha256": upload.sha256,
        "bytes": upload.size,
        "format": upload.format.value,
        "encoding": file and file.encoding,
        "delimiter": file and file.delimiter,
        "ignored_columns": file.ignored_columns if file else [],
    }
    return imports.keep(
        upload.session,
        upload.actor,
        id_,
        result,
        file=about,
        settings=asked.model_dump(mode="json", exclude={"name"}),
        applied=applied,
        numbers=changes.numbers(upload.session) if applied else None,
    )


def _tag(write: Any) -> str:
    return conditional.tag_of_many(imports.revision(write.session), write.about(daily=False))
