"""Loads settings from a TOML file and the environment, or reports all errors in them."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, cast, get_args, get_origin

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from simpost.config.carriers import CARRIER_TYPES
from simpost.config.credentials import read_credentials
from simpost.config.http_auth import AUTH_TYPES
from simpost.config.lines import KeyPath, key_lines, line_of
from simpost.config.links import link_problems
from simpost.config.section import Section
from simpost.config.settings import RouteSettings, Settings
from simpost.config.sources import SOURCE_TYPES
from simpost.config.store import ROLES
from simpost.domain.inbound import plain_number
from simpost.errors import ConfigError

ENVIRONMENT_PREFIX = "SIMPOST_"
_UNIONS: Mapping[str | int, Mapping[str | int, type[Section]]] = {
    "carriers": CARRIER_TYPES,
    "sources": SOURCE_TYPES,
}
_LISTS: dict[str | int, type[Section]] = {
    name: get_args(field.annotation)[0]
    for name, field in Settings.model_fields.items()
    if get_origin(field.annotation) is tuple and name not in _UNIONS
}
_TABLES: dict[str | int, type[Section]] = {
    name: cast("type[Section]", field.annotation)
    for name, field in Settings.model_fields.items()
    if name not in _LISTS and name not in _UNIONS
}
_Problem = tuple[KeyPath, str]


def load(path: Path | str, environment: Mapping[str, str] | None = None) -> Settings:
    """Read and check a configuration file.

    The environment variable `SIMPOST_SERVER__PORT` overrides `port` of `[server]`. Every key of a
    section that occurs once has such a variable. A text of `credential:NAME` is read from a file,
    see `credentials.py`. Raises ConfigError with one line per problem: file, line, key, reason.
    """
    path = Path(path)
    text = _read(path)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    overridden = _override(document, environment or {})
    problems = read_credentials(document, environment or {})
    if not problems:
        settings = _settings(document, path.absolute().parent)
        if isinstance(settings, Settings):
            return settings
        problems = settings
    lines = key_lines(text)
    raise ConfigError(
        "\n".join(
            f"{overridden.get(at) or f'{path}:{line_of(lines, at)}'}: {_written(at)}: {reason}"
            for at, reason in sorted(problems, key=lambda found: line_of(lines, found[0]))
        )
    )


def _settings(document: dict[str, Any], folder: Path) -> Settings | list[_Problem]:
    """The settings, or all that is wrong with them. Files are named relative to `folder`."""
    try:
        # Through JSON: TOML knows the same types, and strictness then takes arrays for sets.
        settings = Settings.model_validate_json(
            json.dumps(document, default=str), context={"folder": folder}
        )
    except ValidationError as error:
        return [(_path_of(details), _reason(details)) for details in error.errors()]
    checks = (_contradictions, _about_node, _about_smpp)
    return [problem for check in checks for problem in check(settings)] or settings


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; `simpost init {path}` creates one") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at octet {error.start}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _override(document: dict[str, Any], environment: Mapping[str, str]) -> dict[KeyPath, str]:
    """Put values of the environment into the document; returns the variable of each path."""
    came_from: dict[KeyPath, str] = {}
    for name, value in sorted(environment.items()):
        section, mark, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
        if not name.startswith(ENVIRONMENT_PREFIX) or not mark or section not in _TABLES:
            continue
        table = document.setdefault(section, {})
        if isinstance(table, dict):
            table[key] = _typed(section, key, value)
            came_from[(section, key)] = f"environment {name}"
    return came_from


def _typed(section: str, key: str, value: str) -> Any:
    """The value: text where the setting is text, otherwise parsed as TOML."""
    field = _TABLES[section].model_fields.get(key)
    if field is None or field.annotation in (str, SecretStr):
        return value
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return value


def _contradictions(settings: Settings) -> Iterator[_Problem]:
    """Contradictions between keys that are valid by themselves."""
    first: dict[str, int] = {}
    for index, carrier in enumerate(settings.carriers):
        if first.setdefault(carrier.name, index) != index:
            yield ("carriers", index, "name"), f"there is already a carrier {carrier.name!r}"
        if carrier.type == "smpp":
            for keys, reason in link_problems(carrier):
                yield ("carriers", index, *keys), reason
    for index, route in enumerate(settings.routes):
        yield from _about_route(("routes", index), route, first)
    yield from _about_sources(settings)
    yield from _about_mcp(settings)
    numbers: set[str] = set()
    for index, each in enumerate(settings.numbers):
        if (plain := plain_number(each.number)) in numbers:
            yield ("numbers", index, "number"), f"{each.number!r} is there already"
        numbers.add(plain)


def _about_sources(settings: Settings) -> Iterator[_Problem]:
    sources: set[str] = set()
    for index, source in enumerate(settings.sources):
        if source.name in sources:
            yield ("sources", index, "name"), f"there is already a source {source.name!r}"
        sources.add(source.name)
        if 0 < source.stale_after_s <= source.interval_s:
            reason = f"must be above interval_s ({source.interval_s}): each copy would be stale"
            yield ("sources", index, "stale_after_s"), reason


def _about_mcp(settings: Settings) -> Iterator[_Problem]:
    accounts: set[str] = set()
    for index, each in enumerate(settings.mcp_sending):
        if each.account in accounts:
            reason = f"there is already a block for the account {each.account!r}"
            yield ("mcp_sending", index, "account"), reason
        accounts.add(each.account)


def _about_node(settings: Settings) -> Iterator[_Problem]:
    if settings.store.is_embedded and len(settings.node.roles) < len(ROLES):
        yield ("node", "roles"), "the embedded store has one process, which does everything"


def _about_smpp(settings: Settings) -> Iterator[_Problem]:
    smpp = settings.smpp_server
    if smpp.enabled and smpp.is_plain_beyond_loopback and not smpp.allow_plain:
        reason = "is missing: beyond loopback the port needs TLS (or allow_plain = true)"
        yield ("smpp_server", "tls_cert_file"), reason
    if smpp.tls_key_file and not smpp.tls_cert_file:
        yield ("smpp_server", "tls_key_file"), "is of no use without tls_cert_file"


def _about_route(
    at: KeyPath, route: RouteSettings, carriers: Collection[str]
) -> Iterator[_Problem]:
    if not route.carrier and not route.carriers:
        yield (*at, "carrier"), "is missing: name one, or several in `carriers`"
        return
    if route.carrier and route.carriers:
        yield (*at, "carriers"), "give either carrier or carriers"
    known = ", ".join(carriers) or "none are configured"
    for number, name in enumerate(route.order):
        key: KeyPath = ("carriers", number) if route.carriers else ("carrier",)
        if name not in carriers:
            yield (*at, *key), f"no carrier {name!r} (known: {known})"
        elif name in route.order[:number]:
            yield (*at, *key), f"{name!r} is named twice"


def _path_of(details: ErrorDetails) -> KeyPath:
    """The path in the file: pydantic puts the type of a table, and of its auth, into it."""
    path = details["loc"]
    if _has_type(path):
        path = (*path[:2], *path[3:])
        if path[2:3] == ("auth",):
            path = (*path[:3], *path[4:])
    if details["type"] in ("union_tag_not_found", "union_tag_invalid"):
        return (*path, "type")
    return path


def _has_type(path: KeyPath) -> bool:
    return len(path) > 2 and path[2] in _UNIONS.get(path[0], ())


_SAID = {
    "missing": "is missing",
    "union_tag_not_found": "is missing",
    "union_tag_invalid": "must be one of {expected_tags}",
    "model_attributes_type": "must be a table",
    "dict_type": "must be a table",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "model_type": "must be a table",
    "tuple_type": "must be a list",
    "frozen_set_type": "must be a list",
    "too_short": "must have at least {min_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "too_long": "must have at most {max_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
_RENAMED = {
    "operator_token": "admin_token",
    "unread_answer_s": "unread_response_timeout_s",
    "bind_patience_s": "yield_binds_after_s",
    "share": "sample_ratio",
}
"""Settings of earlier versions and their present names, for the error message."""


def _reason(details: ErrorDetails) -> str:
    kind = details["type"]
    if kind == "extra_forbidden":
        return _unknown(details["loc"])
    if said := _SAID.get(kind):
        return said.format(**details.get("ctx", {}))
    return details["msg"].removeprefix("Value error, ").replace("Input should be", "must be")


def _unknown(path: KeyPath) -> str:
    if _has_type(path):
        is_auth = path[3] == "auth" and len(path) > 5
        model = AUTH_TYPES[path[4]] if is_auth else _UNIONS[path[0]][path[2]]
    else:
        model = (_TABLES | _LISTS)[path[0]] if len(path) > 1 else Settings
    name = str(path[-1])
    if (present := _RENAMED.get(name)) in model.model_fields:
        return f"was renamed: write {present!r}"
    near = difflib.get_close_matches(name, model.model_fields, n=1)
    return f"unknown setting; did you mean {near[0]!r}?" if near else "unknown setting"


def _written(path: KeyPath) -> str:
    """A path as people write it: `carriers[0].port`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
