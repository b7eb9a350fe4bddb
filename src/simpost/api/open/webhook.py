"""webhook/save and webhook/query: where an account wants to be told."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import aiohttp
import msgspec

from simpost.api.open.envelope import ApiError, ApiResponse, Code
from simpost.api.open.parameters import Given, bounded, is_blank, parse_body
from simpost.api.open.request import AuthenticatedRequest
from simpost.domain.accounts import AccountChange
from simpost.net.address_guard import MAX_URL, GuardedResolver, RefusedUrl, check_url

_PATIENCE = aiohttp.ClientTimeout(total=5.0)


class WebhookSave(msgspec.Struct, frozen=True, rename="camel"):
    """`webhookUrl` is what some clients call `webhook`."""

    webhook: Given = msgspec.UNSET
    webhook_url: Given = msgspec.UNSET


_DECODER = msgspec.json.Decoder(WebhookSave)


async def save_webhook(call: AuthenticatedRequest) -> ApiResponse:
    """Check and store the account's webhook address."""
    asked = parse_body(call.body, _DECODER)
    url = _url(asked)
    try:
        check_url(url, allow_private=call.services.allow_private_webhooks)
    except RefusedUrl as error:
        raise ApiError(Code.PARAMETER_INVALID, f"webhook: {error}") from None
    if call.rules.checks_webhook and not await _is_healthy(call, url):
        raise ApiError(
            Code.PARAMETER_INVALID, "webhook: CHECK_HEALTH was not answered with 200; not saved"
        )
    account = call.account
    await call.services.accounts.change(
        AccountChange(id=account.id, access_code=account.access_code, webhook=url)
    )
    return call.rules.done


async def query_webhook(call: AuthenticatedRequest) -> ApiResponse:
    """The account's webhook address."""
    return call.rules.result({"webhook": call.account.webhook})


def _url(asked: WebhookSave) -> str:
    if asked.webhook is msgspec.UNSET and asked.webhook_url is msgspec.UNSET:
        raise ApiError(Code.PARAMETER_MISSING, "webhook is missing")
    url = asked.webhook_url if is_blank(asked.webhook) else asked.webhook
    if not url or url.isspace():
        raise ApiError(Code.PARAMETER_NULL, "webhook is null or blank")
    return bounded("webhook", url, MAX_URL)


async def _is_healthy(call: AuthenticatedRequest, url: str) -> bool:
    """Whether the receiver answers CHECK_HEALTH with 200, within five seconds, itself."""
    now = datetime.fromtimestamp(call.services.clock_ms() / 1000, UTC)
    notice = {
        "notifyType": "CHECK_HEALTH",
        "notifyId": uuid.uuid4().hex,
        "eventGenerateTime": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "content": {"orderNo": "1234567890", "orderStatus": "Test"},
    }
    resolver = GuardedResolver(
        call.services.names,
        f"account {call.account.access_code}",
        allow_private=call.services.allow_private_webhooks,
    )
    connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True)
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector, timeout=_PATIENCE, cookie_jar=aiohttp.DummyCookieJar()
            ) as session,
            session.post(
                url,
                data=msgspec.json.encode(notice),
                headers={"Content-Type": "application/json", "User-Agent": "simpost"},
                allow_redirects=False,
            ) as answer,
        ):
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return False
