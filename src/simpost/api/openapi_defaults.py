"""Defaults in the OpenAPI document, in a form that client generators read correctly.

Generators of TypeScript types read `default` as "always present" and then require the field in
requests too. So no schema has a `default`: in a request the field is optional and its description
states the default; in a response it is required.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_SCHEMAS = "#/components/schemas/"


def describe_defaults(document: dict[str, Any]) -> None:
    """Replace the `default` of every property of every schema, in place."""
    schemas = document["components"]["schemas"]
    in_requests = _reachable(document["paths"], schemas)
    for name, schema in schemas.items():
        for field, about in schema.get("properties", {}).items():
            if "default" not in about:
                continue
            default = about.pop("default")
            if name in in_requests:
                sentence = f"Default: `{json.dumps(default, ensure_ascii=False)}`."
                about["description"] = f"{about.get('description', '')} {sentence}".lstrip()
            elif field not in schema.setdefault("required", []):
                schema["required"].append(field)


def _reachable(paths: Any, schemas: dict[str, Any]) -> set[str]:
    """Names of the schemas in request bodies, nested ones included."""
    found: set[str] = set()
    bodies = [
        operation.get("requestBody")
        for operations in paths.values()
        for operation in operations.values()
    ]
    pending = list(_names(bodies))
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += _names(schemas[name])
    return found


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if str(node.get("$ref", "")).startswith(_SCHEMAS):
            yield node["$ref"].removeprefix(_SCHEMAS)
        for inner in node.values():
            yield from _names(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _names(inner)
