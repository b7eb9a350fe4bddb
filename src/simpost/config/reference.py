"""The reference of all settings, as docs/configuration.md shows it.

`python -m simpost.config.reference FILE` writes it between the marks of that file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_origin

from simpost.config.settings import Settings

BEGIN = "<!-- reference: begin -->"
END = "<!-- reference: end -->"
_FORMATS = {"password": "secret", "date": "date"}


def reference() -> str:
    """Markdown: a table per section, a row per key."""
    schema = Settings.model_json_schema()
    lines: list[str] = []
    for section, field in Settings.model_fields.items():
        is_list = get_origin(field.annotation) is tuple
        about = schema["properties"][section]
        title = f"`[[{section}]]`" if is_list else f"`[{section}]`"
        for heading, definition in _definitions(schema, about["items"] if is_list else about):
            lines += [f"### {title}{heading}", "", definition["description"], ""]
            lines += ["| key | type | default | |", "| --- | --- | --- | --- |"]
            lines += _rows(schema, definition)
            lines.append("")
            lines += _unions(schema, section, definition)
    return "\n".join(lines)


def with_reference(text: str) -> str:
    """The text with its reference generated again."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{reference()}\n{END}{after}"


def _definitions(
    schema: dict[str, Any], about: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The definitions of a section with the end of their heading; several if it has a `type`."""
    if "oneOf" not in about:
        yield "", _resolved(schema, about)
        return
    for tag, reference in about["discriminator"]["mapping"].items():
        yield f' with `type = "{tag}"`', _resolved(schema, {"$ref": reference})


def _unions(schema: dict[str, Any], section: str, definition: dict[str, Any]) -> Iterator[str]:
    """The tables of keys that are tables themselves."""
    for key, about in definition["properties"].items():
        found = _union(schema, about)
        if found is None:
            continue
        for heading, each in _definitions(schema, found):
            yield from (f"#### `[{section}.{key}]`{heading}", "", each["description"], "")
            yield from ("| key | type | default | |", "| --- | --- | --- | --- |")
            yield from _rows(schema, each)
            yield ""


def _union(schema: dict[str, Any], about: dict[str, Any]) -> dict[str, Any] | None:
    """The table or union of tables that a key is, if it is one."""
    found = [_resolved(schema, each) for each in (about, *about.get("anyOf", ()))]
    return next((each for each in found if "discriminator" in each or "properties" in each), None)


def _rows(schema: dict[str, Any], definition: dict[str, Any]) -> Iterator[str]:
    required = definition.get("required", ())
    for key, about in definition["properties"].items():
        default = "required" if key in required else f"`{_toml(about.get('default'))}`"
        about_type = _resolved(schema, about)
        yield f"| `{key}` | {_kind(schema, about_type)} | {default} | {about['description']} |"


def _resolved(schema: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in about:
        return about
    found: dict[str, Any] = schema["$defs"][about["$ref"].rpartition("/")[2]]
    return found


def _kind(schema: dict[str, Any], about: dict[str, Any]) -> str:
    if "discriminator" in about:
        return "table"
    if "enum" in about or "const" in about:
        return " or ".join(f"`{_toml(each)}`" for each in about.get("enum", [about.get("const")]))
    if "anyOf" in about:
        return " or ".join(
            _kind(schema, _resolved(schema, each))
            for each in about["anyOf"]
            if each != {"type": "null"}
        )
    if about["type"] == "array":
        return f"list of {_kind(schema, _resolved(schema, about['items']))}"
    if about.get("format") in _FORMATS:
        return _FORMATS[about["format"]]
    names = {
        "object": "table",
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "boolean",
    }
    low, high = about.get("minimum"), about.get("maximum")
    bounds = f", {low:,} to {high:,}" if low is not None and high is not None else ""
    return names[about["type"]] + bounds


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case None:
            return ""
        case dict():
            pairs = ", ".join(f"{key} = {_toml(each)}" for key, each in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case list():
            return f"[{', '.join(sorted(_toml(each) for each in value))}]"
        case _:
            return f"{value}"


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(with_reference(file.read_text("utf-8")), "utf-8")
