"""Reload: every node reads its configuration file again."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Depends, Response

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.schemas import Schema
from simpost.errors import ConfigError
from simpost.ports.cluster import ConfigReadResult, Reloaded

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])

_NO_CHANGES = Reloaded([], [], [], [], [])


class ReloadDiff(Schema):
    """Changes of carriers, and changed `sections`; those in `needsRestart` wait for a restart."""

    added: list[str]
    changed: list[str]
    removed: list[str]
    sections: list[str]
    needs_restart: list[str]


class ConfigurationError(Schema):
    """An error in a configuration file: file, line and setting, and the reason."""

    at: str
    reason: str


class NodeReloaded(ReloadDiff):
    """The result of another node.

    `refused`: its file has `errors`, and it still uses the settings from before. `pending`: it has
    not reported yet; `GET /v1/admin/nodes` shows its result later.
    """

    name: str
    state: Literal["reloaded", "refused", "pending"]
    errors: list[ConfigurationError]


class ReloadResult(ReloadDiff):
    """The result of the node that responds; `nodes` are the others, each with its own file."""

    nodes: list[NodeReloaded]


@router.post(
    "/reload",
    summary="Have every node read its configuration again",
    responses={202: {"model": ReloadResult, "description": "Some nodes have not reported yet"}},
)
async def reload(services: ServicesDep, response: Response) -> ReloadResult:
    """A file with errors changes nothing on its node."""
    try:
        done, others = await services.cluster.reload()
    except ConfigError as error:
        raise Problem(
            422,
            ProblemCode.INVALID_CONFIGURATION,
            "The configuration is not valid; nothing was changed.",
            members={"errors": [_place(line) for line in str(error).splitlines()]},
        ) from None
    response.status_code = 202 if None in others.values() else 200
    return ReloadResult(
        **_changes(done), nodes=[_node(name, reading) for name, reading in others.items()]
    )


def configuration_errors(reading: ConfigReadResult | None) -> list[ConfigurationError]:
    """The errors in the file, each with its place."""
    return [ConfigurationError(**_place(line)) for line in reading.problems] if reading else []


def _node(name: str, reading: ConfigReadResult | None) -> NodeReloaded:
    done = reading.done if reading else None
    return NodeReloaded(
        **_changes(done or _NO_CHANGES),
        name=name,
        state="reloaded" if done else "refused" if reading else "pending",
        errors=configuration_errors(reading),
    )


def _changes(done: Reloaded) -> dict[str, list[str]]:
    return {
        "added": done.added,
        "changed": done.changed,
        "removed": done.removed,
        "sections": done.sections,
        "needs_restart": done.needs_restart,
    }


def _place(line: str) -> dict[str, str]:
    """Split `simpost.toml:14: routes[0].carrier: no carrier 'two'` into place and reason."""
    at, mark, reason = line.partition(": ")
    return {"at": at, "reason": reason} if mark else {"at": "", "reason": line}
