"""Nodes: the running nodes, their roles and leases."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from pydantic import Field

from simpost.api.admin.reload import ConfigurationError, configuration_errors
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.schemas import Schema, Time, format_time

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class NodeOut(Schema):
    """A node of the cluster; times are those of the database.

    `self` is true for the node that answers this request. `leases` are `bind CARRIER NUMBER` and
    `dispatch`. `yieldedCarriers` are carriers that the node could not reach: other nodes
    may take over their binds. `configurationErrors` are the errors in the last file that the node
    rejected; it still uses the settings from before.
    """

    name: str
    is_self: bool = Field(serialization_alias="self")
    roles: list[str]
    version: str
    started_at: Time
    last_heartbeat_at: Time
    leases: list[str]
    yielded_carriers: list[str]
    configuration_errors: list[ConfigurationError]


class NodeList(Schema):
    """Empty with the embedded store, which serves one process."""

    nodes: list[NodeOut]


@router.get("/nodes", summary="Show all nodes and what they lease")
async def list_nodes(services: ServicesDep) -> NodeList:
    """The cluster as this node saw it at its last heartbeat."""
    view = services.cluster.view
    return NodeList(
        nodes=[
            NodeOut(
                name=each.name,
                is_self=each.name == services.cluster.name,
                roles=list(each.roles),
                version=each.version,
                started_at=format_time(each.started_ms),
                last_heartbeat_at=format_time(each.beat_ms),
                leases=sorted(t for t, owner in view.leases.items() if owner == each.name),
                yielded_carriers=[
                    name for name, report in each.report.carriers.items() if report.turn
                ],
                configuration_errors=configuration_errors(each.report.reading),
            )
            for each in view.nodes
        ]
    )
