"""The OpenAPI document of the simulator; the HTTP client of all tests compares answers with it."""

from __future__ import annotations

import json
import re
from collections import Counter

import jsonschema_rs
import msgspec
import pytest
from starlette.routing import Route

from simpost.smsc import Simulator
from simpost.smsc.event_stream import EventStream
from simpost.smsc.http import build_app
from tests.integration.smsc.documented import DOCUMENT, WITHOUT_SCHEMA, check_documented
from tests.integration.smsc.esme import HttpClient


async def test_the_document_is_served(http: HttpClient) -> None:
    assert await http.get("/openapi.json") == json.loads(msgspec.json.encode(DOCUMENT))


def test_every_route_of_its_own_is_in_the_document() -> None:
    simulator = Simulator()
    events = EventStream(simulator.stats, simulator.offline, packed=False)
    routes = [each for each in build_app(simulator, events).routes if isinstance(each, Route)]
    served = {
        (re.sub(r":\w+\}", "}", route.path), method.lower())
        for route in routes
        for method in route.methods or ()
        if method != "HEAD" and route.path not in WITHOUT_SCHEMA
    }
    described = {
        (path, method)
        for path, item in DOCUMENT["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert described == served
    assert len(served) > 20


def test_operation_ids_are_unique() -> None:
    operations = [
        operation
        for item in DOCUMENT["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    ]
    ids = Counter(each["operationId"] for each in operations)
    assert [each for each, times in ids.items() if times > 1] == []


@pytest.mark.parametrize(
    ("method", "path", "status", "answer"),
    [
        ("GET", "/tags", 200, {"run": "4477"}),
        ("DELETE", "/messages?tag=a", 200, {"deleted": 1, "more": 2}),
        ("DELETE", "/messages?tag=a", 200, {}),
        ("GET", "/messages/1", 404, {"error": "text"}),
    ],
)
def test_an_answer_that_differs_from_the_document_is_found(
    method: str, path: str, status: int, answer: object
) -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        check_documented(method, path, status, answer)
