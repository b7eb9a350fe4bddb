"""Requests to send, with the text as it is given or rendered from a template."""

from __future__ import annotations

from typing import Final

import msgspec

from simpost.api.shared.services import Services
from simpost.api.v1.messages.body import Single, UsualMessage
from simpost.api.v1.messages.send_schema import MessageRequest
from simpost.domain.accounts import Account
from simpost.domain.reasons import Reason
from simpost.features.templates.languages import parse_tag
from simpost.features.templates.service import (
    RenderedText,
    TemplateRequest,
    TemplateVersion,
    render_version,
)
from simpost.messaging.plan import Refusal
from simpost.messaging.send_request import SendRequest

_OPT_OUT_URL: Final = "optOutUrl"


class MessageContents:
    """Makes the requests of one call; each template is read once."""

    def __init__(self, services: Services, account: Account) -> None:
        self._intake = services.intake
        self._templates = services.templates
        self._links = services.opt_out_links
        self._account = account
        self._found: dict[tuple[str, int | None], TemplateVersion | None] = {}

    async def request(
        self, send: Single, request_id: str | None, fingerprint: bytes
    ) -> SendRequest:
        """The request to send the message; refused if its template gives no text.

        A template is rendered in the language of the message, else in that of the traveller. If it
        declares the variable `optOutUrl`, it gets the link for the eSIM and the category.
        Raises StoreError.
        """
        if isinstance(send, UsualMessage):
            return send.request(request_id, fingerprint)
        text, options, refusal = send.content, send.options, None
        if (wanted := send.template_request) is not None:
            rendered = await self._render(send, wanted)
            if isinstance(rendered, Refusal):
                text, refusal = "", rendered
            else:
                text = rendered.text
                options = msgspec.structs.replace(options, template=rendered.source)
        return SendRequest(
            esim_tran_no=send.esim_tran_no,
            iccid=send.iccid,
            msisdn=send.msisdn,
            text=text,
            category=send.category,
            validity_s=send.validity_seconds,
            request_id=request_id,
            fingerprint=fingerprint,
            options=options,
            send_at_ms=send.send_at_ms,
            refusal=refusal,
            caller_reference=send.reference,
            expires_at_ms=send.expires_at_ms,
        )

    async def _render(
        self, send: MessageRequest, wanted: TemplateRequest
    ) -> RenderedText | Refusal:
        key = (wanted.name, wanted.version)
        if key not in self._found:
            self._found[key] = await self._templates.find(self._account.id, *key)
        found = self._found[key]
        if found is None:
            return Refusal(Reason.TEMPLATE_UNKNOWN)
        language, values = wanted.language, wanted.values
        esim = await self._intake.find_esim(
            self._account, send.esim_tran_no, send.iccid, send.msisdn
        )
        if esim is not None and not isinstance(esim, Refusal):
            language = language or parse_tag(esim.language)
            category = send.category or self._account.category
            url = self._links.url_for(self._account.id, esim.esim_tran_no, category)
            if url and _OPT_OUT_URL in found.template.variables:
                values = {_OPT_OUT_URL: url, **values}
        return render_version(found, values, language)
