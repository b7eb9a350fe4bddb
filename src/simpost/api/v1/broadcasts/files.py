"""/v1/broadcast-files: CSV and XLSX files with the eSIMs of a broadcast and values for each."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field, StrictStr

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.problems import Problem, ProblemCode, invalid
from simpost.api.shared.schemas import Schema, Time, format_time
from simpost.domain.broadcast_files import KEEP_FILES_MS, FileDeletion, FileRow, ListedFile
from simpost.domain.messages import format_id, parse_id
from simpost.errors import UnknownBroadcastFile
from simpost.features.broadcasts.files import PREVIEW_ROWS, ReadFile
from simpost.features.broadcasts.sheets import MAX_COLUMNS, FileRefused

router = APIRouter(prefix="/v1", tags=["broadcasts"])

_MOST_REFUSED: Final = 1_000
_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class FileQuery(Schema):
    """`map` is `HEADING=FIELD`, with esimTranNo, iccid or a variable of the template."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=128)] = "file"
    sheet: Annotated[StrictStr, Field(max_length=100)] = ""
    map: Annotated[list[StrictStr], Field(max_length=MAX_COLUMNS)] = Field(default=[])
    dry_run: bool = False


class FileRowOut(Schema):
    """A row as it was read. `reason` says why it is refused."""

    line: int
    esim_tran_no: str | None
    values: dict[str, str]
    reason: str | None


class BroadcastFileOut(Schema):
    """`id` is null after a dry run. `columns` are what headings are used for; null: nothing.

    `refusedRows` are the first 1,000.
    """

    id: str | None
    name: str
    rows: int
    good: int
    refused: int
    columns: dict[str, str | None]
    preview: list[FileRowOut]
    refused_rows: list[FileRowOut]
    kept_until: Time | None


class ListedFileOut(Schema):
    """A file. `complete`: all its rows are stored. `inUse`: by a broadcast that is not over."""

    id: str
    name: str
    rows: int
    good: int
    refused: int
    complete: bool
    in_use: bool
    created_at: Time
    kept_until: Time


class BroadcastFileList(Schema):
    """Newest first."""

    files: list[ListedFileOut]


class DeletedFile(Schema):
    """The file that was deleted."""

    id: str


class FileRowQuery(Schema):
    """`refused` selects rows; `after` is the `next` of the page before."""

    refused: bool | None = None
    after: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 200


class FileRowPage(Schema):
    """`next` is null at the end."""

    rows: list[FileRowOut]
    next: int | None


@router.post(
    "/broadcast-files",
    status_code=201,
    summary="Read a CSV or XLSX file with the eSIMs of a broadcast",
    openapi_extra=_FILE,
)
async def read_file(
    query: Annotated[FileQuery, Query()],
    request: Request,
    account: Caller,
    services: ServicesDep,
) -> BroadcastFileOut:
    """Every row is answered; the first 20 are shown. With dryRun nothing is stored."""
    uses = dict(each.partition("=")[::2] for each in query.map)
    if not all(uses.values()):
        raise invalid("map: must be HEADING=FIELD.")
    files = services.broadcasts.files
    try:
        async with services.costs.turn(account):
            octets = await request.body()
            read = await files.read(account.id, query.name, octets, sheet=query.sheet, uses=uses)
            if not query.dry_run:
                await files.save(read)
    except FileRefused as error:
        raise invalid(str(error)) from None
    return show_read(read, is_stored=not query.dry_run)


@router.get("/broadcast-files", summary="List the files of the account")
async def list_files(account: Caller, services: ServicesDep) -> BroadcastFileList:
    """All of them; an account has 100 at most."""
    found = await services.store.broadcast_files.list_files(account.id)
    return BroadcastFileList(files=[_listed(each) for each in found])


@router.delete("/broadcast-files/{id}", summary="Delete a file")
async def delete_file(id: str, account: Caller, services: ServicesDep) -> DeletedFile:  # noqa: A002
    """409 if a broadcast that is not over uses it. Its rows are deleted soon after."""
    file_id = parse_id(id)
    done = FileDeletion.UNKNOWN
    if file_id is not None:
        done = await services.broadcasts.files.delete(account.id, file_id)
    if done is FileDeletion.UNKNOWN:
        raise UnknownBroadcastFile
    if done is FileDeletion.IN_USE:
        detail = "A broadcast that is not over uses the file, or it is being stored."
        raise Problem(409, ProblemCode.FILE_IN_USE, detail)
    return DeletedFile(id=id)


@router.get("/broadcast-files/{id}/rows", summary="List the rows of a file")
async def list_file_rows(
    id: str,  # noqa: A002
    query: Annotated[FileRowQuery, Query()],
    account: Caller,
    services: ServicesDep,
) -> FileRowPage:
    """By line; all, refused ones or good ones."""
    store, file_id = services.store.broadcast_files, parse_id(id)
    if file_id is None or await store.find(account.id, file_id) is None:
        raise UnknownBroadcastFile
    found = await store.list_rows(
        account.id, file_id, after=query.after, limit=query.limit + 1, refused=query.refused
    )
    rows = [_row(each) for each in found[: query.limit]]
    return FileRowPage(rows=rows, next=rows[-1].line if len(found) > query.limit else None)


def show_read(read: ReadFile, *, is_stored: bool) -> BroadcastFileOut:
    """The file that was read, with its first rows and the refused ones."""
    file, columns = read.file, read.columns
    uses: dict[str, str | None] = dict.fromkeys(columns.ignored)
    uses |= {read.heading[place]: use for use, place in columns.identifiers.items()}
    uses |= {read.heading[place]: use for use, place in columns.values.items()}
    return BroadcastFileOut(
        id=format_id(file.id) if is_stored else None,
        name=file.name,
        rows=file.rows,
        good=file.good,
        refused=file.rows - file.good,
        columns=uses,
        preview=[_row(each) for each in read.rows[:PREVIEW_ROWS]],
        refused_rows=[_row(each) for each in read.refused[:_MOST_REFUSED]],
        kept_until=format_time(file.created_ms + KEEP_FILES_MS) if is_stored else None,
    )


def _listed(listed: ListedFile) -> ListedFileOut:
    file = listed.file
    return ListedFileOut(
        id=format_id(file.id),
        name=file.name,
        rows=file.rows,
        good=file.good,
        refused=file.rows - file.good,
        complete=listed.is_stored,
        in_use=listed.is_used,
        created_at=format_time(file.created_ms),
        kept_until=format_time(file.created_ms + KEEP_FILES_MS),
    )


def _row(row: FileRow) -> FileRowOut:
    return FileRowOut(
        line=row.line,
        esim_tran_no=row.esim_tran_no or None,
        values=row.values,
        reason=row.reason or None,
    )
