"""Calls of every endpoint with hostile paths, queries and bodies, made from the OpenAPI document.

A new endpoint is called as soon as the document has it.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import jsonschema_rs

from tests.native_app import document

_TEXTS = ("", " ", "\0", "\u202e", "x" * 70, "y" * 9_000, "\U0001f468\u200d\U0001f469", "en",
    "admin", "messages:read", "26010199999999", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00", "http://[::1", "http://hook.invalid/", "08:00-20:00",
    "{a, plural, other {#}}", "{" * 900)  # fmt: skip
_NUMBERS = (True, -1, 0, 1, 2**63, 2**53 + 1, 1e308, 0.1)
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
_SLOW = re.compile(r"/(reload|drain)$")
"""They take seconds, so that they are called rarely."""
_FOR_ALL = "everything"
_NOBODY = "other"
"""A stop of all messages would let the rest of the run reach less: it is of this account."""
_PAGES = {("GET", "/o/{token}"): {200, 404}, ("POST", "/o/{token}"): {303, 404}}
"""The page behind a link is for people, so that the document does not have it: its statuses."""

Known = Mapping[str, Sequence[str]]
"""Values that exist, by the name of a parameter or a field."""


class Endpoint(NamedTuple):
    method: str
    path: str
    query: list[str]
    body: dict[str, Any] | None
    """The schema of the body."""
    responses: dict[str, Any]


class Call(NamedTuple):
    endpoint: Endpoint
    target: str
    body: bytes


_DOCUMENT = document()
_COMPONENTS = _DOCUMENT["components"]


def _endpoints() -> list[Endpoint]:
    found = []
    for path, operations in _DOCUMENT["paths"].items():
        for method, operation in operations.items():
            given = [_resolve(each) for each in operation.get("parameters", ())]
            query = [each["name"] for each in given if each["in"] == "query"]
            content = _resolve(operation.get("requestBody", {})).get("content", {})
            body = content.get("application/json", {}).get("schema")
            found.append(Endpoint(method.upper(), path, query, body, operation["responses"]))
    for method, path in _PAGES:
        found.append(Endpoint(method, path, ["category", "allowed"], None, {}))
    return found


def _resolve(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        _, _, kind, name = node["$ref"].split("/")
        node = _COMPONENTS[kind][name]
    return node


ENDPOINTS = _endpoints()


def hostile_call(chance: random.Random, known: Known) -> Call:
    """A call of any endpoint; about half of what it names exists, but little is deleted."""
    endpoint = chance.choice(ENDPOINTS)
    if _SLOW.search(endpoint.path) and chance.random() < 0.95:
        return hostile_call(chance, known)

    def segment(found: re.Match[str]) -> str:
        exists = chance.random() < (0.005 if endpoint.method == "DELETE" else 0.6)
        return chance.choice(known.get(found[1], _SEGMENTS) if exists else _SEGMENTS)

    target = re.sub(r"\{(\w+)\}", segment, endpoint.path)
    names = chance.sample(endpoint.query, chance.randint(0, len(endpoint.query)))
    if names:
        values = [chance.choice((*known.get(name, ()), *_QUERIES)) for name in names]
        target += "?" + "&".join(map("=".join, zip(names, values, strict=True)))
    return Call(endpoint, target, _body(chance, endpoint, known))


def _body(chance: random.Random, endpoint: Endpoint, known: Known) -> bytes:
    if endpoint.body is None:
        return b""
    if not chance.randrange(8):
        return chance.choice(_BODIES)
    return json.dumps(_Bodies(chance, known).value(endpoint.body)).encode()


class _Bodies:
    """JSON as a schema has it, but for a hostile value here and there."""

    def __init__(self, chance: random.Random, known: Known) -> None:
        self._chance = chance
        self._known = known
        self._hostile = chance.choice((0.02, 0.1, 0.3))

    def value(self, schema: dict[str, Any], name: str = "", depth: int = 0) -> Any:
        chance, schema = self._chance, _resolve(schema)
        if (depth and chance.random() < self._hostile) or depth > 8:
            return chance.choice(_VALUES)
        if depth and name in self._known and chance.random() < 0.8:
            return chance.choice(self._known[name])
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self.value(chance.choice(schema[several]), name, depth + 1)
        if "const" in schema or "enum" in schema:
            return chance.choice(schema.get("enum") or [schema["const"]])
        if schema.get("type") == "object":
            return self._object(schema, depth)
        if schema.get("type") == "array":
            items = [self.value(schema.get("items", {}), name, depth + 1)]
            return items * chance.choice((0, 1, 1, 2, 3, schema.get("maxItems", 100) + 1))
        return self._scalar(schema, name)

    def _scalar(self, schema: dict[str, Any], name: str) -> Any:
        chance = self._chance
        match schema.get("type"):
            case "integer" | "number":
                return chance.choice((schema.get("minimum", 0), schema.get("maximum", 100), 7))
            case "boolean":
                return chance.random() < 0.5
            case "null":
                return None
            case "string":
                return chance.choice(("Hello", "en", "t", *schema.get("examples", ()), *_TEXTS))
        return chance.choice(_VALUES)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        chance, required = self._chance, schema.get("required", ())
        found = {
            name: self.value(inner, name, depth + 1)
            for name, inner in schema.get("properties", {}).items()
            if chance.random() < (0.97 if name in required else 0.35)
        }
        others = schema.get("additionalProperties")
        if isinstance(others, dict):
            key = chance.choice(("en", "a", *_TEXTS))
            found[key] = self.value(others, "", depth + 1)
        elif not chance.randrange(30):
            found[chance.choice(_TEXTS)] = 1
        if _FOR_ALL in schema.get("properties", ()):
            found |= {_FOR_ALL: chance.choice((False, 1, None)), "account": _NOBODY}
        return found


def undocumented(endpoint: Endpoint, status: int, content_type: str, body: bytes) -> str:
    """What the document does not have in a response; empty when it is as documented."""
    if endpoint.path.startswith("/o/"):
        allowed = _PAGES[endpoint.method, endpoint.path]
        return "" if status in allowed or status == 429 else "status"
    responses = endpoint.responses
    kind = str(status) if str(status) in responses else f"{status // 100}XX"
    if kind not in responses:
        return "status"
    content = _resolve(responses[kind]).get("content", {})
    media_type = content_type.partition(";")[0]
    if media_type not in content:
        return f"content type {media_type!r}"
    if not media_type.endswith("json"):
        return ""
    error = next(_validator(json.dumps(content[media_type])).iter_errors(json.loads(body)), None)
    return str(error)[:300] if error else ""


@cache
def _validator(content: str) -> Any:
    schema = {**json.loads(content).get("schema", {}), "components": _COMPONENTS}
    return jsonschema_rs.Draft202012Validator(schema)
