"""The SIM management API of 1NCE, version 2: `v2/sims/{iccid}/sms`.

Source: the OpenAPI documents of 1NCE (github.com/api-evangelist/1nce). Messages have the form of
emnify. `source_address` is accepted and not used. Calls that are not answered with 200 are repeated
for 24 hours (help.1nce.com, "SMS Forwarder").
"""

from __future__ import annotations

from simpost.carriers.http.credentials import JSON_HEADERS, basic
from simpost.carriers.http.emnify import EmnifyMessages
from simpost.carriers.http.emnify_callbacks import EmnifyCallbacks
from simpost.carriers.http.upstream import LogIn, UpstreamRequest
from simpost.config.once_carrier import OnceCarrierSettings


class Once(EmnifyMessages):
    """One SMS to a SIM, by its ICCID."""

    def __init__(self, settings: OnceCarrierSettings) -> None:
        callbacks = EmnifyCallbacks("endpoint.name")
        super().__init__(f"{settings.base_url}/v2/sims/", settings, callbacks)
        headers = {
            **JSON_HEADERS,
            "Authorization": basic(settings.username, settings.password.get_secret_value()),
        }
        request = UpstreamRequest(
            "POST",
            f"{settings.base_url}/oauth/token",
            headers,
            b'{"grant_type":"client_credentials"}',
        )
        self.log_in = LogIn(request, {"Authorization": "Bearer {access_token}"}, "expires_in")
