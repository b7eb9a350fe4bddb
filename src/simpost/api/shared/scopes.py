"""The scope that a key needs for each endpoint of the native API: the only place that says it.

An endpoint that is missing here stops the process at its start, and fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simpost.domain.api_keys import KeyScope

ADMIN_PATHS: Final = "/v1/admin/"
"""All endpoints below need the scope `admin`."""

ENDPOINTS: Final[Mapping[KeyScope | None, tuple[str, ...]]] = {
    KeyScope.MESSAGES_WRITE: (
        "POST /v1/messages",
        "DELETE /v1/messages/{id}",
        "GET /v1/bulk-jobs",
        "POST /v1/bulk-jobs",
        "GET /v1/bulk-jobs/{id}",
        "GET /v1/bulk-jobs/{id}/items",
        "POST /v1/bulk-jobs/{id}/stop",
        "POST /v1/needs-a-person/try-again",
        "POST /v1/needs-a-person/cancel",
    ),
    KeyScope.MESSAGES_READ: (
        "GET /v1/messages",
        "GET /v1/messages/export",
        "GET /v1/messages/{id}",
        "GET /v1/messages/{id}/exchanges",
        "GET /v1/message-counts",
        "GET /v1/look-up",
        "GET /v1/needs-a-person",
        "GET /v1/refusals",
        "GET /v1/inbound",
        "GET /v1/inbound/{id}",
        "GET /v1/esims/{esimTranNo}/conversation",
    ),
    KeyScope.EVENTS_READ: ("GET /v1/events", "GET /v1/events/stream"),
    KeyScope.TEMPLATES: (
        "POST /v1/templates",
        "GET /v1/templates",
        "GET /v1/templates/{name}",
        "DELETE /v1/templates/{name}",
        "GET /v1/templates/{name}/versions/{version}",
        "GET /v1/templates/{name}/preview",
        "POST /v1/templates/{name}/render",
    ),
    KeyScope.PREFERENCES: (
        "GET /v1/preferences",
        "PATCH /v1/preferences",
        "GET /v1/preferences/history",
        "POST /v1/preferences/import",
        "GET /v1/preferences/flags",
        "DELETE /v1/preferences/flags/{id}",
        "GET /v1/esims/{esimTranNo}/preferences",
        "PATCH /v1/esims/{esimTranNo}/preferences",
        "GET /v1/esims/{esimTranNo}/preferences/history",
    ),
    KeyScope.WEBHOOKS: (
        "POST /v1/webhooks",
        "GET /v1/webhooks",
        "GET /v1/webhooks/{webhookId}",
        "PATCH /v1/webhooks/{webhookId}",
        "DELETE /v1/webhooks/{webhookId}",
        "POST /v1/webhooks/{webhookId}/pause",
        "POST /v1/webhooks/{webhookId}/resume",
        "POST /v1/webhooks/{webhookId}/rotate-secret",
        "POST /v1/webhooks/{webhookId}/test",
        "POST /v1/webhooks/{webhookId}/replay",
        "GET /v1/webhooks/{webhookId}/deliveries",
    ),
    KeyScope.CODES: (
        "POST /v1/verifications",
        "GET /v1/verifications",
        "GET /v1/verification-ratios",
        "GET /v1/verifications/{id}",
        "DELETE /v1/verifications/{id}",
        "POST /v1/verifications/{id}/check",
    ),
    KeyScope.LIFECYCLE: (
        "GET /v1/esims",
        "POST /v1/esims/tags",
        "PUT /v1/esims/{esimTranNo}/tags",
        "GET /v1/esims/{esimTranNo}",
        "GET /v1/esims/{esimTranNo}/events",
        "POST /v1/esims/{esimTranNo}/events",
        "POST /v1/lifecycle/events",
        "POST /v1/lifecycle/sources",
        "GET /v1/lifecycle/sources",
        "DELETE /v1/lifecycle/sources/{sourceId}",
        "GET /v1/lifecycle/errors",
    ),
    KeyScope.AUTOMATIONS: (
        "GET /v1/automations",
        "GET /v1/automations/{name}",
        "PUT /v1/automations/{name}",
        "DELETE /v1/automations/{name}",
        "GET /v1/automations/{name}/runs",
        "POST /v1/automations/{name}/preview",
    ),
    KeyScope.BROADCASTS: (
        "GET /v1/broadcasts",
        "POST /v1/broadcasts",
        "GET /v1/broadcast-files",
        "POST /v1/broadcast-files",
        "DELETE /v1/broadcast-files/{id}",
        "GET /v1/broadcast-files/{id}/rows",
        "GET /v1/broadcasts/{id}",
        "POST /v1/broadcasts/{id}/pause",
        "POST /v1/broadcasts/{id}/resume",
        "POST /v1/broadcasts/{id}/cancel",
        "GET /v1/broadcasts/{id}/recipients",
    ),
    KeyScope.CONVERSATIONS: (
        "GET /v1/conversations",
        "POST /v1/conversations",
        "GET /v1/conversations/{id}",
        "PATCH /v1/conversations/{id}",
        "GET /v1/conversations/{id}/entries",
        "POST /v1/conversations/{id}/replies",
        "PUT /v1/conversations/{id}/replies/{messageId}",
        "POST /v1/conversations/{id}/notes",
        "GET /v1/conversations/{id}/notes",
    ),
    KeyScope.MCP: ("GET /v1/mcp", "POST /v1/mcp/calls"),
    None: ("POST /v1/keys", "GET /v1/keys", "DELETE /v1/keys/{id}"),
}
"""`None`: only with the secret of the account, with no key."""

SCOPES: Final[Mapping[str, KeyScope | None]] = {
    endpoint: scope for scope, endpoints in ENDPOINTS.items() for endpoint in endpoints
}


def required_scope(method: str, path: str) -> KeyScope | None:
    """The scope for the route with this path; `None` if no key may call it.

    Raises KeyError for an endpoint that is not listed.
    """
    if path.startswith(ADMIN_PATHS):
        return KeyScope.ADMIN
    return SCOPES[f"{method.upper()} {path}"]


def needs_scope(path: str) -> bool:
    """Whether keys are a credential of this path: not for health and the OpenAPI document."""
    return path.startswith("/v1/")
