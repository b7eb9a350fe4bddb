"""The text of a message: as the request gives it, or rendered from a template."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from simpost.api.shared.services import Services
from simpost.api.v1.messages.send_schema import MessageRequest
from simpost.domain.accounts import Account
from simpost.features.templates.languages import parse_tag
from simpost.messaging.decision import Refusal, SendOptions


class MessageContent(NamedTuple):
    """The text to send with its options, or why a template gave none."""

    text: str
    options: SendOptions
    refusal: Refusal | None = None


async def message_content(
    services: Services, account: Account, send: MessageRequest
) -> MessageContent:
    """The content of a request. Raises StoreError.

    A template is rendered in the language of the request, else in that of the traveller.
    """
    wanted = send.template_request
    if wanted is None:
        return MessageContent(send.content, send.options)
    if wanted.language is None:
        language = await _language_of_traveller(services, account, send)
        wanted = msgspec.structs.replace(wanted, language=language)
    rendered = await services.templates.render(account.id, wanted)
    if isinstance(rendered, Refusal):
        return MessageContent("", send.options, rendered)
    options = msgspec.structs.replace(send.options, template=rendered.source)
    return MessageContent(rendered.text, options)


async def _language_of_traveller(
    services: Services, account: Account, send: MessageRequest
) -> str | None:
    """The language that the preferences of the eSIM have; `None` if they have none."""
    esim = await services.store.catalogue.find_esim(
        account.id, esim_tran_no=send.esim_tran_no, iccid=send.iccid
    )
    return parse_tag(esim.language) if esim else None
