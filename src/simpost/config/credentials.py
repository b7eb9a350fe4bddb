"""Secrets in files of their own: a setting of `credential:NAME` is the content of a file.

systemd (`LoadCredential`), Kubernetes and Compose hand secrets to a service as files in one folder.
`CREDENTIALS_DIRECTORY` names it, systemd.exec(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from simpost.config.lines import KeyPath

FOLDER = "CREDENTIALS_DIRECTORY"
_REFERENCE = re.compile(r"credential:([A-Za-z0-9_][A-Za-z0-9_.-]{0,254})")
_MOST_OCTETS = 65_536


def read_credentials(
    document: dict[str, Any], environment: Mapping[str, str]
) -> list[tuple[KeyPath, str]]:
    """Replace each `credential:NAME` in the document by the content of the file of that name.

    A line end after the secret is not part of it. Returns where a credential cannot be read, and
    why; never its content.
    """
    problems = []
    for at, holder, key in list(_texts(document, ())):
        if found := _REFERENCE.fullmatch(holder[key]):
            try:
                holder[key] = _read(found[1], environment.get(FOLDER, ""))
            except ValueError as error:
                problems.append((at, str(error)))
    return problems


def has_secrets(settings: BaseModel, text: str) -> bool:
    """Whether the text of a configuration file has one of the secrets in the settings."""
    return any(secret in text for secret in _secrets(settings) if secret)


def _secrets(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name, inner in value:
            is_shown = type(value).model_fields[name].repr
            if isinstance(inner, str) and not is_shown and "@" in inner:
                yield inner  # a URL with a password
            yield from _secrets(inner)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _secrets(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from _secrets(inner)


def _texts(holder: Any, at: KeyPath) -> Iterator[tuple[KeyPath, Any, Any]]:
    """Each text of a document: its path, and its place in a table or list."""
    items = holder.items() if isinstance(holder, dict) else enumerate(holder)
    for key, value in items:
        if isinstance(value, str):
            yield (*at, key), holder, key
        elif isinstance(value, dict | list):
            yield from _texts(value, (*at, key))


def _read(name: str, folder: str) -> str:
    """Raises ValueError with the reason if there is no such secret."""
    if not folder:
        raise ValueError(
            f"the credential {name!r} is in a file, and {FOLDER} does not say in which folder: "
            "set it as the service has it"
        )
    path = Path(folder, name)
    try:
        with path.open("rb") as file:
            octets = file.read(_MOST_OCTETS + 1)
        text = octets.decode()
    except UnicodeDecodeError:
        raise ValueError(f"the credential {path} is not UTF-8") from None
    except OSError as error:
        raise ValueError(f"the credential {path} cannot be read: {error.strerror}") from None
    if len(octets) > _MOST_OCTETS:
        raise ValueError(f"the credential {path} has more than {_MOST_OCTETS} octets")
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise ValueError(f"the credential {path} is empty")
    return text
