"""Every endpoint of /v1 has a scope, which the OpenAPI document and docs/keys.md name."""

import re
from pathlib import Path

import pytest

from simpost.api.shared.scopes import SCOPES, required_scope
from simpost.domain.api_keys import KeyScope
from tests.native_app import document

PAGE = (Path(__file__).parents[2] / "docs" / "keys.md").read_text("utf-8")
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in document()["paths"].items()
    for method, operation in operations.items()
    if path.startswith("/v1/")
}


def scopes_of(operation):
    """The scopes of the API keys that the operation accepts, one list per alternative."""
    return [each["ApiKey"] for each in operation["security"] if "ApiKey" in each]


@pytest.mark.parametrize("endpoint", OPERATIONS)
def test_an_operation_names_the_scope_that_a_key_needs(endpoint):
    scope = required_scope(*endpoint.split(" "))
    assert scopes_of(OPERATIONS[endpoint]) == ([[scope]] if scope else [])
    assert (scope is KeyScope.ADMIN) == (" /v1/admin/" in endpoint)


def test_only_keys_themselves_need_the_secret():
    without = [endpoint for endpoint, operation in OPERATIONS.items() if not scopes_of(operation)]
    assert sorted(without) == ["DELETE /v1/keys/{id}", "GET /v1/keys", "POST /v1/keys"]


def test_no_scope_is_listed_for_an_endpoint_that_does_not_exist():
    assert SCOPES.keys() - OPERATIONS.keys() == set()


def test_every_scope_is_needed_by_an_endpoint():
    needed = {scope for each in OPERATIONS.values() for [scope] in scopes_of(each)}
    # This one is for paths of shapes that go on to a supplier: they are no operations of ours.
    assert needed == set(KeyScope) - {KeyScope.SUPPLIER}


ROWS = dict(re.findall(r"^\| `([a-z:]+)` \| (.*) \|$", PAGE, re.MULTILINE))


def names(row, endpoint):
    """Whether a row of the table names this endpoint, by itself or by a path above it."""
    path = endpoint.partition(" ")[2]
    above = [each for each in re.findall(r"`(/[^`]+)`", row) if "all below" in row]
    listed = {endpoint, path} & set(re.findall(r"`([^`]+)`", row))
    return bool(listed) or any(path.startswith(f"{each.rstrip('/')}/") for each in above)


@pytest.mark.parametrize("endpoint", OPERATIONS)
def test_the_page_lists_an_endpoint_with_its_scope_only(endpoint):
    rows = [scope for scope in KeyScope if names(ROWS[scope], endpoint)]
    scope = required_scope(*endpoint.split(" "))
    assert rows == ([scope] if scope else [])
