"""The API of emnify: `endpoint/{id}/sms`; 1NCE has the same form.

Source: the OpenAPI document of emnify (github.com/api-evangelist/emnify). The response to a part is
201 with an empty body, so that its id is looked for in the list of the endpoint.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import msgspec

from simpost.carriers.http.callbacks import CallbackReader
from simpost.carriers.http.credentials import JSON_HEADERS
from simpost.carriers.http.document import code_of, id_at, read_json, text_at
from simpost.carriers.http.emnify_callbacks import STATES, EmnifyCallbacks
from simpost.carriers.http.outcome import CREATED, UNCLEAR, outcome_of
from simpost.carriers.http.upstream import (
    LogIn,
    ReportedState,
    UpstreamRequest,
    path_segment,
)
from simpost.config.emnify_carrier import EmnifyCarrierSettings, EmnifyFormSettings
from simpost.domain.options import Concatenation
from simpost.domain.outcomes import Outcome
from simpost.net.http_client import HttpResponse
from simpost.ports.carrier import OutboundPart
from simpost.text import parse_encoding, part_header

_INTERNATIONAL: Final = 145
_ALPHANUMERIC: Final = 208
_SHORTEST_NUMBER: Final = 8
_CLOCKS_DIFFER_S: Final = 60.0


class EmnifyMessages:
    """Messages in the form of emnify and 1NCE, under the URL of an endpoint or SIM."""

    concatenation = "udh"
    call_limit = None
    has_ids = True

    def __init__(self, url: str, settings: EmnifyFormSettings, callbacks: CallbackReader) -> None:
        """`url` is what is before the id of the endpoint."""
        self._url = url
        self.receipts = settings.receipts != "off"
        self.reader = self if settings.receipts == "poll" else None
        self.id_reader = self if self.receipts else None
        self.callbacks = callbacks if settings.callback_path else None

    def request(self, part: OutboundPart, now_ms: int) -> UpstreamRequest:
        body: dict[str, Any] = {
            "payload": part.text,
            "dcs": 8 if part.encoding == "ucs2" else 0,
            "expiry_date": _time(part.expires_ms),
        }
        if udh := _header(part):
            body["udh"] = udh
        if part.sender:
            body["source_address"] = part.sender
            if kind := _kind_of(part.sender):
                body["source_address_type"] = {"id": kind}
        return UpstreamRequest(
            "POST",
            self._of(path_segment(part.destination)),
            JSON_HEADERS,
            msgspec.json.encode(body),
        )

    def outcome(self, response: HttpResponse, now_ms: int) -> Outcome:
        """The id is in the body or in `Location`, if it is anywhere.

        A 2xx without one that is not the documented 201 comes from what is in front of the API.
        """
        document = read_json(response.body)
        code = code_of(text_at(document, "error_token") or text_at(document, "error_code"))
        found = id_at(document, "id") or _last_segment(response.headers.get("location", ""))
        is_other = 200 <= response.status < 300 and response.status != CREATED and not found
        meaning = UNCLEAR if is_other else None
        return outcome_of(response, now_ms, meaning=meaning, code=code, message_id=found)

    def state_request(self, destination: str, message_id: str) -> UpstreamRequest:
        endpoint = quote(destination, safe="")
        url = f"{self._of(endpoint)}/{quote(message_id, safe='')}"
        return UpstreamRequest("GET", url, {}, b"")

    def read_state(self, response: HttpResponse) -> ReportedState | None:
        document = read_json(response.body) if response.status == 200 else None
        known = STATES.get(text_at(document, "status.id"))
        code = code_of(text_at(document, "gsm_map_error"))
        return ReportedState(*known, code) if known else None

    def id_request(self, part: OutboundPart) -> UpstreamRequest:
        return UpstreamRequest("GET", self._of(quote(part.destination, safe="")), {}, b"")

    def read_id(self, response: HttpResponse, part: OutboundPart, since_ms: int) -> str:
        """The id of the one message with the text and header of the part that came since then."""
        document = read_json(response.body) if response.status == 200 else None
        entries = document if isinstance(document, list) else []
        header = _header(part)
        found = {
            id_at(each, "id")
            for each in entries
            if text_at(each, "payload") == part.text
            and text_at(each, "udh").upper() == header
            and _is_since(text_at(each, "submit_date"), since_ms)
        }
        return found.pop() if len(found) == 1 else ""

    def _of(self, endpoint: str) -> str:
        return f"{self._url}{endpoint}/sms"


class Emnify(EmnifyMessages):
    """One SMS to an endpoint, by its id."""

    def __init__(self, settings: EmnifyCarrierSettings) -> None:
        callbacks = EmnifyCallbacks("endpoint.id", settings.api_secret.get_secret_value())
        super().__init__(f"{settings.base_url}/endpoint/", settings, callbacks)
        token = {"application_token": settings.application_token.get_secret_value()}
        request = UpstreamRequest(
            "POST",
            f"{settings.base_url}/authenticate",
            JSON_HEADERS,
            msgspec.json.encode(token),
        )
        self.log_in = LogIn(request, {"Authorization": "Bearer {auth_token}"})


def _header(part: OutboundPart) -> str:
    """The user data header of one of several parts, in hex; empty for one alone."""
    if part.total == 1:
        return ""
    bits = 16 if part.options.concatenation is Concatenation.UDH16 else 8
    header = part_header(
        parse_encoding(part.encoding),
        reference=part.reference & (1 << bits) - 1,
        total=part.total,
        number=part.number,
        bits=16 if bits == 16 else 8,
    )
    return header.hex().upper()


def _kind_of(sender: str) -> int | None:
    """The kind of a sender; `None` for a short code."""
    if not sender.isdecimal():
        return _ALPHANUMERIC
    return _INTERNATIONAL if len(sender) >= _SHORTEST_NUMBER else None


def _time(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_since(text: str, since_ms: int) -> bool:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return False
    seconds = when.replace(tzinfo=when.tzinfo or UTC).timestamp()
    return seconds >= since_ms / 1000 - _CLOCKS_DIFFER_S


def _last_segment(location: str) -> str:
    return code_of(location.rstrip("/").rpartition("/")[2])
