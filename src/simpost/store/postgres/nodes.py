"""The cluster port on PostgreSQL, over two connections of its own.

A late heartbeat costs a node its binds, so it must not wait behind a batch of messages.
"""

from __future__ import annotations

from collections.abc import Sequence

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
from simpost.store.postgres.batch_queue import BatchQueue
from simpost.store.postgres.connection import ManagedConnection, PostgresSession
from simpost.store.postgres.dsn import parse
from simpost.store.postgres.failures import translating
from simpost.store.records.row import NamedRow

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
                parameters = (node.name, node.run, roles, node.version, node.lease_s)
                if await session.execute("register_node", *parameters):
                    return None
                found = [each for each in await _nodes(session) if each.name == node.name]
        return found[0] if found else await self.register(node)

    async def beat(self, beat: Heartbeat) -> ClusterView | None:
        with translating():
            async with self._beats.use() as session, session.transaction():
                report = _encode(beat.report).decode()
                if not await session.execute("beat", beat.name, beat.run, report):
                    return None
                if beat.release:
                    await session.execute("release_leases", beat.name, sorted(beat.release))
                if beat.acquire:
                    await session.execute("acquire_leases", beat.name, sorted(beat.acquire))
                (cluster,) = await session.execute("clock_and_versions")
                return ClusterView(
                    now_ms=cluster["now_ms"],
                    nodes=await _nodes(session),
                    leases={
                        row["thing"]: row["node"] for row in await session.execute("list_leases")
                    },
                    accounts_version=cluster["accounts_version"],
                    orders=[CarrierOrder(**row) for row in await session.execute("list_orders")],
                    reloads=cluster["reloads"],
                )

    async def leave(self, name: str, run: bytes) -> None:
        with translating():
            async with self._beats.use() as session, session.transaction():
                if await session.execute("remove_node", name, run):
                    await session.execute("release_all_leases", name)

    async def evict(self, node: NodeRow) -> bool:
        with translating():
            async with self._beats.use() as session, session.transaction():
                gone = await session.execute("evict_node", node.name, node.run, node.serial)
                if gone:
                    await session.execute("release_all_leases", node.name)
        return bool(gone)

    async def alive(self) -> list[str]:
        with translating():
            async with self._beats.use() as session:
                return [row["name"] for row in await session.execute("nodes_alive")]

    async def abandoned(self) -> list[str]:
        with translating():
            async with self._beats.use() as session:
                return [row["owner"] for row in await session.execute("abandoned_nodes")]

    async def order(self, carrier: str, *, unbind: bool) -> None:
        with translating():
            async with self._beats.use() as session:
                await session.execute("set_order", carrier, unbind)

    async def cancel_order(self, carrier: str) -> None:
        with translating():
            async with self._beats.use() as session:
                await session.execute("cancel_order", carrier)

    async def order_reload(self) -> int:
        with translating():
            async with self._beats.use() as session, session.transaction():
                (order,) = await session.execute("order_reload")
                await session.execute("notify", f"\n{RELOAD_ORDERED}")
        return int(order["version"])

    async def draw(self, draw: TokenRequest) -> TokenGrant:
        return await self._draws.submit(_draw, draw)


async def _nodes(session: PostgresSession) -> list[NodeRow]:
    return [_node(row) for row in await session.execute("list_nodes")]


def _node(row: NamedRow) -> NodeRow:
    return NodeRow(
        name=row["name"],
        run=row["run"],
        roles=tuple(row["roles"].split(",")),
        version=row["version"],
        lease_s=row["lease_s"],
        started_ms=row["started_ms"],
        beat_ms=row["beat_ms"],
        serial=row["serial"],
        report=_report(row["report"]),
    )


def _report(text: str) -> Report:
    """An empty report if another version wrote it in a form that this one cannot read."""
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError:
        return Report()


async def _draw(session: PostgresSession, draws: Sequence[TokenRequest]) -> list[TokenGrant]:
    return [await _draw_one(session, each) for each in draws]


async def _draw_one(session: PostgresSession, one: TokenRequest) -> TokenGrant:
    parameters = (one.account_id, one.rate_per_s, one.burst, one.wanted)
    rows = await session.execute("take_tokens", *parameters)
    if not rows:
        await session.execute("create_bucket", one.account_id, one.burst)
        rows = await session.execute("take_tokens", *parameters)
    grant = rows[0]
    return TokenGrant(grant["tokens"], grant["missing"] / one.rate_per_s)
