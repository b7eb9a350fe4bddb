"""The nodes: who leads, which version each runs, and when it was last heard."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from simpost.api.admin.nodes import list_nodes
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.console_users import ConsoleRole


async def show(call: PageRequest) -> Response:
    """All nodes as the admin API shows them."""
    found = (await list_nodes(call.services)).model_dump(mode="json", by_alias=True)
    return call.pages.render(
        "nodes",
        call=call,
        nodes=found["nodes"],
        this_node=call.services.cluster.name,
        # An error in a file may name hosts.
        is_admin=call.user.role.includes(ConsoleRole.ADMIN),
    )


PAGES: Final = (ConsolePage("GET", "/console/nodes", show, is_installation=True, title="Nodes"),)
