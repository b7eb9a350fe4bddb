"""Compares real answers of the simulator with its OpenAPI document."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import jsonschema_rs

from simpost.smsc.openapi import describe

DOCUMENT = describe()
ITEMS = {
    re.compile(re.sub(r"\{\w+\}", "[^/]+", path)): (path, item)
    for path, item in DOCUMENT["paths"].items()
}
WITHOUT_SCHEMA = frozenset({"/", "/page/{name}", "/events", "/openapi.json"})


def check_documented(method: str, path: str, status: int, answer: Any) -> None:
    """Fail if an answer differs from the document; upstream APIs are not in it."""
    for pattern, (template, item) in ITEMS.items():
        if pattern.fullmatch(path.partition("?")[0]) and method.lower() in item:
            responses = item[method.lower()]["responses"]
            key = str(status) if str(status) in responses else f"{status // 100}XX"
            assert key in responses, (method, path, status)
            if "content" in responses[key]:
                _validator(template, method.lower(), key).validate(answer)
            else:
                assert answer is None, (method, path, answer)


@cache
def _validator(template: str, method: str, key: str) -> Any:
    schema = {"$ref": f"#/paths/{_escaped(template)}/{method}/responses/{key}/content/"}
    schema["$ref"] += f"{_escaped('application/json')}/schema"
    return jsonschema_rs.validator_for(schema | _strict(DOCUMENT))


def _strict(node: Any) -> Any:
    """The document, without room for fields that it does not name."""
    if isinstance(node, list):
        return [_strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {name: _strict(each) for name, each in node.items()}
    if isinstance(found.get("properties"), dict) and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


def _escaped(name: str) -> str:
    """A part of a JSON pointer in a URI fragment (RFC 6901 6)."""
    return name.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
