"""The OpenAPI document against the running service: no 5xx, no undocumented response."""

import base64
import os
from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bench.gateway import Gateway, esim_row
from simpost.domain.api_keys import KeyScope
from tests.scenarios.plain_http import post

EXAMPLES = int(os.environ.get("SIMPOST_EXAMPLES", "2"))
"""Of each endpoint, as documented and once more as not."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
WITHOUT_END = {"/v1/events/stream"}
"""Responses that do not end: tests/integration/api/test_event_stream.py has their tests."""
SETTINGS = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class Service:
    """A gateway, and the names of what there is in it."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.answers = Counter()
        esim, _ = gateway.fill(2)
        basic = f"{gateway.access_code}:{gateway.secret}".encode()
        self.admin = {"Authorization": f"Bearer {gateway.token}"}
        self.native = {"Authorization": f"Basic {base64.b64encode(basic).decode()}"}
        scopes = [scope for scope in KeyScope if scope is not KeyScope.ADMIN]
        key = self._post("/v1/keys", self.native, {"name": "every scope", "scopes": scopes})["key"]
        self.key = {"Authorization": f"Bearer {key}"}
        other = {"accessCode": "other", "requestsPerSecond": 0}
        self._post("/v1/admin/accounts", self.admin, other)
        sent = self._post("/v1/messages", self.native, {"esimTranNo": esim, "text": "hello"})
        template = {"name": "simulator", "texts": {"en": "Hello {name}"}}
        template["variables"] = {"name": {"type": "text", "longest": "Ana", "default": "you"}}
        self._post("/v1/templates", self.native, template)
        hook = {"url": "http://hook.invalid/"}
        hook = self._post("/v1/webhooks", self.native, hook)
        self.known = {
            "webhookId": hook["id"],
            "accessCode": "other",  # for changes: nobody else asks under it
            "account": gateway.access_code,
            "name": "simulator",  # a carrier, and a template
            "esimTranNo": esim,
            "iccid": esim_row(esim)["iccid"],
            "id": sent["id"],
        }

    def _post(self, path, headers, body):
        return post(f"{self.gateway.url}{path}", headers=headers, json=body).json()

    def credentials(self, operation, *, by_key):
        if operation.path.startswith("/api/"):
            return self.gateway.credentials
        is_ours = operation.path.startswith(("/v1/admin", "/metrics"))
        if is_ours:
            return self.admin
        return self.key if by_key else self.native

    def name_what_there_is(self, case):
        for given_ones in (case.path_parameters, case.query, case.body):
            if isinstance(given_ones, dict):
                given_ones.update(
                    {key: value for key, value in self.known.items() if key in given_ones}
                )

    def try_out(self, operation, mode):
        @SETTINGS
        @given(operation.as_strategy(generation_mode=mode), st.booleans(), st.booleans())
        def ask(case, names_what_there_is, by_key):
            headers = self.credentials(operation, by_key=by_key)
            if names_what_there_is:
                self.name_what_there_is(case)
            answer = case.call_and_validate(headers=headers, checks=CHECKS)
            self.answers[answer.status_code] += 1

        ask()


@pytest.fixture
def gateway(tmp_path):
    with Gateway(tmp_path) as running:
        yield running


@pytest.mark.timeout(300 + 10 * EXAMPLES)
def test_every_response_is_documented(gateway):
    service = Service(gateway)
    document = schemathesis.openapi.from_url(f"{gateway.url}/openapi.json", timeout=60)
    wrong = {}
    for operation in [found.ok() for found in document.get_all_operations()]:
        if operation.path in WITHOUT_END:
            continue
        modes = [GenerationMode.POSITIVE]
        if operation.body or any(operation.iter_parameters()):
            modes.append(GenerationMode.NEGATIVE)
        for mode in modes:
            try:
                service.try_out(operation, mode)
            except (AssertionError, ExceptionGroup) as error:
                wrong[f"{operation.label}, {mode.value} data"] = str(error)
    assert not wrong, "\n\n".join(f"{label}\n{error}" for label, error in wrong.items())
    assert {200, 201, 401, 404, 422} <= set(service.answers), service.answers
