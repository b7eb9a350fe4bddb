"""Files that name the eSIMs of broadcasts: read one, look at its rows, delete it."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace
from starlette.responses import Response

from simpost.api.v1.broadcasts.files import (
    FileRowQuery,
    delete_file,
    list_file_rows,
    list_files,
    show_read,
)
from simpost.console.account_choice import go_to
from simpost.console.field_errors import NO_ERRORS, FieldErrors, WrongField, read_query
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.broadcast_files import BroadcastFile
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import format_id, parse_id
from simpost.errors import UnknownBroadcastFile
from simpost.features.broadcasts.sheets import MAX_OCTETS, FileRefused

FORM_OCTETS: Final = MAX_OCTETS + 16_384
"""Of a form with a file and its fields."""
LABELS: Final = {"file": "File", "sheet": "Sheet", "map": "Columns"}
_MOST_NAME: Final = 128


async def show(call: PageRequest) -> Response:
    """The files of the account, and the form for another one."""
    return await _render(call, call.path_account())


async def read(call: PageRequest) -> Response:
    """Read a file and answer every row; `keep` stores it, once however often it is sent."""
    account, sent = call.path_account(), call.file
    if sent is None or not sent.octets:
        return await _render(call, account, FieldErrors(WrongField("file", "choose a file")))
    uses = dict(line.partition("=")[::2] for line in call.form.get("map", "").split("\n"))
    uses = {name.strip(): use.strip() for name, use in uses.items() if name.strip()}
    if not all(uses.values()):
        wrong = WrongField("map", "each line must be HEADING=FIELD")
        return await _render(call, account, FieldErrors(wrong))
    files, file_id = call.services.broadcasts.files, call.act_id
    keep = file_id is not None and "keep" in call.form
    try:
        async with call.services.costs.turn(account):
            if (
                file_id
                and keep
                and await call.services.store.broadcast_files.find(account.id, file_id)
            ):
                return go_to("broadcasts", account.access_code, "files", format_id(file_id))
            sheet = call.form.get("sheet", "").strip()[:100]
            name = sent.name.strip()[:_MOST_NAME] or "file"
            found = await files.read(account.id, name, sent.octets, sheet=sheet, uses=uses)
            if file_id and keep:
                found = replace(found, file=replace(found.file, id=file_id))
                await call.audit("broadcast_file.add", format_id(file_id), account.id, file_id)
                await files.save(found)
    except FileRefused as error:
        return await _render(call, account, FieldErrors(WrongField("file", str(error))))
    return call.pages.render(
        "broadcasts/read_file",
        call=call,
        account=account.access_code,
        file=show_read(found, is_stored=keep).model_dump(mode="json", by_alias=True),
    )


async def show_rows(call: PageRequest) -> Response:
    """The rows of a file, with their values hidden; the URL has the query of the API."""
    return await _render_rows(call, is_revealed=False)


async def reveal_rows(call: PageRequest) -> Response:
    """The same with their values; written to the audit log before."""
    account, file = await _find(call)
    await call.audit("broadcast_file.reveal", format_id(file.id), account.id)
    return await _render_rows(call, is_revealed=True)


async def delete(call: PageRequest) -> Response:
    """Delete a file that no broadcast uses. Raises Problem."""
    account, file = await _find(call)
    await call.audit("broadcast_file.delete", format_id(file.id), account.id)
    await delete_file(format_id(file.id), account, call.services)
    return go_to("broadcasts", account.access_code, "files")


async def _find(call: PageRequest) -> tuple[Account, BroadcastFile]:
    """The file of the path. Raises UnknownAccount and UnknownBroadcastFile."""
    account, file_id = call.path_account(), parse_id(call.request.path_params["file"])
    file = file_id and await call.services.store.broadcast_files.find(account.id, file_id)
    if not file:
        raise UnknownBroadcastFile
    return account, file


async def _render(call: PageRequest, account: Account, errors: FieldErrors = NO_ERRORS) -> Response:
    found = await list_files(account, call.services)
    return call.pages.render(
        "broadcasts/files",
        status=422 if errors.errors else 200,
        call=call,
        account=account.access_code,
        files=found.model_dump(mode="json", by_alias=True)["files"],
        given={"sheet": "", "map": "", **call.form},
        labels=LABELS,
        errors=errors,
        may_send=call.may(ConsoleRole.SENDER),
    )


async def _render_rows(call: PageRequest, *, is_revealed: bool) -> Response:
    account, file = await _find(call)
    query = read_query(FileRowQuery, call.request)
    page = await list_file_rows(format_id(file.id), query, account, call.services)
    return call.pages.render(
        "broadcasts/file_rows",
        call=call,
        account=account.access_code,
        file=file,
        file_id=format_id(file.id),
        page=page.model_dump(mode="json", by_alias=True),
        query=query,
        is_revealed=is_revealed,
        may_reveal=not is_revealed and call.may(ConsoleRole.SUPPORT),
        may_send=call.may(ConsoleRole.SENDER),
    )


_PATH: Final = "/console/broadcasts/{account}/files"
_FILE: Final = f"{_PATH}/{{file}}"
_SENDER: Final = ConsoleRole.SENDER
PAGES: Final = (
    ConsolePage("GET", _PATH, show),
    ConsolePage("POST", _PATH, read, _SENDER, form_octets=FORM_OCTETS, has_file=True),
    ConsolePage("GET", _FILE, show_rows),
    ConsolePage("POST", f"{_FILE}/reveal", reveal_rows, ConsoleRole.SUPPORT),
    ConsolePage("POST", f"{_FILE}/delete", delete, _SENDER),
)
