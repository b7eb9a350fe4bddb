"""The carriers: whether messages leave by them, and the verbs that change that."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from starlette.responses import RedirectResponse, Response

from simpost.api.admin.carriers import CarrierOut, list_carriers
from simpost.console.ages import age
from simpost.console.live_page import live_page
from simpost.console.page import HEADERS
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.console_users import ConsoleRole
from simpost.errors import UnknownCarrier


async def show(call: PageRequest) -> Response:
    """All carriers of all nodes, as the admin API shows them."""
    shown = await _shown(call)
    is_admin = call.user.role.includes(ConsoleRole.ADMIN)  # a problem may name hosts
    return call.pages.render("carriers", call=call, carriers=shown, is_admin=is_admin)


async def version(call: PageRequest) -> object:
    """What the page shows, ages among it."""
    return await _shown(call)


async def _shown(call: PageRequest) -> list[dict[str, Any]]:
    found = await list_carriers(call.services)
    now_ms = call.services.clock_ms()
    return [
        {**one.model_dump(mode="json", by_alias=True), "oldest": _oldest(one, now_ms)}
        for one in found.carriers
    ]


def _oldest(carrier: CarrierOut, now_ms: int) -> str:
    """How long the oldest queued part has waited, in a word; empty when none is queued."""
    if carrier.oldest_queued_at is None:
        return ""
    at_ms = round(datetime.fromisoformat(carrier.oldest_queued_at).timestamp() * 1000)
    return "less than a minute" if now_ms - at_ms < 60_000 else age(at_ms, now_ms)


async def pause(call: PageRequest) -> Response:
    """Send nothing by the carrier, on all nodes; it stays connected."""
    name = await _known(call, "carrier.pause")
    await call.services.carriers.pause(name)
    return _back()


async def drain(call: PageRequest) -> Response:
    """Send nothing more by it, wait for its responses, then disconnect; this may take longer."""
    name = await _known(call, "carrier.drain")
    await call.services.carriers.drain(name)
    return _back()


async def resume(call: PageRequest) -> Response:
    """Connect it and send by it again."""
    name = await _known(call, "carrier.resume")
    await call.services.carriers.resume(name)
    return _back()


async def _known(call: PageRequest, action: str) -> str:
    """The name of the carrier, after the audit row. Raises UnknownCarrier."""
    name = call.request.path_params["name"]
    if not any(each.name == name for each in await call.services.carriers.list_all()):
        raise UnknownCarrier
    await call.audit(action, name)
    return str(name)


def _back() -> Response:
    return RedirectResponse("/console/carriers", status_code=303, headers=HEADERS)


_PATH: Final = "/console/carriers"
PAGES: Final = (
    ConsolePage("GET", _PATH, show, is_installation=True, title="Carriers"),
    live_page(f"{_PATH}/live", version, every_s=2, is_installation=True),
    ConsolePage("POST", f"{_PATH}/{{name}}/pause", pause, ConsoleRole.ADMIN, True),
    ConsolePage("POST", f"{_PATH}/{{name}}/drain", drain, ConsoleRole.ADMIN, True),
    ConsolePage("POST", f"{_PATH}/{{name}}/resume", resume, ConsoleRole.ADMIN, True),
)
