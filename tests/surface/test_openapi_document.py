"""The OpenAPI document is right for client generators and linters, for every endpoint."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute

from simpost.api.native import framework
from simpost.api.open.routes import ENDPOINTS
from tests.native_app import document

APP = framework("1")
DOCUMENT = document()
OPERATIONS = [
    pytest.param(path, operation, id=f"{method} {path}")
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
SCHEMAS = DOCUMENT["components"]["schemas"]


def schemas_in(node: Any) -> Iterator[str]:
    """The schemas of the document that a part of it leads to, each once."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        match waiting.pop():
            case dict() as inner:
                name = str(inner.get("$ref", "")).removeprefix("#/components/schemas/")
                if name in SCHEMAS and name not in found:
                    found.add(name)
                    yield name
                    waiting.append(SCHEMAS[name])
                waiting += inner.values()
            case list() as inner:
                waiting += inner


BODIES = [case.values[1].get("requestBody") for case in OPERATIONS]
ANSWERS = [case.values[1]["responses"] for case in OPERATIONS] + [
    DOCUMENT["components"]["responses"]
]


def test_every_route_is_in_the_document() -> None:
    native = {
        (method.lower(), route.path)
        for route in APP.state.routes
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in route.methods
    }
    assert len(native) > 30
    described = {
        (method, path) for path, operations in DOCUMENT["paths"].items() for method in operations
    }
    assert described == native | {("post", path) for path in ENDPOINTS}


def test_operation_ids_are_unique() -> None:
    ids = Counter(case.values[1]["operationId"] for case in OPERATIONS)
    assert [each for each, times in ids.items() if times > 1] == []


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_an_operation_id_is_a_short_name_in_camel_case(
    path: str, operation: dict[str, Any]
) -> None:
    assert re.fullmatch(r"[a-z][A-Za-z]{4,30}", operation["operationId"])
    is_admins = operation["operationId"].startswith("admin")
    assert is_admins == path.startswith("/v1/admin/")


def test_the_server_is_the_one_that_serves_the_document() -> None:
    assert [server["url"] for server in DOCUMENT["servers"]] == ["/"]


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_an_operation_says_who_may_call_and_how_it_fails(
    path: str, operation: dict[str, Any]
) -> None:
    assert bool(operation["security"]) == (path not in ("/healthz", "/readyz"))
    assert any(status.startswith("4") for status in operation["responses"])
    assert any(status.startswith("5") for status in operation["responses"])


def test_no_schema_has_a_default() -> None:
    found = [
        f"{name}.{field}"
        for name, schema in SCHEMAS.items()
        for field, about in schema.get("properties", {}).items()
        if "default" in about
    ]
    assert found == []


def test_what_has_a_default_is_optional_in_requests_and_says_it() -> None:
    send = SCHEMAS["MessageRequest"]
    assert not {"receipt", "dryRun"} & set(send.get("required", []))
    assert send["properties"]["receipt"]["description"] == "Default: `true`."
    assert send["properties"]["dryRun"]["description"].endswith("Default: `false`.")
    assert SCHEMAS["NewAccount"]["required"] == ["accessCode"]


def test_every_field_of_a_native_answer_is_always_there() -> None:
    lacking = {
        name: sorted(SCHEMAS[name]["properties"].keys() - SCHEMAS[name].get("required", []))
        for name in schemas_in(ANSWERS)
        if "properties" in SCHEMAS[name] and name != "Problem"
    }
    assert len(lacking) > 30
    assert {name: fields for name, fields in lacking.items() if fields} == {}


def test_no_object_is_in_requests_and_in_answers() -> None:
    """A default would have to be optional in the one and required in the other."""
    both = set(schemas_in(BODIES)) & set(schemas_in(ANSWERS))
    assert {name for name in both if "properties" in SCHEMAS[name]} == set()
