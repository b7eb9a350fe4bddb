"""What the attempts by an HTTP carrier sent and got."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import parse_qsl, quote, quote_plus

from msgspec.structs import replace

from simpost.carriers.http.document import read_json
from simpost.carriers.http.upstream import NoPathSegment, UpstreamRequest, request_id_of, text_of
from simpost.carriers.http.upstreams import upstream_of
from simpost.carriers.recent_exchanges import RecentExchange, RecentExchanges
from simpost.config.http_upstream import HttpUpstreamSettings as Settings
from simpost.config.masked import MASK, secrets_of, without_secrets
from simpost.domain.exchanges import (
    LEASE_LOST,
    NO_RESPONSE,
    NOT_SENT,
    CarrierExchange,
    ExchangeField,
    ExchangeSide,
    FieldPrivacy,
    ResponseSource,
    SettingsAge,
)
from simpost.domain.messages import Attempt, Category
from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason
from simpost.net.http_client import HttpResponse
from simpost.ports.carrier import OutboundPart

MAX_EXCERPT: Final = 1_000
"""Characters that are kept of the body of a response that did not accept a part."""
_READ_OCTETS: Final = 4 * MAX_EXCERPT
_MOST_FIELDS: Final = 100
_PLACEHOLDER: Final = "(not shown)"
_CUT: Final = "..."


class KeptResponse(NamedTuple):
    """What is kept of a response.

    Attributes:
        excerpt: the beginning of its body, without text and numbers; empty if the part was
            accepted, or carries a one-time code.
    """

    status: int
    excerpt: str = ""


HttpExchanges: TypeAlias = RecentExchanges[Settings, KeptResponse]


def kept_response(response: HttpResponse, outcome: Outcome, part: OutboundPart) -> KeptResponse:
    """What is kept in memory of a response."""
    if outcome.kind is OutcomeKind.ACCEPTED or part.category == Category.CODE:
        return KeptResponse(response.status)
    excerpt = response.body[:_READ_OCTETS].decode("utf-8", "replace")
    for private in (text_of(part), part.text, part.destination, part.sender):
        excerpt = _without(excerpt, private)
    cut = len(excerpt) > MAX_EXCERPT or len(response.body) > _READ_OCTETS
    return KeptResponse(response.status, excerpt[:MAX_EXCERPT] + _CUT * cut)


def show_exchange(
    recent: HttpExchanges,
    settings: Settings,
    part: OutboundPart,
    attempt: Attempt,
    *,
    has_text: bool,
) -> CarrierExchange:
    """The exchange of an attempt, with the settings of then if they are known, else of now."""
    kept = recent.find(part.message_id, part.number, attempt.number)
    used = kept.settings if kept else settings
    if not has_text:
        part = replace(part, text=_PLACEHOLDER)
    response, source = _response(kept, attempt, used)
    request = None if _was_not_sent(attempt) else _request(used, part, attempt)
    note = NOT_SENT if request is None else "" if response else NO_RESPONSE
    if attempt.reason is Reason.LEASE_LOST:
        note = LEASE_LOST
    return CarrierExchange(
        part=attempt.part,
        attempt=attempt.number,
        carrier=attempt.carrier,
        protocol="http",
        request=request,
        settings=(SettingsAge.OF_ATTEMPT if kept else SettingsAge.OF_NOW) if request else None,
        response=response if request else None,
        source=source if request else None,
        note=note,
    )


def _was_not_sent(attempt: Attempt) -> bool:
    """A refusal without a code is our own: the text or its address does not fit the request."""
    return attempt.outcome == OutcomeKind.REFUSED and attempt.carrier_code is None


def _request(settings: Settings, part: OutboundPart, attempt: Attempt) -> ExchangeSide | None:
    """The request, made from settings without secrets; `None` if none can be made."""
    upstream = upstream_of(without_secrets(settings))
    try:
        request = upstream.request(part, attempt.started_ms)
    except NoPathSegment:
        return None
    fields = [ExchangeField("URL", request.url, privacy=FieldPrivacy.ADMIN)]
    fields += _headers(request, part)
    fields += list(_body(request, part))[:_MOST_FIELDS]
    secrets = tuple(secrets_of(settings))  # a template may repeat one in a text of its own
    return ExchangeSide(request.method, tuple(_hidden(each, secrets) for each in fields))


def _hidden(field: ExchangeField, secrets: Sequence[str]) -> ExchangeField:
    """A field without secrets, which only those for administrators may have."""
    if field.value is None or field.privacy is not FieldPrivacy.ADMIN:
        return field
    value = field.value
    for secret in secrets:
        for way in (secret, quote(secret, safe=""), quote_plus(secret)):
            value = value.replace(way, MASK)
    return replace(field, value=value)


def _headers(request: UpstreamRequest, part: OutboundPart) -> Iterator[ExchangeField]:
    """Only values that cannot be credentials or made of them."""
    for name, value in request.headers.items():
        is_plain = name.lower() == "content-type" or value == request_id_of(part)
        yield ExchangeField(
            f"header {name}",
            value if is_plain else None,
            "" if is_plain else "not shown: it may be a credential",
            FieldPrivacy.ADMIN,
        )


def _body(request: UpstreamRequest, part: OutboundPart) -> Iterator[ExchangeField]:
    """The values of the body; those that are not of the message are for administrators."""
    numbers = {part.destination, f"+{part.destination}", part.sender, f"+{part.sender}"} - {"", "+"}
    for path, value in _values(request):
        name = f"body {path}"
        if _PLACEHOLDER in value:
            yield ExchangeField(name, None, "", FieldPrivacy.TEXT)
        elif value == text_of(part):
            yield ExchangeField(name, value, "the text", FieldPrivacy.TEXT)
        elif value in numbers:
            yield ExchangeField(name, value, "", FieldPrivacy.NUMBER)
        else:
            yield ExchangeField(name, value, "", FieldPrivacy.ADMIN)


def _values(request: UpstreamRequest) -> Iterator[tuple[str, str]]:
    if not request.body:
        return
    document = read_json(request.body)
    if document is None:
        yield from parse_qsl(request.body.decode(), keep_blank_values=True)
    else:
        yield from _leaves("", document)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(f"{path}.{name}" if path else str(name), each)
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _leaves(f"{path}.{place}" if path else str(place), each)
    else:
        yield path, value if isinstance(value, str) else json.dumps(value)


def _response(
    kept: RecentExchange[Settings, KeptResponse] | None, attempt: Attempt, settings: Settings
) -> tuple[ExchangeSide | None, ResponseSource | None]:
    stored = _stored(attempt)
    if kept is None:
        if not stored:
            return None, None
        return ExchangeSide("response", tuple(stored)), ResponseSource.STORE
    answer = kept.response
    if answer is None:
        return None, None
    fields = [ExchangeField("status", str(answer.status)), *stored]
    if answer.excerpt:
        body = ExchangeField("body", answer.excerpt, "its beginning", FieldPrivacy.ADMIN)
        fields.append(_hidden(body, tuple(secrets_of(settings))))
    return ExchangeSide("response", tuple(fields)), ResponseSource.MEMORY


def _stored(attempt: Attempt) -> list[ExchangeField]:
    """What was read from the response: an error code, or that it was accepted."""
    if attempt.carrier_code is not None:
        return [ExchangeField("code", attempt.carrier_code)]
    if attempt.outcome != OutcomeKind.ACCEPTED:
        return []
    given = attempt.carrier_message_id
    return [ExchangeField("id", given or None, "" if given else "the carrier gave none")]


def _without(excerpt: str, private: str) -> str:
    """The excerpt without a private text, in the ways in which a response may repeat it."""
    if not private:
        return excerpt
    ways = {private, json.dumps(private)[1:-1], quote(private, safe=""), quote_plus(private)}
    ways.add(json.dumps(private, ensure_ascii=False)[1:-1])
    for each in sorted(ways, key=len, reverse=True):
        excerpt = excerpt.replace(each, _PLACEHOLDER)
    return excerpt
