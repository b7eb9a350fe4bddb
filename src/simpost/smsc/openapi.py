"""The OpenAPI description of the simulator's own requests, built from their structs.

The upstream APIs are not in it: their suppliers document them.
"""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any, Final

import msgspec

from simpost.smsc.control import HandsetDelay, HandsetText
from simpost.smsc.faults import Faults
from simpost.smsc.fixture import Fixture
from simpost.smsc.handsets import MAX_TEXTS
from simpost.smsc.text_query import MAX_MATCH
from simpost.smsc.text_routes import MAX_FOUND, TaggedNumbers
from simpost.smsc.upstreams.catalogue import UpstreamCatalogue
from simpost.smsc.views import (
    HandsetView,
    MessageView,
    PartView,
    StatsView,
    TextView,
    UndeliveredView,
)

_REFS: Final = "#/components/schemas/{name}"
_IN_PATH: Final = re.compile(r"\{(\w+)\}")
_STRING: Final = {"type": "string"}
_ID: Final = {"type": "integer", "minimum": 0}
_TEXTS: Final = {"type": "array", "items": {"$ref": _REFS.format(name="TextView")}}
_STRUCTS: Final = (
    Fixture,
    Faults,
    HandsetDelay,
    HandsetText,
    HandsetView,
    MessageView,
    PartView,
    StatsView,
    TaggedNumbers,
    TextView,
    UndeliveredView,
    UpstreamCatalogue,
)
_CONDITIONS: Final = {
    "match": ("A part of the text; case is ignored", _STRING | {"maxLength": MAX_MATCH}),
    "from": ("The whole sender", _STRING),
    "systemId": ("The system_id of the ESME that sent it", _STRING),
    "tag": ("The tag of the test run", _STRING),
    "after": ("The id is greater", _ID),
    "before": ("The id is less", _ID),
}
_READING: Final = _CONDITIONS | {
    "latest": (
        f"At most this many of the newest; {MAX_TEXTS} unless asked otherwise",
        {"type": "integer", "minimum": 1, "maximum": MAX_FOUND},
    ),
    "wait": ("Wait for a text, such as 10s; 404 without one", _STRING),
}
_NUMBER: Final = {"number": ("The handset", _STRING)}
_LIMITS: Final = {
    "limit": ("At most this many handsets; 100 unless asked otherwise", _ID),
    "messages": ("At most this many texts of each; 1 unless asked otherwise", _ID),
}


def describe() -> dict[str, Any]:
    """The whole document."""
    _, components = msgspec.json.schema_components(_STRUCTS, ref_template=_REFS)
    error = _object({"error": _object({"code": _STRING, "message": _STRING})})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "simpost smsc",
            "version": version("simpost"),
            "description": "Handsets of the SMSC simulator, for tests.",
        },
        "servers": [{"url": "/"}],
        "paths": {path: _with_path_parameters(path, item) for path, item in _paths().items()},
        "components": {"schemas": components | {"Error": error}},
    }


def _paths() -> dict[str, Any]:
    handset, text = _ref(HandsetView), _ref(MessageView)
    by_number = "/handsets/{number}"
    return {
        "/handsets": {
            "get": _operation("listHandsets", "List handsets", _list(handset), _LIMITS),
            "delete": _operation("deleteHandsets", "Delete all handsets", None),
        },
        by_number: {
            "get": _operation("getHandset", "Show a handset", handset),
            "delete": _operation("deleteHandset", "Delete a handset and its texts", None),
        },
        f"{by_number}/messages": {
            "get": _operation(
                "findTextsOfHandset", "Find the texts of a handset, or wait", _TEXTS, _READING
            ),
            "post": _operation("sendText", "Send a text from a handset", text, body=HandsetText),
        },
        f"{by_number}/off": {"post": _operation("switchOff", "Switch a handset off", handset)},
        f"{by_number}/full": {
            "post": _operation("fillHandset", "Let the memory of a handset be full", handset)
        },
        f"{by_number}/delay": {
            "post": _operation(
                "delayHandset", "Delay the texts of a handset", handset, body=HandsetDelay
            )
        },
        f"{by_number}/on": {"post": _operation("switchOn", "Switch a handset on", handset)},
        "/messages": {
            "get": _operation("findTexts", "Find texts, or wait", _TEXTS, _NUMBER | _READING),
            "delete": _operation(
                "deleteTexts", "Delete texts", _count("deleted"), _NUMBER | _CONDITIONS
            ),
        },
        "/messages/{id}": {"get": _operation("getText", "Show a text", _ref(TextView))},
        "/messages/{id}/parts": {
            "get": _operation("getParts", "Show the user data of a text", _list(_ref(PartView)))
        },
        "/undelivered": {
            "get": _operation(
                "listUndelivered", "List texts that no handset shows", _list(_ref(UndeliveredView))
            )
        },
        "/tags": {
            "get": _operation("listTags", "List the numbers of each tag", _map(_list(_STRING))),
        },
        "/tags/{tag}": {
            "put": _operation(
                "putTag",
                "Tag the texts of handsets from now on",
                _object({"tag": _STRING, "numbers": _list(_STRING)}),
                body=TaggedNumbers,
            ),
            "delete": _operation("deleteTag", "End a tag", None),
        },
        "/fixture": {
            "get": _operation("exportTexts", "Export texts", _ref(Fixture), _NUMBER | _CONDITIONS),
            "post": _operation("addTexts", "Add texts", _count("added"), body=Fixture),
        },
        "/faults": {
            "get": _operation("getFaults", "Show the active faults", _ref(Faults)),
            "put": _operation("putFaults", "Replace the faults", _ref(Faults), body=Faults),
            "delete": _operation("deleteFaults", "Remove the faults", None),
        },
        "/faults/file": {
            "get": {
                "operationId": "saveFaults",
                "summary": "Show the active faults as a TOML file",
                "responses": {
                    "200": {
                        "description": "Done",
                        "content": {"application/toml": {"schema": _STRING}},
                    }
                },
            },
            "put": _operation(
                "writeFaultFile", "Write the faults to their file", _object({"file": _STRING})
            ),
        },
        "/catalogue": {
            "get": _operation("getCatalogue", "Show plans and eSIMs", _ref(UpstreamCatalogue)),
            "put": _operation(
                "putCatalogue", "Replace plans and eSIMs", None, body=UpstreamCatalogue
            ),
        },
        "/stats": {"get": _operation("getStats", "Show the counters", _ref(StatsView))},
        "/disconnect": {
            "post": _operation("disconnect", "Reset every SMPP connection", _count("disconnected"))
        },
    }


def _with_path_parameters(path: str, item: dict[str, Any]) -> dict[str, Any]:
    """An item of the document with the parameters that its path names."""
    names = _IN_PATH.findall(path)
    if not names:
        return item
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _ID if name == "id" else _STRING}
        for name in names
    ]
    return {"parameters": parameters} | item


def _operation(
    name: str,
    summary: str,
    answer: dict[str, Any] | None,
    parameters: dict[str, Any] | None = None,
    *,
    body: type | None = None,
) -> dict[str, Any]:
    """An operation; `answer` is None for 204 without a body."""
    success = (
        {"204": {"description": "Done"}}
        if answer is None
        else {"200": {"description": "Done", "content": _json(answer)}}
    )
    error = {"description": "What is wrong", "content": _json({"$ref": _REFS.format(name="Error")})}
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "responses": success | {"4XX": error, "5XX": error},
    }
    if parameters:
        operation["parameters"] = [
            {"name": each, "in": "query", "description": description, "schema": schema}
            for each, (description, schema) in parameters.items()
        ]
    if body is not None:
        operation["requestBody"] = {"required": True, "content": _json(_ref(body))}
    return operation


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _ref(struct: type) -> dict[str, Any]:
    return {"$ref": _REFS.format(name=struct.__name__)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _map(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def _count(name: str) -> dict[str, Any]:
    return _object({name: _ID})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}
