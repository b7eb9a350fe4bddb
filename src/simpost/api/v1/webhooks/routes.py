"""/v1/webhooks: endpoints that receive the events of the account."""

# ruff: noqa: FAST003  the id in the path is parsed by a dependency

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.problems import invalid
from simpost.api.shared.schemas import Schema, to_ms
from simpost.api.v1.webhooks.schemas import (
    DeliveryAttemptOut,
    DeliveryPage,
    NewWebhook,
    ReplayOut,
    ReplayRequest,
    SecretRotation,
    WebhookList,
    WebhookOut,
    WebhookPatch,
    WebhookWithSecret,
    show_attempt,
    show_delivery,
    webhook_fields,
)
from simpost.domain.messages import parse_id
from simpost.domain.webhooks import DeliveryState, WebhookEndpoint
from simpost.errors import InvalidRequest, NotFound, UnknownWebhook
from simpost.features.webhooks.replay import ReplayFilter
from simpost.ports.store import DeliveryFilter, EndpointChange

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


class DeliveryQuery(Schema):
    """`before` is the `next` of the page before."""

    state: DeliveryState | None = None
    before: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
    limit: Annotated[int, Field(ge=1, le=50)] = 50


async def _parse_endpoint_id(
    webhookId: str,  # noqa: N803  as it stands in the path
    _account: Caller,
) -> bytes:
    """The id; wrong credentials are refused first. Raises UnknownWebhook."""
    endpoint_id = parse_id(webhookId)
    if endpoint_id is None:
        raise UnknownWebhook
    return endpoint_id


EndpointId = Annotated[bytes, Depends(_parse_endpoint_id)]


def _show(endpoint: WebhookEndpoint) -> WebhookOut:
    return WebhookOut(**webhook_fields(endpoint))


def _refused(error: InvalidRequest) -> Exception:
    """What an endpoint may not be, as a problem."""
    return error if isinstance(error, NotFound) else invalid(str(error))


@router.get("", summary="List webhook endpoints")
async def list_webhooks(account: Caller, services: ServicesDep) -> WebhookList:
    """The oldest first."""
    found = await services.webhooks.list_all(account)
    return WebhookList(webhooks=[_show(each) for each in found])


@router.post(
    "",
    status_code=201,
    summary="Add a webhook endpoint",
    responses={
        200: {"model": WebhookWithSecret, "description": "An equal endpoint exists: without secret"}
    },
)
async def add_webhook(
    new: NewWebhook, account: Caller, services: ServicesDep, response: Response
) -> WebhookWithSecret:
    """It receives events from now on. An equal endpoint is returned with 200, without secret."""
    try:
        endpoint, is_new = await services.webhooks.add(
            account,
            new.url,
            description=new.description,
            types=tuple(new.event_types),
            categories=tuple(new.categories),
            batch=new.batch,
        )
    except InvalidRequest as error:
        raise _refused(error) from None
    if not is_new:
        response.status_code = 200
    secret = endpoint.secret if is_new else None
    return WebhookWithSecret(**webhook_fields(endpoint), secret=secret)


@router.get("/{webhookId}", summary="Read a webhook endpoint")
async def get_webhook(
    endpoint_id: EndpointId, account: Caller, services: ServicesDep
) -> WebhookOut:
    """With its counts, and since when it fails."""
    return _show(await services.webhooks.find(account, endpoint_id))


@router.patch("/{webhookId}", summary="Change a webhook endpoint")
async def change_webhook(
    endpoint_id: EndpointId,
    changes: WebhookPatch,
    account: Caller,
    services: ServicesDep,
) -> WebhookOut:
    """Only the given fields change. Events that wait are sent to the new URL."""
    change = EndpointChange(
        url=changes.url,
        description=changes.description,
        types=None if changes.event_types is None else tuple(changes.event_types),
        categories=None if changes.categories is None else tuple(changes.categories),
        batch=changes.batch,
    )
    try:
        endpoint = await services.webhooks.change(account, endpoint_id, change)
    except InvalidRequest as error:
        raise _refused(error) from None
    return _show(endpoint)


@router.delete("/{webhookId}", summary="Delete a webhook endpoint")
async def delete_webhook(
    endpoint_id: EndpointId, account: Caller, services: ServicesDep
) -> WebhookOut:
    """Its pending deliveries become `endpoint_gone`. Returns the endpoint as it was."""
    endpoint = await services.webhooks.find(account, endpoint_id)
    await services.webhooks.delete(account, endpoint.id)
    return _show(endpoint)


@router.post("/{webhookId}/pause", summary="Pause a webhook endpoint")
async def pause_webhook(
    endpoint_id: EndpointId, account: Caller, services: ServicesDep
) -> WebhookOut:
    """Events wait until it is resumed."""
    return _show(await services.webhooks.pause(account, endpoint_id))


@router.post("/{webhookId}/resume", summary="Resume a webhook endpoint")
async def resume_webhook(
    endpoint_id: EndpointId, account: Caller, services: ServicesDep
) -> WebhookOut:
    """Also one that was disabled or is gone. Waiting events are sent first."""
    return _show(await services.webhooks.resume(account, endpoint_id))


@router.post("/{webhookId}/rotate-secret", summary="Replace the secret of a webhook endpoint")
async def rotate_webhook_secret(
    endpoint_id: EndpointId,
    rotation: SecretRotation,
    account: Caller,
    services: ServicesDep,
) -> WebhookWithSecret:
    """Both secrets sign during the overlap. The response is the only one that shows the new one."""
    endpoint = await services.webhooks.rotate_secret(
        account, endpoint_id, overlap_s=rotation.overlap_seconds
    )
    return WebhookWithSecret(**webhook_fields(endpoint), secret=endpoint.secret)


@router.post("/{webhookId}/test", summary="Send a test event to a webhook endpoint")
async def test_webhook(
    endpoint_id: EndpointId, account: Caller, services: ServicesDep
) -> DeliveryAttemptOut:
    """Sends `webhook.test` once, now, and returns what the endpoint answered."""
    return show_attempt(await services.webhooks.test(account, endpoint_id))


@router.post("/{webhookId}/replay", summary="Send events to a webhook endpoint again")
async def replay_events(
    endpoint_id: EndpointId,
    request: ReplayRequest,
    account: Caller,
    services: ServicesDep,
) -> ReplayOut:
    """At most 10,000 events. A paused endpoint gets them when it is resumed."""
    if not request.model_fields_set:
        raise invalid("Give eventIds, a range, eventTypes or a state.")
    which = ReplayFilter(
        event_ids=tuple(request.event_ids or ()),
        after=request.after,
        before=request.before,
        from_ms=to_ms(request.from_) if request.from_ else None,
        to_ms=to_ms(request.to) if request.to else None,
        types=tuple(request.event_types or ()),
        exhausted=request.state is not None,
    )
    try:
        count, next_ = await services.webhooks.replay(account, endpoint_id, which)
    except InvalidRequest as error:
        raise _refused(error) from None
    return ReplayOut(replayed=count, next=next_)


@router.get("/{webhookId}/deliveries", summary="List deliveries that needed more than one attempt")
async def list_deliveries(
    endpoint_id: EndpointId,
    query: Annotated[DeliveryQuery, Query()],
    account: Caller,
    services: ServicesDep,
) -> DeliveryPage:
    """The newest event first."""
    which = DeliveryFilter(
        endpoint_id=endpoint_id,
        states=(query.state,) if query.state else tuple(DeliveryState),
        before=query.before,
        limit=query.limit + 1,
    )
    found = await services.webhooks.deliveries(account, which)
    shown = found[: query.limit]
    return DeliveryPage(
        deliveries=[show_delivery(each) for each in shown],
        next=shown[-1].sequence if len(found) > query.limit else None,
    )
