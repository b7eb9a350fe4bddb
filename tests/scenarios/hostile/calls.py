"""Calls of every endpoint of /v1 with hostile paths, queries and bodies, from the document."""

from __future__ import annotations

import json
import random
import re
from typing import Any, NamedTuple

from tests.native_app import document

_TEXTS = ("", " ", "\0", "\u202e", "x" * 70, "y" * 9_000, "\U0001f468\u200d\U0001f469", "en",
    "admin", "messages:read", "26010199999999", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00", "http://[::1", "{a, plural, other {#}}", "{" * 900)  # fmt: skip
_NUMBERS = (True, -1, 0, 2**63, 2**53 + 1, 1e308, 0.1)
_NESTED: tuple[Any, ...] = (
    None,
    [],
    {},
    [[]],
    [None],
    ["x"] * 1_100,
    {"a": {}},
    {"notice": "x"},
    {"\0": 1},
)
_VALUES: tuple[Any, ...] = (*_TEXTS, *_NUMBERS, *_NESTED)
_SEGMENTS = ("%00", "%FF", "%ED%A0%80", "..%2F..", "%2e%2e", "a" * 3_000, "9" * 400, "-1", "'--",
    "%F0%9F%93%A9", "*", "0123456789", "01a22604-3188-7745-9b35-0090e3c08daf")  # fmt: skip
_QUERIES = ("%00", "%FF", "1e999", "-1", "9" * 400, "%u0041", "", "true", "2026-13-01T00:00:00Z")
_BODIES = (b"", b"null", b"[]", b"{", b"NaN", b'"text"', b"[" * 2_000, b'{"name":"\\ud800"}')
_UNWANTED = re.compile(r"/(reload|drain|stops)$")
"""They take seconds, whatever is sent, or stop all messages, as is documented."""


class Endpoint(NamedTuple):
    method: str
    path: str
    query: list[str]
    fields: list[str]


def _endpoints() -> list[Endpoint]:
    described = document()
    schemas = described["components"]["schemas"]
    found = []
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if path.startswith("/v1/") and not _UNWANTED.search(path):
                given = operation.get("parameters", ())
                query = [each["name"] for each in given if each["in"] == "query"]
                fields = list(_fields(operation.get("requestBody"), schemas))
                found.append(Endpoint(method.upper(), path, query, fields))
    return found


def _fields(node: Any, schemas: dict[str, Any], depth: int = 3) -> set[str]:
    """Names of the fields in a schema and in those that it refers to."""
    match node:
        case dict():
            found = set(node.get("properties", ()))
            name = str(node.get("$ref", "")).removeprefix("#/components/schemas/")
            if name in schemas and depth:
                found |= _fields(schemas[name], schemas, depth - 1)
            return found.union(*(_fields(inner, schemas, depth) for inner in node.values()))
        case list():
            return set().union(*(_fields(inner, schemas, depth) for inner in node))
    return set()


ENDPOINTS = _endpoints()


def hostile_call(chance: random.Random) -> tuple[str, str, bytes]:
    """Method, target and body; the body is empty where the endpoint takes none."""
    endpoint = chance.choice(ENDPOINTS)
    target = re.sub(r"\{\w+\}", lambda _: chance.choice(_SEGMENTS), endpoint.path)
    names = chance.sample(endpoint.query, chance.randint(0, len(endpoint.query)))
    if names:
        target += "?" + "&".join(f"{name}={chance.choice(_QUERIES)}" for name in names)
    return endpoint.method, target, _body(chance, endpoint)


def _body(chance: random.Random, endpoint: Endpoint) -> bytes:
    if not endpoint.fields:
        return b""
    if not chance.randrange(4):
        return chance.choice(_BODIES)
    count = chance.randint(1, min(6, len(endpoint.fields)))
    names = chance.sample(endpoint.fields, count)
    return json.dumps({name: chance.choice(_VALUES) for name in names}).encode()
