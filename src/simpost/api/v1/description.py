"""The OpenAPI 3.1 document of both doors."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from simpost.api.open import description as open_door
from simpost.api.v1.problems import MEDIA_TYPE

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457; `code` is a stable word, see the reference.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "remedy": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"at": {"type": "string"}, "reason": {"type": "string"}},
                "required": ["at", "reason"],
            },
        },
    },
    "required": ["type", "title", "status", "code", "detail"],
}
_SCHEMES: dict[str, Any] = {
    "AccessCode": {"type": "apiKey", "in": "header", "name": "RT-AccessCode"},
    "SecretKey": {"type": "apiKey", "in": "header", "name": "RT-SecretKey"},
    "Signature": {
        "type": "apiKey",
        "in": "header",
        "name": "RT-Signature",
        "description": "Hex HMAC-SHA256 of RT-Timestamp, RT-RequestID, RT-AccessCode and the body.",
    },
    "Basic": {"type": "http", "scheme": "basic"},
    "Operator": {"type": "http", "scheme": "bearer"},
}
_ACCOUNT: list[dict[str, list[str]]] = [{"AccessCode": [], "SecretKey": []}, {"Basic": []}]
_OPERATOR: list[dict[str, list[str]]] = [{"Operator": []}]
_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> dict[str, Any]:
    """Every path of both doors with what it takes and answers."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        summary="The open-source SMS service for eSIMs",
        routes=app.routes,
    )
    problem = {
        "description": "A problem",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = problem
            if path.startswith("/v1/"):
                is_operators = path.startswith("/v1/operator/")
                operation["security"] = _OPERATOR if is_operators else _ACCOUNT
    document["paths"] |= open_door.paths()
    components = document["components"]
    for name in _FRAMEWORK_SCHEMAS:
        components["schemas"].pop(name, None)
    components["schemas"] |= {"Problem": _PROBLEM, **open_door.schemas()}
    components["securitySchemes"] = _SCHEMES
    return document
