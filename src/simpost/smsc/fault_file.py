"""Reads fault rules from TOML or JSON and validates them."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from simpost.errors import ConfigError
from simpost.smsc.faults import AnyFault, Faults

MAX_OCTETS: Final = 1024 * 1024
FAULT_NAMES: Final = tuple(sorted(str(fault.__struct_config__.tag) for fault in get_args(AnyFault)))

_WHERE: Final = re.compile(r"(.*) - at `\$(.*)`", re.DOTALL)
_RULE: Final = re.compile(r"\.rules\[(\d+)\]\.?")
_RULE_HEAD: Final = re.compile(r"^[ \t]*\[\[[ \t]*rules[ \t]*\]\]", re.MULTILINE)
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_QUOTED: Final = re.compile(r"`([^`]*)`")


def read_faults(path: Path) -> Faults:
    """The rules of a TOML file. Raises ConfigError with the line and the reason."""
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    return parse_faults(octets, str(path))


def parse_faults(octets: bytes, name: str = "faults") -> Faults:
    """The rules of a TOML document. Raises ConfigError that starts with `name`."""
    if len(octets) > MAX_OCTETS:
        raise ConfigError(f"{name}: larger than {MAX_OCTETS} octets")
    try:
        text = octets.decode("utf-8")
        document = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{name}: {error}") from None
    try:
        return msgspec.convert(document, Faults)
    except msgspec.ValidationError as error:
        what, where = _describe(str(error))
        line = _line_of(text, str(error))
        raise ConfigError(": ".join(filter(None, (f"{name}{line}", where, what)))) from None


def parse_faults_json(octets: bytes) -> Faults:
    """The rules of a JSON document of the same structure. Raises ConfigError."""
    try:
        return msgspec.json.decode(octets, type=Faults)
    except msgspec.ValidationError as error:
        what, where = _describe(str(error))
        raise ConfigError(": ".join(filter(None, (where, what)))) from None
    except ValueError as error:
        raise ConfigError(f"not JSON: {error}") from None


def faults_view(faults: Faults) -> Any:
    """The rules in the structure of a file, without defaults."""
    return msgspec.to_builtins(faults)


def write_faults(path: Path, faults: Faults) -> None:
    """Replace a file of rules. Raises ConfigError with the reason."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(faults_toml(faults), "utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ConfigError(f"{path}: {error.strerror}") from None


def faults_toml(faults: Faults) -> str:
    """The rules as a TOML document that `parse_faults` reads."""
    rules = faults_view(faults).get("rules", ())
    return "\n".join(f"[[rules]]\n{_lines(rule)}" for rule in rules)


def _lines(rule: dict[str, Any]) -> str:
    return "".join(f"{_key(name)} = {_value(value)}\n" for name, value in rule.items())


def _value(value: Any) -> str:
    """A value in one line. JSON writes texts, numbers and booleans as TOML does."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_key(name)} = {_value(each)}' for name, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(each) for each in value)}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _value(name)


def _describe(error: str) -> tuple[str, str]:
    """The reason and the place of an error, such as `rule 2, do.seconds`."""
    found = _WHERE.fullmatch(error)
    what, path = found.groups() if found else (error, "")
    if path.endswith(".do.fault"):
        what = f"{what.replace('Invalid value', 'unknown fault')}; known faults: " + ", ".join(
            FAULT_NAMES
        )
    rule = _RULE.match(path)
    if rule is None:
        return what, path.removeprefix(".")
    rest = path[rule.end() :]
    return what, f"rule {int(rule[1]) + 1}" + (f", {rest}" if rest else "")


def _line_of(text: str, error: str) -> str:
    """The line of the wrong key, or of its rule if the key is not found."""
    found = _WHERE.fullmatch(error)
    rule = _RULE.match(found[2]) if found else None
    if found is None or rule is None:
        return ""
    heads = [head.start() for head in _RULE_HEAD.finditer(text)]
    index = int(rule[1])
    if index >= len(heads):
        return ""
    end = heads[index + 1] if index + 1 < len(heads) else len(text)
    unknown = _QUOTED.search(found[1]) if "unknown field" in found[1] else None
    key = unknown[1] if unknown else re.sub(r"\[.*", "", found[2].rpartition(".")[2])
    mention = re.compile(rf"(?<![\w-])[\"']?{re.escape(key)}[\"']?[ \t]*=")
    at = mention.search(text, heads[index], end) if key else None
    return f" line {text.count(chr(10), 0, at.start() if at else heads[index]) + 1}"
