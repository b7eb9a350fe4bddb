"""TOML of the documentation as a whole configuration, so that the real loader reads it.

A block that has sections gets those that are missing; one that has keys of a carrier, or of the
store, is put where they belong.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

import tomli_w
from cryptography.fernet import Fernet

from simpost.config import HttpCarrierSettings, Settings, SmppCarrierSettings, StoreSettings, load
from simpost.smsc import parse_faults
from tests.integration.smpp.certificates import tls_contexts

_KEY: Final = Fernet.generate_key().decode()
_SECRETS: Final = {
    "admin_token": "an-admin-token-of-24-letters",
    "secrets_key": _KEY,
    "text_key": f"2026-11:{_KEY}",
}
"""What stands for `...` or for a value that the reader has."""
_CREDENTIALS: Final = {"database_url": "postgresql://simpost:PASSWORD@db.example.com/simpost"}
_CALLBACK: Final = {
    "callback_token": "a-secret-of-24-characters-or-more",
    "callback": {"id_path": "id", "state_path": "state", "states": {"DELIVERED": "delivered"}},
}
"""What `[carriers.reply]` needs beside it."""
_SMPP: Final = {
    "type": "smpp",
    "host": "smsc.example.com",
    "system_id": "reseller",
    "password": "hush",
}
_HTTP: Final = {
    "type": "http",
    "url": "https://sms.example.com/v1/messages",
    "body": {"to": "+{destination}", "text": "{text}"},
}


def load_snippet(text: str, path: Path) -> None:
    """Read a block; raises what the loader raises."""
    found = tomllib.loads(text)
    if "rules" in found:
        parse_faults(text.encode())
        return
    path.write_text(tomli_w.dumps(_whole(found, path.parent)), "utf-8")
    path.chmod(0o600)
    load(path, {"CREDENTIALS_DIRECTORY": str(path.parent)})


def _whole(found: dict[str, Any], folder: Path) -> dict[str, Any]:
    callbacks = found.pop("carriers", None) if isinstance(found.get("carriers"), dict) else None
    keys = {key: found.pop(key) for key in list(found) if key not in Settings.model_fields}
    if keys and set(keys) <= set(StoreSettings.model_fields):
        found["store"] = keys
    elif keys or callbacks:
        found["carriers"] = [_carrier({**keys, **(callbacks or {})})]
    for section, secrets in (("server", ["admin_token"]), ("store", ["secrets_key"])):
        found.setdefault(section, {})
        for name in secrets:
            found[section].setdefault(name, "...")
    routes = found.get("routes", [])
    named = {name for each in routes for name in each.get("carriers", [each.get("carrier")])}
    carriers = found.setdefault("carriers", [{"name": name} for name in sorted(named) or ["one"]])
    for each in carriers:
        if "type" not in each:
            each.update({**_SMPP, **each})
    found.setdefault("routes", [{"carrier": carriers[0]["name"]}])
    return _filled(found, folder)


def _carrier(keys: dict[str, Any]) -> dict[str, Any]:
    """A carrier with these keys, of the type that has them."""
    for base, model in ((_SMPP, SmppCarrierSettings), (_HTTP, HttpCarrierSettings)):
        if set(keys) <= set(model.model_fields):
            needed = _CALLBACK if "reply" in keys and "callback" not in keys else {}
            return {"name": "one", **base, **needed, **keys}
    raise KeyError(f"no carrier has all of {', '.join(keys)}")


def _filled(value: Any, folder: Path, key: str = "") -> Any:
    """The value with secrets for `...`, and with files that exist."""
    if isinstance(value, dict):
        return {name: _filled(each, folder, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, folder) for each in value]
    if isinstance(value, str) and "..." in value:
        return _SECRETS.get(key, "a-secret-of-24-letters-at-least")
    if isinstance(value, str) and value.startswith("credential:"):
        (folder / value.partition(":")[2]).write_text(_CREDENTIALS.get(key, _SECRETS.get(key, "")))
    if isinstance(value, str) and key.startswith("tls_") and key.endswith("_file"):
        if not (folder / "mc.pem").exists():  # one file has the key and its certificate
            tls_contexts(folder)
        (folder / value).write_bytes((folder / "mc.pem").read_bytes())
    return value
