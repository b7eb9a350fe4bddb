"""Nodes: which run, what each does and leases."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from simpost.api.v1.admin_reload import Mistake, mistakes_of
from simpost.api.v1.callers import Wired, admit_admin
from simpost.api.v1.shapes import Shape, Time, format_time

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class NodeShown(Shape):
    """`owns` are `bind CARRIER NUMBER` and `dispatch`; times are the database's.

    `leavesToOthers` are carriers whose binds it tried in vain. `configurationErrors` are the
    mistakes for which it refused its file when it read it last: what held before holds on.
    """

    name: str
    answers: bool
    roles: list[str]
    version: str
    started_at: Time
    last_beat_at: Time
    owns: list[str]
    leaves_to_others: list[str]
    configuration_errors: list[Mistake]


class NodeList(Shape):
    """Empty with the embedded store, which has one process. `answers` is the node asked."""

    nodes: list[NodeShown]


@router.get("/nodes", summary="Show all nodes and what they own")
async def list_nodes(services: Wired) -> NodeList:
    node = services.node
    standing = node.standing if node else None
    if node is None or standing is None:
        return NodeList(nodes=[])
    return NodeList(
        nodes=[
            NodeShown(
                name=each.name,
                answers=each.name == node.name,
                roles=list(each.roles),
                version=each.version,
                started_at=format_time(each.started_ms),
                last_beat_at=format_time(each.beat_ms),
                owns=sorted(t for t, owner in standing.leases.items() if owner == each.name),
                leaves_to_others=[
                    name for name, report in each.report.carriers.items() if report.turn
                ],
                configuration_errors=mistakes_of(each.report.reading),
            )
            for each in standing.nodes
        ]
    )
