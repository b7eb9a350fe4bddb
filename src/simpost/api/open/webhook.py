"""webhook/save and webhook/query: the webhook address of an account."""

from __future__ import annotations

import msgspec

from simpost.api.open.envelope import ApiError, ApiResponse, Code
from simpost.api.open.parameters import Given, bounded, is_blank, parse_body
from simpost.api.open.request import AuthenticatedRequest
from simpost.errors import InvalidRequest
from simpost.features.webhooks.compatible import save_webhook as save_endpoint
from simpost.net.address_guard import MAX_URL


class WebhookSave(msgspec.Struct, frozen=True, rename="camel"):
    """`webhookUrl` is what some clients call `webhook`."""

    webhook: Given = msgspec.UNSET
    webhook_url: Given = msgspec.UNSET


_DECODER = msgspec.json.Decoder(WebhookSave)


async def save_webhook(call: AuthenticatedRequest) -> ApiResponse:
    """Check and store the account's webhook address."""
    services = call.services
    url = _url(parse_body(call.body, _DECODER))
    try:
        await save_endpoint(
            services.webhooks,
            services.accounts,
            call.account,
            url,
            names=services.names,
            allow_private=services.allow_private_webhooks,
            checked_at_ms=services.clock_ms() if call.rules.checks_webhook else None,
        )
    except InvalidRequest as error:
        raise ApiError(Code.PARAMETER_INVALID, f"webhook: {error}") from None
    return call.rules.done


async def query_webhook(call: AuthenticatedRequest) -> ApiResponse:
    """The account's webhook address."""
    return call.rules.result({"webhook": call.account.webhook})


def _url(parameters: WebhookSave) -> str:
    if parameters.webhook is msgspec.UNSET and parameters.webhook_url is msgspec.UNSET:
        raise ApiError(Code.PARAMETER_MISSING, "webhook is missing")
    url = parameters.webhook_url if is_blank(parameters.webhook) else parameters.webhook
    if not url or url.isspace():
        raise ApiError(Code.PARAMETER_NULL, "webhook is null or blank")
    return bounded("webhook", url, MAX_URL)
