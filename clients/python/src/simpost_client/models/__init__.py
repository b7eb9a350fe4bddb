"""Models of the native API, by resource. Written by make_models."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simpost_client.models.broadcasts import (
        Audience,
        Broadcast,
        BroadcastCounts,
        BroadcastPage,
        BroadcastPreview,
        LanguageSample,
        Recipient,
        RecipientPage,
        RefusedCount,
        ReportedCounts,
    )
    from simpost_client.models.conversations import (
        Conversation,
        ConversationEntries,
        ConversationEntry,
        ConversationPage,
        Note,
        NotePage,
    )
    from simpost_client.models.events import Event, EventList
    from simpost_client.models.inbound import Inbound, InboundDetail, InboundPage, InboundPart
    from simpost_client.models.messages import (
        AcceptedMessage,
        Attempt,
        Decision,
        Message,
        MessageDetail,
        MessagePage,
        Part,
        Ports,
        Preview,
        Receipt,
        WaitingFor,
    )
    from simpost_client.models.shared import (
        ReasonDetail,
        ReplacedCharacter,
        Rule,
        TemplateRef,
        Ucs2Trigger,
    )
    from simpost_client.models.templates import (
        DeletedTemplate,
        LongestText,
        RenderedTemplate,
        SavedTemplate,
        Template,
        TemplatePage,
        TemplatePreview,
        TemplateSummary,
        Variable,
    )
    from simpost_client.models.verifications import (
        CheckedVerification,
        StartedVerification,
        Verification,
        VerificationPage,
        VerificationPreview,
    )

_HOMES = {
    "AcceptedMessage": "messages",
    "Attempt": "messages",
    "Audience": "broadcasts",
    "Broadcast": "broadcasts",
    "BroadcastCounts": "broadcasts",
    "BroadcastPage": "broadcasts",
    "BroadcastPreview": "broadcasts",
    "CheckedVerification": "verifications",
    "Conversation": "conversations",
    "ConversationEntries": "conversations",
    "ConversationEntry": "conversations",
    "ConversationPage": "conversations",
    "Decision": "messages",
    "DeletedTemplate": "templates",
    "Event": "events",
    "EventList": "events",
    "Inbound": "inbound",
    "InboundDetail": "inbound",
    "InboundPage": "inbound",
    "InboundPart": "inbound",
    "LanguageSample": "broadcasts",
    "LongestText": "templates",
    "Message": "messages",
    "MessageDetail": "messages",
    "MessagePage": "messages",
    "Note": "conversations",
    "NotePage": "conversations",
    "Part": "messages",
    "Ports": "messages",
    "Preview": "messages",
    "ReasonDetail": "shared",
    "Receipt": "messages",
    "Recipient": "broadcasts",
    "RecipientPage": "broadcasts",
    "RefusedCount": "broadcasts",
    "RenderedTemplate": "templates",
    "ReplacedCharacter": "shared",
    "ReportedCounts": "broadcasts",
    "Rule": "shared",
    "SavedTemplate": "templates",
    "StartedVerification": "verifications",
    "Template": "templates",
    "TemplatePage": "templates",
    "TemplatePreview": "templates",
    "TemplateRef": "shared",
    "TemplateSummary": "templates",
    "Ucs2Trigger": "shared",
    "Variable": "templates",
    "Verification": "verifications",
    "VerificationPage": "verifications",
    "VerificationPreview": "verifications",
    "WaitingFor": "messages",
}
"""Where each model is: a program loads only those that it uses."""

__all__ = [
    "AcceptedMessage",
    "Attempt",
    "Audience",
    "Broadcast",
    "BroadcastCounts",
    "BroadcastPage",
    "BroadcastPreview",
    "CheckedVerification",
    "Conversation",
    "ConversationEntries",
    "ConversationEntry",
    "ConversationPage",
    "Decision",
    "DeletedTemplate",
    "Event",
    "EventList",
    "Inbound",
    "InboundDetail",
    "InboundPage",
    "InboundPart",
    "LanguageSample",
    "LongestText",
    "Message",
    "MessageDetail",
    "MessagePage",
    "Note",
    "NotePage",
    "Part",
    "Ports",
    "Preview",
    "ReasonDetail",
    "Receipt",
    "Recipient",
    "RecipientPage",
    "RefusedCount",
    "RenderedTemplate",
    "ReplacedCharacter",
    "ReportedCounts",
    "Rule",
    "SavedTemplate",
    "StartedVerification",
    "Template",
    "TemplatePage",
    "TemplatePreview",
    "TemplateRef",
    "TemplateSummary",
    "Ucs2Trigger",
    "Variable",
    "Verification",
    "VerificationPage",
    "VerificationPreview",
    "WaitingFor",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
