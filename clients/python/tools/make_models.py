"""Writes the models of the native API from the OpenAPI document.

python -m clients.python.tools.make_models
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from clients.python.tools.formatting import formatted

FOLDER: Final = Path(__file__).parents[1] / "src" / "simpost_client" / "models"

ROOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "messages": ("AcceptedMessage", "MessageDetail", "MessagePage", "Preview"),
    "verifications": (
        "StartedVerification",
        "CheckedVerification",
        "VerificationPage",
        "VerificationPreview",
    ),
    "templates": (
        "SavedTemplateOut",
        "TemplateOut",
        "TemplatePage",
        "TemplatePreview",
        "RenderedTemplate",
        "DeletedTemplate",
    ),
    "broadcasts": ("BroadcastOut", "BroadcastPage", "RecipientPage", "BroadcastPreviewOut"),
    "conversations": (
        "ConversationOut",
        "ConversationPage",
        "ConversationEntries",
        "NoteOut",
        "NotePage",
    ),
    "inbound": ("InboundDetail", "InboundPage"),
    "events": ("EventOut", "EventList"),
}
"""The responses that each module has; what several modules need is in `shared`."""

PRIVATE: Final = frozenset({"text", "binary", "segments", "texts", "longest", "octets"})
"""Fields with words of a message: the repr of a model does not have them."""

_RENAMED: Final = {"from": "sender", "class": "message_class"}
_HEAD: Final = '''"""Models of the native API: {room}. Written by make_models."""

from __future__ import annotations

'''

_PACKAGE: Final = '''"""Models of the native API, by resource. Written by make_models."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
{imports}

_HOMES = {homes}
"""Where each model is: a program loads only those that it uses."""

__all__ = {names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    value = getattr(importlib.import_module(f"{{__name__}}.{{_HOMES[name]}}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
'''


def models(document: Mapping[str, Any]) -> dict[str, str]:
    """The source of each module of the package, by name."""
    schemas = document["components"]["schemas"]
    homes: dict[str, str] = {}
    for room, roots in ROOTS.items():
        for name in _needed(schemas, roots):
            homes[name] = room if homes.get(name, room) == room else "shared"
    rooms = {room: _module(schemas, homes, room) for room in [*ROOTS, "shared"]}
    rooms["__init__"] = _package(homes)
    return {name: formatted(source) for name, source in rooms.items()}


def _needed(schemas: Mapping[str, Any], roots: tuple[str, ...]) -> dict[str, None]:
    """Names of the objects that the roots have, those that are needed first."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in found or "properties" not in schemas[name]:
            return
        for inner in dict.fromkeys(_references(schemas[name]["properties"])):
            visit(inner)
        found[name] = None

    for root in roots:
        visit(root)
    return found


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "$ref" in value:
            yield value["$ref"].rpartition("/")[2]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def _module(schemas: Mapping[str, Any], homes: Mapping[str, str], room: str) -> str:
    inside = [name for name, home in homes.items() if home == room]
    blocks = [_model(schemas, name) for name in inside]
    source = "\n\n".join(blocks)
    foreign: dict[str, list[str]] = {}
    for name in inside:
        for used in _references(schemas[name]["properties"]):
            if used in homes and homes[used] != room:
                foreign.setdefault(homes[used], []).append(class_name(used))
    imports = ["from dataclasses import dataclass, field"]
    if "field(" not in source:
        imports = ["from dataclasses import dataclass"]
    if "datetime" in source:
        imports.append("from datetime import datetime")
    if re.search(r"\bAny\b", source):
        imports.append("from typing import Any")
    if foreign:
        imports.append("")
    for home, names in foreign.items():
        imports.append(f"from simpost_client.models.{home} import {', '.join(sorted(set(names)))}")
    return _HEAD.format(room=room) + "\n".join(imports) + "\n\n\n" + source


def _model(schemas: Mapping[str, Any], name: str) -> str:
    schema = schemas[name]
    lines = ["@dataclass(frozen=True, slots=True, kw_only=True)", f"class {class_name(name)}:"]
    lines += _docstring(schema.get("description", ""))
    for key, value in schema["properties"].items():
        hint = _hint(schemas, value)
        optional = hint.endswith("| None")
        options = ["default=None"] if optional else []
        if key in PRIVATE:
            options.append("repr=False")
        default = ""
        if options:
            default = (
                " = None" if options == ["default=None"] else f" = field({', '.join(options)})"
            )
        lines.append(f"    {field_name(key)}: {hint}{default}")
    return "\n".join(lines) + "\n"


def _docstring(text: str) -> list[str]:
    """A description in camelCase as a docstring of the dataclass."""
    words = re.sub(r"`([a-z]+(?:[A-Z][a-z]+)+)`", lambda m: f"`{field_name(m[1])}`", text)
    paragraphs = [each.replace("\n", " ").strip() for each in words.split("\n\n") if each.strip()]
    wrapped = [textwrap.wrap(each, 92) for each in paragraphs] or [["As the API documents it."]]
    first, *rest = [line for each in wrapped for line in [*each, ""]][:-1]
    if not rest:
        return [f'    """{first}"""', ""]
    if rest[0]:  # the summary goes on: it is the whole paragraph
        return [f'    """{first}', *(f"    {line}".rstrip() for line in rest), '    """', ""]
    return [f'    """{first}', *(f"    {line}".rstrip() for line in rest), '    """', ""]


def class_name(schema: str) -> str:
    """The name of the dataclass of a schema."""
    return schema.removesuffix("Out")


def field_name(key: str) -> str:
    """The name of the field of a key: esimTranNo is `esim_tran_no`."""
    return _RENAMED.get(key) or re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).lower()


def _hint(schemas: Mapping[str, Any], value: Mapping[str, Any]) -> str:  # noqa: PLR0911
    """The type of a field."""
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return class_name(name) if "properties" in schemas[name] else _hint(schemas, schemas[name])
    choices = value.get("anyOf") or value.get("oneOf")
    if choices:
        kinds = [each for each in choices if each.get("type") != "null"]
        hints = {_hint(schemas, each) for each in kinds}
        hint = "float" if hints == {"int", "float"} else hints.pop() if len(hints) == 1 else "Any"
        return hint if hint == "Any" or len(kinds) == len(choices) else f"{hint} | None"
    kind = value.get("type")
    if isinstance(kind, list):
        kinds = [each for each in kind if each != "null"]
        hint = _hint(schemas, {**value, "type": kinds[0]}) if len(kinds) == 1 else "Any"
        return hint if hint == "Any" or len(kinds) == len(kind) else f"{hint} | None"
    if kind == "array":
        return f"tuple[{_hint(schemas, value.get('items', {}))}, ...]"
    if kind == "object":
        inner = value.get("additionalProperties")
        return f"dict[str, {_hint(schemas, inner) if isinstance(inner, Mapping) else 'Any'}]"
    if kind == "string" and value.get("format") == "date-time":
        return "datetime"
    simple = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
    return simple.get(kind or "", "str" if "enum" in value or "const" in value else "Any")


def _package(homes: Mapping[str, str]) -> str:
    rooms: dict[str, list[str]] = {}
    for name, home in homes.items():
        rooms.setdefault(home, []).append(class_name(name))
    imports = [
        f"    from simpost_client.models.{home} import {', '.join(sorted(names))}"
        for home, names in sorted(rooms.items())
    ]
    table = {class_name(name): home for name, home in homes.items()}
    return _PACKAGE.format(
        imports="\n".join(imports),
        homes=dict(sorted(table.items())),
        names=sorted(table),
    )


def main() -> None:
    """Write every module."""
    from tests.native_app import document

    FOLDER.mkdir(exist_ok=True)
    for name, source in models(document()).items():
        (FOLDER / f"{name}.py").write_text(source, "utf-8")


if __name__ == "__main__":
    main()
