"""The OpenAPI 3.1 document of both APIs."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.alias_generators import to_camel

from simpost.api.open import openapi as open_api
from simpost.api.openapi_defaults import describe_defaults
from simpost.api.shared.problems import MEDIA_TYPE, RETRY_AFTER, ProblemCode
from simpost.api.shared.scopes import ADMIN_PATHS as _ADMIN
from simpost.api.shared.scopes import needs_scope, required_scope
from simpost.api.v1.messages.send_schema import message_schemas
from simpost.domain.api_keys import PREFIX

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457; `code` is stable, docs/api.md lists all of them.",
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
_PROBLEM_OR_NULL: dict[str, Any] = {
    "anyOf": [{"$ref": "#/components/schemas/Problem"}, {"type": "null"}]
}
_NOT_CANCELLABLE: dict[str, Any] = {
    "type": "object",
    "description": "A problem that names the state which prevents the cancellation.",
    "properties": {
        **{name: _PROBLEM["properties"][name] for name in _PROBLEM["required"]},
        "code": {"type": "string", "const": ProblemCode.NOT_CANCELLABLE},
        "state": {"$ref": "#/components/schemas/State"},
    },
    "required": [*_PROBLEM["required"], "state"],
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
    "ApiKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": f"{PREFIX}...",
        "description": "A key of an account. Each operation names the scope that it needs.",
    },
    "Admin": {"type": "http", "scheme": "bearer", "description": "The admin token."},
}
_ACCOUNT: list[dict[str, list[str]]] = [{"AccessCode": [], "SecretKey": []}, {"Basic": []}]
_ADMIN_TOKEN: list[dict[str, list[str]]] = [{"Admin": []}]
_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")
_SERVERS = [{"url": "/", "description": "The simpost that serves this document."}]
_LICENSE = {"name": "Apache License 2.0", "identifier": "Apache-2.0"}


def operation_id(route: APIRoute) -> str:
    """The name of the function in camelCase, with the prefix `admin` for admin endpoints."""
    name = f"admin_{route.name}" if route.path.startswith(_ADMIN) else route.name
    return to_camel(name)


def describe(app: FastAPI) -> dict[str, Any]:
    """The document: every path of both APIs with its requests and responses."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        summary="The open-source SMS service for eSIMs",
        license_info=_LICENSE,
        servers=_SERVERS,
        routes=app.routes,
    )
    problem = {
        "description": "A problem",
        "headers": RETRY_AFTER,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["responses"].pop("422", None)
            for failures in ("4XX", "5XX"):
                operation["responses"][failures] = {"$ref": "#/components/responses/Problem"}
            operation["security"] = _security(method, path)
    document["paths"] |= open_api.paths()
    components = document["components"]
    for name in _FRAMEWORK_SCHEMAS:
        components["schemas"].pop(name, None)
    for name in ("BatchItem", "BatchPreviewItem"):
        components["schemas"][name]["properties"]["problem"] = _PROBLEM_OR_NULL
    components["schemas"] = message_schemas() | components["schemas"]
    components["schemas"] |= {
        "Problem": _PROBLEM,
        "NotCancellable": _NOT_CANCELLABLE,
        **open_api.schemas(),
    }
    components["responses"] = {"Problem": problem, **open_api.responses()}
    components["parameters"] = open_api.parameters()
    components["securitySchemes"] = _SCHEMES
    describe_defaults(document)
    _drop_titles(document)
    return document


def _drop_titles(document: dict[str, Any]) -> None:
    """Drop the titles of fields and parameters: they repeat the names."""
    for schema in document["components"]["schemas"].values():
        for field in schema.get("properties", {}).values():
            if isinstance(field, dict) and isinstance(field.get("title"), str):
                del field["title"]
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                parameter.get("schema", {}).pop("title", None)


def _security(method: str, path: str) -> list[dict[str, list[str]]]:
    """The credentials that an operation accepts; an API key with the scope that it needs."""
    if not needs_scope(path):
        return _ADMIN_TOKEN if path == "/metrics" else []
    scope = required_scope(method, path)
    others = _ADMIN_TOKEN if path.startswith(_ADMIN) else _ACCOUNT
    return [*others, {"ApiKey": [scope]}] if scope else others
