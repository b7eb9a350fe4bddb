"""What nodes share, on PostgreSQL: two connections of their own, so that no beat waits in a queue.

A beat that comes late costs a node its binds; it must not stand behind a batch of messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from simpost.ports.cluster import (
    RELOAD_ORDERED,
    CarrierOrder,
    ClusterView,
    Heartbeat,
    NewNode,
    NodeRow,
    Report,
    TokenGrant,
    TokenRequest,
)
from simpost.store.postgres.batching import BatchQueue
from simpost.store.postgres.connection import ManagedConnection, PostgresSession
from simpost.store.postgres.dsn import parse
from simpost.store.postgres.failures import translating

_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Report)


class PostgresNodes:
    """Implements `simpost.ports.cluster.ClusterStore`, on a database that a store has migrated."""

    def __init__(self, url: str, *, node: str) -> None:
        address = parse(url)
        self._beats = ManagedConnection(address, node=node)
        self._draws = BatchQueue(ManagedConnection(address, node=node))

    async def close(self) -> None:
        await self._beats.close()
        await self._draws.close()

    async def register(self, node: NewNode) -> NodeRow | None:
        with translating():
            async with self._beats.use() as session, session.transaction():
                roles = ",".join(node.roles)
                facts = (node.name, node.run, roles, node.version, node.lease_s)
                if await session.ask("enter_node", *facts):
                    return None
                found = [each for each in await _nodes(session) if each.name == node.name]
        return found[0] if found else await self.register(node)

    async def beat(self, beat: Heartbeat) -> ClusterView | None:
        with translating():
            async with self._beats.use() as session, session.transaction():
                report = _encode(beat.report).decode()
                if not await session.ask("beat", beat.name, beat.run, report):
                    return None
                if beat.release:
                    await session.ask("give_leases", beat.name, sorted(beat.release))
                if beat.acquire:
                    await session.ask("take_leases", beat.name, sorted(beat.acquire))
                ((now_ms, accounts, reloads),) = await session.ask("clock_and_versions")
                return ClusterView(
                    now_ms=now_ms,
                    nodes=await _nodes(session),
                    leases=dict(await session.ask("list_leases")),
                    accounts_version=accounts,
                    orders=[CarrierOrder(*row) for row in await session.ask("list_orders")],
                    reloads=reloads,
                )

    async def leave(self, name: str, run: bytes) -> None:
        with translating():
            async with self._beats.use() as session, session.transaction():
                if await session.ask("leave_node", name, run):
                    await session.ask("give_all_leases", name)

    async def evict(self, node: NodeRow) -> bool:
        with translating():
            async with self._beats.use() as session, session.transaction():
                gone = await session.ask("bury_node", node.name, node.run, node.serial)
                if gone:
                    await session.ask("give_all_leases", node.name)
        return bool(gone)

    async def abandoned(self) -> list[str]:
        with translating():
            async with self._beats.use() as session:
                return [row[0] for row in await session.ask("orphans")]

    async def order(self, carrier: str, *, unbind: bool) -> None:
        with translating():
            async with self._beats.use() as session:
                await session.ask("set_order", carrier, unbind)

    async def cancel_order(self, carrier: str) -> None:
        with translating():
            async with self._beats.use() as session:
                await session.ask("drop_order", carrier)

    async def order_reload(self) -> int:
        with translating():
            async with self._beats.use() as session, session.transaction():
                ((number,),) = await session.ask("order_reload")
                await session.ask("wake", f"\n{RELOAD_ORDERED}")
        return int(number)

    async def draw(self, draw: TokenRequest) -> TokenGrant:
        return await self._draws.submit(_draw, draw)


async def _nodes(session: PostgresSession) -> list[NodeRow]:
    return [_node(row) for row in await session.ask("list_nodes")]


def _node(row: Any) -> NodeRow:
    name, run, roles, version, lease_s, started_ms, beat_ms, serial, report = row
    return NodeRow(
        name=name,
        run=run,
        roles=tuple(roles.split(",")),
        version=version,
        lease_s=lease_s,
        started_ms=started_ms,
        beat_ms=beat_ms,
        serial=serial,
        report=_report(report),
    )


def _report(text: str) -> Report:
    """Nothing where another version writes what this one does not read."""
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError:
        return Report()


async def _draw(session: PostgresSession, draws: Sequence[TokenRequest]) -> list[TokenGrant]:
    return [await _draw_one(session, each) for each in draws]


async def _draw_one(session: PostgresSession, one: TokenRequest) -> TokenGrant:
    facts = (one.account_id, one.rate_per_s, one.burst, one.wanted)
    rows = await session.ask("draw", *facts)
    if not rows:
        await session.ask("open_pace", one.account_id, one.burst)
        rows = await session.ask("draw", *facts)
    tokens, lacking = rows[0]
    return TokenGrant(tokens, lacking / one.rate_per_s)
