"""Templates of a gateway in memory: `{name}` only, none of the forms of ICU."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from simpost_client.testing.state import Answer, Refusal, State, encoding_of, page, refuse


def save(state: State, body: Mapping[str, Any]) -> Answer:
    """POST /v1/templates. Raises Refusal for a variable that is not declared."""
    texts, variables = dict(body["texts"]), dict(body.get("variables") or {})
    for text in texts.values():
        if re.search(r"\{\w+\s*,", text):
            raise NotImplementedError("the fake renders {name} only, no plural or select")
        unknown = sorted(set(re.findall(r"\{(\w+)\}", text)) - set(variables))
        if unknown:
            raise Refusal(422, "invalid_request", f"{unknown[0]} is not declared", errors=[])
    language = body.get("defaultLanguage") or next(iter(texts))
    versions = state.templates.get(body["name"], [])
    longest = [_longest(tag, text, variables) for tag, text in texts.items()]
    template = {
        "name": body["name"],
        "defaultLanguage": language,
        "variables": {name: {"default": None, **given} for name, given in variables.items()},
        "texts": texts,
    }
    saved = {"name": body["name"], "defaultLanguage": language, "longest": longest}
    if body.get("dryRun"):
        return Answer(200, {**saved, "version": None, "createdAt": None})
    if versions and all(versions[-1][key] == value for key, value in template.items()):
        known = versions[-1]
        kept = {"version": known["version"], "createdAt": known["createdAt"]}
        return Answer(200, {**saved, **kept})
    made = {"version": len(versions) + 1, "createdAt": state.time()}
    state.templates.setdefault(body["name"], []).append({**template, **made})
    return Answer(201, {**saved, **made})


def _longest(tag: str, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    whole = re.sub(r"\{(\w+)\}", lambda each: str(variables[each[1]]["longest"]), text)
    return {**cost(whole), "language": tag}


def cost(text: str) -> dict[str, Any]:
    """A text with its parts."""
    encoding, parts = encoding_of(text)
    return {"text": text, "encoding": encoding, "partCount": parts, "ucs2Triggers": []}


def version_of(state: State, name: str, version: int | None) -> dict[str, Any]:
    """A version of a template. Raises Refusal."""
    for each in reversed(state.templates.get(name, [])):
        if version in {None, each["version"]}:
            return dict(each)
    raise Refusal(404, "not_found", "There is no such template.")


def render(state: State, name: str, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The text of a message, and the reference to its template. Raises Refusal."""
    try:
        template = version_of(state, name, given.get("templateVersion") or given.get("version"))
    except Refusal:
        raise refuse("template_unknown") from None
    wanted = given.get("language") or template["defaultLanguage"]
    language = wanted if wanted in template["texts"] else template["defaultLanguage"]
    values = given.get("values") or {}

    def value(each: re.Match[str]) -> str:
        default = template["variables"][each[1]]["default"]
        if each[1] not in values and default is None:
            raise refuse("template_value_missing", f"The value of {each[1]} is missing.")
        return str(values.get(each[1], default))

    text = re.sub(r"\{(\w+)\}", value, template["texts"][language])
    return text, {"name": name, "version": template["version"], "language": language}


def rendered(state: State, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """POST /v1/templates/{name}/render."""
    version_of(state, name, body.get("version"))
    text, reference = render(state, name, body)
    return {**cost(text), "template": reference}


def delete(state: State, name: str) -> dict[str, Any]:
    """Delete all versions. Raises Refusal."""
    version_of(state, name, None)
    del state.templates[name]
    return {"name": name}


def summaries(state: State, query: Mapping[str, str]) -> Answer:
    """GET /v1/templates."""
    rows = []
    for versions in state.templates.values():
        row = {key: value for key, value in versions[-1].items() if key != "texts"}
        row["languages"], row["variables"] = list(versions[-1]["texts"]), list(row["variables"])
        rows.append(row)
    return page(sorted(rows, key=lambda each: str(each["name"])), query, "templates")
