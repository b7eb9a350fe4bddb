"""The API that the settings of a generic carrier describe."""

from __future__ import annotations

from typing import Any

import msgspec

from simpost.carriers.http.credentials import (
    FORM_HEADERS,
    JSON_HEADERS,
    add_to_url,
    constant_headers,
    keys_of_body,
    log_in_of,
    revealed,
    signature_of,
)
from simpost.carriers.http.document import code_of, find, id_at, read_json, read_xml, text_at
from simpost.carriers.http.generic_callbacks import GenericCallbacks
from simpost.carriers.http.outcome import ACCEPTED, REFUSED, UNCLEAR, Meaning, outcome_of
from simpost.carriers.http.request_template import fill, fill_url, values_of, write_form
from simpost.carriers.http.upstream import CONCATENATIONS, UpstreamRequest
from simpost.config import HttpCarrierSettings
from simpost.config.http_carrier import OUTCOME_REASONS
from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason
from simpost.net.http_client import HttpResponse
from simpost.ports.carrier import OutboundPart
from simpost.text import CallLimit


class GenericUpstream:
    """Requests from templates; outcomes from paths and tables."""

    reader = None
    id_reader = None
    has_ids = True

    def __init__(self, settings: HttpCarrierSettings) -> None:
        self._settings = settings
        self.concatenation = CONCATENATIONS[settings.long_texts]
        self.call_limit = call_limit_of(settings)
        self.callbacks: GenericCallbacks | None = None
        if settings.callback:
            self.callbacks = GenericCallbacks(settings.callback, settings.reply)
        self.receipts = settings.callback is not None
        auth = settings.auth
        self.log_in = log_in_of(auth)
        self._sign = signature_of(auth)
        self._url = add_to_url(auth, settings.url)
        self._keys = keys_of_body(auth)
        self._is_form = settings.body_format == "form"
        content = FORM_HEADERS if self._is_form else JSON_HEADERS
        self._headers = {
            **(content if settings.body or self._keys else {}),
            **constant_headers(auth),
            **revealed(settings.headers),
        }
        self._read = read_xml if settings.response_format == "xml" else read_json
        self._errors = {code: _meaning(text) for code, text in settings.errors.items()}
        self._statuses = {key: _meaning(text) for key, text in settings.statuses.items()}
        self._reads_body = bool(settings.id_path or settings.outcome_path or settings.code_path)

    def request(self, part: OutboundPart, now_ms: int) -> UpstreamRequest:
        values = values_of(part, self._settings.encodings)
        headers = self._headers
        body = b""
        if self._settings.body or self._keys:
            filled = {**fill(self._settings.body, values), **self._keys}
            body = write_form(filled) if self._is_form else msgspec.json.encode(filled)
        if name := self._settings.request_id_header:
            headers = {**headers, name: values["request_id"]}
        if self._sign:
            headers = {**headers, **self._sign(body, now_ms, values["request_id"])}
        return UpstreamRequest(self._settings.method, fill_url(self._url, values), headers, body)

    def outcome(self, response: HttpResponse, now_ms: int) -> Outcome:
        settings = self._settings
        document = self._read(response.body) if self._reads_body else None
        code = code_of(text_at(document, settings.code_path or settings.outcome_path))
        return outcome_of(
            response,
            now_ms,
            meaning=self._find_meaning(response.status, document, code),
            code=code,
            message_id=id_at(document, settings.id_path),
        )

    def _find_meaning(self, status: int, document: Any, code: str) -> Meaning | None:
        """The error code decides first, then the value of the outcome, then the status."""
        if found := self._errors.get(code):
            return found
        found = self._statuses.get(str(status)) or self._statuses.get(f"{status // 100}xx")
        if found is None and 200 <= status < 300 and self._settings.outcome_path:
            return self._stated(document)
        return found

    def _stated(self, document: Any) -> Meaning:
        """What the body of a 2xx says; a body that does not say it leaves the part in doubt."""
        path = self._settings.outcome_path
        if find(document, path) is None:
            return UNCLEAR
        return ACCEPTED if text_at(document, path) in self._settings.accepted else REFUSED


def call_limit_of(settings: HttpCarrierSettings) -> CallLimit | None:
    """The longest text of a request; `None` if there is no limit but `max_parts`."""
    return CallLimit(settings.text_limit, settings.text_unit) if settings.text_limit else None


def _meaning(text: str) -> Meaning:
    word, _, reason = text.partition("/")
    kind = OutcomeKind(word)
    if reason:
        return kind, Reason(reason)
    reasons = OUTCOME_REASONS[kind]
    return kind, reasons[0] if reasons else None
