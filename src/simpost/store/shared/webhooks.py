"""Webhook endpoints: added, changed, leased to a node, and how far their events were delivered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import asdict, replace

from simpost.domain.messages import format_id
from simpost.domain.webhooks import EndpointFormat, EndpointState, EventDelivery, WebhookEndpoint
from simpost.errors import InvalidRequest
from simpost.ports.store.webhooks import DeliveryFilter, DeliveryRound, EndpointChange
from simpost.store.records.webhooks import (
    endpoint_of,
    endpoint_row,
    seal_secret,
    words,
)
from simpost.store.secret_box import SecretBox
from simpost.store.shared import webhook_deliveries as deliveries
from simpost.store.shared.steps import SharedDatabase, Steps

_MOST: Final = 2**31 - 1

SQL: Final = {
    # Holds the account until the commit: of several nodes one at a time adds or changes.
    "lock": """
        UPDATE event_logs SET last_sequence = last_sequence WHERE account_id = $1
        RETURNING last_sequence
    """,
    "list": """
        SELECT * FROM webhook_endpoints WHERE account_id = $1 ORDER BY id
    """,
    "find": """
        SELECT * FROM webhook_endpoints WHERE account_id = $1 AND id = $2
    """,
    "add": """
        INSERT INTO webhook_endpoints (account_id, id, digest, url, description, format, types,
          categories, batch, state, sealed_secret, created_ms, cursor, failures, next_ms,
          delivered, exhausted, skipped, owner, lease_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0, 0, 0, 0, '', 0)
    """,
    # Enabled again, it is tried at once.
    "change": """
        UPDATE webhook_endpoints SET digest = $3, url = $4, description = $5, types = $6,
          categories = $7, batch = $8, state = $9,
          failures = CASE WHEN $9 = state THEN failures ELSE 0 END,
          failing_since_ms = CASE WHEN $9 = state THEN failing_since_ms END,
          next_ms = CASE WHEN $9 = state THEN next_ms ELSE 0 END
        WHERE account_id = $1 AND id = $2
        RETURNING *
    """,
    "rotate": """
        UPDATE webhook_endpoints SET sealed_old_secret = sealed_secret, sealed_secret = $3,
          old_secret_until_ms = $4
        WHERE account_id = $1 AND id = $2
        RETURNING *
    """,
    "delete": "DELETE FROM webhook_endpoints WHERE account_id = $1 AND id = $2 RETURNING id",
    "any": "SELECT id FROM webhook_endpoints WHERE account_id > $1 LIMIT 1",
    "claim": """
        UPDATE webhook_endpoints SET owner = $1, lease_ms = $3
        WHERE lease_ms <= $2 AND (account_id, id) IN (
          SELECT e.account_id, e.id FROM webhook_endpoints AS e
          JOIN event_logs AS l ON l.account_id = e.account_id
          WHERE e.state = 'enabled' AND e.lease_ms <= $2 AND e.next_ms <= $2
            AND e.failures BETWEEN $5 AND $6
            AND (e.cursor < l.last_sequence OR EXISTS (
              SELECT 1 FROM webhook_deliveries AS d
              WHERE d.account_id = e.account_id AND d.endpoint_id = e.id AND d.due_ms <= $2))
          ORDER BY e.lease_ms LIMIT $4)
        RETURNING *, EXISTS (
          SELECT 1 FROM webhook_deliveries AS d
          WHERE d.account_id = webhook_endpoints.account_id
            AND d.endpoint_id = webhook_endpoints.id AND d.due_ms <= $2) AS has_due
    """,
    "release": "UPDATE webhook_endpoints SET lease_ms = $2 WHERE owner = $1 AND lease_ms > $2",
    "record": """
        UPDATE webhook_endpoints SET cursor = $4, failures = $5, failing_since_ms = $6,
          noticed_ms = $7, next_ms = $8, delivered = delivered + $9, exhausted = exhausted + $10,
          skipped = skipped + $11, lease_ms = $12, recovered_ms = $15,
          state = CASE WHEN state = 'enabled' THEN $13 ELSE state END
        WHERE account_id = $1 AND id = $2 AND owner = $3 AND lease_ms > $14
        RETURNING *
    """,
    "notice": """
        INSERT INTO added_events (account_id, type, subject, at_ms, data)
        VALUES ($1, $2, $3, $4, $5)
    """,
}


class StoredWebhooks:
    """Implements `simpost.ports.store.WebhookStore`."""

    def __init__(self, database: SharedDatabase, box: SecretBox) -> None:
        self._database = database
        self._box = box

    async def add_endpoint(
        self, endpoint: WebhookEndpoint, *, limit: int
    ) -> tuple[WebhookEndpoint, bool]:
        return await self._database.transact(_add, endpoint, limit, self._box)

    async def list_endpoints(self, account_id: int) -> list[WebhookEndpoint]:
        return await self._database.query(_list, account_id, self._box)

    async def find_endpoint(self, account_id: int, endpoint_id: bytes) -> WebhookEndpoint | None:
        return await self._database.query(_find, account_id, endpoint_id, self._box)

    async def change_endpoint(
        self, account_id: int, endpoint_id: bytes, change: EndpointChange
    ) -> WebhookEndpoint | None:
        return await self._database.transact(_change, account_id, endpoint_id, change, self._box)

    async def rotate_secret(
        self, account_id: int, endpoint_id: bytes, secret: str, *, old_until_ms: int
    ) -> WebhookEndpoint | None:
        sealed = seal_secret(self._box, endpoint_id, secret)
        return await self._database.transact(
            _rotate, (account_id, endpoint_id, sealed, old_until_ms), self._box
        )

    async def delete_endpoint(self, account_id: int, endpoint_id: bytes, *, now_ms: int) -> bool:
        return await self._database.transact(_delete, account_id, endpoint_id, now_ms)

    async def has_endpoints(self) -> bool:
        return await self._database.query(_has_endpoints)

    async def claim_endpoints(
        self, owner: str, *, failing: bool, now_ms: int, lease_ms: int, limit: int
    ) -> list[WebhookEndpoint]:
        failures = (1, _MOST) if failing else (0, 0)
        facts = (owner, now_ms, lease_ms, limit, *failures)
        return await self._database.transact(_claim, facts, self._box)

    async def release_endpoints(self, owner: str, *, now_ms: int) -> None:
        await self._database.transact(_release, owner, now_ms)

    async def due_deliveries(
        self, account_id: int, endpoint_id: bytes, *, now_ms: int, limit: int
    ) -> list[EventDelivery]:
        return await self._database.query(deliveries.due, account_id, endpoint_id, now_ms, limit)

    async def record_round(self, done: DeliveryRound) -> WebhookEndpoint | None:
        return await self._database.transact(_record, done, self._box)

    async def list_deliveries(self, account_id: int, which: DeliveryFilter) -> list[EventDelivery]:
        return await self._database.query(deliveries.find, account_id, which)

    async def add_deliveries(self, deliveries_: Sequence[EventDelivery]) -> None:
        await self._database.transact(deliveries.save, deliveries_)

    async def delete_deliveries(self, *, before_ms: int, limit: int) -> int:
        return await self._database.transact(deliveries.delete, before_ms, limit)


def _add(
    endpoint: WebhookEndpoint, limit: int, box: SecretBox
) -> Steps[tuple[WebhookEndpoint, bool]]:
    [log] = yield SQL["lock"], (endpoint.account_id,)
    present = yield from _list(endpoint.account_id, box)
    for each in present:
        if each.key == endpoint.key and endpoint.format is not EndpointFormat.NOTIFY:
            return each, False
        if each.format is endpoint.format is EndpointFormat.NOTIFY:
            after = replace(each, url=endpoint.url, state=EndpointState.ENABLED)
            return (yield from _write(after, box)), False
    if len(present) >= limit:
        raise InvalidRequest(f"an account may have {limit} webhook endpoints")
    yield SQL["add"], endpoint_row(endpoint, box, log["last_sequence"])
    [row] = yield SQL["find"], (endpoint.account_id, endpoint.id)
    return endpoint_of(row, box), True


def _list(account_id: int, box: SecretBox) -> Steps[list[WebhookEndpoint]]:
    rows = yield SQL["list"], (account_id,)
    return [endpoint_of(row, box) for row in rows]


def _find(account_id: int, endpoint_id: bytes, box: SecretBox) -> Steps[WebhookEndpoint | None]:
    rows = yield SQL["find"], (account_id, endpoint_id)
    return endpoint_of(rows[0], box) if rows else None


def _change(
    account_id: int, endpoint_id: bytes, change: EndpointChange, box: SecretBox
) -> Steps[WebhookEndpoint | None]:
    yield SQL["lock"], (account_id,)
    present = yield from _list(account_id, box)
    before = next((each for each in present if each.id == endpoint_id), None)
    if before is None:
        return None
    given = {name: value for name, value in asdict(change).items() if value is not None}
    after = replace(before, **given)
    if any(each.key == after.key for each in present if each is not before):
        raise InvalidRequest("there is an endpoint with this URL and these filters")
    return (yield from _write(after, box))


def _write(after: WebhookEndpoint, box: SecretBox) -> Steps[WebhookEndpoint]:
    [row] = yield (
        SQL["change"],
        (
            after.account_id,
            after.id,
            after.key,
            after.url,
            after.description,
            words(after.types),
            words(after.categories),
            after.batch,
            after.state,
        ),
    )
    return endpoint_of(row, box)


def _rotate(change: tuple[int, bytes, str, int], box: SecretBox) -> Steps[WebhookEndpoint | None]:
    rows = yield SQL["rotate"], change
    return endpoint_of(rows[0], box) if rows else None


def _delete(account_id: int, endpoint_id: bytes, now_ms: int) -> Steps[bool]:
    deleted = yield SQL["delete"], (account_id, endpoint_id)
    if deleted:
        yield from deliveries.end(account_id, endpoint_id, now_ms)
    return bool(deleted)


def _has_endpoints() -> Steps[bool]:
    return bool((yield SQL["any"], (0,)))


def _claim(facts: tuple[str | int, ...], box: SecretBox) -> Steps[list[WebhookEndpoint]]:
    rows = yield SQL["claim"], facts
    return [replace(endpoint_of(row, box), has_due=bool(row["has_due"])) for row in rows]


def _release(owner: str, now_ms: int) -> Steps[None]:
    yield SQL["release"], (owner, now_ms)


def _record(done: DeliveryRound, box: SecretBox) -> Steps[WebhookEndpoint | None]:
    endpoint = done.endpoint
    rows = yield (
        SQL["record"],
        (
            endpoint.account_id,
            endpoint.id,
            done.owner,
            endpoint.cursor,
            endpoint.failures,
            endpoint.failing_since_ms,
            endpoint.noticed_ms,
            endpoint.next_ms,
            endpoint.delivered,
            endpoint.exhausted,
            endpoint.skipped,
            done.lease_ms,
            endpoint.state,
            done.now_ms,
            endpoint.recovered_ms,
        ),
    )
    if not rows:
        return None
    yield from deliveries.save(done.deliveries)
    if endpoint.state is EndpointState.GONE:
        yield from deliveries.end(endpoint.account_id, endpoint.id, done.now_ms)
    for type_ in done.notices:
        data = msgspec.json.encode({"url": endpoint.url, "failures": endpoint.failures}).decode()
        subject = format_id(endpoint.id)
        yield SQL["notice"], (endpoint.account_id, type_, subject, done.now_ms, data)
    return endpoint_of(rows[0], box)
