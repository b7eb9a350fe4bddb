"""/v1/webhooks: endpoints that receive the events of the account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
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
from simpost.domain.webhooks import DeliveryState
from simpost.errors import InvalidRequest, NotFound, UnknownWebhook
from simpost.features.webhooks.replay import ReplayFilter
from simpost.ports.store import DeliveryFilter, EndpointChange

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


class DeliveryQuery(Schema):
    """`before` is the `next` of the page before."""

    state: DeliveryState | None = None
    before: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
    limit: Annotated[int, Field(ge=1, le=50)] = 50


def _endpoint_id(text: str) -> bytes:
    endpoint_id = parse_id(text)
    if endpoint_id is None:
        raise UnknownWebhook
    return endpoint_id


def _refused(error: InvalidRequest) -> Exception:
    """What an endpoint may not be, as a problem."""
    return error if isinstance(error, NotFound) else invalid(str(error))


@router.get("", summary="List webhook endpoints")
async def list_webhooks(account: Caller, services: ServicesDep) -> WebhookList:
    """The oldest first."""
    found = await services.webhooks.list_all(account)
    return WebhookList(webhooks=[WebhookOut(**webhook_fields(each)) for each in found])


@router.post("", status_code=201, summary="Add a webhook endpoint")
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


@router.get("/{id}", summary="Read a webhook endpoint")
async def get_webhook(id: str, account: Caller, services: ServicesDep) -> WebhookOut:  # noqa: A002
    """With its counts, and since when it fails."""
    return WebhookOut(**webhook_fields(await services.webhooks.find(account, _endpoint_id(id))))


@router.patch("/{id}", summary="Change a webhook endpoint")
async def change_webhook(
    id: str,  # noqa: A002
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
        endpoint = await services.webhooks.change(account, _endpoint_id(id), change)
    except InvalidRequest as error:
        raise _refused(error) from None
    return WebhookOut(**webhook_fields(endpoint))


@router.delete("/{id}", summary="Delete a webhook endpoint")
async def delete_webhook(id: str, account: Caller, services: ServicesDep) -> WebhookOut:  # noqa: A002
    """Its pending deliveries become `endpoint_gone`. Returns the endpoint as it was."""
    endpoint = await services.webhooks.find(account, _endpoint_id(id))
    await services.webhooks.delete(account, endpoint.id)
    return WebhookOut(**webhook_fields(endpoint))


@router.post("/{id}/pause", summary="Pause a webhook endpoint")
async def pause_webhook(id: str, account: Caller, services: ServicesDep) -> WebhookOut:  # noqa: A002
    """Events wait until it is resumed."""
    return WebhookOut(**webhook_fields(await services.webhooks.pause(account, _endpoint_id(id))))


@router.post("/{id}/resume", summary="Resume a webhook endpoint")
async def resume_webhook(id: str, account: Caller, services: ServicesDep) -> WebhookOut:  # noqa: A002
    """Also one that was disabled or is gone. Waiting events are sent first."""
    return WebhookOut(**webhook_fields(await services.webhooks.resume(account, _endpoint_id(id))))


@router.post("/{id}/rotate-secret", summary="Replace the secret of a webhook endpoint")
async def rotate_webhook_secret(
    id: str,  # noqa: A002
    rotation: SecretRotation,
    account: Caller,
    services: ServicesDep,
) -> WebhookWithSecret:
    """Both secrets sign during the overlap. The response is the only one that shows the new one."""
    endpoint = await services.webhooks.rotate_secret(
        account, _endpoint_id(id), overlap_s=rotation.overlap_seconds
    )
    return WebhookWithSecret(**webhook_fields(endpoint), secret=endpoint.secret)


@router.post("/{id}/test", summary="Send a test event to a webhook endpoint")
async def test_webhook(id: str, account: Caller, services: ServicesDep) -> DeliveryAttemptOut:  # noqa: A002
    """Sends `webhook.test` once, now, and returns what the endpoint answered."""
    return show_attempt(await services.webhooks.test(account, _endpoint_id(id)))


@router.post("/{id}/replay", summary="Send events to a webhook endpoint again")
async def replay_events(
    id: str,  # noqa: A002
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
        count, next_ = await services.webhooks.replay(account, _endpoint_id(id), which)
    except InvalidRequest as error:
        raise _refused(error) from None
    return ReplayOut(replayed=count, next=next_)


@router.get("/{id}/deliveries", summary="List deliveries that needed more than one attempt")
async def list_deliveries(
    id: str,  # noqa: A002
    query: Annotated[DeliveryQuery, Query()],
    account: Caller,
    services: ServicesDep,
) -> DeliveryPage:
    """The newest event first."""
    which = DeliveryFilter(
        endpoint_id=_endpoint_id(id),
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
